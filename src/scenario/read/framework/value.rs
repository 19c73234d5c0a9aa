//! Values of settings: what several frameworks spell alike.

use toml::de::DeValue;

use super::super::super::checks::check_value;
use super::super::super::mistakes::Mistakes;
use super::super::super::written::At;
use super::super::fields::Fields;
use crate::diagnostic::Diagnostic;

/// A text that can stand in a header.
pub(super) fn text(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<String> {
    let at = fields.string(key)?;
    check_value(&at, &format!("`{key}`"), fields.mistakes()).then_some(at.value)
}

/// A text, or `false` for none at all. `None` where nothing is written.
pub(super) fn text_or_none(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<Option<String>> {
    let entry = fields.entry(key)?;
    if let DeValue::Boolean(false) = entry.value.get_ref() {
        return Some(None);
    }
    let at = entry.value.string(&format!("`{key}`"))?;
    check_value(&at, &format!("`{key}`"), fields.mistakes()).then_some(Some(at.value))
}

/// Texts that can stand in a header.
pub(in super::super) fn texts(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<Vec<String>> {
    let list = fields.strings(key)?;
    Some(sendable(list, key, fields.mistakes()))
}

pub(super) fn sendable(list: Vec<At<String>>, key: &str, mistakes: &Mistakes) -> Vec<String> {
    let what = format!("`{key}`");
    list.into_iter().filter(|at| check_value(at, &what, mistakes)).map(|at| at.value).collect()
}

pub(in super::super) fn flag(fields: &mut Fields<'_, '_>, key: &'static str, default: bool) -> bool {
    fields.boolean(key).map_or(default, |at| at.value)
}

/// `SameSite` as Python's frameworks take it: spelt as it is sent, or `false` for none. `None` where
/// nothing is written.
pub(super) fn same_site(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<Option<String>> {
    let entry = fields.entry(key)?;
    let words = ["Lax", "Strict", "None"];
    match entry.value.get_ref() {
        DeValue::Boolean(false) => Some(None),
        DeValue::String(word) if words.iter().any(|known| known.eq_ignore_ascii_case(word)) => {
            Some(Some(word.clone().into_owned()))
        }
        DeValue::String(word) => {
            fields.report(
                Diagnostic::error(format!("`{key}` cannot be `{word}`"))
                    .label(entry.value.span(), "")
                    .suggest_or_list(word, words),
            );
            None
        }
        _ => {
            let wanted = "\"Lax\", \"Strict\", \"None\", or false for no SameSite";
            fields.report(entry.value.wrong_type(&format!("`{key}`"), wanted));
            None
        }
    }
}

/// A number of seconds: a whole number, or a `timedelta` as Python writes it.
pub(super) fn seconds(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<i64> {
    let entry = fields.entry(key)?;
    let DeValue::String(text) = entry.value.get_ref() else {
        return entry.value.integer(&format!("`{key}`")).map(|at| at.value);
    };
    let seconds = timedelta(text);
    if seconds.is_none() {
        fields.report(
            Diagnostic::error(format!("`{text}` is no length of time"))
                .label(entry.value.span(), "")
                .help("write a number of seconds, or as Python does: `\"timedelta(minutes=15)\"`"),
        );
    }
    seconds
}

/// The same, or `false` for no end.
pub(super) fn seconds_or_none(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<Option<i64>> {
    let entry = fields.entry(key)?;
    if let DeValue::Boolean(false) = entry.value.get_ref() {
        return Some(None);
    }
    seconds(fields, key).map(Some)
}

fn timedelta(text: &str) -> Option<i64> {
    let text = text.trim();
    let inner = text.strip_prefix("datetime.").unwrap_or(text);
    let inner = inner.strip_prefix("timedelta(")?.strip_suffix(')')?;
    inner.split(',').map(str::trim).filter(|part| !part.is_empty()).try_fold(0_i64, |sum, part| {
        let (unit, number) = part.split_once('=')?;
        let unit = match unit.trim() {
            "seconds" => 1,
            "minutes" => 60,
            "hours" => 3600,
            "days" => 86400,
            "weeks" => 7 * 86400,
            _ => return None,
        };
        sum.checked_add(number.trim().parse::<i64>().ok()?.checked_mul(unit)?)
    })
}

/// Regular expressions: checked here, and compiled by the world.
pub(super) fn regexes(list: &[At<String>], mistakes: &Mistakes) -> Vec<String> {
    for at in list {
        if let Err(error) = regex::Regex::new(&at.value) {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            mistakes.add(
                Diagnostic::error(format!("`{}` is no regular expression here", shown(&at.value)))
                    .label(at.span.clone(), why)
                    .note("look-around and back-references are not rehearsed"),
            );
        }
    }
    list.iter().map(|at| at.value.clone()).collect()
}

/// A pattern as it is written: its backslashes are its own.
fn shown(pattern: &str) -> String {
    pattern
        .chars()
        .map(|c| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() })
        .collect()
}

/// A list of strings, or one text of them joined by commas: how JavaScript's packages take lists.
pub(super) fn joined(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<String> {
    let entry = fields.entry(key)?;
    let what = format!("`{key}`");
    let list = match entry.value.get_ref() {
        DeValue::String(_) => entry.value.one_or_more(&what),
        _ => entry.value.strings(&what)?,
    };
    Some(sendable(list, key, fields.mistakes()).join(","))
}

#[cfg(test)]
mod tests {
    use super::timedelta;

    #[test]
    fn a_timedelta_is_a_sum() {
        assert_eq!(timedelta("timedelta(days=1, hours=2)"), Some(93_600));
        assert_eq!(timedelta("datetime.timedelta(minutes=15)"), Some(900));
        assert_eq!(timedelta("timedelta(months=1)"), None);
        assert_eq!(timedelta("15m"), None);
    }
}

//! A typed reader over TOML tables.
//!
//! Each table is wrapped in [`Fields`], which hands out its values by key and type and, when all
//! known keys were asked for, reports the rest as unknown. Nothing here stops at a mistake: a value
//! of the wrong type is reported and then treated as absent.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::super::mistakes::Mistakes;
use super::super::written::At;
use crate::diagnostic::{Diagnostic, Span, did_you_mean, listed};

pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// One key of a table and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry<'t, 'i> {
    pub(super) key: &'t str,
    pub(super) key_span: Span,
    pub(super) value: &'t Value<'i>,
}

impl Entry<'_, '_> {
    /// The key with its place.
    pub(super) fn name(&self) -> At<String> {
        At { value: self.key.to_owned(), span: self.key_span.clone() }
    }

    /// Key and value together where they share a line, else the key alone: what a caret should be
    /// under when the whole statement is meant.
    pub(super) fn span(&self, text: &str) -> Span {
        let value = self.value.span();
        let between = text.get(self.key_span.start..value.end);
        match between {
            Some(between) if !between.contains('\n') => self.key_span.start..value.end,
            _ => self.key_span.clone(),
        }
    }
}

/// Keys that exist elsewhere or under a name too different to be taken for a misspelling.
const HINTS: [(&str, &str, &str); 26] = [
    ("a route", "body", "write `json`, `text` or `html`, which say what kind of body it is"),
    ("a route", "path", "write `at = \"GET /path\"`"),
    ("a route", "method", "write `at = \"GET /path\"`"),
    ("a route", "cookies", "write `set_cookie`"),
    ("a route", "does", FRAMEWORK),
    ("a route", "response", FRAMEWORK),
    ("a route", "res", FRAMEWORK),
    ("`fetch`", "with_credentials", "that is XMLHttpRequest's word: write `credentials = \"include\"`"),
    ("`xhr`", "credentials", "that is fetch's word: write `with_credentials = true`"),
    ("a step", "wait", "navigations and requests are waited for; `advance = \"31m\"` lets time pass"),
    ("a step", "frame", "write `inside = \"ORIGIN:/path\"`: the URL that an earlier `iframe` step loaded"),
    ("`form`", "body", "a form sends its `fields = { name = \"value\" }`"),
    ("an origin", "proxy", UPSTREAM),
    ("an origin", "real", UPSTREAM),
    ("an origin", "backend", UPSTREAM),
    ("an origin", "back_end", UPSTREAM),
    ("an origin", "proxy_pass", UPSTREAM),
    ("an origin", "port", UPSTREAM),
    ("an origin", "command", COMMAND),
    ("an origin", "target", UPSTREAM),
    ("an origin", "server", UPSTREAM),
    ("an origin", "forward", UPSTREAM),
    ("an origin", "external", EXTERNAL),
    ("an origin", "cwd", COMMAND),
    ("an origin", "env", COMMAND),
    ("an origin", "ready", COMMAND),
];

/// Said of what probably names a server that runs on this machine.
const UPSTREAM: &str = "did you mean `upstream`? To have a server of your own answer here, say where it listens: \
                        `upstream = \"http://127.0.0.1:4000\"`";

/// Said of what starts one.
const COMMAND: &str = "it stands in the table of an `upstream`: \
                       `upstream = { url = \"http://127.0.0.1:4000\", command = \"node server.js\" }`";

/// Said of what leads out of the world.
const EXTERNAL: &str = "nothing outside this machine is asked unless the command line allows that very host: write \
                        `upstream = \"https://api.staging.example.com\"`, and run it with `--allow-upstream \
                        api.staging.example.com`";

/// Said of a key that only a framework gives a meaning to.
const FRAMEWORK: &str = "that is a framework's to do: give the origin a table such as `django`, `starlette` or `express`, \
                         or declare what is sent with `set_cookie` and `json`";

/// The entries of a table in the order of the file.
pub(super) fn entries<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Entry<'t, 'i>> {
    let mut entries: Vec<_> =
        table.iter().map(|(key, value)| Entry { key: key.get_ref(), key_span: key.span(), value }).collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

/// A table whose keys are known beforehand.
#[derive(Debug)]
pub(super) struct Fields<'t, 'i> {
    table: &'t DeTable<'i>,
    /// What the table describes, with its article: "a route".
    what: &'static str,
    known: Vec<&'static str>,
}

impl<'t, 'i> Fields<'t, 'i> {
    pub(super) fn new(table: &'t DeTable<'i>, what: &'static str) -> Self {
        Self { table, what, known: Vec::new() }
    }

    /// The keys asked for so far.
    pub(super) fn known(&self) -> Vec<&'static str> {
        self.known.clone()
    }

    /// The entry with this key, which is known from now on.
    pub(super) fn entry(&mut self, key: &'static str) -> Option<Entry<'t, 'i>> {
        self.known.push(key);
        let (found, value) = self.table.get_key_value(key)?;
        Some(Entry { key: found.get_ref(), key_span: found.span(), value })
    }

    /// The same, or the entry under a key that is probably a misspelling of this one: for keys that no other key
    /// of the table resembles. The misspelling is reported all the same; what is below it is looked at now, and
    /// not when the key has been mended, and nothing is said to be missing.
    pub(super) fn entry_or_misspelt(&mut self, key: &'static str) -> Option<Entry<'t, 'i>> {
        let is_meant = |entry: &Entry<'t, 'i>| did_you_mean(entry.key, [key]).is_some();
        self.entry(key).or_else(|| self.strange().into_iter().find(is_meant))
    }

    /// The entry with a key that must be there, misspelt or not. Where there is none, what is said of that is added.
    pub(super) fn required(
        &mut self,
        key: &'static str,
        mistakes: &mut Mistakes,
        missing: impl FnOnce() -> Diagnostic,
    ) -> Option<Entry<'t, 'i>> {
        let entry = self.entry_or_misspelt(key);
        if entry.is_none() {
            mistakes.add_missing(missing());
        }
        entry
    }

    pub(super) fn string(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<At<String>> {
        let entry = self.entry(key)?;
        string(&format!("`{key}`"), entry.value, mistakes)
    }

    /// The meaning of a string of which only a few are known.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        mistakes: &mut Mistakes,
    ) -> Option<At<T>> {
        let entry = self.entry(key)?;
        let span = entry.value.span();
        let known = words.iter().map(|(known, _)| *known);
        let DeValue::String(word) = entry.value.get_ref() else {
            let wanted = format!("one of {}", listed(known));
            mistakes.add(wrong_type(&format!("`{key}`"), &wanted, entry.value));
            return None;
        };
        match words.iter().find(|(known, _)| known == word) {
            Some((_, meaning)) => Some(At { value: *meaning, span }),
            None => {
                mistakes.add(
                    Diagnostic::error(format!("`{key}` cannot be `{word}`"))
                        .label(span, "")
                        .suggest_or_list(word, known),
                );
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<At<bool>> {
        let entry = self.entry(key)?;
        boolean(&format!("`{key}`"), entry.value, mistakes)
    }

    pub(super) fn integer(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<At<i64>> {
        let entry = self.entry(key)?;
        integer(&format!("`{key}`"), entry.value, mistakes)
    }

    pub(super) fn strings(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Vec<At<String>>> {
        let entry = self.entry(key)?;
        strings(&format!("`{key}`"), entry.value, mistakes)
    }

    pub(super) fn table(
        &mut self,
        key: &'static str,
        mistakes: &mut Mistakes,
    ) -> Option<(&'t DeTable<'i>, Span)> {
        let entry = self.entry_or_misspelt(key)?;
        let table = table(&format!("`{key}`"), entry.value, mistakes)?;
        Some((table, entry.value.span()))
    }

    /// The tables of an array of tables, each with the place of its header.
    pub(super) fn tables(
        &mut self,
        key: &'static str,
        header: &str,
        mistakes: &mut Mistakes,
    ) -> Vec<(&'t DeTable<'i>, Span)> {
        let Some(entry) = self.entry_or_misspelt(key) else {
            return Vec::new();
        };
        let DeValue::Array(array) = entry.value.get_ref() else {
            let found = with_article(entry.value.get_ref());
            mistakes.add(
                Diagnostic::error(format!("`{key}` is a list of tables, and this is {found}"))
                    .label(entry.value.span(), "")
                    .help(format!("begin each one with a line `[[{header}]]`")),
            );
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|value| {
                let table = table(&format!("each of `{key}`"), value, mistakes)?;
                Some((table, value.span()))
            })
            .collect()
    }

    /// The entries whose keys were not asked for.
    pub(super) fn strange(&self) -> Vec<Entry<'t, 'i>> {
        entries(self.table).into_iter().filter(|entry| !self.known.contains(&entry.key)).collect()
    }

    /// Reports every key that was not asked for. Returns whether there was one.
    pub(super) fn finish(self, mistakes: &mut Mistakes) -> bool {
        let strange = self.strange();
        for entry in &strange {
            mistakes.add(self.unknown(entry));
        }
        !strange.is_empty()
    }

    fn unknown(&self, entry: &Entry<'_, '_>) -> Diagnostic {
        let unknown = Diagnostic::error(format!("{} has no key `{}`", self.what, entry.key))
            .label(entry.key_span.clone(), "");
        if let Some((_, _, hint)) =
            HINTS.iter().find(|(what, key, _)| *what == self.what && *key == entry.key)
        {
            return unknown.help(*hint);
        }
        let known = self.known.iter().copied();
        match did_you_mean(entry.key, known.clone()) {
            Some(meant) => unknown.help(format!("did you mean `{meant}`?")),
            None => unknown.help(format!("its keys are {}", listed(known))),
        }
    }
}

pub(super) fn string(what: &str, value: &Value<'_>, mistakes: &mut Mistakes) -> Option<At<String>> {
    match value.get_ref() {
        DeValue::String(text) => Some(At { value: text.clone().into_owned(), span: value.span() }),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => {
            let raw = mistakes.text().get(value.span()).unwrap_or_default();
            let help = format!("put it in quotes: `\"{raw}\"`");
            mistakes.add(wrong_type(what, "a string", value).help(help));
            None
        }
        _ => {
            mistakes.add(wrong_type(what, "a string", value));
            None
        }
    }
}

pub(super) fn boolean(what: &str, value: &Value<'_>, mistakes: &mut Mistakes) -> Option<At<bool>> {
    match value.get_ref() {
        DeValue::Boolean(word) => Some(At { value: *word, span: value.span() }),
        DeValue::String(text) if matches!(&**text, "true" | "false") => {
            let help = format!("write `{text}` without quotes");
            mistakes.add(wrong_type(what, "true or false", value).help(help));
            None
        }
        _ => {
            mistakes.add(wrong_type(what, "true or false", value));
            None
        }
    }
}

/// Whether a word that can only be true is: `false` would do nothing, and `what` can be left out.
pub(super) fn only_true(key: &str, word: &At<bool>, what: &str, mistakes: &mut Mistakes) -> bool {
    if !word.value {
        mistakes.add(
            Diagnostic::error(format!("`{key} = false` does nothing"))
                .label(word.span.clone(), "")
                .help(format!("write `{key} = true`, or leave {what} out")),
        );
    }
    word.value
}

pub(super) fn integer(what: &str, value: &Value<'_>, mistakes: &mut Mistakes) -> Option<At<i64>> {
    match value.get_ref() {
        DeValue::Integer(digits) => match i64::from_str_radix(digits.as_str(), digits.radix()) {
            Ok(number) => Some(At { value: number, span: value.span() }),
            Err(_) => {
                mistakes.add(Diagnostic::error(format!("{what} is too large")).label(value.span(), ""));
                None
            }
        },
        DeValue::String(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            let help = format!("write `{text}` without quotes");
            mistakes.add(wrong_type(what, "a whole number", value).help(help));
            None
        }
        _ => {
            mistakes.add(wrong_type(what, "a whole number", value));
            None
        }
    }
}

pub(super) fn strings(what: &str, value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Vec<At<String>>> {
    match value.get_ref() {
        DeValue::Array(array) => Some(strings_of(what, array, mistakes)),
        DeValue::String(_) => {
            let raw = mistakes.text().get(value.span()).unwrap_or_default();
            let help = format!("put it in brackets: `[{}]`", raw.lines().next().unwrap_or_default());
            mistakes.add(wrong_type(what, "a list of strings", value).help(help));
            None
        }
        _ => {
            mistakes.add(wrong_type(what, "a list of strings", value));
            None
        }
    }
}

pub(super) fn strings_of(what: &str, array: &DeArray<'_>, mistakes: &mut Mistakes) -> Vec<At<String>> {
    array.iter().filter_map(|value| string(&format!("each of {what}"), value, mistakes)).collect()
}

pub(super) fn table<'t, 'i>(
    what: &str,
    value: &'t Value<'i>,
    mistakes: &mut Mistakes,
) -> Option<&'t DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => {
            mistakes.add(wrong_type(what, "a table", value));
            None
        }
    }
}

/// "`status` takes a whole number, and this is a string".
pub(super) fn wrong_type(what: &str, wanted: &str, value: &Value<'_>) -> Diagnostic {
    Diagnostic::error(format!("{what} takes {wanted}, and this is {}", with_article(value.get_ref())))
        .label(value.span(), "")
}

pub(super) fn with_article(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(true) => "true",
        DeValue::Boolean(false) => "false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

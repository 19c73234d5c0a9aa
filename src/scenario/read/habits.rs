//! Habits of other formats: what a line that is no TOML was probably meant as.
//!
//! People know YAML, JSON and JavaScript better than TOML, and paste from editors that improve their quotes. The
//! parser only knows what it expected; here a line is recognised, and rewritten where that is safe.

use crate::diagnostic::{Diagnostic, Span};

/// What a line is that is no TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// `key: value`, `- item`.
    Yaml,
    /// Anything else.
    Other,
}

/// What the line with an error was meant as, and what is wrong with it. `at` is the error's place in the line.
pub(super) fn habit(line: &str, at: usize) -> Option<(Habit, Diagnostic)> {
    let other = |diagnostic| Some((Habit::Other, diagnostic));
    let (statement, rest) = (line.trim(), line.get(at..).unwrap_or_default().trim_start());
    if let Some(comment) = comment(statement).or_else(|| comment(rest)) {
        return other(
            Diagnostic::error("a comment begins with `#` in TOML").help(format!("write `# {comment}`")),
        );
    }
    if statement.contains(TYPOGRAPHIC) {
        let help = format!("write `{}`", plain_quotes(statement));
        return other(
            Diagnostic::error("these quotes are typographic, and TOML knows `\"` and `'` alone").help(help),
        );
    }
    if let Some((key, value)) = words_as_key(statement) {
        let help = format!("write `{} = {value}`", quoted_words(&key));
        return other(Diagnostic::error(format!("a key of several words, `{key}`, needs quotes")).help(help));
    }
    if statement.contains('{') && has_colon_outside_strings(statement) {
        let help = format!("write `{}`", with_equals(statement));
        return other(Diagnostic::error("an inline table has `=` after a key, and not `:`").help(help));
    }
    yaml(statement).map(|help| {
        (Habit::Yaml, Diagnostic::error("this is how YAML writes it, and a scenario is TOML").help(help))
    })
}

/// Quotes that editors and chats put in place of `"` and `'`.
const TYPOGRAPHIC: [char; 8] = ['“', '”', '„', '‟', '‘', '’', '‚', '‛'];

fn plain_quotes(line: &str) -> String {
    let plain = |c| match c {
        '“' | '”' | '„' | '‟' => '"',
        '‘' | '’' | '‚' | '‛' => '\'',
        other => other,
    };
    line.chars().map(plain).collect()
}

/// The text of a comment as other languages write it.
fn comment(text: &str) -> Option<&str> {
    let begun = ["//", "/*", "<!--", "-- "].into_iter().find_map(|mark| text.strip_prefix(mark))?;
    Some(begun.trim_end_matches("*/").trim_end_matches("-->").trim())
}

/// `trust proxy = 1`: the words before the `=`, and the value.
fn words_as_key(line: &str) -> Option<(String, &str)> {
    let (key, value) = line.split_once('=')?;
    let words: Vec<&str> = key.split_whitespace().collect();
    let is_word =
        |word: &&str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (words.len() > 1 && words.iter().all(is_word)).then(|| (words.join(" "), value.trim()))
}

/// The key with quotes around those of its parts that have several words: `express."trust proxy"`.
fn quoted_words(key: &str) -> String {
    let part = |part: &str| if part.contains(' ') { format!("\"{part}\"") } else { part.to_owned() };
    key.split('.').map(|text| part(text.trim())).collect::<Vec<_>>().join(".")
}

/// What to write in place of a line of YAML.
fn yaml(line: &str) -> Option<String> {
    let (item, line) = match line.strip_prefix("- ") {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    let (key, value) = line.split_once(':')?;
    let is_key = !key.is_empty()
        && key.trim_matches('"').bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    // `web:/` is an address, and `https://…` a URL.
    if !is_key || !(value.is_empty() || value.starts_with(char::is_whitespace)) {
        return None;
    }
    let value = value.trim();
    Some(match (item, value) {
        (false, "") => {
            format!("begin a table with a line `[{key}]`, and a list of tables with `[[{key}]]` for each")
        }
        (true, "") => format!(
            "begin each item of a list with a line such as `[[step]]`, and write `{key} = …` below it"
        ),
        (_, value) => {
            let is_bare = value.starts_with(['"', '\'', '[', '{'])
                || matches!(value, "true" | "false")
                || value.parse::<f64>().is_ok();
            let value = if is_bare { value.to_owned() } else { format!("\"{value}\"") };
            let before =
                if item { "begin each item with a line such as `[[step]]`, and below it " } else { "" };
            format!("{before}write `{key} = {value}`")
        }
    })
}

/// The parts of a line, each with whether it stands in a string.
fn parts(line: &str) -> Vec<(bool, String)> {
    let mut parts = vec![(false, String::new())];
    let (mut quote, mut escaped) = (None, false);
    for c in line.chars() {
        let (is_string, part) = parts.last_mut().expect("there is a first part");
        match quote {
            Some(open) => {
                part.push(c);
                if c == open && !escaped {
                    quote = None;
                    parts.push((false, String::new()));
                }
                escaped = c == '\\' && open == '"' && !escaped;
            }
            None if matches!(c, '"' | '\'') => {
                quote = Some(c);
                if part.is_empty() {
                    *is_string = true;
                    part.push(c);
                } else {
                    parts.push((true, c.to_string()));
                }
            }
            None => part.push(c),
        }
    }
    parts
}

fn has_colon_outside_strings(line: &str) -> bool {
    parts(line).iter().any(|(is_string, part)| !is_string && part.contains(':'))
}

/// The line with `=` where it has `:` after a key.
fn with_equals(line: &str) -> String {
    let parts = parts(line);
    let written = parts.iter().map(|(is_string, part)| match is_string {
        true => part.clone(),
        false => part.replace(" :", ":").replace(": ", " = ").replace(':', " = "),
    });
    written.collect()
}

/// A backslash that begins no escape, in a string of double quotes: what to write. `at` is a place in the string.
pub(super) fn bad_escape(line: &str, at: usize) -> Diagnostic {
    let mut start = 0;
    let string = parts(line).into_iter().find_map(|(is_string, part)| {
        let begin = start;
        start += part.len();
        (is_string && begin <= at && at <= start).then_some(part)
    });
    let escape: String = line.get(..at).unwrap_or_default().chars().rev().take(1).collect();
    let next = line.get(at..).and_then(|rest| rest.chars().next());
    let shown = match (escape.as_str(), next) {
        ("\\", Some(next)) => format!("`\\{next}`"),
        (_, Some('\\')) => {
            let after = line.get(at + 1..).and_then(|rest| rest.chars().next());
            format!("`\\{}`", after.map(String::from).unwrap_or_default())
        }
        _ => "this".to_owned(),
    };
    let diagnostic =
        Diagnostic::error(format!("{shown} is no escape, and in double quotes a backslash begins one"));
    let inner = string.as_deref().and_then(|string| string.strip_prefix('"')?.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains('\'') => diagnostic
            .help(format!("write it in single quotes, where a backslash is a backslash: `'{inner}'`")),
        _ => diagnostic
            .help("write the string in single quotes, where a backslash is a backslash, or write `\\\\`"),
    }
}

/// The place of a line, without the white space around it.
pub(super) fn trimmed(line: &str, start: usize) -> Span {
    let begin = start + (line.len() - line.trim_start().len());
    begin..begin + line.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_was_meant_as_is_written_out() {
        for (line, at, help) in [
            ("// a comment", 0, "write `# a comment`"),
            ("visit = \"web:/\" // go", 16, "write `# go`"),
            ("visit = “web:/”", 8, "write `visit = \"web:/\"`"),
            ("trust proxy = 1", 6, "write `\"trust proxy\" = 1`"),
            ("express.trust proxy = 1", 14, "write `express.\"trust proxy\" = 1`"),
            (
                "fetch = { url: \"web:/\", json: { a: 1 } }",
                13,
                "write `fetch = { url = \"web:/\", json = { a = 1 } }`",
            ),
            ("json = { \"detail\": \"a: b\" }", 17, "write `json = { \"detail\" = \"a: b\" }`"),
            ("title: The login", 5, "write `title = \"The login\"`"),
            ("status: 200", 6, "write `status = 200`"),
        ] {
            let (_, diagnostic) = habit(line, at).expect(line);
            assert_eq!(diagnostic.helps, [help], "{line}");
        }
        for line in ["visit == \"web:/\"", "visit = web:/", "[[step]", "url = \"https://a.example"] {
            assert!(habit(line, 7).is_none(), "{line}");
        }
    }

    #[test]
    fn a_backslash_asks_for_single_quotes() {
        let line = r#"cors = { origin = "/\.acme\.io$/" }"#;
        let diagnostic = bad_escape(line, line.find('\\').expect("there is one") + 1);
        assert!(diagnostic.message.starts_with("`\\.`"), "{}", diagnostic.message);
        assert!(diagnostic.helps[0].ends_with(r"`'/\.acme\.io$/'`"), "{:?}", diagnostic.helps);
    }
}

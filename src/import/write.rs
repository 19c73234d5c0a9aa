//! Words of TOML: strings, keys and inline values, as a person would write them.

use serde_json::Value;

use crate::text::{is_unsafe, safe};

/// A string: in single quotes where it has double quotes or backslashes, and nothing else forbids that. What moves a
/// cursor or turns a line around is written by its number: a recording may come from a stranger.
pub(super) fn string(text: &str) -> String {
    let is_literal = text.contains(['"', '\\']) && !text.contains('\'') && !text.chars().any(is_unsafe);
    if is_literal {
        return format!("'{text}'");
    }
    let mut written = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            c if is_unsafe(c) => written.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => written.push(c),
        }
    }
    written + "\""
}

/// A comment: one line, whatever is in it.
pub(super) fn comment(text: &str) -> String {
    format!("# {}\n", safe(text))
}

/// A key, in quotes where it needs them.
pub(super) fn key(name: &str) -> String {
    let is_bare =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_bare { name.to_owned() } else { string(name) }
}

/// A list of strings.
pub(super) fn list<S: AsRef<str>>(items: &[S]) -> String {
    let items: Vec<String> = items.iter().map(|item| string(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

/// A table on one line.
pub(super) fn table(members: &[(String, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{} = {value}", key(name))).collect();
    if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
}

/// JSON; `null`, which TOML cannot write, is left out.
pub(super) fn json(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::String(text) => string(text),
        Value::Array(items) => format!("[{}]", items.iter().filter_map(json).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().filter_map(|(name, value)| Some((name.clone(), json(value)?)));
            table(&members.collect::<Vec<_>>())
        }
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_as_it_was() {
        for text in
            ["plain", "a \"b\"", "it's \"so\"", "back\\slash", "line\nfeed\u{1}", "", "ü”", "a\u{202e}\"b"]
        {
            let document = format!("x = {}", string(text));
            let table = toml::de::DeTable::parse(&document).expect("it is TOML");
            assert_eq!(table.get_ref()["x"].get_ref().as_str(), Some(text));
            assert!(!document.chars().any(is_unsafe), "{document:?}");
        }
        let value = serde_json::json!({"a b": [1, true, null], "c": {"d": 1.5}});
        assert_eq!(json(&value).as_deref(), Some("{ \"a b\" = [1, true], c = { d = 1.5 } }"));
    }
}

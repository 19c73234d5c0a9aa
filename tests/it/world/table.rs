//! The tables of cases and of recordings, and their settings as a scenario has them.

use std::fs;

use serde_json::Value;

/// A JSON value as an inline TOML value.
pub(crate) fn toml(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{} = {}", Value::from(key.as_str()), toml(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

pub(crate) fn read(folder: &str, framework: &str) -> Value {
    let path = format!("tests/frameworks/{folder}/{framework}.json");
    serde_json::from_str(&fs::read_to_string(path).expect("the file is part of the project")).expect("JSON")
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

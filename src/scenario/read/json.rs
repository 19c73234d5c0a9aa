//! A TOML value as JSON.

use serde_json::{Map, Number, Value as Json};
use toml::de::DeValue;

use super::node::Node;
use crate::diagnostic::Diagnostic;

/// The value as JSON, or a mistake for what JSON has no word for.
pub(super) fn json(value: Node<'_, '_>) -> Option<Json> {
    match value.get_ref() {
        DeValue::String(text) => Some(Json::String(text.clone().into_owned())),
        DeValue::Boolean(word) => Some(Json::Bool(*word)),
        DeValue::Integer(digits) => {
            let signed = i64::from_str_radix(digits.as_str(), digits.radix()).map(Json::from);
            let number =
                signed.or_else(|_| u64::from_str_radix(digits.as_str(), digits.radix()).map(Json::from)).ok();
            if number.is_none() {
                refuse(value, "this number is too large for JSON here");
            }
            number
        }
        DeValue::Float(digits) => {
            let number = digits.as_str().parse().ok().and_then(Number::from_f64);
            if number.is_none() {
                refuse(value, "JSON has no such number");
            }
            number.map(Json::Number)
        }
        DeValue::Datetime(_) => {
            refuse(value, "JSON has no dates");
            None
        }
        DeValue::Array(_) => {
            let items: Vec<_> = value.items().map(json).collect();
            items.into_iter().collect::<Option<Vec<_>>>().map(Json::Array)
        }
        DeValue::Table(_) => {
            let entries = value.as_table()?.entries();
            let members: Vec<_> =
                entries.into_iter().map(|entry| Some((entry.key.to_owned(), json(entry.value)?))).collect();
            members.into_iter().collect::<Option<Map<_, _>>>().map(Json::Object)
        }
    }
}

fn refuse(value: Node<'_, '_>, why: &str) {
    value.report(
        Diagnostic::error(why)
            .label(value.span(), "")
            .help(format!("put it in quotes to send it as a string: `\"{}\"`", value.raw())),
    );
}

//! A TOML value as JSON.

use serde_json::{Map, Number, Value as Json};
use toml::de::DeValue;

use super::super::mistakes::Mistakes;
use super::fields::Value;
use crate::diagnostic::Diagnostic;

/// The value as JSON, or a mistake for what JSON has no word for.
pub(super) fn json(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Json> {
    match value.get_ref() {
        DeValue::String(text) => Some(Json::String(text.clone().into_owned())),
        DeValue::Boolean(word) => Some(Json::Bool(*word)),
        DeValue::Integer(digits) => {
            let signed = i64::from_str_radix(digits.as_str(), digits.radix()).map(Json::from);
            let number =
                signed.or_else(|_| u64::from_str_radix(digits.as_str(), digits.radix()).map(Json::from)).ok();
            if number.is_none() {
                refuse(value, "this number is too large for JSON here", mistakes);
            }
            number
        }
        DeValue::Float(digits) => {
            let number = digits.as_str().parse().ok().and_then(Number::from_f64);
            if number.is_none() {
                refuse(value, "JSON has no such number", mistakes);
            }
            number.map(Json::Number)
        }
        DeValue::Datetime(_) => {
            refuse(value, "JSON has no dates", mistakes);
            None
        }
        DeValue::Array(array) => {
            let items: Vec<_> = array.iter().map(|item| json(item, mistakes)).collect();
            items.into_iter().collect::<Option<Vec<_>>>().map(Json::Array)
        }
        DeValue::Table(table) => {
            let members: Vec<_> = super::fields::entries(table)
                .into_iter()
                .map(|entry| Some((entry.key.to_owned(), json(entry.value, mistakes)?)))
                .collect();
            members.into_iter().collect::<Option<Map<_, _>>>().map(Json::Object)
        }
    }
}

fn refuse(value: &Value<'_>, why: &str, mistakes: &mut Mistakes) {
    let raw = mistakes.text().get(value.span()).unwrap_or_default().to_owned();
    mistakes.add(
        Diagnostic::error(why)
            .label(value.span(), "")
            .help(format!("put it in quotes to send it as a string: `\"{raw}\"`")),
    );
}

//! From TOML to the scenario as written.
//!
//! The parser recovers from syntax errors, and the walk over what it returns goes on after every
//! mistake, so that one look at the messages is enough. Types, keys and words are checked here;
//! whatever needs two places of the file at once is not.

use toml::de::{DeTable, DeValue};

mod expect;
mod fields;
mod json;
mod origin;
mod step;
mod syntax;

pub(super) use expect::final_status;
pub(super) use step::actions;

use super::files::SMALLEST;
use super::mistakes::Mistakes;
use super::written::{Record, Relation, Scenario};
use crate::diagnostic::{Diagnostic, did_you_mean};
use fields::{Fields, entries, string, wrong_type};

/// The keys of a scenario.
const KEYS: [&str; 6] = ["title", "covers", "relation", "dns", "origins", "step"];

/// Reads a scenario. Where the file is not TOML, what stands before the first syntax error is
/// checked too, and `None` is returned: the rest cannot be trusted.
pub(super) fn read(mistakes: &mut Mistakes) -> Option<Scenario> {
    let source = std::sync::Arc::clone(mistakes.source());
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    let scenario = scenario(document.get_ref(), mistakes);
    let first = errors.iter().map(|error| syntax::place(error, &source.text).start).min();
    let Some(first) = first else {
        return Some(scenario);
    };
    let line = source.text[..first].rfind('\n').map_or(0, |newline| newline + 1);
    mistakes.keep_before(line);
    for error in syntax::sorted(errors, &source.text) {
        mistakes.add(error);
    }
    None
}

fn scenario(document: &DeTable<'_>, mistakes: &mut Mistakes) -> Scenario {
    let mut fields = Fields::new(document, "a scenario");
    let title = fields.string("title", mistakes);
    let covers = fields.strings("covers", mistakes).unwrap_or_default();
    let relations = fields.table("relation", mistakes).map(|(table, _)| relations(table, mistakes));
    let records = fields.table("dns", mistakes).map(|(table, _)| records(table, mistakes));
    let origins = fields.table("origins", mistakes).map(|(table, _)| origin::origins(table, mistakes));
    let steps = fields
        .tables("step", "step", mistakes)
        .into_iter()
        .map(|(table, span)| step::step(table, span, mistakes))
        .collect();
    fields.finish(mistakes);
    missing(document, mistakes);
    Scenario {
        title,
        covers,
        relations: relations.unwrap_or_default(),
        records: records.unwrap_or_default(),
        origins: origins.unwrap_or_default(),
        steps,
    }
}

/// Reports the parts without which a file is no scenario, those that a misspelt key was not meant for.
fn missing(document: &DeTable<'_>, mistakes: &mut Mistakes) {
    let parts = [("title", "title"), ("origins", "origin"), ("step", "step")];
    let missing: Vec<&str> = parts
        .into_iter()
        .filter(|(key, _)| match document.get(*key).map(|value| value.get_ref()) {
            None => {
                let strange = document.keys().filter(|key| !KEYS.contains(&key.get_ref().as_ref()));
                !strange.into_iter().any(|strange| did_you_mean(strange.get_ref(), KEYS) == Some(key))
            }
            Some(DeValue::Table(table)) => table.is_empty(),
            Some(DeValue::Array(array)) => array.is_empty(),
            Some(_) => false,
        })
        .map(|(_, part)| part)
        .collect();
    let listed = match missing.as_slice() {
        [] => return,
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and no {last}", first.join(", no ")),
    };
    mistakes.add_missing(Diagnostic::error(format!("the scenario has no {listed}")).help(SMALLEST));
}

fn relations(table: &DeTable<'_>, mistakes: &mut Mistakes) -> Vec<Relation> {
    entries(table)
        .into_iter()
        .filter_map(|entry| {
            let word = string(&format!("`relation.\"{}\"`", entry.key), entry.value, mistakes)?;
            Some(Relation { arrow: entry.name(), word })
        })
        .collect()
}

fn records(dns: &DeTable<'_>, mistakes: &mut Mistakes) -> Vec<Record> {
    let mut records = Vec::new();
    for entry in entries(dns) {
        // An unquoted name is a path of tables in TOML: `dns.a.example.com` is four of them.
        if let DeValue::Table(inner) = entry.value.get_ref()
            && !inner.is_empty()
            && inner.values().all(|value| matches!(value.get_ref(), DeValue::Table(_)))
        {
            mistakes.add(
                Diagnostic::error(format!("`dns.{}` holds tables, not a record", entry.key))
                    .label(entry.key_span.clone(), "")
                    .help("put the whole name in quotes: `dns.\"alias.example.com\" = { cname = \"…\" }`"),
            );
            continue;
        }
        let DeValue::Table(inner) = entry.value.get_ref() else {
            let help = "write `{ cname = \"api.example.com\" }` or `{ address = \"127.0.0.1\" }`";
            let what = format!("`dns.\"{}\"`", entry.key);
            mistakes.add(wrong_type(&what, "a table", entry.value).help(help));
            continue;
        };
        let mut fields = Fields::new(inner, "a DNS record");
        let cname = fields.string("cname", mistakes);
        let address = fields.string("address", mistakes);
        fields.finish(mistakes);
        records.push(Record { name: entry.name(), cname, address });
    }
    records
}

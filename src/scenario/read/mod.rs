//! From TOML to the scenario as written.
//!
//! The parser recovers from syntax errors, and the walk over what it returns goes on after every
//! mistake, so that one look at the messages is enough. Types, keys and words are checked here;
//! whatever needs two places of the file at once is not.

use toml::de::{DeTable, DeValue};

mod expect;
mod fields;
mod framework;
mod include;
mod json;
mod jwt;
mod origin;
mod proxy;
mod step;
mod syntax;
mod upstream;

pub(super) use expect::final_status;
pub(super) use include::expanded;
pub(super) use step::actions;

use super::files::SMALLEST;
use super::mistakes::Mistakes;
use super::written::{Record, Relation, Scenario};
use crate::diagnostic::{Diagnostic, did_you_mean};
use fields::{Fields, entries, string, wrong_type};

/// The keys of a scenario.
const KEYS: [&str; 9] =
    ["title", "covers", "tags", "include", "variables", "relation", "dns", "origins", "step"];

/// Reads a scenario. Where a file is not TOML, what stands before the first syntax error of the scenario is
/// checked too, and `None` is returned: the rest cannot be trusted.
pub(super) fn read(mistakes: &mut Mistakes) -> Option<Scenario> {
    let source = std::sync::Arc::clone(mistakes.source());
    let (mut documents, mut wrong) = (Vec::new(), Vec::new());
    for part in source.parts() {
        let text = &source.text[part.span.clone()];
        let (document, errors) = DeTable::parse_recoverable(text);
        documents.push(include::shifted(document.into_inner(), part.span.start));
        if !errors.is_empty() {
            wrong.push((part.span, errors));
        }
    }
    let mut documents = documents.into_iter();
    let document = documents.next().unwrap_or_default();
    // What an included file lacks for an error of its own would be missed everywhere else.
    let parts = if wrong.is_empty() { documents.collect() } else { Vec::new() };
    let scenario = scenario(&include::complete(document, parts, mistakes), mistakes);
    if wrong.is_empty() {
        return Some(scenario);
    }
    let (first, errors) = &wrong[0];
    let text = &source.text[first.clone()];
    let place = errors.iter().map(|error| syntax::place(error, text).start).min().unwrap_or_default();
    let line = if first.start == 0 { text[..place].rfind('\n').map_or(0, |newline| newline + 1) } else { 0 };
    mistakes.keep_before(line);
    for (span, errors) in wrong {
        for mut error in syntax::sorted(errors, &source.text[span.clone()]) {
            for (place, _) in &mut error.labels {
                *place = place.start + span.start..place.end + span.start;
            }
            mistakes.add(error);
        }
    }
    None
}

fn scenario(document: &DeTable<'_>, mistakes: &mut Mistakes) -> Scenario {
    let mut fields = Fields::new(document, "a scenario");
    let title = fields.string("title", mistakes);
    let covers = fields.strings("covers", mistakes).unwrap_or_default();
    let tags = fields.strings("tags", mistakes).unwrap_or_default();
    // Both are dealt with in `include`.
    fields.entry("include");
    fields.table("variables", mistakes);
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
        tags,
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

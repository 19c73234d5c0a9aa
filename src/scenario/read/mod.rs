//! From TOML to the scenario as written.
//!
//! The parser recovers from syntax errors, and the walk over what it returns goes on after every
//! mistake, so that one look at the messages is enough. Types, keys and words are checked here;
//! whatever needs two places of the file at once is not.

use toml::de::{DeTable, DeValue};

mod environment;
mod expect;
mod fields;
mod framework;
mod habits;
mod include;
mod json;
mod jwt;
mod node;
mod origin;
mod proxy;
mod step;
mod syntax;
mod upstream;

pub(super) use include::expanded;

use super::files::SMALLEST;
use super::mistakes::Mistakes;
use super::written::{Record, Relation, Scenario};
use crate::diagnostic::{Diagnostic, did_you_mean};
use fields::Fields;
use node::Table;

/// The keys of a scenario.
const KEYS: [&str; 9] =
    ["title", "covers", "tags", "include", "variables", "relation", "dns", "origins", "step"];

/// Reads a scenario. Where a file is not TOML, what stands before the first syntax error of the scenario is
/// checked too, and `None` is returned: the rest cannot be trusted.
pub(super) fn read(mistakes: &Mistakes) -> Option<Scenario> {
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
    let scenario = scenario(Table::new(&include::complete(document, parts, mistakes), mistakes));
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

fn scenario(document: Table<'_, '_>) -> Scenario {
    let mut fields = Fields::new(document, "a scenario");
    let title = fields.string("title");
    let covers = fields.strings("covers").unwrap_or_default();
    let tags = fields.strings("tags").unwrap_or_default();
    // Both are dealt with in `include`.
    fields.entry("include");
    fields.table("variables");
    let relations = fields.table("relation").map(|(table, _)| relations(table));
    let records = fields.table("dns").map(|(table, _)| records(table));
    let origins = fields.table("origins").map(|(table, _)| origin::origins(table));
    let steps =
        fields.tables("step", "step").into_iter().map(|(table, span)| step::step(table, span)).collect();
    fields.finish();
    missing(document);
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
fn missing(document: Table<'_, '_>) {
    let parts = [("title", "title"), ("origins", "origin"), ("step", "step")];
    let missing: Vec<&str> = parts
        .into_iter()
        .filter(|(key, _)| match document.entry(key).map(|entry| entry.value.get_ref()) {
            None => {
                let mut strange = document.entries().into_iter().filter(|entry| !KEYS.contains(&entry.key));
                !strange.any(|strange| did_you_mean(strange.key, KEYS) == Some(key))
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
    document.report_missing(Diagnostic::error(format!("the scenario has no {listed}")).help(SMALLEST));
}

fn relations(table: Table<'_, '_>) -> Vec<Relation> {
    table
        .entries()
        .into_iter()
        .filter_map(|entry| {
            let word = entry.value.string(&format!("`relation.\"{}\"`", entry.key))?;
            Some(Relation { arrow: entry.name(), word })
        })
        .collect()
}

fn records(dns: Table<'_, '_>) -> Vec<Record> {
    let mut records = Vec::new();
    for entry in dns.entries() {
        // An unquoted name is a path of tables in TOML: `dns.a.example.com` is four of them.
        if let DeValue::Table(inner) = entry.value.get_ref()
            && !inner.is_empty()
            && inner.values().all(|value| matches!(value.get_ref(), DeValue::Table(_)))
        {
            dns.report(
                Diagnostic::error(format!("`dns.{}` holds tables, not a record", entry.key))
                    .label(entry.key_span.clone(), "")
                    .help("put the whole name in quotes: `dns.\"alias.example.com\" = { cname = \"…\" }`"),
            );
            continue;
        }
        let Some(inner) = entry.value.as_table() else {
            let help = "write `{ cname = \"api.example.com\" }` or `{ address = \"127.0.0.1\" }`";
            let what = format!("`dns.\"{}\"`", entry.key);
            dns.report(entry.value.wrong_type(&what, "a table").help(help));
            continue;
        };
        let mut fields = Fields::new(inner, "a DNS record");
        let cname = fields.string("cname");
        let address = fields.string("address");
        fields.finish();
        records.push(Record { name: entry.name(), cname, address });
    }
    records
}

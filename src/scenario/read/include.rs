//! World parts that scenarios share: `include`, and the `variables` in which they differ.
//!
//! An included file is read into the same source, after the scenario, so that every message can still
//! point at file and line. What the scenario says itself comes first: a table is laid over the included
//! one key by key, its routes go before the included routes and take the place of those with the same
//! `at`, and any other value replaces the included one. Then `{{name}}` in every string becomes the
//! variable's text. An included file includes nothing, and holds no steps.

use std::borrow::Cow;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::super::files;
use super::super::mistakes::Mistakes;
use super::node::{Table, Value};
use crate::diagnostic::{Diagnostic, Source, Span};

/// What an included file may hold.
const KEYS: [&str; 4] = ["variables", "relation", "dns", "origins"];

/// The files a scenario includes, as it names them, each with its place.
fn named(document: Table<'_, '_>) -> Vec<(String, Span)> {
    let names = match document.entry("include") {
        None => Vec::new(),
        Some(entry) if entry.value.get_ref().is_str() => entry.value.one_or_more("`include`"),
        Some(entry) => entry.value.strings("`include`").unwrap_or_default(),
    };
    names.into_iter().map(|name| (name.value, name.span)).collect()
}

/// The source with what it includes behind it. Files that cannot be read are left out, and said to be.
pub(in super::super) fn expanded(source: Source) -> (Source, Vec<Diagnostic>) {
    if !source.text.contains("include") {
        return (source, Vec::new());
    }
    let text = source.text.clone();
    let (document, _) = DeTable::parse_recoverable(&text);
    let ignored = Mistakes::of(std::sync::Arc::new(Source::new("", "")));
    let folder = Path::new(&source.path).parent().unwrap_or(Path::new("")).to_owned();
    let (mut source, mut diagnostics) = (source, Vec::new());
    for (name, span) in named(Table::new(document.get_ref(), &ignored)) {
        let path = folder.join(&name);
        match files::read(&path) {
            Ok(part) => source.append(&part.path, &part.text),
            Err(diagnostic) => {
                let message = format!("`{name}` cannot be included: {}", diagnostic.message);
                let help = "the path counts from the folder of this file";
                diagnostics.push(Diagnostic::error(message).label(span, "").help(help));
            }
        }
    }
    (source, diagnostics)
}

/// The document with what it includes under it, and its variables filled in.
pub(super) fn complete<'i>(
    mut document: DeTable<'i>,
    parts: Vec<DeTable<'i>>,
    mistakes: &Mistakes,
) -> DeTable<'i> {
    // For its messages: what is wrong with the list of names.
    named(Table::new(&document, mistakes));
    for part in parts {
        for entry in Table::new(&part, mistakes).entries() {
            if !KEYS.contains(&entry.key) {
                let what = format!("an included file has no key `{}`", entry.key);
                entry.report(
                    Diagnostic::error(what)
                        .label(entry.key_span.clone(), "")
                        .help("it holds parts of a world: variables, relation, dns and origins"),
                );
            }
        }
        lay_over(&mut document, part, &KEYS);
    }
    let own = |span: &Span| mistakes.source().is_own(span);
    let mut variables = Variables { mistakes, declared: false, known: Vec::new(), wrong: Vec::new() };
    if let Some(value) = document.get("variables") {
        variables.declared = true;
        if let DeValue::Table(table) = value.get_ref() {
            for entry in Table::new(table, mistakes).entries() {
                match entry.value.get_ref() {
                    DeValue::String(text) => variables.known.push(Variable {
                        name: entry.key.to_owned(),
                        text: text.clone().into_owned(),
                        place: own(&entry.key_span).then(|| entry.key_span.clone()),
                        used: false,
                    }),
                    _ => variables.wrong.push((entry.key.to_owned(), entry.value.span())),
                }
            }
        }
    }
    for (name, span) in std::mem::take(&mut variables.wrong) {
        mistakes.add(
            Diagnostic::error(format!("the variable `{name}` is no string"))
                .label(span, "")
                .help("a variable is a piece of text: put it in quotes"),
        );
        variables.known.push(Variable { name, text: String::new(), place: None, used: true });
    }
    if variables.declared {
        for (key, value) in document.iter_mut() {
            if key.get_ref() != "variables" && key.get_ref() != "include" {
                variables.fill(value);
            }
        }
    }
    for variable in variables.known.iter().filter(|variable| !variable.used) {
        if let Some(place) = &variable.place {
            mistakes.add(
                Diagnostic::warning(format!("no text uses the variable `{}`", variable.name))
                    .label(place.clone(), "")
                    .help(format!("write `{{{{{}}}}}` where its text is to stand", variable.name)),
            );
        }
    }
    document
}

/// Lays a table over an included one, for the keys that are given.
fn lay_over<'i>(over: &mut DeTable<'i>, under: DeTable<'i>, keys: &[&str]) {
    for (key, mut value) in under {
        if !keys.is_empty() && !keys.contains(&key.get_ref().as_ref()) {
            continue;
        }
        let Some(own) = over.get_mut(key.get_ref().as_ref()) else {
            over.insert(key, value);
            continue;
        };
        match (own.get_mut(), value.get_mut()) {
            (DeValue::Table(own), DeValue::Table(included)) => {
                lay_over(own, std::mem::take(included), &[]);
            }
            (DeValue::Array(own), DeValue::Array(included)) if is_routes(own) && is_routes(included) => {
                let given: Vec<String> = own.iter().filter_map(at).map(str::to_owned).collect();
                for route in std::mem::replace(included, DeArray::new()) {
                    if at(&route).is_none_or(|at| !given.iter().any(|own| own == at)) {
                        own.push(route);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether an array is one of tables, as routes are.
fn is_routes(array: &DeArray<'_>) -> bool {
    !array.is_empty() && array.iter().all(|value| value.get_ref().is_table())
}

fn at<'t>(route: &'t Value<'_>) -> Option<&'t str> {
    route.get_ref().as_table()?.get("at")?.get_ref().as_str()
}

/// A document whose places count from `start`.
pub(super) fn shifted(table: DeTable<'_>, start: usize) -> DeTable<'_> {
    table
        .into_iter()
        .map(|(key, value)| {
            let place = key.span();
            let key = Spanned::new(place.start + start..place.end + start, key.into_inner());
            (key, shifted_value(value, start))
        })
        .collect()
}

fn shifted_value(value: Value<'_>, start: usize) -> Value<'_> {
    let place = value.span();
    let value = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(shifted(table, start)),
        DeValue::Array(array) => {
            DeValue::Array(array.into_iter().map(|value| shifted_value(value, start)).collect())
        }
        other => other,
    };
    Spanned::new(place.start + start..place.end + start, value)
}

/// The variables of a scenario.
struct Variables<'m> {
    mistakes: &'m Mistakes,
    /// Whether there are any: without, `{{…}}` is text like any other.
    declared: bool,
    known: Vec<Variable>,
    wrong: Vec<(String, Span)>,
}

struct Variable {
    name: String,
    text: String,
    /// Where the scenario itself declares it; `None` for an included one, which others may use.
    place: Option<Span>,
    used: bool,
}

impl Variables<'_> {
    /// Fills in every string of a value.
    fn fill(&mut self, value: &mut Value<'_>) {
        let span = value.span();
        match value.get_mut() {
            DeValue::String(text) => {
                if let Some(filled) = self.filled(text, &span) {
                    *text = Cow::Owned(filled);
                }
            }
            DeValue::Array(array) => array.iter_mut().for_each(|value| self.fill(value)),
            DeValue::Table(table) => table.iter_mut().for_each(|(_, value)| self.fill(value)),
            _ => {}
        }
    }

    /// The text with its variables filled in; `None` where it has none.
    fn filled(&mut self, text: &str, span: &Span) -> Option<String> {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, name, after)) = next(rest) {
            filled.push_str(before);
            match self.known.iter_mut().find(|variable| variable.name == name) {
                Some(variable) => {
                    variable.used = true;
                    filled.push_str(&variable.text);
                }
                None => {
                    let known = self.known.iter().map(|variable| variable.name.as_str());
                    self.mistakes.add(
                        Diagnostic::error(format!("there is no variable `{name}`"))
                            .label(span.clone(), "")
                            .suggest_or_list(name, known),
                    );
                    // It stays, so that nothing else is said of a text with a gap in it.
                    filled.push_str(&format!("{{{{{name}}}}}"));
                }
            }
            rest = after;
        }
        (rest.len() != text.len()).then(|| filled + rest)
    }
}

/// What stands before the first `{{name}}`, its name, and what stands after.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name.trim(), after))
}

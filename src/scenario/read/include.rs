//! World parts that scenarios share: `include`, and the `variables` in which they differ.
//!
//! An included file is read into the same source, after the scenario, so that every message can still
//! point at file and line. What the scenario says itself comes first: a table is laid over the included
//! one key by key, its routes go before the included routes and take the place of those with the same
//! `at`, and any other value replaces the included one. Then `{{name}}` in every string becomes the
//! variable's text. An included file includes nothing, and holds no steps.
//!
//! A scenario may be a stranger's. So only a file `_*.toml` is included, at or below the folder that the user gave or
//! in the repository around it, after links are resolved; any other is not opened, and nothing of it ends up in a
//! message. And there is a bound on what includes and variables together make of a scenario.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::super::files;
use super::super::mistakes::Mistakes;
use super::environment;
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

/// The source with what it includes behind it. Files that cannot be read or may not be included are left out, and
/// said to be.
pub(in super::super) fn expanded(source: Source, roots: &[PathBuf]) -> (Source, Vec<Diagnostic>) {
    if !source.text.contains("include") {
        return (source, Vec::new());
    }
    let text = source.text.clone();
    let (document, _) = DeTable::parse_recoverable(&text);
    let ignored = Mistakes::of(std::sync::Arc::new(Source::new("", "")));
    let folder = files::parent(Path::new(&source.path)).to_owned();
    let (mut source, mut diagnostics, mut included) = (source, Vec::new(), BTreeSet::new());
    for (name, span) in named(Table::new(document.get_ref(), &ignored)) {
        let read = part(&folder, &name, roots).and_then(|path| {
            if !included.insert(path) {
                return Err(("it is included already".to_owned(), "name each file once"));
            }
            // By the name that the scenario has for it, which is the one that messages show.
            let unread = |diagnostic: Box<Diagnostic>| (diagnostic.message, FROM_HERE);
            let part = files::read(&folder.join(&name)).map_err(unread)?;
            if source.text.len() + part.text.len() > files::LARGEST_WHOLE {
                let what =
                    format!("the scenario would be larger than {} bytes with it", files::LARGEST_WHOLE);
                return Err((what, "include less"));
            }
            Ok(part)
        });
        match read {
            Ok(part) => source.append(&part.path, &part.text),
            Err((why, help)) => {
                let message = format!("`{name}` cannot be included: {why}");
                diagnostics.push(Diagnostic::error(message).label(span, "").help(help));
            }
        }
    }
    (source, diagnostics)
}

const FROM_HERE: &str = "the path counts from the folder of this file";

/// Where a part is, links resolved, if it is one that may be included; or why not, and what to do.
fn part(folder: &Path, name: &str, roots: &[PathBuf]) -> Result<PathBuf, (String, &'static str)> {
    const NAMES: &str = "parts of a world are in files whose names begin with `_` and end in `.toml`";
    let is_part = |path: &Path| files::is_part(path) && path.extension().is_some_and(|end| end == "toml");
    if Path::new(name).is_absolute() {
        return Err(("it is named from the root of the disk".to_owned(), FROM_HERE));
    }
    if !is_part(Path::new(name)) {
        return Err(("its name is not that of a part".to_owned(), NAMES));
    }
    let path = folder.join(name);
    // What is not there is told by who reads it.
    let Ok(real) = std::fs::canonicalize(&path) else { return Ok(path) };
    if !files::is_below(&real, roots) {
        let folders: Vec<String> = roots.iter().map(|root| root.display().to_string()).collect();
        let why = format!("it is not below {}", folders.join(", nor below "));
        return Err((why, "put it there, or name a folder on the command line that both are in"));
    }
    if !is_part(&real) {
        return Err(("it is a link to a file that is no part".to_owned(), NAMES));
    }
    Ok(real)
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
    let mut variables = Variables {
        mistakes,
        declared: false,
        known: Vec::new(),
        wrong: Vec::new(),
        left: files::LARGEST_WHOLE,
        too_large: false,
    };
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
                    DeValue::Table(_) => variables.known.push(Variable {
                        name: entry.key.to_owned(),
                        text: environment::text(&entry).unwrap_or_default(),
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
    /// How many bytes of text they may still fill in.
    left: usize,
    /// Whether it was said that they may fill in no more.
    too_large: bool,
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
                    match self.left.checked_sub(variable.text.len() + before.len()) {
                        Some(left) => self.left = left,
                        None => return self.filled_up(span),
                    }
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

    /// Says once that the text with its variables would be too large.
    fn filled_up(&mut self, span: &Span) -> Option<String> {
        if !std::mem::replace(&mut self.too_large, true) {
            let what =
                format!("with its variables the scenario is larger than {} bytes", files::LARGEST_WHOLE);
            self.mistakes.add(
                Diagnostic::error(what)
                    .label(span.clone(), "the limit is reached here")
                    .help("make the variables shorter, or use them less often"),
            );
        }
        None
    }
}

/// What stands before the first `{{name}}`, its name, and what stands after.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name.trim(), after))
}

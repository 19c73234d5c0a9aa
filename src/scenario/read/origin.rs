//! Origins, their routes and their CORS settings.

use toml::de::{DeTable, DeValue};

use super::super::mistakes::Mistakes;
use super::super::written::{At, Cors, Header, Origin, Route};
use super::fields::{Entry, Fields, entries, string, strings_of, table, wrong_type};
use super::json::json;
use super::listed;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Body, Certificate};

pub(super) fn origins(origins: &DeTable<'_>, mistakes: &mut Mistakes) -> Vec<Origin> {
    entries(origins)
        .into_iter()
        .filter_map(|entry| {
            let table = table(&format!("`origins.{}`", entry.key), entry.value, mistakes)?;
            Some(origin(entry.name(), table, mistakes))
        })
        .collect()
}

fn origin(name: At<String>, table: &DeTable<'_>, mistakes: &mut Mistakes) -> Origin {
    let mut fields = Fields::new(table, "an origin");
    let url = fields.string("url", mistakes);
    let certificate = fields.string("certificate", mistakes).and_then(|word| certificate(word, mistakes));
    let routes = fields
        .tables("routes", &format!("origins.{}.routes", name.value), mistakes)
        .into_iter()
        .map(|(table, span)| route(table, span, mistakes))
        .collect();
    let cors = fields.table("cors", mistakes).map(|(table, span)| cors(table, span, mistakes));
    fields.finish(mistakes);
    Origin { name, url, certificate, routes, cors }
}

fn certificate(word: At<String>, mistakes: &mut Mistakes) -> Option<At<Certificate>> {
    let words = [
        ("good", Certificate::Good),
        ("expired", Certificate::Expired),
        ("wrong-host", Certificate::WrongHost),
        ("self-signed", Certificate::SelfSigned),
    ];
    let known = one_of("certificate", &word, &words, mistakes)?;
    Some(At { value: known, span: word.span })
}

/// The meaning of a word of which only a few are known.
pub(super) fn one_of<T: Copy>(
    what: &str,
    word: &At<String>,
    words: &[(&'static str, T)],
    mistakes: &mut Mistakes,
) -> Option<T> {
    let found = words.iter().find(|(known, _)| *known == word.value).map(|(_, meaning)| *meaning);
    if found.is_none() {
        let known = words.iter().map(|(known, _)| *known);
        mistakes.add(
            Diagnostic::error(format!("`{}` is no word for `{what}`", word.value))
                .label(word.span.clone(), "")
                .suggest(&word.value, known.clone())
                .note(format!("possible are {}", listed(known))),
        );
    }
    found
}

fn cors(table: &DeTable<'_>, span: Span, mistakes: &mut Mistakes) -> Cors {
    let mut fields = Fields::new(table, "`cors`");
    let cors = Cors {
        span,
        allow_origins: fields.strings("allow_origins", mistakes),
        allow_credentials: fields.boolean("allow_credentials", mistakes).is_some_and(|at| at.value),
        allow_headers: fields.strings("allow_headers", mistakes).unwrap_or_default(),
        allow_methods: fields.strings("allow_methods", mistakes),
        expose_headers: fields.strings("expose_headers", mistakes).unwrap_or_default(),
        max_age: fields.integer("max_age", mistakes),
    };
    fields.finish(mistakes);
    cors
}

fn route(table: &DeTable<'_>, span: Span, mistakes: &mut Mistakes) -> Route {
    let mut fields = Fields::new(table, "a route");
    let at = fields.string("at", mistakes);
    let status = fields.integer("status", mistakes);
    let headers = fields.entry("headers").map(|entry| headers(&entry, mistakes)).unwrap_or_default();
    let set_cookie = fields.entry("set_cookie").map(|entry| set_cookie(&entry, mistakes)).unwrap_or_default();
    let mut bodies = Vec::new();
    if let Some(entry) = fields.entry("json")
        && let Some(value) = json(entry.value, mistakes)
    {
        let body = At { value: Body::Json(value), span: entry.value.span() };
        bodies.push((entry.key_span, body));
    }
    for (key, body) in
        [("text", Body::Text as fn(String) -> Body), ("html", Body::Html), ("redirect", Body::Redirect)]
    {
        if let Some(entry) = fields.entry(key)
            && let Some(text) = string(&format!("`{key}`"), entry.value, mistakes)
        {
            bodies.push((entry.key_span, At { value: body(text.value), span: text.span }));
        }
    }
    bodies.sort_by_key(|(key, _)| key.start);
    let require_cookie = fields.string("require_cookie", mistakes);
    fields.finish(mistakes);
    Route { span, at, status, headers, set_cookie, bodies, require_cookie }
}

/// A list of lines, or one line.
fn set_cookie(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Vec<At<String>> {
    match entry.value.get_ref() {
        DeValue::Array(array) => strings_of("`set_cookie`", array, mistakes),
        DeValue::String(_) => string("`set_cookie`", entry.value, mistakes).into_iter().collect(),
        _ => {
            mistakes.add(wrong_type("`set_cookie`", "a list of Set-Cookie lines", entry.value));
            Vec::new()
        }
    }
}

/// A table of header fields; a list of values gives a field each.
pub(super) fn headers(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Vec<Header> {
    let Some(table) = table("`headers`", entry.value, mistakes) else {
        return Vec::new();
    };
    let mut headers = Vec::new();
    for field in entries(table) {
        let what = format!("header `{}`", field.key);
        let values = match field.value.get_ref() {
            DeValue::Array(array) => strings_of(&what, array, mistakes),
            _ => string(&what, field.value, mistakes).into_iter().collect(),
        };
        headers.extend(values.into_iter().map(|value| Header { name: field.name(), value }));
    }
    headers
}

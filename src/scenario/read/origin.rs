//! Origins, their routes and their CORS settings.

use toml::de::{DeTable, DeValue};

use super::super::mistakes::Mistakes;
use super::super::written::{At, Cors, Header, Origin, Route};
use super::fields::{
    Entry, Fields, boolean, entries, only_true, string, strings, strings_of, table as table_of, wrong_type,
};
use super::framework::{self, Kind};
use super::json::json;
use super::jwt;
use super::proxy;
use super::upstream;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::framework::Framework;
use crate::plan::{Body, Certificate};

/// What `certificate` can be.
const CERTIFICATES: [(&str, Certificate); 4] = [
    ("good", Certificate::Good),
    ("expired", Certificate::Expired),
    ("wrong-host", Certificate::WrongHost),
    ("self-signed", Certificate::SelfSigned),
];

pub(super) fn origins(origins: &DeTable<'_>, mistakes: &mut Mistakes) -> Vec<Origin> {
    entries(origins)
        .into_iter()
        .filter_map(|entry| {
            let DeValue::Table(table) = entry.value.get_ref() else {
                let example =
                    "write a line `[origins.NAME]`, and below it `url = \"https://www.example.com\"`";
                let what = format!("`origins.{}`", entry.key);
                mistakes
                    .add(wrong_type(&what, "a table", entry.value).help(example.replace("NAME", entry.key)));
                return None;
            };
            Some(origin(entry.name(), table, mistakes))
        })
        .collect()
}

fn origin(name: At<String>, table: &DeTable<'_>, mistakes: &mut Mistakes) -> Origin {
    let mut fields = Fields::new(table, "an origin");
    let url = fields.required("url", mistakes, || {
        Diagnostic::error(format!("origin `{}` has no `url`", name.value))
            .label(name.span.clone(), "")
            .help("give it scheme and host, as in production: `url = \"https://api.example.com\"`")
    });
    let url = url.and_then(|entry| string("`url`", entry.value, mistakes));
    let certificate = fields.word("certificate", &CERTIFICATES, mistakes);
    let framework = framework::framework(&mut fields, mistakes);
    let proxy = proxy::proxy(&mut fields, mistakes);
    let (upstream, edge) = upstream::upstream(&mut fields, mistakes);
    let kind = framework.as_ref().map(|(kind, framework)| (*kind, &framework.value));
    let routes: Vec<Route> = fields
        .tables("routes", &format!("origins.{}.routes", name.value), mistakes)
        .into_iter()
        .map(|(table, span)| route(table, span, kind, mistakes))
        .collect();
    let cors = fields.entry_or_misspelt("cors").and_then(|entry| {
        let table = table_of("`cors`", entry.value, mistakes)?;
        Some(At { value: cors(table, entry.value.span(), mistakes), span: entry.key_span })
    });
    if let Some((_, framework)) = kind {
        framework::check(framework, &routes, mistakes);
    }
    let framework = framework.map(|(_, framework)| framework);
    fields.finish(mistakes);
    Origin { name, url, certificate, routes, cors, framework, proxy, upstream, edge }
}

fn cors(table: &DeTable<'_>, span: Span, mistakes: &mut Mistakes) -> Cors {
    let mut fields = Fields::new(table, "`cors`");
    let allow_origins = fields.required("allow_origins", mistakes, || {
        Diagnostic::error("these CORS settings have no `allow_origins`")
            .label(span, "")
            .help("list the origins that are let in: `allow_origins = [\"https://www.example.com\"]`")
            .help("for a server that sends no CORS headers leave the table out")
    });
    let cors = Cors {
        allow_origins: allow_origins
            .and_then(|entry| strings("`allow_origins`", entry.value, mistakes))
            .unwrap_or_default(),
        allow_credentials: fields.boolean("allow_credentials", mistakes).is_some_and(|at| at.value),
        allow_headers: fields.strings("allow_headers", mistakes).unwrap_or_default(),
        allow_methods: fields.strings("allow_methods", mistakes),
        expose_headers: fields.strings("expose_headers", mistakes).unwrap_or_default(),
        max_age: fields.integer("max_age", mistakes),
    };
    fields.finish(mistakes);
    cors
}

fn route(
    table: &DeTable<'_>,
    span: Span,
    framework: Option<(Kind, &Framework)>,
    mistakes: &mut Mistakes,
) -> Route {
    let mut fields = Fields::new(table, "a route");
    let at = fields.required("at", mistakes, || {
        Diagnostic::error("a route has no `at`")
            .label(span, "")
            .help("say what it answers: `at = \"GET /path\"`")
    });
    let at = at.and_then(|entry| string("`at`", entry.value, mistakes));
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
    if let Some(entry) = fields.entry("websocket")
        && let Some(word) = boolean("`websocket`", entry.value, mistakes)
        && only_true("websocket", &word, "it", mistakes)
    {
        bodies.push((entry.key_span, At { value: Body::WebSocket, span: word.span }));
    }
    bodies.sort_by_key(|(key, _)| key.start);
    let require_cookie = fields.string("require_cookie", mistakes);
    let sign_jwt = fields.entry("sign_jwt").and_then(|entry| jwt::sign(&entry, mistakes));
    let require_jwt = fields.entry("require_jwt").and_then(|entry| jwt::require(&entry, mistakes));
    let (view, does) = framework
        .map_or_else(Default::default, |framework| framework::view(framework, &mut fields, mistakes));
    fields.finish(mistakes);
    Route { at, status, headers, set_cookie, bodies, require_cookie, sign_jwt, require_jwt, view, does }
}

/// A list of lines, or one line.
fn set_cookie(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Vec<At<String>> {
    match entry.value.get_ref() {
        DeValue::Array(array) => strings_of("`set_cookie`", array, mistakes),
        DeValue::String(_) => string("`set_cookie`", entry.value, mistakes).into_iter().collect(),
        _ => {
            let help = "write `set_cookie = [\"name=value; Path=/\"]`";
            mistakes.add(wrong_type("`set_cookie`", "a list of Set-Cookie lines", entry.value).help(help));
            Vec::new()
        }
    }
}

/// A table of header fields; a list of values gives a field each.
pub(super) fn headers(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Vec<Header> {
    let DeValue::Table(table) = entry.value.get_ref() else {
        let help = "write `headers = { x-name = \"value\" }`";
        mistakes.add(wrong_type("`headers`", "a table", entry.value).help(help));
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

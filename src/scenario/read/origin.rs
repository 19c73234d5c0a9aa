//! Origins, their routes and their CORS settings.

use toml::de::DeValue;

use super::super::written::{At, Cors, Header, Origin, RequiredCookie, RequiredHeader, Route};
use super::fields::Fields;
use super::framework::{self, Kind};
use super::json::json;
use super::jwt;
use super::node::{Entry, Table};
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

pub(super) fn origins(origins: Table<'_, '_>) -> Vec<Origin> {
    origins
        .entries()
        .into_iter()
        .filter_map(|entry| {
            let Some(table) = entry.value.as_table() else {
                let example =
                    "write a line `[origins.NAME]`, and below it `url = \"https://www.example.com\"`";
                let what = format!("`origins.{}`", entry.key);
                origins.report(
                    entry.value.wrong_type(&what, "a table").help(example.replace("NAME", entry.key)),
                );
                return None;
            };
            Some(origin(entry.name(), table))
        })
        .collect()
}

fn origin(name: At<String>, table: Table<'_, '_>) -> Origin {
    let mut fields = Fields::new(table, "an origin");
    let url = fields.required("url", || {
        Diagnostic::error(format!("origin `{}` has no `url`", name.value))
            .label(name.span.clone(), "")
            .help("give it scheme and host, as in production: `url = \"https://api.example.com\"`")
    });
    let url = url.and_then(|entry| entry.value.string("`url`"));
    let certificate = fields.word("certificate", &CERTIFICATES);
    let framework = framework::framework(&mut fields);
    let proxy = proxy::proxy(&mut fields);
    let (upstream, edge) = upstream::upstream(&mut fields);
    let kind = framework.as_ref().map(|(kind, framework)| (*kind, &framework.value));
    let routes: Vec<Route> = fields
        .tables("routes", &format!("origins.{}.routes", name.value))
        .into_iter()
        .map(|(table, span)| route(table, span, kind))
        .collect();
    let cors = fields.entry_or_misspelt("cors").and_then(|entry| {
        let table = entry.value.table("`cors`")?;
        Some(At { value: cors(table, entry.value.span()), span: entry.key_span })
    });
    if let Some((_, framework)) = kind {
        framework::check(framework, &routes, fields.mistakes());
    }
    let framework = framework.map(|(_, framework)| framework);
    fields.finish();
    Origin { name, url, certificate, routes, cors, framework, proxy, upstream, edge }
}

fn cors(table: Table<'_, '_>, span: Span) -> Cors {
    let mut fields = Fields::new(table, "`cors`");
    let allow_origins = fields.required("allow_origins", || {
        Diagnostic::error("these CORS settings have no `allow_origins`")
            .label(span, "")
            .help("list the origins that are let in: `allow_origins = [\"https://www.example.com\"]`")
            .help("for a server that sends no CORS headers leave the table out")
    });
    let cors = Cors {
        allow_origins: allow_origins
            .and_then(|entry| entry.value.strings("`allow_origins`"))
            .unwrap_or_default(),
        allow_credentials: fields.boolean("allow_credentials").is_some_and(|at| at.value),
        allow_headers: fields.strings("allow_headers").unwrap_or_default(),
        allow_methods: fields.strings("allow_methods"),
        expose_headers: fields.strings("expose_headers").unwrap_or_default(),
        max_age: fields.integer("max_age"),
    };
    fields.finish();
    cors
}

fn route(table: Table<'_, '_>, span: Span, framework: Option<(Kind, &Framework)>) -> Route {
    let mut fields = Fields::new(table, "a route");
    let at = fields.required("at", || {
        Diagnostic::error("a route has no `at`")
            .label(span, "")
            .help("say what it answers: `at = \"GET /path\"`")
    });
    let at = at.and_then(|entry| entry.value.string("`at`"));
    let mut route = Route { at, ..answer(&mut fields) };
    if let Some(entry) = fields.entry("websocket")
        && entry.only_true("it")
    {
        route.bodies.push((entry.key_span, At { value: Body::WebSocket, span: entry.value.span() }));
    }
    route.bodies.sort_by_key(|(key, _)| key.start);
    route.require_cookie = fields.entry("require_cookie").and_then(|entry| require_cookie(&entry));
    route.require_header = fields.entry("require_header").and_then(|entry| require_header(&entry));
    route.sign_jwt = fields.entry("sign_jwt").and_then(|entry| jwt::sign(&entry));
    route.require_jwt = fields.entry("require_jwt").and_then(|entry| jwt::require(&entry));
    (route.view, route.does) =
        framework.map_or_else(Default::default, |framework| framework::view(framework, &mut fields));
    fields.finish();
    route
}

/// What is answered: status, fields, lines and body.
fn answer(fields: &mut Fields<'_, '_>) -> Route {
    let status = fields.integer("status");
    let headers = fields.entry("headers").map(|entry| headers(&entry)).unwrap_or_default();
    let set_cookie = fields.entry("set_cookie").map(|entry| set_cookie(&entry)).unwrap_or_default();
    let mut bodies = Vec::new();
    if let Some(entry) = fields.entry("json")
        && let Some(value) = json(entry.value)
    {
        let body = At { value: Body::Json(value), span: entry.value.span() };
        bodies.push((entry.key_span, body));
    }
    for (key, body) in
        [("text", Body::Text as fn(String) -> Body), ("html", Body::Html), ("redirect", Body::Redirect)]
    {
        if let Some(entry) = fields.entry(key)
            && let Some(text) = entry.value.string(&format!("`{key}`"))
        {
            bodies.push((entry.key_span, At { value: body(text.value), span: text.span }));
        }
    }
    bodies.sort_by_key(|(key, _)| key.start);
    Route { status, headers, set_cookie, bodies, ..Route::default() }
}

/// The name of a cookie, or a table that says what is answered without it.
fn require_cookie(entry: &Entry<'_, '_>) -> Option<RequiredCookie> {
    match entry.value.get_ref() {
        DeValue::String(_) => {
            let name = entry.value.string("`require_cookie`")?;
            Some(RequiredCookie { name, otherwise: None })
        }
        DeValue::Table(_) => {
            let mut fields = Fields::new(entry.value.as_table()?, "`require_cookie`");
            let name = fields.required("name", || {
                Diagnostic::error("`require_cookie` names no cookie").label(entry.key_span.clone(), "").help(
                    "write `require_cookie = { name = \"session\", else = { redirect = \"web:/login\" } }`",
                )
            });
            let name = name.and_then(|entry| entry.value.string("`name`"));
            let otherwise = otherwise(&mut fields);
            fields.finish();
            Some(RequiredCookie { name: name?, otherwise })
        }
        _ => {
            let help = "write `require_cookie = \"session\"`, or `{ name = \"session\", else = { redirect = \"web:/login\" } }`";
            let wanted = "a cookie's name, or a table with a `name`";
            entry.report(entry.value.wrong_type("`require_cookie`", wanted).help(help));
            None
        }
    }
}

/// The name of a header field, or a table that says what its value is and what is answered without it.
fn require_header(entry: &Entry<'_, '_>) -> Option<RequiredHeader> {
    let example = "write `require_header = { name = \"x-csrf-token\", cookie = \"csrf\" }`: a header that has the \
                   value of a cookie";
    match entry.value.get_ref() {
        DeValue::String(_) => {
            let name = entry.value.string("`require_header`")?;
            Some(RequiredHeader { name, field: None, cookie: None, value: None, otherwise: None })
        }
        DeValue::Table(_) => {
            let mut fields = Fields::new(entry.value.as_table()?, "`require_header`");
            let name = fields.required("name", || {
                Diagnostic::error("`require_header` names no header")
                    .label(entry.key_span.clone(), "")
                    .help(example)
            });
            let name = name.and_then(|entry| entry.value.string("`name`"));
            let field = fields.string("field");
            let cookie = fields.string("cookie");
            let value = fields.string("value");
            let otherwise = otherwise(&mut fields);
            fields.finish();
            Some(RequiredHeader { name: name?, field, cookie, value, otherwise })
        }
        _ => {
            let wanted = "a header's name, or a table with a `name`";
            entry.report(entry.value.wrong_type("`require_header`", wanted).help(example));
            None
        }
    }
}

/// What `else` says is answered.
fn otherwise(fields: &mut Fields<'_, '_>) -> Option<Box<Route>> {
    let entry = fields.entry_or_misspelt("else")?;
    let mut fields = Fields::new(entry.value.table("`else`")?, "`else`");
    let answer = answer(&mut fields);
    fields.finish();
    Some(Box::new(answer))
}

/// A list of lines, or one line.
fn set_cookie(entry: &Entry<'_, '_>) -> Vec<At<String>> {
    match entry.value.get_ref() {
        DeValue::Array(_) | DeValue::String(_) => entry.value.one_or_more("`set_cookie`"),
        _ => {
            let help = "write `set_cookie = [\"name=value; Path=/\"]`";
            entry.report(entry.value.wrong_type("`set_cookie`", "a list of Set-Cookie lines").help(help));
            Vec::new()
        }
    }
}

/// A table of header fields; a list of values gives a field each.
pub(super) fn headers(entry: &Entry<'_, '_>) -> Vec<Header> {
    let Some(table) = entry.value.as_table() else {
        let help = "write `headers = { x-name = \"value\" }`";
        entry.report(entry.value.wrong_type("`headers`", "a table").help(help));
        return Vec::new();
    };
    let mut headers = Vec::new();
    for field in table.entries() {
        let what = format!("header `{}`", field.key);
        let values = field.value.one_or_more(&what);
        headers.extend(values.into_iter().map(|value| Header { name: field.name(), value }));
    }
    headers
}

//! Steps: one action and what is expected of it.

use toml::de::{DeTable, DeValue};

use super::super::mistakes::Mistakes;
use super::super::written::{Action, At, Payload, Request, Step};
use super::expect::expectation;
use super::fields::{
    Entry, Fields, Value, boolean, entries, only_true, string, strings_of, with_article, wrong_type,
};
use super::json::json;
use super::origin::headers;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{self, Credentials};

/// The actions there are, each with what reads it.
const ACTIONS: [(&str, ReadAction); 22] = [
    ("visit", |value, mistakes| address("`visit`", value, mistakes).map(Action::Visit)),
    ("link", |value, mistakes| address("`link`", value, mistakes).map(Action::Link)),
    ("form", form),
    ("click", |value, mistakes| string("`click`", value, mistakes).map(Action::Click)),
    ("fill", fill),
    ("reload", |value, mistakes| bare("reload", plan::Action::Reload, value, mistakes)),
    ("back", |value, mistakes| bare("back", plan::Action::Back, value, mistakes)),
    ("image", |value, mistakes| address("`image`", value, mistakes).map(Action::Image)),
    ("script", |value, mistakes| address("`script`", value, mistakes).map(Action::Script)),
    ("iframe", |value, mistakes| address("`iframe`", value, mistakes).map(Action::Iframe)),
    ("popup", |value, mistakes| address("`popup`", value, mistakes).map(Action::Popup)),
    ("beacon", |value, mistakes| address("`beacon`", value, mistakes).map(Action::Beacon)),
    ("websocket", |value, mistakes| address("`websocket`", value, mistakes).map(Action::WebSocket)),
    ("fetch", fetch),
    ("xhr", xhr),
    ("document_cookie", document_cookie),
    ("storage_access", |value, mistakes| {
        bare("storage_access", plan::Action::StorageAccess, value, mistakes)
    }),
    ("eval", |value, mistakes| string("`eval`", value, mistakes).map(|at| Action::Eval(at.value))),
    ("clear", |value, mistakes| bare("clear", plan::Action::Clear, value, mistakes)),
    ("restart", |value, mistakes| bare("restart", plan::Action::Restart, value, mistakes)),
    ("advance", advance),
    ("wait", |value, mistakes| address("`wait`", value, mistakes).map(Action::Wait)),
];

type ReadAction = fn(&Value<'_>, &mut Mistakes) -> Option<Action>;

/// The keys of the actions there are.
pub(in crate::scenario) fn actions() -> impl Iterator<Item = &'static str> {
    ACTIONS.iter().map(|(key, _)| *key)
}

pub(super) fn step(step: &DeTable<'_>, span: Span, mistakes: &mut Mistakes) -> Step {
    let mut fields = Fields::new(step, "a step");
    let mut actions = Vec::new();
    for (key, read) in ACTIONS {
        if let Some(entry) = fields.entry(key) {
            let span = action_span(&entry, mistakes.text());
            actions.push(At { value: read(entry.value, mistakes), span });
        }
    }
    actions.sort_by_key(|action| action.span.start);
    let inside = fields.entry("inside").and_then(|entry| address("`inside`", entry.value, mistakes));
    let (expect, on) =
        fields.entry_or_misspelt("expect").map(|entry| expectation(&entry, mistakes)).unwrap_or_default();
    let strange = fields.finish(mistakes);
    Step { span, actions, strange, inside, expect, on }
}

/// The whole statement for an action of a word or two, the key alone for a table.
fn action_span(entry: &Entry<'_, '_>, text: &str) -> Span {
    match entry.value.get_ref() {
        DeValue::Table(_) => entry.key_span.clone(),
        _ => entry.span(text),
    }
}

fn address(what: &str, value: &Value<'_>, mistakes: &mut Mistakes) -> Option<At<String>> {
    if let DeValue::String(url) = value.get_ref() {
        return Some(At { value: url.clone().into_owned(), span: value.span() });
    }
    let help = format!("write {}", format!("{what} = \"ORIGIN:/path\"").replace('`', ""));
    mistakes.add(wrong_type(what, "a URL", value).help(help));
    None
}

fn fetch(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Action> {
    let request = |url| Action::Fetch { request: plain(url), credentials: Credentials::default() };
    url_or_table("`fetch`", value, mistakes, request, |table, mistakes| {
        let mut fields = Fields::new(table, "`fetch`");
        let request = request_of("fetch", &mut fields, value, mistakes);
        let modes = [Credentials::Omit, Credentials::SameOrigin, Credentials::Include];
        let credentials = fields.word("credentials", &modes.map(|mode| (mode.word(), mode)), mistakes);
        fields.finish(mistakes);
        Some(Action::Fetch {
            request: request?,
            credentials: credentials.map(|at| at.value).unwrap_or_default(),
        })
    })
}

fn xhr(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Action> {
    let request = |url| Action::Xhr { request: plain(url), with_credentials: false };
    url_or_table("`xhr`", value, mistakes, request, |table, mistakes| {
        let mut fields = Fields::new(table, "`xhr`");
        let request = request_of("xhr", &mut fields, value, mistakes);
        let with_credentials = fields.boolean("with_credentials", mistakes).is_some_and(|at| at.value);
        fields.finish(mistakes);
        Some(Action::Xhr { request: request?, with_credentials })
    })
}

fn form(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Action> {
    let form = |url| Action::Form { url, method: None, fields: Vec::new() };
    url_or_table("`form`", value, mistakes, form, |table, mistakes| {
        let mut fields = Fields::new(table, "`form`");
        let url = url("form", &mut fields, value, mistakes);
        let method = fields.string("method", mistakes);
        let inputs = fields.table("fields", mistakes).map(|(table, _)| form_fields(table, mistakes));
        fields.finish(mistakes);
        Some(Action::Form { url: url?, method, fields: inputs.unwrap_or_default() })
    })
}

fn form_fields(table: &DeTable<'_>, mistakes: &mut Mistakes) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for entry in entries(table) {
        let what = format!("field `{}`", entry.key);
        let values = match entry.value.get_ref() {
            DeValue::Array(array) => strings_of(&what, array, mistakes),
            _ => string(&what, entry.value, mistakes).into_iter().collect(),
        };
        fields.extend(values.into_iter().map(|value| (entry.key.to_owned(), value.value)));
    }
    fields
}

fn plain(url: At<String>) -> Request {
    Request { url, method: None, headers: Vec::new(), bodies: Vec::new() }
}

fn request_of(
    key: &str,
    fields: &mut Fields<'_, '_>,
    value: &Value<'_>,
    mistakes: &mut Mistakes,
) -> Option<Request> {
    let url = url(key, fields, value, mistakes);
    let method = fields.string("method", mistakes);
    let headers = fields.entry("headers").map(|entry| headers(&entry, mistakes)).unwrap_or_default();
    let mut bodies = Vec::new();
    if let Some(entry) = fields.entry("json")
        && let Some(json) = json(entry.value, mistakes)
    {
        bodies.push(At { value: Payload::Json(json), span: entry.key_span });
    }
    if let Some(entry) = fields.entry("body")
        && let Some(text) = string("`body`", entry.value, mistakes)
    {
        bodies.push(At { value: Payload::Text(text.value), span: entry.key_span });
    }
    bodies.sort_by_key(|body| body.span.start);
    Some(Request { url: url?, method, headers, bodies })
}

/// The `url` of a table, which must have one.
fn url(
    key: &str,
    fields: &mut Fields<'_, '_>,
    value: &Value<'_>,
    mistakes: &mut Mistakes,
) -> Option<At<String>> {
    let entry = fields.required("url", mistakes, || {
        Diagnostic::error(format!("`{key}` has no `url`"))
            .label(value.span(), "")
            .help(format!("say where it goes: `{key} = {{ url = \"ORIGIN:/path\" }}`"))
    })?;
    string("`url`", entry.value, mistakes)
}

fn url_or_table(
    what: &str,
    value: &Value<'_>,
    mistakes: &mut Mistakes,
    of_url: impl FnOnce(At<String>) -> Action,
    of_table: impl FnOnce(&DeTable<'_>, &mut Mistakes) -> Option<Action>,
) -> Option<Action> {
    match value.get_ref() {
        DeValue::Table(table) => of_table(table, mistakes),
        DeValue::String(_) => string(what, value, mistakes).map(of_url),
        _ => {
            let help = format!("write {}", format!("{what} = {{ url = \"ORIGIN:/path\" }}").replace('`', ""));
            mistakes.add(wrong_type(what, "a table with a `url`, or a URL", value).help(help));
            None
        }
    }
}

/// An action that holds nothing: `KEY = true`.
fn bare(
    key: &'static str,
    action: plan::Action,
    value: &Value<'_>,
    mistakes: &mut Mistakes,
) -> Option<Action> {
    let word = boolean(&format!("`{key}`"), value, mistakes)?;
    only_true(key, &word, "the step", mistakes).then_some(Action::Bare(action))
}

fn fill(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Action> {
    let example = "write `fill = { \"input[name=email]\" = \"a@b.c\" }`: a CSS selector, and what is typed";
    let DeValue::Table(table) = value.get_ref() else {
        mistakes.add(wrong_type("`fill`", "a table", value).help(example));
        return None;
    };
    if table.is_empty() {
        mistakes.add(Diagnostic::error("`fill` fills nothing").label(value.span(), "").help(example));
        return None;
    }
    let fields = entries(table).into_iter().filter_map(|entry| {
        let text = string(&format!("what is typed into `{}`", entry.key), entry.value, mistakes)?;
        Some((entry.name(), text.value))
    });
    Some(Action::Fill(fields.collect()))
}

fn advance(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Action> {
    if let DeValue::String(text) = value.get_ref() {
        return Some(Action::Advance(At { value: text.clone().into_owned(), span: value.span() }));
    }
    let help = "write a number and its unit: `advance = \"90s\"`, `\"31m\"`, `\"2h\"` or `\"8d\"`";
    mistakes.add(wrong_type("`advance`", "a time as a string", value).help(help));
    None
}

fn document_cookie(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Action> {
    match value.get_ref() {
        DeValue::Boolean(word) => {
            only_true("document_cookie", &At { value: *word, span: value.span() }, "the step", mistakes)
                .then_some(Action::DocumentCookie { write: None })
        }
        DeValue::String(_) => {
            Some(Action::DocumentCookie { write: string("`document_cookie`", value, mistakes) })
        }
        DeValue::Table(table) => {
            let mut fields = Fields::new(table, "`document_cookie`");
            let write = fields.string("write", mistakes);
            fields.finish(mistakes);
            Some(Action::DocumentCookie { write })
        }
        other => {
            let found = with_article(other);
            mistakes.add(
                Diagnostic::error(format!("`document_cookie` takes true or a string, and this is {found}"))
                    .label(value.span(), "")
                    .help("`true` reads it; a string such as `\"a=1; path=/\"` is written to it"),
            );
            None
        }
    }
}

//! Steps: one action and what is expected of it.

use toml::de::DeValue;

use super::super::actions::ACTIONS;
use super::super::written::{Acted, Action, At, Options, Payload, Request, Step};
use super::expect::expectation;
use super::fields::Fields;
use super::json::json;
use super::node::{Entry, Node, Table};
use super::origin::headers;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{self, Cache, Credentials, Element, FetchOptions, Redirect};

pub(super) fn step(step: Table<'_, '_>, span: Span) -> Step {
    let mut fields = Fields::new(step, "a step");
    let mut actions = Vec::new();
    for word in &ACTIONS {
        if let Some(entry) = fields.entry(word.key) {
            actions.push(Acted { word, span: action_span(&entry), action: action(&entry) });
        }
    }
    actions.sort_by_key(|action| action.span.start);
    let inside = fields.entry("inside").and_then(|entry| address(&entry));
    let (expect, on) =
        fields.entry_or_misspelt("expect").map(|entry| expectation(&entry)).unwrap_or_default();
    let strange = fields.finish();
    Step { span, actions, strange, inside, expect, on }
}

/// What an action's key holds.
fn action(entry: &Entry<'_, '_>) -> Option<Action> {
    Some(match entry.key {
        "visit" => Action::Visit(address(entry)?),
        "link" => Action::Link(address(entry)?),
        "image" => image(entry)?,
        "script" => script(entry)?,
        "eventsource" => event_source(entry)?,
        "iframe" => iframe(entry)?,
        "popup" => Action::Popup(address(entry)?),
        "beacon" => Action::Beacon(address(entry)?),
        "websocket" => Action::WebSocket(address(entry)?),
        "wait" => Action::Wait(address(entry)?),
        "form" => form(entry)?,
        "fetch" => fetch(entry)?,
        "xhr" => xhr(entry)?,
        "click" => Action::Click(entry.value.string("`click`")?),
        "eval" => Action::Eval(entry.value.string("`eval`")?.value),
        "fill" => fill(entry.value)?,
        "advance" => advance(entry.value)?,
        "document_cookie" => document_cookie(entry)?,
        "reload" => bare(entry, plan::Action::Reload)?,
        "back" => bare(entry, plan::Action::Back)?,
        "storage_access" => bare(entry, plan::Action::StorageAccess)?,
        "clear" => bare(entry, plan::Action::Clear)?,
        "restart" => bare(entry, plan::Action::Restart)?,
        key => unreachable!("`{key}` is in the table of actions, and nothing here reads it"),
    })
}

/// The whole statement for an action of a word or two, the key alone for a table.
fn action_span(entry: &Entry<'_, '_>) -> Span {
    match entry.value.get_ref() {
        DeValue::Table(_) => entry.key_span.clone(),
        _ => entry.span(),
    }
}

fn address(entry: &Entry<'_, '_>) -> Option<At<String>> {
    if let DeValue::String(url) = entry.value.get_ref() {
        return Some(At { value: url.clone().into_owned(), span: entry.value.span() });
    }
    let help = format!("write {} = \"ORIGIN:/path\"", entry.key);
    entry.report(entry.value.wrong_type(&format!("`{}`", entry.key), "a URL").help(help));
    None
}

fn fetch(entry: &Entry<'_, '_>) -> Option<Action> {
    let request = |url| Action::Fetch {
        request: plain(url),
        credentials: Credentials::default(),
        options: Options::default(),
    };
    url_or_table(entry, request, |table| {
        let mut fields = Fields::new(table, "`fetch`");
        let request = request_of(entry, &mut fields);
        let modes = [Credentials::Omit, Credentials::SameOrigin, Credentials::Include];
        let credentials = fields.word("credentials", &modes.map(|mode| (mode.word(), mode)));
        let options = Options {
            mode: fields.word("mode", &FetchOptions::MODES.map(|mode| (mode.word(), mode))),
            redirect: fields.word("redirect", &Redirect::ALL.map(|redirect| (redirect.word(), redirect))),
            cache: fields.word("cache", &Cache::ALL.map(|cache| (cache.word(), cache))),
            keepalive: fields.boolean("keepalive"),
        };
        fields.finish();
        let credentials = credentials.map(|at| at.value).unwrap_or_default();
        Some(Action::Fetch { request: request?, credentials, options })
    })
}

fn xhr(entry: &Entry<'_, '_>) -> Option<Action> {
    let request = |url| Action::Xhr { request: plain(url), with_credentials: false };
    url_or_table(entry, request, |table| {
        let mut fields = Fields::new(table, "`xhr`");
        let request = request_of(entry, &mut fields);
        let with_credentials = fields.boolean("with_credentials").is_some_and(|at| at.value);
        fields.finish();
        Some(Action::Xhr { request: request?, with_credentials })
    })
}

/// What `crossorigin` can be, and whether credentials go to other origins too.
const CROSS_ORIGIN: [(&str, bool); 2] = [("anonymous", false), ("use-credentials", true)];

fn image(entry: &Entry<'_, '_>) -> Option<Action> {
    url_or_table(entry, Action::Image, |table| {
        let mut fields = Fields::new(table, "`image`");
        let url = url(entry, &mut fields);
        let mode = fields.word("crossorigin", &CROSS_ORIGIN);
        fields.finish();
        let (url, element) = (url?, Element::Image);
        Some(match mode {
            Some(At { value: with_credentials, .. }) => Action::Shared { element, url, with_credentials },
            None => Action::Image(url),
        })
    })
}

fn script(entry: &Entry<'_, '_>) -> Option<Action> {
    url_or_table(entry, Action::Script, |table| {
        let mut fields = Fields::new(table, "`script`");
        let url = url(entry, &mut fields);
        let mode = fields.word("crossorigin", &CROSS_ORIGIN).map(|at| at.value);
        let kind = fields.word("type", &[("module", Element::Module)]).map(|at| at.value);
        fields.finish();
        let (url, with_credentials) = (url?, mode.unwrap_or_default());
        Some(match kind.or(mode.map(|_| Element::Script)) {
            Some(element) => Action::Shared { element, url, with_credentials },
            None => Action::Script(url),
        })
    })
}

fn iframe(entry: &Entry<'_, '_>) -> Option<Action> {
    url_or_table(entry, Action::Iframe, |table| {
        let mut fields = Fields::new(table, "`iframe`");
        let url = url(entry, &mut fields);
        let sandbox = fields.string("sandbox");
        fields.finish();
        let url = url?;
        Some(match sandbox {
            Some(sandbox) => Action::Sandboxed { url, sandbox },
            None => Action::Iframe(url),
        })
    })
}

fn event_source(entry: &Entry<'_, '_>) -> Option<Action> {
    let plain = |url| Action::EventSource { url, with_credentials: false };
    url_or_table(entry, plain, |table| {
        let mut fields = Fields::new(table, "`eventsource`");
        let url = url(entry, &mut fields);
        let with_credentials = fields.boolean("with_credentials").is_some_and(|at| at.value);
        fields.finish();
        Some(Action::EventSource { url: url?, with_credentials })
    })
}

fn form(entry: &Entry<'_, '_>) -> Option<Action> {
    let form = |url| Action::Form { url, method: None, fields: Vec::new() };
    url_or_table(entry, form, |table| {
        let mut fields = Fields::new(table, "`form`");
        let url = url(entry, &mut fields);
        let method = fields.string("method");
        let inputs = fields.table("fields").map(|(table, _)| form_fields(table));
        fields.finish();
        Some(Action::Form { url: url?, method, fields: inputs.unwrap_or_default() })
    })
}

fn form_fields(table: Table<'_, '_>) -> Vec<(String, At<String>)> {
    let mut fields = Vec::new();
    for entry in table.entries() {
        let values = entry.value.one_or_more(&format!("field `{}`", entry.key));
        fields.extend(values.into_iter().map(|value| (entry.key.to_owned(), value)));
    }
    fields
}

fn plain(url: At<String>) -> Request {
    Request { url, method: None, headers: Vec::new(), bodies: Vec::new() }
}

fn request_of(action: &Entry<'_, '_>, fields: &mut Fields<'_, '_>) -> Option<Request> {
    let url = url(action, fields);
    let method = fields.string("method");
    let headers = fields.entry("headers").map(|entry| headers(&entry)).unwrap_or_default();
    let mut bodies = Vec::new();
    if let Some(entry) = fields.entry("json")
        && let Some(json) = json(entry.value)
    {
        bodies.push(At { value: Payload::Json(json), span: entry.key_span });
    }
    if let Some(entry) = fields.entry("body")
        && let Some(text) = entry.value.string("`body`")
    {
        bodies.push(At { value: Payload::Text(text.value), span: entry.key_span });
    }
    bodies.sort_by_key(|body| body.span.start);
    Some(Request { url: url?, method, headers, bodies })
}

/// The `url` of an action's table, which must have one.
fn url(action: &Entry<'_, '_>, fields: &mut Fields<'_, '_>) -> Option<At<String>> {
    let key = action.key;
    let entry = fields.required("url", || {
        Diagnostic::error(format!("`{key}` has no `url`"))
            .label(action.value.span(), "")
            .help(format!("say where it goes: `{key} = {{ url = \"ORIGIN:/path\" }}`"))
    })?;
    entry.value.string("`url`")
}

fn url_or_table(
    entry: &Entry<'_, '_>,
    of_url: impl FnOnce(At<String>) -> Action,
    of_table: impl FnOnce(Table<'_, '_>) -> Option<Action>,
) -> Option<Action> {
    let (key, value) = (entry.key, entry.value);
    if let Some(table) = value.as_table() {
        return of_table(table);
    }
    if let DeValue::String(_) = value.get_ref() {
        return value.string(key).map(of_url);
    }
    let help = format!("write {key} = {{ url = \"ORIGIN:/path\" }}");
    entry.report(value.wrong_type(&format!("`{key}`"), "a table with a `url`, or a URL").help(help));
    None
}

/// An action that holds nothing: `KEY = true`.
fn bare(entry: &Entry<'_, '_>, action: plan::Action) -> Option<Action> {
    entry.only_true("the step").then_some(Action::Bare(action))
}

fn fill(value: Node<'_, '_>) -> Option<Action> {
    let example = "write `fill = { \"input[name=email]\" = \"a@b.c\" }`: a CSS selector, and what is typed";
    let Some(table) = value.as_table() else {
        value.report(value.wrong_type("`fill`", "a table").help(example));
        return None;
    };
    if table.is_empty() {
        value.report(Diagnostic::error("`fill` fills nothing").label(value.span(), "").help(example));
        return None;
    }
    let fields = table.entries().into_iter().filter_map(|entry| {
        let text = entry.value.string(&format!("what is typed into `{}`", entry.key))?;
        Some((entry.name(), text))
    });
    Some(Action::Fill(fields.collect()))
}

fn advance(value: Node<'_, '_>) -> Option<Action> {
    if let DeValue::String(text) = value.get_ref() {
        return Some(Action::Advance(At { value: text.clone().into_owned(), span: value.span() }));
    }
    let help = "write a number and its unit: `advance = \"90s\"`, `\"31m\"`, `\"2h\"` or `\"8d\"`";
    value.report(value.wrong_type("`advance`", "a time as a string").help(help));
    None
}

fn document_cookie(entry: &Entry<'_, '_>) -> Option<Action> {
    let value = entry.value;
    match value.get_ref() {
        DeValue::Boolean(_) => entry.only_true("the step").then_some(Action::DocumentCookie { write: None }),
        DeValue::String(_) => Some(Action::DocumentCookie { write: value.string("`document_cookie`") }),
        DeValue::Table(_) => {
            let mut fields = Fields::new(value.as_table()?, "`document_cookie`");
            let write = fields.string("write");
            fields.finish();
            Some(Action::DocumentCookie { write })
        }
        _ => {
            let found = value.with_article();
            value.report(
                Diagnostic::error(format!("`document_cookie` takes true or a string, and this is {found}"))
                    .label(value.span(), "")
                    .help("`true` reads it; a string such as `\"a=1; path=/\"` is written to it"),
            );
            None
        }
    }
}

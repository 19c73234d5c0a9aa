//! Steps: the one action of each, and what is expected of it.

use std::collections::BTreeMap;

use url::Url;

use super::super::actions::{ACTIONS, ActionWord};
use super::super::checks;
use super::super::mistakes::Mistakes;
use super::super::written::{self, Acted, At, Header, Payload};
use super::address::Names;
use super::routes::{METHODS, check_any_method, check_method, pairs};
use super::time::time;
use crate::diagnostic::{Diagnostic, Span, listed};
use crate::plan::{
    Absent, Action, Claim, EventSource, Expect, Fetch, FetchOptions, Form, Origin, Redirect, Sandboxed,
    Service, Shared, Step, Xhr, embed::ALLOWANCES,
};
use crate::rules::context::Mode;
use crate::rules::cors::{
    is_forbidden_header, is_safelisted_header, is_safelisted_method, is_simple_header, normalize_method,
};

/// The steps, those that are right.
pub(super) fn steps(
    written: Vec<written::Step>,
    names: &Names,
    origins: &[Origin],
    mistakes: &Mistakes,
) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (index, step) in written.into_iter().enumerate() {
        let expect = expect(step.expect, names, mistakes);
        let on = step
            .on
            .into_iter()
            .map(|(browser, on)| (browser.value, self::expect(on, names, mistakes)))
            .collect();
        let Some(written) = one_action(step.actions, step.span, step.strange, mistakes) else {
            continue;
        };
        check_page(index == 0, &written, &steps, mistakes);
        let inside = step.inside.map(|text| (names.inside(&text, mistakes), text.span));
        let Acted { word, span, action } = written;
        if let Some(action) = action
            && let Some(action) = action_of(action, names, mistakes)
        {
            check_socket(&action, &span, origins, mistakes);
            if let Some((inside, place)) = &inside {
                check_inside(word, inside.as_ref(), place, &steps, mistakes);
                if let Some(inside) = inside {
                    check_sandbox(word, &span, inside, &steps, mistakes);
                }
            }
            let inside = inside.and_then(|(inside, _)| inside);
            steps.push(Step { action, span, inside, expect, on });
        }
    }
    steps
}

fn one_action(mut actions: Vec<Acted>, span: Span, strange: bool, mistakes: &Mistakes) -> Option<Acted> {
    if let [first, second, ..] = actions.as_slice() {
        mistakes.add(
            Diagnostic::error("a step does one thing, and this one does two")
                .label(second.span.clone(), "the second")
                .label(first.span.clone(), "the first")
                .help("begin another step with a line `[[step]]`"),
        );
        return None;
    }
    // A key that is unknown was perhaps meant as the action, and is already reported.
    if actions.is_empty() && !strange {
        mistakes.add(
            Diagnostic::error("a step does nothing")
                .label(span, "")
                .help(format!("give it one of {}", listed(ACTIONS.iter().map(|action| action.key)))),
        );
    }
    actions.pop()
}

/// At the beginning, and after a restart, no page is open: only a visit brings one.
fn check_page(first: bool, acted: &Acted, before: &[Step], mistakes: &Mistakes) {
    let opens_one = acted.word.key == "visit";
    let here = if first && !opens_one {
        "the first step needs a page, and no page is open yet"
    } else if acted.word.needs_page {
        let last =
            before.iter().rev().find(|step| !matches!(step.action, Action::Clear | Action::Advance(_)));
        if last.is_none_or(|last| last.action != Action::Restart) {
            return;
        }
        "this step needs a page, and the browser that was started again shows none"
    } else {
        return;
    };
    mistakes.add(
        Diagnostic::error(here)
            .label(acted.span.clone(), "")
            .help("open one first:\n    [[step]]\n    visit = \"ORIGIN:/\""),
    );
}

/// A step can act in a frame that an earlier step made, if a page can do it at all.
fn check_inside(word: &ActionWord, inside: Option<&Url>, span: &Span, before: &[Step], mistakes: &Mistakes) {
    if !word.inside {
        mistakes.add(
            Diagnostic::error(format!("`{}` is done to the whole tab, not inside a frame", word.key))
                .label(span.clone(), "")
                .help("leave `inside` out"),
        );
        return;
    }
    let Some(inside) = inside else { return };
    let frames = before.iter().filter_map(|step| match &step.action {
        Action::Iframe(url) | Action::Sandboxed(Sandboxed { url, .. }) => Some(url),
        _ => None,
    });
    if frames.clone().any(|url| url == inside) {
        return;
    }
    let diagnostic = Diagnostic::error(format!("no step before this one loads {inside} into a frame"))
        .label(span.clone(), "");
    let frames: Vec<&str> = frames.map(Url::as_str).collect();
    mistakes.add(match frames.as_slice() {
        [] => diagnostic.help("make the frame first:\n    [[step]]\n    iframe = \"ORIGIN:/path\""),
        frames => diagnostic.help(format!(
            "write the URL as the `iframe` step has it, before any redirect: {}",
            listed(frames.iter().copied())
        )),
    });
}

/// A WebSocket needs an origin that could answer its handshake.
fn check_socket(action: &Action, span: &Span, origins: &[Origin], mistakes: &Mistakes) {
    let Action::WebSocket(url) = action else { return };
    let origin = origins.iter().find(|origin| origin.url.origin() == url.origin());
    let Some(origin) = origin.filter(|origin| matches!(origin.service, Service::Page)) else { return };
    let name = &origin.name;
    mistakes.add(
        Diagnostic::error(format!("`{name}` has no route, and its built-in page is no WebSocket"))
            .label(span.clone(), "")
            .help(format!(
                "declare one:\n    [[origins.{name}.routes]]\n    at = \"GET {}\"\n    websocket = true",
                url.path()
            )),
    );
}

fn action_of(action: written::Action, names: &Names, mistakes: &Mistakes) -> Option<Action> {
    Some(match action {
        written::Action::Visit(url) => Action::Visit(names.inside(&url, mistakes)?),
        written::Action::Link(url) => Action::Link(names.inside(&url, mistakes)?),
        written::Action::Image(url) => Action::Image(names.inside(&url, mistakes)?),
        written::Action::Iframe(url) => Action::Iframe(names.inside(&url, mistakes)?),
        written::Action::Script(url) => Action::Script(names.inside(&url, mistakes)?),
        written::Action::Shared { element, url, with_credentials } => {
            let url = names.inside(&url, mistakes)?;
            Action::Shared(Shared { element, url, with_credentials })
        }
        written::Action::Sandboxed { url, sandbox } => {
            let (url, allows) = (names.inside(&url, mistakes), allowances(&sandbox, mistakes));
            Action::Sandboxed(Sandboxed { url: url?, allows: allows? })
        }
        written::Action::EventSource { url, with_credentials } => {
            let url = names.inside(&url, mistakes)?;
            Action::EventSource(EventSource { url, with_credentials })
        }
        written::Action::Popup(url) => Action::Popup(names.inside(&url, mistakes)?),
        written::Action::Beacon(url) => Action::Beacon(names.inside(&url, mistakes)?),
        written::Action::WebSocket(url) => Action::WebSocket(names.inside(&handshake(url), mistakes)?),
        written::Action::Bare(action) => action,
        written::Action::Eval(script) => Action::Eval(script),
        written::Action::Wait(url) => Action::Wait(names.inside(&url, mistakes)?),
        written::Action::Advance(text) => Action::Advance(time(&text, mistakes)?),
        written::Action::Click(selector) => Action::Click(self::selector(selector, mistakes)?),
        written::Action::Fill(fields) => {
            let fields = fields.into_iter().map(|(at, text)| Some((selector(at, mistakes)?, text.value)));
            Action::Fill(fields.collect::<Option<_>>()?)
        }
        written::Action::DocumentCookie { write } => {
            Action::DocumentCookie { write: write.map(|at| at.value) }
        }
        written::Action::Form { url, method, fields } => {
            let url = names.inside(&url, mistakes);
            let method = match method {
                None => Some("GET".to_owned()),
                Some(method) => check_method(&method, &["GET", "POST"], mistakes),
            };
            let fields = fields.into_iter().map(|(name, value)| (name, value.value)).collect();
            Action::Form(Form { url: url?, method: method?, fields })
        }
        written::Action::Fetch { request, credentials, options } => {
            let options = fetch_options(&request, options, mistakes);
            let Sending { url, method, headers, body } = sending(request, names, mistakes)?;
            Action::Fetch(Fetch { url, method, credentials, headers, body, options })
        }
        written::Action::Xhr { request, with_credentials } => {
            let Sending { url, method, headers, body } = sending(request, names, mistakes)?;
            Action::Xhr(Xhr { url, method, with_credentials, headers, body })
        }
    })
}

/// What a `sandbox` allows.
fn allowances(sandbox: &At<String>, mistakes: &Mistakes) -> Option<Vec<String>> {
    let mut allows = Vec::new();
    let mut is_known = true;
    for word in sandbox.value.split_ascii_whitespace() {
        let lower = word.to_ascii_lowercase();
        if !ALLOWANCES.contains(&lower.as_str()) {
            is_known = false;
            mistakes.add(
                Diagnostic::error(format!("a sandbox does not allow `{}`", word.escape_debug()))
                    .label(sandbox.span.clone(), "")
                    .suggest_or_list(word, ALLOWANCES),
            );
        }
        allows.push(lower);
    }
    is_known.then_some(allows)
}

/// What a step does in a sandboxed frame needs to be allowed there.
fn check_sandbox(acted: &ActionWord, span: &Span, inside: &Url, before: &[Step], mistakes: &Mistakes) {
    let frame = before.iter().rev().find_map(|step| match &step.action {
        Action::Sandboxed(frame) if frame.url == *inside => Some(Some((frame, &step.span))),
        Action::Iframe(url) if url == inside => Some(None),
        _ => None,
    });
    let Some(Some((frame, place))) = frame else { return };
    let needs: &[&str] = match acted.key {
        "popup" => &["allow-scripts", "allow-popups"],
        "form" => &["allow-scripts", "allow-forms"],
        _ => &["allow-scripts"],
    };
    for word in needs.iter().filter(|word| !frame.allows(word)) {
        mistakes.add(
            Diagnostic::error(format!("this frame's sandbox does not let it do that: `{word}` is missing"))
                .label(span.clone(), "done in the frame")
                .label(place.clone(), "the frame")
                .help(format!("write `sandbox = \"{}\"`", format!("{} {word}", frame.attribute()).trim())),
        );
    }
}

/// The URL that a WebSocket's handshake asks for: RFC 6455, section 4.1, and WHATWG WebSockets, section 2.
fn handshake(url: At<String>) -> At<String> {
    let value = match url.value.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        _ => url.value,
    };
    At { value, ..url }
}

/// A CSS selector. What is none, the browser finds out.
fn selector(text: At<String>, mistakes: &Mistakes) -> Option<String> {
    if text.value.trim().is_empty() {
        mistakes.add(
            Diagnostic::error("the selector is empty")
                .label(text.span, "")
                .help("say what on the page is meant, as CSS does: `\"#login\"`, `\"input[name=email]\"`"),
        );
        return None;
    }
    Some(text.value)
}

/// What `fetch` and `xhr` share, resolved.
struct Sending {
    url: Url,
    method: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

fn sending(request: written::Request, names: &Names, mistakes: &Mistakes) -> Option<Sending> {
    let url = names.inside(&request.url, mistakes);
    let method = match &request.method {
        None => Some("GET".to_owned()),
        Some(method) => call_method(method, mistakes),
    };
    for header in &request.headers {
        checks::check_header(header, mistakes);
        check_forbidden(header, mistakes);
    }
    if let [first, second, ..] = request.bodies.as_slice() {
        mistakes.add(
            Diagnostic::error("a request has one body, and this one has two")
                .label(second.span.clone(), "a second body")
                .label(first.span.clone(), "first here")
                .help("keep one of `json` and `body`"),
        );
    }
    let body = request.bodies.into_iter().next();
    if let (Some(body), Some(method @ ("GET" | "HEAD"))) = (&body, method.as_deref()) {
        let mut diagnostic = Diagnostic::error(format!("a {method} request has no body"))
            .label(body.span.clone(), "")
            .note("`fetch()` throws a TypeError for it, and XMLHttpRequest drops the body");
        if request.method.is_none() {
            diagnostic = diagnostic.help("without `method` a request is GET: add `method = \"POST\"`");
        } else {
            diagnostic = diagnostic.help("leave the body out, or use another method");
        }
        mistakes.add(diagnostic);
    }
    let mut headers = pairs(request.headers);
    let body = body.map(|body| match body.value {
        Payload::Text(text) => text,
        Payload::Json(value) => {
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
            }
            value.to_string()
        }
    });
    Some(Sending { url: url?, method: method?, headers, body })
}

/// The method of a call as it stands in the request. `fetch()` and XMLHttpRequest make six methods upper case, and leave
/// every other as it is (Fetch, section 4.6, normalize a method).
fn call_method(method: &At<String>, mistakes: &Mistakes) -> Option<String> {
    const FORBIDDEN: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];
    let word = method.value.as_str();
    let upper = word.to_ascii_uppercase();
    if FORBIDDEN.contains(&upper.as_str()) {
        mistakes.add(
            Diagnostic::error(format!("no page can send a {upper} request"))
                .label(method.span.clone(), "`fetch()` and XMLHttpRequest throw for it")
                .note("Fetch, section 2.2.1: forbidden method")
                .help("use another method"),
        );
        return None;
    }
    let normal = normalize_method(word);
    if METHODS.contains(&&*normal) {
        return Some(normal.into_owned());
    }
    if METHODS.contains(&upper.as_str()) {
        mistakes.add(
            Diagnostic::warning(format!(
                "`{word}` goes out in lower case, and is another method than `{upper}`"
            ))
            .label(method.span.clone(), "")
            .note("Fetch, section 4.6: only DELETE, GET, HEAD, OPTIONS, POST and PUT are made upper case")
            .note(format!("a server and `Access-Control-Allow-Methods` that name `{upper}` do not know it"))
            .help(format!("write `{upper}`, unless that is what is rehearsed")),
        );
        return Some(word.to_owned());
    }
    check_any_method(method, mistakes)
}

/// What `fetch` says besides, and what does not go together with it.
fn fetch_options(request: &written::Request, options: written::Options, mistakes: &Mistakes) -> FetchOptions {
    /// Fetch, HTTP-network-or-cache fetch, the step on inflightKeepaliveBytes.
    const KEPT_ALIVE: usize = 64 << 10;
    let written::Options { mode, redirect, cache, keepalive } = options;
    if let Some(mode) = mode.as_ref().filter(|mode| mode.value == Mode::NoCors) {
        if let Some(method) = &request.method
            && !is_safelisted_method(&normalize_method(&method.value))
        {
            mistakes.add(
                Diagnostic::error(format!("a `no-cors` call cannot be {}", normalize_method(&method.value)))
                    .label(method.span.clone(), "`fetch()` throws a TypeError for it")
                    .label(mode.span.clone(), "")
                    .note("Fetch, section 5.4: GET, HEAD and POST are possible")
                    .help("leave `mode` out: a call is `cors`"),
            );
        }
        if let Some(redirect) = redirect.as_ref().filter(|redirect| redirect.value != Redirect::Follow) {
            let word = redirect.value.word();
            mistakes.add(
                Diagnostic::error(format!(
                    "a `no-cors` call to another origin fails with `redirect = \"{word}\"`"
                ))
                .label(redirect.span.clone(), "")
                .label(mode.span.clone(), "")
                .note("Fetch, section 4.1, main fetch")
                .help("leave one of them out"),
            );
        }
        for header in &request.headers {
            let (name, value) = (&header.name.value, &header.value.value);
            let goes = is_simple_header(name) && is_safelisted_header(name, value.as_bytes());
            if !goes && !is_forbidden_header(name) {
                mistakes.add(
                    Diagnostic::warning(format!("a `no-cors` call does not send `{name}`"))
                        .label(header.name.span.clone(), "browsers drop it without a word")
                        .label(mode.span.clone(), "")
                        .note("Fetch, section 2.2.2: no-CORS-safelisted request-header")
                        .help("leave `mode` out, and have the server allow the header by CORS"),
                );
            }
        }
    }
    let is_kept = keepalive.as_ref().is_some_and(|at| at.value);
    if let (true, Some(body)) = (is_kept, request.bodies.first()) {
        let length = match &body.value {
            Payload::Text(text) => text.len(),
            Payload::Json(value) => value.to_string().len(),
        };
        if length > KEPT_ALIVE {
            mistakes.add(
                Diagnostic::error(format!("a body of {length} bytes is too large for `keepalive`"))
                    .label(body.span.clone(), "`fetch()` throws a TypeError for it")
                    .note("Fetch, section 4.6: 64 KiB for all such requests of a page")
                    .help("leave `keepalive` out, or send less"),
            );
        }
    }
    let default = FetchOptions::default();
    FetchOptions {
        mode: mode.map_or(default.mode, |at| at.value),
        redirect: redirect.map_or(default.redirect, |at| at.value),
        cache: cache.map_or(default.cache, |at| at.value),
        keepalive: is_kept,
    }
}

/// A page cannot set some headers: the browser drops them without a word (Fetch, section 2.2.2).
fn check_forbidden(header: &Header, mistakes: &Mistakes) {
    if !is_forbidden_header(&header.name.value) {
        return;
    }
    let diagnostic = Diagnostic::warning(format!("a page cannot set `{}`", header.name.value))
        .label(header.name.span.clone(), "browsers drop it without a word")
        .note("Fetch, section 2.2.2: forbidden request-header");
    mistakes.add(match header.name.value.to_ascii_lowercase().as_str() {
        "cookie" => diagnostic.help(
            "let a response set the cookie, or write it with a step `document_cookie = \"name=value\"`",
        ),
        _ => diagnostic.help("leave it out"),
    });
}

fn expect(written: written::Expect, names: &Names, mistakes: &Mistakes) -> Expect {
    let mut expect = written.claims;
    expect.url = written
        .url
        .and_then(|claim| Some(Claim { value: names.anywhere(&claim.value, mistakes)?, span: claim.span }));
    expect.requests = written.requests.and_then(|claim| {
        let requests = claim.value.iter().map(|text| request(text, names, mistakes));
        // Every request is looked at before one that is wrong makes the claim none.
        let requests: Vec<Option<(String, Url)>> = requests.collect();
        Some(Claim { value: requests.into_iter().collect::<Option<_>>()?, span: claim.span })
    });
    let stored = expect.stored.iter().map(|claim| (claim.value.name.as_str(), &claim.span));
    contradictions("stored", stored, &expect.not_stored, mistakes);
    let sent = expect.sent.iter().map(|claim| (claim.value.name.as_str(), &claim.span));
    contradictions("sent", sent, &expect.not_sent, mistakes);
    expect
}

/// `METHOD ORIGIN:PATH`, or `METHOD URL`.
fn request(text: &At<String>, names: &Names, mistakes: &Mistakes) -> Option<(String, Url)> {
    let Some((method, url)) = text.value.split_once(' ') else {
        mistakes.add(
            Diagnostic::error(format!("`{}` is not a method and a URL", text.value.escape_debug()))
                .label(text.span.clone(), "")
                .help("write `METHOD ORIGIN:/path`, for example `\"GET api:/me\"`"),
        );
        return None;
    };
    let at = |value: &str| At { value: value.to_owned(), span: text.span.clone() };
    let method = match method {
        "patch" => Some(method.to_owned()),
        _ => check_any_method(&at(method), mistakes),
    };
    let url = names.inside(&at(url), mistakes);
    Some((method?, url?))
}

fn contradictions<'a>(
    word: &str,
    present: impl Iterator<Item = (&'a str, &'a Span)>,
    absent: &[Claim<Absent>],
    mistakes: &Mistakes,
) {
    let present: BTreeMap<&str, &Span> = present.collect();
    for claim in absent {
        let name = claim.value.name.as_str();
        if let Some(span) = present.get(name) {
            mistakes.add(
                Diagnostic::error(format!("`{name}` cannot be {word} and not {word}"))
                    .label(claim.span.clone(), format!("not {word}"))
                    .label((*span).clone(), word)
                    .help("keep one; what differs between browsers goes into `expect.on.\"BROWSER\"`"),
            );
        }
    }
}

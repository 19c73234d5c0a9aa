//! The scripts that make a page do what a step says, the same in every engine.
//!
//! Each is a function of one argument, JSON, so that nothing of a scenario is ever pasted into code, and
//! answers with a text. Elements are made by their namespace, so that they are HTML's in a page of XML too. They know pages; how a browser runs them is the engine's module.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use url::Url;

use crate::observe::Page;
use crate::plan::{Element, EventSource, Fetch, Form, Shared, Xhr};
use crate::rules::reason::Reason;

/// `fetch()`, its body read. Answers `{body}`, `{error}`, or that the answer is `{opaque}`: its body is always empty.
pub(super) const FETCH: &str = "async json => {
    const { url, ...init } = JSON.parse(json);
    try {
        const response = await fetch(url, init);
        if (response.type.startsWith('opaque')) return JSON.stringify({ opaque: true });
        return JSON.stringify({ body: await response.text() });
    } catch (error) {
        return JSON.stringify({ error: String(error) });
    }
}";

/// `XMLHttpRequest`. Answers `{body}` or `{error}`.
pub(super) const XHR: &str = "json => new Promise(done => {
    const { url, method, withCredentials, headers, body } = JSON.parse(json);
    const request = new XMLHttpRequest();
    const end = answer => done(JSON.stringify(answer));
    request.onload = () => end({ body: request.responseText });
    for (const kind of ['error', 'abort', 'timeout'])
        request.addEventListener(kind, () => end({ error: `XMLHttpRequest: ${kind}` }));
    try {
        request.open(method, url);
        request.withCredentials = withCredentials;
        for (const [name, value] of headers) request.setRequestHeader(name, value);
        request.send(body);
    } catch (error) {
        end({ error: String(error) });
    }
})";

/// An image, added to the page. Answers the name of the event that ended it.
pub(super) const IMAGE: &str = "json => new Promise(done => {
    const image = document.createElementNS('http://www.w3.org/1999/xhtml', 'img');
    image.onload = image.onerror = event => done(event.type);
    image.src = JSON.parse(json).url;
    (document.body ?? document.documentElement).append(image);
})";

/// A script, added to the page. Answers the name of the event that ended it.
pub(super) const SCRIPT: &str = "json => new Promise(done => {
    const script = document.createElementNS('http://www.w3.org/1999/xhtml', 'script');
    script.onload = script.onerror = event => done(event.type);
    script.src = JSON.parse(json).url;
    (document.body ?? document.documentElement).append(script);
})";

/// An image or a script that is asked for by CORS. Answers the name of the event that ended it.
pub(super) const SHARED: &str = "json => new Promise(done => {
    const { url, tag, module, mode } = JSON.parse(json);
    const element = document.createElementNS('http://www.w3.org/1999/xhtml', tag);
    element.onload = element.onerror = event => done(event.type);
    if (module) element.type = 'module';
    if (mode !== null) element.crossOrigin = mode;
    element.src = url;
    (document.body ?? document.documentElement).append(element);
})";

/// A stream of server-sent events, closed once it is open or fails. Answers the name of the event that ended it.
pub(super) const EVENT_SOURCE: &str = "json => new Promise(done => {
    const { url, withCredentials } = JSON.parse(json);
    const source = new EventSource(url, { withCredentials });
    source.onopen = source.onerror = event => {
        source.close();
        done(event.type);
    };
})";

/// A beacon without data. Whether it was answered, no page is told.
pub(super) const BEACON: &str = "json => {
    const { url } = JSON.parse(json);
    if (!navigator.sendBeacon(url)) throw new Error('the browser took no beacon');
}";

/// A WebSocket, closed once it is open. Answers the name of the event that ended it.
pub(super) const SOCKET: &str = "json => new Promise(done => {
    const socket = new WebSocket(JSON.parse(json).url.replace(/^http/, 'ws'));
    socket.onopen = () => socket.close();
    socket.onclose = event => done(event.type);
    socket.onerror = event => done(event.type);
})";

/// A window, opened. It is waited for and closed by the protocol.
pub(super) const POPUP: &str = "json => {
    if (!window.open(JSON.parse(json).url)) throw new Error('the browser opened no window');
}";

/// A frame, added to the page. It is not waited for here: a frame whose answer has no content, or that
/// was refused as mixed content, never fires an event.
pub(super) const FRAME: &str = "json => {
    const { url, sandbox } = JSON.parse(json);
    const frame = document.createElementNS('http://www.w3.org/1999/xhtml', 'iframe');
    if (sandbox !== null) frame.setAttribute('sandbox', sandbox);
    frame.src = url;
    (document.body ?? document.documentElement).append(frame);
}";

/// A link, clicked.
pub(super) const LINK: &str = "json => {
    const link = document.createElementNS('http://www.w3.org/1999/xhtml', 'a');
    link.href = JSON.parse(json).url;
    link.textContent = 'rehearsal';
    (document.body ?? document.documentElement).append(link);
    link.click();
}";

/// A form, submitted. The prototype's method, as a field may be called `submit`.
pub(super) const FORM: &str = "json => {
    const { url, method, fields } = JSON.parse(json);
    const form = document.createElementNS('http://www.w3.org/1999/xhtml', 'form');
    form.method = method;
    form.action = url;
    for (const [name, value] of fields) {
        const input = document.createElementNS('http://www.w3.org/1999/xhtml', 'input');
        input.type = 'hidden';
        input.name = name;
        input.value = value;
        form.append(input);
    }
    (document.body ?? document.documentElement).append(form);
    HTMLFormElement.prototype.submit.call(form);
}";

/// The first element that a selector finds, clicked. Answers why not, where that cannot be.
pub(super) const CLICK: &str = "json => {
    const { selector } = JSON.parse(json);
    const found = document.querySelector(selector);
    if (!found) return `nothing on the page is ${selector}`;
    found.scrollIntoView({ block: 'center' });
    found.focus?.();
    found.click();
    return '';
}";

/// Fields, filled as if typed. Answers why not, where that cannot be. The prototype's setter, as frameworks
/// put one of their own on the element.
pub(super) const FILL: &str = "json => {
    for (const [selector, text] of JSON.parse(json).fields) {
        const found = document.querySelector(selector);
        if (!found) return `nothing on the page is ${selector}`;
        if (!('value' in found)) return `${selector} is no field that can be filled`;
        found.focus();
        Object.getOwnPropertyDescriptor(Object.getPrototypeOf(found), 'value').set.call(found, text);
        if (found.value !== text) return `${selector} does not take this text`;
        for (const kind of ['input', 'change']) found.dispatchEvent(new Event(kind, { bubbles: true }));
    }
    return '';
}";

/// `document.requestStorageAccess()`. Answers `granted` or `denied`.
pub(super) const STORAGE_ACCESS: &str = "async () => {
    try {
        await document.requestStorageAccess();
        return 'granted';
    } catch {
        return 'denied';
    }
}";

/// Some turns of the page's timers: what it did at once, and what follows from that, has begun by then.
pub(super) const TURNS: &str = "() => new Promise(done => {
    let left = 4;
    const turn = () => left-- ? setTimeout(turn) : done();
    turn();
})";

/// `document.cookie`, written if there is something to write, then read.
pub(super) const COOKIE: &str = "json => {
    const { write } = JSON.parse(json);
    try {
        if (write !== null) document.cookie = write;
        return JSON.stringify({ cookie: document.cookie });
    } catch (error) {
        return JSON.stringify({ error: String(error) });
    }
}";

/// The functions that a user's script may be: one that gives the value of an expression, else one whose body it is.
/// Each answers with JSON that [`user_value`] reads.
pub(super) fn user_functions(script: &str) -> [String; 2] {
    let expression = script.trim().trim_end_matches(';');
    [format!("return (\n{expression}\n)"), script.to_owned()].map(|body| {
        format!(
            "async () => {{
    const value = await (async () => {{\n{body}\n}})();
    const isWord = typeof value === 'bigint' || (typeof value === 'number' && !isFinite(value));
    return JSON.stringify({{
        body: typeof value === 'string' ? value : isWord ? String(value) : JSON.stringify(value),
    }});
}}"
        )
    })
}

/// The value of a user's script, in what one of [`user_functions`] answered: a text as it is, anything else as JSON,
/// and nothing where there is no value.
pub(super) fn user_value(answer: &str) -> Option<String> {
    text(&mut serde_json::from_str(answer).unwrap_or_default(), "body")
}

/// What [`FETCH`] or [`XHR`] answered.
pub(super) fn requested(answer: Result<String, String>) -> Page {
    match answer.map(|answer| serde_json::from_str::<Value>(&answer).unwrap_or_default()) {
        Ok(mut answer) => {
            if answer["opaque"] == true {
                let cors = BTreeSet::from([Reason::Opaque]);
                return Page { readable: Some(false), cors, ..Page::default() };
            }
            let (body, error) = (text(&mut answer, "body"), text(&mut answer, "error"));
            Page { readable: Some(body.is_some()), body, error, ..Page::default() }
        }
        Err(error) => Page { readable: Some(false), error: Some(error), ..Page::default() },
    }
}

/// What [`COOKIE`] answered.
pub(super) fn cookie_told(answer: Result<String, String>) -> Page {
    match answer.map(|answer| serde_json::from_str::<Value>(&answer).unwrap_or_default()) {
        Ok(mut answer) => {
            let (cookie, error) = (text(&mut answer, "cookie"), text(&mut answer, "error"));
            Page { document_cookie: cookie, error, ..Page::default() }
        }
        Err(error) => Page { error: Some(error), ..Page::default() },
    }
}

/// A text in an answer, taken out of it.
fn text(answer: &mut Value, key: &str) -> Option<String> {
    match answer.get_mut(key).map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

pub(super) fn fetch_argument(fetch: &Fetch) -> Value {
    let mut argument = json!({
        "url": fetch.url.as_str(),
        "method": fetch.method,
        "credentials": fetch.credentials.word(),
        "headers": fetch.headers,
        "mode": fetch.options.mode.word(),
        "redirect": fetch.options.redirect.word(),
        "cache": fetch.options.cache.word(),
        "keepalive": fetch.options.keepalive,
    });
    if let Some(body) = &fetch.body {
        argument["body"] = json!(body);
    }
    argument
}

pub(super) fn shared_argument(shared: &Shared) -> Value {
    let module = shared.element == Element::Module;
    let mode = match shared.with_credentials {
        true => Some("use-credentials"),
        false => Some("anonymous").filter(|_| !module),
    };
    json!({
        "url": shared.url.as_str(),
        "tag": if shared.element == Element::Image { "img" } else { "script" },
        "module": module,
        "mode": mode,
    })
}

pub(super) fn frame_argument(url: &Url, sandbox: Option<&str>) -> Value {
    json!({ "url": url.as_str(), "sandbox": sandbox })
}

pub(super) fn event_source_argument(source: &EventSource) -> Value {
    json!({ "url": source.url.as_str(), "withCredentials": source.with_credentials })
}

pub(super) fn xhr_argument(xhr: &Xhr) -> Value {
    json!({
        "url": xhr.url.as_str(),
        "method": xhr.method,
        "withCredentials": xhr.with_credentials,
        "headers": xhr.headers,
        "body": xhr.body,
    })
}

pub(super) fn form_argument(form: &Form) -> Value {
    json!({ "url": form.url.as_str(), "method": form.method, "fields": form.fields })
}

//! What `run --record FILE` keeps: the requests of one run and their answers, as a HAR (version 1.2).
//!
//! `rehearsal new` and `rehearsal explain` read it, and so do the developer tools of browsers. Bodies hold people's data:
//! unless values are asked for, only the shape of JSON stays of an answer's, and nothing of a request's.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::browser_name::Engine;
use crate::import::redact::Values;
use crate::outcome::Run;
use crate::recording::{Exchange, Kind};

/// The exchanges of a run. `keep` says whether bodies stay as they were.
pub fn document(run: &Run, keep: bool) -> Value {
    let started = run.started.format(&Rfc3339).unwrap_or_default();
    let seen = run.steps.iter().filter_map(|step| step.observation.as_ref());
    let entries: Vec<Value> = seen
        .flat_map(|seen| &seen.exchanges)
        .map(|exchange| entry(&Exchange::from(&exchange.wire), &started, keep))
        .collect();
    let browser = match run.browser.engine {
        Engine::Chromium => "Chromium",
        Engine::Firefox => "Firefox",
        Engine::Webkit => "WebKit",
    };
    json!({ "log": {
        "version": "1.2",
        "creator": { "name": "rehearsal", "version": env!("CARGO_PKG_VERSION") },
        "browser": { "name": browser, "version": run.browser_version },
        "pages": [{ "startedDateTime": started, "id": "page_1", "title": run.plan.title, "pageTimings": {} }],
        "entries": entries,
    } })
}

fn entry(exchange: &Exchange, started: &str, keep: bool) -> Value {
    let values = Values::new(keep);
    let text = exchange.text.as_deref().and_then(|text| match serde_json::from_str::<Value>(text) {
        _ if keep => Some(text.to_owned()),
        Ok(json) => Some(values.json(&json).to_string()),
        Err(_) => None,
    });
    let posted = exchange.body.as_deref().filter(|_| keep);
    let mime = exchange.answer("content-type").unwrap_or_default();
    let lines = exchange.set_cookie.iter().map(|line| ("set-cookie".to_owned(), line.clone()));
    let answer: Vec<(String, String)> = exchange.answer.iter().cloned().chain(lines).collect();
    let mut entry = json!({
        "pageref": "page_1",
        "startedDateTime": started,
        "time": 0,
        "request": {
            "method": exchange.method,
            "url": exchange.url.as_str(),
            "httpVersion": "HTTP/1.1",
            "headers": fields(&exchange.headers),
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": -1,
        },
        "response": {
            "status": exchange.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "headers": fields(&answer),
            "cookies": [],
            "content": { "size": -1, "mimeType": mime, "text": text },
            "redirectURL": exchange.answer("location").unwrap_or_default(),
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": { "send": 0, "wait": 0, "receive": 0 },
        "_resourceType": resource(exchange.kind),
    });
    if let Some(posted) = posted {
        let mime = exchange.header("content-type").unwrap_or_default();
        entry["request"]["postData"] = json!({ "mimeType": mime, "text": posted });
    }
    entry
}

fn fields(fields: &[(String, String)]) -> Vec<Value> {
    fields.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// The word that Chrome's developer tools have for it.
fn resource(kind: Kind) -> &'static str {
    match kind {
        Kind::Document | Kind::Frame => "document",
        Kind::Call => "fetch",
        Kind::Beacon => "ping",
        Kind::WebSocket => "websocket",
        Kind::Preflight => "preflight",
        Kind::Script => "script",
        Kind::Asset => "other",
    }
}

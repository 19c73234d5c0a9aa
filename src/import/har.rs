//! HAR 1.2 in the dialects of Chrome, Firefox, Safari and Playwright.
//!
//! The format says little of what matters here: who asked, and how. Chrome says it in `_resourceType`, the others only
//! in the request's own `Sec-Fetch-*` fields. Safari folds several Set-Cookie fields into one, and older Chromes put a
//! line feed between them. Whatever the bytes, the outcome is a recording or a message.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;
use url::Url;

use super::{Exchange, Kind, Recording};
use crate::browser_name::Engine;

/// The most that is read of a recording, packed or not.
const LARGEST: u64 = 256 * 1024 * 1024;

/// What a text is that cannot be read, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Reads a recording; gzip is unpacked. `path` is how messages name it.
///
/// # Errors
/// Where it is no HAR.
pub fn read(path: &str, bytes: &[u8]) -> Result<Recording, Unreadable> {
    let wrong = |message: String, help: &str| Err(Unreadable { message, help: help.to_owned() });
    let export = "save one from the Network panel of a browser's developer tools: \"Save all as HAR\"";
    let mut unpacked = Vec::new();
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        if let Err(error) = GzDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut unpacked) {
            return wrong(format!("{path} is packed, and cannot be unpacked: {error}"), export);
        }
        &unpacked
    } else {
        bytes
    };
    if bytes.len() as u64 > LARGEST {
        return wrong(format!("{path} has more than {LARGEST} bytes"), "record the login alone");
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let document: Value = match serde_json::from_slice(bytes) {
        Ok(document) => document,
        Err(error) => return wrong(format!("{path} is not a HAR: it is not JSON ({error})"), export),
    };
    let Some(entries) = document.pointer("/log/entries").and_then(Value::as_array) else {
        return wrong(format!("{path} is JSON, and not a HAR: it has no `log.entries`"), export);
    };
    let named = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (creator, browser) = (named("/log/creator/name"), named("/log/browser/name"));
    let engine = engine(creator, browser);
    let mut entries: Vec<&Value> = entries.iter().collect();
    entries.sort_by_key(|entry| text(entry, "/startedDateTime"));
    let mut recording = Recording { engine, ..Recording::default() };
    let mut strange = 0;
    for entry in entries {
        match exchange(entry, engine) {
            Some(exchange) => recording.exchanges.push(exchange),
            None => strange += 1,
        }
    }
    if strange > 0 {
        let (what, are) = if strange == 1 { ("entry", "is") } else { ("entries", "are") };
        recording.notes.push(format!("{strange} {what} {are} not of http and left out"));
    }
    if recording.exchanges.is_empty() {
        return wrong(
            format!("{path} holds no request"),
            "open the Network panel first, then reload the page and log in",
        );
    }
    let has_cookie = |entry: &Exchange| entry.header("cookie").is_some() || !entry.set_cookie.is_empty();
    // Chrome's default since version 130: "Save all as HAR (sanitized)".
    recording.is_sanitized = creator == "WebInspector" && !recording.exchanges.iter().any(has_cookie);
    Ok(recording)
}

/// The engine that recorded it.
fn engine(creator: &str, browser: &str) -> Option<Engine> {
    let name = if creator == "Playwright" || creator.is_empty() { browser } else { creator };
    match name.to_ascii_lowercase().as_str() {
        "webinspector" | "chrome" | "chromium" | "msedge" => Some(Engine::Chromium),
        "firefox" => Some(Engine::Firefox),
        "webkit web inspector" | "webkit" | "safari" => Some(Engine::Webkit),
        _ => None,
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn exchange(entry: &Value, engine: Option<Engine>) -> Option<Exchange> {
    let url = Url::parse(text(entry, "/request/url"))
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let method = text(entry, "/request/method").to_ascii_uppercase();
    let headers = fields(entry.pointer("/request/headers"));
    let (cookies, answer): (Vec<_>, Vec<_>) = fields(entry.pointer("/response/headers"))
        .into_iter()
        .partition(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let lines =
        cookies.iter().flat_map(|(_, value)| value.split('\n')).filter(|line| !line.trim().is_empty());
    let set_cookie = match engine {
        Some(Engine::Webkit) => lines.flat_map(unfolded).collect(),
        _ => lines.map(str::to_owned).collect(),
    };
    let status = entry.pointer("/response/status").and_then(Value::as_i64).unwrap_or_default();
    let encoded = !text(entry, "/response/content/encoding").is_empty();
    let body = entry.pointer("/request/postData").map(posted).filter(|body| !body.is_empty());
    let mut exchange = Exchange {
        method,
        url,
        kind: Kind::Asset,
        headers,
        body,
        status: u16::try_from(status).unwrap_or_default(),
        answer,
        set_cookie,
        text: Some(text(entry, "/response/content/text").to_owned())
            .filter(|text| !encoded && !text.is_empty()),
    };
    exchange.kind = kind(&exchange, text(entry, "/_resourceType"), text(entry, "/response/content/mimeType"));
    Some(exchange)
}

/// Name and value of each field. HTTP/2's own, `:path` and the like, are none.
fn fields(fields: Option<&Value>) -> Vec<(String, String)> {
    let fields = fields.and_then(Value::as_array).into_iter().flatten();
    let pairs = fields.map(|field| (text(field, "/name").to_owned(), text(field, "/value").to_owned()));
    pairs.filter(|(name, _)| !name.is_empty() && !name.starts_with(':')).collect()
}

/// The body of a request: its text, or its parameters put together as a form sends them.
fn posted(data: &Value) -> String {
    let body = text(data, "/text");
    if !body.is_empty() {
        return body.to_owned();
    }
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for parameter in data.pointer("/params").and_then(Value::as_array).into_iter().flatten() {
        form.append_pair(text(parameter, "/name"), text(parameter, "/value"));
    }
    form.finish()
}

/// The lines of a field in which several were folded into one: a comma begins another only where a name and `=`
/// follow before any `;`, which the comma of a date never has behind it.
fn unfolded(line: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in line.split(", ") {
        let name = piece.split(';').next().unwrap_or_default().split('=').next().unwrap_or_default();
        let begins = piece.split(';').next().unwrap_or_default().contains('=')
            && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte));
        match lines.last_mut() {
            Some(last) if !begins => *last = format!("{last}, {piece}"),
            _ => lines.push(piece.to_owned()),
        }
    }
    lines
}

fn kind(exchange: &Exchange, resource: &str, mime: &str) -> Kind {
    let asks = |name: &str| exchange.header(name).unwrap_or_default().to_ascii_lowercase();
    if exchange.method == "OPTIONS" && exchange.header("access-control-request-method").is_some() {
        return Kind::Preflight;
    }
    match asks("sec-fetch-dest").as_str() {
        "document" => return Kind::Document,
        "iframe" | "frame" => return Kind::Frame,
        "empty" => return Kind::Call,
        "" => {}
        _ => return Kind::Asset,
    }
    match resource.to_ascii_lowercase().as_str() {
        "document" => return Kind::Document,
        "xhr" | "fetch" => return Kind::Call,
        "preflight" => return Kind::Preflight,
        "" | "other" => {}
        _ => return Kind::Asset,
    }
    // What a browser says of itself where it says nothing of the kind.
    let is_call = exchange.header("origin").is_some() && !asks("accept").contains("text/html")
        || exchange.header("x-requested-with").is_some()
        || asks("accept").contains("json")
        || asks("content-type").contains("json")
        || mime.contains("json");
    match () {
        () if asks("accept").contains("text/html") => Kind::Document,
        () if is_call => Kind::Call,
        () if mime.starts_with("text/html") || !matches!(exchange.method.as_str(), "GET" | "HEAD") => {
            Kind::Document
        }
        () => Kind::Asset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_folded_into_one_field_are_taken_apart_and_dates_are_not() {
        let folded = "a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Path=/, b=2; Secure";
        assert_eq!(unfolded(folded), ["a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Path=/", "b=2; Secure"]);
        assert_eq!(unfolded("a=x, y; Path=/"), ["a=x, y; Path=/"]);
    }

    #[test]
    fn what_is_no_har_is_said_to_be_none() {
        for (bytes, said) in [
            (&b"title = 1"[..], "not JSON"),
            (b"{}", "no `log.entries`"),
            (b"{\"log\": {\"entries\": []}}", "holds no request"),
            (b"\x1f\x8bnot gzip", "cannot be unpacked"),
        ] {
            let wrong = read("x.har", bytes).expect_err("it is no HAR");
            assert!(wrong.message.contains(said), "{}", wrong.message);
        }
    }
}

//! HAR 1.2 in the dialects of Chrome, Firefox, Safari and Playwright.
//!
//! The format says little of what matters here: who asked, and how. Chrome says it in `_resourceType`, the others only
//! in the request's own `Sec-Fetch-*` fields. Safari folds several Set-Cookie fields into one, and Chrome puts a line
//! feed between them. Whatever the bytes, the outcome is a recording or a message.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;
use url::Url;

use super::{Came, Exchange, Kind, LARGEST, Recording, Unreadable, engine_of_user_agent, kind_of};
use crate::browser_name::Engine;
use crate::cookie_line;
use crate::text::listed;

/// How a recording with cookies is saved in Chrome, whose "Save all as HAR" leaves them out since version 130.
pub const WITH_COOKIES: &str = "Chrome leaves cookies out of a HAR unless told otherwise: in DevTools' settings, \
                                Preferences, Network, tick \"Allow to generate HAR with sensitive data\", then hold the \
                                export button of the Network panel and choose \"Export HAR (with sensitive data)\"";

/// Where a recording comes from.
const EXPORT: &str = "save one from the Network panel of a browser's developer tools: \"Save all as HAR\"";

/// Reads a recording; gzip is unpacked. `path` is how messages name it.
///
/// # Errors
/// Where it is no HAR.
pub fn read(path: &str, bytes: &[u8]) -> Result<Recording, Unreadable> {
    let wrong = |message: String, help: &str| Err(Unreadable::new(message, help));
    let mut unpacked = Vec::new();
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        if let Err(error) = GzDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut unpacked) {
            return wrong(format!("{path} is packed, and cannot be unpacked: {error}"), EXPORT);
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
        Err(error) => {
            let is_json = bytes.trim_ascii_start().starts_with(b"{");
            return match is_json {
                true if error.is_eof() => wrong(
                    format!("{path} is cut off: its JSON ends too early ({error})"),
                    "save or copy it again, and wait until it is whole",
                ),
                true => wrong(format!("{path} is not JSON all through ({error})"), EXPORT),
                false => wrong(
                    format!("{path} is neither a HAR nor a curl command: it is not JSON ({error})"),
                    EXPORT,
                ),
            };
        }
    };
    let Some(entries) = document.pointer("/log/entries").and_then(Value::as_array) else {
        let cookies = document.get("cookies").unwrap_or(&document).pointer("/0/domain");
        return match cookies {
            Some(_) => wrong(
                format!("{path} is a list of stored cookies: which answers set them, it does not say"),
                "save the requests instead: in the Network panel, \"Save all as HAR\"",
            ),
            None => wrong(format!("{path} is JSON, and not a HAR: it has no `log.entries`"), EXPORT),
        };
    };
    let (creator, browser) = (text(&document, "/log/creator/name"), text(&document, "/log/browser/name"));
    let mut entries: Vec<&Value> = entries.iter().collect();
    entries.sort_by_key(|entry| text(entry, "/startedDateTime"));
    let mut recording = Recording { engine: engine(creator, browser), ..Recording::default() };
    let (mut strange, mut failures) = (0, Vec::new());
    for entry in entries {
        match exchange(entry, recording.engine) {
            Some(exchange) => {
                recording.exchanges.push(exchange);
                failures
                    .push(["/response/_error", "/response/_failureText"].map(|at| text(entry, at)).concat());
            }
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
    recording.notes.extend(unanswered(&recording.exchanges, &failures));
    let agents = || recording.exchanges.iter().filter_map(|exchange| exchange.header("user-agent"));
    recording.engine = recording.engine.or_else(|| agents().find_map(engine_of_user_agent));
    let has_cookie = |entry: &Exchange| entry.header("cookie").is_some() || !entry.set_cookie.is_empty();
    recording.is_sanitized = creator == "WebInspector" && !recording.exchanges.iter().any(has_cookie);
    if recording.is_sanitized {
        recording.notes.push(format!("no request and no answer in it has a cookie. {WITH_COOKIES}"));
    }
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

/// What is told of calls that got no answer: the first three. Why, a HAR does not hold, but for a word of the browser's.
fn unanswered(exchanges: &[Exchange], failures: &[String]) -> Option<String> {
    let calls = exchanges.iter().zip(failures);
    let calls = calls.filter(|(exchange, _)| exchange.kind == Kind::Call && exchange.came == Came::Nothing);
    let told: Vec<String> = calls
        .map(|(exchange, failure)| {
            let mut url = exchange.plain_url();
            url.set_query(None);
            let failure = if failure.is_empty() { String::new() } else { format!(" ({failure})") };
            format!("{} {url}{failure}", exchange.method)
        })
        .take(3)
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "no answer is recorded to {}: the browser kept it from the page, or none came. `curl -i` with the page's \
             `Origin` shows what the server answers",
            listed(told)
        )
    })
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn exchange(entry: &Value, engine: Option<Engine>) -> Option<Exchange> {
    let url = handshake(text(entry, "/request/url"));
    let is_socket = text(entry, "/request/url").starts_with("ws");
    let url = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let method = text(entry, "/request/method").to_ascii_uppercase();
    let mut headers = fields(entry.pointer("/request/headers"));
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("cookie"))
        && let Some(cookie) = cookie_header(entry.pointer("/request/cookies"))
    {
        headers.push(("cookie".to_owned(), cookie));
    }
    let (cookies, answer): (Vec<_>, Vec<_>) = fields(entry.pointer("/response/headers"))
        .into_iter()
        .partition(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let lines =
        cookies.iter().flat_map(|(_, value)| value.split('\n')).filter(|line| !line.trim().is_empty());
    let mut set_cookie: Vec<String> = match engine {
        Some(Engine::Webkit) => lines.flat_map(cookie_line::unfolded).collect(),
        _ => lines.map(str::to_owned).collect(),
    };
    if set_cookie.is_empty() {
        let cookies = entry.pointer("/response/cookies").and_then(Value::as_array);
        set_cookie.extend(cookies.into_iter().flatten().filter_map(line));
    }
    let status = entry.pointer("/response/status");
    let status = status.and_then(|status| status.as_i64().or_else(|| status.as_str()?.trim().parse().ok()));
    let status = status.unwrap_or_default();
    let status = u16::try_from(status).unwrap_or_default();
    let encoded = !text(entry, "/response/content/encoding").is_empty();
    let body = entry.pointer("/request/postData").map(posted).filter(|body| !body.is_empty());
    let came = match () {
        () if status == 0 => Came::Nothing,
        () if !text(entry, "/_fromCache").is_empty() => Came::Cached,
        () => Came::Answered,
    };
    let mut exchange = Exchange {
        method,
        url,
        kind: Kind::WebSocket,
        headers,
        body,
        came,
        status,
        answer,
        set_cookie,
        text: Some(text(entry, "/response/content/text").to_owned())
            .filter(|text| !encoded && !text.is_empty()),
    };
    if !is_socket {
        let resource = text(entry, "/_resourceType").to_ascii_lowercase();
        exchange.kind = kind_of(&exchange, &resource, text(entry, "/response/content/mimeType"));
    }
    Some(exchange)
}

/// The URL of a WebSocket's handshake is that of a request: RFC 6455, section 4.1.
fn handshake(url: &str) -> String {
    match url.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        _ => url.to_owned(),
    }
}

/// Name and value of each field. HTTP/2's own, `:path` and the like, are none.
fn fields(fields: Option<&Value>) -> Vec<(String, String)> {
    let fields = fields.and_then(Value::as_array).into_iter().flatten();
    let pairs = fields.map(|field| (text(field, "/name").to_owned(), text(field, "/value").to_owned()));
    pairs.filter(|(name, _)| !name.is_empty() && !name.starts_with(':')).collect()
}

/// The header that a list of cookies is, where the fields have none.
fn cookie_header(cookies: Option<&Value>) -> Option<String> {
    let cookies = cookies.and_then(Value::as_array)?.iter();
    let pairs: Vec<String> =
        cookies.map(|cookie| format!("{}={}", text(cookie, "/name"), text(cookie, "/value"))).collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}

/// The line of a cookie that an answer sets, where the fields have none.
fn line(cookie: &Value) -> Option<String> {
    let name = text(cookie, "/name");
    if name.is_empty() {
        return None;
    }
    let mut line = format!("{name}={}", text(cookie, "/value"));
    for (pointer, attribute) in [("/path", "Path"), ("/domain", "Domain"), ("/sameSite", "SameSite")] {
        match text(cookie, pointer) {
            "" => {}
            value => line.push_str(&format!("; {attribute}={value}")),
        }
    }
    for (pointer, attribute) in [("/httpOnly", "HttpOnly"), ("/secure", "Secure")] {
        if cookie.pointer(pointer).and_then(Value::as_bool) == Some(true) {
            line.push_str(&format!("; {attribute}"));
        }
    }
    Some(line)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_har_is_said_to_be_none() {
        for (bytes, said) in [
            (&b"title = 1"[..], "not JSON"),
            (b"{}", "no `log.entries`"),
            (b"{\"log\": {\"entries\": [", "cut off"),
            (b"{}{}", "not JSON all through"),
            (b"[{\"domain\": \"a.example\", \"name\": \"sid\"}]", "a list of stored cookies"),
            (b"{\"cookies\": [{\"domain\": \"a.example\"}], \"origins\": []}", "a list of stored cookies"),
            (b"{\"log\": {\"entries\": []}}", "holds no request"),
            (b"\x1f\x8bnot gzip", "cannot be unpacked"),
        ] {
            let wrong = read("x.har", bytes).expect_err("it is no HAR");
            assert!(wrong.message.contains(said), "{}", wrong.message);
        }
    }

    #[test]
    fn cookies_stand_in_fields_or_in_lists_of_their_own() {
        let entry = serde_json::json!({
            "request": {"method": "GET", "url": "https://a.example/", "headers": [],
                "cookies": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]},
            "response": {"status": 200, "headers": [], "content": {},
                "cookies": [{"name": "sid", "value": "1", "path": "/", "httpOnly": true, "sameSite": "Lax"}]},
        });
        let exchange = exchange(&entry, None).expect("an exchange");
        assert_eq!(exchange.sent(), ["a", "b"]);
        assert_eq!(exchange.set_cookie, ["sid=1; Path=/; SameSite=Lax; HttpOnly"]);
    }
}

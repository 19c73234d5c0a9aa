//! Servers' answers as routes, pages and scripts and all: for a world that plays them without the servers.
//!
//! Where [`build`](super::build) makes a small scenario of what a recording shows of cookies, and leaves out everything
//! else, here a person has acted in pages, and will be followed step by step: so the pages have to be there. Bodies stay as
//! they were, and values of cookies do not. What an answer hangs on besides the method, the path and one cookie cannot be
//! told; what cannot be kept is said.

use std::fmt::Write as _;
use std::io::Read as _;

use serde_json::Value;
use url::Url;

use super::redact::Values;
use super::{Came, Exchange, Kind, write};
use crate::recording::apart;
use crate::text::{counted, listed};
use crate::world::wire;

/// The most that a packed body may be, unpacked, in bytes.
const LARGEST: u64 = 256 << 10;

/// The fields of an answer that pages and cookies hang on, beside those that allow other origins something.
const FIELDS: [&str; 13] = [
    "cache-control",
    "clear-site-data",
    "content-disposition",
    "content-security-policy",
    "content-type",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "referrer-policy",
    "vary",
    "www-authenticate",
    "x-content-type-options",
    "x-frame-options",
];

/// A variable that stands for one brace: two of them would begin the name of a variable.
const BRACE: &str = "brace";

/// A world that plays what crossed a wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frozen {
    /// It as TOML: the origins with their routes, without a title or steps.
    pub world: String,
    /// What is not as it was, in sentences.
    pub notes: Vec<String>,
}

/// Freezes what crossed the wire of a world with these origins, by their names and URLs.
pub fn world(origins: &[(&str, &Url)], seen: &[wire::Exchange]) -> Frozen {
    let mut frozen = Frozen::default();
    let exchanges: Vec<Exchange> = seen.iter().map(exchange).collect();
    let mut tables = String::new();
    for (name, url) in origins {
        let origin = url.origin();
        _ = write!(
            tables,
            "\n[origins.{}]\nurl = {}\n",
            write::key(name),
            write::string(&origin.ascii_serialization())
        );
        let all: Vec<(usize, &Exchange)> = exchanges
            .iter()
            .enumerate()
            .filter(|(_, exchange)| exchange.url.origin() == origin && exchange.came == Came::Answered)
            .collect();
        let mut keys: Vec<(&str, &str)> = Vec::new();
        for (_, exchange) in &all {
            let key = (exchange.method.as_str(), exchange.url.path());
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        for (method, path) in keys {
            let is_it = |(_, exchange): &&(usize, &Exchange)| {
                exchange.method == method && exchange.url.path() == path
            };
            let same: Vec<(usize, &Exchange)> = all.iter().filter(is_it).copied().collect();
            let at = write::string(&format!("{method} {path}"));
            let route = frozen.route(&same, origins);
            _ = write!(tables, "\n[[origins.{}.routes]]\nat = {at}\n{route}", write::key(name));
        }
    }
    let missing: Vec<String> =
        exchanges.iter().filter(|exchange| has_lost_its_body(exchange)).map(place).collect();
    if !missing.is_empty() {
        frozen.notes.push(format!(
            "The bodies of {} are left out: they are no text, or too large.",
            listed(&missing)
        ));
    }
    if tables.contains(&format!("{{{{{BRACE}}}}}")) {
        frozen.world = format!("variables.{BRACE} = \"{{\"\n");
    }
    frozen.world.push_str(&tables);
    frozen
}

impl Frozen {
    /// What a route answers, from all answers to what it is asked.
    fn route(&mut self, same: &[(usize, &Exchange)], origins: &[(&str, &Url)]) -> String {
        if let Some((name, without, with)) = apart::told_apart(same) {
            let lines: Vec<String> = answer(without, origins);
            return format!(
                "# The cookie makes the difference: it was sent with one of the answers.\nrequire_cookie = {{ name = {}, else = {{ {} }} }}\n{}\n",
                write::string(&name),
                lines.join(", "),
                answer(with, origins).join("\n")
            );
        }
        let last = same.iter().rev().find(|(_, exchange)| !has_lost_its_body(exchange)).or(same.last());
        let Some(last) = last else { return String::new() };
        let differs =
            |one: &Exchange| apart::signature(one) != apart::signature(last.1) || one.text != last.1.text;
        if same.iter().any(|(_, one)| differs(one)) {
            self.notes.push(format!(
                "{} was answered in {}, and only the last of them is here.",
                place(last.1),
                counted(same.len(), "way")
            ));
        }
        answer(last.1, origins).join("\n") + "\n"
    }
}

/// An exchange with its body unpacked.
fn exchange(seen: &wire::Exchange) -> Exchange {
    let mut exchange = Exchange::from(seen);
    let body = &seen.bodies.response;
    let packed = seen.response_header("content-encoding").map(<[u8]>::to_ascii_lowercase);
    if packed.as_deref() == Some(b"gzip") && body.is_whole() {
        let mut text = String::new();
        let read =
            flate2::read::GzDecoder::new(body.bytes.as_slice()).take(LARGEST).read_to_string(&mut text);
        exchange.text = read.is_ok().then_some(text);
    } else if packed.is_some() {
        exchange.text = None;
    }
    exchange
}

/// Whether an answer had a body that is not here.
fn has_lost_its_body(exchange: &Exchange) -> bool {
    let has_none = matches!(exchange.status, 101 | 204 | 205 | 304) || exchange.redirect().is_some();
    let is_empty = exchange.answer("content-length").is_some_and(|length| length.trim() == "0");
    exchange.text.is_none()
        && !has_none
        && !is_empty
        && exchange.method != "HEAD"
        && exchange.kind != Kind::Preflight
}

fn place(exchange: &Exchange) -> String {
    format!("{} {}", exchange.method, &exchange.url[..url::Position::AfterPath])
}

/// What an answer says, as the members of a route.
fn answer(exchange: &Exchange, origins: &[(&str, &Url)]) -> Vec<String> {
    let mut lines = Vec::new();
    let is_socket = exchange.kind == Kind::WebSocket && exchange.status == 101;
    let redirect = exchange.redirect();
    let usual = match () {
        () if is_socket => 101,
        () if redirect.is_some() => 302,
        () => 200,
    };
    if exchange.answered() != usual {
        lines.push(format!("status = {}", exchange.answered()));
    }
    let is_kept = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.starts_with("access-control-") || FIELDS.contains(&name.as_str())
    };
    let fields = exchange.answer.iter().filter(|(name, _)| is_kept(name));
    let fields: Vec<(String, String)> =
        fields.map(|(name, value)| (name.clone(), write::string(&braced(value)))).collect();
    if !fields.is_empty() && !is_socket {
        lines.push(format!("headers = {}", write::table(&fields)));
    }
    let values = Values::new(false);
    let set: Vec<String> = exchange.set_cookie.iter().map(|line| braced(&values.line(line))).collect();
    if !set.is_empty() {
        lines.push(format!("set_cookie = {}", write::list(&set)));
    }
    match (&redirect, exchange.text.as_deref().filter(|text| !text.is_empty())) {
        _ if is_socket => lines.push("websocket = true".to_owned()),
        (Some(to), _) => lines.push(format!("redirect = {}", write::string(&address(to, origins)))),
        (None, Some(text)) => {
            let is_html = exchange.answer("content-type").is_some_and(|kind| kind.starts_with("text/html"));
            lines.push(match json(exchange, text) {
                Some(json) => format!("json = {json}"),
                None if is_html => format!("html = {}", write::string(&braced(text))),
                None => format!("text = {}", write::string(&braced(text))),
            });
        }
        (None, None) => {}
    }
    lines
}

/// A body as a person would write it, where it is an object of JSON that TOML can hold as it is.
fn json(exchange: &Exchange, text: &str) -> Option<String> {
    let is_json = exchange.answer("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    let value: Value = serde_json::from_str(text).ok().filter(|_| is_json && !text.contains("{{"))?;
    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(items) => items.iter().any(has_null),
            Value::Object(members) => members.values().any(has_null),
            _ => false,
        }
    }
    (value.is_object() && !has_null(&value)).then(|| write::json(&value)).flatten()
}

/// The text, with nothing in it that would be taken for a variable.
fn braced(text: &str) -> String {
    let mut braced = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        match letter == '{' && text[at + 1..].starts_with('{') {
            true => _ = write!(braced, "{{{{{BRACE}}}}}"),
            false => braced.push(letter),
        }
    }
    braced
}

fn address(to: &Url, origins: &[(&str, &Url)]) -> String {
    match origins.iter().find(|(_, url)| url.origin() == to.origin()) {
        Some((name, _)) => format!("{name}:{}", &to[url::Position::BeforePath..]),
        None => to.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;
    use crate::scenario;

    fn seen(
        line: &str,
        cookie: Option<&str>,
        status: u16,
        fields: &[(&str, &str)],
        body: &str,
    ) -> wire::Exchange {
        let (method, url) = line.split_once(' ').expect("a method and a URL");
        let mut seen = wire::Exchange::unanswered(method, &url.parse().expect("a URL"));
        seen.request_headers.extend(cookie.map(|cookie| ("cookie".to_owned(), cookie.into())));
        seen.status = status;
        seen.response_headers =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        seen.bodies.response.bytes = body.into();
        seen.bodies.response.length = body.len() as u64;
        seen
    }

    #[test]
    fn what_was_answered_is_answered_again() {
        let (web, api) = ("https://app.example.com/", "https://api.example.com/");
        let (web, api): (Url, Url) = (web.parse().expect("a URL"), api.parse().expect("a URL"));
        let page = "<script>const a = {{b: 1}}; // {{name}} {{{\"x\\y'\"}}}\n</script>";
        let html = [("content-type", "text/html"), ("server", "x")];
        let json = [
            ("content-type", "application/json"),
            ("access-control-allow-origin", "https://app.example.com"),
        ];
        let set = [("content-type", "application/json"), ("set-cookie", "sid=secret; Path=/; HttpOnly")];
        let frozen = world(
            &[("web", &web), ("api", &api)],
            &[
                seen("GET https://app.example.com/?q=1", None, 200, &html, page),
                seen("GET https://api.example.com/me", None, 401, &json, r#"{"no":true}"#),
                seen("POST https://api.example.com/login", None, 200, &set, r#"{"ok":null}"#),
                seen("GET https://api.example.com/me", Some("sid=secret"), 200, &json, r#"{"user":"ada"}"#),
                seen(
                    "GET https://api.example.com/out",
                    None,
                    303,
                    &[("location", "https://app.example.com/bye")],
                    "",
                ),
                seen("GET https://app.example.com/count", None, 200, &json, r#"{"n":1}"#),
                seen("GET https://app.example.com/count", None, 200, &json, r#"{"n":2}"#),
            ],
        );
        assert!(!frozen.world.contains("secret") && !frozen.world.contains("server"), "{}", frozen.world);
        assert_eq!(frozen.notes.len(), 1, "{:?}", frozen.notes);
        let text = format!("title = \"x\"\n{}\n[[step]]\nvisit = \"web:/\"\n", frozen.world);
        let (plan, diagnostics) = scenario::parse(Arc::new(Source::new("a.toml", text.as_str())));
        let plan = plan.unwrap_or_else(|| panic!("{diagnostics:?}\n{text}"));
        let shown = format!("{:?}", plan.origins[0].service.routes()[0].body);
        assert_eq!(shown, format!("{:?}", crate::plan::Body::Html(page.to_owned())));
        for part in [
            "require_cookie = { name = \"sid\", else = { status = 401",
            "json = { user = \"ada\" }",
            "text = '{\"ok\":null}'",
            "status = 303\nredirect = \"web:/bye\"",
            "json = { n = 2 }",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

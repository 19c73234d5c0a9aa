//! Each cookie as it crosses the wire of a world that is up: who sets it, in what circumstances, and what the rules of
//! each engine make of it.
//!
//! Whoever asks is anybody: a browser of the user's, curl, a program. So the circumstances are what the request itself
//! says (`Sec-Fetch-*`, `Origin`, `Referer`), and the page that asks is taken for the one in the address bar. What was
//! sent is what crossed the wire; what is stored is what each engine would store, in one jar for all who ask. Names of
//! cookies are told, and never their values.

use std::collections::BTreeMap;

use crate::browser_name::{BrowserName, Engine};
use crate::relation;
use crate::rules::context::{Context, Credentials, Destination};
use crate::rules::cookie_header::cookie_pairs;
use crate::rules::jar::Jar;
use crate::rules::site::{Location, Origin};
use crate::suffixes::Names;
use crate::text::safe;
use crate::world::wire::Exchange;

/// What the rules of every engine make of what crosses the wire, in order.
#[derive(Debug)]
pub struct Live {
    jars: Vec<(BrowserName, Jar)>,
}

/// One cookie that crossed the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Its name.
    pub name: String,
    /// Whether an answer set it; else a request sent it.
    pub is_set: bool,
    /// The request: method, URL without its query, status of the answer.
    pub request: String,
    /// Who asked and how.
    pub context: String,
    /// Engines with the same fate of it, and that fate. Empty where it was sent.
    pub fates: Vec<(Vec<&'static str>, String)>,
}

impl Default for Live {
    fn default() -> Self {
        let shipped = Engine::ALL.into_iter().map(BrowserName::shipped);
        Self { jars: shipped.map(|browser| (browser, Jar::new())).collect() }
    }
}

impl Live {
    /// The cookies of an exchange, those that were sent first. `now` is in seconds since 1970-01-01.
    pub fn take(&mut self, exchange: &Exchange, now: i64) -> Vec<Crossing> {
        let Some(asked) = Asked::of(exchange) else { return Vec::new() };
        let (request, context) = (request(exchange), asked.words());
        let crossing = |name: String, is_set: bool, fates| Crossing {
            name,
            is_set,
            request: request.clone(),
            context: context.clone(),
            fates,
        };
        let sent = exchange.cookie().map(cookie_pairs).unwrap_or_default();
        let mut crossings: Vec<Crossing> =
            sent.into_iter().map(|(name, _)| crossing(name, false, Vec::new())).collect();
        for line in exchange.set_cookie() {
            let mut name = None;
            let mut fates: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
            for (browser, jar) in &mut self.jars {
                let decision = jar.store(&browser.profile(), &Names, &asked.context, line, now);
                let name_of = String::from_utf8_lossy(decision.parsed.name_bytes()).into_owned();
                name.get_or_insert(name_of);
                let reasons: Vec<&str> = decision.reasons().iter().map(|reason| reason.code()).collect();
                let fate = match (decision.is_stored(), decision.is_deletion()) {
                    (true, _) => "stored".to_owned(),
                    (_, true) => "deleted".to_owned(),
                    _ if reasons.is_empty() => "not stored (there is no room)".to_owned(),
                    _ => format!("not stored ({})", reasons.join(", ")),
                };
                fates.entry(fate).or_default().push(browser.engine.as_str());
            }
            let fates = fates.into_iter().map(|(fate, engines)| (engines, fate)).collect();
            crossings.push(crossing(name.unwrap_or_default(), true, fates));
        }
        crossings
    }
}

impl Crossing {
    /// It on one line.
    pub fn line(&self) -> String {
        let word = if self.is_set { "set " } else { "sent" };
        let fates: Vec<String> =
            self.fates.iter().map(|(engines, fate)| format!("{}: {fate}", engines.join(", "))).collect();
        let fates = if fates.is_empty() { String::new() } else { format!("  {}", fates.join("; ")) };
        safe(&format!("{word}  {}  {}  {}{fates}", self.name, self.request, self.context)).into_owned()
    }
}

/// Method, URL and status. A query may hold what is nobody's business.
fn request(exchange: &Exchange) -> String {
    let url = &exchange.url[..url::Position::AfterPath];
    format!("{} {url} {}", exchange.method, exchange.status)
}

/// What a request says of its circumstances.
struct Asked {
    context: Context,
    /// How it was asked for, in a word or two.
    how: &'static str,
    /// The origin that asked, where one says so.
    by: Option<String>,
    relation: Option<&'static str>,
}

impl Asked {
    fn of(exchange: &Exchange) -> Option<Self> {
        let url = Location::parse(exchange.url.as_str())?;
        let header =
            |name: &str| exchange.request_header(name).and_then(|value| std::str::from_utf8(value).ok());
        // `null` is an origin that nobody is told of.
        let asker =
            header("origin").or_else(|| header("referer")).and_then(|text| url::Url::parse(text).ok());
        let origin: Option<Origin> =
            asker.as_ref().and_then(|url| Some(Location::parse(url.as_str())?.origin));
        let documents: Vec<Origin> = origin.clone().into_iter().collect();
        let credentials = Credentials::Include;
        let typed = header("sec-fetch-site") == Some("none");
        let is_handshake = header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
        let (mut context, how) = match (header("sec-fetch-dest"), origin) {
            _ if is_handshake => (Context::web_socket(documents, url), "a WebSocket"),
            (Some("document"), Some(origin)) if !typed => (Context::navigation(origin, url), "a navigation"),
            (Some("document"), _) => (Context::visit(url), "an address that was typed"),
            (Some("iframe" | "frame" | "embed" | "object"), _) => (Context::frame(documents, url), "a frame"),
            (Some("image"), _) => (Context::embed(documents, url, Destination::Image), "an image"),
            (Some("script"), _) => (Context::embed(documents, url, Destination::Script), "a script"),
            (Some("empty"), _) => (Context::fetch(documents, url, credentials), "fetch or XMLHttpRequest"),
            (Some(_), _) => (Context::embed(documents, url, Destination::Image), "a part of the page"),
            // No browser over TLS leaves them out.
            (None, Some(_)) => (Context::fetch(documents, url, credentials), "a call"),
            (None, None) => (Context::visit(url), "a program, or an address that was typed"),
        };
        context.method = exchange.method.clone().into();
        let by = asker.as_ref().filter(|_| !typed).map(|url| url.origin().ascii_serialization());
        let relation = asker.filter(|_| !typed).map(|asker| relation::of(&asker, &exchange.url).as_str());
        Some(Self { context, how, by, relation })
    }

    fn words(&self) -> String {
        match (&self.by, self.relation) {
            (Some(by), Some(relation)) => format!("by {} of {by}, {relation}", self.how),
            _ => format!("by {}", self.how),
        }
    }
}

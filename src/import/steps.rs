//! From requests to steps: who asks for what, in which order, and what was seen of it.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use super::build::{Builder, is_a_strangers};
use super::{Came, Exchange, Kind, routes, write};

/// Fields of a request that browsers write themselves.
const BROWSERS_OWN: [&str; 23] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "dnt",
    "host",
    "if-modified-since",
    "if-none-match",
    "origin",
    "pragma",
    "priority",
    "purpose",
    "referer",
    "te",
    "transfer-encoding",
    "upgrade-insecure-requests",
    "user-agent",
];

/// Where a visitor comes from of whom a recording says only that it is another site.
const ELSEWHERE: &str = "https://elsewhere.example/";

/// A step, with comments above it.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) comments: Vec<String>,
    pub(super) lines: Vec<String>,
    /// The exchanges it is about: its request, and what that was led to.
    chain: Vec<usize>,
}

/// A redirect whose target has not been asked for yet.
struct Awaited {
    to: Url,
    kind: Kind,
    step: usize,
}

/// Where the browser is.
#[derive(Default)]
struct Place {
    /// The page in the tab.
    page: Option<Url>,
    /// Each frame by the URL its step has, and by where it is.
    frames: Vec<(Url, Url)>,
}

impl Builder<'_> {
    /// Tells the recording as steps.
    pub(super) fn tell(&mut self) {
        self.open_before();
        let recording = self.recording;
        let mut place = Place::default();
        let mut awaited: Vec<Awaited> = Vec::new();
        let (mut assets, mut strangers, mut repeated) = (0, BTreeSet::new(), 0);
        let mut done: BTreeSet<String> = BTreeSet::new();
        for (at, exchange) in recording.exchanges.iter().enumerate() {
            let (url, kind) = (exchange.plain_url(), exchange.kind);
            if kind == Kind::Preflight {
                continue;
            }
            if let Some(hop) = awaited.iter().position(|hop| hop.to == url && hop.kind == kind) {
                let hop = awaited.remove(hop);
                self.origin(&url);
                self.steps[hop.step].chain.push(at);
                awaited.extend(exchange.redirect().map(|to| Awaited { to, kind, step: hop.step }));
                place.is_at(kind, &url, true);
                continue;
            }
            if matches!(kind, Kind::Asset | Kind::Script) && exchange.set_cookie.is_empty() {
                assets += 1;
                continue;
            }
            if is_a_strangers(exchange) {
                strangers.insert(url.host_str().unwrap_or_default().to_owned());
                continue;
            }
            let again =
                format!("{kind:?} {} {url} {} {:?}", exchange.method, exchange.status, exchange.sent());
            if kind != Kind::Document && exchange.set_cookie.is_empty() && !done.insert(again) {
                repeated += 1;
                continue;
            }
            let mut step = Step { chain: vec![at], ..Step::default() };
            let inside = self.asks(exchange, &mut place, &mut step);
            step.lines.extend(inside.map(|inside| format!("inside = {inside}")));
            self.steps.push(step);
            awaited.extend(exchange.redirect().map(|to| Awaited { to, kind, step: self.steps.len() - 1 }));
            place.is_at(kind, &url, false);
        }
        self.left_out(assets, &strangers, repeated);
    }

    /// Visits the pages that set what was there before the recording began.
    fn open_before(&mut self) {
        // The first origin is the page's: its name is `web`.
        if let Some(first) = self.recording.exchanges.iter().find(|exchange| exchange.kind == Kind::Document)
        {
            self.origin(&first.url);
        }
        let before = self.cookies.before.clone();
        let mut visited = BTreeSet::new();
        for cookie in before {
            self.origin(&cookie.url);
            if let Ok(page) = cookie.url.join(routes::BEFORE)
                && visited.insert(page.to_string())
            {
                let comment =
                    "Guessed: sets the cookies that were there before the recording began.".to_owned();
                let lines = vec![format!("visit = {}", self.address(&page))];
                self.steps.push(Step { comments: vec![comment], lines, chain: Vec::new() });
            }
        }
    }

    /// The action of a request, and the frame it is done in. Opens the page that asks where none is open.
    fn asks(&mut self, exchange: &Exchange, place: &mut Place, step: &mut Step) -> Option<String> {
        let is_visit = exchange.kind == Kind::Document && exchange.method == "GET";
        if is_visit && exchange.is_typed() {
            self.origin(&exchange.url);
            step.lines.push(format!("visit = {}", self.address(&exchange.url)));
            return None;
        }
        let mut inside = None;
        // A page asks: the one in the tab, one of its frames, or one that the recording does not show.
        let asker = exchange.asker();
        let tab = place.page.as_ref().map(Url::origin);
        let is_tabs = |asker: &Url| tab.as_ref() == Some(&asker.origin());
        match &asker {
            Some(asker) if is_tabs(asker) => {}
            Some(asker) => match place.frames.iter().rev().find(|(_, now)| now.origin() == asker.origin()) {
                Some((asked, _)) => inside = Some(self.address(&asked.clone())),
                None => self.open(asker, place),
            },
            None if place.page.is_some() => {}
            None => {
                let is_strangers = exchange.header("sec-fetch-site") == Some("cross-site");
                let page =
                    if is_strangers { Url::parse(ELSEWHERE).ok() } else { exchange.url.join("/").ok() };
                if let Some(page) = page {
                    self.open(&page, place);
                }
            }
        }
        self.origin(&exchange.url);
        let from = inside.as_ref().and(asker.as_ref()).or(place.page.as_ref()).cloned();
        self.action(exchange, from.as_ref(), step);
        inside
    }

    /// Opens a page that the recording does not show.
    fn open(&mut self, page: &Url, place: &mut Place) {
        self.origin(page);
        self.pages.push(page.clone());
        let visit = format!("visit = {}", self.address(page));
        let comments =
            vec!["The recording does not show this page being loaded: it is who asks next.".to_owned()];
        self.steps.push(Step { comments, lines: vec![visit], chain: Vec::new() });
        (place.page, place.frames) = (Some(page.clone()), Vec::new());
    }

    fn action(&self, exchange: &Exchange, page: Option<&Url>, step: &mut Step) {
        let address = self.address(&exchange.url);
        step.lines.push(match exchange.kind {
            Kind::Document if exchange.method == "POST" => {
                let body = exchange.body.as_deref().unwrap_or_default();
                let is_plain =
                    exchange.header("content-type").is_none_or(|kind| kind.contains("x-www-form-urlencoded"));
                let mut fields: Vec<(String, String)> = Vec::new();
                for (name, value) in url::form_urlencoded::parse(body.as_bytes()).filter(|_| is_plain) {
                    if !fields.iter().any(|(known, _)| *known == name) {
                        fields.push((name.into_owned(), write::string(&self.values.text(&value))));
                    }
                }
                let fields = match fields.as_slice() {
                    [] => String::new(),
                    fields => format!(", fields = {}", write::table(fields)),
                };
                format!("form = {{ url = {address}, method = \"POST\"{fields} }}")
            }
            Kind::Document => format!("link = {address}"),
            Kind::Frame => format!("iframe = {address}"),
            Kind::Script => format!("script = {address}"),
            Kind::Beacon => format!("beacon = {address}"),
            Kind::WebSocket => format!("websocket = {address}"),
            Kind::Asset | Kind::Preflight => format!("image = {address}"),
            Kind::Call => self.call(exchange, page, &mut step.comments),
        });
    }

    fn call(&self, exchange: &Exchange, page: Option<&Url>, comments: &mut Vec<String>) -> String {
        let mut members = vec![("url".to_owned(), self.address(&exchange.url))];
        if exchange.method != "GET" {
            members.push(("method".to_owned(), write::string(&exchange.method)));
        }
        let is_cross = page.is_none_or(|page| page.origin() != exchange.url.origin());
        let sends = !exchange.sent().is_empty();
        if is_cross && (sends || self.allows_credentials(exchange)) {
            if !sends {
                comments.push(
                    "Guessed: a recording does not have the credentials mode, and the answer allows them."
                        .to_owned(),
                );
            }
            members.push(("credentials".to_owned(), "\"include\"".to_owned()));
        }
        let content_type = exchange.header("content-type").unwrap_or_default();
        let json = exchange.body.as_deref().filter(|_| content_type.contains("json"));
        let json = json.and_then(|body| serde_json::from_str::<Value>(body).ok());
        let json = json.as_ref().and_then(|body| write::json(&self.values.json(body)));
        let has_body = !matches!(exchange.method.as_str(), "GET" | "HEAD");
        let mut headers = headers_set(exchange);
        headers.iter_mut().for_each(|(name, value)| *value = self.header_value(name, value));
        if json.is_none() && !content_type.is_empty() && has_body {
            let essence = content_type.split(';').next().unwrap_or_default().trim();
            headers.push(("content-type".to_owned(), write::string(essence)));
        }
        if !headers.is_empty() {
            members.push(("headers".to_owned(), write::table(&headers)));
        }
        match (json, &exchange.body) {
            (Some(json), _) if has_body => members.push(("json".to_owned(), json)),
            (None, Some(body)) if has_body => {
                members.push(("body".to_owned(), write::string(&self.values.text(body))));
            }
            _ => {}
        }
        format!("fetch = {}", write::table(&members))
    }

    /// A value as it is written, in quotes. A scheme is no secret: `Bearer`.
    fn header_value(&self, name: &str, value: &str) -> String {
        write::string(&match (name, value.split_once(' ')) {
            ("authorization", Some((scheme, token))) => format!("{scheme} {}", self.values.text(token)),
            ("x-requested-with", _) => value.to_owned(),
            _ => self.values.text(value),
        })
    }

    /// Whether the answer, or that to a preflight for the same URL, allows credentials.
    fn allows_credentials(&self, exchange: &Exchange) -> bool {
        let allows = |other: &Exchange| other.answer("access-control-allow-credentials") == Some("true");
        let mut same = self.recording.exchanges.iter().filter(|other| other.url == exchange.url);
        allows(exchange) || same.any(|other| other.kind == Kind::Preflight && allows(other))
    }

    /// Writes what was seen of each step: its status, where it led to, and which cookies went along.
    pub(super) fn expect(&mut self) {
        let mut steps = std::mem::take(&mut self.steps);
        for step in &mut steps {
            let lines = self.seen(step);
            step.lines.extend(lines);
            let all = &self.recording.exchanges;
            let is_silent = step.chain.last().is_some_and(|at| all[*at].came == Came::Nothing);
            if is_silent {
                step.comments.push("The browser shows no answer that it let the page read.".to_owned());
            }
        }
        self.steps = steps;
    }

    fn seen(&self, step: &Step) -> Vec<String> {
        let all = &self.recording.exchanges;
        let mut lines = Vec::new();
        let Some(last) = step.chain.last().map(|at| &all[*at]) else { return lines };
        let is_answered = matches!(last.came, Came::Answered | Came::Cached) && last.redirect().is_none();
        if is_answered && matches!(last.kind, Kind::Call | Kind::Document | Kind::Frame) {
            lines.push(format!("expect.status = {}", last.answered()));
        }
        if is_answered && last.kind == Kind::Document && step.chain.len() > 1 {
            lines.push(format!("expect.url = {}", self.address(&last.url)));
        }
        if self.recording.is_sanitized || step.chain.iter().any(|at| all[*at].came != Came::Answered) {
            return lines;
        }
        let on = self.recording.engine.map_or_else(String::new, |engine| format!("on.{}.", engine.as_str()));
        let (mut sent, mut kept) = (BTreeSet::new(), BTreeSet::new());
        for at in &step.chain {
            let host = all[*at].url.host_str().unwrap_or_default();
            let carried = all[*at].sent();
            for set in self.cookies.alive(host, *at) {
                match carried.contains(&set.name.as_str()) {
                    true => sent.insert(set.name.as_str()),
                    false => kept.insert(set.name.as_str()),
                };
            }
        }
        let kept: Vec<&str> = kept.difference(&sent).copied().collect();
        let sent: Vec<&str> = sent.into_iter().collect();
        let stored: BTreeSet<&str> = self
            .cookies
            .set
            .iter()
            .filter(|set| set.at.is_some_and(|at| step.chain.contains(&at)))
            .filter(|set| self.cookies.comes_back(self.recording, set))
            .map(|set| set.name.as_str())
            .collect();
        let stored: Vec<&str> = stored.into_iter().collect();
        for (key, names) in [("stored", stored), ("sent", sent), ("not_sent", kept)] {
            if !names.is_empty() {
                lines.push(format!("expect.{on}{key} = {}", write::list(&names)));
            }
        }
        lines
    }
}

/// The fields that a page set, with the values they have.
pub(super) fn headers_set(exchange: &Exchange) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in &exchange.headers {
        let name = name.to_ascii_lowercase();
        let is_pages = !BROWSERS_OWN.contains(&name.as_str())
            && !name.starts_with("sec-")
            && !name.starts_with("proxy-");
        if is_pages && !headers.iter().any(|(known, _)| *known == name) {
            headers.push((name, value.clone()));
        }
    }
    headers
}

impl Place {
    /// Moves on: to a page in the tab or in a frame, where that is what was asked for; `is_hop` is on from where one was.
    fn is_at(&mut self, kind: Kind, url: &Url, is_hop: bool) {
        match kind {
            Kind::Document => (self.page, self.frames) = (Some(url.clone()), Vec::new()),
            Kind::Frame if is_hop => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.1 = url.clone();
                }
            }
            Kind::Frame => self.frames.push((url.clone(), url.clone())),
            _ => {}
        }
    }
}

//! From a recording to origins, routes and steps.
//!
//! Pages become origins and visits, calls become steps, answers become routes, CORS is read from the answers to calls
//! of other origins and to preflights. A 401 where a cookie was set before becomes `require_cookie`. What was sent, and
//! what was not although it was set for that host, becomes expectations of the browser that recorded it.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use super::redact::Values;
use super::{Exchange, Kind, Recording, write};
use crate::relation::Relation;
use crate::text::{counted, listed};

/// A scenario made from a recording.
#[derive(Clone, Debug)]
pub struct Built {
    /// It as TOML.
    pub toml: String,
    /// What was left out or guessed, in sentences.
    pub notes: Vec<String>,
}

/// Fields of a request that browsers write themselves.
const BROWSERS_OWN: [&str; 22] = [
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
    "referer",
    "te",
    "transfer-encoding",
    "upgrade-insecure-requests",
    "user-agent",
];

/// Words in names of cookies that sign somebody in.
const SESSIONS: [&str; 7] = ["sess", "sid", "token", "auth", "jwt", "access", "login"];

/// A cookie that the recording sets.
struct Set<'r> {
    name: &'r str,
    /// The host, and whether its subdomains get it too.
    domain: (String, bool),
    http_only: bool,
    is_deletion: bool,
    /// Which exchange set it.
    at: usize,
}

/// A step, with comments above it.
struct Step {
    comments: Vec<String>,
    lines: Vec<String>,
}

struct Builder<'r> {
    recording: &'r Recording,
    values: Values,
    /// Name and URL of each origin.
    origins: Vec<(String, Url)>,
    cookies: Vec<Set<'r>>,
    steps: Vec<Step>,
    /// Pages that are opened for what is asked from them, and that no answer shows.
    pages: Vec<Url>,
    notes: Vec<String>,
}

/// Makes a scenario. `source` is how its first line names the recording.
pub fn scenario(recording: &Recording, source: &str, keep_values: bool) -> Built {
    let cookies =
        recording.exchanges.iter().enumerate().flat_map(|(at, exchange)| set_by(at, exchange)).collect();
    let mut builder = Builder {
        recording,
        values: Values { keep: keep_values },
        origins: Vec::new(),
        cookies,
        steps: Vec::new(),
        pages: Vec::new(),
        notes: recording.notes.clone(),
    };
    builder.steps();
    let toml = builder.written(source);
    Built { toml, notes: builder.notes }
}

fn set_by(at: usize, exchange: &Exchange) -> Vec<Set<'_>> {
    let host = exchange.url.host_str().unwrap_or_default();
    let read = |line: &'_ String| -> Option<(usize, (String, bool), bool, bool)> {
        let mut parts = line.split(';').map(str::trim);
        let (name, _) = parts.next()?.split_once('=')?;
        let (mut domain, mut http_only, mut is_deletion) = ((host.to_owned(), false), false, false);
        for part in parts {
            let (word, value) = part.split_once('=').unwrap_or((part, ""));
            match word.trim().to_ascii_lowercase().as_str() {
                "domain" if !value.trim().is_empty() => {
                    domain = (value.trim().trim_start_matches('.').to_ascii_lowercase(), true);
                }
                "httponly" => http_only = true,
                "max-age" => is_deletion = value.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                "expires" => is_deletion |= value.contains("1970"),
                _ => {}
            }
        }
        Some((name.len(), domain, http_only, is_deletion))
    };
    let lines = exchange.set_cookie.iter();
    let set = lines.filter_map(|line| {
        let (length, domain, http_only, is_deletion) = read(line)?;
        Some(Set { name: line[..length].trim(), domain, http_only, is_deletion, at })
    });
    set.collect()
}

impl Set<'_> {
    /// Whether a host is one that it is for.
    fn reaches(&self, host: &str) -> bool {
        let (domain, subdomains) = &self.domain;
        host == domain
            || (*subdomains && host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.')))
    }
}

impl<'r> Builder<'r> {
    /// The cookies that are set for a host before an exchange, and not deleted since.
    fn alive(&self, host: &str, before: usize) -> Vec<&Set<'r>> {
        let mut alive: Vec<&Set<'r>> = Vec::new();
        for set in self.cookies.iter().filter(|set| set.at < before && set.reaches(host)) {
            alive.retain(|other| other.name != set.name || other.domain != set.domain);
            if !set.is_deletion {
                alive.push(set);
            }
        }
        alive
    }

    fn steps(&mut self) {
        let recording = self.recording;
        let mut page: Option<Url> = None;
        // Each frame by the URL its step has, and by where it is.
        let mut frames: Vec<(Url, Url)> = Vec::new();
        let mut awaited: Option<(Url, Kind)> = None;
        let (mut assets, mut strangers, mut repeated) = (0, BTreeSet::new(), 0);
        let mut done: BTreeSet<String> = BTreeSet::new();
        for (at, exchange) in recording.exchanges.iter().enumerate() {
            let url = plain(&exchange.url);
            let kind = exchange.kind;
            if kind == Kind::Preflight {
                continue;
            }
            if awaited.as_ref().is_some_and(|(to, of)| *to == url && *of == kind) {
                self.origin(&url);
                awaited = exchange.redirect().map(|to| (plain(&to), kind));
                match kind {
                    Kind::Document => page = Some(url),
                    Kind::Frame => frames.last_mut().into_iter().for_each(|frame| frame.1 = url.clone()),
                    _ => {}
                }
                continue;
            }
            if kind == Kind::Asset && exchange.set_cookie.is_empty() {
                assets += 1;
                continue;
            }
            if kind == Kind::Call && is_a_strangers(exchange) {
                strangers.insert(url.host_str().unwrap_or_default().to_owned());
                continue;
            }
            let again =
                format!("{kind:?} {} {url} {} {:?}", exchange.method, exchange.status, exchange.sent());
            if kind != Kind::Document && exchange.set_cookie.is_empty() && !done.insert(again) {
                repeated += 1;
                continue;
            }
            let mut step = Step { comments: Vec::new(), lines: Vec::new() };
            let mut inside = None;
            let typed = exchange.header("sec-fetch-site") == Some("none")
                || (exchange.header("sec-fetch-site").is_none() && exchange.header("referer").is_none());
            if kind == Kind::Document && (page.is_none() || typed) && exchange.method == "GET" {
                self.origin(&url);
                step.lines.push(format!("visit = {}", self.address(&url)));
            } else {
                // A page asks: the one in the tab, one of its frames, or one that the recording does not show.
                let asker = asker(exchange);
                let tab = page.as_ref().map(Url::origin);
                let frame = frames
                    .iter()
                    .rev()
                    .find(|(_, now)| asker.as_ref().is_some_and(|a| a.origin() == now.origin()));
                match (&asker, frame) {
                    (Some(asker), Some((asked, _))) if tab.as_ref() != Some(&asker.origin()) => {
                        inside = Some(self.address(&asked.clone()));
                    }
                    (Some(asker), None) if tab.as_ref() != Some(&asker.origin()) => {
                        self.open(asker);
                        (page, frames) = (Some(asker.clone()), Vec::new());
                    }
                    (None, _) if page.is_none() => {
                        let root = url.join("/").unwrap_or_else(|_| url.clone());
                        self.open(&root);
                        page = Some(root);
                    }
                    _ => {}
                }
                self.origin(&url);
                let from = inside.as_ref().and(asker.as_ref()).or(page.as_ref()).cloned();
                self.action(exchange, from.as_ref(), &mut step);
            }
            if let Some(inside) = inside {
                step.lines.push(format!("inside = {inside}"));
            }
            self.expect(at, exchange, &mut step);
            self.steps.push(step);
            awaited = exchange.redirect().map(|to| (plain(&to), kind));
            match kind {
                Kind::Document => (page, frames) = (Some(url), Vec::new()),
                Kind::Frame => frames.push((url.clone(), url)),
                _ => {}
            }
        }
        if assets > 0 {
            self.notes.push(format!(
                "left out: {} (images, scripts, style sheets and the like)",
                counted(assets, "file")
            ));
        }
        if !strangers.is_empty() {
            self.notes
                .push(format!("left out: calls without cookies to other sites: {}", listed(&strangers)));
        }
        if repeated > 0 {
            self.notes.push(format!("left out: {} that repeated one before", counted(repeated, "call")));
        }
        self.unknown_cookies();
    }

    /// Tells of cookies that were there before the recording began.
    fn unknown_cookies(&mut self) {
        let set: BTreeSet<&str> = self.cookies.iter().map(|set| set.name).collect();
        let sent: BTreeSet<&str> = self.recording.exchanges.iter().flat_map(Exchange::sent).collect();
        let unknown: Vec<&str> = sent.into_iter().filter(|name| !set.contains(name)).collect();
        if !unknown.is_empty() {
            self.notes.push(format!(
                "no answer in the recording sets {}: they were there before, and nothing here sends them",
                listed(unknown)
            ));
        }
    }

    /// Opens a page that the recording does not show.
    fn open(&mut self, page: &Url) {
        self.origin(page);
        self.pages.push(page.clone());
        let visit = format!("visit = {}", self.address(page));
        let comments =
            vec!["The recording does not show this page being loaded: it is who asks next.".to_owned()];
        self.steps.push(Step { comments, lines: vec![visit] });
    }

    fn action(&self, exchange: &Exchange, page: Option<&Url>, step: &mut Step) {
        let address = self.address(&exchange.url);
        match exchange.kind {
            Kind::Document if exchange.method == "POST" => {
                let fields =
                    url::form_urlencoded::parse(exchange.body.as_deref().unwrap_or_default().as_bytes());
                let fields: Vec<(String, String)> = fields
                    .map(|(name, value)| (name.into_owned(), write::string(&self.values.text(&value))))
                    .collect();
                let names: BTreeSet<&String> = fields.iter().map(|(name, _)| name).collect();
                let mut once: Vec<(String, String)> = Vec::new();
                for (name, value) in &fields {
                    if !once.iter().any(|(known, _)| known == name) {
                        once.push((name.clone(), value.clone()));
                    }
                }
                let fields = if names.is_empty() {
                    String::new()
                } else {
                    format!(", fields = {}", write::table(&once))
                };
                step.lines.push(format!("form = {{ url = {address}, method = \"POST\"{fields} }}"));
            }
            Kind::Document => step.lines.push(format!("link = {address}")),
            Kind::Frame => step.lines.push(format!("iframe = {address}")),
            Kind::Asset | Kind::Preflight => step.lines.push(format!("image = {address}")),
            Kind::Call => self.call(exchange, page, step),
        }
    }

    fn call(&self, exchange: &Exchange, page: Option<&Url>, step: &mut Step) {
        let mut members = vec![("url".to_owned(), self.address(&exchange.url))];
        if exchange.method != "GET" {
            members.push(("method".to_owned(), write::string(&exchange.method)));
        }
        let is_cross = page.is_none_or(|page| page.origin() != exchange.url.origin());
        if is_cross && !exchange.sent().is_empty() {
            members.push(("credentials".to_owned(), "\"include\"".to_owned()));
        } else if is_cross && self.allows_credentials(exchange) {
            step.comments.push(
                "Guessed: a recording does not have the credentials mode, and the answer allows them."
                    .to_owned(),
            );
            members.push(("credentials".to_owned(), "\"include\"".to_owned()));
        }
        let content_type = exchange.header("content-type").unwrap_or_default();
        let json = exchange.body.as_deref().filter(|_| content_type.contains("json"));
        let json = json.and_then(|body| serde_json::from_str::<Value>(body).ok());
        let json = json.as_ref().and_then(|body| write::json(&self.values.json(body)));
        let mut headers = self.headers(exchange);
        if json.is_none() && exchange.body.is_some() && !content_type.is_empty() {
            let essence = content_type.split(';').next().unwrap_or_default().trim();
            headers.push(("content-type".to_owned(), write::string(essence)));
        }
        if !headers.is_empty() {
            members.push(("headers".to_owned(), write::table(&headers)));
        }
        let has_body = !matches!(exchange.method.as_str(), "GET" | "HEAD");
        match (json, &exchange.body) {
            (Some(json), _) if has_body => members.push(("json".to_owned(), json)),
            (None, Some(body)) if has_body => {
                members.push(("body".to_owned(), write::string(&self.values.text(body))));
            }
            _ => {}
        }
        step.lines.push(format!("fetch = {}", write::table(&members)));
    }

    /// The fields that a page set.
    fn headers(&self, exchange: &Exchange) -> Vec<(String, String)> {
        let own = exchange.headers.iter().filter(|(name, _)| {
            let name = name.to_ascii_lowercase();
            !BROWSERS_OWN.contains(&name.as_str()) && !name.starts_with("sec-") && !name.starts_with("proxy-")
        });
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in own {
            let name = name.to_ascii_lowercase();
            // A scheme is no secret: `Bearer`.
            let value = match (name.as_str(), value.split_once(' ')) {
                ("authorization", Some((scheme, token))) => format!("{scheme} {}", self.values.text(token)),
                ("x-requested-with", _) => value.clone(),
                _ => self.values.text(value),
            };
            if !headers.iter().any(|(known, _)| *known == name) {
                headers.push((name, write::string(&value)));
            }
        }
        headers
    }

    /// Whether the answer, or that to a preflight for the same URL, allows credentials.
    fn allows_credentials(&self, exchange: &Exchange) -> bool {
        let allows = |other: &Exchange| other.answer("access-control-allow-credentials") == Some("true");
        let mut same = self.recording.exchanges.iter().filter(|other| other.url == exchange.url);
        allows(exchange) || same.any(|other| other.kind == Kind::Preflight && allows(other))
    }

    fn expect(&self, at: usize, exchange: &Exchange, step: &mut Step) {
        if exchange.status == 0 && exchange.kind == Kind::Call {
            step.comments.push("The browser got no answer that it let the page read.".to_owned());
        } else if exchange.kind == Kind::Call && exchange.redirect().is_none() {
            step.lines.push(format!("expect.status = {}", answered(exchange.status)));
        }
        if self.recording.is_sanitized || exchange.status == 0 || exchange.redirect().is_some() {
            return;
        }
        let on = self.recording.engine.map_or_else(String::new, |engine| format!("on.{}.", engine.as_str()));
        let host = exchange.url.host_str().unwrap_or_default();
        let carried = exchange.sent();
        let alive = self.alive(host, at);
        let set: BTreeSet<&str> = alive.iter().map(|set| set.name).collect();
        let sent: Vec<&str> = set.iter().copied().filter(|name| carried.contains(name)).collect();
        let kept: Vec<&str> = set.iter().copied().filter(|name| !carried.contains(name)).collect();
        if !sent.is_empty() {
            step.lines.push(format!("expect.{on}sent = {}", write::list(&sent)));
        }
        if !kept.is_empty() {
            step.lines.push(format!("expect.{on}not_sent = {}", write::list(&kept)));
        }
    }

    /// The name of a URL's origin, which is declared from now on.
    fn origin(&mut self, url: &Url) -> String {
        if let Some((name, _)) = self.origins.iter().find(|(_, known)| known.origin() == url.origin()) {
            return name.clone();
        }
        let host = url.host_str().unwrap_or_default();
        let label = host.split('.').find(|label| *label != "www").unwrap_or_default();
        let label: String = label.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let is_name = !label.is_empty()
            && label.chars().any(char::is_alphabetic)
            && !matches!(label.as_str(), "http" | "https");
        let base = match (self.origins.is_empty(), is_name) {
            (true, _) => "web".to_owned(),
            (_, true) => label,
            (_, false) => "site".to_owned(),
        };
        let free = |name: &String| !self.origins.iter().any(|(known, _)| known == name);
        let name = std::iter::once(base.clone())
            .chain((2..).map(|number| format!("{base}-{number}")))
            .find(free)
            .unwrap_or(base);
        let mut bare = url.clone();
        bare.set_path("/");
        bare.set_query(None);
        bare.set_fragment(None);
        self.origins.push((name.clone(), bare));
        name
    }

    /// A URL as a scenario has it, in quotes.
    fn address(&self, url: &Url) -> String {
        let url = self.values.url(url);
        let path = &url[url::Position::BeforePath..];
        match self.origins.iter().find(|(_, known)| known.origin() == url.origin()) {
            Some((name, _)) => write::string(&format!("{name}:{path}")),
            None => write::string(url.as_str()),
        }
    }

    fn written(&mut self, source: &str) -> String {
        let steps = self.steps.len();
        let mut text = format!("# Made from {source} by `rehearsal new`.\n");
        if !self.values.keep {
            text.push_str("# Values of cookies, bodies, headers and queries are left out; `--keep-values` keeps them.\n");
        }
        let title =
            format!("{source}: {}, {}", counted(self.origins.len(), "origin"), counted(steps, "step"));
        text.push_str(&format!("\ntitle = {}\n", write::string(&title)));
        if let Some(((first, page), rest)) = self.origins.split_first() {
            for (name, url) in rest {
                text.push_str(&format!("relation.\"{first} -> {name}\" = \"{}\"\n", Relation::of(page, url)));
            }
        }
        for (name, url) in self.origins.clone() {
            text.push_str(&format!(
                "\n[origins.{name}]\nurl = {}\n",
                write::string(&url.origin().ascii_serialization())
            ));
            if let Some(cors) = self.cors(&name, &url) {
                text.push_str(&cors);
            }
            for route in self.routes(&url) {
                text.push_str(&format!("\n[[origins.{name}.routes]]\n{route}"));
            }
        }
        for step in &self.steps {
            text.push_str("\n[[step]]\n");
            step.comments.iter().for_each(|comment| text.push_str(&format!("# {comment}\n")));
            step.lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
        }
        text
    }

    /// The CORS settings of an origin, as its answers show them.
    fn cors(&mut self, name: &str, origin: &Url) -> Option<String> {
        let asked: Vec<&Exchange> = self
            .recording
            .exchanges
            .iter()
            .filter(|exchange| {
                let asker = exchange.header("origin").and_then(|origin| Url::parse(origin).ok());
                exchange.url.origin() == origin.origin()
                    && exchange.status != 0
                    && matches!(exchange.kind, Kind::Call | Kind::Preflight)
                    && asker.is_some_and(|asker| asker.origin() != origin.origin())
            })
            .collect();
        let allowed = |exchange: &Exchange| {
            exchange.answer("access-control-allow-origin").map(|value| value.trim().to_owned())
        };
        let mut origins: Vec<String> = Vec::new();
        for value in asked.iter().filter_map(|exchange| allowed(exchange)) {
            if !origins.contains(&value) {
                origins.push(value);
            }
        }
        if origins.len() > 1 {
            origins.retain(|value| value != "*");
        }
        if origins.is_empty() {
            return None;
        }
        if let Some(without) = asked.iter().find(|exchange| allowed(exchange).is_none()) {
            self.notes.push(format!(
                "`{name}` answered some calls of other origins without CORS headers ({} {} was {}); here all have them",
                without.method, without.url.path(), without.status
            ));
        }
        let lists = |field: &str| -> Vec<String> {
            let values =
                asked.iter().filter_map(|exchange| exchange.answer(field)).flat_map(|value| value.split(','));
            let mut seen = Vec::new();
            for value in values.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()) {
                if !seen.contains(&value) {
                    seen.push(value);
                }
            }
            seen
        };
        let mut text = format!("\n[origins.{name}.cors]\nallow_origins = {}\n", write::list(&origins));
        if asked.iter().any(|exchange| exchange.answer("access-control-allow-credentials") == Some("true")) {
            text.push_str("allow_credentials = true\n");
        }
        for (key, field) in [
            ("allow_headers", "access-control-allow-headers"),
            ("allow_methods", "access-control-allow-methods"),
            ("expose_headers", "access-control-expose-headers"),
        ] {
            let values = lists(field);
            if !values.is_empty() {
                text.push_str(&format!("{key} = {}\n", write::list(&values)));
            }
        }
        let ages = asked
            .iter()
            .filter_map(|exchange| exchange.answer("access-control-max-age")?.trim().parse::<u32>().ok());
        if let Some(seconds) = ages.max() {
            text.push_str(&format!("max_age = {seconds}\n"));
        }
        Some(text)
    }

    /// The routes of an origin. One that has pages alone, and sets no cookie, has none: its built-in page answers.
    fn routes(&self, origin: &Url) -> Vec<String> {
        let mut keys: Vec<(String, String)> = Vec::new();
        let answers = |exchange: &&(usize, &Exchange)| {
            let (_, exchange) = exchange;
            let is_step = exchange.kind != Kind::Asset || !exchange.set_cookie.is_empty();
            exchange.url.origin() == origin.origin()
                && exchange.status != 0
                && is_step
                && exchange.kind != Kind::Preflight
                && !is_a_strangers(exchange)
        };
        let all: Vec<(usize, &Exchange)> = self.recording.exchanges.iter().enumerate().collect();
        let all: Vec<&(usize, &Exchange)> = all.iter().filter(answers).collect();
        let path = |exchange: &Exchange| self.values.url(&exchange.url).path().to_owned();
        for (_, exchange) in &all {
            let key = (exchange.method.clone(), path(exchange));
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let is_page = |exchange: &Exchange| {
            matches!(exchange.kind, Kind::Document | Kind::Frame)
                && exchange.method == "GET"
                && answered(exchange.status) == 200
                && exchange.set_cookie.is_empty()
        };
        if all.iter().all(|(_, exchange)| is_page(exchange)) {
            return Vec::new();
        }
        let mut routes: Vec<String> = keys
            .iter()
            .map(|(method, own)| {
                let same: Vec<(usize, &Exchange)> = all
                    .iter()
                    .filter(|(_, exchange)| exchange.method == *method && path(exchange) == *own)
                    .map(|(at, exchange)| (*at, *exchange))
                    .collect();
                format!("at = {}\n{}", write::string(&format!("{method} {own}")), self.answer(&same))
            })
            .collect();
        for page in self.pages.iter().filter(|page| page.origin() == origin.origin()) {
            let key = ("GET".to_owned(), self.values.url(page).path().to_owned());
            if !keys.contains(&key) {
                routes.push(format!(
                    "at = {}\nhtml = \"<!doctype html><title>a page</title>\"\n",
                    write::string(&format!("GET {}", key.1))
                ));
                keys.push(key);
            }
        }
        routes
    }

    /// What a route answers, from all answers that the recording has of it.
    fn answer(&self, same: &[(usize, &Exchange)]) -> String {
        let (mut text, mut comments) = (String::new(), Vec::new());
        let good = same.iter().find(|(_, exchange)| exchange.status < 400);
        let refused = same.iter().find(|(_, exchange)| exchange.status == 401);
        let required =
            refused.and_then(|(at, exchange)| self.required(*at, exchange, good.map(|(_, good)| *good)));
        let (_, shown) = match (required, good) {
            (Some(_), Some(good)) => good,
            _ => &same[0],
        };
        if let Some(name) = required {
            comments.push("Guessed: it is answered 401 without this cookie.".to_owned());
            text.push_str(&format!("require_cookie = {}\n", write::string(name)));
        } else if same.iter().any(|(_, other)| {
            other.status != shown.status || other.set_cookie.len() != shown.set_cookie.len()
        }) {
            comments.push(format!(
                "The recording has {} here, and this is the first.",
                counted(same.len(), "answer")
            ));
        }
        let is_refusal = required.is_some() && shown.status == 401;
        let status = answered(shown.status);
        let redirect = shown.redirect();
        let default = if redirect.is_some() { 302 } else { 200 };
        if status != default && !is_refusal {
            text.push_str(&format!("status = {status}\n"));
        }
        if !shown.set_cookie.is_empty() {
            let lines: Vec<String> = shown.set_cookie.iter().map(|line| self.values.line(line)).collect();
            text.push_str(&format!("set_cookie = {}\n", write::list(&lines)));
        }
        let has_body = !matches!(status, 204 | 205);
        let json = shown.text.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        let json = json.filter(|value| value.is_object() || value.is_array());
        if let Some(to) = redirect {
            text.push_str(&format!("redirect = {}\n", self.address(&to)));
        } else if matches!(shown.kind, Kind::Document | Kind::Frame) && has_body {
            text.push_str("html = \"<!doctype html><title>a page</title>\"\n");
        } else if let Some(json) = json.filter(|_| has_body && !is_refusal) {
            text.push_str(&format!(
                "json = {}\n",
                write::json(&self.values.json(&json)).unwrap_or_else(|| "{}".to_owned())
            ));
        }
        comments.iter().map(|comment| format!("# {comment}\n")).collect::<String>() + &text
    }

    /// The cookie for want of which something was probably refused.
    fn required(&self, at: usize, refused: &Exchange, good: Option<&Exchange>) -> Option<&'r str> {
        let host = refused.url.host_str().unwrap_or_default();
        // What was set anywhere before, also where it does not reach this host: that may be the fault.
        let before = self.cookies.iter().filter(|set| set.at < at && !set.is_deletion);
        let missing: Vec<&Set<'_>> = before.filter(|set| !refused.sent().contains(&set.name)).collect();
        let missing: Vec<&Set<'_>> = match good {
            Some(good) => {
                let later = self.cookies.iter().filter(|set| good.sent().contains(&set.name));
                later.filter(|set| !refused.sent().contains(&set.name)).collect()
            }
            None => missing,
        };
        let rank = |set: &&&Set<'_>| {
            let name = set.name.to_ascii_lowercase();
            let is_session = SESSIONS.iter().any(|word| name.contains(word))
                && !name.contains("csrf")
                && !name.contains("xsrf");
            (is_session, set.reaches(host), set.http_only)
        };
        missing.iter().rev().max_by_key(rank).map(|set| set.name)
    }
}

fn plain(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

/// What a browser makes of an answer from its cache: the answer that is there.
fn answered(status: u16) -> u16 {
    if status == 304 || status < 200 { 200 } else { status }
}

/// The page that asked: by its referrer, which may be its origin alone, or by its origin.
fn asker(exchange: &Exchange) -> Option<Url> {
    let page =
        |name: &str| exchange.header(name).and_then(|url| Url::parse(url).ok()).filter(|url| url.has_host());
    let (origin, referrer) = (page("origin"), page("referer"));
    match (&origin, &referrer) {
        (Some(origin), Some(referrer)) if origin.origin() != referrer.origin() => Some(origin.clone()),
        _ => referrer.or(origin),
    }
}

/// Whether a call has nothing to do with anybody's cookies: to another site, which neither gets nor sets any.
fn is_a_strangers(exchange: &Exchange) -> bool {
    let is_cross_site =
        asker(exchange).is_some_and(|asker| Relation::of(&asker, &exchange.url) == Relation::CrossSite);
    exchange.kind == Kind::Call
        && is_cross_site
        && exchange.set_cookie.is_empty()
        && exchange.sent().is_empty()
        && exchange.answer("access-control-allow-credentials").is_none()
        && !matches!(exchange.status, 0 | 401 | 403)
}

//! Each exchange as it crosses the wire of a world that is up: who asked, in what circumstances, and what the rules of each
//! engine make of its cookies.
//!
//! Whoever asks is anybody: a browser of the user's, curl, a program. So the circumstances are what the request itself
//! says (`Sec-Fetch-*`, `Origin`, `Referer`), and the page that asks is taken for the one in the address bar. What was
//! sent is what crossed the wire; what is stored is what each engine would store, in one jar for all who ask. How a
//! cookie fared from one exchange to the next is kept in [`life`]. [`Crossing::line`] tells names of cookies, and never
//! their values.

mod asked;
pub mod life;

use std::collections::BTreeMap;

use self::asked::Asked;
use self::life::{Fate, Lives};
use crate::browser_name::{BrowserName, Engine};
use crate::observe::{AskedBy, Cookie, Exchange as Seen, SetCookie, Withheld};
use crate::rules::context::{Context, Credentials};
use crate::rules::cookie_header::cookie_pairs;
use crate::rules::cors::{self, Preflight};
use crate::rules::engine::Profile;
use crate::rules::jar::Jar;
use crate::rules::reason::Reason;
use crate::rules::reasons::Reasons;
use crate::suffixes::Names;
use crate::text::safe;
use crate::world::wire::Exchange;

/// What the rules of engines make of what crosses the wire, in order.
#[derive(Debug)]
pub struct Live {
    engines: Vec<Judge>,
    /// How many exchanges were judged.
    count: u64,
}

/// One engine, and what it has seen.
#[derive(Debug)]
struct Judge {
    browser: BrowserName,
    profile: Profile,
    jar: Jar,
    lives: Lives,
}

/// One exchange, judged.
#[derive(Clone, Debug)]
pub struct Crossed {
    /// Its number, from 1.
    pub number: u64,
    /// Who asked and how, in words.
    pub context: String,
    /// The exchange as each engine has it.
    pub seen: Vec<(BrowserName, Seen)>,
    /// Its cookies, those that were sent first.
    pub crossings: Vec<Crossing>,
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
    /// By the rules of every engine, as each ships.
    fn default() -> Self {
        Self::of(Engine::ALL.into_iter().map(BrowserName::shipped))
    }
}

impl Live {
    /// By the rules of these browsers.
    pub fn of(browsers: impl IntoIterator<Item = BrowserName>) -> Self {
        let judge = |browser: BrowserName| {
            let profile = browser.profile();
            Judge { browser, profile, jar: Jar::new(), lives: Lives::default() }
        };
        Self { engines: browsers.into_iter().map(judge).collect(), count: 0 }
    }

    /// The browsers by whose rules it is judged.
    pub fn browsers(&self) -> impl Iterator<Item = BrowserName> {
        self.engines.iter().map(|judge| judge.browser)
    }

    /// Judges an exchange. `now` is in seconds since 1970-01-01. `None` of one that no cookie can have to do with.
    pub fn take(&mut self, exchange: &Exchange, now: i64) -> Option<Crossed> {
        let asked = Asked::of(exchange)?;
        self.count += 1;
        let number = self.count;
        let mut context = asked.context.clone();
        let mut words = asked.words();
        // A call without any cookie, where every engine has one to send, leaves them out itself.
        let would_send =
            |judge: &Judge| !judge.jar.peek(&judge.profile, &Names, &context, now).sent.is_empty();
        if asked.is_call && exchange.cookie().is_none() && self.engines.iter().all(would_send) {
            context.credentials = Credentials::Omit;
            words.push_str(", without credentials as it seems");
        }
        let sent: Vec<(String, String)> = exchange.cookie().map(cookie_pairs).unwrap_or_default();
        let request = request(exchange);
        let crossing = |name: String, is_set: bool, fates| Crossing {
            name,
            is_set,
            request: request.clone(),
            context: words.clone(),
            fates,
        };
        let mut crossings: Vec<Crossing> =
            sent.iter().map(|(name, _)| crossing(name.clone(), false, Vec::new())).collect();
        let mut fates: Vec<BTreeMap<String, Vec<&'static str>>> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        let mut seen = Vec::new();
        for judge in &mut self.engines {
            let (judged, told) = judge.take(number, exchange, &context, &sent, now);
            fates.resize_with(told.len(), BTreeMap::new);
            for ((fates, fate), line) in fates.iter_mut().zip(told).zip(&judged.set_cookie) {
                fates.entry(fate).or_default().push(judge.browser.engine.as_str());
                if names.len() < judged.set_cookie.len() {
                    names.push(line.name.clone());
                }
            }
            seen.push((judge.browser, judged));
        }
        for (name, fates) in names.into_iter().zip(fates) {
            let fates = fates.into_iter().map(|(fate, engines)| (engines, fate)).collect();
            crossings.push(crossing(name, true, fates));
        }
        Some(Crossed { number, context: words, seen, crossings })
    }

    /// The jar of a browser, by its rules.
    pub fn jar(&self, browser: BrowserName, now: i64) -> Vec<Cookie> {
        let judge = self.engines.iter().find(|judge| judge.browser == browser);
        judge.into_iter().flat_map(|judge| judge.jar.cookies(now)).map(Cookie::from).collect()
    }

    /// How each cookie fared in a browser, by its rules: those that were seen last come last.
    pub fn lives(&self, browser: BrowserName) -> &Lives {
        const NONE: &Lives = &Lives::NONE;
        self.engines.iter().find(|judge| judge.browser == browser).map_or(NONE, |judge| &judge.lives)
    }
}

impl Judge {
    /// The exchange as this engine has it, and what becomes of each line in words.
    fn take(
        &mut self,
        number: u64,
        exchange: &Exchange,
        context: &Context,
        sent: &[(String, String)],
        now: i64,
    ) -> (Seen, Vec<String>) {
        let mut seen = Seen::from_wire(exchange.clone());
        let host = exchange.url.host_str().unwrap_or_default();
        if !exchange.is_preflight() {
            let retrieval = self.jar.retrieve(&self.profile, &Names, context, now);
            for (name, _) in sent {
                let domain = retrieval.sent.iter().find(|cookie| cookie.name_text() == name.as_str());
                // What went along though it was refused, by these rules, is the same cookie.
                let refused = self.lives.refused_for(host).find(|(known, _)| *known == name.as_str());
                let refused = refused.map(|(_, domain)| domain.to_owned());
                let domain = domain.map(|cookie| cookie.domain.clone()).or(refused);
                self.lives.note(name, domain.as_deref().unwrap_or(host), number, Fate::Sent);
            }
            seen.withheld = Withheld::of(&retrieval);
            // What went all the same was not held back, whatever the rules say.
            seen.withheld.retain(|held| sent.iter().all(|(name, _)| *name != held.name));
        }
        for held in &seen.withheld {
            self.lives.note(&held.name, &held.domain, number, Fate::Held(held.reasons.clone()));
        }
        if !exchange.is_preflight() {
            // What was refused before is missing now.
            let missing = self.lives.refused_for(host).filter(|(name, _)| {
                sent.iter().all(|(known, _)| known != name)
                    && seen.withheld.iter().all(|held| held.name != *name)
            });
            let missing = missing.map(|(name, domain)| Withheld {
                name: name.to_owned(),
                domain: domain.to_owned(),
                reasons: [Reason::NotStored].into(),
                native: Vec::new(),
            });
            let missing: Vec<_> = missing.collect();
            seen.withheld.extend(missing);
        }
        let mut told = Vec::new();
        for line in &mut seen.set_cookie {
            let decision = self.jar.store(&self.profile, &Names, context, &line.line, now);
            let fate = match (decision.is_stored(), decision.is_deletion()) {
                (true, _) => Fate::Stored,
                (_, true) => Fate::Deleted,
                _ => Fate::Refused(decision.reasons().iter().collect()),
            };
            told.push(fate.word());
            let judged = SetCookie::from(&decision);
            let domain = decision.parsed.domain.map(|domain| decision.parsed.bytes(domain.value));
            let domain = domain.map(|domain| String::from_utf8_lossy(domain).into_owned());
            let domain = domain.map(|domain| domain.trim_start_matches('.').to_ascii_lowercase());
            let domain = domain.filter(|domain| !domain.is_empty());
            self.lives.note(&judged.name, domain.as_deref().unwrap_or(host), number, fate);
            *line = judged;
        }
        seen.asked = Some(self.asked(exchange, context, sent));
        (seen, told)
    }

    /// Who asked, and whether it may read the answer. Where that hangs on credentials that nobody knows of, nothing is
    /// said.
    fn asked(&self, exchange: &Exchange, context: &Context, sent: &[(String, String)]) -> AskedBy {
        let allowed = exchange.response_header("access-control-allow-credentials") == Some(b"true");
        let modes = match (context.credentials, sent.is_empty() && !allowed) {
            (Credentials::Omit, _) if !exchange.is_preflight() => vec![Credentials::Omit],
            (_, true) => vec![Credentials::Omit, Credentials::Include],
            (_, false) => vec![Credentials::Include],
        };
        let verdicts: Vec<Reasons> = modes
            .into_iter()
            .map(|credentials| self.cors(exchange, &Context { credentials, ..context.clone() }))
            .collect();
        let is_known = verdicts.iter().all(|one| one.is_empty() == verdicts[0].is_empty());
        let readable = Some(verdicts[0].is_empty()).filter(|_| is_known && cors::needs_check(context));
        let cors = if readable == Some(false) { verdicts[0].iter().collect() } else { Default::default() };
        AskedBy {
            by: context.initiator.clone(),
            top_level: context.documents.first().cloned(),
            is_own: false,
            mode: context.mode,
            credentials: context.credentials,
            is_inferred: true,
            readable,
            cors,
        }
    }

    fn cors(&self, exchange: &Exchange, context: &Context) -> Reasons {
        if !exchange.is_preflight() {
            return cors::readable(context, &exchange.response_headers);
        }
        let headers = exchange.request_header("access-control-request-headers").unwrap_or_default();
        let headers = String::from_utf8_lossy(headers);
        let headers = headers.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        let preflight = Preflight { method: context.method.clone().into_owned(), headers: headers.collect() };
        cors::preflight_check(&self.profile, context, &preflight, exchange.status, &exchange.response_headers)
    }
}

impl Crossed {
    /// Whether anything went wrong in a browser: a cookie that was not stored or held back, an answer that its page may
    /// not read.
    pub fn is_troubled(&self) -> bool {
        self.seen.iter().any(|(_, seen)| {
            let is_unread = seen.asked.as_ref().is_some_and(|asked| asked.readable == Some(false));
            let is_refused = |line: &SetCookie| line.stored == Some(false) && !line.reasons.is_empty();
            let is_held = |held: &Withheld| held.reasons.iter().any(|reason| *reason != Reason::Expired);
            is_unread || seen.set_cookie.iter().any(is_refused) || seen.withheld.iter().any(is_held)
        })
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

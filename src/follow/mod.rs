//! Following a real browser: every exchange that it had is judged by the rules, in order and with its circumstances.
//!
//! Beside a real browser there is no second world, and nothing is asked twice of a server. The
//! [`model`](crate::browser::model) plays a step by the answers that the wire has: what the step itself asks for is
//! predicted as ever, from the requests that have to be made to what the page may read. Whatever else is on the wire a
//! page asked for by itself, in a script or by what it embeds. Here it is found out who asked for that and how
//! ([`asked`]), which possibility it was where there are several ([`judge`]), and what scripts wrote into the jar
//! ([`written`]).
//!
//! Nothing here does I/O, and nothing decides what a cookie's fate ought to be: the rules do.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

pub(crate) mod asked;
pub(crate) mod documents;
pub(crate) mod judge;
pub(crate) mod written;

use self::asked::Redirected;
use self::documents::{Documents, Known};
use self::judge::State;
use crate::observe::{Cookie, Exchange, Frame, Observation, SetCookie};
use crate::plan::{Body, Plan};
use crate::rules::context::Context;
use crate::rules::engine::Profile;
use crate::rules::path::{default_path, normalize_escapes};
use crate::rules::set_cookie::{SetCookie as SetCookieLine, Span};
use crate::rules::site::Origin;
use crate::world::wire::{self, Answer};

/// What a browser showed of a step, being gone through.
#[derive(Debug)]
pub(crate) struct Following {
    plan: Arc<Plan>,
    /// The exchanges as they were seen, in the order in which they were answered.
    pub(crate) seen: Vec<Exchange>,
    /// Which of them were judged.
    judged: BTreeSet<usize>,
    /// The jar that was seen after the step.
    pub(crate) jar: Option<Vec<Cookie>>,
    /// The address bar after the step.
    pub(crate) address: Option<Url>,
    /// Why the step could not be done in the page.
    pub(crate) not_done: Option<String>,
    /// The redirects that were not followed yet.
    pub(crate) redirects: Vec<Redirected>,
    /// The preflights that pages' own requests have not followed yet, by the index of their exchange.
    pub(crate) preflights: Vec<(usize, Context)>,
    /// The jar as it was before each answer of the step that had to do with it.
    pub(crate) states: Vec<State>,
    /// The documents that there are.
    pub(crate) documents: Documents,
    /// The exchange of the step's own that was judged last.
    pub(crate) last: Option<usize>,
    /// What scripts wrote in the step.
    pub(crate) scripts_wrote: Vec<SetCookie>,
    /// Whether a script of the scenario's has run in this world: it may still run.
    pub(crate) scripted: bool,
    /// The cookies that were in the jar when a step let time pass, by number: no driver makes those older.
    pub(crate) aged: BTreeSet<u64>,
    /// Why what the browser did in this step is not what it would do in production.
    pub(crate) unlike_production: Option<String>,
}

impl Following {
    /// Nothing is seen yet.
    pub(crate) fn new(plan: &Arc<Plan>) -> Self {
        Self {
            plan: Arc::clone(plan),
            seen: Vec::new(),
            judged: BTreeSet::new(),
            jar: None,
            address: None,
            not_done: None,
            redirects: Vec::new(),
            preflights: Vec::new(),
            states: Vec::new(),
            documents: Documents::default(),
            last: None,
            scripts_wrote: Vec::new(),
            scripted: false,
            aged: BTreeSet::new(),
            unlike_production: None,
        }
    }

    /// A step begins, of which this was seen.
    pub(crate) fn begin(&mut self, seen: &Observation) {
        self.seen.clone_from(&seen.exchanges);
        self.judged.clear();
        self.jar.clone_from(&seen.jar);
        self.address = seen.page.url.as_ref().map(as_asked);
        self.not_done.clone_from(&seen.page.not_done);
        self.redirects.clear();
        self.preflights.clear();
        self.states.clear();
        self.documents.begin();
        self.last = None;
        self.scripts_wrote.clear();
        self.unlike_production = None;
    }

    /// The first exchange that is not judged and is this request.
    pub(crate) fn find(&self, method: &str, url: &Url, is_preflight: bool) -> Option<usize> {
        let is_it = |wire: &wire::Exchange| {
            wire.method == method && wire.url == *url && wire.is_preflight() == is_preflight
        };
        self.open().find(|index| is_it(&self.seen[*index].wire))
    }

    /// The first exchange that is not judged.
    pub(crate) fn next(&self) -> Option<usize> {
        self.open().next()
    }

    /// Notes that an exchange is judged.
    pub(crate) fn note(&mut self, index: usize) {
        self.judged.insert(index);
        let brings_script = self.brings_script(&self.seen[index].wire);
        self.scripted |= brings_script;
    }

    /// The tab shows another document.
    pub(crate) fn turn(&mut self, origin: &Origin, url: &Url) {
        let frame = Some(Frame::tab());
        self.documents.turn(Known { frame, chain: vec![origin.clone()], url: url.clone(), since: self.last });
    }

    /// Whether an answer of the step has a line for this cookie, with its value where `same_value`, by which it may be as
    /// it is. Where a script that came in the step names the cookie too, it is the script's.
    pub(crate) fn is_answered(&self, profile: &Profile, cookie: &Cookie, same_value: bool) -> bool {
        let lines = self.seen.iter().flat_map(|exchange| {
            exchange.set_cookie.iter().map(move |line| (exchange.wire.url.path(), line))
        });
        let mut lines = lines.filter(|(path, line)| {
            line.name == cookie.name && makes(profile, path, &line.line, cookie, same_value)
        });
        lines.next().is_some() && !(self.scripted && self.is_named(&cookie.name))
    }

    /// Whether a document or a script that came in the step writes cookies and has this name in it.
    fn is_named(&self, name: &str) -> bool {
        let has = |text: &[u8], word: &[u8]| text.windows(word.len()).any(|window| window == word);
        self.seen.iter().any(|exchange| {
            let body = &exchange.wire.bodies.response.bytes;
            self.brings_script(&exchange.wire)
                && has(body, b"cookie")
                && !name.is_empty()
                && has(body, name.as_bytes())
        })
    }

    fn open(&self) -> impl Iterator<Item = usize> {
        (0..self.seen.len()).filter(|index| !self.judged.contains(index))
    }

    /// Whether an answer brings a script that may do something, as far as it is known what is in it.
    fn brings_script(&self, wire: &wire::Exchange) -> bool {
        let media = wire.response_header("content-type").unwrap_or_default().to_ascii_lowercase();
        let is_script = media.windows(6).any(|part| part == b"script");
        let is_page = [b"text/html".as_slice(), b"application/xhtml", b"image/svg"];
        if !is_script && !is_page.iter().any(|kind| media.starts_with(kind)) {
            return false;
        }
        let route = match wire.behind().answer {
            Answer::Page => return false,
            Answer::Route(route) => route,
            _ => return true,
        };
        let origin = self.plan.origins.get(wire.behind().origin);
        match origin.and_then(|origin| origin.service.routes().get(route)).map(|route| &route.body) {
            Some(Body::Html(page)) => {
                let page = page.to_ascii_lowercase();
                page.contains("<script") || page.contains("javascript:") || has_handler(&page)
            }
            Some(Body::Empty | Body::Json(_) | Body::Redirect(_) | Body::WebSocket) => false,
            Some(Body::Text(text)) => !text.trim().is_empty(),
            None => true,
        }
    }
}

/// Whether a line that came from a path may have made, or removed, this cookie: of its path and domain, and of its value
/// where `same_value`.
fn makes(profile: &Profile, path: &str, line: &[u8], cookie: &Cookie, same_value: bool) -> bool {
    let read = SetCookieLine::parse(line, profile);
    let text = |part: Span| String::from_utf8_lossy(read.bytes(part)).into_owned();
    let written = read.path.map(|path| text(path.value)).filter(|path| path.starts_with('/'));
    let own = || String::from_utf8_lossy(default_path(&normalize_escapes(path.as_bytes()))).into_owned();
    let domain = read.domain.map(|domain| text(domain.value).trim_start_matches('.').to_ascii_lowercase());
    let is_its_domain = domain.is_none_or(|domain| domain.is_empty() || domain == cookie.domain);
    let plain = || String::from_utf8_lossy(default_path(path.as_bytes())).into_owned();
    let is_its_path = match written {
        Some(written) => written == cookie.path,
        None => own() == cookie.path || plain() == cookie.path,
    };
    is_its_path && is_its_domain && (!same_value || read.value_text() == cookie.value)
}

/// Whether a page has an attribute like `onload="`.
fn has_handler(page: &str) -> bool {
    page.match_indices(" on").any(|(at, _)| {
        let name = page[at + 3..].trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        name.len() < page.len() - at - 3 && name.trim_start().starts_with('=')
    })
}

/// The URL as requests have it: without a fragment, and without a user's name and password, which go in a header.
pub(crate) fn as_asked(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    // Neither can fail where the URL has a host, and without one it has neither.
    _ = url.set_username("");
    _ = url.set_password(None);
    url
}

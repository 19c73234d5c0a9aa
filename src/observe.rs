//! What was seen during a step: one type for what a browser did and for what the rules predict.
//!
//! An [`Observation`] joins the wire's exchanges with the browser's jar, its own words, and what the
//! page saw. It states facts and never says whether they were expected.

use std::collections::BTreeSet;

use url::Url;

use crate::plan::SameSite;
use crate::rules::context::{Credentials, Mode};
use crate::rules::cookie;
use crate::rules::cookie_header::cookie_pairs;
use crate::rules::line::Line;
use crate::rules::reason::Reason;
use crate::rules::retrieve::Retrieval;
use crate::rules::site::Origin;
use crate::rules::store::Decision;
use crate::world::wire;

/// All that was seen during one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// What the page saw.
    pub page: Page,
    /// The exchanges of the step, in order.
    pub exchanges: Vec<Exchange>,
    /// What became of the cookie that the step's script wrote, where it wrote one.
    pub written: Option<SetCookie>,
    /// The lines that scripts of pages wrote by themselves, as far as they left a trace in the jar: inferred from it,
    /// with the attributes of the cookie that was made, or removed.
    pub scripts_wrote: Vec<SetCookie>,
    /// The jar after the step. `None` where this browser does not show it.
    pub jar: Option<Vec<Cookie>>,
    /// Paths of cookies that may be in the jar besides: this browser shows nobody a cookie whose path no address
    /// can have.
    pub unseen: Vec<String>,
    /// Names the step asked for that are not in the world, in order: `host:port`.
    pub refused: Vec<String>,
    /// What the browser wrote to its console during the step, its own words.
    pub console: Vec<String>,
    /// Why there is no account of this step: a prediction that cannot be made, or a thing that this engine's
    /// driver cannot do. Then the rest is only what is known all the same, and no claim can be judged by it.
    pub unpredicted: Option<String>,
}

/// What the page saw of a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The address bar after the step.
    pub url: Option<Url>,
    /// The status of the step's own request, as the wire has it; `None` where none was answered.
    pub status: Option<u16>,
    /// Whether the page could read the answer. `None` where nothing was to be read.
    pub readable: Option<bool>,
    /// Why it could not: every reason. Empty where it could.
    pub cors: BTreeSet<Reason>,
    /// What was read: a body, or the value of a script.
    pub body: Option<String>,
    /// What `document.cookie` said, where the step asked.
    pub document_cookie: Option<String>,
    /// The browser's own word where the step failed in the page: `TypeError: Failed to fetch`.
    pub error: Option<String>,
    /// Why the step could not be done at all: nothing on the page is what it names, or this browser cannot do
    /// it. Such a step never passes, whatever it claims.
    pub not_done: Option<String>,
    /// The cookies that the step was to read by `{cookie.NAME}`, and that scripts of the page do not see.
    pub unread: Vec<String>,
}

/// An exchange, and what it did to cookies.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// The exchange as it crossed the wire.
    pub wire: wire::Exchange,
    /// Names and values of the request's Cookie header, in order.
    pub sent: Vec<(String, String)>,
    /// Cookies the browser has and did not send, where it or the rules told.
    pub withheld: Vec<Withheld>,
    /// What became of each Set-Cookie line, in order.
    pub set_cookie: Vec<SetCookie>,
    /// What the engine itself told of the request.
    pub account: Account,
    /// Who asked for it, and how; `None` where nobody has looked into it.
    pub asked: Option<AskedBy>,
}

/// What an engine tells of a request: each part `None` where it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The tab, window or frame whose document asked; of a navigation, the one that navigates.
    pub frame: Option<Frame>,
    /// The address of the document that asked, without a fragment; nothing of a navigation.
    pub document: Option<Url>,
    /// The origin of whoever started a navigation; `None` in it where it was the user.
    pub initiator: Option<Option<Origin>>,
    /// The credentials mode.
    pub credentials: Option<Credentials>,
    /// Whether credentials were included.
    pub with_credentials: Option<bool>,
}

/// A tab, a window or a frame, by the name that the engine has for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its name.
    pub id: String,
    /// The name of the one that it is in; `None` for a tab or a window.
    pub parent: Option<String>,
}

impl Frame {
    /// The name of the tab that steps are taken in, whatever the engine calls it.
    pub const TAB: &str = "tab";

    /// The tab that steps are taken in.
    pub fn tab() -> Self {
        Self { id: Self::TAB.to_owned(), parent: None }
    }
}

/// Who asked for something, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedBy {
    /// The origin of the document that asked; `None` where it was the user, who typed an address.
    pub by: Option<Origin>,
    /// The origin of the top-level document above it; `None` for a navigation of the top level.
    pub top_level: Option<Origin>,
    /// Whether the step itself asked for it. Else a page did by itself, in a script or by what it embeds.
    pub is_own: bool,
    /// The mode.
    pub mode: Mode,
    /// The credentials mode.
    pub credentials: Credentials,
    /// Whether the credentials mode was inferred from what was sent and stored, and not told.
    pub is_inferred: bool,
    /// Whether the document that asked may read the answer; `None` where nothing is to be read.
    pub readable: Option<bool>,
    /// Why it may not: every reason.
    pub cors: BTreeSet<Reason>,
}

/// A cookie that was in the jar and not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// The cookie's name.
    pub name: String,
    /// The cookie's domain, without a leading dot.
    pub domain: String,
    /// Why: every reason.
    pub reasons: BTreeSet<Reason>,
    /// The browser's own words for it.
    pub native: Vec<String>,
}

/// What became of a Set-Cookie line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie {
    /// The line, byte for byte.
    pub line: Vec<u8>,
    /// The cookie's name; empty where it has none.
    pub name: String,
    /// Whether the jar took it. `None` where that cannot be told: this browser does not show its jar, or the
    /// jar held the very same cookie before.
    pub stored: Option<bool>,
    /// Why not: every reason. Empty where it was stored.
    pub reasons: BTreeSet<Reason>,
    /// The browser's own words for it.
    pub native: Vec<String>,
}

/// A cookie in a browser's jar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The domain it belongs to, without a leading dot.
    pub domain: String,
    /// Whether it goes to exactly that host.
    pub host_only: bool,
    /// Its path.
    pub path: String,
    /// Whether it is Secure.
    pub secure: bool,
    /// Whether it is HttpOnly.
    pub http_only: bool,
    /// Its SameSite as it was set.
    pub same_site: SameSite,
    /// When it expires, in seconds since 1970-01-01; `None` at the end of the session.
    pub expires: Option<i64>,
    /// The partition it is kept in, if it is kept in one.
    pub partition: Option<Partition>,
}

/// The key of a partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    /// The top-level site, as `https://site`.
    pub site: String,
    /// Whether a frame between the top level and the cookie's context is of another site.
    pub cross_site_ancestor: bool,
}

/// How many seconds may lie between two looks at one jar, or a browser's step and its prediction.
const BETWEEN_LOOKS: u64 = 60;

impl Cookie {
    /// Its value and attributes in few words: all there is to it but its place and when it ends.
    pub(crate) fn attributes(&self) -> String {
        let flag = |flag: bool, word: &'static str| flag.then_some(word);
        let flags = [
            flag(self.secure, "Secure"),
            flag(self.http_only, "HttpOnly"),
            Some(if self.expires.is_some() { "persistent" } else { "session" }),
        ];
        let flags: Vec<&str> = flags.into_iter().flatten().collect();
        format!("`{}`, {}, SameSite {}", self.value, flags.join(", "), self.same_site.word())
    }

    /// Whether both end, and at different times, beyond what lies between two looks.
    pub(crate) fn expires_apart(&self, other: &Self) -> bool {
        let apart = |(one, other): (i64, i64)| one.abs_diff(other) > BETWEEN_LOOKS;
        self.expires.zip(other.expires).is_some_and(apart)
    }

    /// Whether its value, its attributes and its end are the same in another look at the jar.
    pub(crate) fn looks_like(&self, other: &Self) -> bool {
        self.attributes() == other.attributes() && !self.expires_apart(other)
    }
}

impl Observation {
    /// What became of every cookie line of the step that gives this name, scripts' writes included, in order.
    pub fn lines<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a SetCookie> {
        let answered = self.exchanges.iter().flat_map(|exchange| &exchange.set_cookie);
        answered.chain(&self.written).chain(&self.scripts_wrote).filter(move |line| line.name == name)
    }

    /// The requests of the step that carry cookies: all but preflights (Fetch, section 4.8, never with credentials).
    pub fn requests(&self) -> impl DoubleEndedIterator<Item = &Exchange> {
        self.exchanges.iter().filter(|exchange| !exchange.wire.is_preflight())
    }
}

impl SetCookie {
    /// A line of which nothing but its bytes is known yet.
    pub fn unjudged(line: &[u8]) -> Self {
        Self {
            line: line.to_vec(),
            name: Line(&String::from_utf8_lossy(line)).name().to_owned(),
            stored: None,
            reasons: BTreeSet::new(),
            native: Vec::new(),
        }
    }
}

impl Withheld {
    /// The cookies that stay behind by the rules, in the order of their creation.
    pub fn of(retrieval: &Retrieval<'_>) -> Vec<Self> {
        let mut withheld = retrieval.withheld.clone();
        withheld.sort_unstable_by_key(|withheld| withheld.cookie.serial);
        let told = withheld.into_iter().map(|withheld| Self {
            name: withheld.cookie.name_text().into_owned(),
            domain: withheld.cookie.domain.clone(),
            reasons: withheld.reasons.iter().collect(),
            native: Vec::new(),
        });
        told.collect()
    }
}

impl From<&Decision<'_>> for SetCookie {
    /// What becomes of a line by the rules.
    fn from(decision: &Decision<'_>) -> Self {
        Self {
            line: decision.parsed.line.to_vec(),
            name: decision.parsed.name_text().into_owned(),
            stored: Some(decision.is_stored()),
            reasons: decision.reasons().iter().collect(),
            native: Vec::new(),
        }
    }
}

impl From<&cookie::Cookie> for Cookie {
    /// A cookie as the rules keep it.
    fn from(cookie: &cookie::Cookie) -> Self {
        Self {
            name: cookie.name_text().into_owned(),
            value: cookie.value_text().into_owned(),
            domain: cookie.domain.clone(),
            host_only: cookie.host_only,
            path: cookie.path_text().into_owned(),
            secure: cookie.secure,
            http_only: cookie.http_only,
            same_site: cookie.same_site,
            expires: cookie.expiry,
            partition: cookie.partition.as_ref().map(|key| Partition {
                site: key.top_level.to_string(),
                cross_site_ancestor: key.cross_site_ancestor,
            }),
        }
    }
}

impl Exchange {
    /// An exchange of which nothing but the wire is known yet.
    pub fn from_wire(wire: wire::Exchange) -> Self {
        let sent = wire.cookie().map(cookie_pairs).unwrap_or_default();
        let set_cookie = wire.set_cookie().map(SetCookie::unjudged).collect();
        Self { wire, sent, withheld: Vec::new(), set_cookie, account: Account::default(), asked: None }
    }
}

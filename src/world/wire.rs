//! The record of every exchange as it crossed an origin's socket.
//!
//! The wire is the judge of what was sent: nothing here is guessed, and nothing a browser says
//! about itself ends up here.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;
use url::Url;

/// One request and its response, as they crossed an origin's socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The index of the origin in the plan.
    pub origin: usize,
    /// The request's method.
    pub method: String,
    /// The whole URL, as the Host header (or `:authority`) and the socket tell it.
    pub url: Url,
    /// The request's header fields in order, names in lower case. HTTP/2's several `cookie` fields
    /// are one here, joined by `; ` (RFC 9113, section 8.2.3).
    pub request_headers: Vec<(String, Vec<u8>)>,
    /// The status of the response.
    pub status: u16,
    /// The response's header fields in order, names in lower case, one for each Set-Cookie line.
    pub response_headers: Vec<(String, Vec<u8>)>,
    /// How the origin came to its answer.
    pub answer: Answer,
    /// What the server knows of its answer and tells nobody. It is no part of what crossed the wire; only a
    /// rehearsal sees it.
    pub notes: Vec<Note>,
}

/// Something that a server knows of its answer: a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Its framework meant to set a cookie and left it out, and this is why.
    CookieLeftOut(String),
    /// It refused a token, and this is why.
    TokenRefused(String),
}

impl Note {
    /// The sentence.
    pub fn text(&self) -> &str {
        match self {
            Self::CookieLeftOut(text) | Self::TokenRefused(text) => text,
        }
    }
}

/// How an origin came to its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The built-in page.
    Page,
    /// The route with this index in the plan.
    Route(usize),
    /// The route with this index refused: the cookie it requires was not there.
    CookieMissing(usize),
    /// The route with this index refused: the token that it requires was no good.
    TokenRefused(usize),
    /// A CORS preflight, answered by the origin's CORS settings.
    Preflight,
    /// A framework's own page or endpoint, which no route of the plan is.
    Framework,
    /// A middleware of a framework's back end answered in the route's place, and this is why.
    Middleware(String),
    /// A reverse proxy passed the request on: the exchange that it had with the origin behind it.
    Passed(Box<Exchange>),
    /// No route has this path (404), or none with this method (405).
    Undeclared,
    /// The request was for a host that is not this origin's (421).
    Misdirected,
    /// The request's body was too large (413), stood still (408), or broke off (400).
    BodyRefused,
}

impl Exchange {
    /// The first request header field of this lower-case name.
    pub fn request_header(&self, name: &str) -> Option<&[u8]> {
        find(&self.request_headers, name)
    }

    /// The first response header field of this lower-case name.
    pub fn response_header(&self, name: &str) -> Option<&[u8]> {
        find(&self.response_headers, name)
    }

    /// Method and whole URL, as people say a request.
    pub fn request_line(&self) -> String {
        format!("{} {}", self.method, self.url)
    }

    /// The Cookie header, if there was one.
    pub fn cookie(&self) -> Option<&[u8]> {
        self.request_header("cookie")
    }

    /// The exchange with whoever answered in the end, behind all reverse proxies.
    pub fn behind(&self) -> &Self {
        match &self.answer {
            Answer::Passed(exchange) => exchange.behind(),
            _ => self,
        }
    }

    /// What the server knows of its answer and tells nobody: its notes, and why another than the route answered.
    pub fn said_inside(&self) -> impl Iterator<Item = &str> {
        let middleware = match &self.answer {
            Answer::Middleware(why) => Some(why.as_str()),
            _ => None,
        };
        self.notes.iter().map(Note::text).chain(middleware)
    }

    /// Each Set-Cookie line of the response.
    pub fn set_cookie(&self) -> impl Iterator<Item = &[u8]> {
        self.response_headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, line)| line.as_slice())
    }

    /// Whether this is a CORS preflight (Fetch, section 4.8), whoever answered it.
    pub fn is_preflight(&self) -> bool {
        self.method == "OPTIONS"
            && self.request_header("origin").is_some()
            && self.request_header("access-control-request-method").is_some()
    }
}

fn find<'a>(headers: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a [u8]> {
    headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
}

/// The record, shared by all origins of a world. Clones are handles to the same record.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    record: Mutex<Record>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Record {
    exchanges: Vec<Exchange>,
    in_flight: usize,
}

/// A place in the record: the exchanges after it are new. The default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(usize);

/// A request that has arrived and is not yet answered. Dropped unanswered, it leaves no exchange.
#[derive(Debug)]
pub struct InFlight {
    wire: Wire,
}

impl Wire {
    /// Where the record ends now.
    pub fn mark(&self) -> Mark {
        Mark(self.record().exchanges.len())
    }

    /// The exchanges completed since a mark, in the order their responses were handed to the socket.
    pub fn since(&self, mark: Mark) -> Vec<Exchange> {
        self.record().exchanges.get(mark.0..).unwrap_or_default().to_vec()
    }

    /// [`Wire::since`], and the mark is moved behind what was taken: no exchange is between two takings.
    pub fn take_since(&self, mark: &mut Mark) -> Vec<Exchange> {
        let record = self.record();
        let taken = record.exchanges.get(mark.0..).unwrap_or_default().to_vec();
        *mark = Mark(record.exchanges.len());
        taken
    }

    /// Waits until an exchange is completed after a mark.
    pub async fn grown(&self, mark: Mark) {
        loop {
            let changed = self.shared.changed.notified();
            if self.mark() != mark {
                return;
            }
            changed.await;
        }
    }

    /// Notes that a request has arrived.
    pub fn arrived(&self) -> InFlight {
        self.record().in_flight += 1;
        InFlight { wire: self.clone() }
    }

    /// Waits until every request that has arrived is answered.
    pub async fn settled(&self) {
        loop {
            let changed = self.shared.changed.notified();
            if self.record().in_flight == 0 {
                return;
            }
            changed.await;
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        // A panic elsewhere leaves the record whole: it is only ever appended to.
        self.shared.record.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl InFlight {
    /// Records the exchange.
    pub fn answered(self, exchange: Exchange) {
        self.wire.record().exchanges.push(exchange);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.wire.record().in_flight -= 1;
        self.wire.shared.changed.notify_waiters();
    }
}

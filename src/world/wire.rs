//! The record of every exchange as it crossed an origin's socket.
//!
//! The wire is the judge of what was sent: nothing here is guessed, and nothing a browser says
//! about itself ends up here. It is written in two beats: the head of an answer when it comes, and its end when
//! that comes. Of a body the beginning is kept, and of all bodies of a world so much and no more.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;
use url::Url;

use super::body::Kept;

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
    /// The bodies, as far as they have come and were kept.
    pub bodies: Bodies,
}

/// How much of a body is kept, in bytes.
pub const KEPT_BODY: usize = 64 << 10;

/// How much of all bodies of a world is kept together, in bytes; beyond it the oldest are let go.
const KEPT_BODIES: usize = 64 << 20;

/// How many exchanges are kept; beyond it the oldest are let go. A world that is up for days must not fill the
/// memory, and no step makes so many requests.
const MOST_EXCHANGES: usize = 20_000;

/// The bodies of an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bodies {
    /// Of the request.
    pub request: Beginning,
    /// Of the answer.
    pub response: Beginning,
    /// Whether the answer's has ended, and how.
    pub end: End,
}

/// The beginning of a body: at most [`KEPT_BODY`] bytes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beginning {
    /// The bytes that were kept.
    pub bytes: Vec<u8>,
    /// How many bytes have come.
    pub length: u64,
}

/// How an answer ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// It has not: its body is on its way.
    #[default]
    Open,
    /// It is whole.
    Whole,
    /// The client went away before it was.
    Left,
    /// The server behind broke off, and this is how.
    Cut(String),
}

impl Beginning {
    /// That of a whole body.
    pub(super) fn of(body: &[u8]) -> Self {
        let mut beginning = Self::default();
        beginning.push(body);
        beginning
    }

    /// Whether no byte of what has come is missing.
    pub fn is_whole(&self) -> bool {
        self.bytes.len() as u64 == self.length
    }

    pub(super) fn push(&mut self, data: &[u8]) {
        self.length += data.len() as u64;
        let room = KEPT_BODY - self.bytes.len();
        self.bytes.extend_from_slice(&data[..data.len().min(room)]);
    }
}

/// Something that a server knows of its answer: a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Its framework meant to set a cookie and left it out, and this is why.
    CookieLeftOut(String),
    /// It refused a token, and this is why.
    TokenRefused(String),
    /// It refused a request for a header, and this is why.
    HeaderRefused(String),
}

impl Note {
    /// The sentence.
    pub fn text(&self) -> &str {
        match self {
            Self::CookieLeftOut(text) | Self::TokenRefused(text) | Self::HeaderRefused(text) => text,
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
    /// The route with this index refused: the header it requires was not there, or another.
    HeaderMissing(usize),
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
    /// The real server of this origin answered.
    Upstream(Box<Forwarded>),
    /// The real server of this origin gave no answer.
    NoAnswer {
        /// Why: a lower-case fragment.
        why: String,
        /// What to do.
        hint: &'static str,
    },
    /// No route has this path (404), or none with this method (405).
    Undeclared,
    /// The request was for a host that is not this origin's (421).
    Misdirected,
    /// The request's body was too large (413), stood still (408), or broke off (400).
    BodyRefused,
}

/// How a request went on to a real server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// Where the server listens.
    pub place: String,
    /// Whether that is another machine.
    pub outside: bool,
    /// The header fields that were set for it: names in lower case.
    pub told: Vec<(String, Vec<u8>)>,
}

impl Forwarded {
    /// The scheme that it was told the browser came by, in `X-Forwarded-Proto`; `None` where it was told nothing.
    pub fn proto(&self) -> Option<Cow<'_, str>> {
        find(&self.told, "x-forwarded-proto").map(String::from_utf8_lossy)
    }
}

impl Exchange {
    /// Why the real server behind gave no answer or not all of it, and what to do.
    pub fn upstream_fault(&self) -> Option<(&str, &'static str)> {
        match (&self.behind().answer, &self.bodies.end) {
            (Answer::NoAnswer { why, hint }, _) => Some((why, hint)),
            (_, End::Cut(why)) => Some((why, "look at what the server wrote last: it probably crashed")),
            _ => None,
        }
    }

    /// How the request went on to a real server, where one answered.
    pub fn forwarded(&self) -> Option<&Forwarded> {
        match &self.behind().answer {
            Answer::Upstream(forwarded) => Some(forwarded),
            _ => None,
        }
    }

    /// Whether the answer ends when somebody closes it and not when all is said: a WebSocket, or server-sent
    /// events (HTML, section 9.2).
    pub fn is_endless(&self) -> bool {
        let kind = self.response_header("content-type").unwrap_or_default();
        self.status == 101 || kind.to_ascii_lowercase().starts_with(b"text/event-stream")
    }

    /// A request for a URL of which nothing more is known.
    pub(crate) fn unanswered(method: &str, url: &Url) -> Self {
        Self {
            origin: 0,
            method: method.to_owned(),
            url: url.clone(),
            request_headers: Vec::new(),
            status: 0,
            response_headers: Vec::new(),
            answer: Answer::Undeclared,
            notes: Vec::new(),
            bodies: Bodies::default(),
        }
    }

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
    /// How many exchanges were let go of.
    gone: usize,
    exchanges: VecDeque<Exchange>,
    /// How many are kept at most, where that was said.
    limit: Option<usize>,
    in_flight: usize,
    /// How many answers have a body on its way that will end by itself.
    unended: usize,
    /// How many bytes of bodies are kept.
    kept: usize,
    /// The number of the first exchange whose bodies are kept.
    with_bodies: usize,
}

/// A place in the record: the exchanges after it are new. The default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(usize);

/// What is under way in a world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnderWay {
    /// Requests that have arrived and are not answered.
    pub unanswered: usize,
    /// Answers whose body is on its way, but for those that are [endless](Exchange::is_endless).
    pub unended: usize,
}

/// A request that has arrived and is not yet answered. Dropped unanswered, it leaves no exchange.
#[derive(Debug)]
pub struct InFlight {
    wire: Wire,
}

/// An exchange whose head is in the record, and whose end is not. Dropped, the client has left.
#[derive(Debug)]
pub struct Recording {
    wire: Wire,
    /// Its number in the record.
    number: usize,
    is_endless: bool,
    /// The body of the request, as far as it has come.
    request: Kept,
    is_ended: bool,
}

impl Wire {
    /// Where the record ends now.
    pub fn mark(&self) -> Mark {
        self.record().mark()
    }

    /// The exchanges answered since a mark, in the order their heads were handed to the socket, each as far as it
    /// has come.
    pub fn since(&self, mark: Mark) -> Vec<Exchange> {
        self.record().since(mark)
    }

    /// Keeps so many exchanges from now on, the last: for a world that is up for days, whose record nobody reads.
    pub fn keep(&self, most: usize) {
        let mut record = self.record();
        record.limit = Some(most);
        record.forget(most);
    }

    /// [`Wire::since`], and the mark is moved behind what was taken: no exchange is between two takings.
    pub fn take_since(&self, mark: &mut Mark) -> Vec<Exchange> {
        let record = self.record();
        let taken = record.since(*mark);
        *mark = record.mark();
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

    /// What is under way now.
    pub fn under_way(&self) -> UnderWay {
        let record = self.record();
        UnderWay { unanswered: record.in_flight, unended: record.unended }
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

    /// Waits until there is an exchange like this one among those that came after the mark.
    pub async fn until(&self, mark: Mark, is_it: impl Fn(&Exchange) -> bool) {
        loop {
            let changed = self.shared.changed.notified();
            if self.since(mark).iter().any(&is_it) {
                return;
            }
            changed.await;
        }
    }

    /// Waits until every request that has arrived is answered, and every answer that ends by itself has ended.
    pub async fn ended(&self) {
        loop {
            let changed = self.shared.changed.notified();
            if self.under_way() == UnderWay::default() {
                return;
            }
            changed.await;
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        // A panic elsewhere leaves the record whole: each exchange is changed in one go.
        self.shared.record.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl InFlight {
    /// Records the head of the answer. Of its end the returned handle is told.
    pub(super) fn answered(self, exchange: Exchange, request: Kept) -> Recording {
        let is_endless = exchange.is_endless();
        let number = {
            let mut record = self.wire.record();
            record.unended += usize::from(!is_endless);
            record.push(exchange)
        };
        Recording { wire: self.wire.clone(), number, is_endless, request, is_ended: false }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.wire.record().in_flight -= 1;
        self.wire.shared.changed.notify_waiters();
    }
}

impl Recording {
    /// Records the end of the answer.
    pub(super) fn end(mut self, response: Beginning, end: End) {
        self.finish(response, end);
    }

    fn finish(&mut self, response: Beginning, end: End) {
        if std::mem::replace(&mut self.is_ended, true) {
            return;
        }
        {
            let mut record = self.wire.record();
            record.unended -= usize::from(!self.is_endless);
            record.end(self.number, Bodies { request: self.request.so_far(), response, end });
        }
        self.wire.shared.changed.notify_waiters();
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.finish(Beginning::default(), End::Left);
    }
}

impl Record {
    /// Adds an exchange. Returns its number.
    fn push(&mut self, exchange: Exchange) -> usize {
        self.exchanges.push_back(exchange);
        self.forget(self.limit.unwrap_or(MOST_EXCHANGES));
        (self.gone + self.exchanges.len()).saturating_sub(1)
    }

    fn mark(&self) -> Mark {
        Mark(self.gone + self.exchanges.len())
    }

    fn since(&self, mark: Mark) -> Vec<Exchange> {
        let first = mark.0.saturating_sub(self.gone).min(self.exchanges.len());
        self.exchanges.range(first..).cloned().collect()
    }

    /// Lets go of the oldest that are more than so many.
    fn forget(&mut self, most: usize) {
        while self.exchanges.len() > most {
            let oldest = self.exchanges.pop_front();
            self.kept -= oldest.map_or(0, |oldest| oldest.bodies.kept());
            self.gone += 1;
        }
    }

    /// Adds the bodies of an exchange, and lets go of the oldest where there are too many.
    fn end(&mut self, number: usize, mut bodies: Bodies) {
        let Some(index) = number.checked_sub(self.gone) else { return };
        let Some(exchange) = self.exchanges.get_mut(index) else { return };
        if number < self.with_bodies {
            // It ends after younger ones were let go of: nobody would come back for it.
            bodies.let_go();
        }
        self.kept += bodies.kept();
        exchange.bodies = bodies;
        self.with_bodies = self.with_bodies.max(self.gone);
        while self.kept > KEPT_BODIES && self.with_bodies < number {
            let bodies = &mut self.exchanges[self.with_bodies - self.gone].bodies;
            self.kept -= bodies.kept();
            bodies.let_go();
            self.with_bodies += 1;
        }
    }
}

impl Bodies {
    /// How many bytes are kept.
    fn kept(&self) -> usize {
        self.request.bytes.len() + self.response.bytes.len()
    }

    /// Keeps nothing but how long they were.
    fn let_go(&mut self) {
        (self.request.bytes, self.response.bytes) = (Vec::new(), Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_bounded_whatever_order_they_end_in() {
        let url = "https://a.example/".parse().expect("a URL");
        let whole =
            || Bodies { response: Beginning::of(&vec![0; KEPT_BODY]), end: End::Whole, ..Bodies::default() };
        let (most, mut record) = (KEPT_BODIES / KEPT_BODY, Record::default());
        let numbers: Vec<usize> =
            (0..3 * most).map(|_| record.push(Exchange::unanswered("GET", &url))).collect();
        // Two thirds end in their order, and the oldest third last.
        for number in numbers[most..].iter().chain(&numbers[..most]) {
            record.end(*number, whole());
            let kept: usize = record.exchanges.iter().map(|exchange| exchange.bodies.kept()).sum();
            assert_eq!(record.kept, kept, "what is counted is what is there");
            assert!(kept <= KEPT_BODIES, "{kept} bytes are kept");
        }
        let lengths = record.exchanges.iter().map(|exchange| exchange.bodies.response.length);
        assert!(lengths.into_iter().all(|length| length == KEPT_BODY as u64), "how long each was is kept");
    }
}

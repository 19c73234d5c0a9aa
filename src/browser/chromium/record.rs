//! What Chromium reports about its requests, gathered until an exchange of the wire asks for it.
//!
//! The DevTools protocol tells a request's story in pieces that come in no fixed order:
//! `requestWillBeSent` has the URL, the two `ExtraInfo` events have the cookies, and the hops of a
//! redirect share one id. This file puts the pieces together and matches the hops to the wire's
//! exchanges, by method, URL and cookies and in order. The wire stays the judge of what was sent.

use std::collections::HashMap;

use serde_json::Value;
use url::Url;

use super::account;
use super::account::Frames;
use super::native;
use crate::browser::line_outcomes;
use crate::browser::request::{is_at, without_fragment};
use crate::observe::{Cookie, Exchange, Withheld};
use crate::rules::engine::Profile;
use crate::rules::set_cookie::SetCookie;

/// Requests that were reported and not yet matched.
#[derive(Debug, Default)]
pub(super) struct Record {
    requests: HashMap<String, Request>,
    /// How many requests were seen, to keep their order.
    count: usize,
}

/// One request with its redirects.
#[derive(Debug, Default)]
struct Request {
    order: usize,
    /// The frame it is for.
    frame: String,
    hops: Vec<Hop>,
    /// The parameters of `requestWillBeSentExtraInfo`, in order.
    sent: Vec<Value>,
    /// The parameters of `responseReceivedExtraInfo`, in order.
    received: Vec<Value>,
    /// The parameters of `loadingFailed`.
    failed: Option<Value>,
    finished: bool,
}

/// One request of a chain of redirects.
#[derive(Debug)]
struct Hop {
    method: String,
    url: Url,
    /// The address of the document that asks; of a navigation its own.
    document: Option<Url>,
    /// Whether it is a navigation.
    navigates: bool,
    /// Whether it touched the network: an internal redirect does not.
    on_wire: bool,
    matched: bool,
}

/// How a request ended that ended badly, in Chromium's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// The URL it failed at, after redirects.
    pub(super) url: Url,
    /// `net::ERR_…`.
    pub(super) error: String,
    /// A word of `Network.CorsError`.
    pub(super) cors: Option<String>,
    /// A word of `Network.BlockedReason`.
    pub(super) blocked: Option<String>,
}

impl Record {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.requests.clear();
    }

    /// Takes in an event of the domain Network: its name without the domain, and its parameters.
    pub(super) fn take(&mut self, name: &str, params: &Value) {
        let Some(id) = params.get("requestId").and_then(Value::as_str) else { return };
        let order = self.count;
        self.count += 1;
        let frame = params.get("frameId").and_then(Value::as_str).unwrap_or_default();
        if name == "requestWillBeSent" && params.get("type").is_some_and(|kind| kind == "Document") {
            // What a frame was loading when it begins to go elsewhere is never reported to end.
            let others =
                self.requests.iter_mut().filter(|(other, request)| *other != id && request.frame == frame);
            others.for_each(|(_, request)| request.finished = true);
        }
        let request =
            self.requests.entry(id.to_owned()).or_insert_with(|| Request { order, ..Request::default() });
        match name {
            "requestWillBeSent" => {
                request.frame = frame.to_owned();
                request.begin(params);
            }
            "requestWillBeSentExtraInfo" => request.sent.push(params.clone()),
            "responseReceivedExtraInfo" => request.received.push(params.clone()),
            "loadingFinished" => request.finished = true,
            // Where a page leaves the body of an answer to `fetch()` unread, no end is ever told. The wire knows
            // whether all of it was sent.
            "responseReceived" if params.get("type").is_some_and(|kind| kind == "Fetch") => {
                request.finished = true;
            }
            "loadingFailed" => {
                request.finished = true;
                request.failed = Some(params.clone());
            }
            _ => {}
        }
    }

    /// Whether every request that was begun has ended.
    pub(super) fn is_quiet(&self) -> bool {
        self.requests.values().all(|request| request.finished || request.hops.is_empty())
    }

    /// Whether a page asked for this host and port.
    pub(super) fn asked_for(&self, asked: &str) -> bool {
        self.requests.values().flat_map(|request| &request.hops).any(|hop| is_at(&hop.url, asked))
    }

    /// Whether both pieces about the cookies of each of these exchanges are here.
    pub(super) fn is_complete(&self, exchanges: &[Exchange]) -> bool {
        let mut taken: Vec<(&str, usize)> = Vec::new();
        // Of the handshake of a WebSocket nothing is told.
        let mut told = exchanges.iter().filter(|exchange| exchange.wire.request_header("upgrade").is_none());
        told.all(|exchange| match self.find(exchange, &taken) {
            Some((id, hop)) => {
                taken.push((id, hop));
                let request = &self.requests[id];
                let extra = request.extra(hop);
                extra.is_some_and(|extra| request.sent.len() > extra && request.received.len() > extra)
            }
            None => false,
        })
    }

    /// Tells each exchange what Chromium said of who asked for it, and of its cookies. `held` are the cookies that were
    /// in the jar all the time.
    pub(super) fn explain(&mut self, exchanges: &mut [Exchange], frames: &Frames, held: &[&Cookie]) {
        for exchange in exchanges {
            let Some((id, hop)) = self.find(exchange, &[]).map(|(id, hop)| (id.to_owned(), hop)) else {
                continue;
            };
            let Some(request) = self.requests.get_mut(&id) else { continue };
            request.hops[hop].matched = true;
            let Hop { document, navigates, .. } = &request.hops[hop];
            exchange.account.frame = frames.frame(&request.frame);
            exchange.account.document = document.clone().filter(|_| !navigates);
            let Some(extra) = request.extra(hop) else { continue };
            if let Some(sent) = request.sent.get(extra) {
                explain_withheld(exchange, sent);
                exchange.account.with_credentials = account::has_credentials(sent, &exchange.wire.url, held);
            }
            if let Some(received) = request.received.get(extra) {
                explain_not_stored(exchange, received);
            }
        }
    }

    /// How the last request for a URL failed; `None` if it did not. Redirects count for the URL they
    /// began with.
    pub(super) fn ending(&self, method: &str, url: &Url) -> Option<Ending> {
        let url = without_fragment(url);
        let same = |hop: &Hop| hop.method == method && hop.url == url;
        let request = self
            .requests
            .values()
            .filter(|request| request.hops.first().is_some_and(same))
            .max_by_key(|request| request.order)?;
        let failed = request.failed.as_ref()?;
        let text = |pointer: &str| failed.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Some(Ending {
            url: request.hops.last()?.url.clone(),
            error: text("/errorText").unwrap_or_default(),
            cors: text("/corsErrorStatus/corsError"),
            blocked: text("/blockedReason"),
        })
    }

    /// Whether a request was broken off because this machine's network changed (an interface came, an
    /// address went): it says nothing about the request.
    pub(super) fn network_changed(&self) -> bool {
        let errors = self.requests.values().filter_map(|request| request.failed.as_ref()?.get("errorText"));
        errors.into_iter().any(|error| error == "net::ERR_NETWORK_CHANGED")
    }

    /// The first hop that is not matched, and not in `taken`, and fits.
    fn find(&self, exchange: &Exchange, taken: &[(&str, usize)]) -> Option<(&str, usize)> {
        let url = without_fragment(&exchange.wire.url);
        self.requests
            .iter()
            .flat_map(|(id, request)| {
                request.hops.iter().enumerate().map(move |(index, hop)| (id, request, index, hop))
            })
            .filter(|(id, request, index, hop)| {
                !hop.matched
                    && hop.on_wire
                    && hop.method == exchange.wire.method
                    && hop.url == url
                    && request.status(*index).is_none_or(|status| status == u64::from(exchange.wire.status))
                    && !taken.contains(&(id.as_str(), *index))
            })
            .min_by_key(|(_, request, index, _)| {
                (request.sends_others(*index, exchange), request.order, *index)
            })
            .map(|(id, _, index, _)| (id.as_str(), index))
    }
}

impl Request {
    fn begin(&mut self, params: &Value) {
        let text = |pointer: &str| params.pointer(pointer).and_then(Value::as_str);
        let Some(url) = text("/request/url").and_then(|url| Url::parse(url).ok()) else { return };
        if let (Some(false), Some(before)) = (
            params
                .get("redirectHasExtraInfo")
                .and_then(Value::as_bool)
                .filter(|_| params.get("redirectResponse").is_some()),
            self.hops.last_mut(),
        ) {
            before.on_wire = false;
        }
        // A URL without a host (data:, blob:, about:) touches no network.
        let on_wire = url.has_host();
        let method = text("/request/method").unwrap_or("GET").to_owned();
        let document = text("/documentURL").and_then(|url| Url::parse(url).ok());
        self.hops.push(Hop {
            method,
            url: without_fragment(&url),
            document: document.as_ref().map(without_fragment),
            navigates: text("/type") == Some("Document"),
            on_wire,
            matched: false,
        });
        self.finished = !on_wire;
    }

    /// The index of a hop among those that have an ExtraInfo.
    fn extra(&self, hop: usize) -> Option<usize> {
        self.hops.get(hop)?.on_wire.then(|| self.hops[..hop].iter().filter(|hop| hop.on_wire).count())
    }

    /// Whether a hop is told to have sent other cookies than an exchange has.
    fn sends_others(&self, hop: usize, exchange: &Exchange) -> bool {
        let sent = self.extra(hop).and_then(|extra| self.sent.get(extra));
        sent.is_some_and(|sent| !account::sends(sent, exchange.wire.cookie().unwrap_or_default()))
    }

    fn status(&self, hop: usize) -> Option<u64> {
        self.received.get(self.extra(hop)?)?.get("statusCode")?.as_u64()
    }
}

/// `associatedCookies` of a `requestWillBeSentExtraInfo`: those with a reason were not sent.
fn explain_withheld(exchange: &mut Exchange, sent: &Value) {
    let host = exchange.wire.url.host_str().unwrap_or_default().to_owned();
    for associated in array(sent, "associatedCookies") {
        let native = words(associated);
        let text = |pointer: &str| associated.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if native.is_empty() {
            continue;
        }
        let domain = text("/cookie/domain");
        exchange.withheld.push(Withheld {
            name: text("/cookie/name").to_owned(),
            domain: domain.trim_start_matches('.').to_owned(),
            reasons: native.iter().filter_map(|word| native::not_sent(word, &host, domain)).collect(),
            native,
        });
    }
}

/// `blockedCookies` of a `responseReceivedExtraInfo`: lines that were not stored.
fn explain_not_stored(exchange: &mut Exchange, received: &Value) {
    let host = exchange.wire.url.host_str().unwrap_or_default().to_owned();
    for blocked in array(received, "blockedCookies") {
        let native = words(blocked);
        let Some(said) = blocked.get("cookieLine").and_then(Value::as_str) else { continue };
        let line =
            exchange.set_cookie.iter_mut().find(|line| line.stored.is_none() && is_line(&line.line, said));
        let Some(line) = line else { continue };
        let domain = line_outcomes::domain(&SetCookie::parse(&line.line, &Profile::CHROMIUM));
        line.stored = Some(false);
        line.reasons =
            native.iter().filter_map(|word| native::not_stored(word, &host, domain.as_deref())).collect();
        line.native = native;
    }
}

/// Whether a line as Chromium quotes it is this one: its bytes, or each byte as a character of Latin-1.
fn is_line(line: &[u8], said: &str) -> bool {
    let said = said.trim();
    line.trim_ascii() == said.as_bytes()
        || line.trim_ascii().iter().map(|&byte| char::from(byte)).eq(said.chars())
        || String::from_utf8_lossy(line).trim() == said
}

fn array<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn words(value: &Value) -> Vec<String> {
    array(value, "blockedReasons").filter_map(Value::as_str).map(str::to_owned).collect()
}

//! Fetching, by the Fetch standard: preflights, redirects, tainting, and cookies on the way.
//!
//! The names of the parts are those of the standard's algorithms (section 4). What a browser may do is
//! asked of the rules; what crossed the wire is taken from the wire. Absent: the HTTP cache, service
//! workers, Content Security Policy and HSTS, none of which the rules know.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;
use hyper::header::{COOKIE, DATE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use url::Url;

use super::UserAgent;
use super::client::{NoAnswer, Outgoing};
use super::preflights::Leave;
use super::request::{Request, is_redirect};
use super::told;
use crate::observe::{Exchange, SetCookie, Withheld};
use crate::plan::Redirect;
use crate::rules::context::{Context, Credentials, Kind, Mode};
use crate::rules::cors::{self, MixedContent};
use crate::rules::date::http_date;
use crate::rules::engine::{self, ProxyChallenge};
use crate::rules::path::normalize_escapes;
use crate::rules::reason::Reason;
use crate::rules::reasons::Reasons;
use crate::rules::site::Origin;
use crate::suffixes::Names;

/// How many redirects are followed: Fetch, HTTP-redirect fetch, step 7.
pub(super) const REDIRECTS: usize = 20;

/// An answer after all redirects.
#[derive(Debug)]
pub(super) struct Response {
    /// The request as it was after the last redirect.
    pub(super) request: Request,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Whether it is a redirect that is not followed: no script reads it.
    pub(super) is_opaque_redirect: bool,
}

/// A network error, in the sense of Fetch.
#[derive(Debug)]
pub(super) struct Failed {
    /// Why the page may not read the answer, or there is none.
    pub(super) reasons: Reasons,
    /// The same in words.
    pub(super) error: String,
    /// The status of the last answer that came all the same, preflights aside.
    pub(super) status: Option<u16>,
    /// The URL that failed, after redirects.
    pub(super) url: Option<Url>,
    /// Whether the user is warned, who could insist.
    pub(super) warned: bool,
}

impl UserAgent {
    /// Main fetch, and all below it.
    pub(super) async fn fetch(&mut self, mut request: Request) -> Result<Response, Failed> {
        let mut status = None;
        match self.hop(&mut request, &mut status).await {
            Ok((status, headers, body)) => {
                let is_opaque_redirect = request.redirect == Redirect::Manual && is_redirect(status);
                Ok(Response { request, status, headers, body, is_opaque_redirect })
            }
            Err(failed) => Err(Failed { status: failed.status.or(status), url: Some(request.url), ..failed }),
        }
    }

    /// The request, and all that redirects make of it. `last` is the status of the last answer.
    async fn hop(
        &mut self,
        request: &mut Request,
        last: &mut Option<u16>,
    ) -> Result<(u16, HeaderMap, Bytes), Failed> {
        let most = match request.context.mode {
            Mode::Navigate => self.profile.navigation.max_redirects,
            _ => REDIRECTS,
        };
        loop {
            if request.only.as_ref().is_some_and(|only| *only != request.context.url.origin) {
                return Err(Failed::new([], format!("the browser's own page does not load {}", request.url)));
            }
            let context = &request.context;
            if context.mode == Mode::SameOrigin && context.is_cross_origin() {
                let error = format!("a call in mode `same-origin` may not go to {}", request.url);
                return Err(Failed::new([Reason::SameOriginMode], error));
            }
            match cors::mixed_content(&self.profile, &request.context) {
                MixedContent::No => {}
                MixedContent::Upgraded => request.upgrade(),
                MixedContent::Blocked => {
                    if self.profile.preflights.before_mixed_content && last.is_some() {
                        // Whatever it says, the request is not made.
                        _ = self.preflight(request).await;
                    }
                    let error = format!("an https page may not load {}", request.url);
                    return Err(Failed::new([Reason::MixedContent], error));
                }
            }
            if self.profile.navigation.stops_insecure_forms && request.is_insecure_form() {
                let error = format!("a form on an https page is not sent to {}", request.url);
                return Err(Failed { warned: true, ..Failed::new([Reason::MixedContent], error) });
            }
            self.preflight(request).await?;
            let (status, headers, body) =
                self.exchange(&request.context, request.outgoing(&self.profile)).await?;
            *last = Some(status);
            let reasons = cors::readable(&request.context, &fields(&headers));
            if !reasons.is_empty() {
                self.preflights.refuse(&self.profile, &request.context, &request.url);
                return Err(Failed::new(reasons, format!("the CORS check of {} failed", request.url)));
            }
            // HTTP fetch, the step on the redirect mode.
            match request.redirect {
                Redirect::Error if is_redirect(status) => {
                    let error = format!("{} redirects, and the call takes that for an error", request.url);
                    return Err(Failed::new([Reason::RedirectRefused], error));
                }
                Redirect::Manual if is_redirect(status) => return Ok((status, headers, body)),
                _ => {}
            }
            let redirected = request.redirected_by(status, &headers, most, &self.profile.fetch);
            if !redirected.map_err(|error| Failed::new([Reason::Network], error))? {
                return Ok((status, headers, body));
            }
        }
    }

    /// CORS-preflight fetch, where one is needed and no earlier answer serves.
    async fn preflight(&mut self, request: &Request) -> Result<(), Failed> {
        let Some(preflight) = request.needs_preflight(self.profile.preflights.dropped_headers) else {
            return Ok(());
        };
        let mut asking = request.clone();
        if self.profile.preflights.start_afresh {
            asking.context.redirects.clear();
        }
        let request = &asking;
        let now = self.passed();
        match self.preflights.allow(&self.profile, &request.context, &request.url, &preflight, now) {
            Leave::Given => return Ok(()),
            Leave::NotGiven => {}
            // The wire shows what is still remembered.
            Leave::Unsure if self.following.is_some() => {
                if !self.is_preflighted(&request.url) {
                    return Ok(());
                }
            }
            Leave::Unsure => {
                self.doubt(format!("whether a preflight's answer for {} is still remembered", request.url));
            }
        }
        let context = Context {
            method: Cow::Borrowed("OPTIONS"),
            credentials: Credentials::Omit,
            ..request.context.clone()
        };
        let outgoing = request.preflight(&preflight);
        let (status, headers, _) = self.exchange(&context, outgoing).await?;
        let reasons =
            cors::preflight_check(&self.profile, &request.context, &preflight, status, &fields(&headers));
        let allows_the_origin = reasons
            .iter()
            .all(|reason| matches!(reason, Reason::CorsPreflightMethod | Reason::CorsPreflightHeader));
        if allows_the_origin
            && (reasons.is_empty() || self.profile.preflights.keeps_refusing)
            && cors::is_well_formed(&fields(&headers))
        {
            self.preflights.keep(&self.profile, &request.context, &request.url, headers, now);
        }
        if !reasons.is_empty() {
            self.preflights.refuse(&self.profile, &request.context, &request.url);
            let error = format!("the preflight of {} {} failed", preflight.method, request.url);
            return Err(Failed::new(reasons, error));
        }
        Ok(())
    }

    /// An exchange, made again as often as the browser does where the answer asks for that.
    pub(super) async fn exchange(
        &mut self,
        context: &Context,
        outgoing: Outgoing,
    ) -> Result<(u16, HeaderMap, Bytes), Failed> {
        let mut made = 0;
        loop {
            let answer = self.exchange_once(context, outgoing.clone(), made).await?;
            let status = answer.0;
            made += 1;
            let failed = |error: &str| {
                let error = format!("{} was answered {status}, {error}", outgoing.url);
                Failed { status: Some(status), ..Failed::new([Reason::Network], error) }
            };
            let rules = &self.profile.fetch;
            match status {
                _ if made < attempts(rules, status) => {}
                408 if made > 1 => return Err(failed("as often as the browser asked")),
                407 if rules.proxy_challenges == ProxyChallenge::NetworkError => {
                    return Err(failed("as only a proxy may"));
                }
                _ => return Ok(answer),
            }
        }
    }

    /// HTTP-network-or-cache fetch, without the cache: cookies go, the answer comes, cookies are set. It was `made`
    /// before so often.
    async fn exchange_once(
        &mut self,
        context: &Context,
        mut outgoing: Outgoing,
        made: usize,
    ) -> Result<(u16, HeaderMap, Bytes), Failed> {
        if self.profile.fetch.normalizes_request_path {
            let path = normalize_escapes(outgoing.url.path().as_bytes()).into_owned();
            outgoing.url.set_path(&String::from_utf8_lossy(&path));
        }
        if self.following.is_some() {
            let answer = self.answered_on_the_wire(context, &outgoing, made);
            let (status, headers, body) = answer.map_err(|failed| *failed)?;
            return Ok((status, self.as_seen(headers), body));
        }
        let retrieval = self.jar.retrieve(&self.profile, &Names, context, self.now);
        let withheld = Withheld::of(&retrieval);
        if !retrieval.header.is_empty()
            && let Ok(header) = HeaderValue::from_bytes(&retrieval.header)
        {
            outgoing.headers.insert(COOKIE, header);
        }
        let mark = self.wire.mark();
        let answer = self.net.send(outgoing).await;
        let crossed = self.wire.since(mark).pop();
        let answer = answer.map_err(|none| self.no_answer(&none))?;
        let set_cookie = self.receive(context, answer.status, &answer.headers, made);
        // A browser's own request for an icon is not in the record.
        if let Some(wire) = crossed {
            // A preflight never has cookies, and so none is missed.
            let withheld = if wire.is_preflight() { Vec::new() } else { withheld };
            let asked = Some(told::asked(context, true, false));
            self.seen.exchanges.push(Exchange { withheld, set_cookie, asked, ..Exchange::from_wire(wire) });
        }
        Ok((answer.status, self.as_seen(answer.headers), answer.body))
    }

    /// The failure of a request that nobody answered.
    pub(super) fn no_answer(&mut self, none: &NoAnswer) -> Failed {
        if let NoAnswer::NotThere(asked) = none {
            self.seen.refused.push(asked.clone());
        }
        let warned = matches!(none, NoAnswer::Distrusted(_));
        Failed { warned, ..Failed::new([Reason::Network], none.to_string()) }
    }

    /// The headers of an answer as this browser has them.
    pub(super) fn as_seen(&self, headers: HeaderMap) -> HeaderMap {
        match self.profile.fetch.leaves_out_empty_headers {
            true => without_empty(&headers),
            false => headers,
        }
    }

    /// Takes in what an answer does to the jar: what became of each of its lines. The request was `made` before so
    /// often.
    pub(super) fn receive(
        &mut self,
        context: &Context,
        status: u16,
        headers: &HeaderMap,
        made: usize,
    ) -> Vec<SetCookie> {
        let rules = self.profile;
        let context = &Context { answered: date(headers), ..context.clone() };
        let ignored = ignored(&rules.fetch, context, status);
        let mut set_cookie: Vec<SetCookie> = Vec::new();
        for line in headers.get_all(SET_COOKIE).iter().map(HeaderValue::as_bytes) {
            if let Some(reason) = ignored {
                // All that applies is told: what would have refused it besides, in a jar that keeps nothing.
                let decision = self.jar.clone().store(&rules, &Names, context, line, self.now);
                let mut told = told::ignored(line, reason);
                told.reasons.extend(told::set(decision.reasons()));
                set_cookie.push(told);
                continue;
            }
            if made + 1 < attempts(&rules.fetch, status) && !rules.fetch.every_misdirected_answer_sets_cookies
            {
                // It is not kept, and where the next answer has the same line nobody can tell.
                set_cookie.push(SetCookie::unjudged(line));
                continue;
            }
            let decision = self.jar.store(&rules, &Names, context, line, self.now);
            // What a later line of the answer crowds out leaves no trace: that it was stored can nobody tell.
            for evicted in &decision.evicted {
                let is_its =
                    |line: &&mut SetCookie| line.name.as_bytes() == evicted.name && line.stored == Some(true);
                set_cookie.iter_mut().filter(is_its).for_each(|line| line.stored = None);
            }
            set_cookie.push(SetCookie::from(&decision));
        }
        let in_a_frame = context.kind == Kind::FrameNavigation || context.documents.len() > 1;
        let is_siteless = context.documents.first().is_some_and(Origin::is_opaque);
        if in_a_frame && is_siteless && self.jar.has_siteless() {
            // Chromium's frames have others than the page itself, Firefox's some of its (measured 2026-11-21).
            self.doubt("which cookies a frame in a page without a site has".to_owned());
        }
        if status == 408
            && rules.fetch.timeouts_on_kept_connections
            && !context.url.origin.scheme.is_encrypted()
        {
            self.doubt("whether a 408 on a connection that was used before is asked again".to_owned());
        }
        if headers.contains_key("clear-site-data") {
            self.doubt("what the header `clear-site-data` removes".to_owned());
        }
        set_cookie
    }
}

impl Failed {
    /// A failure for these reasons.
    pub(super) fn new(reasons: impl Into<Reasons>, error: impl Into<String>) -> Self {
        Self { reasons: reasons.into(), error: error.into(), status: None, url: None, warned: false }
    }

    /// The failure of a URL that names nobody who could be asked.
    pub(super) fn no_host() -> Self {
        Self::new([Reason::Network], "the URL has no host that can be asked")
    }

    /// The reasons, as observations have them.
    pub(super) fn told(&self) -> BTreeSet<Reason> {
        told::set(self.reasons)
    }
}

/// How often a browser makes a request that is answered with this status each time.
pub(super) fn attempts(rules: &engine::Fetch, status: u16) -> usize {
    match status {
        408 => rules.timeout_attempts,
        421 => rules.misdirected_attempts,
        _ => 1,
    }
}

/// Why a browser keeps no cookie of an answer of this status, where it does not.
fn ignored(rules: &engine::Fetch, context: &Context, status: u16) -> Option<Reason> {
    let is_refused = context.mode == Mode::WebSocket && !matches!(status, 101 | 401);
    match status {
        408 if rules.timeout_attempts > 1 => Some(Reason::AnswerDiscarded),
        407 if rules.proxy_challenges != ProxyChallenge::AsAnyOther => Some(Reason::AnswerDiscarded),
        _ => (is_refused && !rules.refused_handshakes_set_cookies).then_some(Reason::HandshakeRefused),
    }
}

/// The headers but for those that are empty and have others of their name beside them.
fn without_empty(headers: &HeaderMap) -> HeaderMap {
    let is_empty = |value: &HeaderValue| value.as_bytes().trim_ascii().is_empty();
    let is_left_out = |(name, value): &(&HeaderName, &HeaderValue)| {
        is_empty(value) && headers.get_all(*name).iter().any(|value| !is_empty(value))
    };
    let kept = headers.iter().filter(|field| !is_left_out(field));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The `Date` of an answer.
fn date(headers: &HeaderMap) -> Option<i64> {
    http_date(headers.get(DATE)?.as_bytes())
}

/// The fields of a message, as the rules take them.
pub(super) fn fields(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

//! Fetching, by the Fetch standard: preflights, redirects, tainting, and cookies on the way.
//!
//! The names of the parts are those of the standard's algorithms (section 4). What a browser may do is
//! asked of the rules; what crossed the wire is taken from the wire. Absent: the HTTP cache, service
//! workers, Content Security Policy and HSTS, none of which the rules know.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{
    ACCEPT, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_LENGTH, COOKIE, DATE,
    HeaderMap, HeaderName, HeaderValue, LOCATION, ORIGIN, REFERER, SET_COOKIE, UPGRADE_INSECURE_REQUESTS,
    USER_AGENT,
};
use url::Url;

use super::UserAgent;
use super::client::{NoAnswer, Outgoing};
use super::preflights::Leave;
use super::told;
use crate::observe::{Exchange, SetCookie};
use crate::plan::Redirect;
use crate::rules::context::{Context, Credentials, Destination, Kind, Mode};
use crate::rules::cors::{self, MixedContent, Preflight};
use crate::rules::date::http_date;
use crate::rules::engine::{
    self, DroppedHeaders, EmptyLocation, Profile, ProxyChallenge, TwoLocations, UserRedirects,
};
use crate::rules::fetch_metadata::fetch_metadata;
use crate::rules::path::normalize_escapes;
use crate::rules::reason::Reason;
use crate::rules::reasons::Reasons;
use crate::rules::site::{Origin, Scheme};
use crate::suffixes::Names;

/// How many redirects are followed: Fetch, HTTP-redirect fetch, step 7.
pub(super) const REDIRECTS: usize = 20;

/// How the model calls itself.
const NAME: &str = concat!("rehearsal/", env!("CARGO_PKG_VERSION"), " (model)");

/// A request, as Fetch has it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Its circumstances. The URL in it is `url`, as the rules take it.
    pub(super) context: Context,
    pub(super) url: Url,
    /// What the page set.
    pub(super) headers: Vec<(String, String)>,
    /// What of it redirects have dropped, each with the number of that redirect.
    pub(super) dropped: Vec<(usize, (String, String))>,
    pub(super) body: Option<Bytes>,
    /// The URL of the document that asks.
    pub(super) referrer: Option<Url>,
    /// Whether it is a form, submitted.
    pub(super) form: bool,
    /// Whether it is made by XMLHttpRequest.
    pub(super) xhr: bool,
    /// The origin whose addresses alone may be asked for, where a policy of the document's says so.
    pub(super) only: Option<Origin>,
    /// What becomes of a redirect.
    pub(super) redirect: Redirect,
}

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
        let withheld = told::withheld(&retrieval);
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
            set_cookie.push(told::line(&decision));
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

impl Request {
    /// Whether the data of a form would leave an `https` page for an insecure address. What a redirect
    /// leaves of a form without its data is no form any more.
    ///
    /// In a frame it is no matter of the form's, but of what the page may load.
    fn is_insecure_form(&self) -> bool {
        let context = &self.context;
        let has_data = context.redirects.is_empty() || context.method == "POST";
        let is_secure = |origin: &Origin| origin.scheme == Scheme::Https;
        self.form
            && context.kind == Kind::TopLevelNavigation
            && has_data
            && (context.opaque_over_tls || context.initiator.as_ref().is_some_and(is_secure))
            && !context.url.origin.is_potentially_trustworthy()
    }

    /// The request with what browsers add to it, cookies aside.
    pub(super) fn outgoing(&self, rules: &Profile) -> Outgoing {
        let mut headers = self.common_headers();
        if let Some(origin) = cors::origin_header(&self.context, rules) {
            set(&mut headers, ORIGIN, &origin);
        }
        if self.context.mode == Mode::Navigate {
            headers.insert(UPGRADE_INSECURE_REQUESTS, HeaderValue::from_static("1"));
        }
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        // HTTP-network-or-cache fetch, the steps on contentLength.
        let length = self.body.as_ref().map(Bytes::len);
        let length = length.or(matches!(&*self.context.method, "POST" | "PUT").then_some(0));
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        Outgoing {
            method: method(&self.context.method),
            url: self.url.clone(),
            headers,
            body: self.body.clone().unwrap_or_default(),
        }
    }

    /// The preflight this request needs, if it needs one.
    fn needs_preflight(&self, dropped: DroppedHeaders) -> Option<Preflight> {
        let with_dropped = |before: usize| -> Vec<(&str, &str)> {
            let gone =
                self.dropped.iter().filter(|(redirect, _)| *redirect < before).map(|(_, header)| header);
            self.headers.iter().chain(gone).map(|(name, value)| (&**name, &**value)).collect()
        };
        let redirects = self.context.redirects.len();
        let (needed_for, asked_for) = match dropped {
            DroppedHeaders::Forgotten => (0, 0),
            DroppedHeaders::Remembered => (redirects + 1, redirects + 1),
            DroppedHeaders::RememberedLate => (redirects + 1, redirects),
        };
        let preflight = cors::preflight(&self.context, &with_dropped(needed_for))?;
        Some(Preflight { headers: cors::unsafe_header_names(&with_dropped(asked_for)), ..preflight })
    }

    /// The preflight of this request: CORS-preflight fetch, steps 1 to 6.
    fn preflight(&self, preflight: &Preflight) -> Outgoing {
        let mut headers = self.common_headers();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        set(&mut headers, ORIGIN, &cors::request_origin(&self.context));
        set(&mut headers, ACCESS_CONTROL_REQUEST_METHOD, &preflight.method);
        if !preflight.headers.is_empty() {
            set(&mut headers, ACCESS_CONTROL_REQUEST_HEADERS, &preflight.headers.join(","));
        }
        Outgoing { method: Method::OPTIONS, url: self.url.clone(), headers, body: Bytes::new() }
    }

    /// What requests and preflights share.
    fn common_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accepted(self.context.destination)));
        headers.insert(USER_AGENT, HeaderValue::from_static(NAME));
        if let Some(referrer) = self.referrer.as_ref().and_then(|from| referrer(from, &self.url)) {
            set(&mut headers, REFERER, &referrer);
        }
        if let Some(metadata) = fetch_metadata(&Names, &self.context) {
            set(&mut headers, HeaderName::from_static("sec-fetch-site"), metadata.site);
            set(&mut headers, HeaderName::from_static("sec-fetch-mode"), metadata.mode);
            set(&mut headers, HeaderName::from_static("sec-fetch-dest"), metadata.dest);
        }
        headers
    }

    /// HTTP-redirect fetch: whether the answer redirects, and if so, the request as it is then. Fails
    /// where the redirect may not be followed, or there were `most` before it.
    pub(super) fn redirected_by(
        &mut self,
        status: u16,
        headers: &HeaderMap,
        most: usize,
        rules: &engine::Fetch,
    ) -> Result<bool, String> {
        if !is_redirect(status) {
            return Ok(false);
        }
        // Steps 2 to 6, and the response's location URL, step 4: a fragment is kept.
        let Some(to) = location(headers, rules)? else { return Ok(false) };
        let mut url = self.url.join(to.trim()).map_err(|_| format!("`{to}` is no URL to redirect to"))?;
        if url.fragment().is_none() {
            url.set_fragment(self.url.fragment());
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("a redirect may not lead to {url}"));
        }
        // Step 7.
        if self.context.redirects.len() >= most {
            return Err(format!("more than {most} redirects"));
        }
        let to = told::location(&url).ok_or_else(|| format!("{url} has no host that can be asked"))?;
        let leaves = !to.origin.is_same_origin(&self.context.url.origin);
        // Steps 9 and 10: a URL with a password in it is for navigations.
        let has_user = !url.username().is_empty() || url.password().is_some();
        let crosses = leaves || self.context.is_cross_origin();
        let may = match (rules.redirects_with_users, self.context.mode) {
            (UserRedirects::AsFetch, Mode::Cors) => !crosses,
            (UserRedirects::AsFetch, _) => true,
            (UserRedirects::ForNavigationsAndXhr, Mode::Cors) => self.xhr && !crosses,
            (UserRedirects::ForNavigationsAndXhr, Mode::NoCors) => {
                self.context.destination == Destination::Empty
            }
            (UserRedirects::ForNavigationsAndXhr, _) => self.context.kind != Kind::FrameNavigation,
        };
        if has_user && !may {
            return Err("this redirect may not carry a user name or password".to_owned());
        }
        // Step 12.
        let redirected = self.context.clone().redirected(status, to);
        if redirected.method != self.context.method {
            const OF_THE_BODY: [&str; 4] =
                ["content-encoding", "content-language", "content-location", "content-type"];
            self.body = None;
            self.drop_headers(|name| OF_THE_BODY.iter().any(|of| of.eq_ignore_ascii_case(name)));
        }
        // Step 13.
        if leaves {
            self.drop_headers(|name| name.eq_ignore_ascii_case("authorization"));
        }
        (self.context, self.url) = (redirected, url);
        Ok(true)
    }

    fn drop_headers(&mut self, unwanted: impl Fn(&str) -> bool) {
        let redirect = self.context.redirects.len() + 1;
        let unwanted = self.headers.extract_if(.., |(name, _)| unwanted(name));
        self.dropped.extend(unwanted.map(|header| (redirect, header)));
    }

    /// Upgrades a request that is mixed content: Mixed Content, section 4.1.
    fn upgrade(&mut self) {
        let mut url = self.url.clone();
        if url.set_scheme("https").is_ok()
            && let Some(location) = told::location(&url)
        {
            (self.context.url, self.url) = (location, url);
        }
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

/// The address an answer redirects to: Fetch, location URL.
fn location(headers: &HeaderMap, rules: &engine::Fetch) -> Result<Option<String>, String> {
    let values: Vec<&[u8]> = headers.get_all(LOCATION).iter().map(HeaderValue::as_bytes).collect();
    let value = match values.as_slice() {
        [] => return Ok(None),
        [one] => (*one).to_vec(),
        several if rules.two_locations == TwoLocations::Joined => several.join(&b", "[..]),
        [one, others @ ..] if others.iter().all(|other| other == one) => (*one).to_vec(),
        _ => return Err("the answer redirects to two addresses".to_owned()),
    };
    if value.trim_ascii().is_empty() {
        match rules.empty_locations {
            EmptyLocation::Redirects => {}
            EmptyLocation::Ignored => return Ok(None),
            EmptyLocation::Fails => return Err("the answer redirects to no address".to_owned()),
        }
    }
    Ok(Some(match rules.latin_locations {
        true => value.iter().map(|&byte| char::from(byte)).collect(),
        false => String::from_utf8_lossy(&value).into_owned(),
    }))
}

/// Fetch, redirect status.
const fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
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

/// Fetch, fetching, step 12: the value of `Accept`.
fn accepted(destination: Destination) -> &'static str {
    match destination {
        Destination::Document | Destination::Iframe => {
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        }
        Destination::Image => "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        Destination::Style => "text/css,*/*;q=0.1",
        Destination::Empty | Destination::Script | Destination::Video => "*/*",
    }
}

/// The `Referer` header under the default policy: Referrer Policy, section 3.4,
/// strict-origin-when-cross-origin.
fn referrer(from: &Url, to: &Url) -> Option<String> {
    if from.origin() == to.origin() {
        let mut whole = from.clone();
        whole.set_fragment(None);
        // Neither can fail: the URL has a host.
        _ = whole.set_username("");
        _ = whole.set_password(None);
        return Some(whole.into());
    }
    let downgrade = from.scheme() == "https" && to.scheme() != "https";
    if downgrade || !from.has_host() {
        return None;
    }
    Some(format!("{}/", from.origin().ascii_serialization()))
}

fn method(method: &str) -> Method {
    // A plan's methods are tokens.
    method.parse().unwrap_or(Method::GET)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

//! Following a real browser: the step's own requests are answered by what is on the wire, and what pages asked for by
//! themselves is judged in between, in the order in which it was answered. See [`crate::follow`].

use bytes::Bytes;
use hyper::header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::UserAgent;
use super::client::Outgoing;
use super::document::{Document, Done, Navigation};
use super::fetch::{Failed, Response, attempts, fields};
use super::history::Entered;
use super::request::Request;
use super::told;
use super::view::Shown;
use crate::follow::as_asked;
use crate::follow::asked::{Asked, Redirected, possibilities};
use crate::follow::documents::Known;
use crate::follow::judge::{Choice, Jars, State};
use crate::follow::written::Held;
use crate::observe::{Exchange, Observation, SetCookie, Withheld};
use crate::plan::{Action, Step};
use crate::rules::context::{Context, Credentials, Kind, Mode};
use crate::rules::cookie::{Cookie, SameSite};
use crate::rules::cookie_header::cookie_pairs;
use crate::rules::cors::{self, Preflight};
use crate::rules::engine::Viewer;
use crate::rules::reason::Reason;
use crate::rules::site::Origin;
use crate::suffixes::Names;
use crate::world::wire;

impl UserAgent {
    /// What the rules say of a step of which a real browser showed this: an observation of the same step, with each of
    /// the exchanges that were seen, and those that should have been.
    pub async fn follow(&mut self, step: &Step, seen: &Observation) -> Observation {
        if let Some(following) = &mut self.following {
            following.begin(seen);
            following.scripted |= matches!(step.action, Action::Eval(_));
        }
        self.perform(step).await
    }

    /// Why what the browser did in the last step is not what it would do in production, where that is so.
    pub fn why_unlike_production(&self) -> Option<String> {
        self.following.as_ref().and_then(|following| following.unlike_production.clone())
    }

    /// Whether a step is taken in a document of which the rules know nothing: a frame that is followed no longer.
    pub(super) fn is_elsewhere(&self, step: &Step) -> bool {
        self.following.is_some() && step.inside.is_some() && (self.inside.is_none() || self.here().is_none())
    }

    /// What a step did that the rules do not take themselves: whether it could be done the page alone can tell.
    pub(super) fn done_elsewhere(&self) -> Done {
        let not_done = self.following.as_ref().and_then(|following| following.not_done.clone());
        Done { not_done, ..Done::default() }
    }

    /// Whether a preflight for a URL is on the wire.
    pub(super) fn is_preflighted(&self, url: &Url) -> bool {
        self.following.as_ref().is_some_and(|following| following.find("OPTIONS", url, true).is_some())
    }

    /// A request of the step's own, answered by what is on the wire. It was `made` before so often.
    pub(super) fn answered_on_the_wire(
        &mut self,
        context: &Context,
        outgoing: &Outgoing,
        made: usize,
    ) -> Result<(u16, HeaderMap, Bytes), Box<Failed>> {
        let is_preflight = outgoing.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let (method, url) = (outgoing.method.as_str(), as_asked(&outgoing.url));
        let found = self.following.as_ref().and_then(|following| following.find(method, &url, is_preflight));
        let Some(index) = found else {
            if let Some(none) = self.net.why_silent(&url) {
                return Err(Box::new(self.no_answer(&none)));
            }
            // Somebody would have answered, and was not asked.
            self.seen.exchanges.push(Exchange::from_wire(wire::Exchange::unanswered(method, &url)));
            let error = format!("{method} {url} is not on the wire");
            return Err(Box::new(Failed::new([Reason::Network], error)));
        };
        while let Some(earlier) = self.next().filter(|earlier| *earlier < index) {
            self.judge_a_pages_own(earlier);
        }
        let cause = self.following.as_ref().and_then(|following| following.last);
        let (_, headers) = self.judge(index, vec![Asked { context: context.clone(), cause }], Some(made));
        let Some(following) = &mut self.following else { return Err(Box::new(Failed::no_host())) };
        following.last = Some(index);
        let wire = &following.seen[index].wire;
        Ok((wire.status, headers, body(wire)))
    }

    /// Judges what is left of the step, which pages asked for by themselves, and tells what their scripts wrote.
    pub(super) fn follow_the_pages(&mut self) -> Vec<SetCookie> {
        while let Some(index) = self.next() {
            self.judge_a_pages_own(index);
        }
        self.tell_unfollowed();
        self.take_written();
        self.follow_address();
        let following = self.following.as_mut();
        following.map(|following| std::mem::take(&mut following.scripts_wrote)).unwrap_or_default()
    }

    /// A document arrived in a frame or a window; in the tab it is shown already.
    pub(super) fn arrived(&mut self, chain: Vec<Origin>, url: &Url) {
        let Some(following) = &mut self.following else { return };
        let is_page = following
            .documents
            .page()
            .is_some_and(|page| chain.len() == 1 && page.url == *url && page.chain == chain);
        if !is_page {
            let since = following.last;
            let frame = since.and_then(|index| following.seen[index].account.frame.clone());
            following.documents.add(Known { frame, chain, url: url.clone(), since });
        }
    }

    fn next(&self) -> Option<usize> {
        self.following.as_ref().and_then(|following| following.next())
    }

    /// Judges an exchange that a page asked for by itself.
    fn judge_a_pages_own(&mut self, index: usize) {
        let Some(following) = &mut self.following else { return };
        let seen = following.seen[index].clone();
        let mut asked = possibilities(&seen.wire, &seen.account, &following.documents, &following.redirects);
        if seen.wire.is_preflight() {
            // Fetch, CORS-preflight fetch: it has no credentials, whatever the request has that it is for.
            asked.truncate(1);
            for asked in &mut asked {
                asked.context.credentials = Credentials::Omit;
                following.preflights.push((index, asked.context.clone()));
            }
        }
        if asked.is_empty() {
            following.note(index);
            self.seen.exchanges.push(seen);
            return;
        }
        let (context, headers) = self.judge(index, asked, None);
        let headers = self.as_seen(headers);
        self.follow_redirect(index, &context, &seen.wire);
        self.follow_document(index, &context, &seen.wire, &headers);
        self.tell_readable(&context, &seen.wire, &headers);
    }

    /// Judges an exchange: what was to be sent, and what of the answer is stored. Answers which of the possibilities
    /// it was. `made` says how often the step made its own request before; it is `None` for what a page asked for.
    fn judge(&mut self, index: usize, asked: Vec<Asked>, made: Option<usize>) -> (Context, HeaderMap) {
        let Some(seen) = self.following.as_ref().map(|following| following.seen[index].clone()) else {
            return (asked[0].context.clone(), HeaderMap::new());
        };
        // The browser names cookies that it holds back: one that the rules know nothing of a script wrote.
        let held = |name: &str| self.jar.all().any(|cookie| cookie.name_text() == name);
        if seen.withheld.iter().any(|withheld| !held(&withheld.name)) {
            self.take_written();
        }
        let choice = self.choose(&asked, &seen).or_else(|| {
            // A script may have written what is sent.
            self.take_written();
            self.choose(&asked, &seen)
        });
        let fits = choice.is_some();
        let Choice { asked: chosen, state } = choice.unwrap_or(Choice { asked: 0, state: None });
        let is_inferred =
            fits && asked.iter().any(|other| other.context.credentials != asked[chosen].context.credentials);
        let context = asked[chosen].context.clone();
        let headers = header_map(&seen.wire.response_headers);
        let rules = self.profile;
        let Some(following) = &mut self.following else { return (context, headers) };
        following.note(index);
        let jar = match state {
            Some(state) => &mut following.states[state].jar,
            None => &mut self.jar,
        };
        let retrieval = jar.retrieve(&rules, &Names, &context, self.now);
        let sent = cookie_pairs(&retrieval.header);
        let is_young = |cookie: &&&Cookie| following.aged.contains(&cookie.serial);
        let young = retrieval.sent.iter().filter(is_young).find(|cookie| {
            // RFC 6265bis -22, section 5.6.7.2, Lax-allowing-unsafe: for two minutes after it was set.
            cookie.same_site == SameSite::Unset
                && rules.sites.lax_unsafe_seconds > 0
                && context.kind == Kind::TopLevelNavigation
                && !context.has_safe_method()
                && !context.is_same_site(&rules, &Names)
        });
        if let Some(cookie) = young {
            following.unlike_production = Some(format!(
                "`{}` has no SameSite and goes with a cross-site {} for two minutes after it was set, and no driver \
                 makes a cookie older",
                cookie.name_text(),
                context.method
            ));
        }
        let is_preflight = seen.wire.is_preflight();
        let withheld = if is_preflight { Vec::new() } else { Withheld::of(&retrieval) };
        if !seen.set_cookie.is_empty() {
            following.states.push(State { before: index, jar: self.jar.clone() });
        }
        let (is_own, made) = (made.is_some(), made.unwrap_or_else(|| self.made_before(index)));
        let set_cookie = self.receive(&context, seen.wire.status, &headers, made);
        let asked = Some(told::asked(&context, is_own, is_inferred));
        let exchange = Exchange { sent, withheld, set_cookie, asked, ..Exchange::from_wire(seen.wire) };
        self.seen.exchanges.push(exchange);
        (context, headers)
    }

    /// How often the browser itself made a page's request before, because of how it was answered.
    fn made_before(&self, index: usize) -> usize {
        let Some(following) = &self.following else { return 0 };
        let wire = &following.seen[index].wire;
        let is_it = |other: &&Exchange| {
            let other = &other.wire;
            (&other.method, &other.url, other.status) == (&wire.method, &wire.url, wire.status)
                && other.is_preflight() == wire.is_preflight()
        };
        let attempts = attempts(&self.profile.fetch, wire.status);
        following.seen[..index].iter().filter(is_it).count() % attempts
    }

    fn choose(&self, asked: &[Asked], seen: &Exchange) -> Option<Choice> {
        let states = self.following.as_ref().map_or(&[][..], |following| &following.states);
        let jars = Jars { profile: &self.profile, now: self.now, jar: &self.jar, states };
        jars.choose(asked, seen)
    }

    /// Notes where a redirect leads.
    fn follow_redirect(&mut self, index: usize, context: &Context, wire: &wire::Exchange) {
        let Some(to) = redirect(wire) else { return };
        let Some(following) = &mut self.following else { return };
        let (context, status) = (context.clone(), wire.status);
        let frame = following.seen[index].account.frame.clone();
        following.redirects.push(Redirected { context, status, to, by: index, frame });
    }

    /// Notes the document that an answer brought: in the tab, in a window, or in a frame.
    fn follow_document(
        &mut self,
        index: usize,
        context: &Context,
        wire: &wire::Exchange,
        headers: &HeaderMap,
    ) {
        if context.mode != Mode::Navigate || redirect(wire).is_some() {
            return;
        }
        let Some(following) = &self.following else { return };
        let is_page = context.kind == Kind::TopLevelNavigation
            && following.address.as_ref() == Some(&as_asked(&wire.url));
        let again = Navigation {
            method: if wire.method == "POST" { "POST" } else { "GET" },
            initiator: context.initiator.clone(),
            redirects: match self.profile.navigation.reloads_keep_redirects {
                true => context.redirects.clone(),
                false => Vec::new(),
            },
            ..Navigation::visit(wire.url.clone())
        };
        let Some(request) = again.request() else { return };
        let request = Request { context: context.clone(), ..request };
        let (status, headers) = (wire.status, headers.clone());
        let response = Response { request, status, headers, body: body(wire), is_opaque_redirect: false };
        let document = match self.shown(&response, is_page) {
            Shown::Nothing => return,
            Shown::OwnPage => {
                let page = Document::of(&response, again, Viewer::Page);
                Document { origin: Origin::opaque(), ..page }
            }
            Shown::Document(viewer) => Document::of(&response, again, viewer),
        };
        if is_page {
            return self.show(document, Entered::Next);
        }
        let mut chain = context.documents.clone();
        chain.push(document.origin);
        if let Some(following) = &mut self.following {
            let frame = following.seen[index].account.frame.clone();
            following.documents.add(Known { frame, chain, url: wire.url.clone(), since: Some(index) });
        }
    }

    /// Tells whether the page that asked may read the answer; of one that was asked leave for, that it was given.
    fn tell_readable(&mut self, context: &Context, wire: &wire::Exchange, headers: &HeaderMap) {
        if context.mode != Mode::Cors || redirect(wire).is_some() {
            return;
        }
        let reasons = if wire.is_preflight() {
            self.preflight_reasons(context, wire, headers, Credentials::SameOrigin)
        } else {
            self.keep_preflight(context, wire);
            told::set(cors::readable(context, &fields(headers)))
        };
        if let Some(asked) = self.seen.exchanges.last_mut().and_then(|exchange| exchange.asked.as_mut()) {
            asked.readable = Some(reasons.is_empty()).filter(|readable| !wire.is_preflight() || !*readable);
            asked.cors = reasons;
        }
    }

    /// Tells why requests were not made whose preflights allow them without credentials, and not with: that they were not
    /// made tells which they were to have.
    fn tell_unfollowed(&mut self) {
        let Some(following) = &self.following else { return };
        let is_its = |wire: &wire::Exchange, exchange: &Exchange| {
            let method = wire.request_header("access-control-request-method").unwrap_or_default();
            exchange.wire.url == wire.url && exchange.wire.method.as_bytes() == method
        };
        let unfollowed: Vec<(wire::Exchange, Context)> = following
            .preflights
            .iter()
            .map(|(index, context)| (&following.seen[*index].wire, context, &following.seen[index + 1..]))
            .filter(|(wire, _, after)| !after.iter().any(|exchange| is_its(wire, exchange)))
            .map(|(wire, context, _)| (wire.clone(), context.clone()))
            .collect();
        for (wire, context) in unfollowed {
            let headers = self.as_seen(header_map(&wire.response_headers));
            let reasons = self.preflight_reasons(&context, &wire, &headers, Credentials::Include);
            let mut told = self.seen.exchanges.iter_mut().filter(|exchange| exchange.wire == wire);
            let asked =
                told.find_map(|exchange| exchange.asked.as_mut().filter(|asked| asked.readable.is_none()));
            if let Some(asked) = asked.filter(|_| !reasons.is_empty()) {
                asked.readable = Some(false);
                asked.cors = reasons;
            }
        }
    }

    /// Why a preflight does not allow a request with this credentials mode. `SameOrigin` is without, where it asks another
    /// origin: what that does not allow, none does.
    fn preflight_reasons(
        &self,
        context: &Context,
        wire: &wire::Exchange,
        headers: &HeaderMap,
        credentials: Credentials,
    ) -> std::collections::BTreeSet<Reason> {
        let Some((asking, preflight)) = asked_leave_for(context, wire, credentials) else {
            return Default::default();
        };
        told::set(cors::preflight_check(&self.profile, &asking, &preflight, wire.status, &fields(headers)))
    }

    /// Keeps the answer to the preflight of a request that a page made.
    fn keep_preflight(&mut self, context: &Context, wire: &wire::Exchange) {
        let now = self.passed();
        let Some(following) = &mut self.following else { return };
        let is_its = |(index, _): &(usize, Context)| {
            let preflight = &following.seen[*index].wire;
            preflight.url == wire.url
                && preflight.request_header("access-control-request-method") == Some(wire.method.as_bytes())
        };
        let Some(place) = following.preflights.iter().position(is_its) else { return };
        let (index, _) = following.preflights.remove(place);
        let headers = header_map(&following.seen[index].wire.response_headers);
        self.preflights.keep(&self.profile, context, &wire.url, headers, now);
    }

    /// Takes over what scripts wrote into the jar, as it was seen after the step.
    fn take_written(&mut self) {
        let told = self.told_jar();
        let Some(following) = self.following.as_mut().filter(|following| following.scripted) else { return };
        let Some(seen) = &following.jar else { return };
        let held =
            Held { profile: &self.profile, now: self.now, ahead: self.ahead, jar: &self.jar, told: &told };
        let profile = self.profile;
        let is_answered =
            |cookie: &crate::observe::Cookie, same_value| following.is_answered(&profile, cookie, same_value);
        let written = held.written(seen, &following.documents, is_answered);
        for line in written {
            let (rules, line_bytes) = (self.profile, line.line.as_bytes());
            let decision = self.jar.store(&rules, &Names, &line.context, line_bytes, self.now);
            following.scripts_wrote.push(SetCookie::from(&decision));
        }
    }

    /// Follows the address bar where it changed without a request: a script did it, within the origin.
    fn follow_address(&mut self) {
        let Some(address) = self.following.as_ref().and_then(|following| following.address.clone()) else {
            return;
        };
        if as_asked(&self.page.url) == address || self.page.origin.is_opaque() {
            return;
        }
        if told::location(&address).is_some_and(|location| location.origin == self.page.origin) {
            self.page.url = address.clone();
            self.page.again = Navigation { url: address, ..self.page.again.clone() };
        }
    }
}

/// The request that a preflight is for, as if it had this credentials mode, and what it asks leave for.
fn asked_leave_for(
    context: &Context,
    wire: &wire::Exchange,
    credentials: Credentials,
) -> Option<(Context, Preflight)> {
    let text = |name: &str| std::str::from_utf8(wire.request_header(name)?).ok();
    let method = text("access-control-request-method")?.to_owned();
    let headers = text("access-control-request-headers").unwrap_or_default();
    let headers =
        headers.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    let asking = Context { method: method.clone().into(), credentials, ..context.clone() };
    Some((asking, Preflight { method, headers }))
}

/// The body of an answer, as far as it was kept: what is gone was not empty.
fn body(wire: &wire::Exchange) -> Bytes {
    let kept = &wire.bodies.response;
    match kept.bytes.is_empty() && kept.length > 0 {
        true => Bytes::from_static(b" "),
        false => Bytes::copy_from_slice(&kept.bytes),
    }
}

/// Where an answer redirects to, as it will be asked for.
fn redirect(wire: &wire::Exchange) -> Option<Url> {
    let to = wire.response_header("location").filter(|_| matches!(wire.status, 301..=303 | 307 | 308))?;
    wire.url.join(String::from_utf8_lossy(to).trim()).ok().map(|url| as_asked(&url))
}

fn header_map(fields: &[(String, Vec<u8>)]) -> HeaderMap {
    let pairs = fields.iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value).ok()?))
    });
    let mut map = HeaderMap::new();
    pairs.for_each(|(name, value)| _ = map.append(name, value));
    map
}

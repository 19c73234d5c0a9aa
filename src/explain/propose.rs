//! From the reasons seen to the edits worth trying.
//!
//! One table: what may be done about each reason. Whether it helps is not known here, nor which is
//! better; that is the search's work. Every reason has to go before a browser is content, so of each
//! browser one reason at a time is enough to go on with: whatever fix there is has an edit against it.

use std::collections::{BTreeMap, BTreeSet};

use super::cause;
use super::goal::{self, Goal};
use crate::cookie_line;
use crate::edit::topology::{self, Topology};
use crate::edit::{
    CookieChange, Edit, Edits, ProxyChange, ServerChange, Target, https_twin, lines, of_settings, proxy,
};
use crate::looks;
use crate::near;
use crate::observe::{Exchange, Observation, SetCookie};
use crate::plan::{Action, Body, Plan, Service, placeholder};
use crate::rules::date::http_date;
use crate::rules::domain::domain_match;
use crate::rules::line::Line;
use crate::rules::prefix::unprefixed;
use crate::rules::reason::{Question, Reason};
use crate::slips::date;
use crate::suffixes::registrable_domain;
use crate::world::wire::{Answer, Note};

/// What a browser showed before any edit, and now.
pub(super) type BeforeAndNow<'s> = (&'s [Observation], &'s [Observation]);

/// The edits that might help browsers that showed this, when those of `done` are in place already.
pub(super) fn edits(plan: &Plan, done: &Edits, shown: &[BeforeAndNow<'_>], goal: &Goal) -> BTreeSet<Edit> {
    let each: Vec<BTreeMap<Obstacle, Remedies>> = shown
        .iter()
        .map(|(before, seen)| {
            let mut proposals = Proposals { plan, done, goal, seen, obstacle: None, found: BTreeMap::new() };
            for step in goal.steps() {
                proposals.look_at(step, &before[step], &seen[step]);
            }
            proposals.found
        })
        .collect();
    // What several browsers say of one reason is one obstacle.
    let mut all: BTreeMap<Obstacle, Remedies> = BTreeMap::new();
    for (obstacle, remedies) in each.iter().flatten() {
        all.entry(*obstacle).or_default().add(remedies);
    }
    let new = |obstacle: &Obstacle| {
        let remedies = all.get(obstacle)?;
        let fresh: Vec<Edit> = remedies
            .edits()
            .filter(|edit| !done.contains(edit) && !done.iter().any(|before| before.excludes(edit)))
            .collect();
        (!fresh.is_empty()).then_some(fresh)
    };
    each.iter().filter_map(|found| found.keys().find_map(new)).flatten().collect()
}

/// What stands in the way. What a change of topology may remove comes first: what is in the way only because of the
/// topology goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Obstacle {
    rank: u8,
    what: Hindrance,
}

/// What kind of thing stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hindrance {
    /// A cookie stands in the line of another.
    Folded,
    /// What a proxy does to a line.
    Proxy,
    /// A server that takes the request for plain http, or for another site's.
    Server,
    /// A server that asks for another name than it sets.
    Name,
    /// A redirect to a page for people.
    LoginPage,
    /// A browser's reason.
    Reason(Question, Reason),
}

impl Obstacle {
    fn new(question: Question, reason: Reason) -> Self {
        let rank = match reason {
            Reason::ThirdPartyBlocked | Reason::OtherPartition => 0,
            Reason::SameSiteStrict | Reason::SameSiteLax | Reason::SameSiteDefaultLax => 1,
            Reason::SecureRequired | Reason::OverwritesSecure | Reason::MixedContent => 2,
            _ => 3,
        };
        Self { rank, what: Hindrance::Reason(question, reason) }
    }

    const fn of(what: Hindrance) -> Self {
        Self { rank: 3, what }
    }
}

/// What may be done about one obstacle.
#[derive(Clone, Debug, Default)]
struct Remedies {
    /// A change that several cookies want is one edit.
    cookies: BTreeMap<CookieChange, BTreeSet<Target>>,
    others: BTreeSet<Edit>,
}

impl Remedies {
    fn add(&mut self, other: &Self) {
        for (change, of) in &other.cookies {
            self.cookies.entry(change.clone()).or_default().extend(of.iter().cloned());
        }
        self.others.extend(other.others.iter().cloned());
    }

    fn edits(&self) -> impl Iterator<Item = Edit> {
        let cookies = self.cookies.iter();
        let cookies = cookies.map(|(change, of)| Edit::Cookie { change: change.clone(), of: of.clone() });
        cookies.chain(self.others.iter().cloned())
    }
}

/// Whether an answer leads from https to http at the same host: the server takes the request for plain http.
fn leads_down(exchange: &Exchange) -> bool {
    let front = &exchange.wire.url;
    front.scheme() == "https"
        && cause::redirect(exchange.wire.behind())
            .is_some_and(|to| to.scheme() == "http" && to.host() == front.host())
}

struct Proposals<'p> {
    plan: &'p Plan,
    done: &'p Edits,
    goal: &'p Goal,
    /// All that the browser shows now.
    seen: &'p [Observation],
    /// What is being looked at.
    obstacle: Option<Obstacle>,
    found: BTreeMap<Obstacle, Remedies>,
}

impl<'p> Proposals<'p> {
    fn look_at(&mut self, step: usize, before: &Observation, seen: &Observation) {
        for exchange in &seen.exchanges {
            self.between(step, exchange, seen);
            for line in &exchange.set_cookie {
                self.refusal(step, Some(exchange), line, seen);
            }
        }
        if let Some(line) = &seen.written {
            self.refusal(step, None, line, seen);
        }
        for exchange in seen.requests() {
            for withheld in &exchange.withheld {
                let name = self.original(&withheld.name);
                if self.goal.concerns(&name) {
                    let targets = self.setters(&name, &withheld.domain);
                    for reason in &withheld.reasons {
                        self.withheld(
                            step,
                            *reason,
                            &targets,
                            &withheld.domain,
                            exchange.wire.url.host_str(),
                        );
                    }
                }
            }
        }
        self.hidden(step, seen);
        for reason in &seen.page.cors {
            self.obstacle = Some(Obstacle::new(Question::Readable, *reason));
            match reason {
                // Where a server behind a proxy leads down to http, the two do not fit together: see `between`.
                Reason::MixedContent if seen.exchanges.iter().any(|seen| self.is_led_down(seen)) => {}
                Reason::MixedContent => self.https(step),
                Reason::Network => {}
                Reason::Opaque | Reason::SameOriginMode | Reason::RedirectRefused => {
                    self.other(Edit::AskAsUsual { step: self.first_like(step) });
                }
                // An answer that nobody has asked to read is left as it was, unless the call was not even made.
                _ if seen.requests().next().is_some()
                    && before.page.readable != Some(true)
                    && !self.goal.claims(step) => {}
                Reason::CorsPreflightMethod if self.is_in_lower_case(step) => {
                    self.other(Edit::AskAsUsual { step: self.first_like(step) });
                }
                _ => self.other(Edit::Grant { step: self.first_like(step) }),
            }
        }
    }

    /// Whether a step's method is in lower case: few servers mean that one.
    fn is_in_lower_case(&self, step: usize) -> bool {
        let target = self.plan.steps[step].action.target();
        target.is_some_and(|(method, _)| method.bytes().any(|byte| byte.is_ascii_lowercase()))
    }

    /// Whether a server behind a proxy of the plan leads from https to http.
    fn is_led_down(&self, exchange: &Exchange) -> bool {
        let front = self.plan.origins.get(exchange.wire.origin);
        front.is_some_and(|front| matches!(front.service, Service::Proxy(_))) && leads_down(exchange)
    }

    /// What may be done so that scripts see a cookie, where a claim is about that. That HttpOnly hides it is what
    /// HttpOnly is for.
    fn hidden(&mut self, step: usize, seen: &Observation) {
        let reads = placeholder::cookies_of(&self.plan.steps[step].action);
        if !self.plan.steps[step].claims_document_cookie() && reads.is_empty() {
            return;
        }
        let Some(page) = cause::script_page(self.plan, step, seen) else { return };
        for cookie in seen.jar.iter().flatten() {
            let name = self.original(&cookie.name);
            let reasons = cause::hiding(cookie, &page);
            if !self.goal.concerns(&name) || reasons.contains(&Reason::HttpOnly) {
                continue;
            }
            let targets = self.setters(&name, &cookie.domain);
            for reason in reasons {
                self.withheld(step, reason, &targets, &cookie.domain, page.host_str());
            }
        }
    }

    /// What may be done where a server, a proxy and a browser do not fit together, each of them right by itself.
    fn between(&mut self, step: usize, exchange: &Exchange, seen: &Observation) {
        let (front, inside) = (&exchange.wire, exchange.wire.behind());
        let location =
            self.plan.origins.get(front.origin).and_then(|origin| proxy::location(origin, front.url.path()));
        let at_proxy =
            |change| location.map(|location| Edit::Proxy { origin: front.origin, location, change });
        for line in inside.set_cookie() {
            let text = String::from_utf8_lossy(line).into_owned();
            let cookies = cookie_line::unfolded(&text);
            let name = Line(&text).name();
            if cookies.len() > 1 && cookies.iter().any(|cookie| self.goal.concerns(Line(cookie).name())) {
                self.obstacle = Some(Obstacle::of(Hindrance::Folded));
                self.other(Edit::Unfold {
                    of: Target { origin: Some(inside.origin), name: name.to_owned() },
                });
            }
            if location.is_some() && self.goal.concerns(&self.original(name)) {
                let arrived = exchange.set_cookie.iter().find(|other| other.name == name);
                self.obstacle = Some(Obstacle::of(Hindrance::Proxy));
                match arrived {
                    None => at_proxy(ProxyChange::ShowCookies).into_iter().for_each(|edit| self.other(edit)),
                    Some(arrived) if arrived.line != line => {
                        at_proxy(ProxyChange::KeepCookies).into_iter().for_each(|edit| self.other(edit));
                    }
                    Some(_) => {}
                }
            }
        }
        let is_http = leads_down(exchange);
        let leaves_out = inside.notes.iter().any(|note| matches!(note, Note::CookieLeftOut(_)));
        let rejects = matches!(inside.answer, Answer::Middleware(_)) && inside.status >= 400;
        if leaves_out || rejects || is_http {
            self.obstacle = Some(Obstacle::of(Hindrance::Server));
            self.other(Edit::Server { origin: inside.origin, change: ServerChange::TrustProxy });
            at_proxy(ProxyChange::ForwardProto).into_iter().for_each(|edit| self.other(edit));
        }
        if rejects {
            at_proxy(ProxyChange::ForwardHost).into_iter().for_each(|edit| self.other(edit));
            if let Some(origin) = inside.request_header("origin").filter(|origin| *origin != b"null") {
                let origin = String::from_utf8_lossy(origin).into_owned();
                self.other(Edit::Server { origin: inside.origin, change: ServerChange::TrustOrigin(origin) });
            }
        }
        if let Some(name) = cause::required_cookie(self.plan, exchange) {
            let sent = exchange.sent.iter().map(|(name, _)| name.as_str());
            let held = seen.jar.iter().flatten().map(|cookie| cookie.name.as_str());
            if let Some((near, _)) = near::name::near(&name, sent.chain(held)) {
                self.obstacle = Some(Obstacle::of(Hindrance::Name));
                self.other(Edit::AskFor { name, instead: near.to_owned() });
            }
        }
        if let (Answer::Route(route), Some(to)) = (&inside.answer, cause::redirect(inside))
            && looks::is_login_page(&to)
            && matches!(self.plan.steps[step].action, Action::Fetch(_) | Action::Xhr(_))
        {
            let routes = self.plan.origins[inside.origin].service.routes();
            if routes.get(*route).is_some_and(|route| matches!(route.body, Body::Redirect(_))) {
                self.obstacle = Some(Obstacle::of(Hindrance::LoginPage));
                self.other(Edit::Unauthorized { origin: inside.origin, route: *route });
            }
        }
    }

    /// What may be done so that a line is taken.
    fn refusal(&mut self, step: usize, exchange: Option<&Exchange>, line: &SetCookie, seen: &Observation) {
        let name = self.original(&line.name);
        if line.stored != Some(false) || !self.goal.concerns(&name) {
            return;
        }
        let host = exchange.and_then(|exchange| exchange.wire.url.host_str());
        let targets = self.targets(exchange.map(|exchange| exchange.wire.behind().origin), &name);
        if goal::is_deletion(line) {
            if !goal::survives(seen, line) {
                return;
            }
            self.obstacle = Some(Obstacle::new(Question::Stored, Reason::Expired));
            // What is to be deleted has another domain, path or partition than the line says.
            for cookie in goal::held(seen, &line.name) {
                let domain = (!cookie.host_only).then(|| cookie.domain.clone());
                for of in targets.iter().cloned() {
                    self.other(Edit::DeleteToo { of, domain: domain.clone(), path: cookie.path.clone() });
                }
                self.cookie(CookieChange::Match { domain, path: cookie.path.clone() }, &targets);
                if cookie.partition.is_some() {
                    self.cookie(CookieChange::Partitioned, &targets);
                }
            }
        } else if line.reasons.contains(&Reason::Expired) {
            self.obstacle = Some(Obstacle::new(Question::Stored, Reason::Expired));
            self.cookie(CookieChange::Lasting(lasting(line, exchange)), &targets);
        }
        for reason in &line.reasons {
            self.obstacle = Some(Obstacle::new(Question::Stored, *reason));
            match reason {
                Reason::DomainMismatch | Reason::PublicSuffix => {
                    self.cookie(CookieChange::DropDomain, &targets);
                    if let Some(domain) = host.and_then(registrable_domain) {
                        self.cookie(CookieChange::Domain(domain.to_owned()), &targets);
                    }
                    self.translated_domain(exchange, line);
                }
                Reason::SecureRequired | Reason::OverwritesSecure => self.https(step),
                Reason::SameSiteStrict | Reason::SameSiteLax | Reason::SameSiteDefaultLax => {
                    self.cookie(CookieChange::None, &targets);
                    self.topologies(step);
                }
                Reason::SameSiteNoneInsecure => {
                    for change in [CookieChange::Lax, CookieChange::Strict, CookieChange::Secure] {
                        self.cookie(change, &targets);
                    }
                }
                Reason::InvalidPrefix => {
                    self.cookie(CookieChange::KeepPrefix, &targets);
                    self.cookie(CookieChange::DropPrefix, &targets);
                }
                Reason::PartitionedInsecure => self.cookie(CookieChange::Secure, &targets),
                Reason::ThirdPartyBlocked => {
                    self.cookie(CookieChange::Partitioned, &targets);
                    self.topologies(step);
                }
                Reason::TooLarge => self.cookie(CookieChange::Shorten, &targets),
                Reason::CredentialsOmitted => self.include(step),
                _ => {}
            }
        }
    }

    /// What may be done so that a stored cookie is sent.
    fn withheld(
        &mut self,
        step: usize,
        reason: Reason,
        targets: &BTreeSet<Target>,
        domain: &str,
        host: Option<&str>,
    ) {
        self.obstacle = Some(Obstacle::new(Question::Sent, reason));
        match reason {
            Reason::CredentialsOmitted => self.include(step),
            Reason::HostOnly | Reason::DomainMismatch => {
                // A domain that covers both, if there is one.
                let common = host
                    .and_then(registrable_domain)
                    .filter(|common| registrable_domain(domain) == Some(common));
                if let Some(common) = common {
                    self.cookie(CookieChange::Domain(common.to_owned()), targets);
                }
            }
            Reason::PathMismatch => {
                self.cookie(CookieChange::RootPath, targets);
                self.translated_path(targets);
            }
            Reason::SecureRequired => self.https(step),
            Reason::SameSiteStrict => {
                self.cookie(CookieChange::Lax, targets);
                self.cookie(CookieChange::None, targets);
                self.topologies(step);
            }
            Reason::SameSiteLax | Reason::SameSiteDefaultLax => {
                self.cookie(CookieChange::None, targets);
                self.topologies(step);
            }
            Reason::ThirdPartyBlocked => {
                self.cookie(CookieChange::Partitioned, targets);
                self.topologies(step);
            }
            Reason::OtherPartition => self.topologies(step),
            _ => {}
        }
    }

    fn cookie(&mut self, change: CookieChange, targets: &BTreeSet<Target>) {
        if let Some(obstacle) = self.obstacle.filter(|_| !targets.is_empty()) {
            let remedies = self.found.entry(obstacle).or_default();
            remedies.cookies.entry(change).or_default().extend(targets.iter().cloned());
        }
    }

    fn other(&mut self, edit: Edit) {
        if let Some(obstacle) = self.obstacle {
            self.found.entry(obstacle).or_default().others.insert(edit);
        }
    }

    fn include(&mut self, step: usize) {
        let action = &self.plan.steps[step].action;
        if matches!(action, Action::Fetch(_)) || action.with_credentials().is_some() {
            self.other(Edit::Include { step: self.first_like(step) });
        }
    }

    /// The first step that makes the same call from the same page: what fixes one fixes the other.
    fn first_like(&self, step: usize) -> usize {
        let steps = &self.plan.steps;
        let page = |step| topology::page_at(self.plan, step);
        let alike = |other: &usize| steps[*other].action == steps[step].action && page(*other) == page(step);
        (0..step).find(alike).unwrap_or(step)
    }

    /// What is asked by http is asked by https, where it answers there; or everything is served over it.
    fn https(&mut self, step: usize) {
        self.topology(Topology::Https);
        let target = self.plan.steps[step].action.target().map(|(_, url)| url);
        if target.is_some_and(|url| https_twin(self.plan, url).is_some()) {
            self.other(Edit::AskHttps { step: self.first_like(step) });
        }
    }

    /// A `Domain` of the servers behind a proxy, translated by it.
    fn translated_domain(&mut self, exchange: Option<&Exchange>, line: &SetCookie) {
        let Some(exchange) = exchange else { return };
        let text = String::from_utf8_lossy(&line.line).into_owned();
        let from = Line(&text).attribute("Domain").map(|domain| domain.trim_start_matches('.'));
        let (Some(from), Some(to)) = (from.filter(|from| !from.is_empty()), exchange.wire.url.host_str())
        else {
            return;
        };
        let change = ProxyChange::CookieDomain { from: from.to_owned(), to: to.to_owned() };
        self.at_proxy(exchange, change);
    }

    /// The `Path` of the servers behind a proxy, translated by it: where they do not have the part of the path that
    /// leads to them.
    fn translated_path(&mut self, targets: &BTreeSet<Target>) {
        let seen = self.seen;
        let exchanges = seen.iter().flat_map(|seen| &seen.exchanges);
        for exchange in exchanges {
            let sets = |line: &&SetCookie| {
                line.stored == Some(true) && targets.iter().any(|target| target.name == line.name)
            };
            let Some(line) = exchange.set_cookie.iter().find(sets) else { continue };
            let text = String::from_utf8_lossy(&line.line).into_owned();
            let Some(path) = Line(&text).attribute("Path").filter(|path| path.starts_with('/')) else {
                continue;
            };
            let Some(from) = self.plan.origins.get(exchange.wire.origin) else { continue };
            if let Some((own, uri)) = proxy::prefix(from, exchange.wire.url.path())
                && let Some(rest) = path.strip_prefix(uri.as_str())
            {
                let to = format!("{own}{rest}");
                let to = if to.len() > 1 { to.trim_end_matches('/').to_owned() } else { to };
                self.at_proxy(exchange, ProxyChange::CookiePath { from: path.to_owned(), to });
            }
        }
    }

    fn at_proxy(&mut self, exchange: &Exchange, change: ProxyChange) {
        let origin = exchange.wire.origin;
        let front = self.plan.origins.get(origin);
        if let Some(location) = front.and_then(|front| proxy::location(front, exchange.wire.url.path())) {
            self.other(Edit::Proxy { origin, location, change });
        }
    }

    fn topologies(&mut self, step: usize) {
        for topology in topology::options(self.plan, step) {
            self.topology(topology);
        }
    }

    fn topology(&mut self, topology: Topology) {
        self.other(Edit::Topology(topology));
    }

    /// The cookies of the plan with this name: those of this origin where it sets any.
    fn targets(&self, origin: Option<usize>, name: &str) -> BTreeSet<Target> {
        let has = |line: &str| cookie_line::unfolded(line).iter().any(|cookie| Line(cookie).name() == name);
        let named = lines(self.plan)
            .filter(|(_, _, line)| has(line))
            .map(|(origin, _, _)| Target { origin, name: name.to_owned() });
        let set = of_settings(self.plan).filter(|target| target.name == name);
        let all: BTreeSet<Target> = named.chain(set).collect();
        let own: BTreeSet<Target> = all.iter().filter(|target| target.origin == origin).cloned().collect();
        if own.is_empty() { all } else { own }
    }

    /// The cookies of the plan with this name and domain: those of origins whose hosts are of it.
    fn setters(&self, name: &str, domain: &str) -> BTreeSet<Target> {
        let all = self.targets(None, name);
        let sets = |target: &Target| {
            target.origin.is_some_and(|index| domain_match(self.plan.origins[index].host(), domain))
        };
        let own: BTreeSet<Target> = all.iter().filter(|target| sets(target)).cloned().collect();
        if own.is_empty() { all } else { own }
    }

    /// The name a cookie has in the plan before any edit.
    fn original(&self, name: &str) -> String {
        let renamed = self.done.iter().filter_map(|edit| match edit {
            Edit::Cookie { change: CookieChange::DropPrefix, of } => Some(of),
            _ => None,
        });
        let old = renamed.flatten().find(|target| unprefixed(&target.name) == name);
        old.map_or_else(|| name.to_owned(), |target| target.name.clone())
    }
}

/// How many seconds a cookie was meant to last, by a date that browsers read as past.
fn lasting(line: &SetCookie, exchange: Option<&Exchange>) -> i64 {
    /// Where nothing tells: an hour.
    const USUAL: i64 = 3600;
    let text = String::from_utf8_lossy(&line.line).into_owned();
    let meant = Line(&text).attribute("Expires").and_then(date::meant).and_then(|meant| meant.moment);
    let answered = exchange.and_then(|exchange| http_date(exchange.wire.response_header("date")?));
    let now = answered.unwrap_or_else(|| time::OffsetDateTime::now_utc().unix_timestamp());
    meant.map(|meant| meant - now).filter(|seconds| *seconds > 0).unwrap_or(USUAL)
}

//! Finding what stands in the way: the line that was refused, the cookie that stayed behind, the answer
//! that could not be read.
//!
//! A cause is a fact of an observation, with its reasons in each browser that has it. Effects of other
//! causes are left out: a cookie that was not sent because it was never stored has one cause, the refusal.

use std::collections::BTreeSet;

use url::Url;

use super::goal::{held, is_sent, lines_that_count, survives};
use crate::browser_name::BrowserName;
use crate::edit::topology;
use crate::observe::{Cookie, Exchange, Observation, SetCookie, Withheld};
use crate::plan::{Expect, Plan, Readable, Route, Service};
use crate::rules::cookie_header::cookie_pairs;
use crate::rules::domain::domain_match;
use crate::rules::line::Line;
use crate::rules::path::path_match;
use crate::rules::reason::{Question, Reason};
use crate::verdict::Failure;
use crate::world::wire::{self, Answer};

/// What kind of thing stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The page may not read the answer, or there is none.
    Unreadable,
    /// A line was refused.
    Refused,
    /// A line was to delete a cookie, and was refused itself.
    Undeleted,
    /// A line was to delete a cookie, and there is none like it, but one like that.
    Survives,
    /// A stored cookie stayed behind.
    Withheld,
    /// A stored cookie is not in `document.cookie`.
    Hidden,
}

impl Trouble {
    /// The question its reasons answer.
    pub const fn question(self) -> Question {
        match self {
            Self::Unreadable => Question::Readable,
            Self::Refused | Self::Undeleted | Self::Survives => Question::Stored,
            Self::Withheld | Self::Hidden => Question::Sent,
        }
    }
}

/// Something that stands in the way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cause {
    /// What kind of thing.
    pub(super) trouble: Trouble,
    /// The step it happened in.
    pub(super) step: usize,
    /// The cookie's name; empty where it is about an answer.
    pub(super) name: String,
    /// The line that set the cookie, or was to.
    pub(super) line: Option<Vec<u8>>,
    /// The exchange it happened in or, for a cookie that stayed behind, that set it; where there was one.
    pub(super) exchange: Option<wire::Exchange>,
    /// The reasons, in each browser that has this cause.
    pub(super) by: Vec<(BrowserName, BTreeSet<Reason>)>,
    /// The browsers' own words.
    pub(super) native: BTreeSet<String>,
    /// The cookie that is there and was to be deleted.
    pub(super) survivor: Option<Cookie>,
}

impl Cause {
    /// Takes in the same cause of another browser, or of another claim.
    pub(super) fn add(&mut self, other: Self) {
        let new = |(browser, _): &(BrowserName, _)| self.by.iter().all(|(known, _)| known != browser);
        let by: Vec<_> = other.by.into_iter().filter(new).collect();
        self.by.extend(by);
        self.native.extend(other.native);
    }
}

/// Everything that stands in the way of storing, sending and reading, in these browsers: the same thing
/// in several browsers once.
pub(super) fn of_request(
    browsers: &[BrowserName],
    shown: &[Vec<Observation>],
    request: usize,
    again: usize,
) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for (browser, seen) in browsers.iter().zip(shown) {
        let mut found: Vec<Cause> = unreadable(request, &seen[request], *browser).into_iter().collect();
        for line in lines_that_count(&seen[request]) {
            found.extend(refused(request, &seen[request], line, *browser));
            if line.stored == Some(true) && !is_sent(&seen[again], &line.name) {
                found.extend(withheld(again, seen, &line.name, *browser));
            }
        }
        if found.is_empty() {
            found.extend(unreadable(again, &seen[again], *browser));
        }
        for cause in found {
            merge(&mut causes, cause);
        }
    }
    causes.sort_by_key(|cause| cause.trouble);
    causes
}

fn merge(causes: &mut Vec<Cause>, cause: Cause) {
    let same = |known: &&mut Cause| {
        known.trouble == cause.trouble
            && known.step == cause.step
            && known.name == cause.name
            && known.line == cause.line
    };
    match causes.iter_mut().find(same) {
        Some(known) => known.add(cause),
        None => causes.push(cause),
    }
}

/// What a failed claim of a step comes from, and the cookies it is about. `seen` are the observations up
/// to that step.
pub(super) fn of_claim(
    plan: &Plan,
    expect: &Expect,
    failure: &Failure,
    seen: &[Observation],
    browser: BrowserName,
) -> Option<Claimed> {
    let step = seen.len().checked_sub(1)?;
    let now = &seen[step];
    if let Some(claim) = expect.stored.iter().find(|claim| claim.span == failure.span) {
        let name = &claim.value.name;
        let cause = not_stored(plan, step, seen, name, browser)?;
        return Some(Claimed { cause, is_positive: true, names: BTreeSet::from([name.clone()]) });
    }
    if let Some(claim) = expect.not_stored.iter().find(|claim| claim.span == failure.span) {
        let name = &claim.value.name;
        let cause = refused(step, now, now.lines(name).next_back()?, browser)?;
        // That a cookie is deleted is what should work.
        let is_positive = matches!(cause.trouble, Trouble::Undeleted | Trouble::Survives);
        let names = is_positive.then(|| name.clone()).into_iter().collect();
        return Some(Claimed { cause, is_positive, names });
    }
    if let Some(claim) = expect.sent.iter().find(|claim| claim.span == failure.span) {
        let name = &claim.value.name;
        let cause = not_sent(plan, step, seen, name, browser)?;
        return Some(Claimed { cause, is_positive: true, names: BTreeSet::from([name.clone()]) });
    }
    if let Some(claim) = expect.not_sent.iter().find(|claim| claim.span == failure.span) {
        let cause = not_sent(plan, step, seen, &claim.value.name, browser)?;
        return Some(Claimed { cause, is_positive: false, names: BTreeSet::new() });
    }
    if let Some(claim) = expect.document_cookie.as_ref().filter(|claim| claim.span == failure.span) {
        let shown = cookie_pairs(now.page.document_cookie.as_deref().unwrap_or_default().as_bytes());
        let name = claim.value.iter().find(|name| shown.iter().all(|(shown, _)| shown != *name))?;
        let cause = hidden(plan, step, now, name, browser)
            .or_else(|| never_stored(plan, step, seen, name, browser))?;
        return Some(Claimed { cause, is_positive: true, names: BTreeSet::from([name.clone()]) });
    }
    if let Some(claim) = expect.cors.as_ref().filter(|claim| claim.span == failure.span) {
        let cause = unreadable(step, now, browser)?;
        return Some(Claimed { cause, is_positive: claim.value == Readable::Yes, names: BTreeSet::new() });
    }
    let success = expect.status.as_ref().is_some_and(|claim| (200..300).contains(&claim.value));
    let is_status = expect.status.as_ref().is_some_and(|claim| claim.span == failure.span);
    let is_json = expect.json.as_ref().is_some_and(|claim| claim.span == failure.span);
    if is_status || is_json {
        let required = required_cookie(plan, now);
        let cause = match &required {
            Some(name) => not_sent(plan, step, seen, name, browser)?,
            None => unreadable(step, now, browser)?,
        };
        return Some(Claimed {
            cause,
            is_positive: is_json || success,
            names: required.into_iter().collect(),
        });
    }
    None
}

/// What a failed claim comes from.
pub(super) struct Claimed {
    pub(super) cause: Cause,
    /// Whether the claim is that something works.
    pub(super) is_positive: bool,
    /// The cookies it is about.
    pub(super) names: BTreeSet<String>,
}

/// The cookie whose absence made the last answer of a step a 401.
fn required_cookie(plan: &Plan, seen: &Observation) -> Option<String> {
    let wire = seen.requests().next_back()?.wire.behind();
    let Answer::CookieMissing(route) = wire.answer else { return None };
    plan.origins.get(wire.origin)?.service.routes().get(route)?.required_cookie().map(str::to_owned)
}

fn not_stored(
    plan: &Plan,
    step: usize,
    seen: &[Observation],
    name: &str,
    browser: BrowserName,
) -> Option<Cause> {
    let now = &seen[step];
    match now.lines(name).next_back() {
        Some(line) => refused(step, now, line, browser),
        // The answer that sets it never came.
        None => unreadable(step, now, browser).or_else(|| {
            let required = required_cookie(plan, now)?;
            not_sent(plan, step, seen, &required, browser)
        }),
    }
}

fn not_sent(
    plan: &Plan,
    step: usize,
    seen: &[Observation],
    name: &str,
    browser: BrowserName,
) -> Option<Cause> {
    let now = &seen[step];
    if now.requests().next().is_none() {
        return unreadable(step, now, browser);
    }
    if let Some(cause) = withheld(step, seen, name, browser) {
        return Some(cause);
    }
    never_stored(plan, step, seen, name, browser)
}

/// Why a cookie is not there: the last step that tried to set it tells.
fn never_stored(
    plan: &Plan,
    step: usize,
    seen: &[Observation],
    name: &str,
    browser: BrowserName,
) -> Option<Cause> {
    for (earlier, then) in seen[..step].iter().enumerate().rev() {
        if let Some(line) = then.lines(name).next_back() {
            return refused(earlier, then, line, browser);
        }
        let never_asked = then.page.readable == Some(false) && then.requests().next().is_none();
        if never_asked && sets(plan, earlier, name) {
            return unreadable(earlier, then, browser);
        }
    }
    None
}

/// Whether the answer to a step's request would set a cookie.
fn sets(plan: &Plan, step: usize, name: &str) -> bool {
    let Some((method, url)) = plan.steps[step].action.target() else { return false };
    let Some(index) = topology::index_of(plan, url) else { return false };
    let service = &plan.origins[index].service;
    let fits = |route: &&Route| route.method == method && route.path == url.path();
    let mut fitting = service.routes().iter().filter(fits);
    let by_framework = || match service {
        // What a view that does something sets is the framework's to say.
        Service::BackEnd(back_end) => {
            let mut views = back_end.routes.iter().zip(&back_end.views).filter(|(route, _)| fits(route));
            let own = back_end.framework.cookies().iter().any(|own| own == name);
            views.any(|(_, view)| {
                (own && view.does.is_some()) || view.calls.iter().any(|call| call.name() == name)
            })
        }
        _ => false,
    };
    fitting.any(|route| route.set_cookie.iter().any(|line| Line(line).name() == name)) || by_framework()
}

fn unreadable(step: usize, seen: &Observation, browser: BrowserName) -> Option<Cause> {
    if seen.page.readable != Some(false) && (seen.page.error.is_none() || seen.page.cors.is_empty()) {
        return None;
    }
    let exchange = seen.exchanges.last().map(|exchange| exchange.wire.clone());
    let native = seen.page.error.iter().filter(|_| !browser.model).cloned().collect();
    let by = vec![(browser, seen.page.cors.clone())];
    Some(Cause {
        trouble: Trouble::Unreadable,
        step,
        name: String::new(),
        line: None,
        exchange,
        by,
        native,
        survivor: None,
    })
}

fn refused(step: usize, seen: &Observation, line: &SetCookie, browser: BrowserName) -> Option<Cause> {
    // That its time is over is what a deletion is about, and no reason against it.
    let mut reasons = line.reasons.clone();
    let deletes = reasons.remove(&Reason::Expired);
    let trouble = match (line.stored, deletes) {
        (Some(false), false) => Trouble::Refused,
        (Some(false), true) if !survives(seen, line) => return None,
        (Some(false), true) if reasons.is_empty() => Trouble::Survives,
        (Some(false), true) => Trouble::Undeleted,
        _ => return None,
    };
    let exchange = setting(seen, line);
    Some(Cause {
        trouble,
        step,
        name: line.name.clone(),
        line: Some(line.line.clone()),
        exchange,
        by: vec![(browser, reasons)],
        survivor: held(seen, &line.name).next().filter(|_| deletes).cloned(),
        native: line.native.iter().cloned().collect(),
    })
}

/// The exchange of a step whose answer has this line.
fn setting(seen: &Observation, line: &SetCookie) -> Option<wire::Exchange> {
    let sets = |exchange: &&Exchange| exchange.set_cookie.iter().any(|other| other.line == line.line);
    seen.exchanges.iter().find(sets).map(|exchange| exchange.wire.clone())
}

fn withheld(step: usize, seen: &[Observation], name: &str, browser: BrowserName) -> Option<Cause> {
    let now = &seen[step];
    let cookies =
        || now.requests().flat_map(|exchange| &exchange.withheld).filter(|withheld| withheld.name == name);
    let reasons: BTreeSet<Reason> = cookies().flat_map(|withheld| withheld.reasons.iter().copied()).collect();
    let reasons: BTreeSet<Reason> =
        reasons.into_iter().filter(|reason| *reason != Reason::NotStored).collect();
    if reasons.is_empty() {
        return None;
    }
    // Another host may have a cookie of the same name.
    let is_its = |exchange: &Exchange| {
        let host = exchange.wire.url.host_str().unwrap_or_default();
        cookies().any(|withheld: &Withheld| domain_match(host, &withheld.domain))
    };
    let stored = |line: &&SetCookie| line.name == name && line.stored == Some(true);
    let taken = seen[..step].iter().rev().find_map(|then| {
        let by_script = then.written.iter().filter(stored).map(|line| (line.line.clone(), None));
        let answered =
            then.exchanges.iter().rev().filter(|exchange| is_its(exchange)).filter_map(|exchange| {
                let line = exchange.set_cookie.iter().rev().find(stored)?;
                Some((line.line.clone(), Some(exchange.wire.clone())))
            });
        by_script.chain(answered).next()
    });
    let (line, exchange) = taken.map_or((None, None), |(line, exchange)| (Some(line), exchange));
    Some(Cause {
        trouble: Trouble::Withheld,
        step,
        name: name.to_owned(),
        line,
        exchange,
        by: vec![(browser, reasons)],
        native: cookies().flat_map(|withheld| withheld.native.iter().cloned()).collect(),
        survivor: None,
    })
}

/// A cookie that is in the jar, and that scripts of the step's page are not shown.
fn hidden(plan: &Plan, step: usize, seen: &Observation, name: &str, browser: BrowserName) -> Option<Cause> {
    let page = script_page(plan, step, seen)?;
    let cookie = held(seen, name).next()?;
    Some(Cause {
        trouble: Trouble::Hidden,
        step,
        name: name.to_owned(),
        line: None,
        exchange: None,
        by: vec![(browser, hiding(cookie, &page))],
        native: BTreeSet::new(),
        survivor: Some(cookie.clone()),
    })
}

/// The page whose scripts a step's `document_cookie` is about.
pub(super) fn script_page(plan: &Plan, step: usize, seen: &Observation) -> Option<Url> {
    match plan.steps.get(step)?.inside {
        None => seen.page.url.clone(),
        Some(_) => topology::page_at(plan, step),
    }
}

/// Why scripts of a page are not shown a cookie (RFC 6265bis -22, section 5.8.3, step 3), as far as the cookie and the
/// address tell.
pub(super) fn hiding(cookie: &Cookie, page: &Url) -> BTreeSet<Reason> {
    let host = page.host_str().unwrap_or_default();
    let mut reasons = BTreeSet::new();
    let mut add = |applies: bool, reason| {
        if applies {
            reasons.insert(reason);
        }
    };
    add(cookie.http_only, Reason::HttpOnly);
    add(!domain_match(host, &cookie.domain), Reason::DomainMismatch);
    add(domain_match(host, &cookie.domain) && cookie.host_only && host != cookie.domain, Reason::HostOnly);
    add(!path_match(page.path().as_bytes(), cookie.path.as_bytes()), Reason::PathMismatch);
    add(cookie.secure && page.scheme() != "https", Reason::SecureRequired);
    reasons
}

//! Causes that one observation shows: an answer that could not be read, a line that was refused, a cookie that stayed
//! behind or is not shown to scripts.

use std::collections::BTreeSet;

use url::Url;

use super::super::goal::{held, is_deletion, survives};
use super::{Cause, Trouble, between};
use crate::browser_name::BrowserName;
use crate::edit::topology;
use crate::observe::{Cookie, Exchange, Observation, SetCookie, Withheld};
use crate::plan::Plan;
use crate::rules::domain::domain_match;
use crate::rules::path::path_match;
use crate::rules::reason::Reason;
use crate::world::wire;

pub(super) fn unreadable(step: usize, seen: &Observation, browser: BrowserName) -> Option<Cause> {
    if seen.page.readable != Some(false) && (seen.page.error.is_none() || seen.page.cors.is_empty()) {
        return None;
    }
    let exchange = seen.exchanges.last().map(|exchange| exchange.wire.clone());
    let native = seen.page.error.iter().filter(|_| !browser.model).cloned().collect();
    let by = vec![(browser, seen.page.cors.clone())];
    Some(Cause { exchange, by, native, ..Cause::new(Trouble::Unreadable, step, "", browser) })
}

/// A request that a page wanted to make by itself, and that a preflight did not let it make.
pub(super) fn unasked(step: usize, seen: &Observation, browser: BrowserName) -> Option<Cause> {
    let is_refused = |exchange: &&Exchange| {
        let asked = exchange.asked.as_ref().filter(|_| exchange.wire.is_preflight());
        asked.is_some_and(|asked| asked.readable == Some(false) && !asked.cors.is_empty() && !asked.is_own)
    };
    let refused = seen.exchanges.iter().find(is_refused)?;
    let reasons = refused.asked.as_ref().map(|asked| asked.cors.clone()).unwrap_or_default();
    let exchange = Some(refused.wire.clone());
    Some(Cause {
        exchange,
        by: vec![(browser, reasons)],
        ..Cause::new(Trouble::Unreadable, step, "", browser)
    })
}

/// Why a line has not done what it is for. `seen` are the observations up to its step. That its time is over is what a
/// deletion is about, and no reason against it; `needed` is a cookie that something asks for later.
pub(super) fn refused(
    step: usize,
    seen: &[Observation],
    line: &SetCookie,
    needed: bool,
    browser: BrowserName,
) -> Option<Cause> {
    let now = &seen[step];
    if line.stored != Some(false) {
        return None;
    }
    let mut reasons = line.reasons.clone();
    let deletes = is_deletion(line);
    let survives = deletes && survives(now, line);
    if deletes {
        reasons.remove(&Reason::Expired);
    }
    let trouble = match (deletes, reasons.is_empty()) {
        (false, _) => Trouble::Refused,
        (true, _) if !survives && needed => Trouble::Deleted,
        (true, _) if !survives => return None,
        (true, false) => Trouble::Undeleted,
        (true, true) if has_deleted(step, seen, &line.name) => Trouble::Remains,
        (true, true) => Trouble::Survives,
    };
    let exchange = setting(now, line);
    let behind = exchange.as_ref().and_then(|exchange| between::behind(exchange, &line.line));
    Some(Cause {
        line: Some(line.line.clone()),
        exchange,
        by: vec![(browser, reasons)],
        survivor: held(now, &line.name).next().filter(|_| survives).cloned(),
        native: line.native.iter().cloned().collect(),
        behind,
        ..Cause::new(trouble, step, &line.name, browser)
    })
}

/// Whether a cookie of this name was there before a step and is gone after it.
fn has_deleted(step: usize, seen: &[Observation], name: &str) -> bool {
    let same = |one: &Cookie, other: &Cookie| {
        (&one.domain, one.host_only, &one.path, &one.partition)
            == (&other.domain, other.host_only, &other.path, &other.partition)
    };
    let Some(before) = step.checked_sub(1).and_then(|before| seen.get(before)) else { return false };
    held(before, name).any(|old| !held(&seen[step], name).any(|now| same(old, now)))
}

/// The exchange of a step whose answer has this line.
pub(super) fn setting(seen: &Observation, line: &SetCookie) -> Option<wire::Exchange> {
    let sets = |exchange: &&Exchange| exchange.set_cookie.iter().any(|other| other.line == line.line);
    seen.exchanges.iter().find(sets).map(|exchange| exchange.wire.clone())
}

pub(super) fn withheld(step: usize, seen: &[Observation], name: &str, browser: BrowserName) -> Option<Cause> {
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
    let behind =
        exchange.as_ref().zip(line.as_ref()).and_then(|(exchange, line)| between::behind(exchange, line));
    // A redirect may have led to it: it is not always what the step itself asks for.
    let went_without = |exchange: &&Exchange| {
        exchange
            .withheld
            .iter()
            .any(|held| held.name == name && held.reasons.iter().any(|reason| reasons.contains(reason)))
    };
    let asker = now.requests().rfind(went_without).map(|exchange| exchange.wire.clone());
    Some(Cause {
        line,
        exchange,
        asker,
        by: vec![(browser, reasons)],
        native: cookies().flat_map(|withheld| withheld.native.iter().cloned()).collect(),
        behind,
        ..Cause::new(Trouble::Withheld, step, name, browser)
    })
}

/// A cookie that is in the jar, and that scripts of the step's page are not shown.
pub(super) fn hidden(
    plan: &Plan,
    step: usize,
    seen: &Observation,
    name: &str,
    browser: BrowserName,
) -> Option<Cause> {
    let page = script_page(plan, step, seen)?;
    let cookie = held(seen, name).next()?;
    Some(Cause {
        by: vec![(browser, hiding(cookie, &page))],
        survivor: Some(cookie.clone()),
        ..Cause::new(Trouble::Hidden, step, name, browser)
    })
}

/// The page whose scripts a step's `document_cookie` is about.
pub(in crate::explain) fn script_page(plan: &Plan, step: usize, seen: &Observation) -> Option<Url> {
    match plan.steps.get(step)?.inside {
        None => seen.page.url.clone(),
        Some(_) => topology::page_at(plan, step),
    }
}

/// Why scripts of a page are not shown a cookie (RFC 6265bis -22, section 5.8.3, step 3), as far as the cookie and the
/// address tell.
pub(in crate::explain) fn hiding(cookie: &Cookie, page: &Url) -> BTreeSet<Reason> {
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

//! From a claim that did not hold back to what it comes from.

use std::collections::BTreeSet;

use super::super::goal::is_sent;
use super::between::{self, required_cookie};
use super::{Cause, Trouble, seen as look};
use crate::browser_name::BrowserName;
use crate::edit::topology;
use crate::observe::{Exchange, Observation};
use crate::plan::{Expect, Plan, Readable, Route, Service};
use crate::rules::cookie_header::cookie_pairs;
use crate::rules::line::Line;
use crate::verdict::Failure;
use crate::world::wire::Answer;

/// What a failed claim comes from.
pub(in crate::explain) struct Claimed {
    pub(in crate::explain) cause: Cause,
    /// Whether the claim is that something works.
    pub(in crate::explain) is_positive: bool,
    /// The cookies it is about.
    pub(in crate::explain) names: BTreeSet<String>,
}

impl Claimed {
    /// A claim that something works, about this cookie and that which the cause is about.
    fn that_works(cause: Cause, name: &str) -> Self {
        let names =
            [name, &cause.name].into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Self { cause, is_positive: true, names }
    }
}

/// What a failed claim of a step comes from, and the cookies it is about. `seen` are the observations up
/// to that step.
pub(in crate::explain) fn of_claim(
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
        return Some(Claimed::that_works(not_stored(plan, step, seen, name, browser)?, name));
    }
    if let Some(claim) = expect.not_stored.iter().find(|claim| claim.span == failure.span) {
        let name = &claim.value.name;
        let cause = look::refused(step, seen, now.lines(name).next_back()?, false, browser)?;
        // That a cookie is deleted is what should work.
        let deletes = matches!(cause.trouble, Trouble::Undeleted | Trouble::Survives | Trouble::Remains);
        let names = deletes.then(|| name.clone()).into_iter().collect();
        return Some(Claimed { cause, is_positive: deletes, names });
    }
    if let Some(claim) = expect.sent.iter().find(|claim| claim.span == failure.span) {
        let name = &claim.value.name;
        return Some(Claimed::that_works(not_sent(plan, step, seen, name, false, browser)?, name));
    }
    if let Some(claim) = expect.not_sent.iter().find(|claim| claim.span == failure.span) {
        let name = &claim.value.name;
        if let Some(cause) = left_over(step, seen, name, browser) {
            return Some(Claimed::that_works(cause, name));
        }
        let cause = not_sent(plan, step, seen, name, false, browser)?;
        return Some(Claimed { cause, is_positive: false, names: BTreeSet::new() });
    }
    if let Some(claim) = expect.document_cookie.as_ref().filter(|claim| claim.span == failure.span) {
        let shown = cookie_pairs(now.page.document_cookie.as_deref().unwrap_or_default().as_bytes());
        let name = claim.value.iter().find(|name| shown.iter().all(|(shown, _)| shown != *name))?;
        let cause = look::hidden(plan, step, now, name, browser)
            .or_else(|| never_stored(plan, step, seen, name, browser))?;
        return Some(Claimed::that_works(cause, name));
    }
    if let Some(claim) = expect.cors.as_ref().filter(|claim| claim.span == failure.span) {
        let cause =
            between::login_page(plan, step, now, browser).or_else(|| look::unreadable(step, now, browser))?;
        return Some(Claimed { cause, is_positive: claim.value == Readable::Yes, names: BTreeSet::new() });
    }
    if expect.requests.as_ref().is_some_and(|claim| claim.span == failure.span) {
        return Some(Claimed::that_works(look::unasked(step, now, browser)?, ""));
    }
    let is_status = expect.status.as_ref().is_some_and(|claim| claim.span == failure.span);
    let is_json = expect.json.as_ref().is_some_and(|claim| claim.span == failure.span);
    let wanted = expect.status.as_ref().map(|claim| claim.value).filter(|_| is_status);
    (is_status || is_json).then(|| answered(plan, step, seen, wanted, browser)).flatten()
}

/// What an answer comes from that is another than was expected; `wanted` is the status that was.
fn answered(
    plan: &Plan,
    step: usize,
    seen: &[Observation],
    wanted: Option<u16>,
    browser: BrowserName,
) -> Option<Claimed> {
    let now = &seen[step];
    let is_positive = wanted.is_none_or(|status| (200..300).contains(&status));
    let claimed = |cause: Cause, name: &str| Claimed { is_positive, ..Claimed::that_works(cause, name) };
    let last = now.requests().next_back();
    // It was to be refused, and the cookie that lets it in was to be deleted before.
    if wanted.is_some_and(|status| matches!(status, 401 | 403))
        && let Some(name) = last.and_then(|exchange| accepted_cookie(plan, exchange))
    {
        return Some(Claimed::that_works(left_over(step, seen, &name, browser)?, &name));
    }
    if let Some(name) = last.and_then(|exchange| required_cookie(plan, exchange)) {
        return Some(claimed(not_sent(plan, step, seen, &name, true, browser)?, &name));
    }
    if let Some(name) = last.and_then(|exchange| between::double_submit(plan, step, exchange)) {
        let unread = now.page.unread.contains(&name);
        let cause = unread
            .then(|| look::hidden(plan, step, now, &name, browser))
            .flatten()
            .or_else(|| not_sent(plan, step, seen, &name, true, browser))?;
        return Some(claimed(cause, &name));
    }
    let of_server = between::login_page(plan, step, now, browser)
        .or_else(|| between::rejected(plan, step, now, browser))
        .or_else(|| signed_out(plan, step, seen, browser));
    if let Some(cause) = of_server {
        return Some(claimed(cause, ""));
    }
    let cause = look::unreadable(step, now, browser)
        .or_else(|| look::unasked(step, now, browser))
        .or_else(|| between::twice(step, now, browser))?;
    Some(claimed(cause, ""))
}

/// A framework that knows nobody, where an earlier answer left its session out, or the browser has not kept it.
fn signed_out(plan: &Plan, step: usize, seen: &[Observation], browser: BrowserName) -> Option<Cause> {
    let exchange = seen[step].requests().next_back().filter(|exchange| exchange.wire.status == 401)?;
    let Service::BackEnd(back_end) = &plan.origins.get(exchange.wire.behind().origin)?.service else {
        return None;
    };
    let names = back_end.framework.cookies();
    let mut missing = names.iter().filter(|name| !is_sent(&seen[step], name));
    missing.find_map(|name| {
        look::withheld(step, seen, name, browser).or_else(|| never_stored(plan, step, seen, name, browser))
    })
}

/// The cookie that a route asked for and got.
fn accepted_cookie(plan: &Plan, exchange: &Exchange) -> Option<String> {
    let inside = exchange.wire.behind();
    let Answer::Route(route) = inside.answer else { return None };
    plan.origins.get(inside.origin)?.service.routes().get(route)?.required_cookie().map(str::to_owned)
}

/// Why a cookie is still there that an earlier answer was to delete.
fn left_over(step: usize, seen: &[Observation], name: &str, browser: BrowserName) -> Option<Cause> {
    for (earlier, then) in seen[..step].iter().enumerate().rev() {
        if let Some(line) = then.lines(name).next_back() {
            let cause = look::refused(earlier, seen, line, false, browser)?;
            let deletes = matches!(cause.trouble, Trouble::Undeleted | Trouble::Survives | Trouble::Remains);
            return deletes.then_some(cause);
        }
    }
    None
}

fn not_stored(
    plan: &Plan,
    step: usize,
    seen: &[Observation],
    name: &str,
    browser: BrowserName,
) -> Option<Cause> {
    let now = &seen[step];
    if let Some(line) = now.lines(name).next_back() {
        return look::refused(step, seen, line, true, browser);
    }
    // The line that sets it is not one that browsers see, or the answer that sets it never came.
    lost(plan, step, now, name, browser)
        .or_else(|| between::login_page(plan, step, now, browser))
        .or_else(|| look::unreadable(step, now, browser))
        .or_else(|| look::unasked(step, now, browser))
        .or_else(|| between::rejected(plan, step, now, browser))
        .or_else(|| {
            let required = required_cookie(plan, now.requests().next_back()?)?;
            not_sent(plan, step, seen, &required, true, browser)
        })
        .or_else(|| between::unset(step, seen, name, false, browser))
}

/// A line of a step that never came to a browser as one.
fn lost(plan: &Plan, step: usize, now: &Observation, name: &str, browser: BrowserName) -> Option<Cause> {
    between::folded(step, now, name, browser)
        .or_else(|| between::dropped(plan, step, now, name, browser))
        .or_else(|| between::left_out(step, now, name, browser))
}

/// Why a cookie did not come. `is_asked` where a server refused the request for that.
fn not_sent(
    plan: &Plan,
    step: usize,
    seen: &[Observation],
    name: &str,
    is_asked: bool,
    browser: BrowserName,
) -> Option<Cause> {
    let now = &seen[step];
    if now.requests().next().is_none() {
        return look::unreadable(step, now, browser).or_else(|| look::unasked(step, now, browser));
    }
    look::withheld(step, seen, name, browser)
        .or_else(|| never_stored(plan, step, seen, name, browser))
        .or_else(|| between::unset(step, seen, name, is_asked, browser))
}

/// Why a cookie is not there: the last step that tried to set it tells.
pub(super) fn never_stored(
    plan: &Plan,
    step: usize,
    seen: &[Observation],
    name: &str,
    browser: BrowserName,
) -> Option<Cause> {
    // An earlier answer of the step itself may have been to set it, as where a login redirects.
    let now = &seen[step];
    let own = now.lines(name).next_back().and_then(|line| look::refused(step, seen, line, true, browser));
    let own = own.or_else(|| lost(plan, step, now, name, browser));
    if let Some(cause) = own.or_else(|| look::unasked(step, now, browser)) {
        return Some(cause);
    }
    for (earlier, then) in seen[..step].iter().enumerate().rev() {
        if let Some(line) = then.lines(name).next_back() {
            let cause = look::refused(earlier, seen, line, true, browser);
            return cause.map(|cause| with_earlier(cause, &seen[..=earlier]));
        }
        let away = lost(plan, earlier, then, name, browser);
        if let Some(cause) = away.or_else(|| look::unasked(earlier, then, browser)) {
            return Some(cause);
        }
        if sets(plan, earlier, name) {
            let never_asked = then.page.readable == Some(false) && then.requests().next().is_none();
            let cause = match never_asked {
                true => look::unreadable(earlier, then, browser),
                false => between::rejected(plan, earlier, then, browser),
            };
            if cause.is_some() {
                return cause;
            }
        }
    }
    None
}

/// A refused line, with the first answer before it that was to set the cookie too and whose line was refused as well.
fn with_earlier(cause: Cause, seen: &[Observation]) -> Cause {
    let Some(last) = cause.exchange.as_ref().filter(|_| cause.trouble == Trouble::Refused) else {
        return cause;
    };
    let is_refused = |exchange: &&Exchange| {
        let mut lines = exchange.set_cookie.iter();
        lines.any(|line| line.name == cause.name && line.stored == Some(false))
    };
    let all = seen.iter().flat_map(|seen| &seen.exchanges).filter(is_refused);
    let line = |exchange: &Exchange| exchange.wire.request_line();
    let other = all.map(line).find(|line| *line != last.request_line());
    Cause { other, ..cause }
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
    fitting.any(|route| route.lines().any(|line| Line(line).name() == name)) || by_framework()
}

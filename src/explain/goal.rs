//! What a fix has to reach.
//!
//! A goal looks at observations and says yes or no; it never says why.

use std::collections::{BTreeMap, BTreeSet};

use super::cause;
use crate::browser_name::BrowserName;
use crate::cookie_line;
use crate::diagnostic::Span;
use crate::edit::deletes_now;
use crate::looks;
use crate::observe::{Cookie, Observation, SetCookie};
use crate::plan::{Action, Plan};
use crate::rules::line::Line;
use crate::rules::reason::Reason;
use crate::verdict;
use crate::world::wire::{self, Answer};

/// What a fix has to reach, in each browser that is asked for.
#[derive(Clone, Debug)]
pub enum Goal {
    /// Every cookie of the request's answer is stored, and goes with the next request; the answers can be
    /// read.
    Works {
        /// The index of the step that makes the request.
        request: usize,
        /// The index of the step that makes the next one.
        again: usize,
        /// Cookies that were stored before, and have to go with the request: what is asked where its answer sets none.
        carried: Vec<String>,
    },
    /// These claims hold, in every browser they are made for.
    Claims {
        /// Each claim: its step, and where it stands.
        claims: Vec<(usize, Span)>,
        /// The cookies they are about.
        names: BTreeSet<String>,
    },
    /// A call is made, and its answer can be read: what that says nobody knows.
    Readable {
        /// The index of the step that makes it.
        step: usize,
    },
    /// A server does not refuse a request for this any more.
    Accepted {
        /// The index of the step that makes it.
        step: usize,
        /// The server's own words.
        why: String,
    },
}

/// A claim: its step, and where it begins and ends.
pub(super) type Place = (usize, usize, usize);

impl Goal {
    /// Whether a browser that showed this has reached it.
    pub(super) fn is_met(&self, plan: &Plan, browser: BrowserName, seen: &[Observation]) -> bool {
        match self {
            Self::Works { request, again, carried } => {
                let now = &seen[*request];
                let is_call = matches!(plan.steps[*request].action, Action::Fetch(_) | Action::Xhr(_));
                let led_astray = is_call && leads_to_login(now);
                works(now, &seen[*again]) && carried.iter().all(|name| is_sent(now, name)) && !led_astray
            }
            Self::Readable { step } => seen[*step].page.readable == Some(true),
            Self::Accepted { step, why } => {
                let last = seen[*step].requests().next_back();
                last.is_some_and(|exchange| rejection(&exchange.wire) != Some(why))
            }
            Self::Claims { claims, .. } => claims.iter().all(|(step, span)| {
                let step_seen = &seen[*step];
                let nothing = Vec::new();
                let before = match step.checked_sub(1) {
                    Some(earlier) => seen[earlier].jar.as_deref(),
                    None => Some(nothing.as_slice()),
                };
                let expect = plan.steps[*step].expected_in(browser);
                let failures = verdict::judge(&expect, step_seen, before);
                step_seen.unpredicted.is_none() && failures.iter().all(|failure| failure.span != *span)
            }),
        }
    }

    /// The claims of the plan that do not hold in what a browser showed: their steps, and where they stand. Which
    /// requests arrived is no purpose of its own, and left out; so is what was not predicted.
    pub(super) fn broken(&self, plan: &Plan, browser: BrowserName, seen: &[Observation]) -> BTreeSet<Place> {
        if !matches!(self, Self::Claims { .. }) {
            return BTreeSet::new();
        }
        let mut broken = BTreeSet::new();
        let nothing = Vec::new();
        let mut before = Some(nothing.as_slice());
        for (index, (step, now)) in plan.steps.iter().zip(seen).enumerate() {
            let expect = step.expected_in(browser);
            let requests = expect.requests.as_ref().map(|claim| claim.span.clone());
            if now.unpredicted.is_none() {
                let failures = verdict::judge(&expect, now, before).into_iter().map(|failure| failure.span);
                let failures = failures.filter(|span| Some(span) != requests.as_ref());
                broken.extend(failures.map(|span| (index, span.start, span.end)));
            }
            before = now.jar.as_deref();
        }
        broken
    }

    /// Whether it is about a cookie of this name.
    pub(super) fn concerns(&self, name: &str) -> bool {
        match self {
            Self::Works { .. } => true,
            Self::Claims { names, .. } => names.contains(name),
            Self::Readable { .. } | Self::Accepted { .. } => false,
        }
    }

    /// Whether it says something about this step.
    pub(super) fn claims(&self, step: usize) -> bool {
        match self {
            Self::Works { .. } => true,
            Self::Claims { claims, .. } => claims.iter().any(|(claimed, _)| *claimed == step),
            Self::Readable { step: claimed } | Self::Accepted { step: claimed, .. } => *claimed == step,
        }
    }

    /// The steps that have a part in it.
    pub(super) fn steps(&self) -> std::ops::RangeInclusive<usize> {
        match self {
            Self::Works { request, again, .. } => *request..=*again,
            Self::Readable { step } | Self::Accepted { step, .. } => *step..=*step,
            Self::Claims { claims, .. } => 0..=claims.iter().map(|(step, _)| *step).max().unwrap_or(0),
        }
    }
}

fn works(request: &Observation, again: &Observation) -> bool {
    let went_well = |seen: &Observation| {
        seen.page.readable != Some(false) && seen.page.error.is_none() && seen.unpredicted.is_none()
    };
    let folded =
        lines(request).any(|line| !cookie_line::joints(&String::from_utf8_lossy(&line.line)).is_empty());
    let kept = lines_that_count(request).into_iter().all(|line| match is_deletion(line) {
        true => !survives(request, line),
        false => line.stored == Some(true) && is_sent(again, &line.name),
    });
    went_well(request) && went_well(again) && kept && !folded
}

/// Why a middleware refused a request, in its own words.
pub(super) fn rejection(exchange: &wire::Exchange) -> Option<&String> {
    let inside = exchange.behind();
    match &inside.answer {
        Answer::Middleware(why) if inside.status >= 400 => Some(why),
        _ => None,
    }
}

/// Whether an answer of a step leads to a page for people to log in.
fn leads_to_login(seen: &Observation) -> bool {
    let mut leads = seen.requests().filter_map(|exchange| cause::redirect(&exchange.wire));
    leads.any(|to| looks::is_login_page(&to))
}

/// Every line of a step, in order.
pub(super) fn lines(seen: &Observation) -> impl Iterator<Item = &SetCookie> {
    seen.exchanges.iter().flat_map(|exchange| &exchange.set_cookie).chain(&seen.written)
}

/// The last line of a step for each cookie: the one that counts. A cookie has a name, a domain and a path (RFC
/// 6265bis -22, section 5.7, step 23), and a partition or none.
pub(super) fn lines_that_count(seen: &Observation) -> Vec<&SetCookie> {
    let cookie = |line: &SetCookie| {
        let text = String::from_utf8_lossy(&line.line).into_owned();
        let word = |attribute| Line(&text).attribute(attribute);
        let domain = word("Domain").map(|domain| domain.trim_start_matches('.').to_ascii_lowercase());
        (line.name.clone(), domain, word("Path").map(str::to_owned), word("Partitioned").is_some())
    };
    let last: BTreeMap<_, _> =
        lines(seen).enumerate().map(|(place, line)| (cookie(line), (place, line))).collect();
    let mut last: Vec<_> = last.into_values().collect();
    last.sort_unstable_by_key(|(place, _)| *place);
    last.into_iter().map(|(_, line)| line).collect()
}

/// Whether the server meant to delete a cookie: the lifetime that the line gives is over, whatever else speaks
/// against it, and the line has nothing that somebody might want kept.
pub(super) fn is_deletion(line: &SetCookie) -> bool {
    line.reasons.contains(&Reason::Expired) && deletes_now(&String::from_utf8_lossy(&line.line))
}

/// Whether the cookie that a line was to delete is in the jar all the same. One that another line of the same answer
/// has set is not meant.
pub(super) fn survives(seen: &Observation, line: &SetCookie) -> bool {
    let sets = |other: &SetCookie| other.name == line.name && other.stored == Some(true);
    !lines(seen).any(sets) && held(seen, &line.name).next().is_some()
}

/// The cookies of this name in the jar after the step.
pub(super) fn held<'s>(seen: &'s Observation, name: &str) -> impl Iterator<Item = &'s Cookie> {
    seen.jar.iter().flatten().filter(move |cookie| cookie.name == name)
}

/// Whether a request of the step carried a cookie of this name.
pub(super) fn is_sent(seen: &Observation, name: &str) -> bool {
    seen.requests().any(|exchange| exchange.sent.iter().any(|(sent, _)| sent == name))
}

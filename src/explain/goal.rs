//! What a fix has to reach.
//!
//! A goal looks at observations and says yes or no; it never says why.

use std::collections::{BTreeMap, BTreeSet};

use crate::browser::name::BrowserName;
use crate::diagnostic::Span;
use crate::observe::{Observation, SetCookie};
use crate::plan::Plan;
use crate::rules::reason::Reason;
use crate::verdict;

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
    },
    /// These claims hold, in every browser they are made for.
    Claims {
        /// Each claim: its step, and where it stands.
        claims: Vec<(usize, Span)>,
        /// The cookies they are about.
        names: BTreeSet<String>,
    },
}

impl Goal {
    /// Whether a browser that showed this has reached it.
    pub(super) fn is_met(&self, plan: &Plan, browser: BrowserName, seen: &[Observation]) -> bool {
        match self {
            Self::Works { request, again } => works(&seen[*request], &seen[*again]),
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

    /// Whether it is about a cookie of this name.
    pub(super) fn concerns(&self, name: &str) -> bool {
        match self {
            Self::Works { .. } => true,
            Self::Claims { names, .. } => names.contains(name),
        }
    }

    /// Whether it says something about this step.
    pub(super) fn claims(&self, step: usize) -> bool {
        match self {
            Self::Works { .. } => true,
            Self::Claims { claims, .. } => claims.iter().any(|(claimed, _)| *claimed == step),
        }
    }

    /// The steps that have a part in it.
    pub(super) fn steps(&self) -> std::ops::RangeInclusive<usize> {
        match self {
            Self::Works { request, again } => *request..=*again,
            Self::Claims { claims, .. } => 0..=claims.iter().map(|(step, _)| *step).max().unwrap_or(0),
        }
    }
}

fn works(request: &Observation, again: &Observation) -> bool {
    let went_well = |seen: &Observation| {
        seen.page.readable != Some(false) && seen.page.error.is_none() && seen.unpredicted.is_none()
    };
    let kept = last_lines(request).into_iter().all(|(name, line)| match is_deletion(line) {
        true => !holds(request, name),
        false => line.stored == Some(true) && is_sent(again, name),
    });
    went_well(request) && went_well(again) && kept
}

/// The last line of a step for each name: the one that counts.
pub(super) fn last_lines(seen: &Observation) -> BTreeMap<&str, &SetCookie> {
    let lines = seen.exchanges.iter().flat_map(|exchange| &exchange.set_cookie).chain(&seen.written);
    lines.map(|line| (line.name.as_str(), line)).collect()
}

/// Whether nothing but its age spoke against the cookie: the server meant to delete it.
pub(super) fn is_deletion(line: &SetCookie) -> bool {
    line.reasons.iter().eq([&Reason::Expired])
}

/// Whether the jar holds a cookie of this name after the step.
pub(super) fn holds(seen: &Observation, name: &str) -> bool {
    seen.jar.iter().flatten().any(|cookie| cookie.name == name)
}

/// Whether a request of the step carried a cookie of this name.
pub(super) fn is_sent(seen: &Observation, name: &str) -> bool {
    seen.requests().any(|exchange| exchange.sent.iter().any(|(sent, _)| sent == name))
}

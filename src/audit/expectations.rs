//! What the scenario itself expects: where that does not hold, the system does not work as it is meant to.

use super::{Check, Evidence, Finding, Severity};
use crate::browser_name::BrowserName;
use crate::browser_name::listed;
use crate::outcome::{self, Run};
use crate::plan::Plan;
use crate::verdict::Failure;

/// A claim that did not hold.
struct Failed<'r> {
    step: usize,
    /// As the first browser showed it.
    failure: &'r Failure,
    /// What was seen instead, each with the browsers that showed it.
    seen: Vec<(&'r str, Vec<BrowserName>)>,
}

/// What shows over the whole of a scenario: each of its claims that did not hold is one finding, whatever the
/// number of browsers.
pub(super) fn look_over(plan: &Plan, runs: &[Run], add: &mut impl FnMut(Finding)) {
    let mut failed: Vec<Failed<'_>> = Vec::new();
    for run in runs {
        for (step, ran) in run.steps.iter().enumerate() {
            for outcome::Failed { failure, .. } in &ran.failures {
                note(&mut failed, run.browser, step, failure);
            }
        }
    }
    failed.sort_by_key(|failed| failed.step);
    failed.iter().for_each(|failed| add(finding(plan, failed)));
}

fn note<'r>(failed: &mut Vec<Failed<'r>>, browser: BrowserName, step: usize, failure: &'r Failure) {
    let same = |known: &&mut Failed<'_>| {
        known.step == step && known.failure.span == failure.span && known.failure.message == failure.message
    };
    let actual = failure.actual.as_str();
    let Some(known) = failed.iter_mut().find(same) else {
        failed.push(Failed { step, failure, seen: vec![(actual, vec![browser])] });
        return;
    };
    match known.seen.iter_mut().find(|(seen, _)| *seen == actual) {
        Some((_, browsers)) => browsers.push(browser),
        None => known.seen.push((actual, vec![browser])),
    }
}

fn finding(plan: &Plan, failed: &Failed<'_>) -> Finding {
    let Failed { step, failure, seen } = failed;
    let browsers: Vec<BrowserName> = seen.iter().flat_map(|(_, browsers)| browsers).copied().collect();
    let what = seen.iter().map(|(actual, browsers)| format!("in {}: {actual}", listed(browsers)));
    let only = browsers.first().map(|browser| format!(" --browser {browser}")).unwrap_or_default();
    let fix = format!("see why, and what may fix it: `rehearsal run {}{only}`", plan.source.path);
    Finding {
        check: Check::FailedExpectation,
        severity: Severity::High,
        headline: failure.message.clone(),
        evidence: Evidence {
            step: Some(*step),
            span: Some(failure.span.clone()),
            seen: what.chain(failure.notes.iter().map(ToString::to_string)).collect(),
        },
        fix,
        browsers,
    }
}

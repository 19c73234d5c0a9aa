//! The explanation of claims that did not hold in the runs of a scenario, and the fix that makes them hold.
//!
//! What was seen tells why; what would help is found by the rules, in the browsers of the runs. What several
//! browsers show is one cause, and one fix is for all that does not work: two that each mend their own
//! part may well not work together. A claim that something does *not* work gets no fix: that it works now may
//! be the better news.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cause::{self, Cause, Trouble};
use super::goal::Goal;
use super::search::{self, Remedy};
use super::stage::Stage;
use super::told::Explanation;
use crate::browser_name::BrowserName;
use crate::edit::Edits;
use crate::observe::Observation;
use crate::outcome::{Failed, Run};
use crate::text::in_order;

/// Why a claim did not hold, and what would make it hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Why.
    pub explanation: Explanation,
    /// What to do about this and all else that it was possible to mend with it. Nothing where nothing helps, or
    /// where the claim was that something does not work.
    pub remedy: Arc<Remedy>,
    /// The browsers that the scenario was run in, for all of which the remedy was searched.
    pub browsers: Vec<BrowserName>,
}

/// The claims of a scenario's runs that come from one cause.
struct Group {
    cause: Cause,
    names: BTreeSet<String>,
    /// Each claim that something works: its step, and where it stands.
    claims: Vec<(usize, crate::diagnostic::Span)>,
    /// Each failure: its run, its step, and its place in the step.
    failures: Vec<(usize, usize, usize)>,
}

/// Explains every failure of a scenario's runs that can be explained. `browsers` are all that it is run in: a
/// fix has to work in each.
pub async fn explain(runs: &mut [Run], browsers: &[BrowserName]) {
    let groups = groups(runs);
    let Some(plan) = runs.first().map(|run| Arc::clone(&run.plan)).filter(|_| !groups.is_empty()) else {
        return;
    };
    let mut stage = Stage::new(browsers);
    let (mut claims, mut names, mut edits) = (Vec::new(), BTreeSet::new(), Edits::new());
    let (mut remedy, mut mended) = (Remedy::default(), vec![false; groups.len()]);
    // Each search goes on from what mends the causes before it: so a fix for many takes no longer than one for
    // each.
    for (group, mended) in groups.iter().zip(&mut mended).filter(|(group, _)| !group.claims.is_empty()) {
        let (mut all, mut of) = (claims.clone(), names.clone());
        all.extend(group.claims.iter().cloned());
        of.extend(group.names.iter().cloned());
        let goal = Goal::Claims { claims: all.clone(), names: of.clone() };
        // A plan that ran can be rehearsed; where it cannot, an explanation has to be enough.
        let found = search::remedy(&plan, &goal, &edits, &mut stage).await.unwrap_or_default();
        if let Some(fix) = &found.fix {
            edits.clone_from(&fix.edits);
            (claims, names, remedy, *mended) = (all, of, found, true);
        }
    }
    let (remedy, nothing) = (Arc::new(remedy), Arc::new(Remedy::default()));
    let ran = in_order(runs.iter().map(|run| run.browser));
    for (group, mended) in groups.into_iter().zip(mended) {
        let explanation = Explanation::of(&group.cause, &plan, &ran);
        let remedy = Arc::clone(if mended { &remedy } else { &nothing });
        let explained = Arc::new(Explained { explanation, remedy, browsers: browsers.to_vec() });
        for (run, step, place) in group.failures {
            runs[run].steps[step].failures[place].explained = Some(Arc::clone(&explained));
        }
    }
}

fn groups(runs: &[Run]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let mut seen: Vec<Observation> = Vec::new();
        for (step, ran) in run.steps.iter().enumerate() {
            let Some(observation) = &ran.observation else { break };
            seen.push(observation.clone());
            let expect = run.plan.steps[step].expected_in(run.browser);
            for (place, Failed { failure, .. }) in ran.failures.iter().enumerate() {
                let Some(claimed) = cause::of_claim(&run.plan, &expect, failure, &seen, run.browser) else {
                    continue;
                };
                let claim = claimed.is_positive.then(|| (step, failure.span.clone()));
                let same = |group: &&mut Group| is_same(&group.cause, &claimed.cause);
                match groups.iter_mut().find(same) {
                    Some(group) => {
                        group.names.extend(claimed.names);
                        group.claims.extend(claim.filter(|claim| !group.claims.contains(claim)));
                        group.failures.push((index, step, place));
                        group.cause.add(claimed.cause);
                    }
                    None => groups.push(Group {
                        cause: claimed.cause,
                        names: claimed.names,
                        claims: claim.into_iter().collect(),
                        failures: vec![(index, step, place)],
                    }),
                }
            }
        }
    }
    groups
}

/// Whether two causes are one to a developer: what one fix would mend.
fn is_same(a: &Cause, b: &Cause) -> bool {
    let answer = |cause: &Cause| {
        let exchange = cause.exchange.as_ref()?;
        Some((exchange.origin, exchange.is_preflight()))
    };
    match (a.trouble, b.trouble) {
        (Trouble::Unreadable, Trouble::Unreadable) if answer(a).is_some() => {
            // Those that were taken together before have one set of reasons.
            let reasons = |cause: &Cause| cause.by.first().map(|(_, reasons)| reasons.clone());
            answer(a) == answer(b) && reasons(a) == reasons(b)
        }
        _ => a.trouble == b.trouble && a.step == b.step && a.name == b.name,
    }
}

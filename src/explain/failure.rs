//! The explanation of a claim that did not hold in a run, and the fix that makes it hold.
//!
//! What was seen tells why; what would help is found by the rules, in the browsers of the run. A claim
//! that something does *not* work gets no fix: that it works now may be the better news.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cause::{self, Cause, Trouble};
use super::goal::Goal;
use super::search::{self, Remedy};
use super::stage::Stage;
use super::told::Explanation;
use crate::browser::name::BrowserName;
use crate::observe::Observation;
use crate::outcome::Run;
use crate::plan::Plan;

/// Why a claim did not hold, and what would make it hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Why.
    pub explanation: Explanation,
    /// What to do. Nothing where nothing helps, or where the claim was that something does not work.
    pub remedy: Remedy,
    /// The browsers the remedy was searched for.
    pub browsers: Vec<BrowserName>,
}

/// The claims of a run that come from one cause.
struct Group {
    cause: Cause,
    names: BTreeSet<String>,
    /// Each claim that something works: its step, and where it stands.
    claims: Vec<(usize, crate::diagnostic::Span)>,
    /// Each failure: its step, and its place in the step.
    failures: Vec<(usize, usize)>,
}

/// Explains every failure of a run that can be explained. `browsers` are all that the run's scenario is
/// run in: a fix has to work in each.
pub async fn explain(run: &mut Run, browsers: &[BrowserName]) {
    let plan = Arc::clone(&run.plan);
    let groups = groups(run);
    if groups.is_empty() {
        return;
    }
    let mut browsers = browsers.to_vec();
    if !browsers.contains(&run.browser) {
        browsers.push(run.browser);
    }
    let mut stage = Stage::new(&browsers);
    for group in groups {
        let explanation = Explanation::of(&group.cause, &plan, &[run.browser]);
        let remedy = remedy(&plan, &group, &mut stage).await;
        let explained = Arc::new(Explained { explanation, remedy, browsers: browsers.clone() });
        for (step, place) in group.failures {
            run.steps[step].failures[place].explained = Some(Arc::clone(&explained));
        }
    }
}

async fn remedy(plan: &Plan, group: &Group, stage: &mut Stage) -> Remedy {
    if group.claims.is_empty() {
        return Remedy::default();
    }
    let goal = Goal::Claims { claims: group.claims.clone(), names: group.names.clone() };
    // A plan that ran can be rehearsed; where it cannot, an explanation has to be enough.
    search::remedy(plan, &goal, stage).await.unwrap_or_default()
}

fn groups(run: &Run) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut seen: Vec<Observation> = Vec::new();
    for (step, ran) in run.steps.iter().enumerate() {
        let Some(observation) = &ran.observation else { break };
        seen.push(observation.clone());
        let expect = run.plan.steps[step].expected_in(run.browser);
        for (place, failure) in ran.failures.iter().enumerate() {
            let Some(claimed) = cause::of_claim(&run.plan, &expect, failure, &seen, run.browser) else {
                continue;
            };
            let claim = claimed.is_positive.then(|| (step, failure.span.clone()));
            let same = |group: &&mut Group| is_same(&group.cause, &claimed.cause);
            match groups.iter_mut().find(same) {
                Some(group) => {
                    group.names.extend(claimed.names);
                    group.claims.extend(claim);
                    group.failures.push((step, place));
                }
                None => groups.push(Group {
                    cause: claimed.cause,
                    names: claimed.names,
                    claims: claim.into_iter().collect(),
                    failures: vec![(step, place)],
                }),
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
            answer(a) == answer(b)
                && a.by.iter().map(|(_, reasons)| reasons).eq(b.by.iter().map(|(_, reasons)| reasons))
        }
        _ => a.trouble == b.trouble && a.step == b.step && a.name == b.name,
    }
}

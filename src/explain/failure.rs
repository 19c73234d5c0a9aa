//! The explanation of claims that did not hold in the runs of a scenario, and the fix that makes them hold.
//!
//! What was seen tells why; what would help is found by the rules, in the browsers of the runs. What several
//! browsers show is one cause, and one fix is for all that does not work: two that each fix their own
//! part may well not work together. A claim that something does *not* work gets no fix: that it works now may
//! be the better news.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::by_hand::{self, ByHand};
use super::cause::{self, Cause, Trouble};
use super::goal::Goal;
use super::rehearser::Rehearser;
use super::remark;
use super::rounds;
use super::search::{self, Fix, Remedy};
use super::told::Explanation;
use super::trial::Tried;
use crate::browser_name::BrowserName;
use crate::edit::overlay::{self, Played};
use crate::edit::{Edits, apply};
use crate::observe::Observation;
use crate::outcome::{Failed, Run};
use crate::plan::{Action, Plan};
use crate::text::in_order;

/// Why a claim did not hold, and what would make it hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Why.
    pub explanation: Explanation,
    /// What to do about this and all else that could be fixed with it. Nothing where nothing helps, or
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
/// fix has to work in each. Where the scenario has real servers, `try_out` may run it with a fix laid over their answers,
/// in those browsers; it answers nothing where that is not wanted.
pub async fn explain<F>(runs: &mut [Run], browsers: &[BrowserName], try_out: F)
where
    F: AsyncFnMut(Plan, &[BrowserName]) -> Option<Vec<(Tried, Option<Run>)>>,
{
    let groups = groups(runs);
    let Some(plan) = runs.first().map(|run| Arc::clone(&run.plan)).filter(|_| !groups.is_empty()) else {
        return;
    };
    let mut rehearser = Rehearser::new(browsers);
    // Kept off the stack: each rehearses worlds.
    let searched = Box::pin(search_plan(&plan, runs, &mut rehearser)).await;
    let (mut remedy, fixed) = Box::pin(remedy(&plan, &searched, &groups, &mut rehearser)).await;
    if plan.has_real_server()
        && let Some(fix) = &mut remedy.fix
    {
        Box::pin(rounds::try_out(&plan, &searched, fix, try_out)).await;
    }
    let (remedy, nothing) = (Arc::new(remedy), Arc::new(Remedy::default()));
    let ran = in_order(runs.iter().map(|run| run.browser));
    for (group, fixed) in groups.into_iter().zip(fixed) {
        let explanation = Explanation::of(&group.cause, &plan, &ran);
        let remedy = Arc::clone(if fixed { &remedy } else { &nothing });
        let explained = Arc::new(Explained { explanation, remedy, browsers: browsers.to_vec() });
        for (run, step, place) in group.failures {
            runs[run].steps[step].failures[place].explained = Some(Arc::clone(&explained));
        }
    }
}

/// The fix that goes on where these runs, of a plan with a fix laid over it, ended, and the plan with both. `None` where
/// nothing is found, or where it cannot be laid over answers.
pub(super) async fn further(plan: &Plan, runs: &[Run], browsers: &[BrowserName]) -> Option<(Fix, Plan)> {
    let (groups, plan) = (groups(runs), Arc::new(plan.clone()));
    let mut rehearser = Rehearser::new(browsers);
    let searched = Box::pin(search_plan(&plan, runs, &mut rehearser)).await;
    let fix = Box::pin(remedy(&plan, &searched, &groups, &mut rehearser)).await.0.fix?;
    let laid = searched.laid(&plan, &fix).ok()?;
    Some((fix, laid))
}

/// What makes the claims of all groups hold that can be made to, and which groups those are.
async fn remedy(
    plan: &Arc<Plan>,
    searched: &SearchPlan,
    groups: &[Group],
    rehearser: &mut Rehearser,
) -> (Remedy, Vec<bool>) {
    let SearchPlan { plan: tried, last, .. } = searched;
    let (mut claims, mut names, mut edits) = (Vec::new(), BTreeSet::new(), Edits::new());
    let (mut remedy, mut fixed) = (Remedy::default(), vec![false; groups.len()]);
    // Each search goes on from what fixes the causes before it: so a fix for many takes no longer than one for
    // each.
    for (group, fixed) in groups.iter().zip(&mut fixed).filter(|(group, _)| !group.claims.is_empty()) {
        let (mut all, mut of) = (claims.clone(), names.clone());
        all.extend(group.claims.iter().map(|(step, span)| (last[*step], span.clone())));
        of.extend(group.names.iter().cloned());
        let goal = Goal::Claims { claims: all.clone(), names: of.clone() };
        // A plan that ran can be rehearsed; where it cannot, an explanation has to be enough.
        let mut found = search::remedy(tried, &goal, &edits, rehearser).await.unwrap_or_default();
        for fix in [&mut found.fix, &mut found.everywhere].into_iter().flatten() {
            fix.remarks.extend(remark::settings(tried, &fix.edits, None));
            if plan.has_real_server() {
                fix.remarks.push(remark::PLAYED.to_owned());
            } else if !Arc::ptr_eq(tried, plan) {
                fix.remarks.push(remark::BY_HAND.to_owned());
            }
        }
        let mut all = Some((all, of));
        if found.fix.is_none()
            && let (Trouble::Rejected, Some(why)) = (group.cause.trouble, &group.cause.other)
        {
            // What the claim asks for takes more; that the server refuses it for this is a step on the way.
            let goal = Goal::Accepted { step: last[group.cause.step], why: why.clone() };
            found = search::remedy(tried, &goal, &edits, rehearser).await.unwrap_or_default();
            found.fix.iter_mut().for_each(|fix| fix.remarks.push(remark::ON_THE_WAY.to_owned()));
            all = None;
        }
        if found.fix.is_none()
            && let Some(step) = unmade(tried, &group.cause)
        {
            let goal = Goal::Readable { step };
            found = search::remedy(tried, &goal, &edits, rehearser).await.unwrap_or_default();
            found.fix.iter_mut().for_each(|fix| fix.remarks.push(remark::NEVER_ASKED.to_owned()));
            all = None;
        }
        if let (Some(fix), Some((all, of))) =
            (&found.fix, all.as_ref().map(|(all, of)| (all.clone(), of.clone())))
        {
            edits.clone_from(&fix.edits);
            (claims, names, remedy, *fixed) = (all, of, found, true);
        } else if found.fix.is_some() && remedy.fix.is_none() {
            (remedy, *fixed) = (found, true);
        }
    }
    (remedy, fixed)
}

/// What fixes are tried on: the plan itself or, where the rules cannot follow its pages' scripts or a real server
/// answers, one that asks by itself for what the pages were seen to ask for.
pub(super) struct SearchPlan {
    plan: Arc<Plan>,
    /// For each step of the scenario the one that stands for it.
    last: Vec<usize>,
    /// For each step of the plan the one of the scenario that it is.
    own: Vec<Option<usize>>,
}

impl SearchPlan {
    /// The scenario's own plan with a fix laid over its servers' answers. Fails with why that cannot be: a lower-case
    /// fragment.
    pub(super) fn laid(&self, plan: &Plan, fix: &Fix) -> Result<Plan, String> {
        let (edited, _) = apply(&self.plan, &fix.edits).ok_or("the scenario has nothing that it changes")?;
        overlay::lay(plan, &Played { edited: &edited, own: &self.own }, &fix.edits)
    }
}

async fn search_plan(plan: &Arc<Plan>, runs: &[Run], rehearser: &mut Rehearser) -> SearchPlan {
    let as_it_is = || {
        let steps = 0..plan.steps.len();
        SearchPlan { plan: Arc::clone(plan), last: steps.clone().collect(), own: steps.map(Some).collect() }
    };
    if !plan.has_real_server() {
        let Ok(shown) = rehearser.rehearse(plan).await else { return as_it_is() };
        if shown.iter().flatten().all(|seen| seen.unpredicted.is_none()) {
            return as_it_is();
        }
    }
    let ByHand { plan, last, own } = by_hand::plan(plan, runs);
    SearchPlan { plan: Arc::new(plan), last, own }
}

/// The step that makes the call which a preflight did not let a page make.
fn unmade(plan: &Plan, cause: &Cause) -> Option<usize> {
    let preflight = cause.exchange.as_ref().filter(|exchange| exchange.is_preflight())?;
    if cause.trouble != Trouble::Unreadable {
        return None;
    }
    let method = preflight.request_header("access-control-request-method")?;
    plan.steps.iter().position(|step| {
        matches!(&step.action, Action::Fetch(fetch) if fetch.url == preflight.url && fetch.method.as_bytes() == method)
    })
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

/// Whether two causes are one to a developer: what one fix would fix.
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

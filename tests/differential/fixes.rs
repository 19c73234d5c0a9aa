//! Fixes that are proposed for generated failures, applied and run in a real browser: each has to work, and no part of
//! one may be enough.
//!
//! A failure is made of a generated scenario: something that did not work in it is claimed to work. What the search proposes
//! was tried in the model alone; here the browser decides.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use rehearsal::browser_name::BrowserName;
use rehearsal::diagnostic::Source;
use rehearsal::edit::{self, Edits};
use rehearsal::observe::Observation;
use rehearsal::outcome::Run;
use rehearsal::plan::Plan;
use rehearsal::scenario;

use super::case::Case;
use super::{generate, trial};

/// How many scenarios are made for one fix, at most.
const TRIES: u64 = 40;

/// How many scenarios at once are looked through for failures.
const BATCH: u64 = 40;

/// A fix that was proposed, and what it is for.
struct Proposed {
    /// The scenario with the claim.
    text: String,
    step: usize,
    edits: Edits,
    fixed: Arc<Plan>,
    /// The scenario with the fix less one of its edits, where it changes fewer lines then.
    parts: Vec<Arc<Plan>>,
}

/// What came of fixes.
pub struct Tried {
    /// How many were proposed and run.
    pub count: usize,
    /// What is wrong with those that do not work, or that are larger than they have to be.
    pub wrong: Vec<String>,
}

/// Finds so many fixes in the scenarios of a seed, and runs them in a browser.
pub async fn try_out(seed: u64, first: u64, count: usize, browser: BrowserName, jobs: usize) -> Tried {
    let model = BrowserName { model: true, ..browser };
    let mut proposed = Vec::new();
    let mut index = first;
    while proposed.len() < count && index < first + TRIES * count as u64 {
        let cases: Vec<Case> = (index..index + BATCH).map(|index| generate::case(seed, index)).collect();
        index += BATCH;
        let claimed = claimed(&cases, model, jobs).await;
        let plans: Vec<Arc<Plan>> = claimed.iter().map(|(plan, _)| Arc::clone(plan)).collect();
        let runs = trial::run_plans(&plans, &[model], jobs).await;
        proposed.extend(runs.iter().zip(&claimed).filter_map(|(run, (_, step))| of_run(run, *step)));
    }
    proposed.truncate(count);
    let plans: Vec<Arc<Plan>> = proposed
        .iter()
        .flat_map(|proposed| std::iter::once(&proposed.fixed).chain(&proposed.parts))
        .enumerate()
        .map(|(index, plan)| renamed(plan, index))
        .collect();
    let runs = trial::run_plans(&plans, &[browser], jobs).await;
    let mut runs = plans.iter().map(|plan| {
        runs.iter().find(|run| run.scenario() == plan.source.path).expect("every scenario is run")
    });
    let mut wrong = Vec::new();
    for proposed in &proposed {
        let shown =
            || format!("step {}, fixed by {:?}\n{}", proposed.step + 1, proposed.edits, proposed.text);
        let fixed = runs.next().expect("every fix is run");
        if !holds(fixed, proposed.step) {
            wrong.push(format!("does not work ({:?}): {}", fixed.error, shown()));
        }
        for _ in &proposed.parts {
            let part = runs.next().expect("every part of a fix is run");
            if holds(part, proposed.step) && is_as_good(part, fixed) {
                wrong.push(format!("a part of it is enough: {}", shown()));
            }
        }
    }
    Tried { count: proposed.len(), wrong }
}

/// Scenarios in each of which one thing is claimed that does not hold, with its step.
async fn claimed(cases: &[Case], model: BrowserName, jobs: usize) -> Vec<(Arc<Plan>, usize)> {
    let plan = |index: usize, case: &Case| {
        case.plan(&trial::path(index)).unwrap_or_else(|mistakes| panic!("{mistakes}"))
    };
    let plans: Vec<Arc<Plan>> = cases.iter().enumerate().map(|(index, case)| plan(index, case)).collect();
    let runs = trial::run_plans(&plans, &[model], jobs).await;
    plans
        .iter()
        .enumerate()
        .filter_map(|(index, plan)| {
            let run = runs.iter().find(|run| run.scenario() == plan.source.path)?;
            let steps = run.steps.iter().map_while(|step| step.observation.as_ref());
            let (step, claim) = steps
                .enumerate()
                .filter(|(_, seen)| seen.unpredicted.is_none())
                .filter_map(|(step, seen)| Some((step, claim(seen)?)))
                .nth(index % 2)?;
            let text = with_claim(&cases[index].to_toml(), step, &claim)?;
            let path = format!("{index}.toml");
            let (plan, _) = scenario::parse(Arc::new(Source::new(path, text)));
            Some((Arc::new(plan?), step))
        })
        .collect()
}

/// A claim that this step does not meet.
fn claim(seen: &Observation) -> Option<String> {
    if seen.page.readable == Some(false) && !seen.page.cors.is_empty() {
        return Some("expect.cors = \"readable\"".to_owned());
    }
    let is_plain = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let refused = seen.exchanges.iter().flat_map(|exchange| &exchange.set_cookie);
    if let Some(line) = refused.into_iter().find(|line| line.stored == Some(false) && is_plain(&line.name)) {
        return Some(format!("expect.stored = [\"{}\"]", line.name));
    }
    let withheld = seen.exchanges.last()?.withheld.iter().find(|withheld| is_plain(&withheld.name))?;
    Some(format!("expect.sent = [\"{}\"]", withheld.name))
}

/// The scenario, with a claim at the end of a step.
fn with_claim(text: &str, step: usize, claim: &str) -> Option<String> {
    let mut parts: Vec<String> = text.split("\n[[step]]\n").map(str::to_owned).collect();
    let part = parts.get_mut(step + 1)?;
    part.push_str(claim);
    part.push('\n');
    Some(parts.join("\n[[step]]\n"))
}

/// What a run proposes for the claim of its step.
fn of_run(run: &Run, step: usize) -> Option<Proposed> {
    let failed = run.steps.get(step)?.failures.first()?;
    let fix = failed.explained.as_ref()?.remedy.fix.as_ref()?;
    let (fixed, _) = edit::apply(&run.plan, &fix.edits)?;
    let size = |changes: &[edit::Change]| -> usize {
        changes.iter().map(|change| change.before.len().max(change.after.len())).sum()
    };
    let whole = size(&fix.changes);
    // What narrows a line that changes anyway makes a fix no larger.
    let less = |edit: &edit::Edit| {
        let mut edits = fix.edits.clone();
        edits.remove(edit);
        let (plan, changes) = edit::apply(&run.plan, &edits)?;
        (size(&changes) < whole).then(|| Arc::new(plan))
    };
    let parts = match fix.edits.len() {
        1 => Vec::new(),
        _ => fix.edits.iter().filter_map(less).collect(),
    };
    let text = run.plan.source.text.clone();
    Some(Proposed { text, step, edits: fix.edits.clone(), fixed: Arc::new(fixed), parts })
}

/// Whether the claim of a step holds in a run.
fn holds(run: &Run, step: usize) -> bool {
    let step = run.steps.get(step);
    run.error.is_none() && step.is_some_and(|step| step.observation.is_some() && step.failures.is_empty())
}

/// Whether a run with a part of a fix loses nothing that the run with the whole has: what could be read, and the names
/// of the cookies that were stored. A fix is to keep what worked.
fn is_as_good(part: &Run, whole: &Run) -> bool {
    let seen = |run: &Run| -> Vec<Observation> {
        run.steps.iter().filter_map(|step| step.observation.clone()).collect()
    };
    let (part, whole) = (seen(part), seen(whole));
    let stored = |seen: &[Observation]| -> BTreeSet<String> {
        let lines = seen.iter().flat_map(|seen| {
            seen.exchanges.iter().flat_map(|exchange| &exchange.set_cookie).chain(&seen.written)
        });
        lines.filter(|line| line.stored == Some(true)).map(|line| line.name.clone()).collect()
    };
    let lost = |(part, whole): (&Observation, &Observation)| {
        whole.page.readable == Some(true) && part.page.readable == Some(false)
    };
    stored(&whole).is_subset(&stored(&part)) && !part.iter().zip(&whole).any(lost)
}

/// The plan under a name of its own.
fn renamed(plan: &Plan, index: usize) -> Arc<Plan> {
    let path: PathBuf = trial::path(index);
    let source = Source::new(path.display().to_string(), plan.source.text.clone());
    Arc::new(Plan { source: Arc::new(source), ..plan.clone() })
}

#[test]
fn a_claim_stands_in_its_step() {
    let text = "title = \"t\"\n\n[[step]]\nvisit = \"a:/\"\n\n[[step]]\nreload = true\n";
    let claimed = with_claim(text, 0, "expect.sent = [\"a\"]").expect("there is such a step");
    assert_eq!(
        claimed,
        "title = \"t\"\n\n[[step]]\nvisit = \"a:/\"\nexpect.sent = [\"a\"]\n\n[[step]]\nreload = true\n"
    );
}

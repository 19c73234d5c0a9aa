//! Runs scenarios in a real browser and by the rules, and gathers where the two disagree.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rehearsal::browser::model::Model;
use rehearsal::browser_name::BrowserName;
use rehearsal::observe::Observation;
use rehearsal::outcome::Run;
use rehearsal::plan::Plan;
use rehearsal::reconcile::{self, Drift, Question};
use rehearsal::rules::reason::Reason;
use rehearsal::run::{self, News, Options};
use rehearsal::world::clock::Clock;
use rehearsal::world::{Authority, World, hosts};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::case::Case;
use super::shrink;

/// How many candidates are tried at once.
const BATCH: usize = 24;

/// How many times a scenario is made smaller before that is enough.
const ROUNDS: usize = 200;

/// What came of running scenarios.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Those in which rules and browser disagree.
    pub findings: Vec<Finding>,
    /// The index of the one that took longest, and how long: one of many seconds waits for what never comes.
    pub slowest: Option<(usize, Duration)>,
}

/// A scenario in which rules and browser disagree, or that could not be run.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The index of the scenario among those that were run.
    pub index: usize,
    /// The browser.
    pub browser: BrowserName,
    /// What kind of disagreement comes first; `None` where the scenario could not be run.
    pub question: Option<Question>,
    /// Every disagreement, one a line.
    pub differences: Vec<String>,
}

/// Runs these scenarios in these browsers.
pub async fn run(cases: &[Case], browsers: &[BrowserName], jobs: usize) -> Trial {
    let plans: Vec<Arc<Plan>> = cases
        .iter()
        .enumerate()
        .map(|(index, case)| case.plan(&path(index)).unwrap_or_else(|mistakes| panic!("{mistakes}")))
        .collect();
    let indices: HashMap<String, usize> =
        plans.iter().enumerate().map(|(index, plan)| (plan.source.path.clone(), index)).collect();
    let runs = run_plans(&plans, browsers, jobs).await;
    let slowest =
        runs.iter().max_by_key(|run| run.duration).map(|run| (indices[run.scenario()], run.duration));
    let findings = runs.iter().filter_map(|run| finding(run, indices[run.scenario()])).collect();
    Trial { findings, slowest }
}

/// Runs these plans in these browsers. To what the rules did not follow is added what the model does not do by
/// itself: beside each real browser it takes the same steps in a world of its own, and every difference is a drift too.
pub async fn run_plans(plans: &[Arc<Plan>], browsers: &[BrowserName], jobs: usize) -> Vec<Run> {
    let guard = PathBuf::from(env!("CARGO_BIN_EXE_rehearsal"));
    let options = Options { jobs, ..Options::new(browsers.to_vec(), guard) };
    let mut beside: JoinSet<(BrowserName, String, Vec<Drift>)> = JoinSet::new();
    let never = CancellationToken::new();
    let runs = run::run(plans, &options, &never, |news| {
        if let News::Ran(run) = news
            && !run.browser.model
        {
            let run = run.clone();
            beside.spawn(
                async move { (run.browser, run.scenario().to_owned(), predicted_otherwise(&run).await) },
            );
        }
    });
    let mut runs = runs.await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(runs.len(), plans.len() * browsers.len(), "every scenario is run in every browser");
    for (browser, scenario, drift) in beside.join_all().await {
        let is_it = |run: &&mut Run| run.browser == browser && run.scenario() == scenario;
        let run = runs.iter_mut().find(is_it).expect("it was run");
        let new: Vec<Drift> = drift.into_iter().filter(|drift| !run.drift.contains(drift)).collect();
        run.drift.extend(new);
    }
    runs
}

/// Where the model, which takes the steps of a run by itself in a world of its own, comes to something else.
async fn predicted_otherwise(run: &Run) -> Vec<Drift> {
    let authority = Authority::new(hosts(&run.plan)).expect("an authority");
    // Both worlds stand at one instant, or what their back ends issue would differ.
    let world = World::start_at(&run.plan, &authority, Clock::standing(run.started)).expect("a world");
    let mut model = Model::new(run.browser, &authority).open(&world).as_driven();
    let mut drift = Vec::new();
    for (index, (step, ran)) in run.plan.steps.iter().zip(&run.steps).enumerate() {
        let Some(seen) = ran.observation.as_ref().filter(|seen| seen.unpredicted.is_none()) else { break };
        world.keep_time(&step.action);
        model.driven_for(ran.began);
        let predicted = model.perform(step).await;
        let differences = reconcile::compare(index, &predicted, seen);
        // A difference is told once and not again in every step after it.
        if !differences.is_empty() || predicted.unpredicted.is_some() {
            model.adopt(seen);
        }
        drift.extend(differences);
    }
    drift
}

/// Makes the scenario of a finding as small as it gets while it still shows a disagreement of that kind.
pub async fn shrink(case: &Case, found: &Finding, jobs: usize) -> (Case, Finding) {
    let (mut case, mut found) = (case.clone(), found.clone());
    'rounds: for _ in 0..ROUNDS {
        let smaller = shrink::candidates(&case);
        let smaller: Vec<Case> = smaller.into_iter().filter(|case| case.plan(&path(0)).is_ok()).collect();
        for batch in smaller.chunks(BATCH) {
            let findings = run(batch, &[found.browser], jobs).await.findings;
            let same = findings.into_iter().find(|finding| finding.question == found.question);
            if let Some(same) = same {
                case = batch[same.index].clone();
                found = same;
                continue 'rounds;
            }
        }
        break;
    }
    (case, found)
}

/// Writes a scenario and what is wrong with it, so that `rehearsal run FILE` shows it.
pub fn save(case: &Case, found: &Finding, file: &Path) {
    std::fs::create_dir_all(file.parent().expect("a file stands in a folder"))
        .expect("the folder can be made");
    let comment: Vec<String> = found.to_string().lines().map(|line| format!("# {line}\n")).collect();
    std::fs::write(file, comment.concat() + &case.to_toml()).expect("the scenario can be written");
}

/// What the scenario with this index is called.
pub fn path(index: usize) -> PathBuf {
    PathBuf::from(format!("{index}.toml"))
}

/// Every reason that was given for anything.
pub fn reasons(runs: &[Run]) -> BTreeSet<Reason> {
    let seen: Vec<&Observation> =
        runs.iter().flat_map(|run| &run.steps).filter_map(|step| step.observation.as_ref()).collect();
    let exchanges = || seen.iter().flat_map(|seen| &seen.exchanges);
    let lines = exchanges().flat_map(|exchange| &exchange.set_cookie);
    let lines = lines.chain(seen.iter().filter_map(|seen| seen.written.as_ref()));
    let withheld = exchanges().flat_map(|exchange| &exchange.withheld);
    let mut reasons: BTreeSet<Reason> = lines.flat_map(|line| line.reasons.iter().copied()).collect();
    reasons.extend(withheld.flat_map(|withheld| withheld.reasons.iter().copied()));
    reasons.extend(seen.iter().flat_map(|seen| seen.page.cors.iter().copied()));
    reasons
}

/// What a run found, if anything.
pub fn finding(run: &Run, index: usize) -> Option<Finding> {
    if let Some(error) = &run.error {
        let differences = vec![format!("could not run: {error}")];
        return Some(Finding { index, browser: run.browser, question: None, differences });
    }
    let first = run.drift.first()?;
    let steps = run.drift.iter().map(|drift| {
        let action = run.plan.steps.get(drift.step).map_or("", |step| step.action.key());
        format!("step {} ({action}): {drift}", drift.step + 1)
    });
    Some(Finding {
        index,
        browser: run.browser,
        question: Some(first.question),
        differences: steps.collect(),
    })
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in {}:", self.browser)?;
        for difference in &self.differences {
            write!(f, "\n  {}", difference.escape_debug())?;
        }
        Ok(())
    }
}

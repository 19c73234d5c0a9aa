//! What came of one scenario in one browser: what `run` produces and every report shows.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::browser_name::{BrowserName, ThirdParty};
use crate::explain::failure::Explained;
use crate::observe::Observation;
use crate::plan::{Plan, Step};
use crate::reconcile::Drift;
use crate::verdict::Failure;

/// How a run or a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every expectation that was judged held.
    Passed,
    /// Not reached, because an earlier step could not be done.
    Skipped,
    /// Nothing was judged: no prediction can be made, or this engine's driver cannot do it. That is no pass.
    NotJudged,
    /// An expectation did not hold.
    Failed,
    /// It could not be done: the browser is missing, died or hung.
    Error,
}

impl Outcome {
    /// Whether it was judged: it was done, and what was expected of it held or failed, or it could not be done.
    pub const fn is_judged(self) -> bool {
        !matches!(self, Self::Skipped | Self::NotJudged)
    }

    /// The word reports and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::NotJudged => "not_judged",
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }
}

/// One scenario, run in one browser.
#[derive(Clone, Debug)]
pub struct Run {
    /// The scenario.
    pub plan: Arc<Plan>,
    /// When it was begun: the time at which the clock of its world stands.
    pub started: OffsetDateTime,
    /// The browser it was run in.
    pub browser: BrowserName,
    /// What the browser says its version is; empty where it never came up.
    pub browser_version: String,
    /// What the browser did with cookies of third parties.
    pub third_party: ThirdParty,
    /// The steps, in order, as many as the scenario has.
    pub steps: Vec<StepRun>,
    /// Where the prediction and a real browser disagree: a bug of ours. It decides nothing about the
    /// scenario's outcome.
    pub drift: Vec<Drift>,
    /// Wall time from the first step to the last verdict.
    pub duration: Duration,
    /// Why the scenario could not be run to its end, and what to do.
    pub error: Option<CouldNotRun>,
    /// What was in the way before, where it was run again: a session that was lost, a network that changed.
    pub in_the_way: Vec<String>,
}

/// Why a scenario could not be run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouldNotRun {
    /// What happened: a lower-case fragment, the browser's or the system's own words in it.
    pub message: String,
    /// What to do, where there is something to do.
    pub hint: Option<String>,
    /// Whether it is of the moment: the same may go well when it is done again.
    pub passes: bool,
}

/// One step of a run.
#[derive(Clone, Debug)]
pub struct StepRun {
    /// When it began, counted from the first step.
    pub began: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen, or predicted; nothing where it was not reached or could not be done.
    pub observation: Option<Observation>,
    /// The claims that did not hold.
    pub failures: Vec<Failed>,
}

/// A claim that did not hold, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The claim and what was seen.
    pub failure: Failure,
    /// Why, and what would make it hold, where that was worked out.
    pub explained: Option<Arc<Explained>>,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self { failure, explained: None }
    }
}

impl std::fmt::Display for CouldNotRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.hint {
            Some(hint) => write!(f, "{}; {hint}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl StepRun {
    /// A step that ended so, of which nothing else is known but what was seen.
    pub(crate) fn bare(outcome: Outcome, observation: Option<Observation>) -> Self {
        Self { began: Duration::ZERO, outcome, observation, failures: Vec::new() }
    }
}

impl Run {
    /// How the run ended: as the worst of its steps. One that was not judged does not count; where that leaves no
    /// step, or none of which the scenario expects anything, nothing was judged.
    pub fn outcome(&self) -> Outcome {
        if self.error.is_some() {
            return Outcome::Error;
        }
        let steps = self.plan.steps.iter().zip(&self.steps);
        let judged = steps.filter(|(_, ran)| ran.outcome.is_judged());
        let claims = |step: &Step| !step.expected_in(self.browser).is_empty();
        let worst = judged.clone().map(|(_, ran)| ran.outcome).max();
        let claimed = || self.plan.steps.iter().any(claims);
        match worst {
            Some(Outcome::Passed) if claimed() && !judged.clone().any(|(step, _)| claims(step)) => {
                Outcome::NotJudged
            }
            Some(worst) => worst,
            None => Outcome::NotJudged,
        }
    }

    /// How many of its steps were not judged, so that what they expect neither held nor failed.
    pub fn unjudged(&self) -> usize {
        self.steps.iter().filter(|step| !step.outcome.is_judged()).count()
    }

    /// The steps of a model that could not be predicted, by index, and why.
    pub fn unpredicted(&self) -> impl Iterator<Item = (usize, &str)> {
        self.steps
            .iter()
            .enumerate()
            .filter_map(|(index, step)| Some((index, step.observation.as_ref()?.unpredicted.as_deref()?)))
    }

    /// The scenario's file, as the user named it.
    pub fn scenario(&self) -> &str {
        &self.plan.source.path
    }
}

/// What was to be run: so many scenarios, in each of these browsers.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// How many scenarios.
    pub scenarios: usize,
    /// The browsers.
    pub browsers: &'a [BrowserName],
    /// How often each scenario is run in each of them.
    pub repeat: usize,
}

/// How many runs ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Runs in which every expectation that was judged held.
    pub passed: usize,
    /// Runs in which one did not.
    pub failed: usize,
    /// Runs that could not be done.
    pub errors: usize,
    /// Runs in which nothing was judged.
    pub not_judged: usize,
    /// Those of `passed` in which a step was not judged.
    pub passed_in_part: usize,
    /// Steps that were not judged, over all runs.
    pub unjudged_steps: usize,
    /// Runs that were asked for and are not among these: not started after a failure, or interrupted.
    pub not_run: usize,
}

impl Summary {
    /// Counts.
    pub fn of(runs: &[Run], asked: Asked<'_>) -> Self {
        let all = asked.scenarios * asked.browsers.len() * asked.repeat;
        let mut summary = Self { not_run: all.saturating_sub(runs.len()), ..Self::default() };
        for run in runs {
            let unjudged = run.unjudged();
            summary.unjudged_steps += unjudged;
            match run.outcome() {
                Outcome::Passed => {
                    summary.passed += 1;
                    summary.passed_in_part += usize::from(unjudged > 0);
                }
                Outcome::Skipped | Outcome::NotJudged => summary.not_judged += 1,
                Outcome::Failed => summary.failed += 1,
                Outcome::Error => summary.errors += 1,
            }
        }
        summary
    }

    /// The exit code of the command: 0 all that was judged held, 1 an expectation failed, 3 something could not
    /// run, or nothing was judged in a run.
    pub fn exit_code(self) -> u8 {
        match self {
            Self { errors: 1.., .. } | Self { not_judged: 1.., .. } => 3,
            Self { failed: 1.., .. } => 1,
            _ => 0,
        }
    }
}

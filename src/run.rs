//! Runs scenarios in browsers: the only place where worlds, browsers and verdicts meet.
//!
//! Each browser has a pool of workers, each worker a jar and a gateway of its own; a scenario gets a
//! fresh world and a clean worker. A browser that cannot start, dies or hangs makes an error of the
//! scenarios it was running, and of no other. Nothing here prints.
//!
//! Every real browser is followed by the rules: each exchange that it had is judged by them, and what the two
//! disagree about is the run's drift. Nothing is asked twice of a server. A model that was asked for by name runs
//! alone.

mod attempt;
mod pool;
mod runner;
mod trial;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use self::pool::Browsers;
use self::runner::Runner;
use crate::browser::options::{self, Remote};
use crate::browser_name::{BrowserName, Engine};
use crate::outcome::{CouldNotRun, Outcome, Run};
use crate::plan::Plan;
use crate::servers::Servers;
use crate::{explain, redact};

/// How scenarios are run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The browsers, in the order of the report.
    pub browsers: Vec<BrowserName>,
    /// How many scenarios run at once in a browser; at least one.
    pub jobs: usize,
    /// Whether the browser's window is shown.
    pub headed: bool,
    /// Whether nothing new is started after the first scenario that does not pass.
    pub fail_fast: bool,
    /// The executable that guards processes: `rehearsal` itself.
    pub guard: PathBuf,
    /// The drivers that run already, one an engine; the others are started.
    pub remote: Vec<(Engine, Remote)>,
    /// How many sessions a driver that runs already is asked for, each with `jobs` workers; at least one.
    pub sessions: usize,
    /// How often each scenario is run in each browser; at least once.
    pub repeat: usize,
    /// The limit for each thing asked of a browser.
    pub timeout: Duration,
    /// Whether values of cookies that real servers set stay in the runs; else a hash stands for each.
    pub show_values: bool,
    /// Whether a fix is tried on the real servers that it is for: it asks them again.
    pub try_fixes: bool,
    /// The real servers behind origins.
    pub servers: Arc<Servers>,
}

impl Options {
    /// One scenario after another in these browsers, once, with no window shown.
    pub fn new(browsers: Vec<BrowserName>, guard: PathBuf) -> Self {
        Self {
            browsers,
            jobs: 1,
            headed: false,
            fail_fast: false,
            guard,
            remote: Vec::new(),
            sessions: 1,
            repeat: 1,
            timeout: options::TIMEOUT,
            show_values: false,
            try_fixes: false,
            servers: Arc::default(),
        }
    }

    /// How many sessions of a browser there are at once.
    fn sessions_of(&self, browser: BrowserName) -> usize {
        match self.remote.iter().any(|(engine, _)| *engine == browser.engine && !browser.model) {
            true => self.sessions.max(1),
            false => 1,
        }
    }
}

/// Runs every scenario in every browser, and returns the runs in the order of the scenarios, then of
/// the browsers. What was not started, because of `fail_fast` or `cancelled`, is left out.
///
/// `tell` is called with each run as it ends, and with all runs of a scenario once they are explained, in
/// the order of the scenarios: whichever browser was quicker, two runs say the same.
///
/// # Errors
/// Where not even a certificate authority for the scenarios' names can be made.
pub async fn run(
    plans: &[Arc<Plan>],
    options: &Options,
    cancelled: &CancellationToken,
    tell: impl FnMut(News<'_>),
) -> Result<Vec<Run>, CouldNotRun> {
    let mut browsers = Browsers::default();
    let runs = run_in(&mut browsers, plans, options, cancelled, tell).await;
    browsers.close().await;
    runs
}

/// Runs as [`run`] does, in browsers that may be open already. Those of [`Browsers::kept`] stay open.
///
/// # Errors
/// Those of [`run`].
pub async fn run_in(
    browsers: &mut Browsers,
    plans: &[Arc<Plan>],
    options: &Options,
    cancelled: &CancellationToken,
    mut tell: impl FnMut(News<'_>),
) -> Result<Vec<Run>, CouldNotRun> {
    let authority = browsers.authority(plans).await?;
    let repeat = options.repeat.max(1);
    let wanted = options.browsers.len() * repeat;
    let mut runs: Vec<Vec<Run>> = plans.iter().map(|_| Vec::new()).collect();
    let mut told = 0;
    for browser in &options.browsers {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let sessions = 0..options.sessions_of(*browser);
        let pools = sessions.map(|session| browsers.pool(*browser, session)).collect();
        let plans = plans.to_vec();
        let runner =
            Arc::new(Runner::new(*browser, plans, options, Arc::clone(&authority), pools, cancelled));
        let mut workers = JoinSet::new();
        let most = options.jobs.max(1) * runner.pools.len();
        for number in 0..most.min((runner.plans.len() * repeat).max(1)) {
            let pool = Arc::clone(&runner.pools[number % runner.pools.len()]);
            workers.spawn(Arc::clone(&runner).run_all(pool, sender.clone()));
        }
        drop(sender);
        let mut stopped = false;
        while let Some((index, run)) = receiver.recv().await {
            tell(News::Ran(&run));
            stopped |= options.fail_fast && run.outcome() != Outcome::Passed;
            runs[index].push(run);
            while let Some(of_scenario) = runs.get_mut(told)
                && of_scenario.len() == wanted
            {
                finish(browsers, of_scenario, options, cancelled, &mut tell).await;
                tell(News::Scenario(of_scenario));
                told += 1;
            }
        }
        workers.join_all().await;
        if !browsers.keep {
            browsers.close().await;
        }
        if stopped || cancelled.is_cancelled() {
            break;
        }
    }
    options.servers.end().await;
    // Those behind one that was stopped before every browser had its turn, and it itself.
    for of_scenario in runs[told..].iter_mut().filter(|runs| !runs.is_empty()) {
        finish(browsers, of_scenario, options, cancelled, &mut tell).await;
        tell(News::Scenario(of_scenario));
    }
    Ok(runs.into_iter().flatten().collect())
}

/// Explains what did not hold, while nobody is waiting for the end, and takes out what nobody is to read.
async fn finish(
    open: &mut Browsers,
    runs: &mut [Run],
    options: &Options,
    cancelled: &CancellationToken,
    tell: &mut impl FnMut(News<'_>),
) {
    // Kept off the stack: an explanation rehearses worlds, and a trial is a whole run.
    let explained = Box::pin(explain::failure::explain(runs, &options.browsers, async |plan, browsers| {
        Box::pin(trial::run(open, plan, browsers, options, cancelled, tell)).await
    }));
    tokio::select! {
        biased;
        () = cancelled.cancelled() => {}
        () = explained => {}
    }
    if !options.show_values {
        redact::redact(runs);
    }
}

/// What there is to tell while scenarios are run.
#[derive(Clone, Copy, Debug)]
pub enum News<'r> {
    /// A fix is tried on the real servers of this scenario, in this browser.
    Trying(&'r Plan, BrowserName),
    /// One run ended. Nothing of it is explained yet.
    Ran(&'r Run),
    /// A scenario was run in every browser, or in as many as it came to; what did not hold is explained.
    Scenario(&'r [Run]),
}

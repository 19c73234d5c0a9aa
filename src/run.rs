//! Runs scenarios in browsers: the only place where worlds, browsers and verdicts meet.
//!
//! Each browser has a pool of workers, each worker a jar and a gateway of its own; a scenario gets a
//! fresh world and a clean worker. A browser that cannot start, dies or hangs makes an error of the
//! scenarios it was running, and of no other. Nothing here prints.
//!
//! Every real browser is followed by the rules: each exchange that it had is judged by them, and what the two
//! disagree about is the run's drift. Nothing is asked twice of a server. A model that was asked for by name runs
//! alone.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::browser::Failure;
use crate::browser::model::Model;
use crate::browser::options::{self, LaunchOptions, Remote};
use crate::browser::real::{Browser, Worker};
use crate::browser_name::{BrowserName, Engine};
use crate::observe::{Cookie, Observation};
use crate::outcome::{CouldNotRun, Failed, Outcome, Run, StepRun};
use crate::plan::{Plan, Step};
use crate::servers::{NotReady, Servers};
use crate::world::certs::{self, Authority};
use crate::world::clock::Clock;
use crate::world::{World, WorldError};
use crate::{explain, reconcile, redact, verdict};

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
        let crew = Arc::new(Crew {
            browser: *browser,
            plans: plans.to_vec(),
            repeat,
            next: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            cancelled: cancelled.clone(),
            authority: Arc::clone(&authority),
            model: Model::new(*browser, &authority),
            options: options.clone(),
            pools: (0..options.sessions_of(*browser))
                .map(|session| browsers.pool(*browser, session))
                .collect(),
        });
        let mut workers = JoinSet::new();
        let most = options.jobs.max(1) * crew.pools.len();
        for number in 0..most.min((plans.len() * repeat).max(1)) {
            let pool = Arc::clone(&crew.pools[number % crew.pools.len()]);
            workers.spawn(Arc::clone(&crew).work(pool, sender.clone()));
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
                finish(of_scenario, options, cancelled).await;
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
        finish(of_scenario, options, cancelled).await;
        tell(News::Scenario(of_scenario));
    }
    Ok(runs.into_iter().flatten().collect())
}

/// Explains what did not hold, while nobody is waiting for the end, and takes out what nobody is to read.
async fn finish(runs: &mut [Run], options: &Options, cancelled: &CancellationToken) {
    tokio::select! {
        biased;
        () = cancelled.cancelled() => {}
        () = explain::failure::explain(runs, &options.browsers) => {}
    }
    if !options.show_values {
        redact::redact(runs);
    }
}

/// A browser, the number of a session of it, and that session.
type Session = ((BrowserName, usize), Arc<Mutex<Pool>>);

/// The browsers that are open, and the authority that they trust.
#[derive(Default)]
pub struct Browsers {
    /// The hosts that the authority may speak for, and it.
    authority: Option<(BTreeSet<String>, Arc<Authority>)>,
    /// For each browser and the number of a session of it.
    pools: Vec<Session>,
    keep: bool,
}

impl Browsers {
    /// None yet, and those that are opened stay open until [`Browsers::close`].
    pub fn kept() -> Self {
        Self { keep: true, ..Self::default() }
    }

    /// Ends all that are open.
    pub async fn close(&mut self) {
        for (_, pool) in self.pools.drain(..) {
            if let Some(browser) = pool.lock().await.browser.take() {
                browser.close().await;
            }
        }
    }

    /// An authority for these scenarios. A browser trusts the one it was started with: where that may not speak
    /// for one of their hosts, the browsers are started anew.
    async fn authority(&mut self, plans: &[Arc<Plan>]) -> Result<Arc<Authority>, CouldNotRun> {
        let hosts: BTreeSet<String> =
            plans.iter().flat_map(|plan| certs::hosts(plan)).map(str::to_owned).collect();
        if let Some((known, authority)) = &self.authority
            && hosts.is_subset(known)
        {
            return Ok(Arc::clone(authority));
        }
        self.close().await;
        let authority = Authority::new(hosts.iter().map(String::as_str));
        let authority = Arc::new(authority.map_err(|error| CouldNotRun {
            message: error.to_string(),
            hint: None,
            passes: false,
        })?);
        self.authority = Some((hosts, Arc::clone(&authority)));
        Ok(authority)
    }

    fn pool(&mut self, browser: BrowserName, session: usize) -> Arc<Mutex<Pool>> {
        if let Some((_, pool)) = self.pools.iter().find(|(known, _)| *known == (browser, session)) {
            return Arc::clone(pool);
        }
        let pool = Arc::new(Mutex::default());
        self.pools.push(((browser, session), Arc::clone(&pool)));
        pool
    }
}

/// What there is to tell while scenarios are run.
#[derive(Clone, Copy, Debug)]
pub enum News<'r> {
    /// One run ended. Nothing of it is explained yet.
    Ran(&'r Run),
    /// A scenario was run in every browser, or in as many as it came to; what did not hold is explained.
    Scenario(&'r [Run]),
}

/// The workers of one browser, and what they share.
struct Crew {
    browser: BrowserName,
    plans: Vec<Arc<Plan>>,
    /// How often each is run.
    repeat: usize,
    next: AtomicUsize,
    stop: AtomicBool,
    cancelled: CancellationToken,
    authority: Arc<Authority>,
    /// The prediction of this browser.
    model: Model,
    options: Options,
    /// One for each session.
    pools: Vec<Arc<Mutex<Pool>>>,
}

/// The browser's process, started again where it died.
#[derive(Default)]
struct Pool {
    browser: Option<Arc<Browser>>,
    failed_starts: usize,
    last_failure: Option<Failure>,
}

/// A browser that did not start this often in a row is not started again.
const STARTS: usize = 2;

/// A scenario is run at most this often, where the network of the machine keeps changing.
const ATTEMPTS: usize = 3;

impl Crew {
    async fn work(self: Arc<Self>, pool: Arc<Mutex<Pool>>, sender: mpsc::UnboundedSender<(usize, Run)>) {
        let mut worker: Option<Worker> = None;
        while let Some((index, plan)) = self.take() {
            let run = tokio::select! {
                biased;
                () = self.cancelled.cancelled() => break,
                run = self.rehearse(plan, &pool, &mut worker) => run,
            };
            if self.options.fail_fast && run.outcome() != Outcome::Passed {
                self.stop.store(true, Ordering::Relaxed);
            }
            if sender.send((index, run)).is_err() {
                break;
            }
        }
        if let Some(worker) = worker {
            worker.close().await;
        }
    }

    fn take(&self) -> Option<(usize, Arc<Plan>)> {
        if self.stop.load(Ordering::Relaxed) || self.cancelled.is_cancelled() {
            return None;
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed) / self.repeat;
        Some((index, Arc::clone(self.plans.get(index)?)))
    }

    /// Runs one scenario, and again where what was in the way is of the moment.
    async fn rehearse(&self, plan: Arc<Plan>, pool: &Mutex<Pool>, worker: &mut Option<Worker>) -> Run {
        let (mut in_the_way, mut attempts) = (Vec::new(), 0);
        loop {
            let mut run = self.attempt(Arc::clone(&plan), pool, worker).await;
            attempts += 1;
            in_the_way.append(&mut run.in_the_way);
            match run.error.take_if(|error| error.passes && attempts < ATTEMPTS) {
                Some(error) => in_the_way.push(error.message),
                None => return Run { in_the_way, ..run },
            }
        }
    }

    /// Runs one scenario once, with the worker of the last one where it is clean, else with a new one.
    async fn attempt(&self, plan: Arc<Plan>, pool: &Mutex<Pool>, worker: &mut Option<Worker>) -> Run {
        let mut run = Run {
            started: OffsetDateTime::now_utc(),
            browser: self.browser,
            browser_version: String::new(),
            third_party: self.browser.third_party(),
            steps: Vec::with_capacity(plan.steps.len()),
            drift: Vec::new(),
            duration: Duration::ZERO,
            error: None,
            in_the_way: Vec::new(),
            plan,
        };
        if self.browser.model {
            let started = Instant::now();
            run.error = self.predict(&mut run).await.err();
            run.duration = started.elapsed();
            return run;
        }
        let _turn = match self.options.servers.make_ready(&run.plan, |_| {}).await {
            Ok(turn) => turn,
            Err(NotReady { message, hint }) => {
                run.error = Some(CouldNotRun { message, hint: Some(hint), passes: false });
                run.leave_rest(Outcome::Skipped);
                return run;
            }
        };
        let alone = run.plan.needs_restart() && Worker::restarts(self.browser.engine, &self.launch_options());
        let ready = match worker.take_if(|_| !alone) {
            Some(ready) => Ok(ready),
            None if alone => Worker::alone(self.browser.engine, self.launch_options()).await,
            None => self.new_worker(pool, &mut run.in_the_way).await,
        };
        match ready {
            Ok(mut ready) => {
                run.browser_version = ready.version().to_owned();
                let started = Instant::now();
                let done = self.steps(&mut run, &mut ready).await;
                run.duration = started.elapsed();
                // A worker that failed, or that cannot be made clean, is not used again.
                match done {
                    Ok(()) if alone => ready.close().await,
                    Ok(()) => match ready.reset().await {
                        Ok(()) => *worker = Some(ready),
                        Err(_) => ready.close().await,
                    },
                    Err(error) => {
                        run.error = Some(error);
                        ready.close().await;
                    }
                }
            }
            Err(failure) => run.error = Some(self.could_not(failure)),
        }
        if run.error.is_some() {
            run.leave_rest(Outcome::Skipped);
        }
        run
    }

    /// The scenario in a real browser, followed by the rules.
    async fn steps(&self, run: &mut Run, worker: &mut Worker) -> Result<(), CouldNotRun> {
        let plan = Arc::clone(&run.plan);
        let world = World::start_with_servers(&plan, &self.authority, Clock::standing(run.started))?;
        let mut model = self.model.follow(&world, &plan);
        worker.enter(&world).await.map_err(|failure| self.could_not(failure))?;
        let mut before: Option<Vec<Cookie>> = Some(Vec::new());
        let first = Instant::now();
        for (index, step) in plan.steps.iter().enumerate() {
            let began = first.elapsed();
            // `advance` moves the jar in the browser, the clock of the rules, and that by which back ends judge tokens.
            world.keep_time(&step.action);
            match worker.perform(step).await {
                Ok(mut seen) => {
                    let predicted = model.follow(step, &seen).await;
                    let drift = reconcile::compare(index, &predicted, &seen);
                    reconcile::enrich(&predicted, &mut seen);
                    // A difference is told once and not again in every step after it.
                    if !drift.is_empty() || predicted.unpredicted.is_some() {
                        model.adopt(&seen);
                    }
                    run.drift.extend(drift);
                    let fault = upstream_fault(&seen);
                    let unlike = model.why_unlike_production();
                    let seen = match &unlike {
                        Some(why) => Observation { unpredicted: Some(why.clone()), ..seen },
                        None => seen,
                    };
                    run.steps.push(StepRun { began, ..self.judge(step, seen, &mut before) });
                    if let Some(fault) = fault {
                        return Err(fault);
                    }
                    if unlike.is_some() {
                        run.leave_rest(Outcome::NotJudged);
                        return Ok(());
                    }
                }
                Err(Failure::NotPossible { why }) => {
                    let none = Observation { unpredicted: Some(why.to_owned()), ..Observation::default() };
                    run.steps.push(StepRun { began, ..self.judge(step, none, &mut before) });
                    run.leave_rest(Outcome::NotJudged);
                    return Ok(());
                }
                Err(failure) => {
                    run.steps.push(StepRun { began, ..StepRun::bare(Outcome::Error, None) });
                    return Err(self.could_not(failure));
                }
            }
        }
        Ok(())
    }

    /// The scenario in the model alone.
    async fn predict(&self, run: &mut Run) -> Result<(), CouldNotRun> {
        let plan = Arc::clone(&run.plan);
        let clock = Clock::standing(run.started);
        let world = World::start_at(&plan, &self.authority, clock)?;
        let mut model = self.model.open(&world);
        let mut before: Option<Vec<Cookie>> = Some(Vec::new());
        let first = Instant::now();
        for step in &plan.steps {
            let began = first.elapsed();
            world.keep_time(&step.action);
            let seen = model.perform(step).await;
            run.steps.push(StepRun { began, ..self.judge(step, seen, &mut before) });
        }
        Ok(())
    }

    /// A step's verdict. `before` is the jar the step found, and then the one it left. By a prediction
    /// that was not made no claim is judged.
    fn judge(&self, step: &Step, seen: Observation, before: &mut Option<Vec<Cookie>>) -> StepRun {
        if seen.unpredicted.is_some() {
            *before = None;
            return StepRun::bare(Outcome::NotJudged, Some(seen));
        }
        let not_done = seen.page.not_done.as_ref();
        let not_done = not_done.map(|why| verdict::not_done(step.action.key(), &step.span, why));
        let judged = verdict::judge(&step.expected_in(self.browser), &seen, before.as_deref());
        let failures: Vec<_> = not_done.into_iter().chain(judged).map(Failed::from).collect();
        let outcome = if failures.is_empty() { Outcome::Passed } else { Outcome::Failed };
        before.clone_from(&seen.jar);
        StepRun { failures, ..StepRun::bare(outcome, Some(seen)) }
    }

    /// A worker in the browser of this pool. Where that cannot be had from a driver elsewhere, another session that is
    /// still there takes it in, and why is told: a Grid goes on placing sessions on a node that died for a while.
    async fn new_worker(&self, pool: &Mutex<Pool>, in_the_way: &mut Vec<String>) -> Result<Worker, Failure> {
        let failure = match self.running(pool).await {
            Ok(browser) => return browser.worker().await,
            Err(failure) => failure,
        };
        if failure.is_loss() {
            for other in self.pools.iter().filter(|other| !std::ptr::eq(Arc::as_ptr(other), pool)) {
                let browser = other.lock().await.browser.clone().filter(|browser| browser.is_alive());
                if let Some(browser) = browser {
                    in_the_way.push(failure.to_string());
                    return browser.worker().await;
                }
            }
        }
        Err(failure)
    }

    /// What became of a scenario by a failure. A session of a driver elsewhere that was lost may be had again: a
    /// Grid has other machines.
    fn could_not(&self, failure: Failure) -> CouldNotRun {
        let is_lost = failure.is_loss() && self.remote().is_some();
        let could_not = CouldNotRun::from(failure);
        CouldNotRun { passes: could_not.passes || is_lost, ..could_not }
    }

    /// The running browser, started where there is none or where it died.
    async fn running(&self, pool: &Mutex<Pool>) -> Result<Arc<Browser>, Failure> {
        let mut pool = pool.lock().await;
        if let Some(browser) = &pool.browser
            && browser.is_alive()
        {
            return Ok(Arc::clone(browser));
        }
        if let Some(dead) = pool.browser.take() {
            dead.close().await;
        }
        if let (STARTS.., Some(failure)) = (pool.failed_starts, &pool.last_failure) {
            return Err(failure.clone());
        }
        match self.launch().await {
            Ok(browser) => {
                let browser = Arc::new(browser);
                pool.failed_starts = 0;
                pool.browser = Some(Arc::clone(&browser));
                Ok(browser)
            }
            Err(failure) => {
                pool.failed_starts += 1;
                pool.last_failure = Some(failure.clone());
                Err(failure)
            }
        }
    }

    async fn launch(&self) -> Result<Browser, Failure> {
        Browser::launch(self.browser.engine, self.launch_options()).await
    }

    fn launch_options(&self) -> LaunchOptions {
        LaunchOptions {
            third_party: self.browser.third_party(),
            headed: self.options.headed,
            by_hand: false,
            ca: self.authority.der().to_owned(),
            ca_spki: self.authority.spki_sha256(),
            guard: self.options.guard.clone(),
            timeout: self.options.timeout,
            remote: self.remote(),
        }
    }

    fn remote(&self) -> Option<Remote> {
        let remote = self.options.remote.iter().find(|(engine, _)| *engine == self.browser.engine);
        remote.map(|(_, remote)| remote.clone())
    }
}

/// What a real server did not answer in a step: then what the browser made of it says nothing about cookies.
fn upstream_fault(seen: &Observation) -> Option<CouldNotRun> {
    let (why, hint) = seen.exchanges.iter().find_map(|exchange| exchange.wire.upstream_fault())?;
    Some(CouldNotRun { message: why.to_owned(), hint: Some(hint.to_owned()), passes: false })
}

impl From<Failure> for CouldNotRun {
    fn from(failure: Failure) -> Self {
        Self {
            hint: failure.hint().map(str::to_owned),
            message: failure.to_string(),
            passes: failure.passes(),
        }
    }
}

impl From<WorldError> for CouldNotRun {
    fn from(error: WorldError) -> Self {
        Self { hint: Some(error.hint().to_owned()), message: error.to_string(), passes: false }
    }
}

impl Run {
    /// Marks the steps that were not reached.
    fn leave_rest(&mut self, outcome: Outcome) {
        self.steps.resize(self.plan.steps.len(), StepRun::bare(outcome, None));
    }
}

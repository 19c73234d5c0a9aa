//! One scenario once: in a real browser, followed by the rules, or in the model alone; and each step's verdict.
//!
//! Nothing here is run a second time, and nothing is told before the scenario is over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::pool::Pool;
use super::runner::Runner;
use crate::browser::Failure;
use crate::browser::real::Worker;
use crate::observe::{Cookie, Observation};
use crate::outcome::{CouldNotRun, Failed, Outcome, Run, StepRun};
use crate::plan::{Plan, Step};
use crate::servers::NotReady;
use crate::world::clock::Clock;
use crate::world::{World, WorldError};
use crate::{reconcile, verdict};

impl Runner {
    /// Runs one scenario once, with the worker of the last one where it is clean, else with a new one.
    pub(super) async fn run_once(
        &self,
        plan: Arc<Plan>,
        pool: &Mutex<Pool>,
        worker: &mut Option<Worker>,
    ) -> Run {
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
        let mut before: Option<Vec<Cookie>> = Some(Vec::new());
        let first = Instant::now();
        let mut began = Duration::ZERO;
        let judge = |step: &Step, seen| {
            run.steps.push(StepRun { began, ..self.judge(step, seen, &mut before) });
            began = first.elapsed();
        };
        self.model.rehearse(&plan, &world, None, judge).await;
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

//! The workers of one browser: each takes the next scenario, until none is left or the run is stopped.
//!
//! What is in the way for the moment (a network that changes, a session of a Grid that is lost) is told, and the
//! scenario runs again. What a scenario is and how it is judged stands in `attempt`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::Options;
use super::pool::Pool;
use crate::browser::Failure;
use crate::browser::model::Model;
use crate::browser::options::{LaunchOptions, Remote};
use crate::browser::real::Worker;
use crate::browser_name::BrowserName;
use crate::outcome::{CouldNotRun, Outcome, Run};
use crate::plan::Plan;
use crate::world::certs::Authority;

/// The workers of one browser, and what they share.
pub(super) struct Runner {
    pub(super) browser: BrowserName,
    pub(super) plans: Vec<Arc<Plan>>,
    /// How often each is run.
    pub(super) repeat: usize,
    pub(super) next: AtomicUsize,
    pub(super) stop: AtomicBool,
    pub(super) cancelled: CancellationToken,
    pub(super) authority: Arc<Authority>,
    /// The prediction of this browser.
    pub(super) model: Model,
    pub(super) options: Options,
    /// One for each session.
    pub(super) pools: Vec<Arc<Mutex<Pool>>>,
}

/// A scenario is run at most this often, where the network of the machine keeps changing.
const ATTEMPTS: usize = 3;

impl Runner {
    /// A runner that has done nothing yet.
    pub(super) fn new(
        browser: BrowserName,
        plans: Vec<Arc<Plan>>,
        options: &Options,
        authority: Arc<Authority>,
        pools: Vec<Arc<Mutex<Pool>>>,
        cancelled: &CancellationToken,
    ) -> Self {
        Self {
            browser,
            plans,
            repeat: options.repeat.max(1),
            next: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            cancelled: cancelled.clone(),
            model: Model::new(browser, &authority),
            authority,
            options: options.clone(),
            pools,
        }
    }

    /// Runs one scenario, with a worker of its own.
    pub(super) async fn only(&self, plan: &Arc<Plan>) -> Run {
        let mut worker = None;
        let run = self.run_with_retries(Arc::clone(plan), &self.pools[0], &mut worker).await;
        if let Some(worker) = worker {
            worker.close().await;
        }
        run
    }

    pub(super) async fn run_all(
        self: Arc<Self>,
        pool: Arc<Mutex<Pool>>,
        sender: mpsc::UnboundedSender<(usize, Run)>,
    ) {
        let mut worker: Option<Worker> = None;
        while let Some((index, plan)) = self.take() {
            let run = tokio::select! {
                biased;
                () = self.cancelled.cancelled() => break,
                run = self.run_with_retries(plan, &pool, &mut worker) => run,
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
    async fn run_with_retries(
        &self,
        plan: Arc<Plan>,
        pool: &Mutex<Pool>,
        worker: &mut Option<Worker>,
    ) -> Run {
        let (mut in_the_way, mut attempts) = (Vec::new(), 0);
        loop {
            let mut run = self.run_once(Arc::clone(&plan), pool, worker).await;
            attempts += 1;
            in_the_way.append(&mut run.in_the_way);
            match run.error.take_if(|error| error.passes && attempts < ATTEMPTS) {
                Some(error) => in_the_way.push(error.message),
                None => return Run { in_the_way, ..run },
            }
        }
    }

    /// A worker in the browser of this pool. Where that cannot be had from a driver elsewhere, another session that is
    /// still there takes it in, and why is told: a Grid goes on placing sessions on a node that died for a while.
    pub(super) async fn new_worker(
        &self,
        pool: &Mutex<Pool>,
        in_the_way: &mut Vec<String>,
    ) -> Result<Worker, Failure> {
        let engine = self.browser.engine;
        let running = pool.lock().await.running(engine, self.launch_options()).await;
        let failure = match running {
            Ok(browser) => return browser.worker().await,
            Err(failure) => failure,
        };
        if failure.is_loss() {
            for other in self.pools.iter().filter(|other| !std::ptr::eq(Arc::as_ptr(other), pool)) {
                let browser = other.lock().await.alive();
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
    pub(super) fn could_not(&self, failure: Failure) -> CouldNotRun {
        let is_lost = failure.is_loss() && self.remote().is_some();
        let could_not = CouldNotRun::from(failure);
        CouldNotRun { passes: could_not.passes || is_lost, ..could_not }
    }

    pub(super) fn launch_options(&self) -> LaunchOptions {
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

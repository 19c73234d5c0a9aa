//! The browsers that are open: one process for each browser and each of its sessions, started again where it died.
//!
//! Nothing here knows a scenario. What a browser is started with is given by who asks for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::browser::Failure;
use crate::browser::options::LaunchOptions;
use crate::browser::real::Browser;
use crate::browser_name::{BrowserName, Engine};
use crate::outcome::CouldNotRun;
use crate::plan::Plan;
use crate::world::certs::{self, Authority};

/// A browser, the number of a session of it, and that session.
type Session = ((BrowserName, usize), Arc<Mutex<Pool>>);

/// The browsers that are open, and the authority that they trust.
#[derive(Default)]
pub struct Browsers {
    /// The hosts that the authority may speak for, and it.
    authority: Option<(BTreeSet<String>, Arc<Authority>)>,
    /// For each browser and the number of a session of it.
    pools: Vec<Session>,
    pub(super) keep: bool,
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
    pub(super) async fn authority(&mut self, plans: &[Arc<Plan>]) -> Result<Arc<Authority>, CouldNotRun> {
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

    pub(super) fn pool(&mut self, browser: BrowserName, session: usize) -> Arc<Mutex<Pool>> {
        if let Some((_, pool)) = self.pools.iter().find(|(known, _)| *known == (browser, session)) {
            return Arc::clone(pool);
        }
        let pool = Arc::new(Mutex::default());
        self.pools.push(((browser, session), Arc::clone(&pool)));
        pool
    }
}

/// The browser's process, started again where it died.
#[derive(Default)]
pub(super) struct Pool {
    browser: Option<Arc<Browser>>,
    failed_starts: usize,
    last_failure: Option<Failure>,
}

/// A browser that did not start this often in a row is not started again.
const STARTS: usize = 2;

impl Pool {
    /// The running browser, started where there is none or where it died.
    pub(super) async fn running(
        &mut self,
        engine: Engine,
        options: LaunchOptions,
    ) -> Result<Arc<Browser>, Failure> {
        if let Some(browser) = self.alive() {
            return Ok(browser);
        }
        if let Some(dead) = self.browser.take() {
            dead.close().await;
        }
        if let (STARTS.., Some(failure)) = (self.failed_starts, &self.last_failure) {
            return Err(failure.clone());
        }
        match Browser::launch(engine, options).await {
            Ok(browser) => {
                let browser = Arc::new(browser);
                self.failed_starts = 0;
                self.browser = Some(Arc::clone(&browser));
                Ok(browser)
            }
            Err(failure) => {
                self.failed_starts += 1;
                self.last_failure = Some(failure.clone());
                Err(failure)
            }
        }
    }

    /// The browser, where there is one and it runs.
    pub(super) fn alive(&self) -> Option<Arc<Browser>> {
        self.browser.clone().filter(|browser| browser.is_alive())
    }
}

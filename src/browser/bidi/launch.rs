//! A driver and one browser for a run: a session, and the BiDi socket that goes with it.
//!
//! What an engine is started by is data: see [`Recipe`]. Everything outside the workers, the browser's own calls
//! home included, goes to a gateway that refuses.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Bidi;
use crate::browser::driver::{Driver, Program};
use crate::browser::failure::Failure;
use crate::browser::grid;
use crate::browser::guard::Words;
use crate::browser::options::LaunchOptions;
use crate::browser::running::Running;
use crate::browser::session::Session;
use crate::world::Gateway;

/// What is asked of a browser: by the options, its program where that is here, the proxy for everything outside a
/// worker, and the folder of its profile, if it keeps one.
pub(in crate::browser) type Capabilities =
    fn(&LaunchOptions, Option<&Path>, SocketAddr, Option<&Path>) -> Map<String, Value>;

/// What an engine's browser is started by.
#[derive(Debug)]
pub(in crate::browser) struct Recipe {
    /// The browser's program.
    pub(in crate::browser) browser: Program,
    /// Its driver's.
    pub(in crate::browser) driver: Program,
    /// The capability that tells the browser's process id.
    pub(in crate::browser) process: &'static str,
    /// What is asked of the browser.
    pub(in crate::browser) capabilities: Capabilities,
    /// The events that workers listen to.
    pub(in crate::browser) events: &'static [&'static str],
}

impl Recipe {
    /// The programs of the browser and of its driver.
    pub(super) fn find(&self) -> Result<(PathBuf, PathBuf), Failure> {
        Ok((self.browser.find()?, self.driver.find()?))
    }

    /// A session of this driver's, and the socket that goes with it.
    pub(super) async fn open(
        &self,
        options: &LaunchOptions,
        driver: &str,
        capabilities: Map<String, Value>,
        words: Words,
    ) -> Result<(Session, Bidi), Failure> {
        let session = Session::open(self.browser.name, driver, capabilities, options.start_timeout()).await?;
        let bidi = Bidi::connect(&session.socket(driver)?, options.timeout, words).await?;
        bidi.command("session.subscribe", json!({ "events": self.events })).await?;
        Ok((session, bidi))
    }

    /// Watches a driver and its browser, whose socket is told when either is gone.
    pub(super) fn watch(&self, driver: Driver, session: &Session, bidi: &Bidi) -> Running {
        let watched = bidi.clone();
        Running::watch(driver, session.number(self.process), move |who| watched.give_up(who))
    }
}

/// A browser that runs, for any number of workers. Dropping it ends it shortly after; [`Shared::close`] also waits
/// for that.
#[derive(Debug)]
pub(in crate::browser) struct Shared {
    pub(in crate::browser) bidi: Bidi,
    pub(in crate::browser) version: String,
    pub(in crate::browser) options: LaunchOptions,
    /// Its processes; `None` where they are those of a driver that was not started here.
    running: Option<Running>,
    session: Session,
    /// Where everything outside the workers goes.
    _refusing: Gateway,
}

impl Shared {
    /// Starts a driver, by `start`, and a browser; or a browser by the driver that is named.
    ///
    /// # Errors
    /// [`Failure::Missing`] with what installs it, [`Failure::NotStarted`] with the last words of the
    /// driver, [`Failure::TimedOut`]. Nothing is left running.
    pub(in crate::browser) async fn launch(
        recipe: &Recipe,
        mut options: LaunchOptions,
        start: impl AsyncFnOnce(&Path, &Path, Duration) -> Result<Driver, Failure>,
    ) -> Result<Self, Failure> {
        let refusing = options.gateway()?;
        let proxy = refusing.address();
        let (session, bidi, running) = if let Some(remote) = &options.remote {
            let url = remote.driver.as_str().trim_end_matches('/').to_owned();
            let capabilities = (recipe.capabilities)(&options, None, proxy, None);
            let (session, bidi) = recipe.open(&options, &url, capabilities, Words::default()).await?;
            if let Some(remote) = options.remote.as_mut().filter(|remote| remote.asks_grid)
                && let Some(id) = session.id().await
                && let Some(machine) = grid::machine_of(&id, &remote.driver, options.timeout).await
            {
                remote.peers.push(machine.into());
            }
            (session, bidi, None)
        } else {
            let (binary, program) = recipe.find()?;
            let driver = start(&options.guard, &program, options.start_timeout()).await?;
            let words = driver.guarded().words();
            let capabilities = (recipe.capabilities)(&options, Some(&binary), proxy, None);
            match recipe.open(&options, &driver.url(), capabilities, words).await {
                Ok((session, bidi)) => {
                    let running = recipe.watch(driver, &session, &bidi);
                    (session, bidi, Some(running))
                }
                Err(failure) => return Err(driver.end_after(failure).await),
            }
        };
        let mut shared =
            Self { bidi, version: String::new(), options, running, session, _refusing: refusing };
        match shared.session.text("browserVersion") {
            Ok(version) => shared.version = version,
            Err(failure) => {
                shared.close().await;
                return Err(failure);
            }
        }
        Ok(shared)
    }

    /// The browser's process id, where the driver told it.
    pub(in crate::browser) fn process(&self) -> Option<u32> {
        self.running.as_ref().and_then(Running::process)
    }

    /// The private folder of its processes, which is deleted when they have ended. Empty where they were
    /// not started here.
    pub(in crate::browser) fn folder(&self) -> &Path {
        self.running.as_ref().map_or(Path::new(""), Running::folder)
    }

    /// Whether it still answers, as far as is known.
    pub(in crate::browser) fn is_alive(&self) -> bool {
        !self.bidi.is_gone()
    }

    /// Ends the browser, its driver and all their processes, and returns when they and their folder are
    /// gone. Does nothing the second time.
    pub(in crate::browser) async fn close(&self) {
        match &self.running {
            Some(running) => running.close().await,
            None => self.session.close(self.options.timeout).await,
        }
    }
}

//! Firefox: one driver and one browser for a run, and workers in it.
//!
//! A [`Worker`] is a BiDi user context (a cookie jar of its own), a tab in it, and a gateway through which
//! the context sees one world and nothing else. Everything outside the workers, the browser's own calls
//! home included, goes to a gateway that refuses.
//!
//! | file | is about |
//! | --- | --- |
//! | `capabilities` | what is asked of it before it starts |
//! | `chrome` | what is asked of the browser itself, and of no page |
//! | `policy` | the preferences the rules rest on, and what it does with third parties |
//! | `worker` | entering a world, performing a step, waiting until all is quiet |
//! | `tab` | what is heard of the tab: its navigations, its requests, its console |
//! | `record` | how its requests ended |
//! | `steps` | what each action makes the page do |
//! | `frames` | the frames that steps made, and acting in them |
//! | `passing` | time that passes for the jar, and the user who clears it |
//! | `restart` | a browser of its own, closed and started again |
//! | `reset` | making a worker clean for the next scenario, or anew |
//! | `jar` | its jar |
//! | `told` | its messages about cookies, and which line each is about |
//! | `native` | its words for why |

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::bidi::Bidi;
use super::driver::{self, Driver};
use super::failure::Failure;
use super::guard::Words;
use super::options::LaunchOptions;
use super::running::Running;
use super::session::Session;
use crate::world::Gateway;

mod capabilities;
mod chrome;
mod frames;
mod jar;
mod native;
mod passing;
mod policy;
mod record;
mod reset;
mod restart;
mod steps;
mod tab;
mod told;
mod worker;

use chrome::Chrome;
pub use worker::Worker;

/// The events that workers listen to.
const EVENTS: &[&str] = &[
    "log.entryAdded",
    "network.beforeRequestSent",
    "network.responseCompleted",
    "network.fetchError",
    "browsingContext.contextCreated",
    "browsingContext.contextDestroyed",
    "browsingContext.navigationStarted",
    "browsingContext.navigationCommitted",
    "browsingContext.navigationFailed",
    "browsingContext.fragmentNavigated",
    "browsingContext.downloadWillBegin",
    "browsingContext.domContentLoaded",
    "browsingContext.load",
];

/// A Firefox that runs. Dropping it ends it shortly after; [`Firefox::close`] also waits for that.
#[derive(Debug)]
pub struct Firefox {
    bidi: Bidi,
    chrome: Chrome,
    version: String,
    options: LaunchOptions,
    /// Its processes; `None` where they are those of a driver that was not started here.
    running: Option<Running>,
    session: Session,
    /// Where everything outside the workers goes.
    _refusing: Gateway,
}

impl Firefox {
    /// Starts a driver and a browser, or a browser by the driver that is named; has it trust the CA, and
    /// makes sure of its policy.
    ///
    /// # Errors
    /// [`Failure::Missing`] with what installs it, [`Failure::NotStarted`] with the last words of the
    /// driver or the preference that is not as it must be, [`Failure::TimedOut`]. Nothing is left running.
    pub async fn launch(options: LaunchOptions) -> Result<Self, Failure> {
        let refusing = options.gateway()?;
        let proxy = refusing.address();
        if let Some(remote) = &options.remote {
            let url = remote.driver.as_str().trim_end_matches('/').to_owned();
            let (session, bidi) = Self::open(&options, None, &url, proxy, None, Words::default()).await?;
            return Self::ready(options, None, session, bidi, refusing).await;
        }
        let binary = driver::FIREFOX.find()?;
        let program = driver::GECKODRIVER.find()?;
        let driver = Driver::geckodriver(&options.guard, &program, options.timeout).await?;
        let words = driver.guarded().words();
        match Self::open(&options, Some(&binary), &driver.url(), proxy, None, words).await {
            Ok((session, bidi)) => {
                let process = session.number("moz:processID");
                let watched = bidi.clone();
                let running = Running::watch(driver, process, move |who| watched.give_up(who));
                Self::ready(options, Some(running), session, bidi, refusing).await
            }
            Err(failure) => Err(driver.end_after(failure).await),
        }
    }

    /// A session of this driver's, and the socket that goes with it; with a folder for the profile, or none.
    async fn open(
        options: &LaunchOptions,
        binary: Option<&Path>,
        driver: &str,
        proxy: SocketAddr,
        profile: Option<&Path>,
        words: Words,
    ) -> Result<(Session, Bidi), Failure> {
        let capabilities = capabilities::capabilities(options, binary, proxy, profile);
        let session = Session::open("firefox", driver, capabilities, options.timeout).await?;
        let bidi = Bidi::connect(&session.socket(driver)?, options.timeout, words).await?;
        bidi.command("session.subscribe", json!({ "events": EVENTS })).await?;
        Ok((session, bidi))
    }

    /// Makes a browser that has come up the one that was asked for, or ends it.
    async fn ready(
        options: LaunchOptions,
        running: Option<Running>,
        session: Session,
        bidi: Bidi,
        refusing: Gateway,
    ) -> Result<Self, Failure> {
        let prepared = async { Ok((Self::prepare(&options, &bidi).await?, session.text("browserVersion")?)) };
        match prepared.await {
            Ok((chrome, version)) => {
                Ok(Self { bidi, chrome, version, options, running, session, _refusing: refusing })
            }
            Err(failure) => {
                end(running.as_ref(), &session, options.timeout).await;
                Err(failure)
            }
        }
    }

    /// Has a browser that has come up trust the CA, and makes sure of its policy.
    async fn prepare(options: &LaunchOptions, bidi: &Bidi) -> Result<Chrome, Failure> {
        let chrome = Chrome::open(bidi.clone()).await?;
        chrome.trust(&options.ca).await?;
        policy::verify(&chrome, options.third_party).await?;
        chrome.listen().await?;
        Ok(chrome)
    }

    /// The browser's version: `153.7.0`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The browser's process id, where the driver told it.
    pub fn process(&self) -> Option<u32> {
        self.running.as_ref().and_then(Running::process)
    }

    /// The private folder of its processes, which is deleted when they have ended. Empty where they were
    /// not started here.
    pub fn folder(&self) -> &Path {
        self.running.as_ref().map_or(Path::new(""), Running::folder)
    }

    /// Whether it still answers, as far as is known.
    pub fn is_alive(&self) -> bool {
        !self.bidi.is_gone()
    }

    /// A new worker, which sees nothing until it enters a world.
    ///
    /// # Errors
    /// Whatever the browser fails at.
    pub async fn worker(&self) -> Result<Worker, Failure> {
        Worker::new(self.bidi.clone(), self.chrome.clone(), self.options.gateway()?, self.version.clone())
            .await
    }

    /// Ends the browser, its driver and all their processes, and returns when they and their folder are
    /// gone. Does nothing the second time.
    pub async fn close(&self) {
        end(self.running.as_ref(), &self.session, self.options.timeout).await;
    }
}

/// Ends the processes that were started, or else the session and the browser with it.
async fn end(running: Option<&Running>, session: &Session, limit: Duration) {
    match running {
        Some(running) => running.close().await,
        None => session.close(limit).await,
    }
}

/// The `proxy` capability for a gateway. Names are resolved by the proxy; `localhost` goes through it by a
/// preference.
fn proxy(gateway: SocketAddr) -> Value {
    json!({ "proxyType": "manual", "socksProxy": gateway.to_string(), "socksVersion": 5 })
}

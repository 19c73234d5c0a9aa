//! Chromium: one driver and one browser for a run, and workers in it.
//!
//! A [`Worker`] is a BiDi user context (a cookie jar of its own), a tab in it, and a gateway through which
//! the context sees one world and nothing else. Everything outside the workers, the browser's own calls
//! home included, goes to a gateway that refuses.
//!
//! | file | is about |
//! | --- | --- |
//! | `capabilities` | what is asked of it before it starts |
//! | `worker` | entering a world, performing a step, waiting until all is quiet |
//! | `place`, `navigation` | its jar and tab, and where the tab is on its way to |
//! | `steps` | what each action makes the page do |
//! | `frames` | the frames that steps made, to act in |
//! | `overlooked` | frames that the driver leaves standing |
//! | `popups` | windows that a step opened |
//! | `passing` | time that passes for the jar, and clearing it |
//! | `restart` | a browser of its own, closed and started again |
//! | `reset` | making a worker clean for the next scenario, or anew |
//! | `record` | what Chromium reports about its requests |
//! | `jar` | its jar, and what was stored |
//! | `native` | its words for why |

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::bidi::Bidi;
use super::driver::{self, Driver};
use super::failure::Failure;
use super::guard::Words;
use super::options::LaunchOptions;
use super::running::Running;
use super::session::Session;
use crate::browser_name::ThirdParty;
use crate::world::Gateway;

mod capabilities;
mod frames;
mod jar;
mod native;
mod navigation;
mod overlooked;
mod passing;
mod place;
mod popups;
mod record;
mod reset;
mod restart;
mod steps;
mod worker;

pub use worker::Worker;

/// The events that workers listen to.
const EVENTS: &[&str] = &[
    "goog:cdp.Network.requestWillBeSent",
    "goog:cdp.Network.requestWillBeSentExtraInfo",
    "goog:cdp.Network.responseReceivedExtraInfo",
    "goog:cdp.Network.loadingFinished",
    "goog:cdp.Network.loadingFailed",
    "goog:cdp.Page.frameRequestedNavigation",
    "goog:cdp.Page.frameScheduledNavigation",
    "goog:cdp.Page.frameClearedScheduledNavigation",
    "goog:cdp.Page.frameDetached",
    "goog:cdp.Target.attachedToTarget",
    "goog:cdp.Target.detachedFromTarget",
    "goog:cdp.Inspector.targetCrashed",
    "goog:cdp.Log.entryAdded",
    "log.entryAdded",
    "browsingContext.contextCreated",
    "browsingContext.contextDestroyed",
    "browsingContext.navigationStarted",
    "browsingContext.navigationFailed",
    "browsingContext.navigationAborted",
    "browsingContext.fragmentNavigated",
    "browsingContext.downloadWillBegin",
    "browsingContext.load",
];

/// A Chromium that runs. Dropping it ends it shortly after; [`Chromium::close`] also waits for that.
#[derive(Debug)]
pub struct Chromium {
    bidi: Bidi,
    version: String,
    options: LaunchOptions,
    /// Its processes; `None` where they are those of a driver that was not started here.
    running: Option<Running>,
    session: Session,
    /// Where everything outside the workers goes.
    _refusing: Gateway,
}

impl Chromium {
    /// Starts a driver and a browser, or a browser by the driver that is named.
    ///
    /// # Errors
    /// [`Failure::Missing`] with what installs it, [`Failure::NotStarted`] with the last words of the
    /// driver, [`Failure::TimedOut`]. Nothing is left running.
    pub async fn launch(options: LaunchOptions) -> Result<Self, Failure> {
        let refusing = options.gateway()?;
        let proxy = refusing.address();
        if let Some(remote) = &options.remote {
            let url = remote.driver.as_str().trim_end_matches('/').to_owned();
            let (session, bidi) = Self::open(&options, None, &url, proxy, None, Words::default()).await?;
            return Self::running(options, None, session, bidi, refusing);
        }
        let binary = driver::CHROMIUM.find()?;
        let program = driver::CHROMEDRIVER.find()?;
        let driver = Driver::chromedriver(&options.guard, &program, options.timeout).await?;
        let words = driver.guarded().words();
        match Self::open(&options, Some(&binary), &driver.url(), proxy, None, words).await {
            Ok((session, bidi)) => {
                let process = session.number("goog:processID");
                let watched = bidi.clone();
                let running = Running::watch(driver, process, move |who| watched.give_up(who));
                Self::running(options, Some(running), session, bidi, refusing)
            }
            Err(failure) => Err(driver.end_after(failure).await),
        }
    }

    /// A session of this driver's, and the socket that goes with it; with a folder for the profile, or none.
    async fn open(
        options: &LaunchOptions,
        binary: Option<&std::path::Path>,
        driver: &str,
        proxy: SocketAddr,
        profile: Option<&std::path::Path>,
        words: Words,
    ) -> Result<(Session, Bidi), Failure> {
        let capabilities = capabilities::capabilities(options, binary, proxy, profile);
        let session = Session::open("chromium", driver, capabilities, options.timeout).await?;
        let bidi = Bidi::connect(&session.socket(driver)?, options.timeout, words).await?;
        bidi.command("session.subscribe", json!({ "events": EVENTS })).await?;
        Ok((session, bidi))
    }

    fn running(
        options: LaunchOptions,
        running: Option<Running>,
        session: Session,
        bidi: Bidi,
        refusing: Gateway,
    ) -> Result<Self, Failure> {
        let version = session.text("browserVersion")?;
        Ok(Self { bidi, version, options, running, session, _refusing: refusing })
    }

    /// The browser's version: `156.0.8078.79`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The policy in force.
    pub fn third_party(&self) -> ThirdParty {
        self.options.third_party
    }

    /// The browser's process id, where the driver told it.
    pub fn process(&self) -> Option<u32> {
        self.running.as_ref().and_then(Running::process)
    }

    /// The private folder of its processes, which is deleted when they have ended. Empty where they were
    /// not started here.
    pub fn folder(&self) -> &std::path::Path {
        self.running.as_ref().map_or(std::path::Path::new(""), Running::folder)
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
        Worker::new(self.bidi.clone(), self.options.gateway()?, self.version.clone()).await
    }

    /// Ends the browser, its driver and all their processes, and returns when they and their folder are
    /// gone. Does nothing the second time.
    pub async fn close(&self) {
        match &self.running {
            Some(running) => running.close().await,
            None => self.session.close(self.options.timeout).await,
        }
    }
}

/// The `proxy` capability for a gateway. `<-loopback>` has names like `localhost` go through it too.
pub(super) fn proxy(gateway: SocketAddr) -> Value {
    json!({
        "proxyType": "manual",
        "socksProxy": gateway.to_string(),
        "socksVersion": 5,
        "noProxy": ["<-loopback>"],
    })
}

//! Chromium: one driver and one browser for a run, and workers in it.
//!
//! A [`Worker`] is a BiDi user context (a cookie jar of its own), a tab in it, and a gateway through which
//! the context sees one world and nothing else. Everything outside the workers, the browser's own calls
//! home included, goes to a gateway that refuses.
//!
//! | file | is about |
//! | --- | --- |
//! | `capabilities` | what is asked of it before it starts |
//! | `agent` | the parts of a user agent, one by one |
//! | `tab`, `navigation` | what is heard of the tab, and where it is on its way to |
//! | `unattached_frames` | frames that the driver leaves standing |
//! | `record`, `account` | what Chromium reports about its requests, and about who asked |
//! | `jar`, `clock` | its jar, and time that passes for it |
//! | `reset` | making the tab and the jar clean for the next scenario |
//! | `native`, `ending` | its words for why |

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use self::agent::Agent;
use super::bidi::dedicated::Dedicated;
use super::bidi::launch::{Recipe, Shared};
use super::driver::{self, Driver};
use super::failure::Failure;
use super::options::LaunchOptions;
use super::worker::Worker;
use crate::browser_name::ThirdParty;

mod account;
mod agent;
mod capabilities;
mod clock;
mod ending;
mod jar;
mod native;
mod navigation;
mod record;
mod reset;
mod tab;
mod unattached_frames;

/// What it is started by.
static RECIPE: Recipe = Recipe {
    browser: driver::CHROMIUM,
    driver: driver::CHROMEDRIVER,
    process: "goog:processID",
    capabilities: capabilities::capabilities,
    events: EVENTS,
};

/// The events that workers listen to.
const EVENTS: &[&str] = &[
    "goog:cdp.Network.requestWillBeSent",
    "goog:cdp.Network.requestWillBeSentExtraInfo",
    "goog:cdp.Network.responseReceived",
    "goog:cdp.Network.responseReceivedExtraInfo",
    "goog:cdp.Network.loadingFinished",
    "goog:cdp.Network.loadingFailed",
    "goog:cdp.Page.frameRequestedNavigation",
    "goog:cdp.Page.frameScheduledNavigation",
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
    shared: Shared,
}

impl Chromium {
    /// Starts a driver and a browser, or a browser by the driver that is named.
    ///
    /// # Errors
    /// [`Failure::Missing`] with what installs it, [`Failure::NotStarted`] with the last words of the
    /// driver, [`Failure::TimedOut`]. Nothing is left running.
    pub async fn launch(options: LaunchOptions) -> Result<Self, Failure> {
        Ok(Self { shared: Shared::launch(&RECIPE, options, Driver::chromedriver).await? })
    }

    /// Starts a browser with a profile for one worker alone, which ends with it.
    ///
    /// # Errors
    /// As [`Chromium::launch`].
    pub(super) async fn alone(options: LaunchOptions) -> Result<Worker, Failure> {
        let gateway = options.gateway()?;
        let (dedicated, bidi) =
            Dedicated::launch(&RECIPE, options, gateway.address(), Driver::chromedriver).await?;
        let version = dedicated.version()?;
        let agent = Agent::alone(dedicated, &bidi).await?;
        Ok(Worker::new(Box::new(agent), gateway, version))
    }

    /// The browser's version: `156.0.8078.79`.
    pub fn version(&self) -> &str {
        &self.shared.version
    }

    /// The policy in force.
    pub fn third_party(&self) -> ThirdParty {
        self.shared.options.third_party
    }

    /// The browser's process id, where the driver told it.
    pub fn process(&self) -> Option<u32> {
        self.shared.process()
    }

    /// The private folder of its processes, which is deleted when they have ended. Empty where they were
    /// not started here.
    pub fn folder(&self) -> &Path {
        self.shared.folder()
    }

    /// Whether it still answers, as far as is known.
    pub fn is_alive(&self) -> bool {
        self.shared.is_alive()
    }

    /// A new worker, which sees nothing until it enters a world.
    ///
    /// # Errors
    /// Whatever the browser fails at.
    pub async fn worker(&self) -> Result<Worker, Failure> {
        let gateway = self.shared.options.gateway()?;
        let agent = Agent::new(&self.shared.bidi, &gateway).await?;
        Ok(Worker::new(Box::new(agent), gateway, self.shared.version.clone()))
    }

    /// Ends the browser, its driver and all their processes, and returns when they and their folder are
    /// gone. Does nothing the second time.
    pub async fn close(&self) {
        self.shared.close().await;
    }
}

/// The `proxy` capability for a gateway. `<-loopback>` has names like `localhost` go through it too.
fn proxy(gateway: SocketAddr) -> Value {
    json!({
        "proxyType": "manual",
        "socksProxy": gateway.to_string(),
        "socksVersion": 5,
        "noProxy": ["<-loopback>"],
    })
}

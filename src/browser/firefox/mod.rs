//! Firefox: one driver and one browser for a run, and workers in it.
//!
//! A [`Worker`] is a BiDi user context (a cookie jar of its own), a tab in it, and a gateway through which
//! the context sees one world and nothing else. Everything outside the workers, the browser's own calls
//! home included, goes to a gateway that refuses.
//!
//! | file | is about |
//! | --- | --- |
//! | `capabilities` | what is asked of it before it starts |
//! | `privileged` | what is asked of the browser itself, and of no page |
//! | `policy` | the preferences the rules rest on, and what it does with third parties |
//! | `agent` | the parts of a user agent, one by one |
//! | `tab` | what is heard of the tab: its navigations, its requests, its console |
//! | `record`, `account` | how its requests ended, and who asked |
//! | `history` | going back |
//! | `reset` | making the tab and the jar clean for the next scenario |
//! | `jar` | its jar |
//! | `messages` | its messages about cookies, and which line each is about |
//! | `native`, `ending` | its words for why |

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use self::agent::Agent;
use self::privileged::Privileged;
use super::bidi::Bidi;
use super::bidi::dedicated::Dedicated;
use super::bidi::launch::{Recipe, Shared};
use super::driver::{self, Driver};
use super::failure::Failure;
use super::options::LaunchOptions;
use super::worker::Worker;

mod account;
mod agent;
mod capabilities;
mod ending;
mod history;
mod jar;
mod messages;
mod native;
mod policy;
mod privileged;
mod record;
mod reset;
mod tab;

/// What it is started by.
static RECIPE: Recipe = Recipe {
    browser: driver::FIREFOX,
    driver: driver::GECKODRIVER,
    process: "moz:processID",
    capabilities: capabilities::capabilities,
    events: EVENTS,
};

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
    shared: Shared,
    privileged: Privileged,
}

impl Firefox {
    /// Starts a driver and a browser, or a browser by the driver that is named; has it trust the CA, and
    /// makes sure of its policy.
    ///
    /// # Errors
    /// [`Failure::Missing`] with what installs it, [`Failure::NotStarted`] with the last words of the
    /// driver or the preference that is not as it must be, [`Failure::TimedOut`]. Nothing is left running.
    pub async fn launch(options: LaunchOptions) -> Result<Self, Failure> {
        let shared = Shared::launch(&RECIPE, options, Driver::geckodriver).await?;
        match prepare(&shared.options, &shared.bidi).await {
            Ok(privileged) => Ok(Self { shared, privileged }),
            Err(failure) => {
                shared.close().await;
                Err(failure)
            }
        }
    }

    /// Starts a browser with a profile for one worker alone, which ends with it.
    ///
    /// # Errors
    /// As [`Firefox::launch`].
    pub(super) async fn alone(options: LaunchOptions) -> Result<Worker, Failure> {
        let gateway = options.gateway()?;
        let (dedicated, bidi) =
            Dedicated::launch(&RECIPE, options, gateway.address(), Driver::geckodriver).await?;
        let version = dedicated.version()?;
        let agent = Agent::alone(dedicated, &bidi).await?;
        Ok(Worker::new(Box::new(agent), gateway, version))
    }

    /// The browser's version: `153.7.0`.
    pub fn version(&self) -> &str {
        &self.shared.version
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
        let agent = Agent::new(&self.shared.bidi, self.privileged.clone(), &gateway).await?;
        Ok(Worker::new(Box::new(agent), gateway, self.shared.version.clone()))
    }

    /// Ends the browser, its driver and all their processes, and returns when they and their folder are
    /// gone. Does nothing the second time.
    pub async fn close(&self) {
        self.shared.close().await;
    }
}

/// Has a browser that has come up trust the CA, and makes sure of its policy.
async fn prepare(options: &LaunchOptions, bidi: &Bidi) -> Result<Privileged, Failure> {
    let privileged = Privileged::open(bidi.clone()).await?;
    privileged.trust(&options.ca).await?;
    policy::verify(&privileged, options.third_party).await?;
    privileged.listen().await?;
    privileged.cancel_logins().await?;
    Ok(privileged)
}

/// The `proxy` capability for a gateway. Names are resolved by the proxy; `localhost` goes through it by a
/// preference.
fn proxy(gateway: SocketAddr) -> Value {
    json!({ "proxyType": "manual", "socksProxy": gateway.to_string(), "socksVersion": 5 })
}

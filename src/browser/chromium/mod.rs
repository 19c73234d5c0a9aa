//! Chromium: one driver and one browser for a run, and workers in it.
//!
//! A [`Worker`] is a BiDi user context (a cookie jar of its own), a tab in it, and a gateway through which
//! the context sees one world and nothing else. Everything outside the workers, the browser's own calls
//! home included, goes to a gateway that refuses.
//!
//! | file | is about |
//! | --- | --- |
//! | `worker` | entering a world, performing a step, waiting until all is quiet |
//! | `steps` | what each action makes the page do |
//! | `reset` | making a worker clean for the next scenario, or anew |
//! | `record` | what Chromium reports about its requests |
//! | `jar` | its jar, and what was stored |
//! | `native` | its words for why |

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::bidi::Bidi;
use super::driver::{self, Driver};
use super::failure::Failure;
use super::name::ThirdParty;
use super::session::{self, Session};
use crate::world::Gateway;

mod jar;
mod native;
mod record;
mod reset;
mod steps;
mod worker;

pub use worker::Worker;

/// The limit for each thing asked of the browser, where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(30);

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
    "goog:cdp.Target.attachedToTarget",
    "goog:cdp.Inspector.targetCrashed",
    "goog:cdp.Log.entryAdded",
    "log.entryAdded",
    "browsingContext.navigationStarted",
    "browsingContext.navigationFailed",
    "browsingContext.navigationAborted",
    "browsingContext.fragmentNavigated",
    "browsingContext.downloadWillBegin",
    "browsingContext.load",
];

/// How Chromium is launched.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it does with cookies of third parties. It knows allowing and blocking; partitioning, which
    /// it does not know, is taken as allowing.
    pub third_party: ThirdParty,
    /// Whether its window is shown.
    pub headed: bool,
    /// The SHA-256 of the Subject Public Key Info of the CA whose certificates it accepts.
    pub ca_spki: [u8; 32],
    /// The `rehearsal` binary, which is started again as the guard of the processes.
    pub guard: PathBuf,
    /// The limit for each thing asked of the browser: its start, a command, a page load. [`TIMEOUT`] is
    /// a good one.
    pub timeout: Duration,
}

/// A Chromium that runs. Dropping it ends it shortly after; [`Chromium::close`] also waits for that.
#[derive(Debug)]
pub struct Chromium {
    bidi: Bidi,
    version: String,
    third_party: ThirdParty,
    process: Option<u32>,
    folder: PathBuf,
    /// Asks the task that owns the driver to end it, and to say when that is done.
    ending: Mutex<Option<oneshot::Sender<oneshot::Sender<()>>>>,
    _session: Session,
    /// Where everything outside the workers goes.
    _refusing: Gateway,
}

impl Chromium {
    /// Starts a driver and a browser.
    ///
    /// # Errors
    /// [`Failure::Missing`] with what installs it, [`Failure::NotStarted`] with the last words of the
    /// driver, [`Failure::TimedOut`]. Nothing is left running.
    pub async fn launch(options: Options) -> Result<Self, Failure> {
        let binary = driver::CHROMIUM.find()?;
        let program = driver::CHROMEDRIVER.find()?;
        let refusing = gateway()?;
        let driver = Driver::chromedriver(&options.guard, &program, options.timeout).await?;
        match Self::open(&options, &binary, &driver, refusing.address()).await {
            Ok((session, bidi)) => Ok(Self::running(driver, session, bidi, options.third_party, refusing)),
            Err(failure) => {
                let words = driver.guarded().words();
                driver.end().await;
                Err(match failure {
                    Failure::NotStarted { program, message, .. } => {
                        Failure::NotStarted { program, message, last_words: words.list() }
                    }
                    other => other,
                })
            }
        }
    }

    async fn open(
        options: &Options,
        binary: &std::path::Path,
        driver: &Driver,
        proxy: SocketAddr,
    ) -> Result<(Session, Bidi), Failure> {
        let session = Session::open(&session::Request {
            driver: &driver.url(),
            binary,
            third_party: options.third_party,
            headed: options.headed,
            spki: &base64::engine::general_purpose::STANDARD.encode(options.ca_spki),
            proxy,
            limit: options.timeout,
        })
        .await?;
        let bidi = Bidi::connect(&session.socket, options.timeout, driver.guarded().words()).await?;
        bidi.command("session.subscribe", json!({ "events": EVENTS })).await?;
        Ok((session, bidi))
    }

    fn running(
        mut driver: Driver,
        session: Session,
        bidi: Bidi,
        third_party: ThirdParty,
        refusing: Gateway,
    ) -> Self {
        let (ending, asked) = oneshot::channel::<oneshot::Sender<()>>();
        let folder = driver.guarded().folder().to_owned();
        let watched = bidi.clone();
        let process = session.process;
        tokio::spawn(async move {
            let browser = exited(process);
            tokio::pin!(browser);
            let mut watch_browser = true;
            tokio::pin!(asked);
            loop {
                tokio::select! {
                    done = &mut asked => {
                        watched.give_up("the browser");
                        driver.end().await;
                        // An error: dropped without being asked, so nobody waits.
                        if let Ok(done) = done {
                            let _ = done.send(());
                        }
                        return;
                    }
                    () = driver.ended() => {
                        watched.give_up("the driver");
                        // The guard is gone and everything with it.
                        if let Ok(done) = asked.await {
                            let _ = done.send(());
                        }
                        return;
                    }
                    () = &mut browser, if watch_browser => {
                        watch_browser = false;
                        watched.give_up("the browser");
                    }
                }
            }
        });
        Self {
            bidi,
            version: session.version.clone(),
            third_party,
            process,
            folder,
            ending: Mutex::new(Some(ending)),
            _session: session,
            _refusing: refusing,
        }
    }

    /// The browser's version: `156.0.8078.79`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The policy in force.
    pub fn third_party(&self) -> ThirdParty {
        self.third_party
    }

    /// The browser's process id, where the driver told it.
    pub fn process(&self) -> Option<u32> {
        self.process
    }

    /// The private folder of its processes, which is deleted when they have ended.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
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
        Worker::new(self.bidi.clone(), gateway()?, self.version.clone()).await
    }

    /// Ends the browser, its driver and all their processes, and returns when they and their folder are
    /// gone. Does nothing the second time.
    pub async fn close(&self) {
        let ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (done, finished) = oneshot::channel();
        if ending.is_some_and(|ending| ending.send(done).is_ok()) {
            // An error means that the task is gone, and the driver with it.
            let _ = finished.await;
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

fn gateway() -> Result<Gateway, Failure> {
    Gateway::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).map_err(|error| Failure::NotStarted {
        program: "the gateway".to_owned(),
        message: error.to_string(),
        last_words: Vec::new(),
    })
}

/// Waits until a process has exited, reaped or not; for ever where that cannot be known.
#[cfg(target_os = "linux")]
async fn exited(process: Option<u32>) {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let pid = process.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let Some(pid) = pid else { return std::future::pending().await };
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(rustix::io::Errno::SRCH) => return,
        Err(_) => return std::future::pending().await,
    };
    let (done, exited) = oneshot::channel();
    std::thread::spawn(move || {
        // It is readable from the moment the process exits (pidfd_open(2)).
        let mut waiting = [PollFd::new(&process, PollFlags::IN)];
        while poll(&mut waiting, None) == Err(rustix::io::Errno::INTR) {}
        // Nobody may care any more.
        let _ = done.send(());
    });
    let _ = exited.await;
}

#[cfg(not(target_os = "linux"))]
async fn exited(_: Option<u32>) {
    std::future::pending().await
}

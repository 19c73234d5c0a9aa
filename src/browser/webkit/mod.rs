//! WebKit: WebKitGTK's MiniBrowser under WebKitWebDriver.
//!
//! It has no WebDriver BiDi, one jar a process, and tells no reason for anything. So a worker has a driver
//! and a browser of its own, begun anew for each scenario: a session starts with an empty jar in 0.2 to 0.4 s
//! (measured 2026-11-21, WebKitGTK 2.50.6). What happened is told by the wire and by the jar; every reason is the rules' own.
//!
//! | file | is about |
//! | --- | --- |
//! | `display` | the display it is given where it is not to be seen |
//! | `automation` | a driver, a session and its two windows |
//! | `policy` | third parties' cookies: the arguments, and the proof that they are in force |
//! | `agent` | the parts of a user agent, one by one |
//! | `waiting` | waiting for what a script has begun |
//! | `frames` | the frames that steps made, and acting in them |
//! | `popups` | windows that a step opens |
//! | `jar`, `written` | its jar, read from an empty page of each host, and where scripts may have written into it |

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::agent::Agent;
use self::display::Display;
use super::driver::{MINIBROWSER, WEBKIT_DRIVER};
use super::failure::Failure;
use super::options::LaunchOptions;
use super::worker::Worker;
use crate::browser_name::ThirdParty;

mod agent;
mod automation;
mod display;
mod frames;
mod jar;
mod policy;
mod popups;
mod waiting;
mod written;

/// What every worker's browser is started by. Dropping it ends the display shortly after;
/// [`Webkit::close`] also waits for that.
#[derive(Debug)]
pub struct Webkit {
    kit: Arc<Kit>,
    version: String,
}

/// The programs, the display and the options of a run.
#[derive(Debug)]
struct Kit {
    options: LaunchOptions,
    browser: PathBuf,
    driver: PathBuf,
    /// `None` where the user's own is used.
    display: Option<Display>,
    /// Whether the display is known to be gone.
    is_gone: AtomicBool,
}

impl Webkit {
    /// Finds the programs, starts a display where one is needed, and proves in a session of its own that the
    /// policy for third parties' cookies is in force.
    ///
    /// # Errors
    /// [`Failure::Missing`] with what installs it, [`Failure::NotStarted`] with the last words of the
    /// driver or where the policy is not in force, [`Failure::TimedOut`]. Nothing is left running.
    pub async fn launch(options: LaunchOptions) -> Result<Self, Failure> {
        if options.remote.is_some() {
            return Err(Failure::NotStarted {
                program: MINIBROWSER.name.to_owned(),
                message: "a WebKit is driven where `rehearsal` runs, and by no driver elsewhere".to_owned(),
                last_words: Vec::new(),
            });
        }
        let browser = MINIBROWSER.find()?;
        let driver = WEBKIT_DRIVER.find()?;
        let display = if options.headed { None } else { Some(Display::start(&options).await?) };
        let kit = Arc::new(Kit { options, browser, driver, display, is_gone: AtomicBool::new(false) });
        match policy::prove(&kit).await {
            Ok(version) => Ok(Self { kit, version }),
            Err(failure) => {
                kit.close().await;
                Err(failure)
            }
        }
    }

    /// The browser's version: `2.50.6`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The policy in force.
    pub fn third_party(&self) -> ThirdParty {
        self.kit.options.third_party
    }

    /// The process that guards the display, where there is one of our own.
    pub fn display_process(&self) -> Option<u32> {
        self.kit.display.as_ref().and_then(Display::process)
    }

    /// What clients call the display, where there is one of our own: `:1`.
    pub fn display_name(&self) -> Option<&str> {
        self.kit.display.as_ref().map(Display::name)
    }

    /// Whether a worker can be had, as far as is known.
    pub fn is_alive(&self) -> bool {
        !self.kit.is_gone.load(Ordering::Relaxed)
    }

    /// A new worker, which sees nothing until it enters a world.
    ///
    /// # Errors
    /// Whatever the browser fails at.
    pub async fn worker(&self) -> Result<Worker, Failure> {
        let gateway = self.kit.options.gateway()?;
        let agent = Agent::new(Arc::clone(&self.kit), &gateway).await?;
        Ok(Worker::new(Box::new(agent), gateway, self.version.clone()))
    }

    /// Ends the display, and with it every browser on it, and returns when it is gone. Does nothing the
    /// second time.
    pub async fn close(&self) {
        self.kit.close().await;
    }
}

impl Kit {
    /// Notes whether the display is still there.
    async fn look(&self) {
        if let Some(display) = &self.display
            && !display.is_there().await
        {
            self.is_gone.store(true, Ordering::Relaxed);
        }
    }

    async fn close(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
        if let Some(display) = &self.display {
            display.close().await;
        }
    }
}

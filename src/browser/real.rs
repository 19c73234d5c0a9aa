//! A real browser, whichever its engine: one way to launch it, and to have workers in it.
//!
//! A [`Browser`] is a driver with the browser it started; a [`Worker`] is a cookie jar and a tab that sees
//! one world and nothing else, and performs steps there.

use std::path::Path;

use super::chromium::Chromium;
use super::failure::Failure;
use super::firefox::Firefox;
use super::options::LaunchOptions;
use super::webkit::Webkit;
pub use super::worker::Worker;
use crate::browser_name::Engine;

/// A browser that runs. Dropping it ends it shortly after; [`Browser::close`] also waits for that.
#[derive(Debug)]
pub enum Browser {
    /// Chromium.
    Chromium(Chromium),
    /// Firefox.
    Firefox(Firefox),
    /// WebKitGTK's MiniBrowser.
    Webkit(Webkit),
}

impl Browser {
    /// Starts the browser of an engine, and its driver.
    ///
    /// # Errors
    /// [`Failure::Unprepared`] and [`Failure::Missing`] with what to do, [`Failure::NotStarted`] with the last words
    /// of the driver, [`Failure::TimedOut`]. Nothing is left running.
    pub async fn launch(engine: Engine, options: LaunchOptions) -> Result<Self, Failure> {
        options.check()?;
        match engine {
            Engine::Chromium => Chromium::launch(options).await.map(Self::Chromium),
            Engine::Firefox => Firefox::launch(options).await.map(Self::Firefox),
            Engine::Webkit => Webkit::launch(options).await.map(Self::Webkit),
        }
    }

    /// A new worker, which sees nothing until it enters a world.
    ///
    /// # Errors
    /// Whatever the browser fails at.
    pub async fn worker(&self) -> Result<Worker, Failure> {
        match self {
            Self::Chromium(browser) => browser.worker().await,
            Self::Firefox(browser) => browser.worker().await,
            Self::Webkit(browser) => browser.worker().await,
        }
    }

    /// The browser's process id, where the driver told it: WebKit's tells none.
    pub fn process(&self) -> Option<u32> {
        match self {
            Self::Chromium(browser) => browser.process(),
            Self::Firefox(browser) => browser.process(),
            Self::Webkit(_) => None,
        }
    }

    /// The private folder of its processes, which is deleted when they have ended. Empty where they were
    /// not started here, or have one each.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Chromium(browser) => browser.folder(),
            Self::Firefox(browser) => browser.folder(),
            Self::Webkit(_) => Path::new(""),
        }
    }

    /// Whether it still answers, as far as is known.
    pub fn is_alive(&self) -> bool {
        match self {
            Self::Chromium(browser) => browser.is_alive(),
            Self::Firefox(browser) => browser.is_alive(),
            Self::Webkit(browser) => browser.is_alive(),
        }
    }

    /// Ends the browser, its driver and all their processes, and returns when they and their folder are
    /// gone. Does nothing the second time.
    pub async fn close(&self) {
        match self {
            Self::Chromium(browser) => browser.close().await,
            Self::Firefox(browser) => browser.close().await,
            Self::Webkit(browser) => browser.close().await,
        }
    }
}

impl Worker {
    /// Whether a browser can be closed and started again with its profile: a Chromium or a Firefox that is
    /// started here, by [`Worker::alone`]. The others say at the step that they cannot.
    pub fn restarts(engine: Engine, options: &LaunchOptions) -> bool {
        engine != Engine::Webkit && options.remote.is_none()
    }

    /// Starts a browser with a profile for one worker alone: for a scenario that restarts it. Closing the
    /// worker ends the browser.
    ///
    /// # Errors
    /// As [`Browser::launch`]; [`Failure::NotPossible`] where [`Worker::restarts`] says so.
    pub async fn alone(engine: Engine, options: LaunchOptions) -> Result<Self, Failure> {
        options.check()?;
        match engine {
            Engine::Chromium => Chromium::alone(options).await,
            Engine::Firefox => Firefox::alone(options).await,
            Engine::Webkit => {
                Err(Failure::NotPossible { why: "it cannot be started again with its profile here" })
            }
        }
    }
}

//! A browser that one worker has for itself, which can be closed and started again with its profile.
//!
//! User contexts end with their session, so a scenario that restarts the browser is run in the default context of a
//! browser of its own. The profile is in the guard's folder and ends with the driver, which outlives the browser.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Bidi;
use super::launch::Recipe;
use crate::browser::driver::Driver;
use crate::browser::failure::Failure;
use crate::browser::options::{DriverSession, LaunchOptions};
use crate::browser::running::Running;
use crate::browser::session::Session;

/// The user context of a browser's own profile (WebDriver BiDi, section 7.1.1).
pub(in crate::browser) const DEFAULT: &str = "default";

/// Why a worker that shares its browser with others cannot restart it: only one elsewhere comes to that step.
pub(in crate::browser) const ELSEWHERE: &str =
    "a browser elsewhere cannot be closed and started again with its profile";

/// A browser of a worker's own.
#[derive(Debug)]
pub(in crate::browser) struct Dedicated {
    recipe: &'static Recipe,
    pub(in crate::browser) options: LaunchOptions,
    binary: PathBuf,
    /// Where the driver listens.
    driver: String,
    running: Running,
    session: Session,
}

impl Dedicated {
    /// Starts a driver, by `start`, and a browser with a profile, which sees what is behind this proxy.
    ///
    /// # Errors
    /// As [`super::launch::Shared::launch`]; [`Failure::NotPossible`] for a driver elsewhere.
    pub(in crate::browser) async fn launch(
        recipe: &'static Recipe,
        options: LaunchOptions,
        proxy: SocketAddr,
        start: impl AsyncFnOnce(&Path, &Path, Duration) -> Result<Driver, Failure>,
    ) -> Result<(Self, Bidi), Failure> {
        if options.remote.is_some() {
            return Err(Failure::NotPossible { why: ELSEWHERE });
        }
        let (binary, program) = recipe.find()?;
        let driver = start(&options.guard, &program, options.start_timeout()).await?;
        let (url, words) = (driver.url(), driver.guarded().words());
        let profile = profile_in(driver.guarded().folder());
        let opened = async {
            std::fs::create_dir(&profile).map_err(|error| Failure::NotStarted {
                program: recipe.browser.name.to_owned(),
                message: format!("{}: {error}", profile.display()),
                last_words: Vec::new(),
            })?;
            let capabilities = (recipe.capabilities)(&options, Some(&binary), proxy, Some(&profile));
            recipe.open(&options, &url, capabilities, words).await
        };
        match opened.await {
            Ok((session, bidi)) => {
                let running = recipe.watch(driver, &session, &bidi);
                Ok((Self { recipe, options, binary, driver: url, running, session }, bidi))
            }
            Err(failure) => Err(driver.end_after(failure).await),
        }
    }

    /// Closes the browser, and starts it again with its profile behind this proxy. `bidi` is the socket of the one
    /// that is closed; the answer is that of the new one.
    pub(in crate::browser) async fn restart(
        &mut self,
        bidi: &Bidi,
        proxy: SocketAddr,
    ) -> Result<Bidi, Failure> {
        // It has the browser write everything down before it ends.
        self.session.close(self.options.timeout).await;
        let profile = profile_in(self.folder());
        let capabilities =
            (self.recipe.capabilities)(&self.options, Some(&self.binary), proxy, Some(&profile));
        let (session, bidi) =
            self.recipe.open(&self.options, &self.driver, capabilities, bidi.words()).await?;
        self.session = session;
        Ok(bidi)
    }

    /// The browser's version: `156.0.8078.79`.
    pub(in crate::browser) fn version(&self) -> Result<String, Failure> {
        self.session.text("browserVersion")
    }

    /// The session, for whoever speaks WebDriver to it.
    pub(in crate::browser) async fn driver(&self) -> Option<DriverSession> {
        self.session.at(&self.driver).await
    }

    /// The browser's process id, where the driver told it.
    pub(in crate::browser) fn process(&self) -> Option<u32> {
        self.running.process()
    }

    /// The private folder of the browser.
    pub(in crate::browser) fn folder(&self) -> &Path {
        self.running.folder()
    }

    /// Ends the browser and all its processes, and returns when they and the profile are gone.
    pub(in crate::browser) async fn close(self) {
        self.running.close().await;
    }
}

fn profile_in(folder: &Path) -> PathBuf {
    folder.join("profile")
}

//! A browser of a worker's own, which can be closed and started again with its profile.
//!
//! User contexts end with their session, so a scenario that restarts the browser is run in the default context of a
//! browser of its own. The profile is in the guard's folder and ends with the driver, which outlives the browser. How
//! an engine is started with it stands in the engine's own `restart`.

use std::path::{Path, PathBuf};

use super::driver::Driver;
use super::options::LaunchOptions;
use super::running::Running;
use super::session::Session;

/// The user context of a browser's own profile (WebDriver BiDi, section 7.1.1).
pub(super) const DEFAULT: &str = "default";

/// Why a worker that shares its browser with others cannot restart it: only one elsewhere comes to that step.
pub(super) const ELSEWHERE: &str = "a browser elsewhere cannot be closed and started again with its profile";

/// A browser of a worker's own.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) options: LaunchOptions,
    pub(super) binary: PathBuf,
    /// Where the driver listens.
    pub(super) driver: String,
    pub(super) running: Running,
    pub(super) session: Session,
}

impl Home {
    /// The private folder of the browser.
    pub(super) fn folder(&self) -> &Path {
        self.running.folder()
    }

    /// The folder of its profile.
    pub(super) fn profile(&self) -> PathBuf {
        profile_in(self.folder())
    }

    /// Ends the session, which has the browser write everything down before it ends; the driver goes on.
    pub(super) async fn leave(&self) {
        self.session.close(self.options.timeout).await;
    }

    /// Ends the browser and all its processes, and returns when they and the profile are gone.
    pub(super) async fn close(self) {
        self.running.close().await;
    }
}

/// Where the profile is that the browsers of a driver keep.
pub(super) fn profile_of(driver: &Driver) -> PathBuf {
    profile_in(driver.guarded().folder())
}

fn profile_in(folder: &Path) -> PathBuf {
    folder.join("profile")
}

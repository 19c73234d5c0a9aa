//! Which browsers are installed, and installing them by the system's package manager.

use super::driver::{CHROMEDRIVER, CHROMIUM};
use super::name::Engine;

/// Whether a browser and its driver are there.
pub fn is_installed(engine: Engine) -> bool {
    match engine {
        Engine::Chromium => CHROMIUM.find().is_ok() && CHROMEDRIVER.find().is_ok(),
        Engine::Firefox | Engine::Webkit => false,
    }
}

//! The browsers: processes, the protocols spoken to them, and what a step makes them do.
//!
//! A real browser is three layers, each knowing only the one below it:
//!
//! - **the process**: [`guard`] owns every process that is started, [`driver`] finds and starts a
//!   WebDriver server under it;
//! - **the protocol**: `session` opens a WebDriver session, `bidi` speaks WebDriver BiDi;
//! - **the browser**: [`chromium`] and its like turn steps into commands, and what comes back into
//!   observations; [`real`] is the one face they show.
//!
//! What they share stands beside them: `scripts` makes a page do what a step says, `listening` hears events
//! while an answer is waited for, `stored` tells by two jars what became of each Set-Cookie line, `request`
//! finds a step's own request on the wire, `brought` tells by the wire what a scenario left behind, `home` is a
//! browser that one worker has for itself.
//!
//! Nothing here knows scenarios, expectations or reports, and nothing prints.

pub mod bidi;
mod brought;
pub mod chromium;
pub mod driver;
pub mod failure;
pub mod firefox;
pub mod guard;
mod home;
pub mod install;
mod listening;
pub mod model;
pub mod options;
pub mod real;
mod request;
mod running;
mod scripts;
mod session;
mod stored;
pub mod webkit;

pub use failure::Failure;

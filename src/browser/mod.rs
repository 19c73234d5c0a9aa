//! The browsers: processes, the protocols spoken to them, and what a step makes them do.
//!
//! A real browser is three layers, each knowing only the one below it:
//!
//! - **the process**: [`guard`] owns every process that is started, [`driver`] finds and starts a
//!   WebDriver server under it;
//! - **the protocol**: `session` opens a WebDriver session, `bidi` speaks WebDriver BiDi;
//! - **the browser**: [`chromium`] turns steps into commands, and what comes back into observations.
//!
//! Nothing here knows scenarios, expectations or reports, and nothing prints.

pub mod bidi;
pub mod chromium;
pub mod driver;
pub mod failure;
pub mod guard;
pub mod install;
pub mod model;
pub mod name;
mod session;

pub use failure::Failure;

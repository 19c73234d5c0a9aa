//! The browsers: processes, the protocols spoken to them, and what a step makes them do.
//!
//! A real browser is three layers, each knowing only the one below it:
//!
//! - **the process**: [`guard`] owns every process that is started, [`driver`] finds and starts a
//!   WebDriver server under it;
//! - **the protocol**: `session` opens a WebDriver session, `grid` asks a Selenium Grid where it placed one, [`bidi`]
//!   speaks WebDriver BiDi;
//! - **the browser**: [`worker`] performs steps, in an order that is stated there once. What it asks of a browser
//!   is a `user_agent`: small parts, which [`chromium`], [`firefox`] and [`webkit`] each give as they can. [`real`]
//!   launches them.
//!
//! What a worker needs besides: `steps` turns actions into those parts, `scripts` makes a page do what a step says,
//! `frames` remembers the frames that steps made, `request` finds a step's own request on the wire, `line_outcomes`
//! tells by two jars what became of each Set-Cookie line, `residue` tells by the wire what a scenario left behind.
//!
//! Nothing here knows scenarios, expectations or reports, and nothing prints.

pub mod bidi;
mod cause;
pub mod chromium;
pub mod driver;
pub mod failure;
pub mod firefox;
mod frames;
mod grid;
pub mod guard;
pub mod install;
mod line_outcomes;
pub mod model;
pub mod options;
pub mod real;
mod request;
mod residue;
mod running;
mod scripts;
mod session;
mod steps;
mod user_agent;
pub mod webkit;
pub mod worker;

pub use failure::Failure;

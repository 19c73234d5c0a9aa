//! The integration tests: one program, a module for each room of `src`.
//!
//! Two kinds stand apart. `differential` runs for as long as it is asked to, and `leaks` counts what its process
//! has, so it is the only test of its own.

#![allow(unreachable_pub, reason = "a test program has no users")]

mod arrows;
mod audit;
mod browsers;
mod browsing;
mod causes;
mod cli;
mod command;
mod docs;
mod explain;
mod fixes;
mod import;
mod matrix;
mod model;
mod predicting;
mod reports;
mod rules;
mod scenario;
mod schema;
mod support;
mod webdriver;
mod world;

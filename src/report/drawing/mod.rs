//! What pages draw: requests as a sequence diagram, the jar, an explanation with its fix.
//!
//! The report of `run` and the page of a world that is up are drawn by the same hands. Nothing here knows which of them it
//! is, or decides anything: it shows observations, and what `explain` said.

pub(super) mod diagram;
pub(super) mod explained;
pub(super) mod jar;

/// What they look like, beside what all pages do.
pub(super) const STYLE: &str = include_str!("drawing.css");

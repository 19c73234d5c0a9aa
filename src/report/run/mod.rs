//! What came of `rehearsal run`: for a terminal, and as JSON.
//!
//! What is said once is decided once, in [`digest`].

pub mod digest;
pub mod json;
pub mod terminal;

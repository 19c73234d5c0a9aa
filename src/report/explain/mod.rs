//! The answer of `rehearsal explain`: for a terminal, and as JSON.

mod digest;
pub mod json;
pub mod terminal;

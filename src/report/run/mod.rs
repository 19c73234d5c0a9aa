//! What came of `rehearsal run`: for a terminal, as JSON, as JUnit's XML, and as a page.
//!
//! What is said once is decided once, in [`digest`].

pub mod digest;
pub mod har;
pub mod html;
pub mod json;
pub mod junit;
pub mod list;
pub mod terminal;

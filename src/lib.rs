//! `rehearsal` rehearses production on a laptop.

pub mod browser;
pub mod diagnostic;
pub mod observe;
pub mod plan;
pub mod rules;
pub mod verdict;
pub mod world;

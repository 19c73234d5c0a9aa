//! What people and programs are shown of a run.
//!
//! Data goes to stdout, talk and progress to stderr. Nothing here decides whether a run passed.

pub mod audit;
pub mod doctor;
pub mod explain;
mod fix;
pub mod json;
pub mod matrix;
pub mod terminal;
pub mod up;

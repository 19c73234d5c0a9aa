//! The browsers: processes, the protocols spoken to them, and what a step makes them do.

pub mod name;

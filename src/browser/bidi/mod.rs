//! WebDriver BiDi, and the browsers that speak it.
//!
//! | file | is about |
//! | --- | --- |
//! | `socket` | commands, their answers, and events, over one socket |
//! | `pump` | taking events in while an answer is waited for |
//! | `commands` | the commands that both engines are given in the same words |
//! | `launch` | a driver and its browser: a session, and the socket that goes with it |
//! | `telling` | scripts that run in every page and tell something |
//! | `dedicated` | a browser that one worker has for itself, closed and started again |
//!
//! What is said in an engine's own dialect stands in the engine's module.

pub(super) mod commands;
pub(super) mod dedicated;
pub(super) mod launch;
pub(super) mod pump;
mod socket;
pub(super) mod telling;

pub use socket::{Bidi, Event};

//! The command itself: help texts, exit codes, what goes where.

mod browsers;
mod doctor;
mod exec;
mod help;
#[cfg(unix)]
pub(crate) mod live;
mod new;
mod open;
mod record;
mod servers;
mod stdout;
#[cfg(target_os = "linux")]
mod trust;
mod up;

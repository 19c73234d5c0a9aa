//! The command itself: help texts, exit codes, what goes where.

mod browsers;
mod doctor;
mod exec;
mod open;
mod help;
mod new;
mod servers;
mod stdout;
mod up;

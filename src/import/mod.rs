//! From what a browser or `curl` showed to a scenario: a HAR or a command in, TOML out.
//!
//! [`read`] takes a text for what it is: [`har`] reads the dialects of Chrome, Firefox, Safari and Playwright, `curl`
//! command lines and what curl prints; both into one [`Recording`]. [`build`] turns its requests into origins, routes
//! and steps, [`freeze`] turns them into routes alone, and `write` puts them as TOML. [`questions`] asks of each answer what `rehearsal explain` asks of one.
//! What is guessed is marked by a comment in the scenario, and what cannot be carried over is told. Values of
//! cookies, bodies, headers and queries are left out unless they are wanted: a recording holds tokens and people's
//! data (`redact`).
//!
//! Nothing here runs anything: whether a scenario does what its recording shows is for its caller to try.

pub mod build;
mod cors;
pub mod curl;
pub mod freeze;
pub mod har;
mod printed;
pub mod questions;
pub(crate) mod redact;
mod routes;
mod shell;
mod steps;
mod write;

use crate::browser_name::Engine;
use crate::recording::kind_of;
pub use crate::recording::{Came, Exchange, Kind, Recording};

/// What a text is that cannot be read, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Unreadable {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// The most that is read of a recording, packed or not, in bytes.
pub const LARGEST: u64 = 256 * 1024 * 1024;

/// Reads a recording: a HAR, packed by gzip or not, or text with `curl` commands in it and what they print. `path` is
/// how messages name it.
///
/// # Errors
/// Where it is neither.
pub fn read(path: &str, bytes: &[u8]) -> Result<Recording, Unreadable> {
    let is_packed = bytes.starts_with(&[0x1f, 0x8b]);
    let text = String::from_utf8_lossy(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes));
    let begin = text.trim_start();
    if !is_packed && (curl::is_here(begin) || printed::is_here(begin)) {
        return curl::read(path, begin);
    }
    if begin.starts_with("fetch(")
        || begin.starts_with("await fetch(")
        || begin.starts_with("Invoke-WebRequest")
    {
        return Err(Unreadable::new(
            format!("{path} is a request copied as a call of a script"),
            "copy it as cURL: in the Network panel, right-click it, Copy, Copy as cURL",
        ));
    }
    har::read(path, bytes)
}

/// The engine that a `User-Agent` is of, where it says so.
fn engine_of_user_agent(text: &str) -> Option<Engine> {
    match () {
        () if text.contains("Firefox/") => Some(Engine::Firefox),
        () if text.contains("Chrome/") || text.contains("Chromium/") => Some(Engine::Chromium),
        () if text.contains("AppleWebKit/") => Some(Engine::Webkit),
        () => None,
    }
}

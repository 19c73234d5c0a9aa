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
mod foreign;
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
    let decoded = foreign::of_utf16(bytes);
    let bytes = decoded.as_deref().map_or(bytes, str::as_bytes);
    let is_packed = bytes.starts_with(&[0x1f, 0x8b]);
    let text = String::from_utf8_lossy(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes));
    let begin = text.trim_start();
    let mut recording = match curl::beginning(begin) {
        Some(commands) if !is_packed => curl::read(path, commands)?,
        _ if !is_packed && printed::is_here(begin) => curl::read(path, begin)?,
        _ => match foreign::told(path, begin).filter(|_| !is_packed) {
            Some(unreadable) => return Err(unreadable),
            None => har::read(path, bytes)?,
        },
    };
    leave_out_controls(&mut recording);
    Ok(recording)
}

/// Leaves out what no HTTP message can carry: fields with control characters. A recording can be written by anybody.
fn leave_out_controls(recording: &mut Recording) {
    let is_clean = |text: &str| !text.chars().any(|c| c.is_ascii_control() && c != '\t');
    let mut left_out = 0;
    for exchange in &mut recording.exchanges {
        for fields in [&mut exchange.headers, &mut exchange.answer] {
            let before = fields.len();
            fields.retain(|(name, value)| is_clean(name) && is_clean(value));
            left_out += before - fields.len();
        }
        for line in &mut exchange.set_cookie {
            line.truncate(line.trim_end_matches('\r').len());
        }
        let before = exchange.set_cookie.len();
        exchange.set_cookie.retain(|line| is_clean(line));
        left_out += before - exchange.set_cookie.len();
    }
    if left_out > 0 {
        let (fields, have) = if left_out == 1 { ("header", "has") } else { ("headers", "have") };
        recording.notes.push(format!(
            "left out: {left_out} {fields} that {have} a control character, which HTTP cannot carry"
        ));
    }
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

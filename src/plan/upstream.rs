//! A real server behind an origin: where it is, what it is told, and how it is started.
//!
//! Everything that a browser asks of the origin is passed on to it, and its answer back, unmodified. It is on
//! this machine; one that is not has to be allowed on the command line, host by host, and never by a scenario
//! alone. Plain data: what connects and what starts a process stands in `world`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::{Host, Url};

use super::Cors;
use crate::rules::line::LineEdit;

/// How long a server may take to be ready, and to begin an answer, where a scenario does not say: as long as
/// nginx waits by default (`proxy_read_timeout`).
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// A real server behind an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Where it listens.
    pub place: Place,
    /// The name it is asked by.
    pub host: AskedBy,
    /// Whether the command line allows it, where it is on another machine.
    pub allowed: bool,
    /// How it is started where nothing answers yet.
    pub command: Option<Command>,
    /// What is asked until it answers. Without it, that it can be connected to is enough.
    pub ready: Option<Ready>,
    /// How long it may take to be ready, and to begin an answer.
    pub timeout: Duration,
    /// What is changed of its answers on their way.
    pub overlay: Overlay,
}

/// What is changed of a real server's answers on their way to the browser: a fix, tried before the code is touched. No
/// scenario can say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    /// Changes of `Set-Cookie` lines, in this order.
    pub cookies: Vec<CookieOverlay>,
    /// The CORS settings in place of the server's own: it gets no preflight, and its own headers are left out.
    pub cors: Option<Cors>,
}

/// A change of the lines that set one cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieOverlay {
    /// The cookie's name as the server sets it.
    pub name: String,
    /// Whether it is of lines that delete the cookie, or of the others; `None` is of both.
    pub deletions: Option<bool>,
    /// What is done to the line.
    pub edits: Vec<LineEdit>,
}

/// Where a real server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Scheme, host and port, path `/`. The scheme is `http` or `https`.
    Url(Url),
    /// A Unix socket, over which http is spoken.
    Unix(PathBuf),
}

/// The Host header that a real server gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedBy {
    /// The one that the browser sent: production's name.
    Public,
    /// Its own, as its URL has it: what a server on another machine is found by.
    Own,
}

/// How a real server is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// A line for the shell.
    pub line: String,
    /// The folder it is started in.
    pub folder: PathBuf,
    /// What is added to the environment.
    pub environment: Vec<(String, String)>,
}

/// What is asked until it answers: any answer counts but a 5xx, which servers give while they start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The method, upper case.
    pub method: String,
    /// The path, with its query.
    pub path: String,
}

impl Overlay {
    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty() && self.cors.is_none()
    }
}

impl Upstream {
    /// Whether it is on another machine.
    pub fn is_outside(&self) -> bool {
        self.place.outside().is_some()
    }
}

impl Place {
    /// The host, where that is not this machine.
    pub fn outside(&self) -> Option<&str> {
        match self {
            Self::Url(url) if !is_loopback(url) => url.host_str(),
            Self::Url(_) | Self::Unix(_) => None,
        }
    }
}

/// Whether a URL's host is this machine: a loopback address, `localhost`, or a name below it (RFC 6761,
/// section 6.3).
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(&url.origin().ascii_serialization()),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

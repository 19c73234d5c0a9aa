//! What can be wrong with a real server, and what to do about it. One sentence a fault, and none of them a guess.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use hyper::StatusCode;

/// Why a real server gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing listens there.
    Refused,
    /// There is no such socket.
    NoSocket,
    /// Its name leads nowhere: the system's own words.
    NoName(String),
    /// Its name leads off this machine.
    OffLoopback,
    /// It could not be connected to: the system's own words.
    Unreachable(String),
    /// TLS failed: the library's own words.
    Tls(String),
    /// It did not begin to answer in time.
    Slow(Duration),
    /// It closed the connection before it answered.
    Closed,
    /// What it answered is not HTTP, or cannot be passed on: in the library's own words.
    Malformed(String),
    /// The client went away while it sent its request.
    ClientLeft,
}

impl Fault {
    pub(super) fn of_connect(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::NotFound => Self::NoSocket,
            _ => Self::Unreachable(error.to_string()),
        }
    }

    /// Of a request that was sent, and whose answer did not come.
    pub(super) fn of_answer(error: &hyper::Error) -> Self {
        if error.is_parse() {
            return Self::Malformed(deepest(error));
        }
        if error.is_user() {
            return Self::ClientLeft;
        }
        let is_closed = error.is_incomplete_message() || error.is_canceled() || error.is_closed();
        match source::<io::Error>(error) {
            _ if is_closed => Self::Closed,
            Some(io) if is_hang_up(io) => Self::Closed,
            _ => Self::Malformed(deepest(error)),
        }
    }

    /// What happened: a lower-case fragment.
    pub(crate) fn sentence(&self, origin: &str, place: &str) -> String {
        let server = format!("the server of `{origin}` at {place}");
        match self {
            Self::Refused => format!("{server} is not there: the connection was refused"),
            Self::NoSocket => format!("{server} is not there: there is no such socket"),
            Self::NoName(why) => format!("{server} cannot be found: {why}"),
            Self::OffLoopback => format!("{server} is on another machine, and was not asked"),
            Self::Unreachable(why) => format!("{server} cannot be reached: {why}"),
            Self::Tls(why) => format!("{server} and this program do not agree on TLS: {why}"),
            Self::Slow(limit) => format!("{server} did not begin to answer within {} s", limit.as_secs()),
            Self::Closed => format!("{server} closed the connection before it answered"),
            Self::Malformed(why) => format!("what {server} answered is not HTTP: {why}"),
            Self::ClientLeft => format!("the request to {server} broke off before it was whole"),
        }
    }

    /// What to do.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Refused | Self::NoSocket => {
                "start the server, or let it be started: \
                 `upstream = { url = \"…\", command = \"node server.js\" }`, and run with `--start`"
            }
            Self::NoName(_) | Self::Unreachable(_) => "look at the upstream's `url`, and at the network",
            Self::OffLoopback => "allow that host on the command line: `--allow-upstream HOST`",
            Self::Tls(_) => {
                "see whether the server speaks TLS there: `http://` in the upstream's `url` is without"
            }
            Self::Slow(_) => "look at what the server waits for, or give it longer: `timeout = \"120s\"`",
            Self::Closed => "look at what the server wrote last: it probably crashed",
            Self::Malformed(_) => "see whether the upstream's `url` names the right port and scheme",
            Self::ClientLeft => "look at what the page did while it sent",
        }
    }

    /// What the browser is answered (RFC 9110, sections 15.6.3 and 15.6.5).
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Slow(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::ClientLeft => StatusCode::BAD_REQUEST,
            _ => StatusCode::BAD_GATEWAY,
        }
    }
}

/// What happened to an answer that broke off: a sentence.
pub(crate) fn in_the_middle(error: &hyper::Error) -> String {
    let hung_up = error.is_incomplete_message() || source::<io::Error>(error).is_some_and(is_hang_up);
    if hung_up {
        "the server closed the connection in the middle of its answer".to_owned()
    } else {
        format!("the server's answer broke off: {}", deepest(error))
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionAborted
    )
}

/// The error of a kind that caused another.
fn source<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// What an error comes down to.
fn deepest(error: &hyper::Error) -> String {
    let mut deepest: &dyn Error = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}

//! An answer on its way to the socket: status, headers and body, and how it came about.
//!
//! A reply knows nothing of connections. What every answer of this program's has (length, date) is added here, so
//! that the record shows the headers that crossed the wire and no others; what a real server answers stays as it
//! is.

use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use hyper::upgrade::OnUpgrade;
use hyper::{Response, StatusCode};
use time::OffsetDateTime;

use super::body::Body;
use super::wire::{Answer, Note};

/// `text/plain` for the sentences of this program.
pub(super) const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// An answer on its way to the socket.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) answer: Answer,
    /// What comes after the head where the connection is a WebSocket from then on.
    pub(super) socket: Option<Socket>,
    /// What the server knows of it and tells nobody: see [`super::wire::Exchange`].
    pub(super) notes: Vec<Note>,
}

/// What comes of a connection once it is a WebSocket.
#[derive(Debug)]
pub(super) enum Socket {
    /// It is closed again: its handshake is all that is rehearsed.
    Close,
    /// It leads to a real server.
    Tunnel(OnUpgrade),
}

impl Reply {
    /// An answer without headers or body.
    pub(super) fn new(status: StatusCode, answer: Answer) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Body::default(),
            answer,
            socket: None,
            notes: Vec::new(),
        }
    }

    /// An answer that is a sentence for people.
    pub(super) fn sentence(status: StatusCode, answer: Answer, text: impl Into<String>) -> Self {
        let mut reply = Self::new(status, answer);
        reply.headers.insert(CONTENT_TYPE, PLAIN);
        reply.body = text.into().into();
        reply
    }

    /// Adds what every answer of this program's has. The length is that of the body even where `HEAD` leaves it out
    /// (RFC 9110, section 8.6); 101, 204 and 304 have neither.
    pub(super) fn finish(&mut self, head: bool, date: OffsetDateTime) {
        if self.is_a_servers() {
            return;
        }
        if !self.headers.contains_key(DATE) {
            let date = HeaderValue::try_from(imf_fixdate(date));
            self.headers.insert(DATE, date.expect("a date is ASCII"));
        }
        if matches!(self.status.as_u16(), 101 | 204 | 304) {
            self.body = Body::default();
        } else {
            // The last, because that is where hyper moves it to.
            self.headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.bytes().len()));
        }
        if head {
            self.body = Body::default();
        }
    }

    /// Whether a real server gave it.
    fn is_a_servers(&self) -> bool {
        let mut answer = &self.answer;
        while let Answer::Passed(exchange) = answer {
            answer = &exchange.answer;
        }
        matches!(answer, Answer::Upstream(_))
    }

    /// The answer as hyper takes it.
    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// A time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
pub(super) fn imf_fixdate(at: OffsetDateTime) -> String {
    crate::rules::date::imf_fixdate(at.unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_rfc_9110_writes_it() {
        let at = OffsetDateTime::from_unix_timestamp(784_111_777).expect("a time of 1994");
        assert_eq!(imf_fixdate(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}

//! An answer on its way to the socket: status, headers and body in memory, and how it came about.
//!
//! A reply is plain data; it knows nothing of connections. What every answer has (length, date) is
//! added here, so that the record shows the headers that crossed the wire and no others.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use time::OffsetDateTime;

use super::wire::{Answer, Note};

/// `text/plain` for the sentences of this program.
pub(super) const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// An answer on its way to the socket.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) answer: Answer,
    /// Whether it is a WebSocket's: what it says depends on the request, see [`super::websocket`].
    pub(super) websocket: bool,
    /// What the server knows of it and tells nobody: see [`super::wire::Exchange`].
    pub(super) notes: Vec<Note>,
}

impl Reply {
    /// An answer without headers or body.
    pub(super) fn new(status: StatusCode, answer: Answer) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            answer,
            websocket: false,
            notes: Vec::new(),
        }
    }

    /// An answer that is a sentence for people.
    pub(super) fn sentence(status: StatusCode, answer: Answer, text: impl Into<String>) -> Self {
        let mut reply = Self::new(status, answer);
        reply.headers.insert(CONTENT_TYPE, PLAIN);
        reply.body = Bytes::from(text.into());
        reply
    }

    /// Adds what every answer has. The length is that of the body even where `HEAD` leaves it out (RFC
    /// 9110, section 8.6); 101, 204 and 304 have neither.
    pub(super) fn finish(&mut self, head: bool, date: OffsetDateTime) {
        if !self.headers.contains_key(DATE) {
            let date = HeaderValue::try_from(imf_fixdate(date));
            self.headers.insert(DATE, date.expect("a date is ASCII"));
        }
        if matches!(self.status.as_u16(), 101 | 204 | 304) {
            self.body = Bytes::new();
        } else {
            // The last, because that is where hyper moves it to.
            self.headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
        if head {
            self.body = Bytes::new();
        }
    }

    /// The answer as hyper takes it.
    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
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

//! The built-in page: what an origin without routes answers, at every path.
//!
//! It asks for nothing besides itself, so that whatever else crosses the wire is a step's doing.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use maud::{DOCTYPE, PreEscaped, html};

use super::reply::Reply;
use super::wire::Answer;

const STYLE: &str =
    "body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem }
p { color: #666 }";

/// The page of one origin, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Page {
    html: Bytes,
}

impl Page {
    /// The page of the origin with this name in the scenario, and this host.
    pub(super) fn new(name: &str, host: &str) -> Self {
        let html = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    title { (host) }
                    meta name="viewport" content="width=device-width";
                    // The empty icon keeps browsers from asking for /favicon.ico.
                    link rel="icon" href="data:,";
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { (host) }
                    p {
                        "This is a rehearsal. The real " (host) " was not asked: this page is built into "
                        code { "rehearsal" } ", and stands in for the origin " code { (name) } " of a scenario."
                    }
                }
            }
        };
        Self { html: html.into_string().into() }
    }

    /// The answer to any request.
    pub(super) fn answer(&self) -> Reply {
        let mut reply = Reply::new(StatusCode::OK, Answer::Page);
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        // A rehearsal must ask again: what a cache answers never crosses the wire.
        reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        reply.body = self.html.clone().into();
        reply
    }
}

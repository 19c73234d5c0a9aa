//! The built-in page: what an origin without routes answers, at every path.
//!
//! It asks for nothing besides itself, so that whatever else crosses the wire is a step's doing.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};

use super::reply::Reply;
use super::wire::Answer;

/// The page of one origin, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Page {
    html: Bytes,
}

impl Page {
    /// The page of the origin with this name in the scenario, and this host.
    pub(super) fn new(name: &str, host: &str) -> Self {
        let (name, host) = (escape(name), escape(host));
        // The empty icon keeps browsers from asking for /favicon.ico.
        let html = format!(
            "<!doctype html>\n\
             <html lang=\"en\">\n\
             <head>\n\
             <meta charset=\"utf-8\">\n\
             <title>{host}</title>\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <link rel=\"icon\" href=\"data:,\">\n\
             <style>\n\
             body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem }}\n\
             p {{ color: #666 }}\n\
             </style>\n\
             </head>\n\
             <body>\n\
             <h1>{host}</h1>\n\
             <p>This is a rehearsal. The real {host} was not asked: this page is built into <code>rehearsal</code>,\n\
             and stands in for the origin <code>{name}</code> of a scenario.</p>\n\
             </body>\n\
             </html>\n"
        );
        Self { html: Bytes::from(html) }
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

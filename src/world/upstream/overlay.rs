//! A fix laid over a real server's answers on their way: `Set-Cookie` lines changed, CORS settings in place of its own.
//!
//! The server is asked what it would be asked anyway, but for preflights, which the settings answer. Nothing else of an
//! answer changes.

use hyper::Method;
use hyper::header::{HeaderMap, HeaderValue, InvalidHeaderValue, SET_COOKIE};

use crate::cookie_line;
use crate::plan::upstream::{self, CookieOverlay};
use crate::rules::line::Line;
use crate::world::cors::Cors;
use crate::world::reply::Reply;

/// What is laid over, ready to be.
#[derive(Debug)]
pub(super) struct Overlay {
    cookies: Vec<CookieOverlay>,
    cors: Option<Cors>,
}

impl Overlay {
    /// The overlay of a plan. Fails where one of its settings cannot stand in a header.
    pub(super) fn new(overlay: &upstream::Overlay) -> Result<Self, InvalidHeaderValue> {
        let cors = overlay.cors.as_ref().map(Cors::new).transpose()?;
        Ok(Self { cookies: overlay.cookies.clone(), cors })
    }

    /// The answer to a preflight, where the settings are laid over.
    pub(super) fn preflight(&self, method: &Method, request: &HeaderMap) -> Option<Reply> {
        let cors = self.cors.as_ref()?;
        let mut reply = cors.preflight(method, request)?;
        cors.apply(request, &mut reply);
        Some(reply)
    }

    /// Changes the head of an answer to a request with these headers. `now` is the time, in seconds since 1970.
    pub(super) fn lay(&self, request: &HeaderMap, reply: &mut Reply, now: i64) {
        if !self.cookies.is_empty() {
            let lines: Vec<HeaderValue> = reply.headers.get_all(SET_COOKIE).iter().cloned().collect();
            reply.headers.remove(SET_COOKIE);
            for line in lines {
                let changed = self.changed(&line, now).unwrap_or(line);
                reply.headers.append(SET_COOKIE, changed);
            }
        }
        if let Some(cors) = &self.cors {
            let own: Vec<_> = reply
                .headers
                .keys()
                .filter(|name| name.as_str().starts_with("access-control-"))
                .cloned()
                .collect();
            own.iter().for_each(|name| drop(reply.headers.remove(name)));
            cors.apply(request, reply);
        }
    }

    /// A line with the changes that are of its cookie; `None` where it is no text.
    fn changed(&self, line: &HeaderValue, now: i64) -> Option<HeaderValue> {
        let mut text = std::str::from_utf8(line.as_bytes()).ok()?.to_owned();
        let name = Line(&text).name().to_owned();
        let deletes = cookie_line::deletes(&text, now);
        for change in self.cookies.iter().filter(|change| change.name == name) {
            if change.deletions.is_none_or(|deletions| deletions == deletes) {
                text = Line(&text).edited(&change.edits);
            }
        }
        HeaderValue::from_bytes(text.as_bytes()).ok()
    }
}

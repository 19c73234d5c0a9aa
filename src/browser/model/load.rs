//! Loading what documents embed, frames and what is in them included.
//!
//! A browser asks for many things at once; here one comes after the other. Where that could make a
//! difference to cookies, or the page could do what only running it would show, the step is in doubt.

use std::pin::Pin;

use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::UserAgent;
use super::fetch::Response;
use super::html::{self, Kind};
use super::request::Request;
use super::told;
use super::view::Shown;
use crate::observe::Exchange;
use crate::plan::Redirect;
use crate::rules::context::{Context, Destination};
use crate::rules::engine::Viewer;
use crate::rules::site::Origin;

/// How many frames may be in one another. Chromium and others have limits far above.
const DEPTH: usize = 16;

/// How many things a step loads.
pub(super) const MOST: usize = 256;

/// Headers of a document that mean something to a browser which the rules do not know.
const UNKNOWN: [&str; 4] = ["content-security-policy", "link", "refresh", "x-frame-options"];

impl UserAgent {
    /// Loads what a document embeds. `documents` goes from the top-level document down to this one.
    pub(super) fn load<'a>(
        &'a mut self,
        documents: Vec<Origin>,
        response: &'a Response,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            if self.following.is_some() {
                return self.arrived(documents, &response.request.url);
            }
            // Frames alone are asked whether they may be framed (HTML, checking a navigation response's
            // adherence to X-Frame-Options, step 1).
            let is_framed = documents.len() > 1;
            for name in UNKNOWN.into_iter().filter(|name| is_framed || *name != "x-frame-options") {
                if response.headers.contains_key(name) {
                    self.doubt(format!("what the header `{name}` of {} does", response.request.url));
                }
            }
            if !is_html(&response.headers) {
                return;
            }
            let found = html::embedded(&response.body, &response.request.url);
            if let Some(why) = found.doubt {
                self.doubt(format!("what the page {} does: {why}", response.request.url));
            }
            let (from, count) = (self.seen.exchanges.len(), found.resources.len());
            let mut waits = false;
            for (kind, url) in found.resources {
                if documents.len() > DEPTH || self.seen.exchanges.len() > MOST {
                    return self.doubt("so many frames or requests".to_owned());
                }
                let Some(location) = told::location(&url) else { continue };
                let documents = documents.clone();
                let context = match kind {
                    Kind::Frame => Context::frame(documents, location),
                    Kind::Image => Context::embed(documents, location, Destination::Image),
                    Kind::Script => Context::embed(documents, location, Destination::Script),
                    Kind::Style => Context::embed(documents, location, Destination::Style),
                };
                let referrer = Some(response.request.url.clone());
                let is_preloaded = waits && kind != Kind::Frame;
                waits |= kind == Kind::Script;
                self.load_one(
                    kind,
                    is_preloaded,
                    Request {
                        context,
                        url,
                        headers: Vec::new(),
                        dropped: Vec::new(),
                        body: None,
                        form: false,
                        xhr: false,
                        only: None,
                        redirect: Redirect::Follow,
                        referrer,
                    },
                )
                .await;
            }
            let sets_cookies = |exchange: &Exchange| !exchange.set_cookie.is_empty();
            if count > 1 && self.seen.exchanges[from..].iter().any(sets_cookies) {
                self.doubt(format!(
                    "which requests of {} come before and which after a cookie that one of them sets",
                    response.request.url
                ));
            }
        })
    }

    /// `is_preloaded` says whether it stands behind a script, for which the page waits.
    async fn load_one(&mut self, kind: Kind, is_preloaded: bool, request: Request) {
        let mut documents = request.context.documents.clone();
        // What fails to load is no matter of the page's.
        let Ok(response) = self.fetch(request).await else { return };
        if is_preloaded && self.profile.fetch.asks_again_for_preloads && !is_kept(&response) {
            self.doubt(format!(
                "whether {}, which is asked for ahead, is asked for again",
                response.request.url
            ));
        }
        let shown = (200..300).contains(&response.status) && !response.body.trim_ascii().is_empty();
        match kind {
            Kind::Image => {}
            Kind::Script => self.doubt_script(&response),
            Kind::Style if shown && html::asks_for_more(&response.body) => {
                self.doubt(format!("what more the style sheet {} asks for", response.request.url));
            }
            Kind::Style => {}
            Kind::Frame => match self.shown(&response, false) {
                Shown::Document(viewer) => {
                    documents.push(response.request.context.url.origin.clone());
                    if viewer == Viewer::AsksAgain {
                        self.ask_again(documents.clone(), &response).await;
                    }
                    self.load(documents, &response).await;
                }
                Shown::Nothing | Shown::OwnPage => {}
            },
        }
    }

    /// What a page of sound or film does: it asks for its own address.
    pub(super) async fn ask_again(&mut self, documents: Vec<Origin>, response: &Response) {
        let request = &response.request;
        let context = Context::embed(documents, request.context.url.clone(), Destination::Video);
        let again = Request {
            context,
            url: request.url.clone(),
            headers: Vec::new(),
            dropped: Vec::new(),
            body: None,
            referrer: Some(request.url.clone()),
            form: false,
            xhr: false,
            only: None,
            redirect: Redirect::Follow,
        };
        // What fails to load is no matter of the page's.
        _ = self.fetch(again).await;
    }

    /// Notes that a script was loaded of which it cannot be told what it does.
    pub(super) fn doubt_script(&mut self, response: &Response) {
        // What a script of who is followed does the wire shows.
        if self.following.is_some() {
            return;
        }
        if (200..300).contains(&response.status) && !html::does_nothing(&response.body) {
            self.doubt(format!("what the script {} does", response.request.url));
        }
    }

    /// Notes that the step cannot be predicted as a whole. The first doubt is told.
    pub(super) fn doubt(&mut self, what: String) {
        self.seen.doubt.get_or_insert_with(|| format!("cannot predict {what}"));
    }
}

/// Whether an answer that came ahead of its use is still there when it is used.
fn is_kept(response: &Response) -> bool {
    let control = response.headers.get(CACHE_CONTROL).map(HeaderValue::as_bytes).unwrap_or_default();
    let forbids = String::from_utf8_lossy(control).to_ascii_lowercase().contains("no-store");
    response.status < 400 && !forbids
}

fn is_html(headers: &HeaderMap) -> bool {
    let media =
        headers.get(CONTENT_TYPE).map(|value| value.as_bytes().to_ascii_lowercase()).unwrap_or_default();
    media.starts_with(b"text/html") || media.starts_with(b"application/xhtml+xml")
}

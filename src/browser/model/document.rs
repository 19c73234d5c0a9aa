//! Documents, and the navigations that lead to them.
//!
//! HTML's navigation is here as far as cookies see it: who started it, what it asks for, and what its
//! answer makes of the tab. No script runs.

use std::collections::BTreeSet;

use bytes::Bytes;
use url::Url;

use super::UserAgent;
use super::fetch::{Failed, Response};
use super::history::Entered;
use super::request::Request;
use super::told;
use super::view::Shown;
use crate::plan::{Form, Redirect};
use crate::rules::context::Context;
use crate::rules::engine::Viewer;
use crate::rules::reason::Reason;
use crate::rules::site::Origin;
use crate::suffixes::Names;

/// The content type of a submitted form.
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// A document in the tab.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// What the address bar shows.
    pub(super) url: Url,
    /// Opaque for the empty page of a new tab, and for the browser's own error page.
    pub(super) origin: Origin,
    /// What a reload does again.
    pub(super) again: Navigation,
    /// Whether it is a page of the browser's own that warns the user, who could insist.
    pub(super) warns: bool,
    /// How it is shown.
    pub(super) viewer: Viewer,
    /// Whether a sandbox leaves it without an origin.
    pub(super) sandboxed: bool,
}

/// A navigation of the tab.
#[derive(Clone, Debug)]
pub(super) struct Navigation {
    pub(super) url: Url,
    pub(super) method: &'static str,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Bytes>,
    /// The document that started it; `None` where the user did.
    pub(super) initiator: Option<Origin>,
    /// That document's URL.
    pub(super) referrer: Option<Url>,
    /// Whether it is a form, submitted.
    pub(super) form: bool,
    /// The redirects it goes on from: those of the navigation that it repeats, where the browser keeps them.
    pub(super) redirects: Vec<Origin>,
    /// See [`Context::sandboxed_at`].
    pub(super) sandboxed_at: Option<Origin>,
    /// See [`Context::opaque_over_tls`].
    pub(super) from_opaque_over_tls: bool,
}

/// What a step did in the page.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) status: Option<u16>,
    pub(super) readable: Option<bool>,
    pub(super) body: Option<String>,
    pub(super) failed: Option<Failed>,
    /// Why an answer that came cannot be read.
    pub(super) cors: BTreeSet<Reason>,
    /// See [`Page::not_done`](crate::observe::Page).
    pub(super) not_done: Option<String>,
}

impl Document {
    /// The page of a new tab.
    pub(super) fn blank() -> Self {
        let url = Url::parse("about:blank").expect("a URL");
        let again = Navigation::visit(url.clone());
        let origin = Origin::opaque();
        Self { again, url, origin, warns: false, viewer: Viewer::Page, sandboxed: false }
    }

    /// What an answer to a navigation makes.
    pub(super) fn of(response: &Response, navigation: Navigation, viewer: Viewer) -> Self {
        let request = &response.request;
        let again = Navigation {
            url: request.url.clone(),
            method: if &*request.context.method == "POST" { "POST" } else { "GET" },
            headers: request.headers.clone(),
            body: request.body.clone(),
            // Where a redirect led is asked for again as any page is (measured 2026-11-25, Chromium 156.0.8078.108).
            form: navigation.form && request.context.redirects.is_empty(),
            ..navigation
        };
        let origin = match viewer {
            Viewer::Isolated | Viewer::Closed => Origin::opaque(),
            _ => request.context.url.origin.clone(),
        };
        Self { url: request.url.clone(), origin, again, warns: false, viewer, sandboxed: false }
    }

    /// The same in a sandbox that leaves it without an origin (HTML, sandboxed origin browsing context flag).
    pub(super) fn in_sandbox(self) -> Self {
        Self { origin: Origin::opaque(), sandboxed: true, ..self }
    }

    /// The origin of its address, where a sandbox leaves it without one of its own.
    pub(super) fn sandboxed_at(&self) -> Option<Origin> {
        told::location(&self.url).filter(|_| self.sandboxed).map(|location| location.origin)
    }

    /// Whether it is the browser's own page for what could not be loaded.
    pub(super) fn is_the_browsers_own(&self) -> bool {
        self.origin.is_opaque() && self.url.has_host() && !self.sandboxed
    }

    /// Whether it came over TLS, or would have, though its origin is opaque.
    pub(super) fn is_opaque_over_tls(&self) -> bool {
        self.origin.is_opaque() && self.url.scheme() == "https"
    }

    /// Whether to go there is to scroll: HTML, navigate, the step on fragments.
    pub(super) fn scrolls_to(&self, navigation: &Navigation) -> bool {
        let bare = |url: &Url| {
            let mut url = url.clone();
            url.set_fragment(None);
            url
        };
        navigation.url.fragment().is_some()
            && navigation.body.is_none()
            && !self.origin.is_opaque()
            && bare(&navigation.url) == bare(&self.url)
    }

    /// A navigation that this document starts.
    pub(super) fn navigation(&self, url: Url) -> Navigation {
        // What a viewer is told to open, the user opens.
        let initiator = (self.viewer != Viewer::Closed).then(|| self.origin.clone());
        let referrer = Some(self.url.clone()).filter(|_| !self.sandboxed);
        Navigation { initiator, referrer, sandboxed_at: self.sandboxed_at(), ..Navigation::visit(url) }
    }
}

impl Navigation {
    /// A URL typed into the address bar.
    pub(super) fn visit(url: Url) -> Self {
        Self {
            url,
            method: "GET",
            headers: Vec::new(),
            body: None,
            initiator: None,
            referrer: None,
            form: false,
            redirects: Vec::new(),
            sandboxed_at: None,
            from_opaque_over_tls: false,
        }
    }

    /// A form, submitted.
    pub(super) fn submitting(mut self, form: &Form) -> Self {
        self.form = true;
        let (url, body) = form.submission();
        self.url = url;
        if let Some(body) = body {
            self.method = "POST";
            self.headers.push(("content-type".to_owned(), URLENCODED.to_owned()));
            self.body = Some(body.into());
        }
        self
    }

    /// The request it makes at top level.
    pub(super) fn request(&self) -> Option<Request> {
        let mut context = Context::visit(told::location(&self.url)?);
        context.method = self.method.into();
        context.initiator = self.initiator.clone();
        context.redirects = self.redirects.clone();
        context.opaque_over_tls = self.from_opaque_over_tls;
        context.sandboxed_at.clone_from(&self.sandboxed_at);
        Some(Request {
            context,
            url: self.url.clone(),
            headers: self.headers.clone(),
            dropped: Vec::new(),
            body: self.body.clone(),
            referrer: self.referrer.clone(),
            form: self.form,
            xhr: false,
            only: None,
            redirect: Redirect::Follow,
        })
    }
}

impl UserAgent {
    /// A navigation that the document in which the step is taken starts.
    pub(super) fn navigation(&self, url: Url) -> Navigation {
        let from = self.here().unwrap_or(&self.page);
        Navigation { from_opaque_over_tls: self.stays_secure(from), ..from.navigation(url) }
    }

    /// See [`Context::opaque_over_tls`].
    pub(super) fn stays_secure(&self, from: &Document) -> bool {
        self.profile.navigation.error_pages_stay_secure && from.is_opaque_over_tls()
    }

    /// Does what a document's navigation does: in its own frame, or in the tab.
    pub(super) async fn go_from_here(&mut self, navigation: Navigation) -> Done {
        match self.inside {
            Some(frame) => self.go_in_frame(frame, navigation).await,
            None => self.go(navigation).await,
        }
    }

    /// Navigates the tab, or scrolls it where that is all.
    pub(super) async fn go(&mut self, navigation: Navigation) -> Done {
        if self.page.scrolls_to(&navigation) {
            self.page.url.set_fragment(navigation.url.fragment());
            self.page.again.url = self.page.url.clone();
            self.history.scroll(self.page.again.clone());
            return Done::default();
        }
        self.navigate(navigation, Entered::Next).await
    }

    /// Loads a document in the tab.
    pub(super) async fn navigate(&mut self, navigation: Navigation, entered: Entered) -> Done {
        if navigation.url.scheme() == "about" {
            return Done::default();
        }
        // HTML, navigate, the step on historyHandling. What is posted is never the same.
        let is_same = navigation.url == self.page.url && navigation.body.is_none();
        let entered = if entered == Entered::Next && is_same { Entered::InPlace } else { entered };
        let Some(request) = navigation.request() else {
            return self.show_error(navigation, Failed::no_host(), entered);
        };
        match self.fetch(request).await {
            Ok(response) => {
                let viewer = match self.shown(&response, true) {
                    // HTML, navigate: no content, no new document.
                    Shown::Nothing => return response.into(),
                    Shown::OwnPage => {
                        let page = Document::of(&response, navigation, Viewer::Page);
                        self.show(Document { origin: Origin::opaque(), ..page }, entered);
                        return response.into();
                    }
                    Shown::Document(viewer) => viewer,
                };
                let mut page = Document::of(&response, navigation, viewer);
                if self.profile.navigation.reloads_keep_redirects {
                    page.again.redirects.clone_from(&response.request.context.redirects);
                }
                let documents = vec![page.origin.clone()];
                self.show(page, entered);
                if viewer == Viewer::AsksAgain {
                    self.ask_again(documents.clone(), &response).await;
                }
                self.load(documents, &response).await;
                response.into()
            }
            Err(failed) => self.show_error(navigation, failed, entered),
        }
    }

    /// A window of its own for a navigation, which is closed when it is loaded.
    pub(super) async fn open_window(&mut self, navigation: Navigation) -> Done {
        let Some(request) = navigation.request() else { return Failed::no_host().into() };
        match self.fetch(request).await {
            Ok(response) => {
                if let Shown::Document(viewer) = self.shown(&response, true) {
                    let documents = vec![response.request.context.url.origin.clone()];
                    if viewer == Viewer::AsksAgain {
                        self.ask_again(documents.clone(), &response).await;
                    }
                    self.load(documents, &response).await;
                }
                response.into()
            }
            Err(failed) => failed.into(),
        }
    }

    /// The browser's own page for what could not be loaded: under the URL that failed, and of no origin.
    pub(super) fn show_error(&mut self, navigation: Navigation, failed: Failed, entered: Entered) -> Done {
        let url = failed.url.clone().unwrap_or_else(|| navigation.url.clone());
        let again = Navigation { url: url.clone(), ..navigation };
        let (origin, warns, viewer) = (Origin::opaque(), failed.warned, Viewer::Page);
        self.show(Document { url, origin, again, warns, viewer, sandboxed: false }, entered);
        self.history.note_failed(true);
        failed.into()
    }

    /// Shows a document in the tab.
    pub(super) fn show(&mut self, page: Document, entered: Entered) {
        self.history.load(page.again.clone(), entered);
        self.turn(page);
    }

    /// Puts a document in the place of the one shown.
    pub(super) fn turn(&mut self, page: Document) {
        self.forget_frames_in(None);
        self.jar.leave_siteless();
        self.jar.turn_page(&self.profile, &Names, &self.page.origin, &page.origin, self.now);
        if let Some(following) = &mut self.following {
            following.turn(&page.origin, &page.url);
        }
        self.page = page;
    }
}

impl From<Response> for Done {
    fn from(response: Response) -> Self {
        Self { status: Some(response.status), ..Self::default() }
    }
}

impl From<Failed> for Done {
    fn from(failed: Failed) -> Self {
        Self { status: failed.status, failed: Some(failed), ..Self::default() }
    }
}

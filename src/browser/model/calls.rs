//! What a page asks for beside documents: images, scripts, `fetch`, XMLHttpRequest and WebSockets.
//!
//! Each becomes a [`Request`] in the page's context; what comes of that is `fetch`'s.

use std::collections::BTreeSet;

use bytes::Bytes;
use url::Url;

use super::UserAgent;
use super::document::{Document, Done};
use super::fetch::{Failed, Response};
use super::request::Request;
use super::told;
use crate::plan::{self, Element, FetchOptions, Redirect};
use crate::rules::context::{Context, Credentials, Destination, Mode};
use crate::rules::cors;
use crate::rules::engine::{ThirdParty, Viewer};
use crate::rules::reason::Reason;
use crate::rules::site::{Location, Origin};
use crate::suffixes::Names;

/// What `fetch` and XMLHttpRequest have in common.
pub(super) struct Call<'a> {
    url: &'a Url,
    method: &'a str,
    credentials: Credentials,
    headers: &'a [(String, String)],
    body: Option<&'a str>,
    xhr: bool,
    options: FetchOptions,
}

impl<'a> Call<'a> {
    pub(super) fn of_fetch(call: &'a plan::Fetch) -> Self {
        let plan::Fetch { url, method, headers, body, credentials, options } = call;
        let (credentials, options) = (*credentials, *options);
        Self { url, method, credentials, headers, body: body.as_deref(), xhr: false, options }
    }

    /// XMLHttpRequest, send: without `withCredentials` the mode is same-origin.
    pub(super) fn of_xhr(call: &'a plan::Xhr) -> Self {
        let plan::Xhr { url, method, headers, body, .. } = call;
        let credentials = if call.with_credentials { Credentials::Include } else { Credentials::SameOrigin };
        let (body, options) = (body.as_deref(), FetchOptions::default());
        Self { url, method, credentials, headers, body, xhr: true, options }
    }
}

impl UserAgent {
    /// An image, a script or a beacon.
    pub(super) async fn embed(&mut self, url: &Url, destination: Destination, method: &'static str) -> Done {
        let context = |documents, location| Context::embed(documents, location, destination);
        let Some(mut request) = self.request(url, context) else { return self.not_asked().into() };
        request.context.method = method.into();
        let warned = self.here().is_some_and(|page| page.warns);
        if destination == Destination::Script && warned && self.profile.navigation.warnings_take_no_scripts {
            return Failed::new([], "the browser's own page of warning takes no script").into();
        }
        match self.fetch(request).await {
            Ok(response) => {
                if destination == Destination::Script {
                    self.doubt_script(&response);
                }
                response.into()
            }
            Err(failed) => failed.into(),
        }
    }

    /// An image or a script that is asked for by CORS.
    pub(super) async fn shared(&mut self, url: &Url, element: Element, with_credentials: bool) -> Done {
        let destination = if element == Element::Image { Destination::Image } else { Destination::Script };
        let (done, response) = self.by_cors(url, destination, with_credentials).await;
        if let Some(response) = response.filter(|_| destination == Destination::Script) {
            self.doubt_script(&response);
        }
        done
    }

    /// What a page asks for by CORS: HTML, section 2.5.5. The page may have it or not; what is in it is not looked at.
    pub(super) async fn by_cors(
        &mut self,
        url: &Url,
        destination: Destination,
        with_credentials: bool,
    ) -> (Done, Option<Response>) {
        let credentials = if with_credentials { Credentials::Include } else { Credentials::SameOrigin };
        let context =
            |documents, location| Context { destination, ..Context::fetch(documents, location, credentials) };
        let Some(request) = self.request(url, context) else {
            return (Done { readable: Some(false), ..self.not_asked().into() }, None);
        };
        let warned = self.here().is_some_and(|page| page.warns);
        if destination == Destination::Script && warned && self.profile.navigation.warnings_take_no_scripts {
            let failed = Failed::new([], "the browser's own page of warning takes no script");
            return (Done { readable: Some(false), ..failed.into() }, None);
        }
        match self.fetch(request).await {
            Ok(response) => {
                let done = Done { readable: Some(true), status: Some(response.status), ..Done::default() };
                (done, Some(response))
            }
            Err(failed) => (Done { readable: Some(false), ..failed.into() }, None),
        }
    }

    /// A WebSocket, closed once it is open.
    pub(super) async fn open_socket(&mut self, url: &Url) -> Done {
        let Some(request) = self.request(url, Context::web_socket) else {
            return self.not_asked().into();
        };
        match self.shake_hands(request).await {
            Ok(status) => Done { status: Some(status), ..Done::default() },
            Err(failed) => failed.into(),
        }
    }

    /// What `requestStorageAccess()` says: Storage Access API, section 3. `None` where that is the browser's
    /// own to decide, by what its user did before.
    ///
    /// Where a document is no secure context, or one around it is none, it is denied (measured 2026-11-28 in Chromium
    /// 156.0.8078.108 and Firefox 153.8.0esr; WebKit's driver cannot ask).
    pub(super) fn storage_access(&self) -> Option<&'static str> {
        let context = self.script()?;
        let is_insecure = |document: &Origin| !document.is_opaque() && !document.is_potentially_trustworthy();
        if context.documents.iter().any(is_insecure) {
            return Some("denied");
        }
        let rules = &self.profile;
        let is_free =
            rules.partitions.third_party == ThirdParty::Allowed || !context.is_third_party(rules, &Names);
        is_free.then_some("granted")
    }

    /// `fetch()` or XMLHttpRequest by the page.
    pub(super) async fn call(&mut self, call: Call<'_>) -> Done {
        let context = |documents, location| Context {
            mode: call.options.mode,
            ..Context::fetch(documents, location, call.credentials)
        };
        let Some(mut request) = self.request(call.url, context) else {
            return Done { readable: Some(false), ..self.not_asked().into() };
        };
        request.context.method = cors::normalize_method(call.method).into_owned().into();
        request.xhr = call.xhr;
        request.redirect = call.options.redirect;
        let goes = |name: &str, value: &str| match call.options.mode {
            // Headers, append: the guard is "request-no-cors".
            Mode::NoCors => {
                cors::is_simple_header(name) && cors::is_safelisted_header(name, value.as_bytes())
            }
            _ => !cors::is_forbidden_header(name),
        };
        request.headers = call.headers.iter().filter(|(name, value)| goes(name, value)).cloned().collect();
        if let Some(body) = call.body {
            if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                // Fetch, extract a body: what a string is sent as.
                request.headers.push(("content-type".to_owned(), "text/plain;charset=UTF-8".to_owned()));
            }
            request.body = Some(Bytes::from(body.to_owned()));
        }
        match self.fetch(request).await {
            Ok(response) => {
                let context = &response.request.context;
                if response.is_opaque_redirect || (context.mode == Mode::NoCors && context.is_cross_origin())
                {
                    return opaque(&response);
                }
                let body = String::from_utf8_lossy(&response.body);
                let body = body.strip_prefix('\u{feff}').unwrap_or(&body).to_owned();
                // Of who is followed the page tells.
                let body = Some(body).filter(|_| self.following.is_none());
                Done { readable: Some(true), body, ..response.into() }
            }
            Err(failed) => Done { readable: Some(false), ..failed.into() },
        }
    }

    /// Whether the page may load what is for this.
    pub(super) fn loads(&self, destination: Destination) -> bool {
        let Some(here) = self.here() else { return true };
        match here.viewer {
            Viewer::Isolated => destination == Destination::Image,
            Viewer::Closed => false,
            _ => !(self.profile.navigation.own_pages_load_nothing && here.is_the_browsers_own()),
        }
    }

    /// Why there is no request at all.
    pub(super) fn not_asked(&self) -> Failed {
        match self.here().is_some_and(Document::is_the_browsers_own) {
            false => Failed::no_host(),
            true => Failed::new([], "the browser's own page does not load it"),
        }
    }

    /// A request by the page.
    pub(super) fn request(
        &self,
        url: &Url,
        context: impl FnOnce(Vec<Origin>, Location) -> Context,
    ) -> Option<Request> {
        let documents = self.documents();
        let from = self.here()?;
        let mut url = url.clone();
        let location = told::location(&url)?;
        url.set_fragment(None);
        let mut context = context(documents, location);
        if !self.loads(context.destination) {
            return None;
        }
        context.opaque_over_tls = self.stays_secure(from);
        context.sandboxed_at = from.sandboxed_at();
        // Firefox's viewer of JSON loads images of its own origin alone (measured 2026-11-27, 153.8.0esr).
        let is_isolated = from.viewer == Viewer::Isolated;
        let only = told::location(&from.url).filter(|_| is_isolated).map(|location| location.origin);
        Some(Request {
            context,
            url,
            headers: Vec::new(),
            dropped: Vec::new(),
            body: None,
            // Referrer Policy, section 8.3, step 3: a document without an origin has none.
            referrer: Some(from.url.clone()).filter(|_| !from.sandboxed),
            form: false,
            xhr: false,
            only,
            redirect: Redirect::Follow,
        })
    }
}

/// What a script makes of an answer that it cannot read: an empty body, and no error.
fn opaque(response: &Response) -> Done {
    Done {
        status: Some(response.status),
        readable: Some(false),
        cors: BTreeSet::from([Reason::Opaque]),
        ..Done::default()
    }
}

//! What a browser is made to do. Plain data: what it takes in each engine stands in `browser`.

use std::time::Duration;

use url::Url;

use super::{Credentials, EventSource, Expect, FetchOptions, Sandboxed, Shared};
use crate::browser_name::BrowserName;
use crate::diagnostic::Span;

/// One thing a browser is made to do, and what is expected of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// Where the action stands in the scenario.
    pub span: Span,
    /// The frame it is done in, by the URL that an earlier step loaded into it; the last such frame where
    /// there are several. `None` is the page itself.
    pub inside: Option<Url>,
    /// What is expected in every browser that `on` does not say otherwise for.
    pub expect: Expect,
    /// What differs, in the order of the file.
    pub on: Vec<(BrowserName, Expect)>,
}

impl Step {
    /// Whether it claims, in any browser, what scripts of the page see: then they are to be asked.
    pub fn claims_document_cookie(&self) -> bool {
        let on = self.on.iter().map(|(_, on)| on);
        std::iter::once(&self.expect).chain(on).any(|expect| expect.document_cookie.is_some())
    }

    /// What is expected in this browser: `expect`, with what `on` says of it laid over, the closer
    /// name last; of two equally close the later in the file.
    ///
    /// What `on` says of the storing of a cookie takes the place of all that was said of its storing,
    /// stored or not; the same goes for sending. A single value takes the place of a single value.
    pub fn expected_in(&self, browser: BrowserName) -> Expect {
        let mut layers: Vec<(u8, &Expect)> =
            self.on.iter().filter_map(|(name, on)| Some((name.covers(browser)?, on))).collect();
        layers.sort_by_key(|(rank, _)| *rank);
        layers.into_iter().fold(self.expect.clone(), |expect, (_, on)| expect.overlaid_by(on))
    }
}

/// What a step does.
///
/// "The page" is the document in the tab, or in the frame that [`Step::inside`] names.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A URL typed into the address bar.
    Visit(Url),
    /// A link on the page, clicked.
    Link(Url),
    /// A form on the page, submitted; where the page is a frame's, in that frame.
    Form(Form),
    /// What this CSS selector finds first on the page, clicked.
    Click(String),
    /// Values typed into what these CSS selectors find first on the page, in the order of the file.
    Fill(Vec<(String, String)>),
    /// The tab's page, loaded again.
    Reload,
    /// One entry back in the tab's history.
    Back,
    /// An image added to the page.
    Image(Url),
    /// A classic script added to the page. What it holds need not be one.
    Script(Url),
    /// An image or a script added to the page, which is asked for by CORS.
    Shared(Shared),
    /// `new EventSource()` by the page, closed once it is open.
    EventSource(EventSource),
    /// A frame added to the page.
    Iframe(Url),
    /// The same, with a `sandbox`.
    Sandboxed(Sandboxed),
    /// `window.open()` by the page, as a user's doing: the window is loaded, and closed again.
    Popup(Url),
    /// `navigator.sendBeacon()` by the page, without data.
    Beacon(Url),
    /// `new WebSocket()` by the page, closed once it is open. The URL is that of the handshake, a GET
    /// request: its scheme is `http` for `ws` and `https` for `wss` (RFC 6455, section 4.1).
    WebSocket(Url),
    /// `fetch()` by the page.
    Fetch(Fetch),
    /// `XMLHttpRequest` by the page.
    Xhr(Xhr),
    /// `document.cookie` of the page: written first where there is something to write, then read.
    DocumentCookie {
        /// What is assigned, if anything.
        write: Option<String>,
    },
    /// `document.requestStorageAccess()` by the page, as a user's doing. The step's body is `granted` or
    /// `denied`.
    StorageAccess,
    /// A script run in the page: an expression, or the body of an asynchronous function. Its value, or what it
    /// returns, is awaited, and is the step's body. One that throws or does not parse fails the step.
    Eval(String),
    /// The user clears what sites have stored: cookies, storage and caches. The page stays.
    Clear,
    /// The browser, closed and started again with its profile: session cookies are gone, and no page is open.
    Restart,
    /// A request for this URL, by whatever method and whoever makes it, waited for until it has been answered. One
    /// that came in the step before counts. A URL without a query stands for any query.
    Wait(Url),
    /// Time passes for cookies, and for the world.
    Advance(Duration),
}

impl Action {
    /// The key that scenario files and reports name the action by.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Visit(_) => "visit",
            Self::Link(_) => "link",
            Self::Form(_) => "form",
            Self::Click(_) => "click",
            Self::Fill(_) => "fill",
            Self::Reload => "reload",
            Self::Back => "back",
            Self::Image(_) => "image",
            Self::Script(_) => "script",
            Self::Shared(shared) => shared.element.key(),
            Self::EventSource(_) => "eventsource",
            Self::Iframe(_) | Self::Sandboxed(_) => "iframe",
            Self::Popup(_) => "popup",
            Self::Beacon(_) => "beacon",
            Self::WebSocket(_) => "websocket",
            Self::Fetch(_) => "fetch",
            Self::Xhr(_) => "xhr",
            Self::DocumentCookie { .. } => "document_cookie",
            Self::StorageAccess => "storage_access",
            Self::Eval(_) => "eval",
            Self::Clear => "clear",
            Self::Restart => "restart",
            Self::Advance(_) => "advance",
            Self::Wait(_) => "wait",
        }
    }

    /// Whether a call, an element or a stream of the page is asked for by CORS with credentials; `None` for what is not
    /// asked for by CORS, or by a `fetch`, which has a credentials mode.
    pub fn with_credentials(&self) -> Option<bool> {
        match self {
            Self::Xhr(xhr) => Some(xhr.with_credentials),
            Self::Shared(shared) => Some(shared.with_credentials),
            Self::EventSource(source) => Some(source.with_credentials),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn with_credentials_mut(&mut self) -> Option<&mut bool> {
        match self {
            Self::Xhr(xhr) => Some(&mut xhr.with_credentials),
            Self::Shared(shared) => Some(&mut shared.with_credentials),
            Self::EventSource(source) => Some(&mut source.with_credentials),
            _ => None,
        }
    }

    /// The method and URL of the one request the step is about, where it is about one.
    pub fn target(&self) -> Option<(&str, &Url)> {
        match self {
            Self::Beacon(url) => Some(("POST", url)),
            Self::Form(form) => Some((&form.method, &form.url)),
            Self::Fetch(fetch) => Some((&fetch.method, &fetch.url)),
            Self::Xhr(xhr) => Some((&xhr.method, &xhr.url)),
            Self::Shared(shared) => Some(("GET", &shared.url)),
            Self::Sandboxed(frame) => Some(("GET", &frame.url)),
            Self::EventSource(source) => Some(("GET", &source.url)),
            Self::Visit(url)
            | Self::Link(url)
            | Self::Image(url)
            | Self::Script(url)
            | Self::Iframe(url)
            | Self::Popup(url)
            | Self::WebSocket(url) => Some(("GET", url)),
            _ => None,
        }
    }

    /// The URL that the action names, to be changed.
    pub fn url_mut(&mut self) -> Option<&mut Url> {
        match self {
            Self::Visit(url)
            | Self::Link(url)
            | Self::Image(url)
            | Self::Script(url)
            | Self::Iframe(url)
            | Self::Popup(url)
            | Self::Beacon(url)
            | Self::WebSocket(url)
            | Self::Wait(url) => Some(url),
            Self::Form(form) => Some(&mut form.url),
            Self::Fetch(fetch) => Some(&mut fetch.url),
            Self::Xhr(xhr) => Some(&mut xhr.url),
            Self::Shared(shared) => Some(&mut shared.url),
            Self::Sandboxed(frame) => Some(&mut frame.url),
            Self::EventSource(source) => Some(&mut source.url),
            _ => None,
        }
    }
}

/// A form submission.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// Where it is submitted to.
    pub url: Url,
    /// `GET` or `POST`.
    pub method: String,
    /// Name and value of each field, in the order of the file.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The URL that is asked for, and the body: the fields are in the one or the other (HTML, form
    /// submission, the steps to mutate the action URL and to submit as entity body).
    pub fn submission(&self) -> (Url, Option<String>) {
        // Every newline is CR and LF.
        let newlines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
        let mut entries = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.fields {
            entries.append_pair(&newlines(name), &newlines(value));
        }
        let (entries, mut url) = (entries.finish(), self.url.clone());
        if self.method == "POST" {
            return (url, Some(entries));
        }
        url.set_query(Some(&entries));
        (url, None)
    }
}

/// A call of `fetch()`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetch {
    /// The URL fetched.
    pub url: Url,
    /// The method, as it stands in the request: `fetch` makes `post` upper case, and leaves `patch` as it is.
    pub method: String,
    /// The credentials mode.
    pub credentials: Credentials,
    /// Header fields of the call; a JSON body adds its Content-Type unless there is one.
    pub headers: Vec<(String, String)>,
    /// The body, if any.
    pub body: Option<String>,
    /// How else it is asked for.
    pub options: FetchOptions,
}

/// A request made with `XMLHttpRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct Xhr {
    /// The URL requested.
    pub url: Url,
    /// The method, as it stands in the request.
    pub method: String,
    /// `withCredentials`.
    pub with_credentials: bool,
    /// Header fields set; a JSON body adds its Content-Type unless there is one.
    pub headers: Vec<(String, String)>,
    /// The body, if any.
    pub body: Option<String>,
}

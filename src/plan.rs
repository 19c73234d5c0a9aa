//! A scenario with everything resolved: what the world, the browsers and the verdict work from.
//!
//! Names have become origins, defaults are filled in, and every URL is whole; nothing later asks
//! "was it written?". A plan is plain data. It never reads a file, opens a socket or knows how a
//! scenario is spelt; where a later message has to point at the scenario, it carries the span.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub mod edge;
pub mod embed;
pub mod framework;
pub mod options;
pub mod placeholder;
pub mod proxy;
pub mod trust;
pub mod upstream;

use url::Url;

use crate::browser_name::BrowserName;
use crate::diagnostic::{Source, Span};
pub use crate::rules::context::Credentials;
pub use crate::rules::cookie::SameSite;
use crate::rules::reason::Reason;
use edge::Edge;
pub use embed::{Element, EventSource, Sandboxed, Shared};
use framework::BackEnd;
pub use options::{Cache, FetchOptions, Redirect};
use proxy::Proxy;
use upstream::Upstream;

/// One scenario, resolved.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The file the scenario was read from, for messages that point into it.
    pub source: Arc<Source>,
    /// What the scenario shows, in the words of its author.
    pub title: String,
    /// The ids of the claims it covers.
    pub covers: Vec<String>,
    /// Words to choose it by: `run --tag`.
    pub tags: Vec<String>,
    /// The names that exist beside those of the origins, which always exist.
    pub records: Vec<Record>,
    /// The origins of the world, in the order of the file. No two share scheme, host and port.
    pub origins: Vec<Origin>,
    /// What a browser is made to do, in order. Never empty.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Whether the browser is started again in it: then it needs a browser of its own, with a profile.
    pub fn needs_restart(&self) -> bool {
        self.steps.iter().any(|step| step.action == Action::Restart)
    }

    /// Whether a real server answers at one of its origins: it must be asked once and never for a prediction, for
    /// it remembers what it was asked.
    pub fn has_real_server(&self) -> bool {
        self.origins.iter().any(|origin| origin.upstream().is_some())
    }
}

/// One DNS record declared beside the origins' own addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Lower-case ASCII, without a final dot; may begin with `*.`.
    pub name: String,
    /// What the name answers with.
    pub data: RecordData,
}

/// What a declared name answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    /// An alias of another name, lower-case ASCII without a final dot.
    Cname(String),
    /// A loopback address, for A or AAAA by its family.
    Address(IpAddr),
}

/// One origin of the world: scheme, host, port, and what answers there.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The scenario's own name for it, as in `api:/path`.
    pub name: String,
    /// The origin as a URL: scheme, host and port, path `/`. Scheme is `http` or `https`.
    pub url: Url,
    /// The certificate it shows; meaningless for `http`.
    pub certificate: Certificate,
    /// What answers the requests.
    pub service: Service,
    /// The CORS settings a server would have. `None` sends no CORS header at all.
    pub cors: Option<Cors>,
    /// What stands before whatever answers. `None` is nothing, and before a real server the plain one.
    pub edge: Option<Edge>,
}

impl Origin {
    /// The real server behind it, where there is one.
    pub fn upstream(&self) -> Option<&Upstream> {
        self.service.upstream()
    }

    /// The host as URLs spell it: a lower-case ASCII name, or an address (IPv6 in brackets).
    pub fn host(&self) -> &str {
        self.url.host_str().expect("an origin's URL always has a host")
    }

    /// The port, the scheme's default filled in.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().expect("http and https have default ports")
    }

    /// Whether the origin is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

/// The certificate an `https` origin shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// Signed by the world's CA, for this name, in date.
    #[default]
    Good,
    /// Signed by the world's CA, for this name, out of date.
    Expired,
    /// Signed by the world's CA, for another name.
    WrongHost,
    /// Signed by nobody but itself.
    SelfSigned,
}

/// What answers at an origin.
#[derive(Clone, Debug)]
pub enum Service {
    /// The built-in page, at every path.
    Page,
    /// Declared routes; any other path is a 404 that the report names.
    Routes(Vec<Route>),
    /// A framework's back end with declared routes.
    BackEnd(Box<BackEnd>),
    /// A reverse proxy, which passes requests on to other origins.
    Proxy(Box<Proxy>),
    /// A real server, which is asked whatever the origin is asked.
    Upstream(Box<Upstream>),
}

impl Service {
    /// The real server.
    pub fn upstream(&self) -> Option<&Upstream> {
        match self {
            Self::Upstream(upstream) => Some(upstream),
            Self::Page | Self::Routes(_) | Self::BackEnd(_) | Self::Proxy(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn upstream_mut(&mut self) -> Option<&mut Upstream> {
        match self {
            Self::Upstream(upstream) => Some(upstream),
            Self::Page | Self::Routes(_) | Self::BackEnd(_) | Self::Proxy(_) => None,
        }
    }

    /// The declared routes; the built-in page has none, nor has a proxy or a real server.
    pub fn routes(&self) -> &[Route] {
        match self {
            Self::Page | Self::Proxy(_) | Self::Upstream(_) => &[],
            Self::Routes(routes) => routes,
            Self::BackEnd(back_end) => &back_end.routes,
        }
    }

    /// The same, to be changed.
    pub fn routes_mut(&mut self) -> &mut [Route] {
        match self {
            Self::Page | Self::Proxy(_) | Self::Upstream(_) => &mut [],
            Self::Routes(routes) => routes,
            Self::BackEnd(back_end) => &mut back_end.routes,
        }
    }

    /// The name of the framework whose settings answer here.
    pub fn framework(&self) -> Option<&'static str> {
        match self {
            Self::BackEnd(back_end) => Some(back_end.framework.name()),
            Self::Page | Self::Routes(_) | Self::Proxy(_) | Self::Upstream(_) => None,
        }
    }
}

/// One declared route of a mock origin.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method, upper case. A `GET` route answers `HEAD` as well.
    pub method: String,
    /// The path, beginning with `/`; the query of a request is ignored. A final `*` matches any rest; of
    /// the paths that fit, the most specific one answers.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// Header fields besides Set-Cookie and Content-Type, in the order of the file.
    pub headers: Vec<(String, String)>,
    /// Set-Cookie lines, sent as they stand, one header field each.
    pub set_cookie: Vec<String>,
    /// The body, and with it the Content-Type (a `headers` entry of that name overrides it).
    pub body: Body,
    /// A cookie without which the answer is another.
    pub require_cookie: Option<RequiredCookie>,
    /// A header field without which the answer is another.
    pub require_header: Option<RequiredHeader>,
    /// A token that the route signs: it stands where Set-Cookie lines and body say `{jwt}`.
    pub sign_jwt: Option<SignJwt>,
    /// Without a good token the answer is an empty 401.
    pub require_jwt: Option<RequireJwt>,
}

impl Route {
    /// The cookie without which the answer is a 401.
    pub fn required_cookie(&self) -> Option<&str> {
        let jwt = self.require_jwt.as_ref().and_then(|jwt| jwt.cookie.as_deref().filter(|_| !jwt.bearer));
        self.require_cookie.as_ref().map(|required| required.name.as_str()).or(jwt)
    }

    /// The names by which it asks for cookies, to be changed.
    pub fn required_cookies_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let jwt = self.require_jwt.as_mut().and_then(|jwt| jwt.cookie.as_mut());
        let header = self.require_header.as_mut().and_then(|required| match &mut required.value {
            WantedValue::Cookie(name) => Some(name),
            WantedValue::Any | WantedValue::Text(_) => None,
        });
        let cookie = self.require_cookie.as_mut().map(|required| &mut required.name);
        cookie.into_iter().chain(jwt).chain(header)
    }

    /// The Set-Cookie lines of each of its answers: of its own, and of those it gives without a cookie or a header.
    pub fn line_lists(&self) -> impl Iterator<Item = &Vec<String>> {
        let cookie = self.require_cookie.as_ref().and_then(|required| required.otherwise.as_deref());
        let header = self.require_header.as_ref().and_then(|required| required.otherwise.as_deref());
        let otherwise = cookie.into_iter().chain(header);
        std::iter::once(&self.set_cookie).chain(otherwise.map(|otherwise| &otherwise.set_cookie))
    }

    /// The same, to be changed.
    pub fn line_lists_mut(&mut self) -> impl Iterator<Item = &mut Vec<String>> {
        let cookie = self.require_cookie.as_mut().and_then(|required| required.otherwise.as_deref_mut());
        let header = self.require_header.as_mut().and_then(|required| required.otherwise.as_deref_mut());
        let otherwise = cookie.into_iter().chain(header);
        std::iter::once(&mut self.set_cookie).chain(otherwise.map(|otherwise| &mut otherwise.set_cookie))
    }

    /// Every Set-Cookie line of [`Route::line_lists`].
    pub fn lines(&self) -> impl Iterator<Item = &String> {
        self.line_lists().flatten()
    }
}

/// A cookie that a route asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct RequiredCookie {
    /// Its name.
    pub name: String,
    /// What is answered without it; `None` is an empty 401.
    pub otherwise: Option<Box<Otherwise>>,
}

impl From<&str> for RequiredCookie {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), otherwise: None }
    }
}

/// A header field that a route asks for, as servers do against forged requests: no form of another site can send one.
#[derive(Clone, Debug, PartialEq)]
pub struct RequiredHeader {
    /// Its name, lower case.
    pub name: String,
    /// A field of a form (`application/x-www-form-urlencoded`) that does in its place.
    pub field: Option<String>,
    /// What its value has to be.
    pub value: WantedValue,
    /// What is answered without it; `None` is an empty 403.
    pub otherwise: Option<Box<Otherwise>>,
}

/// What the value of a header field has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedValue {
    /// Anything: that it is there is enough.
    Any,
    /// This text.
    Text(String),
    /// The value of this cookie of the same request, as it came or percent-decoded: a double submit.
    Cookie(String),
}

/// What a route answers to a request without the cookie, or the header, that it asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Otherwise {
    /// The status.
    pub status: u16,
    /// Header fields besides Set-Cookie and Content-Type.
    pub headers: Vec<(String, String)>,
    /// Set-Cookie lines, sent as they stand.
    pub set_cookie: Vec<String>,
    /// The body.
    pub body: Body,
}

/// What stands for the token that a route signs.
pub const JWT: &str = "{jwt}";

/// A JSON Web Token (RFC 7519) that a route signs with HS256.
#[derive(Clone, Debug, PartialEq)]
pub struct SignJwt {
    /// The key.
    pub key: String,
    /// The claims, beside `iat` and `exp`.
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// How long it is good, by the clock of the world; `None` is for ever.
    pub expires: Option<Duration>,
}

/// A JSON Web Token that a route requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequireJwt {
    /// The key that has to have signed it, with HS256.
    pub key: String,
    /// The cookie it may come in.
    pub cookie: Option<String>,
    /// Whether it may come as `Authorization: Bearer` (RFC 6750, section 2.1).
    pub bearer: bool,
    /// Whether the cookie is believed where both came; the other is then not looked at.
    pub prefers_cookie: bool,
}

/// The body of a route's answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// No body.
    #[default]
    Empty,
    /// `application/json`.
    Json(serde_json::Value),
    /// `text/plain; charset=utf-8`.
    Text(String),
    /// `text/html; charset=utf-8`.
    Html(String),
    /// No body and a `Location` of this value; the status is 302 unless the route has another.
    Redirect(String),
    /// A WebSocket: the handshake is accepted (RFC 6455, section 4.2.2; the status is 101), and the
    /// connection closed after it. What is no handshake is answered 426.
    WebSocket,
}

/// CORS settings, as a server's middleware would have them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// The origins that are let in, each as a browser writes its `Origin` header; `*` alone means any,
    /// and is answered with `*`.
    pub allow_origins: Vec<String>,
    /// Whether `Access-Control-Allow-Credentials: true` is sent.
    pub allow_credentials: bool,
    /// `Access-Control-Allow-Headers` of a preflight; empty sends none.
    pub allow_headers: Vec<String>,
    /// `Access-Control-Allow-Methods` of a preflight.
    pub allow_methods: Vec<String>,
    /// `Access-Control-Expose-Headers`; empty sends none.
    pub expose_headers: Vec<String>,
    /// `Access-Control-Max-Age` of a preflight, in seconds.
    pub max_age: Option<u32>,
}

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

/// A value and where the scenario states it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim<T> {
    /// What is claimed.
    pub value: T,
    /// Where it is claimed: what a failure points at.
    pub span: Span,
}

/// A header field's lower-case name and its value; `None` is that there is no such field.
pub type HeaderClaim = (String, Option<String>);

/// What is expected of one step. What is absent is not asserted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// Method and URL of every request of the step as it arrived, in order, preflights included.
    pub requests: Option<Claim<Vec<(String, Url)>>>,
    /// Header fields that one and the same request of the step had or had not, preflights aside.
    pub request_headers: Option<Claim<Vec<HeaderClaim>>>,
    /// The status the step's own request was answered with on the wire, after redirects.
    pub status: Option<Claim<u16>>,
    /// Cookies the jar holds after the step; where a line of the step sets the name, the last one was taken.
    pub stored: Vec<Claim<Stored>>,
    /// Cookies that the jar does not hold. With a reason: whose last line in the step was refused for it, whatever
    /// the jar held before.
    pub not_stored: Vec<Claim<Absent>>,
    /// Cookies that went with at least one request of the step.
    pub sent: Vec<Claim<Sent>>,
    /// Cookies that went with no request of the step.
    pub not_sent: Vec<Claim<Absent>>,
    /// Names of cookies that scripts of the page see after the step: exactly these.
    pub document_cookie: Option<Claim<Vec<String>>>,
    /// Whether the page may read the answer.
    pub cors: Option<Claim<Readable>>,
    /// The address bar after the step: a whole URL.
    pub url: Option<Claim<Url>>,
    /// What the page could read, as JSON. An expected object may leave keys of the actual one out.
    pub json: Option<Claim<serde_json::Value>>,
}

impl Expect {
    /// Whether nothing is claimed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These claims, where `on` does not say otherwise.
    fn overlaid_by(mut self, on: &Self) -> Self {
        let stored = on.stored.iter().map(|claim| &claim.value.name);
        let storing: Vec<_> = stored.chain(on.not_stored.iter().map(|claim| &claim.value.name)).collect();
        self.stored.retain(|claim| !storing.contains(&&claim.value.name));
        self.not_stored.retain(|claim| !storing.contains(&&claim.value.name));
        self.stored.extend_from_slice(&on.stored);
        self.not_stored.extend_from_slice(&on.not_stored);

        let sent = on.sent.iter().map(|claim| &claim.value.name);
        let sending: Vec<_> = sent.chain(on.not_sent.iter().map(|claim| &claim.value.name)).collect();
        self.sent.retain(|claim| !sending.contains(&&claim.value.name));
        self.not_sent.retain(|claim| !sending.contains(&&claim.value.name));
        self.sent.extend_from_slice(&on.sent);
        self.not_sent.extend_from_slice(&on.not_sent);

        Self {
            requests: on.requests.clone().or(self.requests),
            request_headers: on.request_headers.clone().or(self.request_headers),
            status: on.status.clone().or(self.status),
            document_cookie: on.document_cookie.clone().or(self.document_cookie),
            cors: on.cors.clone().or(self.cors),
            url: on.url.clone().or(self.url),
            json: on.json.clone().or(self.json),
            ..self
        }
    }
}

/// A cookie expected in the jar, with the attributes that matter. `None` is not asserted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The cookie's name.
    pub name: String,
    /// How many cookies of this name the jar holds.
    pub count: Option<usize>,
    /// Its value.
    pub value: Option<String>,
    /// The domain it belongs to, without a leading dot.
    pub domain: Option<String>,
    /// Whether it goes to exactly that host.
    pub host_only: Option<bool>,
    /// Its path.
    pub path: Option<String>,
    /// Whether it is Secure.
    pub secure: Option<bool>,
    /// Whether it is HttpOnly.
    pub http_only: Option<bool>,
    /// Its SameSite.
    pub same_site: Option<SameSite>,
    /// Whether it ends with the session (has no expiry).
    pub session: Option<bool>,
    /// Whether it is kept in a partition.
    pub partitioned: Option<bool>,
    /// The top-level site of its partition, as `https://site`.
    pub partition: Option<String>,
}

/// A cookie expected not to be stored, or not to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absent {
    /// The cookie's name.
    pub name: String,
    /// The reasons that must be among those given; empty asserts no reason.
    pub reasons: Vec<Reason>,
}

/// A cookie expected to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The cookie's name.
    pub name: String,
    /// Its value, where that matters.
    pub value: Option<String>,
    /// The values of all cookies of this name in one request, in their order, where that matters.
    pub values: Option<Vec<String>>,
}

/// Whether a page may read an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readable {
    /// It may.
    Yes,
    /// It may not, and this is among the reasons.
    No(Reason),
}

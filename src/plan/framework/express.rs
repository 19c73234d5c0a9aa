//! Express with `cors`, `cookie-parser` and a session.
//!
//! Fields are named by the options; defaults are filled in by whoever reads a scenario.

use super::cookie::ExpressCookie;

/// An Express application: `cors`, `cookie-parser`, then a session, in this order.
#[derive(Clone, Debug, Default)]
pub struct Express {
    /// How paths find routes.
    pub routing: Routing,
    /// `trust proxy`.
    pub trust_proxy: TrustProxy,
    /// Options of `cors`.
    pub cors: Option<ExpressCors>,
    /// The secret of `cookie-parser`.
    pub cookie_secret: Option<String>,
    /// The session.
    pub session: Option<ExpressSession>,
}

/// How paths of requests find routes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    /// `strict routing`: a final slash counts.
    pub strict: bool,
    /// `case sensitive routing`.
    pub case_sensitive: bool,
}

/// What `trust proxy` means for a request that comes from this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustProxy {
    /// `false` or 0: nobody is trusted.
    #[default]
    Nobody,
    /// `true`, a number of hops, or a list with `loopback`: the proxy in front is.
    Nearest,
}

/// Options of `cors`.
#[derive(Clone, Debug)]
pub struct ExpressCors {
    /// `origin`.
    pub origin: CorsOrigin,
    /// `methods`, joined by commas.
    pub methods: String,
    /// `allowedHeaders`, joined by commas; without it what is asked for is allowed.
    pub allowed_headers: Option<String>,
    /// `exposedHeaders`, joined by commas.
    pub exposed_headers: Option<String>,
    /// `credentials`.
    pub credentials: bool,
    /// `maxAge`, in seconds.
    pub max_age: Option<i64>,
    /// `preflightContinue`.
    pub preflight_continue: bool,
    /// `optionsSuccessStatus`.
    pub options_success_status: u16,
}

/// What `origin` can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsOrigin {
    /// `'*'`, or nothing said.
    Any,
    /// A string, sent to whoever asks.
    Fixed(String),
    /// `true`: whoever asks.
    Reflect,
    /// `false`: no CORS.
    Off,
    /// A list, or a regular expression.
    Listed(Vec<OriginMatch>),
}

/// One of a list of origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginMatch {
    /// This one.
    Exact(String),
    /// `/…/`: those in which this is found.
    Regex(String),
}

/// A session of Express.
#[derive(Clone, Debug)]
pub enum ExpressSession {
    /// `express-session`: an id in a signed cookie.
    Stored(StoredSession),
    /// `cookie-session`: the session itself in a cookie.
    InCookie(CookieSession),
}

/// Options of `express-session`.
#[derive(Clone, Debug)]
pub struct StoredSession {
    /// `name`.
    pub name: String,
    /// `secret`: the first signs.
    pub secrets: Vec<String>,
    /// `saveUninitialized`.
    pub save_uninitialized: bool,
    /// `resave`: of no effect on headers.
    pub resave: bool,
    /// `rolling`.
    pub rolling: bool,
    /// `proxy`; where it is not said, Express's `trust proxy` decides.
    pub proxy: Option<bool>,
    /// `cookie`.
    pub cookie: ExpressCookie,
}

/// Options of `cookie-session`.
#[derive(Clone, Debug)]
pub struct CookieSession {
    /// `keys`, or `secret`: the first signs. Empty where `signed` is false.
    pub keys: Vec<String>,
    /// The cookie's options: its name (`name`) among them.
    pub cookie: ExpressCookie,
}

//! The middleware of Starlette and FastAPI.
//!
//! Fields are named by the parameters; defaults are filled in by whoever reads a scenario.

/// The middleware of a Starlette (or FastAPI) application; `CORSMiddleware` is the outer one.
#[derive(Clone, Debug, Default)]
pub struct Starlette {
    /// `CORSMiddleware`.
    pub cors: Option<StarletteCors>,
    /// `SessionMiddleware`.
    pub session: Option<StarletteSession>,
    /// `redirect_slashes` of the router.
    pub redirect_slashes: bool,
    /// Whether uvicorn believes `X-Forwarded-Proto` of the proxy in front: its `--forwarded-allow-ips` has 127.0.0.1 by
    /// itself.
    pub trusts_forwarded: bool,
}

/// Parameters of `CORSMiddleware`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StarletteCors {
    /// `allow_origins`.
    pub allow_origins: Vec<String>,
    /// `allow_origin_regex`.
    pub allow_origin_regex: Option<String>,
    /// `allow_methods`.
    pub allow_methods: Vec<String>,
    /// `allow_headers`.
    pub allow_headers: Vec<String>,
    /// `allow_credentials`.
    pub allow_credentials: bool,
    /// `allow_private_network`.
    pub allow_private_network: bool,
    /// `expose_headers`.
    pub expose_headers: Vec<String>,
    /// `max_age`, in seconds.
    pub max_age: i64,
}

/// Parameters of `SessionMiddleware`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StarletteSession {
    /// `secret_key`.
    pub secret_key: String,
    /// `session_cookie`.
    pub session_cookie: String,
    /// `max_age`, in seconds; `None` ends with the browser's session.
    pub max_age: Option<i64>,
    /// `path`.
    pub path: String,
    /// `same_site`.
    pub same_site: String,
    /// `https_only`.
    pub https_only: bool,
    /// `domain`.
    pub domain: Option<String>,
    /// `partitioned`.
    pub partitioned: bool,
}

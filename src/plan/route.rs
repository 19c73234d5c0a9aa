//! What a mock origin answers: its routes, what they ask for, and its CORS settings. Plain data.

use std::time::Duration;

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

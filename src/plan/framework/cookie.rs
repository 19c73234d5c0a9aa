//! The arguments of the calls that set a cookie, as Python and JavaScript have them.
//!
//! Spellings are kept: what is sent of them is decided in `world::framework`.

/// The arguments of `set_cookie`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PythonCookie {
    /// `key`.
    pub key: String,
    /// `value`.
    pub value: String,
    /// `max_age`, in seconds.
    pub max_age: Option<i64>,
    /// `expires`.
    pub expires: Option<Expires>,
    /// `path`; `None` sends none.
    pub path: Option<String>,
    /// `domain`.
    pub domain: Option<String>,
    /// `secure`.
    pub secure: bool,
    /// `httponly`.
    pub httponly: bool,
    /// `samesite`, spelt as it is sent; `None` sends none.
    pub samesite: Option<String>,
}

/// When a cookie ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Expires {
    /// A text, sent as it stands.
    At(String),
    /// Seconds from now (Starlette).
    In(i64),
}

/// Options of `res.cookie`, of `express-session`'s `cookie` and of `cookie-session`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpressCookie {
    /// The name.
    pub name: String,
    /// The value before it is signed and encoded; anything but a string is `j:` and its JSON.
    pub value: String,
    /// `domain`.
    pub domain: Option<String>,
    /// `path`.
    pub path: Option<String>,
    /// `maxAge`, in milliseconds.
    pub max_age: Option<i64>,
    /// `expires`: seconds since 1970.
    pub expires: Option<i64>,
    /// `httpOnly`, where it is said.
    pub http_only: Option<bool>,
    /// `secure`, where it is said.
    pub secure: Option<Secure>,
    /// `sameSite`.
    pub same_site: Option<JsSameSite>,
    /// `partitioned`.
    pub partitioned: bool,
    /// `priority`: `low`, `medium` or `high`.
    pub priority: Option<String>,
    /// `signed`, where it is said.
    pub signed: Option<bool>,
}

/// What `secure` can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secure {
    /// `true` or `false`.
    Is(bool),
    /// `'auto'` (express-session): as the request is.
    Auto,
}

/// What `sameSite` can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsSameSite {
    /// `true` or `'strict'`.
    Strict,
    /// `'lax'`.
    Lax,
    /// `'none'`.
    None,
    /// `'auto'` (express-session): `none` on a secure request, else `lax`.
    Auto,
}

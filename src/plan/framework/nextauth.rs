//! NextAuth's options.
//!
//! Fields are named by the options; defaults are filled in by whoever reads a scenario.

use url::Url;

use super::cookie::ExpressCookie;

/// NextAuth with one provider, `credentials`, which lets anybody in, and sessions as encrypted tokens.
#[derive(Clone, Debug)]
pub struct NextAuth {
    /// `secret`.
    pub secret: String,
    /// `NEXTAUTH_URL`: what it takes its own address for, whatever that is.
    pub url: Url,
    /// `session.maxAge`, in seconds.
    pub max_age: i64,
    /// `cookies.sessionToken`. By default `__Secure-next-auth.session-token`; the prefix of this and the others
    /// is there where `useSecureCookies` is or, where that is not said, where `NEXTAUTH_URL` is https.
    pub session_token: ExpressCookie,
    /// `cookies.csrfToken`. By default `__Host-next-auth.csrf-token`.
    pub csrf_token: ExpressCookie,
    /// `cookies.callbackUrl`. By default `__Secure-next-auth.callback-url`.
    pub callback_url: ExpressCookie,
}

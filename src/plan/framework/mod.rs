//! The settings of frameworks' back ends, in the frameworks' own words.
//!
//! Each struct is one framework's (or package's) settings with its defaults filled in; the doc comment
//! of a field names the setting. Spellings are kept where the framework sends what was written. What
//! the settings make a server do stands in `world::framework`, never here.
//!
//! Versions: Django 5.2, djangorestframework-simplejwt 5.5, django-cors-headers 4.9, Starlette 1.10 (as
//! in FastAPI 0.165), Express 5, cors 2.8, express-session 1.19, cookie-session 2.1, NextAuth 4.24. What
//! they answer is recorded in `tests/frameworks`.

mod cookie;
mod django;
mod express;
mod nextauth;
mod starlette;

pub use self::cookie::{Expires, ExpressCookie, JsSameSite, PythonCookie, Secure};
pub use self::django::{
    Django, DjangoCors, DjangoCsrf, DjangoSecurity, DjangoSession, Middleware, OwnMiddleware, SimpleJwt,
};
pub use self::express::{
    CookieSession, CorsOrigin, Express, ExpressCors, ExpressSession, OriginMatch, Routing, StoredSession,
    TrustProxy,
};
pub use self::nextauth::NextAuth;
pub use self::starlette::{Starlette, StarletteCors, StarletteSession};
use super::Route;

/// A framework's back end: its settings, and what is asked of it.
#[derive(Clone, Debug)]
pub struct BackEnd {
    /// The framework.
    pub framework: Framework,
    /// The routes, as those of any mock.
    pub routes: Vec<Route>,
    /// What the framework does at each route; as many as routes, in the same order.
    pub views: Vec<View>,
}

/// A framework and its settings.
#[derive(Clone, Debug)]
pub enum Framework {
    /// Django, with django-cors-headers and SimpleJWT.
    Django(Box<Django>),
    /// Starlette, and so FastAPI.
    Starlette(Box<Starlette>),
    /// Express, with `cors`, `express-session` and `cookie-session`.
    Express(Box<Express>),
    /// NextAuth, at `/api/auth/`.
    NextAuth(Box<NextAuth>),
}

impl Framework {
    /// The name its people know it by.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Django(_) => "Django",
            Self::Starlette(_) => "Starlette",
            Self::Express(_) => "Express",
            Self::NextAuth(_) => "NextAuth",
        }
    }
}

/// What a framework does at a route, beside answering as the route says.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// What is done.
    pub does: Option<Does>,
    /// Calls that set or delete cookies, in order.
    pub calls: Vec<CookieCall>,
    /// Django's `@csrf_exempt`.
    pub csrf_exempt: bool,
}

/// What a view does. Where the route has no body of its own, it answers with JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// Signs the one user in, whatever was sent: `login(request, user)`, `req.session.user = …`.
    Login,
    /// Signs out: `logout(request)`, `req.session.destroy()`, `req.session = null`, `session.clear()`.
    Logout,
    /// Says who is signed in, or 401.
    Me,
    /// Keeps something in the session.
    Session,
    /// Django: `get_token(request)`, as JSON.
    Csrf,
    /// SimpleJWT's `TokenObtainPairView`, whatever was sent.
    TokenObtainPair,
    /// SimpleJWT's `TokenRefreshView`.
    TokenRefresh,
    /// SimpleJWT's `TokenBlacklistView`, which also deletes the cookies.
    TokenBlacklist,
}

/// A call that sets or deletes a cookie.
#[derive(Clone, Debug, PartialEq)]
pub enum CookieCall {
    /// `response.set_cookie(…)` of Django or Starlette.
    PythonSet(PythonCookie),
    /// `response.delete_cookie(…)` of Django or Starlette: name, path, domain and the flags it takes.
    PythonDelete(PythonCookie),
    /// `res.cookie(…)`.
    ExpressSet(ExpressCookie),
    /// `res.clearCookie(…)`.
    ExpressClear(ExpressCookie),
}

impl Framework {
    /// The names of the cookies that the settings let it set, beside those of its views' calls.
    pub fn cookies(&self) -> Vec<String> {
        match self {
            Self::Django(settings) => {
                let jwt = settings.simple_jwt.iter();
                let tokens = jwt.flat_map(|jwt| jwt.auth_cookie.iter().chain(&jwt.auth_cookie_refresh));
                let own = [&settings.session.name, &settings.csrf.name];
                own.into_iter().chain(tokens).cloned().collect()
            }
            Self::Starlette(settings) => {
                settings.session.iter().map(|session| session.session_cookie.clone()).collect()
            }
            Self::Express(settings) => match &settings.session {
                Some(ExpressSession::Stored(session)) => vec![session.name.clone()],
                Some(ExpressSession::InCookie(session)) => {
                    let name = &session.cookie.name;
                    vec![name.clone(), format!("{name}.sig")]
                }
                None => Vec::new(),
            },
            Self::NextAuth(settings) => {
                let all = [&settings.session_token, &settings.csrf_token, &settings.callback_url];
                all.map(|cookie| cookie.name.clone()).to_vec()
            }
        }
    }
}

impl CookieCall {
    /// The name of the cookie.
    pub fn name(&self) -> &str {
        match self {
            Self::PythonSet(cookie) | Self::PythonDelete(cookie) => &cookie.key,
            Self::ExpressSet(cookie) | Self::ExpressClear(cookie) => &cookie.name,
        }
    }
}

//! The settings of frameworks' back ends, in the frameworks' own words.
//!
//! Each struct is one framework's (or package's) settings with its defaults filled in; the doc comment
//! of a field names the setting. Spellings are kept where the framework sends what was written. What
//! the settings make a server do stands in `world::framework`, never here.
//!
//! Versions: Django 5.2, djangorestframework-simplejwt 5.5, django-cors-headers 4.9, Starlette 1.10 (as
//! in FastAPI 0.165), Express 5, cors 2.8, express-session 1.19, cookie-session 2.1, NextAuth 4.24. What
//! they answer is recorded in `tests/frameworks`.

use url::Url;

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

/// Django's settings.
#[derive(Clone, Debug)]
pub struct Django {
    /// `SECRET_KEY`.
    pub secret_key: String,
    /// `MIDDLEWARE`.
    pub middleware: Vec<Middleware>,
    /// `APPEND_SLASH`.
    pub append_slash: bool,
    /// `SESSION_*`.
    pub session: DjangoSession,
    /// `CSRF_*`.
    pub csrf: DjangoCsrf,
    /// `CORS_*` of django-cors-headers.
    pub cors: DjangoCors,
    /// `SECURE_*` and `X_FRAME_OPTIONS`.
    pub security: DjangoSecurity,
    /// `SIMPLE_JWT`.
    pub simple_jwt: Option<SimpleJwt>,
    /// `SECURE_PROXY_SSL_HEADER`: the header's lower-case name, and the value that means https.
    pub secure_proxy_ssl_header: Option<(String, String)>,
    /// `USE_X_FORWARDED_HOST`.
    pub use_x_forwarded_host: bool,
    /// `USE_X_FORWARDED_PORT`.
    pub use_x_forwarded_port: bool,
    /// `FORCE_SCRIPT_NAME`: what stands before the path, as whoever asks a proxy in front has it.
    pub force_script_name: Option<String>,
    /// `ALLOWED_HOSTS`; `None` lets every host in that is one, as `["*"]` does.
    pub allowed_hosts: Option<Vec<String>>,
    /// Whether `INSTALLED_APPS` has `rest_framework_simplejwt.token_blacklist`.
    pub blacklist_app: bool,
}

/// One of `MIDDLEWARE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Middleware {
    /// `django.middleware.security.SecurityMiddleware`.
    Security,
    /// `django.contrib.sessions.middleware.SessionMiddleware`.
    Session,
    /// `corsheaders.middleware.CorsMiddleware`.
    Cors,
    /// `django.middleware.common.CommonMiddleware`.
    Common,
    /// `django.middleware.csrf.CsrfViewMiddleware`.
    Csrf,
    /// `django.contrib.auth.middleware.AuthenticationMiddleware`.
    Authentication,
    /// `django.contrib.messages.middleware.MessageMiddleware`, of which no header tells.
    Messages,
    /// `django.middleware.clickjacking.XFrameOptionsMiddleware`.
    XFrameOptions,
    /// One of the project's own.
    Own(OwnMiddleware),
}

/// A middleware of the project's own, which answers by itself where a cookie is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMiddleware {
    /// Its dotted path.
    pub path: String,
    /// `requires_cookie`; without one every request passes.
    pub requires_cookie: Option<String>,
    /// `status` of its own answer.
    pub status: u16,
    /// `except`: paths that pass.
    pub except: Vec<String>,
}

/// `SESSION_*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DjangoSession {
    /// `SESSION_COOKIE_NAME`.
    pub name: String,
    /// `SESSION_COOKIE_AGE`, in seconds.
    pub age: i64,
    /// `SESSION_COOKIE_DOMAIN`.
    pub domain: Option<String>,
    /// `SESSION_COOKIE_PATH`.
    pub path: String,
    /// `SESSION_COOKIE_SECURE`.
    pub secure: bool,
    /// `SESSION_COOKIE_HTTPONLY`.
    pub httponly: bool,
    /// `SESSION_COOKIE_SAMESITE`, spelt as it is sent.
    pub samesite: Option<String>,
    /// `SESSION_EXPIRE_AT_BROWSER_CLOSE`.
    pub expire_at_browser_close: bool,
    /// `SESSION_SAVE_EVERY_REQUEST`.
    pub save_every_request: bool,
}

/// `CSRF_*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DjangoCsrf {
    /// `CSRF_COOKIE_NAME`.
    pub name: String,
    /// `CSRF_COOKIE_AGE`, in seconds; `None` ends with the browser's session.
    pub age: Option<i64>,
    /// `CSRF_COOKIE_DOMAIN`.
    pub domain: Option<String>,
    /// `CSRF_COOKIE_PATH`.
    pub path: String,
    /// `CSRF_COOKIE_SECURE`.
    pub secure: bool,
    /// `CSRF_COOKIE_HTTPONLY`.
    pub httponly: bool,
    /// `CSRF_COOKIE_SAMESITE`, spelt as it is sent.
    pub samesite: Option<String>,
    /// `CSRF_HEADER_NAME`, as the header's lower-case name.
    pub header: String,
    /// `CSRF_TRUSTED_ORIGINS`.
    pub trusted_origins: Vec<String>,
    /// `CSRF_USE_SESSIONS`.
    pub use_sessions: bool,
}

/// `CORS_*` of django-cors-headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DjangoCors {
    /// `CORS_ALLOWED_ORIGINS`.
    pub allowed_origins: Vec<String>,
    /// `CORS_ALLOWED_ORIGIN_REGEXES`.
    pub allowed_origin_regexes: Vec<String>,
    /// `CORS_ALLOW_ALL_ORIGINS`.
    pub allow_all_origins: bool,
    /// `CORS_ALLOW_CREDENTIALS`.
    pub allow_credentials: bool,
    /// `CORS_ALLOW_HEADERS`.
    pub allow_headers: Vec<String>,
    /// `CORS_ALLOW_METHODS`.
    pub allow_methods: Vec<String>,
    /// `CORS_EXPOSE_HEADERS`.
    pub expose_headers: Vec<String>,
    /// `CORS_PREFLIGHT_MAX_AGE`, in seconds; 0 sends none.
    pub preflight_max_age: i64,
    /// `CORS_ALLOW_PRIVATE_NETWORK`.
    pub allow_private_network: bool,
    /// `CORS_URLS_REGEX`.
    pub urls_regex: Option<String>,
}

/// `SECURE_*` and `X_FRAME_OPTIONS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DjangoSecurity {
    /// `SECURE_SSL_REDIRECT`.
    pub ssl_redirect: bool,
    /// `SECURE_SSL_HOST`.
    pub ssl_host: Option<String>,
    /// `SECURE_HSTS_SECONDS`; 0 sends none.
    pub hsts_seconds: i64,
    /// `SECURE_HSTS_INCLUDE_SUBDOMAINS`.
    pub hsts_include_subdomains: bool,
    /// `SECURE_HSTS_PRELOAD`.
    pub hsts_preload: bool,
    /// `SECURE_CONTENT_TYPE_NOSNIFF`.
    pub content_type_nosniff: bool,
    /// `SECURE_REFERRER_POLICY`.
    pub referrer_policy: Option<String>,
    /// `SECURE_CROSS_ORIGIN_OPENER_POLICY`.
    pub cross_origin_opener_policy: Option<String>,
    /// `X_FRAME_OPTIONS`.
    pub x_frame_options: String,
}

/// `SIMPLE_JWT`. Those that begin with `AUTH_COOKIE` are the convention of projects that keep the tokens in
/// cookies; SimpleJWT itself does not read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleJwt {
    /// `ACCESS_TOKEN_LIFETIME`, in seconds.
    pub access_token_lifetime: i64,
    /// `REFRESH_TOKEN_LIFETIME`, in seconds.
    pub refresh_token_lifetime: i64,
    /// `ROTATE_REFRESH_TOKENS`.
    pub rotate_refresh_tokens: bool,
    /// `BLACKLIST_AFTER_ROTATION`.
    pub blacklist_after_rotation: bool,
    /// `ALGORITHM`: `HS256`, `HS384` or `HS512`.
    pub algorithm: String,
    /// `SIGNING_KEY`; else `SECRET_KEY`.
    pub signing_key: String,
    /// `AUDIENCE`.
    pub audience: Option<String>,
    /// `ISSUER`.
    pub issuer: Option<String>,
    /// `LEEWAY`, in seconds.
    pub leeway: i64,
    /// `AUTH_HEADER_TYPES`.
    pub auth_header_types: Vec<String>,
    /// `USER_ID_CLAIM`.
    pub user_id_claim: String,
    /// `TOKEN_TYPE_CLAIM`.
    pub token_type_claim: String,
    /// `JTI_CLAIM`.
    pub jti_claim: String,
    /// `AUTH_COOKIE`: the cookie of the access token; without it, it is in the body.
    pub auth_cookie: Option<String>,
    /// `AUTH_COOKIE_REFRESH`: that of the refresh token.
    pub auth_cookie_refresh: Option<String>,
    /// `AUTH_COOKIE_DOMAIN`.
    pub auth_cookie_domain: Option<String>,
    /// `AUTH_COOKIE_PATH`.
    pub auth_cookie_path: String,
    /// `AUTH_COOKIE_SECURE`.
    pub auth_cookie_secure: bool,
    /// `AUTH_COOKIE_HTTP_ONLY`.
    pub auth_cookie_http_only: bool,
    /// `AUTH_COOKIE_SAMESITE`, spelt as it is sent.
    pub auth_cookie_samesite: Option<String>,
}

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

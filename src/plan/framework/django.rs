//! Django's settings: its own, those of django-cors-headers and of SimpleJWT.
//!
//! Fields are named by their settings; defaults are filled in by whoever reads a scenario.

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

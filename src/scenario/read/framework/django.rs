//! `[origins.NAME.django]`: Django's settings, and those of django-cors-headers.

use toml::de::DeValue;

use super::super::super::checks::final_status;
use super::super::super::mistakes::Mistakes;
use super::super::super::written::At;
use super::super::fields::Fields;
use super::super::node::{Entry, Table};
use super::simplejwt;
use super::value::{flag, regexes, same_site, seconds, seconds_or_none, text, text_or_none, texts};
use crate::diagnostic::{Diagnostic, did_you_mean, listed};
use crate::plan::framework::{
    Django, DjangoCors, DjangoCsrf, DjangoSecurity, DjangoSession, Middleware, OwnMiddleware,
};

/// The key of Django's where nothing is said: long enough for SimpleJWT.
const SECRET_KEY: &str = "a-secret-key-for-rehearsing-and-nothing-else";

/// The middlewares rehearsed here. The order is that of a new project, with `CorsMiddleware` where its
/// documentation puts it.
const MIDDLEWARE: [(&str, Middleware); 8] = [
    ("django.middleware.security.SecurityMiddleware", Middleware::Security),
    ("django.contrib.sessions.middleware.SessionMiddleware", Middleware::Session),
    (CORS, Middleware::Cors),
    ("django.middleware.common.CommonMiddleware", Middleware::Common),
    ("django.middleware.csrf.CsrfViewMiddleware", Middleware::Csrf),
    ("django.contrib.auth.middleware.AuthenticationMiddleware", Middleware::Authentication),
    ("django.contrib.messages.middleware.MessageMiddleware", Middleware::Messages),
    ("django.middleware.clickjacking.XFrameOptionsMiddleware", Middleware::XFrameOptions),
];
const CORS: &str = "corsheaders.middleware.CorsMiddleware";

/// The app without which SimpleJWT has no blacklist.
const BLACKLIST: &str = "rest_framework_simplejwt.token_blacklist";

/// Settings that Django 5.2 and its packages have, and that change nothing that is rehearsed here.
const IDLE: [&str; 109] = [
    "ABSOLUTE_URL_OVERRIDES",
    "ADMINS",
    "ASGI_APPLICATION",
    "AUTHENTICATION_BACKENDS",
    "AUTH_PASSWORD_VALIDATORS",
    "AUTH_USER_MODEL",
    "BASE_DIR",
    "CACHES",
    "CACHE_MIDDLEWARE_ALIAS",
    "CACHE_MIDDLEWARE_KEY_PREFIX",
    "CACHE_MIDDLEWARE_SECONDS",
    "CHANNEL_LAYERS",
    "CSRF_FAILURE_VIEW",
    "DATABASES",
    "DATABASE_ROUTERS",
    "DATA_UPLOAD_MAX_MEMORY_SIZE",
    "DATA_UPLOAD_MAX_NUMBER_FIELDS",
    "DATA_UPLOAD_MAX_NUMBER_FILES",
    "DATETIME_FORMAT",
    "DATE_FORMAT",
    "DATE_INPUT_FORMATS",
    "DEBUG_PROPAGATE_EXCEPTIONS",
    "DECIMAL_SEPARATOR",
    "DEFAULT_AUTO_FIELD",
    "DEFAULT_CHARSET",
    "DEFAULT_EXCEPTION_REPORTER",
    "DEFAULT_FILE_STORAGE",
    "DEFAULT_FROM_EMAIL",
    "DEFAULT_INDEX_TABLESPACE",
    "DEFAULT_TABLESPACE",
    "EMAIL_BACKEND",
    "EMAIL_FILE_PATH",
    "EMAIL_HOST",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_HOST_USER",
    "EMAIL_PORT",
    "EMAIL_SUBJECT_PREFIX",
    "EMAIL_TIMEOUT",
    "EMAIL_USE_LOCALTIME",
    "EMAIL_USE_SSL",
    "EMAIL_USE_TLS",
    "FILE_UPLOAD_HANDLERS",
    "FILE_UPLOAD_MAX_MEMORY_SIZE",
    "FILE_UPLOAD_PERMISSIONS",
    "FILE_UPLOAD_TEMP_DIR",
    "FIRST_DAY_OF_WEEK",
    "FIXTURE_DIRS",
    "FORMAT_MODULE_PATH",
    "FORM_RENDERER",
    "IGNORABLE_404_URLS",
    "INTERNAL_IPS",
    "LANGUAGES",
    "LANGUAGES_BIDI",
    "LANGUAGE_CODE",
    "LANGUAGE_COOKIE_AGE",
    "LANGUAGE_COOKIE_DOMAIN",
    "LANGUAGE_COOKIE_HTTPONLY",
    "LANGUAGE_COOKIE_NAME",
    "LANGUAGE_COOKIE_PATH",
    "LANGUAGE_COOKIE_SAMESITE",
    "LANGUAGE_COOKIE_SECURE",
    "LOCALE_PATHS",
    "LOGGING",
    "LOGGING_CONFIG",
    "LOGIN_REDIRECT_URL",
    "LOGIN_URL",
    "LOGOUT_REDIRECT_URL",
    "MANAGERS",
    "MEDIA_ROOT",
    "MEDIA_URL",
    "MESSAGE_LEVEL",
    "MESSAGE_STORAGE",
    "MESSAGE_TAGS",
    "MIGRATION_MODULES",
    "NUMBER_GROUPING",
    "PASSWORD_HASHERS",
    "PASSWORD_RESET_TIMEOUT",
    "REST_AUTH",
    "ROOT_URLCONF",
    "SECRET_KEY_FALLBACKS",
    "SERVER_EMAIL",
    "SESSION_CACHE_ALIAS",
    "SESSION_FILE_PATH",
    "SESSION_SERIALIZER",
    "SHORT_DATETIME_FORMAT",
    "SHORT_DATE_FORMAT",
    "SIGNING_BACKEND",
    "SILENCED_SYSTEM_CHECKS",
    "SITE_ID",
    "SPECTACULAR_SETTINGS",
    "STATICFILES_DIRS",
    "STATICFILES_FINDERS",
    "STATICFILES_STORAGE",
    "STATIC_ROOT",
    "STATIC_URL",
    "STORAGES",
    "TEMPLATES",
    "TEST_NON_SERIALIZED_APPS",
    "TEST_RUNNER",
    "THOUSAND_SEPARATOR",
    "TIME_FORMAT",
    "TIME_INPUT_FORMATS",
    "TIME_ZONE",
    "USE_I18N",
    "USE_L10N",
    "USE_THOUSAND_SEPARATOR",
    "USE_TZ",
    "WSGI_APPLICATION",
    "YEAR_MONTH_FORMAT",
];

/// Settings that may change what is answered, and that are not rehearsed.
const DECIDING: [&str; 7] = [
    "CORS_REPLACE_HTTPS_REFERER",
    "DEBUG",
    "DISALLOWED_USER_AGENTS",
    "PREPEND_WWW",
    "REST_FRAMEWORK",
    "SECURE_REDIRECT_EXEMPT",
    "SESSION_ENGINE",
];

/// How settings of other packages begin.
const PACKAGES: [&str; 9] =
    ["ACCOUNT_", "ALLAUTH_", "AWS_", "CELERY_", "DJOSER", "DRF_", "GRAPHENE", "SENTRY_", "SOCIALACCOUNT_"];

pub(super) fn read(table: Table<'_, '_>) -> Django {
    let mut fields = Fields::new(table, "`django`");
    let secret_key = text(&mut fields, "SECRET_KEY").unwrap_or_else(|| SECRET_KEY.to_owned());
    let cors_settings: Vec<_> =
        table.entries().into_iter().filter(|entry| entry.key.starts_with("CORS_")).collect();
    let own = fields.entry("own_middleware").map(|entry| own_middleware(&entry)).unwrap_or_default();
    let listed = fields.strings("MIDDLEWARE");
    let middleware: Vec<Middleware> = match &listed {
        Some(listed) => listed.iter().filter_map(|at| middleware(at, &own, fields.mistakes())).collect(),
        None => {
            let usual = MIDDLEWARE.into_iter().filter(|(path, _)| *path != CORS || !cors_settings.is_empty());
            usual.map(|(_, middleware)| middleware).collect()
        }
    };
    if let Some(setting) = cors_settings.first()
        && !middleware.contains(&Middleware::Cors)
    {
        table.report(
            Diagnostic::warning(format!("no middleware reads `{}`", setting.key))
                .label(setting.key_span.clone(), "this sends no header")
                .help(format!("add `{CORS}` to `MIDDLEWARE`, before `CommonMiddleware`")),
        );
    }
    let csrf = csrf(&mut fields);
    if let Some(listed) = &listed {
        check_order(listed, &middleware, &csrf, fields.mistakes());
    }
    let apps = fields.strings("INSTALLED_APPS");
    let blacklist_app = apps.is_none_or(|apps| apps.iter().any(|app| app.value == BLACKLIST));
    let simple_jwt = fields.table("SIMPLE_JWT").map(|(table, _)| simplejwt::read(table, &secret_key));
    let settings = Django {
        middleware,
        append_slash: flag(&mut fields, "APPEND_SLASH", true),
        session: session(&mut fields),
        csrf,
        cors: cors(&mut fields),
        security: security(&mut fields),
        simple_jwt,
        secure_proxy_ssl_header: proxy_header(&mut fields),
        use_x_forwarded_host: flag(&mut fields, "USE_X_FORWARDED_HOST", false),
        use_x_forwarded_port: flag(&mut fields, "USE_X_FORWARDED_PORT", false),
        force_script_name: text_or_none(&mut fields, "FORCE_SCRIPT_NAME").flatten(),
        allowed_hosts: texts(&mut fields, "ALLOWED_HOSTS"),
        blacklist_app,
        secret_key,
    };
    let others = super::Others { idle: &IDLE, deciding: &DECIDING, idle_prefixes: &PACKAGES };
    super::finish_beside(&fields, "Django", others);
    settings
}

/// Middlewares of the project's own, each under its dotted path.
fn own_middleware(entry: &Entry<'_, '_>) -> Vec<OwnMiddleware> {
    let Some(all) = entry.value.table("`own_middleware`") else { return Vec::new() };
    let read = |one: Entry<'_, '_>| {
        let table = one.value.table(&format!("`{}`", one.key))?;
        let mut fields = Fields::new(table, "a middleware");
        let requires_cookie = fields.string("requires_cookie").map(|at| at.value);
        let status = fields.integer("status").and_then(|at| final_status(&at, entry.mistakes()));
        let except = fields.strings("except").unwrap_or_default();
        fields.finish();
        Some(OwnMiddleware {
            path: one.key.to_owned(),
            requires_cookie,
            status: status.unwrap_or(401),
            except: except.into_iter().map(|at| at.value).collect(),
        })
    };
    all.entries().into_iter().filter_map(read).collect()
}

fn middleware(at: &At<String>, own: &[OwnMiddleware], mistakes: &Mistakes) -> Option<Middleware> {
    let known = MIDDLEWARE.iter().find(|(path, _)| *path == at.value).map(|(_, known)| known.clone());
    let own_one = own.iter().find(|own| own.path == at.value).cloned().map(Middleware::Own);
    if known.is_some() || own_one.is_some() {
        return known.or(own_one);
    }
    let paths = || MIDDLEWARE.iter().map(|(path, _)| *path).chain(own.iter().map(|own| own.path.as_str()));
    // People know them by their last word.
    let last = at.value.rsplit('.').next().unwrap_or_default();
    let by_last = paths().find(|path| path.rsplit('.').next() == Some(last));
    let unknown = Diagnostic::error(format!("the middleware `{}` is not known here", at.value))
        .label(at.span.clone(), "");
    mistakes.add(match by_last.or_else(|| did_you_mean(&at.value, paths())) {
        Some(meant) => unknown.help(format!("did you mean `{meant}`?")),
        None => unknown
            .help(format!(
                "one of the project's own is declared: `own_middleware.\"{}\" = {{ requires_cookie = \"…\" }}`, \
                 or `{{}}` where every request passes",
                at.value
            ))
            .note(format!("those known are {}", listed(paths()))),
    });
    None
}

/// What Django itself refuses to start with.
fn check_order(listed: &[At<String>], middleware: &[Middleware], csrf: &DjangoCsrf, mistakes: &Mistakes) {
    if listed.len() != middleware.len() {
        return;
    }
    let place = |wanted: &Middleware| middleware.iter().position(|one| one == wanted);
    let session = place(&Middleware::Session);
    let late = |index: usize| session.is_none_or(|session| index < session);
    let needs = [
        (Middleware::Authentication, true, "`AuthenticationMiddleware`"),
        (Middleware::Messages, true, "`MessageMiddleware`"),
        (Middleware::Csrf, csrf.use_sessions, "`CsrfViewMiddleware` with `CSRF_USE_SESSIONS`"),
    ];
    for (needy, applies, name) in needs {
        if let Some(index) = place(&needy)
            && applies
            && late(index)
        {
            mistakes.add(
                Diagnostic::error(format!("{name} needs a session, and there is none yet"))
                    .label(listed[index].span.clone(), "")
                    .note("Django raises ImproperlyConfigured")
                    .help("put `django.contrib.sessions.middleware.SessionMiddleware` before it"),
            );
        }
    }
}

fn session(fields: &mut Fields<'_, '_>) -> DjangoSession {
    DjangoSession {
        name: text(fields, "SESSION_COOKIE_NAME").unwrap_or_else(|| "sessionid".to_owned()),
        age: seconds(fields, "SESSION_COOKIE_AGE").unwrap_or(1_209_600),
        domain: text_or_none(fields, "SESSION_COOKIE_DOMAIN").flatten(),
        path: text(fields, "SESSION_COOKIE_PATH").unwrap_or_else(|| "/".to_owned()),
        secure: flag(fields, "SESSION_COOKIE_SECURE", false),
        httponly: flag(fields, "SESSION_COOKIE_HTTPONLY", true),
        samesite: same_site(fields, "SESSION_COOKIE_SAMESITE").unwrap_or_else(|| Some("Lax".to_owned())),
        expire_at_browser_close: flag(fields, "SESSION_EXPIRE_AT_BROWSER_CLOSE", false),
        save_every_request: flag(fields, "SESSION_SAVE_EVERY_REQUEST", false),
    }
}

fn csrf(fields: &mut Fields<'_, '_>) -> DjangoCsrf {
    DjangoCsrf {
        name: text(fields, "CSRF_COOKIE_NAME").unwrap_or_else(|| "csrftoken".to_owned()),
        age: seconds_or_none(fields, "CSRF_COOKIE_AGE").unwrap_or(Some(31_449_600)),
        domain: text_or_none(fields, "CSRF_COOKIE_DOMAIN").flatten(),
        path: text(fields, "CSRF_COOKIE_PATH").unwrap_or_else(|| "/".to_owned()),
        secure: flag(fields, "CSRF_COOKIE_SECURE", false),
        httponly: flag(fields, "CSRF_COOKIE_HTTPONLY", false),
        samesite: same_site(fields, "CSRF_COOKIE_SAMESITE").unwrap_or_else(|| Some("Lax".to_owned())),
        header: header_name(fields, "CSRF_HEADER_NAME").unwrap_or_else(|| "x-csrftoken".to_owned()),
        trusted_origins: trusted_origins(fields),
        use_sessions: flag(fields, "CSRF_USE_SESSIONS", false),
    }
}

/// Django does not start with a trusted origin that has no scheme.
fn trusted_origins(fields: &mut Fields<'_, '_>) -> Vec<String> {
    let list = fields.strings("CSRF_TRUSTED_ORIGINS").unwrap_or_default();
    for at in list.iter().filter(|at| !at.value.contains("://")) {
        fields.report(
            Diagnostic::error(format!("the trusted origin `{}` has no scheme", at.value))
                .label(at.span.clone(), "")
                .note("Django does not start with it (security check 4_0.E001)")
                .help(format!("write `https://{}`", at.value)),
        );
    }
    super::value::sendable(list, "CSRF_TRUSTED_ORIGINS", fields.mistakes())
}

/// A key of `request.META`, as the header it stands for.
fn header_name(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<String> {
    let at = fields.string(key)?;
    meta(&at, key, fields.mistakes())
}

fn meta(at: &At<String>, key: &str, mistakes: &Mistakes) -> Option<String> {
    let name = at.value.strip_prefix("HTTP_").map(|name| name.replace('_', "-").to_ascii_lowercase());
    let name = name.filter(|name| hyper::header::HeaderName::from_bytes(name.as_bytes()).is_ok());
    if name.is_none() {
        let meant = at.value.to_ascii_uppercase().replace('-', "_");
        mistakes.add(
            Diagnostic::error(format!("`{key}` is no key of `request.META`"))
                .label(at.span.clone(), "")
                .note("Django looks headers up by their names in capitals, with `HTTP_` before them")
                .help(format!("write `HTTP_{meant}`")),
        );
    }
    name
}

fn proxy_header(fields: &mut Fields<'_, '_>) -> Option<(String, String)> {
    let entry = fields.entry("SECURE_PROXY_SSL_HEADER")?;
    let wrong = || {
        let help = "write `SECURE_PROXY_SSL_HEADER = [\"HTTP_X_FORWARDED_PROTO\", \"https\"]`";
        let wanted = "a header and the value that means https";
        fields.report(entry.value.wrong_type("`SECURE_PROXY_SSL_HEADER`", wanted).help(help));
    };
    let DeValue::Array(_) = entry.value.get_ref() else {
        wrong();
        return None;
    };
    let parts = entry.value.each_string("`SECURE_PROXY_SSL_HEADER`");
    let [header, value] = parts.as_slice() else {
        wrong();
        return None;
    };
    Some((meta(header, "SECURE_PROXY_SSL_HEADER", fields.mistakes())?, value.value.clone()))
}

fn cors(fields: &mut Fields<'_, '_>) -> DjangoCors {
    // The names before version 3.5 still work.
    let origins_written = fields.strings("CORS_ALLOWED_ORIGINS");
    let origins = texts(fields, "CORS_ALLOWED_ORIGINS");
    let old_origins = texts(fields, "CORS_ORIGIN_WHITELIST");
    let all = fields.boolean("CORS_ALLOW_ALL_ORIGINS");
    let old_all = fields.boolean("CORS_ORIGIN_ALLOW_ALL");
    let patterns = fields.strings("CORS_ALLOWED_ORIGIN_REGEXES");
    let old_patterns = fields.strings("CORS_ORIGIN_REGEX_WHITELIST");
    let urls = fields.string("CORS_URLS_REGEX");
    for at in origins_written.iter().flatten() {
        check_cors_origin(at, fields.mistakes());
    }
    let defaults = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    DjangoCors {
        allowed_origins: origins.or(old_origins).unwrap_or_default(),
        allowed_origin_regexes: regexes(&patterns.or(old_patterns).unwrap_or_default(), fields.mistakes()),
        allow_all_origins: all.or(old_all).is_some_and(|at| at.value),
        allow_credentials: flag(fields, "CORS_ALLOW_CREDENTIALS", false),
        allow_headers: texts(fields, "CORS_ALLOW_HEADERS").unwrap_or_else(|| {
            defaults(&[
                "accept",
                "authorization",
                "content-type",
                "user-agent",
                "x-csrftoken",
                "x-requested-with",
            ])
        }),
        allow_methods: texts(fields, "CORS_ALLOW_METHODS")
            .unwrap_or_else(|| defaults(&["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"])),
        expose_headers: texts(fields, "CORS_EXPOSE_HEADERS").unwrap_or_default(),
        preflight_max_age: seconds(fields, "CORS_PREFLIGHT_MAX_AGE").unwrap_or(86_400),
        allow_private_network: flag(fields, "CORS_ALLOW_PRIVATE_NETWORK", false),
        urls_regex: regexes(urls.as_slice(), fields.mistakes()).pop(),
    }
}

/// What django-cors-headers checks before anything is served (`corsheaders/checks.py`, E013 and E014).
fn check_cors_origin(at: &At<String>, mistakes: &Mistakes) {
    if ["null", "file://", "http://*.file"].contains(&at.value.as_str()) {
        return;
    }
    let (scheme, rest) = at.value.split_once("://").unwrap_or(("", ""));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let refuse = |why: &str, id: &str, meant: String| {
        Diagnostic::error(format!(
            "django-cors-headers does not start with `{}`: {why} (corsheaders.{id})",
            at.value
        ))
        .label(at.span.clone(), "")
        .help(meant)
    };
    if scheme.is_empty() || host.is_empty() {
        let meant = match at.value.as_str() {
            "*" => "write `CORS_ALLOW_ALL_ORIGINS = true`, or list origins".to_owned(),
            other => format!("write `https://{}`", other.trim_start_matches('/')),
        };
        mistakes.add(refuse("an origin has scheme and host", "E013", meant));
    } else if host.len() < rest.len() {
        mistakes.add(refuse("an origin has no path", "E014", format!("write `{scheme}://{host}`")));
    }
}

fn security(fields: &mut Fields<'_, '_>) -> DjangoSecurity {
    let same_origin = || Some("same-origin".to_owned());
    DjangoSecurity {
        ssl_redirect: flag(fields, "SECURE_SSL_REDIRECT", false),
        ssl_host: text_or_none(fields, "SECURE_SSL_HOST").flatten(),
        hsts_seconds: seconds(fields, "SECURE_HSTS_SECONDS").unwrap_or(0),
        hsts_include_subdomains: flag(fields, "SECURE_HSTS_INCLUDE_SUBDOMAINS", false),
        hsts_preload: flag(fields, "SECURE_HSTS_PRELOAD", false),
        content_type_nosniff: flag(fields, "SECURE_CONTENT_TYPE_NOSNIFF", true),
        referrer_policy: text_or_none(fields, "SECURE_REFERRER_POLICY").unwrap_or_else(same_origin),
        cross_origin_opener_policy: text_or_none(fields, "SECURE_CROSS_ORIGIN_OPENER_POLICY")
            .unwrap_or_else(same_origin),
        x_frame_options: text(fields, "X_FRAME_OPTIONS").unwrap_or_else(|| "DENY".to_owned()),
    }
}

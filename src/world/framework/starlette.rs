//! Starlette, and so FastAPI: `CORSMiddleware`, `SessionMiddleware`, `set_cookie` and `delete_cookie`.
//!
//! After `starlette/middleware/cors.py`, `starlette/middleware/sessions.py` and
//! `starlette/responses.py` of Starlette 1.10.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use regex::Regex;
use serde_json::json;
use time::OffsetDateTime;

use super::members::Members;
use super::origins::{Extent, compiled};
use super::{App, Asked, USER, python, set, set_cookie, signing, vary};
use crate::plan::framework::{self as plan, CookieCall, Does, StarletteCors, StarletteSession};
use crate::world::reply::Reply;
use crate::world::wire::Answer;

const ALL_METHODS: [&str; 8] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY"];
const SAFELISTED_HEADERS: [&str; 4] = ["Accept", "Accept-Language", "Content-Language", "Content-Type"];

/// An application with its middleware.
pub(super) struct Starlette {
    cors: Option<Cors>,
    session: Option<StarletteSession>,
    redirect_slashes: bool,
    trusts_forwarded: bool,
}

struct Cors {
    settings: StarletteCors,
    regex: Option<Regex>,
    any_origin: bool,
    any_header: bool,
    methods: Vec<String>,
    /// Sorted, as they are sent.
    headers: Vec<String>,
}

/// What is in a session, and what became of it in this request.
#[derive(Default)]
struct Session {
    data: Members,
    was_empty: bool,
    accessed: bool,
    modified: bool,
}

impl Starlette {
    pub(super) fn new(settings: &plan::Starlette) -> Result<Self, String> {
        let cors = settings.cors.as_ref().map(Cors::new).transpose()?;
        Ok(Self {
            cors,
            session: settings.session.clone(),
            redirect_slashes: settings.redirect_slashes,
            trusts_forwarded: settings.trusts_forwarded,
        })
    }

    pub(super) fn answer(&self, app: &App, asked: &Asked<'_>, now: OffsetDateTime) -> Reply {
        let Some(cors) = &self.cors else { return self.session(app, asked, now) };
        let origin = asked.header("origin");
        if let Some(origin) = origin
            && asked.asks_for_method()
        {
            return cors.preflight(asked, origin);
        }
        let mut reply = self.session(app, asked, now);
        cors.apply(origin, &mut reply);
        reply
    }

    /// The application within its `SessionMiddleware`.
    fn session(&self, app: &App, asked: &Asked<'_>, now: OffsetDateTime) -> Reply {
        let Some(settings) = &self.session else { return self.view(app, asked, None, now) };
        let cookies = python::parse(asked.cookie().as_deref());
        let at = now.unix_timestamp();
        let signed = cookies.into_iter().find(|(name, _)| *name == settings.session_cookie);
        let opened = signed.and_then(|(_, signed)| {
            let data = signing::untimestamped(&signed, &settings.secret_key, at, settings.max_age)?;
            serde_json::from_slice(&STANDARD.decode(data).ok()?).ok()
        });
        let was_empty = opened.is_none();
        let mut session = Session { data: opened.unwrap_or_default(), was_empty, ..Session::default() };
        let mut reply = self.view(app, asked, Some(&mut session), now);
        if session.accessed || session.modified {
            let mut names = vary(&reply);
            names.push("Cookie".to_owned());
            set(&mut reply, "vary", &names.join(", "));
        }
        let max_age = || settings.max_age.map_or_else(String::new, |age| format!("Max-Age={age}; "));
        let (data, lifetime) = if session.modified && !session.data.is_empty() {
            let data = STANDARD.encode(session.data.spaced());
            (signing::timestamped(&data, &settings.secret_key, at), max_age())
        } else if session.modified && !session.was_empty {
            ("null".to_owned(), "expires=Thu, 01 Jan 1970 00:00:00 GMT; ".to_owned())
        } else {
            return reply;
        };
        let mut flags = format!("httponly; samesite={}", settings.same_site);
        if settings.https_only {
            flags.push_str("; secure");
        }
        if let Some(domain) = &settings.domain {
            flags.push_str(&format!("; domain={domain}"));
        }
        if settings.partitioned {
            flags.push_str("; partitioned");
        }
        let (name, path) = (&settings.session_cookie, &settings.path);
        set_cookie(&mut reply, &format!("{name}={data}; path={path}; {lifetime}{flags}"));
        reply
    }
}

impl Starlette {
    /// `redirect_slashes` of `Router` (`starlette/routing.py`): to the path with a final slash or without one, where a route
    /// has that and none has this. The scheme is the one that uvicorn takes the request for, which believes
    /// `X-Forwarded-Proto` of 127.0.0.1 by itself.
    fn slash_redirect(&self, app: &App, asked: &Asked<'_>, reply: &Reply) -> Option<Reply> {
        let path = asked.url.path();
        if !self.redirect_slashes
            || reply.answer != Answer::Undeclared
            || reply.status != StatusCode::NOT_FOUND
            || path == "/"
        {
            return None;
        }
        let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
        if !app.mock.answers(&other) {
            return None;
        }
        let forwarded = asked
            .header("x-forwarded-proto")
            .filter(|_| self.trusts_forwarded)
            .map(|proto| proto.trim().to_ascii_lowercase());
        let scheme = match forwarded.as_deref() {
            Some("https") => "https",
            Some("http") => "http",
            _ if asked.is_tls() => "https",
            _ => "http",
        };
        let authority = asked.header("host").map_or_else(|| asked.url.authority().to_owned(), str::to_owned);
        let query = asked.url.query().map_or_else(String::new, |query| format!("?{query}"));
        let why = "redirect_slashes: no route has this path, and one has it with the other ending".to_owned();
        let mut redirect = Reply::new(StatusCode::TEMPORARY_REDIRECT, Answer::Middleware(why));
        set(&mut redirect, "location", &format!("{scheme}://{authority}{other}{query}"));
        Some(redirect)
    }

    /// The view's answer.
    fn view(
        &self,
        app: &App,
        asked: &Asked<'_>,
        session: Option<&mut Session>,
        now: OffsetDateTime,
    ) -> Reply {
        let mut routed = app.routed(asked, now);
        if let Some(reply) = self.slash_redirect(app, asked, &routed.reply) {
            return reply;
        }
        if routed.reply.status == StatusCode::METHOD_NOT_ALLOWED
            && let Some(methods) = app.mock.first_allows(asked.url.path())
        {
            set(&mut routed.reply, "allow", &methods);
        }
        match (routed.does(), session) {
            (None, _) => {}
            // `request.session` without the middleware is an assertion that fails.
            (Some(_), None) => routed.reply.status = StatusCode::INTERNAL_SERVER_ERROR,
            (Some(Does::Login), Some(session)) => {
                session.data.set("user", USER);
                session.modified = true;
                routed.say_user(true);
            }
            (Some(Does::Logout), Some(session)) => {
                session.data = Members::default();
                session.modified = true;
                routed.say(&json!({}));
            }
            (Some(Does::Me), Some(session)) => {
                session.accessed = true;
                routed.say_user(session.data.has("user"));
            }
            (Some(_), Some(session)) => {
                session.data.set("seen", true);
                session.modified = true;
                routed.say(&json!({}));
            }
        }
        let calls = routed.view.map_or(&[][..], |view| &view.calls);
        for call in calls {
            match call {
                CookieCall::PythonSet(cookie) => {
                    set_cookie(&mut routed.reply, &python::starlette_set(cookie, now));
                }
                CookieCall::PythonDelete(cookie) => {
                    set_cookie(&mut routed.reply, &python::starlette_delete(cookie, now));
                }
                CookieCall::ExpressSet(_) | CookieCall::ExpressClear(_) => {}
            }
        }
        routed.reply
    }
}

impl Cors {
    fn new(settings: &StarletteCors) -> Result<Self, String> {
        let regex =
            settings.allow_origin_regex.as_ref().map(|regex| compiled(regex, Extent::Whole)).transpose()?;
        let any_method = settings.allow_methods.iter().any(|method| method == "*");
        let methods =
            if any_method { ALL_METHODS.map(str::to_owned).to_vec() } else { settings.allow_methods.clone() };
        let mut headers = settings.allow_headers.clone();
        headers.extend(SAFELISTED_HEADERS.map(str::to_owned));
        headers.sort();
        headers.dedup();
        Ok(Self {
            any_origin: settings.allow_origins.iter().any(|origin| origin == "*"),
            any_header: settings.allow_headers.iter().any(|header| header == "*"),
            settings: settings.clone(),
            regex,
            methods,
            headers,
        })
    }

    fn is_allowed(&self, origin: &str) -> bool {
        self.any_origin
            || self.regex.as_ref().is_some_and(|regex| regex.is_match(origin))
            || self.settings.allow_origins.iter().any(|allowed| allowed == origin)
    }

    /// The answer to a preflight: 400 with all that does not fit, and the headers all the same.
    fn preflight(&self, asked: &Asked<'_>, origin: &str) -> Reply {
        let settings = &self.settings;
        let mut reply = Reply::sentence(StatusCode::OK, Answer::Preflight, "OK");
        let mut failures = Vec::new();
        set(
            &mut reply,
            "vary",
            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, \
             Access-Control-Request-Private-Network",
        );
        set(&mut reply, "access-control-allow-methods", &self.methods.join(", "));
        set(&mut reply, "access-control-max-age", &settings.max_age.to_string());
        if !self.any_header {
            set(&mut reply, "access-control-allow-headers", &self.headers.join(", "));
        }
        if settings.allow_credentials {
            set(&mut reply, "access-control-allow-credentials", "true");
        }
        if !self.is_allowed(origin) {
            failures.push("origin");
        } else if self.any_origin && !settings.allow_credentials {
            set(&mut reply, "access-control-allow-origin", "*");
        } else {
            set(&mut reply, "access-control-allow-origin", origin);
        }
        let method = asked.header("access-control-request-method").unwrap_or_default();
        if !self.methods.iter().any(|allowed| allowed == method) {
            failures.push("method");
        }
        if let Some(headers) = asked.header("access-control-request-headers") {
            let is_listed =
                |header: &str| self.headers.iter().any(|known| known.eq_ignore_ascii_case(header.trim()));
            if self.any_header {
                set(&mut reply, "access-control-allow-headers", headers);
            } else if !headers.split(',').all(is_listed) {
                failures.push("headers");
            }
        }
        if asked.headers.contains_key("access-control-request-private-network") {
            if settings.allow_private_network {
                set(&mut reply, "access-control-allow-private-network", "true");
            } else {
                failures.push("private-network");
            }
        }
        if !failures.is_empty() {
            reply.status = StatusCode::BAD_REQUEST;
            reply.body = format!("Disallowed CORS {}", failures.join(", ")).into();
        }
        reply
    }

    /// What every other answer carries.
    fn apply(&self, origin: Option<&str>, reply: &mut Reply) {
        let settings = &self.settings;
        if let Some(origin) = origin {
            if self.any_origin {
                set(reply, "access-control-allow-origin", "*");
            }
            if settings.allow_credentials {
                set(reply, "access-control-allow-credentials", "true");
            }
            if !settings.expose_headers.is_empty() {
                set(reply, "access-control-expose-headers", &settings.expose_headers.join(", "));
            }
            let explicit = if self.any_origin { settings.allow_credentials } else { self.is_allowed(origin) };
            if explicit {
                set(reply, "access-control-allow-origin", origin);
            }
        }
        let mut names = vary(reply);
        names.push("Origin".to_owned());
        set(reply, "vary", &names.join(", "));
    }
}

//! Django: the middleware in the order of `MIDDLEWARE`, each around all that come after it, and the view.
//!
//! What is answered early is answered to the middleware before it alone: so `CorsMiddleware` at the end
//! adds nothing to a redirect of `CommonMiddleware`. CSRF is checked right before the view, inside all of
//! them, wherever its middleware stands: a refused request does get its CORS headers.

use hyper::header::{ALLOW, LOCATION};
use hyper::{Method, StatusCode};
use serde_json::json;
use time::OffsetDateTime;

mod cors;
mod csrf;
mod security;
mod session;
mod simplejwt;

use self::cors::Cors;
use self::csrf::CsrfState;
use self::session::{Session, Sessions};
use self::simplejwt::Blacklist;
use super::python::{self, Morsel};
use super::random::Random;
use super::{App, Asked, Routed, set, set_cookie, set_json, value, vary_on};
use crate::plan::framework::{self as plan, CookieCall, Does, Expires, Middleware, OwnMiddleware};
use crate::world::reply::Reply;
use crate::world::wire::Answer;

/// A project: its settings, and what it keeps.
pub(super) struct Django {
    settings: plan::Django,
    cors: Cors,
    sessions: Sessions,
    blacklist: Blacklist,
}

/// A request on its way through the middleware.
struct Visit<'v> {
    app: &'v App,
    asked: &'v Asked<'v>,
    now: OffsetDateTime,
    random: Random,
    /// `request.COOKIES`.
    sent: Vec<(String, String)>,
    /// `request.session`, where its middleware was passed.
    session: Option<Session>,
    has_user: bool,
    csrf: CsrfState,
    /// `response.cookies`.
    cookies: Vec<Morsel>,
}

impl Django {
    pub(super) fn new(settings: &plan::Django) -> Result<Self, String> {
        Ok(Self {
            cors: Cors::new(&settings.cors)?,
            settings: settings.clone(),
            sessions: Sessions::default(),
            blacklist: Blacklist::default(),
        })
    }

    pub(super) fn answer(&self, app: &App, asked: &Asked<'_>, now: OffsetDateTime, random: Random) -> Reply {
        let sent = python::parse(asked.cookie().as_deref());
        let mut visit = Visit {
            app,
            asked,
            now,
            random,
            sent,
            session: None,
            has_user: false,
            csrf: CsrfState::default(),
            cookies: Vec::new(),
        };
        let mut reply = self.layer(&self.settings.middleware, &mut visit);
        for cookie in &visit.cookies {
            set_cookie(&mut reply, &cookie.output());
        }
        reply
    }

    /// The first of these middlewares, with the rest and the view inside it.
    fn layer(&self, middleware: &[Middleware], visit: &mut Visit<'_>) -> Reply {
        let Some((first, rest)) = middleware.split_first() else { return self.resolved(visit) };
        match first {
            Middleware::Security => {
                let redirected = self.ssl_redirect(visit);
                let mut reply = redirected.unwrap_or_else(|| self.layer(rest, visit));
                self.security_headers(visit, &mut reply);
                reply
            }
            Middleware::Session => {
                visit.session = Some(Session::of(visit.sent(&self.settings.session.name)));
                let mut reply = self.layer(rest, visit);
                self.save_session(visit, &mut reply);
                reply
            }
            Middleware::Cors => {
                let preflight = self.cors.preflight(visit.asked);
                let mut reply = preflight.unwrap_or_else(|| self.layer(rest, visit));
                self.cors.apply(visit.asked, &mut reply);
                reply
            }
            Middleware::Common => {
                if let Some(why) = self.disallowed(visit.asked) {
                    let text = format!("Bad Request (400)\n{why}\n");
                    return Reply::sentence(
                        StatusCode::BAD_REQUEST,
                        Answer::Middleware(format!("DisallowedHost: {why}")),
                        text,
                    );
                }
                // `process_request` redirects for `PREPEND_WWW` alone; that a slash lacks is found out by a 404 on the way out.
                let reply = self.layer(rest, visit);
                match reply.status {
                    StatusCode::NOT_FOUND => self.slash_redirect(visit).unwrap_or(reply),
                    _ => reply,
                }
            }
            Middleware::Csrf => {
                self.read_secret(visit);
                let mut reply = self.layer(rest, visit);
                self.send_secret(visit, &mut reply);
                reply
            }
            Middleware::Authentication => {
                visit.has_user = true;
                self.layer(rest, visit)
            }
            Middleware::Messages => self.layer(rest, visit),
            Middleware::XFrameOptions => {
                let mut reply = self.layer(rest, visit);
                if !reply.headers.contains_key("x-frame-options") {
                    set(&mut reply, "x-frame-options", &self.settings.security.x_frame_options);
                }
                reply
            }
            Middleware::Own(own) => match self.refused(own, visit) {
                Some(reply) => reply,
                None => self.layer(rest, visit),
            },
        }
    }

    /// The view that the path leads to, behind the check of `CsrfViewMiddleware`.
    fn resolved(&self, visit: &mut Visit<'_>) -> Reply {
        let routed = visit.app.routed(visit.asked, visit.now);
        if routed.reply.status == StatusCode::NOT_FOUND && routed.view.is_none() {
            return routed.reply;
        }
        let is_api =
            matches!(routed.does(), Some(Does::TokenObtainPair | Does::TokenRefresh | Does::TokenBlacklist));
        let is_exempt = is_api || routed.view.is_some_and(|view| view.csrf_exempt);
        if !is_exempt
            && self.settings.middleware.contains(&Middleware::Csrf)
            && let Err(reason) = self.check_csrf(visit)
        {
            let text = format!("Forbidden (403)\nCSRF verification failed. Request aborted.\n{reason}\n");
            let why = format!("CsrfViewMiddleware refused it: {}", reason.trim_end_matches('.'));
            return Reply::sentence(StatusCode::FORBIDDEN, Answer::Middleware(why), text);
        }
        self.view(visit, routed)
    }

    fn view(&self, visit: &mut Visit<'_>, mut routed: Routed<'_>) -> Reply {
        match routed.does() {
            None => {}
            Some(Does::Login) => {
                self.login(visit);
                routed.say_user(true);
            }
            Some(Does::Logout) => {
                self.logout(visit);
                routed.say(&json!({}));
            }
            Some(Does::Me) => match &self.settings.simple_jwt {
                Some(jwt) => self.me_by_token(jwt, visit, &mut routed),
                None => routed.say_user(self.is_signed_in(visit)),
            },
            Some(Does::Session) => {
                if let Some(data) = self.session_data_mut(visit) {
                    data.seen = true;
                }
                routed.say(&json!({}));
            }
            Some(Does::Csrf) => {
                let token = self.csrf_token(visit);
                set_json(&mut routed.reply, &json!({ "csrfToken": token }));
            }
            Some(does @ (Does::TokenObtainPair | Does::TokenRefresh | Does::TokenBlacklist)) => {
                self.token_view(does, visit, &mut routed);
            }
        }
        for call in routed.view.map_or(&[][..], |view| &view.calls) {
            match call {
                CookieCall::PythonSet(cookie) => {
                    let expires = match &cookie.expires {
                        Some(Expires::At(text)) => Some(text.clone()),
                        Some(Expires::In(seconds)) => Some(python::date(visit.now, *seconds)),
                        None => None,
                    };
                    visit.set_cookie(&SetCookie {
                        name: &cookie.key,
                        value: &cookie.value,
                        max_age: cookie.max_age,
                        expires,
                        path: cookie.path.as_deref(),
                        domain: cookie.domain.as_deref(),
                        secure: cookie.secure,
                        httponly: cookie.httponly,
                        samesite: cookie.samesite.as_deref(),
                    });
                }
                CookieCall::PythonDelete(cookie) => {
                    let path = cookie.path.as_deref().unwrap_or("/");
                    let (domain, samesite) = (cookie.domain.as_deref(), cookie.samesite.as_deref());
                    visit.delete_cookie(&cookie.key, path, domain, samesite);
                }
                CookieCall::ExpressSet(_) | CookieCall::ExpressClear(_) => {}
            }
        }
        routed.reply
    }

    /// `APPEND_SLASH`: to the path with a slash, where a view is there and none is here.
    fn slash_redirect(&self, visit: &Visit<'_>) -> Option<Reply> {
        let path = visit.asked.url.path();
        let slashed = format!("{path}/");
        let mock = &visit.app.mock;
        if !self.settings.append_slash || path.ends_with('/') || mock.answers(path) || !mock.answers(&slashed)
        {
            return None;
        }
        let query = visit.asked.url.query().map_or_else(String::new, |query| format!("?{query}"));
        let slashed = format!("{}/", self.path(visit.asked));
        Some(redirect(&format!("{slashed}{query}"), "APPEND_SLASH redirects to the path with a slash"))
    }

    /// The answer of a project's own middleware, where it answers.
    fn refused(&self, own: &OwnMiddleware, visit: &Visit<'_>) -> Option<Reply> {
        let cookie = own.requires_cookie.as_deref()?;
        if visit.sent(cookie).is_some() || own.except.contains(&self.path(visit.asked)) {
            return None;
        }
        let status = StatusCode::from_u16(own.status).unwrap_or(StatusCode::UNAUTHORIZED);
        let mut reply = Reply::new(status, Answer::Middleware(format!("{}: no cookie `{cookie}`", own.path)));
        set_json(&mut reply, &json!({}));
        Some(reply)
    }

    /// `request.path`: what `FORCE_SCRIPT_NAME` says, and what was asked for.
    fn path(&self, asked: &Asked<'_>) -> String {
        let script = self.settings.force_script_name.as_deref().unwrap_or_default();
        format!("{}{}", script.trim_end_matches('/'), asked.url.path())
    }

    /// `request.is_secure()`.
    fn is_secure(&self, asked: &Asked<'_>) -> bool {
        let settings = &self.settings;
        match &settings.secure_proxy_ssl_header {
            Some((name, secure)) if asked.headers.contains_key(name) => {
                let header = asked.header(name).unwrap_or_default();
                header.split(',').next().unwrap_or_default().trim() == secure
            }
            _ => asked.is_tls(),
        }
    }

    /// Why `request.get_host()` refuses the host that was asked for (`django/http/request.py`, `validate_host`): it is no
    /// host, or none of `ALLOWED_HOSTS`.
    fn disallowed(&self, asked: &Asked<'_>) -> Option<String> {
        let host = self.host(asked);
        let name = match host.rfind(':').filter(|at| host[at + 1..].bytes().all(|byte| byte.is_ascii_digit()))
        {
            Some(at) => &host[..at],
            None => host.as_str(),
        };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let is_address = name.starts_with('[') && name.ends_with(']');
        let is_host = !name.is_empty() && (is_address || name.bytes().all(is_name));
        let begins = format!("Invalid HTTP_HOST header: '{host}'.");
        if !is_host {
            return Some(format!(
                "{begins} The domain name provided is not valid according to RFC 1034/1035."
            ));
        }
        let allows = |pattern: &String| match pattern.strip_prefix('.') {
            _ if pattern == "*" => true,
            Some(domain) => {
                name == domain.to_ascii_lowercase() || name.ends_with(&pattern.to_ascii_lowercase())
            }
            None => name.eq_ignore_ascii_case(pattern),
        };
        let allowed = self.settings.allowed_hosts.as_ref()?;
        (!allowed.iter().any(allows))
            .then(|| format!("{begins} You may need to add '{name}' to ALLOWED_HOSTS."))
    }

    /// `request.get_host()`.
    fn host(&self, asked: &Asked<'_>) -> String {
        let forwarded = asked.header("x-forwarded-host").filter(|_| self.settings.use_x_forwarded_host);
        let own = || {
            let host = asked.url.host_str().unwrap_or_default();
            asked.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
        };
        forwarded.map_or_else(own, str::to_owned)
    }
}

fn redirect(to: &str, why: &str) -> Reply {
    let mut reply = Reply::new(StatusCode::MOVED_PERMANENTLY, Answer::Middleware(why.to_owned()));
    reply.headers.insert(LOCATION, value(to));
    reply
}

/// The arguments of `HttpResponse.set_cookie`.
struct SetCookie<'c> {
    name: &'c str,
    value: &'c str,
    max_age: Option<i64>,
    expires: Option<String>,
    path: Option<&'c str>,
    domain: Option<&'c str>,
    secure: bool,
    httponly: bool,
    samesite: Option<&'c str>,
}

impl Visit<'_> {
    /// The value of a cookie that was sent.
    fn sent(&self, name: &str) -> Option<&str> {
        self.sent.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.as_str())
    }

    /// `HttpResponse.set_cookie`: a second call for one name changes what it says of it, and no more.
    fn set_cookie(&mut self, cookie: &SetCookie<'_>) {
        let known = self.cookies.iter().position(|known| known.name == cookie.name);
        let index = known.unwrap_or_else(|| {
            self.cookies.push(Morsel { name: cookie.name.to_owned(), ..Morsel::default() });
            self.cookies.len() - 1
        });
        let now = self.now;
        let Some(morsel) = self.cookies.get_mut(index) else { return };
        cookie.value.clone_into(&mut morsel.value);
        morsel.expires = cookie.expires.clone().unwrap_or_default();
        if let Some(seconds) = cookie.max_age {
            morsel.max_age = Some(seconds);
            if morsel.expires.is_empty() {
                morsel.expires = python::date(now, seconds);
            }
        }
        for (text, field) in [
            (cookie.path, &mut morsel.path),
            (cookie.domain, &mut morsel.domain),
            (cookie.samesite, &mut morsel.samesite),
        ] {
            if let Some(text) = text {
                text.clone_into(field);
            }
        }
        morsel.secure |= cookie.secure;
        morsel.httponly |= cookie.httponly;
    }

    /// `HttpResponse.delete_cookie`.
    fn delete_cookie(&mut self, name: &str, path: &str, domain: Option<&str>, samesite: Option<&str>) {
        let prefixed = name.starts_with("__Secure-") || name.starts_with("__Host-");
        let secure = prefixed || samesite.is_some_and(|word| word.eq_ignore_ascii_case("none"));
        self.set_cookie(&SetCookie {
            name,
            value: "",
            max_age: Some(0),
            expires: Some("Thu, 01 Jan 1970 00:00:00 GMT".to_owned()),
            path: Some(path),
            domain,
            secure,
            httponly: false,
            samesite,
        });
    }
}

/// What Django REST framework adds to every answer of its views.
fn api_headers(asked: &Asked<'_>, reply: &mut Reply) {
    let methods = if *asked.method == Method::POST { "POST, OPTIONS" } else { "GET, HEAD, OPTIONS" };
    reply.headers.insert(ALLOW, value(methods));
    vary_on(reply, "Accept");
}

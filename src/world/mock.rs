//! A mock origin: declared routes, and an answer that says so where none fits.
//!
//! A route is sent as the scenario states it. Nothing here looks at what a browser should have sent,
//! but for the one cookie, header or token that a route may require.

use bytes::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, SET_COOKIE,
    WWW_AUTHENTICATE,
};
use hyper::{Method, StatusCode};
use time::{Duration, OffsetDateTime};
use url::Url;

mod double;
mod tokens;

use super::reply::{PLAIN, Reply, Socket, imf_fixdate};
use super::wire::{Answer, Note};
use crate::plan::{self, Body, RequireJwt, RequiredHeader, SignJwt, placeholder};
use crate::rules::cookie_header::cookie_pairs;
use tokens::Refused;

/// Headers that say how a message is framed, which is the server's to say (RFC 9110, section 7.6.1;
/// RFC 9113, section 8.2.2).
const FRAMING: [&str; 7] =
    ["connection", "content-length", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/// The routes of one origin, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Mock {
    routes: Vec<Route>,
    /// The origin's name in the scenario.
    name: String,
}

/// One route, ready to be sent.
#[derive(Clone, Debug)]
struct Route {
    method: String,
    path: Path,
    said: Said,
    /// The cookie it asks for, and what it says without that.
    require_cookie: Option<(String, Option<Said>)>,
    /// The header it asks for, and what it says without that.
    require_header: Option<(RequiredHeader, Option<Said>)>,
    sign_jwt: Option<SignJwt>,
    require_jwt: Option<RequireJwt>,
}

/// What a route answers, ready to be sent.
#[derive(Clone, Debug)]
struct Said {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    is_websocket: bool,
    /// Whether a header speaks of a moment.
    has_moments: bool,
}

/// What a route looks at of a request, beside method and path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'r> {
    /// The Cookie header, as one.
    pub(super) cookie: Option<&'r [u8]>,
    /// The header fields, those above included.
    pub(super) headers: &'r HeaderMap,
    /// The body.
    pub(super) body: &'r [u8],
    /// When it came, by the clock of the world.
    pub(super) at: OffsetDateTime,
}

/// What a route's path matches.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Path {
    /// This path.
    Exact(String),
    /// Every path that begins so.
    Prefix(String),
}

/// A route that cannot be sent as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadRoute {
    /// The index of the route.
    pub(super) route: usize,
    /// What is wrong: a lower-case fragment.
    pub(super) message: String,
}

impl Mock {
    /// The routes of the origin with this name and URL. Fails at the first that cannot be sent.
    pub(super) fn new(name: &str, url: &Url, routes: &[plan::Route]) -> Result<Self, BadRoute> {
        let routes = routes.iter().enumerate().map(|(index, route)| {
            let wrong = |message| BadRoute { route: index, message };
            Ok(Route {
                method: route.method.clone(),
                path: Path::new(url, &route.path),
                said: said(route.status, &route.headers, &route.set_cookie, &route.body).map_err(wrong)?,
                require_cookie: route.require_cookie.as_ref().map(required).transpose().map_err(wrong)?,
                require_header: route.require_header.as_ref().map(with_header).transpose().map_err(wrong)?,
                sign_jwt: route.sign_jwt.clone(),
                require_jwt: route.require_jwt.clone(),
            })
        });
        Ok(Self { routes: routes.collect::<Result<_, _>>()?, name: name.to_owned() })
    }

    /// Whether a route has exactly this path, not by a wildcard.
    pub(super) fn has_path(&self, path: &str) -> bool {
        self.routes.iter().any(|route| matches!(&route.path, Path::Exact(exact) if exact == path))
    }

    /// Whether a route has this very method and this path.
    pub(super) fn declares(&self, method: &Method, path: &str) -> bool {
        self.routes.iter().any(|route| route.method == method.as_str() && route.path.matches(path))
    }

    /// Whether any route has this path.
    pub(super) fn answers(&self, path: &str) -> bool {
        self.routes.iter().any(|route| route.path.matches(path))
    }

    /// The declared path that a request's path stands for where a final slash, or case, does not count; the path itself
    /// where it is declared, or none is near.
    pub(super) fn meant(&self, path: &str, slash_counts: bool, case_counts: bool) -> String {
        if self.has_path(path) {
            return path.to_owned();
        }
        let bare = |path: &str| match slash_counts || path.len() == 1 {
            true => path.to_owned(),
            false => path.strip_suffix('/').unwrap_or(path).to_owned(),
        };
        let asked = bare(path);
        let is_meant = |declared: &&String| {
            let declared = bare(declared);
            if case_counts { declared == asked } else { declared.eq_ignore_ascii_case(&asked) }
        };
        let declared = self.routes.iter().filter_map(|route| match &route.path {
            Path::Exact(exact) => Some(exact),
            Path::Prefix(_) => None,
        });
        let mut declared = declared.filter(is_meant);
        declared.next().cloned().unwrap_or_else(|| path.to_owned())
    }

    /// The methods of the first route with this path: what Starlette's router looks at.
    pub(super) fn first_allows(&self, path: &str) -> Option<String> {
        let route = self.routes.iter().find(|route| route.path.matches(path))?;
        Some(if route.method == "GET" { "GET, HEAD".to_owned() } else { route.method.clone() })
    }

    /// The answer to a request. Of the routes that fit, the one with the most specific path gives it;
    /// of those with the same, the first.
    pub(super) fn answer(&self, method: &Method, path: &str, sent: Sent<'_>) -> Reply {
        let fits = |method: &str| {
            let routes = self.routes.iter().enumerate();
            let fitting = routes.filter(|(_, route)| route.method == method && route.path.matches(path));
            // Of equals `max_by_key` takes the last, and the first is wanted.
            fitting.rev().max_by_key(|(_, route)| route.path.specificity())
        };
        let found = fits(method.as_str()).or_else(|| (method == Method::HEAD).then(|| fits("GET")).flatten());
        let Some((index, route)) = found else { return self.undeclared(method, path) };
        if let Some((name, otherwise)) = &route.require_cookie
            && value_of(sent.cookie, name).is_none()
        {
            let answer = Answer::CookieMissing(index);
            return match otherwise {
                Some(said) => said.reply(answer, sent.at),
                None => unauthorized(answer),
            };
        }
        if let Some((required, otherwise)) = &route.require_header
            && let Err(why) = double::check(required, sent)
        {
            let answer = Answer::HeaderMissing(index);
            let mut reply = match otherwise {
                Some(said) => said.reply(answer, sent.at),
                None => refused(StatusCode::FORBIDDEN, answer),
            };
            reply.notes.push(Note::HeaderRefused(why));
            return reply;
        }
        if let Some(required) = &route.require_jwt
            && let Err(why) = tokens::check(required, sent)
        {
            // A token that is not there is a cookie that is not there, where it can come in no other way.
            let by_cookie = why == Refused::Missing && !required.bearer;
            let answer = if by_cookie { Answer::CookieMissing(index) } else { Answer::TokenRefused(index) };
            let mut reply = unauthorized(answer);
            reply.notes.push(Note::TokenRefused(why.to_string()));
            if required.bearer {
                // RFC 6750, section 3: who sent no token is not told of an error.
                let error = if why == Refused::Missing { "" } else { " error=\"invalid_token\"" };
                let challenge = HeaderValue::try_from(format!("Bearer{error}"));
                reply
                    .headers
                    .insert(WWW_AUTHENTICATE, challenge.unwrap_or(HeaderValue::from_static("Bearer")));
            }
            return reply;
        }
        let mut reply = route.said.reply(Answer::Route(index), sent.at);
        if let Some(signed) = &route.sign_jwt {
            tokens::hand_out(&tokens::signed(signed, sent.at), &mut reply);
        }
        reply
    }

    /// The answer where no route fits: 405 where the path is declared with other methods, else 404.
    fn undeclared(&self, method: &Method, path: &str) -> Reply {
        let mut allow = Vec::new();
        for route in self.routes.iter().filter(|route| route.path.matches(path)) {
            let head = (route.method == "GET").then_some("HEAD");
            for method in [Some(route.method.as_str()), head].into_iter().flatten() {
                if !allow.contains(&method) {
                    allow.push(method);
                }
            }
        }
        let declared: Vec<_> =
            self.routes.iter().map(|route| format!("{} {}", route.method, route.path.as_written())).collect();
        let text = format!(
            "rehearsal: the origin `{}` declares no `{method} {path}`\nhint: it declares {}\n",
            self.name,
            if declared.is_empty() { "no route at all".to_owned() } else { declared.join(", ") }
        );
        let status = if allow.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::METHOD_NOT_ALLOWED };
        let mut reply = Reply::sentence(status, Answer::Undeclared, text);
        reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if !allow.is_empty() {
            let allow = HeaderValue::try_from(allow.join(", "));
            reply.headers.insert(ALLOW, allow.unwrap_or(HeaderValue::from_static("")));
        }
        reply
    }
}

impl Path {
    /// A path as browsers spell it, percent-encoded and without dot segments.
    fn new(url: &Url, written: &str) -> Self {
        let (path, is_prefix) = match written.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (written, false),
        };
        let mut url = url.clone();
        url.set_path(path);
        let path = url.path().to_owned();
        if is_prefix { Self::Prefix(path) } else { Self::Exact(path) }
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => path == exact,
            Self::Prefix(prefix) => path.starts_with(prefix.as_str()),
        }
    }

    /// An exact path before every wildcard, a longer wildcard before a shorter.
    fn specificity(&self) -> (bool, usize) {
        match self {
            Self::Exact(exact) => (true, exact.len()),
            Self::Prefix(prefix) => (false, prefix.len()),
        }
    }

    fn as_written(&self) -> String {
        match self {
            Self::Exact(exact) => exact.clone(),
            Self::Prefix(prefix) => format!("{prefix}*"),
        }
    }
}

impl Said {
    /// It as a reply at this time, and how the origin came to it.
    fn reply(&self, answer: Answer, at: OffsetDateTime) -> Reply {
        let mut reply = Reply::new(self.status, answer);
        reply.headers.clone_from(&self.headers);
        if self.has_moments {
            for value in reply.headers.values_mut() {
                dated(value, at);
            }
        }
        reply.body = self.body.clone().into();
        reply.socket = self.is_websocket.then_some(Socket::Close);
        reply
    }
}

/// The cookie that a route asks for, and what it says without. Fails where that cannot be sent.
fn required(required: &plan::RequiredCookie) -> Result<(String, Option<Said>), String> {
    let otherwise = required.otherwise.as_deref();
    let said = otherwise.map(|other| said(other.status, &other.headers, &other.set_cookie, &other.body));
    Ok((required.name.clone(), said.transpose()?))
}

/// The header that a route asks for, and what it says without. Fails where that cannot be sent.
fn with_header(required: &plan::RequiredHeader) -> Result<(RequiredHeader, Option<Said>), String> {
    let otherwise = required.otherwise.as_deref();
    let said = otherwise.map(|other| said(other.status, &other.headers, &other.set_cookie, &other.body));
    Ok((required.clone(), said.transpose()?))
}

/// What a route says. Fails where it cannot be sent.
fn said(code: u16, headers: &[(String, String)], set_cookie: &[String], body: &Body) -> Result<Said, String> {
    let is_handshake = *body == Body::WebSocket && code == 101;
    let status = StatusCode::from_u16(code)
        .ok()
        .filter(|status| code < 1000 && (status.as_u16() >= 200 || is_handshake));
    let status = status.ok_or_else(|| format!("{code} is not the status of an answer (200 to 999)"))?;
    let texts = set_cookie.iter().chain(headers.iter().map(|(_, value)| value));
    let has_moments = texts.into_iter().any(|text| !placeholder::moments(text).is_empty());
    let (headers_said, body_said) = (HeaderMap::new(), Bytes::new());
    let mut said = Said { status, headers: headers_said, body: body_said, is_websocket: false, has_moments };
    for (name, value) in headers {
        if FRAMING.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(format!("the header `{name}` frames the message, and the server sets it itself"));
        }
        let field =
            HeaderName::try_from(name.as_str()).map_err(|_| format!("`{name}` is not a header's name"))?;
        said.headers.append(field, sendable(name, value)?);
    }
    for line in set_cookie {
        said.headers.append(SET_COOKIE, sendable("Set-Cookie", line)?);
    }
    let (content_type, body) = match body {
        Body::Empty => (None, Bytes::new()),
        Body::Json(json) => {
            (Some(HeaderValue::from_static("application/json")), Bytes::from(json.to_string()))
        }
        Body::Text(text) => (Some(PLAIN), Bytes::from(text.clone())),
        Body::Html(html) => {
            (Some(HeaderValue::from_static("text/html; charset=utf-8")), Bytes::from(html.clone()))
        }
        Body::Redirect(to) => {
            said.headers.insert(LOCATION, sendable("Location", to)?);
            (None, Bytes::new())
        }
        Body::WebSocket => {
            said.is_websocket = true;
            (None, Bytes::new())
        }
    };
    said.body = body;
    if let Some(content_type) = content_type {
        default(&mut said.headers, CONTENT_TYPE, content_type);
    }
    // A rehearsal must ask again: what a cache answers never crosses the wire.
    default(&mut said.headers, CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(said)
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}

fn sendable(name: &str, value: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
        format!("the value of `{name}` has a control character, which no HTTP message can carry")
    })
}

/// Fills in the moments that a header field speaks of, as dates of HTTP (RFC 9110, section 5.6.7).
fn dated(value: &mut HeaderValue, now: OffsetDateTime) {
    let Ok(text) = std::str::from_utf8(value.as_bytes()) else { return };
    let date = |shift| imf_fixdate(now.saturating_add(Duration::seconds(shift)));
    if let Ok(filled) = HeaderValue::from_bytes(placeholder::at(text, date).as_bytes()) {
        *value = filled;
    }
}

fn unauthorized(answer: Answer) -> Reply {
    refused(StatusCode::UNAUTHORIZED, answer)
}

fn refused(status: StatusCode, answer: Answer) -> Reply {
    let mut reply = Reply::new(status, answer);
    reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// The value of a cookie that was sent.
fn value_of(header: Option<&[u8]>, name: &str) -> Option<String> {
    cookie_pairs(header?).into_iter().find(|(sent, _)| sent == name).map(|(_, value)| value)
}

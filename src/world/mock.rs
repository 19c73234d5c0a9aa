//! A mock origin: declared routes, and an answer that says so where none fits.
//!
//! A route is sent as the scenario states it. Nothing here looks at what a browser should have sent,
//! but for the one cookie that a route may require.

use bytes::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, SET_COOKIE,
};
use hyper::{Method, StatusCode};
use url::Url;

use super::reply::{PLAIN, Reply};
use super::wire::Answer;
use crate::observe::cookie_pairs;
use crate::plan::{self, Body};

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
    reply: Reply,
    require_cookie: Option<String>,
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
                reply: reply(index, route).map_err(wrong)?,
                require_cookie: route.require_cookie.clone(),
            })
        });
        Ok(Self { routes: routes.collect::<Result<_, _>>()?, name: name.to_owned() })
    }

    /// Whether a route has exactly this path, not by a wildcard.
    pub(super) fn has_path(&self, path: &str) -> bool {
        self.routes.iter().any(|route| matches!(&route.path, Path::Exact(exact) if exact == path))
    }

    /// Whether any route has this path.
    pub(super) fn answers(&self, path: &str) -> bool {
        self.routes.iter().any(|route| route.path.matches(path))
    }

    /// The methods of the first route with this path: what Starlette's router looks at.
    pub(super) fn first_allows(&self, path: &str) -> Option<String> {
        let route = self.routes.iter().find(|route| route.path.matches(path))?;
        Some(if route.method == "GET" { "GET, HEAD".to_owned() } else { route.method.clone() })
    }

    /// The answer to a request. Of the routes that fit, the one with the most specific path gives it;
    /// of those with the same, the first.
    pub(super) fn answer(&self, method: &Method, path: &str, cookie: Option<&[u8]>) -> Reply {
        let fits = |method: &str| {
            let routes = self.routes.iter().enumerate();
            let fitting = routes.filter(|(_, route)| route.method == method && route.path.matches(path));
            // Of equals `max_by_key` takes the last, and the first is wanted.
            fitting.rev().max_by_key(|(_, route)| route.path.specificity())
        };
        let found = fits(method.as_str()).or_else(|| (method == Method::HEAD).then(|| fits("GET")).flatten());
        let Some((index, route)) = found else { return self.undeclared(method, path) };
        match &route.require_cookie {
            Some(name) if !has_cookie(cookie, name) => {
                let mut reply = Reply::new(StatusCode::UNAUTHORIZED, Answer::CookieMissing(index));
                reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                reply
            }
            _ => route.reply.clone(),
        }
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

/// The answer of a route.
fn reply(index: usize, route: &plan::Route) -> Result<Reply, String> {
    let is_handshake = route.body == Body::WebSocket && route.status == 101;
    let status = StatusCode::from_u16(route.status)
        .ok()
        .filter(|status| route.status < 1000 && (status.as_u16() >= 200 || is_handshake));
    let status =
        status.ok_or_else(|| format!("{} is not the status of an answer (200 to 999)", route.status))?;
    let mut reply = Reply::new(status, Answer::Route(index));
    for (name, value) in &route.headers {
        if FRAMING.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(format!("the header `{name}` frames the message, and the server sets it itself"));
        }
        let field =
            HeaderName::try_from(name.as_str()).map_err(|_| format!("`{name}` is not a header's name"))?;
        reply.headers.append(field, sendable(name, value)?);
    }
    for line in &route.set_cookie {
        reply.headers.append(SET_COOKIE, sendable("Set-Cookie", line)?);
    }
    let (content_type, body) = match &route.body {
        Body::Empty => (None, Bytes::new()),
        Body::Json(json) => {
            (Some(HeaderValue::from_static("application/json")), Bytes::from(json.to_string()))
        }
        Body::Text(text) => (Some(PLAIN), Bytes::from(text.clone())),
        Body::Html(html) => {
            (Some(HeaderValue::from_static("text/html; charset=utf-8")), Bytes::from(html.clone()))
        }
        Body::Redirect(to) => {
            reply.headers.insert(LOCATION, sendable("Location", to)?);
            (None, Bytes::new())
        }
        Body::WebSocket => {
            reply.websocket = true;
            (None, Bytes::new())
        }
    };
    reply.body = body;
    if let Some(content_type) = content_type {
        default(&mut reply.headers, CONTENT_TYPE, content_type);
    }
    // A rehearsal must ask again: what a cache answers never crosses the wire.
    default(&mut reply.headers, CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(reply)
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}

fn sendable(name: &str, value: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
        format!("the value of `{name}` has a control character, which no HTTP message can carry")
    })
}

fn has_cookie(header: Option<&[u8]>, name: &str) -> bool {
    header.is_some_and(|header| cookie_pairs(header).iter().any(|(sent, _)| sent == name))
}

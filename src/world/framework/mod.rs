//! Back ends that answer as a framework does, configured in the framework's own settings.
//!
//! ```text
//!  request ─► middleware, in the framework's order ─► view ─► mock routes
//!             sessions, CSRF, CORS, …                 what the route `does`, cookie calls
//! ```
//!
//! What they answer was recorded from the real packages and is replayed in `tests/it/world/frameworks.rs`. One
//! file is one concept of one framework. State (sessions, refused tokens) lives here, in memory, and is
//! fresh in every world. Nothing here reads a clock but the world's, draws a random number, or knows what
//! a browser makes of the answer.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;

use hyper::header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY};
use hyper::{Method, StatusCode};
use serde_json::json;
use time::OffsetDateTime;
use url::Url;

mod django;
mod express;
mod javascript;
mod members;
mod nextauth;
mod origins;
mod python;
mod random;
mod signing;
mod starlette;

use self::random::Random;
use super::clock::Clock;
use super::mock::{Mock, Sent};
use super::reply::Reply;
use super::wire::Answer;
use crate::plan::Body;
use crate::plan::framework::{BackEnd, Does, Framework, View};

/// A back end, ready to answer.
pub(super) struct App {
    mock: Mock,
    views: Vec<View>,
    /// Whether each route says what the body is.
    has_body: Vec<bool>,
    kind: Kind,
    seed: [u8; 32],
    /// How often each request line was asked.
    asked: Mutex<HashMap<String, u64>>,
}

enum Kind {
    Django(Box<django::Django>),
    Starlette(Box<starlette::Starlette>),
    Express(Box<express::Express>),
    NextAuth(Box<nextauth::NextAuth>),
}

/// A request, as a back end sees it.
pub(super) struct Asked<'r> {
    pub(super) method: &'r Method,
    /// Scheme, host and port as the socket and the Host header tell them.
    pub(super) url: &'r Url,
    pub(super) headers: &'r HeaderMap,
    pub(super) body: &'r [u8],
}

/// What a route answers before a framework has done anything about it.
struct Routed<'a> {
    reply: Reply,
    /// The view, where a route answers.
    view: Option<&'a View>,
    /// Whether the route says itself what the body is.
    has_body: bool,
}

impl App {
    /// The back end of an origin. `mock` has its routes; `seed` is the world's and this origin's.
    /// Fails with what is wrong with a setting.
    pub(super) fn new(plan: &BackEnd, mock: Mock, seed: [u8; 32]) -> Result<Self, String> {
        let kind = match &plan.framework {
            Framework::Django(settings) => Kind::Django(Box::new(django::Django::new(settings)?)),
            Framework::Starlette(settings) => Kind::Starlette(Box::new(starlette::Starlette::new(settings)?)),
            Framework::Express(settings) => Kind::Express(Box::new(express::Express::new(settings)?)),
            Framework::NextAuth(settings) => Kind::NextAuth(Box::new(nextauth::NextAuth::new(settings))),
        };
        let has_body = plan.routes.iter().map(|route| route.body != Body::Empty).collect();
        Ok(Self { mock, views: plan.views.clone(), has_body, kind, seed, asked: Mutex::default() })
    }

    /// Whether a route has exactly this path.
    pub(super) fn has_path(&self, path: &str) -> bool {
        self.mock.has_path(path)
    }

    /// The answer to a request.
    pub(super) fn answer(&self, asked: &Asked<'_>, clock: &Clock) -> Reply {
        let line = format!("{} {}", asked.method, asked.url.path());
        let nth = {
            // A panic elsewhere leaves the numbers whole.
            let mut lines = self.asked.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let count = lines.entry(line.clone()).or_default();
            *count += 1;
            *count - 1
        };
        let random = Random::new(&self.seed, &line, nth);
        match &self.kind {
            Kind::Django(app) => app.answer(self, asked, clock.now(), random),
            Kind::Starlette(app) => app.answer(self, asked, clock.now()),
            Kind::Express(app) => app.answer(self, asked, clock.now(), random),
            Kind::NextAuth(app) => app.answer(self, asked, clock.now(), random),
        }
    }

    /// What the routes say.
    fn routed(&self, asked: &Asked<'_>, now: OffsetDateTime) -> Routed<'_> {
        self.routed_at(asked, asked.url.path(), now)
    }

    /// The same, where a router takes the path for this one.
    fn routed_at(&self, asked: &Asked<'_>, path: &str, now: OffsetDateTime) -> Routed<'_> {
        let cookie = asked.cookie();
        let Asked { headers, body, .. } = asked;
        let sent = Sent { cookie: cookie.as_deref(), headers, body, at: now };
        let reply = self.mock.answer(asked.method, path, sent);
        let index = match reply.answer {
            Answer::Route(index) => Some(index),
            _ => None,
        };
        let view = index.and_then(|index| self.views.get(index));
        let has_body = index.is_some_and(|index| self.has_body.get(index).copied().unwrap_or_default());
        Routed { reply, view, has_body }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Django(_) => "Django",
            Kind::Starlette(_) => "Starlette",
            Kind::Express(_) => "Express",
            Kind::NextAuth(_) => "NextAuth",
        };
        f.debug_struct("App").field("kind", &kind).finish_non_exhaustive()
    }
}

impl Asked<'_> {
    /// A header's value, where it is text.
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The Cookie header: its fields joined, as HTTP/2 may have split them.
    fn cookie(&self) -> Option<Vec<u8>> {
        let fields: Vec<_> = self.headers.get_all(COOKIE).iter().map(|value| value.as_bytes()).collect();
        (!fields.is_empty()).then(|| fields.join(&b"; "[..]))
    }

    /// Whether the socket is TLS.
    fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether a browser asks before a request of another origin (Fetch, section 3.3.2).
    fn asks_for_method(&self) -> bool {
        self.method == Method::OPTIONS && self.headers.contains_key("access-control-request-method")
    }

    /// The body's fields, where it is a form.
    fn form(&self) -> HashMap<String, String> {
        let is_form = self
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            return HashMap::new();
        }
        url::form_urlencoded::parse(self.body).into_owned().collect()
    }

    /// A text of the body, where that is JSON or a form.
    fn field(&self, name: &str) -> Option<String> {
        let json: Option<serde_json::Value> = serde_json::from_slice(self.body).ok();
        let value = json.and_then(|json| Some(json.get(name)?.as_str()?.to_owned()));
        value.or_else(|| self.form().remove(name))
    }
}

impl Routed<'_> {
    /// What the view does.
    fn does(&self) -> Option<Does> {
        self.view.and_then(|view| view.does)
    }

    /// Answers with JSON where the route does not say itself what the body is.
    fn say(&mut self, value: &serde_json::Value) {
        if !self.has_body {
            set_json(&mut self.reply, value);
        }
    }

    /// Answers as a view that names the user does: 401 where nobody is signed in.
    fn say_user(&mut self, is_signed_in: bool) {
        if is_signed_in {
            self.say(&json!({ "user": USER }));
        } else {
            self.reply.status = StatusCode::UNAUTHORIZED;
            set_json(&mut self.reply, &json!({}));
        }
    }
}

/// The one user of every back end.
const USER: &str = "admin";

fn set_json(reply: &mut Reply, value: &serde_json::Value) {
    reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply.body = value.to_string().into();
}

/// A header's value from a setting, which was checked when it was read.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
}

fn set(reply: &mut Reply, name: &'static str, text: &str) {
    reply.headers.insert(HeaderName::from_static(name), value(text));
}

fn set_cookie(reply: &mut Reply, line: &str) {
    reply.headers.append(SET_COOKIE, value(line));
}

/// The `Vary` header as one list.
fn vary(reply: &Reply) -> Vec<String> {
    let fields = reply.headers.get_all(VARY).iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(',')).map(|name| name.trim().to_owned()).collect()
}

/// Adds a name to `Vary`, where it does not stand there.
fn vary_on(reply: &mut Reply, name: &str) {
    let mut names = vary(reply);
    if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        names.push(name.to_owned());
        set(reply, "vary", &names.join(", "));
    }
}

/// Takes a lock. What a panic elsewhere leaves behind is whole: no state is changed in two places.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

//! CORS settings applied as a server's middleware applies them.
//!
//! The middleware knows the settings and nothing else: it never decides what a page may read (the
//! browser does), and never mends settings that contradict each other, because a rehearsal is there to
//! show what they do. A header that a route declares itself wins over the middleware's.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue, ORIGIN, VARY,
};
use hyper::{Method, StatusCode};

use super::reply::Reply;
use super::wire::Answer;
use crate::plan;

/// The settings of one origin, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Cors {
    allow: Allow,
    credentials: bool,
    expose: Option<HeaderValue>,
    methods: Option<HeaderValue>,
    headers: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
}

/// Whom the settings let in.
#[derive(Clone, Debug)]
enum Allow {
    /// Anybody, answered with `*`.
    Any,
    /// These origins, each answered with itself.
    Listed(Vec<HeaderValue>),
}

impl Cors {
    /// The settings of a plan. Fails where one of them cannot stand in a header.
    pub(super) fn new(settings: &plan::Cors) -> Result<Self, InvalidHeaderValue> {
        let allow = if settings.allow_origins.iter().any(|origin| origin == "*") {
            Allow::Any
        } else {
            Allow::Listed(settings.allow_origins.iter().map(value).collect::<Result<_, _>>()?)
        };
        Ok(Self {
            allow,
            credentials: settings.allow_credentials,
            expose: list(&settings.expose_headers)?,
            methods: list(&settings.allow_methods)?,
            headers: list(&settings.allow_headers)?,
            max_age: settings.max_age.map(HeaderValue::from),
        })
    }

    /// The answer to a preflight; `None` where the request is none (Fetch, section 3.3.2).
    ///
    /// It is 204 whoever asks. Someone who is not let in gets no CORS header, and so does not pass.
    pub(super) fn preflight(&self, method: &Method, request: &HeaderMap) -> Option<Reply> {
        is_preflight(method, request).then(|| {
            let mut reply = Reply::new(StatusCode::NO_CONTENT, Answer::Preflight);
            self.grant(method, request, &mut reply);
            reply
        })
    }

    /// Adds to the answer to a preflight what is allowed, where the answer does not say so itself.
    pub(super) fn grant(&self, method: &Method, request: &HeaderMap, reply: &mut Reply) {
        if is_preflight(method, request) && self.allowed(request).is_some() {
            set(&mut reply.headers, ACCESS_CONTROL_ALLOW_METHODS, self.methods.as_ref());
            set(&mut reply.headers, ACCESS_CONTROL_ALLOW_HEADERS, self.headers.as_ref());
            set(&mut reply.headers, ACCESS_CONTROL_MAX_AGE, self.max_age.as_ref());
        }
    }

    /// Adds what every response to this request carries, a preflight's and an error's included.
    pub(super) fn apply(&self, request: &HeaderMap, reply: &mut Reply) {
        if let Allow::Listed(_) = self.allow {
            // The answer depends on who asks, so a cache must know, even where it is a refusal
            // (Fetch, section 3.3.6).
            reply.headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = self.allowed(request) else { return };
        set(&mut reply.headers, ACCESS_CONTROL_ALLOW_ORIGIN, Some(&origin));
        if self.credentials {
            let allowed = HeaderValue::from_static("true");
            set(&mut reply.headers, ACCESS_CONTROL_ALLOW_CREDENTIALS, Some(&allowed));
        }
        if reply.answer != Answer::Preflight {
            set(&mut reply.headers, ACCESS_CONTROL_EXPOSE_HEADERS, self.expose.as_ref());
        }
    }

    /// What `Access-Control-Allow-Origin` says to whoever asks; `None` where they are not let in. A
    /// listed origin is compared byte for byte, as servers do: a final slash makes it another.
    fn allowed(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(ORIGIN)?;
        match &self.allow {
            Allow::Any => Some(HeaderValue::from_static("*")),
            Allow::Listed(origins) => origins.iter().find(|listed| *listed == origin).cloned(),
        }
    }
}

/// Whether a request is a preflight: Fetch, section 3.3.2.
fn is_preflight(method: &Method, request: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && request.contains_key(ORIGIN)
        && request.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Sets a header that the route has not declared itself.
fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<&HeaderValue>) {
    if let Some(value) = value
        && !headers.contains_key(&name)
    {
        headers.insert(name, value.clone());
    }
}

fn list(names: &[String]) -> Result<Option<HeaderValue>, InvalidHeaderValue> {
    if names.is_empty() { Ok(None) } else { value(&names.join(", ")).map(Some) }
}

fn value(text: &String) -> Result<HeaderValue, InvalidHeaderValue> {
    HeaderValue::from_bytes(text.as_bytes())
}

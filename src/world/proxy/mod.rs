//! Reverse proxies: a request that ends here goes on to another origin, and its answer comes back.
//!
//! ```text
//!  browser ─► proxy, https://platform.example.com/api/me
//!             │ path and headers as the settings say       ▲ Location and cookies as the settings say
//!             └─► origin, http://orders:3000/me ───────────┘
//! ```
//!
//! What the origin behind sees is the request as the proxy made it anew: that scheme, that Host, those
//! headers, and nothing else of how the browser came. It is found by the zone, as a proxy asks DNS, and
//! answered in memory: no second socket. Both exchanges are recorded, the one inside the other. Nothing here
//! knows cookies' rules: lines are rewritten as the proxy rewrites them, right or wrong.

use std::sync::Arc;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{StatusCode, Version};
use url::Url;

use super::Alive;
use super::edge::CLIENT;
use super::origin::{Origin, fields};
use super::reply::Reply;
use super::service::{BodyRefused, Call};
use super::wire::{Answer, Bodies, Exchange};
use crate::plan::proxy::{Location, Proxy};

mod cookies;
mod kong;
mod nginx;

/// A request as it came to a proxy.
struct Arrived<'r> {
    request: &'r Parts,
    /// As the browser has it.
    url: &'r Url,
    /// The proxy's port.
    port: u16,
}

/// A request as it goes on.
struct Onward<'p> {
    upstream: &'p Url,
    /// Path and query.
    target: String,
    version: Version,
    headers: HeaderMap,
    /// What is done with the answer; Kong does nothing.
    back: Option<&'p Location>,
}

/// What a proxy makes of a request.
enum Next<'p> {
    /// It passes it on.
    On(Onward<'p>),
    /// It answers itself.
    Back(Reply),
}

/// The answer of whoever a request is passed on to.
pub(super) async fn answer(
    proxy: &Proxy,
    world: &Arc<Alive>,
    own: &Origin,
    call: Call,
) -> Result<Reply, BodyRefused> {
    let Call { parts: request, url, mut body } = call;
    let arrived = Arrived { request: &request, url: &url, port: own.port };
    let onward = match next(proxy, &arrived) {
        Next::On(onward) => onward,
        Next::Back(reply) => {
            body.whole().await.map_err(BodyRefused)?;
            return Ok(reply);
        }
    };
    let Some((behind, parts, asked)) = passed_on(world, &arrived, &onward) else {
        body.whole().await.map_err(BodyRefused)?;
        let text = format!("rehearsal: {} finds nobody at {}\n", proxy.name(), onward.upstream);
        return Ok(Reply::sentence(StatusCode::BAD_GATEWAY, Answer::Undeclared, text));
    };
    let (method, request_headers) = (parts.method.as_str().to_owned(), fields(&parts.headers));
    // Proxies stand behind proxies, so that this future holds one of its own kind.
    let mut reply = Box::pin(behind.answer(world, Call { parts, url: asked, body })).await;
    let exchange = Exchange {
        origin: behind.index,
        method,
        url: at(onward.upstream, &onward.target),
        request_headers,
        status: reply.status.as_u16(),
        response_headers: fields(&reply.headers),
        answer: std::mem::replace(&mut reply.answer, Answer::Undeclared),
        notes: std::mem::take(&mut reply.notes),
        // They are those of the exchange that this one is inside of.
        bodies: Bodies::default(),
    };
    reply.answer = Answer::Passed(Box::new(exchange));
    if let Some(location) = onward.back {
        nginx::come_back(location, &arrived, &mut reply);
    }
    Ok(reply)
}

/// Whether whoever a request is passed on to would call it stray: see [`Origin::is_stray_icon`].
pub(super) fn is_stray_icon(proxy: &Proxy, world: &Alive, own: &Origin, request: &Parts, url: &Url) -> bool {
    let arrived = Arrived { request, url, port: own.port };
    match next(proxy, &arrived) {
        Next::On(onward) => passed_on(world, &arrived, &onward)
            .is_none_or(|(behind, parts, asked)| behind.is_stray_icon(world, &parts, &asked)),
        Next::Back(_) => true,
    }
}

fn next<'p>(proxy: &'p Proxy, arrived: &Arrived<'_>) -> Next<'p> {
    match proxy {
        Proxy::Nginx(locations) => nginx::next(locations, arrived),
        Proxy::Kong(kong) => kong::next(kong, arrived),
    }
}

/// The origin behind, the request as it sees it, and the URL that it takes it to be for.
fn passed_on<'w>(
    world: &'w Alive,
    arrived: &Arrived<'_>,
    onward: &Onward<'_>,
) -> Option<(&'w Origin, Parts, Url)> {
    let upstream = onward.upstream;
    let behind = world.origin(upstream.host_str()?, upstream.port_or_known_default()?).ok()?;
    let mut parts = arrived.request.clone();
    parts.uri = onward.target.parse().ok()?;
    parts.version = onward.version;
    parts.headers = onward.headers.clone();
    let host = onward.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let asked = Url::parse(&format!("{}://{host}{}", upstream.scheme(), onward.target));
    Some((behind, parts, asked.unwrap_or_else(|_| at(upstream, &onward.target))))
}

/// A target at an origin.
fn at(origin: &Url, target: &str) -> Url {
    let whole = format!("{}{target}", origin.as_str().trim_end_matches('/'));
    Url::parse(&whole).unwrap_or_else(|_| origin.clone())
}

impl Arrived<'_> {
    /// A header's value, where it is text.
    fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.get(name)?.to_str().ok()
    }

    /// Host, and port where it is not the scheme's own: the Host header.
    fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// `X-Forwarded-For` with whoever asks added.
    fn forwarded_for(&self) -> String {
        match self.header("x-forwarded-for") {
            Some(before) => format!("{before}, {CLIENT}"),
            None => CLIENT.to_owned(),
        }
    }

    /// Path and query, as they were asked for.
    fn target(&self) -> String {
        let query = self.url.query().map_or_else(String::new, |query| format!("?{query}"));
        format!("{}{query}", self.url.path())
    }
}

/// Sets a header; an empty value takes it away, and so does one that cannot be sent.
fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return };
    match HeaderValue::from_bytes(value.as_bytes()) {
        Ok(value) if !value.is_empty() => _ = headers.insert(name, value),
        _ => _ = headers.remove(name),
    }
}

//! The real server behind an origin: it is asked what the origin is asked, and its answer goes back as it is.
//!
//! ```text
//!  browser ─► origin (TLS, HTTP/1.1 or HTTP/2) ─► edge ─► connection, kept alive ─► the user's server
//!             wire ◄──────── head, then end ◄── streamed, as fast as the browser takes it ◄──┘
//! ```
//!
//! The server sees the public Host, what the edge before it adds, and nothing else of how the browser came:
//! headers that are for one connection only stay behind (RFC 9110, section 7.6.1). Nothing of an answer is rewritten, but for what an
//! `overlay` changes: a fix that is tried.
//! A request is sent once: what fails is told, and never tried again.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{
    CONNECTION, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::{Request, StatusCode, Version};

use super::body::{Body, Kept, RequestBody};
use super::origin::{Origin, fields};
use super::reply::{Reply, Socket};
use super::service::Call;
use super::wire::{Answer, Forwarded};
use super::{Alive, edge, websocket};
use crate::plan::upstream::{AskedBy, Place, Upstream};

mod connect;
pub(super) mod fault;
mod overlay;
mod pool;
pub mod ready;

use fault::Fault;
use overlay::Overlay;
use pool::Pool;

/// Headers that are for one connection only, beside those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 6] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// A real server, and the connections to it.
#[derive(Debug)]
pub(super) struct Server {
    pool: Pool,
    /// Where it listens, for people.
    place: String,
    outside: bool,
    /// The Host it is asked by, where that is not the browser's.
    own_host: Option<HeaderValue>,
    /// How long it may take to begin an answer.
    timeout: Duration,
    /// What is changed of its answers, where something is.
    overlay: Option<Overlay>,
}

impl Server {
    /// The server of a plan. Fails with what is wrong with it: a lower-case fragment.
    pub(super) fn new(upstream: &Upstream) -> Result<Self, String> {
        let own_host = match (&upstream.place, upstream.host) {
            (Place::Url(url), AskedBy::Own) => {
                let host = url.host_str().unwrap_or_default();
                let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
                HeaderValue::try_from(host).ok()
            }
            (Place::Unix(_), AskedBy::Own) => Some(HeaderValue::from_static("localhost")),
            (_, AskedBy::Public) => None,
        };
        let overlay = (!upstream.overlay.is_empty()).then(|| Overlay::new(&upstream.overlay)).transpose();
        let overlay =
            overlay.map_err(|_| "what is laid over its answers cannot stand in a header".to_owned())?;
        Ok(Self {
            pool: Pool::new(connect::Connector::new(upstream)?),
            place: upstream.place.to_string(),
            outside: upstream.is_outside(),
            own_host,
            timeout: upstream.timeout,
            overlay,
        })
    }

    /// The server's answer to a call to this origin.
    pub(super) async fn answer(&self, world: &Arc<Alive>, origin: &Origin, call: Call) -> Reply {
        let Some(overlay) = &self.overlay else { return self.asked(world, origin, call).await };
        let (method, headers) = (call.parts.method.clone(), call.parts.headers.clone());
        if let Some(reply) = overlay.preflight(&method, &headers) {
            return reply;
        }
        let mut reply = self.asked(world, origin, call).await;
        overlay.lay(&headers, &mut reply, world.clock.now().unix_timestamp());
        reply
    }

    /// The server's own answer, or why there is none.
    async fn asked(&self, world: &Arc<Alive>, origin: &Origin, call: Call) -> Reply {
        match self.forward(world, origin, call).await {
            Ok(reply) => reply,
            Err(fault @ Fault::ClientLeft) => Reply::new(fault.status(), Answer::BodyRefused),
            Err(fault) => {
                let (why, hint) = (fault.sentence(&origin.name, &self.place), fault.hint());
                let text = format!("rehearsal: {why}\nhint: {hint}\n");
                Reply::sentence(fault.status(), Answer::NoAnswer { why, hint }, text)
            }
        }
    }

    async fn forward(&self, world: &Arc<Alive>, origin: &Origin, call: Call) -> Result<Reply, Fault> {
        let Call { mut parts, url, body } = call;
        let is_handshake = websocket::is_handshake(&parts);
        let host = self.own_host.clone().unwrap_or_else(|| edge::host(&parts.headers, &url));
        let mut headers = std::mem::take(&mut parts.headers);
        strip(&mut headers);
        join_cookies(&mut headers, parts.version);
        // This program answers 100 itself as soon as the server takes the body, as nginx does.
        headers.remove(EXPECT);
        headers.insert(HOST, host);
        if is_handshake {
            websocket::ask(&parts, &mut headers);
        }
        let told = told(origin, &headers);
        let kept = body.kept();
        let request = request(&parts, headers, body)?;

        let mut connection = self.pool.connection(&world.tasks).await?;
        let sent = connection.sender.send_request(request);
        let mut response = self.begun(sent, &kept).await?;

        let forwarded = Forwarded { place: self.place.clone(), outside: self.outside, told };
        let mut reply = Reply::new(response.status(), Answer::Upstream(Box::new(forwarded)));
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            if !is_handshake {
                return Err(Fault::Malformed("it switches protocols, and was not asked to".to_owned()));
            }
            reply.headers = std::mem::take(response.headers_mut());
            reply.socket = Some(Socket::Tunnel(hyper::upgrade::on(response)));
            return Ok(reply);
        }
        let (mut head, body) = response.into_parts();
        strip(&mut head.headers);
        reply.headers = head.headers;
        let pool = self.pool.clone();
        reply.body = Body::streamed(body, move || pool.give_back(connection));
        Ok(reply)
    }

    /// Waits for the head of an answer, as long as the request is still being sent or the server has time.
    async fn begun<F, T>(&self, sent: F, kept: &Kept) -> Result<T, Fault>
    where
        F: Future<Output = hyper::Result<T>>,
    {
        let mut sent = std::pin::pin!(sent);
        let mut before = kept.length();
        loop {
            match tokio::time::timeout(self.timeout, &mut sent).await {
                Ok(response) => return response.map_err(|error| Fault::of_answer(&error)),
                Err(_) if kept.length() > before => before = kept.length(),
                Err(_) => return Err(Fault::Slow(self.timeout)),
            }
        }
    }
}

/// The request as the server gets it: its path as it came, over HTTP/1.1.
fn request(parts: &Parts, headers: HeaderMap, body: RequestBody) -> Result<Request<RequestBody>, Fault> {
    let target = parts.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    let mut request = Request::new(body);
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = target.into();
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The header fields that were set for the server: its Host, and what the edge says.
fn told(origin: &Origin, headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let names = origin.edge.iter().flat_map(|edge| edge.names());
    let mut told = HeaderMap::new();
    for name in std::iter::once(&HOST).chain(names) {
        if let Some(value) = headers.get(name) {
            told.insert(name.clone(), value.clone());
        }
    }
    fields(&told)
}

/// Takes away what is for one connection only. That trailers are welcome goes on.
fn strip(headers: &mut HeaderMap) {
    let wants_trailers =
        headers.get_all(TE).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"trailers"));
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    if wants_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// HTTP/2 may split the Cookie header, and HTTP/1.1 has one (RFC 9113, section 8.2.3).
fn join_cookies(headers: &mut HeaderMap, version: Version) {
    if version == Version::HTTP_2
        && let Some(cookie) = super::origin::cookie(headers)
        && let Ok(cookie) = HeaderValue::from_bytes(&cookie)
    {
        headers.insert(hyper::header::COOKIE, cookie);
    }
}

//! One origin, answering: a request in, a reply out, and the exchange in the record.
//!
//! An origin decides by the plan what to answer, and never what should have been sent. It answers for
//! its own names only; a request for another is 421 (RFC 9110, section 15.5.20).

use std::net::IpAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::ext::Protocol;
use hyper::header::{COOKIE, HOST, HeaderMap};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Version};
use rustls::ServerConfig;
use url::Url;

use super::body::{Body, RequestBody};
use super::cors::Cors;
use super::edge::Edge;
use super::reply::Reply;
use super::service::{BodyRefused, Call, Service};
use super::tasks::Tasks;
use super::wire::{Answer, Bodies, Exchange};
use super::{Alive, websocket};
use crate::plan::Certificate;

/// One origin of a world.
#[derive(Debug)]
pub struct Origin {
    /// Its place in the plan.
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) url: Url,
    /// The host as the zone writes it, or the address.
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) address: Option<IpAddr>,
    pub(super) service: Service,
    pub(super) cors: Option<Cors>,
    /// What stands before whatever answers.
    pub(super) edge: Option<Edge>,
    pub(super) certificate: Certificate,
    /// What TLS shows; `None` for plain http.
    pub(super) tls: Option<Arc<ServerConfig>>,
}

/// The host of an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A name of the zone.
    Name(String),
    /// An address, which no zone knows.
    Address(IpAddr),
}

impl Origin {
    /// The scenario's own name for it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The origin as a URL: scheme, host and port, path `/`.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The address its host has in the zone, or is. `None` where the zone leads nowhere.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The port, the scheme's default filled in.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate it shows, where it is of `https`.
    pub fn certificate(&self) -> Certificate {
        self.certificate
    }

    /// Whether both stand behind one socket: a request for either may then come on a connection to the
    /// other, as behind a load balancer.
    pub(super) fn shares_socket(&self, other: &Self) -> bool {
        let one_address = self.address.is_some() && self.address == other.address;
        self.index == other.index
            || (one_address && self.port == other.port && self.tls.is_some() == other.tls.is_some())
    }

    /// Whether requests for it go on to a real server.
    pub(super) fn is_real(&self) -> bool {
        self.service.is_real()
    }

    /// Answers to a call to this origin, as its edge and its CORS settings have it.
    pub(super) async fn answer(&self, world: &Arc<Alive>, mut call: Call) -> Reply {
        let asked = self.cors.as_ref().map(|_| (call.parts.method.clone(), call.parts.headers.clone()));
        if let Some(edge) = &self.edge {
            edge.pass(&mut call);
        }
        let mut reply = match self.served(world, call).await {
            Ok(reply) => reply,
            Err(BodyRefused(status)) => Reply::new(status, Answer::BodyRefused),
        };
        if let (Some(cors), Some((method, headers))) = (&self.cors, &asked) {
            // A route that is declared answers its preflight itself, and has these settings' headers where it states
            // none of its own.
            cors.grant(method, headers, &mut reply);
            cors.apply(headers, &mut reply);
        }
        reply
    }

    async fn served(&self, world: &Arc<Alive>, mut call: Call) -> Result<Reply, BodyRefused> {
        let Parts { method, headers, .. } = &call.parts;
        let preflight = self.cors.as_ref().and_then(|cors| cors.preflight(method, headers));
        if let Some(reply) = preflight.filter(|_| !self.service.declares(method, call.url.path())) {
            call.read().await?;
            return Ok(reply);
        }
        if call.asks_for_a_tunnel() {
            let text = "rehearsal: an origin opens no tunnel\nhint: CONNECT is for the gateway\n";
            return Ok(Reply::sentence(StatusCode::METHOD_NOT_ALLOWED, Answer::Undeclared, text));
        }
        self.service.answer(world, self, call).await
    }

    /// Whether a request is a browser's own for an icon that nobody declared. It is answered 404 and left
    /// out of the record: no step made it, and not every browser makes it. A wildcard declares none.
    pub(super) fn is_stray_icon(&self, world: &Alive, request: &Parts, url: &Url) -> bool {
        request.method == Method::GET
            && url.path().ends_with("/favicon.ico")
            && !self.service.has_path(world, self, request, url)
    }
}

/// Answers to a request that came on a connection to the origin with this index, and records it. What the
/// connection becomes, a WebSocket's perhaps, belongs to these tasks and to the world.
pub(super) async fn respond(
    world: &Arc<Alive>,
    entered: usize,
    request: Request<Incoming>,
    tasks: &Tasks,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let head = parts.method == Method::HEAD;
    let entered = &world.origins[entered];
    let Some(url) = url_of(&parts, entered.url.scheme()) else {
        // There is no URL to record it under.
        let text = "rehearsal: the request names no host that a URL can have\n";
        let mut reply = Reply::sentence(StatusCode::BAD_REQUEST, Answer::Undeclared, text);
        reply.finish(head, world.clock.date());
        return reply.into_response();
    };
    // Over HTTP/2 a WebSocket begins with a CONNECT (RFC 8441): it stands for the GET of HTTP/1.1.
    let is_extended = parts.method == Method::CONNECT && parts.extensions.get::<Protocol>().is_some();
    if is_extended {
        parts.method = Method::GET;
    }
    let served = world.named(&url).filter(|origin| origin.shares_socket(entered));
    if url.path() == "/favicon.ico" && served.is_some_and(|origin| origin.is_stray_icon(world, &parts, &url))
    {
        let mut reply = Reply::new(StatusCode::NOT_FOUND, Answer::Undeclared);
        reply.finish(head, world.clock.date());
        return reply.into_response();
    }

    let in_flight = world.wire.arrived();
    let upgrade = parts.extensions.remove::<OnUpgrade>();
    let (method, request_headers) = (parts.method.as_str().to_owned(), request_fields(&parts));
    let body = RequestBody::new(body);
    let kept = body.kept();
    let mut reply = match served {
        // The future is kept off the stack: connections are moved with what they are at.
        Some(origin) => Box::pin(origin.answer(world, Call { parts, url: url.clone(), body })).await,
        None => {
            let mut body = body;
            _ = body.whole().await;
            misdirected()
        }
    };
    reply.finish(head, world.clock.date());
    let exchange = Exchange {
        origin: served.unwrap_or(entered).index,
        method,
        url,
        request_headers,
        status: reply.status.as_u16(),
        response_headers: fields(&reply.headers),
        answer: std::mem::replace(&mut reply.answer, Answer::Undeclared),
        notes: std::mem::take(&mut reply.notes),
        bodies: Bodies::default(),
    };
    let recording = in_flight.answered(exchange, kept);
    match (reply.socket.take(), upgrade) {
        (Some(socket), Some(upgrade)) => {
            if is_extended {
                websocket::to_http2(&mut reply);
            }
            tasks.spawn(world.tasks.bound(websocket::go_on(upgrade, socket, recording)));
        }
        _ => reply.body.record(recording),
    }
    reply.into_response()
}

/// The answer to a request for a name that is not this origin's. It names nothing of the world: a page from elsewhere
/// whose name was rebound to this address may read it.
fn misdirected() -> Reply {
    let text = "rehearsal: nothing is served here under the name that was asked for\n\
        hint: ask for the origin by the host and port of its URL\n";
    Reply::sentence(StatusCode::MISDIRECTED_REQUEST, Answer::Misdirected, text.to_owned())
}

/// The URL a request is for: the target's own authority where it has one (RFC 9112, section 3.2.2; RFC
/// 9113, section 8.3.1), else the Host field. `None` where that is no host, or there are two.
fn url_of(request: &Parts, scheme: &str) -> Option<Url> {
    let mut hosts = request.headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return None;
    }
    let authority = match request.uri.authority() {
        Some(authority) => authority.as_str(),
        None => std::str::from_utf8(host?.as_bytes()).ok()?,
    };
    // What a host cannot have would become another part of the URL.
    if authority.is_empty() || authority.contains(['/', '?', '#', '@', '\\']) {
        return None;
    }
    let path = request.uri.path_and_query().map_or("/", |path| path.as_str());
    let slash = if path.starts_with('/') { "" } else { "/" };
    Url::parse(&format!("{scheme}://{authority}{slash}{path}")).ok()
}

/// The request's Cookie header: its fields joined, as HTTP/2 may have split them.
pub(super) fn cookie(headers: &HeaderMap) -> Option<Vec<u8>> {
    let fields: Vec<_> = headers.get_all(COOKIE).iter().map(|value| value.as_bytes()).collect();
    (!fields.is_empty()).then(|| fields.join(&b"; "[..]))
}

/// The fields of a request for the record: HTTP/2's several cookie fields joined.
fn request_fields(request: &Parts) -> Vec<(String, Vec<u8>)> {
    let mut recorded = fields(&request.headers);
    if request.version == Version::HTTP_2
        && let Some(first) = recorded.iter().position(|(name, _)| name == COOKIE.as_str())
        && let Some(joined) = cookie(&request.headers)
    {
        recorded[first].1 = joined;
        let mut index = 0;
        recorded.retain(|(name, _)| {
            index += 1;
            index - 1 == first || name != COOKIE.as_str()
        });
    }
    recorded
}

pub(super) fn fields(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

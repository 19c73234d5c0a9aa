//! One origin, answering: a request in, a reply out, and the exchange in the record.
//!
//! An origin decides by the plan what to answer, and never what should have been sent. It answers for
//! its own names only; a request for another is 421 (RFC 9110, section 15.5.20).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Version};
use rustls::ServerConfig;
use url::Url;

use super::Alive;
use super::cors::Cors;
use super::framework::{App, Asked};
use super::mock::{Mock, Sent};
use super::page::Page;
use super::reply::Reply;
use super::wire::{Answer, Exchange};
use super::{proxy, websocket};
use crate::plan::Certificate;
use crate::plan::proxy::Proxy;

/// The longest request body that is taken, in bytes. What a page uploads does not matter here, but that
/// it may.
const MAX_BODY: u64 = 256 << 20;

/// How much of a body is kept for a back end, which looks for a token in it; the rest is forgotten.
const KEPT_BODY: usize = 64 << 10;

/// How long a request body may stand still.
const BODY_STALL: Duration = Duration::from_secs(30);

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

/// What answers at an origin, ready to.
#[derive(Debug)]
pub(super) enum Service {
    Page(Page),
    Routes(Mock),
    BackEnd(Box<App>),
    Proxy(Box<Proxy>),
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

    /// Answers to a request for this origin, as its CORS settings have it.
    pub(super) fn answer(&self, world: &Alive, request: &Parts, url: &Url, body: &[u8]) -> Reply {
        let mut reply = self.served(world, request, url, body);
        if let Some(cors) = &self.cors {
            // A route that is declared answers its preflight itself, and has these settings' headers where it states
            // none of its own.
            cors.grant(&request.method, &request.headers, &mut reply);
            cors.apply(&request.headers, &mut reply);
        }
        reply
    }

    /// Whether a route of the scenario's own answers this.
    fn declares(&self, request: &Parts, url: &Url) -> bool {
        matches!(&self.service, Service::Routes(mock) if mock.declares(&request.method, url.path()))
    }

    fn served(&self, world: &Alive, request: &Parts, url: &Url, body: &[u8]) -> Reply {
        let headers = &request.headers;
        let preflight = self.cors.as_ref().and_then(|cors| cors.preflight(&request.method, headers));
        if let Some(reply) = preflight.filter(|_| !self.declares(request, url)) {
            return reply;
        }
        if request.method == Method::CONNECT {
            let text = "rehearsal: an origin opens no tunnel\nhint: CONNECT is for the gateway\n";
            return Reply::sentence(StatusCode::METHOD_NOT_ALLOWED, Answer::Undeclared, text);
        }
        match &self.service {
            Service::Page(page) => page.answer(),
            Service::Routes(mock) => {
                let cookie = cookie(headers);
                let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
                let sent = Sent { cookie: cookie.as_deref(), authorization, at: world.clock.now() };
                let mut reply = mock.answer(&request.method, url.path(), sent);
                if reply.websocket {
                    websocket::answer(request, &mut reply);
                }
                reply
            }
            Service::BackEnd(app) => {
                let asked = Asked { method: &request.method, url, headers, body };
                let mut reply = app.answer(&asked, &world.clock);
                if reply.websocket {
                    websocket::answer(request, &mut reply);
                }
                reply
            }
            Service::Proxy(settings) => proxy::answer(settings, world, self, request, url, body),
        }
    }

    /// Whether a request is a browser's own for an icon that nobody declared. It is answered 404 and left
    /// out of the record: no step made it, and not every browser makes it. A wildcard declares none.
    pub(super) fn is_stray_icon(&self, world: &Alive, request: &Parts, url: &Url) -> bool {
        if request.method != Method::GET || !url.path().ends_with("/favicon.ico") {
            return false;
        }
        let declared = match &self.service {
            Service::Page(_) => false,
            Service::Routes(mock) => mock.has_path(url.path()),
            Service::BackEnd(app) => app.has_path(url.path()),
            Service::Proxy(settings) => !proxy::is_stray_icon(settings, world, self, request, url),
        };
        !declared
    }
}

/// Answers to a request that came on a connection to the origin with this index, and records it.
pub(super) async fn respond(
    world: &Alive,
    entered: usize,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
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
    let served = world.named(&url).filter(|origin| origin.shares_socket(entered));
    if url.path() == "/favicon.ico" && served.is_some_and(|origin| origin.is_stray_icon(world, &parts, &url))
    {
        let mut reply = Reply::new(StatusCode::NOT_FOUND, Answer::Undeclared);
        reply.finish(head, world.clock.date());
        return reply.into_response();
    }

    let in_flight = world.wire.arrived();
    let mut reply = match (take(body).await, served) {
        (Err(status), _) => {
            let mut reply = Reply::new(status, Answer::BodyRefused);
            if let Some(cors) = served.and_then(|origin| origin.cors.as_ref()) {
                cors.apply(&parts.headers, &mut reply);
            }
            reply
        }
        (Ok(body), Some(origin)) => origin.answer(world, &parts, &url, &body),
        (Ok(_), None) => misdirected(),
    };
    reply.finish(head, world.clock.date());
    if let Some(upgrade) = parts.extensions.remove::<OnUpgrade>()
        && reply.status == StatusCode::SWITCHING_PROTOCOLS
    {
        world.tasks.spawn(websocket::close(upgrade));
    }
    in_flight.answered(Exchange {
        origin: served.unwrap_or(entered).index,
        method: parts.method.as_str().to_owned(),
        url,
        request_headers: request_fields(&parts),
        status: reply.status.as_u16(),
        response_headers: fields(&reply.headers),
        answer: reply.answer.clone(),
        notes: reply.notes.clone(),
    });
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

/// Reads a body to its end, and keeps the beginning of it. Fails with the status to answer.
async fn take(mut body: Incoming) -> Result<Vec<u8>, StatusCode> {
    let (mut length, mut kept) = (0_u64, Vec::new());
    loop {
        match tokio::time::timeout(BODY_STALL, body.frame()).await {
            Err(_) => return Err(StatusCode::REQUEST_TIMEOUT),
            Ok(None) => return Ok(kept),
            Ok(Some(Err(_))) => return Err(StatusCode::BAD_REQUEST),
            Ok(Some(Ok(frame))) => {
                let data = frame.data_ref().map_or(&[][..], |data| data);
                length += data.len() as u64;
                kept.extend_from_slice(&data[..data.len().min(KEPT_BODY - kept.len())]);
                if length > MAX_BODY {
                    return Err(StatusCode::PAYLOAD_TOO_LARGE);
                }
            }
        }
    }
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

//! The model's connections: one for each host and port of a world, kept while the world lives.
//!
//! HTTP/2 where TLS agrees on it, as browsers prefer, else HTTP/1.1. Every wait has a limit, and every
//! task belongs to the [`Connections`] and ends with them. Nothing here knows cookies or Fetch.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderMap, HeaderValue, UPGRADE};
use hyper::{Method, Request, Response, Uri, rt};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::tls::Connectors;
use crate::world::direct::Entrance;
use crate::world::tasks::Tasks;

/// How long an answer may take from the first byte of its request to its last.
const LIMIT: Duration = Duration::from_secs(30);

/// The longest body of an answer that is read, in bytes.
const MAX_BODY: usize = 64 << 20;

/// The connections of one user agent to one world. Dropped, they are closed.
pub(super) struct Connections {
    entrance: Entrance,
    tls: Connectors,
    open: HashMap<(String, u16, bool), Sender>,
    tasks: Tasks,
}

/// A request, all of it but the URL's host, which is the connection's.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// An answer, whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why there was no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The host and port are not in the world.
    NotThere(String),
    /// The certificate is not one to trust.
    Distrusted(String),
    /// The connection could not be made, or broke.
    Broken(String),
    /// The time was over.
    TimedOut,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connections {
    /// No connection yet.
    pub(super) fn new(entrance: Entrance, tls: Connectors) -> Self {
        Self { entrance, tls, open: HashMap::new(), tasks: Tasks::default() }
    }

    /// Why nobody answers at a URL, told without asking. `None` where an origin would.
    pub(super) fn why_silent(&self, url: &Url) -> Option<NoAnswer> {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        let encrypted = url.scheme() == "https";
        match self.entrance.look(host, port) {
            Err(_) => Some(NoAnswer::NotThere(format!("{host}:{port}"))),
            Ok(found) if found.encrypted != encrypted => {
                Some(NoAnswer::Broken(format!("{host}:{port} does not speak {}", url.scheme())))
            }
            Ok(found) if found.distrusted => {
                Some(NoAnswer::Distrusted(format!("the certificate of {host} is not one to trust")))
            }
            Ok(_) => None,
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(&mut self, request: Outgoing) -> Result<Answer, NoAnswer> {
        tokio::time::timeout(LIMIT, self.exchange(request)).await.map_err(|_| NoAnswer::TimedOut)?
    }

    async fn exchange(&mut self, request: Outgoing) -> Result<Answer, NoAnswer> {
        if request.headers.contains_key(UPGRADE) {
            return self.handshake(request).await;
        }
        let encrypted = request.url.scheme() == "https";
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let port = request.url.port_or_known_default().unwrap_or_default();
        let key = (host, port, encrypted);
        let kept = match self.open.remove(&key) {
            Some(mut sender) => sender.ready().await.then_some(sender),
            None => None,
        };
        let mut sender = match kept {
            Some(sender) => sender,
            None => self.connect(&request.url, port, encrypted, &self.tls.pages).await?,
        };
        let response = sender.send(request).await?;
        self.open.insert(key, sender);
        read(response).await
    }

    /// The handshake of a WebSocket, on an HTTP/1.1 connection of its own (RFC 6455, section 4.1), which is
    /// closed after it.
    async fn handshake(&self, request: Outgoing) -> Result<Answer, NoAnswer> {
        let encrypted = request.url.scheme() == "https";
        let port = request.url.port_or_known_default().unwrap_or_default();
        let mut sender = self.connect(&request.url, port, encrypted, &self.tls.sockets).await?;
        read(sender.send(request).await?).await
    }

    async fn connect(
        &self,
        url: &Url,
        port: u16,
        encrypted: bool,
        tls: &TlsConnector,
    ) -> Result<Sender, NoAnswer> {
        let host = url.host_str().unwrap_or_default();
        let not_there = |_| NoAnswer::NotThere(format!("{host}:{port}"));
        let stream = self.entrance.connect(host, port).map_err(not_there)?;
        if !encrypted {
            return self.speak_http1(stream).await;
        }
        let name = match url.host() {
            Some(Host::Ipv4(address)) => ServerName::IpAddress(std::net::IpAddr::from(address).into()),
            Some(Host::Ipv6(address)) => ServerName::IpAddress(std::net::IpAddr::from(address).into()),
            _ => ServerName::try_from(host.to_owned()).map_err(NoAnswer::broken)?,
        };
        let stream = tls.connect(name, stream).await.map_err(NoAnswer::no_tls)?;
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.speak_http2(stream).await
        } else {
            self.speak_http1(stream).await
        }
    }

    async fn speak_http1<I>(&self, io: I) -> Result<Sender, NoAnswer>
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(io)).await.map_err(NoAnswer::broken)?;
        self.tasks.spawn(async move { _ = connection.await });
        Ok(Sender::Http1(sender))
    }

    async fn speak_http2<I>(&self, io: I) -> Result<Sender, NoAnswer>
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) = http2::Builder::new(Owned(self.tasks.clone()))
            .timer(TokioTimer::new())
            .handshake(TokioIo::new(io))
            .await
            .map_err(NoAnswer::broken)?;
        self.tasks.spawn(async move { _ = connection.await });
        Ok(Sender::Http2(sender))
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.tasks.cut();
    }
}

impl Sender {
    /// Whether another request can be sent.
    async fn ready(&mut self) -> bool {
        match self {
            Self::Http1(sender) => sender.ready().await.is_ok(),
            Self::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    async fn send(&mut self, outgoing: Outgoing) -> Result<Response<Incoming>, NoAnswer> {
        let Outgoing { method, url, headers, body } = outgoing;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.headers_mut() = headers;
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let response = match self {
            Self::Http1(sender) => {
                *request.uri_mut() = target.parse::<Uri>().map_err(NoAnswer::broken)?;
                let host = HeaderValue::from_str(authority(&url)).map_err(NoAnswer::broken)?;
                request.headers_mut().insert(HOST, host);
                sender.send_request(request).await
            }
            Self::Http2(sender) => {
                let whole = format!("{}://{}{target}", url.scheme(), authority(&url));
                *request.uri_mut() = whole.parse::<Uri>().map_err(NoAnswer::broken)?;
                sender.send_request(request).await
            }
        };
        response.map_err(NoAnswer::broken)
    }
}

async fn read(response: Response<Incoming>) -> Result<Answer, NoAnswer> {
    let (parts, mut incoming) = response.into_parts();
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(NoAnswer::broken)?;
        if let Some(data) = frame.data_ref() {
            if body.len() + data.len() > MAX_BODY {
                return Err(NoAnswer::Broken(format!("the answer is longer than {MAX_BODY} bytes")));
            }
            body.extend_from_slice(data);
        }
    }
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body: body.freeze() })
}

/// Host and port as a request names them: without the scheme's own port.
fn authority(url: &Url) -> &str {
    &url[url::Position::BeforeHost..url::Position::AfterPort]
}

/// Runs what an HTTP/2 connection spawns, so that it ends with the connections.
#[derive(Clone)]
struct Owned(Tasks);

impl<F> rt::Executor<F> for Owned
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, task: F) {
        self.0.spawn(async move { _ = task.await });
    }
}

impl NoAnswer {
    fn broken(error: impl fmt::Display) -> Self {
        Self::Broken(error.to_string())
    }

    fn no_tls(error: std::io::Error) -> Self {
        let of_tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
        match of_tls {
            Some(rustls::Error::InvalidCertificate(_)) => Self::Distrusted(error.to_string()),
            _ => Self::broken(error),
        }
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere(asked) => write!(f, "`{asked}` is not in this world"),
            Self::Distrusted(why) | Self::Broken(why) => f.write_str(why),
            Self::TimedOut => write!(f, "no answer within {} s", LIMIT.as_secs()),
        }
    }
}

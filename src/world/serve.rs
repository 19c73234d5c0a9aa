//! A byte stream, served: TLS where the origin has it, then HTTP/2 or HTTP/1.1.
//!
//! It is all one whether the stream is a socket of the origin's own or came through the gateway. Every
//! wait for a client has a limit, and no byte of one can do more than end its connection.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, rt};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::Alive;
use super::body::Body;
use super::origin::respond;
use super::tasks::Tasks;

/// How long a TLS handshake may take.
pub(super) const TLS_HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a request's head may take, and a connection may idle before it.
pub(super) const HEAD: Duration = Duration::from_secs(60);

/// The largest head of a request, in bytes: far above what servers take, so that the wire shows what a
/// browser would send, and far below what could hurt. Beyond it the answer is 431.
pub(super) const MAX_HEAD: usize = 256 << 10;

/// How many requests one HTTP/2 connection may have open: what browsers expect of a server.
const MAX_STREAMS: u32 = 128;

/// Serves the origin with this index on a byte stream, until either side closes it or a set of tasks,
/// the world's or this one, is asked to finish.
pub(super) async fn serve<I>(world: Arc<Alive>, origin: usize, io: I, tasks: Tasks)
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let served = tasks.clone();
    let owner = world.tasks.clone();
    let work = async move {
        if world.origins[origin].tls.is_none() {
            return Box::pin(serve_http1(&world, origin, io, &served)).await;
        }
        let Ok(Some((stream, origin))) = timeout(TLS_HANDSHAKE, handshake(&world, origin, io)).await else {
            return;
        };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            Box::pin(serve_http2(&world, origin, stream, &served)).await;
        } else {
            Box::pin(serve_http1(&world, origin, stream, &served)).await;
        }
    };
    owner.bound(work).await;
}

/// Accepts TLS with the certificate of the origin that the client names; of those behind this one's
/// socket, that is, and this one's own for any other name or none (RFC 6066, section 3).
async fn handshake<I>(world: &Arc<Alive>, entered: usize, io: I) -> Option<(TlsStream<I>, usize)>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let start = LazyConfigAcceptor::new(Acceptor::default(), io).await.ok()?;
    let (origin, config) = {
        let entered = &world.origins[entered];
        let hello = start.client_hello();
        let named = hello.server_name().and_then(|name| world.origin(name, entered.port).ok());
        let origin = named.filter(|origin| origin.shares_socket(entered)).unwrap_or(entered);
        (origin.index, Arc::<ServerConfig>::clone(origin.tls.as_ref()?))
    };
    Some((start.into_stream(config).await.ok()?, origin))
}

async fn serve_http1<I>(world: &Arc<Alive>, origin: usize, io: I, tasks: &Tasks)
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(|request| answer(world, origin, request, tasks));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MAX_HEAD)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        () = tasks.finishing() => {}
        () = world.tasks.finishing() => {}
    }
    connection.as_mut().graceful_shutdown();
    _ = connection.await;
}

async fn serve_http2<I>(world: &Arc<Alive>, origin: usize, io: I, tasks: &Tasks)
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handles = (world.clone(), tasks.clone());
    let service = service_fn(move |request| {
        let (world, tasks) = handles.clone();
        async move { answer(&world, origin, request, &tasks).await }
    });
    let mut builder = http2::Builder::new(Streams { world: world.tasks.clone(), own: tasks.clone() });
    if world.origins.iter().any(|other| other.is_real() && other.shares_socket(&world.origins[origin])) {
        builder.enable_connect_protocol();
    }
    let connection = builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEAD).expect("256 KiB"))
        .auto_date_header(false)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        () = tasks.finishing() => {}
        () = world.tasks.finishing() => {}
    }
    connection.as_mut().graceful_shutdown();
    _ = connection.await;
}

async fn answer(
    world: &Arc<Alive>,
    origin: usize,
    request: Request<Incoming>,
    tasks: &Tasks,
) -> Result<Response<Body>, Infallible> {
    Ok(respond(world, origin, request, tasks).await)
}

/// Runs the tasks that an HTTP/2 connection spawns for its streams, so that they end with the
/// connection's owners.
#[derive(Clone)]
struct Streams {
    world: Tasks,
    own: Tasks,
}

impl<F> rt::Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let stream = async move { _ = stream.await };
        self.own.spawn(self.world.bound(stream));
    }
}

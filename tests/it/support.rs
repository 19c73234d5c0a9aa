//! Plans in few words, and plain clients that reach a world through its gateway.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rehearsal::diagnostic::Source;
use rehearsal::plan::{Body, Certificate, Cors, Origin, Plan, Record, RecordData, Route, Service};
use rehearsal::world::wire::{Exchange, Mark};
use rehearsal::world::{Authority, Gateway, World, hosts};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Whether a socket of this IPv4 address listens ("tcp") or is bound ("udp"), as the kernel of Linux lists them.
///
/// To bind the address once more would not tell: a socket of another program may have taken the port since.
pub fn listens(protocol: &str, address: SocketAddr) -> bool {
    let SocketAddr::V4(v4) = address else { panic!("{address} is no address of IPv4") };
    let list = std::fs::read_to_string(format!("/proc/net/{protocol}")).expect("the kernel's list");
    // An address is written as its bytes lie in memory; 0A is a socket that listens, 07 one of UDP that is connected to nobody.
    let (local, state) = (
        format!("{:08X}:{:04X}", u32::from_ne_bytes(v4.ip().octets()), v4.port()),
        if protocol == "tcp" { "0A" } else { "07" },
    );
    list.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .any(|row| row.get(1).is_some_and(|at| *at == local) && row.get(3).is_some_and(|now| *now == state))
}

/// An origin with the built-in page.
pub fn page(name: &str, url: &str) -> Origin {
    Origin {
        name: name.to_owned(),
        url: url.parse().expect("the test's URL"),
        certificate: Certificate::Good,
        service: Service::Page,
        cors: None,
        edge: None,
    }
}

/// An origin with routes.
pub fn mock(name: &str, url: &str, routes: impl Into<Vec<Route>>) -> Origin {
    Origin { service: Service::Routes(routes.into()), ..page(name, url) }
}

/// An origin with routes and CORS settings.
pub fn with_cors(origin: Origin, cors: Cors) -> Origin {
    Origin { cors: Some(cors), ..origin }
}

/// A route that answers 200 with a text: `METHOD /path`.
pub fn route(at: &str) -> Route {
    let (method, path) = at.split_once(' ').expect("METHOD /path");
    Route {
        method: method.to_owned(),
        path: path.to_owned(),
        status: 200,
        headers: Vec::new(),
        set_cookie: Vec::new(),
        body: Body::Text(at.to_owned()),
        require_cookie: None,
        require_header: None,
        sign_jwt: None,
        require_jwt: None,
    }
}

/// A plan of these origins and records.
pub fn plan_with(origins: impl Into<Vec<Origin>>, records: impl Into<Vec<Record>>) -> Plan {
    Plan {
        source: Arc::new(Source::new("test.toml", "")),
        title: "a test".to_owned(),
        covers: Vec::new(),
        tags: Vec::new(),
        records: records.into(),
        origins: origins.into(),
        steps: Vec::new(),
    }
}

/// A plan of these origins.
pub fn plan(origins: impl Into<Vec<Origin>>) -> Plan {
    plan_with(origins, [])
}

/// An alias.
pub fn cname(name: &str, target: &str) -> Record {
    Record { name: name.to_owned(), data: RecordData::Cname(target.to_owned()) }
}

/// An address, A or AAAA.
pub fn address(name: &str, address: &str) -> Record {
    Record { name: name.to_owned(), data: RecordData::Address(address.parse().expect("the test's address")) }
}

/// An authority for the hosts of a plan.
pub fn authority(plan: &Plan) -> Authority {
    Authority::new(hosts(plan)).expect("an authority")
}

/// A TLS client that trusts this authority and nobody else, and offers these protocols.
pub fn tls(authority: &Authority, alpn: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.der().to_vec())).expect("the authority's certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// A SOCKS5 tunnel by name. Fails with the reply's code.
pub async fn socks(gateway: SocketAddr, host: &str, port: u16) -> Result<TcpStream, u8> {
    let mut request = vec![3, u8::try_from(host.len()).expect("a short name")];
    request.extend_from_slice(host.as_bytes());
    socks_to(gateway, &request, port).await
}

/// A SOCKS5 tunnel to an address type and address as they stand. Fails with the reply's code.
pub async fn socks_to(gateway: SocketAddr, address: &[u8], port: u16) -> Result<TcpStream, u8> {
    let mut stream = TcpStream::connect(gateway).await.expect("the gateway listens");
    stream.write_all(&[5, 1, 0]).await.expect("a greeting");
    let mut method = [0; 2];
    stream.read_exact(&mut method).await.expect("a method");
    assert_eq!(method, [5, 0]);
    let mut request = vec![5, 1, 0];
    request.extend_from_slice(address);
    request.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&request).await.expect("a request");
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).await.expect("a reply");
    if reply[1] == 0 { Ok(stream) } else { Err(reply[1]) }
}

/// A tunnel by CONNECT. Fails with all that the gateway answered.
pub async fn tunnel(gateway: SocketAddr, target: &str) -> Result<TcpStream, String> {
    let mut stream = TcpStream::connect(gateway).await.expect("the gateway listens");
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a whole head"));
    }
    let head = String::from_utf8(head).expect("a text");
    if head.starts_with("HTTP/1.1 200 ") {
        return Ok(stream);
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.expect("a length").parse().expect("a number")];
    stream.read_exact(&mut body).await.expect("a body");
    Err(format!("{head}{}", String::from_utf8(body).expect("a text")))
}

/// TLS over a stream, for a host. Fails with the client's own words.
pub async fn handshake(
    tls: &TlsConnector,
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, String> {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).expect("a server's name");
    tls.connect(name, stream).await.map_err(|error| error.to_string())
}

/// One request over HTTP/1.1, on a connection of its own.
pub async fn http1<I>(io: I, request: Request<Full<Bytes>>) -> Response<Bytes>
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(io)).await.expect("a connection");
    let connection = tokio::spawn(connection);
    let response = whole(sender.send_request(request).await.expect("a response")).await;
    drop(sender);
    _ = connection.await;
    response
}

/// One request over HTTP/2, on a connection of its own.
pub async fn http2<I>(io: I, request: Request<Full<Bytes>>) -> Response<Bytes>
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(io))
            .await
            .expect("a connection");
    let connection = tokio::spawn(connection);
    let response = whole(sender.send_request(request).await.expect("a response")).await;
    drop(sender);
    _ = connection.await;
    response
}

/// A response with its body read.
pub async fn whole(response: Response<hyper::body::Incoming>) -> Response<Bytes> {
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.expect("a whole body").to_bytes())
}

/// A request without a body, in origin form, with a Host header.
pub fn get(host: &str, path: &str) -> Request<Full<Bytes>> {
    request("GET", host, path, &[])
}

/// A request without a body, in origin form, with a Host header and these.
pub fn request(method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let builder = Request::builder().method(method).uri(path).header("host", host);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(Full::default()).expect("a request")
}

/// The values of a header, in order.
pub fn values<'a, T>(response: &'a Response<T>, name: &str) -> Vec<&'a [u8]> {
    response.headers().get_all(name).iter().map(|value| value.as_bytes()).collect()
}

/// Numbers that look random and are the same in every run (SplitMix64).
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    /// A number below a limit, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() % limit as u64).expect("below the limit")
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        self.number().to_be_bytes()[0]
    }

    /// At most so many bytes.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.byte()).collect()
    }
}

/// How often anything in this process has panicked. The first call begins the count.
pub fn panics() -> usize {
    use std::sync::Once;
    use std::sync::atomic::{AtomicUsize, Ordering};
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            usual(info);
        }));
    });
    PANICS.load(Ordering::SeqCst)
}

/// A world and a gateway that shows it.
pub struct Stage {
    pub authority: Authority,
    pub world: World,
    pub gateway: Gateway,
}

impl Stage {
    /// The world of a plan, shown by a gateway.
    pub fn new(plan: &Plan) -> Self {
        let authority = authority(plan);
        let world = World::start(plan, &authority).expect("a world");
        let gateway = Gateway::bind("127.0.0.1:0".parse().expect("an address")).expect("a gateway");
        gateway.show(&world);
        Self { authority, world, gateway }
    }

    /// A TLS connection to an origin, with these protocols offered. Fails with the client's own words.
    pub async fn tls(&self, host: &str, port: u16, alpn: &[&str]) -> Result<TlsStream<TcpStream>, String> {
        let stream = socks(self.gateway.address(), host, port).await.expect("the origin is in the world");
        handshake(&tls(&self.authority, alpn), host, stream).await
    }

    /// One request to an https origin on its port 443, over HTTP/1.1.
    pub async fn ask(
        &self,
        method: &str,
        host: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response<Bytes> {
        let stream = self.tls(host, 443, &[]).await.expect("TLS");
        http1(stream, request(method, host, path, headers)).await
    }

    /// All bytes that an https origin on its port 443 answers to these, over HTTP/1.1.
    pub async fn raw(&self, host: &str, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.tls(host, 443, &["http/1.1"]).await.expect("TLS");
        stream.write_all(bytes).await.expect("a request");
        let mut answer = Vec::new();
        // An origin that closes without a TLS goodbye is as good as one that says it.
        _ = stream.read_to_end(&mut answer).await;
        answer
    }

    /// All exchanges so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.world.wire().since(Mark::default())
    }
}

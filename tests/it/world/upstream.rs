//! A real server behind an origin: asked once, as the browser asked, and its answer passed on as it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::*;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::Request;
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rehearsal::plan::edge::Edge;
use rehearsal::plan::upstream::{AskedBy, Overlay, Place, TIMEOUT, Upstream};
use rehearsal::plan::{Origin, Plan, Service};
use rehearsal::world::clock::Clock;
use rehearsal::world::wire::{Answer, End, KEPT_BODY};
use rehearsal::world::{Gateway, World, WorldError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that answers each connection with what `serve` makes of it, and counts the heads of requests.
pub(super) struct Server {
    pub(super) port: u16,
    heads: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Server {
    /// A server that reads a head and then does this with the connection.
    pub(super) async fn new<F>(serve: impl Fn(String, TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heads = Arc::<std::sync::Mutex<Vec<String>>>::default();
        let (seen, serve) = (heads.clone(), Arc::new(serve));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, serve) = (seen.clone(), serve.clone());
                tokio::spawn(async move {
                    let Some(head) = head(&mut stream).await else { return };
                    seen.lock().expect("a list").push(head.clone());
                    serve(head, stream).await;
                });
            }
        });
        Self { port, heads }
    }

    /// A server that answers every first request of a connection with these bytes, and closes it.
    async fn says(answer: &'static [u8]) -> Self {
        Self::new(move |_, mut stream| async move {
            _ = stream.write_all(answer).await;
            _ = stream.shutdown().await;
        })
        .await
    }

    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("a list").clone()
    }
}

/// The next head of a request, in lower case; nothing where the client has gone.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&head).to_ascii_lowercase())
}

fn upstream(url: &str) -> Upstream {
    Upstream {
        place: Place::Url(url.parse().expect("a URL")),
        host: AskedBy::Public,
        allowed: false,
        command: None,
        ready: None,
        timeout: TIMEOUT,
        overlay: Overlay::default(),
    }
}

fn real(upstream: Upstream) -> Origin {
    Origin { service: Service::Upstream(Box::new(upstream)), ..page("api", "https://api.example.com") }
}

pub(super) fn at(port: u16) -> Origin {
    real(upstream(&format!("http://127.0.0.1:{port}")))
}

/// The world of a plan with real servers, shown by a gateway.
pub(super) fn stage(plan: &Plan) -> Stage {
    let authority = authority(plan);
    let world = World::start_with_servers(plan, &authority, Clock::running()).expect("a world");
    let gateway = Gateway::bind("127.0.0.1:0".parse().expect("an address")).expect("a gateway");
    gateway.show(&world);
    Stage { authority, world, gateway }
}

#[tokio::test]
async fn a_request_goes_on_as_it_came_and_the_answer_comes_back_as_it_is() {
    let server = Server::says(
        b"HTTP/1.1 201 Made\r\nset-cookie: a=1; Path=/\r\nset-cookie: b=\xfc\r\nconnection: close, x-hop\r\nx-hop: 1\r\nserver: theirs\r\ncontent-length: 2\r\n\r\nok",
    )
    .await;
    let stage = stage(&plan([at(server.port)]));
    let headers =
        [("cookie", "s=1"), ("x-own", "2"), ("connection", "x-gone"), ("x-gone", "1"), ("te", "gzip")];
    let answer = stage.ask("POST", "api.example.com", "/a//b/../%7e?x=%20", &headers).await;

    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (201, &b"ok"[..]));
    assert_eq!(values(&answer, "set-cookie"), [&b"a=1; Path=/"[..], b"b=\xfc"]);
    assert_eq!(values(&answer, "server"), [b"theirs"]);
    assert!(values(&answer, "x-hop").is_empty() && values(&answer, "date").is_empty());

    let [head] = &server.heads()[..] else { panic!("{:?}", server.heads()) };
    assert!(head.starts_with("post /a//b/../%7e?x=%20 http/1.1\r\n"), "{head}");
    let kept = ["host: api.example.com", "cookie: s=1", "x-own: 2"];
    let added =
        ["x-forwarded-for: 127.0.0.1", "x-forwarded-proto: https", "x-forwarded-host: api.example.com"];
    for line in kept.into_iter().chain(added) {
        assert!(head.contains(&format!("{line}\r\n")), "{line} in {head}");
    }
    assert!(!head.contains("x-gone") && !head.contains("te: gzip"), "{head}");

    let [exchange] = &stage.exchanges()[..] else { panic!("one exchange") };
    assert_eq!(exchange.url.path(), "/a//%7e");
    let forwarded = exchange.forwarded().expect("it was forwarded");
    assert_eq!(
        (forwarded.place.as_str(), forwarded.outside),
        (&*format!("http://127.0.0.1:{}", server.port), false)
    );
    assert!(forwarded.told.contains(&("x-forwarded-proto".to_owned(), b"https".to_vec())));
    assert_eq!((&exchange.bodies.end, &exchange.bodies.response.bytes[..]), (&End::Whole, &b"ok"[..]));
}

#[tokio::test]
async fn http2_goes_on_as_http1_with_one_cookie_header_and_connections_are_kept() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let server = Server::new(move |head, mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        let mut next = Some(head);
        async move {
            while let Some(head) = next {
                let cookie =
                    head.lines().find(|line| line.starts_with("cookie: ")).unwrap_or_default().to_owned();
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{cookie}", cookie.len());
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
                next = self::head(&mut stream).await;
            }
        }
    })
    .await;
    let stage = stage(&plan([at(server.port)]));
    for _ in 0..3 {
        let stream = stage.tls("api.example.com", 443, &["h2"]).await.expect("TLS");
        let request =
            Request::get("https://api.example.com/").header("cookie", "a=1").header("cookie", "b=2");
        let answer = http2(stream, request.body(Full::default()).expect("a request")).await;
        assert_eq!(&answer.body()[..], b"cookie: a=1; b=2");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_body_is_streamed_both_ways_and_no_more_than_its_beginning_is_kept() {
    // It answers with what it gets, while it gets it.
    let server = Server::new(|_, mut stream| async move {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let (mut from, mut to) = stream.split();
        _ = tokio::io::copy(&mut from, &mut to).await;
    })
    .await;
    let stage = stage(&plan([at(server.port)]));
    let stream = stage.tls("api.example.com", 443, &[]).await.expect("TLS");
    let (chunks, body) = tokio::sync::mpsc::channel::<Bytes>(1);
    let body = tokio_stream(body);
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::spawn(connection);
    let request = Request::post("/echo").header("host", "api.example.com").body(body).expect("a request");
    let mut response = sender.send_request(request).await.expect("a head before the request is whole");

    let (chunk, count) = (Bytes::from(vec![b'x'; 64 << 10]), 64_usize);
    let sending = tokio::spawn(async move {
        for _ in 0..count {
            chunks.send(chunk.clone()).await.expect("the body is read");
        }
    });
    let mut received = 0;
    while received < count * (64 << 10) {
        let frame = response.frame().await.expect("more").expect("a frame");
        received += frame.data_ref().map_or(0, Bytes::len);
        let [exchange] = &stage.exchanges()[..] else { panic!("one exchange") };
        assert_eq!(exchange.status, 200);
    }
    sending.await.expect("all was sent");
    assert!(response.frame().await.is_none());
    stage.world.wire().ended().await;
    let [exchange] = &stage.exchanges()[..] else { panic!("one exchange") };
    let bodies = &exchange.bodies;
    assert_eq!((bodies.request.bytes.len(), bodies.response.bytes.len()), (KEPT_BODY, KEPT_BODY));
    assert_eq!((bodies.request.length, bodies.response.length), (received as u64, received as u64));
}

/// A body of what comes through a channel.
pub(super) fn tokio_stream(
    mut receiver: tokio::sync::mpsc::Receiver<Bytes>,
) -> StreamBody<impl futures_util::Stream<Item = Result<Frame<Bytes>, std::convert::Infallible>>> {
    StreamBody::new(futures_util::stream::poll_fn(move |context| {
        receiver.poll_recv(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }))
}

#[tokio::test]
async fn each_fault_of_a_server_has_a_sentence_of_its_own() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("one").port();
    let silent = Server::new(|_, stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let slow = Origin {
        service: Service::Upstream(Box::new(Upstream {
            timeout: Duration::from_millis(50),
            ..upstream(&format!("http://127.0.0.1:{}", silent.port))
        })),
        ..page("api", "https://api.example.com")
    };
    let unix =
        real(Upstream { place: Place::Unix("/nowhere/app.sock".into()), ..upstream("http://127.0.0.1") });
    let cases = [
        (at(port), 502, "the connection was refused"),
        (unix, 502, "there is no such socket"),
        (slow, 504, "did not begin to answer within 0 s"),
        (at(Server::says(b"").await.port), 502, "closed the connection before it answered"),
        (
            at(Server::says(b"HTTP/1.1 200 OK\r\nset-co").await.port),
            502,
            "closed the connection before it answered",
        ),
        (at(Server::says(b"SSH-2.0-OpenSSH_9.2\r\n").await.port), 502, "is not HTTP"),
        (at(Server::says(b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n").await.port), 502, "is not HTTP"),
        (
            at(Server::says(b"HTTP/1.1 101 Switching\r\nupgrade: h2c\r\n\r\n").await.port),
            502,
            "switches protocols",
        ),
    ];
    for (origin, status, why) in cases {
        let stage = stage(&plan([origin]));
        let answer = stage.ask("GET", "api.example.com", "/", &[]).await;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        assert_eq!(answer.status().as_u16(), status, "{text}");
        assert!(text.contains(why) && text.contains("`api`") && text.contains("hint: "), "{why} in {text}");
        let [exchange] = &stage.exchanges()[..] else { panic!("one exchange") };
        assert!(
            exchange.upstream_fault().is_some_and(|(told, _)| told.contains(why)),
            "{:?}",
            exchange.answer
        );
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_breaks_off_for_the_client_and_is_told() {
    let server = Server::says(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    let stage = stage(&plan([at(server.port)]));
    let request = b"GET / HTTP/1.1\r\nhost: api.example.com\r\n\r\n";
    let answer = stage.raw("api.example.com", request).await;
    assert!(answer.ends_with(b"half"), "{}", String::from_utf8_lossy(&answer));
    stage.world.wire().ended().await;
    let [exchange] = &stage.exchanges()[..] else { panic!("one exchange") };
    assert_eq!(exchange.bodies.response.bytes, b"half");
    let why = "the server closed the connection in the middle of its answer";
    assert_eq!(exchange.bodies.end, End::Cut(why.to_owned()));
    assert_eq!(server.heads().len(), 1, "a request is sent once");
}

#[tokio::test]
async fn a_websocket_leads_to_the_server_over_http1_and_over_http2() {
    let server = Server::new(|head, mut stream| async move {
        assert!(head.contains("upgrade: websocket") && head.contains("connection: upgrade"), "{head}");
        let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: "));
        assert!(key.is_some_and(|key| !key.is_empty()), "{head}");
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nset-cookie: w=1\r\nsec-websocket-accept: x\r\n\r\n";
        _ = stream.write_all(answer).await;
        let (mut from, mut to) = stream.split();
        _ = tokio::io::copy(&mut from, &mut to).await;
    })
    .await;
    let stage = stage(&plan([at(server.port)]));
    let mut stream = stage.tls("api.example.com", 443, &["http/1.1"]).await.expect("TLS");
    let handshake = b"GET /hmr HTTP/1.1\r\nhost: api.example.com\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(handshake).await.expect("a handshake");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    echo(&mut stream).await;

    let stream = stage.tls("api.example.com", 443, &["h2"]).await.expect("TLS");
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("HTTP/2");
    tokio::spawn(connection);
    sender.ready().await.expect("a connection");
    let mut request = Request::connect("https://api.example.com/hmr")
        .header("sec-websocket-version", "13")
        .body(Empty::<Bytes>::new())
        .expect("a request");
    request.extensions_mut().insert(hyper::ext::Protocol::from_static("websocket"));
    let response = sender.send_request(request).await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(values(&response, "set-cookie"), [b"w=1"]);
    let upgraded = hyper::upgrade::on(response).await.expect("a tunnel");
    echo(&mut TokioIo::new(upgraded)).await;

    let exchanges = stage.exchanges();
    for exchange in &exchanges {
        assert_eq!((exchange.method.as_str(), exchange.status), ("GET", 101));
        assert!(matches!(exchange.answer, Answer::Upstream(_)) && exchange.is_endless());
    }
    assert_eq!(exchanges.len(), 2);
}

async fn echo<I: AsyncRead + AsyncWrite + Unpin>(io: &mut I) {
    io.write_all(b"ping").await.expect("it is open");
    let mut back = [0; 4];
    io.read_exact(&mut back).await.expect("an echo");
    assert_eq!(&back, b"ping");
}

#[tokio::test]
async fn an_edge_says_what_it_says_in_production() {
    let server = Server::says(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    let edge = |edge| Origin { edge: Some(edge), ..at(server.port) };
    for (edge, said, unsaid) in [
        (edge(Edge::named("fly").expect("fly")), "x-forwarded-ssl: on\r\n", "x-forwarded-host"),
        (edge(Edge::named("cloudflare").expect("one")), "cf-visitor: {\"scheme\":\"https\"}\r\n", "fly-"),
        (edge(Edge::none()), "host: api.example.com\r\n", "x-forwarded"),
    ] {
        let stage = stage(&plan([edge]));
        stage.ask("GET", "api.example.com", "/", &[("x-own", "1")]).await;
        let head = server.heads().pop().expect("a request");
        assert!(head.contains(said) && !head.contains(unsaid), "{head}");
    }
}

#[tokio::test]
async fn a_server_on_another_machine_is_not_asked_unless_it_is_allowed() {
    let plan = plan([real(upstream("https://api.staging.example.com"))]);
    let error = World::start_with_servers(&plan, &authority(&plan), Clock::running()).expect_err("refused");
    assert!(matches!(&error, WorldError::NotAllowed { host, .. } if host == "api.staging.example.com"));
    // A world for a prediction asks no server, wherever it is.
    let plan = support_plan(at(4000));
    let error = World::start(&plan, &authority(&plan)).expect_err("refused");
    assert!(matches!(error, WorldError::RealServer { .. }));
}

fn support_plan(origin: Origin) -> Plan {
    assert!(plan([page("web", "https://www.example.com")]).origins[0].upstream().is_none());
    let plan = plan([origin]);
    assert!(plan.has_real_server());
    plan
}

#[tokio::test]
async fn a_real_server_stands_behind_an_emulated_nginx() {
    let server = Server::says(b"HTTP/1.1 302 Found\r\nlocation: http://orders:3000/in\r\nset-cookie: a=1; Path=/\r\ncontent-length: 0\r\n\r\n").await;
    let text = format!(
        "title = 'x'\n[origins.edge]\nurl = 'https://shop.example.com'\n\
         nginx.location.'/api/' = {{ proxy_pass = 'http://orders:3000/', proxy_set_header = {{ Host = '$host', X-Forwarded-Proto = '$scheme' }} }}\n\
         [origins.orders]\nurl = 'http://orders:3000'\nupstream = 'http://127.0.0.1:{}'\nedge = 'none'\n\
         [[step]]\nvisit = 'edge:/api/x'\n",
        server.port
    );
    let source = rehearsal::diagnostic::Source::new("x.toml", text);
    let (plan, diagnostics) = rehearsal::scenario::parse(Arc::new(source));
    let stage = stage(&plan.unwrap_or_else(|| panic!("{diagnostics:?}")));
    let answer = stage.ask("POST", "shop.example.com", "/api/x?y=1", &[]).await;
    assert_eq!(values(&answer, "location"), [b"https://shop.example.com/api/in"]);
    assert_eq!(values(&answer, "set-cookie"), [b"a=1; Path=/"]);
    let head = server.heads().pop().expect("a request");
    assert!(head.starts_with("post /x?y=1 http/1.1\r\n"), "{head}");
    assert!(
        head.contains("host: shop.example.com\r\n") && head.contains("x-forwarded-proto: https\r\n"),
        "{head}"
    );
    let [exchange] = &stage.exchanges()[..] else { panic!("one exchange") };
    assert!(matches!(exchange.answer, Answer::Passed(_)) && exchange.forwarded().is_some());
}

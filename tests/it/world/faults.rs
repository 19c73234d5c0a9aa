//! Faults on both sides of a real server's world: it stays up, says what was wrong, and its memory stays flat.
//!
//! Each is small here. The large ones, ten thousand malformed heads and a gigabyte both ways, take minutes, and run where
//! they are asked for: `cargo test --test it -- --ignored faults`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rehearsal::plan::Origin;
use rehearsal::world::wire::End;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::hostile::{HANG, mutations, throw};
use super::upstream::{Server, at, stage, tokio_stream};
use crate::support::*;

/// A real server behind plain http, where bytes are what they are.
fn plain(port: u16) -> Origin {
    Origin { url: "http://api.example.com".parse().expect("a URL"), ..at(port) }
}

/// Mutations of a server's answers, one for each request.
async fn malformed_answers(count: usize) {
    let before = panics();
    let seeds: [&[u8]; 6] = [
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nset-cookie: sid=1; Path=/; HttpOnly\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x\r\n\r\n5\r\nhello\r\n0\r\nx: 1\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: /in\r\nset-cookie: a=1\r\nset-cookie: b=2; Domain=example.com\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nvary: origin\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nserver: old\r\n\r\nuntil the end",
    ];
    let answers = mutations(&seeds, count, &mut Random::new(11));
    let next = Arc::new(std::sync::Mutex::new(answers.clone().into_iter()));
    let server = Server::new(move |_, mut stream| {
        let answer = next.lock().expect("a list").next().unwrap_or_else(|| seeds[0].to_vec());
        async move {
            _ = stream.write_all(&answer).await;
            _ = stream.shutdown().await;
        }
    })
    .await;
    let stage = stage(&plan([plain(server.port)]));
    let request = b"GET / HTTP/1.1\r\nhost: api.example.com\r\nconnection: close\r\n\r\n";
    let mut unanswered = 0;
    for answer in &answers {
        let mut stream = socks(stage.gateway.address(), "api.example.com", 80).await.expect("a tunnel");
        stream.write_all(request).await.expect("it is taken");
        let mut got = Vec::new();
        let read = tokio::time::timeout(HANG, stream.read_to_end(&mut got)).await;
        _ = read.unwrap_or_else(|_| panic!("a hang after {}", answer.escape_ascii()));
        // A head whose body breaks off at once may not have left before that.
        assert!(got.is_empty() || got.starts_with(b"HTTP/1.1 "), "{} became {got:?}", answer.escape_ascii());
        unanswered += usize::from(got.is_empty());
    }
    stage.world.wire().ended().await;
    let exchanges = stage.exchanges();
    let cut = exchanges.iter().filter(|exchange| matches!(exchange.bodies.end, End::Cut(_))).count();
    assert!(exchanges.len() == count && unanswered <= cut, "{unanswered} of {count}, {cut} told");
    // A request is sent once, whatever is answered. It is lost where the server closes a connection, does not say so,
    // and the request meets that on its way: then that is told, for who could know what the server did.
    let lost = exchanges.iter().filter_map(|exchange| exchange.upstream_fault());
    let lost = lost.filter(|(why, _)| why.ends_with("closed the connection before it answered")).count();
    let sent = server.heads().len();
    assert!(sent <= count && sent + lost >= count, "{sent} of {count} sent, {lost} told as lost");
    for exchange in exchanges {
        let told = exchange.upstream_fault().is_some_and(|(why, hint)| !why.is_empty() && !hint.is_empty());
        let is_whole = matches!(exchange.bodies.end, End::Whole) && exchange.status < 500;
        // What a mutation left whole is passed on whole, a server's own 5xx too.
        assert!(told || is_whole || exchange.forwarded().is_some(), "{exchange:?}");
    }
    assert_eq!(panics(), before);
}

/// Mutations of a client's requests. What of them reaches the server is one request and nothing hidden in it.
async fn malformed_requests(count: usize) {
    let before = panics();
    let seeds: [&[u8]; 6] = [
        b"GET /a?b=c HTTP/1.1\r\nHost: api.example.com\r\nCookie: a=1; b=2\r\nAccept: */*\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 5\r\n\r\nhello",
        b"POST /login HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nHost: api.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: api.example.com\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    ];
    let server = Server::new(|_, mut stream| async move {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
        _ = stream.shutdown().await;
        _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let stage = stage(&plan([plain(server.port)]));
    for bytes in mutations(&seeds, count, &mut Random::new(12)) {
        throw(socks(stage.gateway.address(), "api.example.com", 80).await.expect("a tunnel"), &bytes).await;
    }
    for head in server.heads() {
        let lines: Vec<&str> = head.trim_end_matches("\r\n").split("\r\n").collect();
        let request: Vec<&str> = lines[0].split(' ').collect();
        assert!(request.len() == 3 && request[2] == "http/1.1", "{head:?}");
        let fields: Vec<(&str, &str)> = lines[1..].iter().filter_map(|line| line.split_once(": ")).collect();
        assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']), "{head:?}");
        let count = |name: &str| fields.iter().filter(|(field, _)| *field == name).count();
        assert_eq!(count("host"), 1, "{head:?}");
        assert!(count("content-length") + count("transfer-encoding") <= 1, "{head:?}");
    }
    assert!(server.heads().len() >= count / 50, "some are good enough to go on: {}", server.heads().len());
    assert_eq!(panics(), before);
}

#[tokio::test]
async fn malformed_heads_from_both_sides_break_nothing() {
    malformed_answers(200).await;
    malformed_requests(200).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: cargo test --test it -- --ignored faults"]
async fn ten_thousand_malformed_heads_from_both_sides_break_nothing() {
    malformed_answers(10_000).await;
    malformed_requests(10_000).await;
}

#[tokio::test]
async fn a_server_that_is_killed_in_the_middle_is_told_over_http1_and_http2() {
    for (head, is_reset) in [
        (&b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf"[..], true),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", true),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", false),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffff\r\nhalf", false),
    ] {
        let (kill, killed) = tokio::sync::watch::channel(false);
        let server = Server::new(move |_, mut stream| {
            let mut killed = killed.clone();
            async move {
                _ = stream.write_all(head).await;
                _ = killed.wait_for(|killed| *killed).await;
                if is_reset {
                    _ = stream.set_zero_linger();
                }
            }
        });
        let server = server.await;
        let stage = stage(&plan([at(server.port)]));
        let mut open = Vec::new();
        for alpn in ["http/1.1", "h2"] {
            let stream = TokioIo::new(stage.tls("api.example.com", 443, &[alpn]).await.expect("TLS"));
            let request = Request::get("https://api.example.com/").header("host", "api.example.com");
            let request = request.body(http_body_util::Empty::<Bytes>::new()).expect("a request");
            let response = if alpn == "h2" {
                let made = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await;
                let (mut sender, connection) = made.expect("HTTP/2");
                tokio::spawn(connection);
                sender.send_request(request).await
            } else {
                let made = hyper::client::conn::http1::handshake(stream).await;
                let (mut sender, connection) = made.expect("HTTP/1.1");
                tokio::spawn(connection);
                sender.send_request(request).await
            };
            let mut body = response.expect("a head").into_body();
            let frame = body.frame().await.expect("a frame").expect("there is half of it");
            assert_eq!(frame.data_ref().expect("data"), "half");
            open.push(body);
        }
        kill.send(true).expect("somebody waits for it");
        for mut body in open {
            let end = tokio::time::timeout(HANG, body.frame()).await.expect("no hang");
            assert!(end.is_some_and(|end| end.is_err()), "it is not taken for the end");
        }
        stage.world.wire().ended().await;
        for exchange in stage.exchanges() {
            let (why, hint) = exchange.upstream_fault().expect("it is told");
            assert_eq!(why, "the server closed the connection in the middle of its answer");
            assert!(hint.contains("crashed"), "{hint}");
        }
    }
}

#[tokio::test]
async fn slow_clients_hold_nobody_up_and_fill_no_memory() {
    let written = Arc::new(AtomicU64::new(0));
    let (count, (blocked, mut is_blocked)) = (written.clone(), tokio::sync::mpsc::channel(1));
    let server = Server::new(move |head, mut stream| {
        let (count, blocked) = (count.clone(), blocked.clone());
        async move {
            if !head.starts_with("get /endless") {
                _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
                return;
            }
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            let chunk = vec![b'x'; 64 << 10];
            // Until nobody takes any more: whoever reads, takes something within a second.
            while let Ok(Ok(())) =
                tokio::time::timeout(Duration::from_secs(1), stream.write_all(&chunk)).await
            {
                count.fetch_add(chunk.len() as u64, Ordering::SeqCst);
            }
            _ = blocked.send(()).await;
        }
    })
    .await;
    let stage = stage(&plan([at(server.port), Origin { name: "plain".to_owned(), ..plain(server.port) }]));
    // They begin a request, a handshake, a connection, and go no further.
    let (gateway, mut slow) = (stage.gateway.address(), Vec::new());
    for _ in 0..100 {
        let mut plain = socks(gateway, "api.example.com", 80).await.expect("a tunnel");
        plain.write_all(b"GET / HTTP/1.1\r\nhost: api.example.com\r\nx-slow: ").await.expect("it is taken");
        let mut tls = socks(gateway, "api.example.com", 443).await.expect("a tunnel");
        tls.write_all(b"\x16\x03\x01\x02").await.expect("it is taken");
        let mut nothing = TcpStream::connect(gateway).await.expect("it listens");
        nothing.write_all(b"\x05").await.expect("it is taken");
        slow.extend([plain, tls, nothing]);
    }
    let mut half = stage.tls("api.example.com", 443, &["http/1.1"]).await.expect("TLS");
    let post = b"POST / HTTP/1.1\r\nhost: api.example.com\r\ncontent-length: 1000\r\n\r\nhalf";
    half.write_all(post).await.expect("it is taken");
    let quick = tokio::time::timeout(HANG, stage.ask("GET", "api.example.com", "/", &[])).await;
    assert_eq!(quick.expect("nobody waits for them").status(), 204);

    // It asks for much and reads the head alone.
    let mut lazy = stage.tls("api.example.com", 443, &["http/1.1"]).await.expect("TLS");
    lazy.write_all(b"GET /endless HTTP/1.1\r\nhost: api.example.com\r\n\r\n").await.expect("it is taken");
    lazy.read_exact(&mut [0; 12]).await.expect("a head");
    is_blocked.recv().await.expect("the server is told to wait");
    let held = written.load(Ordering::SeqCst);
    assert!(held < 32 << 20, "{held} bytes are on the way, in buffers of the system for the most part");
}

/// A program that keeps a world up before a server.
struct Up {
    child: Child,
    gateway: std::net::SocketAddr,
    tls: TlsConnector,
}

impl Up {
    fn start(port: u16) -> Self {
        let mut command = crate::command::rehearsal();
        command.args(["up", "--format", "json", "--map", &format!("https://api.example.com={port}")]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("there is a line");
        let told: Value = serde_json::from_str(&line).expect("the line is JSON");
        let text = |key: &str| told[key].as_str().expect("a text").to_owned();
        let ca = std::fs::read(text("ca")).expect("there is a certificate");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&ca).expect("a certificate")).expect("it is one");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let gateway = text("gateway").parse().expect("an address");
        Self { child, gateway, tls: TlsConnector::from(Arc::new(config)) }
    }

    /// The most memory that it has had, in MiB.
    fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") >> 10
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        _ = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        );
        _ = self.child.wait();
    }
}

/// So many MiB to a server and back, through `rehearsal up`. Its memory stays flat.
async fn streamed(mib: usize) {
    if !cfg!(target_os = "linux") {
        return;
    }
    // It answers with what it gets, while it gets it.
    let server = Server::new(|_, mut stream| async move {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let (mut from, mut to) = stream.split();
        _ = tokio::io::copy(&mut from, &mut to).await;
    })
    .await;
    let up = Up::start(server.port);
    let stream = socks(up.gateway, "api.example.com", 443).await.expect("a tunnel");
    let stream = TokioIo::new(handshake(&up.tls, "api.example.com", stream).await.expect("TLS"));
    let (mut sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(1 << 20)
        .handshake(stream)
        .await
        .expect("HTTP/2");
    tokio::spawn(connection);
    let before = up.most_memory();
    let (chunks, body) = tokio::sync::mpsc::channel::<Bytes>(1);
    let request = Request::post("https://api.example.com/echo").body(tokio_stream(body));
    let response = sender.send_request(request.expect("a request"));
    let chunk = Bytes::from(vec![b'x'; 1 << 20]);
    let sending = tokio::spawn(async move {
        for _ in 0..mib {
            chunks.send(chunk.clone()).await.expect("the body is read");
        }
    });
    let (mut body, mut came) = (response.await.expect("a head").into_body(), 0);
    while let Some(frame) = body.frame().await {
        came += frame.expect("a frame").data_ref().map_or(0, Bytes::len);
    }
    sending.await.expect("all was sent");
    assert_eq!(came, mib << 20);
    let more = up.most_memory() - before;
    assert!(more < 24, "{more} MiB more for {mib} MiB both ways");
}

#[tokio::test]
async fn what_is_streamed_both_ways_is_not_kept_in_memory() {
    streamed(64).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: cargo test --test it -- --ignored faults"]
async fn a_gigabyte_both_ways_is_not_kept_in_memory() {
    streamed(1024).await;
}

//! Hostile bytes at every socket: an error at most, for whoever sent them, and never a panic.

use std::time::Duration;

use crate::support::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than anything here takes on a slow machine, shorter than any of the limits: what reaches it
/// hangs.
pub(super) const HANG: Duration = Duration::from_secs(8);

/// Sends bytes and an end, and reads all that comes back. A hang fails the test.
pub(super) async fn throw(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let exchange = async {
        // Whoever is thrown garbage may hang up in the middle of it.
        _ = stream.write_all(bytes).await;
        _ = stream.shutdown().await;
        _ = stream.read_to_end(&mut answer).await;
    };
    tokio::time::timeout(HANG, exchange).await.unwrap_or_else(|_| panic!("a hang after {bytes:?}"));
    answer
}

fn the_stage() -> Stage {
    Stage::new(&plan([
        page("web", "https://web.example"),
        mock("api", "https://api.example", [route("POST /login"), route("GET /*")]),
        page("plain", "http://plain.example"),
    ]))
}

/// Mutations of these bytes, always the same ones.
pub(super) fn mutations(seeds: &[&[u8]], count: usize, random: &mut Random) -> Vec<Vec<u8>> {
    let mutate = |round: usize| {
        let mut bytes = seeds[round % seeds.len()].to_vec();
        for _ in 0..=random.below(5) {
            match random.below(4) {
                0 if !bytes.is_empty() => {
                    let at = random.below(bytes.len());
                    bytes[at] = random.byte();
                }
                1 => bytes.truncate(random.below(bytes.len() + 1)),
                2 => {
                    let at = random.below(bytes.len() + 1);
                    let more = random.bytes(40);
                    bytes.splice(at..at, more);
                }
                _ => bytes = [random.bytes(8), bytes].concat(),
            }
        }
        bytes
    };
    (0..count).map(mutate).collect()
}

#[tokio::test]
async fn garbage_at_the_gateway() {
    let before = panics();
    let stage = the_stage();
    let seeds: [&[u8]; 8] = [
        b"\x05\x01\x00\x05\x01\x00\x03\x0bweb.example\x01\xbb\x16\x03\x01\x00\x05hello",
        b"\x05\x01\x00\x05\x01\x00\x01\x7f\x4d\x00\x01\x01\xbb",
        b"\x05\xff\x00",
        b"CONNECT web.example:443 HTTP/1.1\r\nHost: web.example:443\r\n\r\n\x16\x03\x01\x02\x00\x01",
        b"GET http://plain.example/ HTTP/1.1\r\nHost: plain.example\r\n\r\n",
        b"POST http://plain.example/x HTTP/1.1\r\nHost: y\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ];
    for bytes in mutations(&seeds, 600, &mut Random::new(1)) {
        throw(TcpStream::connect(stage.gateway.address()).await.expect("it still listens"), &bytes).await;
    }
    assert_eq!(stage.ask("GET", "web.example", "/", &[]).await.status(), 200);
    assert_eq!(panics(), before);
}

#[tokio::test]
async fn garbage_at_an_origin() {
    let before = panics();
    let stage = the_stage();
    let one: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\nHost: plain.example\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: plain.example\r\nContent-Length: 5\r\n\r\nhello",
        b"POST /login HTTP/1.1\r\nHost: plain.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: plain.example\r\nCookie: a=1; b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ];
    for bytes in mutations(&one, 600, &mut Random::new(2)) {
        let stream = socks(stage.gateway.address(), "plain.example", 80).await.expect("a tunnel");
        throw(stream, &bytes).await;
    }
    // TLS's own first bytes, and HTTP/2's frames inside of it.
    for bytes in mutations(
        &[b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03", b"GET / HTTP/1.1\r\n\r\n"],
        100,
        &mut Random::new(3),
    ) {
        let stream = socks(stage.gateway.address(), "web.example", 443).await.expect("a tunnel");
        throw(stream, &bytes).await;
    }
    let preface =
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x05\x01\x05\0\0\0\x01\x82\x84\x87\x41\x00";
    for bytes in mutations(&[preface], 60, &mut Random::new(4)) {
        throw(stage.tls("web.example", 443, &["h2"]).await.expect("TLS"), &bytes).await;
    }
    assert_eq!(stage.ask("GET", "web.example", "/", &[]).await.status(), 200);
    assert_eq!(panics(), before);
}

#[tokio::test]
async fn bad_hosts_are_refused_and_recorded_where_they_have_a_url() {
    let stage = the_stage();
    for (head, status) in [
        ("GET / HTTP/1.1\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: \r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: web.example\r\nHost: api.example\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: web.example/x\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: user@web.example\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: web.example:99999\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: \u{fc}.example\r\n", "421"),
        ("GET / HTTP/1.1\r\nHost: [::1]\r\n", "421"),
        ("GET https://bank.example/x HTTP/1.1\r\nHost: web.example\r\n", "421"),
        ("GET https://web.example/x HTTP/1.1\r\nHost: bank.example\r\n", "200"),
        ("GET ftp://web.example/x HTTP/1.1\r\nHost: web.example\r\n", "200"),
        ("CONNECT web.example:443 HTTP/1.1\r\nHost: web.example\r\n", "405"),
        ("TRACE / HTTP/1.1\r\nHost: web.example\r\n", "200"),
        ("OPTIONS * HTTP/1.1\r\nHost: web.example\r\n", "200"),
        ("GET / HTTP/1.0\r\n", "400"),
        ("GET  / HTTP/1.1\r\nHost: web.example\r\n", "400"),
    ] {
        let answer = stage.raw("web.example", format!("{head}Connection: close\r\n\r\n").as_bytes()).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let told = answer.split(' ').nth(1).unwrap_or_default();
        assert_eq!(told, status, "{head}: {answer}");
    }
}

#[tokio::test]
async fn smuggled_requests_are_not_answered() {
    let stage = the_stage();
    for request in [
        "POST /login HTTP/1.1\r\nHost: api.example\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST /login HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /login HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /login HTTP/1.1\r\nHost: api.example\r\nContent-Length: +5\r\n\r\nhello",
        "POST /login HTTP/1.1\r\nHost : api.example\r\nContent-Length: 0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: api.example\r\nX: a\r\n folded\r\n\r\n",
        "GET /\0 HTTP/1.1\r\nHost: api.example\r\n\r\n",
    ] {
        let bytes = format!("{request}GET /smuggled HTTP/1.1\r\nHost: api.example\r\n\r\n");
        let answer = stage.raw("api.example", bytes.as_bytes());
        let answer = tokio::time::timeout(HANG, answer).await.expect("no hang");
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{request}: {}", String::from_utf8_lossy(&answer));
    }
    // Where both lengths are given the chunks count, and the connection ends (RFC 9112, section 6.1).
    let both = b"POST /login HTTP/1.1\r\nHost: api.example\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n\
        0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n";
    _ = tokio::time::timeout(HANG, stage.raw("api.example", both)).await.expect("no hang");
    let paths: Vec<_> = stage.exchanges().iter().map(|exchange| exchange.url.path().to_owned()).collect();
    assert!(paths.iter().all(|path| path == "/login" || path == "/smuggled"), "{paths:?}");
    assert!(paths.len() <= 2, "{paths:?}");
}

#[tokio::test]
async fn giant_heads_are_refused() {
    let stage = the_stage();
    let head = format!("GET / HTTP/1.1\r\nHost: web.example\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    let answer =
        tokio::time::timeout(HANG, stage.raw("web.example", head.as_bytes())).await.expect("no hang");
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    let many = format!("GET / HTTP/1.1\r\nHost: web.example\r\n{}\r\n", "X: x\r\n".repeat(5_000));
    let answer =
        tokio::time::timeout(HANG, stage.raw("web.example", many.as_bytes())).await.expect("no hang");
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    // What a browser may well send is taken: 180 cookies of a kilobyte.
    let cookies: Vec<_> = (0..180).map(|index| format!("c{index}={}", "v".repeat(1000))).collect();
    let cookies = cookies.join("; ");
    for alpn in ["http/1.1", "h2"] {
        let stream = stage.tls("web.example", 443, &[alpn]).await.expect("TLS");
        let headers = [("cookie", cookies.as_str())];
        let mut sent = request("GET", "web.example", "/", &headers);
        let response = if alpn == "h2" {
            *sent.uri_mut() = "https://web.example/".parse().expect("a URL");
            http2(stream, sent).await
        } else {
            http1(stream, sent).await
        };
        assert_eq!(response.status(), 200, "{alpn}");
        assert_eq!(stage.exchanges().pop().expect("an exchange").cookie(), Some(cookies.as_bytes()));
    }
}

//! The gateway: what it leads to, what it refuses, and that nothing outlives a world.

use crate::support::*;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rehearsal::world::wire::Answer;
use rehearsal::world::{Gateway, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn the_stage() -> Stage {
    Stage::new(&plan_with(
        [
            page("web", "https://web.example"),
            mock("api", "https://api.example:8443", [route("GET /me")]),
            page("plain", "http://plain.example"),
            page("dev", "http://localhost:3000"),
            page("six", "https://[2001:db8::7]"),
        ],
        [cname("www.web.example", "web.example"), cname("gone.example", "nowhere.example")],
    ))
}

#[tokio::test]
async fn rfc_1928_section_5_names_and_both_kinds_of_address_lead_to_an_origin() {
    let stage = the_stage();
    let gateway = stage.gateway.address();
    for name in ["web.example", "WEB.Example", "web.example.", "www.web.example"] {
        assert!(socks(gateway, name, 443).await.is_ok(), "{name}");
    }
    // An address is one that was looked up in the zone before, or an origin's own.
    assert!(socks_to(gateway, &[1, 127, 77, 0, 1], 443).await.is_ok());
    let mut six = vec![4];
    six.extend_from_slice(&"2001:db8::7".parse::<std::net::Ipv6Addr>().expect("an address").octets());
    assert!(socks_to(gateway, &six, 443).await.is_ok());
    assert!(socks(gateway, "[2001:db8::7]", 443).await.is_ok());
    assert!(socks(gateway, "2001:db8::7", 443).await.is_ok());
    assert_eq!(stage.gateway.take_refused(), [""; 0]);
}

#[tokio::test]
async fn rfc_1928_section_6_everything_else_is_refused_and_noted() {
    let stage = the_stage();
    let gateway = stage.gateway.address();
    for (name, port, code) in [
        ("bank.example", 443, 4),
        ("gone.example", 443, 4),
        ("xweb.example", 443, 4),
        ("1.1.1.1", 443, 4),
        ("::1", 443, 4),
        ("web.example", 80, 5),
        ("www.web.example", 8443, 5),
        ("127.77.0.1", 22, 5),
        ("127.0.0.1", 3000, 0),
        ("127.0.0.1", gateway.port(), 5),
    ] {
        let told = socks(gateway, name, port).await.err().unwrap_or(0);
        assert_eq!(told, code, "{name}:{port}");
    }
    assert_eq!(socks_to(gateway, &[1, 10, 0, 0, 1], 80).await.err(), Some(4));
    assert_eq!(
        stage.gateway.take_refused(),
        [
            "bank.example:443",
            "gone.example:443",
            "xweb.example:443",
            "1.1.1.1:443",
            "[::1]:443",
            "web.example:80",
            "www.web.example:8443",
            "127.77.0.1:22",
            &format!("127.0.0.1:{}", gateway.port()),
            "10.0.0.1:80",
        ]
    );
    assert_eq!(stage.gateway.take_refused(), [""; 0]);
}

#[tokio::test]
async fn rfc_1928_sections_3_and_4_only_connect_without_authentication() {
    let gateway = the_stage();
    let address = gateway.gateway.address();
    for (sent, answer) in [
        (&[5, 1, 2][..], &[5, 0xff][..]),
        (&[5, 0], &[5, 0xff]),
        (&[5, 2, 2, 0, 5, 2, 0, 1, 127, 77, 0, 1, 1, 187], &[5, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0]),
        (&[5, 1, 0, 5, 1, 0, 9, 1, 2, 3], &[5, 0, 5, 8, 0, 1, 0, 0, 0, 0, 0, 0]),
        (&[5, 1, 0, 5, 1, 0, 3, 0, 1, 187], &[5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
        (&[5, 1, 0, 5, 1, 0, 3, 2, 0xff, 0, 1, 187], &[5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
        (&[5, 1, 0, 4, 1, 0, 1, 127, 77, 0, 1, 1, 187], &[5, 0]),
    ] {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(sent).await.expect("bytes sent");
        stream.shutdown().await.expect("an end");
        let mut told = Vec::new();
        // A reset instead of an end is the system's way to say that bytes were left unread.
        _ = stream.read_to_end(&mut told).await;
        assert_eq!(told, answer, "{sent:?}");
    }
}

#[tokio::test]
async fn rfc_9110_section_9_3_6_connect_opens_a_tunnel_to_an_origin() {
    let stage = the_stage();
    let gateway = stage.gateway.address();
    for (target, host, alpn) in
        [("web.example:443", "web.example", ""), ("API.example.:8443", "api.example", "h2")]
    {
        let stream = tunnel(gateway, target).await.expect("a tunnel");
        let alpn: Vec<_> = (!alpn.is_empty()).then_some(alpn).into_iter().collect();
        let stream = handshake(&tls(&stage.authority, &alpn), host, stream).await.expect("TLS");
        assert_eq!(stream.get_ref().1.alpn_protocol().is_some(), !alpn.is_empty());
    }
    // Plain http and WebSockets come so, too.
    let stream = tunnel(gateway, "plain.example:80").await.expect("a tunnel");
    assert_eq!(http1(stream, get("plain.example", "/")).await.status(), 200);
    let stream = tunnel(gateway, "[2001:db8::7]:443").await.expect("a tunnel");
    handshake(&tls(&stage.authority, &[]), "[2001:db8::7]", stream).await.expect("TLS");
}

#[tokio::test]
async fn connect_elsewhere_is_502_with_a_sentence() {
    let stage = the_stage();
    let error = tunnel(stage.gateway.address(), "bank.example:443").await.expect_err("not in the world");
    assert!(error.starts_with("HTTP/1.1 502 "), "{error}");
    let (_, body) = error.split_once("\r\n\r\n").expect("a head and a body");
    assert_eq!(
        body,
        "rehearsal: `bank.example:443` is not in this world, and nothing outside it is reached\n\
         hint: in this world are https://web.example, https://api.example:8443, http://plain.example, \
         http://localhost:3000, https://[2001:db8::7]\n"
    );
    for target in ["web.example:80", "127.0.0.1:22", "web.example:99999", "web.example"] {
        let error = tunnel(stage.gateway.address(), target).await.expect_err("no origin");
        assert!(
            error.starts_with("HTTP/1.1 502 ") || error.starts_with("HTTP/1.1 400 "),
            "{target}: {error}"
        );
    }
    stage.gateway.hide().await;
    let error = tunnel(stage.gateway.address(), "web.example:443").await.expect_err("no world");
    assert!(error.contains("`web.example:443` was asked for while no world is shown"), "{error}");
    assert_eq!(
        stage.gateway.take_refused(),
        ["bank.example:443", "web.example:80", "127.0.0.1:22", "web.example:443"]
    );
}

#[tokio::test]
async fn rfc_9112_section_3_2_2_absolute_form_reaches_many_origins_on_one_connection() {
    let stage = the_stage();
    let stream = TcpStream::connect(stage.gateway.address()).await.expect("a connection");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::spawn(connection);
    let request = |url: &str| {
        let request =
            Request::get(url).header("host", "ignored.example").header("proxy-connection", "keep-alive");
        request
            .header("proxy-authorization", "Basic c2VjcmV0")
            .body(Full::<Bytes>::default())
            .expect("a request")
    };
    for (url, status) in [
        ("http://plain.example/a?b", 200),
        ("http://localhost:3000/", 200),
        ("http://bank.example/", 502),
        ("http://plain.example:8080/", 502),
        ("http://web.example:443/", 400),
        ("https://web.example/", 400),
        ("ftp://plain.example/", 400),
        ("/", 400),
        ("http://PLAIN.example/c", 200),
    ] {
        sender.ready().await.expect("the connection lives");
        let response = sender.send_request(request(url)).await.expect("a response");
        assert_eq!(response.status(), status, "{url}");
        whole(response).await;
    }
    let exchanges = stage.exchanges();
    let urls: Vec<_> = exchanges.iter().map(|exchange| exchange.url.as_str()).collect();
    assert_eq!(urls, ["http://plain.example/a?b", "http://localhost:3000/", "http://plain.example/c"]);
    // What a client says to its proxy is not the origin's to see.
    assert!(exchanges[0].request_headers.iter().all(|(name, _)| !name.starts_with("proxy-")));
    assert!(exchanges.iter().all(|exchange| exchange.answer == Answer::Page));
}

#[tokio::test]
async fn hide_closes_every_connection_before_it_returns() {
    let stage = the_stage();
    let address = stage.gateway.address();

    let stream = stage.tls("web.example", 443, &["http/1.1"]).await.expect("TLS");
    let (mut one, connection_one) =
        hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .expect("a connection");
    let connection_one = tokio::spawn(connection_one);
    let stream = tunnel(address, "web.example:443").await.expect("a tunnel");
    let stream = handshake(&tls(&stage.authority, &["h2"]), "web.example", stream).await.expect("TLS");
    let (mut two, connection_two) = hyper::client::conn::http2::handshake::<_, _, Full<Bytes>>(
        TokioExecutor::new(),
        TokioIo::new(stream),
    )
    .await
    .expect("a connection");
    let connection_two = tokio::spawn(connection_two);
    assert_eq!(
        whole(one.send_request(get("web.example", "/")).await.expect("a response")).await.status(),
        200
    );
    let request = Request::get("https://web.example/").body(Full::default()).expect("a request");
    assert_eq!(whole(two.send_request(request).await.expect("a response")).await.status(), 200);
    // A request under way, a handshake half done, and a connection that has said nothing.
    let mut half = stage.tls("web.example", 443, &[]).await.expect("TLS");
    half.write_all(
        b"POST / HTTP/1.1\r\nhost: web.example\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n",
    )
    .await
    .expect("a head");
    half.read_u8().await.expect("100 Continue");
    let mut greeted = TcpStream::connect(address).await.expect("a connection");
    greeted.write_all(&[5, 1, 0]).await.expect("a greeting");
    let mut method = [0; 2];
    greeted.read_exact(&mut method).await.expect("a method");
    assert!(stage.gateway.connections() >= 4);

    stage.gateway.hide().await;
    assert_eq!(stage.gateway.connections(), 0);
    stage.world.wire().settled().await;
    _ = connection_one.await.expect("no panic");
    _ = connection_two.await.expect("no panic");
    assert!(one.send_request(get("web.example", "/")).await.is_err());
    let request = Request::get("https://web.example/").body(Full::default()).expect("a request");
    assert!(two.send_request(request).await.is_err());
    assert!(greeted.read_u8().await.is_err());
    assert!(
        half.read(&mut [0; 64]).await.map_or(true, |length| length == 0) || half.read_u8().await.is_err()
    );

    // The next world has the same names, and other answers.
    let next = plan([mock("web", "https://web.example", [])]);
    let next = World::start(&next, &stage.authority).expect("a world");
    stage.gateway.show(&next);
    assert_eq!(stage.ask("GET", "web.example", "/", &[]).await.status(), 404);
    assert_eq!((stage.exchanges().len(), next.wire().since(Default::default()).len()), (2, 1));
}

#[tokio::test]
async fn a_world_that_ends_takes_its_connections_along() {
    let stage = the_stage();
    for alpn in ["http/1.1", "h2"] {
        let mut stream = stage.tls("web.example", 443, &[alpn]).await.expect("TLS");
        let world =
            World::start(&plan([page("web", "https://web.example")]), &stage.authority).expect("a world");
        stage.gateway.show(&world);
        let mut second = stage.tls("web.example", 443, &[alpn]).await.expect("TLS");
        world.close().await;
        while second.read(&mut [0; 64]).await.unwrap_or(0) > 0 {}
        assert_eq!(socks(stage.gateway.address(), "web.example", 443).await.err(), Some(4));
        // The first world is not shown, but it is alive, and so is its connection.
        stage.gateway.show(&stage.world);
        if alpn == "http/1.1" {
            assert_eq!(http1(stream, get("web.example", "/")).await.status(), 200);
        } else {
            stream
                .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
                .await
                .expect("a preface");
            assert!(stream.read_u8().await.is_ok());
        }
    }
}

#[tokio::test]
async fn bad_certificates_are_bad_and_good_ones_good_in_one_world() {
    use rehearsal::plan::{Certificate, Origin};
    let bad =
        |name: &str, certificate| Origin { certificate, ..page(name, &format!("https://{name}.example")) };
    let stage = Stage::new(&plan([
        page("good", "https://good.example"),
        bad("expired", Certificate::Expired),
        bad("wrong", Certificate::WrongHost),
        bad("alone", Certificate::SelfSigned),
    ]));
    for (host, error) in [
        ("expired.example", "certificate expired"),
        ("wrong.example", "certificate not valid for name"),
        ("alone.example", "UnknownIssuer"),
    ] {
        let told = stage.tls(host, 443, &[]).await.expect_err("a bad certificate");
        assert!(told.contains(error), "{host}: {told}");
    }
    let stream = stage.tls("good.example", 443, &[]).await.expect("TLS");
    let chain = stream.get_ref().1.peer_certificates().expect("a chain").to_vec();
    assert_eq!(chain.len(), 2);
    assert_eq!(&*chain[1], stage.authority.der());
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let error = Gateway::bind("0.0.0.0:0".parse().expect("an address")).expect_err("not loopback");
    assert_eq!(
        error.to_string(),
        "0.0.0.0:0 is not a loopback address, and nothing here listens anywhere else"
    );
    assert!(Gateway::bind("[::]:0".parse().expect("an address")).is_err());
    // An address of its own: no other test is bound to it.
    let first = Gateway::bind("127.0.53.2:0".parse().expect("an address")).expect("a gateway");
    let error = Gateway::bind(first.address()).expect_err("the port is taken");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    let address = first.address();
    assert!(listens("tcp", address));
    first.close().await;
    assert!(!listens("tcp", address));
}

#[tokio::test]
async fn a_gateway_for_one_machine_hangs_up_on_every_other() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let peer = "127.0.0.2/32".parse().expect("a network");
    let peers = vec![peer];
    let gateway = Gateway::bind_for("127.0.0.1:0".parse().expect("an address"), peers).expect("a gateway");
    let greeted = async |from: &str| {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(format!("{from}:0").parse().expect("an address")).expect("a loopback address");
        let mut stream = socket.connect(gateway.address()).await.expect("the port is open");
        // The greeting of SOCKS5 (RFC 1928, section 3) is answered, or nothing ever is.
        let greeting = stream.write_all(&[5, 1, 0]).await;
        let mut answer = Vec::new();
        let mut first = [0; 2];
        if greeting.is_ok() && stream.read_exact(&mut first).await.is_ok() {
            answer.extend(first);
        }
        answer
    };
    assert_eq!(greeted("127.0.0.2").await, [5, 0]);
    assert_eq!(greeted("127.0.0.1").await, [0; 0]);
    assert_eq!(gateway.take_strangers(), ["127.0.0.1".parse::<std::net::IpAddr>().expect("an address")]);
    assert_eq!(gateway.take_strangers(), [] as [std::net::IpAddr; 0]);
    gateway.close().await;
}

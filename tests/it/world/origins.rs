//! Origins answer as the plan says, over HTTP/1.1 and HTTP/2, and every exchange is in the record.

use crate::support;
use crate::support::*;
use http_body_util::Full;
use hyper::{Request, Version};
use rehearsal::plan::{Body, Route};
use rehearsal::world::wire::Answer;
use rehearsal::world::{World, WorldError};

fn login() -> Route {
    Route {
        set_cookie: vec![
            "user_access_token=t1; Path=/; HttpOnly; SameSite=Lax".to_owned(),
            "odd = v\"alue\u{fc} ;;  Secure ; Domain=.Example.COM;".to_owned(),
            "user_access_token=t2".to_owned(),
        ],
        body: Body::Json(serde_json::json!({"detail": "welcome"})),
        ..route("POST /api/v1/auth/login/")
    }
}

#[tokio::test]
async fn set_cookie_lines_cross_the_wire_byte_for_byte_one_field_each() {
    let stage = Stage::new(&plan([mock("api", "https://api.example", [login()])]));
    let lines: Vec<Vec<u8>> = login().set_cookie.into_iter().map(String::into_bytes).collect();

    let request = b"POST /api/v1/auth/login/ HTTP/1.1\r\nhost: api.example\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    let answer = stage.raw("api.example", request).await;
    let on_the_wire: Vec<&[u8]> = answer
        .split(|&byte| byte == b'\n')
        .filter_map(|line| line.strip_prefix(b"set-cookie: "))
        .map(|line| line.strip_suffix(b"\r").expect("CRLF"))
        .collect();
    assert_eq!(on_the_wire, lines);

    let stream = stage.tls("api.example", 443, &["h2"]).await.expect("TLS");
    let request =
        Request::post("https://api.example/api/v1/auth/login/").body(Full::from("{}")).expect("a request");
    let response = http2(stream, request).await;
    assert_eq!(response.version(), Version::HTTP_2);
    assert_eq!(values(&response, "set-cookie"), lines);
    assert_eq!(response.body(), r#"{"detail":"welcome"}"#);

    let exchanges = stage.exchanges();
    assert_eq!(exchanges.len(), 2);
    for exchange in exchanges {
        assert_eq!(exchange.set_cookie().collect::<Vec<_>>(), lines);
        assert_eq!((exchange.method.as_str(), exchange.status), ("POST", 200));
        assert_eq!(exchange.url.as_str(), "https://api.example/api/v1/auth/login/");
        assert_eq!(exchange.answer, Answer::Route(0));
        assert_eq!(exchange.response_header("content-type"), Some(&b"application/json"[..]));
    }
}

#[tokio::test]
async fn rfc_9113_section_8_2_3_split_cookie_fields_are_joined_in_the_record() {
    let guarded = Route { require_cookie: Some("b".into()), ..route("GET /me") };
    let stage = Stage::new(&plan([mock("api", "https://api.example", [guarded])]));
    let stream = stage.tls("api.example", 443, &["h2"]).await.expect("TLS");
    let request = Request::get("https://api.example/me")
        .header("cookie", "a=1")
        .header("accept", "*/*")
        .header("cookie", "b=2")
        .header("cookie", "c=3");
    let response = http2(stream, request.body(Full::default()).expect("a request")).await;
    assert_eq!(response.status(), 200);
    let exchanges = stage.exchanges();
    assert_eq!(exchanges[0].cookie(), Some(&b"a=1; b=2; c=3"[..]));
    let cookies = exchanges[0].request_headers.iter().filter(|(name, _)| name == "cookie").count();
    assert_eq!(cookies, 1);
}

#[tokio::test]
async fn a_required_cookie_is_looked_for_by_its_name() {
    let guarded = Route { require_cookie: Some("sid".into()), ..route("GET /me") };
    let stage = Stage::new(&plan([mock("api", "https://api.example", [guarded])]));
    for (cookie, status, answer) in [
        (None, 401, Answer::CookieMissing(0)),
        (Some("other=1; xsid=2; sid2=3; SID=4"), 401, Answer::CookieMissing(0)),
        (Some("sid"), 401, Answer::CookieMissing(0)),
        (Some("a=1; sid=; b=2"), 200, Answer::Route(0)),
        (Some("sid=x=y"), 200, Answer::Route(0)),
    ] {
        let headers: Vec<_> = cookie.iter().map(|cookie| ("cookie", *cookie)).collect();
        let response = stage.ask("GET", "api.example", "/me", &headers).await;
        assert_eq!(response.status(), status, "{cookie:?}");
        assert_eq!(response.body().is_empty(), status == 401, "{cookie:?}");
        let exchanges = stage.exchanges();
        let last = exchanges.last().expect("an exchange");
        assert_eq!((&last.answer, last.status), (&answer, status), "{cookie:?}");
    }
}

#[tokio::test]
async fn the_most_specific_route_answers() {
    let routes = [
        route("GET /*"),
        route("GET /api/*"),
        route("GET /api/me"),
        route("POST /api/me"),
        route("HEAD /only"),
        route("GET /caf\u{e9}"),
        Route { body: Body::Redirect("/api/me?x#y".to_owned()), status: 302, ..route("GET /go") },
        Route { status: 204, ..route("DELETE /api/me") },
        Route {
            body: Body::Html("<p>".to_owned()),
            headers: vec![("Content-Type".to_owned(), "text/x".to_owned())],
            ..route("GET /typed")
        },
    ];
    let stage = Stage::new(&plan([mock("api", "https://api.example", routes)]));
    for (method, path, answer) in [
        ("GET", "/", Answer::Route(0)),
        ("GET", "/other?x=/api/me", Answer::Route(0)),
        ("GET", "/api/", Answer::Route(1)),
        ("GET", "/api/me/more", Answer::Route(1)),
        ("GET", "/api/me?query=ignored", Answer::Route(2)),
        ("POST", "/api/me", Answer::Route(3)),
        ("HEAD", "/only", Answer::Route(4)),
        ("HEAD", "/api/me", Answer::Route(2)),
        ("GET", "/caf%C3%A9", Answer::Route(5)),
        ("GET", "/api", Answer::Route(0)),
        ("GET", "/go", Answer::Route(6)),
        ("DELETE", "/api/me", Answer::Route(7)),
        ("GET", "/typed", Answer::Route(8)),
        ("PUT", "/api/me", Answer::Undeclared),
        ("OPTIONS", "/api/me", Answer::Undeclared),
    ] {
        let response = stage.ask(method, "api.example", path, &[]).await;
        let exchanges = stage.exchanges();
        let last = exchanges.last().expect("an exchange");
        assert_eq!(last.answer, answer, "{method} {path}");
        assert_eq!(last.status, response.status().as_u16(), "{method} {path}");
        let recorded: Vec<_> = last.response_headers.clone();
        let crossed: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        assert_eq!(recorded, crossed, "{method} {path}");
    }

    let head = stage.ask("HEAD", "api.example", "/api/me", &[]).await;
    assert_eq!((values(&head, "content-length"), head.body().len()), (vec![&b"11"[..]], 0));
    let gone = stage.ask("DELETE", "api.example", "/api/me", &[]).await;
    assert_eq!((gone.status().as_u16(), values(&gone, "content-length")), (204, vec![]));
    let moved = stage.ask("GET", "api.example", "/go", &[]).await;
    assert_eq!((moved.status().as_u16(), values(&moved, "location")), (302, vec![&b"/api/me?x#y"[..]]));
    let typed = stage.ask("GET", "api.example", "/typed", &[]).await;
    assert_eq!(values(&typed, "content-type"), [b"text/x"]);
    assert_eq!(values(&typed, "cache-control"), [b"no-store"]);
}

#[tokio::test]
async fn what_nobody_declared_is_named() {
    let routes = [route("GET /me"), route("POST /login"), route("PUT /login")];
    let stage = Stage::new(&plan([
        mock("api", "https://api.example", routes),
        mock("void", "https://void.example", []),
    ]));
    let response = stage.ask("GET", "api.example", "/mee?x", &[]).await;
    assert_eq!(response.status(), 404);
    assert_eq!(
        response.body(),
        "rehearsal: the origin `api` declares no `GET /mee`\nhint: it declares GET /me, POST /login, PUT /login\n"
    );
    let response = stage.ask("DELETE", "api.example", "/login", &[]).await;
    assert_eq!((response.status().as_u16(), values(&response, "allow")), (405, vec![&b"POST, PUT"[..]]));
    let response = stage.ask("POST", "api.example", "/me", &[]).await;
    assert_eq!((response.status().as_u16(), values(&response, "allow")), (405, vec![&b"GET, HEAD"[..]]));
    let response = stage.ask("GET", "void.example", "/", &[]).await;
    assert_eq!(
        response.body(),
        "rehearsal: the origin `void` declares no `GET /`\nhint: it declares no route at all\n"
    );
    assert!(stage.exchanges().iter().all(|exchange| exchange.answer == Answer::Undeclared));
}

#[tokio::test]
async fn a_stray_icon_is_not_in_the_record_and_a_declared_one_is() {
    let stage = Stage::new(&plan([
        page("web", "https://web.example"),
        mock("any", "https://any.example", [route("GET /*")]),
        mock("icon", "https://icon.example", [route("GET /favicon.ico")]),
    ]));
    assert_eq!(stage.ask("GET", "web.example", "/favicon.ico", &[]).await.status(), 404);
    assert_eq!(stage.ask("GET", "any.example", "/favicon.ico", &[]).await.status(), 404);
    assert_eq!(stage.exchanges(), []);
    assert_eq!(stage.ask("GET", "icon.example", "/favicon.ico", &[]).await.status(), 200);
    assert_eq!(stage.exchanges().len(), 1);
}

#[tokio::test]
async fn the_built_in_page_is_everywhere_and_asks_for_nothing() {
    let stage = Stage::new(&plan([page("web", "https://web.example")]));
    let response = stage.ask("GET", "web.example", "/any/where?x", &[]).await;
    let html = String::from_utf8_lossy(response.body());
    assert_eq!(response.status(), 200);
    assert_eq!(values(&response, "content-type"), [b"text/html; charset=utf-8"]);
    assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
    assert!(html.contains("<title>web.example</title>"), "{html}");
    assert!(html.contains(r#"<link rel="icon" href="data:,">"#), "{html}");
    assert!(!html.contains("src=") && !html.contains("http"), "{html}");
    assert_eq!(stage.exchanges()[0].answer, Answer::Page);
}

#[tokio::test]
async fn rfc_9110_section_15_5_20_a_request_for_another_host_is_misdirected() {
    let stage = Stage::new(&plan([page("web", "https://web.example"), page("api", "https://api.example")]));
    for (host, recorded) in [
        ("api.example", "https://api.example/x"),
        ("bank.example", "https://bank.example/x"),
        ("web.example:8443", "https://web.example:8443/x"),
        ("127.77.0.1", "https://127.77.0.1/x"),
    ] {
        let stream = stage.tls("web.example", 443, &[]).await.expect("TLS");
        let response = http1(stream, get(host, "/x")).await;
        assert_eq!(response.status(), 421, "{host}");
        let last = stage.exchanges().pop().expect("an exchange");
        assert_eq!((last.url.as_str(), last.answer, last.origin), (recorded, Answer::Misdirected, 0));
    }
    for host in ["web.example", "WEB.example:443", "web.example."] {
        let stream = stage.tls("web.example", 443, &[]).await.expect("TLS");
        assert_eq!(http1(stream, get(host, "/x")).await.status(), 200, "{host}");
    }
    let stream = stage.tls("web.example", 443, &["h2"]).await.expect("TLS");
    let request = Request::get("https://api.example/x").body(Full::default()).expect("a request");
    assert_eq!(http2(stream, request).await.status(), 421);
}

#[tokio::test]
async fn origins_behind_one_address_answer_for_each_other() {
    let plan = plan_with(
        [
            page("web", "https://web.example"),
            page("api", "https://api.example"),
            page("other", "https://other.example"),
        ],
        [
            cname("web.example", "balancer.example"),
            cname("api.example", "balancer.example"),
            address("balancer.example", "127.0.0.9"),
            cname("www.web.example", "web.example"),
            cname("*.tenants.example", "web.example"),
        ],
    );
    let stage = Stage::new(&plan);
    for (connected, host, status, origin) in [
        ("web.example", "api.example", 200, 1),
        ("api.example", "web.example", 200, 0),
        ("web.example", "other.example", 421, 0),
        ("www.web.example", "www.web.example", 200, 0),
        ("acme.tenants.example", "acme.tenants.example", 200, 0),
        ("balancer.example", "balancer.example", 200, 0),
    ] {
        let stream = stage.tls(connected, 443, &[]).await.expect("TLS");
        let response = http1(stream, get(host, "/")).await;
        let last = stage.exchanges().pop().expect("an exchange");
        assert_eq!((response.status().as_u16(), last.origin), (status, origin), "{connected}, {host}");
    }
}

#[tokio::test]
async fn plain_http_and_odd_ports_and_addresses_answer_too() {
    let stage = Stage::new(&plan([
        page("plain", "http://plain.example"),
        page("dev", "http://localhost:3000"),
        page("four", "https://192.0.2.7:8443"),
        page("six", "https://[::1]"),
    ]));
    for (host, port, shown) in [("plain.example", 80, "plain.example"), ("localhost", 3000, "localhost:3000")]
    {
        let stream = socks(stage.gateway.address(), host, port).await.expect("a tunnel");
        assert_eq!(http1(stream, get(shown, "/")).await.status(), 200, "{host}");
    }
    for (host, port, shown) in [("192.0.2.7", 8443, "192.0.2.7:8443"), ("[::1]", 443, "[::1]")] {
        let stream = stage.tls(host, port, &[]).await.expect("TLS");
        assert_eq!(http1(stream, get(shown, "/")).await.status(), 200, "{host}");
    }
    let urls: Vec<_> = stage.exchanges().into_iter().map(|exchange| exchange.url.to_string()).collect();
    assert_eq!(
        urls,
        ["http://plain.example/", "http://localhost:3000/", "https://192.0.2.7:8443/", "https://[::1]/"]
    );
}

#[tokio::test]
async fn a_large_body_is_taken_and_forgotten() {
    let stage = Stage::new(&plan([mock("api", "https://api.example", [route("POST /upload")])]));
    for alpn in ["http/1.1", "h2"] {
        let body = Full::from(vec![b'x'; 8 << 20]);
        let request = Request::post("https://api.example/upload").header("host", "api.example").body(body);
        let request = request.expect("a request");
        let stream = stage.tls("api.example", 443, &[alpn]).await.expect("TLS");
        let response = if alpn == "h2" { http2(stream, request).await } else { http1(stream, request).await };
        assert_eq!(response.status(), 200, "{alpn}");
    }
}

#[tokio::test]
async fn a_request_is_in_flight_until_it_is_answered() {
    use tokio::io::AsyncWriteExt;
    let stage = Stage::new(&plan([mock("api", "https://api.example", [route("POST /slow")])]));
    stage.world.wire().settled().await;
    let mut stream = stage.tls("api.example", 443, &[]).await.expect("TLS");
    let head =
        b"POST /slow HTTP/1.1\r\nhost: api.example\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head).await.expect("a head");
    // The origin has the request as soon as it asks for the body.
    let mut interim = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut interim).await.expect("100 Continue");
    assert!(interim.starts_with(b"HTTP/1.1 100 "));
    let wire = stage.world.wire().clone();
    let mut settled = tokio::spawn(async move { wire.settled().await });
    tokio::select! {
        biased;
        _ = &mut settled => panic!("settled with a request in flight"),
        () = tokio::task::yield_now() => {}
    }
    stream.write_all(b"body").await.expect("a body");
    settled.await.expect("the request is answered");
    assert_eq!(stage.exchanges().len(), 1);
}

#[test]
fn what_cannot_be_sent_is_an_error_before_anything_runs() {
    let wrong = |route: Route| {
        let plan = plan([mock("api", "https://api.example", [support::route("GET /"), route])]);
        let error = World::start(&plan, &authority(&plan)).expect_err("a route that cannot be sent");
        format!("{error}\nhint: {}", error.hint())
    };
    let hint = "hint: change the value in the scenario";
    assert_eq!(
        wrong(Route { set_cookie: vec!["a=\u{1}".to_owned()], ..route("GET /x") }),
        format!(
            "route 2 of the origin `api` cannot be served: the value of `Set-Cookie` has a control character, \
             which no HTTP message can carry\n{hint}"
        )
    );
    assert_eq!(
        wrong(Route { headers: vec![("Content-Length".to_owned(), "3".to_owned())], ..route("GET /x") }),
        format!(
            "route 2 of the origin `api` cannot be served: the header `Content-Length` frames the message, and the \
             server sets it itself\n{hint}"
        )
    );
    assert_eq!(
        wrong(Route { status: 101, ..route("GET /x") }),
        format!(
            "route 2 of the origin `api` cannot be served: 101 is not the status of an answer (200 to 999)\n{hint}"
        )
    );
    let clash = plan([page("a", "https://x.example:8443"), page("b", "http://x.example:8443")]);
    let error = World::start(&clash, &authority(&clash)).expect_err("one socket");
    assert!(matches!(error, WorldError::Clash { .. }));
    assert_eq!(error.to_string(), "the origins `a` and `b` stand on one host and port");
    let other = plan([page("b", "https://bank.example")]);
    let error =
        World::start(&other, &authority(&plan([page("a", "https://x.example")]))).expect_err("not its own");
    assert_eq!(error.hint(), "make the authority for the hosts of every scenario of the run");
}

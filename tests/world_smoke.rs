//! A world answers through its gateway, by SOCKS5 and by HTTP proxy, over HTTP/1.1 and HTTP/2.

mod support;

use rehearsal::world::wire::{Answer, Mark};
use rehearsal::world::{Gateway, World};
use support::*;

#[tokio::test]
async fn an_origin_answers_through_socks_and_connect() {
    let plan = plan([
        page("web", "https://shop.example"),
        mock("api", "https://api.example:8443", [route("GET /me")]),
    ]);
    let authority = authority(&plan);
    let world = World::start(&plan, &authority).expect("a world");
    let gateway = Gateway::bind("127.0.0.1:0".parse().expect("an address")).expect("a gateway");
    gateway.show(&world);

    let stream = socks(gateway.address(), "Shop.Example.", 443).await.expect("a tunnel");
    let stream = handshake(&tls(&authority, &[]), "shop.example", stream).await.expect("TLS");
    let response = http1(stream, get("shop.example", "/anywhere?x=1")).await;
    assert_eq!(response.status(), 200);
    assert!(String::from_utf8_lossy(response.body()).contains("<title>shop.example</title>"));

    let stream = tunnel(gateway.address(), "api.example:8443").await.expect("a tunnel");
    let stream = handshake(&tls(&authority, &["h2"]), "api.example", stream).await.expect("TLS");
    let mut request = get("api.example", "/me?q");
    *request.uri_mut() = "https://api.example:8443/me?q".parse().expect("a URL");
    let response = http2(stream, request).await;
    assert_eq!(response.status(), 200);

    let exchanges = world.wire().since(Mark::default());
    let seen: Vec<_> = exchanges.iter().map(|exchange| (exchange.url.as_str(), &exchange.answer)).collect();
    assert_eq!(
        seen,
        [
            ("https://shop.example/anywhere?x=1", &Answer::Page),
            ("https://api.example:8443/me?q", &Answer::Route(0))
        ]
    );
    gateway.hide().await;
    assert_eq!(socks(gateway.address(), "shop.example", 443).await.err(), Some(4));
    assert_eq!(gateway.take_refused(), ["shop.example:443"]);
}

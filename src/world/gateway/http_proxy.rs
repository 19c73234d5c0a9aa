//! The gateway's HTTP side: CONNECT for a tunnel (RFC 9110, section 9.3.6), and requests in absolute
//! form for plain http (RFC 9112, section 3.2.2).
//!
//! One connection may carry requests in absolute form for many origins, so each is looked up by itself.

use std::convert::Infallible;
use std::net::SocketAddr;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

use super::{Client, Found, HANDSHAKE, Refusal};
use crate::world::body::Body;
use crate::world::origin::respond;
use crate::world::reply::PLAIN;
use crate::world::serve::MAX_HEAD;

/// Fields that a client says to its proxy and to nobody else.
const FOR_THE_PROXY: [HeaderName; 2] =
    [HeaderName::from_static("proxy-connection"), HeaderName::from_static("proxy-authorization")];

/// Speaks HTTP as a proxy.
pub(super) async fn converse(stream: TcpStream, client: Client) {
    let here = stream.local_addr().ok();
    let service = service_fn(move |request| {
        let client = client.clone();
        async move { Ok::<_, Infallible>(answer(request, client, here).await) }
    });
    // A client that errs or goes away concerns nobody else.
    _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE)
        .max_buf_size(MAX_HEAD)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

async fn answer(mut request: Request<Incoming>, client: Client, here: Option<SocketAddr>) -> Response<Body> {
    if let (None, "/proxy.pac", Some(here)) = (request.uri().host(), request.uri().path(), here) {
        return pac(&client, here);
    }
    let (Some(host), scheme) = (request.uri().host(), request.uri().scheme_str()) else {
        return refuse(StatusCode::BAD_REQUEST, NOT_AN_ORIGIN.to_owned());
    };
    let tunnel = request.method() == Method::CONNECT;
    let port = match (request.uri().port_u16(), scheme) {
        (Some(port), _) => port,
        (None, Some("http")) if !tunnel => 80,
        _ => return refuse(StatusCode::BAD_REQUEST, NO_PORT.to_owned()),
    };
    let found = match client.shared.look_up(host, port) {
        Ok(found) => found,
        Err(refusal) => return unreachable(&refusal),
    };
    if tunnel {
        let upgrade = hyper::upgrade::on(request);
        let tasks = client.tasks.clone();
        tasks.spawn(async move {
            if let Ok(stream) = upgrade.await {
                client.serve(found, TokioIo::new(stream)).await;
            }
        });
        return Response::new(Body::default());
    }
    let Found::Origin(world, origin) = found else {
        return refuse(StatusCode::BAD_REQUEST, NO_PLAIN.to_owned());
    };
    if scheme != Some("http") || world.origins[origin].tls.is_some() {
        return refuse(StatusCode::BAD_REQUEST, NO_PLAIN.to_owned());
    }
    for name in FOR_THE_PROXY {
        request.headers_mut().remove(name);
    }
    respond(&world, origin, request, &client.tasks).await
}

/// What browsers configure their proxy by: names of the world that is shown go through the gateway, and no others.
fn pac(client: &Client, gateway: SocketAddr) -> Response<Body> {
    let world = client.shared.state().shown.clone();
    let mut tests: Vec<String> = Vec::new();
    for origin in world.iter().flat_map(|world| &world.origins) {
        tests.push(format!("host == {}", serde_json::Value::from(origin.url.host_str().unwrap_or_default())));
    }
    for name in world.iter().flat_map(|world| world.zone.names()) {
        let pattern = serde_json::Value::from(name);
        tests.push(if name.starts_with('*') {
            format!("shExpMatch(host, {pattern})")
        } else {
            format!("host == {pattern}")
        });
    }
    tests.sort_unstable();
    tests.dedup();
    let is_here = if tests.is_empty() { "false".to_owned() } else { tests.join(" ||\n      ") };
    let script = format!(
        "function FindProxyForURL(url, host) {{\n  return {is_here}\n    ? \"SOCKS5 {gateway}; PROXY {gateway}\" : \"DIRECT\";\n}}\n"
    );
    let mut response = Response::new(Body::from(script));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ns-proxy-autoconfig"));
    response
}

const NOT_AN_ORIGIN: &str = "rehearsal: this port is a gateway, not a site\n\
    hint: make it the browser's HTTP or SOCKS5 proxy, then open an origin of the scenario\n";

const NO_PORT: &str = "rehearsal: the request names no port\nhint: CONNECT host:port, or an http:// URL\n";

const NO_PLAIN: &str = "rehearsal: an https origin is reached through a tunnel\nhint: CONNECT host:port\n";

fn unreachable(refusal: &Refusal) -> Response<Body> {
    refuse(StatusCode::BAD_GATEWAY, refusal.sentence())
}

fn refuse(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::clone(&PLAIN));
    response
}

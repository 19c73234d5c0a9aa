//! Reverse proxies: nginx against recordings of the real one, Kong against its documentation and source, and
//! both before back ends of frameworks.
//!
//! Every case of `tests/frameworks/cases/nginx.json` is asked of a proxy in a world: what arrives behind it
//! and what comes back are, header by header, what nginx made of it in `tests/frameworks/recorded/nginx.json`.

use crate::support;
use std::sync::Arc;

use super::table::{list, read, text, toml};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rehearsal::diagnostic::{Source, Style};
use rehearsal::plan::Plan;
use rehearsal::scenario;
use rehearsal::world::wire::{Exchange, Mark};
use rehearsal::world::{Authority, Gateway, World};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

/// What every answer has, and the recording leaves out; what caches are told is a mock origin's own.
const DROPPED: [&str; 6] =
    ["date", "cache-control", "connection", "content-length", "content-type", "set-cookie"];

#[tokio::test]
async fn nginx_passes_on_and_back_as_recorded() {
    let (table, recorded) = (read("cases", "nginx"), read("recorded", "nginx"));
    let cases = list(&table["cases"]);
    assert!(cases.len() >= 40, "{} cases", cases.len());
    assert_eq!(cases.len(), list(&recorded["cases"]).len(), "record again");
    let mut wrong = Vec::new();
    for (case, recorded) in cases.iter().zip(list(&recorded["cases"])) {
        assert_eq!(case["name"], recorded["name"], "record again");
        let asks = list(&case["asks"]);
        let answers = play(&nginx(&table, case), asks).await;
        for ((ask, ours), real) in asks.iter().zip(&answers).zip(list(&recorded["answers"])) {
            if ours != real {
                let (name, ask) = (text(&case["name"]), text(&ask["ask"]));
                wrong.push(format!("{name}: {ask}\n  nginx     {real}\n  rehearsal {ours}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} answers differ\n{}", wrong.len(), wrong.join("\n"));
}

/// The scenario of a case, written as a person would write it.
fn nginx(table: &Value, case: &Value) -> Value {
    let upstream = text(&table["upstream"]);
    let mut settings = case.get("server").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut locations = Map::new();
    for (path, directives) in case["location"].as_object().expect("locations") {
        let mut directives = directives.as_object().expect("directives").clone();
        let uri = directives.remove("uri").map_or_else(String::new, |uri| text(&uri).to_owned());
        directives.insert("proxy_pass".to_owned(), format!("{upstream}{uri}").into());
        locations.insert(path.clone(), directives.into());
    }
    settings.insert("location".to_owned(), locations.into());
    let answer = case.get("answer").cloned().unwrap_or_else(|| json!({}));
    let routes: Vec<Value> = ["GET", "POST"]
        .map(|method| {
            let mut route = answer.as_object().expect("an answer").clone();
            route.insert("at".to_owned(), format!("{method} /*").into());
            route.into()
        })
        .to_vec();
    json!({
        "front": { "url": case.get("url").unwrap_or(&table["url"]), "nginx": settings },
        "behind": { "url": upstream, "routes": routes },
    })
}

/// Asks requests of the origin `front` of a world. Each answer is as a recording has it.
async fn play(origins: &Value, asks: &[Value]) -> Vec<Value> {
    let url = Url::parse(text(&origins["front"]["url"])).expect("a URL");
    let plan = plan(origins);
    let authority = Authority::new(rehearsal::world::hosts(&plan)).expect("an authority");
    let world = World::start(&plan, &authority).expect("a world");
    let gateway = Gateway::bind("127.0.0.1:0".parse().expect("an address")).expect("a gateway");
    gateway.show(&world);
    let mut answers = Vec::new();
    for request in asks {
        let mark = world.wire().mark();
        let response = ask(&authority, &gateway, &url, request).await;
        answers.push(answer(response, &world, mark));
    }
    world.close().await;
    answers
}

async fn ask(authority: &Authority, gateway: &Gateway, url: &Url, request: &Value) -> Response<Bytes> {
    let (host, port) = (url.host_str().expect("a host"), url.port_or_known_default().expect("a port"));
    let stream = support::socks(gateway.address(), host, port).await.expect("a tunnel");
    let (method, path) = text(&request["ask"]).split_once(' ').expect("METHOD /path");
    let mut builder = Request::builder().method(method).uri(path).header("host", host);
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        builder = builder.header(name, text(value));
    }
    let body = request.get("body").map_or_else(Bytes::new, |body| Bytes::from(text(body).to_owned()));
    let request = builder.body(Full::new(body)).expect("a request");
    if url.scheme() == "https" {
        let tls = support::tls(authority, &["http/1.1"]);
        over(support::handshake(&tls, host, stream).await.expect("TLS"), request).await
    } else {
        over(stream, request).await
    }
}

async fn over<I>(io: I, request: Request<Full<Bytes>>) -> Response<Bytes>
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(io)).await.expect("a connection");
    tokio::spawn(connection);
    support::whole(sender.send_request(request).await.expect("a response")).await
}

/// What came back, and what the record says was passed on.
fn answer(response: Response<Bytes>, world: &World, mark: Mark) -> Value {
    let exchanges = world.wire().since(mark);
    let [front] = exchanges.as_slice() else { panic!("one request, one exchange: {exchanges:?}") };
    let pair = |(name, value): (&str, &[u8])| json!([name, String::from_utf8_lossy(value)]);
    let sorted = |mut pairs: Vec<Value>| {
        pairs.sort_by_key(Value::to_string);
        pairs
    };
    let all = || response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let cookies: Vec<Value> =
        all().filter(|(name, _)| *name == "set-cookie").map(|line| pair(line)[1].clone()).collect();
    let headers = all().filter(|(name, _)| !DROPPED.contains(name)).map(pair).collect();
    json!({
        "passed": (front.behind() != front).then(|| passed(front.behind(), sorted)),
        "status": response.status().as_u16(),
        "set_cookie": cookies,
        "headers": sorted(headers),
    })
}

fn passed(behind: &Exchange, sorted: impl Fn(Vec<Value>) -> Vec<Value>) -> Value {
    let query = behind.url.query().map_or_else(String::new, |query| format!("?{query}"));
    let headers = behind.request_headers.iter();
    let headers = headers.map(|(name, value)| json!([name, String::from_utf8_lossy(value)])).collect();
    json!({
        "line": format!("{} {}{query}", behind.method, behind.url.path()),
        "headers": sorted(headers),
    })
}

/// Origins as a scenario has them.
fn plan(origins: &Value) -> Plan {
    let document =
        format!("title = \"a proxy\"\norigins = {}\n[[step]]\nvisit = \"front:/\"\n", toml(origins));
    let (plan, told) = scenario::parse(Arc::new(Source::new("case.toml", document)));
    plan.unwrap_or_else(|| {
        let told: Vec<String> = told.iter().map(|message| message.render(Style::Plain)).collect();
        panic!("{}", told.join("\n"))
    })
}

/// Kong's documentation has no recording beside it: these are its own examples of how paths are put together
/// (Admin API, "Path handling algorithms", `v0`), and what `kong/runloop/handler.lua` sends along.
#[tokio::test]
async fn kong_puts_paths_together_as_documented() {
    let examples = [
        ("/s", "/fv0", true, "/fv0/req", "/s/req"),
        ("/s", "/fv0", false, "/fv0/req", "/s/fv0/req"),
        ("/s", "/fv0", true, "/fv0", "/s"),
        ("/s", "/fv0", false, "/fv0", "/s/fv0"),
        ("/s", "/fv0/", true, "/fv0/req", "/s/req"),
        ("/s/", "/fv0", true, "/fv0/req", "/s/req"),
        ("/s/", "/fv0/", true, "/fv0/req", "/s/req"),
        ("/s/", "/fv0/", false, "/fv0/req", "/s/fv0/req"),
        ("/s/", "/fv0", true, "/fv0", "/s"),
        ("/s", "/tv0", true, "/tv0req", "/s/req"),
        ("", "/", true, "/me", "/me"),
        ("", "/auth", true, "/auth", "/"),
        ("", "/auth", true, "/auth/?a=1", "/?a=1"),
    ];
    for (base, path, strip, asked, passed) in examples {
        let route = json!({ "paths": [path], "strip_path": strip });
        let origins =
            kong(json!({ "services": [{ "url": format!("http://auth:8000{base}"), "routes": [route] }] }));
        let answers = play(&origins, &[json!({ "ask": format!("GET {asked}") })]).await;
        assert_eq!(answers[0]["passed"]["line"], format!("GET {passed}"), "{base} {path} {strip} {asked}");
    }
}

#[tokio::test]
async fn kong_says_how_the_browser_came() {
    let route = json!({ "paths": ["/auth"] });
    let kept = json!({ "paths": ["/kept"], "strip_path": false, "preserve_host": true });
    let spoofed = json!({ "ask": "GET /auth/me?a=1", "headers": {
        "x-forwarded-proto": "http", "x-forwarded-for": "10.0.0.1", "x-forwarded-prefix": "/x", "te": "gzip" } });
    for (trusted, proto, prefix) in [(json!([]), "https", "/auth"), (json!(["127.0.0.0/8"]), "http", "/x")] {
        let service = json!({ "url": "http://auth:8000", "routes": [route.clone(), kept.clone()] });
        let origins = kong(json!({ "trusted_ips": trusted, "services": [service] }));
        let answers = play(&origins, &[spoofed.clone(), json!({ "ask": "GET /kept/me" })]).await;
        let said = json!([
            ["connection", "keep-alive"],
            ["host", "auth:8000"],
            ["x-forwarded-for", "10.0.0.1, 127.0.0.1"],
            ["x-forwarded-host", "api.example.com"],
            ["x-forwarded-path", "/auth/me"],
            ["x-forwarded-port", "443"],
            ["x-forwarded-prefix", prefix],
            ["x-forwarded-proto", proto],
            ["x-real-ip", "127.0.0.1"],
        ]);
        assert_eq!(answers[0]["passed"]["headers"], said);
        let kept = answers[1]["passed"]["headers"].to_string();
        assert!(kept.contains("[\"host\",\"api.example.com\"]"), "{kept}");
        assert!(!kept.contains("prefix"), "{kept}");
    }
}

/// Of the routes whose conditions hold the one with the most is taken, then the one with the longest path.
#[tokio::test]
async fn kong_takes_the_route_that_says_most() {
    let routes = json!([
        { "paths": ["/"] },
        { "paths": ["/api"], "strip_path": false },
        { "paths": ["/"], "headers": { "X-Tenant-Domain": ["a.example"] }, "preserve_host": true },
    ]);
    let origins = kong(json!({ "services": [{ "url": "http://auth:8000/base", "routes": routes }] }));
    let tenant = json!({ "ask": "GET /api/me", "headers": { "x-tenant-domain": "a.example" } });
    let answers =
        play(&origins, &[json!({ "ask": "GET /me" }), json!({ "ask": "GET /api/me" }), tenant]).await;
    let lines: Vec<&Value> = answers.iter().map(|answer| &answer["passed"]["line"]).collect();
    assert_eq!(lines, ["GET /base/me", "GET /base/api/me", "GET /base/api/me"]);
    assert!(answers[2]["passed"]["headers"].to_string().contains("api.example.com"));

    let origins =
        kong(json!({ "services": [{ "url": "http://auth:8000", "routes": [{ "paths": ["/api"] }] }] }));
    let answers = play(&origins, &[json!({ "ask": "GET /elsewhere" })]).await;
    assert_eq!((&answers[0]["status"], &answers[0]["passed"]), (&json!(404), &Value::Null));
}

/// nginx ends TLS before Kong, which trusts nobody: what it says is that the browser came by plain http.
#[tokio::test]
async fn a_proxy_behind_a_proxy_says_what_it_saw() {
    let origins = json!({
        "front": { "url": "https://api.example.com", "nginx": { "location": { "/": {
            "proxy_pass": "http://kong:8000", "proxy_set_header": { "Host": "$host", "X-Forwarded-Proto": "$scheme" } } } } },
        "kong": { "url": "http://kong:8000", "kong": { "services": [
            { "url": "http://auth:9000", "routes": [{ "paths": ["/auth"] }] }] } },
        "auth": { "url": "http://auth:9000", "routes": [{ "at": "GET /me", "set_cookie": ["a=1"] }] },
    });
    let answers = play(&origins, &[json!({ "ask": "GET /auth/me" })]).await;
    assert_eq!((&answers[0]["status"], &answers[0]["set_cookie"]), (&json!(200), &json!(["a=1"])));
    assert_eq!(answers[0]["passed"]["line"], "GET /me");
    let headers = answers[0]["passed"]["headers"].to_string();
    assert!(headers.contains("[\"x-forwarded-proto\",\"http\"]"), "{headers}");
}

/// A Kong before a server that answers everything.
fn kong(settings: Value) -> Value {
    json!({
        "front": { "url": "https://api.example.com", "kong": settings },
        "behind": { "url": "http://auth:8000", "routes": [{ "at": "GET /*", "text": "ok" }] },
    })
}

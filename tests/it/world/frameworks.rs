//! Back ends against recordings of the real frameworks: every case of `tests/frameworks/cases` is asked
//! of a back end in a world, over TLS or plain http, and answers as the framework did in
//! `tests/frameworks/recorded`: the same status, Set-Cookie lines and headers.
//!
//! Random values and times differ from one recording to the next. They are made comparable in one
//! place, `frameworks/shape.rs`; everything else is compared to the byte.

use super::shape;
use crate::command;
use crate::support;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::table::{list, read, text, toml};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rehearsal::diagnostic::{Source, Style};
use rehearsal::plan::Plan;
use rehearsal::scenario;
use rehearsal::world::clock::Clock;
use rehearsal::world::{Authority, Gateway, World};
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

/// The headers that are compared, beside Set-Cookie: those that the scripts keep.
fn is_kept(name: &str) -> bool {
    const KEPT: [&str; 9] = [
        "vary",
        "location",
        "allow",
        "www-authenticate",
        "strict-transport-security",
        "referrer-policy",
        "cross-origin-opener-policy",
        "x-content-type-options",
        "x-frame-options",
    ];
    name.starts_with("access-control-") || KEPT.contains(&name)
}

#[tokio::test]
async fn django_answers_as_recorded() {
    replay("django").await;
}

#[tokio::test]
async fn starlette_answers_as_recorded() {
    replay("starlette").await;
}

#[tokio::test]
async fn express_answers_as_recorded() {
    replay("express").await;
}

/// A scenario runs in a browser's world and in the model's beside it: both hand out the same ids and tokens.
#[tokio::test]
async fn two_worlds_at_one_instant_answer_alike() {
    let authority = Authority::new(["api.example.com"]).expect("an authority");
    let now = time::OffsetDateTime::from_unix_timestamp(1_800_000_000).expect("a time");
    for (framework, name) in [
        ("django", "CSRF as Django has it"),
        ("django", "SimpleJWT in cookies, rotated and blacklisted"),
        ("express", "express-session: with its defaults"),
        ("starlette", "SessionMiddleware as it is"),
    ] {
        let table = read("cases", framework);
        let case = list(&table["cases"]).iter().find(|case| case["name"] == name).expect("the case is there");
        let mut lines = Vec::new();
        for _ in 0..2 {
            let answers = play(framework, &table, case, &authority, now).await;
            let all: Vec<String> = answers.into_iter().flat_map(|answer| answer.set_cookie).collect();
            lines.push(all);
        }
        assert_eq!(lines[0], lines[1], "{name}");
        assert!(lines[0].iter().any(|line| !shape::of_line(line, 0).eq(line)), "{name} sets nothing random");
    }
}

/// A token that SimpleJWT signed opens with its key, and with no other; so does one of ours.
#[tokio::test]
async fn tokens_are_signed_as_simplejwt_signs_them() {
    let name = "SimpleJWT in cookies";
    let (table, recorded) = (read("cases", "django"), read("recorded", "django"));
    let find = |table: &Value| {
        list(&table["cases"]).iter().find(|case| case["name"] == name).cloned().expect("the case is there")
    };
    let authority = Authority::new(["api.example.com"]).expect("an authority");
    let now = time::OffsetDateTime::now_utc();
    let ours = play("django", &table, &find(&table), &authority, now).await;
    let real = find(&recorded);
    let real = list(&real["answers"]).iter().map(Answer::of);
    for (answers, key) in [
        (ours, "a-secret-key-for-rehearsing-and-nothing-else"),
        (real.collect(), "a-secret-key-that-is-for-recording-only"),
    ] {
        let lines: Vec<&String> = answers.iter().flat_map(|answer| &answer.set_cookie).collect();
        let tokens: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.split_once('=')?.1.split(';').next())
            .filter(|value| value.starts_with("ey"))
            .collect();
        assert!(tokens.len() >= 3);
        for token in tokens {
            let (message, signature) = token.rsplit_once('.').expect("three parts");
            let signed = |key: &str| {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.as_bytes());
                URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, message.as_bytes()))
            };
            assert_eq!(signed(key), signature);
            assert_ne!(signed("another"), signature);
        }
    }
}

/// Scenarios with back ends, in the model and, where it is installed, in Chromium: what the two worlds of
/// the run hand out is the same, or there would be drift.
#[test]
fn scenarios_with_back_ends_run_alike_in_both_worlds() {
    let browsers = if command::chromium_or_say_so() { "model,chromium" } else { "model" };
    let scenarios = ["tests/scenarios/back-ends.toml", "tests/scenarios/tokens-in-time.toml"];
    let (code, document) = command::run_json(&[scenarios[0], scenarios[1], "--browser", browsers]);
    for run in list(&document["runs"]) {
        assert_eq!(run["drift"], serde_json::json!([]), "{}", run["browser"]);
        for step in list(&run["steps"]) {
            assert_eq!(step["unpredicted"], Value::Null, "{} {}", run["browser"], step["action"]);
            assert_eq!(step["failures"], serde_json::json!([]), "{} {}", run["browser"], step["action"]);
        }
    }
    assert_eq!(code, 0);
}

#[tokio::test]
async fn nextauth_answers_as_recorded() {
    replay("nextauth").await;
}

async fn replay(framework: &str) {
    let (table, recorded) = (read("cases", framework), read("recorded", framework));
    let cases = list(&table["cases"]);
    assert!(cases.len() >= 40, "{framework} has {} cases", cases.len());
    assert_eq!(cases.len(), list(&recorded["cases"]).len(), "record again");
    let authority =
        Authority::new(["api.example.com", "www.example.com", "localhost"]).expect("an authority");
    let mut wrong = Vec::new();
    for (case, recorded) in cases.iter().zip(list(&recorded["cases"])) {
        assert_eq!(case["name"], recorded["name"], "record again");
        let asked = list(&table["plays"][text(&case["play"])]);
        let answers = play(framework, &table, case, &authority, time::OffsetDateTime::now_utc()).await;
        for ((request, answer), recorded) in asked.iter().zip(&answers).zip(list(&recorded["answers"])) {
            let recorded = Answer::of(recorded);
            let (seen, real) = (answer.shape(), recorded.shape());
            if seen != real {
                wrong.push(format!(
                    "{}: {}\n  framework {real:#?}\n  rehearsal {seen:#?}",
                    text(&case["name"]),
                    text(&request["ask"])
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} answers differ\n{}", wrong.len(), wrong.join("\n"));
}

/// What is compared of an answer.
struct Answer {
    status: u64,
    set_cookie: Vec<String>,
    headers: Vec<(String, String)>,
    /// When it was given, in seconds since 1970.
    at: i64,
}

impl Answer {
    fn of(recorded: &Value) -> Self {
        let pair = |pair: &Value| (text(&pair[0]).to_owned(), text(&pair[1]).to_owned());
        Self {
            status: recorded["status"].as_u64().expect("a status"),
            set_cookie: list(&recorded["set_cookie"]).iter().map(|line| text(line).to_owned()).collect(),
            headers: list(&recorded["headers"]).iter().map(pair).collect(),
            at: recorded["at"].as_i64().expect("a time"),
        }
    }

    fn shape(&self) -> (u64, Vec<String>, &[(String, String)]) {
        let lines = self.set_cookie.iter().map(|line| shape::of_line(line, self.at)).collect();
        (self.status, lines, &self.headers)
    }
}

/// A case's requests, asked of a world of its own.
async fn play(
    framework: &str,
    table: &Value,
    case: &Value,
    authority: &Authority,
    now: time::OffsetDateTime,
) -> Vec<Answer> {
    let url = Url::parse(case.get("url").map_or_else(|| text(&table["url"]), text)).expect("a URL");
    let plan = plan(framework, table, case, &url);
    let world = World::start_at(&plan, authority, Clock::standing(now)).expect("a world");
    let gateway = Gateway::bind("127.0.0.1:0".parse().expect("an address")).expect("a gateway");
    gateway.show(&world);
    let mut client = Client { url, jar: Vec::new(), was: BTreeMap::new(), body: BTreeMap::new() };
    let mut answers = Vec::new();
    let host = client.url.host_str().expect("a host").to_owned();
    let port = client.url.port_or_known_default().expect("a port");
    let stream = support::socks(gateway.address(), &host, port).await.expect("a tunnel");
    let mut connection = if client.url.scheme() == "https" {
        let tls = support::tls(authority, &["http/1.1"]);
        connect(support::handshake(&tls, &host, stream).await.expect("TLS")).await
    } else {
        connect(stream).await
    };
    for request in list(&table["plays"][text(&case["play"])]) {
        let response = connection.send_request(client.request(request)).await.expect("a response");
        let response = support::whole(response).await;
        let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let all: Vec<(String, String)> = response.headers().iter().map(header).collect();
        let lines = all.iter().filter(|(name, _)| name == "set-cookie").map(|(_, line)| line.clone());
        let mut kept: Vec<(String, String)> = all.iter().filter(|(name, _)| is_kept(name)).cloned().collect();
        kept.sort();
        let answer = Answer {
            status: response.status().as_u16().into(),
            set_cookie: lines.collect(),
            headers: kept,
            at: now.unix_timestamp(),
        };
        client.take(&answer.set_cookie, response.body());
        answers.push(answer);
    }
    drop(connection);
    world.close().await;
    answers
}

/// A connection for all of a case's requests.
async fn connect<I>(io: I) -> SendRequest<Full<Bytes>>
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(io)).await.expect("a connection");
    tokio::spawn(connection);
    sender
}

/// The scenario of a case, written as a person would write it, and read.
fn plan(framework: &str, table: &Value, case: &Value, url: &Url) -> Plan {
    let mut settings = case["settings"].as_object().expect("settings").clone();
    if let Some(own) = case.get("own_middleware") {
        settings.insert("own_middleware".to_owned(), own.clone());
    }
    let sessions = ["SessionMiddleware", "express-session", "cookie-session"];
    let does = framework == "django" || sessions.iter().any(|name| settings.contains_key(*name));
    let mut routes: Vec<Value> = list(&table["routes"])
        .iter()
        .filter(|route| does || route.get("does").is_none())
        // A back end without them has no view that needs them.
        .filter(|route| can(route, &settings))
        .cloned()
        .collect();
    if case["play"] == "cookies" {
        let slash = if framework == "django" { "/" } else { "" };
        let (key, set, delete) = if framework == "express" {
            ("res", "cookie", "clearCookie")
        } else {
            ("response", "set_cookie", "delete_cookie")
        };
        for (path, call, given) in [("set", set, &case["set"]), ("delete", delete, &case["delete"])] {
            routes.push(serde_json::json!({
                "at": format!("GET /{path}{slash}"), "json": {}, key: { call: given }
            }));
        }
    }
    let origin = serde_json::json!({ "url": url.as_str(), framework: settings, "routes": routes });
    let document =
        format!("title = \"recorded\"\norigins.api = {}\n[[step]]\nvisit = \"api:/\"\n", toml(&origin));
    let source = Arc::new(Source::new("case.toml", document));
    let (plan, told) = scenario::parse(source);
    plan.unwrap_or_else(|| {
        let told: Vec<String> = told.iter().map(|message| message.render(Style::Plain)).collect();
        panic!("{}: {}", text(&case["name"]), told.join("\n"))
    })
}

/// Whether the settings of a case give a route's view what it needs; the others are not asked for.
fn can(route: &Value, settings: &Map<String, Value>) -> bool {
    let has = |middleware: &str| {
        let listed = settings.get("MIDDLEWARE").map(list);
        listed.is_none_or(|listed| listed.iter().any(|path| text(path).ends_with(middleware)))
    };
    match route.get("does").map(text) {
        Some("token_obtain_pair" | "token_refresh" | "token_blacklist") => {
            settings.contains_key("SIMPLE_JWT")
        }
        Some("login" | "logout" | "session") => has("SessionMiddleware"),
        _ => true,
    }
}

/// Asks a case's requests, with a jar between them that knows names and values alone: the same as in
/// the scripts that record.
struct Client {
    url: Url,
    jar: Vec<(String, String)>,
    was: BTreeMap<String, String>,
    body: BTreeMap<String, String>,
}

impl Client {
    fn request(&self, request: &Value) -> Request<Full<Bytes>> {
        let (method, path) = text(&request["ask"]).split_once(' ').expect("METHOD /path");
        let host = self.url.host_str().expect("a host");
        let host = self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let mut headers = BTreeMap::from([("host".to_owned(), host)]);
        if request["cookies"] != false && !self.jar.is_empty() {
            let pairs: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.insert("cookie".to_owned(), pairs.join("; "));
        }
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            headers.insert(name.clone(), self.filled(text(value)));
        }
        let mut body = String::new();
        if let Some(form) = request["form"].as_object() {
            let mut fields = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in form {
                fields.append_pair(name, &self.filled(text(value)));
            }
            body = fields.finish();
            headers.insert("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        }
        if let Some(json) = request.get("json") {
            body = self.filled(&json.to_string());
            headers.insert("content-type".to_owned(), "application/json".to_owned());
        }
        let mut builder = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        builder.body(Full::new(Bytes::from(body))).expect("a request")
    }

    fn filled(&self, template: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some(start) = rest.find('{') {
            out.push_str(&rest[..start]);
            let inside = rest[start + 1..].split_once('}').and_then(|(inside, after)| {
                let (kind, name) = inside.split_once(':')?;
                let value = match kind {
                    "cookie" => self.jar.iter().find(|(known, _)| known == name).map(|(_, value)| value),
                    "was" => self.was.get(name),
                    "body" => self.body.get(name),
                    _ => return None,
                };
                Some((value.map_or("nothing", String::as_str), after))
            });
            match inside {
                Some((value, after)) => {
                    out.push_str(value);
                    rest = after;
                }
                None => {
                    out.push('{');
                    rest = &rest[start + 1..];
                }
            }
        }
        out + rest
    }

    fn take(&mut self, lines: &[String], body: &Bytes) {
        for line in lines {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a name and a value");
            let attributes = attributes.to_ascii_lowercase();
            let deletes = attributes.contains("max-age=0") || attributes.contains("01 jan 1970");
            let known = self.jar.iter().position(|(known, _)| known == name);
            if let Some(known) = known {
                self.was.insert(name.to_owned(), self.jar[known].1.clone());
            }
            match known {
                Some(known) if deletes => _ = self.jar.remove(known),
                Some(known) => value.clone_into(&mut self.jar[known].1),
                None if deletes => {}
                None => self.jar.push((name.to_owned(), value.to_owned())),
            }
        }
        let body: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        for (name, value) in body {
            if let Value::String(value) = value {
                self.was.insert(name.clone(), self.body.get(&name).cloned().unwrap_or_else(|| value.clone()));
                self.body.insert(name, value);
            }
        }
    }
}

//! The page of a world that is up: who may look at it, and what it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use super::up::Up;

const SCENARIO: &str = r#"
title = "A <b>login</b> on another site"

[origins.web]
url = "http://www.example.com"

[[origins.web.routes]]
at = "GET /"
set_cookie = ["theme=dark; Path=/; SameSite=Lax"]
html = "<!doctype html><title>Web</title>"

[origins.api]
url = "http://api.example.org"
cors = { allow_origins = ["http://www.example.com"], allow_credentials = true }

[[origins.api.routes]]
at = "POST /login"
set_cookie = ["session=1; Path=/; HttpOnly; SameSite=Lax"]
json = { ok = true }

[[origins.api.routes]]
at = "GET /me"
require_cookie = "session"
json = { user = "admin" }

[[step]]
visit = "web:/"
"#;

/// A world that is up, and its page. It ends with this.
pub(crate) struct Live {
    up: Up,
    /// `127.0.0.1:PORT`.
    host: String,
    /// `/TOKEN/`.
    path: String,
}

impl Live {
    pub(crate) fn up() -> Self {
        let up = Up::of(SCENARIO);
        let (host, path) = up
            .text("live")
            .strip_prefix("http://")
            .and_then(|address| address.split_at_checked(address.find('/')?))
            .expect("it is a whole address");
        let (host, path) = (host.to_owned(), path.to_owned());
        Self { up, host, path }
    }

    /// Asks an origin of the world, as a browser's page does.
    pub(crate) fn ask(&self, request: &str, fields: &[&str]) {
        let host = request.split('/').nth(2).expect("a whole URL");
        let answer = send(self.up.text("gateway"), request, host, fields);
        assert!(answer.starts_with("HTTP/1.1 "), "{request}: {answer}");
    }

    /// What is below the page's address: status line and head, and body.
    pub(crate) fn get(&self, below: &str) -> (String, String) {
        self.get_as(&self.host, &self.path, below, "GET", &[])
    }

    fn get_as(&self, host: &str, path: &str, below: &str, method: &str, fields: &[&str]) -> (String, String) {
        let answer = send(&self.host, &format!("{method} {path}{below}"), host, fields);
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        (head.to_owned(), body.to_owned())
    }

    /// What the page is told, until so many exchanges and the lives and jars after them were told.
    pub(crate) fn events(&self, exchanges: usize) -> String {
        let mut stream = TcpStream::connect(&self.host).expect("the page is there");
        write!(stream, "GET {}events HTTP/1.1\r\nHost: {}\r\n\r\n", self.path, self.host).expect("it reads");
        let mut lines = BufReader::new(stream).lines().map(|line| line.expect("a line"));
        let mut told = String::new();
        let is_field = |line: &str| ["id: ", "event: ", "data: "].iter().any(|field| line.starts_with(field));
        while told.matches("event: exchange").count() < exchanges
            || !told.contains("event: lives")
            || !told.contains("event: jars")
            || !told.ends_with("\n\n")
        {
            // Between the pieces stand the lengths of chunks.
            let line = lines.next().expect("it goes on");
            if is_field(&line) {
                told.push_str(&line);
                told.push_str(if line.starts_with("data: ") { "\n\n" } else { "\n" });
            }
        }
        told
    }

    /// A login from another site, as its page makes it, and what follows it.
    pub(crate) fn log_in(&self) {
        let page = ["Origin: http://www.example.com", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: empty"];
        self.ask(
            "GET http://www.example.com/",
            &["Sec-Fetch-Site: none", "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate"],
        );
        self.ask("POST http://api.example.org/login", &page);
        self.ask("GET http://api.example.org/me", &page);
    }
}

fn send(to: &str, request: &str, host: &str, fields: &[&str]) -> String {
    let mut stream = TcpStream::connect(to).expect("somebody listens");
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    write!(stream, "{request} HTTP/1.1\r\nHost: {host}\r\n{fields}Connection: close\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is text");
    answer
}

#[test]
fn the_page_is_for_who_knows_its_address_and_for_no_other_site() {
    let live = Live::up();
    let (head, page) = live.get("");
    assert!(head.starts_with("HTTP/1.1 200") && page.contains("A &lt;b&gt;login&lt;/b&gt;"), "{head}");
    let head = head.to_ascii_lowercase();
    for field in [
        "default-src 'none'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "referrer-policy: no-referrer",
        "x-content-type-options: nosniff",
        "cross-origin-resource-policy: same-origin",
        "cache-control: no-store",
    ] {
        assert!(head.contains(field), "{field}: {head}");
    }
    assert!(!head.contains("unsafe") && !head.contains("access-control"), "{head}");
    let port = live.host.split(':').nth(1).expect("it has a port").to_owned();
    let (own, path) = (live.host.as_str(), live.path.as_str());
    let other = path.replace(char::is_numeric, "a");
    let rebound = format!("rebound.example.org:{port}");
    let named = format!("localhost:{port}");
    for (host, path, method, fields, status) in [
        (own, "/", "GET", &[][..], "404"),
        (own, other.as_str(), "GET", &[], "404"),
        (own, &path[..path.len() - 1], "GET", &[], "404"),
        (own, &path[..12], "GET", &[], "404"),
        (rebound.as_str(), path, "GET", &[], "421"),
        (named.as_str(), path, "GET", &[], "421"),
        ("127.0.0.1", path, "GET", &[], "421"),
        (own, path, "GET", &["Host: rebound.example.org"], "421"),
        (own, path, "GET", &["Sec-Fetch-Site: cross-site"], "403"),
        (own, path, "GET", &["Sec-Fetch-Site: same-site"], "403"),
        (own, path, "POST", &["Content-Length: 0"], "405"),
        (own, path, "GET", &["Sec-Fetch-Site: none"], "200"),
    ] {
        let (head, body) = live.get_as(host, path, "", method, fields);
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}")),
            "{method} {path} of {host} {fields:?}: {head}"
        );
        assert_eq!(body.contains("<script"), status == "200", "{body}");
    }
    let (head, _) = live.get("why?n=1");
    assert!(head.starts_with("HTTP/1.1 404"), "nothing has happened yet: {head}");
}

#[test]
fn what_crosses_the_wire_is_drawn_and_explained() {
    let live = Live::up();
    live.log_in();
    let told = live.events(3);
    for part in ["same-site-lax", "✗ not there: ", "✓ stored", "session=1", "#x2", "data-view=\\\"webkit\\\""]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(told.contains("Request 3: GET api.example.org/me, answered 401"), "{told}");
    let (head, why) = live.get("why?n=2");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(why.contains("class=\"fix\"") && why.contains("Why: none of the 3 browsers stores"), "{why}");
    assert!(!why.contains("session=1"), "values are left out: {why}");
}

//! A fix tried on a real server: laid over its answers, and the scenario run once more in a real browser.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::command::{chromium_or_say_so, failures, rehearsal, run_json, run_of};

/// How often each request was made: method and path.
type Counts = Arc<Mutex<BTreeMap<String, usize>>>;

/// The user's server: a front end whose script logs in at an API, and that API. Which host is asked tells which is meant.
struct Server {
    port: u16,
    counts: Counts,
}

/// The page; the path of its login, and how its script asks, are in the address.
const PAGE: &str = r#"<!doctype html><link rel="icon" href="data:,"><title>shop</title><button>log in</button><script>
const [login, credentials] = location.search.slice(1).split("&");
document.querySelector("button").onclick = async () => {
  const api = "https://api.other-shop.io", said = await fetch(`${api}/${login}`,
    { method: "POST", credentials, headers: { "Content-Type": "application/json" }, body: "{}" }).catch(() => 0);
  const me = await fetch(`${api}/me`, { credentials }).catch(() => 0);
  document.title = `${said.status} ${me.status}`;
};
</script>"#;

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let counts = Counts::default();
        let counted = Arc::clone(&counts);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let counts = Arc::clone(&counted);
                std::thread::spawn(move || while answer(&stream, &counts).is_some() {});
            }
        });
        Self { port, counts }
    }

    /// How often it was asked this since it was last looked.
    fn took(&self, request: &str) -> usize {
        self.counts.lock().expect("nobody panics").remove(request).unwrap_or_default()
    }
}

/// Reads a request and answers it. `None` where the connection is over.
fn answer(mut stream: &TcpStream, counts: &Counts) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let (mut headers, mut header) = (BTreeMap::new(), String::new());
    while reader.read_line(&mut header).ok()? > 2 {
        let (name, value) = header.trim().split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        header.clear();
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    reader.read_exact(&mut vec![0; length]).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let path = target.split('?').next()?;
    *counts.lock().expect("nobody panics").entry(format!("{method} {path}")).or_default() += 1;

    let origin = headers.get("origin").map_or("null", String::as_str);
    let open = format!(
        "Access-Control-Allow-Origin: {origin}\r\nAccess-Control-Allow-Credentials: true\r\n\
         Access-Control-Allow-Headers: content-type\r\n"
    );
    let is_known = headers.get("cookie").is_some_and(|cookies| cookies.contains("sid=s1"));
    let (status, headers, body) = match (method, path) {
        ("GET", "/") => (200, "Content-Type: text/html\r\n".to_owned(), PAGE),
        // It lets another page in than the one that asks.
        (_, "/closed") => {
            let cookie = "Set-Cookie: sid=s1; Path=/; Secure; SameSite=None\r\n";
            let cookie = if method == "POST" { cookie } else { "" };
            (200, open.replace(origin, "https://app.example") + cookie, "{}")
        }
        // Any page is let in, which is not for cookies.
        (_, "/star") => {
            let cookie = "Set-Cookie: sid=s1; Path=/; Secure; SameSite=None\r\n";
            (200, open.replace(origin, "*") + if method == "POST" { cookie } else { "" }, "{}")
        }
        // Behind one fault there is another.
        (_, "/both") => {
            let cookie = "Set-Cookie: sid=s1; Path=/; HttpOnly; SameSite=Lax\r\n";
            (
                200,
                open.replace(origin, "https://app.example") + if method == "POST" { cookie } else { "" },
                "{}",
            )
        }
        ("OPTIONS", _) => (204, open, ""),
        ("POST", "/lax") => (200, open + "Set-Cookie: sid=s1; Path=/; HttpOnly; SameSite=Lax\r\n", "{}"),
        ("POST", "/none") => (200, open + "Set-Cookie: sid=s1; Path=/; Secure; SameSite=None\r\n", "{}"),
        // The cookie is not all that is wrong.
        ("POST", "/late") => (200, open + "Set-Cookie: sid=old; Path=/; HttpOnly; SameSite=Lax\r\n", "{}"),
        ("GET", "/me") if is_known => (200, open, "{}"),
        ("GET", "/me") => (401, open, "{}"),
        _ => (404, String::new(), ""),
    };
    let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()
}

/// A scenario in which the page logs in at this path, with these credentials.
fn scenario(server: &Server, login: &str, credentials: &str) -> String {
    let port = server.port;
    format!(
        "title = \"{login}\"\n[origins.web]\nurl = \"https://app.acme-shop.io\"\nupstream = \"http://127.0.0.1:{port}\"\n\
         [origins.api]\nurl = \"https://api.other-shop.io\"\nupstream = \"http://127.0.0.1:{port}\"\n\
         [[step]]\nvisit = \"web:/?{login}&{credentials}\"\n\
         [[step]]\nclick = \"button\"\nexpect.stored = [\"sid\"]\nexpect.sent = [\"sid\"]\n\
         [[step]]\neval = \"JSON.stringify(document.title)\"\nexpect.json = \"200 200\"\n"
    )
}

#[test]
fn a_fix_is_laid_over_a_real_servers_answers_and_the_server_is_asked_again() {
    if !chromium_or_say_so() {
        return;
    }
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (login, credentials) in [
        ("lax", "include"),
        ("late", "include"),
        ("closed", "include"),
        ("star", "include"),
        ("both", "include"),
        ("none", "same-origin"),
    ] {
        let name = format!("{login}-{credentials}.toml");
        std::fs::write(folder.path().join(name), scenario(&server, login, credentials)).expect("a file");
    }
    let run = |arguments: &[&str]| {
        let folder = folder.path().to_str().expect("the path is text");
        run_json(&[&[folder, "--browser", "chromium", "--jobs", "1"], arguments].concat()).1
    };
    let of = |document: &Value, scenario: &str| {
        let failures = failures(run_of(document, scenario));
        failures.iter().map(|failure| failure["fix"].clone()).find(|fix| !fix.is_null()).unwrap_or_default()
    };

    // Nothing is asked twice where nobody asked for it, and that it can be is told in the report.
    let document = run(&[]);
    let fix = of(&document, "lax-include.toml");
    assert!(fix.to_string().contains("SameSite=None; Secure"), "{document:#}");
    assert_eq!((&fix["predicted"], &fix["tried"]), (&true.into(), &Value::Null), "{fix:#}");
    assert_eq!((server.took("POST /lax"), server.took("POST /late"), server.took("GET /")), (1, 1, 6));

    let document = run(&["--try"]);
    let fix = of(&document, "lax-include.toml");
    assert_eq!(fix["predicted"], false, "{fix:#}");
    assert_eq!(fix["tried"][0]["browser"], "chromium");
    assert_eq!(fix["tried"][0]["works"], true, "{fix:#}");
    let changes = fix["changes"].to_string();
    assert!(!changes.contains("sid=s1"), "the value is the server's secret: {changes}");

    let fix = of(&document, "late-include.toml");
    assert_eq!(fix["tried"][0]["works"], false, "the rules cannot know what the server does: {fix:#}");
    let failed = fix["tried"][0]["failed"].to_string();
    assert!(failed.contains("line 16: ") && failed.contains("401"), "{failed}");

    let fix = of(&document, "closed-include.toml");
    assert_eq!(fix["tried"][0]["works"], true, "CORS settings are laid over as well: {fix:#}");
    assert!(fix["changes"].to_string().contains("Access-Control-Allow-Origin: https://app.acme-shop.io"));

    let fix = of(&document, "star-include.toml");
    assert_eq!(fix["tried"][0]["works"], true, "a wildcard is for nobody's cookies: {fix:#}");

    // What shows behind the first fix is fixed with it, and both work together.
    let fix = of(&document, "both-include.toml");
    assert_eq!(fix["tried"][0]["works"], true, "{fix:#}");
    let changes = fix["changes"].to_string();
    assert!(changes.contains("Access-Control-Allow-Origin: https://app.acme-shop.io"), "{changes}");
    assert!(changes.contains("SameSite=None; Secure"), "{changes}");
    assert!(!changes.contains("sid=s1"), "the value is the server's secret: {changes}");

    // What stands in the page's own code is not changed on the way.
    let fix = of(&document, "none-same-origin.toml");
    assert_eq!(fix["tried"], Value::Null);
    assert_eq!(fix["not_tried"], "the call is made by the page's own code", "{fix:#}");
    // One run each, and one more for the one that was tried.
    assert_eq!((server.took("POST /lax"), server.took("POST /late"), server.took("POST /none")), (2, 2, 2));
}

#[test]
fn what_a_server_answered_is_kept_and_runs_without_it() {
    if !chromium_or_say_so() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("the path is text").to_owned();
    let server = Server::start();
    let failing = scenario(&server, "lax", "include")
        .replace("expect.stored = [\"sid\"]\nexpect.sent = [\"sid\"]\n", "");
    std::fs::write(path("login.toml"), failing.replace("200 200", "200 401")).expect("a file");
    let (code, document) =
        run_json(&[&path("login.toml"), "--browser", "chromium", "--record", &path("login.har")]);
    assert_eq!(code, 0, "{document:#}");
    drop(server);

    let har = std::fs::read_to_string(path("login.har")).expect("it was written");
    assert!(
        har.contains("SameSite=Lax") && !har.contains("sid=s1"),
        "the value is the server's secret: {har}"
    );
    let made = rehearsal()
        .args(["new", &path("login.har"), "-o", &path("frozen.toml")])
        .output()
        .expect("it starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (code, document) = run_json(&[&path("frozen.toml"), "--browser", "model:chromium"]);
    let frozen = std::fs::read_to_string(path("frozen.toml")).expect("it was written");
    assert_eq!(code, 0, "{frozen}\n{document:#}");
    assert!(frozen.contains("not_sent = [\"sid\"]") && !frozen.contains("upstream"), "{frozen}");
}

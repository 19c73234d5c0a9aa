//! `rehearsal up`, looked at by programs that are not ours: dig and curl.
#![cfg(unix)]

use crate::command;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

const SCENARIO: &str = r#"
title = "A world with an alias"

[origins.web]
url = "https://www.example.com"

[origins.api]
url = "https://api.example.com:8443"

[[origins.api.routes]]
at = "GET /me"
set_cookie = ["a=1; Path=/; SameSite=Lax"]
json = { user = "admin" }

[dns]
"alias.example.com" = { cname = "www.example.com" }
"*.tenants.example.com" = { cname = "api.example.com" }

[[step]]
visit = "web:/"
"#;

/// A world that is up; it goes down when this is dropped.
pub(super) struct Up {
    child: Child,
    line: Value,
    _folder: tempfile::TempDir,
}

impl Up {
    fn bring() -> Self {
        Self::of(SCENARIO)
    }

    pub(super) fn of(scenario: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("scenario.toml");
        std::fs::write(&file, scenario).expect("the scenario can be written");
        let mut child = command::rehearsal()
            .arg("up")
            .arg(&file)
            .args(["--format", "json"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("rehearsal can be started");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("there is a line");
        Self { child, line: serde_json::from_str(&line).expect("the line is JSON"), _folder: folder }
    }

    pub(super) fn text(&self, key: &str) -> &str {
        self.line[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {}", self.line))
    }

    /// What dig says of a name: the whole answer.
    fn dig(&self, arguments: &[&str]) -> Option<String> {
        let (host, port) = self.text("dns").split_once(':').expect("an address and a port");
        run(Command::new("dig")
            .arg(format!("@{host}"))
            .args(["-p", port, "+time=5", "+tries=1"])
            .args(arguments))
    }

    /// What curl prints and its exit code.
    fn curl(&self, arguments: &[&str]) -> Option<(String, i32)> {
        let proxy = format!("socks5h://{}", self.text("gateway"));
        let mut curl = Command::new("curl");
        curl.args(["-sSi", "--max-time", "20", "--proxy", &proxy, "--cacert", self.text("ca")])
            .args(arguments);
        let output = available("curl", curl.output())?;
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        Some((said.into_owned(), output.status.code().unwrap_or(-1)))
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        command::signal(self.child.id(), Signal::INT);
        drop(self.child.wait());
    }
}

fn run(command: &mut Command) -> Option<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    Some(String::from_utf8_lossy(&available(&name, command.output())?.stdout).into_owned())
}

/// A program that has to be there in CI, and whose absence is said aloud elsewhere.
#[expect(clippy::print_stderr, reason = "what is not run is said aloud")]
fn available<T>(name: &str, result: std::io::Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{name} must be there in CI: {error}");
            eprintln!("NOT RUN for want of {name}: {error}");
            None
        }
    }
}

#[test]
fn dig_sees_the_zone_and_nothing_else() {
    let up = Up::bring();
    let origins = up.line["origins"].as_array().expect("a list");
    let address = |name: &str| {
        let origin = origins.iter().find(|origin| origin["name"] == name).expect(name);
        origin["address"].as_str().expect("an address").to_owned()
    };
    for transport in ["+notcp", "+tcp"] {
        let Some(answer) = up.dig(&[transport, "+short", "www.example.com"]) else { return };
        assert_eq!(answer.trim(), address("web"));
        let alias = up.dig(&[transport, "+short", "alias.example.com"]).expect("dig is there");
        assert_eq!(alias.trim(), format!("www.example.com.\n{}", address("web")));
        let wildcard = up.dig(&[transport, "+short", "one.tenants.example.com"]).expect("dig is there");
        assert_eq!(wildcard.trim(), format!("api.example.com.\n{}", address("api")));
        for absent in ["example.org", "nobody.example.com", "example.com.evil.test"] {
            let answer = up.dig(&[transport, absent]).expect("dig is there");
            assert!(answer.contains("status: NXDOMAIN"), "{absent}: {answer}");
        }
        let other = up.dig(&[transport, "AAAA", "www.example.com"]).expect("dig is there");
        assert!(
            other.contains("status: NOERROR") && other.contains("ANSWER: 0"),
            "no data of this kind: {other}"
        );
    }
}

#[test]
fn curl_reaches_the_origins_and_no_other_name() {
    let up = Up::bring();
    let Some((answer, code)) = up.curl(&["https://api.example.com:8443/me"]) else { return };
    assert_eq!(code, 0, "{answer}");
    assert!(
        answer.contains("set-cookie: a=1; Path=/; SameSite=Lax") && answer.contains(r#"{"user":"admin"}"#),
        "{answer}"
    );
    let (answer, code) = up.curl(&["--http1.1", "https://www.example.com/anywhere"]).expect("curl is there");
    assert!(code == 0 && answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (refused, code) = up.curl(&["https://example.org/"]).expect("curl is there");
    assert_eq!(code, 97, "SOCKS refuses a name outside the world: {refused}");
    let (refused, code) = up.curl(&["https://www.example.com:444/"]).expect("curl is there");
    assert_eq!(code, 97, "and a port no origin has: {refused}");
}

#[test]
fn the_line_says_where_everything_is_and_the_certificate_goes_with_the_world() {
    let up = Up::bring();
    assert_eq!(up.line["version"], 1);
    let urls: Vec<&str> = up.line["origins"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|origin| origin["url"].as_str())
        .collect();
    assert_eq!(urls, ["https://www.example.com", "https://api.example.com:8443"]);
    let certificate = std::path::PathBuf::from(up.text("ca"));
    let text = std::fs::read_to_string(&certificate).expect("the CA's certificate is a file");
    assert!(text.starts_with("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE KEY"), "{text}");
    drop(up);
    assert!(!certificate.exists(), "the file goes with the world");
}

#[test]
fn the_proxy_file_sends_the_worlds_names_through_the_gateway_and_no_others() {
    let up = Up::bring();
    let gateway = up.text("gateway");
    let Some(pac) = run(Command::new("curl").args(["-sS", &format!("http://{gateway}/proxy.pac")])) else {
        return;
    };
    assert!(
        pac.contains("host == \"www.example.com\"") && pac.contains("host == \"api.example.com\""),
        "{pac}"
    );
    assert!(pac.contains("shExpMatch(host, \"*.tenants.example.com\")") && pac.contains("DIRECT"), "{pac}");
    assert!(pac.contains(&format!("SOCKS5 {gateway}; PROXY {gateway}")), "{pac}");
}

#[test]
fn each_cookie_is_told_as_it_crosses_the_wire() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let scenario = folder.path().join("scenario.toml");
    std::fs::write(&scenario, SCENARIO).expect("the scenario can be written");
    let mut child = command::rehearsal()
        .arg("up")
        .arg(&scenario)
        .stdout(Stdio::piped())
        .spawn()
        .expect("rehearsal can be started");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines();
    let mut told = Vec::new();
    for line in lines.by_ref() {
        let line = line.expect("a line");
        told.push(line.clone());
        if line.starts_with("Up until") {
            break;
        }
    }
    let word = |name: &str| {
        let line = told
            .iter()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_else(|| panic!("no {name} in {told:?}"));
        line.split_whitespace().next().expect("a word").to_owned()
    };
    let (proxy, ca) = (format!("socks5h://{}", word("gateway")), word("ca"));
    let ask = |page: &str| {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "20", "--proxy", &proxy, "--cacert", &ca]);
        curl.args(["-H", &format!("Origin: {page}"), "-H", "Sec-Fetch-Dest: empty", "-H", "Cookie: b=2"]);
        run(curl.arg("https://api.example.com:8443/me?q=1"))
    };
    if ask("https://elsewhere.example.org").is_some() {
        let mut next = || lines.next().expect("a line").expect("a line");
        let at = "GET https://api.example.com:8443/me 200  by fetch or XMLHttpRequest of https://elsewhere.example.org, cross-site";
        assert_eq!(next(), format!("sent  b  {at}"));
        let set = next();
        assert!(set.starts_with(&format!("set   a  {at}  ")) && set.contains("same-site-lax"), "{set}");
        ask("https://www.example.com").expect("curl is there");
        next();
        assert!(next().ends_with("same-site  chromium, firefox, webkit: stored"));
    }
    command::signal(child.id(), Signal::INT);
    drop(child.wait());
}

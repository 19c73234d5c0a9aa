//! `rehearsal exec`: programs that are not ours, inside a world.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "tests talk to people")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::command;
use rustix::process::Signal;

const SCENARIO: &str = r#"
title = "A world for programs"
origins.web.url = "https://app.acme-shop.io"
origins.plain.url = "http://plain.acme-shop.io"

[origins.api]
url = "https://api.acme-shop.io"

[[origins.api.routes]]
at = "GET /me"
json = { user = "admin" }

[[step]]
visit = "web:/"
"#;

const BODY: &str = r#"{"user":"admin"}"#;

/// How a command is put into the world.
const WAYS: [&[&str]; 2] = [&[], &["--isolated"]];

fn scenario() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("world.toml");
    std::fs::write(&path, SCENARIO).expect("the scenario can be written");
    (folder, path)
}

/// A command in the world. `None` where this system forbids what the way needs, which is said aloud.
fn exec(way: &[&str], line: &[&str]) -> Option<Output> {
    let allowed = Command::new("unshare").args(["-Urnm", "true"]).stderr(Stdio::null()).status();
    if !way.is_empty() && !allowed.is_ok_and(|status| status.success()) {
        eprintln!("NOT RUN: this system allows no namespaces of one's own");
        return None;
    }
    let (_folder, path) = scenario();
    let mut rehearsal = command::rehearsal();
    rehearsal.arg("exec").args(way).arg(&path).arg("--").args(line);
    Some(rehearsal.output().expect("rehearsal can be started"))
}

fn is_there(program: &[&str]) -> bool {
    let status =
        Command::new(program[0]).args(&program[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = status.is_ok_and(|status| status.success());
    if !found {
        eprintln!("NOT RUN for want of `{}`", program.join(" "));
    }
    found
}

/// What a program prints that asks the API, with TLS as it would check it anywhere.
fn asks(line: &[&str]) {
    for way in WAYS {
        let Some(output) = exec(way, line) else { continue };
        let said = String::from_utf8_lossy(&output.stdout);
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.trim(), BODY, "{way:?} {line:?}: {talk}");
        assert_eq!(output.status.code(), Some(0), "{talk}");
    }
}

#[test]
fn curl_reaches_production_names() {
    asks(&["curl", "-sS", "https://api.acme-shop.io/me"]);
    for way in WAYS {
        let Some(output) = exec(
            way,
            &["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "http://plain.acme-shop.io/"],
        ) else {
            continue;
        };
        assert_eq!(String::from_utf8_lossy(&output.stdout), "200", "{way:?}");
        let outside = exec(way, &["curl", "-sS", "https://www.example.org/"]).expect("it was run before");
        assert_ne!(outside.status.code(), Some(0), "a name outside the world does not exist");
    }
}

#[test]
fn pythons_requests_reaches_production_names() {
    if is_there(&["python3", "-c", "import requests"]) {
        asks(&["python3", "-c", "import requests; print(requests.get('https://api.acme-shop.io/me').text)"]);
    }
    if is_there(&["python3", "--version"]) {
        let line =
            "import urllib.request as u; print(u.urlopen('https://api.acme-shop.io/me').read().decode())";
        asks(&["python3", "-c", line]);
    }
}

#[test]
fn nodes_fetch_and_https_reach_production_names() {
    if !is_there(&["node", "--version"]) {
        return;
    }
    asks(&["node", "-e", "fetch('https://api.acme-shop.io/me').then((r) => r.text()).then(console.log)"]);
    asks(&[
        "node",
        "-e",
        "require('https').get('https://api.acme-shop.io/me', (r) => r.pipe(process.stdout))",
    ]);
}

#[test]
fn a_java_program_reaches_production_names() {
    if !is_there(&["java", "--version"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("Ask.java");
    let text = "class Ask { public static void main(String[] a) throws Exception {
        System.out.println(new String(new java.net.URL(\"https://api.acme-shop.io/me\").openStream().readAllBytes())); } }";
    std::fs::write(&program, text).expect("the program can be written");
    if is_there(&["javac", "--version"]) {
        asks(&["java", &program.display().to_string()]);
    }
}

#[test]
fn arguments_arrive_as_they_are_and_the_exit_code_comes_back() {
    for way in WAYS {
        let Some(output) =
            exec(way, &["sh", "-c", "printf '[%s]' \"$@\"; exit 7", "name", "a b", "--", "-x"])
        else {
            continue;
        };
        assert_eq!(String::from_utf8_lossy(&output.stdout), "[a b][--][-x]", "{way:?}");
        assert_eq!(output.status.code(), Some(7));
        let killed = exec(way, &["sh", "-c", "kill -9 $$"]).expect("it was run before");
        assert_eq!(killed.status.code(), Some(137), "128 and SIGKILL, as shells write it");
        let missing = exec(way, &["no-such-program-anywhere"]).expect("it was run before");
        assert_eq!(missing.status.code(), Some(3));
        let talk = String::from_utf8_lossy(&missing.stderr);
        assert!(talk.contains("`no-such-program-anywhere` cannot be started"), "{talk}");
    }
}

#[test]
fn a_network_of_its_own_has_the_world_and_nothing_else() {
    let line = "id -u; getent ahostsv4 api.acme-shop.io | head -1 | cut -c1-4; \
        getent hosts www.example.org || echo unknown; env | grep -ci '^https\\?_proxy=' || true";
    let Some(output) = exec(&["--isolated"], &["sh", "-c", line]) else { return };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let user = rustix::process::geteuid().as_raw().to_string();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, [user.as_str(), "127.", "unknown", "0"], "user, address, outside, proxies");
}

#[test]
fn a_port_of_this_machine_is_in_reach_where_it_is_asked_for() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            // Nobody may be there any more.
            _ = std::io::Write::write_all(&mut stream, b"HTTP/1.0 200 OK\r\n\r\nthe user's own\n");
        }
    });
    let url = format!("http://127.0.0.1:{port}/");
    let ask = ["curl", "-sS", "--http0.9", url.as_str()];
    let Some(output) = exec(&["--isolated", "--through", &port], &ask) else { return };
    assert_eq!(String::from_utf8_lossy(&output.stdout), "the user's own\n");
    let without = exec(&["--isolated"], &ask).expect("it was run before");
    assert_ne!(without.status.code(), Some(0), "nothing else of this machine is there");
}

/// Whatever ends it, the command and what it left running are ended too.
#[test]
fn nothing_outlives_it() {
    for way in WAYS {
        let Some(output) = exec(way, &["sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"]) else { continue };
        let left: u32 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a process id");
        assert!(!command::is_there(left), "{way:?}: what it left running");

        for signal in [Signal::KILL, Signal::TERM] {
            let (_folder, path) = scenario();
            let mut rehearsal = command::rehearsal();
            rehearsal.arg("exec").args(way).arg(&path).args(["--", "sh", "-c", "echo $$; exec sleep 1000"]);
            let mut child = rehearsal.stdout(Stdio::piped()).spawn().expect("rehearsal can be started");
            let mut line = String::new();
            let stdout = child.stdout.take().expect("stdout is a pipe");
            BufReader::new(stdout).read_line(&mut line).expect("there is a line");
            let program: u32 = line.trim().parse().expect("a process id");
            command::signal(child.id(), signal);
            let code = child.wait().expect("our child can be waited for").code();
            assert_eq!(code, (signal == Signal::TERM).then_some(143), "{way:?}");
            let started = Instant::now();
            while command::is_there(program) {
                assert!(
                    started.elapsed() < Duration::from_secs(60),
                    "{way:?}: the command goes on after {signal:?}"
                );
                std::thread::yield_now();
            }
        }
    }
}

/// A suite of Playwright's, as its users have one: its own configuration says where the gateway is.
#[test]
fn a_playwright_suite_runs_in_the_world() {
    const CONFIGURATION: &str = r"
        const gateway = process.env.REHEARSAL_GATEWAY;
        const trusted = `--ignore-certificate-errors-spki-list=${process.env.REHEARSAL_CA_SPKI}`;
        module.exports = { testDir: '.', workers: 1, timeout: 90000, use: {
            ...(gateway ? { proxy: { server: gateway } } : {}),
            launchOptions: { executablePath: process.env.CHROMIUM, args: ['--no-sandbox', ...(gateway ? [trusted] : [])] },
        } };";
    const SUITE: &str = r"
        const { test, expect } = require('@playwright/test');
        test('production names', async ({ page }) => {
            await page.goto('https://app.acme-shop.io/');
            expect(page.url()).toBe('https://app.acme-shop.io/');
            await page.goto('https://api.acme-shop.io/me');
            expect(await page.textContent('body')).toContain('admin');
        });";
    let Ok(chromium) = rehearsal::browser::driver::CHROMIUM.find() else {
        eprintln!("NOT RUN for want of Chromium");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let put =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
    put("package.json", "{}");
    put("playwright.config.js", CONFIGURATION);
    put("names.spec.js", SUITE);
    let installed = Command::new("npm")
        .current_dir(folder.path())
        .args(["install", "--no-audit", "--no-fund", "--fetch-retries=1", "@playwright/test@1"])
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
        .output();
    if !installed.is_ok_and(|installed| installed.status.success()) {
        eprintln!("NOT RUN: `npm install @playwright/test` does not work here");
        return;
    }
    let (_scenario, path) = scenario();
    for way in WAYS {
        if exec(way, &["true"]).is_none() {
            continue;
        }
        let mut rehearsal = command::rehearsal();
        rehearsal.current_dir(folder.path()).env("CHROMIUM", &chromium);
        rehearsal.arg("exec").args(way).arg(&path).args(["--", "npx", "playwright", "test"]);
        let output = rehearsal.output().expect("rehearsal can be started");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{way:?}: {said}");
    }
}

//! A real Selenium Grid: a hub and two nodes on three hosts, and the world on a fourth.
//!
//! It takes Java and Selenium's server, which `tests/all.sh` brings; where one is missing, that is said aloud.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stderr, reason = "what is not run is said aloud")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rehearsal::browser::driver::{CHROMEDRIVER, GECKODRIVER};
use rehearsal::browser_name::Engine;
use rustix::process::Signal;
use serde_json::Value;

use super::hosts::{Hosts, address};
use crate::command;

const HUB: usize = 0;
const NODES: [usize; 2] = [1, 2];
const OURS: usize = 3;

/// How many scenarios there are.
const SCENARIOS: usize = 9;

/// How often each is run in each of the two browsers. `REHEARSAL_GRID_TIMES=6` makes 54 runs a browser.
fn times() -> usize {
    std::env::var("REHEARSAL_GRID_TIMES").map_or(1, |times| times.parse().expect("a number"))
}

/// A hub or a node, and all that it started.
struct Server {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts one, and returns when it says so.
    fn start(hosts: &Hosts, host: usize, jar: &Path, role: &[&str], ready: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        // A browser's sandbox is for ordinary users.
        let nobody = rustix::fs::Uid::from_raw(65534);
        rustix::fs::chown(folder.path(), Some(nobody), None).expect("root may give a folder away");
        let path = folder.path().display().to_string();
        let geckodriver = folder.path().join("geckodriver-allowed");
        let script = format!("#!/bin/sh\nexec {path}/geckodriver --allow-system-access \"$@\"\n");
        fs::write(&geckodriver, script).expect("a script can be written");
        let of_theirs = GECKODRIVER.find().expect("it is installed");
        fs::copy(of_theirs, folder.path().join("geckodriver")).expect("it can be read");
        fs::set_permissions(&geckodriver, fs::Permissions::from_mode(0o755)).expect("it is ours");
        fs::copy(jar, folder.path().join("server.jar")).expect("the server can be read");

        let mut child = hosts
            .on(host, "setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "java", "-Xmx256m"])
            .args([
                format!("-Djava.io.tmpdir={path}"),
                format!("-Dwebdriver.gecko.driver={}", geckodriver.display()),
            ])
            .arg(format!(
                "-Dwebdriver.chrome.driver={}",
                CHROMEDRIVER.find().expect("it is installed").display()
            ))
            .arg("-jar")
            .arg(folder.path().join("server.jar"))
            .args(role)
            .args(["--host", &address(host)])
            .envs([("HOME", &path), ("TMPDIR", &path)])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("java can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines();
        let is_ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains(ready));
        assert!(is_ready, "{role:?} never said `{ready}`");
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, _folder: folder }
    }

    /// Ends it at once, as a machine that lost its power, with its drivers and browsers.
    fn kill(&mut self) {
        let started = command::descendants(self.child.id());
        command::signal(self.child.id(), Signal::KILL);
        for (process, _) in started {
            command::signal(process, Signal::KILL);
        }
        drop(self.child.wait());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Selenium's server, where it and Java are there.
fn server() -> Option<PathBuf> {
    let is_there = Command::new("java").arg("-version").output().is_ok_and(|output| output.status.success());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/grid/package/jar");
    let jar = fs::read_dir(folder).ok().and_then(|mut files| files.next()?.ok()).map(|file| file.path());
    if !is_there || jar.is_none() {
        eprintln!(
            "NOT TESTED: a Selenium Grid needs Java and Selenium's server: sh tests/all.sh brings both"
        );
    }
    jar.filter(|_| is_there)
}

#[test]
fn scenarios_run_on_every_node_and_outlive_one() {
    if ![Engine::Chromium, Engine::Firefox].into_iter().all(command::there_or_say_so) {
        return;
    }
    let Some(jar) = server() else { return };
    let Some(hosts) = Hosts::new("grid", 4) else { return };
    let hub = Server::start(&hosts, HUB, &jar, &["hub"], "Started Selenium Hub");
    let url = format!("http://{}:4444", address(HUB));
    let role = ["node", "--hub", &url, "--max-sessions", "4", "--override-max-sessions", "true"];
    let mut nodes = NODES.map(|host| Server::start(&hosts, host, &jar, &role, "Node has been added"));

    let run = |browser: &str| {
        let mut run = hosts.on(OURS, env!("CARGO_BIN_EXE_rehearsal"));
        run.args([
            "run",
            "--format",
            "json",
            "--sessions",
            "4",
            "--jobs",
            "1",
            "--repeat",
            &times().to_string(),
        ])
        .args(["--timeout", "90s"])
        .args(["--webdriver", &format!("{browser}={url}"), "--gateway", &address(OURS)])
        .arg(command::scenarios().join("jwt-cors"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
        run.spawn().expect("rehearsal can be started")
    };
    // Who has sessions now, by the hub.
    let busy = || {
        let asked = hosts.on(OURS, "curl").args(["-s", &format!("{url}/status")]).output();
        let status: Value = serde_json::from_slice(&asked.expect("curl is there").stdout).unwrap_or_default();
        let nodes = status.pointer("/value/nodes").and_then(Value::as_array).cloned().unwrap_or_default();
        let has_one = |node: &&Value| {
            let slots = node.get("slots").and_then(Value::as_array);
            slots.into_iter().flatten().any(|slot| slot.pointer("/session/sessionId").is_some())
        };
        let uri = |node: &Value| node.get("uri").and_then(Value::as_str).unwrap_or_default().to_owned();
        nodes.iter().filter(has_one).map(uri).collect::<Vec<String>>()
    };

    let mut outcomes = Vec::new();
    for browser in ["chromium", "firefox"] {
        let mut running = run(browser);
        if browser == "firefox" {
            // One node dies while it is at work.
            let dying = format!("http://{}:5555", address(NODES[1]));
            while !busy().contains(&dying) {
                assert!(
                    running.try_wait().expect("it is ours").is_none(),
                    "it ended before it was given that node"
                );
            }
            nodes[1].kill();
        }
        let output = running.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
        let runs = report["runs"].as_array().expect("there are runs").clone();
        assert_eq!(runs.len(), SCENARIOS * times(), "{said}");
        for run in &runs {
            let why = format!("{} {} {}", run["scenario"], run["error"], run["in_the_way"]);
            assert_eq!((&run["outcome"], &run["drift"]), (&"passed".into(), &Value::Array(vec![])), "{why}");
        }
        assert_eq!(output.status.code(), Some(0), "{said}");
        outcomes.push(runs);
    }
    // In the order of the files, whichever node was quicker.
    let names = |runs: &[Value]| runs.iter().map(|run| run["scenario"].clone()).collect::<Vec<_>>();
    assert!(names(&outcomes[0]).is_sorted_by_key(|name| name.as_str().map(str::to_owned)));
    assert_eq!(names(&outcomes[0]), names(&outcomes[1]));
    let again = |runs: &[Value]| {
        runs.iter().filter(|run| run["in_the_way"].as_array().is_some_and(|list| !list.is_empty())).count()
    };
    assert!(again(&outcomes[1]) > 0, "what ran on the node that died was run again, and that is said");
    drop(hub);
}

//! `rehearsal open`: a browser inside a world, and its end. Whoever acts in it here speaks WebDriver to its driver.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use rehearsal::browser_name::Engine;
use rustix::process::Signal;
use serde_json::Value;

use crate::command;
use crate::webdriver::Session;

const SCENARIO: &str = r#"
title = "A world for a person"
origins.web.url = "https://app.acme-shop.io"

[origins.api]
url = "https://api.acme-shop.io"
cors = { allow_origins = ["https://app.acme-shop.io"], allow_credentials = true }

[[origins.api.routes]]
at = "GET /me"
json = { user = "admin" }

[[step]]
visit = "web:/start"
"#;

/// A window that is open.
struct Open {
    child: Child,
    line: Value,
    _folder: tempfile::TempDir,
}

impl Open {
    fn in_browser(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let scenario = folder.path().join("world.toml");
        std::fs::write(&scenario, SCENARIO).expect("the scenario can be written");
        let mut child = command::rehearsal()
            .arg("open")
            .arg(&scenario)
            .args(["--headless", "--format", "json", "--browser", engine.as_str()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("rehearsal can be started");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("there is a line");
        let line = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{engine:?}: {error}: {line}"));
        Self { child, line, _folder: folder }
    }
}

#[test]
fn a_browser_is_in_the_world_and_ends_with_its_window() {
    for engine in command::engines() {
        let mut open = Open::in_browser(engine);
        assert_eq!(open.line["version"], 1);
        assert_eq!(open.line["page"], "https://app.acme-shop.io/start");
        let person = Session::of(&open.line);
        assert_eq!(person.address(), "https://app.acme-shop.io/start", "{engine:?}");
        person.eval(
            "window.told = '';
             const api = 'https://api.acme-shop.io/me';
             fetch(api).then(answer => answer.text()).then(text => { window.told = text });
             fetch('https://www.example.org/').catch(error => { window.outside = String(error) });",
        );
        person.wait_until("return window.told !== '' && window.outside !== undefined");
        assert_eq!(person.eval("return window.told"), r#"{"user":"admin"}"#, "{engine:?}");
        person.close_window();
        assert_eq!(open.child.wait().expect("our child can be waited for").code(), Some(0), "{engine:?}");
    }
}

#[test]
fn ctrl_c_ends_the_browser() {
    for engine in command::engines() {
        let mut open = Open::in_browser(engine);
        #[cfg(target_os = "linux")]
        let processes = command::descendants(open.child.id());
        command::signal(open.child.id(), Signal::INT);
        assert_eq!(open.child.wait().expect("our child can be waited for").code(), Some(130), "{engine:?}");
        #[cfg(target_os = "linux")]
        for (process, name) in processes {
            assert!(!command::is_there(process), "{engine:?}: {name} goes on");
        }
    }
}

#[test]
fn a_page_that_is_nowhere_and_a_model_are_told_apart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = folder.path().join("world.toml");
    std::fs::write(&scenario, SCENARIO).expect("the scenario can be written");
    for (arguments, said) in [
        (["--browser", "model:firefox"], "`model:firefox` predicts, and has no window"),
        (["--at", "shop:/"], "`shop:/` is no page of this world"),
    ] {
        let output = command::rehearsal().arg("open").arg(&scenario).args(arguments).output();
        let output = output.expect("rehearsal can be started");
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{talk}");
        assert!(talk.contains(said), "{talk}");
    }
}

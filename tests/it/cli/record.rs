//! `rehearsal record`: a person logs in, and what was written runs again, in every engine.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use rehearsal::browser_name::Engine;
use rustix::process::Signal;
use serde_json::Value;

use crate::command;
use crate::webdriver::Session;

/// A login by a page's own script, on a site of two origins, and a form that a browser submits by itself.
const SCENARIO: &str = r##"
title = "A login"

[origins.web]
url = "https://app.acme-shop.io"

[[origins.web.routes]]
at = "GET /"
html = """
<!doctype html><title>Login</title>
<form id="login">
  <label>User <input name="user"></label>
  <label>Password <input name="password" type="password"></label>
  <button type="submit">Log in</button>
</form>
<p id="said"></p>
<a href="/search">Search</a>
<script>
  document.querySelector('#login').addEventListener('submit', async event => {
    event.preventDefault();
    const api = path => 'https://api.acme-shop.io' + path;
    await fetch(api('/login'), { method: 'POST', credentials: 'include' });
    const me = await fetch(api('/me'), { credentials: 'include' });
    document.querySelector('#said').textContent = (await me.json()).user;
  });
</script>
"""

[[origins.web.routes]]
at = "GET /search"
set_cookie = ["seen=1; Path=/; Secure; SameSite=Lax"]
html = """<!doctype html><title>Search</title><form action="/found"><input name="q"></form>"""

[[origins.web.routes]]
at = "GET /found"
html = "<!doctype html><title>Found</title><p id=found>found</p>"

[origins.api]
url = "https://api.acme-shop.io"
cors = { allow_origins = ["https://app.acme-shop.io"], allow_credentials = true }

[[origins.api.routes]]
at = "POST /login"
set_cookie = ["sid=s1; Path=/; HttpOnly; Secure; SameSite=Lax"]
json = { detail = "welcome" }

[[origins.api.routes]]
at = "GET /me"
require_cookie = "sid"
json = { user = "ada" }

[[step]]
visit = "web:/"
"##;

/// A recording that goes on.
struct Recording {
    child: Child,
    line: Value,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Recording {
    fn begin(folder: &Path, engine: Engine, more: &[&str]) -> Self {
        std::fs::write(folder.join("world.toml"), SCENARIO).expect("the scenario can be written");
        let mut child = command::rehearsal()
            .current_dir(folder)
            .args(["record", "world.toml", "-o", "recorded.toml", "--headless", "--format", "json"])
            .args(["--browser", engine.as_str()])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("rehearsal can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines();
        let line = lines.next().expect("there is a line").expect("a text");
        let line = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{engine:?}: {error}: {line}"));
        Self { child, line, lines }
    }

    /// Waits until a step is taken down that begins so, as a person does who watches.
    fn until(&mut self, step: &str) {
        loop {
            let line = self.lines.next().unwrap_or_else(|| panic!("no step `{step}`")).expect("a text");
            let line: Value = serde_json::from_str(&line).expect("a line of JSON");
            if line["step"].as_str().is_some_and(|taken| taken.starts_with(step)) {
                assert_eq!(line["over"], true, "{line}");
                return;
            }
        }
    }
}

fn log_in(recording: &mut Recording, person: &Session) {
    person.type_into("input[name=user]", "ada");
    person.type_into("input[name=password]", "a secret of hers");
    person.click("button");
    person.wait_until("return document.querySelector('#said').textContent === 'ada'");
    recording.until("click");
}

#[test]
fn a_login_that_a_person_did_runs_again_in_every_engine() {
    let engines = command::engines();
    for engine in engines.iter().copied().filter(|engine| *engine != Engine::Webkit) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // In one of the two the answers are frozen: what is expected holds all the same.
        let freeze = (engine == Engine::Firefox).then_some("--freeze");
        let mut recording = Recording::begin(folder.path(), engine, freeze.as_slice());
        let person = Session::of(&recording.line);
        log_in(&mut recording, &person);
        person.click("a");
        recording.until("click");
        person.type_into("input[name=q]", "socks\u{e007}");
        person.wait_until("return document.querySelector('#found') !== null");
        recording.until("eval");
        person.visit("https://app.acme-shop.io/search");
        person.wait_until("return document.querySelector('input[name=q]') !== null");
        recording.until("visit");
        person.close_window();
        assert_eq!(
            recording.child.wait().expect("our child can be waited for").code(),
            Some(0),
            "{engine:?}"
        );

        let path = folder.path().join("recorded.toml");
        let text = std::fs::read_to_string(&path).expect("it was written");
        assert!(!text.contains("a secret of hers"), "{engine:?}: {text}");
        for line in [
            "fill = { \"input[name=\\\"user\\\"]\" = \"ada\", \"input[name=\\\"password\\\"]\" = \"{{password}}\" }",
            "expect.stored = [\"sid\"]",
            "expect.sent = [\"sid\"]",
            "click = \"a[href=\\\"/search\\\"]\"",
            "expect.stored = [\"seen\"]",
            "requestSubmit()",
            "visit = \"web:/search\"",
        ] {
            assert!(text.contains(line), "{engine:?}: no `{line}` in\n{text}");
        }
        assert_eq!(text.contains("look through them"), freeze.is_some(), "{engine:?}: {text}");
        assert!(!text.contains("sid=s1") || freeze.is_none(), "{engine:?}: values are left out: {text}");
        let names: Vec<&str> = engines.iter().map(|engine| engine.as_str()).collect();
        let path = path.display().to_string();
        let (code, document) = command::run_json(&[path.as_str(), "--browser", &names.join(",")]);
        assert_eq!(code, 0, "{engine:?}: {text}\n{document:#}");
        assert_eq!(document["summary"]["passed"], names.len(), "{engine:?}: {document:#}");
    }
}

#[test]
fn ctrl_c_ends_a_recording_and_it_is_written() {
    if !command::chromium_or_say_so() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut recording = Recording::begin(folder.path(), Engine::Chromium, &[]);
    let person = Session::of(&recording.line);
    log_in(&mut recording, &person);
    command::signal(recording.child.id(), Signal::INT);
    assert_eq!(recording.child.wait().expect("our child can be waited for").code(), Some(0));
    let text = std::fs::read_to_string(folder.path().join("recorded.toml")).expect("it was written");
    assert!(text.contains("title = \"A login, recorded\"") && text.contains("click = "), "{text}");
}

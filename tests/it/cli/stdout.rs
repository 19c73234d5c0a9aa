//! What every command does where its stdout takes nothing: a full disk, and a reader that has gone.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::process::{Output, Stdio};

use crate::command::rehearsal;

/// Every command that writes to stdout without a browser, and the exit code it has by itself.
const COMMANDS: &[(&[&str], i32)] = &[
    (&["check", HOLDS], 0),
    (&["new"], 0),
    (&["completions", "bash"], 0),
    (&["run", "--browser", "model", HOLDS], 0),
    (&["run", "--browser", "model", "--format", "json", HOLDS], 0),
    (&["run", "--browser", "model", "tests/verdicts/page.toml"], 1),
    (&["explain", "--request", "https://a.example/", "--set-cookie", "a=1"], 0),
    (&["matrix", "scenarios/topologies/d1-one-gateway-by-path.toml"], 0),
    (&["audit", HOLDS], 0),
    (&["audit", "--format", "json", HOLDS], 0),
    (&["audit", "--list"], 0),
    (&["up", HOLDS], 0),
    (&["up", "--format", "json", HOLDS], 0),
    // Without a browser they can say only that there is none.
    (&["browsers"], 3),
    (&["doctor", "--browser", "chromium"], 3),
];

const HOLDS: &str = "scenarios/two-am-deploy/b16-checklist/ready.toml";

/// A command whose stdout is this.
fn ended(arguments: &[&str], stdout: impl Into<Stdio>) -> Output {
    let nowhere =
        ["CHROMIUM", "CHROMEDRIVER", "FIREFOX", "GECKODRIVER", "MINIBROWSER", "WEBKIT_DRIVER", "XVFB"];
    rehearsal()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .envs(nowhere.map(|program| (format!("REHEARSAL_{program}"), "/nowhere")))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .expect("rehearsal can be started")
}

#[test]
fn a_full_disk_is_something_that_could_not_be_done() {
    for (arguments, _) in COMMANDS {
        let full = File::options().write(true).open("/dev/full").expect("Linux has one");
        let output = ended(arguments, full);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
        assert!(said.contains(" could not be written: "), "{arguments:?}: {said}");
        assert!(said.contains("look at where stdout goes"), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_reader_that_has_gone_is_told_nothing() {
    for (arguments, code) in COMMANDS {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        drop(reader);
        let output = ended(arguments, writer);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {said}");
        assert!(said.is_empty(), "{arguments:?}: {said}");
    }
}

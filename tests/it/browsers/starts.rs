//! Browsers start on machines that are not like ours, or it is said what to do.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "tests talk to people")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::command;

/// A folder with a scenario of one page.
fn one_page() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = folder.path().join("one.toml");
    let text = "title = \"One page\"\norigins.web.url = \"https://web.example.com\"\n[[step]]\nvisit = \"web:/\"\n\
        expect.status = 200\n";
    std::fs::write(&scenario, text).expect("the scenario can be written");
    (folder, scenario)
}

fn code_and_words(output: &Output) -> (Option<i32>, String) {
    let words = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8_lossy(&words).into_owned())
}

/// A program of a few lines.
fn script(folder: &Path, lines: &str) -> PathBuf {
    let path = folder.join("program");
    std::fs::write(&path, format!("#!/bin/sh\n{lines}\n")).expect("a program");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    path
}

/// Runs a scenario in a network of its own, which a few commands prepare. `None` where the system forbids that, which
/// is said aloud.
fn in_a_network(prepared_by: &str, scenario: &Path) -> Option<Output> {
    let allowed = Command::new("unshare").args(["-rn", "true"]).stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!("NOT RUN: this system allows no network of one's own");
        return None;
    }
    let line = format!("{prepared_by} exec \"$0\" run --browser chromium \"$1\"");
    let mut unshare = Command::new("unshare");
    unshare.args(["-rn", "sh", "-c", &line, env!("CARGO_BIN_EXE_rehearsal")]).arg(scenario);
    Some(unshare.output().expect("unshare can be started"))
}

#[test]
fn chromium_starts_without_ipv6() {
    let (_folder, scenario) = one_page();
    let without = "ip link set lo up && echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 &&";
    if !command::chromium_or_say_so() {
        return;
    }
    let Some(output) = in_a_network(without, &scenario) else { return };
    let (code, words) = code_and_words(&output);
    assert_eq!(code, Some(0), "{words}");
}

#[test]
fn a_machine_that_does_not_reach_itself_is_told_what_to_do() {
    let (_folder, scenario) = one_page();
    if !command::chromium_or_say_so() {
        return;
    }
    let Some(output) = in_a_network("", &scenario) else { return };
    let (code, words) = code_and_words(&output);
    assert_eq!(code, Some(3), "{words}");
    assert!(words.contains("ip link set lo up"), "{words}");
}

#[test]
fn chromium_starts_where_temporary_files_have_long_paths() {
    if !command::chromium_or_say_so() {
        return;
    }
    let (folder, scenario) = one_page();
    let long = folder.path().join("a-folder-whose-name-is-long/".repeat(5));
    std::fs::create_dir_all(&long).expect("a folder");
    let output = command::rehearsal()
        .args(["run", "--browser", "chromium"])
        .arg(&scenario)
        .env("TMPDIR", &long)
        .output()
        .expect("rehearsal can be started");
    let (code, words) = code_and_words(&output);
    assert_eq!(code, Some(0), "{words}");
}

#[test]
fn a_window_without_a_display_is_asked_for_before_anything_starts() {
    let (_folder, scenario) = one_page();
    for engine in command::engines() {
        let output = command::rehearsal()
            .args(["run", "--headed", "--browser", engine.as_str()])
            .arg(&scenario)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .output()
            .expect("rehearsal can be started");
        let (code, words) = code_and_words(&output);
        assert_eq!(code, Some(3), "{words}");
        assert!(words.contains("there is no display") && words.contains("xvfb-run"), "{words}");
    }
}

/// What Chromium says as an ordinary user in a container that forbids user namespaces (measured 2026-11-27,
/// 156.0.8078.108).
#[test]
fn a_sandbox_that_is_forbidden_is_named_with_what_to_do() {
    if !command::chromium_or_say_so() {
        return;
    }
    let (folder, scenario) = one_page();
    let program = script(
        folder.path(),
        "echo '[1:1:ERROR:zygote_host_impl_linux.cc:130] No usable sandbox! If this is a Debian system, please' >&2\n\
         exit 1",
    );
    let output = command::rehearsal()
        .args(["run", "--browser", "chromium"])
        .arg(&scenario)
        .env("REHEARSAL_CHROMIUM", program)
        .output()
        .expect("rehearsal can be started");
    let (code, words) = code_and_words(&output);
    assert_eq!(code, Some(3), "{words}");
    assert!(words.contains("No usable sandbox!"), "the browser's last words: {words}");
    assert!(words.contains("REHEARSAL_CHROMIUM_ARGS=--no-sandbox"), "{words}");
}

/// Whoever can have a driver start a program must find nothing worth stealing there.
#[test]
fn neither_driver_nor_browser_has_the_environment_that_we_have() {
    for engine in command::engines() {
        let (folder, scenario) = one_page();
        let seen = folder.path().join("seen");
        let (variable, program) = match engine {
            rehearsal::browser_name::Engine::Chromium => ("REHEARSAL_CHROMIUM", "chromium"),
            rehearsal::browser_name::Engine::Firefox => ("REHEARSAL_FIREFOX", "firefox"),
            rehearsal::browser_name::Engine::Webkit => ("REHEARSAL_MINIBROWSER", "MiniBrowser"),
        };
        let program = script(folder.path(), &format!("env > '{}' # in place of {program}", seen.display()));
        let output = command::rehearsal()
            // What is started in the browser's place never answers.
            .args(["run", "--timeout", "3s", "--browser", engine.as_str()])
            .arg(&scenario)
            .env(variable, program)
            .env("MY_TOKEN", "secret")
            .env("HTTPS_PROXY", "http://192.0.2.1:3128")
            .output()
            .expect("rehearsal can be started");
        assert_eq!(output.status.code(), Some(3), "it is no browser");
        let seen = std::fs::read_to_string(&seen).expect("it was started");
        assert!(seen.contains("PATH="), "{seen}");
        assert!(!seen.contains("MY_TOKEN") && !seen.contains("192.0.2.1"), "{engine:?}: {seen}");
    }
}

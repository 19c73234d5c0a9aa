//! Ctrl-C, a request to terminate, and SIGKILL: whatever ends `rehearsal`, nothing it started is left.
#![cfg(target_os = "linux")]

use crate::command;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn ctrl_c_ends_everything_and_says_so() {
    let Some((code, talk)) = interrupted_by(Signal::INT) else { return };
    assert_eq!(code, Some(130), "as shells write it: {talk}");
    assert!(talk.contains("interrupted: not every scenario was run"), "{talk}");
}

#[test]
fn a_request_to_terminate_ends_everything() {
    let Some((code, _)) = interrupted_by(Signal::TERM) else { return };
    assert_eq!(code, Some(143), "as shells write it");
}

#[test]
fn a_terminal_that_closes_ends_everything() {
    let Some((code, _)) = interrupted_by(Signal::HUP) else { return };
    assert_eq!(code, Some(129), "as shells write it");
}

#[test]
fn even_sigkill_leaves_nothing() {
    let Some((code, _)) = interrupted_by(Signal::KILL) else { return };
    assert_eq!(code, None, "killed, so there is no exit code");
}

/// Where the guard is killed too, nobody is left to tidy up: the next start does.
#[test]
fn the_folders_of_the_dead_are_swept_at_the_next_start() {
    if !command::chromium_or_say_so() {
        return;
    }
    let temporary = tempfile::tempdir().expect("a temporary folder can be made");
    let scenarios = copies(temporary.path());
    let inner = temporary.path().join("tmp");
    fs::create_dir(&inner).expect("a folder can be made");
    let start = |paths: &Path| {
        let mut rehearsal = command::rehearsal();
        rehearsal.args(["run", "--browser", "chromium"]).arg(paths).env("TMPDIR", &inner);
        rehearsal.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("rehearsal can be started")
    };
    let mut child = start(&scenarios);
    let processes = browser_up(&mut child);
    let guards = command::descendants(child.id()).into_iter().filter(|(_, name)| name == "browser-guard");
    let guards: Vec<u32> = guards.map(|(id, _)| id).collect();
    command::signal(child.id(), Signal::KILL);
    guards.iter().for_each(|id| command::signal(*id, Signal::KILL));
    child.wait().expect("our child can be waited for");
    // The rest of what this test started.
    processes.iter().for_each(|id| command::signal(*id, Signal::KILL));
    let left = || fs::read_dir(&inner).expect("it is ours").flatten().map(|entry| entry.path());
    let dead: Vec<_> = left().collect();
    assert!(!dead.is_empty(), "nobody was left to delete the folder");
    // A process of the browser that was born after they were listed holds the folder until it has ended.
    let started = Instant::now();
    loop {
        let code = start(&scenarios.join("0.toml")).wait().expect("our child can be waited for").code();
        assert_eq!(code, Some(0));
        if left().next().is_none() {
            break;
        }
        assert!(started.elapsed() < DEADLINE, "{dead:?} was not swept");
    }
}

/// Interrupts a run whose browser has come up. The exit code and what was said, after all that was
/// started is seen to be gone.
fn interrupted_by(signal: Signal) -> Option<(Option<i32>, String)> {
    if !command::chromium_or_say_so() {
        return None;
    }
    let temporary = tempfile::tempdir().expect("a temporary folder can be made");
    // More work than can be done before the signal.
    let scenarios = copies(temporary.path());
    let inner = temporary.path().join("tmp");
    fs::create_dir(&inner).expect("a folder can be made");
    let mut child = command::rehearsal()
        .args(["run", "--browser", "chromium"])
        .arg(scenarios)
        .env("TMPDIR", &inner)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("rehearsal can be started");
    let processes = browser_up(&mut child);
    let guard = command::descendants(child.id()).into_iter().find(|(_, name)| name == "browser-guard");
    assert!(guard.is_some(), "the guard goes by a name of its own, which `killall rehearsal` leaves alone");
    command::signal(child.id(), signal);
    let output = child.wait_with_output().expect("our child can be waited for");
    if signal != Signal::KILL {
        let left: Vec<_> = processes.iter().filter(|id| command::is_there(**id)).collect();
        assert!(left.is_empty(), "it returned, and {left:?} were still there");
    }
    // The guard outlives a killed rehearsal by as long as it takes to end the browser.
    let started = Instant::now();
    while processes.iter().any(|id| command::is_there(*id))
        || fs::read_dir(&inner).expect("it is ours").count() > 0
    {
        assert!(started.elapsed() < DEADLINE, "something is left of {processes:?} or in {}", inner.display());
        std::thread::yield_now();
    }
    Some((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Waits until a browser has children of its own: every process that is there then.
fn browser_up(child: &mut Child) -> BTreeSet<u32> {
    let started = Instant::now();
    loop {
        assert!(child.try_wait().expect("our child").is_none(), "it ended before it was interrupted");
        assert!(started.elapsed() < DEADLINE, "no browser came up");
        let tree = command::descendants(child.id());
        if tree.iter().filter(|(_, name)| name.starts_with("chromium")).count() > 3 {
            return tree.into_iter().map(|(id, _)| id).collect();
        }
    }
}

/// A folder with the shipped scenarios many times over.
fn copies(folder: &Path) -> std::path::PathBuf {
    let folder = folder.join("scenarios");
    fs::create_dir(&folder).expect("a folder can be made");
    let scenario = command::scenarios().join("topologies/d2-api-on-its-own-host.toml");
    for number in 0..200 {
        fs::copy(&scenario, folder.join(format!("{number}.toml"))).expect("a scenario can be copied");
    }
    folder
}

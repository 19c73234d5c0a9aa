//! What the tests that run the real command share.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rehearsal::browser::install;
use rehearsal::browser_name::Engine;
use serde_json::Value;

/// The command under test.
pub(crate) fn rehearsal() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
}

/// The shipped scenarios.
pub(crate) fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Whether Chromium and its driver are there. Where they are not, says so aloud; where they must be
/// (in CI), fails.
pub(crate) fn chromium_or_say_so() -> bool {
    there_or_say_so(Engine::Chromium)
}

/// The engines that can be run here. Of those that cannot, says so aloud; where they must be there (in CI),
/// fails.
pub(crate) fn engines() -> Vec<Engine> {
    Engine::ALL.into_iter().filter(|engine| there_or_say_so(*engine)).collect()
}

/// Whether an engine and its driver are there. Where they are not, says so aloud; where they must be (in CI),
/// fails.
#[expect(clippy::print_stderr, reason = "what is not run is said aloud")]
pub(crate) fn there_or_say_so(engine: Engine) -> bool {
    let (found, name) = (install::is_installed(engine), engine.as_str());
    if !found {
        assert!(
            std::env::var_os("CI").is_none(),
            "in CI every browser must be there: rehearsal browsers install {name}"
        );
        eprintln!("NOT RUN for want of a browser: install it with `rehearsal browsers install {name}`");
    }
    found
}

/// Runs `rehearsal run --format json` with these arguments: the exit code and the document.
pub(crate) fn run_json<S: AsRef<OsStr>>(arguments: &[S]) -> (i32, Value) {
    let output: Output = rehearsal()
        .arg("run")
        .args(arguments)
        .args(["--format", "json"])
        .output()
        .expect("rehearsal can be started");
    let talk = String::from_utf8_lossy(&output.stderr);
    let document =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}; it said: {talk}"));
    (output.status.code().expect("rehearsal was not killed"), document)
}

/// The run of the scenario whose path ends so.
pub(crate) fn run_of<'a>(document: &'a Value, scenario: &str) -> &'a Value {
    let runs = document["runs"].as_array().expect("the document lists runs");
    let found = runs.iter().find(|run| run["scenario"].as_str().is_some_and(|path| path.ends_with(scenario)));
    found.unwrap_or_else(|| panic!("no run of {scenario}"))
}

/// All failures of a run, in order.
pub(crate) fn failures(run: &Value) -> Vec<&Value> {
    let steps = run["steps"].as_array().into_iter().flatten();
    steps.flat_map(|step| step["failures"].as_array().into_iter().flatten()).collect()
}

/// Every process below this one, with its name.
#[cfg(target_os = "linux")]
pub(crate) fn descendants(id: u32) -> Vec<(u32, String)> {
    let tasks = std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let children = tasks.flat_map(|task| {
        let list = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()
    });
    let mut found = Vec::new();
    for child in children {
        let name = std::fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default();
        found.push((child, name.trim().to_owned()));
        found.extend(descendants(child));
    }
    found
}

/// Whether a process is there, dead and unburied ones included.
#[cfg(target_os = "linux")]
pub(crate) fn is_there(id: u32) -> bool {
    std::fs::exists(format!("/proc/{id}")).unwrap_or(false)
}

/// Sends a signal to a process that a test started.
#[cfg(unix)]
pub(crate) fn signal(id: u32, signal: rustix::process::Signal) {
    let id =
        i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw).expect("a process id is positive");
    // It may have ended of itself in the meantime, which is as good.
    _ = rustix::process::kill_process(id, signal);
}

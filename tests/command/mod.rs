//! What the tests that run the real command share.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The command under test.
pub fn rehearsal() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
}

/// The shipped scenarios.
pub fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Whether Chromium and its driver are there. Where they are not, says so aloud; where they must be
/// (in CI), fails.
pub fn chromium_or_say_so() -> bool {
    let found = rehearsal::browser::driver::find_chromium().is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "in CI every browser must be there: rehearsal browsers install chromium");
        eprintln!("NOT RUN for want of a browser: install it with `rehearsal browsers install chromium`");
    }
    found
}

/// Runs `rehearsal run --format json` with these arguments: the exit code and the document.
pub fn run_json<S: AsRef<OsStr>>(arguments: &[S]) -> (i32, Value) {
    let output: Output =
        rehearsal().arg("run").args(arguments).args(["--format", "json"]).output().expect("rehearsal can be started");
    let talk = String::from_utf8_lossy(&output.stderr);
    let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}; it said: {talk}"));
    (output.status.code().expect("rehearsal was not killed"), document)
}

/// The run of the scenario whose path ends so.
pub fn run_of<'a>(document: &'a Value, scenario: &str) -> &'a Value {
    let runs = document["runs"].as_array().expect("the document lists runs");
    let found = runs.iter().find(|run| run["scenario"].as_str().is_some_and(|path| path.ends_with(scenario)));
    found.unwrap_or_else(|| panic!("no run of {scenario}"))
}

/// All failures of a run, in order.
pub fn failures(run: &Value) -> Vec<&Value> {
    let steps = run["steps"].as_array().into_iter().flatten();
    steps.flat_map(|step| step["failures"].as_array().into_iter().flatten()).collect()
}

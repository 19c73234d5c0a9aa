//! `rehearsal doctor`, in the browsers that are here.

use std::process::Output;

use crate::command::{chromium_or_say_so, rehearsal};
use serde_json::Value;

fn doctor(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, Value, Output) {
    let output = rehearsal()
        .args(["doctor", "--format", "json"])
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .expect("rehearsal can be started");
    let document = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), document, output)
}

#[test]
fn all_is_well_where_the_tests_run() {
    if !chromium_or_say_so() {
        return;
    }
    let (code, document, output) = doctor(&["--browser", "chromium,chromium:block-third-party"], &[]);
    assert_eq!(code, Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    for browser in document["browsers"].as_array().expect("a list") {
        let checks = browser["checks"].as_array().expect("a list");
        let subjects: Vec<_> = checks.iter().filter_map(|check| check["subject"].as_str()).collect();
        assert_eq!(subjects, ["starts", "name", "tls", "proxy", "policy", "jar", "reasons", "rules"]);
        assert!(checks.iter().all(|check| check["finding"] != "broken"), "{browser}");
    }
    let policy = |index: usize| &document["browsers"][index]["checks"][4]["seen"];
    assert_eq!(policy(0), "third-party cookies allowed");
    assert_eq!(policy(1), "third-party cookies blocked");
}

#[test]
fn a_browser_that_is_not_there_is_named_with_what_to_do() {
    let environment = [("REHEARSAL_CHROMIUM", "/nowhere/chromium")];
    let (code, document, _) = doctor(&["--browser", "chromium"], &environment);
    assert_eq!(code, Some(3));
    let browser = &document["browsers"][0];
    assert_eq!(browser["installed"], false);
    assert!(browser["help"].as_str().is_some_and(|help| help.contains("/nowhere/chromium")), "{browser}");
}

#[test]
fn the_model_is_no_patient() {
    let (code, _, output) = doctor(&["--browser", "model"], &[]);
    assert_eq!(code, Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("needs no doctor"));
}

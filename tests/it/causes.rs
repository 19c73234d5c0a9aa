//! Causes that lie between two things, each right by itself: what is said of them, and what fixes them.
//!
//! Each scenario in `tests/causes` fails for one of them. What its reader sees is beside it; look at the text as that
//! reader would: is the cause named, the place shown, and the fix one that could be made at once?

use std::path::{Path, PathBuf};

use crate::command::rehearsal;

const BROWSERS: &str = "model:chromium,model:firefox,model:webkit";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/causes")
}

/// The scenarios, by name.
fn scenarios() -> Vec<String> {
    let files = std::fs::read_dir(folder()).expect("the folder is there");
    let names = files.filter_map(|file| {
        let name = file.expect("it can be listed").file_name().into_string().expect("it is UTF-8");
        name.strip_suffix(".toml").map(str::to_owned)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// What `run` writes about a scenario, without the table at its end, which tells how long it took.
fn told(name: &str, arguments: &[&str]) -> String {
    let path = format!("tests/causes/{name}.toml");
    let output = rehearsal()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["run", &path, "--browser", BROWSERS])
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .expect("rehearsal can be started");
    let text = String::from_utf8(output.stdout).expect("it writes UTF-8");
    assert_eq!(output.status.code(), Some(1), "{name}: {text}");
    let end = text.rfind("\nscenario").unwrap_or(text.len());
    text[..end].to_owned()
}

#[test]
fn every_cause_is_told_as_approved() {
    for name in scenarios() {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.as_str(), told(&name, &[])));
    }
}

#[test]
fn every_cause_has_a_fix_but_those_that_only_a_server_knows() {
    for name in scenarios() {
        let told = told(&name, &[]);
        let has_fix = told.contains("\nfix, predicted to work in");
        let needs_its_author = ["silent-login", "deleted"].contains(&name.as_str());
        assert_eq!(has_fix, !needs_its_author, "{name}: {told}");
        assert!(told.contains("\nwhy: ") || told.contains("why: "), "{name}: {told}");
    }
}

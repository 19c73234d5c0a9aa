//! A scenario to begin with, completions and man pages.

use std::fs;

use crate::command::rehearsal;

#[test]
fn the_scenario_to_begin_with_holds_in_every_model_and_overwrites_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let run = |arguments: &[&str]| {
        rehearsal().current_dir(folder.path()).args(arguments).output().expect("rehearsal can be started")
    };
    assert_eq!(run(&["new", "-o", "login.toml"]).status.code(), Some(0));
    let check = run(&["check", "login.toml"]);
    assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stderr));
    assert!(check.stderr.is_empty(), "no warning: {}", String::from_utf8_lossy(&check.stderr));
    let models = run(&["run", "login.toml", "--browser", "model:chromium,model:firefox,model:webkit"]);
    assert_eq!(models.status.code(), Some(0), "{}", String::from_utf8_lossy(&models.stdout));

    let written = fs::read(folder.path().join("login.toml")).expect("it was written");
    assert_eq!(run(&["new"]).stdout, written, "the same goes to stdout");
    fs::write(folder.path().join("login.toml"), "mine").expect("it can be written");
    let again = run(&["new", "-o", "login.toml"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));
    assert_eq!(fs::read(folder.path().join("login.toml")).expect("it is there"), b"mine");
}

#[test]
fn every_shell_gets_completions_and_every_command_a_page() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = rehearsal().args(["completions", shell]).output().expect("rehearsal can be started");
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = String::from_utf8(output.stdout).expect("a script is text");
        assert!(script.contains("explain") && script.contains("set-cookie"), "{shell}: {script}");
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let pages = folder.path().join("man1");
    let status = rehearsal().arg("man").arg(&pages).status().expect("rehearsal can be started");
    assert_eq!(status.code(), Some(0));
    for page in ["rehearsal.1", "rehearsal-run.1", "rehearsal-check.1"] {
        let text = fs::read_to_string(pages.join(page)).expect(page);
        assert!(text.contains(".SH NAME"), "{page}: {text}");
    }
}

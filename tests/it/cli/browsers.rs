//! `rehearsal browsers`: what is installed, as far as it says so itself.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;

use crate::command::rehearsal;

#[test]
fn a_program_that_does_not_say_its_version_is_listed_by_its_path() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = |name: &str, script: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a program");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
        path
    };
    let (silent, telling) = (program("silent", "exit 1"), program("telling", "echo Telling 1.2.3"));
    let output = rehearsal()
        .arg("browsers")
        .envs(
            ["CHROMEDRIVER", "MINIBROWSER", "WEBKIT_DRIVER"]
                .map(|name| (format!("REHEARSAL_{name}"), &silent)),
        )
        .env("REHEARSAL_CHROMIUM", &telling)
        .envs(["FIREFOX", "GECKODRIVER", "XVFB"].map(|name| (format!("REHEARSAL_{name}"), "/nowhere")))
        .output()
        .expect("rehearsal can be started");
    assert_eq!(output.status.code(), Some(3), "not all is there");
    let said = String::from_utf8(output.stdout).expect("a list is text");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], format!("chromium    chromium        1.2.3  {}", telling.display()));
    assert_eq!(lines[1], format!("            chromedriver    {}", silent.display()));
    assert_eq!(lines[4], format!("webkit      MiniBrowser     {}", silent.display()));
    assert!(
        lines[6].starts_with("            Xvfb            missing; REHEARSAL_XVFB names /nowhere"),
        "{said}"
    );
}

/// The machines of CI services name their drivers by the folders they are in.
#[test]
fn drivers_are_found_where_machines_for_tests_have_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = |name: &str, version: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\necho Program {version}\n")).expect("a program");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
        path
    };
    let (chrome, driver) = (program("google-chrome", "150.0.1"), program("chromedriver", "156.0.2"));
    let gecko = program("geckodriver", "0.37.1");
    let output = rehearsal()
        .arg("browsers")
        .envs(["REHEARSAL_CHROMIUM", "REHEARSAL_CHROMEDRIVER"].map(|name| (name, "")))
        .envs(["CHROMEWEBDRIVER", "GECKOWEBDRIVER"].map(|name| (name, folder.path())))
        .env("CHROME_BIN", &chrome)
        .output()
        .expect("rehearsal can be started");
    let said = String::from_utf8(output.stdout).expect("a list is text");
    assert!(said.contains(&format!("chromium        150.0.1  {}", chrome.display())), "{said}");
    assert!(said.contains(&format!("chromedriver    156.0.2  {}", driver.display())), "{said}");
    assert!(said.contains(&format!("geckodriver     0.37.1  {}", gecko.display())), "{said}");
    assert!(said.contains("note: chromium is of version 150 and chromedriver of 156"), "{said}");
}

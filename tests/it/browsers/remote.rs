//! Two hosts: the world on one, ChromeDriver and Chromium on the other.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use rustix::process::Signal;

use super::hosts::{Hosts, address};
use crate::command;

/// The host of the world, and the browser's.
const OURS: usize = 0;
const THEIRS: usize = 1;

/// A ChromeDriver on the other host, as an ordinary user, who needs no switch that turns the sandbox off.
struct Driver {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Driver {
    fn start(hosts: &Hosts) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let nobody = rustix::fs::Uid::from_raw(65534);
        rustix::fs::chown(folder.path(), Some(nobody), None).expect("root may give a folder away");
        let mut child = hosts
            .on(THEIRS, "setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "chromedriver", "--port=9515"])
            .arg(format!("--allowed-ips={}", address(OURS)))
            .arg("--allowed-origins=*")
            .env("TMPDIR", folder.path())
            .env("HOME", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the driver can be started");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let ready = stdout.lines().map_while(Result::ok).any(|line| line.contains("successfully on port"));
        assert!(ready, "the driver never listened");
        Self { child, _folder: folder }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        command::signal(self.child.id(), Signal::TERM);
        drop(self.child.wait());
    }
}

#[test]
fn a_browser_on_another_host_sees_the_world() {
    if !command::chromium_or_say_so() {
        return;
    }
    let Some(hosts) = Hosts::new("driver", 2) else { return };
    let driver = Driver::start(&hosts);
    let run = |arguments: &[&str]| {
        let output = hosts
            .on(OURS, env!("CARGO_BIN_EXE_rehearsal"))
            .args(["run", "--jobs", "2", "--webdriver"])
            .arg(format!("chromium=http://{}:9515", address(THEIRS)))
            .args(arguments)
            // Distance is what differs here; the rules of all the others are the same.
            .arg(command::scenarios().join("jwt-cors"))
            .output()
            .expect("rehearsal can be started");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    let (code, report) = run(&["--gateway", &address(OURS)]);
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("0 failed, 0 could not run"), "{report}");

    // Its browser is gone with the run: the driver holds none.
    let left = command::descendants(driver.child.id());
    assert!(!left.iter().any(|(_, name)| name.starts_with("chromium")), "{left:?}");

    let (code, report) = run(&[]);
    assert_eq!(code, Some(2), "without a way back nothing is tried: {report}");
    assert!(report.contains("--gateway ADDRESS"), "{report}");
}

//! Two network namespaces as two hosts: the world on one, ChromeDriver and Chromium on the other.
//!
//! It takes root and `ip` (Debian: iproute2) to make them; where they cannot be made, that is said aloud.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stderr, reason = "what is not run is said aloud")]

use crate::command;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

/// Addresses for documentation (RFC 5737): no network of this machine has them.
const OURS: &str = "192.0.2.1";
const THEIRS: &str = "192.0.2.2";

/// Two hosts with one wire between them. They go when this is dropped.
struct Hosts {
    ours: String,
    theirs: String,
}

impl Hosts {
    fn new() -> Option<Self> {
        let id = std::process::id();
        let hosts = Self { ours: format!("rehearsal-a{id}"), theirs: format!("rehearsal-b{id}") };
        let (ours, theirs) = (hosts.ours.as_str(), hosts.theirs.as_str());
        let (here, there) = (format!("ra{id}"), format!("rb{id}"));
        // An IPv6 address of the link would be ready a second later, and Chromium breaks all requests off when an
        // address comes.
        let steps: [&[&str]; 11] = [
            &["netns", "add", ours],
            &["netns", "add", theirs],
            &["link", "add", &here, "netns", ours, "type", "veth", "peer", "name", &there, "netns", theirs],
            &["-n", ours, "addr", "add", &format!("{OURS}/30"), "dev", &here],
            &["-n", theirs, "addr", "add", &format!("{THEIRS}/30"), "dev", &there],
            &["-n", ours, "link", "set", &here, "addrgenmode", "none"],
            &["-n", theirs, "link", "set", &there, "addrgenmode", "none"],
            &["-n", ours, "link", "set", &here, "up"],
            &["-n", theirs, "link", "set", &there, "up"],
            &["-n", ours, "link", "set", "lo", "up"],
            &["-n", theirs, "link", "set", "lo", "up"],
        ];
        for step in steps {
            match Command::new("ip").args(step).output() {
                Ok(output) if output.status.success() => {}
                Ok(output) => {
                    eprintln!("NOT TESTED: ip {step:?}: {}", String::from_utf8_lossy(&output.stderr));
                    return None;
                }
                Err(error) => {
                    eprintln!("NOT TESTED for want of ip (Debian: iproute2): {error}");
                    return None;
                }
            }
        }
        Some(hosts)
    }

    /// A command on one of the hosts.
    fn on(host: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", host, program]);
        command
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in [&self.ours, &self.theirs] {
            // It may never have been made.
            drop(Command::new("ip").args(["netns", "del", host]).output());
        }
    }
}

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
        let mut child = Hosts::on(&hosts.theirs, "setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "chromedriver", "--port=9515"])
            .arg(format!("--allowed-ips={OURS}"))
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
    let Some(hosts) = Hosts::new() else { return };
    let driver = Driver::start(&hosts);
    let run = |arguments: &[&str]| {
        let output = Hosts::on(&hosts.ours, env!("CARGO_BIN_EXE_rehearsal"))
            .args(["run", "--jobs", "2", "--webdriver"])
            .arg(format!("chromium=http://{THEIRS}:9515"))
            .args(arguments)
            .arg(command::scenarios())
            .output()
            .expect("rehearsal can be started");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    let (code, report) = run(&["--gateway", OURS]);
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("0 failed, 0 could not run"), "{report}");

    // Its browser is gone with the run: the driver holds none.
    let left = command::descendants(driver.child.id());
    assert!(!left.iter().any(|(_, name)| name.starts_with("chromium")), "{left:?}");

    let (code, report) = run(&[]);
    assert_eq!(code, Some(2), "without a way back nothing is tried: {report}");
    assert!(report.contains("--gateway ADDRESS"), "{report}");
}

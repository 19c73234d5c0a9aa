//! Network namespaces as hosts on one network: what crosses it is seen as between machines.
//!
//! It takes root and `ip` (Debian: iproute2) to make them; where they cannot be made, that is said aloud.
#![expect(clippy::print_stderr, reason = "what is not run is said aloud")]

use std::process::Command;

/// Hosts that reach each other, the first at [`address`]`(0)`. They go when this is dropped.
pub(super) struct Hosts(Vec<String>);

/// The address of a host by its number: one for documentation (RFC 5737), which no network of this machine has.
pub(super) fn address(host: usize) -> String {
    format!("192.0.2.{}", host + 1)
}

impl Hosts {
    /// So many hosts. `of` tells those of one test from another's.
    pub(super) fn new(of: &str, number: usize) -> Option<Self> {
        let id = std::process::id();
        let hosts = Self((0..number).map(|host| format!("rehearsal-{of}{host}-{id}")).collect());
        let first = hosts.0.first()?;
        let mut steps: Vec<Vec<String>> = Vec::new();
        let mut step = |words: &[&str]| steps.push(words.iter().map(|word| (*word).to_owned()).collect());
        step(&["netns", "add", first]);
        step(&["-n", first, "link", "add", "bridge", "type", "bridge"]);
        // An IPv6 address of a link would be ready a second later, and Chromium breaks all requests off when an
        // address comes.
        step(&["-n", first, "link", "set", "bridge", "addrgenmode", "none"]);
        step(&["-n", first, "link", "set", "bridge", "up"]);
        step(&["-n", first, "link", "set", "lo", "up"]);
        step(&["-n", first, "addr", "add", &format!("{}/24", address(0)), "dev", "bridge"]);
        for (number, host) in hosts.0.iter().enumerate().skip(1) {
            let port = format!("port{number}");
            step(&["netns", "add", host]);
            step(&["-n", first, "link", "add", &port, "type", "veth", "peer", "name", "net", "netns", host]);
            step(&["-n", first, "link", "set", &port, "addrgenmode", "none"]);
            step(&["-n", host, "link", "set", "net", "addrgenmode", "none"]);
            step(&["-n", host, "addr", "add", &format!("{}/24", address(number)), "dev", "net"]);
            step(&["-n", first, "link", "set", &port, "master", "bridge"]);
            step(&["-n", first, "link", "set", &port, "up"]);
            step(&["-n", host, "link", "set", "net", "up"]);
            step(&["-n", host, "link", "set", "lo", "up"]);
        }
        for step in steps {
            match Command::new("ip").args(&step).output() {
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
    pub(super) fn on(&self, host: usize, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0[host], program]);
        command
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in &self.0 {
            // It may never have been made.
            drop(Command::new("ip").args(["netns", "del", host]).output());
        }
    }
}

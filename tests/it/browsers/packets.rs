//! Nothing leaves the machine: a packet counter beside each browser, in a network whose only way out leads nowhere.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use crate::command;

/// A page that tries: names to be looked up, a call, a picture, and what WebRTC finds out about networks.
const SCENARIO: &str = r##"
title = "A page that wants out"

[origins.web]
url = "https://app.acme-shop.io"

[[origins.web.routes]]
at = "GET /"
html = """
<!doctype html>
<link rel="dns-prefetch" href="//prefetched.example.org">
<link rel="preconnect" href="https://preconnected.example.org">
<img src="https://pictures.example.org/x.png">
<a href="https://linked.example.org/">a link</a>
<script>
  fetch('https://called.example.org/').catch(() => {});
  if (window.RTCPeerConnection) {
    const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:192.0.2.99:3478' }] });
    peer.createDataChannel('out');
    peer.createOffer().then(offer => peer.setLocalDescription(offer));
  }
</script>
"""

[[step]]
visit = "web:/"
expect.status = 200

[[step]]
eval = "new Promise(done => setTimeout(done, 3000))"
"##;

/// The network: a loopback interface, and another whose packets are counted and go nowhere. The name server is there.
/// Writes the count before, after, and after a name was asked for, which has to be counted.
const COUNTED: &str = r#"
set -e
count() { sed -n 's/^ *out0://p' /proc/net/dev | awk '{print $10}'; }
ip link set lo up
echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null || true
ip link add out0 type dummy
ip addr add 192.0.2.2/24 dev out0
ip link set out0 up
ip route add default via 192.0.2.1
printf 'nameserver 192.0.2.53\noptions timeout:1 attempts:1\n' > "$FOLDER/resolv.conf"
mount --bind "$FOLDER/resolv.conf" /etc/resolv.conf
before=$(count)
code=0
"$@" > "$FOLDER/said" 2>&1 || code=$?
after=$(count)
getent hosts counted.example.org || true
echo "$before $after $(count) $code"
"#;

#[test]
#[expect(clippy::print_stderr, reason = "what is not run is said aloud")]
fn no_packet_leaves_the_machine() {
    let allowed = |line: &[&str]| {
        let status = Command::new("unshare").args(line).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    if !allowed(&["-Urnm", "ip", "link", "add", "out0", "type", "dummy"]) {
        eprintln!("NOT RUN: this system gives nobody a network of their own, or has no `ip`");
        return;
    }
    for engine in command::engines() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let scenario = folder.path().join("out.toml");
        std::fs::write(&scenario, SCENARIO).expect("the scenario can be written");
        let rehearsal = command::rehearsal();
        let output = Command::new("unshare")
            .args(["-Urnm", "sh", "-c", COUNTED, "sh"])
            .arg(rehearsal.get_program())
            .args(["run", "--browser", engine.as_str()])
            .arg(&scenario)
            .env("FOLDER", folder.path())
            .output()
            .expect("unshare was started before");
        let counts = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = std::fs::read_to_string(folder.path().join("said")).unwrap_or_default();
        let numbers: Vec<u64> = counts.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let [before, after, asked, code] = numbers[..] else {
            panic!("{engine:?}: {counts} {}", String::from_utf8_lossy(&output.stderr));
        };
        assert_eq!(code, 0, "{engine:?}: {said}");
        assert_eq!(after, before, "{engine:?}: packets left the machine");
        assert!(asked > after, "{engine:?}: a name that is asked for has to be counted");
    }
}

//! Nothing that a browser in a world does leaves the machine, and nothing of it goes past the gateway.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "tests talk to people")]

use std::net::UdpSocket;
use std::process::{Command, Stdio};

use crate::browsing::{Rig, engines, eval, visit};
use crate::command;
use crate::support::{page, plan};
use rehearsal::browser_name::ThirdParty;

const WEB: &str = "https://web.example.com";

/// A page asks a server of its choice where it is reached, over UDP, as it does for a call.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_reaches_an_address_by_webrtc() {
    for engine in engines() {
        let stranger = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
        stranger.set_nonblocking(true).expect("it can be polled");
        let port = stranger.local_addr().expect("an address").port();
        let mut rig = Rig::of(engine, &plan([page("web", WEB)]), ThirdParty::Allowed).await;
        rig.act(visit(&format!("{WEB}/"))).await;
        let script = format!(
            "new Promise(async (done) => {{
                const call = new RTCPeerConnection({{ iceServers: [{{ urls: 'stun:127.0.0.1:{port}' }}] }});
                call.onicegatheringstatechange = () => call.iceGatheringState === 'complete' && done('complete');
                call.createDataChannel('x');
                await call.setLocalDescription(await call.createOffer());
            }})"
        );
        rig.act(eval(&script)).await;
        let mut datagrams = 0;
        while stranger.recv(&mut [0; 2048]).is_ok() {
            datagrams += 1;
        }
        assert_eq!(datagrams, 0, "{engine:?} went past the gateway");
        rig.close().await;
    }
}

/// Every address that a browser, its driver and `rehearsal` itself connect to or send to, as the kernel sees it.
#[test]
fn no_packet_leaves_the_machine() {
    let can_trace =
        Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if !can_trace.is_ok_and(|status| status.success()) {
        eprintln!("NOT RUN: strace is not there, or may not trace");
        return;
    }
    for engine in command::engines() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (scenario, trace) = (folder.path().join("one.toml"), folder.path().join("trace"));
        let text = "title = \"One page\"\norigins.web.url = \"https://web.example.com\"\n[[step]]\nvisit = \"web:/\"\n";
        std::fs::write(&scenario, text).expect("the scenario can be written");
        let output = Command::new("strace")
            .args(["-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o"])
            .arg(&trace)
            .arg(env!("CARGO_BIN_EXE_rehearsal"))
            .args(["run", "--browser", engine.as_str()])
            .arg(&scenario)
            .output()
            .expect("strace can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let trace = std::fs::read_to_string(&trace).expect("what was traced is text");
        assert!(trace.contains("127.0.0.1"), "the gateway was used: {trace}");
        let outside: Vec<&str> = trace.lines().filter(|line| goes_outside(line)).collect();
        assert!(outside.is_empty(), "{engine:?}: {outside:#?}");
    }
}

/// Whether a call names an address that is not this machine's, or asks a name server.
fn goes_outside(call: &str) -> bool {
    /// Chromium asks the kernel which way it would send to this one, and sends nothing there (`connect` of a datagram
    /// socket; net/dns/address_sorter_posix.cc and host_resolver_manager.cc).
    const ROUTE_PROBE: &str = "2001:4860:4860::8888";
    // Firefox asks the kernel for a route, which is no packet.
    if call.contains("AF_NETLINK") {
        return false;
    }
    let is_probe = call.contains("connect(") && call.contains(ROUTE_PROBE);
    let is_named = call.contains("inet_addr(\"") || call.contains("inet_pton(AF_INET6, \"");
    let is_here = ["inet_addr(\"127.", "\"::1\"", "\"::ffff:127.", "\"::\"", "inet_addr(\"0.0.0.0\""]
        .iter()
        .any(|here| call.contains(here));
    call.contains("htons(53)") || (is_named && !is_here && !is_probe)
}

//! A thousand worlds through one gateway leave nothing behind: no task, no socket, no memory.
//!
//! The only test of its process, because it counts what the process has.

#[path = "../it/support.rs"]
mod support;

use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::Request;
use rehearsal::world::{Doors, Gateway, World};
use support::*;

const WORLDS: usize = 1_000;

/// After so many worlds, pools and caches are as large as they get.
const WARM: usize = 200;

/// What the rest may add to the resident memory, in kilobytes: the allocator's own untidiness, and far
/// below what one forgotten kilobyte a world would come to in 10,000.
const MEMORY: u64 = 4 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_worlds_leave_nothing_behind() {
    let plan = plan([
        page("web", "https://web.example"),
        mock("api", "https://api.example", [route("GET /me")]),
        page("plain", "http://plain.example"),
    ]);
    let authority = authority(&plan);
    let gateway = Gateway::bind("127.0.0.1:0".parse().expect("an address")).expect("a gateway");
    let address = gateway.address();
    let (one, two) = (tls(&authority, &[]), tls(&authority, &["h2"]));

    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let (tasks_before, sockets_before) = (tasks(), sockets());
    let mut warm = 0;
    let (mut starting, mut fastest) = (Duration::ZERO, Duration::MAX);
    for round in 0..WORLDS {
        let begun = Instant::now();
        let world = World::start(&plan, &authority).expect("a world");
        starting += begun.elapsed();
        fastest = fastest.min(begun.elapsed());
        gateway.show(&world);
        // Some connections end well, some are left open, and now and then a world is simply dropped.
        let stream = socks(address, "plain.example", 80).await.expect("a tunnel");
        assert_eq!(http1(stream, get("plain.example", "/")).await.status(), 200);
        if round % 5 == 0 {
            let stream = socks(address, "api.example", 443).await.expect("a tunnel");
            let stream = handshake(&two, "api.example", stream).await.expect("TLS");
            let request = Request::get("https://api.example/me").body(Full::default()).expect("a request");
            assert_eq!(http2(stream, request).await.status(), 200);
            let stream = tunnel(address, "web.example:443").await.expect("a tunnel");
            let left_open = handshake(&one, "web.example", stream).await.expect("TLS");
            gateway.hide().await;
            drop(left_open);
        } else {
            gateway.hide().await;
        }
        assert_eq!(gateway.connections(), 0, "round {round}");
        if round % 2 == 0 {
            world.close().await;
        }
        if round == WARM {
            warm = resident();
        }
    }
    let grown = resident().saturating_sub(warm);
    assert_eq!(sockets(), sockets_before, "sockets are left");
    // The clients' own tasks end with their connections, which is for the runtime to notice.
    while tasks() > tasks_before {
        tokio::task::yield_now().await;
    }
    assert!(cfg!(not(target_os = "linux")) || grown < MEMORY, "{grown} KB more after {WORLDS} worlds");
    let mean = starting / u32::try_from(WORLDS).expect("a thousand");
    say(&format!(
        "World::start: mean {mean:?}, fastest {fastest:?}; {grown} KB more after {WORLDS} worlds\n"
    ));

    for _ in 0..20 {
        let dns = "127.0.0.1:0".parse().expect("an address");
        let (world, doors) = Doors::open(&plan, &authority, dns).expect("a world");
        doors.close().await;
        world.close().await;
    }
    assert_eq!(sockets(), sockets_before, "doors are left");
    gateway.close().await;
    assert_eq!(sockets(), sockets_before - 1);
}

/// How many sockets the process has; always 1 where the system does not say.
fn sockets() -> usize {
    let Ok(folder) = std::fs::read_dir("/proc/self/fd") else { return 1 };
    let links = folder.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

/// The resident memory of the process, in kilobytes; 0 where the system does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn say(text: &str) {
    use std::io::Write;
    // Written to the stream itself, which the test harness does not swallow.
    _ = std::io::stderr().write_all(text.as_bytes());
}

//! Doors: real DNS and the origins' own addresses and ports, for whatever asks without a proxy.

use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::support::*;
use rehearsal::plan::Plan;
use rehearsal::world::{Doors, World};
use tokio::net::TcpStream;

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A port that nobody has, below those that systems give away by themselves (RFC 6335, section 6).
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).expect("below 10,000");
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut ports =
        std::iter::from_fn(|| Some(20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000));
    ports.find(free).expect("a machine has a free port")
}

fn open(plan: &Plan) -> (rehearsal::world::Authority, World, Doors) {
    let authority = authority(plan);
    let (world, doors) = Doors::open(plan, &authority, ANY).expect("a world");
    (authority, world, doors)
}

#[tokio::test]
async fn origins_are_reached_at_their_own_addresses_and_ports() {
    let port = free_port();
    let plan = plan_with(
        [
            page("web", &format!("https://web.example:{port}")),
            page("api", &format!("https://api.example:{port}")),
            page("plain", &format!("http://localhost:{port}")),
        ],
        [cname("alias.example", "api.example")],
    );
    let (authority, world, doors) = open(&plan);
    assert_eq!(doors.closed_doors(), []);
    let addresses: Vec<_> = doors.open_doors().iter().map(|(_, address)| *address).collect();
    assert_eq!(addresses.len(), 3);
    assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == port));
    assert_ne!(addresses[0], addresses[1]);
    assert_eq!(addresses[2].ip().to_string(), "127.0.0.1");
    for (origin, address) in doors.open_doors() {
        assert_eq!(world.origins()[*origin].address(), Some(address.ip()));
    }

    for (address, host) in [(addresses[0], "web.example"), (addresses[1], "alias.example")] {
        let stream = TcpStream::connect(address).await.expect("the door is open");
        let stream = handshake(&tls(&authority, &[]), host, stream).await.expect("TLS");
        assert_eq!(http1(stream, get(&format!("{host}:{port}"), "/")).await.status(), 200);
    }
    let stream = TcpStream::connect(addresses[2]).await.expect("the door is open");
    assert_eq!(http1(stream, get(&format!("localhost:{port}"), "/")).await.status(), 200);
    // The address of one is not the other's.
    let stream = TcpStream::connect(addresses[0]).await.expect("the door is open");
    let stream = handshake(&tls(&authority, &[]), "web.example", stream).await.expect("TLS");
    assert_eq!(http1(stream, get(&format!("api.example:{port}"), "/")).await.status(), 421);

    doors.close().await;
    assert!(TcpStream::connect(addresses[0]).await.is_err());
    world.close().await;
}

#[tokio::test]
async fn origins_behind_one_socket_are_told_apart_by_sni() {
    use rehearsal::plan::{Certificate, Origin};
    let port = free_port();
    let bad = Origin {
        certificate: Certificate::SelfSigned,
        ..page("bad", &format!("https://bad.example:{port}"))
    };
    let plan = plan_with(
        [
            page("good", &format!("https://good.example:{port}")),
            bad,
            page("plain", &format!("http://plain.example:{port}")),
        ],
        [
            cname("bad.example", "balancer.example"),
            cname("good.example", "balancer.example"),
            cname("plain.example", "balancer.example"),
            address("balancer.example", "127.0.0.1"),
        ],
    );
    let (authority, _world, doors) = open(&plan);
    let address = SocketAddr::new(ANY.ip(), port);
    assert_eq!(doors.open_doors(), [(0, address), (1, address)]);
    let [closed] = doors.closed_doors() else { panic!("one door is closed") };
    assert_eq!(closed.message, format!("127.0.0.1:{port} is the socket of `good`, and only one speaks TLS"));

    let stream = TcpStream::connect(address).await.expect("the door is open");
    let error = handshake(&tls(&authority, &[]), "bad.example", stream).await.expect_err("signed by nobody");
    assert!(error.contains("UnknownIssuer"), "{error}");
    let stream = TcpStream::connect(address).await.expect("the door is open");
    handshake(&tls(&authority, &[]), "good.example", stream).await.expect("TLS");
}

#[tokio::test]
async fn two_worlds_keep_out_of_each_others_way() {
    let port = free_port();
    let plan = plan([page("web", &format!("https://web.example:{port}"))]);
    let (_, _first, one) = open(&plan);
    let (_, _second, two) = open(&plan);
    assert_eq!((one.closed_doors(), two.closed_doors()), (&[][..], &[][..]));
    assert_ne!(one.open_doors(), two.open_doors());
    assert_ne!(one.dns(), two.dns());
}

#[tokio::test]
async fn a_door_that_does_not_open_says_why_and_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("the socket is bound").port();
    let plan = plan_with(
        [
            page("dev", &format!("http://localhost:{port}")),
            page("far", "https://192.0.2.7:8443"),
            page("lost", "https://lost.example"),
        ],
        [cname("lost.example", "nowhere.example")],
    );
    let (_, _world, doors) = open(&plan);
    let told: Vec<_> = doors
        .closed_doors()
        .iter()
        .map(|door| format!("{}: {door}\nhint: {}", door.origin, door.hint))
        .collect();
    assert_eq!(
        told,
        [
            format!(
                "0: cannot listen at 127.0.0.1:{port}: another program does\nhint: stop it (`ss -ltnp sport = :{port}` \
                 names it); or go through the gateway, which needs nothing"
            ),
            "1: cannot listen at 192.0.2.7:8443: 192.0.2.7:8443 is not a loopback address, and nothing here listens \
             anywhere else\nhint: give its host a loopback address; or go through the gateway, which needs nothing"
                .to_owned(),
            "2: `lost.example` leads to no address\nhint: mend the records of the scenario".to_owned(),
        ]
    );
    let error = Doors::open(&plan, &authority(&plan), "192.0.2.1:53".parse().expect("an address"))
        .expect_err("not a loopback address");
    assert_eq!(error.hint(), "choose another port of 127.0.0.1, or 0 for any that is free");
}

#[tokio::test]
async fn dig_and_curl_see_the_world() {
    let port = free_port();
    let plan = plan_with(
        [page("web", &format!("https://web.example:{port}"))],
        [cname("www.web.example", "web.example")],
    );
    let (authority, world, doors) = open(&plan);
    let gateway = rehearsal::world::Gateway::bind(ANY).expect("a gateway");
    gateway.show(&world);
    let ip = world.origins()[0].address().expect("an address").to_string();

    let dns = doors.dns().port().to_string();
    let dig = ["@127.0.0.1", "-p", &dns, "+norec", "+tries=1", "+time=5"];
    let chain = run("dig", &[&dig[..], &["+short", "www.web.example"]].concat()).await;
    let nowhere = run("dig", &[&dig[..], &["+tcp", "bank.example"]].concat()).await;
    if let (Some(chain), Some(nowhere)) = (chain, nowhere) {
        assert_eq!(chain, format!("web.example.\n{ip}\n"));
        assert!(nowhere.contains("status: NXDOMAIN"), "{nowhere}");
        assert!(nowhere.contains("\tSOA\trehearsal.invalid."), "{nowhere}");
    }

    let folder = tempfile::tempdir().expect("a temporary folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).expect("a file");
    let ca = ca.to_str().expect("a readable path");
    let address = gateway.address();
    let url = format!("https://www.web.example:{port}/");
    for way in [
        vec!["--proxy".to_owned(), format!("socks5h://{address}")],
        vec!["--proxy".to_owned(), format!("http://{address}")],
        vec!["--resolve".to_owned(), format!("www.web.example:{port}:{ip}")],
    ] {
        let mut arguments =
            vec!["-sS", "--cacert", ca, "-o", "/dev/null", "-w", "%{http_code} %{http_version}"];
        arguments.extend(way.iter().map(String::as_str));
        arguments.push(&url);
        let Some(told) = run("curl", &arguments).await else { return };
        assert!(told.starts_with("200 "), "{way:?}: {told}");
    }
    let arguments = ["-sS", "--proxy", &format!("socks5h://{address}"), "https://bank.example/"];
    let refused = run("curl", &arguments).await.expect("it was there a moment ago");
    assert!(refused.contains("bank.example"), "{refused}");
    assert_eq!(gateway.take_refused(), ["bank.example:443"]);
}

/// What a program prints. `None` where it is not installed, which CI does not let pass.
async fn run(program: &'static str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let Ok(output) = output else {
        use std::io::Write;
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "install {program}: CI must run it");
        // Written to the stream itself, which the test harness does not swallow.
        _ = writeln!(std::io::stderr(), "not tried: there is no `{program}` here");
        return None;
    };
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

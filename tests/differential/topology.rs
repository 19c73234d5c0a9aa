//! Which origins a scenario has: how production, a laptop and a platform lay theirs out.

use super::random::Random;

/// The URLs of two to four different origins, the first of which is mostly the page's.
pub fn origins(random: &mut Random) -> Vec<String> {
    let pool = random.weighted(&POOLS);
    let mut chosen: Vec<String> = Vec::new();
    let count = random.between(2, 4);
    while chosen.len() < count {
        let twin = chosen.first().filter(|_| random.percent(12)).and_then(|url| twin(url));
        if let Some(twin) = twin.filter(|twin| !chosen.contains(twin)) {
            chosen.push(twin);
        }
        let from = if random.percent(80) { pool } else { random.weighted(&POOLS) };
        let url = random.pick(from).to_owned();
        // One server listens at a host and port, and speaks TLS there or not.
        if !chosen.iter().any(|other| place(other) == place(&url)) {
            chosen.push(url);
        }
    }
    chosen.truncate(count);
    chosen
}

/// The same host by the other scheme, where both have their usual ports.
fn twin(url: &str) -> Option<String> {
    let (scheme, host) = url.split_once("://")?;
    let is_usual = !host.rsplit(']').next()?.contains(':');
    let may_be_http = !host.ends_with(".app") && !host.ends_with(".dev");
    (is_usual && may_be_http).then(|| format!("{}://{host}", if scheme == "http" { "https" } else { "http" }))
}

/// Origins that meet in one scenario, each pool as often as its weight says. No `http` below `.app` and
/// `.dev`: Chromium's preloaded list makes it `https`, and the rules know no such list.
const POOLS: [(usize, &[&str]); 7] = [
    // A company: its apex, its subdomains, its other site, with and without TLS.
    (
        6,
        &[
            "https://example.com",
            "https://www.example.com",
            "https://api.example.com",
            "https://a.b.example.com",
            "https://example.com:8443",
            "https://api.example.com:8443",
            "https://example.com:444",
            "https://www.example.com:50443",
            "https://example.org",
            "https://api.example.org",
        ],
    ),
    (
        3,
        &[
            "https://example.com",
            "https://api.example.com",
            "http://example.com",
            "http://www.example.com",
            "http://api.example.com:8080",
            "http://example.com:81",
            "http://example.com:443",
            "https://example.com:80",
            "http://example.org",
            "https://example.org",
        ],
    ),
    // Neighbours on platforms, whose domains are public suffixes.
    (
        3,
        &[
            "https://one.vercel.app",
            "https://two.vercel.app",
            "https://api.two.vercel.app",
            "https://alice.github.io",
            "https://bob.github.io",
            "https://github.io",
            "https://vercel.app",
        ],
    ),
    // Suffixes of two labels, and sites below them.
    (
        2,
        &[
            "https://shop.co.uk",
            "https://www.shop.co.uk",
            "https://other.co.uk",
            "http://shop.co.uk",
            "https://shop.com.au",
            "https://xn--bcher-kva.example",
            "https://www.xn--bcher-kva.example",
        ],
    ),
    // A laptop.
    (
        3,
        &[
            "http://localhost:3000",
            "http://localhost:8000",
            "https://localhost",
            "https://localhost:8443",
            "http://app.localhost:3000",
            "http://api.localhost:8000",
            "https://api.localhost",
            "http://localhost",
            "https://localhost:3000",
            "http://www.localhost:81",
        ],
    ),
    // Addresses.
    (
        2,
        &[
            "http://127.0.0.1:8000",
            "https://127.0.0.1",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "https://[::1]",
            "http://localhost:3000",
            "http://127.0.0.2:8000",
            "http://10.1.2.3",
            "http://10.1.2.3:8080",
            "https://127.0.0.1:8443",
            "http://192.0.2.7",
            "https://10.1.2.3",
            "https://example.com",
        ],
    ),
    // Names of no public zone.
    (
        2,
        &[
            "https://app.test",
            "https://api.app.test",
            "http://app.test",
            "https://test",
            "https://intranet",
            "http://intranet:8080",
            "https://wiki.intranet",
        ],
    ),
];

/// The host and port where an origin listens.
fn place(url: &str) -> (String, String) {
    let host = host(url);
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let port = rest.strip_prefix(&host).and_then(|rest| rest.strip_prefix(':'));
    let usual = if url.starts_with("https:") { "443" } else { "80" };
    (host, port.unwrap_or(usual).to_owned())
}

/// The host of an origin's URL.
pub fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => format!("[{address}]"),
        None => rest.split(':').next().unwrap_or(rest).to_owned(),
    }
}

#[test]
fn a_host_has_no_scheme_and_no_port() {
    assert_eq!(host("https://api.example.com:8443"), "api.example.com");
    assert_eq!(host("http://[::1]:3000"), "[::1]");
}

#[test]
fn two_origins_never_listen_at_one_place() {
    assert_eq!(place("https://example.com:80"), place("http://example.com"));
    assert_eq!(place("https://[::1]"), ("[::1]".to_owned(), "443".to_owned()));
    assert_ne!(place("https://example.com"), place("http://example.com"));
}

//! How many cookie decisions a core makes a second, beside the `cookie_store` crate on the same lines.
//!
//! A decision is: parse a Set-Cookie line, store the cookie or refuse it, and build the Cookie header of
//! the next request. The rules also say *why*, for one browser's quirks; `cookie_store` is a client's jar.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cookie_store::CookieStore;
use rehearsal::rules::context::Context;
use rehearsal::rules::domain::Suffix;
use rehearsal::rules::engine::Profile;
use rehearsal::rules::jar::Jar;
use rehearsal::rules::site::Location;

/// How many lines both are given, from so many hosts.
const LINES: usize = 1000;
const HOSTS: usize = 50;

/// How long each is measured, in turns.
const ROUND: Duration = Duration::from_millis(500);
const ROUNDS: usize = 5;

/// 2026-01-01: the jar's clock stands still.
const NOW: i64 = 1_767_225_600;

fn main() {
    // `cargo test --benches` asks only whether this starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let lines: Vec<(String, String)> = (0..LINES).map(line).collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // In turns, so that whatever else the machine does meets both.
        ours.push(rate(|| with_rules(&lines)));
        theirs.push(rate(|| with_cookie_store(&lines)));
    }
    report(median(ours), median(theirs));
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
fn report(ours: f64, theirs: f64) {
    println!("decisions a second on one core ({LINES} lines of {HOSTS} hosts; median of {ROUNDS})");
    println!("  rules, chromium    {ours:>12.0}");
    println!("  cookie_store       {theirs:>12.0}");
    println!("  ratio              {:>12.2}", ours / theirs);
}

/// The URL that sends a line, and the line.
fn line(number: usize) -> (String, String) {
    let host = number % HOSTS;
    let url = format!("https://www.site{host}.example.com/app/page");
    let attributes = [
        "",
        "; Path=/; Secure; HttpOnly; SameSite=Lax",
        "; Path=/; Max-Age=86400; SameSite=Strict; Secure",
        "; Domain=example.com; Path=/app; SameSite=None; Secure",
        "; Expires=Fri, 01 Jan 2027 00:00:00 GMT; HttpOnly",
    ];
    let attributes = attributes[number % attributes.len()];
    (url, format!("name{}=value-{number}{attributes}", number / HOSTS))
}

fn with_rules(lines: &[(String, String)]) -> usize {
    let mut jar = Jar::new();
    let mut sent = 0;
    for (url, line) in lines {
        let context = Context::visit(Location::parse(url).expect("the URL is well formed"));
        let decision = jar.store(&Profile::CHROMIUM, &suffix, &context, line.as_bytes(), NOW);
        black_box(decision.is_stored());
        sent += jar.retrieve(&Profile::CHROMIUM, &suffix, &context, NOW).header.len();
    }
    sent
}

fn suffix(host: &str) -> Suffix<'_> {
    let suffix = psl::suffix(host.as_bytes()).expect("the list's default rule matches any host");
    Suffix { name: &host[host.len() - suffix.as_bytes().len()..], listed: suffix.is_known() }
}

fn with_cookie_store(lines: &[(String, String)]) -> usize {
    let mut store = CookieStore::default();
    let mut sent = 0;
    for (url, line) in lines {
        let url = url::Url::parse(url).expect("the URL is well formed");
        black_box(store.parse(line, &url).is_ok());
        // What a client puts on the wire: `name=value` pairs, joined.
        let header: Vec<String> =
            store.get_request_values(&url).map(|(name, value)| format!("{name}={value}")).collect();
        sent += header.join("; ").len();
    }
    sent
}

/// Lines a second.
fn rate(mut run: impl FnMut() -> usize) -> f64 {
    let (started, mut rounds) = (Instant::now(), 0);
    while started.elapsed() < ROUND {
        black_box(run());
        rounds += 1;
    }
    (rounds * LINES) as f64 / started.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates[rates.len() / 2]
}

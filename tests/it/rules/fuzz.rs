//! Hostile input: never a panic, never more than linear time.
//!
//! A small seeded generator makes bytes that look like cookies often enough to reach every branch.
//! The same seed gives the same bytes everywhere.

use std::time::{Duration, Instant};

use rehearsal::rules::context::{Context, Credentials};
use rehearsal::rules::date::DateGrammar;
use rehearsal::rules::domain::{canonical_host, domain_match, is_ip_address, is_loopback};
use rehearsal::rules::engine::Profile;
use rehearsal::rules::jar::Jar;
use rehearsal::rules::path::{default_path, normalize_escapes, path_match};
use rehearsal::rules::set_cookie::SetCookie;
use rehearsal::rules::site::{Location, Origin};

use super::{ENGINES, NOW, psl};

/// A xorshift generator: enough to stir bytes.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("a remainder fits")
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// Fragments of cookies and raw bytes, strung together.
    fn line(&mut self) -> Vec<u8> {
        const FRAGMENTS: [&str; 40] = [
            "a",
            "=",
            ";",
            "; ",
            ",",
            "\t",
            " ",
            "b=c",
            "Secure",
            "HttpOnly",
            "Partitioned",
            "Path=/",
            "Path",
            "Domain=",
            "Domain=a.com",
            "Domain=.com",
            "SameSite=",
            "None",
            "Lax",
            "Strict",
            "Max-Age=",
            "-1",
            "99999999999999999999",
            "Expires=",
            "Fri, 07 Aug 2037 08:04:19 GMT",
            "01 Jan 1601 00:00:00",
            "31 Feb 99999",
            "__Host-",
            "__Secure-",
            "__Http-",
            "%",
            "é",
            "\u{0}",
            "\u{7f}",
            ":",
            "..",
            "\"",
            "[::1]",
            "127.0.0.1",
            "localhost",
        ];
        let mut line = Vec::new();
        for _ in 0..self.below(12) {
            if self.below(5) == 0 {
                line.push(self.next().to_le_bytes()[0]);
            } else {
                line.extend_from_slice(self.pick(&FRAGMENTS).as_bytes());
            }
        }
        line
    }

    fn url(&mut self) -> Location {
        const URLS: [&str; 9] = [
            "https://a.com/",
            "http://a.com/x/y",
            "https://www.a.com/x%2fy",
            "http://localhost:3000/",
            "http://127.0.0.1/",
            "https://com/",
            "wss://b.org/s",
            "http://[::1]:8000/",
            "https://a.com./",
        ];
        Location::parse(self.pick(&URLS)).expect("each is a URL")
    }

    fn context(&mut self) -> Context {
        let url = self.url();
        let mut documents = Vec::new();
        for _ in 0..self.below(4) {
            documents.push(if self.below(8) == 0 { Origin::opaque() } else { self.url().origin });
        }
        let mut context = match self.below(4) {
            0 => Context::visit(url),
            1 => Context::frame(documents, url),
            2 => Context::fetch(documents, url, Credentials::Include),
            _ => match Context::script(documents, "/x") {
                Some(context) => context,
                None => Context::visit(url),
            },
        };
        if self.below(3) == 0 {
            context = context.redirected(302, self.url());
        }
        context
    }
}

#[test]
fn any_bytes_are_a_set_cookie_line() {
    let mut random = Random(0x5eed);
    for _ in 0..20_000 {
        let line = random.line();
        for (_, profile) in ENGINES {
            let cookie = SetCookie::parse(&line, &profile);
            // Every span lies in the line, and on what it says.
            let spans = [cookie.name, cookie.value, cookie.pair]
                .into_iter()
                .chain(cookie.faults.iter().map(|fault| fault.span))
                .chain(cookie.ignored.iter().map(|&(span, _)| span));
            for span in spans {
                assert!(span.start <= span.end && span.end <= line.len(), "{line:?}");
            }
        }
    }
}

#[test]
fn any_bytes_are_stored_or_refused_and_come_back_as_they_went() {
    let mut random = Random(0xc00c1e);
    for (_, profile) in ENGINES {
        let mut jar = Jar::new();
        for step in 0..10_000 {
            let (context, line) = (random.context(), random.line());
            let before = jar.len();
            let decision = jar.store(&profile, &psl, &context, &line, NOW + step);
            if decision.is_stored() {
                let evicted = decision.evicted.len();
                let added = usize::from(decision.replaced.is_none());
                assert_eq!(jar.len() + evicted, before + added, "{line:?}");
            } else {
                assert_eq!(jar.len() + usize::from(decision.is_deletion()), before, "{line:?}");
            }
            assert_eq!(jar.len(), jar.all().count());
            let context = random.context();
            let asked = jar.peek(&profile, &psl, &context, NOW + step).header;
            let retrieval = jar.retrieve(&profile, &psl, &context, NOW + step);
            assert_eq!(asked, retrieval.header);
            assert!(retrieval.withheld.iter().all(|withheld| !withheld.reasons.is_empty()));
            let sent: usize =
                retrieval.sent.iter().map(|cookie| cookie.name.len() + cookie.value.len()).sum();
            assert!(sent <= retrieval.header.len());
        }
    }
}

#[test]
fn any_bytes_are_a_date_a_host_or_a_path() {
    let mut random = Random(0xda7e);
    for _ in 0..50_000 {
        let bytes = random.line();
        for grammar in [DateGrammar::Tokens, DateGrammar::WholeTokens, DateGrammar::Positional] {
            if let Some(time) = grammar.parse(&bytes) {
                assert!((-100_000_000_000..10_000_000_000_000).contains(&time), "{bytes:?}: {time}");
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Some(host) = canonical_host(&text) {
            assert_eq!(canonical_host(&host).as_deref(), Some(&*host), "canonical is canonical");
            assert!(domain_match(&host, &host));
        }
        let _ = (is_ip_address(&text), is_loopback(&text), Location::parse(&text));
        let normal = normalize_escapes(&bytes).into_owned();
        assert_eq!(*normalize_escapes(&normal), *normalize_escapes(&normalize_escapes(&normal)));
        assert!(path_match(&bytes, &bytes));
        assert!(default_path(&bytes).starts_with(b"/"));
    }
}

/// How long the slowest engine takes to read a line and keep it.
fn time(line: &[u8]) -> Duration {
    let context = Context::visit(Location::parse("https://a.com/").expect("a URL"));
    ENGINES
        .iter()
        .map(|(_, profile)| {
            let start = Instant::now();
            Jar::new().store(profile, &psl, &context, line, NOW);
            start.elapsed()
        })
        .max()
        .expect("there are engines")
}

#[test]
fn long_lines_take_linear_time() {
    // Ten megabytes where the code is optimized; one where it is not.
    const LONG: usize = if cfg!(debug_assertions) { 1_000_000 } else { 10_000_000 };
    for fragment in [
        "x",
        "=",
        ";",
        "; ",
        "\t",
        " ",
        ",",
        ";a",
        ";Path=/",
        ";Expires=1",
        ";Max-Age=1",
        "\u{1}",
        ";\tx\ty",
        "%41",
    ] {
        let mut line = b"a=b;c".to_vec();
        line.extend(fragment.bytes().cycle().take(LONG));
        // Quadratic time would be hours; a slow machine in a debug build takes seconds.
        assert!(time(&line) < Duration::from_secs(20), "{fragment:?}");
    }
    let date: Vec<u8> =
        b"a=b; Expires=".iter().copied().chain(b"1 ".iter().copied().cycle().take(LONG)).collect();
    assert!(time(&date) < Duration::from_secs(20));
}

#[test]
fn many_cookies_take_linear_time() {
    let start = Instant::now();
    for (_, profile) in ENGINES {
        let context = Context::visit(Location::parse("https://a.com/").expect("a URL"));
        let mut jar = Jar::new();
        for index in 0..4_000 {
            // One site, and many sites.
            jar.store(&profile, &psl, &context, format!("c{index}=1; Path=/{index}").as_bytes(), NOW + index);
            let elsewhere = Location::parse(&format!("https://s{index}.com/")).expect("a URL");
            jar.store(&profile, &psl, &Context::visit(elsewhere), b"a=1", NOW + index);
        }
        assert!(jar.len() < 8_000);
    }
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_profile_of_no_limits_holds_too() {
    let mut profile = Profile::SPECIFICATION;
    (profile.limits.max_name_value, profile.limits.max_lifetime) = (usize::MAX, i64::MAX);
    let context = Context::visit(Location::parse("https://a.com/").expect("a URL"));
    let mut jar = Jar::new();
    for now in [i64::MIN, 0, i64::MAX] {
        jar.store(&profile, &psl, &context, b"a=1; Max-Age=99999999999999999999", now);
        jar.store(&profile, &psl, &context, b"b=1; Expires=31 Dec 9999 23:59:59", now);
        jar.retrieve(&profile, &psl, &context, now);
    }
}

//! What was measured: each deviation of each engine, by name of the field that holds it.
//!
//! The Chromium rows were seen on 2026-11-20 in Chromium 156.0.8078.79, those of WebKit in
//! WebKitGTK 2.50.6 or in libsoup 3.2.3, the library it parses cookies with. `engine.rs` says which.

use rehearsal::rules::context::Context;
use rehearsal::rules::engine::{Limit, Profile, ThirdParty};
use rehearsal::rules::jar::Jar;

use super::{ENGINES, NOW, fetch, frame, header, jar, location, origin, psl, refused, script, store, visit};

/// For each engine: what it says against a line, in an empty jar.
fn refusals(context: &Context, line: &str) -> [String; 3] {
    ENGINES.map(|(_, profile)| refused(&profile, context, line))
}

/// For each engine: the header after these lines, each of which may be refused.
fn headers(context: &Context, lines: &[&str], to: &Context) -> [String; 3] {
    ENGINES.map(|(_, profile)| {
        let mut jar = Jar::new();
        for line in lines {
            store(&mut jar, &profile, context, line);
        }
        header(&jar, &profile, to)
    })
}

/// For each engine: the lifetime in seconds of the cookie a line makes; `None` for a session.
fn lifetimes(line: &str) -> [Option<i64>; 3] {
    ENGINES.map(|(_, profile)| {
        let mut jar = Jar::new();
        store(&mut jar, &profile, &visit("https://a.com/"), line);
        let cookie = jar.cookies(NOW).first().and_then(|cookie| cookie.expiry);
        cookie.map(|expiry| expiry - NOW)
    })
}

#[test]
fn one_response_three_answers_cross_site() {
    let context = fetch(&["https://cat-therapist-hub.com"], "https://totally-different-api.com/");
    let blocked = "third-party-blocked";
    assert_eq!(refusals(&context, "a=b; SameSite=None; Secure; HttpOnly"), ["", "", blocked]);
    assert_eq!(refusals(&context, "a=b; SameSite=Lax; Secure"), ["same-site-lax", "same-site-lax", blocked]);
    assert_eq!(
        refusals(&context, "a=b; SameSite=None"),
        ["same-site-none-insecure", "same-site-none-insecure", blocked]
    );
    assert_eq!(refusals(&context, "a=b; SameSite=None; Secure; Partitioned"), ["", "", blocked]);
    assert_eq!(refusals(&context, "a=b"), ["same-site-default-lax", "", blocked]);
    assert_eq!(
        refusals(&context, "a=b; Secure; SameSite=None; Domain=vercel.app")
            .map(|reasons| { reasons.replace(", third-party-blocked", "") }),
        ["domain-mismatch, public-suffix"; 3]
    );
}

#[test]
fn one_response_three_answers_same_site() {
    let context = fetch(&["https://cat-therapist-hub.com"], "https://api.cat-therapist-hub.com/");
    let insecure = "same-site-none-insecure";
    assert_eq!(refusals(&context, "a=b; SameSite=None"), [insecure, insecure, ""]);
    for line in ["a=b; SameSite=None; Secure", "a=b; SameSite=Lax; Secure", "a=b"] {
        assert_eq!(refusals(&context, line), ["", "", ""], "{line}");
    }
    let line = "a=b; SameSite=None; Secure; Partitioned";
    let partitioned =
        ENGINES.map(|(_, profile)| jar(&profile, &context, &[line]).cookies(NOW)[0].partition.is_some());
    assert_eq!(partitioned, [true, true, false]);
}

#[test]
fn sending_without_same_site() {
    let to = fetch(&["https://b.com"], "https://a.com/");
    let allow = |profile: &Profile| profile.with_third_party(ThirdParty::Allowed);
    let sent = ENGINES.map(|(_, profile)| {
        let jar = jar(&profile, &visit("https://a.com/"), &["u=1"]);
        header(&jar, &allow(&profile), &to)
    });
    assert_eq!(sent, ["", "u=1", "u=1"]);
}

#[test]
fn webkit_looks_at_same_site_only_to_send() {
    let allowing = Profile::WEBKIT.with_third_party(ThirdParty::Allowed);
    let context = fetch(&["https://b.com"], "https://a.com/");
    assert_eq!(refused(&allowing, &context, "a=b; SameSite=Strict"), "");
    let jar = jar(&allowing, &context, &["a=b; SameSite=Strict"]);
    assert_eq!(header(&jar, &allowing, &context), "");
}

#[test]
fn a_frame_of_the_top_level_host_below_another_site() {
    let nested = frame(&["https://a.com", "https://b.com"], "https://a.com/");
    let sent = ENGINES.map(|(_, profile)| {
        let jar = jar(&profile, &visit("https://a.com/"), &["s=1; SameSite=Strict", "u=1"]);
        header(&jar, &profile, &nested)
    });
    assert_eq!(sent, ["", "", "s=1; u=1"]);
}

#[test]
fn secure_on_localhost() {
    for url in ["http://localhost/", "http://127.0.0.1/", "http://app.localhost/"] {
        assert_eq!(refusals(&visit(url), "a=1; Secure"), ["", "", "secure-required"], "{url}");
    }
    assert_eq!(refusals(&visit("http://localhost/"), "__Host-a=1; Secure; Path=/")[0], "");
    assert_eq!(refusals(&visit("http://10.0.0.1/"), "a=1; Secure"), ["secure-required"; 3]);
}

#[test]
fn domain_localhost_and_other_hosts_that_are_suffixes() {
    let localhost = visit("http://localhost:8000/");
    assert_eq!(refusals(&localhost, "a=1; Domain=localhost"), ["", "", "public-suffix"]);
    assert_eq!(refusals(&visit("https://vercel.app/"), "a=1"), ["", "", "public-suffix"]);
    assert_eq!(refusals(&localhost, "a=1"), ["", "", ""]);
    assert_eq!(refusals(&visit("https://x.vercel.app/"), "a=1; Domain=vercel.app"), ["public-suffix"; 3]);
    assert_eq!(refusals(&visit("https://x.test/"), "a=1; Domain=test"), ["public-suffix"; 3]);
    assert_eq!(refusals(&visit("http://app.localhost/"), "a=1; Domain=app.localhost"), [""; 3]);
}

#[test]
fn odd_domains() {
    let host = visit("https://home.example.org/");
    assert_eq!(refusals(&host, "a=1; Domain=."), ["domain-mismatch"; 3]);
    assert_eq!(refusals(&host, "a=1; Domain=Example.ORG"), ["", "", "domain-mismatch"]);
    assert_eq!(refusals(&host, "a=1; Domain=Home.Example.ORG"), ["", "", ""]);
    assert_eq!(refusals(&host, "a=1; Domain=example.org."), ["domain-mismatch"; 3]);
    assert_eq!(refusals(&host, "a=1; Domain=%65xample.org"), ["domain-mismatch"; 3]);
    let address = visit("http://127.0.0.1/");
    for (_, profile) in ENGINES {
        assert!(jar(&profile, &address, &["a=1; Domain=127.0.0.1"]).cookies(NOW)[0].host_only);
    }
}

#[test]
fn names_values_and_what_ends_them() {
    let page = visit("https://a.com/");
    let sent = |line: &str| headers(&page, &[line], &page);
    assert_eq!(sent("foo"), ["foo", "foo=", "foo"]);
    assert_eq!(sent("=x"), ["x", "", "x"]);
    assert_eq!(sent("=a=b"), ["", "", "a=b"]);
    assert_eq!(sent("a,b=c"), ["a,b=c", "a,b=c", "a,b=c"]);
    assert_eq!(sent("a=x\u{e9}y; Path=/zz"), ["", "", "a=x"]);
    assert_eq!(sent("a\tb=c"), ["", "a\tb=c", "a"]);
    assert_eq!(sent("a=b; b,c; Path=/zz"), ["", "", "a=b"]);
    assert_eq!(sent("a=b; path=/\tx"), ["", "", "a=b"]);
    assert_eq!(headers(&page, &["foo", ""], &page), ["foo", "foo=", ""]);
    assert_eq!(headers(&page, &["a=b", "=", "c=d"], &page), ["a=b; c=d"; 3]);
}

#[test]
fn sizes() {
    let page = visit("https://a.com/");
    let line = format!("b={}", "x".repeat(4096));
    assert_eq!(refusals(&page, &line), ["too-large", "too-large", ""]);
    let path = format!("a=b; Path=/{}", "x".repeat(1030));
    assert_eq!(headers(&page, &[&path], &page), ["a=b", "a=b", ""]);
}

#[test]
fn max_age_and_expires() {
    const CAP: Option<i64> = Some(400 * 86_400);
    assert_eq!(lifetimes("a=b; max-age=500"), [Some(500); 3]);
    assert_eq!(lifetimes("a=b; max-age=+500"), [Some(500), None, Some(500)]);
    assert_eq!(lifetimes("a=b; max-age=500; max-age=x"), [None, None, Some(500)]);
    assert_eq!(lifetimes("a=b; max-age=500; expires=zz"), [Some(500), Some(500), None]);
    assert_eq!(lifetimes("a=b; max-age=99999999"), [CAP, CAP, Some(99_999_999)]);
    let expires = "a=b; max-age=500; expires=Sun, 22 Nov 2026 00:00:00 GMT";
    assert_eq!(lifetimes(expires), [Some(500), Some(500), Some(172_800)]);
    let page = visit("https://a.com/");
    assert_eq!(refusals(&page, "a=b; max-age=-5"), ["expired"; 3]);
    assert_eq!(refusals(&page, "a=b; max-age="), ["", "", "expired"]);
    assert_eq!(refusals(&page, "a=b; max-age=-x"), ["", "expired", ""]);
}

#[test]
fn dates() {
    let two_days = Some(172_800);
    let date = |text: &str| lifetimes(&format!("a=b; expires={text}"));
    assert_eq!(date("Sun, 22-Nov-26 00:00:00 GMT"), [two_days; 3]);
    assert_eq!(date("Nov 22 2026 00:00:00"), [two_days, two_days, None]);
    assert_eq!(date("22 November 2026 00:00:00"), [two_days, two_days, None]);
    assert_eq!(date("22 Nov 02026 00:00:00"), [two_days; 3]);
    assert_eq!(date("22nd Nov 2026 00:00:00")[0], None);
    assert_eq!(date("31 Nov 2026 00:00:00"), [None, Some(11 * 86_400), None], "days overflow");
    assert_eq!(date("22 Nov 2026"), [None, two_days, None], "the time is left out");
    let ahead = "Sun, 22 Nov 2026 02:00:00 +0200";
    assert_eq!(date(ahead)[0], Some(172_800 + 7200), "no time zone");
    assert_eq!(date(ahead)[2], two_days, "a time zone");
}

#[test]
fn prefixes() {
    let page = visit("https://a.com/");
    let invalid = "invalid-prefix";
    assert_eq!(refusals(&page, "__Secure-a=1"), [invalid, invalid, ""]);
    assert_eq!(refusals(&page, "__Http-a=1; Secure"), [invalid, invalid, ""]);
    assert_eq!(refusals(&page, "__Host-a=1; Secure"), [invalid, "", ""]);
    assert_eq!(refusals(&page, "__Http-h")[0], invalid);
    let insecure = visit("http://a.com/");
    let both = "secure-required, invalid-prefix";
    assert_eq!(refusals(&insecure, "__Secure-a=1; Secure"), [both, both, "secure-required"]);
    let local = visit("https://localhost/");
    let host = "__Host-a=1; Secure; Path=/; Domain=localhost";
    assert_eq!(refusals(&local, host), [invalid, "", "public-suffix"]);
    assert_eq!(refusals(&visit("https://127.0.0.1/"), "__Host-a=1; Secure; Path=/; Domain=127.0.0.1")[0], "");
}

#[test]
fn a_domain_in_other_letters_than_ascii() {
    let page = visit("https://www.xn--bcher-kva.example/");
    let line = "a=1; Domain=Bücher.example";
    assert_eq!(refusals(&page, line)[..2], ["", "domain-mismatch"]);
    // Full-width letters are the same name to UTS 46.
    assert_eq!(
        refusals(&visit("https://shop.example/"), "a=1; Domain=ｓｈｏｐ.example")[..2],
        ["", "domain-mismatch"]
    );
    let elsewhere = visit("https://example.com/");
    assert_eq!(refusals(&elsewhere, line)[..2], ["domain-mismatch"; 2]);
}

#[test]
fn replacing() {
    let page = visit("https://a.com/");
    assert_eq!(headers(&page, &["a=1", "b=2", "a=3"], &page), ["b=2; a=3", "a=3; b=2", "a=3; b=2"]);
    assert_eq!(headers(&page, &["a=1", "b=2", "a=1"], &page), ["a=1; b=2", "a=1; b=2", "a=1; b=2"]);
}

#[test]
fn secure_cookies_left_alone() {
    let attempt = |line: &str| {
        ENGINES.map(|(_, profile)| {
            let mut jar = jar(&profile, &visit("https://a.com/"), &["a=1; Secure; Path=/login"]);
            store(&mut jar, &profile, &visit("http://a.com/"), line).reasons().to_string()
        })
    };
    let no = "overwrites-secure";
    assert_eq!(attempt("a=2; Path=/login"), [no; 3]);
    assert_eq!(attempt("a=2; Path=/login/en"), [no, no, ""]);
    assert_eq!(attempt("a=2; Path=/login; Domain=a.com"), [no, no, ""]);
    assert_eq!(attempt("a=2; Path=/"), ["", "", ""]);
    let both = "secure-required, overwrites-secure";
    assert_eq!(attempt("a=2; Secure; Path=/login"), [both, "secure-required", "secure-required"]);
}

#[test]
fn how_many_cookies_a_site_may_have() {
    let page = visit("https://a.com/");
    let kept = ENGINES.map(|(_, profile)| {
        let mut jar = Jar::new();
        for index in 0..200 {
            jar.store(&profile, &psl, &page, format!("c{index}=1").as_bytes(), NOW + index);
        }
        (jar.len(), jar.cookies(NOW)[0].name_text().into_owned())
    });
    assert_eq!(kept, [(169, "c31".into()), (169, "c31".into()), (200, "c0".into())]);
}

#[test]
fn how_much_a_site_may_have_in_a_partition() {
    let page = visit("https://a.com/");
    let kept = |count: i64, length: usize| {
        ENGINES.map(|(_, profile)| {
            let mut jar = Jar::new();
            for index in 0..count {
                let line = format!("c{index:03}={}; Secure; Partitioned", "x".repeat(length));
                jar.store(&profile, &psl, &page, line.as_bytes(), NOW + index);
            }
            (jar.len(), jar.cookies(NOW)[0].name_text().into_owned())
        })
    };
    assert_eq!(kept(181, 1), [(180, "c001".into()), (150, "c031".into()), (181, "c000".into())]);
    // Forty of 256 bytes, the name included, fill a partition of Chromium's.
    assert_eq!(kept(40, 252).map(|(count, _)| count), [40; 3]);
    assert_eq!(kept(41, 252), [(40, "c001".into()), (41, "c000".into()), (41, "c000".into())]);
    // A fifth more fit into one of Firefox's, which then makes room for as many.
    assert_eq!(kept(48, 252).map(|(count, _)| count), [40, 48, 48]);
    assert_eq!(kept(49, 252).map(|(count, _)| count), [40, 40, 49]);
}

#[test]
fn a_site_full_of_secure_cookies() {
    let page = visit("https://a.com/");
    let kept = |new: &str| {
        ENGINES.map(|(_, profile)| {
            let mut jar = Jar::new();
            for index in 0..180 {
                jar.store(&profile, &psl, &page, format!("c{index}=1; Secure").as_bytes(), NOW);
            }
            let decision = store(&mut jar, &profile, &page, new);
            (decision.is_stored(), jar.len())
        })
    };
    assert_eq!(kept("n=1"), [(true, 150), (false, 180), (true, 181)]);
    assert_eq!(kept("n=1; Secure"), [(true, 150), (true, 150), (true, 181)]);
    assert_eq!(kept("c0=2"), [(true, 180); 3], "in the place of one there is room");
}

#[test]
fn how_many_cookies_a_jar_may_have() {
    const DAY: i64 = 86_400;
    let kept = |age: i64| {
        ENGINES.map(|(_, profile)| {
            let mut jar = Jar::new();
            let mut add = |index: i64, now: i64| {
                let page = visit(&format!("https://site{index}.com/"));
                jar.store(&profile, &psl, &page, b"a=1", now);
            };
            (0..400).for_each(|index| add(index, NOW));
            (400..3300).for_each(|index| add(index, NOW + DAY));
            add(3300, NOW + age);
            jar.len()
        })
    };
    assert_eq!(kept(30 * DAY), [3000, 3001, 3301]);
    assert_eq!(kept(29 * DAY), [3301; 3], "those used within 30 days are spared");
}

#[test]
fn escapes_in_the_request_path() {
    let page = visit("https://a.com/");
    let to = visit("https://a.com/r/f%6Fo/bar");
    assert_eq!(headers(&page, &["a=b; Path=/r/foo/bar"], &to), ["", "", "a=b"]);
    assert_eq!(headers(&page, &["a=b; Path=/r/f%6Fo"], &to), ["a=b", "a=b", ""]);
}

#[test]
fn script_cookies_live_as_long_as_others() {
    let lifetime = ENGINES.map(|(_, profile)| {
        jar(&profile, &script(&["https://a.com"]), &["a=b; Max-Age=9999999"]).cookies(NOW)[0].expiry
    });
    assert_eq!(lifetime.map(|expiry| expiry.map(|expiry| expiry - NOW)), [Some(9_999_999); 3]);
}

/// Every row was seen in Chromium: what of `s`, `l`, `u`, `n`, `p`, which `a.example.org` set as a
/// top-level page, goes with which request.
#[test]
fn what_chromium_was_seen_to_send() {
    const LINES: [&str; 5] = [
        "s=1; SameSite=Strict; Secure",
        "l=1; SameSite=Lax; Secure",
        "u=1; Secure",
        "n=1; SameSite=None; Secure",
        "p=1; SameSite=None; Secure; Partitioned",
    ];
    const A: &str = "https://a.example.org/";
    const B: &str = "https://b.test/";
    let all = "s=1; l=1; u=1; n=1; p=1";
    let mut post = Context::navigation(origin(B), location(A));
    post.method = "POST".into();
    let mut omit = fetch(&[A], A);
    omit.credentials = rehearsal::rules::context::Credentials::Omit;
    let rows = [
        ("fetch A, B, A", fetch(&[A], B).redirected(302, location(A)), all, all),
        ("link A, B, A", Context::navigation(origin(A), location(B)).redirected(302, location(A)), all, all),
        ("typed B, A", visit(B).redirected(302, location(A)), all, all),
        (
            "link B, A",
            Context::navigation(origin(B), location(A)),
            "l=1; u=1; n=1; p=1",
            "l=1; u=1; n=1; p=1",
        ),
        ("form B, A", post, "u=1; n=1; p=1", "u=1; n=1; p=1"),
        ("fetch from B", fetch(&[B], A), "n=1", ""),
        ("frame A in B in A", frame(&[A, B], A), "n=1", ""),
        ("frame A in A", frame(&[A], A), all, all),
        ("frame A in B", frame(&[B], A), "n=1", ""),
        ("fetch in frame A in B", fetch(&[B, A], A), "n=1", ""),
        ("http page", fetch(&["http://a.example.org/"], A), "n=1", ""),
        (
            "link from http",
            Context::navigation(origin("http://a.example.org"), location(A)),
            "l=1; u=1; n=1; p=1",
            "l=1; u=1; n=1; p=1",
        ),
        ("omit", omit, "", ""),
    ];
    for (row, context, allowed, blocked) in rows {
        for (policy, expected) in [(ThirdParty::Allowed, allowed), (ThirdParty::Blocked, blocked)] {
            let profile = Profile::CHROMIUM.with_third_party(policy);
            let jar = jar(&profile, &visit(A), &LINES);
            assert_eq!(header(&jar, &profile, &context), expected, "{row}, {}", policy.as_str());
        }
    }
}

/// What scripts see after each of these, in each engine: `>` is a line of an answer, `=` what a script writes.
fn seen_by_scripts(moves: &[&str]) -> [Vec<String>; 3] {
    let page = script(&["https://www.site.com"]);
    ENGINES.map(|(_, profile)| {
        let mut jar = Jar::new();
        let look = |jar: &mut Jar| {
            String::from_utf8(jar.retrieve(&profile, &psl, &page, NOW).header).expect("a text")
        };
        let follow = |said: &&str| {
            match said.split_at(1) {
                (">", line) => _ = store(&mut jar, &profile, &visit("https://www.site.com/"), line),
                ("=", line) => _ = store(&mut jar, &profile, &page, line),
                (_, from) => {
                    jar.turn_page(&profile, &psl, &origin(from), &origin("https://www.site.com"), NOW);
                }
            }
            look(&mut jar)
        };
        moves.iter().map(follow).collect()
    })
}

#[test]
fn what_scripts_see_that_the_jar_has_not() {
    // An HttpOnly cookie takes the place of another.
    let [chromium, firefox, webkit] = seen_by_scripts(&[">a=1", ">a=2; HttpOnly", "=a=3", ">a=4"]);
    assert_eq!(chromium, ["a=1", "", "", "a=4"]);
    assert_eq!(firefox, ["a=1", "", "", "a=4"]);
    assert_eq!(webkit, ["a=1", "a=1", "a=3", "a=4"]);

    // It was there before the page; the same again is no news, something else is.
    let moves = [
        ">a=1; HttpOnly",
        "<https://far.org",
        "=a=2",
        ">a=1; HttpOnly",
        "<https://www.site.com",
        ">a=5; HttpOnly",
    ];
    let [chromium, firefox, webkit] = seen_by_scripts(&moves);
    assert_eq!(chromium, ["", "", "", "", "", ""]);
    assert_eq!(firefox, ["", "", "a=2", "a=2", "a=2", ""]);
    assert_eq!(webkit, ["", "", "a=2", "a=2", "a=2", "a=2"]);

    // Firefox's copy goes with the site, WebKit's stays; what is deleted both hear of.
    let moves = [">b=1", ">a=1; HttpOnly", "<https://far.org", "=a=2", "<https://far.org", ">b=; Max-Age=0"];
    let [chromium, firefox, webkit] = seen_by_scripts(&moves);
    assert_eq!(chromium, ["b=1", "b=1", "b=1", "b=1", "b=1", ""]);
    assert_eq!(firefox, ["b=1", "b=1", "b=1", "b=1; a=2", "b=1", ""]);
    assert_eq!(webkit, ["b=1", "b=1", "b=1", "b=1; a=2", "b=1; a=2", "a=2"]);
}

#[test]
fn what_a_script_writes_again_is_no_change_if_it_ends_at_the_same_time() {
    let again = |attribute: &str| {
        let line = format!("=a=1{attribute}");
        seen_by_scripts(&[&line, "=b=1", &line]).map(|seen| seen.last().cloned().unwrap_or_default())
    };
    let (kept, last) = ("a=1; b=1", "b=1; a=1");
    assert_eq!(again(""), [kept; 3]);
    assert_eq!(again("; Expires=Fri, 01 Jan 2027 00:00:00 GMT"), [kept; 3]);
    // What is reckoned from the clock ends later the second time, and so does what lives as long as may be.
    assert_eq!(again("; Max-Age=60"), [kept, last, kept]);
    assert_eq!(again("; Expires=Thu, 01 Jan 2037 00:00:00 GMT"), [kept, last, kept]);
    // An answer's `Expires` is held against its `Date`, and so reckoned too.
    let line = ">a=1; HttpOnly; Expires=Fri, 01 Jan 2027 00:00:00 GMT";
    let [_, firefox, _] = seen_by_scripts(&[line, "<https://far.org", "=a=2", line]);
    assert_eq!(firefox, ["", "", "a=2", ""]);
}

#[test]
fn scripts_hear_of_what_their_own_cookies_crowd_out() {
    let (page, reader) = (visit("https://www.site.com/"), script(&["https://www.site.com"]));
    for engine in [Profile::FIREFOX, Profile::WEBKIT] {
        let mut profile = engine;
        profile.limits.site = Limit { most: 4, keep: 3 };
        let mut jar = jar(&profile, &page, &["a=1", "b=1", "c=1; HttpOnly", "d=1; HttpOnly"]);
        jar.retrieve(&profile, &psl, &reader, NOW);
        assert_eq!(header(&jar, &profile, &reader), "a=1; b=1");
        let decision = store(&mut jar, &profile, &reader, "n=1");
        assert_eq!(decision.evicted.len(), 2);
        assert_eq!(header(&jar, &profile, &reader), "n=1");
        assert_eq!(header(&jar, &profile, &page), "c=1; d=1; n=1");
    }
}

#[test]
fn a_copy_has_room_for_what_the_jar_has_not() {
    let (page, writer) = (visit("https://www.site.com/"), script(&["https://www.site.com"]));
    let mut profile = Profile::FIREFOX;
    profile.limits.site = Limit { most: 2, keep: 1 };
    let mut jar = jar(&profile, &page, &["a=1; Secure", "b=1; Secure"]);
    assert!(store(&mut jar, &profile, &writer, "n=1").no_room);
    assert_eq!(header(&jar, &profile, &writer), "a=1; b=1; n=1");
    assert_eq!(header(&jar, &profile, &page), "a=1; b=1");
}

#[test]
fn a_copy_hears_of_its_sites_cookies_among_all_others() {
    let (page, reader) = (visit("https://www.site.com/"), script(&["https://www.site.com"]));
    for (engine, profile) in ENGINES {
        let mut jar = jar(&profile, &page, &["a=1"]);
        jar.retrieve(&profile, &psl, &reader, NOW);
        store(&mut jar, &profile, &visit("https://far.org/"), "a=2");
        store(&mut jar, &profile, &visit("https://api.site.com/"), "a=3");
        store(&mut jar, &profile, &visit("https://api.site.com/"), "d=1; Domain=site.com");
        assert_eq!(header(&jar, &profile, &reader), "a=1; d=1", "{engine}");
    }
}

#[test]
fn between_the_top_and_who_asks_webkit_looks_at_nothing() {
    let page = visit("https://www.site.com/");
    let lines = ["s=1; SameSite=Strict", "l=1; SameSite=Lax", "n=1; SameSite=None; Secure"];
    let ours = ["https://site.com", "https://other.com", "https://site.com"];
    let asked = fetch(&ours, "https://www.site.com/");
    assert_eq!(headers(&page, &lines, &asked)[2], "s=1; l=1; n=1");
    assert_eq!(headers(&page, &lines, &asked)[0], "n=1");
    let by_theirs = fetch(&ours[..2], "https://www.site.com/");
    assert_eq!(headers(&page, &lines, &by_theirs)[2], "n=1");
}

//! RFC 6265bis -22, section 5.7: the storage model.

use rehearsal::rules::context::{Context, Credentials};
use rehearsal::rules::engine::{Limit, Prefixes, Profile, ThirdParty};
use rehearsal::rules::jar::Jar;
use rehearsal::rules::reason::Reason;

use super::{NOW, fetch, header, jar, psl, refused, script, store, visit};

const SPEC: Profile = Profile::SPECIFICATION;
const DAY: i64 = 86_400;

#[test]
fn step_1_without_credentials_nothing_is_received() {
    let mut context = fetch(&["https://www.site.com"], "https://api.site.com/login");
    assert_eq!(refused(&SPEC, &context, "a=b"), "");
    context.credentials = Credentials::SameOrigin;
    assert_eq!(refused(&SPEC, &context, "a=b"), "credentials-omitted");
    context.credentials = Credentials::Omit;
    assert_eq!(refused(&SPEC, &context, "a=b"), "credentials-omitted");
}

#[test]
fn step_1_third_parties_by_policy() {
    let context = fetch(&["https://a.com"], "https://b.com/");
    let line = "a=b; SameSite=None; Secure";
    let blocking = SPEC.with_third_party(ThirdParty::Blocked);
    assert_eq!(refused(&SPEC, &context, line), "");
    assert_eq!(refused(&blocking, &context, line), "third-party-blocked");
    assert_eq!(refused(&blocking, &context, "a=b; SameSite=None; Secure; Partitioned"), "");
    assert_eq!(refused(&blocking, &fetch(&["https://a.com"], "https://x.a.com/"), line), "");
}

#[test]
fn step_2_neither_name_nor_value() {
    for line in ["", "=", " = ; Path=/", ";"] {
        assert_eq!(refused(&SPEC, &visit("https://a.com/"), line), "empty", "{line:?}");
    }
}

#[test]
fn step_3_control_characters() {
    assert_eq!(refused(&SPEC, &visit("https://a.com/"), "a=b\u{1}"), "invalid-character");
}

#[test]
fn step_4_too_large() {
    let line = format!("a={}", "x".repeat(4096));
    assert_eq!(refused(&SPEC, &visit("https://a.com/"), &line), "too-large");
}

#[test]
fn step_5_times_are_now() {
    let jar = jar(&SPEC, &visit("https://a.com/"), &["a=b"]);
    let cookie = jar.cookies(NOW)[0];
    assert_eq!((cookie.creation, cookie.last_access), (NOW, NOW));
}

#[test]
fn step_6_expiry() {
    let expiry = |line: &str| jar(&SPEC, &visit("https://a.com/"), &[line]).cookies(NOW)[0].expiry;
    assert_eq!(expiry("a=b"), None);
    assert_eq!(expiry("a=b; Max-Age=60"), Some(NOW + 60));
    assert_eq!(expiry("a=b; Max-Age=60; Expires=1 Jan 2027 00:00:00"), Some(NOW + 60));
    assert_eq!(expiry("a=b; Expires=1 Jan 2027 00:00:00"), Some(1_798_761_600));
}

#[test]
fn section_5_5_lifetimes_end_after_400_days() {
    let expiry = |line: &str| jar(&SPEC, &visit("https://a.com/"), &[line]).cookies(NOW)[0].expiry;
    assert_eq!(expiry("a=b; Max-Age=99999999999999999999"), Some(NOW + 400 * DAY));
    assert_eq!(expiry("a=b; Expires=1 Jan 2999 00:00:00"), Some(NOW + 400 * DAY));
}

#[test]
fn step_7_the_last_domain_counts() {
    let jar = jar(&SPEC, &visit("https://www.a.com/"), &["a=b; Domain=x.org; Domain=a.com"]);
    assert_eq!(jar.cookies(NOW)[0].domain, "a.com");
    assert_eq!(refused(&SPEC, &visit("https://www.a.com/"), "a=b; Domain=a.com; Domain="), "");
}

#[test]
fn step_8_a_domain_is_ascii() {
    assert_eq!(refused(&SPEC, &visit("https://www.a.com/"), "a=b; Domain=ä.com"), "invalid-character");
}

#[test]
fn step_9_public_suffixes() {
    let site = visit("https://fe.vercel.app/");
    assert_eq!(refused(&SPEC, &site, "a=b; Domain=vercel.app"), "public-suffix");
    let line = "a=b; Domain=vercel.app";
    let decision = store(&mut Jar::new(), &SPEC, &visit("https://api.x.site/"), line).into_owned();
    assert_eq!(decision.reasons().to_string(), "domain-mismatch, public-suffix");
    assert_eq!(&line[decision.faults[0].span.range()], "vercel.app");
    // Step 9.3: the host itself.
    let jar = jar(&SPEC, &visit("https://vercel.app/"), &["a=b; Domain=.vercel.app"]);
    assert!(jar.cookies(NOW)[0].host_only);
    // The default rule of the list makes every last label a suffix.
    assert_eq!(refused(&SPEC, &visit("https://x.test/"), "a=b; Domain=test"), "public-suffix");
    assert_eq!(refused(&SPEC, &visit("http://localhost/"), "a=b; Domain=localhost"), "");
}

#[test]
fn step_10_domain_matching() {
    let host = visit("https://api.cat-therapist-hub.com/");
    let jar = jar(&SPEC, &host, &["a=1; Domain=.Cat-Therapist-Hub.com", "b=2"]);
    let cookies = jar.cookies(NOW);
    assert_eq!((&*cookies[0].domain, cookies[0].host_only), ("cat-therapist-hub.com", false));
    assert_eq!((&*cookies[1].domain, cookies[1].host_only), ("api.cat-therapist-hub.com", true));
    assert_eq!(refused(&SPEC, &host, "a=1; Domain=www.cat-therapist-hub.com"), "domain-mismatch");
    assert_eq!(refused(&SPEC, &host, "a=1; Domain=x.api.cat-therapist-hub.com"), "domain-mismatch");
    assert_eq!(refused(&SPEC, &host, "a=1; Domain=localhost"), "domain-mismatch, public-suffix");
    assert_eq!(refused(&SPEC, &host, "a=1; Domain=127.0.0.1"), "domain-mismatch");
    assert_eq!(refused(&SPEC, &visit("http://127.0.0.1/"), "a=1; Domain=0.0.1"), "domain-mismatch");
}

#[test]
fn step_11_path() {
    let context = visit("https://a.com/app/login?x=/y/z");
    let path = |line: &str| jar(&SPEC, &context, &[line]).cookies(NOW)[0].path_text().into_owned();
    assert_eq!(path("a=b"), "/app");
    assert_eq!(path("a=b; Path=/x"), "/x");
    assert_eq!(path("a=b; Path=x"), "/app");
    assert_eq!(path("a=b; Path=/x; Path"), "/app");
}

#[test]
fn steps_12_and_13_secure_wants_a_secure_connection() {
    let line = "a=b; Path=/; Secure";
    let decision = store(&mut Jar::new(), &SPEC, &visit("http://a.com/"), line).into_owned();
    assert_eq!(decision.reasons().to_string(), "secure-required");
    assert_eq!(&line[decision.faults[0].span.range()], "Secure");
    assert_eq!(refused(&SPEC, &visit("https://a.com/"), line), "");
    assert_eq!(refused(&SPEC, &visit("http://10.0.0.1/"), line), "secure-required");
}

#[test]
fn steps_14_and_15_scripts_set_no_http_only() {
    assert_eq!(refused(&SPEC, &script(&["https://a.com"]), "a=b; HttpOnly"), "http-only-from-script");
    assert_eq!(refused(&SPEC, &script(&["https://a.com"]), "a=b"), "");
}

#[test]
fn step_16_secure_cookies_are_left_alone() {
    let stored = jar(&SPEC, &visit("https://www.a.com/"), &["a=1; Secure; Path=/login; Domain=a.com"]);
    let attempt =
        |url: &str, line: &str| store(&mut stored.clone(), &SPEC, &visit(url), line).reasons().to_string();
    assert_eq!(attempt("http://www.a.com/", "a=2; Path=/login"), "overwrites-secure");
    assert_eq!(attempt("http://www.a.com/", "a=2; Path=/login/en"), "overwrites-secure");
    assert_eq!(attempt("http://a.com/", "a=2; Path=/login"), "overwrites-secure");
    // 16.1: another name.
    assert_eq!(attempt("http://www.a.com/", "b=2; Path=/login"), "");
    // 16.4 is not symmetric.
    assert_eq!(attempt("http://www.a.com/", "a=2; Path=/"), "");
    assert_eq!(attempt("https://www.a.com/", "a=2; Path=/login"), "");
}

#[test]
fn steps_17_and_18_same_site_in_a_cross_site_context() {
    let cross = fetch(&["https://a.com"], "https://b.com/");
    assert_eq!(refused(&SPEC, &cross, "a=b; SameSite=Strict; Secure"), "same-site-strict");
    assert_eq!(refused(&SPEC, &cross, "a=b; SameSite=Lax; Secure"), "same-site-lax");
    assert_eq!(refused(&SPEC, &cross, "a=b; Secure"), "same-site-default-lax");
    assert_eq!(refused(&SPEC, &cross, "a=b; Secure; SameSite=None"), "");
    // 18.1.
    let framed = script(&["https://a.com", "https://b.com"]);
    assert_eq!(refused(&SPEC, &framed, "a=b; SameSite=Lax"), "same-site-lax");
    // 18.2.
    let same = fetch(&["https://www.b.com"], "https://b.com/");
    assert_eq!(refused(&SPEC, &same, "a=b; SameSite=Strict"), "");
    // 18.3.
    let mut navigation = visit("https://b.com/");
    navigation.initiator = Some(super::origin("https://a.com"));
    assert_eq!(refused(&SPEC, &navigation, "a=b; SameSite=Strict"), "");
}

#[test]
fn step_19_none_wants_secure() {
    let line = "a=b; SameSite=None";
    let decision = store(&mut Jar::new(), &SPEC, &visit("https://a.com/"), line).into_owned();
    assert_eq!(decision.reasons().to_string(), "same-site-none-insecure");
    assert_eq!(&line[decision.faults[0].span.range()], "SameSite=None");
}

#[test]
fn step_20_secure_prefix() {
    let page = visit("https://a.com/");
    assert_eq!(refused(&SPEC, &page, "__Secure-a=b"), "invalid-prefix");
    assert_eq!(refused(&SPEC, &page, "__SECURE-a=b"), "invalid-prefix");
    assert_eq!(refused(&SPEC, &page, "__Secure-a=b; Secure; Domain=a.com"), "");
    let insecure = visit("http://a.com/");
    assert_eq!(refused(&SPEC, &insecure, "__Secure-a=b; Secure"), "secure-required");
}

#[test]
fn step_21_host_prefix() {
    let page = visit("https://a.com/");
    // 21.1, 21.2, 21.3.
    assert_eq!(refused(&SPEC, &page, "__Host-a=b; Path=/"), "invalid-prefix");
    assert_eq!(refused(&SPEC, &page, "__Host-a=b; Path=/; Secure; Domain=a.com"), "invalid-prefix");
    assert_eq!(refused(&SPEC, &page, "__Host-a=b; Secure; Path=/x"), "invalid-prefix");
    assert_eq!(refused(&SPEC, &page, "__Host-a=b; Secure"), "invalid-prefix");
    assert_eq!(refused(&SPEC, &page, "__host-a=b; Secure; Path=/"), "");
}

#[test]
fn step_22_no_prefix_hides_in_a_nameless_value() {
    let page = visit("https://a.com/");
    assert_eq!(refused(&SPEC, &page, "=__Host-a=b; Secure; Path=/"), "invalid-prefix");
    assert_eq!(refused(&SPEC, &page, "__secure-a; Secure"), "invalid-prefix");
}

#[test]
fn layered_cookies_section_5_4_3_http_prefixes() {
    let mut layered = SPEC;
    layered.cookies.prefixes = Prefixes::WithHttp;
    let page = visit("https://a.com/");
    assert_eq!(refused(&SPEC, &page, "__Http-a=b"), "");
    assert_eq!(refused(&layered, &page, "__Http-a=b; Secure"), "invalid-prefix");
    assert_eq!(refused(&layered, &page, "__Http-a=b; Secure; HttpOnly"), "");
    assert_eq!(refused(&layered, &page, "__Host-Http-a=b; Secure; Path=/"), "invalid-prefix");
    assert_eq!(refused(&layered, &page, "__Host-Http-a=b; Secure; Path=/; HttpOnly"), "");
    assert_eq!(refused(&layered, &page, "__http-a"), "invalid-prefix");
}

#[test]
fn step_21_where_the_http_prefixes_are_unknown_host_http_is_a_host() {
    let page = visit("https://a.com/");
    assert_eq!(refused(&SPEC, &page, "__Host-Http-a=b; Secure; Path=/"), "");
    assert_eq!(refused(&SPEC, &page, "__Host-Http-a=b; Path=/"), "invalid-prefix");
    assert_eq!(refused(&SPEC, &page, "__Host-Http-a=b; Secure; Path=/; Domain=a.com"), "invalid-prefix");
    assert_eq!(refused(&SPEC, &page, "__Host-Http-a=b; Secure; HttpOnly"), "invalid-prefix");
}

#[test]
fn step_23_the_same_cookie_is_replaced_in_its_place() {
    let page = visit("https://a.com/");
    let mut jar = jar(&SPEC, &page, &["a=1; Path=/", "b=1"]);
    let decision = jar.store(&SPEC, &psl, &page, b"a=2; Path=/", NOW + 9);
    assert_eq!(decision.replaced.expect("there was one").value, b"1");
    assert_eq!(header(&jar, &SPEC, &page), "a=2; b=1");
    assert_eq!(jar.cookies(NOW)[0].creation, NOW);
    assert_eq!(jar.len(), 2);
    // Another path or host-only-flag makes another cookie.
    store(&mut jar, &SPEC, &page, "a=3; Path=/x");
    store(&mut jar, &SPEC, &page, "a=4; Domain=a.com");
    assert_eq!(jar.len(), 4);
}

#[test]
fn step_23_2_scripts_replace_no_http_only_cookie() {
    let mut jar = jar(&SPEC, &visit("https://a.com/"), &["a=1; HttpOnly"]);
    let decision = store(&mut jar, &SPEC, &script(&["https://a.com"]), "a=2");
    assert_eq!(decision.reasons().to_string(), "overwrites-http-only");
    assert_eq!(header(&jar, &SPEC, &visit("https://a.com/")), "a=1");
}

#[test]
fn after_step_24_an_expired_cookie_deletes() {
    let page = visit("https://a.com/");
    let mut jar = jar(&SPEC, &page, &["a=1", "b=1"]);
    let decision = store(&mut jar, &SPEC, &page, "a=; Max-Age=0");
    assert_eq!(decision.reasons().to_string(), "expired");
    assert!(decision.is_deletion());
    assert_eq!(jar.len(), 1);
    // Nothing is deleted where something else speaks against the line as well.
    let decision = store(&mut jar, &SPEC, &visit("http://a.com/"), "b=; Max-Age=0; Secure");
    assert_eq!(decision.reasons().to_string(), "secure-required, expired");
    assert!(!decision.is_deletion());
    assert_eq!(jar.len(), 1);
}

#[test]
fn a_deletion_without_the_domain_leaves_the_domain_cookie() {
    let page = visit("https://api.example.com/");
    let mut jar = jar(&SPEC, &page, &["t=1; Domain=example.com; Path=/"]);
    let decision = store(&mut jar, &SPEC, &page, "t=; Path=/; Max-Age=0");
    assert!(!decision.is_deletion());
    assert_eq!(header(&jar, &SPEC, &page), "t=1");
}

#[test]
fn an_expired_cookie_is_told_from_one_that_never_was_and_is_replaced_freely() {
    let page = visit("https://a.com/");
    let mut jar = jar(&SPEC, &page, &["a=1; Max-Age=10; HttpOnly", "b=1"]);
    let later = NOW + 11;
    let why =
        |jar: &Jar, name: &str| jar.why_not_sent(&SPEC, &psl, &page, name.as_bytes(), later)[0].1.to_string();
    assert_eq!(why(&jar, "a"), "expired");
    assert_eq!(why(&jar, "z"), "not-stored");
    assert_eq!(jar.cookies(later).len(), 1);
    assert!(jar.store(&SPEC, &psl, &script(&["https://a.com"]), b"a=2", later).is_stored());
    assert_eq!(jar.peek(&SPEC, &psl, &page, later).header, b"b=1; a=2");
}

#[test]
fn after_step_24_excess_cookies_go_in_order() {
    let page = visit("https://a.com/");
    let mut small = SPEC;
    small.limits.site = Limit { most: 4, keep: 3 };
    let mut jar = jar(&small, &page, &["s=1; Secure", "a=1", "b=1", "gone=1; Max-Age=5"]);
    // Priority 1, expired; then 2, not Secure, by last access.
    let decision = jar.store(&small, &psl, &page, b"new=1", NOW + 10);
    let evicted: Vec<_> = decision.evicted.iter().map(|cookie| cookie.name_text()).collect();
    assert_eq!(evicted, ["a", "gone"]);
    assert_eq!(jar.len(), 3);
    // Another site's cookies are not counted.
    store(&mut jar, &small, &visit("https://b.com/"), "x=1");
    assert_eq!(jar.len(), 4);
}

#[test]
fn secure_cookies_make_room_for_secure_ones_alone_where_the_profile_says_so() {
    let page = visit("https://a.com/");
    let limit = Limit { most: 4, keep: 2 };
    let become_of = |guarded: bool, lines: &[&str], new: &str| {
        let mut profile = SPEC;
        (profile.limits.site, profile.limits.secure_make_room_for_secure) = (limit, guarded);
        let mut jar = jar(&profile, &page, lines);
        let decision = store(&mut jar, &profile, &page, new);
        assert_eq!(decision.reasons().to_string(), "");
        assert_eq!(decision.is_stored(), !decision.no_room);
        assert_eq!(jar.len(), 4 + usize::from(decision.is_stored()) - decision.evicted.len());
        let evicted = decision.evicted.iter().map(|cookie| cookie.name_text().into_owned());
        (decision.is_stored(), evicted.collect::<Vec<_>>().join(" "))
    };
    let gone = |names: &str| (true, names.to_owned());
    let two = ["s=1; Secure", "a=1", "t=1; Secure", "b=1"];
    assert_eq!(become_of(false, &two, "n=1"), gone("s a b"));
    assert_eq!(become_of(true, &two, "n=1"), gone("a b"));
    assert_eq!(become_of(true, &two, "n=1; Secure"), gone("a b"), "fewer than wanted");
    let all = ["s=1; Secure", "t=1; Secure", "u=1; Secure", "v=1; Secure"];
    assert_eq!(become_of(false, &all, "n=1"), gone("s t u"));
    assert_eq!(become_of(true, &all, "n=1; Secure"), gone("s t u"));
    assert_eq!(become_of(true, &all, "n=1"), (false, String::new()), "no room");
}

#[test]
fn a_partition_has_room_for_so_many_bytes() {
    const PARTITIONED: &str = "; Partitioned";
    let mut profile = SPEC;
    profile.limits.partition_bytes = Limit { most: 100, keep: 100 };
    let here = fetch(&["https://a.com"], "https://b.com/");
    let mut jar = Jar::new();
    let mut evicted = |context: &Context, name: &str, length: usize, attributes: &str, after: i64| {
        let line = format!("{name}={}; Secure; SameSite=None{attributes}", "x".repeat(length));
        let decision = jar.store(&profile, &psl, context, line.as_bytes(), NOW + after);
        assert!(decision.is_stored(), "{name}");
        let names = decision.evicted.iter().map(|cookie| cookie.name_text().into_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    for (after, name, length) in [(0, "a", 29), (1, "b", 29), (2, "c", 39)] {
        assert_eq!(evicted(&here, name, length, PARTITIONED, after), "", "{name}");
    }
    // Another partition has its own hundred, and what is in none is not counted.
    let elsewhere = fetch(&["https://z.com"], "https://b.com/");
    assert_eq!(evicted(&elsewhere, "z", 99, PARTITIONED, 3), "");
    assert_eq!(evicted(&here, "n", 150, "", 3), "");
    // A hundred there are; the oldest go, and where one is replaced by a longer one too.
    assert_eq!(evicted(&here, "d", 29, PARTITIONED, 4), "a");
    assert_eq!(evicted(&here, "b", 49, PARTITIONED, 5), "c");
    // The newest stays, however long it is; those whose lifetime is over go first.
    assert_eq!(evicted(&here, "e", 9, "; Partitioned; Max-Age=1", 6), "");
    assert_eq!(evicted(&here, "f", 9, PARTITIONED, 9), "");
    assert_eq!(evicted(&here, "g", 9, PARTITIONED, 9), "e");
    assert_eq!(evicted(&here, "h", 200, PARTITIONED, 9), "b d f g");
}

#[test]
fn after_step_24_the_whole_jar_has_a_limit() {
    let mut small = SPEC;
    small.limits.jar = Limit { most: 10, keep: 8 };
    let mut jar = Jar::new();
    for index in 0..11 {
        let page = visit(&format!("https://site{index}.com/"));
        jar.store(&small, &psl, &page, b"a=1", NOW + index);
    }
    assert_eq!(jar.len(), 8);
    assert!(jar.cookies(NOW).iter().all(|cookie| cookie.last_access > NOW + 2));
    let mut spared = small;
    spared.limits.jar_spares = DAY;
    let mut jar = Jar::new();
    for index in 0..20 {
        let page = visit(&format!("https://site{index}.com/"));
        jar.store(&spared, &psl, &page, b"a=1", NOW + index);
    }
    assert_eq!(jar.len(), 20, "young cookies are spared");
    for index in 20..30 {
        let page = visit(&format!("https://site{index}.com/"));
        jar.store(&spared, &psl, &page, b"a=1", NOW + 2 * DAY);
    }
    assert!(jar.len() < 20, "old ones are not");
}

#[test]
fn the_end_of_the_session_takes_what_has_no_expiry() {
    let mut jar = jar(&SPEC, &visit("https://a.com/"), &["a=1", "b=1; Max-Age=60"]);
    jar.end_session();
    assert_eq!(jar.cookies(NOW)[0].name, b"b");
    assert_eq!(jar.len(), 1);
}

#[test]
fn all_reasons_are_given_each_with_its_part_of_the_line() {
    let context = fetch(&["http://a.com"], "http://b.com/");
    let line = "__Host-t=1; Domain=vercel.app; Secure; SameSite=Lax; Partitioned; Max-Age=0";
    let blocking = Profile::CHROMIUM.with_third_party(ThirdParty::Blocked);
    let decision = store(&mut Jar::new(), &blocking, &context, line).into_owned();
    let faults: Vec<_> =
        decision.faults.iter().map(|fault| (fault.reason.code(), &line[fault.span.range()])).collect();
    assert_eq!(
        faults,
        [
            ("public-suffix", "vercel.app"),
            ("domain-mismatch", "vercel.app"),
            ("secure-required", "Secure"),
            ("same-site-lax", "SameSite=Lax"),
            ("invalid-prefix", "__Host-t"),
            ("expired", "Max-Age=0"),
        ]
    );
}

#[test]
fn partitioned_wants_secure() {
    let line = "a=b; Partitioned";
    let page = visit("https://a.com/");
    assert_eq!(refused(&SPEC, &page, line), "partitioned-insecure");
    assert_eq!(refused(&Profile::WEBKIT, &page, line), "", "ignored where it is unknown");
}

#[test]
fn a_jar_read_from_a_browser_goes_in_as_it_is() {
    let page = visit("https://a.com/");
    let source = jar(&SPEC, &page, &["a=1", "b=2; Path=/x"]);
    let mut copy = Jar::new();
    for cookie in source.cookies(NOW) {
        copy.insert(&psl, cookie.clone());
        copy.insert(&psl, cookie.clone());
    }
    assert_eq!(copy.len(), 2);
    assert_eq!(header(&copy, &SPEC, &visit("https://a.com/x")), "b=2; a=1");
    copy.clear();
    assert!(copy.is_empty());
    let decision = store(&mut copy, &SPEC, &page, "a=1");
    assert!(decision.is_stored() && !decision.reasons().contains(Reason::Expired));
}

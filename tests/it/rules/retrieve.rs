//! RFC 6265bis -22, section 5.8: the retrieval model.

use rehearsal::rules::context::Credentials;
use rehearsal::rules::engine::Profile;

use super::{NOW, fetch, header, jar, origin, psl, script, store, visit, withheld};

const SPEC: Profile = Profile::SPECIFICATION;

#[test]
fn step_3_first_bullet_host_only_and_domain() {
    let jar = jar(&SPEC, &visit("https://api.site.com/"), &["h=1", "d=1; Domain=site.com"]);
    assert_eq!(header(&jar, &SPEC, &visit("https://api.site.com/")), "h=1; d=1");
    assert_eq!(header(&jar, &SPEC, &visit("https://www.site.com/")), "d=1");
    assert_eq!(withheld(&jar, &SPEC, &visit("https://site.com/")), ["h: domain-mismatch"]);
    assert_eq!(withheld(&jar, &SPEC, &visit("https://x.api.site.com/")), ["h: host-only"]);
    assert_eq!(header(&jar, &SPEC, &visit("https://othersite.com/")), "");
}

#[test]
fn step_3_first_bullet_ports_and_schemes_do_not_separate_cookies() {
    let jar = jar(&SPEC, &visit("http://localhost:8000/"), &["a=1"]);
    assert_eq!(header(&jar, &SPEC, &visit("http://localhost:3000/")), "a=1");
    assert_eq!(header(&jar, &SPEC, &visit("https://localhost/")), "a=1");
}

#[test]
fn step_3_second_bullet_path() {
    let jar = jar(&SPEC, &visit("https://a.com/"), &["a=1; Path=/app", "b=1; Path=/"]);
    assert_eq!(header(&jar, &SPEC, &visit("https://a.com/app/x")), "a=1; b=1");
    assert_eq!(withheld(&jar, &SPEC, &visit("https://a.com/assets/x.js")), ["a: path-mismatch"]);
}

#[test]
fn step_3_third_bullet_secure() {
    let jar = jar(&SPEC, &visit("https://a.com/"), &["a=1; Secure", "b=1"]);
    assert_eq!(header(&jar, &SPEC, &visit("http://a.com/")), "b=1");
    assert_eq!(withheld(&jar, &SPEC, &visit("http://a.com/")), ["a: secure-required"]);
}

#[test]
fn step_3_fourth_bullet_http_only() {
    let jar = jar(&SPEC, &visit("https://a.com/"), &["a=1; HttpOnly", "b=1"]);
    assert_eq!(header(&jar, &SPEC, &script(&["https://a.com"])), "b=1");
    assert_eq!(withheld(&jar, &SPEC, &script(&["https://a.com"])), ["a: http-only"]);
    assert_eq!(header(&jar, &SPEC, &visit("https://a.com/")), "a=1; b=1");
}

#[test]
fn step_3_fifth_bullet_same_site() {
    let lines = ["s=1; SameSite=Strict", "l=1; SameSite=Lax", "u=1", "n=1; SameSite=None; Secure"];
    let jar = jar(&SPEC, &visit("https://a.com/"), &lines);
    let everything = "s=1; l=1; u=1; n=1";
    // Same-site.
    assert_eq!(header(&jar, &SPEC, &visit("https://a.com/")), everything);
    assert_eq!(header(&jar, &SPEC, &fetch(&["https://a.com"], "https://a.com/")), everything);
    // Cross-site, top level, a safe method; then not safe.
    let mut navigation = visit("https://a.com/");
    navigation.initiator = Some(origin("https://evil.org"));
    assert_eq!(header(&jar, &SPEC, &navigation), "l=1; u=1; n=1");
    assert_eq!(withheld(&jar, &SPEC, &navigation), ["s: same-site-strict"]);
    navigation.method = "POST".into();
    assert_eq!(header(&jar, &SPEC, &navigation), "n=1");
    // Cross-site, not top level.
    let image = fetch(&["https://evil.org"], "https://a.com/");
    assert_eq!(
        withheld(&jar, &SPEC, &image),
        ["l: same-site-lax", "s: same-site-strict", "u: same-site-default-lax"]
    );
    // Not of type "HTTP".
    let framed = script(&["https://evil.org", "https://a.com"]);
    assert_eq!(header(&jar, &SPEC, &framed), "n=1");
}

#[test]
fn section_5_6_7_2_lax_allowing_unsafe_for_two_minutes() {
    let chromium = Profile::CHROMIUM;
    let jar = jar(&chromium, &visit("https://a.com/"), &["u=1", "l=1; SameSite=Lax"]);
    let mut post = visit("https://a.com/");
    post.initiator = Some(origin("https://idp.org"));
    post.method = "POST".into();
    let at = |seconds| jar.peek(&chromium, &psl, &post, NOW + seconds).header;
    assert_eq!(at(0), b"u=1");
    assert_eq!(at(120), b"u=1");
    assert_eq!(at(121), b"");
    let mut frame = fetch(&["https://idp.org"], "https://a.com/");
    frame.method = "POST".into();
    assert_eq!(header(&jar, &chromium, &frame), "", "at the top level only");
}

#[test]
fn step_4_longer_paths_then_earlier_ones_first() {
    let page = visit("https://a.com/x/y");
    let jar = jar(&SPEC, &page, &["a=1; Path=/", "b=1; Path=/x", "c=1; Path=/", "d=1; Path=/x/y"]);
    assert_eq!(header(&jar, &SPEC, &page), "d=1; b=1; a=1; c=1");
}

#[test]
fn step_5_what_is_sent_is_touched() {
    let page = visit("https://a.com/");
    let mut jar = jar(&SPEC, &page, &["a=1", "b=1; Path=/x"]);
    jar.retrieve(&SPEC, &psl, &page, NOW + 5);
    let touched: Vec<_> = jar.cookies(NOW).iter().map(|cookie| cookie.last_access - NOW).collect();
    assert_eq!(touched, [5, 0]);
    jar.peek(&SPEC, &psl, &page, NOW + 9);
    assert_eq!(jar.cookies(NOW)[0].last_access, NOW + 5, "a question touches nothing");
}

#[test]
fn step_6_serialization() {
    let page = visit("https://a.com/");
    let jar = jar(&SPEC, &page, &["a=", "bare", "c=\"d e\""]);
    assert_eq!(header(&jar, &SPEC, &page), "a=; bare; c=\"d e\"");
}

#[test]
fn without_credentials_nothing_goes_and_every_reason_is_given() {
    let jar = jar(&SPEC, &visit("https://api.site.com/"), &["a=1; Path=/x; Secure", "b=1"]);
    let mut request = fetch(&["https://www.site.com"], "https://api.site.com/");
    request.credentials = Credentials::SameOrigin;
    assert_eq!(
        withheld(&jar, &SPEC, &request),
        ["a: credentials-omitted, path-mismatch", "b: credentials-omitted"]
    );
    // Same-origin calls need no word for them.
    let mut own = fetch(&["https://api.site.com"], "https://api.site.com/");
    own.credentials = Credentials::SameOrigin;
    assert_eq!(header(&jar, &SPEC, &own), "b=1");
}

#[test]
fn the_whole_jar_answers_why_a_cookie_was_not_sent() {
    let mut jar = jar(&SPEC, &visit("https://a.com/"), &["t=1", "t=2; Path=/x"]);
    store(&mut jar, &SPEC, &visit("https://b.org/"), "t=3; Secure");
    let answers = |name: &str| -> Vec<String> {
        jar.why_not_sent(&SPEC, &psl, &visit("http://a.com/"), name.as_bytes(), NOW)
            .iter()
            .map(|(cookie, reasons)| {
                format!("{}: {reasons}", cookie.map_or("-".into(), |cookie| cookie.value_text()))
            })
            .collect()
    };
    assert_eq!(answers("t"), ["2: path-mismatch", "3: domain-mismatch, secure-required"]);
    assert_eq!(answers("u"), ["-: not-stored"]);
}

//! RFC 6265bis -22, section 5.2, and partitions: what the circumstances of a request come to.

use rehearsal::rules::context::{Context, Credentials};
use rehearsal::rules::engine::{Profile, ThirdParty};
use rehearsal::rules::jar::Jar;
use rehearsal::rules::site::Origin;

use super::{NOW, fetch, frame, header, jar, location, origin, origins, psl, script, visit, withheld};

const SPEC: Profile = Profile::SPECIFICATION;

fn same_site(context: &Context) -> bool {
    context.is_same_site(&SPEC, &psl)
}

fn third_party(profile: &Profile, context: &Context) -> bool {
    context.is_third_party(profile, &psl)
}

#[test]
fn section_5_2_criterion_2_no_client_is_same_site() {
    assert!(same_site(&visit("https://a.com/")));
}

#[test]
fn section_5_2_criterion_2_the_initiator_decides_for_top_level_navigations() {
    let from = |url: &str| Context::navigation(origin(url), location("https://a.com/"));
    assert!(same_site(&from("https://www.a.com")));
    assert!(!same_site(&from("https://b.com")));
    assert!(!same_site(&from("http://a.com")), "another scheme is another site");
    let mut opaque = visit("https://a.com/");
    opaque.initiator = Some(Origin::opaque());
    assert!(!same_site(&opaque));
}

#[test]
fn section_5_2_1_every_document_counts() {
    assert!(same_site(&fetch(&["https://a.com"], "https://api.a.com/")));
    assert!(same_site(&fetch(&["https://a.com", "https://x.a.com"], "https://api.a.com/")));
    assert!(!same_site(&fetch(&["https://a.com", "https://b.com"], "https://b.com/")));
    assert!(!same_site(&fetch(&["https://a.com", "https://b.com", "https://a.com"], "https://a.com/")));
    assert!(!same_site(&frame(&["https://b.com"], "https://a.com/")));
    assert!(!same_site(&frame(&["https://a.com", "https://b.com"], "https://a.com/")));
    assert!(same_site(&script(&["https://a.com"])));
    assert!(!same_site(&script(&["https://b.com", "https://a.com"])));
}

#[test]
fn section_5_2_a_frame_that_another_site_navigates_is_cross_site() {
    let mut context = frame(&["https://a.com"], "https://a.com/");
    context.initiator = Some(origin("https://b.com"));
    assert!(!same_site(&context));
}

#[test]
fn redirects_count_only_where_the_profile_says_so() {
    let mut context = fetch(&["https://a.com"], "https://b.com/");
    context = context.redirected(302, location("https://a.com/"));
    let stored = ["s=1; SameSite=Strict; Secure", "n=1; SameSite=None; Secure"];
    for (profile, sent) in [(SPEC, "s=1; n=1"), (Profile::FIREFOX, "n=1")] {
        let jar = jar(&profile, &visit("https://a.com/"), &stored);
        assert_eq!(header(&jar, &profile, &context), sent);
        assert!(context.is_same_site(&profile, &psl), "for storing they do not");
    }
}

#[test]
fn redirects_change_methods_as_fetch_says() {
    let method = |status, method: &'static str| {
        let mut context = visit("https://a.com/");
        context.method = method.into();
        context.redirected(status, location("https://b.com/")).method.into_owned()
    };
    assert_eq!(method(302, "POST"), "GET");
    assert_eq!(method(301, "PUT"), "PUT");
    assert_eq!(method(303, "PUT"), "GET");
    assert_eq!(method(303, "HEAD"), "HEAD");
    assert_eq!(method(307, "POST"), "POST");
}

#[test]
fn third_parties() {
    for profile in [Profile::CHROMIUM, Profile::FIREFOX, Profile::WEBKIT] {
        assert!(!third_party(&profile, &visit("https://b.com/")));
        assert!(!third_party(
            &profile,
            &Context::navigation(origin("https://a.com"), location("https://b.com/"))
        ));
        assert!(!third_party(&profile, &fetch(&["https://a.com"], "https://x.a.com/")));
        assert!(third_party(&profile, &fetch(&["https://a.com"], "https://b.com/")));
        assert!(third_party(&profile, &script(&["https://a.com", "https://b.com"])));
    }
    // A frame of the top-level site under another one.
    let nested = frame(&["https://a.com", "https://b.com"], "https://a.com/");
    assert!(third_party(&Profile::CHROMIUM, &nested));
    assert!(third_party(&Profile::FIREFOX, &nested));
    assert!(!third_party(&Profile::WEBKIT, &nested));
}

#[test]
fn partition_keys_know_the_top_and_what_is_between() {
    let key = |context: Context| {
        let key = context.partition_key(&SPEC, &psl);
        format!("{} {}", key.top_level, key.cross_site_ancestor)
    };
    assert_eq!(key(visit("https://www.a.com/")), "https://a.com false");
    assert_eq!(key(fetch(&["https://www.a.com"], "https://x.a.com/")), "https://a.com false");
    assert_eq!(key(fetch(&["https://www.a.com"], "https://b.com/")), "https://a.com true");
    assert_eq!(key(frame(&["https://a.com", "https://b.com"], "https://a.com/")), "https://a.com true");
    assert_eq!(key(script(&["https://a.com", "https://b.com"])), "https://a.com true");
}

#[test]
fn a_partitioned_cookie_stays_under_its_top_level_site() {
    let line = "p=1; SameSite=None; Secure; Partitioned";
    let jar = jar(&SPEC, &fetch(&["https://a.com"], "https://b.com/"), &[line]);
    assert_eq!(header(&jar, &SPEC, &fetch(&["https://a.com"], "https://b.com/")), "p=1");
    let elsewhere = [
        fetch(&["https://c.com"], "https://b.com/"),
        fetch(&["http://a.com"], "https://b.com/"),
        visit("https://b.com/"),
    ];
    for context in elsewhere {
        assert_eq!(withheld(&jar, &SPEC, &context), ["p: other-partition"]);
    }
}

#[test]
fn a_partitioned_cookie_of_the_first_party_does_not_reach_below_another_site() {
    let line = "p=1; SameSite=None; Secure; Partitioned";
    let jar = jar(&SPEC, &visit("https://a.com/"), &[line]);
    assert_eq!(header(&jar, &SPEC, &frame(&["https://a.com"], "https://a.com/")), "p=1");
    let nested = frame(&["https://a.com", "https://b.com"], "https://a.com/");
    assert_eq!(withheld(&jar, &SPEC, &nested), ["p: other-partition"]);
}

#[test]
fn where_third_parties_are_partitioned_each_top_level_site_has_its_jar() {
    let firefox = Profile::FIREFOX;
    let mut jar = jar(&firefox, &visit("https://b.com/"), &["first=1; SameSite=None; Secure"]);
    let under = |top: &str| fetch(&[top], "https://b.com/");
    let decision = jar.store(&firefox, &psl, &under("https://a.com"), b"third=1; SameSite=None; Secure", NOW);
    assert!(decision.is_stored());
    assert_eq!(header(&jar, &firefox, &under("https://a.com")), "third=1");
    assert_eq!(header(&jar, &firefox, &under("https://c.com")), "");
    assert_eq!(withheld(&jar, &firefox, &visit("https://b.com/")), ["third: other-partition"]);
    let allowing = firefox.with_third_party(ThirdParty::Allowed);
    assert_eq!(header(&jar, &allowing, &under("https://c.com")), "first=1");
}

#[test]
fn where_third_parties_are_blocked_only_partitioned_cookies_go() {
    let blocking = Profile::CHROMIUM.with_third_party(ThirdParty::Blocked);
    let mut jar = jar(&blocking, &visit("https://b.com/"), &["n=1; SameSite=None; Secure"]);
    let context = fetch(&["https://a.com"], "https://b.com/");
    jar.store(&blocking, &psl, &context, b"p=1; SameSite=None; Secure; Partitioned", NOW);
    assert_eq!(header(&jar, &blocking, &context), "p=1");
    assert_eq!(withheld(&jar, &blocking, &context), ["n: third-party-blocked"]);
    let firefox = Profile::FIREFOX.with_third_party(ThirdParty::Blocked);
    let both = ["n: third-party-blocked", "p: third-party-blocked, other-partition"];
    assert_eq!(withheld(&jar, &firefox, &context), both, "its keys are others too");
}

#[test]
fn a_script_without_an_origin_has_no_cookies() {
    assert_eq!(Context::script(vec![Origin::opaque()], "/"), None);
    assert_eq!(Context::script(Vec::new(), "/"), None);
}

#[test]
fn credentials_by_mode_and_origin() {
    let included = |credentials, url: &str| {
        Context::fetch(origins(&["https://www.site.com"]), location(url), credentials).includes_credentials()
    };
    assert!(included(Credentials::Include, "https://api.site.com/"));
    assert!(included(Credentials::SameOrigin, "https://www.site.com/x"));
    assert!(!included(Credentials::SameOrigin, "https://www.site.com:8443/"));
    assert!(!included(Credentials::Omit, "https://www.site.com/"));
    // Once abroad, never home again.
    let there =
        Context::fetch(origins(&["https://a.com"]), location("https://b.com/"), Credentials::SameOrigin);
    let back = there.redirected(302, location("https://a.com/"));
    assert!(!back.includes_credentials());
    assert!(Jar::new().is_empty());
}

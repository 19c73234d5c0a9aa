//! Fetch: preflights, the CORS check, redirects, mixed content, `Sec-Fetch-*`.

use rehearsal::rules::context::{Context, Credentials, Destination, Mode};
use rehearsal::rules::cors::{
    MixedContent, Preflight, cors_check, is_forbidden_header, is_safelisted_header, mixed_content,
    normalize_method, origin_header, preflight, preflight_check, readable, request_origin,
    unsafe_header_names,
};
use rehearsal::rules::engine::{Profile, RedirectedOrigin};
use rehearsal::rules::fetch_metadata::fetch_metadata;

use super::{ENGINES, fetch, frame, location, origin, origins, psl, visit};

const NONE: [(&str, &str); 0] = [];
const PAGE: &str = "https://www.site.com";
const API: &str = "https://api.site.com/me";

fn post(credentials: Credentials) -> Context {
    let mut context = Context::fetch(origins(&[PAGE]), location(API), credentials);
    context.method = "POST".into();
    context
}

fn check(context: &Context, response: &[(&str, &str)]) -> String {
    readable(context, response).to_string()
}

#[test]
fn a_preflight_is_for_other_origins_only() {
    let mut context = fetch(&[PAGE], "https://www.site.com/me");
    context.method = "DELETE".into();
    assert_eq!(preflight(&context, &NONE), None);
    context.url = location(API);
    assert_eq!(preflight(&context, &NONE), Some(Preflight { method: "DELETE".into(), headers: vec![] }));
    context.url = location("https://www.site.com:8443/me");
    assert!(preflight(&context, &NONE).is_some(), "another port is another origin");
    context.mode = Mode::NoCors;
    assert_eq!(preflight(&context, &NONE), None);
}

#[test]
fn a_preflight_is_for_methods_and_headers_that_are_not_safelisted() {
    let context = post(Credentials::Include);
    let asked = |headers: &[(&str, &str)]| preflight(&context, headers).map(|preflight| preflight.headers);
    assert_eq!(asked(&[]), None);
    assert_eq!(asked(&[("Content-Type", "text/plain;charset=UTF-8")]), None);
    assert_eq!(asked(&[("Content-Type", "application/json")]), Some(vec!["content-type".into()]));
    assert_eq!(
        asked(&[("X-Tenant-Domain", "x"), ("content-type", "application/json"), ("x-tenant-domain", "y")]),
        Some(vec!["content-type".into(), "x-tenant-domain".into()])
    );
    assert_eq!(asked(&[("Authorization", "Bearer x")]), Some(vec!["authorization".into()]));
}

#[test]
fn safelisted_headers() {
    for (name, value) in [
        ("Accept", "application/json"),
        ("ACCEPT-LANGUAGE", "de-AT, en;q=0.5"),
        ("content-type", " multipart/form-data; boundary=x"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Range", "bytes=0-499"),
        ("Range", "bytes=500-"),
    ] {
        assert!(is_safelisted_header(name, value.as_bytes()), "{name}: {value}");
    }
    for (name, value) in [
        ("Accept", "a:b"),
        ("Accept-Language", "de_AT"),
        ("Content-Type", "application/json"),
        ("Content-Type", "text/plain; x=\"y\""),
        ("Content-Type", ""),
        ("Range", "bytes=-500"),
        ("Range", "bytes=5-4"),
        ("Range", "bytes=1-2,4-5"),
        ("X-Requested-With", "XMLHttpRequest"),
    ] {
        assert!(!is_safelisted_header(name, value.as_bytes()), "{name}: {value}");
    }
    assert!(!is_safelisted_header("Accept", &[b'a'; 129]));
    let many: Vec<_> = (0..9).map(|_| ("Accept", "a".repeat(128))).collect();
    assert_eq!(unsafe_header_names(&many), ["accept"], "over 1024 bytes in all");
}

#[test]
fn what_scripts_cannot_set() {
    for name in ["Cookie", "host", "Sec-Fetch-Site", "Proxy-Authorization", "Origin"] {
        assert!(is_forbidden_header(name), "{name}");
    }
    for name in ["Authorization", "X-Sec", "Security", "", "se"] {
        assert!(!is_forbidden_header(name), "{name}");
    }
    assert_eq!(normalize_method("post"), "POST");
    assert_eq!(normalize_method("patch"), "patch");
}

#[test]
fn cors_check_step_2_no_allow_origin() {
    assert_eq!(check(&post(Credentials::SameOrigin), &[]), "cors-no-allow-origin");
    assert_eq!(check(&post(Credentials::Include), &[]), "cors-no-allow-origin, cors-credentials-not-allowed");
}

#[test]
fn cors_check_step_3_the_wildcard_needs_no_credentials() {
    let star = [("access-control-allow-origin", " * ")];
    assert_eq!(check(&post(Credentials::SameOrigin), &star), "");
    assert_eq!(check(&post(Credentials::Omit), &star), "");
    assert_eq!(
        check(&post(Credentials::Include), &star),
        "cors-wildcard-with-credentials, cors-credentials-not-allowed"
    );
    let both = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true")];
    assert_eq!(check(&post(Credentials::Include), &both), "cors-wildcard-with-credentials");
}

#[test]
fn cors_check_step_4_the_origin_is_compared_byte_for_byte() {
    for value in ["https://othersite.com", "https://www.site.com/", "https://WWW.site.com", "null", ""] {
        let response = [("Access-Control-Allow-Origin", value)];
        assert_eq!(check(&post(Credentials::SameOrigin), &response), "cors-origin-mismatch", "{value}");
    }
    let twice = [("Access-Control-Allow-Origin", PAGE), ("Access-Control-Allow-Origin", PAGE)];
    assert_eq!(check(&post(Credentials::SameOrigin), &twice), "cors-origin-mismatch");
}

#[test]
fn cors_check_steps_5_to_8_credentials_want_the_word_true() {
    let with = |value| [("Access-Control-Allow-Origin", PAGE), ("Access-Control-Allow-Credentials", value)];
    assert_eq!(check(&post(Credentials::Include), &with("true")), "");
    for value in ["True", "TRUE", "1", ""] {
        assert_eq!(check(&post(Credentials::Include), &with(value)), "cors-credentials-not-allowed");
        assert_eq!(check(&post(Credentials::SameOrigin), &with(value)), "");
    }
}

#[test]
fn same_origin_and_opaque_responses_are_not_checked() {
    assert_eq!(check(&fetch(&[PAGE], "https://www.site.com/x"), &[]), "");
    let image = Context::embed(origins(&[PAGE]), location(API), Destination::Image);
    assert_eq!(check(&image, &[]), "");
    assert_eq!(check(&visit(API), &[]), "");
}

fn preflighted(context: &Context, headers: &[&str], status: u16, response: &[(&str, &str)]) -> String {
    let headers: Vec<_> = headers.iter().map(|name| (*name, "x")).collect();
    let asked = preflight(context, &headers).expect("it needs a preflight");
    preflight_check(&Profile::SPECIFICATION, context, &asked, status, response).to_string()
}

#[test]
fn preflight_status_and_cors_check() {
    let context = post(Credentials::Include);
    let allowed = [
        ("Access-Control-Allow-Origin", PAGE),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Allow-Headers", "X-Tenant-Domain, Content-Type"),
    ];
    assert_eq!(preflighted(&context, &["x-tenant-domain"], 204, &allowed), "");
    assert_eq!(preflighted(&context, &["x-tenant-domain"], 401, &allowed), "cors-preflight-status");
    assert_eq!(
        preflighted(&context, &["x-tenant-domain"], 404, &[]),
        "cors-no-allow-origin, cors-credentials-not-allowed, cors-preflight-status, cors-preflight-header"
    );
}

#[test]
fn preflight_methods() {
    let mut context = post(Credentials::SameOrigin);
    context.method = "DELETE".into();
    let with = |methods| [("Access-Control-Allow-Origin", PAGE), ("Access-Control-Allow-Methods", methods)];
    assert_eq!(preflighted(&context, &[], 200, &with("GET, DELETE")), "");
    assert_eq!(preflighted(&context, &[], 200, &with("*")), "");
    assert_eq!(preflighted(&context, &[], 200, &with("delete")), "cors-preflight-method");
    context.credentials = Credentials::Include;
    let star = [
        ("Access-Control-Allow-Origin", PAGE),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Allow-Methods", "*"),
    ];
    assert_eq!(preflighted(&context, &[], 200, &star), "cors-preflight-method");
}

#[test]
fn preflight_headers() {
    let context = post(Credentials::SameOrigin);
    let with = |names| [("Access-Control-Allow-Origin", PAGE), ("Access-Control-Allow-Headers", names)];
    assert_eq!(preflighted(&context, &["X-A", "X-B"], 200, &with("x-b,x-a")), "");
    assert_eq!(preflighted(&context, &["X-A", "X-B"], 200, &with("x-a")), "cors-preflight-header");
    assert_eq!(preflighted(&context, &["X-A"], 200, &with("*")), "");
    assert_eq!(preflighted(&context, &["Authorization"], 200, &with("*")), "cors-preflight-header");
    assert_eq!(preflighted(&context, &["Authorization"], 200, &with("*, authorization")), "");
    let asked = preflight(&context, &[("Authorization", "x")]).expect("it needs a preflight");
    let in_chromium = preflight_check(&Profile::CHROMIUM, &context, &asked, 200, &with("*"));
    assert!(in_chromium.is_empty(), "Chromium's wildcard covers it");
}

#[test]
fn preflight_lists_with_an_item_that_is_no_token_allow_nothing() {
    const METHODS: &str = "Access-Control-Allow-Methods";
    const HEADERS: &str = "Access-Control-Allow-Headers";
    let context = post(Credentials::SameOrigin);
    let asked = preflight(&context, &[("X-A", "x")]).expect("it needs a preflight");
    let answers = |name: &str, value: &str| {
        let response = [("Access-Control-Allow-Origin", PAGE), (HEADERS, "x-a"), (name, value)];
        let check =
            |profile: &Profile| preflight_check(profile, &context, &asked, 200, &response).to_string();
        let specified = check(&Profile::SPECIFICATION);
        for (engine, profile) in ENGINES {
            assert_eq!(check(&profile), specified, "{engine}, {name}: {value}");
        }
        specified
    };
    // POST needs no leave, and the list is read all the same.
    for value in ["GET; POST; OPTIONS", "GET POST", "POST, \"PUT\"", "POST, @", "POST, PÜT"] {
        assert_eq!(answers(METHODS, value), "cors-preflight-method", "{value}");
    }
    for value in ["content-type; x-b", "x-b:", "x-b, (x-c)"] {
        assert_eq!(answers(HEADERS, value), "cors-preflight-header", "{value}");
    }
    for value in ["", " , ", ",GET,\tPOST ,,", "*", "M!#$%&'*+-.^_`|~9"] {
        assert_eq!(answers(METHODS, value), "", "{value}");
        assert_eq!(answers(HEADERS, value), "", "{value}");
    }
}

#[test]
fn redirects_to_yet_another_origin_make_the_origin_null() {
    let context = fetch(&["https://a.com"], "https://b.com/");
    assert_eq!(request_origin(&context), "https://a.com");
    let home = context.clone().redirected(302, location("https://a.com/"));
    assert_eq!(request_origin(&home), "null");
    assert!(!cors_check(&home, &[("Access-Control-Allow-Origin", "https://a.com")]).is_empty());
    let on = context.clone().redirected(302, location("https://c.com/"));
    assert_eq!(request_origin(&on), "null");
    let there = context.redirected(302, location("https://b.com/x"));
    assert_eq!(request_origin(&there), "https://a.com");
    let out = fetch(&["https://a.com"], "https://a.com/").redirected(302, location("https://b.com/"));
    assert_eq!(request_origin(&out), "https://a.com");
}

#[test]
fn the_origin_header() {
    assert_eq!(origin_header(&visit(API), &Profile::SPECIFICATION), None);
    assert_eq!(origin_header(&fetch(&[PAGE], "https://www.site.com/x"), &Profile::SPECIFICATION), None);
    assert_eq!(origin_header(&fetch(&[PAGE], API), &Profile::SPECIFICATION).as_deref(), Some(PAGE));
    let mut form = Context::navigation(origin(PAGE), location("https://www.site.com/x"));
    form.method = "POST".into();
    assert_eq!(origin_header(&form, &Profile::SPECIFICATION).as_deref(), Some(PAGE));
    form.url = location("http://plain.com/");
    assert_eq!(origin_header(&form, &Profile::SPECIFICATION).as_deref(), Some("null"));
    // A form that is led from the page's own origin to another, by a redirect that keeps the method.
    let mut led = Context::navigation(origin(PAGE), location(&format!("{PAGE}/x")));
    led.method = "POST".into();
    let led = led.redirected(307, location(API));
    let mut call = fetch(&[PAGE], &format!("{PAGE}/x"));
    call.method = "POST".into();
    let call = call.redirected(307, location(API));
    for (_, profile) in ENGINES {
        let null = profile.fetch.redirected_origin != RedirectedOrigin::AsFetch;
        assert_eq!(origin_header(&led, &profile).as_deref(), Some(if null { "null" } else { PAGE }));
        assert_eq!(origin_header(&call, &profile).as_deref(), Some(PAGE));
    }
    let image = Context::embed(origins(&[PAGE]), location(API), Destination::Image);
    assert_eq!(origin_header(&image, &Profile::SPECIFICATION), None);
}

#[test]
fn mixed_content_is_upgraded_or_blocked() {
    let chromium = Profile::CHROMIUM;
    let check = |context: &Context| mixed_content(&chromium, context);
    assert_eq!(check(&fetch(&[PAGE], "http://api.site.com/")), MixedContent::Blocked);
    assert_eq!(check(&frame(&[PAGE], "http://api.site.com/")), MixedContent::Blocked);
    assert_eq!(check(&fetch(&["http://www.site.com"], "http://api.site.com/")), MixedContent::No);
    assert_eq!(check(&fetch(&[PAGE], "http://localhost:8000/")), MixedContent::No);
    assert_eq!(check(&Context::navigation(origin(PAGE), location("http://api.site.com/"))), MixedContent::No);
    let image = |url| Context::embed(origins(&[PAGE]), location(url), Destination::Image);
    assert_eq!(check(&image("http://api.site.com/i.png")), MixedContent::Upgraded);
    assert_eq!(check(&image("http://8.8.8.8/i.png")), MixedContent::Blocked);
    for url in ["http://10.0.0.1/i", "http://[fe80::1]/i", "http://printer.local/i", "http://localhost/i"] {
        assert_eq!(check(&image(url)), MixedContent::No, "{url}");
        assert_eq!(check(&fetch(&[PAGE], url)), MixedContent::No, "{url}");
    }
    let redirected = |from: &'static str, to| image(from).redirected(302, location(to));
    for url in ["http://10.0.0.1/i", "http://localhost/i", "http://api.site.com/i", "http://8.8.8.8/i"] {
        assert_eq!(check(&redirected(API, url)), MixedContent::Upgraded, "{url}");
        assert_eq!(check(&redirected("https://localhost/", url)), MixedContent::No, "{url}");
    }
    let firefox = |documents: &[&str]| {
        let context =
            Context::embed(origins(documents), location("http://api.site.com/i"), Destination::Image);
        mixed_content(&Profile::FIREFOX, &context)
    };
    assert_eq!(firefox(&[PAGE]), MixedContent::Upgraded);
    assert_eq!(firefox(&["http://x.com", PAGE]), MixedContent::Upgraded);
    for own in ["https://x.localhost", "https://127.0.0.1", "https://[::1]", "http://x.localhost"] {
        assert_eq!(firefox(&[PAGE, own]), MixedContent::No, "{own}");
    }
    let by_the_letter = |context: &Context| mixed_content(&Profile::SPECIFICATION, context);
    assert_eq!(by_the_letter(&image("http://10.0.0.1/i")), MixedContent::Blocked);
    assert_eq!(by_the_letter(&redirected(API, "http://localhost/i")), MixedContent::No);
    let mut failed = fetch(&[], "http://api.site.com/");
    failed.documents = vec![rehearsal::rules::site::Origin::opaque()];
    assert_eq!(check(&failed), MixedContent::No);
    failed.opaque_over_tls = true;
    assert_eq!(check(&failed), MixedContent::Blocked, "the page of an https address that failed");
    let nested = fetch(&[PAGE, "http://x.com"], "http://x.com/");
    assert_eq!(check(&nested), MixedContent::Blocked, "an https ancestor is enough");
}

#[test]
fn sec_fetch_site_goes_by_the_worst_of_the_chain() {
    let site = |context: &Context| fetch_metadata(&psl, context).map(|metadata| metadata.site);
    assert_eq!(site(&visit("https://a.com/")), Some("none"));
    assert_eq!(site(&visit("http://a.com/")), None, "only to trustworthy addresses");
    assert_eq!(site(&visit("http://localhost/")), Some("none"));
    assert_eq!(site(&fetch(&[PAGE], "https://www.site.com/x")), Some("same-origin"));
    assert_eq!(site(&fetch(&[PAGE], API)), Some("same-site"));
    assert_eq!(site(&fetch(&["http://www.site.com"], API)), Some("cross-site"));
    let back = fetch(&[PAGE], "https://b.com/").redirected(302, location("https://www.site.com/"));
    assert_eq!(site(&back), Some("cross-site"));
    let near = fetch(&[PAGE], API).redirected(302, location("https://www.site.com/"));
    assert_eq!(site(&near), Some("same-site"));
    let typed = visit("https://b.com/").redirected(302, location("https://a.com/"));
    assert_eq!(site(&typed), Some("none"));
    let metadata = fetch_metadata(&psl, &frame(&[PAGE], API)).expect("https is trustworthy");
    assert_eq!((metadata.mode, metadata.dest), ("navigate", "iframe"));
}

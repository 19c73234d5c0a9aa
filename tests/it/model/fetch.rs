//! `fetch` and XMLHttpRequest in the `model` browser: credentials, preflights, redirects, tainting.

use crate::predicting::*;

const SITES: &str = r#"
[origins.page]
url = "https://www.a-site.com"
[origins.api]
url = "https://api.a-site.com"
[origins.api.cors]
allow_origins = ["https://www.a-site.com"]
allow_credentials = true
allow_headers = ["content-type", "x-tenant"]
[origins.far]
url = "https://far.example"
[origins.far.cors]
allow_origins = ["https://www.a-site.com", "null"]
allow_credentials = true
allow_headers = ["content-type", "x-tenant"]
max_age = 60
[origins.star]
url = "https://star.example"
[origins.star.cors]
allow_origins = ["*"]
allow_headers = ["*"]
[origins.plain]
url = "http://plain.a-site.com"
[[origins.api.routes]]
at = "GET /me"
set_cookie = ["api=1; SameSite=Strict; Secure"]
json = { ok = true }
[[origins.api.routes]]
at = "POST /me"
json = { ok = true }
[[origins.api.routes]]
at = "GET /to-far"
redirect = "https://far.example/me"
[[origins.far.routes]]
at = "GET /me"
set_cookie = ["far=1; SameSite=None; Secure", "farlax=1; SameSite=Lax; Secure"]
json = { ok = true }
[[origins.far.routes]]
at = "POST /me"
json = { ok = true }
[[origins.star.routes]]
at = "GET /me"
set_cookie = ["star=1; SameSite=None; Secure"]
json = { ok = true }
[[origins.page.routes]]
at = "GET /"
html = "<!doctype html><title>page</title>"
[[origins.page.routes]]
at = "GET /own"
set_cookie = ["own=1; SameSite=Strict; Secure"]
text = "\ufeffown"
[[origins.page.routes]]
at = "GET /to-far"
redirect = "https://far.example/me"
[[origins.page.routes]]
at = "POST /to-far-307"
status = 307
redirect = "https://far.example/me"
[[step]]
visit = "page:/"
"#;

/// What each of these steps does, after the visit.
async fn on(browser: &str, steps: &[&str]) -> Vec<rehearsal::observe::Observation> {
    let steps: String = steps.iter().map(|step| format!("[[step]]\n{step}\n")).collect();
    predict(browser, &format!("{SITES}{steps}")).await.split_off(1)
}

#[tokio::test]
async fn credentials_modes_decide_what_goes_and_what_is_kept() {
    let seen = on(
        "model",
        &[
            r#"fetch = "page:/own""#,
            r#"fetch = { url = "page:/own", credentials = "omit" }"#,
            r#"fetch = "api:/me""#,
            r#"fetch = { url = "api:/me", credentials = "include" }"#,
            r#"xhr = "api:/me""#,
            r#"xhr = { url = "api:/me", with_credentials = true }"#,
        ],
    )
    .await;
    let requests: Vec<String> = seen.iter().flat_map(requests).collect();
    assert_eq!(
        requests,
        [
            "GET https://www.a-site.com/own 200 +own",
            "GET https://www.a-site.com/own 200 -own(credentials-omitted) !own(credentials-omitted)",
            "GET https://api.a-site.com/me 200 -own(credentials-omitted domain-mismatch) !api(credentials-omitted)",
            "GET https://api.a-site.com/me 200 -own(domain-mismatch) +api",
            "GET https://api.a-site.com/me 200 -own(credentials-omitted domain-mismatch) -api(credentials-omitted) !api(credentials-omitted)",
            "GET https://api.a-site.com/me 200 api=1 -own(domain-mismatch) +api",
        ]
    );
    assert!(seen.iter().all(|seen| seen.page.readable == Some(true)));
    assert_eq!(seen[0].page.body.as_deref(), Some("own"), "without the byte order mark");
    assert_eq!(header(&seen[0], 0, "origin"), None);
    assert_eq!(header(&seen[3], 0, "origin"), Some("https://www.a-site.com"));
    assert_eq!(header(&seen[3], 0, "sec-fetch-site"), Some("same-site"));
    assert_eq!(header(&seen[3], 0, "sec-fetch-mode"), Some("cors"));
}

#[tokio::test]
async fn a_preflight_goes_first_and_is_remembered() {
    let json = r#"fetch = { url = "far:/me", method = "POST", credentials = "include", json = { a = 1 } }"#;
    let plain = r#"fetch = { url = "far:/me", method = "POST", credentials = "include", body = "text" }"#;
    let tenant = r#"fetch = { url = "far:/me", credentials = "include", headers = { X-Tenant = "t" } }"#;
    let other = r#"fetch = { url = "far:/me", credentials = "include", headers = { X-Other = "t" } }"#;
    let seen = on("model", &[plain, json, json, tenant, other, tenant]).await;
    let preflight = "OPTIONS https://far.example/me 204";
    let post = "POST https://far.example/me 200";
    let get = "GET https://far.example/me 200 +far !farlax(same-site-lax)";
    assert_eq!(requests(&seen[0]), [post], "a string is text/plain, which needs none");
    assert_eq!(header(&seen[0], 0, "content-type"), Some("text/plain;charset=UTF-8"));
    assert_eq!(requests(&seen[1]), [preflight, post]);
    assert_eq!(header(&seen[1], 0, "access-control-request-method"), Some("POST"));
    assert_eq!(header(&seen[1], 0, "access-control-request-headers"), Some("content-type"));
    assert_eq!(header(&seen[1], 0, "cookie"), None);
    assert_eq!(requests(&seen[2]), [post]);
    assert_eq!(requests(&seen[3]), [get], "the same answer allowed this header too");
    assert_eq!(requests(&seen[4]), [preflight]);
    assert_eq!((seen[4].page.status, seen[4].page.readable), (None, Some(false)));
    assert_eq!(codes(&seen[4].page.cors), "cors-preflight-header");
    let get = get.replace("200 ", "200 far=1 ");
    assert_eq!(requests(&seen[5]), [preflight, &get], "an answer that does not serve is forgotten");
}

#[tokio::test]
async fn a_remembered_preflight_grows_old() {
    let far = r#"fetch = { url = "far:/me", method = "POST", json = {} }"#;
    let api = r#"fetch = { url = "api:/me", method = "POST", json = {} }"#;
    let steps: String = [far, api, far, api].map(|step| format!("[[step]]\n{step}\n")).concat();
    let mut stage = stage("model", &format!("{SITES}{steps}"));
    let mut counts = Vec::new();
    for (index, step) in stage.plan.steps.iter().enumerate() {
        if index == 3 {
            stage.agent.advance(5);
        }
        counts.push(stage.agent.perform(step).await.exchanges.len());
    }
    assert_eq!(counts, [1, 2, 2, 1, 2], "five seconds where nothing is said, else what is said");
}

#[tokio::test]
async fn an_answer_that_may_not_be_read_is_still_answered_and_its_cookie_kept() {
    let seen = on("model", &[r#"fetch = { url = "star:/me", credentials = "include" }"#]).await;
    assert_eq!(requests(&seen[0]), ["GET https://star.example/me 200 +star"]);
    let page = &seen[0].page;
    assert_eq!((page.status, page.readable, page.body.as_deref()), (Some(200), Some(false), None));
    assert_eq!(codes(&page.cors), "cors-wildcard-with-credentials cors-credentials-not-allowed");
}

#[tokio::test]
async fn a_redirect_to_another_origin_taints_the_request() {
    let seen = on(
        "model",
        &[
            r#"fetch = { url = "page:/to-far", credentials = "include" }"#,
            r#"fetch = "page:/to-far""#,
            r#"fetch = { url = "api:/to-far", credentials = "include" }"#,
            r#"fetch = { url = "page:/to-far-307", method = "POST", credentials = "include", json = {} }"#,
        ],
    )
    .await;
    assert_eq!(header(&seen[0], 0, "origin"), None);
    assert_eq!(header(&seen[0], 1, "origin"), Some("https://www.a-site.com"));
    assert_eq!(requests(&seen[0])[1], "GET https://far.example/me 200 +far !farlax(same-site-lax)");
    let omitted =
        "-far(credentials-omitted) !far(credentials-omitted) !farlax(credentials-omitted same-site-lax)";
    assert_eq!(requests(&seen[1])[1], format!("GET https://far.example/me 200 {omitted}"));
    assert_eq!(header(&seen[2], 0, "origin"), Some("https://www.a-site.com"));
    assert_eq!(header(&seen[2], 1, "origin"), Some("null"), "two foreign origins in a row");
    assert_eq!(seen[2].page.readable, Some(true), "`null` is in the list");
    let methods: Vec<&str> = seen[3].exchanges.iter().map(|exchange| exchange.wire.method.as_str()).collect();
    assert_eq!(methods, ["POST", "OPTIONS", "POST"], "the preflight comes where the redirect leads");
}

#[tokio::test]
async fn mixed_content_is_blocked_or_upgraded() {
    let seen = on("model", &[r#"fetch = "plain:/""#, r#"iframe = "plain:/""#, r#"image = "plain:/""#]).await;
    assert_eq!(seen[0].exchanges, []);
    assert_eq!(codes(&seen[0].page.cors), "mixed-content");
    assert_eq!(seen[1].exchanges, []);
    assert!(seen[1].page.error.is_some());
    assert_eq!(seen[2].refused, ["plain.a-site.com:443"], "an image is asked for over https");
}

#[tokio::test]
async fn a_third_partys_cookies_go_by_the_policy() {
    let step = r#"fetch = { url = "far:/me", credentials = "include" }"#;
    let seen = on("model:chromium:block-third-party", &[step]).await;
    assert_eq!(
        requests(&seen[0]),
        [
            "GET https://far.example/me 200 !far(third-party-blocked) !farlax(same-site-lax third-party-blocked)"
        ]
    );
    let seen = on("model:firefox", &[step, step]).await;
    assert_eq!(requests(&seen[1]), ["GET https://far.example/me 200 far=1 +far !farlax(same-site-lax)"]);
    let partition = seen[1].jar.iter().flatten().find_map(|cookie| cookie.partition.clone());
    assert_eq!(partition.map(|partition| partition.site).as_deref(), Some("https://a-site.com"));
}

//! Each action in the `model` browser: what it asks for, with which cookies, and what becomes of them.

mod predicting;

use predicting::*;

/// Two sites; every cookie of `a` is there after `GET /`.
const SITES: &str = r#"
[origins.a]
url = "https://www.a-site.com"
[origins.b]
url = "https://www.b-site.com"
[[origins.a.routes]]
at = "GET /"
set_cookie = ["strict=1; SameSite=Strict; Secure", "lax=1; SameSite=Lax; Secure", "none=1; SameSite=None; Secure"]
html = "<!doctype html><title>a</title>"
[[origins.a.routes]]
at = "GET /page"
html = "<!doctype html><title>a</title>"
[[origins.a.routes]]
at = "POST /page"
html = "<!doctype html><title>a</title>"
[[origins.b.routes]]
at = "GET /"
html = "<!doctype html><title>b</title>"
"#;

async fn on(sites: &str, steps: &str) -> Vec<rehearsal::observe::Observation> {
    predict("model:chromium", &format!("{sites}{steps}")).await
}

#[tokio::test]
async fn a_visit_is_the_users_own() {
    let seen =
        on(SITES, "[[step]]\nvisit = \"a:/\"\n[[step]]\nvisit = \"b:/\"\n[[step]]\nvisit = \"a:/page\"")
            .await;
    assert_eq!(requests(&seen[0]), ["GET https://www.a-site.com/ 200 +strict +lax +none"]);
    assert_eq!(requests(&seen[2]), ["GET https://www.a-site.com/page 200 strict=1 lax=1 none=1"]);
    assert_eq!(header(&seen[2], 0, "sec-fetch-site"), Some("none"));
    assert_eq!(header(&seen[2], 0, "referer"), None);
    assert_eq!(seen[2].page.url.as_ref().map(url::Url::as_str), Some("https://www.a-site.com/page"));
    assert_eq!((seen[2].page.status, seen[2].page.readable), (Some(200), None));
    assert_eq!(jar(&seen[2]), ["strict", "lax", "none"]);
}

#[tokio::test]
async fn a_link_on_another_site_takes_lax_and_a_reload_keeps_its_initiator() {
    let steps = "[[step]]\nvisit = \"a:/\"\n[[step]]\nvisit = \"b:/\"\n[[step]]\nlink = \"a:/page\"\n[[step]]\nreload = true\n[[step]]\nlink = \"a:/page\"";
    let seen = on(SITES, steps).await;
    let cross_site = "GET https://www.a-site.com/page 200 lax=1 none=1 -strict(same-site-strict)";
    assert_eq!(requests(&seen[2]), [cross_site]);
    assert_eq!(header(&seen[2], 0, "sec-fetch-site"), Some("cross-site"));
    assert_eq!(header(&seen[2], 0, "referer"), Some("https://www.b-site.com/"));
    assert_eq!(requests(&seen[3]), [cross_site]);
    assert_eq!(requests(&seen[4]), ["GET https://www.a-site.com/page 200 strict=1 lax=1 none=1"]);
    assert_eq!(header(&seen[4], 0, "referer"), Some("https://www.a-site.com/page"));
}

#[tokio::test]
async fn a_form_is_submitted_in_the_url_or_the_body() {
    let steps = r#"
[[step]]
visit = "a:/"
[[step]]
visit = "b:/"
[[step]]
form = { url = "a:/page?gone", fields = { x = "1 2", y = "a&b" } }
[[step]]
visit = "b:/"
[[step]]
form = { url = "a:/page?kept", method = "POST", fields = { x = "1 2" } }
[[step]]
reload = true
"#;
    let seen = on(SITES, steps).await;
    let get = "GET https://www.a-site.com/page?x=1+2&y=a%26b 200 lax=1 none=1 -strict(same-site-strict)";
    assert_eq!(requests(&seen[2]), [get]);
    let post =
        "POST https://www.a-site.com/page?kept 200 none=1 -strict(same-site-strict) -lax(same-site-lax)";
    assert_eq!(requests(&seen[4]), [post]);
    assert_eq!(header(&seen[4], 0, "origin"), Some("https://www.b-site.com"));
    assert_eq!(header(&seen[4], 0, "content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(header(&seen[4], 0, "content-length"), Some("5"));
    assert_eq!(requests(&seen[5]), [post], "a reload submits again");
}

#[tokio::test]
async fn images_and_frames_of_another_site_take_none_alone() {
    let steps = "[[step]]\nvisit = \"a:/\"\n[[step]]\nimage = \"a:/page\"\n[[step]]\nvisit = \"b:/\"\n[[step]]\nimage = \"a:/page\"\n[[step]]\niframe = \"a:/\"";
    let seen = on(SITES, steps).await;
    assert_eq!(requests(&seen[1]), ["GET https://www.a-site.com/page 200 strict=1 lax=1 none=1"]);
    let cross_site = "none=1 -strict(same-site-strict) -lax(same-site-lax)";
    assert_eq!(requests(&seen[3]), [format!("GET https://www.a-site.com/page 200 {cross_site}")]);
    assert_eq!(header(&seen[3], 0, "sec-fetch-dest"), Some("image"));
    let refused = "!strict(same-site-strict) !lax(same-site-lax) +none";
    assert_eq!(requests(&seen[4]), [format!("GET https://www.a-site.com/ 200 {cross_site} {refused}")]);
    assert_eq!(header(&seen[4], 0, "sec-fetch-dest"), Some("iframe"));
    let url = seen[4].page.url.as_ref().map(url::Url::as_str);
    assert_eq!(url, Some("https://www.b-site.com/"), "a frame does not move the tab");
}

#[tokio::test]
async fn redirects_set_cookies_on_the_way_and_change_methods() {
    let sites = r#"
[origins.a]
url = "https://www.a-site.com"
[[origins.a.routes]]
at = "POST /in-303"
status = 303
set_cookie = ["way=1"]
redirect = "/page#there"
[[origins.a.routes]]
at = "POST /in-307"
status = 307
redirect = "/page"
[[origins.a.routes]]
at = "POST /in-302"
redirect = "/page"
[[origins.a.routes]]
at = "GET /out"
redirect = "https://elsewhere.example/"
[[origins.a.routes]]
at = "GET /round"
redirect = "/round"
"#;
    let steps = r#"
[[step]]
visit = "a:/"
[[step]]
form = { url = "a:/in-303", method = "POST" }
[[step]]
form = { url = "a:/in-307", method = "POST" }
[[step]]
form = { url = "a:/in-302", method = "POST" }
[[step]]
visit = "a:/round"
[[step]]
document_cookie = true
[[step]]
visit = "a:/page"
[[step]]
fetch = "a:/round"
[[step]]
visit = "a:/out"
"#;
    let seen = on(sites, steps).await;
    let page = "https://www.a-site.com/page";
    assert_eq!(
        requests(&seen[1]),
        ["POST https://www.a-site.com/in-303 303 +way".to_owned(), format!("GET {page} 404 way=1")]
    );
    assert_eq!(seen[1].page.url.as_ref().map(url::Url::as_str), Some("https://www.a-site.com/page#there"));
    assert_eq!(seen[1].page.status, Some(404), "the status after the redirect");
    let method = |step: usize| seen[step].exchanges[1].wire.method.as_str();
    assert_eq!((method(2), method(3)), ("POST", "GET"));
    assert!(header(&seen[3], 1, "content-type").is_none(), "the body's headers go with the body");
    assert_eq!(seen[4].exchanges.len(), 20, "a navigation ends after 19 redirects");
    assert_eq!(seen[4].page.error.as_deref(), Some("more than 19 redirects"));
    assert_eq!(seen[5].page.document_cookie, None, "the error page has no cookies");
    assert_eq!(seen[7].exchanges.len(), 21, "a fetch after 20");
    assert_eq!((seen[7].page.status, codes(&seen[7].page.cors)), (Some(302), "network".to_owned()));
    assert_eq!(seen[8].refused, ["elsewhere.example:443"]);
    assert_eq!(seen[8].page.url.as_ref().map(url::Url::as_str), Some("https://elsewhere.example/"));
}

#[tokio::test]
async fn a_bad_certificate_ends_the_connection() {
    for certificate in ["expired", "wrong-host", "self-signed"] {
        let sites = format!(
            "[origins.a]\nurl = \"https://a.example\"\n[origins.bad]\nurl = \"https://bad.example\"\ncertificate = \"{certificate}\"\n"
        );
        let steps = "[[step]]\nvisit = \"bad:/\"\n[[step]]\nvisit = \"a:/\"\n[[step]]\nfetch = \"bad:/\"";
        let seen = on(&sites, steps).await;
        assert_eq!(seen[0].exchanges, []);
        let error = seen[0].page.error.as_deref().expect("an error");
        assert!(error.contains("certificate"), "{certificate}: {error}");
        assert_eq!(seen[0].page.url.as_ref().map(url::Url::as_str), Some("https://bad.example/"));
        assert_eq!((seen[2].page.readable, codes(&seen[2].page.cors)), (Some(false), "network".to_owned()));
    }
}

#[tokio::test]
async fn scripts_write_and_read_cookies_within_their_limits() {
    let steps = r#"
[[step]]
visit = "a:/"
[[step]]
document_cookie = "js=1; SameSite=Strict"
[[step]]
document_cookie = "hidden=1; HttpOnly"
[[step]]
document_cookie = true
"#;
    let sites = SITES.replace("lax=1; SameSite=Lax", "lax=1; HttpOnly; SameSite=Lax");
    let seen = on(&sites, steps).await;
    let written = seen[1].written.as_ref().expect("a line");
    assert_eq!((written.name.as_str(), written.stored), ("js", Some(true)));
    let written = seen[2].written.as_ref().expect("a line");
    assert_eq!((written.stored, codes(&written.reasons)), (Some(false), "http-only-from-script".to_owned()));
    assert_eq!(seen[3].page.document_cookie.as_deref(), Some("strict=1; none=1; js=1"));
    assert_eq!(jar(&seen[3]), ["strict", "lax", "none", "js"]);
}

#[tokio::test]
async fn what_scripts_see_is_told_where_a_step_claims_it() {
    let seen =
        on(SITES, "[[step]]\nvisit = \"a:/\"\nexpect.document_cookie = []\n[[step]]\nreload = true").await;
    assert_eq!(seen[0].page.document_cookie.as_deref(), Some("strict=1; lax=1; none=1"));
    assert_eq!(seen[1].page.document_cookie, None);
}

#[tokio::test]
async fn a_script_is_not_predicted_nor_what_follows_until_the_model_knows_again() {
    let steps = "[[step]]\nvisit = \"a:/\"\n[[step]]\neval = \"1\"\n[[step]]\nfetch = \"a:/page\"";
    let mut stage = stage("model", &format!("{SITES}{steps}"));
    let first = stage.agent.perform(&stage.plan.steps[0]).await;
    let script = stage.agent.perform(&stage.plan.steps[1]).await;
    assert_eq!(script.unpredicted.as_deref(), Some("what a script does cannot be predicted"));
    assert_eq!((script.exchanges.len(), script.jar), (0, None));
    let lost = stage.agent.perform(&stage.plan.steps[2]).await;
    let why = lost.unpredicted.expect("a reason");
    assert!(why.contains("an earlier step"), "{why}");

    let mut seen = first.clone();
    seen.jar.as_mut().expect("a jar").retain(|cookie| cookie.name == "none");
    stage.agent.adopt(&seen);
    let found = stage.agent.perform(&stage.plan.steps[2]).await;
    assert_eq!(requests(&found), ["GET https://www.a-site.com/page 200 none=1"]);
}

#[tokio::test]
async fn time_is_the_models_own() {
    let sites = SITES.replace("none=1; SameSite=None", "none=1; Max-Age=100; SameSite=None");
    let steps = "[[step]]\nvisit = \"a:/\"\n[[step]]\nreload = true";
    let mut stage = stage("model", &format!("{sites}{steps}"));
    let started = stage.agent.now();
    let seen = stage.agent.perform(&stage.plan.steps[0]).await;
    let expires = seen.jar.iter().flatten().find_map(|cookie| cookie.expires);
    assert_eq!(expires, Some(started + 100));
    stage.agent.advance(100);
    let seen = stage.agent.perform(&stage.plan.steps[1]).await;
    assert_eq!(
        requests(&seen),
        ["GET https://www.a-site.com/ 200 strict=1 lax=1 -none(expired) +strict +lax +none"]
    );
}

#[tokio::test]
async fn a_world_that_ended_answers_nothing() {
    let steps = "[[step]]\nvisit = \"a:/\"\n[[step]]\nreload = true";
    let mut stage = stage("model", &format!("{SITES}{steps}"));
    stage.agent.perform(&stage.plan.steps[0]).await;
    stage.world.close().await;
    let seen = stage.agent.perform(&stage.plan.steps[1]).await;
    assert_eq!(seen.exchanges, []);
    assert!(seen.page.error.is_some());
}

/// A page that embeds things of its own site and another's, and a frame in a frame.
const EMBEDDING: &str = r#"
[origins.a]
url = "https://www.a-site.com"
[origins.b]
url = "https://www.b-site.com"
[[origins.a.routes]]
at = "GET /"
set_cookie = ["strict=1; SameSite=Strict; Secure", "none=1; SameSite=None; Secure"]
html = "<!doctype html><title>a</title><link rel=stylesheet href=/app/s.css><script src=/assets/app.js></script><img src=https://www.b-site.com/i.png>"
[[origins.a.routes]]
at = "GET /outer"
html = "<!doctype html><title>outer</title><iframe src='https://www.b-site.com/frame'></iframe>"
[[origins.a.routes]]
at = "GET /inner"
set_cookie = ["in=1; SameSite=Strict; Secure", "part=1; SameSite=None; Secure; Partitioned"]
html = "<!doctype html><title>inner</title>"
[[origins.b.routes]]
at = "GET /frame"
html = "<!doctype html><title>frame</title><iframe src='https://www.a-site.com/inner'></iframe>"
[[origins.a.routes]]
at = "GET /scripted"
html = "<!doctype html><title>scripted</title><script>document.cookie = 'x=1'</script>"
[[origins.a.routes]]
at = "GET /racing"
html = "<!doctype html><title>racing</title><img src=/sets><img src=/other>"
[[origins.a.routes]]
at = "GET /sets"
set_cookie = ["set=1"]
[[origins.a.routes]]
at = "GET /alone"
html = "<!doctype html><title>alone</title><img src=/sets>"
"#;

#[tokio::test]
async fn what_a_page_embeds_is_loaded() {
    let seen = on(EMBEDDING, "[[step]]\nvisit = \"a:/\"\n[[step]]\nvisit = \"a:/alone\"").await;
    assert_eq!(
        requests(&seen[0])[1..],
        [
            "GET https://www.a-site.com/app/s.css 404 strict=1 none=1",
            "GET https://www.a-site.com/assets/app.js 404 strict=1 none=1",
            "GET https://www.b-site.com/i.png 404",
        ]
    );
    assert_eq!((seen[0].page.status, &seen[0].unpredicted), (Some(200), &None));
    assert_eq!(header(&seen[0], 2, "sec-fetch-dest"), Some("script"));
    assert_eq!(requests(&seen[1])[1], "GET https://www.a-site.com/sets 200 strict=1 none=1 +set");
    assert_eq!(seen[1].unpredicted, None);
}

#[tokio::test]
async fn a_frame_of_the_top_level_site_in_a_foreign_one_is_cross_site() {
    let seen = on(EMBEDDING, "[[step]]\nvisit = \"a:/\"\n[[step]]\nvisit = \"a:/outer\"").await;
    assert_eq!(
        requests(&seen[1]),
        [
            "GET https://www.a-site.com/outer 200 strict=1 none=1",
            "GET https://www.b-site.com/frame 200",
            "GET https://www.a-site.com/inner 200 none=1 -strict(same-site-strict) !in(same-site-strict) +part",
        ]
    );
    let partition =
        seen[1].jar.iter().flatten().find_map(|cookie| cookie.partition.clone()).expect("a partition");
    assert_eq!((partition.site.as_str(), partition.cross_site_ancestor), ("https://a-site.com", true));
}

#[tokio::test]
async fn a_page_that_runs_a_script_or_races_is_in_doubt() {
    for path in ["scripted", "racing"] {
        let steps = format!("[[step]]\nvisit = \"a:/{path}\"\n[[step]]\nreload = true");
        let seen = on(EMBEDDING, &steps).await;
        assert!(requests(&seen[0])[0].starts_with("GET https://www.a-site.com/"), "what is known is told");
        let why = seen[0].unpredicted.as_deref().expect("a doubt");
        assert!(why.ends_with("cannot be predicted"), "{why}");
        assert!(seen[1].unpredicted.is_some());
    }
}

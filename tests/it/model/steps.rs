//! Each action in the `model` browser: what it asks for, with which cookies, and what becomes of them.

use crate::predicting::*;

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
    assert_eq!(script.unpredicted.as_deref(), Some("cannot predict what a script does"));
    assert_eq!((script.exchanges.len(), script.jar), (0, None));
    let lost = stage.agent.perform(&stage.plan.steps[2]).await;
    let why = lost.unpredicted.expect("a reason");
    assert!(why.contains("after one that was not predicted"), "{why}");

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
headers = { X-Frame-Options = "DENY" }
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
        assert!(why.starts_with("cannot predict"), "{why}");
        assert!(seen[1].unpredicted.is_some());
    }
}

/// What the steps below need beside [`SITES`].
const MORE: &str = r#"
[origins.a]
url = "https://www.a-site.com"
[[origins.a.routes]]
at = "GET /"
set_cookie = ["lax=1; SameSite=Lax; Secure", "none=1; SameSite=None; Secure; Max-Age=1800"]
html = "<!doctype html><title>a</title>"
[[origins.a.routes]]
at = "GET /live"
set_cookie = ["socket=1; Secure"]
websocket = true
[[origins.a.routes]]
at = "GET /no-socket"
set_cookie = ["page=1; Secure"]
[[origins.a.routes]]
at = "GET /data.js"
json = { a = 1 }
[[origins.a.routes]]
at = "GET /code.js"
text = "document.cookie = 'x=1'"
[origins.b]
url = "https://www.b-site.com"
[[origins.b.routes]]
at = "POST /seen"
[[origins.b.routes]]
at = "GET /frame"
html = "<!doctype html><title>b</title>"
[[origins.b.routes]]
at = "GET /nothing"
status = 204
"#;

/// Steps, one a line.
async fn does(steps: &[&str]) -> Vec<rehearsal::observe::Observation> {
    let steps: Vec<String> = steps.iter().map(|step| format!("[[step]]\n{step}\n")).collect();
    on(MORE, &steps.concat()).await
}

#[tokio::test]
async fn beacons_and_windows_are_the_pages_doing() {
    let seen =
        does(&["visit = 'b:/frame'", "visit = 'a:/'", "beacon = 'b:/seen'", "popup = 'b:/frame'"]).await;
    assert_eq!(requests(&seen[2]), ["POST https://www.b-site.com/seen 200"]);
    assert_eq!(header(&seen[2], 0, "origin"), Some("https://www.a-site.com"));
    assert_eq!(header(&seen[2], 0, "sec-fetch-mode"), Some("no-cors"));
    assert_eq!(header(&seen[3], 0, "sec-fetch-site"), Some("cross-site"));
    assert_eq!(seen[3].page.url.as_ref().map(url::Url::as_str), Some("https://www.a-site.com/"));
}

#[tokio::test]
async fn a_script_that_is_data_does_nothing_and_another_may_do_anything() {
    let seen =
        does(&["visit = 'a:/'", "script = 'a:/data.js'", "script = 'a:/code.js'", "reload = true"]).await;
    assert_eq!(requests(&seen[1]), ["GET https://www.a-site.com/data.js 200 lax=1 none=1"]);
    assert_eq!(seen[1].unpredicted, None);
    assert!(seen[2].unpredicted.as_ref().is_some_and(|why| why.contains("code.js")));
    assert!(seen[3].unpredicted.is_some());
}

#[tokio::test]
async fn a_web_socket_is_a_handshake() {
    let seen =
        does(&["visit = 'a:/'", "websocket = 'a:/live'", "websocket = 'wss://www.a-site.com/no-socket'"])
            .await;
    assert_eq!(requests(&seen[1]), ["GET https://www.a-site.com/live 101 lax=1 none=1 +socket"]);
    assert_eq!(seen[1].page.status, Some(101));
    assert_eq!(
        requests(&seen[2]),
        ["GET https://www.a-site.com/no-socket 200 lax=1 none=1 socket=1 !page(handshake-refused)"]
    );
}

#[tokio::test]
async fn a_step_in_a_frame_has_its_ancestors() {
    let seen = does(&[
        "visit = 'a:/'",
        "iframe = 'b:/frame'",
        "iframe = 'a:/live'\ninside = 'b:/frame'",
        "storage_access = true\ninside = 'b:/frame'",
        "link = 'b:/nothing'\ninside = 'b:/frame'",
        "fetch = 'b:/seen'\ninside = 'b:/frame'",
        "link = 'a:/'\ninside = 'b:/frame'",
        "fetch = 'a:/'\ninside = 'a:/live'",
        "visit = 'a:/'",
        "fetch = 'b:/seen'\ninside = 'b:/frame'",
    ])
    .await;
    // The page's own site in a frame of another is cross-site.
    assert_eq!(
        requests(&seen[2]),
        ["GET https://www.a-site.com/live 426 none=1 -lax(same-site-lax) !socket(same-site-default-lax)"]
    );
    assert_eq!(seen[3].page.body.as_deref(), Some("granted"));
    // No content, no new document: the frame is what it was.
    assert_eq!(header(&seen[5], 0, "sec-fetch-site"), Some("same-origin"));
    assert_eq!(header(&seen[6], 0, "sec-fetch-dest"), Some("iframe"));
    assert_eq!(
        requests(&seen[6])[0].split(" +").next(),
        Some("GET https://www.a-site.com/ 200 none=1 -lax(same-site-lax) !lax(same-site-lax)")
    );
    // What was in a frame goes with its document, and all frames with the page.
    for gone in [&seen[7], &seen[9]] {
        assert!(gone.page.not_done.as_ref().is_some_and(|why| why.contains("no frame of")), "{gone:?}");
    }
}

#[tokio::test]
async fn going_back_keeps_who_started_it() {
    let seen = does(&[
        "visit = 'a:/'",
        "back = true",
        "visit = 'b:/frame'",
        "link = 'a:/'",
        "link = 'a:/#top'",
        "link = 'a:/'",
        "visit = 'b:/frame'",
        "back = true",
        "back = true",
        "back = true",
        "back = true",
    ])
    .await;
    assert_eq!(seen[1].page.not_done.as_deref(), Some("there is no page to go back to"));
    let address = |step: usize| seen[step].page.url.as_ref().map_or("", |url| url.as_str());
    let asked = |step: usize| seen[step].exchanges.len();
    assert_eq!((address(7), asked(7)), ("https://www.a-site.com/", 1));
    assert_eq!(header(&seen[7], 0, "sec-fetch-site"), Some("same-origin"));
    assert_eq!((address(8), asked(8)), ("https://www.a-site.com/#top", 1));
    assert_eq!((address(9), asked(9)), ("https://www.a-site.com/", 0));
    assert_eq!((address(10), asked(10)), ("https://www.b-site.com/frame", 1));
}

#[tokio::test]
async fn time_passes_and_a_jar_is_cleared_or_outlives_its_session() {
    let seen = does(&[
        "visit = 'a:/'",
        "advance = '29m'",
        "restart = true",
        "advance = '1m'",
        "visit = 'a:/'",
        "clear = true",
        "reload = true",
    ])
    .await;
    let left = |step: usize| seen[step].jar.iter().flatten().find_map(|cookie| cookie.expires);
    let moved = left(0).zip(left(1)).map(|(before, after)| before - after);
    assert_eq!((jar(&seen[1]), moved), (vec!["lax", "none"], Some(29 * 60)));
    assert_eq!(jar(&seen[2]), ["none"]);
    assert_eq!(jar(&seen[3]), [""; 0]);
    assert_eq!((jar(&seen[4]), jar(&seen[5])), (vec!["lax", "none"], vec![]));
    assert_eq!(requests(&seen[6]), ["GET https://www.a-site.com/ 200 +lax +none"]);
}

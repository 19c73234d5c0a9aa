//! What pages ask for by themselves, judged by following real browsers: each kind of request, in every engine.

use serde_json::Value;

use crate::command::{engines, rehearsal, run_json};

/// A page that does all by itself, in scripts and by what it embeds; an API on another site, and a frame of it.
const PAGE: &str = r##"
title = "What a page asks for by itself"

[origins.web]
url = "https://app.acme-shop.io"

[[origins.web.routes]]
at = "GET /"
set_cookie = ["own=1; Path=/; Secure; SameSite=Strict"]
html = """<!doctype html><title>shop</title>
<button id="omits">log in</button><button id="includes">log in</button><button id="all">all</button>
<script>
const api = "https://api.other-shop.io";
document.cookie = "theme=dark; Path=/";
omits.onclick = () => { window.asked = fetch(api + "/login", {method: "POST"}).catch(() => 0) };
includes.onclick = () => { window.asked = fetch(api + "/login", {method: "POST", credentials: "include"}).then(() => fetch(api + "/me", {credentials: "include"})) };
all.onclick = () => {
  const xhr = new Promise(done => { const x = new XMLHttpRequest(); x.open("PUT", api + "/xhr"); x.withCredentials = true; x.onloadend = done; x.send() });
  const image = new Promise(done => { const i = new Image(); i.onload = i.onerror = done; i.src = api + "/image" });
  const frame = new Promise(done => { const f = document.createElement("iframe"); f.onload = done; f.src = api + "/frame"; document.body.append(f) });
  navigator.sendBeacon(api + "/beacon", "x");
  const moved = fetch("/moved", {credentials: "include"}).catch(() => 0);
  const own = fetch("/own");
  window.asked = Promise.all([xhr, image, frame, moved, own]);
};
</script>"""

[[origins.web.routes]]
at = "GET /own"
json = {}

[[origins.web.routes]]
at = "GET /moved"
redirect = "https://api.other-shop.io/me"

[origins.api]
url = "https://api.other-shop.io"

[origins.api.cors]
allow_origins = ["https://app.acme-shop.io"]
allow_methods = ["GET", "POST", "PUT"]
allow_credentials = true

[[origins.api.routes]]
at = "POST /login"
set_cookie = ["sid=s1; Path=/; HttpOnly; Secure; SameSite=None", "lax=1; Path=/; Secure; SameSite=Lax"]
json = {}

[[origins.api.routes]]
at = "GET /me"
json = {}

[[origins.api.routes]]
at = "PUT /xhr"
set_cookie = ["xhr=1; Path=/; Secure; SameSite=None"]
json = {}

[[origins.api.routes]]
at = "GET /image"
text = "none"

[[origins.api.routes]]
at = "POST /beacon"
text = "heard"

[[origins.api.routes]]
at = "GET /frame"
html = "<!doctype html><script>document.cookie = 'fromscript=1; Path=/'; fetch('/me')</script>"

[[step]]
visit = "web:/"
expect.document_cookie = ["own", "theme"]

[[step]]
click = "#omits"

[[step]]
eval = "window.asked.then(() => 1)"

[[step]]
click = "#includes"

[[step]]
eval = "window.asked.then(() => 1)"

[[step]]
click = "#all"

[[step]]
eval = "window.asked.then(() => new Promise(done => setTimeout(done, 200)))"
"##;

/// Every exchange of a run with the path, in order.
fn exchanges<'r>(run: &'r Value, method: &str, path: &str) -> Vec<&'r Value> {
    let steps = run["steps"].as_array().expect("steps");
    let all = steps.iter().flat_map(|step| step["exchanges"].as_array().expect("exchanges"));
    let is_it = |exchange: &&Value| {
        exchange["method"] == method && exchange["url"].as_str().is_some_and(|url| url.ends_with(path))
    };
    all.filter(is_it).collect()
}

#[test]
fn what_pages_ask_for_is_judged_as_a_steps_own_request_is() {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), PAGE).expect("a scenario");
    for engine in engines() {
        let name = engine.as_str();
        let (code, document) = run_json(&[file.path().as_os_str(), "--browser".as_ref(), name.as_ref()]);
        let run = &document["runs"][0];
        assert_eq!(code, 0, "{name}: {run:#}");
        assert_eq!(run["drift"], serde_json::json!([]), "{name}");
        assert_eq!(run["unjudged_steps"], 0, "{name}");

        let logins = exchanges(run, "POST", "/login");
        let [omitted, included] = logins.as_slice() else { panic!("{name}: two logins: {logins:#?}") };
        let reasons = &omitted["set_cookie"][0]["reasons"];
        let blocks = name == "webkit";
        assert_eq!(omitted["asked"]["on_behalf_of"], "page", "{name}");
        assert_eq!(omitted["asked"]["by"], "https://app.acme-shop.io", "{name}");
        if !blocks {
            assert_eq!(*reasons, serde_json::json!(["credentials-omitted"]), "{name}");
            assert_eq!(omitted["asked"]["credentials"], "same-origin", "{name}");
            assert_eq!(included["asked"]["credentials"], "include", "{name}");
            assert_eq!(included["set_cookie"][0]["stored"], true, "{name}");
        }
        // A browser that takes nothing of a third party does not come to look at SameSite.
        let why = if blocks { "third-party-blocked" } else { "same-site-lax" };
        assert_eq!(included["set_cookie"][1]["reasons"], serde_json::json!([why]), "{name}: {included:#}");
        // Nothing is asked twice of a server: no exchange that the browser did not have.
        for (method, path, times) in
            [("GET", "io/", 1), ("GET", "/own", 1), ("GET", "/moved", 1), ("PUT", "/xhr", 1)]
        {
            assert_eq!(exchanges(run, method, path).len(), times, "{name}: {method} {path}");
        }
        let after_redirect =
            exchanges(run, "GET", "/me").into_iter().filter(|me| me["asked"]["mode"] == "cors");
        assert!(after_redirect.count() >= 2, "{name}");
        let xhr = &exchanges(run, "PUT", "/xhr")[0]["asked"];
        assert_eq!((&xhr["credentials"], &xhr["readable"]), (&"include".into(), &true.into()), "{name}");
        let frame = &exchanges(run, "GET", "/frame")[0]["asked"];
        assert_eq!(
            (&frame["mode"], &frame["by"]),
            (&"navigate".into(), &"https://app.acme-shop.io".into()),
            "{name}"
        );
    }
}

/// A page whose script forgets `credentials`, as in a report of a user's.
#[test]
fn a_script_that_omits_credentials_is_told_why() {
    let scenario = PAGE.replace("click = \"#omits\"\n", "click = \"#omits\"\nexpect.stored = [\"sid\"]\n");
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), scenario).expect("a scenario");
    for engine in engines().into_iter().filter(|engine| engine.as_str() != "webkit") {
        let name = engine.as_str();
        let output = rehearsal()
            .args(["run", "--browser", name])
            .arg(file.path())
            .output()
            .expect("it can be started");
        let report = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{report}");
        assert!(report.contains(&format!("seen in {name}: not stored (credentials-omitted)")), "{report}");
        assert!(report.contains("credentials: same-origin"), "{report}");
        assert!(report.contains("^ credentials-omitted"), "the caret: {report}");
    }
}

/// A jar can be made older, and the moment a cookie was set cannot: what hangs on that is not judged.
#[test]
fn two_minutes_that_no_driver_can_let_pass_are_not_judged() {
    let scenario = r#"
title = "A SAML answer, five minutes later"
[origins.sp]
url = "https://app.example.com"
[[origins.sp.routes]]
at = "GET /start"
set_cookie = ["saml=1; Path=/; Secure"]
html = "<!doctype html><title>start</title>"
[[origins.sp.routes]]
at = "POST /acs"
html = "<!doctype html><title>in</title>"
[origins.idp]
url = "https://idp.example.net"
[[step]]
visit = "sp:/start"
expect.stored = ["saml"]
[[step]]
advance = "5m"
[[step]]
visit = "idp:/"
[[step]]
form = { url = "sp:/acs", method = "POST", fields = { SAMLResponse = "x" } }
expect.not_sent = ["saml"]
"#;
    if !engines().iter().any(|engine| engine.as_str() == "chromium") {
        return;
    }
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), scenario).expect("a scenario");
    let (code, document) = run_json(&[file.path().as_os_str(), "--browser".as_ref(), "chromium".as_ref()]);
    let run = &document["runs"][0];
    assert_eq!(code, 0, "what was judged held: {run:#}");
    assert_eq!(run["drift"], serde_json::json!([]));
    assert_eq!(run["steps"][3]["outcome"], "not_judged", "{run:#}");
    let why = run["steps"][3]["unpredicted"].as_str().expect("it says why");
    assert!(why.contains("two minutes") && why.contains("`saml`"), "{why}");
}

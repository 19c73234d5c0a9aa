//! What a claim that fails in a run is told, and the fix for it, also in a framework's own words.

use super::*;

/// The login of A2, by an author who believes that it works.
const BELIEVED: &str = r#"
title = "A login that is believed to work"

[origins.web]
url = "https://gmb-front-end-wl.vercel.app"

[origins.api]
url = "https://wlbegmb.mbgtesting.site"
cors = { allow_origins = ["https://gmb-front-end-wl.vercel.app"], allow_credentials = true }

[[origins.api.routes]]
at = "POST /login"
set_cookie = ["token=t1; HttpOnly; Path=/; SameSite=Lax"]

[[origins.api.routes]]
at = "GET /me"
require_cookie = "token"
json = { user = "admin" }

[[step]]
visit = "web:/"

[[step]]
fetch = { url = "api:/login", method = "POST", credentials = "include" }
expect.stored = ["token"]

[[step]]
fetch = { url = "api:/me", credentials = "include" }
expect.status = 200
expect.json = { user = "admin" }
expect.not_sent = ["other"]
"#;

#[test]
fn a_claim_that_fails_in_a_run_is_explained_once_and_fixed() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("believed.toml");
    std::fs::write(&path, BELIEVED).expect("the scenario can be written");
    let run = |arguments: &[&str]| {
        let output = command::rehearsal().arg("run").arg(&path).args(arguments).env("NO_COLOR", "1").output();
        let output = output.expect("rehearsal can be started");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).expect("it writes UTF-8")
    };
    let text = run(&["--browser=model"]);
    let text = text.split("\nscenario ").next().unwrap_or_default();
    approve("in-a-run", &text.replace(&path.display().to_string(), "believed.toml"));

    let document: serde_json::Value =
        serde_json::from_str(&run(&["--browser=model", "--format=json"])).expect("it is JSON");
    let failures: Vec<&serde_json::Value> = document["runs"][0]["steps"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|step| step["failures"].as_array().expect("a list"))
        .collect();
    assert_eq!(failures.len(), 3);
    for failure in failures {
        assert_eq!(failure["explanation"]["reasons"][0]["reason"], "same-site-lax", "{failure}");
        let after = failure["fix"]["changes"][0]["after"][0].as_str();
        assert_eq!(after, Some("Set-Cookie: token=t1; HttpOnly; Path=/; SameSite=None; Secure"), "{failure}");
    }
}

/// Nothing of it works: no credentials, no SameSite, no CORS.
const THREE_CAUSES: &str = r#"title = "My login"

[origins.web]
url = "https://shop.example.com"

[origins.api]
url = "https://api.example.org"

[[origins.api.routes]]
at = "POST /login"
set_cookie = ["sid=1; HttpOnly"]

[[origins.api.routes]]
at = "GET /me"
require_cookie = "sid"

[[step]]
visit = "web:/"

[[step]]
fetch = { url = "api:/login", method = "POST" }
expect.status = 200

[[step]]
fetch = { url = "api:/me" }
expect.status = 200
expect.cors = "readable"
"#;

#[test]
fn what_fails_alike_in_several_browsers_is_told_once_and_mended_by_one_fix() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("login.toml");
    std::fs::write(&path, THREE_CAUSES).expect("the scenario can be written");
    let output = command::rehearsal()
        .args(["run", "--browser=model,model:firefox,model:webkit"])
        .arg(&path)
        .env("NO_COLOR", "1")
        .output()
        .expect("rehearsal can be started");
    let text = String::from_utf8(output.stdout).expect("it writes UTF-8");
    let text = text.split("\nscenario ").next().unwrap_or_default();
    approve("in-several-browsers", &text.replace(&path.display().to_string(), "login.toml"));
}

/// What the page may read without credentials it may read with them: the star has to go.
#[test]
fn a_fix_takes_no_answer_away() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("login.toml");
    let open = "[origins.api.cors]\nallow_origins = [\"*\"]\n\n[[origins.api.routes]]\nat = \"POST /login\"";
    let scenario = THREE_CAUSES.replacen("[[origins.api.routes]]\nat = \"POST /login\"", open, 1);
    std::fs::write(&path, scenario).expect("the scenario can be written");
    let output = command::rehearsal()
        .args(["run", "--browser=model", "--format=json"])
        .arg(&path)
        .output()
        .expect("rehearsal can be started");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let failures = &document["runs"][0]["steps"][2]["failures"];
    assert_eq!(failures.as_array().map(Vec::len), Some(1), "the answer can be read: {failures}");
    let changes = failures[0]["fix"]["changes"].to_string();
    for needed in [
        "Access-Control-Allow-Origin: https://shop.example.com",
        "Access-Control-Allow-Credentials: true",
        "SameSite=None",
        "include",
    ] {
        assert!(changes.contains(needed), "{needed} is not in {changes}");
    }
}

/// A back end's cookies come from settings, and so do their fixes: in each framework's own words.
#[test]
fn a_fix_of_a_framework_names_its_setting() {
    let back_ends = [
        (
            "[origins.api.django]\nCORS_ALLOWED_ORIGINS = [\"https://app.vercel.app\"]\n\
             CORS_ALLOW_CREDENTIALS = true",
            "sessionid",
            ["SESSION_COOKIE_SECURE = True", "SESSION_COOKIE_SAMESITE = \"None\""],
        ),
        (
            "[origins.api.starlette]\nCORSMiddleware = { allow_origins = [\"https://app.vercel.app\"], \
             allow_credentials = true }\nSessionMiddleware = { secret_key = \"s\" }",
            "session",
            ["SessionMiddleware: https_only = True", "SessionMiddleware: same_site = \"none\""],
        ),
        (
            "[origins.api.express]\ncors = { origin = \"https://app.vercel.app\", credentials = true }\n\
             express-session = { secret = \"s\", resave = false, saveUninitialized = false }",
            "connect.sid",
            ["session: cookie.secure: true", "session: cookie.sameSite: \"none\""],
        ),
    ];
    for (settings, cookie, fixed) in back_ends {
        let exempt = if settings.contains("django") { "csrf_exempt = true" } else { "" };
        let scenario = format!(
            "title = \"a session for another site\"\n[origins.web]\nurl = \"https://app.vercel.app\"\n\
             [origins.api]\nurl = \"https://api.example.com\"\n{settings}\n\
             [[origins.api.routes]]\nat = \"POST /login/\"\ndoes = \"login\"\n{exempt}\n\
             [[step]]\nvisit = \"web:/\"\n[[step]]\nexpect.stored = [\"{cookie}\"]\n\
             fetch = {{ url = \"api:/login/\", method = \"POST\", credentials = \"include\" }}\n"
        );
        let document = run(&scenario);
        let failure = &document["runs"][0]["steps"][1]["failures"][0];
        let after = &failure["fix"]["changes"][0]["after"];
        assert_eq!(after, &serde_json::json!(fixed), "{failure:#}");
    }
}

/// What lets a page read an answer of a framework is its setting, with and without a proxy in front.
#[test]
fn a_cors_fix_of_a_framework_names_its_setting() {
    let call = "fetch = { url = \"api:/me\", credentials = \"include\", headers = { X-Tenant = \"a\" } }";
    let back_ends = [
        (
            "django = { CORS_ALLOWED_ORIGINS = [\"https://other.example.com\"] }",
            vec![
                "CORS_ALLOWED_ORIGINS = [\"https://other.example.com\", \"https://app.example.com\"]",
                "CORS_ALLOW_CREDENTIALS = True",
                "\"x-tenant\"]",
            ],
        ),
        (
            "django = { }",
            vec![
                "CORS_ALLOWED_ORIGINS = [\"https://app.example.com\"]",
                "MIDDLEWARE: `CorsMiddleware` first",
            ],
        ),
        (
            "starlette = { CORSMiddleware = { allow_origins = [\"*\"] } }",
            vec![
                "CORSMiddleware: allow_origins = [\"https://app.example.com\"]",
                "CORSMiddleware: allow_credentials = True",
                "CORSMiddleware: allow_headers = [\"x-tenant\"]",
            ],
        ),
        (
            "express = { cors = { allowedHeaders = \"content-type\" } }",
            vec![
                "cors: origin: \"https://app.example.com\"",
                "cors: credentials: true",
                "cors: allowedHeaders: \"content-type,x-tenant\"",
            ],
        ),
    ];
    let proxied = "url = \"https://api.example.com\"\nnginx.location.\"/\".proxy_pass = \"http://api:8000\"\n\
                   [origins.behind]\nurl = \"http://api:8000\"";
    for (settings, fixed) in back_ends {
        for (place, name) in [("url = \"https://api.example.com\"", "api"), (proxied, "behind")] {
            let scenario = format!(
                "title = \"another origin\"\n[origins.web]\nurl = \"https://app.example.com\"\n\
                 [origins.api]\n{place}\n{settings}\n[[origins.{name}.routes]]\nat = \"GET /me\"\njson = {{}}\n\
                 [[step]]\nvisit = \"web:/\"\n[[step]]\nexpect.cors = \"readable\"\n{call}\n"
            );
            let document = run(&scenario);
            let fix = &document["runs"][0]["steps"][1]["failures"][0]["fix"];
            let change = &fix["changes"][0];
            assert!(
                change["place"].as_str().is_some_and(|place| place.ends_with(&format!("of `{name}`"))),
                "{fix}"
            );
            let after: Vec<&str> =
                change["after"].as_array().expect("lines").iter().filter_map(|line| line.as_str()).collect();
            for line in &fixed {
                assert!(after.iter().any(|told| told.contains(line)), "{line} is not in {after:?}");
            }
        }
    }
}

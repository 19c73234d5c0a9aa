//! `rehearsal audit`: what it finds in a scenario that is wrong, and does not find in one that is right.

use crate::command;
use std::collections::BTreeSet;
use std::path::Path;

use crate::command::rehearsal;
use serde_json::Value;

/// A system with every mistake of the checklists.
const WRONG: &str = r#"
title = "Everything that can be wrong"

[origins.web]
url = "https://www.shop.example"

[origins.old]
url = "http://old.shop.example"

[origins.api]
url = "https://api.shop.example"

[origins.api.cors]
allow_origins = ["https://www.shop.example", "http://localhost:3000"]
allow_credentials = true

[origins.mirror]
url = "https://mirror.example"

[origins.legacy]
url = "https://legacy.example"
nginx.location."/".proxy_pass = "http://legacy:3000"

[origins.admin]
url = "https://admin.shop.example"
express.express-session = { secret = "s", name = "admin", cookie = { secure = true } }

[origins.behind]
url = "http://legacy:3000"
express.express-session = { secret = "s", cookie = { secure = true } }

[[origins.behind.routes]]
at = "GET /login"
does = "login"

[[origins.mirror.routes]]
at = "GET /me"
headers = { Access-Control-Allow-Origin = "https://attacker.invalid", Access-Control-Allow-Credentials = "true" }
json = { user = "admin" }

[[origins.api.routes]]
at = "POST /login"
set_cookie = ["session=s1; Path=/; Domain=shop.example; SameSite=None; Secure", "session=s0; Path=/; Secure; HttpOnly; SameSite=Lax", "sid=s2; Path=/", "jwt=j; Domain=localhost; Secure; HttpOnly; SameSite=Lax"]
json = { detail = "welcome" }

[[origins.api.routes]]
at = "POST /transfer"
require_cookie = "session"
json = { sent = 100 }

[[origins.api.routes]]
at = "POST /auth/token"
json = { detail = "welcome" }

[[origins.api.routes]]
at = "GET /vip"
require_cookie = "vip"
json = { vip = true }

[[origins.api.routes]]
at = "POST /logout"
set_cookie = ["session=; Max-Age=0; Path=/"]
json = { detail = "bye" }

[[origins.api.routes]]
at = "GET /oauth"
redirect = "http://localhost:8000/auth/callback"

[[origins.api.routes]]
at = "GET /partner"
redirect = "https://old.partner.example/"

[[step]]
visit = "web:/"

[[step]]
fetch = { url = "api:/login", method = "POST", credentials = "include" }

[[step]]
fetch = { url = "api:/transfer", method = "POST", credentials = "include" }

[[step]]
fetch = { url = "api:/auth/token", method = "POST", credentials = "include" }

[[step]]
fetch = { url = "mirror:/me", credentials = "include" }

[[step]]
fetch = { url = "api:/transfer", method = "POST" }
expect.status = 200

[[step]]
fetch = { url = "api:/logout", method = "POST", credentials = "include" }

[[step]]
image = "api:/assets/logo.png"

[[step]]
link = "api:/oauth"

[[step]]
visit = "api:/partner"

[[step]]
visit = "old:/"

[[step]]
visit = "legacy:/login"
"#;

/// A back end with settings for each of its mistakes, behind a proxy.
const SETTINGS: &str = r#"
title = "Settings that are wrong"

[origins.web]
url = "https://www.shop.example"

[origins.api]
url = "https://api.shop.example"

[origins.api.nginx.location."/"]
proxy_pass = "http://django:8000"
proxy_set_header = { Host = "$host", X-Forwarded-Proto = "$scheme" }

[origins.django]
url = "http://django:8000"

[origins.django.django]
SECURE_PROXY_SSL_HEADER = ["HTTP_X_FORWARDED_PROTO", "https"]
SESSION_COOKIE_HTTPONLY = false
SESSION_COOKIE_SAMESITE = false
CORS_ALLOW_ALL_ORIGINS = true
CORS_ALLOW_CREDENTIALS = true
CORS_ALLOWED_ORIGINS = ["http://localhost:3000"]

[[origins.django.routes]]
at = "POST /login/"
does = "login"
csrf_exempt = true

[[origins.django.routes]]
at = "GET /me/"
does = "me"

[origins.express]
url = "https://old.shop.example"

[origins.express.express]
cors = { origin = "https://other.shop.example" }

[[origins.express.routes]]
at = "GET /me"
json = {}

[[step]]
visit = "web:/"

[[step]]
fetch = { url = "api:/login/", method = "POST", credentials = "include" }

[[step]]
fetch = { url = "api:/me/", credentials = "include" }

[[step]]
fetch = { url = "express:/me", credentials = "include" }
"#;

#[test]
fn a_finding_names_the_setting_that_fixes_it() {
    let (_, document) = audit_text(SETTINGS, &[]);
    let told = document["scenarios"][0]["findings"].as_array().expect("a list");
    for (check, setting) in [
        ("insecure-cookie", "`SESSION_COOKIE_SECURE = True`, in Django's settings of `django`"),
        ("script-readable-session", "`SESSION_COOKIE_HTTPONLY = True`"),
        ("unset-same-site", "`SESSION_COOKIE_SAMESITE = \"Lax\"`"),
        ("readable-by-everyone", "`CORS_ALLOW_ALL_ORIGINS = True`, in Django's settings of `django`"),
        ("no-hsts", "`SECURE_HSTS_SECONDS = 31536000`"),
        (
            "unreadable-answer",
            "`cors: origin: [\"https://other.shop.example\", \"https://www.shop.example\"]`",
        ),
        ("localhost-left", "CORS_ALLOWED_ORIGINS has http://localhost:3000"),
    ] {
        let found = told.iter().any(|finding| {
            finding["check"] == check && finding.to_string().contains(&setting.replace('"', "\\\""))
        });
        assert!(found, "{check}: {setting} is not told: {told:#?}");
    }
}

/// The same services, with nothing of it.
const RIGHT: &str = r#"
title = "Nothing is wrong"

[origins.web]
url = "https://www.shop.example"

[[origins.web.routes]]
at = "GET /"
headers = { Strict-Transport-Security = "max-age=31536000" }
html = "<!doctype html><title>shop</title>"

[origins.api]
url = "https://api.shop.example"

[origins.api.cors]
allow_origins = ["https://www.shop.example"]
allow_credentials = true

[[origins.api.routes]]
at = "POST /login"
headers = { Strict-Transport-Security = "max-age=31536000" }
set_cookie = ["__Host-session=s1; Path=/; Secure; HttpOnly; SameSite=Lax"]
json = { detail = "welcome" }

[[origins.api.routes]]
at = "POST /transfer"
require_cookie = "__Host-session"
json = { sent = 100 }

[[origins.api.routes]]
at = "POST /logout"
set_cookie = ["__Host-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"]
json = { detail = "bye" }

[[step]]
visit = "web:/"

[[step]]
fetch = { url = "api:/login", method = "POST", credentials = "include" }

[[step]]
fetch = { url = "api:/transfer", method = "POST", credentials = "include" }

[[step]]
fetch = { url = "api:/logout", method = "POST", credentials = "include" }
"#;

fn audit(arguments: &[&str]) -> (Option<i32>, Value) {
    let output = rehearsal().args(["audit", "--format", "json"]).args(arguments).output().expect("it starts");
    let document = serde_json::from_slice(&output.stdout);
    let document =
        document.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), document)
}

fn audit_text(scenario: &str, arguments: &[&str]) -> (Option<i32>, Value) {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), scenario).expect("a scenario");
    let path: &Path = file.path();
    audit(&[&[path.to_str().expect("the path is text")], arguments].concat())
}

fn codes(document: &Value) -> BTreeSet<String> {
    let findings = document["scenarios"].as_array().into_iter().flatten();
    let findings = findings.flat_map(|scenario| scenario["findings"].as_array().into_iter().flatten());
    findings.filter_map(|finding| finding["check"].as_str()).map(str::to_owned).collect()
}

#[test]
fn every_check_finds_what_it_is_about() {
    let (code, document) = audit_text(WRONG, &[]);
    assert_eq!(code, Some(1));
    let all: BTreeSet<String> =
        rehearsal::audit::Check::ALL.iter().map(|check| check.code().to_owned()).collect();
    let found = codes(&document);
    assert_eq!(found, all, "{document:#}");
}

#[test]
fn where_nothing_is_wrong_nothing_is_found() {
    let (code, document) = audit_text(RIGHT, &["--fail-on", "low"]);
    assert_eq!(code, Some(0), "{document:#}");
    assert_eq!(codes(&document), BTreeSet::new());
}

#[test]
fn a_finding_stands_on_an_exchange_and_a_line() {
    let (_, document) = audit_text(WRONG, &[]);
    let findings = document["scenarios"][0]["findings"].as_array().expect("a list");
    let of = |check: &str| findings.iter().find(|finding| finding["check"] == check).expect("it is found");
    let survives = of("survives-logout");
    assert_eq!(survives["severity"], "high");
    assert_eq!(survives["step"], 6);
    let line = survives["line"].as_u64().expect("a line");
    let text = WRONG.lines().nth(usize::try_from(line).expect("small") - 1).expect("the line is there");
    assert!(text.contains("api:/logout"), "{text}");
    let fix = survives["fix"].as_str().expect("a fix");
    assert!(fix.contains("Domain=shop.example"), "{fix}");
    let forged = findings.iter().filter(|finding| finding["check"] == "forgeable-request");
    let forged: Vec<String> = forged.map(|finding| finding["evidence"].to_string()).collect();
    assert!(forged.iter().any(|seen| seen.contains("POST https://api.shop.example/transfer")), "{forged:?}");
    assert!(of("readable-by-everyone")["evidence"].to_string().contains("attacker.invalid"));
}

#[test]
fn how_grave_is_too_grave_is_asked() {
    let mild = RIGHT.replace("headers = { Strict-Transport-Security = \"max-age=31536000\" }\n", "");
    assert_eq!(audit_text(&mild, &[]).0, Some(0), "low findings do not fail it");
    let (code, document) = audit_text(&mild, &["--fail-on", "low"]);
    assert_eq!((code, codes(&document)), (Some(1), BTreeSet::from(["no-hsts".to_owned()])));
}

/// Scenarios of ours, and what each is about in the words of the audit.
const SHIPPED: &[(&str, &[&str])] = &[
    ("topologies/d12-tls-ends-at-the-edge/the-app-trusts-no-proxy.toml", &["cookie-left-out"]),
    ("vercel-django-kong/a1-front-end-missing-from-cors.toml", &["unreadable-answer", "refused-cookie"]),
    ("vercel-django-kong/a2-lax-on-another-site.toml", &["refused-cookie", "insecure-cookie"]),
    ("vercel-django-kong/a3-fixed-where-third-party-cookies-live.toml", &["wide-domain", "refused-cookie"]),
    ("two-am-deploy/b2-domain-localhost-in-production.toml", &["localhost-left", "refused-cookie"]),
    ("two-am-deploy/b4-subdomains-do-not-need-none.toml", &["weak-same-site"]),
    ("two-am-deploy/b8-flags/secure-over-plain-http.toml", &["plain-http", "refused-cookie"]),
    ("two-am-deploy/b11-callback-on-localhost.toml", &["localhost-left"]),
    ("two-am-deploy/b13-what-the-evil-page-gets-sent.toml", &["forgeable-request"]),
    (
        "two-am-deploy/b16-checklist/left-as-on-the-laptop.toml",
        &["localhost-left", "refused-cookie", "insecure-cookie", "unreadable-answer", "credentials-omitted"],
    ),
    ("jwt-cors/c2-wildcard-with-credentials.toml", &["unreadable-answer"]),
    ("topologies/d6-needless-none-invites-forgery.toml", &["forgeable-request"]),
    ("topologies/d8-paths/assets-outside-the-prefix.toml", &["dead-path"]),
    ("topologies/d11-logout-without-domain.toml", &["survives-logout"]),
    ("django-nextjs/e2-include-on-the-login-too.toml", &["credentials-omitted"]),
];

#[test]
fn in_each_broken_scenario_it_finds_what_that_is_about() {
    let scenarios = command::scenarios();
    // What real browsers make of them is asked elsewhere; here it is what an audit makes of that.
    let models = "model:chromium,model:firefox,model:webkit";
    let (code, document) = audit(&[scenarios.to_str().expect("the path is text"), "--browser", models]);
    assert_eq!(code, Some(3), "where a page's script decides, the models say that they cannot tell");
    let found = |name: &str| {
        let audited = document["scenarios"].as_array().into_iter().flatten();
        let of_name = |one: &&Value| one["scenario"].as_str().is_some_and(|path| path.ends_with(name));
        codes(&serde_json::json!({ "scenarios": audited.filter(of_name).collect::<Vec<_>>() }))
    };
    for (name, checks) in SHIPPED {
        for check in *checks {
            assert!(found(name).contains(*check), "{name} lacks {check}: {:?}", found(name));
        }
    }
    assert_eq!(found("two-am-deploy/b16-checklist/ready.toml"), BTreeSet::new());
    assert!(!codes(&document).contains("failed-expectation"), "what is shipped holds, broken as it is");
}

/// A system that is right and does not do what is expected of it.
const DISAPPOINTING: &str = r#"
title = "It does not work"

[origins.web]
url = "https://www.shop.example"

[[origins.web.routes]]
at = "GET /"
headers = { Strict-Transport-Security = "max-age=31536000" }
html = "<!doctype html><title>shop</title>"

[[step]]
visit = "web:/"
expect.status = 204

[[step]]
reload = true
expect.status = 204
expect.url = "web:/elsewhere"
"#;

#[test]
fn an_expectation_that_fails_is_a_finding_of_its_own() {
    let (code, document) = audit_text(DISAPPOINTING, &[]);
    assert_eq!(code, Some(1), "{document:#}");
    assert_eq!(codes(&document), BTreeSet::from(["failed-expectation".to_owned()]));
    let findings = document["scenarios"][0]["findings"].as_array().expect("a list");
    let claims: Vec<&str> = findings
        .iter()
        .map(|finding| {
            let line = finding["line"].as_u64().and_then(|line| usize::try_from(line).ok()).expect("a line");
            DISAPPOINTING.lines().nth(line - 1).expect("the line is there")
        })
        .collect();
    let expected = ["expect.status = 204", "expect.status = 204", "expect.url = \"web:/elsewhere\""];
    assert_eq!(claims, expected, "two claims that are spelt alike are two: {document:#}");
    let steps: Vec<Option<u64>> = findings.iter().map(|finding| finding["step"].as_u64()).collect();
    assert_eq!(steps, [Some(0), Some(1), Some(1)]);
    for finding in findings {
        assert_eq!(finding["severity"], "high");
        let browsers = serde_json::json!(["model:chromium", "model:firefox", "model:webkit"]);
        assert_eq!(finding["browsers"], browsers, "what all of them show is said once");
        let fix = finding["fix"].as_str().expect("a fix");
        assert!(fix.contains("rehearsal run ") && fix.contains(" --browser model:chromium"), "{fix}");
    }
    assert_eq!(findings[0]["message"], "expected status 204, and the answer was 200");
    assert_eq!(findings[0]["evidence"][0], "in chromium, firefox and webkit: 200");
}

#[test]
fn a_scenario_that_cannot_be_run_is_no_scenario_without_a_finding() {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), RIGHT).expect("a scenario");
    let run = |format: &str| {
        rehearsal()
            .env("REHEARSAL_CHROMIUM", "/nowhere/chromium")
            .args(["audit", "--browser", "chromium", "--format", format])
            .arg(file.path())
            .output()
            .expect("rehearsal can be started")
    };
    let output = run("json");
    assert_eq!(output.status.code(), Some(3));
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    let error = document["scenarios"][0]["errors"][0].as_str().expect("an error");
    assert!(error.contains("chromium is not installed"), "{error}");
    let said = String::from_utf8(run("terminal").stdout).expect("a report is text");
    assert!(said.contains("could not be run: chromium is not installed"), "{said}");
}

#[test]
fn steps_that_nothing_can_be_found_in_are_counted() {
    let script = format!("{RIGHT}\n[[step]]\neval = \"1\"\nexpect.json = 2\n");
    let models = ["--fail-on", "low", "--browser", "model,model:firefox"];
    let (code, document) = audit_text(&script, &models);
    assert_eq!(code, Some(3), "what nobody has looked at is not without a finding: {document:#}");
    assert_eq!(document["scenarios"][0]["unjudged_steps"], 1);
    assert_eq!(document["scenarios"][0]["unseen_steps"], 1);
    let (_, document) = audit_text(RIGHT, &[]);
    assert_eq!(document["scenarios"][0]["unjudged_steps"], 0);
}

/// A preview's front end, and a server that lets origins in by `cors`.
fn preview(cors: &str) -> String {
    format!(
        r#"
title = "A preview"

[origins.web]
url = "https://acme-git-x.vercel.app"

[origins.api]
url = "https://api.acme-shop.example"
express.cors = {cors}
express.express-session = {{ secret = "s", cookie = {{ secure = true, sameSite = "none" }} }}

[[origins.api.routes]]
at = "GET /login"
does = "login"

[[origins.api.routes]]
at = "GET /me"
does = "me"

[[step]]
visit = "api:/login"

[[step]]
visit = "web:/"

[[step]]
fetch = {{ url = "api:/me", credentials = "include" }}
"#
    )
}

/// The headlines about who may read an answer.
fn readable(document: &Value) -> Vec<String> {
    let scenarios = document["scenarios"].as_array().into_iter().flatten();
    let findings = scenarios.flat_map(|scenario| scenario["findings"].as_array().into_iter().flatten());
    let readable = findings.filter(|finding| finding["check"] == "readable-by-everyone");
    readable.map(|finding| finding["message"].as_str().expect("a headline").to_owned()).collect()
}

#[test]
fn whoever_a_careless_comparison_of_origins_lets_in_is_found() {
    let evil = ["https://evilvercel.app", "https://another-customer.vercel.app"];
    for (cors, in_, out) in [
        (
            r"{ origin = '/vercel\.app$/', credentials = true }",
            &evil[..],
            &["https://acme-git-x.vercel.app.attacker"][..],
        ),
        (
            r"{ origin = '/acme-.*vercel.app/', credentials = true }",
            &["https://acme-git-x.vercel.app.attacker.invalid"],
            &evil,
        ),
        (
            r"{ origin = '/^https:\/\/acme-git-x.vercel\.app$/', credentials = true }",
            &["https://acme-git-xxvercel.app"],
            &evil,
        ),
        (
            r"{ origin = '/acme-git-x\.vercel\.app$/', credentials = true }",
            &["http://acme-git-x.vercel.app"],
            &evil,
        ),
        (r#"{ origin = ["https://acme-git-x.vercel.app", "null"], credentials = true }"#, &["`null`"], &evil),
        (r#"{ origin = ["https://acme-git-x.vercel.app"], credentials = true }"#, &[], &evil),
    ] {
        let (_, document) = audit_text(&preview(cors), &[]);
        let readable = readable(&document);
        assert_eq!(readable.is_empty(), in_.is_empty(), "{cors}: {readable:?}");
        let has = |origin: &&str| readable.iter().any(|headline| headline.contains(*origin));
        assert!(in_.iter().all(&has), "{cors}: {readable:?}");
        assert!(!out.iter().any(has), "{cors}: {readable:?}");
    }
    // Who lets anybody in is told so once, and of nobody else.
    let (_, document) = audit_text(&preview("{ origin = true, credentials = true }"), &[]);
    let headlines = readable(&document);
    assert!(
        !headlines.is_empty() && headlines.iter().all(|headline| headline.starts_with("any site may read")),
        "{headlines:?}"
    );
}

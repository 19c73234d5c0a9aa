//! Fixes that would do harm, and explanations that would not be true: each was seen once, and must not come back.

use crate::command::rehearsal;
use serde_json::Value;

const ACROSS: [&str; 4] = [
    "--page=https://app.example.com/",
    "--request=https://api.example.net/session",
    "--method=POST",
    "--credentials=include",
];

/// What `explain` says, in one line, for a call across sites.
fn across(arguments: &[&str]) -> String {
    told(rehearsal().arg("explain").args(ACROSS).args(arguments))
}

fn told(command: &mut std::process::Command) -> String {
    let output = command.env("NO_COLOR", "1").output().expect("rehearsal can be started");
    let text = String::from_utf8(output.stdout).expect("it writes UTF-8");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The failures of a scenario in the model of a browser, by step, and the report.
fn run(scenario: &str, browser: &str) -> (Vec<Vec<Value>>, String) {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), scenario).expect("the scenario can be written");
    let mut command = rehearsal();
    command.args(["run", "--browser", browser]).arg(file.path());
    let report = told(&mut command);
    let output = command.arg("--format=json").output().expect("rehearsal can be started");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{report}"));
    let steps = document["runs"][0]["steps"].as_array().expect("there are steps");
    let failures = |step: &Value| step["failures"].as_array().cloned().unwrap_or_default();
    (steps.iter().map(failures).collect(), report)
}

#[test]
fn what_needs_none_is_not_said_to_work_with_strict() {
    for line in ["sid=1; Path=/; HttpOnly", "sid=1; SameSite=Strict"] {
        let said = across(&["--browser=chromium", &format!("--set-cookie={line}")]);
        assert!(said.contains("SameSite=None"), "{said}");
        assert!(!said.contains("`SameSite=Strict` works") && !said.contains("`SameSite=Lax` also"), "{said}");
    }
}

#[test]
fn a_deletion_that_is_refused_leaves_the_cookie_and_is_told_so() {
    let before = "--before=sid=1; Path=/; Secure; SameSite=None";
    let said = across(&["--browser=chromium", before, "--set-cookie=sid=; Path=/; Max-Age=0"]);
    assert!(said.contains("chromium does not delete the cookie `sid`"), "{said}");
    assert!(said.contains("the cookie stays, and is sent on") && !said.contains("goes without it"), "{said}");
    assert!(said.contains("+ Set-Cookie: sid=; Path=/; Max-Age=0; Secure; SameSite=None"), "{said}");
}

#[test]
fn a_cookie_in_a_partition_is_deleted_by_a_line_with_partitioned() {
    let before = "--before=sid=1; Path=/; Secure; SameSite=None; Partitioned";
    let line = "--set-cookie=sid=; Path=/; Max-Age=0; Secure; SameSite=None";
    let said = across(&["--browser=chromium", before, line]);
    assert!(said.contains("`Path=/` and `Partitioned`"), "{said}");
    assert!(
        said.contains("+ Set-Cookie: sid=; Path=/; Max-Age=0; Secure; SameSite=None; Partitioned"),
        "{said}"
    );
    // A cookie that is never there need not be deleted, which would be no fix.
    assert!(!said.contains("SameSite=Lax"), "{said}");
}

#[test]
fn an_answer_may_set_a_cookie_and_delete_another_of_its_name() {
    let lines =
        ["--set-cookie=sid=1; Domain=example.net; Path=/; Secure", "--set-cookie=sid=; Path=/; Max-Age=0"];
    let page = "--page=https://www.example.net/";
    let said =
        told(rehearsal().args(["explain", page, "--request=https://www.example.net/login"]).args(lines));
    assert!(said.contains("stored and sent everywhere") && !said.contains("error"), "{said}");
}

#[test]
fn a_header_that_is_sent_twice_is_to_be_sent_once() {
    let answer = "HTTP/1.1 200\r\nAccess-Control-Allow-Origin: https://app.example.com\r\n\
                  Access-Control-Allow-Credentials: true\r\n\
                  Access-Control-Allow-Origin: https://app.example.com\r\n\r\n";
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), answer).expect("the answer can be written");
    let response = format!("--response={}", file.path().display());
    let said = across(&["--browser=chromium", &response]);
    assert!(said.contains("sent more than once") && said.contains("once more"), "{said}");
    assert!(said.contains("- Access-Control-Allow-Origin: https://app.example.com"), "{said}");
}

#[test]
fn credentials_for_the_pages_own_origin_need_no_include() {
    let page = "--page=https://app.example.com/";
    let request = "--request=https://app.example.com/me";
    let said = told(rehearsal().args(["explain", page, request, "--credentials=omit", "--set-cookie=sid=1"]));
    assert!(said.contains("+") && !said.contains("\"include\""), "{said}");
}

/// A front end and an API on two sites, each with a cookie of the same name.
const TWO_HOSTS: &str = r#"
title = "The same name at two origins"
[origins.web]
url = "https://www.front.com"
[[origins.web.routes]]
at = "GET /"
set_cookie = ["sid=w; Path=/; HttpOnly; Secure; SameSite=Strict"]
html = "<!doctype html><title>web</title>"
[origins.api]
url = "https://api.back.net"
[origins.api.cors]
allow_origins = ["https://www.front.com"]
allow_credentials = true
[[origins.api.routes]]
at = "GET /"
set_cookie = ["sid=a; Path=/; HttpOnly; Secure; SameSite=Lax"]
html = "<!doctype html><title>api</title>"
[[origins.api.routes]]
at = "GET /me"
require_cookie = "sid"
json = {}
[[step]]
visit = "api:/"
[[step]]
visit = "web:/"
[[step]]
fetch = { url = "api:/me", credentials = "include" }
expect.sent = ["sid"]
"#;

#[test]
fn a_cookie_of_another_host_is_left_as_it_is() {
    let (_, report) = run(TWO_HOSTS, "model:chromium");
    assert!(report.contains("Set-Cookie: sid=a; Path=/; HttpOnly; Secure; SameSite=Lax"), "{report}");
    assert!(!report.contains("sid=w"), "{report}");
}

/// A login that lacks what a payment by another site's page must not have.
const CONTRADICTION: &str = r#"
title = "A login across sites, and a forged payment"
[origins.web]
url = "https://www.front.com"
[origins.evil]
url = "https://evil.org"
[origins.api]
url = "https://api.back.net"
[origins.api.cors]
allow_origins = ["https://www.front.com"]
allow_credentials = true
[[origins.api.routes]]
at = "POST /login"
set_cookie = ["token=t1; Path=/; HttpOnly; SameSite=Lax; Secure"]
json = {}
[[origins.api.routes]]
at = "POST /pay"
json = {}
[[step]]
visit = "web:/"
[[step]]
fetch = { url = "api:/login", method = "POST", credentials = "include" }
expect.stored = ["token"]
[[step]]
visit = "evil:/"
[[step]]
form = { url = "api:/pay", method = "POST" }
expect.not_sent = ["token"]
"#;

#[test]
fn a_fix_keeps_what_the_scenario_expects_elsewhere() {
    let (_, report) = run(CONTRADICTION, "model:chromium");
    assert!(report.contains("fix, predicted to work"), "{report}");
    let header_alone = report.contains("+ Set-Cookie: token=t1; Path=/; HttpOnly; SameSite=None");
    assert!(!header_alone || report.contains("does not hold with it"), "{report}");
}

/// A call by a document that is not the page that was visited.
fn by_another_document(steps: &str) -> String {
    let origins = r#"
title = "A call by another document"
[origins.top]
url = "https://www.top.org"
[[origins.top.routes]]
at = "GET /moved"
redirect = "web:/"
[origins.web]
url = "https://www.front.com"
[origins.api]
url = "https://api.front.com"
[[origins.api.routes]]
at = "GET /me"
json = {}
"#;
    format!("{origins}\n{steps}\nexpect.cors = \"readable\"\n")
}

#[test]
fn the_document_that_asks_is_a_frames_or_where_a_redirect_led() {
    for steps in [
        "[[step]]\nvisit = \"top:/\"\n[[step]]\niframe = \"web:/w\"\n\
         [[step]]\ninside = \"web:/w\"\nfetch = \"api:/me\"",
        "[[step]]\nvisit = \"top:/moved\"\n[[step]]\nfetch = \"api:/me\"",
        "[[step]]\nvisit = \"web:/\"\n[[step]]\nvisit = \"top:/\"\n[[step]]\nback = true\n\
         [[step]]\nfetch = \"api:/me\"",
    ] {
        let (_, report) = run(&by_another_document(steps), "model:chromium");
        assert!(report.contains("The page's origin is https://www.front.com"), "{report}");
        assert!(report.contains("+ Access-Control-Allow-Origin: https://www.front.com"), "{report}");
    }
}

/// A CSRF token that the page's scripts are to read.
const DOUBLE_SUBMIT: &str = r#"
title = "A token on the API's host"
[origins.web]
url = "https://app.acme.io"
[origins.api]
url = "https://api.acme.io"
[origins.api.cors]
allow_origins = ["https://app.acme.io"]
allow_credentials = true
[[origins.api.routes]]
at = "GET /csrf"
set_cookie = ["csrftoken=abc; Path=/; Secure; SameSite=Lax"]
json = {}
[[step]]
visit = "web:/"
[[step]]
fetch = { url = "api:/csrf", credentials = "include" }
expect.document_cookie = ["csrftoken"]
"#;

#[test]
fn why_scripts_do_not_see_a_cookie_is_told_and_mended_where_it_may_be() {
    let (failures, report) = run(DOUBLE_SUBMIT, "model:chromium");
    assert_eq!(failures[1].len(), 1, "{report}");
    assert!(report.contains("does not show scripts the cookie `csrftoken`, which is stored"), "{report}");
    assert!(report.contains("Domain=acme.io"), "{report}");
    // HttpOnly is there to hide it.
    let hidden = DOUBLE_SUBMIT.replace("SameSite=Lax\"", "SameSite=Lax; Domain=acme.io; HttpOnly\"");
    let (_, report) = run(&hidden, "model:chromium");
    assert!(report.contains("http-only: the cookie is HttpOnly"), "{report}");
    assert!(!report.contains("fix, predicted"), "{report}");
}

#[test]
fn a_cookie_that_a_refused_line_was_to_delete_is_still_stored() {
    let scenario = r#"
title = "A logout across sites"
[origins.web]
url = "https://www.front.com"
[origins.api]
url = "https://api.back.net"
[origins.api.cors]
allow_origins = ["https://www.front.com"]
allow_credentials = true
[[origins.api.routes]]
at = "POST /login"
set_cookie = ["sid=1; Path=/; Secure; SameSite=None"]
json = {}
[[origins.api.routes]]
at = "POST /logout"
set_cookie = ["sid=; Path=/; Max-Age=0"]
json = {}
[[step]]
visit = "web:/"
[[step]]
fetch = { url = "api:/login", method = "POST", credentials = "include" }
expect.stored = ["sid"]
[[step]]
fetch = { url = "api:/logout", method = "POST", credentials = "include" }
expect.not_stored = ["sid"]
"#;
    let (failures, report) = run(scenario, "model:chromium");
    assert_eq!((failures[1].len(), failures[2].len()), (0, 1), "{report}");
    assert!(report.contains("the jar holds the cookie from before"), "{report}");
    assert!(report.contains("fix, predicted to work"), "{report}");
}

#[test]
fn this_machine_is_asked_by_one_name() {
    let explained = |page: &str, request: &str| {
        told(
            rehearsal()
                .arg("explain")
                .args(["--method=POST", "--credentials=include", "--set-cookie=sid=1"])
                .args([format!("--page={page}"), format!("--request={request}")]),
        )
    };
    for (page, request, better) in [
        ("http://localhost:3000", "http://127.0.0.1:8000/login", "+ http://localhost:8000"),
        ("http://127.0.0.1:3000", "http://localhost:8000/login", "+ http://127.0.0.1:8000"),
        // The page's own server, by its other name.
        ("http://localhost:8000", "http://127.0.0.1:8000/login", "+ http://localhost:8000/login"),
    ] {
        let said = explained(page, request);
        assert!(said.contains(better) && said.contains("the address by which the page asks"), "{said}");
        assert!(!said.contains("SameSite=None"), "{said}");
    }
    // Names under `localhost` stand for hosts that are apart in production.
    let said = explained("http://app.localhost:3000", "http://api.localhost:8000/login");
    assert!(!said.contains("the address by which the page asks"), "{said}");
}

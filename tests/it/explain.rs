//! `rehearsal explain`, as its reader sees it; and its fixes, in a real browser.
//!
//! Each question below has its answer beside it in `tests/explanations`. Look at the text as its reader
//! would: does it say what happened, why, and what to change?

use crate::command;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use rehearsal::browser_name::BrowserName;
use rehearsal::cli::{Cli, Command};
use rehearsal::diagnostic::Span;
use rehearsal::edit::{Edits, apply};
use rehearsal::explain::Fix;
use rehearsal::explain::question::{Answer, answer};
use rehearsal::outcome::Outcome;
use rehearsal::plan::{Absent, Action, Claim, Plan, Readable, Sent, Stored};
use rehearsal::run;
use tokio_util::sync::CancellationToken;

/// Questions about the rows of the five documents: the row, what is asked, and a reason it must name.
const ROWS: [(&str, &str, &[&str]); 10] = [
    (
        "a2-lax-on-another-site",
        "same-site-lax",
        &[
            "--page=https://gmb-front-end-wl.vercel.app",
            "--request=https://wlbegmb.mbgtesting.site/api/v1/auth/login/",
            "--method=POST",
            "--credentials=include",
            "--header=Content-Type: application/json",
            "--set-cookie=user_access_token=t1; HttpOnly; Max-Age=86400; Path=/; SameSite=Lax",
        ],
    ),
    (
        "a3-under-block-third-party",
        "third-party-blocked",
        &[
            "--page=https://gmb-front-end-wl.vercel.app",
            "--request=https://wlbegmb.mbgtesting.site/api/v1/auth/login/",
            "--method=POST",
            "--credentials=include",
            "--set-cookie=user_access_token=t1; Domain=.mbgtesting.site; HttpOnly; Path=/; SameSite=None; Secure",
            "--browser=chromium:block-third-party,webkit",
        ],
    ),
    (
        "b2-domain-localhost-in-production",
        "domain-mismatch",
        &[
            "--page=https://cat-therapist-hub.com",
            "--request=https://api.cat-therapist-hub.com/auth/login",
            "--method=POST",
            "--credentials=include",
            "--set-cookie=session_token=s1; Domain=localhost; HttpOnly; Path=/; SameSite=lax; Secure",
        ],
    ),
    (
        "b4-subdomains-and-none",
        "same-site-none-insecure",
        &[
            "--page=https://app.cat-therapist-hub.com",
            "--request=https://api.cat-therapist-hub.com/auth/login",
            "--method=POST",
            "--credentials=include",
            "--set-cookie=session_token=s1; HttpOnly; Max-Age=1800; Path=/; SameSite=None",
        ],
    ),
    (
        "c2-wildcard-with-credentials",
        "cors-wildcard-with-credentials",
        &[
            "--page=https://www.site.com",
            "--request=https://api.site.com/v1/login",
            "--credentials=include",
            "--response=tests/explanations/wildcard.http",
        ],
    ),
    (
        "d7-secure-over-plain-http",
        "secure-required",
        &[
            "--page=http://app.example.com",
            "--request=http://api.example.com/login",
            "--method=POST",
            "--credentials=include",
            "--set-cookie=platform_session=p1; Domain=.example.com; Path=/; HttpOnly; Secure; SameSite=Strict",
        ],
    ),
    (
        "d7-secure-over-a-raw-address",
        "secure-required",
        &[
            "--page=http://10.0.0.7",
            "--request=http://10.0.0.7/login",
            "--method=POST",
            "--set-cookie=platform_session=p1; Path=/; HttpOnly; Secure; SameSite=Strict",
        ],
    ),
    (
        "d11-logout-without-domain",
        "not deleted",
        &[
            "--page=https://app.example.com",
            "--request=https://api.example.com/logout",
            "--method=POST",
            "--credentials=include",
            "--before=platform_session=p1; Max-Age=86400; Domain=.example.com; Path=/; HttpOnly; Secure; SameSite=Strict",
            "--set-cookie=platform_session=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0",
        ],
    ),
    (
        "e2-without-include",
        "credentials-omitted",
        &[
            "--page=http://localhost:3000",
            "--request=http://localhost:8000/api/login/",
            "--method=POST",
            "--set-cookie=sessionid=s1; HttpOnly; Max-Age=1209600; Path=/; SameSite=None; Secure",
        ],
    ),
    (
        "e5-partitioned",
        "third-party-blocked",
        &[
            "--page=https://frontend.example",
            "--request=https://backend.example.net/api/login/",
            "--method=POST",
            "--credentials=include",
            "--set-cookie=sessionid=s1; HttpOnly; Max-Age=1209600; Path=/; SameSite=None; Secure",
        ],
    ),
];

/// Further questions, for what they look like.
const MORE: [(&str, &[&str]); 19] = [
    (
        "works-and-none-is-needless",
        &[
            "--page=https://app.example.com",
            "--request=https://api.example.com/login",
            "--method=POST",
            "--credentials=include",
            "--set-cookie=sid=1; HttpOnly; Path=/; SameSite=None; Secure",
        ],
    ),
    (
        "works",
        &[
            "--page=https://app.example.com",
            "--request=https://api.example.com/login",
            "--credentials=include",
            "--response=tests/explanations/good.http",
        ],
    ),
    (
        "typed-into-the-address-bar",
        &[
            "--request=https://www.example.com/",
            "--set-cookie=__Host-sid=1; Path=/app; Secure",
            "--set-cookie=b=1; Domain=com",
        ],
    ),
    (
        "preflight-refused",
        &[
            "--page=https://app.example.com",
            "--request=https://api.example.com/items/1",
            "--method=PUT",
            "--credentials=include",
            "--header=X-Tenant: one",
            "--response=tests/explanations/good.http",
            "--preflight=tests/explanations/preflight-405.http",
        ],
    ),
    (
        "preflight-refused-and-no-response",
        &[
            "--page=https://app.example.com",
            "--request=https://api.example.com/items/1",
            "--method=PUT",
            "--credentials=include",
            "--set-cookie=sid=1; Secure; HttpOnly",
            "--preflight=tests/explanations/preflight-405.http",
        ],
    ),
    (
        "one-machine-by-two-names",
        &[
            "--page=http://localhost:3000",
            "--request=http://127.0.0.1:8000/login",
            "--method=POST",
            "--credentials=include",
            "--set-cookie=sid=1; HttpOnly; SameSite=Lax",
        ],
    ),
    (
        "link-from-another-site",
        &[
            "--page=https://mail.example.org",
            "--request=https://shop.example.com/",
            "--as=navigation",
            "--set-cookie=sid=1; Path=/; Secure; SameSite=Strict",
        ],
    ),
    (
        "next-request-to-the-apex",
        &[
            "--page=https://app.example.com",
            "--request=https://api.example.com/auth/login",
            "--credentials=include",
            "--set-cookie=sid=1; Path=/auth; Secure; HttpOnly; SameSite=Lax",
            "--then=https://example.com/profile",
        ],
    ),
    (
        "two-cookies-and-no-cors",
        &[
            "--page=https://www.site.com",
            "--request=https://othersite.com/login",
            "--method=POST",
            "--as=xhr",
            "--response=tests/explanations/no-cors.http",
            "--browser=chromium,firefox",
        ],
    ),
    (
        "mixed-content",
        &[
            "--page=https://www.site.com",
            "--request=http://api.site.com/",
            "--set-cookie=a=1",
            "--browser=firefox",
        ],
    ),
    ("too-large", &["--request=https://a.example.com/", "--set-cookie=LARGE; Path=/; Secure; SameSite=Lax"]),
    (
        "folded-into-one",
        &[
            "--request=https://shop.example.com/",
            "--set-cookie=a=1; Path=/; Secure; SameSite=Lax, b=2; Path=/; Secure; SameSite=Lax",
        ],
    ),
    (
        "form-post-of-an-identity-provider",
        &[
            "--page=https://idp.example.net/",
            "--request=https://app.example.com/acs",
            "--as=navigation",
            "--method=POST",
            "--before=sid=1; Path=/; Secure; SameSite=Lax",
        ],
    ),
    (
        "path-by-default",
        &[
            "--request=https://app.example.com/api/auth/login",
            "--set-cookie=sid=1; Secure; SameSite=Lax",
            "--then=https://app.example.com/me",
        ],
    ),
    (
        "login-without-a-cookie",
        &[
            "--page=https://app.example.com",
            "--request=https://api.example.com/v1/login",
            "--method=POST",
            "--credentials=include",
            "--response=tests/explanations/silent.http",
        ],
    ),
    (
        "login-page-under-fetch",
        &[
            "--page=https://app.example.com",
            "--request=https://api.example.com/v1/me",
            "--credentials=include",
            "--response=tests/explanations/to-login.http",
        ],
    ),
    (
        "nearly-the-origin",
        &[
            "--page=https://app.example.com",
            "--request=https://api.example.com/v1/me",
            "--credentials=include",
            "--response=tests/explanations/http-origin.http",
        ],
    ),
    (
        "a-library-by-its-cookie",
        &[
            "--page=https://shop-git-x.vercel.app",
            "--request=https://api.example.com/login",
            "--method=POST",
            "--credentials=include",
            "--set-cookie=connect.sid=s%3Aabcdefghijklmnopqrstuvwxyz0123456789.abcdefghijklmnopqrstuvwxyz; Path=/; HttpOnly; Secure; SameSite=Lax",
            "--browser=chromium",
        ],
    ),
    (
        "call-and-then-another",
        &[
            "--page=https://app.example.com",
            "--request=https://api.example.com/login",
            "--method=POST",
            "--credentials=include",
            "--header=content-type: application/json",
            "--set-cookie=sid=1; Path=/auth; Secure; HttpOnly; SameSite=Lax",
            "--then=https://api.example.com/me",
        ],
    ),
];

/// Questions that are none.
const WRONG: [(&str, &[&str]); 20] = [
    ("nothing to explain", &["--request=https://a.example.com/"]),
    ("no scheme", &["--request=a.example.com/login", "--set-cookie=a=1"]),
    ("another scheme", &["--request=ftp://a.example.com/", "--set-cookie=a=1"]),
    ("a port and no scheme", &["--request=localhost:8000", "--set-cookie=a=1"]),
    ("a user name", &["--request=https://me:secret@a.example.com/", "--set-cookie=a=1"]),
    ("typed with POST", &["--request=https://a.example.com/", "--method=POST", "--set-cookie=a=1"]),
    (
        "credentials without a page",
        &["--request=https://a.example.com/", "--credentials=include", "--set-cookie=a=1"],
    ),
    ("as without a page", &["--request=https://a.example.com/", "--as=image", "--set-cookie=a=1"]),
    (
        "a link with PUT",
        &[
            "--page=https://a.example.com/",
            "--request=https://b.example.com/",
            "--as=navigation",
            "--method=put",
            "--set-cookie=a=1",
        ],
    ),
    (
        "credentials of an image",
        &[
            "--page=https://a.example.com/",
            "--request=https://b.example.com/",
            "--as=image",
            "--credentials=include",
            "--set-cookie=a=1",
        ],
    ),
    (
        "no method",
        &[
            "--page=https://a.example.com/",
            "--request=https://b.example.com/",
            "--method=GET /",
            "--set-cookie=a=1",
        ],
    ),
    (
        "no header",
        &[
            "--page=https://a.example.com/",
            "--request=https://b.example.com/",
            "--header=X",
            "--set-cookie=a=1",
        ],
    ),
    ("no browser", &["--request=https://a.example.com/", "--browser=safari", "--set-cookie=a=1"]),
    ("no file", &["--request=https://a.example.com/", "--response=tests/explanations/missing.http"]),
    ("an empty answer", &["--request=https://a.example.com/", "--response=tests/explanations/empty.http"]),
    ("a page", &["--request=https://a.example.com/", "--response=tests/explanations/page.http"]),
    (
        "an interim answer",
        &["--request=https://a.example.com/", "--response=tests/explanations/interim.http"],
    ),
    (
        "no cookie, and nobody reads",
        &["--request=https://a.example.com/", "--response=tests/explanations/no-cookie.http"],
    ),
    (
        "a framework that is none",
        &["--request=https://a.example.com/", "--set-cookie=a=1", "--framework=djungo"],
    ),
    ("a broken answer", &["--request=https://a.example.com/", "--response=tests/explanations/broken.http"]),
];

#[test]
fn every_answer_is_as_approved() {
    for (name, reason, arguments) in ROWS {
        let (code, out, talk) = explain(arguments);
        assert_eq!((code, talk.as_str()), (1, ""), "{name}");
        assert!(out.contains(reason), "{name}: {out}");
        approve(name, &out);
    }
    for (name, arguments) in MORE {
        let (code, out, talk) = explain(arguments);
        assert_eq!((code != 0, talk.as_str()), (!name.starts_with("works"), ""), "{name}");
        approve(name, &out);
    }
}

#[test]
fn every_mistake_in_a_question_is_told() {
    let mut text = String::new();
    for (name, arguments) in WRONG {
        let (code, out, talk) = explain(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{name}");
        text.push_str(&format!("# {name}\n{talk}\n"));
    }
    let (code, _, talk) = explain(&["--request=https://a.example.com/", "--set-cookie=a=1\u{1}"]);
    assert_eq!(code, 2);
    text.push_str(&format!("# a control character\n{talk}"));
    approve("mistakes", &text);
}

#[test]
fn the_document_says_the_same() {
    let mut arguments = ROWS[0].2.to_vec();
    arguments.push("--format=json");
    let (code, out, _) = explain(&arguments);
    assert_eq!(code, 1);
    let document: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(document["version"], 1);
    assert_eq!(document["relation"], "cross-site");
    let browsers = document["browsers"].as_array().expect("a list");
    assert_eq!(browsers.len(), 4);
    assert!(
        browsers
            .iter()
            .all(|browser| browser["predicted"] == true && browser["set_cookie"][0]["stored"] == false)
    );
    assert_eq!(browsers[0]["set_cookie"][0]["reasons"][0], "same-site-lax");
    let header = &document["explanations"][0]["header"];
    let (start, end) = (header["faults"][0]["start"].as_u64(), header["faults"][0]["end"].as_u64());
    let range = start.expect("a start") as usize..end.expect("an end") as usize;
    assert_eq!(&header["text"].as_str().expect("a text")[range], "SameSite=Lax");
    let after = &document["fix"]["changes"][0]["after"][0];
    assert!(after.as_str().is_some_and(|line| line.contains("SameSite=None; Secure")), "{after}");
    assert_eq!(document["not_fixed_in"][0]["browser"], "model:webkit");
    assert!(document["everywhere"]["changes"][0]["place"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fix_passes_in_chromium_and_nothing_passes_without_it() {
    if !command::chromium_or_say_so() {
        return;
    }
    for policy in ["chromium", "chromium:block-third-party"] {
        let browser: BrowserName = policy.parse().expect("a browser");
        let model = BrowserName { model: true, ..browser };
        let mut plans = Vec::new();
        let mut expected = Vec::new();
        for (name, _, arguments) in ROWS {
            let answer = asked(arguments).await;
            let mut add = |what: &str, edits: &Edits, works: bool| {
                let (plan, _) = apply(&answer.plan, edits).expect("it was applied before");
                plans.push(Arc::new(expecting(plan, &format!("{name}: {what}"), &answer)));
                expected.push(if works { Outcome::Passed } else { Outcome::Failed });
            };
            if let Some(outcome) = answer.outcomes.iter().find(|outcome| outcome.browser == model) {
                add("as it was", &Edits::new(), outcome.works);
            }
            let fixes: Vec<&Fix> = answer.remedy.fix.iter().chain(&answer.remedy.everywhere).collect();
            assert!(!fixes.is_empty(), "{name} has no fix");
            for fix in fixes.into_iter().filter(|fix| fix.works_in.contains(&model)) {
                add("fixed", &fix.edits, true);
            }
        }
        let guard = PathBuf::from(env!("CARGO_BIN_EXE_rehearsal"));
        let options = run::Options { jobs: 2, ..run::Options::new(vec![browser], guard) };
        let runs = run::run(&plans, &options, &CancellationToken::new(), |_| {}).await.expect("an authority");
        assert_eq!(runs.len(), plans.len());
        let mut wrong = Vec::new();
        for (run, expected) in runs.iter().zip(expected) {
            let failures = run.steps.iter().flat_map(|step| &step.failures);
            let told: Vec<&str> = failures.map(|failed| failed.failure.message.as_str()).collect();
            if run.outcome() != expected || !run.drift.is_empty() {
                let (title, error) = (&run.plan.title, &run.error);
                wrong.push(format!(
                    "{policy}: {title}: {:?}, {told:?}, {error:?}, {:?}",
                    run.outcome(),
                    run.drift
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[tokio::test]
async fn none_is_never_the_fix_where_page_and_api_are_one_site() {
    let sites = [
        ("https://app.example.com", "https://api.example.com/login"),
        ("https://example.com", "https://example.com:8443/login"),
        ("http://localhost:3000", "http://localhost:8000/login"),
        ("https://a.example.co.uk", "https://b.example.co.uk/login"),
    ];
    let lines = [
        "sid=1; SameSite=None",
        "sid=1; Domain=other.example",
        "__Host-sid=1; Path=/x; SameSite=None",
        "sid=1; Partitioned",
        "sid=1; Secure; Domain=com; SameSite=Strict",
        "__Secure-sid=1; SameSite=Lax",
    ];
    for (page, request) in sites {
        for line in lines {
            for mode in ["omit", "include"] {
                let arguments = [
                    format!("--page={page}"),
                    format!("--request={request}"),
                    format!("--credentials={mode}"),
                    format!("--set-cookie={line}"),
                ];
                let answer = asked(&arguments.each_ref().map(String::as_str)).await;
                let remedy = &answer.remedy;
                for fix in remedy.fix.iter().chain(&remedy.everywhere) {
                    let after = fix.changes.iter().flat_map(|change| &change.after);
                    let lines: Vec<&String> = after.filter(|line| line.starts_with("Set-Cookie")).collect();
                    let says_none = lines.iter().any(|line| line.contains("SameSite=None"));
                    assert!(!says_none, "{page} {request} {line}: {lines:?}");
                    let star =
                        fix.changes.iter().flat_map(|change| &change.after).any(|line| line.ends_with(": *"));
                    assert!(!star, "{page} {request} {line}");
                }
                assert!(answer.works() || remedy.fix.is_some(), "{page} {request} {line} {mode}: no fix");
            }
        }
    }
}

#[tokio::test]
async fn whatever_is_asked_there_is_an_answer() {
    let lines = [
        "",
        "=",
        ";",
        ";;;=;",
        "a",
        "=b",
        " = ; Domain=; Path=",
        "a=1; Domain=.",
        "a=1; Domain=..com",
        "a=1; Path=x; Path",
        "__Host-",
        "__Host-=; Secure",
        "=__Secure-a",
        "a=1; SameSite",
        "a=1; SameSite=none; samesite=LAX; Partitioned",
        "é=ü; Domain=bücher.example",
        "a=1; Max-Age=-9999999999999999999",
        "a=1; Expires=1970",
        "a=\t1; Domain=[::1]",
    ];
    let places = [
        ("https://[::1]:8443/x", "http://1.2.3.4/"),
        ("https://bücher.example/", "https://bücher.example/a%20b/*"),
        ("http://localhost", "https://a.b.co.uk:444/?q#f"),
        ("https://com", "https://vercel.app"),
    ];
    for (index, line) in lines.iter().enumerate() {
        let (page, request) = places[index % places.len()];
        let arguments =
            [format!("--page={page}"), format!("--request={request}"), format!("--set-cookie={line}")];
        let answer = asked(&arguments.each_ref().map(String::as_str)).await;
        assert_eq!(answer.outcomes.len(), 4, "{line}");
    }
}

/// What `curl -iL` prints of a login that redirects.
const FOLLOWED: &str = "HTTP/1.1 100 Continue\r\n\r\n\
    HTTP/2 302 \r\nlocation: /home?from=login\r\nset-cookie: sid=1; Path=/; Secure; SameSite=Lax\r\n\r\n\
    HTTP/2 200 \r\nset-cookie: seen=1; Path=/; Secure; SameSite=Lax\r\n\r\nhello\n";

#[test]
fn of_several_answers_the_first_is_looked_at_and_the_others_are_told_of() {
    let several = "the response has 2 answers; the first, HTTP 302, is looked at: ask about the next with --request \
                   https://app.example.com/home?from=login";
    let (code, out, talk) = explain_answer(FOLLOWED, &["--request=https://app.example.com/login"]);
    assert_eq!((code, talk.as_str()), (0, ""), "{out}");
    assert!(flat(&out).contains(several), "{out}");
    assert!(out.contains("sid  stored and sent") && !out.contains("seen"), "{out}");
    // A redirect alone is judged in the same way.
    let (alone, _) = FOLLOWED.split_once("HTTP/2 200").expect("it has a second answer");
    let (code, out, _) = explain_answer(alone, &["--request=https://app.example.com/login"]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("the redirect (302) is not followed") && out.contains("sid  stored and sent"),
        "{out}"
    );
    assert!(!out.contains("answers;"), "{out}");
    // What led nowhere else is not told to lead on.
    let refused = FOLLOWED.replace("302", "401");
    let (_, out, _) = explain_answer(&refused, &["--request=https://app.example.com/login"]);
    let several = "the response has 2 answers; the first, HTTP 401, is looked at: ask about each of the others on its own";
    assert!(flat(&out).contains(several), "{out}");
}

#[test]
fn a_slip_in_a_line_is_told() {
    for (line, told) in [
        (
            "sid=1; Secure; Http-Only",
            "browsers ignore the unknown attribute `Http-Only`: did you mean `HttpOnly`?",
        ),
        (
            "sid=1; Secure; max age=60",
            "browsers ignore the unknown attribute `max age`: did you mean `Max-Age`?",
        ),
        (
            "sid=1; Secure; domian=example.com",
            "browsers ignore the unknown attribute `domian`: did you mean `Domain`?",
        ),
        (
            "sid=1; Secure; SameSite=Laxx",
            "browsers ignore `SameSite=Laxx` and treat the cookie as if it had none: did you mean `SameSite=Lax`?",
        ),
        ("sid=1; Secure; Max-Age=1h", "`Max-Age=1h` is no number of seconds, and most browsers ignore it"),
        (
            "sid=1; Secure, SameSite=None",
            "attributes are separated by `;`, and a `,` stands before `SameSite`",
        ),
    ] {
        let line = format!("--set-cookie={line}");
        let (_, out, talk) = explain(&["--request=https://app.example.com/", &line]);
        assert!(flat(&out).contains(&format!("note: {told}")) && talk.is_empty(), "{line}: {out}");
    }
    // Of several lines it is said which is meant, and programs are told the same.
    let answer = "HTTP/2 200 \r\nset-cookie: a=1; Secur\r\nset-cookie: b=1; Secure\r\n\r\n";
    let arguments = ["--request=https://app.example.com/", "--format=json"];
    let (_, out, _) = explain_answer(answer, &arguments);
    let document: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    let note = "in the line of `a`: browsers ignore the unknown attribute `Secur`: did you mean `Secure`?";
    assert_eq!(document["notes"], serde_json::json!([note]));
    let well = "--set-cookie=Set-Cookie: sid=1; Path=/; Secure; HttpOnly; SameSite=Lax; Priority=High";
    let (_, out, _) = explain(&["--request=https://app.example.com/", well]);
    assert!(!out.contains("note:"), "{out}");
}

#[test]
fn a_line_that_deletes_what_it_seems_to_set_is_told() {
    let long_past = "--set-cookie=sid=1; Path=/; Secure; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    let note = "note: `Expires` is in the past: this line deletes the cookie `sid` instead of setting it.";
    let (_, out, _) = explain(&["--request=https://app.example.com/", long_past]);
    assert!(flat(&out).contains(note), "{out}");
    for (age, over) in [("0", "is 0"), ("-1", "is below 0")] {
        let line = format!("--set-cookie=sid=1; Max-Age={age}");
        let (_, out, _) = explain(&["--request=https://app.example.com/", &line]);
        assert!(flat(&out).contains(&format!("`Max-Age` {over}: this line deletes")), "{out}");
    }
    // Where something is to be deleted nobody is surprised.
    for more in [long_past, "--set-cookie=sid=; Path=/; Secure; Max-Age=0"] {
        let before = "--before=sid=1; Path=/; Secure";
        let (_, out, _) = explain(&["--request=https://app.example.com/", before, more]);
        assert!(!out.contains("instead of setting it"), "{more}: {out}");
    }
    let empty = "--set-cookie=sid=; Path=/; Secure; Max-Age=0";
    let (_, out, _) = explain(&["--request=https://app.example.com/", empty]);
    assert!(!out.contains("instead of setting it"), "{out}");
}

#[test]
fn a_line_with_a_value_whose_date_is_past_is_a_cookie_that_comes_too_late() {
    let past = "--set-cookie=sid=1; Path=/; Secure; Expires=Wed, 01 Jan 2020 00:00:00 GMT";
    let (code, out, _) = explain(&["--request=https://app.example.com/", past]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("sid  not stored  everywhere") && out.contains("Max-Age=3600"), "{out}");
    // By a clock that is not the server's, or a zone that browsers do not read, it was meant to live.
    let answer = "HTTP/2 200 \r\ndate: Mon, 02 Mar 2026 20:00:00 GMT\r\n\
                  set-cookie: sid=1; Path=/; Secure; Expires=Mon, 02 Mar 2026 15:20:00 -0500\r\n\r\n";
    let (code, out, _) =
        explain_answer(answer, &["--request=https://app.example.com/", "--browser=chromium"]);
    assert_eq!(code, 1, "{out}");
    let out = flat(&out);
    assert!(out.contains("chromium ignores `-0500`"), "{out}");
    assert!(out.contains("Mon, 02 Mar 2026 20:20:00 GMT") && out.contains("Max-Age=1200"), "{out}");
}

#[test]
fn an_answer_that_was_kept_is_told_of_as_on_its_day() {
    let answer = "HTTP/1.1 200 OK\r\nDate: Thu, 05 Jul 2018 11:38:45 GMT\r\n\
                  Set-Cookie: a=N; Expires=Thu, 05 Jul 2018 11:53:46 GMT; Path=/; Secure\r\n\r\n";
    let (code, out, _) = explain_answer(answer, &["--request=https://app.example.com/"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("a  stored and sent  everywhere"), "{out}");
    assert!(flat(&out).contains("years old (Date: Thu, 05 Jul 2018 11:38:45 GMT)"), "{out}");
}

#[test]
fn what_is_asked_of_cookies_that_are_stored_is_whether_they_go_along() {
    let acs = [
        "--page=https://idp.example.net/",
        "--request=https://app.example.com/acs",
        "--as=navigation",
        "--method=POST",
    ];
    for (line, code, word) in [
        ("c=1; Path=/; Secure; SameSite=Lax", 1, "c  stored, not sent  everywhere"),
        ("c=1; Path=/; Secure; SameSite=Strict", 1, "c  stored, not sent  everywhere"),
        ("c=1; Path=/; Secure; SameSite=None", 0, "c  sent  everywhere"),
        ("c=1; Path=/; SameSite=None", 1, "c  not stored"),
    ] {
        let before = format!("--before={line}");
        // With an answer that sets no cookie, and without any.
        let (own, out, _) = explain(&[&acs[..], &[&before]].concat());
        assert_eq!(own, code, "{line}: {out}");
        assert!(out.contains(word), "{line}: {out}");
        let (own, out, _) = explain_answer("HTTP/2 200 \r\n\r\n", &[&acs[..], &[&before]].concat());
        assert_eq!(own, code, "{line}: {out}");
        assert!(out.contains(word), "{line}: {out}");
    }
}

#[test]
fn a_request_that_follows_is_a_request_of_its_own() {
    let arguments = [
        "--page=https://app.example.com",
        "--request=https://api.example.com/login",
        "--method=POST",
        "--credentials=include",
        "--header=content-type: application/json",
        "--then=https://api.example.com/me",
    ];
    let answer = "HTTP/2 200 \r\naccess-control-allow-origin: https://app.example.com\r\n\
                  access-control-allow-credentials: true\r\nset-cookie: sid=1; Path=/; Secure; HttpOnly\r\n\r\n";
    let (code, out, _) = explain_answer(answer, &arguments);
    assert_eq!(code, 0, "{out}");
    assert!(!out.contains("405") && out.contains("sid         stored and sent"), "{out}");
}

#[test]
fn a_cookie_that_goes_only_while_it_is_young_is_told_of() {
    let told = "in chromium only for two minutes after the cookie was set";
    let pay = |more: &[&str]| {
        let request =
            ["--page=https://mail.example.org", "--request=https://shop.example.com/pay", "--as=navigation"];
        let (_, out, _) = explain(&[&request[..], more].concat());
        flat(&out)
    };
    let line = "--set-cookie=sid=1; Path=/; Secure";
    let out = pay(&["--method=POST", "--browser=chromium,firefox,webkit", line]);
    assert!(out.contains("sid stored and sent everywhere") && out.contains(told), "{out}");
    let out = pay(&["--method=POST", line]);
    assert!(out.contains("in chromium and chromium:block-third-party only for two minutes after"), "{out}");
    for silent in [
        ["--method=POST", "--browser=firefox,webkit", line],
        ["--method=GET", "--browser=chromium", line],
        ["--method=POST", "--browser=chromium", "--set-cookie=sid=1; Path=/; Secure; SameSite=None"],
        ["--method=POST", "--then=https://shop.example.com/", line],
    ] {
        assert!(!pay(&silent).contains("two minutes"), "{silent:?}");
    }
}

#[test]
fn what_webkit_alone_does_is_not_left_to_be_taken_for_safari() {
    let caveat = "note: webkit is WebKitGTK, whose cookie parser is libsoup's and not Safari's: its verdict is not Safari's.";
    let line = "--set-cookie=sid=1; Path=/; SameSite=None";
    let (_, out, _) = explain(&["--request=https://app.example.com/", line]);
    assert!(flat(&out).ends_with(caveat), "{out}");
    let alike = "--set-cookie=sid=1; Path=/; Secure";
    for arguments in
        [[alike, "--browser=chromium,webkit"], [line, "--browser=webkit"], [line, "--browser=firefox"]]
    {
        let [first, second] = arguments;
        let (_, out, _) = explain(&["--request=https://app.example.com/", first, second]);
        assert!(!out.contains("WebKitGTK"), "{arguments:?}: {out}");
    }
    // What it does with third parties is Safari's way too.
    let (_, out, _) = explain(&[
        "--page=https://front.example",
        "--request=https://back.example.net/",
        "--credentials=include",
        "--set-cookie=sid=1; Path=/; SameSite=None; Secure",
    ]);
    let both = format!("{caveat} Third parties' cookies it blocks as Safari does.");
    assert!(flat(&out).ends_with(&both), "{out}");
}

#[test]
fn a_cookie_without_a_name_and_a_path_without_a_host_are_called_what_they_are() {
    let (_, out, _) = explain(&["--request=https://app.example.com/", "--set-cookie", "=x; Path=/; Secure"]);
    assert!(out.contains("(no name)  stored and sent"), "{out}");
    let (code, _, talk) = explain(&["--request=/login", "--set-cookie=sid=1"]);
    assert_eq!(code, 2);
    assert!(talk.contains("a whole URL is needed, such as `https://api.example.com/login`"), "{talk}");
}

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

/// The document of a run in the model.
fn run(scenario: &str) -> serde_json::Value {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), scenario).expect("the scenario can be written");
    let output = command::rehearsal()
        .args(["run", "--browser=model", "--format=json"])
        .arg(file.path())
        .output()
        .expect("rehearsal can be started");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn explain(arguments: &[&str]) -> (i32, String, String) {
    let large = format!("--set-cookie=a={}; Path=/; Secure; SameSite=Lax", "x".repeat(4096));
    let arguments =
        arguments.iter().map(|argument| if argument.contains("=LARGE;") { &large } else { *argument });
    let output = command::rehearsal().arg("explain").args(arguments).env("NO_COLOR", "1").output();
    let output = output.expect("rehearsal can be started");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes UTF-8");
    (output.status.code().expect("it was not killed"), text(output.stdout), text(output.stderr))
}

/// The same with an answer that stands in a file.
fn explain_answer(answer: &str, arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("answer.http");
    std::fs::write(&path, answer).expect("the answer can be written");
    let response = format!("--response={}", path.display());
    let mut arguments = arguments.to_vec();
    arguments.push(&response);
    explain(&arguments)
}

/// Text without its line breaks and columns.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The answer to what the command line asks, without the command.
async fn asked(arguments: &[&str]) -> Answer {
    let cli = Cli::try_parse_from(["rehearsal", "explain"].iter().chain(arguments))
        .expect("the arguments are right");
    let Command::Explain(arguments) = cli.command else { unreachable!("it is that command") };
    let question = rehearsal::command::explain::question(&arguments).expect("it is a question");
    let browsers = rehearsal::command::explain::browsers(&arguments.browser);
    answer(&question, &browsers).await.expect("it can be rehearsed")
}

/// The plan as a scenario that expects what its author wanted: stored, sent and readable.
fn expecting(mut plan: Plan, title: &str, answer: &Answer) -> Plan {
    title.clone_into(&mut plan.title);
    let (request, again) = (plan.steps.len() - 2, plan.steps.len() - 1);
    let mut spans = 0..;
    let mut span = move || -> Span {
        let place = spans.next().expect("numbers do not end");
        place..place
    };
    for cookie in &answer.outcomes[0].cookies {
        let name = cookie.name.clone();
        if cookie.deletion {
            let absent = || Absent { name: name.clone(), reasons: Vec::new() };
            plan.steps[again].expect.not_sent.push(Claim { value: absent(), span: span() });
        } else {
            let stored = Stored { name: name.clone(), ..Stored::default() };
            plan.steps[request].expect.stored.push(Claim { value: stored, span: span() });
            plan.steps[again]
                .expect
                .sent
                .push(Claim { value: Sent { name, ..Sent::default() }, span: span() });
        }
    }
    for step in plan.steps.iter_mut().filter(|step| matches!(step.action, Action::Fetch(_) | Action::Xhr(_)))
    {
        step.expect.cors = Some(Claim { value: Readable::Yes, span: span() });
    }
    plan
}

fn approve(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../explanations");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

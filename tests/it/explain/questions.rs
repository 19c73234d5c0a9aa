//! What is asked on the command line, what is answered, and that the fix which is told works.

use super::*;

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

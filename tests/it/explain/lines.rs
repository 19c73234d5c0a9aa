//! What is told of lines and answers that are given: several answers, slips, deletions, kept ones.

use super::*;

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

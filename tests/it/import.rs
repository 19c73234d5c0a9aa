//! What browsers recorded, and what `curl` printed, becomes a scenario that does the same, and is explained without one.
//!
//! The recordings of `tests/data/recordings` were made in a real Chromium of the applications beside them, in two dialects;
//! how is told in `record.mjs` there.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::command::{chromium_or_say_so, rehearsal, run_json, run_of};

/// Each flow: how the cookie that is lost is called, why, and what the fix writes.
const FLOWS: [(&str, &str, &str, &str); 3] = [
    ("login", "session", "same-site-lax", "SameSite=None"),
    ("oauth", "oauth_state", "same-site-strict", "SameSite=Lax"),
    ("frame", "reader", "same-site-default-lax", "SameSite=None"),
];

/// What stands in the recordings and is nobody's business.
const SECRETS: [&str; 9] =
    ["s3cr3t", "ada.lovelace", "correct horse", "5e55", "1d9", "n0nce", "c0de", "r34der", "\"ada\""];

fn recording(name: &str) -> PathBuf {
    Path::new("tests/data/recordings").join(name)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn ran(arguments: &[&str], from: &Path) -> Output {
    rehearsal().args(arguments).arg(from).output().expect("rehearsal can be started")
}

/// Makes a scenario of a recording: its text and what was said.
fn made(from: &Path) -> (String, String) {
    let output = ran(&["new"], from);
    assert_eq!(output.status.code(), Some(0), "{}: {}", from.display(), said(&output));
    let toml = String::from_utf8(output.stdout.clone()).expect("a scenario is text");
    (toml, said(&output))
}

#[test]
fn a_recorded_flow_becomes_a_scenario_that_does_the_same_and_tells_no_secret() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut files = Vec::new();
    for (flow, cookie, ..) in FLOWS {
        for dialect in ["chrome", "playwright"] {
            let name = format!("{flow}.{dialect}");
            let (toml, talk) = made(&recording(&format!("{name}.har")));
            assert!(talk.contains("all comes out as recorded"), "{name}: {talk}");
            assert!(toml.contains(&format!("not_sent = [\"{cookie}\"]")), "{name}: {toml}");
            for secret in SECRETS {
                assert!(!toml.contains(secret), "{name} tells {secret}: {toml}");
            }
            let file = folder.path().join(format!("{name}.toml"));
            fs::write(&file, toml).expect("it can be written");
            files.push(file);
        }
    }
    let check = rehearsal().arg("check").args(&files).output().expect("rehearsal can be started");
    assert_eq!((check.status.code(), said(&check)), (Some(0), String::new()), "no mistake and no warning");
    if chromium_or_say_so() {
        let mut arguments = vec!["--browser".to_owned(), "chromium".to_owned()];
        arguments.extend(files.iter().map(|file| file.display().to_string()));
        let (code, document) = run_json(&arguments);
        assert_eq!(code, 0, "{document:#}");
        for file in files {
            let run = run_of(&document, &file.display().to_string());
            assert_eq!(run["drift"], json!([]), "{run:#}");
        }
    }
}

#[test]
fn a_recorded_flow_is_explained_without_a_scenario() {
    for (flow, cookie, reason, fix) in FLOWS {
        for dialect in ["chrome", "playwright"] {
            let from = recording(&format!("{flow}.{dialect}.har"));
            let output = ran(&["explain"], &from);
            assert_eq!(output.status.code(), Some(1), "{}", said(&output));
            let text = String::from_utf8(output.stdout).expect("a report is text");
            for part in [cookie, reason, fix, "recorded: ", "fix, predicted to work"] {
                assert!(text.contains(part), "{flow} in the dialect of {dialect} lacks {part}: {text}");
            }
            assert!(!text.contains("rehearsal-earlier"), "it names no address that nobody knows: {text}");
            for secret in SECRETS {
                assert!(!text.contains(secret), "{flow} tells {secret}: {text}");
            }
        }
    }
    let output = ran(&["explain", "--format", "json"], &recording("oauth.chrome.har"));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one document");
    let answers = document["answers"].as_array().expect("a list");
    let lost = answers.iter().find(|answer| answer["missed"] == json!(["oauth_state"])).expect("it is asked");
    assert_eq!(lost["works"], json!(false));
}

#[test]
fn an_export_without_cookies_is_recognised_and_what_to_do_is_said() {
    let from = recording("login.chrome-sanitized.har");
    let (toml, talk) = made(&from);
    assert!(talk.contains("Export HAR (with sensitive data)"), "{talk}");
    assert!(!toml.contains("require_cookie"), "{toml}");
    let output = ran(&["explain"], &from);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("Export HAR (with sensitive data)"), "{}", said(&output));
}

#[test]
fn a_packed_recording_is_unpacked() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let plain = recording("login.chrome.har");
    let packed = folder.path().join("login.chrome.har");
    let file = fs::File::create(&packed).expect("it can be written");
    let mut packer = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    packer.write_all(&fs::read(&plain).expect("it is there")).expect("it can be packed");
    packer.finish().expect("it can be packed");
    assert_eq!(made(&packed).0, made(&plain).0);
}

/// The login as Firefox and Safari write it: no kinds of resources, and Safari folds what an answer sets into one field.
#[test]
fn other_browsers_dialects_are_read() {
    let entry =
        |at: u8, method: &str, url: &str, request: &[(&str, &str)], status: u16, answer: &[(&str, &str)]| {
            let list = |fields: &[(&str, &str)]| -> Vec<Value> {
                fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
            };
            json!({
                "startedDateTime": format!("2026-11-27T10:00:{at:02}.000+01:00"),
                "request": {"method": method, "url": url, "headers": list(request), "cookies": []},
                "response": {"status": status, "headers": list(answer), "cookies": [],
                    "content": {"mimeType": "application/json", "text": "{\"user\": \"ada\", \"n\": null}"}},
            })
        };
    let calls =
        [("Origin", "https://www.example.com"), ("Referer", "https://www.example.com/"), ("Accept", "*/*")];
    let with: Vec<_> = calls.into_iter().chain([("Cookie", "sid=s3cr3t; theme=dark")]).collect();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (creator, engine) in [("Firefox", "firefox"), ("WebKit Web Inspector", "webkit")] {
        let folded = "sid=s3cr3t; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Path=/; Secure; HttpOnly, theme=dark; Path=/; Secure";
        let lines: Vec<&str> = match engine {
            "webkit" => vec![folded],
            _ => folded.split(", theme").collect(),
        };
        let mut answer: Vec<(&str, String)> = lines
            .iter()
            .map(|line| {
                (
                    "Set-Cookie",
                    if line.starts_with('=') { format!("theme{line}") } else { (*line).to_owned() },
                )
            })
            .collect();
        answer.push(("Access-Control-Allow-Origin", "https://www.example.com".to_owned()));
        answer.push(("Access-Control-Allow-Credentials", "true".to_owned()));
        let answer: Vec<(&str, &str)> = answer.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let har = json!({"log": {"version": "1.2", "creator": {"name": creator}, "browser": {"name": creator}, "entries": [
            entry(2, "GET", "https://api.example.com/me", &with, 200, &answer[lines.len()..]),
            entry(0, "GET", "https://www.example.com/", &[("Accept", "text/html,*/*")], 200, &[]),
            entry(1, "POST", "https://api.example.com/login", &calls, 200, &answer),
        ]}});
        let file = folder.path().join(format!("{engine}.har"));
        fs::write(&file, har.to_string()).expect("it can be written");
        let (toml, talk) = made(&file);
        assert!(
            talk.contains(&format!("tried in model:{engine}: all comes out as recorded")),
            "{talk}\n{toml}"
        );
        assert!(toml.contains(&format!("expect.on.{engine}.sent = [\"sid\", \"theme\"]")), "{toml}");
        assert!(toml.contains(&format!("expect.on.{engine}.stored = [\"sid\", \"theme\"]")), "{toml}");
        assert!(toml.contains("\"theme=redacted; Path=/; Secure\"]"), "{toml}");
    }
}

#[test]
fn what_was_there_before_the_recording_is_set_first_and_marked_as_guessed() {
    let text = "curl -i 'https://api.example.net/me' -H 'Origin: https://www.example.com' -H 'Sec-Fetch-Dest: empty' \
                -H 'Sec-Fetch-Mode: cors' -H 'Sec-Fetch-Site: cross-site' -H 'Cookie: sid=s3cr3t' \
                -H 'Authorization: Bearer s3cr3t' -H 'User-Agent: Chrome/156'\n\
                HTTP/2 200\r\naccess-control-allow-origin: https://www.example.com\r\n\
                access-control-allow-credentials: true\r\ncontent-type: application/json\r\n\r\n{\"user\": \"ada\"}\n";
    let mut child = rehearsal()
        .args(["new", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("rehearsal can be started");
    child.stdin.take().expect("it reads").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let (toml, talk) = (String::from_utf8_lossy(&output.stdout).into_owned(), said(&output));
    assert_eq!(output.status.code(), Some(0), "{talk}\n{toml}");
    assert!(toml.contains("# Guessed: these cookies were there before"), "{toml}");
    assert!(toml.contains("\"sid=redacted; Path=/; Secure; SameSite=None\""), "{toml}");
    assert!(toml.contains("expect.on.chromium.sent = [\"sid\"]"), "{toml}");
    assert!(toml.contains("authorization = \"Bearer redacted\""), "{toml}");
    assert!(!toml.contains("s3cr3t"), "{toml}");
}

#[test]
fn what_is_no_recording_and_what_is_no_scenario_is_said_to_be_the_other() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("it can be written");
        path
    };
    for (name, text, words) in [
        ("a.txt", "title = \"a scenario\"", "neither a HAR nor a curl command"),
        ("b.json", "{\"openapi\": \"3\"}", "no `log.entries`"),
        ("c.js", "fetch(\"https://a.example/\")", "Copy as cURL"),
        ("d.txt", "HTTP/1.1 200 OK\nSet-Cookie: a=1\n\n", "does not say to what"),
        ("e.txt", "curl -i ftp://a.example/", "not a URL of http"),
        ("g.txt", "", "is empty"),
        ("h.txt", "Invoke-WebRequest -Uri \"https://a.example/\" `\n-Method POST", "copied for PowerShell"),
        ("i.har", "{\"log\": {\"entries\": [{\"request\"", "is cut off"),
        ("j.txt", "curl -i https://a.example/1 https://a.example/2", "several URLs"),
        ("k.txt", "curl \"$API/login\"", "a variable or a placeholder"),
    ] {
        let path = file(name, text);
        for command in ["new", "explain"] {
            let output = ran(&[command], &path);
            assert_eq!(output.status.code(), Some(2), "{name}: {}", said(&output));
            assert!(said(&output).contains(words), "{name}: {}", said(&output));
        }
    }
    let copied = file("f.txt", "curl 'https://a.example/'");
    for path in [recording("login.chrome.har"), copied] {
        for command in ["run", "check"] {
            let output = ran(&[command], &path);
            assert_eq!(output.status.code(), Some(2));
            let shown = path.display();
            let talk = said(&output).split_whitespace().collect::<Vec<_>>().join(" ");
            for words in
                [format!("`rehearsal new {shown} -o login.toml`"), format!("`rehearsal explain {shown}`")]
            {
                assert!(talk.contains(&words), "{talk}");
            }
        }
    }
}

/// The call failed, so it has no answer and no cookie: what the preflight was answered says why.
#[test]
fn a_preflight_that_let_nothing_through_is_explained() {
    let fields = |fields: &[(&str, &str)]| -> Vec<Value> {
        fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
    };
    let entry = |at: u8, method: &str, kind: &str, request: &[(&str, &str)], status: u16, error: &str| {
        json!({
            "startedDateTime": format!("2026-11-27T10:00:{at:02}.000Z"), "_resourceType": kind,
            "request": {"method": method, "url": "https://api.example.net/login", "headers": fields(request)},
            "response": {"status": status, "headers": [], "content": {}, "_error": error},
        })
    };
    let origin = ("origin", "https://app.example.com");
    let asks = [
        origin,
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let har = json!({"log": {"creator": {"name": "WebInspector"}, "entries": [
        entry(1, "OPTIONS", "preflight", &asks, 404, ""),
        entry(2, "POST", "fetch", &[origin, ("content-type", "application/json")], 0, "net::ERR_FAILED"),
    ]}});
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("failed.har");
    fs::write(&file, har.to_string()).expect("it can be written");
    let output = ran(&["explain"], &file);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}{}", said(&output));
    assert!(text.contains("cors-preflight-status") && text.contains("fix, predicted to work"), "{text}");
    assert!(
        said(&output)
            .contains("no answer is recorded to POST https://api.example.net/login (net::ERR_FAILED)")
    );
}

/// What nobody can carry over HTTP is left out and told, and the rest of the recording is explained.
#[test]
fn a_hostile_line_is_left_out_and_the_others_are_explained() {
    let text = "curl -i https://a.example/\nHTTP/1.1 200 OK\nSet-Cookie: a\u{1b}[31m=1\nSet-Cookie: b=1; SameSite=None\n\n";
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("hostile.txt");
    // As Windows PowerShell writes it.
    let utf16 = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes));
    fs::write(&file, utf16.collect::<Vec<u8>>()).expect("it can be written");
    let output = ran(&["explain"], &file);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("left out: 1 header that has a control character"), "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("same-site-none-insecure"));
}

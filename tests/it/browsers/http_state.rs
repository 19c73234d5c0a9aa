//! The http-state corpus: what each real browser was seen to send, predicted by the rules.
//!
//! `data/http_state.json` says in its `about` where its cases and its observations come from.

use rehearsal::browser_name::BrowserName;
use rehearsal::rules::context::Context;
use rehearsal::rules::domain::Suffix;
use rehearsal::rules::jar::Jar;
use rehearsal::rules::site::Location;
use serde_json::Value;

/// The day of the observations, 2026-11-20, in seconds since the epoch.
const NOW: i64 = 1_795_132_800;

/// Cases that the rules are known to get wrong: case, browser, why. Empty, and at most three.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

#[test]
fn every_browser_sends_what_it_was_seen_to_send() {
    let corpus: Value =
        serde_json::from_str(include_str!("../../data/http_state.json")).expect("the corpus is valid JSON");
    let cases = corpus["cases"].as_array().expect("the corpus has cases");
    assert_eq!(cases.len(), 110);
    assert!(EXCEPTIONS.len() <= 3);
    let mut wrong = Vec::new();
    for case in cases {
        for browser in ["chromium", "firefox", "webkit"] {
            let id = text(&case["case"]);
            let observed = text(&case["observed"][browser]);
            let predicted = predict(browser, case);
            let excepted = EXCEPTIONS.iter().any(|&(known, engine, _)| known == id && engine == browser);
            if (predicted != observed.as_bytes()) != excepted {
                let predicted = String::from_utf8_lossy(&predicted).into_owned();
                wrong.push(format!(
                    "{id} in {browser}: predicted {predicted:?}, observed {observed:?}, {}",
                    if excepted { "but listed as an exception: take it off the list" } else { "from" }
                ));
                wrong.push(format!("    {}", case["set_cookie"]));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The Cookie header the rules predict: one top-level GET of `set_at`, then one of `sent_to`.
fn predict(browser: &str, case: &Value) -> Vec<u8> {
    let profile = browser.parse::<BrowserName>().expect("a browser the rules know").profile();
    let mut jar = Jar::new();
    let set_at = visit(&case["set_at"]);
    for line in case["set_cookie"].as_array().expect("a case has lines") {
        jar.store(&profile, &suffix, &set_at, text(line).as_bytes(), NOW);
    }
    jar.retrieve(&profile, &suffix, &visit(&case["sent_to"]), NOW).header
}

fn visit(url: &Value) -> Context {
    Context::visit(Location::parse(text(url)).expect("the corpus has plain URLs"))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn suffix(host: &str) -> Suffix<'_> {
    let suffix = psl::suffix(host.as_bytes()).expect("the list's default rule matches any host");
    let name = &host[host.len() - suffix.as_bytes().len()..];
    Suffix { name, listed: suffix.is_known() }
}

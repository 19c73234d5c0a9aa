//! The pages that this program writes, opened in the browsers they tell of: the report of `run`, and that of a world that
//! is up.
#![cfg(unix)]

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::live::Live;
use crate::reports::{HOLDS, HOSTILE, folder, json, run};

/// The accessibility checker that `tests/all.sh` gets: this one and no other.
const AXE: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// Looks at the page, everything of it opened, and names what is wrong with it.
const LOOK: &str = "
    for (const one of document.querySelectorAll('details')) one.open = true;
    const found = await axe.run(document);
    return found.violations.map(one => [one.id, one.nodes.map(node => node.html.slice(0, 200))]);";

/// Both pages in the real browsers: nothing on the console, nothing that their policy held back, no request but their own
/// to where they come from, and nothing for an accessibility checker to find.
#[test]
fn the_pages_are_quiet_and_open_to_everybody_in_a_browser() {
    if crate::command::engines().is_empty() {
        return;
    }
    let folder = folder(&[("a.toml", HOSTILE), ("b.toml", HOLDS)]);
    run(folder.path(), &["run", ".", "--browser", "model", "--report", "html=r.html"]);
    let report = std::fs::read_to_string(folder.path().join("r.html")).expect("the page is there");
    let live = Live::up();
    live.log_in();
    let (events, (_, page), (_, why)) = (live.events(3), live.get(""), live.get("why?n=2"));
    let script = "document.getElementById('find').hidden ? 'no script' : 'script'";
    // What is clicked is shown; then the page is looked at as it is.
    let shown = "new Promise((done, failed) => {
        const look = () => {
            const [lines, answer] = [document.querySelectorAll('#flow > li'), document.querySelector('.answer:not([hidden])')];
            const button = document.querySelector('button[data-why]');
            if (button?.getAttribute('aria-expanded') === 'false') button.click();
            if (lines.length === 3 && document.querySelector('#held table') && answer?.querySelector('.fix')) done('shown');
            else requestAnimationFrame(look);
        };
        look();
    })";
    let look = axe().map(
        |axe| json!({ "eval": format!("(async () => {{ {axe}\n{LOOK} }})()"), "expect": { "json": [] } }),
    );
    let scenario = |origin: &str, routes: Value, shown: Value| {
        let visit = json!({ "visit": format!("{origin}:/"), "expect": { "status": 200 } });
        let steps: Vec<Value> = [visit, shown].into_iter().chain(look.clone()).collect();
        let url = format!("https://{origin}.example.com");
        let origins = json!({ origin: { "url": url, "routes": routes } });
        toml(&json!({ "title": "A page", "origins": origins, "step": steps }))
    };
    let report = scenario(
        "report",
        json!([{ "at": "GET /", "html": report }]),
        json!({ "eval": script, "expect": { "json": "script" } }),
    );
    let live = scenario(
        "live",
        json!([
            { "at": "GET /", "html": page },
            { "at": "GET /events", "headers": { "Content-Type": "text/event-stream" }, "text": events },
            { "at": "GET /why", "html": why },
        ]),
        json!({ "eval": shown, "expect": { "json": "shown" } }),
    );
    for (name, text) in [("report.toml", report), ("live.toml", live)] {
        std::fs::write(folder.path().join(name), text).expect("a file can be written");
    }
    let output = run(folder.path(), &["run", "report.toml", "live.toml", "--format", "json"]);
    let document = json(&output);
    for run in document["runs"].as_array().expect("runs") {
        let browser = format!("{} in {}", run["scenario"], run["browser"]);
        assert_eq!(run["error"], Value::Null, "{browser}");
        for step in run["steps"].as_array().expect("steps") {
            assert_eq!(step["failures"], json!([]), "{browser}");
            assert_eq!(step["console"], json!([]), "{browser}");
            assert_eq!(step["refused"], json!([]), "{browser}");
            for exchange in step["exchanges"].as_array().expect("exchanges") {
                let url = exchange["url"].as_str().unwrap_or_default();
                let own = match run["scenario"].as_str() {
                    Some("report.toml") => &["https://report.example.com/"][..],
                    _ => &["/", "/events", "/why?n=2"],
                };
                let path = url.strip_prefix("https://live.example.com").unwrap_or(url);
                assert!(own.contains(&path), "{browser} asks for {url}");
            }
        }
    }
}

/// The checker's text, where it is there.
#[expect(clippy::print_stderr, reason = "what is not run is said aloud")]
fn axe() -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe/package/axe.min.js");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!(
            "NOT RUN for want of axe-core, which tests/all.sh gets: no accessibility checker looks at the pages"
        );
        return None;
    };
    let hash: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, AXE, "{} is another version", file.display());
    Some(text)
}

/// A value as TOML has it, all in one line of each table: texts are written as JSON writes them, but for DEL.
fn toml(value: &Value) -> String {
    fn inline(value: &Value) -> String {
        match value {
            Value::Object(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(key, value)| format!("{} = {}", json!(key), inline(value))).collect();
                format!("{{ {} }}", fields.join(", "))
            }
            Value::Array(values) => {
                let values: Vec<String> = values.iter().map(inline).collect();
                format!("[{}]", values.join(", "))
            }
            other => other.to_string().replace('\u{7f}', "\\u007f"),
        }
    }
    let fields = value.as_object().expect("a table");
    fields.iter().map(|(key, value)| format!("{key} = {}\n", inline(value))).collect()
}

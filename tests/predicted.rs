//! The command with the `model` browser, which needs nothing installed, and beside the real ones, which it
//! must not contradict.

mod command;

use std::path::Path;

use command::{engines, failures, rehearsal, run_json, run_of, scenarios};
use serde_json::Value;

fn runs(document: &Value) -> &[Value] {
    document["runs"].as_array().expect("the document lists runs")
}

#[test]
fn the_model_runs_every_scenario_with_no_browser_installed() {
    let output = rehearsal()
        .args(["run", "--browser", "model,model:chromium:block-third-party,model:firefox,model:webkit"])
        .arg(scenarios())
        // Where no program can be found, none can be started.
        .env("PATH", "")
        .output()
        .expect("rehearsal can be started");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    assert!(report.contains("model:chromium (predicted): third-party cookies allowed"), "{report}");
}

#[test]
fn what_the_model_says_is_called_predicted() {
    let (code, document) = run_json(&[scenarios().as_os_str(), "--browser".as_ref(), "model".as_ref()]);
    assert_eq!(code, 0);
    for run in runs(&document) {
        assert_eq!(run["predicted"], true);
        assert_eq!(run["browser"], "model:chromium");
        assert_eq!(run["outcome"], "passed");
        assert_eq!(run["drift"], serde_json::json!([]));
    }
}

#[test]
fn a_step_that_cannot_be_predicted_is_not_judged() {
    let scenario = concat!(
        "title = \"a script\"\n[origins.a]\nurl = \"https://a.example\"\n",
        "[[step]]\nvisit = \"a:/\"\nexpect.status = 200\n",
        "[[step]]\neval = \"1\"\nexpect.json = 2\n",
        "[[step]]\nfetch = \"a:/\"\nexpect.status = 500\n",
    );
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), scenario).expect("a scenario");
    let (code, document) = run_json(&[file.path().as_os_str(), "--browser".as_ref(), "model".as_ref()]);
    assert_eq!(code, 0);
    let run = &runs(&document)[0];
    assert_eq!(run["outcome"], "passed");
    let outcomes: Vec<&Value> = (0..3).map(|step| &run["steps"][step]["outcome"]).collect();
    assert_eq!(outcomes, ["passed", "skipped", "skipped"]);
    assert_eq!(run["steps"][0]["unpredicted"], Value::Null);
    assert_eq!(run["steps"][1]["unpredicted"], "what a script does cannot be predicted");
    assert!(run["steps"][2]["unpredicted"].as_str().is_some_and(|why| why.contains("an earlier step")));

    let output = rehearsal().args(["run", "--browser", "model"]).arg(file.path()).output().expect("a report");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("cannot predict this step"), "{report}");
}

/// Every engine as it ships, and those that can be told to block third parties' cookies.
const BROWSERS: &str = "chromium,chromium:block-third-party,firefox,firefox:block-third-party,webkit";

/// Those of [`BROWSERS`] that are there.
fn browsers() -> Vec<&'static str> {
    let there = engines();
    BROWSERS.split(',').filter(|name| there.iter().any(|engine| name.starts_with(engine.as_str()))).collect()
}

/// Runs these scenarios in every browser that is there. All must pass, and go as predicted.
fn all_go_as_predicted(scenarios: &Path) -> Option<Value> {
    let browsers = browsers();
    if browsers.is_empty() {
        return None;
    }
    let (code, document) =
        run_json(&[scenarios.as_os_str(), "--browser".as_ref(), browsers.join(",").as_ref()]);
    for run in runs(&document) {
        assert_eq!(run["drift"], serde_json::json!([]), "{} in {}", run["scenario"], run["browser"]);
        assert_eq!(
            run["outcome"],
            "passed",
            "{} in {}: {:?}",
            run["scenario"],
            run["browser"],
            failures(run)
        );
    }
    assert_eq!(code, 0);
    let count = rehearsal::scenario::load(&[scenarios.to_owned()]).plans.len();
    assert_eq!(runs(&document).len(), count * browsers.len(), "every scenario runs in every browser");
    Some(document)
}

#[test]
fn browsers_do_what_was_predicted_in_every_scenario() {
    let Some(document) = all_go_as_predicted(&scenarios()) else { return };
    let run = run_of(&document, "d2-api-on-its-own-host.toml");
    let withheld = &run["steps"][4]["exchanges"][0]["withheld"][0];
    assert_eq!(withheld["name"], "platform_session");
    assert_eq!(withheld["reasons"], serde_json::json!(["credentials-omitted"]));
}

#[test]
fn browsers_do_what_was_predicted_in_every_corner() {
    all_go_as_predicted(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drift"));
}

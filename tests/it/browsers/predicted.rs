//! The command with the `model` browser, which needs nothing installed, and beside the real ones, which it
//! must not contradict.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::command::{engines, failures, rehearsal, run_json, run_of, scenarios};
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

/// A script, and a step after it: neither can be predicted.
const SCRIPT: &str = concat!(
    "title = \"a script\"\n[origins.a]\nurl = \"https://a.example\"\n",
    "[[step]]\nvisit = \"a:/\"\nexpect.status = 200\n",
    "[[step]]\neval = \"1\"\nexpect.json = 2\n",
    "[[step]]\nfetch = \"a:/\"\nexpect.status = 500\n",
);

/// A visit that is expected to be answered so.
fn visit(status: u16) -> String {
    format!(
        "title = \"a visit\"\n[origins.a]\nurl = \"https://a.example\"\n\
         [[step]]\nvisit = \"a:/\"\nexpect.status = {status}\n"
    )
}

/// A folder with these scenarios: `1.toml`, `2.toml` and so on.
fn folder(scenarios: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (index, scenario) in scenarios.iter().enumerate() {
        let file = folder.path().join(format!("{}.toml", index + 1));
        std::fs::write(file, scenario).expect("a scenario");
    }
    folder
}

/// What `run` with these arguments says to people of a folder's scenarios, and its exit code.
fn said(folder: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let output = rehearsal()
        .current_dir(folder)
        .args(["run", "."])
        .args(arguments)
        .output()
        .expect("rehearsal can be started");
    (String::from_utf8(output.stdout).expect("a report is text"), output.status.code())
}

#[test]
fn a_step_that_cannot_be_predicted_is_not_judged() {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), SCRIPT).expect("a scenario");
    let (code, document) = run_json(&[file.path().as_os_str(), "--browser".as_ref(), "model".as_ref()]);
    assert_eq!(code, 0);
    let run = &runs(&document)[0];
    assert_eq!(run["outcome"], "passed");
    assert_eq!(run["unjudged_steps"], 2);
    let outcomes: Vec<&Value> = (0..3).map(|step| &run["steps"][step]["outcome"]).collect();
    assert_eq!(outcomes, ["passed", "not_judged", "not_judged"]);
    assert_eq!(run["steps"][0]["unpredicted"], Value::Null);
    assert_eq!(run["steps"][1]["unpredicted"], "cannot predict what a script does");
    assert!(
        run["steps"][2]["unpredicted"]
            .as_str()
            .is_some_and(|why| why.contains("after one that was not predicted"))
    );

    let output = rehearsal().args(["run", "--browser", "model"]).arg(file.path()).output().expect("a report");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("model:chromium cannot predict what a script does"), "{report}");
}

#[test]
fn what_was_not_judged_is_counted_wherever_it_counts_as_passed() {
    let whole = visit(200);
    let both = folder(&[SCRIPT, &whole]);
    let (report, code) = said(both.path(), &["--browser", "model"]);
    assert_eq!(code, Some(0), "the expectations that could be judged held: {report}");
    assert!(report.contains("nor is the step after it, which depends on what it left behind"), "{report}");
    let cell = |scenario: &str| {
        let line = report.lines().find(|line| line.starts_with(scenario)).expect("the table has the line");
        line[scenario.len()..].trim().to_owned()
    };
    assert!(cell("  1 ").starts_with("ok 1 of 3 steps, "), "{report}");
    assert!(cell("  2 ").starts_with("ok ") && !cell("  2 ").contains("steps"), "{report}");
    let totals = "2 passed (1 of them in part: 2 steps not judged), 0 failed, 0 could not run, in ";
    assert!(report.contains(totals), "{report}");

    let (code, document) = run_json(&[both.path().as_os_str(), "--browser".as_ref(), "model".as_ref()]);
    assert_eq!(code, 0);
    assert_eq!(run_of(&document, "1.toml")["unjudged_steps"], 2);
    assert_eq!(run_of(&document, "2.toml")["unjudged_steps"], 0);
    let summary = serde_json::json!({
        "passed": 2, "failed": 0, "errors": 0, "not_judged": 0, "passed_in_part": 1, "unjudged_steps": 2,
        "not_run": 0
    });
    assert_eq!(document["summary"], summary);

    let (report, _) = said(folder(&[SCRIPT]).path(), &["--browser", "model"]);
    assert!(report.contains("\n1 passed (in part: 2 steps not judged), 0 failed"), "{report}");
    let (report, _) = said(folder(&[&whole]).path(), &["--browser", "model"]);
    assert!(report.contains("\n1 passed, 0 failed, 0 could not run, in "), "{report}");
}

/// A page with a script that does nothing, and a login that is broken for want of credentials.
const INERT: &str = r#"
title = "A script that does nothing"
[origins.web]
url = "https://app.example.com"
[[origins.web.routes]]
at = "GET /"
html = "<!doctype html><script>window.x = 1</script>"
[origins.api]
url = "https://api.example.net"
[[origins.api.routes]]
at = "GET /login"
set_cookie = ["sid=1; Path=/; Secure; HttpOnly"]
json = {}
[[step]]
visit = "web:/"
[[step]]
fetch = "api:/login"
expect.stored = ["sid"]
"#;

#[test]
fn a_run_in_which_nothing_was_judged_is_no_pass() {
    // A step without a claim that is judged does not make a pass of one with claims that is not.
    let unclaimed = "title = \"a script\"\n[origins.a]\nurl = \"https://a.example\"\n[[step]]\nvisit = \"a:/\"\n\
                     [[step]]\neval = \"1\"\nexpect.json = 2\n";
    for scenario in [INERT, unclaimed] {
        let alone = folder(&[scenario]);
        let (report, code) = said(alone.path(), &["--browser", "model"]);
        assert_eq!(code, Some(3), "{report}");
        assert!(report.contains("nothing was judged: model:chromium cannot predict what "), "{report}");
        assert!(report.contains("`rehearsal run ./1.toml --browser chromium`"), "{report}");
        let cell = report.lines().find(|line| line.starts_with("  1 ")).expect("the table has the line");
        assert!(cell.contains("not judged") && !cell.contains("ok"), "{report}");
        assert!(report.contains("\n0 passed, 0 failed, 1 not judged, 0 could not run, in "), "{report}");

        let path = alone.path().join("1.toml");
        let (code, document) = run_json(&[path.as_os_str(), "--browser".as_ref(), "model".as_ref()]);
        assert_eq!(code, 3);
        assert_eq!(runs(&document)[0]["outcome"], "not_judged");
        assert_eq!(document["summary"]["passed"], 0);
        assert_eq!(document["summary"]["not_judged"], 1);
    }
}

#[test]
fn the_columns_of_the_table_are_as_wide_as_what_is_in_them() {
    let both = folder(&[SCRIPT, &visit(200)]);
    let (report, _) = said(both.path(), &["--browser", "model,model:firefox"]);
    let table: Vec<&str> = report.lines().skip_while(|line| !line.starts_with("scenario ")).collect();
    let second = table[0].find("model:firefox").expect("the head names the browser");
    for scenario in ["  1 ", "  2 "] {
        let line = table.iter().find(|line| line.starts_with(scenario)).expect("the table has the line");
        assert_eq!(line.get(second - 2..second + 2), Some("  ok"), "{report}");
    }
}

#[test]
fn what_a_failure_kept_from_being_run_is_counted() {
    let (fails, holds) = (visit(500), visit(200));
    let three = folder(&[&fails, &holds, &holds]);
    let arguments = ["--fail-fast", "--jobs", "1", "--browser", "model,model:firefox"];
    let (report, code) = said(three.path(), &arguments);
    assert_eq!(code, Some(1));
    let counted = "\nnot run: 2 of 3 scenarios in model:chromium, 3 of 3 in model:firefox\n";
    assert!(report.contains(counted), "{report}");

    let path = three.path().to_str().expect("the path is text");
    let (_, document) = run_json(&[&[path], arguments.as_slice()].concat());
    assert_eq!(runs(&document).len(), 1);
    assert_eq!(document["summary"]["not_run"], 5);
}

#[test]
fn a_filter_that_leaves_nothing_is_told_what_there_was() {
    let holds = visit(200);
    let seven = folder(&[holds.as_str(); 7]);
    let output = rehearsal()
        .current_dir(seven.path())
        .args(["run", "--browser", "model", "--filter", "zzz", "."])
        .output()
        .expect("rehearsal can be started");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no scenario's path or title contains `zzz`"), "{said}");
    assert!(said.contains("./1.toml (a visit)") && said.contains("./5.toml (a visit)"), "{said}");
    assert!(!said.contains("6.toml") && said.contains("and 2 more"), "{said}");
}

/// Those of these browsers that are there.
fn installed(names: &'static str) -> Vec<&'static str> {
    let there = engines();
    names.split(',').filter(|name| there.iter().any(|engine| name.starts_with(engine.as_str()))).collect()
}

/// Runs these scenarios in those of these browsers that are there. All must pass, and go as predicted.
fn all_go_as_predicted(scenarios: &[PathBuf], browsers: &'static str) -> Option<Value> {
    let browsers = installed(browsers);
    if browsers.is_empty() {
        return None;
    }
    let names = browsers.join(",");
    let arguments = ["--browser", &names].map(OsStr::new);
    let (code, document) =
        run_json(&scenarios.iter().map(|path| path.as_os_str()).chain(arguments).collect::<Vec<_>>());
    let others: Vec<String> = runs(&document)
        .iter()
        .filter(|run| run["outcome"] != "passed" || run["drift"] != serde_json::json!([]))
        .map(|run| {
            let (error, drift) = (&run["error"], &run["drift"]);
            format!("{} in {}: {error} {drift} {:?}", run["scenario"], run["browser"], failures(run))
        })
        .collect();
    assert!(others.is_empty(), "{}", others.join("\n"));
    assert_eq!(code, 0);
    let count = rehearsal::scenario::load(scenarios).plans.len();
    assert_eq!(runs(&document).len(), count * browsers.len(), "every scenario runs in every browser");
    Some(document)
}

/// The scenarios that ship, and corners that no scenario has.
#[test]
fn browsers_do_what_was_predicted() {
    let corners = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drift");
    if let Some(document) = all_go_as_predicted(&[scenarios(), corners], "chromium,firefox,webkit") {
        let run = run_of(&document, "d2-api-on-its-own-host.toml");
        let withheld = &run["steps"][4]["exchanges"][0]["withheld"][0];
        assert_eq!(withheld["name"], "platform_session");
        assert_eq!(withheld["reasons"], serde_json::json!(["credentials-omitted"]));
    }
    for policy in ["chromium:block-third-party", "firefox:block-third-party", "webkit:allow-third-party"] {
        let plans = rehearsal::scenario::load(&[scenarios()]).plans;
        let about_it = plans.iter().filter(|plan| plan.source.text.contains(policy));
        let files: Vec<PathBuf> = about_it.map(|plan| PathBuf::from(&plan.source.path)).collect();
        assert!(!files.is_empty(), "no scenario says what becomes of it in {policy}");
        all_go_as_predicted(&files, policy);
    }
}

#[test]
fn an_audit_takes_a_real_browser_where_the_models_cannot_judge() {
    if engines().is_empty() {
        return;
    }
    let alone = folder(&[INERT]);
    let output = rehearsal()
        .current_dir(alone.path())
        .args(["audit", "1.toml", "--format", "json"])
        .output()
        .expect("rehearsal can be started");
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(output.status.code(), Some(1), "the login is broken: {document:#}");
    let scenario = &document["scenarios"][0];
    assert_eq!(scenario["unseen_steps"], 0, "{document:#}");
    let findings = scenario["findings"].as_array().expect("a list");
    let failed = findings.iter().find(|finding| finding["check"] == "failed-expectation").expect("it fails");
    let real: Vec<Value> = engines().into_iter().map(|engine| Value::from(engine.as_str())).collect();
    assert_eq!(failed["browsers"], Value::from(real), "it says what it was seen in");
}

//! The reports that a run and an audit leave in files, held against what others make of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::command::rehearsal;

/// A login that fails, with whatever a title, a tag and a cookie may not do to a page.
pub(crate) const HOSTILE: &str = r#"
title = "</title><script>alert(1)</script> \u001b[2J \u202e ]]> % ::"
tags = ["smoke", "<b>"]
[origins.web]
url = "https://www.example.com"
[origins.api]
url = "https://api.example.org"
cors = { allow_origins = ["https://www.example.com"], allow_credentials = true }
routes = [{ at = "GET /", set_cookie = ["a=<img src=x onerror=alert(2)>; Path=/\"><i>; SameSite=Lax"], text = "</script><u>" }]
[[step]]
visit = "web:/"
[[step]]
fetch = { url = "api:/", credentials = "include" }
expect.stored = ["a"]
expect.status = 404
"#;

pub(crate) const HOLDS: &str = "
title = \"It holds\"
[origins.web]
url = \"https://www.example.com\"
[[step]]
visit = \"web:/\"
expect.status = 200
";

/// A folder with these files, and the command in it. The cache is the folder's own.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file can be written");
    }
    folder
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    rehearsal()
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env_remove("GITHUB_ACTIONS")
        .args(arguments)
        .output()
        .expect("rehearsal can be started")
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {:?}", said(output)))
}

/// What an independent program of Python says of a file. Says aloud where it is not there: tests/all.sh installs it
/// where Python has pip.
#[expect(clippy::print_stderr, reason = "what is not run is said aloud")]
pub(crate) fn validate(program: &str, modules: &str, files: &[&Path]) {
    let there = Command::new("python3").args(["-c", &format!("import {modules}")]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("NOT RUN for want of Python's {modules}: pip install {modules}");
        return;
    }
    let output = Command::new("python3").arg("-c").arg(program).args(files).output().expect("Python runs");
    assert!(output.status.success(), "{:?}", said(&output));
}

#[test]
fn a_page_escapes_what_it_shows_and_loads_nothing() {
    let folder = folder(&[("a.toml", HOSTILE), ("b.toml", HOLDS)]);
    let arguments = ["run", ".", "--browser", "model,model:webkit", "--report", "html=r.html"];
    let (code, ..) = said(&run(folder.path(), &arguments));
    assert_eq!(code, Some(1));
    let page = std::fs::read_to_string(folder.path().join("r.html")).expect("the page is there");
    assert_eq!(page.matches("<script").count(), 1, "the page's own script alone");
    assert!(page.contains("&lt;script&gt;alert(1)"), "and what is shown is shown");
    for tag in ["<img", "<i>", "<u>", "\u{1b}", "\u{202e}"] {
        assert!(!page.contains(tag), "{tag:?} got through");
    }
    let loads =
        regex::Regex::new(r#"(?:\s(?:src|href|action)="|url\(|@import)(?P<to>[^"\s>)]*)"#).expect("a regex");
    let page_alone = page.replace("&lt;img src=x", "");
    for found in loads.captures_iter(&page_alone) {
        let to = &found["to"];
        assert!(to.is_empty() || to.starts_with('#') || to.starts_with("data:"), "it asks for {to}");
    }
    assert!(page.contains("default-src 'none'") && !page.contains("unsafe-inline"));
    // The verdict comes first, and people's names of browsers.
    assert!(page.contains("2 of 4 runs failed."));
    assert!(page.contains("Chrome as shipped – predicted") && page.contains("Safari-like (WebKitGTK)"));
    // Nothing has two attributes of one name: browsers would drop the second.
    assert!(!regex::Regex::new(r#"class="[^"]*" class="#).expect("a regex").is_match(&page));
}

#[test]
fn junit_is_read_by_others_and_counts_alike() {
    let folder = folder(&[("a.toml", HOSTILE), ("b.toml", HOLDS)]);
    run(folder.path(), &["run", ".", "--browser", "model,model:webkit", "--report", "junit=r.xml"]);
    let xml = std::fs::read_to_string(folder.path().join("r.xml")).expect("the report is there");
    assert!(xml.contains("tests=\"4\" skipped=\"0\" failures=\"2\" errors=\"0\""), "{xml}");
    assert!(!xml.contains(['\u{1b}', '\u{202e}']), "what is no text is escaped");
    validate(
        "import sys\nfrom junitparser import JUnitXml, Failure\n\
         xml = JUnitXml.fromfile(sys.argv[1])\ncases = [case for suite in xml for case in suite]\n\
         assert len(cases) == 4, cases\n\
         assert sum(any(isinstance(one, Failure) for one in case.result) for case in cases) == 2\n\
         assert all(case.classname.endswith('.toml') for case in cases)",
        "junitparser",
        &[&folder.path().join("r.xml")],
    );
}

#[test]
fn sarif_is_what_its_schema_says() {
    let folder = folder(&[("a b.toml", HOSTILE)]);
    run(folder.path(), &["audit", ".", "--report", "sarif=r.sarif"]);
    let path = folder.path().join("r.sarif");
    let log: Value = serde_json::from_slice(&std::fs::read(&path).expect("the log is there")).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert!(!results.is_empty());
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "./a%20b.toml");
    }
    let schema = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/sarif-2.1.0.schema.json");
    validate(
        "import json, sys, jsonschema\njsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))",
        "jsonschema",
        &[&path, &schema],
    );
}

#[test]
fn github_gets_what_failed_on_its_line() {
    let folder = folder(&[("a.toml", HOSTILE)]);
    let output = rehearsal()
        .current_dir(folder.path())
        .env("XDG_CACHE_HOME", folder.path())
        .env("GITHUB_ACTIONS", "true")
        .args(["run", "a.toml", "--browser", "model"])
        .output()
        .expect("rehearsal can be started");
    let (code, stdout, stderr) = said(&output);
    assert_eq!(code, Some(1));
    assert!(!stdout.contains("::error"), "{stdout}");
    let annotations: Vec<&str> = stderr.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(annotations.len(), 2, "{stderr}");
    assert!(annotations[0].starts_with("::error file=a.toml,line=14,col=18,title="), "{}", annotations[0]);
    assert!(annotations.iter().all(|line| line.matches("::").count() == 2), "{annotations:?}");
}

#[test]
fn scenarios_are_chosen_by_tag_and_shard_and_listed() {
    let names: Vec<String> = (0..5).map(|index| format!("{index}.toml")).collect();
    let tagged = HOLDS.replace("title", "tags = [\"even\"]\ntitle");
    let files: Vec<(&str, &str)> = names
        .iter()
        .enumerate()
        .map(|(index, name)| (name.as_str(), if index % 2 == 0 { tagged.as_str() } else { HOLDS }))
        .collect();
    let folder = folder(&files);
    let listed = |arguments: &[&str]| -> Vec<String> {
        let all = [&["run", ".", "--list", "--format", "json"], arguments].concat();
        let document = json(&run(folder.path(), &all));
        let scenarios = document["scenarios"].as_array().expect("scenarios").clone();
        scenarios.iter().map(|one| one["scenario"].as_str().expect("a path").to_owned()).collect()
    };
    assert_eq!(listed(&["--tag", "even"]), ["./0.toml", "./2.toml", "./4.toml"]);
    let mut parts: Vec<String> = ["1/2", "2/2"].iter().flat_map(|part| listed(&["--shard", part])).collect();
    parts.sort();
    assert_eq!(parts, listed(&[]), "every scenario is in one part and in no other");
    let (code, _, stderr) = said(&run(folder.path(), &["run", ".", "--tag", "odd"]));
    assert_eq!(code, Some(2));
    assert!(stderr.contains("the tags of these scenarios are `even`"), "{stderr}");
    let (code, _, stderr) =
        said(&run(folder.path(), &["run", "0.toml", "--shard", "2/2", "--browser", "model"]));
    assert_eq!(code, Some(0));
    assert!(stderr.contains("none is in this part"), "{stderr}");
}

#[test]
fn what_failed_last_is_run_again_until_it_passes() {
    let folder = folder(&[("a.toml", HOSTILE), ("b.toml", HOLDS)]);
    let again = ["run", ".", "--browser", "model", "--last-failed", "--format", "json"];
    let (code, _, stderr) = said(&run(folder.path(), &again));
    assert_eq!((code, stderr.contains("nothing was run from this folder yet")), (Some(2), true), "{stderr}");
    assert_eq!(said(&run(folder.path(), &["run", ".", "--browser", "model"])).0, Some(1));
    let runs = json(&run(folder.path(), &again))["runs"].as_array().expect("runs").clone();
    assert_eq!(runs.iter().map(|run| run["scenario"].as_str()).collect::<Vec<_>>(), [Some("./a.toml")]);
    std::fs::write(folder.path().join("a.toml"), HOLDS).expect("a file can be written");
    assert_eq!(said(&run(folder.path(), &again)).0, Some(0));
    let (code, stdout, stderr) = said(&run(folder.path(), &again));
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
    assert!(stderr.contains("all passed when they were last run"), "{stderr}");
}

#[test]
fn repeated_runs_are_counted_and_their_messages_are_not_repeated() {
    let folder = folder(&[("a.toml", HOSTILE), ("b.toml", HOLDS)]);
    let (code, stdout, _) = said(&run(folder.path(), &["run", ".", "--browser", "model", "--repeat", "3"]));
    assert_eq!(code, Some(1));
    assert!(stdout.contains("3 passed, 3 failed"), "{stdout}");
    assert!(stdout.contains("FAILED 0 of 3") && stdout.contains("ok 3 of 3"), "{stdout}");
    assert_eq!(stdout.matches("expected cookie `a` to be stored").count(), 1, "{stdout}");
    assert!(!stdout.contains("FLAKY"), "what fails every time is not flaky: {stdout}");
}

#[test]
fn one_broken_file_keeps_no_other_from_running() {
    let folder =
        folder(&[("a.toml", "title = 1"), ("b.toml", HOLDS), ("_part.toml", "[variables]\nx = \"1\"")]);
    let output = run(folder.path(), &["run", ".", "--browser", "model", "--format", "json"]);
    let (code, _, stderr) = said(&output);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("in 1 of 2 scenarios: the others are run"), "{stderr}");
    let document = json(&output);
    assert_eq!(document["summary"]["passed"], 1);
    assert_eq!(document["mistakes"][0]["file"], "./a.toml");
    // As a shell writes `*.toml` out.
    let glob = ["run", "_part.toml", "b.toml", "--browser", "model"];
    assert_eq!(said(&run(folder.path(), &glob)).0, Some(0));
    let (code, _, stderr) = said(&run(folder.path(), &["check", "_part.toml"]));
    assert_eq!(code, Some(2));
    assert!(stderr.contains("is a part that scenarios include"), "{stderr}");
}

#[test]
fn check_speaks_to_programs_and_can_be_strict() {
    let odd = HOSTILE.replace("SameSite=Lax", "Http-Only");
    let folder = folder(&[("a.toml", "title = \"x\"\n[[steps]]\n"), ("b.toml", &odd), ("c.toml", HOLDS)]);
    let output = run(folder.path(), &["check", ".", "--format", "json"]);
    let document = json(&output);
    assert_eq!(said(&output).0, Some(2));
    let mistakes = document["mistakes"].as_array().expect("mistakes");
    let misspelt = mistakes.iter().find(|mistake| mistake["line"] == 2).expect("`steps` stands in line 2");
    assert_eq!((&misspelt["file"], &misspelt["severity"]), (&"./a.toml".into(), &"error".into()));
    assert_eq!(document["summary"]["warnings"], 1);
    assert_eq!(said(&run(folder.path(), &["check", "b.toml"])).0, Some(0));
    assert_eq!(said(&run(folder.path(), &["check", "b.toml", "--deny", "warnings"])).0, Some(2));
    assert_eq!(said(&run(folder.path(), &["check", "c.toml", "--deny", "warnings"])).0, Some(0));
}

#[test]
fn a_report_that_could_not_be_written_is_said_before_anything_runs() {
    let folder = folder(&[("b.toml", HOLDS)]);
    let arguments = ["run", "b.toml", "--browser", "model", "--report", "html=nowhere/r.html"];
    let (code, stdout, stderr) = said(&run(folder.path(), &arguments));
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert!(stderr.contains("a report cannot be written to nowhere/r.html"), "{stderr}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_stderr_that_takes_nothing_changes_no_exit_code() {
    let folder = folder(&[("a.toml", "title = 1"), ("b.toml", HOLDS)]);
    for (arguments, code) in [
        (&["check", "a.toml"][..], 2),
        (&["run", "a.toml", "--browser", "model"], 2),
        (&["run", ".", "--browser", "model"], 2),
        (&["run", "b.toml", "--browser", "model", "--shard", "2/2"], 0),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has one");
        let mut command = rehearsal();
        command.current_dir(folder.path()).env("XDG_CACHE_HOME", folder.path()).args(arguments);
        let status =
            command.stdout(std::process::Stdio::null()).stderr(full).status().expect("it can be started");
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_saved_scenario_is_run_again_and_a_mistake_ends_nothing() {
    use std::io::{BufRead, BufReader};
    let folder = folder(&[("a.toml", HOLDS)]);
    let path = folder.path().join("a.toml");
    let mut command = rehearsal();
    command.current_dir(folder.path()).env("XDG_CACHE_HOME", folder.path());
    command.args(["run", "a.toml", "--browser", "model", "--watch"]);
    let pipe = std::process::Stdio::piped;
    let mut watching = command.stdout(pipe()).stderr(pipe()).spawn().expect("rehearsal can be started");
    let mut said = BufReader::new(watching.stdout.take().expect("it is piped")).lines();
    let mut talk = BufReader::new(watching.stderr.take().expect("it is piped")).lines();
    let mut next = |word: &str| said.by_ref().map_while(Result::ok).find(|line| line.contains(word));
    assert!(next(" passed").expect("it ran").starts_with("1 passed, 0 failed"));
    std::fs::write(&path, HOLDS.replace("200", "404 # not this")).expect("a file can be written");
    assert!(next(" passed").expect("it ran again").starts_with("0 passed, 1 failed"));
    std::fs::write(&path, "title = ").expect("a file can be written");
    let mistake = talk.by_ref().map_while(Result::ok).find(|line| line.contains("nothing was run"));
    assert!(mistake.is_some(), "the mistake is told of");
    std::fs::write(&path, HOLDS).expect("a file can be written");
    assert!(next(" passed").expect("it ran once more").starts_with("1 passed, 0 failed"));
    crate::command::signal(watching.id(), rustix::process::Signal::INT);
    assert_eq!(watching.wait().expect("it ends").code(), Some(130));
}

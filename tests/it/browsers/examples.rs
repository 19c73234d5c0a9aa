//! The example applications: real servers of real frameworks behind production's names, in real browsers.
//!
//! They install packages and start development servers, which takes minutes, so they run where they are asked for:
//! `cargo test --test it -- --ignored examples`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::command::{engines, failures, run_json};

/// An example: its folder, a page that may call its server, and the path at which that tells what it was asked.
const EXAMPLES: [(&str, &str, &str); 4] = [
    ("django-jwt", "api:/nothing-here", "/asked"),
    ("fastapi-vite", "api:/docs", "/asked"),
    ("express-gateway", "shop:/", "/asked"),
    ("next-session", "app:/", "/api/asked"),
];

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// One test after another: the servers of the examples have their ports.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn install() {
    let status = Command::new("sh").arg(folder().join("install.sh")).status().expect("sh can be started");
    assert!(status.success(), "the packages of the examples cannot be installed");
}

/// A scenario beside those of an example, gone at the end of the test.
fn beside(example: &str, text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().prefix("made-").suffix(".toml").tempfile_in(folder().join(example));
    let file = file.expect("a file can be made");
    std::fs::write(file.path(), text).expect("it can be written");
    file
}

fn read(example: &str, name: &str) -> String {
    std::fs::read_to_string(folder().join(example).join(name)).expect("the example is there")
}

/// The lines of a scenario that set its variables.
fn variables(text: &str) -> &str {
    let start = text.find("[variables]").expect("it has variables");
    &text[start..start + text[start..].find("\n\n").expect("steps come after them")]
}

fn run(path: &Path, browser: &str, more: &[&str]) -> (i32, Value) {
    let path = path.to_str().expect("the path is text");
    run_json(&[&[path, "--start", "--timeout", "90s", "--browser", browser], more].concat())
}

/// All that the rules predicted otherwise.
fn drift(document: &Value) -> Vec<&Value> {
    let runs = document["runs"].as_array().into_iter().flatten();
    runs.flat_map(|run| run["drift"].as_array().into_iter().flatten()).collect()
}

#[test]
#[ignore = "installs real packages and takes minutes: cargo test --test it -- --ignored examples"]
fn each_holds_in_every_engine_and_no_server_is_asked_twice() {
    let _alone = alone();
    install();
    for engine in engines() {
        let (code, document) = run(&folder(), engine.as_str(), &[]);
        assert_eq!(code, 0, "{engine:?}: {document:#}");
        assert_eq!(document["summary"]["passed"], 8, "{engine:?}");
        assert_eq!(drift(&document), Vec::<&Value>::new(), "{engine:?}");
        for (example, page, path) in EXAMPLES {
            // Asked by a script: Firefox shows JSON in a page of its own.
            let text = read(example, "fixed.toml")
                + &format!(
                    "\n[[step]]\nvisit = \"{page}\"\n\n\
                     [[step]]\neval = \"fetch('{path}').then(answer => answer.json())\"\n"
                );
            let file = beside(example, &text);
            let (code, document) = run(file.path(), engine.as_str(), &[]);
            assert_eq!(code, 0, "{example} in {engine:?}: {document:#}");
            let steps = document["runs"][0]["steps"].as_array().expect("steps");
            let body =
                steps.last().and_then(|step| step["page"]["body"].as_str()).expect("the page was read");
            let asked: Value = serde_json::from_str(body).expect("what it was asked is JSON");
            let asked = asked.as_object().expect("each request has a number");
            let logins = asked.iter().filter(|(line, _)| line.starts_with("POST ") && line.contains("login"));
            assert_eq!(logins.map(|(_, times)| times).collect::<Vec<_>>(), [&Value::from(1)], "{asked:?}");
            for (line, times) in
                asked.iter().filter(|(line, _)| line.contains("/me") || line.contains("login"))
            {
                assert_eq!(*times, 1, "{example} in {engine:?}: {line}");
            }
        }
    }
}

/// What is told of each that is to work and has the settings of the broken one, what comes of the fix where it is laid
/// over the answers, and what comes of it in the application's own settings.
#[test]
#[ignore = "installs real packages and takes minutes: cargo test --test it -- --ignored examples"]
fn what_breaks_each_is_told_and_a_fix_that_works() {
    let _alone = alone();
    install();
    // Of engines that no fix helps, WebKit with a cookie of another site, nothing is claimed here.
    let browsers: Vec<&str> = engines().iter().map(|engine| engine.as_str()).collect();
    for (example, cause, fix, works) in [
        ("django-jwt", "same-site-lax", "SameSite=None; Secure", Some(true)),
        ("fastapi-vite", "credentials-omitted", "credentials: \\\"include\\\"", None),
        ("express-gateway", "app.set(\\\"trust proxy\\\", 1)", "", None),
        ("next-session", "domain-mismatch", "Set-Cookie: session=", Some(true)),
    ] {
        let (broken, fixed) = (read(example, "broken.toml"), read(example, "fixed.toml"));
        let browsers =
            browsers.iter().copied().filter(|browser| example != "django-jwt" || *browser != "webkit");
        let browsers = browsers.collect::<Vec<_>>().join(",");
        let file = beside(example, &fixed.replace(variables(&fixed), variables(&broken)));
        let (code, document) = run(file.path(), &browsers, &["--try"]);
        assert_eq!(code, 1, "{example}: {document:#}");
        assert_eq!(drift(&document), Vec::<&Value>::new(), "{example}");
        for run in document["runs"].as_array().expect("runs") {
            let failures = failures(run);
            let told = failures[0]["explanation"].to_string();
            assert!(told.contains(cause), "{example}: {told}");
            let found = &failures[0]["fix"];
            assert!(found.to_string().contains(fix), "{example}: {found:#}");
            let tried =
                found["tried"].as_array().map(|tried| tried.iter().map(|tried| &tried["works"]).collect());
            let tried: Option<Vec<&Value>> = tried;
            let all = works.map(|works| vec![Value::from(works); browsers.split(',').count()]);
            assert_eq!(tried, all.as_ref().map(|all| all.iter().collect()), "{example}: {found:#}");
        }
        // What the fix says, said by the application's own settings.
        let (code, document) = run(&folder().join(example).join("fixed.toml"), &browsers, &[]);
        assert_eq!(code, 0, "{example}: {document:#}");
    }
}

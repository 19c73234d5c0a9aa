//! The page that `run --report html=` writes, opened in the browsers it tells of.

use serde_json::Value;

use crate::reports::{HOLDS, HOSTILE, folder, json, run};

/// The page in the real browsers: nothing on the console, nothing that its policy held back.
#[test]
fn a_page_is_quiet_in_a_browser() {
    if crate::command::engines().is_empty() {
        return;
    }
    let folder = folder(&[("a.toml", HOSTILE), ("b.toml", HOLDS)]);
    run(folder.path(), &["run", ".", "--browser", "model", "--report", "html=r.html"]);
    let page = std::fs::read_to_string(folder.path().join("r.html")).expect("the page is there");
    let scenario = format!(
        "title = \"The page\"\n[origins.web]\nurl = \"https://www.example.com\"\n\
         routes = [{{ at = \"GET /\", html = {page:?} }}]\n[[step]]\nvisit = \"web:/\"\nexpect.status = 200\n\
         [[step]]\neval = \"document.getElementById('find').hidden ? 'no script' : 'script'\"\nexpect.json = \"script\"\n"
    );
    // Rust's escapes of text are TOML's but for `\u{{…}}` and `\'`.
    let scenario = scenario.replace("\\'", "'");
    let escapes = regex::Regex::new(r"\\u\{([0-9a-f]+)\}").expect("a regex");
    let scenario =
        escapes.replace_all(&scenario, |found: &regex::Captures<'_>| format!("\\U{:0>8}", &found[1]));
    std::fs::write(folder.path().join("page.toml"), scenario.as_bytes()).expect("a file can be written");
    let document = json(&run(folder.path(), &["run", "page.toml", "--format", "json"]));
    for run in document["runs"].as_array().expect("runs") {
        let browser = &run["browser"];
        assert_eq!(run["error"], Value::Null, "{browser}");
        for step in run["steps"].as_array().expect("steps") {
            assert_eq!(step["console"], serde_json::json!([]), "{browser}");
            assert_eq!(step["refused"], serde_json::json!([]), "{browser}");
        }
        let visit = run["steps"][0]["exchanges"].as_array().expect("exchanges");
        assert_eq!(visit.len(), 1, "{browser} asks for the page and for nothing else: {visit:?}");
    }
}

//! The README's first screen is what really happens: its scenario, run in Chromium, says what it shows.

use crate::command;
use std::fs;
use std::path::Path;

#[test]
fn the_first_screen_is_a_real_run() {
    if !command::chromium_or_say_so() {
        return;
    }
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))
        .expect("there is a README");
    let shown = block(&readme, "```text\n$ rehearsal run login.toml\n");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("login.toml"), block(&readme, "```toml\n"))
        .expect("the scenario can be written");
    let output = command::rehearsal()
        .current_dir(folder.path())
        .args(["run", "login.toml", "--browser", "chromium"])
        .output()
        .expect("rehearsal can be started");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("a report is text");
    // After the table's head come times and a version.
    let failures = |text: &str| text.split("\nscenario").next().map(str::to_owned);
    assert_eq!(failures(&said), failures(shown));
}

/// `README=overwrite cargo test --test it table_of_differences` writes the table anew.
#[test]
fn the_table_of_differences_is_that_of_the_profiles() {
    const END: &str = "<!-- end -->";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&file).expect("there is a README");
    let start = readme.find("<!-- differences").expect("the README has the table");
    let begin = start + readme[start..].find('\n').expect("a line ends") + 1;
    let end = begin + readme[begin..].find(END).expect("the table has an end");
    let mut table =
        "| | specification | chromium | firefox | webkit |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for difference in rehearsal::rules::engine::differences() {
        let [chromium, firefox, webkit] = &difference.engines;
        let row = format!(
            "| {} | {} | {chromium} | {firefox} | {webkit} |\n",
            difference.what, difference.specification
        );
        table.push_str(&row);
    }
    if std::env::var_os("README").is_some_and(|wish| wish == "overwrite") {
        let written = [&readme[..begin], &table, &readme[end..]].concat();
        fs::write(&file, written).expect("the README can be written");
        return;
    }
    assert_eq!(&readme[begin..end], table, "README=overwrite writes it anew");
}

/// What stands between this line and the end of its block.
fn block<'a>(text: &'a str, start: &str) -> &'a str {
    let (_, rest) = text.split_once(start).expect("the README has the block");
    rest.split_once("```").expect("a block ends").0
}

//! The README's first screen is what really happens: its scenario, run in Chromium, says what it shows.

mod command;

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

/// What stands between this line and the end of its block.
fn block<'a>(text: &'a str, start: &str) -> &'a str {
    let (_, rest) = text.split_once(start).expect("the README has the block");
    rest.split_once("```").expect("a block ends").0
}

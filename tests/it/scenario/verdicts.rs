//! What is said of expectations that do not hold, to the letter, in the words of the predicted browser.
//!
//! `INSTA_UPDATE=always cargo test --test verdicts` writes what is said now.

use crate::command;
use std::fs;
use std::path::Path;

#[test]
fn every_failure_reads_as_approved() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verdicts");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let files =
        fs::read_dir(&folder).expect("the folder is in the repository").flatten().map(|entry| entry.path());
    let mut scenarios: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    scenarios.sort();
    assert!(!scenarios.is_empty());
    for scenario in scenarios {
        let name = scenario.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let output = command::rehearsal()
            .current_dir(&folder)
            .args(["run", "--browser", "model"])
            .arg(format!("{name}.toml"))
            .output()
            .expect("rehearsal can be started");
        assert_eq!(
            output.status.code(),
            Some(1),
            "{name} fails: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let said = String::from_utf8(output.stdout).expect("a report is text");
        // The table that follows has times in it.
        let (failures, _) = said.split_once("\nscenario").expect("a table follows");
        settings.bind(|| insta::assert_snapshot!(name, failures));
    }
}

//! The README and the manual are true: their runs are real, their scenarios can be read, their links lead
//! somewhere, and their tables are what the code says.
//!
//! `DOCS=overwrite cargo test --test it docs::` writes the generated parts anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rehearsal::diagnostic::{Source, Style};
use rehearsal::{manual, scenario};

use crate::command;

/// What a newcomer reads on one screen, and a little more.
const README_LINES: usize = 150;

#[test]
fn the_first_screen_is_a_real_run() {
    if !command::chromium_or_say_so() {
        return;
    }
    let (readme, reference) = (text("README.md"), text("docs/scenarios.md"));
    let shown = block(&readme, "```text\n$ rehearsal run login.toml\n");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("login.toml"), block(&reference, "```toml\n"))
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

#[test]
fn the_readme_is_short() {
    let lines = text("README.md").lines().count();
    assert!(lines <= README_LINES, "{lines} lines: move what is more than a beginning to docs/");
}

#[test]
fn the_table_of_differences_is_that_of_the_profiles() {
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
    has_table("docs/browsers.md", "<!-- differences", &table);
}

#[test]
fn the_table_of_actions_is_that_of_the_reader() {
    let mut table = "| key | does |\n| --- | --- |\n".to_owned();
    for action in &rehearsal::scenario::actions::ACTIONS {
        table.push_str(&format!("| `{}` | {} |\n", action.example.replace('|', "\\|"), action.does));
    }
    has_table("docs/scenarios.md", "<!-- actions", &table);
}

/// The table between a mark and `<!-- end -->` is this one.
fn has_table(page: &str, mark: &str, table: &str) {
    let text = text(page);
    let start = text.find(mark).expect("the page has the table");
    let begin = start + text[start..].find('\n').expect("a line ends") + 1;
    let end = begin + text[begin..].find("<!-- end -->").expect("the table has an end");
    is_current(page, &[&text[..begin], table, &text[end..]].concat());
}

#[test]
fn the_page_of_reasons_is_that_of_the_codes() {
    is_current("docs/reasons.md", &manual::reasons());
}

#[test]
fn every_page_is_in_the_binary() {
    let shown: BTreeSet<PathBuf> =
        manual::PAGES.iter().map(|(name, ..)| root().join(format!("docs/{name}.md"))).collect();
    let there: BTreeSet<PathBuf> =
        pages().into_iter().filter(|page| page.parent() != Some(&root())).collect();
    assert_eq!(shown, there);
}

/// A block of TOML with a title is a whole scenario.
#[test]
fn every_scenario_of_the_manual_can_be_read() {
    let mut read = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page can be read");
        for scenario in
            text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default())
        {
            if !scenario.starts_with("title") {
                continue;
            }
            read += 1;
            let (plan, diagnostics) =
                scenario::parse(std::sync::Arc::new(Source::new("manual.toml", scenario.to_owned())));
            let told: String = diagnostics.iter().map(|diagnostic| diagnostic.render(Style::Plain)).collect();
            assert!(plan.is_some() && diagnostics.is_empty(), "{}: {told}", page.display());
        }
    }
    assert!(read > 0, "the manual has a whole scenario");
}

#[test]
fn every_link_leads_somewhere() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page can be read");
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = page.parent().expect("a page is in a folder");
            let target = if file.is_empty() { page.clone() } else { folder.join(file) };
            let found = target.exists() && (anchor.is_empty() || anchors(&target).contains(anchor));
            if !found {
                dead.push(format!("{}: {link}", page.strip_prefix(root()).unwrap_or(&page).display()));
            }
        }
    }
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
}

/// The pages: those of `docs/`, and what stands beside the README.
fn pages() -> Vec<PathBuf> {
    let markdown = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("the folder can be read");
        let paths = entries.map(|entry| entry.expect("an entry can be read").path());
        paths.filter(|path| path.extension().is_some_and(|end| end == "md")).collect::<Vec<_>>()
    };
    let mut pages = markdown(&root());
    pages.extend(markdown(&root().join("docs")));
    pages
}

/// Where the links of a text lead: what stands in `](…)`.
fn links(text: &str) -> Vec<String> {
    let ends = text.split("](").skip(1);
    ends.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(page).expect("a page can be read");
    let headings =
        text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| {
        let kept = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .collect::<String>();
        kept.replace(' ', "-")
    };
    headings.map(anchor).collect()
}

fn is_current(file: &str, wanted: &str) {
    if std::env::var_os("DOCS").is_some_and(|wish| wish == "overwrite") {
        fs::write(root().join(file), wanted).expect("the page can be written");
        return;
    }
    assert_eq!(text(file), wanted, "DOCS=overwrite cargo test --test it docs:: writes {file} anew");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect("the page is there")
}

/// What stands between this line and the end of its block.
fn block<'a>(text: &'a str, start: &str) -> &'a str {
    let (_, rest) = text.split_once(start).expect("the page has the block");
    rest.split_once("```").expect("a block ends").0
}

//! The rooms of `src` use each other in one direction: what stands later in the list may use what stands before
//! it, and never the reverse.
//!
//! It reads the text of `src` for `crate::ROOM`, as people write it; tests inside a file may use what they like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// The rooms, the lowest first: words and rules, then the stream from a scenario to its report.
const ORDER: &[&str] = &[
    "rules",
    "text",
    "browser_name",
    "suffixes",
    "relation",
    "diagnostic",
    "cookie_line",
    "near",
    "lookup",
    "slips",
    "manual",
    "plan",
    "looks",
    "scenario",
    "world",
    "inside",
    "observe",
    "recording",
    "follow",
    "live",
    "browser",
    "servers",
    "trust",
    "reconcile",
    "record",
    "verdict",
    "edit",
    "explain",
    "import",
    "outcome",
    "audit",
    "matrix",
    "doctor",
    "redact",
    "run",
    "report",
    "cli",
    "command",
];

/// Arrows that run back up, and why each is harmless.
const KNOWN: &[(&str, &str, &str)] = &[(
    "explain",
    "outcome",
    "a failed claim keeps its explanation, and what explains claims takes the runs in which they failed",
)];

#[test]
fn no_room_uses_one_that_stands_above_it() {
    let rank: BTreeMap<&str, usize> = ORDER.iter().enumerate().map(|(rank, room)| (*room, rank)).collect();
    let mut wrong = Vec::new();
    let mut seen: BTreeSet<&(&str, &str, &str)> = BTreeSet::new();
    for (file, room, used) in arrows() {
        let [Some(from), Some(to)] = [&room, &used].map(|room| rank.get(room.as_str())) else {
            panic!("`{room}` or `{used}` ({file}) stands nowhere in the order: put it where it belongs");
        };
        let known = KNOWN.iter().find(|(from, to, _)| *from == room && *to == used);
        seen.extend(known);
        if to > from && known.is_none() {
            wrong.push(format!("{file}: `{room}` uses `{used}`, which stands above it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let gone: Vec<_> = KNOWN.iter().filter(|known| !seen.contains(known)).collect();
    assert!(gone.is_empty(), "these arrows are gone: take them from KNOWN: {gone:?}");
}

/// Every use of one room by a file of another: the file, its room, the room that is used.
fn arrows() -> BTreeSet<(String, String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let comment = Regex::new("//[^\n]*").expect("a pattern");
    let single = Regex::new(r"\bcrate::([a-z_]+)").expect("a pattern");
    let grouped = Regex::new(r"(?s)\bcrate::\{(.*?)\};").expect("a pattern");
    let inner = Regex::new(r"\{[^{}]*\}").expect("a pattern");
    let rooms: BTreeSet<String> = entries(&src).iter().map(|entry| room(&src, entry)).collect();
    let mut arrows = BTreeSet::new();
    for file in rust_files(&src) {
        let text = fs::read_to_string(&file).expect("a file of src can be read");
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let text = comment.replace_all(text, "");
        let mut used: Vec<String> = single.captures_iter(&text).map(|found| found[1].to_owned()).collect();
        for group in grouped.captures_iter(&text) {
            let mut names = group[1].to_owned();
            while inner.is_match(&names) {
                names = inner.replace_all(&names, "").into_owned();
            }
            let first = |path: &str| path.trim().split("::").next().unwrap_or_default().to_owned();
            used.extend(names.split(',').map(first));
        }
        let (name, here) =
            (file.strip_prefix(&src).expect("it is below").display().to_string(), room(&src, &file));
        let others = used.into_iter().filter(|used| rooms.contains(used) && *used != here);
        // The library and the command's entry point name every room.
        arrows.extend(
            others
                .filter(|_| !matches!(here.as_str(), "lib" | "main"))
                .map(|used| (name.clone(), here.clone(), used)),
        );
    }
    arrows
}

/// The room of a file: the first part of its path in `src`.
fn room(src: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(src).expect("it is below").components().next().expect("it has a name");
    inside.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in entries(folder) {
        if entry.is_dir() {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|end| end == "rs") {
            files.push(entry);
        }
    }
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    entries.map(|entry| entry.expect("an entry can be read").path()).collect()
}

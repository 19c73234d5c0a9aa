//! A browser killed at a random moment: never a hang, never a process or folder left, exit 3 each time
//! a scenario was hit.
//!
//! Once for each engine, and `REHEARSAL_KILLS=100` makes it a hundred times, `REHEARSAL_BROWSERS=firefox,webkit` names
//! the engines; the moments are drawn from `REHEARSAL_SEED`.
#![cfg(target_os = "linux")]

use crate::command;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rehearsal::browser_name::Engine;
use rustix::process::Signal;
use serde_json::Value;

/// Of so many kills one hits a run, or the moments are badly drawn.
const MANY: u64 = 20;

/// No run of one folder of scenarios takes this long, whatever happened to its browser.
const DEADLINE: Duration = Duration::from_secs(120);

#[test]
#[expect(clippy::print_stderr, reason = "how often it was tried belongs to the result")]
fn a_killed_browser_is_an_error_and_leaves_nothing() {
    let named = std::env::var("REHEARSAL_BROWSERS").ok();
    let is_named = |engine: &Engine| {
        named.as_ref().is_none_or(|names| names.split(',').any(|name| name == engine.as_str()))
    };
    for engine in command::engines().into_iter().filter(is_named) {
        let mut random = Random(number("REHEARSAL_SEED", 20_261_120));
        let (kills, mut hit) = (number("REHEARSAL_KILLS", 1), 0);
        for round in 0..kills {
            hit += usize::from(kill_once(engine, round, &mut random));
        }
        eprintln!("{}: {kills} browsers killed, {hit} runs hit", engine.as_str());
        assert!(hit > 0 || kills < MANY, "no kill hit a run: the moments are badly drawn");
    }
}

/// Runs a folder of scenarios, kills one process of the browser on the way, and says whether a scenario was hit.
fn kill_once(engine: Engine, round: u64, random: &mut Random) -> bool {
    let temporary = tempfile::tempdir().expect("a temporary folder can be made");
    let mut child = command::rehearsal()
        .args(["run", "--browser", engine.as_str(), "--jobs", "2", "--format", "json"])
        .arg(command::scenarios().join("jwt-cors"))
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("rehearsal can be started");

    // The report is longer than a pipe holds: it is read while it comes.
    let mut stdout = child.stdout.take().expect("stdout is a pipe");
    let report = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).expect("the report is text");
        text
    });

    // The moment: so many looks at the process table after the browser has come up.
    let mut looks = random.below(600);
    let mut seen = BTreeSet::new();
    let started = Instant::now();
    let mut killed = None;
    while child.try_wait().expect("our child can be waited for").is_none() {
        assert!(started.elapsed() < DEADLINE, "round {round}: hangs; killed {killed:?}");
        // Looking all the time would take a processor from the browser.
        std::thread::sleep(Duration::from_millis(5));
        let tree = command::descendants(child.id());
        seen.extend(tree.iter().map(|(id, _)| *id));
        let browser = tree.iter().find(|(_, name)| name.starts_with(called(engine)));
        match browser {
            Some((id, name)) if killed.is_none() && looks == 0 => {
                command::signal(*id, Signal::KILL);
                killed = Some(format!("{name} ({id})"));
            }
            Some(_) => looks = looks.saturating_sub(1),
            None => {}
        }
    }
    let status = child.wait().expect("our child can be waited for");
    let code = status.code().expect("rehearsal was not killed");
    let report = report.join().expect("nobody panics");
    let document: Value = serde_json::from_str(&report).expect("the report is JSON");
    let summary = &document["summary"];
    let errors = summary["errors"].as_u64().expect("a summary");
    let failed = document["runs"].as_array().into_iter().flatten().find(|run| run["outcome"] == "failed");
    assert!(
        failed.is_none(),
        "round {round}: killed {killed:?}, and an expectation failed for it: {failed:?}"
    );
    assert_eq!(code, if errors > 0 { 3 } else { 0 }, "round {round}: {summary}, killed {killed:?}");
    let left: Vec<_> = seen.into_iter().filter(|id| command::is_there(*id)).collect();
    assert!(left.is_empty(), "round {round}: processes {left:?} are left, killed {killed:?}");
    let folders: Vec<_> = fs::read_dir(temporary.path()).expect("the folder is ours").collect();
    assert!(folders.is_empty(), "round {round}: {folders:?} is left, killed {killed:?}");
    errors > 0
}

/// How the processes of an engine's browser are called.
fn called(engine: Engine) -> &'static str {
    match engine {
        Engine::Chromium => "chromium",
        Engine::Firefox => "firefox",
        Engine::Webkit => "MiniBrowser",
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A small generator, so that a failing round can be repeated (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

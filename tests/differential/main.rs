//! The differential test: generated scenarios, run in real browsers and predicted by the rules, must
//! agree on every request made, every cookie stored and sent, every answer readable, and every jar.
//!
//! `cargo test` runs some in each engine; `REHEARSAL_SCENARIOS=500 REHEARSAL_SEED=7 cargo test --test differential` any
//! number of any seed, and `REHEARSAL_FIRST=42 REHEARSAL_SCENARIOS=1` a single one;
//! `REHEARSAL_BROWSERS=firefox,webkit` names the browsers. A scenario in which the two disagree is made as
//! small as it gets, and written to `target/differential/` with what was seen in a comment: `rehearsal run
//! FILE` shows it again.
//!
//! Nothing here expects anything of a scenario but that: the browser is right, and the rules are held
//! against it.

#![allow(unreachable_pub, reason = "a test program has no users")]

#[path = "../it/command.rs"]
mod command;

mod case;
mod fixes;
mod generate;
mod lines;
mod page;
mod pieces;
mod random;
mod shrink;
mod steps;
mod topology;
mod trial;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rehearsal::browser_name::{BrowserName, Engine};
use rehearsal::outcome::Outcome;
use rehearsal::plan::Plan;
use rehearsal::rules::reason::Reason;

use self::case::Case;
use self::trial::{Finding, Trial};

/// The seed where `REHEARSAL_SEED` does not say.
const SEED: u64 = 1;

/// The browsers that scenarios are run in, and how many each, where `REHEARSAL_BROWSERS` and
/// `REHEARSAL_SCENARIOS` do not say.
const SLICES: [(&str, u64); 3] = [
    ("chromium,chromium:block-third-party", 10),
    ("firefox,firefox:block-third-party", 5),
    // It has no tab to keep: every scenario takes a browser of its own.
    ("webkit", 5),
];

/// How many fixes are tried, where `REHEARSAL_FIXES` does not say.
const FIXES: u64 = 6;

/// How many bytes of stack the search for fixes has: as many as the program's own.
const STACK: usize = 8 << 20;

/// How many scenarios run at once.
const JOBS: usize = 3;

/// How many of the scenarios that disagree are made smaller, where `REHEARSAL_SHRINK` does not say.
const SHRUNK: u64 = 4;

#[test]
fn generated_scenarios_go_as_predicted() {
    let reports: String = slices().into_iter().map(|(browsers, count)| try_out(&browsers, count)).collect();
    assert!(reports.is_empty(), "the rules and a browser disagree:\n{reports}");
}

/// Runs so many scenarios in these browsers, and reports where rules and browser disagree.
#[expect(clippy::print_stderr, reason = "how many were run belongs to the result")]
fn try_out(browsers: &[BrowserName], count: u64) -> String {
    let (seed, first) = (setting("REHEARSAL_SEED", SEED), setting("REHEARSAL_FIRST", 0));
    let cases: Vec<Case> = (first..first + count).map(|index| generate::case(seed, index)).collect();
    runtime().block_on(async {
        let started = Instant::now();
        let Trial { findings, slowest } = trial::run(&cases, browsers, JOBS).await;
        let (slow, seconds) = slowest.map_or((0, 0.0), |(index, took)| (index, took.as_secs_f64()));
        eprintln!(
            "{count} scenarios of seed {seed} from {first} on, in {} browsers: {} disagree, in {:.1} s \
             (the slowest, {}, took {seconds:.1} s)",
            browsers.len(),
            findings.len(),
            started.elapsed().as_secs_f64(),
            usize::try_from(first).unwrap_or_default() + slow,
        );
        report(&cases, &format!("seed-{seed}"), first, &findings).await
    })
}

/// Fixes that are proposed for generated failures work in the real browser, and no part of one is enough.
/// `REHEARSAL_FIXES=40 REHEARSAL_SEED=7 cargo test --test differential -- --ignored fixes` tries so many of that seed.
#[test]
#[ignore = "looking for fixes takes minutes in a build that is not optimised: run it with --ignored"]
#[expect(clippy::print_stderr, reason = "how many were run belongs to the result")]
fn fixes_that_are_proposed_work() {
    let browser = named("chromium");
    if !command::there_or_say_so(browser.engine) {
        return;
    }
    let count = usize::try_from(setting("REHEARSAL_FIXES", FIXES)).expect("a count fits");
    let (seed, first) = (setting("REHEARSAL_SEED", SEED), setting("REHEARSAL_FIRST", 0));
    // Looking for fixes takes a deeper stack than a test's thread has, in a build that is not optimised.
    let tried = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || runtime().block_on(fixes::try_out(seed, first, count, browser, JOBS)))
        .expect("a thread can be started")
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let good = tried.count - tried.wrong.len().min(tried.count);
    eprintln!("{good} of {} fixes work in {browser}, and none is larger than it has to be", tried.count);
    assert_eq!(tried.count, count, "so many fixes were looked for");
    assert!(tried.wrong.is_empty(), "{}", tried.wrong.join("\n\n"));
}

/// Scenarios that once disagreed, each for a reason of its own, still agree, and show what they say: in every
/// engine as it ships, and under another policy where they say something of that.
#[test]
fn lessons_are_not_forgotten() {
    let browsers: Vec<BrowserName> = slices().into_iter().flat_map(|(browsers, _)| browsers).collect();
    let lessons = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/lessons");
    let loaded = rehearsal::scenario::load(&[lessons]);
    assert!(loaded.errors() == 0 && !loaded.plans.is_empty(), "{:?}", loaded.diagnostics);
    let plans: Vec<Arc<Plan>> = loaded.plans.into_iter().map(Arc::new).collect();
    let (shipped, others): (Vec<_>, Vec<_>) =
        browsers.into_iter().partition(|browser| browser.policy.is_none());
    let mut runs = runtime().block_on(trial::run_plans(&plans, &shipped, JOBS));
    for browser in others {
        let names_it = |plan: &&Arc<Plan>| plan.source.text.contains(&browser.to_string());
        let plans: Vec<Arc<Plan>> = plans.iter().filter(names_it).cloned().collect();
        assert!(!plans.is_empty(), "no lesson is about {browser}");
        runs.extend(runtime().block_on(trial::run_plans(&plans, &[browser], JOBS)));
    }
    for run in &runs {
        if let Some(found) = trial::finding(run, 0) {
            panic!("{} {found}", run.scenario());
        }
        let failures: Vec<_> = run.steps.iter().flat_map(|step| &step.failures).collect();
        assert_eq!(run.outcome(), Outcome::Passed, "{} in {}: {failures:?}", run.scenario(), run.browser);
    }
}

/// The generated scenarios reach every reason there is, but those of other engines: what they do not
/// reach they cannot test.
#[test]
fn generated_scenarios_reach_every_reason() {
    let plan = |index: u64| {
        let path = trial::path(usize::try_from(index).expect("an index fits"));
        generate::case(SEED, index).plan(&path).unwrap_or_else(|mistakes| panic!("{mistakes}"))
    };
    let models = ["model:chromium", "model:chromium:block-third-party"].map(named);
    let mut reached: BTreeSet<Reason> = BTreeSet::new();
    let mut missing = Vec::new();
    // So many as it takes, and no more than ever were needed.
    for first in (0..800).step_by(100) {
        let plans: Vec<Arc<Plan>> = (first..first + 100).map(plan).collect();
        let runs = runtime().block_on(trial::run_plans(&plans, &models, JOBS));
        reached.extend(trial::reasons(&runs));
        missing = Reason::ALL
            .iter()
            .filter(|reason| !reached.contains(reason))
            .map(|reason| reason.code())
            .collect();
        if missing == UNREACHED {
            break;
        }
    }
    assert_eq!(missing, UNREACHED, "of the reasons only these are not reached");
}

/// The reasons that are given for no request and no line: what a script may not read is not listed, and a
/// cookie that never was is held back from nothing.
const UNREACHED: &[&str] = &["http-only", "not-stored"];

/// The browsers that are asked for and are there, and how many scenarios are run in each.
fn slices() -> Vec<(Vec<BrowserName>, u64)> {
    let asked = match std::env::var("REHEARSAL_BROWSERS") {
        Ok(names) => vec![(there(&names), setting("REHEARSAL_SCENARIOS", SLICES[0].1))],
        Err(_) => SLICES
            .iter()
            .map(|(names, count)| (there(names), setting("REHEARSAL_SCENARIOS", *count)))
            .collect(),
    };
    asked.into_iter().filter(|(browsers, _)| !browsers.is_empty()).collect()
}

/// Those of these browsers that are there.
fn there(names: &str) -> Vec<BrowserName> {
    let asked: Vec<BrowserName> = names.split(',').map(named).collect();
    let missing = |engine: &Engine| {
        asked.iter().any(|browser| browser.engine == *engine && !browser.model)
            && !command::there_or_say_so(*engine)
    };
    let missing: Vec<Engine> = Engine::ALL.into_iter().filter(missing).collect();
    asked.into_iter().filter(|browser| browser.model || !missing.contains(&browser.engine)).collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime can be made")
}

fn named(browser: &str) -> BrowserName {
    browser.parse().expect("it is a browser's name")
}

/// Saves every scenario that disagrees, and makes some of them smaller: one of each kind first.
async fn report(cases: &[Case], seed: &str, first: u64, findings: &[Finding]) -> String {
    let folder = folder();
    let stem = |found: &Finding| {
        let policy = found.browser.to_string().replace(':', "-");
        format!("{seed}-case-{}-{policy}", first + u64::try_from(found.index).expect("an index fits 64 bits"))
    };
    for found in findings {
        let file = folder.join(format!("{}.toml", stem(found)));
        trial::save(&cases[found.index], found, &file);
    }
    let mut chosen: Vec<&Finding> = Vec::new();
    for found in findings {
        if !chosen.iter().any(|other| other.question == found.question) {
            chosen.push(found);
        }
    }
    let others = findings.iter().filter(|found| !chosen.iter().any(|other| std::ptr::eq(*other, *found)));
    let mut chosen: Vec<&Finding> = chosen.iter().copied().chain(others).collect();
    chosen.truncate(usize::try_from(setting("REHEARSAL_SHRINK", SHRUNK)).unwrap_or(usize::MAX));
    let mut report = String::new();
    for found in chosen {
        let (small, shown) = trial::shrink(&cases[found.index], found, JOBS).await;
        let file = folder.join(format!("{}.small.toml", stem(found)));
        trial::save(&small, &shown, &file);
        report.push_str(&format!("\n{}\n{shown}\n\n{}\n", file.display(), small.to_toml()));
    }
    if !findings.is_empty() {
        report.push_str(&format!("\nall {} are in {}\n", findings.len(), folder.display()));
    }
    report
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap_or(Path::new("target")).join("differential")
}

/// A number from the environment.
fn setting(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{name}={value} is not a number")),
        Err(_) => otherwise,
    }
}

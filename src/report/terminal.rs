//! The report for people: what failed and why, then a table of scenarios and browsers.
//!
//! Readable without colour; the styles only help. Writing goes through the writer given, which
//! strips the styles where they are not wanted.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::fix::write_remedy;
use crate::browser_name::BrowserName;
use crate::diagnostic::{Diagnostic, Style as Dress};
use crate::explain::failure::Explained;
use crate::outcome::{Asked, Outcome, Run, Summary};
use crate::plan::Service;
use crate::verdict::Failure;
use crate::world::wire::Answer;

/// The writer takes the colours out where they are not wanted.
const COLOURED: Dress = Dress::Coloured;

/// Why scenarios could not be run, as far as it has been said: a browser that does not start is told of
/// once, not once for each scenario.
#[derive(Debug, Default)]
pub struct Told(BTreeSet<(BrowserName, String)>);

/// Writes what is to be said of one scenario's runs as soon as they are over: nothing where all held. What
/// several browsers show is said once.
///
/// # Errors
/// Those of the writer.
pub fn write_scenario(out: &mut dyn Write, runs: &[Run], said: &mut Told) -> io::Result<()> {
    let warnings = undeclared(runs).into_iter().chain(runs.iter().flat_map(drifts));
    for warning in warnings.chain(runs.iter().filter_map(unpredicted)) {
        writeln!(out, "{}", warning.render(COLOURED))?;
    }
    write_failures(out, runs)?;
    for run in runs {
        if let Some(error) = &run.error
            && said.0.insert((run.browser, error.message.clone()))
        {
            let message =
                format!("`{}` could not be run in {}: {}", run.scenario(), run.browser, error.message);
            let mut diagnostic = Diagnostic::error(message);
            diagnostic.helps.extend(error.hint.clone());
            writeln!(out, "{}", diagnostic.render(COLOURED))?;
        }
    }
    Ok(())
}

/// Writes the claims that did not hold, each with why, and at the end what would mend them all.
fn write_failures(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let ran: Vec<BrowserName> = runs.iter().map(|run| run.browser).collect();
    let mut explanations: Vec<Arc<Explained>> = Vec::new();
    let mut explained_notes = BTreeSet::new();
    let steps = runs.iter().map(|run| run.steps.len()).max().unwrap_or(0);
    for step in 0..steps {
        // One cause fails several claims of a step: what explains them is said once.
        let mut told = BTreeSet::new();
        for (failure, browsers) in failures(runs, step) {
            let mut diagnostic = Diagnostic::error(&failure.message)
                .source(&runs[0].plan.source)
                .label(failure.span.clone(), label(&browsers, &failure.actual));
            let notes = failure.notes.iter().filter(|note| told.insert(note.as_str()));
            let Some(explained) = &failure.explained else {
                diagnostic.notes.extend(notes.cloned());
                writeln!(out, "{}", diagnostic.render(COLOURED))?;
                continue;
            };
            // The explanation says the same, and better.
            diagnostic.notes.extend(notes.filter(|note| is_fact(note)).cloned());
            if explanations.iter().any(|known| Arc::ptr_eq(known, explained)) {
                diagnostic.notes.push(format!("why: {}, see above", explained.explanation.headline));
                writeln!(out, "{}", diagnostic.render(COLOURED))?;
                continue;
            }
            explanations.push(Arc::clone(explained));
            writeln!(out, "{}", diagnostic.render(COLOURED))?;
            let text = explained.explanation.render(
                &ran,
                |text| Diagnostic::why(text),
                &mut explained_notes,
                COLOURED,
            );
            write!(out, "{text}")?;
            writeln!(out)?;
        }
    }
    // One remedy mends whatever can be mended with it.
    if let Some(explained) = explanations.iter().find(|explained| explained.remedy.fix.is_some()) {
        write_remedy(out, &explained.remedy, &explained.browsers)?;
        writeln!(out)?;
    }
    Ok(())
}

/// The claims of a step that did not hold, each with the browsers that showed the same.
fn failures(runs: &[Run], step: usize) -> Vec<(&Failure, Vec<BrowserName>)> {
    let mut all: Vec<(&Failure, Vec<BrowserName>)> = Vec::new();
    for run in runs {
        for failure in run.steps.get(step).into_iter().flat_map(|ran| &ran.failures) {
            let same = |(known, _): &&mut (&Failure, _)| {
                known.span == failure.span
                    && known.message == failure.message
                    && known.actual == failure.actual
                    && facts(known).eq(facts(failure))
            };
            match all.iter_mut().find(same) {
                Some((_, browsers)) => browsers.push(run.browser),
                None => all.push((failure, vec![run.browser])),
            }
        }
    }
    all
}

fn facts(failure: &Failure) -> impl Iterator<Item = &String> {
    failure.notes.iter().filter(|note| is_fact(note))
}

/// Whether a note tells what crossed the wire, went on in a server or stands in the jar, and not what it means.
fn is_fact(note: &str) -> bool {
    ["on the wire:", "in the server:", "in the jar:", "the page read:"]
        .iter()
        .any(|begin| note.starts_with(begin))
}

/// What stands beside the carets: the browsers and, where it is short, what was seen there.
fn label(browsers: &[BrowserName], actual: &str) -> String {
    const SHORT: usize = 60;
    let (models, real): (Vec<&BrowserName>, Vec<_>) = browsers.iter().partition(|browser| browser.model);
    let who = [("seen in", real), ("predicted for", models)].into_iter().filter_map(|(known, browsers)| {
        let names: Vec<String> = browsers.iter().map(ToString::to_string).collect();
        match names.as_slice() {
            [] => None,
            [one] => Some(format!("{known} {one}")),
            [first @ .., last] => Some(format!("{known} {} and {last}", first.join(", "))),
        }
    });
    let who = who.collect::<Vec<_>>().join(", ");
    if actual.len() > SHORT { who } else { format!("{who}: {actual}") }
}

/// What the rules predicted otherwise than the browser did, one message a step.
fn drifts(run: &Run) -> Vec<Diagnostic> {
    let steps = run.plan.steps.iter().enumerate();
    steps
        .filter_map(|(index, step)| {
            let notes: Vec<String> =
                run.drift.iter().filter(|drift| drift.step == index).map(ToString::to_string).collect();
            if notes.is_empty() {
                return None;
            }
            let message = format!("drift: the rules predicted otherwise than {} did", run.browser);
            let mut diagnostic = Diagnostic::warning(message)
                .source(&run.plan.source)
                .label(step.span.clone(), "in this step")
                .help("this is a bug in rehearsal, not in the scenario: please report it with this message");
            diagnostic.notes.extend(notes);
            Some(diagnostic)
        })
        .collect()
}

/// The first step that the model could not predict, and how many more there are.
fn unpredicted(run: &Run) -> Option<Diagnostic> {
    let mut steps = run.unpredicted();
    let (index, why) = steps.next()?;
    let more = if run.browser.model { steps.count() } else { run.plan.steps.len() - index - 1 };
    let step = &run.plan.steps[index];
    let (cannot, help) = if run.browser.model {
        let help = format!("run the scenario in the real browser: `--browser {}`", run.browser.real());
        ("predict", help)
    } else {
        let help = format!("`--browser model:{}` predicts it, and other engines do it", run.browser);
        ("do", help)
    };
    let message = format!("{} cannot {cannot} this step: {why}", run.browser);
    let mut diagnostic = Diagnostic::warning(message)
        .source(&run.plan.source)
        .label(step.span.clone(), "not judged")
        .help(help);
    match more {
        0 => {}
        1 => {
            diagnostic.notes.push("nor is the step after it, which depends on what it left behind".to_owned())
        }
        more => diagnostic
            .notes
            .push(format!("nor are the {more} steps after it, which depend on what it left behind")),
    }
    Some(diagnostic)
}

/// Requests that no route answers: the usual cause of a failure nobody understands.
fn undeclared(runs: &[Run]) -> Vec<Diagnostic> {
    let mut told = BTreeSet::new();
    let steps =
        runs.iter().flat_map(|run| run.plan.steps.iter().zip(&run.steps).map(move |pair| (run, pair)));
    let exchanges = steps.flat_map(|(run, (step, ran))| {
        let seen = ran.observation.iter().flat_map(|seen| &seen.exchanges);
        seen.map(move |exchange| (run, step, exchange.wire.behind()))
    });
    exchanges
        .filter(|(_, _, wire)| wire.answer == Answer::Undeclared)
        .filter(|(_, _, wire)| told.insert((wire.method.clone(), wire.url.clone())))
        .map(|(run, step, wire)| {
            let origin = &run.plan.origins[wire.origin];
            let is_proxy = matches!(origin.service, Service::Proxy(_));
            let origin = &origin.name;
            let (method, url) = (&wire.method, &wire.url);
            let diagnostic = Diagnostic::warning(format!("no route of `{origin}` answers {method} {url}"))
                .source(&run.plan.source)
                .label(step.span.clone(), format!("asked for in this step, answered {}", wire.status));
            if is_proxy {
                return diagnostic.help("pass it on: to `nginx` a location, to `kong` a path of a route");
            }
            if wire.is_preflight() {
                return diagnostic
                    .note("it is a CORS preflight: the browser asks before it makes the request itself")
                    .help(format!("answer it with CORS settings: [origins.{origin}.cors]"));
            }
            diagnostic
                .help(format!("declare it: [[origins.{origin}.routes]] at = \"{method} {}\"", url.path()))
        })
        .collect()
}

/// Writes the table of scenarios and browsers, the policies in force, and the totals.
///
/// # Errors
/// Those of the writer.
pub fn write_summary(
    out: &mut dyn Write,
    runs: &[Run],
    asked: Asked<'_>,
    elapsed: Duration,
) -> io::Result<()> {
    write_table(out, runs)?;
    writeln!(out)?;
    write_policies(out, runs)?;
    let drift: usize = runs.iter().map(|run| run.drift.len()).sum();
    if drift > 0 {
        let style = AnsiColor::Red.on_default().bold();
        let wrong = counted(drift, "wrong prediction");
        writeln!(
            out,
            "{style}DRIFT{style:#}: {wrong}, see above: a bug in rehearsal, and nothing to the exit code"
        )?;
    }
    if let Some(not_run) = not_run(runs, asked) {
        writeln!(out, "{not_run}")?;
    }
    let summary = Summary::of(runs, asked);
    let Summary { passed, failed, errors, .. } = summary;
    writeln!(
        out,
        "{passed} passed{}, {failed} failed, {errors} could not run, in {:.1} s",
        in_part(runs, summary),
        elapsed.as_secs_f64()
    )
}

/// What is behind the number of those that passed, where not all of their steps were judged.
fn in_part(runs: &[Run], summary: Summary) -> String {
    let passed = runs.iter().filter(|run| matches!(run.outcome(), Outcome::Passed | Outcome::Skipped));
    let steps = match passed.map(Run::unjudged).sum::<usize>() {
        0 => return String::new(),
        steps => counted(steps, "step"),
    };
    let who = match summary.passed_in_part {
        all if all == summary.passed => String::new(),
        some => format!("{some} of them "),
    };
    format!(" ({who}in part: {steps} not judged)")
}

/// The scenarios that were asked for and have no run, by browser: after a failure nothing new may have been
/// started.
fn not_run(runs: &[Run], asked: Asked<'_>) -> Option<String> {
    let missing = in_order(asked.browsers.iter().copied()).into_iter().filter_map(|browser| {
        let ran = runs.iter().filter(|run| run.browser == browser).count();
        let missing = asked.scenarios.saturating_sub(ran);
        (missing > 0).then_some((missing, browser))
    });
    // The first names what is counted, and the others are read after it.
    let words = missing.enumerate().map(|(index, (missing, browser))| match index {
        0 => format!("{missing} of {} in {browser}", counted(asked.scenarios, "scenario")),
        _ => format!("{missing} of {} in {browser}", asked.scenarios),
    });
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| format!("not run: {}", words.join(", ")))
}

/// `1 step`, `2 steps`.
fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The table: a line a scenario, a column a browser.
fn write_table(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let columns: Vec<(BrowserName, usize)> = in_order(runs.iter().map(|run| run.browser))
        .into_iter()
        .map(|browser| (browser, column(browser, runs)))
        .collect();
    let scenarios = in_order(runs.iter().map(Run::scenario));
    let name_width =
        scenarios.iter().map(|scenario| stem(scenario).chars().count() + 2).max().unwrap_or(0).max(8);
    let header = columns.iter().map(|&(browser, width)| format!("  {:<width$}", browser.to_string()));
    write_line(out, format!("{:name_width$}", "scenario"), header)?;
    let mut folder = None;
    for scenario in &scenarios {
        if folder != Some(parent(scenario)) {
            folder = Some(parent(scenario));
            if !parent(scenario).is_empty() {
                writeln!(out, "{}", parent(scenario))?;
            }
        }
        let cells = columns.iter().map(|&(browser, width)| {
            let run = runs.iter().find(|run| run.browser == browser && run.scenario() == *scenario);
            run.map_or_else(|| format!("  {:width$}", "not run"), |run| Cell::of(run).padded(width))
        });
        write_line(out, format!("  {:width$}", stem(scenario), width = name_width - 2), cells)?;
    }
    Ok(())
}

/// Which browsers there were, and what they did with cookies of third parties.
fn write_policies(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    for browser in in_order(runs.iter().map(|run| run.browser)) {
        let version =
            runs.iter().filter(|run| run.browser == browser).map(|run| run.browser_version.as_str()).max();
        let version = version
            .filter(|version| !version.is_empty())
            .map(|version| format!(" {version}"))
            .unwrap_or_default();
        let predicted = if browser.model { " (predicted)" } else { "" };
        writeln!(
            out,
            "{browser}{version}{predicted}: third-party cookies {}",
            browser.third_party().as_str()
        )?;
    }
    Ok(())
}

/// A column holds the browser's name, `FAILED 1234 ms`, and whatever of its runs is wider.
fn column(browser: BrowserName, runs: &[Run]) -> usize {
    let cells = runs.iter().filter(|run| run.browser == browser).map(|run| Cell::of(run).width());
    cells.max().unwrap_or(0).max(browser.to_string().len()).max(14)
}

/// A line of the table, without blanks at its end.
fn write_line(out: &mut dyn Write, name: String, cells: impl Iterator<Item = String>) -> io::Result<()> {
    let line = cells.fold(name, |line, cell| line + &cell);
    writeln!(out, "{}", line.trim_end())
}

/// What stands in the table of one run.
struct Cell {
    word: String,
    style: Style,
    time: String,
}

impl Cell {
    fn of(run: &Run) -> Self {
        let time = format!(" {} ms", run.duration.as_millis());
        let (word, style) = match (run.outcome(), run.unjudged()) {
            (Outcome::Passed | Outcome::Skipped, 0) => ("ok".to_owned(), AnsiColor::Green.on_default()),
            // Green is for what was judged whole.
            (Outcome::Passed | Outcome::Skipped, unjudged) => {
                let all = run.steps.len();
                (format!("ok {} of {all} steps,", all - unjudged), AnsiColor::Yellow.on_default())
            }
            (Outcome::Failed, _) => ("FAILED".to_owned(), AnsiColor::Red.on_default().bold()),
            (Outcome::Error, _) => ("ERROR".to_owned(), AnsiColor::Yellow.on_default().bold()),
        };
        Self { word, style, time }
    }

    fn width(&self) -> usize {
        self.word.len() + self.time.len()
    }

    fn padded(&self, width: usize) -> String {
        let Self { word, style, time } = self;
        let padding = width.saturating_sub(self.width());
        format!("  {style}{word}{style:#}{dim}{time}{dim:#}{:padding$}", "", dim = Style::new().dimmed())
    }
}

/// Each value once, in the order of its first appearance.
fn in_order<T: Copy + PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for value in values {
        if !once.contains(&value) {
            once.push(value);
        }
    }
    once
}

fn stem(scenario: &str) -> &str {
    Path::new(scenario).file_stem().and_then(|stem| stem.to_str()).unwrap_or(scenario)
}

fn parent(scenario: &str) -> &str {
    Path::new(scenario).parent().and_then(Path::to_str).unwrap_or_default()
}

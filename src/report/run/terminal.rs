//! The report for people: what failed and why, then a table of scenarios and browsers.
//!
//! Readable without colour; the styles only help. Writing goes through the writer given, which
//! strips the styles where they are not wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::digest::{Digest, Failing, Flaky, Why, flaky};
use crate::browser_name::BrowserName;
use crate::diagnostic::{Diagnostic, Style as Dress};
use crate::outcome::{Asked, Outcome, Run, Summary};
use crate::report::fix::write_remedy;
use crate::report::why;
use crate::text::{COLUMNS, counted, in_order, padded, safe, width};

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
pub fn write_scenario(
    out: &mut dyn Write,
    runs: &[Run],
    digest: &Digest<'_>,
    said: &mut Told,
    columns: usize,
) -> io::Result<()> {
    for warning in &digest.warnings {
        writeln!(out, "{}", warning.render_within(COLOURED, columns))?;
    }
    for failing in &digest.failures {
        for diagnostic in messages(runs, failing, columns) {
            writeln!(out, "{}", diagnostic.render_within(COLOURED, columns))?;
        }
    }
    if let Some(explained) = digest.remedy {
        write_remedy(out, &explained.remedy, &explained.browsers, columns)?;
        writeln!(out)?;
    }
    for stopped in &digest.errors {
        if said.0.insert((stopped.run.browser, stopped.message.to_owned())) {
            writeln!(out, "{}", stopped.diagnostic().render_within(COLOURED, columns))?;
        }
    }
    Ok(())
}

/// What is to be said of runs of one scenario as text without colour, for a report that is no terminal.
pub fn text(runs: &[Run], digest: &Digest<'_>) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    let written = write_scenario(&mut out, runs, digest, &mut Told::default(), COLUMNS);
    written.expect("a vector takes all");
    String::from_utf8_lossy(&out.into_inner()).into_owned()
}

/// A claim that did not hold as a message, and why as another.
fn messages(runs: &[Run], failing: &Failing<'_>, columns: usize) -> Vec<Diagnostic> {
    let failure = failing.failure;
    let mut diagnostic = Diagnostic::error(&failure.message)
        .source(&runs[0].plan.source)
        .label(failure.span.clone(), failing.label());
    diagnostic.notes.extend(failing.notes.iter().map(ToString::to_string));
    match &failing.why {
        Why::Unknown => vec![diagnostic],
        Why::Above(explained) => {
            diagnostic.notes.push(format!("why: {}, see above", explained.explanation.headline));
            vec![diagnostic]
        }
        Why::Here(explained, notes) => {
            let headline = Diagnostic::why(&explained.explanation.headline);
            vec![diagnostic, why(headline, &explained.explanation, notes, columns)]
        }
    }
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
    for Flaky { scenario, browser, passed, of } in flaky(runs) {
        let style = AnsiColor::Red.on_default().bold();
        let scenario = safe(scenario);
        writeln!(out, "{style}FLAKY{style:#}: `{scenario}` passed in {passed} of {of} runs in {browser}")?;
    }
    let drift: usize = runs.iter().map(|run| run.drift.len()).sum();
    if drift > 0 {
        let style = AnsiColor::Red.on_default().bold();
        let wrong = counted(drift, "wrong prediction");
        writeln!(
            out,
            "{style}DRIFT{style:#}: {wrong}, see above: a bug in rehearsal; it does not change the exit code"
        )?;
    }
    for run in runs.iter().filter(|run| run.error.is_none()) {
        for reason in &run.in_the_way {
            writeln!(out, "`{}` was run again in {}: {}", safe(run.scenario()), run.browser, safe(reason))?;
        }
    }
    if let Some(not_run) = not_run(runs, asked) {
        writeln!(out, "{not_run}")?;
    }
    for (place, answers) in outside(runs) {
        writeln!(out, "{} from another machine: {place}", counted(answers, "answer"))?;
    }
    let summary = Summary::of(runs, asked);
    let Summary { passed, failed, errors, not_judged, .. } = summary;
    let not_judged = if not_judged > 0 { format!("{not_judged} not judged, ") } else { String::new() };
    writeln!(
        out,
        "{passed} passed{}, {failed} failed, {not_judged}{errors} could not run, in {:.1} s",
        in_part(runs, summary),
        elapsed.as_secs_f64()
    )
}

/// The servers on other machines that answered, and how often each did.
fn outside(runs: &[Run]) -> BTreeMap<&str, usize> {
    let observations = runs.iter().flat_map(|run| &run.steps).filter_map(|step| step.observation.as_ref());
    let exchanges = observations.flat_map(|seen| &seen.exchanges);
    let mut answers = BTreeMap::new();
    for forwarded in exchanges.filter_map(|exchange| exchange.wire.forwarded()).filter(|to| to.outside) {
        *answers.entry(forwarded.place.as_str()).or_default() += 1;
    }
    answers
}

/// What is behind the number of those that passed, where not all of their steps were judged.
fn in_part(runs: &[Run], summary: Summary) -> String {
    let passed = runs.iter().filter(|run| run.outcome() == Outcome::Passed);
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
        let missing = (asked.scenarios * asked.repeat).saturating_sub(ran);
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

/// The table: a line a scenario, a column a browser.
fn write_table(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let columns: Vec<(BrowserName, usize)> = in_order(runs.iter().map(|run| run.browser))
        .into_iter()
        .map(|browser| (browser, column(browser, runs)))
        .collect();
    let scenarios = in_order(runs.iter().map(Run::scenario));
    let name_width =
        scenarios.iter().map(|scenario| width(&safe(stem(scenario))) + 2).max().unwrap_or(0).max(8);
    let header = columns.iter().map(|&(browser, width)| format!("  {:<width$}", browser.to_string()));
    write_line(out, format!("{:name_width$}", "scenario"), header)?;
    let mut folder = None;
    for scenario in &scenarios {
        if folder != Some(parent(scenario)) {
            folder = Some(parent(scenario));
            if !parent(scenario).is_empty() {
                writeln!(out, "{}", safe(parent(scenario)))?;
            }
        }
        let cells = columns.iter().map(|&(browser, width)| {
            let of: Vec<&Run> =
                runs.iter().filter(|run| run.browser == browser && run.scenario() == *scenario).collect();
            Cell::of_all(&of).map_or_else(|| format!("  {:width$}", "not run"), |cell| cell.padded(width))
        });
        write_line(out, format!("  {}", padded(&safe(stem(scenario)), name_width - 2)), cells)?;
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
    let scenarios = in_order(runs.iter().map(Run::scenario));
    let of = |scenario: &str| -> Vec<&Run> {
        runs.iter().filter(|run| run.browser == browser && run.scenario() == scenario).collect()
    };
    let cells = scenarios.into_iter().filter_map(|scenario| Some(Cell::of_all(&of(scenario))?.width()));
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
    /// The cell of a scenario in a browser, where it was run: of several runs the worst, and how many passed.
    fn of_all(runs: &[&Run]) -> Option<Self> {
        let worst = runs.iter().max_by_key(|run| (run.outcome(), run.unjudged()))?;
        let mut cell = Self::of(worst);
        let passed = runs.iter().filter(|run| run.outcome() == Outcome::Passed).count();
        if runs.len() > 1 {
            let word =
                if (1..runs.len()).contains(&passed) { "FLAKY" } else { cell.word.trim_end_matches(',') };
            cell.word = format!("{word} {passed} of {}", runs.len());
            let all: Duration = runs.iter().map(|run| run.duration).sum();
            cell.time = format!(" {} ms", all.as_millis());
        }
        Some(cell)
    }

    fn of(run: &Run) -> Self {
        let time = format!(" {} ms", run.duration.as_millis());
        let (word, style) = match (run.outcome(), run.unjudged()) {
            (Outcome::Passed, 0) => ("ok".to_owned(), AnsiColor::Green.on_default()),
            // Green is for what was judged whole.
            (Outcome::Passed, unjudged) => {
                let all = run.steps.len();
                (format!("ok {} of {all} steps,", all - unjudged), AnsiColor::Yellow.on_default())
            }
            (Outcome::Skipped | Outcome::NotJudged, _) => {
                ("not judged".to_owned(), AnsiColor::Yellow.on_default().bold())
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

fn stem(scenario: &str) -> &str {
    Path::new(scenario).file_stem().and_then(|stem| stem.to_str()).unwrap_or(scenario)
}

fn parent(scenario: &str) -> &str {
    Path::new(scenario).parent().and_then(Path::to_str).unwrap_or_default()
}

//! What `rehearsal audit` found: scenario by scenario, the gravest first, for people and as JSON.

use std::io::{self, Write};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::audit::{Check, Finding, Severity};
use crate::browser_name::listed;
use crate::diagnostic::{Diagnostic, Style as Dress};
use crate::outcome::CouldNotRun;
use crate::plan::Plan;
use crate::text::{counted, safe};

/// A scenario that was audited.
#[derive(Clone, Debug)]
pub struct Audited {
    /// The scenario.
    pub plan: Arc<Plan>,
    /// What was found, the gravest first.
    pub findings: Vec<Finding>,
    /// Why it could not be run, in a browser or in another.
    pub errors: Vec<CouldNotRun>,
    /// How many of its steps could not be judged, in a browser or in another, and were left out.
    pub unjudged: usize,
}

/// The document of `audit --format json`, version 1.
#[derive(Serialize)]
pub struct Document<'a> {
    version: u8,
    scenarios: Vec<ScenarioObject<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct ScenarioObject<'a> {
    scenario: &'a str,
    title: &'a str,
    findings: Vec<FindingObject<'a>>,
    errors: Vec<String>,
    /// Steps that were not judged, in a browser or in another: nothing is found there.
    unjudged_steps: usize,
}

#[derive(Serialize)]
struct FindingObject<'a> {
    check: &'static str,
    severity: Severity,
    message: &'a str,
    /// The step's index; `null` where it is about the scenario as a whole.
    step: Option<usize>,
    /// Counted from 1; `null` without a place.
    line: Option<usize>,
    column: Option<usize>,
    evidence: &'a [String],
    fix: &'a str,
    browsers: Vec<String>,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Summary {
    high: usize,
    medium: usize,
    low: usize,
}

impl Summary {
    fn of(audited: &[Audited]) -> Self {
        let count = |severity| {
            let found = audited.iter().flat_map(|audited| &audited.findings);
            found.filter(|finding| finding.severity == severity).count()
        };
        Self { high: count(Severity::High), medium: count(Severity::Medium), low: count(Severity::Low) }
    }
}

impl<'a> Document<'a> {
    /// The document of these scenarios.
    pub fn of(audited: &'a [Audited]) -> Self {
        let scenarios = audited.iter().map(|audited| ScenarioObject {
            scenario: &audited.plan.source.path,
            title: &audited.plan.title,
            findings: audited
                .findings
                .iter()
                .map(|finding| FindingObject::of(&audited.plan, finding))
                .collect(),
            errors: audited.errors.iter().map(ToString::to_string).collect(),
            unjudged_steps: audited.unjudged,
        });
        Self { version: 1, scenarios: scenarios.collect(), summary: Summary::of(audited) }
    }
}

impl<'a> FindingObject<'a> {
    fn of(plan: &Plan, finding: &'a Finding) -> Self {
        let place = finding.evidence.span.as_ref().map(|span| plan.source.line_column(span));
        Self {
            check: finding.check.code(),
            severity: finding.severity,
            message: &finding.headline,
            step: finding.evidence.step,
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            evidence: &finding.evidence.seen,
            fix: &finding.fix,
            browsers: finding.browsers.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Writes the findings for people.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut dyn Write, audited: &[Audited], columns: usize) -> io::Result<()> {
    for scenario in audited {
        for finding in &scenario.findings {
            writeln!(out, "{}", message(&scenario.plan, finding).render_within(Dress::Coloured, columns))?;
        }
        for error in &scenario.errors {
            let message = format!("`{}` could not be run: {}", scenario.plan.source.path, error.message);
            let mut diagnostic = Diagnostic::error(message);
            diagnostic.helps.extend(error.hint.clone());
            writeln!(out, "{}", diagnostic.render_within(Dress::Coloured, columns))?;
        }
    }
    let bold = Style::new().bold();
    writeln!(out, "{bold}high  medium  low   scenario{bold:#}")?;
    for scenario in audited {
        let Summary { high, medium, low } = Summary::of(std::slice::from_ref(scenario));
        let note = match scenario.unjudged {
            0 => String::new(),
            unjudged => format!("  ({unjudged} of {} steps not judged)", scenario.plan.steps.len()),
        };
        let path = &scenario.plan.source.path;
        writeln!(out, "{}  {medium:>6}  {low:>3}   {}{note}", grave(high), safe(path))?;
    }
    let Summary { high, medium, low } = Summary::of(audited);
    let scenarios = counted(audited.len(), "scenario");
    writeln!(out, "\n{high} high, {medium} medium, {low} low in {scenarios}")
}

fn grave(high: usize) -> String {
    let style = if high > 0 { Style::new().fg_color(Some(AnsiColor::Red.into())) } else { Style::new() };
    format!("{style}{high:>4}{style:#}")
}

fn message(plan: &Arc<Plan>, finding: &Finding) -> Diagnostic {
    let head = format!("{} ({}, {})", finding.headline, finding.check.code(), finding.severity.word());
    let mut diagnostic = match finding.severity {
        Severity::High => Diagnostic::error(head),
        Severity::Medium | Severity::Low => Diagnostic::warning(head),
    };
    diagnostic = diagnostic.source(&plan.source);
    if let Some(span) = &finding.evidence.span {
        diagnostic = diagnostic.label(span.clone(), format!("seen in {}", listed(&finding.browsers)));
    }
    diagnostic.notes.extend(finding.evidence.seen.iter().cloned());
    diagnostic.help(finding.fix.clone())
}

/// Writes the list of checks.
///
/// # Errors
/// Those of the writer.
pub fn write_list(out: &mut dyn Write) -> io::Result<()> {
    Check::ALL.into_iter().try_for_each(|check| writeln!(out, "{:24} {}", check.code(), check.question()))
}

//! What was found, for people: each finding as a message with its evidence, then a table.

use std::io::{self, Write};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};

use super::{Audited, Summary};
use crate::audit::{Check, Finding, Severity};
use crate::diagnostic::{Diagnostic, Style as Dress};
use crate::plan::Plan;
use crate::report::run::digest::seen_in;
use crate::text::{counted, safe};

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
        if scenario.unseen > 0 && scenario.errors.is_empty() {
            writeln!(out, "{}", unseen(scenario).render_within(Dress::Coloured, columns))?;
        }
    }
    let bold = Style::new().bold();
    writeln!(out, "{bold}high  medium  low   scenario{bold:#}")?;
    for scenario in audited {
        let Summary { high, medium, low } = Summary::of(std::slice::from_ref(scenario));
        let all = scenario.plan.steps.len();
        let note = match (scenario.unjudged, scenario.unseen) {
            (0, _) => String::new(),
            (unjudged, 0) => format!("  ({unjudged} of {all} steps not judged in every browser)"),
            (_, unseen) => format!("  ({unseen} of {all} steps not looked at)"),
        };
        let path = &scenario.plan.source.path;
        writeln!(out, "{}  {medium:>6}  {low:>3}   {}{note}", grave(high), safe(path))?;
    }
    let Summary { high, medium, low } = Summary::of(audited);
    let scenarios = counted(audited.len(), "scenario");
    writeln!(out, "\n{high} high, {medium} medium, {low} low in {scenarios}")
}

/// What is said where nobody has looked at a step.
fn unseen(scenario: &Audited) -> Diagnostic {
    let (path, all) = (&scenario.plan.source.path, scenario.plan.steps.len());
    let unseen = scenario.unseen;
    Diagnostic::error(format!(
        "{unseen} of {all} steps of `{path}` were not looked at: no browser could judge them"
    ))
    .help(format!("audit it in a real browser: `rehearsal audit {path} --browser chromium`"))
    .help("`rehearsal browsers install chromium` installs one")
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
        diagnostic = diagnostic.label(span.clone(), seen_in(&finding.browsers));
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

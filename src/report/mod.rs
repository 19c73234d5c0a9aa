//! What people and programs are shown of a run.
//!
//! Data goes to stdout, talk and progress to stderr. Nothing here decides whether a run passed.

pub mod audit;
pub mod check;
pub mod doctor;
mod drawing;
pub mod explain;
mod fix;
pub mod github;
pub mod live;
pub mod matrix;
mod page;
pub mod run;
pub mod up;

use crate::diagnostic::Diagnostic;
use crate::explain::Explanation;
use crate::text::wrapped;

/// An explanation as a message that points into a header. It is the longest text of a report, so that its notes are
/// narrower than others'.
fn why(headline: Diagnostic, explanation: &Explanation, notes: &[String], columns: usize) -> Diagnostic {
    const NOTE: usize = 88;
    const MARGIN: usize = 13;
    let width = columns.saturating_sub(MARGIN).min(NOTE);
    let mut diagnostic = explanation.diagnostic(headline);
    diagnostic.notes = notes.iter().map(|note| wrapped("", "", note, width).join("\n")).collect();
    diagnostic
}

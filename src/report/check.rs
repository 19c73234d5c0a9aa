//! The document of `check --format json`, version 1: every mistake with its places, for editors.
//!
//! Keys are added and never renamed. `run --format json` has the same mistakes.

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity, Source, Span};
use crate::plan::Plan;

/// The document.
#[derive(Serialize)]
pub struct Document<'a> {
    version: u8,
    scenarios: usize,
    steps: usize,
    mistakes: Vec<MistakeObject<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
}

impl<'a> Document<'a> {
    /// The document of these scenarios, and of what was said of the files.
    pub fn of(plans: &[Plan], said: &'a [Diagnostic]) -> Self {
        let errors = said.iter().filter(|diagnostic| diagnostic.is_error()).count();
        Self {
            version: 1,
            scenarios: plans.len(),
            steps: plans.iter().map(|plan| plan.steps.len()).sum(),
            mistakes: said.iter().map(MistakeObject::of).collect(),
            summary: Summary { errors, warnings: said.len() - errors },
        }
    }
}

/// One mistake.
#[derive(Serialize)]
pub(super) struct MistakeObject<'a> {
    severity: &'static str,
    message: &'a str,
    /// `null` where it is about no file.
    file: Option<&'a str>,
    /// Where to look first, counted from 1; columns count characters. `null` without a place.
    line: Option<usize>,
    column: Option<usize>,
    /// Every place, the first one first.
    places: Vec<PlaceObject<'a>>,
    notes: &'a [String],
    helps: &'a [String],
}

#[derive(Serialize)]
struct PlaceObject<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

impl<'a> MistakeObject<'a> {
    pub(super) fn of(diagnostic: &'a Diagnostic) -> Self {
        let source = diagnostic.source.as_deref();
        let labels = diagnostic.labels.iter();
        let places: Vec<PlaceObject<'a>> = source
            .map(|source| labels.map(|(span, text)| PlaceObject::of(source, span, text)).collect())
            .unwrap_or_default();
        Self {
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Why => "why",
            },
            message: &diagnostic.message,
            file: places.first().map(|place| place.file).or(source.map(|source| source.path.as_str())),
            line: places.first().map(|place| place.line),
            column: places.first().map(|place| place.column),
            places,
            notes: &diagnostic.notes,
            helps: &diagnostic.helps,
        }
    }
}

impl<'a> PlaceObject<'a> {
    fn of(source: &'a Source, span: &Span, text: &'a str) -> Self {
        let (line, column) = source.line_column(span);
        let (end_line, end_column) = source.line_column(&(span.end..span.end));
        Self { file: source.part(span).path, line, column, end_line, end_column, text }
    }
}

//! Sources, spans, and messages that point into them with a caret.
//!
//! One renderer serves "your file is wrong" and "the browser disagreed", so a reader always lands on
//! a line of the scenario. This file knows nothing of scenarios, cookies or browsers.

use std::sync::Arc;

/// A range of bytes in a source.
pub type Span = std::ops::Range<usize>;

/// A file that messages point into.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as the user gave it.
    pub path: String,
    /// The text.
    pub text: String,
}

impl Source {
    /// The line and column a span begins at, both counted from 1; columns count characters.
    pub fn line_column(&self, span: &Span) -> (usize, usize) {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing can be run.
    Error,
    /// It can be run, and is probably not what was meant.
    Warning,
}

/// A message about a place in a source.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How grave it is.
    pub severity: Severity,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// The source it is about, and the places in it: the first is where the reader should look.
    pub source: Option<Arc<Source>>,
    /// Places and what is to be said of each; an empty text gives bare carets.
    pub labels: Vec<(Span, String)>,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What to do.
    pub helps: Vec<String>,
}

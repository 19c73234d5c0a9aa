//! The mistakes of one file, gathered so that all of them are told at once.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source};

/// Of one file this many mistakes are told; nobody reads more at a time.
const MOST: usize = 100;

/// The file being read, and what is wrong with it so far.
#[derive(Debug)]
pub(super) struct Mistakes {
    source: Arc<Source>,
    list: Vec<Diagnostic>,
    missing: Vec<Diagnostic>,
}

impl Mistakes {
    pub(super) fn of(source: Arc<Source>) -> Self {
        Self { source, list: Vec::new(), missing: Vec::new() }
    }

    /// The file.
    pub(super) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The file's text.
    pub(super) fn text(&self) -> &str {
        &self.source.text
    }

    /// Adds a mistake, whose labels point into the file.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic.source(&self.source));
    }

    /// Adds a mistake that consists in something not being there.
    pub(super) fn add_missing(&mut self, diagnostic: Diagnostic) {
        self.missing.push(diagnostic.source(&self.source));
    }

    /// Whether the file cannot be run.
    pub(super) fn any_error(&self) -> bool {
        self.list.iter().chain(&self.missing).any(Diagnostic::is_error)
    }

    /// Forgets what does not lie wholly before `end`, where a file stops being readable. What was
    /// missed may come after it.
    pub(super) fn keep_before(&mut self, end: usize) {
        self.list.retain(|diagnostic| diagnostic.labels.iter().all(|(span, _)| span.end <= end));
        self.missing.clear();
    }

    /// All mistakes, in the order of the places they point at.
    pub(super) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.append(&mut self.missing);
        self.list.sort_by_key(|diagnostic| diagnostic.labels.first().map_or(0, |(span, _)| span.start));
        if self.list.len() > MOST {
            let rest = self.list.split_off(MOST);
            let message = format!("{} more mistakes in this file are not shown", rest.len());
            let more = if rest.iter().any(Diagnostic::is_error) {
                Diagnostic::error(message)
            } else {
                Diagnostic::warning(message)
            };
            self.list.push(more.source(&self.source).help("correct those above, and look again"));
        }
        self.list
    }
}

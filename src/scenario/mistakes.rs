//! The mistakes of one file, gathered so that all of them are told at once.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source, Span};

/// Of one file this many mistakes are told; nobody reads more at a time.
const MOST: usize = 100;

/// The file being read, and what is wrong with it so far.
///
/// A shared reference is enough to add a mistake: every value of the file carries one, so that readers need not
/// pass it on.
#[derive(Debug)]
pub(super) struct Mistakes {
    source: Arc<Source>,
    list: RefCell<Vec<Diagnostic>>,
    /// The places that those in the list point at: a large file may ask for each of very many.
    places: RefCell<HashSet<Span>>,
    missing: RefCell<Vec<Diagnostic>>,
}

impl Mistakes {
    pub(super) fn of(source: Arc<Source>) -> Self {
        Self { source, list: RefCell::default(), places: RefCell::default(), missing: RefCell::default() }
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
    pub(super) fn add(&self, diagnostic: Diagnostic) {
        self.places.borrow_mut().extend(diagnostic.labels.iter().map(|(span, _)| span.clone()));
        self.list.borrow_mut().push(diagnostic.source(&self.source));
    }

    /// Adds a mistake that consists in something not being there.
    pub(super) fn add_missing(&self, diagnostic: Diagnostic) {
        self.missing.borrow_mut().push(diagnostic.source(&self.source));
    }

    /// Whether the file cannot be run.
    pub(super) fn any_error(&self) -> bool {
        [&self.list, &self.missing].into_iter().any(|list| list.borrow().iter().any(Diagnostic::is_error))
    }

    /// Whether something is wrong with just this place.
    pub(super) fn has_at(&self, place: &Span) -> bool {
        self.places.borrow().contains(place)
    }

    /// Forgets what does not lie wholly before `end`, where a file stops being readable, and what the parser made
    /// up there, which has no place. What was missed may come after it.
    pub(super) fn keep_before(&self, end: usize) {
        let mut list = self.list.borrow_mut();
        list.retain(|diagnostic| {
            diagnostic.labels.iter().all(|(span, _)| span.end <= end && !span.is_empty())
        });
        let labels = list.iter().flat_map(|diagnostic| &diagnostic.labels);
        *self.places.borrow_mut() = labels.map(|(span, _)| span.clone()).collect();
        self.missing.borrow_mut().clear();
    }

    /// All mistakes, in the order of the places they point at.
    pub(super) fn into_sorted(self) -> Vec<Diagnostic> {
        let Self { source, list, missing, .. } = self;
        let mut list = list.into_inner();
        list.append(&mut missing.into_inner());
        list.sort_by_key(|diagnostic| diagnostic.labels.first().map_or(0, |(span, _)| span.start));
        if list.len() > MOST {
            let rest = list.split_off(MOST);
            let message = format!("{} more mistakes in this file are not shown", rest.len());
            let more = if rest.iter().any(Diagnostic::is_error) {
                Diagnostic::error(message)
            } else {
                Diagnostic::warning(message)
            };
            list.push(more.source(&source).help("correct those above, and look again"));
        }
        list
    }
}

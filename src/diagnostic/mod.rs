//! Sources, spans, and messages that point into them with a caret.
//!
//! One renderer serves "your file is wrong" and "the browser disagreed", so a reader always lands on
//! a line of the scenario. This module knows nothing of scenarios, cookies or browsers, and returns
//! text: whoever calls it prints.

use std::sync::Arc;

use crate::text::COLUMNS;

mod render;
mod suggest;

pub use render::Style;
pub use suggest::did_you_mean;

pub use crate::text::quoted as listed;

/// A range of bytes in a source.
pub type Span = std::ops::Range<usize>;

/// A text that messages point into: a file, and behind it the files it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as the user gave it.
    pub path: String,
    /// The text, that of included files behind it.
    pub text: String,
    /// Whether it is a file, in which a reader can look a line up; an excerpt of an answer is none.
    is_file: bool,
    /// Where each included file begins, and its path, in order.
    included: Vec<(usize, String)>,
}

/// One file of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'s> {
    /// The file's path.
    pub path: &'s str,
    /// Where its text is in the source's.
    pub span: Span,
}

impl Source {
    /// A file with this text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), is_file: true, included: Vec::new() }
    }

    /// What is no file, such as the header of an answer: its lines have no numbers that lead anywhere.
    pub fn excerpt(what: impl Into<String>, text: impl Into<String>) -> Self {
        Self { is_file: false, ..Self::new(what, text) }
    }

    /// Whether it is a file.
    pub const fn is_file(&self) -> bool {
        self.is_file
    }

    /// Appends a file that is included.
    pub fn append(&mut self, path: &str, text: &str) {
        self.text.push('\n');
        self.included.push((self.text.len(), path.to_owned()));
        self.text.push_str(text);
    }

    /// Its files: the first, and those it includes.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let starts = std::iter::once((0, self.path.as_str()))
            .chain(self.included.iter().map(|(start, path)| (*start, path.as_str())));
        // Before each included file stands a newline that is nobody's.
        let ends = self.included.iter().map(|(start, _)| start - 1).chain([self.text.len()]);
        starts.zip(ends).map(|((start, path), end)| Part { path, span: start..end })
    }

    /// The file that a place is in.
    pub fn part(&self, span: &Span) -> Part<'_> {
        let (start, path) = match self.included.iter().rev().find(|(start, _)| *start <= span.start) {
            Some((start, path)) => (*start, path.as_str()),
            None => (0, self.path.as_str()),
        };
        let end = self.included.iter().map(|(next, _)| next - 1).find(|end| *end >= start);
        Part { path, span: start..end.unwrap_or(self.text.len()) }
    }

    /// Whether a place is in the file itself, and not in one that it includes.
    pub fn is_own(&self, span: &Span) -> bool {
        self.included.first().is_none_or(|(start, _)| span.start < *start)
    }

    /// The line that a span begins on, without its end, and where it begins; nothing where it is beyond the end.
    pub fn line(&self, span: &Span) -> Option<(usize, &str)> {
        let before = self.text.get(..span.start)?;
        let start = before.rfind('\n').map_or(0, |feed| feed + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        Some((start, line))
    }

    /// The line and column a span begins at in its file, both counted from 1; columns count characters.
    ///
    /// A span that begins beyond the end, or inside a character, is taken back to the nearest
    /// character before.
    pub fn line_column(&self, span: &Span) -> (usize, usize) {
        let end = floor(&self.text, span.start);
        let before = &self.text[self.part(span).span.start.min(end)..end];
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
    /// It explains the message before it.
    Why,
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

impl Diagnostic {
    /// A message without which nothing can be run.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message.into())
    }

    /// A message about what is probably not meant.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    /// A message that explains the one before it.
    pub fn why(message: impl Into<String>) -> Self {
        Self::new(Severity::Why, message.into())
    }

    fn new(severity: Severity, message: String) -> Self {
        Self { severity, message, source: None, labels: Vec::new(), notes: Vec::new(), helps: Vec::new() }
    }

    /// The source that the labels point into.
    #[must_use]
    pub fn source(mut self, source: &Arc<Source>) -> Self {
        self.source = Some(Arc::clone(source));
        self
    }

    /// A place, and what is to be said of it; an empty text gives bare carets. The first is the main one.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }

    /// A fact that explains the message.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }

    /// "Did you mean", where one of the candidates is close to the word.
    #[must_use]
    pub fn suggest<'a>(self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match did_you_mean(word, candidates) {
            Some(candidate) => self.help(format!("did you mean `{candidate}`?")),
            None => self,
        }
    }

    /// "Did you mean" where one of the possible words is close, else all of them.
    #[must_use]
    pub fn suggest_or_list<'a>(
        self,
        word: &str,
        possible: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Self {
        match did_you_mean(word, possible.clone()) {
            Some(candidate) => self.help(format!("did you mean `{candidate}`?")),
            None => self.help(format!("possible are {}", listed(possible))),
        }
    }

    /// Whether nothing can be run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The line and column of the main place, counted from 1, where there is one.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        let (span, _) = self.labels.first()?;
        Some(self.source.as_ref()?.line_column(span))
    }

    /// The message as text of several lines, ending in a line feed.
    pub fn render(&self, style: Style) -> String {
        self.render_within(style, COLUMNS)
    }

    /// The same for a terminal of so many columns. What points into a line keeps to them as far as it can.
    pub fn render_within(&self, style: Style, columns: usize) -> String {
        render::render(self, style, columns)
    }
}

/// The nearest character boundary at or before `index`.
fn floor(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_count_characters() {
        let source = Source::new("", "a\r\näö=1\n");
        let place = |index: usize| source.line_column(&(index..index));
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(3), (2, 1));
        assert_eq!(place(4), (2, 1), "inside ä");
        assert_eq!(place(7), (2, 3));
        assert_eq!(place(10), (3, 1));
        assert_eq!(place(99), (3, 1), "beyond the end");
    }
}

//! Diagnostics as text, in the shape compilers have taught people to read.
//!
//! The carets, the cutting of long lines and the tabs are `annotate-snippets`'s work. This file makes
//! sure that whatever it is given can be shown: spans are brought into the text and onto character
//! boundaries, control characters become escapes, and of a large file only the lines at hand go in.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Severity, Source, Span, floor};
use crate::text::{NARROWEST, PROSE, safe, safe_lines, wrapped};

/// How a message is dressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With terminal colours, which add nothing that the text does not say.
    Coloured,
}

/// A quotation in a message is cut to about this many characters.
const QUOTED: usize = 80;
/// What stands before a note: the numbers of lines, and its name.
const MARGIN: usize = 13;
/// More text than this between two labels is not handed on; each then gets a snippet of its own.
const WINDOW: usize = 64 * 1024;
/// Of a line longer than `WINDOW`, this much on either side of the place is shown to the renderer.
const AROUND: usize = 512;

pub(super) fn render(diagnostic: &Diagnostic, style: Style, columns: usize) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let renderer = renderer.term_width(columns.max(NARROWEST));
    let broken = columns.saturating_sub(MARGIN).min(PROSE);
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Why => Level::INFO.with_name("why"),
    };
    let notes = diagnostic.notes.iter().map(|note| Level::NOTE.message(lines(&printable(note), broken)));
    let helps = diagnostic.helps.iter().map(|help| Level::HELP.message(lines(&printable(help), broken)));
    let group = Group::with_title(level.primary_title(printable(&diagnostic.message)))
        .elements(places(diagnostic))
        .elements(notes)
        .elements(helps);
    let mut text = String::new();
    for (number, line) in renderer.render(&[group]).lines().enumerate() {
        let bare = anstream::adapter::strip_str(line).to_string();
        // A snippet without a path leaves the mark of one behind, and a message without a snippet
        // the margin of one.
        let left_over = bare.trim() == ":::" || (number == 1 && bare.trim() == "|");
        if !left_over {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The snippets a diagnostic points into: one where all its places are near each other.
fn places(diagnostic: &Diagnostic) -> Vec<Element<'_>> {
    let Some(source) = &diagnostic.source else {
        return Vec::new();
    };
    let labels: Vec<(Span, &str)> = diagnostic
        .labels
        .iter()
        .map(|(span, text)| (within_line(&source.text, span), text.as_str()))
        .collect();
    let lines = labels.iter().map(|(span, _)| line_around(&source.text, span));
    let whole = lines.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
    match whole {
        None => vec![Origin::path(safe(&source.path)).into()],
        // Line and column of what is no file would lead nowhere.
        Some(whole) if !source.is_file() && whole.len() <= WINDOW => vec![
            Origin::path(safe(&source.path)).into(),
            snippet(source, whole, &labels, AnnotationKind::Primary, false).into(),
        ],
        Some(whole) if whole.len() <= WINDOW && are_together(source, &labels) => {
            vec![snippet(source, whole, &labels, AnnotationKind::Primary, true).into()]
        }
        Some(_) => labels
            .chunks(1)
            .enumerate()
            .flat_map(|(index, label)| {
                let line = line_around(&source.text, &label[0].0);
                let named = index == 0 || !are_together(source, &labels[index - 1..=index]);
                far_place(source, line, label, index == 0, named)
            })
            .collect(),
    }
}

/// Whether these places are in one file.
fn are_together(source: &Source, labels: &[(Span, &str)]) -> bool {
    labels.windows(2).all(|pair| source.part(&pair[0].0) == source.part(&pair[1].0))
}

/// One place that cannot share a snippet, its line cut where it is too long.
fn far_place<'a>(
    source: &'a Source,
    line: Range<usize>,
    label: &[(Span, &'a str)],
    first: bool,
    named: bool,
) -> Vec<Element<'a>> {
    let kind = if first { AnnotationKind::Primary } else { AnnotationKind::Context };
    if line.len() <= WINDOW {
        return vec![snippet(source, line, label, kind, named).into()];
    }
    // The cut line would give a wrong column, so the place is stated in a line of its own.
    let span = &label[0].0;
    let (number, column) = source.line_column(span);
    let start = floor(&source.text, span.start.saturating_sub(AROUND).max(line.start));
    let end = floor(&source.text, (span.start + AROUND).min(line.end));
    let cut = (span.clone(), label[0].1);
    vec![
        Origin::path(safe(source.part(span).path)).line(number).char_column(column).into(),
        snippet(source, start..end, &[cut], kind, false).into(),
    ]
}

fn snippet<'a>(
    source: &'a Source,
    window: Range<usize>,
    labels: &[(Span, &'a str)],
    first: AnnotationKind,
    named: bool,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (line, _) = source.line_column(&window);
    let annotations = labels.iter().enumerate().map(|(index, (span, text))| {
        let kind = if index == 0 { first } else { AnnotationKind::Context };
        let start = span.start.clamp(window.start, window.end) - window.start;
        let end = span.end.clamp(window.start, window.end) - window.start;
        kind.span(start..end).label((!text.is_empty()).then(|| printable(text)))
    });
    Snippet::source(&source.text[window.clone()])
        .path(named.then(|| safe(source.part(&window).path)))
        .line_start(line)
        .annotations(annotations)
}

/// The part of a span that lies in the text, on character boundaries and on its first line.
fn within_line(text: &str, span: &Span) -> Span {
    let start = floor(text, span.start);
    let end = floor(text, span.end).max(start);
    let first = text[start..end].find('\n').map_or(end, |newline| start + newline);
    start..start + text[start..first].trim_end_matches('\r').len()
}

/// The line a place is on, without its end.
fn line_around(text: &str, span: &Span) -> Range<usize> {
    let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |newline| span.end + newline);
    start..start + text[start..end].trim_end_matches('\r').len()
}

/// The text with control characters written as escapes, line feeds excepted, and with long
/// quotations cut.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            shown.push('`');
        }
        let quoted = index % 2 == 1;
        shown.push_str(&safe_lines(&cut(part, quoted)));
    }
    shown
}

/// Beginning and end of a quotation that is too long to read.
fn cut(part: &str, quoted: bool) -> Cow<'_, str> {
    if !quoted || part.len() <= QUOTED || part.chars().count() <= QUOTED {
        return Cow::Borrowed(part);
    }
    let mut characters = part.chars();
    let begin: String = characters.by_ref().take(QUOTED / 2).collect();
    let end: Vec<char> = characters.rev().take(QUOTED / 4).collect();
    let end: String = end.into_iter().rev().collect();
    Cow::Owned(format!("{begin}…{end}"))
}

/// The text broken between words. Lines that begin with a space are examples and stay whole.
fn lines(text: &str, columns: usize) -> String {
    let paragraphs = text.split('\n').flat_map(|paragraph| match paragraph.starts_with(' ') {
        true => vec![paragraph.to_owned()],
        false => wrapped("", "", paragraph, columns),
    });
    paragraphs.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source::new("x.toml", text))
    }

    #[test]
    fn no_span_panics() {
        for text in ["", "\n", "a", "äö\r\n\t名\n", "\u{feff}a\r", "\r\r\n\u{202e}x\u{0}\n\n"] {
            let source = source(text);
            for start in 0..text.len() + 3 {
                for end in 0..text.len() + 3 {
                    let diagnostic = Diagnostic::error("wrong").source(&source).label(start..end, "here");
                    let diagnostic = diagnostic.label(end..start, "");
                    for style in [Style::Plain, Style::Coloured] {
                        assert!(diagnostic.render(style).contains("wrong"), "{text:?} {start}..{end}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_line_is_cut_and_its_column_is_not() {
        let source = source(&format!("first\n{}BAD{}\n", "ä".repeat(5_000_000), "z".repeat(100)));
        let at = source.text.find("BAD").expect("it is there");
        let text = Diagnostic::error("wrong").source(&source).label(at..at + 3, "here").render(Style::Plain);
        assert!(text.contains("--> x.toml:2:5000001\n"), "{text}");
        assert!(text.contains("ääBADzz") && text.contains("^^^ here"), "{text}");
        assert!(text.len() < 1000, "{text}");
    }

    #[test]
    fn places_far_apart_are_shown_apart() {
        let source = source(&format!("first\n{}last\n", "line\n".repeat(100_000)));
        let end = source.text.len() - 5;
        let text = Diagnostic::error("wrong")
            .source(&source)
            .label(end..end + 4, "again")
            .label(0..5, "first here")
            .render(Style::Plain);
        let expected = "error: wrong
      --> x.toml:100002:1
       |
100002 | last
       | ^^^^ again
       |
     1 | first
       | ----- first here
";
        assert_eq!(text, expected);
    }

    #[test]
    fn control_characters_and_long_quotations_are_made_readable() {
        let text = Diagnostic::error(format!("`{}` \u{1b}[31m", "x".repeat(1000)))
            .note("one\n  two")
            .render(Style::Plain);
        let expected = format!(
            "error: `{}…{}` \\u{{1b}}[31m\n = note: one\n           two\n",
            "x".repeat(40),
            "x".repeat(20)
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn colours_add_nothing_to_the_words() {
        let source = source("a = 1\n");
        let diagnostic = Diagnostic::warning("odd").source(&source).label(0..1, "this").help("do that");
        let coloured = diagnostic.render(Style::Coloured);
        let plain = anstream::adapter::strip_str(&coloured).to_string();
        assert_ne!(coloured, plain);
        assert_eq!(plain, diagnostic.render(Style::Plain));
    }
}

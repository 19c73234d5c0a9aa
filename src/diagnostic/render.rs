//! Diagnostics as text, in the shape compilers have taught people to read.
//!
//! The carets, the cutting of long lines and the tabs are `annotate-snippets`'s work. This file makes
//! sure that whatever it is given can be shown: spans are brought into the text and onto character
//! boundaries, control characters become escapes, and of a large file only the lines at hand go in.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Severity, Source, Span, floor};

/// How a message is dressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With terminal colours, which add nothing that the text does not say.
    Coloured,
}

/// Notes and helps are broken at this many columns.
const WIDTH: usize = 100;
/// More text than this between two labels is not handed on; each then gets a snippet of its own.
const WINDOW: usize = 16 * 1024;
/// Of a line longer than `WINDOW`, this much on either side of the place is shown to the renderer.
const AROUND: usize = 512;

pub(super) fn render(diagnostic: &Diagnostic, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let notes = diagnostic.notes.iter().map(|note| Level::NOTE.message(wrapped(&printable(note))));
    let helps = diagnostic.helps.iter().map(|help| Level::HELP.message(wrapped(&printable(help))));
    let group = Group::with_title(level.primary_title(printable(&diagnostic.message)))
        .elements(places(diagnostic))
        .elements(notes)
        .elements(helps);
    let mut text = renderer.render(&[group]);
    text.push('\n');
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
        None => vec![Origin::path(source.path.as_str()).into()],
        Some(whole) if whole.len() <= WINDOW => vec![snippet(source, whole, &labels, true).into()],
        Some(_) => labels
            .chunks(1)
            .enumerate()
            .flat_map(|(index, label)| {
                let line = line_around(&source.text, &label[0].0);
                far_place(source, line, label, index == 0)
            })
            .collect(),
    }
}

/// One place that cannot share a snippet, its line cut where it is too long.
fn far_place<'a>(
    source: &'a Source,
    line: Range<usize>,
    label: &[(Span, &'a str)],
    first: bool,
) -> Vec<Element<'a>> {
    if line.len() <= WINDOW {
        return vec![snippet(source, line, label, first).into()];
    }
    // The cut line would give a wrong column, so the place is stated in a line of its own.
    let span = &label[0].0;
    let (number, column) = source.line_column(span);
    let start = floor(&source.text, span.start.saturating_sub(AROUND).max(line.start));
    let end = floor(&source.text, (span.start + AROUND).min(line.end));
    let cut = (span.clone(), label[0].1);
    vec![
        Origin::path(source.path.as_str()).line(number).char_column(column).into(),
        snippet(source, start..end, &[cut], false).into(),
    ]
}

fn snippet<'a>(
    source: &'a Source,
    window: Range<usize>,
    labels: &[(Span, &'a str)],
    named: bool,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (line, _) = source.line_column(&window);
    let annotations = labels.iter().enumerate().map(|(index, (span, text))| {
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let start = span.start.clamp(window.start, window.end) - window.start;
        let end = span.end.clamp(window.start, window.end) - window.start;
        kind.span(start..end).label((!text.is_empty()).then(|| printable(text)))
    });
    Snippet::source(&source.text[window.clone()])
        .path(named.then_some(source.path.as_str()))
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
    start..end
}

/// The text with control characters written as escapes, line feeds excepted.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The text broken between words. Lines that begin with a space are examples and stay whole.
fn wrapped(text: &str) -> String {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        if paragraph.starts_with(' ') {
            lines.push(paragraph.to_owned());
            continue;
        }
        let mut line = String::new();
        let mut columns = 0;
        for word in paragraph.split(' ') {
            let length = word.chars().count();
            if columns > 0 && columns + 1 + length > WIDTH {
                lines.push(std::mem::take(&mut line));
                columns = 0;
            }
            if columns > 0 {
                line.push(' ');
                columns += 1;
            }
            line.push_str(word);
            columns += length;
        }
        lines.push(line);
    }
    lines.join("\n")
}

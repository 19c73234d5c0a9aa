//! What the TOML parser says, put so that it tells what to do.

use crate::diagnostic::{Diagnostic, Span};

/// Of one file this many syntax errors are looked at.
const MOST: usize = 1000;

/// Where a syntax error is, on character boundaries.
pub(super) fn place(error: &toml::de::Error, text: &str) -> Span {
    let span = error.span().unwrap_or(0..0);
    let boundary = |mut index: usize| {
        while !text.is_char_boundary(index) {
            index -= 1;
        }
        index
    };
    let start = boundary(span.start.min(text.len()));
    start..boundary(span.end.clamp(start, text.len()))
}

/// The message for a syntax error.
fn error(error: &toml::de::Error, text: &str) -> Diagnostic {
    let span = place(error, text);
    let at = &text[span.clone()];
    let (what, expected) = match error.message().split_once(", expected ") {
        Some((what, expected)) => (what, Some(expected)),
        None => (error.message(), None),
    };
    let is_string = matches!(
        what,
        "invalid basic string"
            | "invalid literal string"
            | "invalid multi-line basic string"
            | "invalid multi-line literal string"
    );
    let diagnostic = match (what, expected) {
        ("duplicate key", _) => duplicate(&span, text),
        ("string values must be quoted", _) => {
            Diagnostic::error(format!("`{at}` is text without quotes")).help(format!("write `\"{at}\"`"))
        }
        (_, Some(quotes)) if is_string && quotes.chars().any(|c| matches!(c, '"' | '\'')) => {
            Diagnostic::error("a string does not end").help(format!("close it with {quotes}"))
        }
        ("invalid unquoted key", _) => Diagnostic::error(format!("this is not TOML: {what}"))
            .help("put a key in quotes that has other characters than a-z, A-Z, 0-9, `-` and `_`"),
        ("unexpected leading zero", _) => Diagnostic::error("a number cannot begin with 0")
            .help("leave the zero out, or put the text in quotes"),
        (what, None | Some("nothing")) => Diagnostic::error(format!("this is not TOML: {what}")),
        (what, Some(expected)) => {
            Diagnostic::error(format!("this is not TOML: {what}")).help(format!("expected here: {expected}"))
        }
    };
    diagnostic.label(span, "")
}

/// The errors worth telling, in the order of their places.
///
/// Where a table is begun a second time, every key of it may be a duplicate too; those are left out, and
/// so is what follows the first error of a line, which is mostly its echo.
pub(super) fn sorted(errors: Vec<toml::de::Error>, text: &str) -> Vec<Diagnostic> {
    let mut errors: Vec<(Span, toml::de::Error)> =
        errors.into_iter().map(|error| (place(&error, text), error)).collect();
    errors.sort_by_key(|(span, _)| span.start);
    // More are not told anyway, and each is looked at together with the lines above it.
    errors.truncate(MOST);
    let mut twice = None;
    let mut told_line = None;
    let mut told = Vec::new();
    for (span, error) in errors {
        let line = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        if told_line == Some(line) {
            continue;
        }
        if error.message() == "duplicate key" {
            let end = text[span.start..].find('\n').map_or(text.len(), |newline| span.start + newline);
            let above =
                lines_above(text, end).find(|(_, line)| header(line).is_some()).map(|(start, _)| start);
            if above == Some(line) {
                twice = above;
            } else if above.is_some() && above == twice {
                continue;
            }
        }
        told_line = Some(line);
        told.push(self::error(&error, text));
    }
    told
}

/// The lines that end at `end` and above, from the last to the first, each with where it begins.
fn lines_above(text: &str, end: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut end = Some(end);
    std::iter::from_fn(move || {
        let until = end?;
        let start = text[..until].rfind('\n').map_or(0, |newline| newline + 1);
        end = start.checked_sub(1);
        Some((start, &text[start..until]))
    })
}

/// The header of a table, if the line is one.
fn header(line: &str) -> Option<&str> {
    let line = line.trim();
    let end = line.rfind(']')?;
    line.starts_with('[').then(|| &line[..=end])
}

/// A key, or the header of a table, that is there a second time.
fn duplicate(span: &Span, text: &str) -> Diagnostic {
    let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    if let Some(line) = header(line).filter(|line| !line.starts_with("[[")) {
        let list = line.replacen('[', "[[", 1).replacen(']', "]]", 1);
        Diagnostic::error(format!("`{line}` is there twice")).help(format!(
            "put both into one table; where a list of tables is meant, write `{list}` each time"
        ))
    } else {
        Diagnostic::error(format!("`{}` is given twice", &text[span.clone()])).help("keep one of them")
    }
}

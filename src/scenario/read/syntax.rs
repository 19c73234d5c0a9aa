//! What the TOML parser says, put so that it tells what to do.

use super::super::actions::ACTIONS;
use super::habits::{self, Habit};
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
    let (start, line) = line_of(text, span.start);
    let diagnostic = match (what, expected) {
        ("duplicate key", _) => return duplicate(&span, text),
        ("missing escaped value", _) => habits::bad_escape(line, span.start - start),
        ("unclosed array table", _) => Diagnostic::error("the header of a list of tables ends with `]]`")
            .help(format!("write `{}]]`", line.trim().trim_end_matches(']'))),
        ("extra `=`", _) => Diagnostic::error("there is an `=` too many").help("leave it out"),
        ("missing key for inline table element", _) if line.starts_with('[') => {
            Diagnostic::error("an inline table above does not end").help("close it with `}`")
        }
        ("unexpected key or value", _)
            if matches!(at, ";" | ",") || text[span.start..].starts_with([';', ',']) =>
        {
            Diagnostic::error("a line of TOML has no mark at its end").help("leave it out")
        }
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
    let mut is_yaml = false;
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
            if above.is_some() && above == twice {
                continue;
            }
            // The rest of a table that is begun twice, or of a second step without a header, repeats it.
            if above == Some(line) || begun_again(text, span.start).is_some() {
                twice = above;
            }
        }
        told_line = Some(line);
        let (start, whole) = line_of(text, span.start);
        let is_toml = error.message() == "duplicate key" || error.message().contains("escape");
        match habits::habit(whole, span.start - start).filter(|_| !is_toml) {
            // A file in YAML is no TOML in any line: one says so for all.
            Some((Habit::Yaml, _)) if std::mem::replace(&mut is_yaml, true) => {}
            Some((_, diagnostic)) => told.push(diagnostic.label(habits::trimmed(whole, start), "")),
            None => told.push(self::error(&error, text)),
        }
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

/// The line a place is in, and where it begins.
fn line_of(text: &str, place: usize) -> (usize, &str) {
    let start = text[..place].rfind('\n').map_or(0, |newline| newline + 1);
    (start, text[start..].lines().next().unwrap_or_default())
}

/// A key, or the header of a table, that is there a second time.
fn duplicate(span: &Span, text: &str) -> Diagnostic {
    let (_, line) = line_of(text, span.start);
    if let Some(line) = header(line).filter(|line| !line.starts_with("[[")) {
        let list = line.replacen('[', "[[", 1).replacen(']', "]]", 1);
        return Diagnostic::error(format!("`{line}` is there twice")).label(span.clone(), "").help(format!(
            "put both into one table; where a list of tables is meant, write `{list}` each time"
        ));
    }
    match begun_again(text, span.start) {
        Some((header, place)) => Diagnostic::error(format!(
            "here a second one begins, and the line `{header}` is missing above it"
        ))
        .label(place, "")
        .help(format!("add a line `{header}` above it, or keep one of the two")),
        None => Diagnostic::error(format!("`{}` is given twice", &text[span.clone()]))
            .label(span.clone(), "")
            .help("keep one of them"),
    }
}

/// Where, in the table of a list that a place is in, another begins without a header: a second action of a step, a
/// second `at` of a route. Also the header it lacks.
fn begun_again(text: &str, place: usize) -> Option<(&str, Span)> {
    let (start, line) = line_of(text, place);
    let (top, header) =
        lines_above(text, start + line.len()).find_map(|(at, line)| Some((at, header(line)?)))?;
    let name = header.strip_prefix("[[")?.strip_suffix("]]")?.trim();
    let begins = |key: &str| match name {
        "step" => ACTIONS.iter().any(|action| action.key == key),
        name => name.ends_with(".routes") && key == "at",
    };
    let (mut at, mut begun) = (top, false);
    for line in text[top..].split_inclusive('\n') {
        let place = at + (line.len() - line.trim_start().len());
        at += line.len();
        if place < top + header.len() {
            continue;
        }
        if self::header(line).is_some() {
            return None;
        }
        let key = line.split(['=', '.']).next().unwrap_or_default().trim();
        if begins(key) && std::mem::replace(&mut begun, true) {
            return Some((header, place..place + key.len()));
        }
    }
    None
}

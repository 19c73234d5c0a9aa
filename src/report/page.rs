//! What every page of a report is made of: one file that loads nothing, in light and dark, for every width.
//!
//! The page may run one script and use one style sheet, both inside it and both named by their hash: whatever
//! slipped in besides would do nothing. Markup is by maud, which escapes what it is given: titles, names, headers
//! and messages come from scenario files and servers, and a page is passed on to people who never saw those.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::diagnostic::{Source, Span};
use crate::rules::reason::{Question, Reason};
use crate::text::safe;

/// What all pages look alike by.
const COMMON: &str = include_str!("page.css");

/// A whole page: its title, what it looks like beside what all pages do, its script or none, and what is in it.
pub(super) fn page(title: &str, style: &str, script: &str, body: &Markup) -> String {
    let style = format!("{COMMON}{style}");
    written(title, &style, script, &policy(&style, script, ""), body)
}

/// The same for a page that is served, and asks whoever serves it: the page and its Content-Security-Policy.
pub(super) fn served(title: &str, style: &str, script: &str, body: &Markup) -> (String, String) {
    let style = format!("{COMMON}{style}");
    let policy = policy(&style, script, "; connect-src 'self'");
    (written(title, &style, script, &policy, body), policy)
}

fn policy(style: &str, script: &str, more: &str) -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src {}; img-src data:; base-uri 'none'; form-action 'none'{more}",
        hash(style),
        if script.is_empty() { "'none'".to_owned() } else { format!("'{}'", hash(script)) },
    )
}

fn written(title: &str, style: &str, script: &str, policy: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                link rel="icon" href="data:,";
                title { (safe(title)) }
                style { (PreEscaped(style)) }
            }
            body {
                (body)
                @if !script.is_empty() { script { (PreEscaped(script)) } }
            }
        }
    };
    page.into_string()
}

/// The name of a script or a style sheet in a Content-Security-Policy (CSP level 3, section 2.3.1).
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// A sentence whose words in backquotes are code.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 0 { (safe(part)) } @else { code { (safe(part)) } }
        }
    }
}

/// A moment, to the minute.
pub(super) fn moment(at: OffsetDateTime) -> Markup {
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute) = (at.hour(), at.minute());
    html! {
        time datetime=(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}Z")) {
            (format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC"))
        }
    }
}

/// A place in a line: its column from 0, its length in characters, and what is said of it.
type Marked<'t> = (usize, usize, &'t str);

/// The lines of a source that labels point at, each with its number where it is a file's, and carets below.
pub(super) fn snippet(source: &Source, labels: &[(Span, String)]) -> Markup {
    let mut lines: Vec<(usize, &str, Vec<Marked<'_>>)> = Vec::new();
    for (span, label) in labels {
        let Some((start, line)) = source.line(span) else { continue };
        let (number, column) = source.line_column(span);
        let end = span.end.clamp(span.start, start + line.len());
        let length = source.text.get(span.start..end).map_or(1, |marked| marked.chars().count().max(1));
        let marked = (column - 1, length, label.as_str());
        match lines.iter_mut().find(|(known, ..)| *known == number) {
            Some((.., marks)) => marks.push(marked),
            None => lines.push((number, line, vec![marked])),
        }
    }
    lines.sort_by_key(|(number, ..)| *number);
    let width = lines.last().map_or(0, |(number, ..)| number.to_string().len());
    html! {
        // What is wider than the page is moved with the arrow keys.
        pre.snippet tabindex="0" {
            @for (number, line, marks) in &lines {
                @if source.is_file() { span.number { (format!("{number:>width$} | ")) } }
                (safe(line)) "\n"
                @for (column, length, label) in marks {
                    @if source.is_file() { span.number { (format!("{:>width$} | ", "")) } }
                    span.caret { (" ".repeat(*column)) (format!("{} {}", "^".repeat(*length), safe(label))) }
                    "\n"
                }
            }
        }
    }
}

/// The code of a reason, which leads to its sentence in [`glossary`].
pub(super) fn code(reason: Reason, question: Question) -> Markup {
    let question = if reason.answers(question) { question } else { Question::Readable };
    html! { a.reason href=(format!("#{}", reason.code())) title=(reason.sentence(question)) { (reason.code()) } }
}

/// Every reason that stands on the page, with its sentence and where it comes from.
pub(super) fn glossary(mut reasons: Vec<(Reason, Question)>) -> Markup {
    reasons.sort_unstable();
    reasons.dedup();
    let mut codes: Vec<Reason> = reasons.iter().map(|(reason, _)| *reason).collect();
    codes.dedup();
    html! {
        @if !codes.is_empty() {
            section.glossary aria-labelledby="reasons" {
                h2 id="reasons" { "Reasons" }
                dl {
                    @for code in codes {
                        dt id=(code.code()) { code { (code.code()) } }
                        @for (_, question) in reasons.iter().filter(|(reason, _)| *reason == code) {
                            dd {
                                "not " (question.word()) ": " (code.sentence(*question)) " "
                                span.soft { "(" (code.clause(*question)) ")" }
                            }
                        }
                    }
                }
            }
        }
    }
}

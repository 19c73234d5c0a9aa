//! The answer of `rehearsal explain` for people. Whatever it says is predicted, and called so.

use std::collections::BTreeSet;
use std::io::{self, Write};

use anstyle::AnsiColor;

use super::digest::rows;
use crate::browser_name::listed;
use crate::diagnostic::{Diagnostic, Style};
use crate::explain::Fix;
use crate::explain::question::{Answer, How, Question};
use crate::plan::Credentials;
use crate::relation;
use crate::report::fix::{block, write_block, write_hanging, write_remedy};
use crate::report::why;
use crate::text::{PROSE, padded, safe, width};

/// Writes an answer for people.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut dyn Write, question: &Question, answer: &Answer, columns: usize) -> io::Result<()> {
    write_question(out, question, answer, columns)?;
    writeln!(out)?;
    write_outcomes(out, answer)?;
    if !answer.notes.is_empty() {
        writeln!(out)?;
    }
    for note in &answer.notes {
        write_note(out, note, columns)?;
    }
    let mut told = BTreeSet::new();
    for explanation in &answer.explanations {
        writeln!(out)?;
        let mut notes = explanation.notes(&answer.browsers);
        notes.retain(|note| told.insert(note.clone()));
        let diagnostic = why(Diagnostic::error(&explanation.headline), explanation, &notes, columns);
        write!(out, "{}", diagnostic.render_within(Style::Coloured, columns))?;
    }
    if !answer.works() {
        match &answer.remedy.fix {
            // That a login sets no cookie is its server's to know.
            None if answer.is_silent && answer.explanations.len() == 1 => {}
            Some(_) => {
                writeln!(out)?;
                write_remedy(out, &answer.remedy, &answer.browsers, columns)?;
            }
            None => writeln!(out, "\nno fix was found: nothing that was tried makes it work")?,
        }
    }
    if let Some(advice) = &answer.advice {
        writeln!(out)?;
        write_advice(out, advice, columns)?;
    }
    if let Some(caveat) = &answer.caveat {
        writeln!(out)?;
        write_note(out, caveat, columns)?;
    }
    Ok(())
}

/// Writes a sentence that has no full stop yet.
fn write_note(out: &mut dyn Write, note: &str, columns: usize) -> io::Result<()> {
    let end = if note.ends_with('?') { "" } else { "." };
    write_hanging(out, "note: ", "      ", &format!("{note}{end}"), columns.min(PROSE))
}

fn write_advice(out: &mut dyn Write, advice: &Fix, columns: usize) -> io::Result<()> {
    let title = "it works, and SameSite=None is more than it takes: SameSite=Lax was tried and works as well";
    let mut advice = block(title.to_owned(), advice, &[]);
    advice.sentences.push(
        "Page and API are one site. With Lax other sites' pages cannot make browsers send this cookie with a POST, a \
         frame or an image."
            .to_owned(),
    );
    write_block(out, &advice, columns)
}

fn write_question(
    out: &mut dyn Write,
    question: &Question,
    answer: &Answer,
    columns: usize,
) -> io::Result<()> {
    let mut field = |name: &str, value: &str| {
        write_hanging(out, &format!("{name:<10}"), "          ", value, columns.min(PROSE))
    };
    match &question.page {
        None => field(
            "request",
            &format!("{} {}, typed into the address bar", question.method, question.request),
        )?,
        Some(page) => {
            field("page", page.as_str())?;
            field("request", &format!("{} {}, {}", question.method, question.request, how(question)))?;
            let relation = relation::of(page, &question.request);
            field(
                "relation",
                &format!("{relation}: {}", relation::explain(page, &question.request).join("; ")),
            )?;
        }
    }
    if let Some(then) = &question.then {
        field("then", &format!("GET {then}"))?;
    }
    for assumption in &answer.assumptions {
        field("assumed", assumption)?;
    }
    field("predicted", &format!("by the rules, for {}", listed(&answer.browsers)))
}

fn how(question: &Question) -> String {
    let credentials = question.credentials.word();
    match question.how {
        How::Fetch => format!("by fetch(), credentials \"{credentials}\""),
        How::Xhr if question.credentials == Credentials::Include => {
            "by XMLHttpRequest withCredentials".to_owned()
        }
        How::Xhr => "by XMLHttpRequest without withCredentials".to_owned(),
        How::Navigation if question.method == "GET" => "by a link".to_owned(),
        How::Navigation => "by a form".to_owned(),
        How::Image => "by an image".to_owned(),
        How::Iframe => "by a frame".to_owned(),
    }
}

/// What becomes of each cookie and of the answer.
fn write_outcomes(out: &mut dyn Write, answer: &Answer) -> io::Result<()> {
    let rows = rows(answer);
    let subject = |cookie: Option<&str>| match cookie {
        None => "the answer".to_owned(),
        Some("") => "(no name)".to_owned(),
        Some(name) => safe(name).into_owned(),
    };
    let subjects = rows.iter().map(|row| width(&subject(row.cookie))).max().unwrap_or(0).min(PROSE / 3);
    let fates = rows.iter().map(|row| row.fate.as_str().len()).max().unwrap_or(0);
    let mut last = None;
    for row in &rows {
        let shown = if last == Some(row.cookie) { String::new() } else { subject(row.cookie) };
        last = Some(row.cookie);
        let style =
            if row.fate.is_good() { AnsiColor::Green.on_default() } else { AnsiColor::Red.on_default() };
        let everywhere = row.browsers.len() == answer.browsers.len();
        let browsers = if everywhere { "everywhere".to_owned() } else { listed(&row.browsers) };
        let (shown, fate) = (padded(&shown, subjects), padded(row.fate.as_str(), fates));
        writeln!(out, "{shown}  {style}{fate}{style:#}  {browsers}")?;
    }
    Ok(())
}

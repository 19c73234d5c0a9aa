//! The answer of `rehearsal explain`, for people and for programs.
//!
//! Whatever it says is predicted, and called so. The JSON document has a version; keys are added and never
//! renamed, and where `run --format json` has a word for something, so has this.

use std::collections::BTreeSet;
use std::io::{self, Write};

use anstyle::AnsiColor;
use serde::Serialize;

use super::fix::{WIDTH, write_fix, write_hanging, write_remedy};
use crate::browser_name::BrowserName;
use crate::diagnostic::{Diagnostic, Style};
use crate::explain::question::{Answer, CookieOutcome, How, Outcome, Question};
use crate::explain::{Explanation, Fix, Remedy, listed};
use crate::plan::Credentials;
use crate::relation::{self, Relation};
use crate::rules::reason::Reason;

/// Writes an answer for people.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut dyn Write, question: &Question, answer: &Answer) -> io::Result<()> {
    write_question(out, question, answer)?;
    writeln!(out)?;
    write_outcomes(out, answer)?;
    if !answer.notes.is_empty() {
        writeln!(out)?;
    }
    for note in &answer.notes {
        write_note(out, note)?;
    }
    let mut told = BTreeSet::new();
    for explanation in &answer.explanations {
        writeln!(out)?;
        let text =
            explanation.render(&answer.browsers, |text| Diagnostic::error(text), &mut told, Style::Coloured);
        write!(out, "{text}")?;
    }
    if !answer.works() {
        writeln!(out)?;
        match &answer.remedy.fix {
            Some(_) => write_remedy(out, &answer.remedy, &answer.browsers)?,
            None => writeln!(out, "no fix was found: nothing that was tried makes it work")?,
        }
    }
    if let Some(advice) = &answer.advice {
        writeln!(out)?;
        write_advice(out, advice)?;
    }
    if let Some(caveat) = &answer.caveat {
        writeln!(out)?;
        write_note(out, caveat)?;
    }
    Ok(())
}

/// Writes a sentence that has no full stop yet.
fn write_note(out: &mut dyn Write, note: &str) -> io::Result<()> {
    let end = if note.ends_with('?') { "" } else { "." };
    write_hanging(out, "note: ", "      ", &format!("{note}{end}"))
}

fn write_advice(out: &mut dyn Write, advice: &Fix) -> io::Result<()> {
    write_fix(
        out,
        "it works, and SameSite=None is more than it takes: SameSite=Lax was tried and works as well",
        advice,
        &[],
    )?;
    write_hanging(
        out,
        "  ",
        "  ",
        "Page and API are one site. With Lax other sites' pages cannot make browsers send this cookie with a POST, a \
         frame or an image.",
    )
}

fn write_question(out: &mut dyn Write, question: &Question, answer: &Answer) -> io::Result<()> {
    let mut field = |name: &str, value: &str| write_hanging(out, &format!("{name:<10}"), "          ", value);
    match &question.page {
        None => field(
            "request",
            &format!("{} {}, typed into the address bar", question.method, question.request),
        )?,
        Some(page) => {
            field("page", page.as_str())?;
            field("request", &format!("{} {}, {}", question.method, question.request, how(question)))?;
            let relation = Relation::of(page, &question.request);
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

/// What becomes of each cookie and of the answer, browsers with the same outcome together.
fn write_outcomes(out: &mut dyn Write, answer: &Answer) -> io::Result<()> {
    let mut rows: Vec<(String, String, Vec<BrowserName>)> = Vec::new();
    let mut add = |subject: &str, outcome: String, browser: BrowserName| match rows
        .iter_mut()
        .find(|(known, same, _)| known == subject && *same == outcome)
    {
        Some((_, _, browsers)) => browsers.push(browser),
        None => rows.push((subject.to_owned(), outcome, vec![browser])),
    };
    let mut names: Vec<&str> = Vec::new();
    for outcome in &answer.outcomes {
        for cookie in &outcome.cookies {
            if !names.contains(&cookie.name.as_str()) {
                names.push(&cookie.name);
            }
        }
    }
    for name in names {
        for outcome in &answer.outcomes {
            let cookie = outcome.cookies.iter().find(|cookie| cookie.name == name);
            let subject = if name.is_empty() { "(no name)" } else { name };
            add(subject, cookie.map_or("never arrived", word).to_owned(), outcome.browser);
        }
    }
    for outcome in &answer.outcomes {
        match outcome.readable {
            Some(true) => add("the answer", "readable".to_owned(), outcome.browser),
            Some(false) => add("the answer", "not readable".to_owned(), outcome.browser),
            None if !outcome.reasons.is_empty() => {
                add("the answer", "never came".to_owned(), outcome.browser)
            }
            None => {}
        }
    }
    let width = |column: fn(&(String, String, Vec<BrowserName>)) -> &str| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0)
    };
    let subjects = width(|row| &row.0).min(WIDTH / 3);
    let outcomes = width(|row| &row.1);
    let mut last = "";
    for (subject, outcome, browsers) in &rows {
        let shown = if subject == last { "" } else { subject };
        last = subject;
        let good = matches!(outcome.as_str(), "stored and sent" | "readable" | "deleted");
        let style = if good { AnsiColor::Green.on_default() } else { AnsiColor::Red.on_default() };
        let everywhere =
            if browsers.len() == answer.browsers.len() { "everywhere".to_owned() } else { listed(browsers) };
        writeln!(out, "{shown:<subjects$}  {style}{outcome:<outcomes$}{style:#}  {everywhere}")?;
    }
    Ok(())
}

fn word(cookie: &CookieOutcome) -> &'static str {
    match (cookie.deletion, cookie.done, cookie.sent) {
        (true, true, _) => "deleted",
        (true, false, _) => "not deleted",
        (false, true, true) => "stored and sent",
        (false, true, false) => "stored, not sent",
        (false, false, _) => "not stored",
    }
}

/// The document of `--format json`.
#[derive(Serialize)]
pub struct Document<'a> {
    version: u8,
    page: Option<&'a str>,
    request: RequestObject<'a>,
    relation: Option<&'static str>,
    assumptions: &'a [String],
    /// What to know besides, each a sentence.
    notes: Vec<&'a str>,
    works: bool,
    browsers: Vec<BrowserObject<'a>>,
    explanations: Vec<ExplanationObject<'a>>,
    #[serde(flatten)]
    remedy: RemedyObject<'a>,
    advice: Option<FixObject<'a>>,
}

impl<'a> Document<'a> {
    /// The document of an answer.
    pub fn of(question: &'a Question, answer: &'a Answer) -> Self {
        let is_call = question.page.is_some() && matches!(question.how, How::Fetch | How::Xhr);
        Self {
            version: 1,
            page: question.page.as_ref().map(url::Url::as_str),
            request: RequestObject {
                action: match (&question.page, question.how, question.method.as_str()) {
                    (None, ..) => "visit",
                    (_, How::Fetch, _) => "fetch",
                    (_, How::Xhr, _) => "xhr",
                    (_, How::Navigation, "GET") => "link",
                    (_, How::Navigation, _) => "form",
                    (_, How::Image, _) => "image",
                    (_, How::Iframe, _) => "iframe",
                },
                method: &question.method,
                url: question.request.as_str(),
                credentials: is_call.then(|| question.credentials.word()),
                then: question.then.as_ref().map(url::Url::as_str),
            },
            relation: question.page.as_ref().map(|page| Relation::of(page, &question.request).as_str()),
            assumptions: &answer.assumptions,
            notes: answer.notes.iter().chain(&answer.caveat).map(String::as_str).collect(),
            works: answer.works(),
            browsers: answer.outcomes.iter().map(BrowserObject::of).collect(),
            explanations: answer.explanations.iter().map(ExplanationObject::of).collect(),
            remedy: RemedyObject::of(Some(&answer.remedy)),
            advice: answer.advice.as_ref().map(FixObject::of),
        }
    }
}

#[derive(Serialize)]
struct RequestObject<'a> {
    action: &'static str,
    method: &'a str,
    url: &'a str,
    credentials: Option<&'static str>,
    then: Option<&'a str>,
}

#[derive(Serialize)]
struct BrowserObject<'a> {
    browser: String,
    predicted: bool,
    third_party: &'static str,
    works: bool,
    readable: Option<bool>,
    reasons: Vec<&'static str>,
    set_cookie: Vec<CookieObject<'a>>,
}

impl<'a> BrowserObject<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        Self {
            browser: outcome.browser.to_string(),
            predicted: true,
            third_party: outcome.browser.third_party().as_str(),
            works: outcome.works,
            readable: outcome.readable,
            reasons: codes(&outcome.reasons),
            set_cookie: outcome.cookies.iter().map(CookieObject::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct CookieObject<'a> {
    line: String,
    name: &'a str,
    /// Whether it is stored; nothing where the line deletes a cookie.
    stored: Option<bool>,
    /// Whether the cookie it deletes is gone; nothing where it sets one.
    deleted: Option<bool>,
    reasons: Vec<&'static str>,
    sent: bool,
    withheld: Vec<&'static str>,
}

impl<'a> CookieObject<'a> {
    fn of(cookie: &'a CookieOutcome) -> Self {
        Self {
            line: String::from_utf8_lossy(&cookie.line).into_owned(),
            name: &cookie.name,
            stored: (!cookie.deletion).then_some(cookie.done),
            deleted: cookie.deletion.then_some(cookie.done),
            reasons: codes(&cookie.reasons),
            sent: cookie.sent,
            withheld: codes(&cookie.withheld),
        }
    }
}

/// Why something did not work. The same in the document of `run`.
#[derive(Serialize)]
pub(super) struct ExplanationObject<'a> {
    headline: &'a str,
    text: &'a str,
    reasons: Vec<WhyObject>,
    native: &'a [String],
    header: Option<HeaderObject<'a>>,
}

#[derive(Serialize)]
struct WhyObject {
    reason: &'static str,
    sentence: &'static str,
    clause: &'static str,
    browsers: Vec<String>,
}

#[derive(Serialize)]
struct HeaderObject<'a> {
    of: &'a str,
    text: &'a str,
    /// The parts at fault, as bytes of the text.
    faults: Vec<FaultObject<'a>>,
}

#[derive(Serialize)]
struct FaultObject<'a> {
    start: usize,
    end: usize,
    label: &'a str,
}

impl<'a> ExplanationObject<'a> {
    pub(super) fn of(explanation: &'a Explanation) -> Self {
        Self {
            headline: &explanation.headline,
            text: &explanation.paragraph,
            reasons: explanation
                .reasons
                .iter()
                .map(|why| WhyObject {
                    reason: why.reason.code(),
                    sentence: why.sentence(),
                    clause: why.clause(),
                    browsers: names(&why.browsers),
                })
                .collect(),
            native: &explanation.native,
            header: explanation.source.as_ref().map(|source| HeaderObject {
                of: &source.path,
                text: &source.text,
                faults: explanation
                    .labels
                    .iter()
                    .map(|(span, label)| FaultObject { start: span.start, end: span.end, label })
                    .collect(),
            }),
        }
    }
}

/// What to do. The same in the document of `run`.
#[derive(Serialize)]
pub(super) struct RemedyObject<'a> {
    fix: Option<FixObject<'a>>,
    not_fixed_in: Vec<NotFixedObject>,
    everywhere: Option<FixObject<'a>>,
}

#[derive(Serialize)]
struct NotFixedObject {
    browser: String,
    reasons: Vec<&'static str>,
}

impl<'a> RemedyObject<'a> {
    pub(super) fn of(remedy: Option<&'a Remedy>) -> Self {
        let not_fixed = remedy.iter().flat_map(|remedy| &remedy.elsewhere);
        Self {
            fix: remedy.and_then(|remedy| remedy.fix.as_ref()).map(FixObject::of),
            not_fixed_in: not_fixed
                .map(|(browser, reasons)| NotFixedObject {
                    browser: browser.to_string(),
                    reasons: codes(reasons),
                })
                .collect(),
            everywhere: remedy.and_then(|remedy| remedy.everywhere.as_ref()).map(FixObject::of),
        }
    }
}

#[derive(Serialize)]
struct FixObject<'a> {
    changes: Vec<ChangeObject<'a>>,
    remarks: &'a [String],
    works_in: Vec<String>,
    predicted: bool,
}

#[derive(Serialize)]
struct ChangeObject<'a> {
    place: &'a str,
    before: &'a [String],
    after: &'a [String],
}

impl<'a> FixObject<'a> {
    fn of(fix: &'a Fix) -> Self {
        let changes = fix.changes.iter();
        Self {
            changes: changes
                .map(|change| ChangeObject {
                    place: &change.place,
                    before: &change.before,
                    after: &change.after,
                })
                .collect(),
            remarks: &fix.remarks,
            works_in: names(&fix.works_in),
            predicted: true,
        }
    }
}

fn names(browsers: &[BrowserName]) -> Vec<String> {
    browsers.iter().map(ToString::to_string).collect()
}

fn codes(reasons: &BTreeSet<Reason>) -> Vec<&'static str> {
    reasons.iter().map(|reason| reason.code()).collect()
}

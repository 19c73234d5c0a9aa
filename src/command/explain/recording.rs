//! `rehearsal explain FILE`: every cookie of a recording, and every call whose answer a page may not read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::super::new::read;
use super::super::{
    COULD_NOT_RUN, FAILED, HELD, WRONG, after_writing, block_on, columns, complain, write_json,
};
use super::browsers;
use crate::browser_name::BrowserName;
use crate::cli::{ExplainArgs, Format};
use crate::explain::question::{self, Answer, Carried, CookieOutcome, Outcome};
use crate::import::Came;
use crate::import::har::WITH_COOKIES;
use crate::import::questions::{self, Asked};
use crate::report::explain::{json, terminal};
use crate::rules::reason::Reason;
use crate::text::{codes, counted, listed, padded, safe, width};

/// Runs the command on a recording.
pub(super) fn explain(path: &Path, arguments: &ExplainArgs) -> ExitCode {
    let recording = match read(path) {
        Ok(recording) => recording,
        Err(code) => return code,
    };
    let mut asked = questions::of(&recording, false);
    // Without its cookies nothing is known of an answer; of a preflight that let nothing through all is.
    asked.retain(|asked| !recording.is_sanitized || asked.question.response.is_none());
    let is_bare = asked.is_empty();
    let is_told = |note: &&String| !(recording.is_sanitized && is_bare && note.contains(WITH_COOKIES));
    recording.notes.iter().filter(is_told).for_each(|note| super::super::remark(&format!("note: {note}")));
    if recording.is_sanitized && is_bare {
        return without_cookies(path);
    }
    if is_bare {
        let is_unanswered = recording.exchanges.iter().all(|exchange| exchange.came == Came::Unknown);
        let (what, help) = match is_unanswered {
            true => (
                "what the server answers is not in it",
                "run the command with `-i`, and put what it prints below it",
            ),
            false => (
                "no answer in it sets a cookie, and none is to be read by a page of another origin",
                "record the login itself: open the Network panel first, tick \"Preserve log\", and log in",
            ),
        };
        complain(format!("{} has nothing to explain: {what}", path.display()), help);
        return ExitCode::from(WRONG);
    }
    let browsers = browsers(&arguments.browser);
    let (mut answered, mut is_short): (Vec<(Asked, Answer)>, bool) = (Vec::new(), false);
    for asked in asked {
        if answered.iter().any(|(known, answer)| !answer.works() && is_told_by(&asked, known)) {
            continue;
        }
        match block_on(question::answer(&asked.question, &browsers)) {
            // That a page can read what it asks for is what nobody doubts.
            Ok(answer) if asked.is_about_reading() && answer.works() => {}
            Ok(answer) => answered.push((asked, answer)),
            Err(error) => {
                complain(
                    format!("{} cannot be rehearsed: {error}", asked.question.request),
                    "the others are explained",
                );
                is_short = true;
            }
        }
    }
    if recording.is_sanitized && answered.iter().all(|(_, answer)| answer.works()) {
        return without_cookies(path);
    }
    let written = match arguments.format {
        Format::Terminal => write(&mut anstream::stdout(), path, &answered, &browsers),
        Format::Json => {
            let answers = answered.iter().map(|(asked, answer)| AnswerObject {
                recorded: asked
                    .went
                    .iter()
                    .map(|(name, sent, of)| Recorded { name, sent: *sent, of: *of })
                    .collect(),
                missed: &asked.missed,
                answer: json::Document::of(&asked.question, answer),
            });
            write_json(&Document { version: 1, answers: answers.collect() })
        }
    };
    let works = answered.iter().all(|(_, answer)| answer.works());
    let code = match works {
        _ if is_short => COULD_NOT_RUN,
        true => HELD,
        false => FAILED,
    };
    after_writing(written, "the answer", code)
}

/// Says that the cookies were left out when the recording was saved: without them nothing is known to work.
fn without_cookies(path: &Path) -> ExitCode {
    complain(format!("{} has no cookie in it", path.display()), WITH_COOKIES);
    ExitCode::from(WRONG)
}

/// Whether that something does not work says already why these cookies did not go: no browser keeps one as it should, or it
/// did not go with another request of the same page to the same host.
fn is_told_by(asked: &Asked, known: &Asked) -> bool {
    let places = |asked: &Asked| {
        let page = asked.question.page.as_ref().map(url::Url::origin);
        (page, asked.question.request.origin(), asked.question.how)
    };
    let is_told = |name: &String| {
        let is_set = known.went.iter().any(|(known, ..)| known == name);
        is_set || (known.missed.contains(name) && places(known) == places(asked))
    };
    !asked.missed.is_empty() && asked.missed.iter().all(is_told)
}

/// The document of `--format json`.
#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    answers: Vec<AnswerObject<'a>>,
}

#[derive(Serialize)]
struct AnswerObject<'a> {
    /// What the recording shows of each cookie.
    recorded: Vec<Recorded<'a>>,
    /// The cookies that did not go with the request, where that is what is explained.
    missed: &'a [String],
    #[serde(flatten)]
    answer: json::Document<'a>,
}

/// That a cookie went with so many of the later requests to hosts it is for.
#[derive(Serialize)]
struct Recorded<'a> {
    name: &'a str,
    sent: usize,
    of: usize,
}

/// One table of all cookies, then each question that has something wrong in it, and those that work in one line each.
fn write(
    out: &mut dyn Write,
    path: &Path,
    answered: &[(Asked, Answer)],
    browsers: &[BrowserName],
) -> io::Result<()> {
    let broken = answered.iter().filter(|(_, answer)| !answer.works()).count();
    let cookies: BTreeSet<&String> = answered
        .iter()
        .flat_map(|(asked, _)| asked.went.iter().map(|(name, ..)| name).chain(&asked.missed))
        .collect();
    let looked = counted(answered.len(), "request");
    let verdict = match broken {
        0 => "all is stored, sent and readable in every browser asked for".to_owned(),
        broken if broken == answered.len() => "something does not work at each of them".to_owned(),
        broken => format!("something does not work at {broken} of them"),
    };
    writeln!(
        out,
        "{}: {}, {looked}: {verdict}\n",
        safe(&path.display().to_string()),
        counted(cookies.len(), "cookie")
    )?;
    let width = cookies.iter().map(|name| width(name)).max().unwrap_or_default();
    let indent = padded("", width);
    for (asked, answer) in answered {
        let request = safe(asked.question.request.as_str());
        for (name, sent, of) in &asked.went {
            let shown = match (sent, of) {
                (_, 0) => "recorded: nothing later asked its hosts".to_owned(),
                (sent, of) => format!("recorded: sent with {sent} of {of} later requests to its hosts"),
            };
            writeln!(out, "{}  set by {} {request}", padded(&safe(name), width), asked.question.method)?;
            writeln!(out, "{indent}  {shown}")?;
            for line in outcomes(name, answer, browsers) {
                writeln!(out, "{indent}  {line}")?;
            }
        }
        for name in &asked.missed {
            writeln!(out, "{}  set for {} {request}", padded(&safe(name), width), asked.question.method)?;
            writeln!(out, "{indent}  recorded: not sent with it")?;
            for line in outcomes(name, answer, browsers) {
                writeln!(out, "{indent}  {line}")?;
            }
        }
    }
    for (asked, answer) in answered.iter().filter(|(_, answer)| !answer.works()) {
        writeln!(out, "\n{}\n", "-".repeat(60))?;
        terminal::write(out, &asked.question, answer, columns())?;
    }
    Ok(())
}

/// What becomes of a cookie: the browsers by what they do with it.
fn outcomes(name: &str, answer: &Answer, browsers: &[BrowserName]) -> Vec<String> {
    let mut by: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (browser, outcome) in browsers.iter().zip(&answer.outcomes) {
        let set = outcome.cookies.iter().find(|cookie| cookie.name == *name);
        let kept = outcome.carried.iter().find(|cookie| cookie.name == *name);
        let said = match (set, kept) {
            (Some(cookie), _) => said(cookie, outcome),
            (None, Some(cookie)) => carried(cookie),
            (None, None) => "not looked at".to_owned(),
        };
        by.entry(said).or_default().push(browser.to_string());
    }
    by.into_iter().map(|(said, browsers)| format!("{}: {said}", listed(browsers))).collect()
}

/// Reasons in brackets, where there are some.
fn because(reasons: &BTreeSet<Reason>) -> String {
    match codes(reasons) {
        codes if codes.is_empty() => String::new(),
        codes => format!(" ({})", codes.join(", ")),
    }
}

/// What becomes of a cookie that was stored before.
fn carried(cookie: &Carried) -> String {
    match cookie {
        Carried { stored: false, .. } => format!("not stored{}", because(&cookie.reasons)),
        Carried { sent: false, .. } => format!("not sent{}", because(&cookie.reasons)),
        _ => "sent".to_owned(),
    }
}

fn said(cookie: &CookieOutcome, outcome: &Outcome) -> String {
    match cookie {
        CookieOutcome { deletion: true, done: true, .. } => "deleted".to_owned(),
        CookieOutcome { deletion: true, .. } => format!("not deleted{}", because(&cookie.reasons)),
        CookieOutcome { folded_into: Some(other), .. } => format!("lost in the line of {other}"),
        CookieOutcome { done: false, .. } => format!("not stored{}", because(&cookie.reasons)),
        CookieOutcome { sent: false, .. } => format!("stored, not sent{}", because(&cookie.withheld)),
        _ if outcome.readable == Some(false) => {
            format!("stored and sent, and the answer is not readable{}", because(&outcome.reasons))
        }
        _ => "stored and sent".to_owned(),
    }
}

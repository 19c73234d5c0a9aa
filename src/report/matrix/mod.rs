//! The table of `rehearsal matrix`: for a terminal, as JSON, and as a page.
//!
//! What all three say of a cell is said here, so that they say the same.

use std::collections::BTreeSet;

use crate::browser_name::{BrowserName, ThirdParty};
use crate::matrix::{Cell, CookieCell, Fate, Matrix, Need};
use crate::rules::reason::{Question, Reason};
use crate::text::codes;

pub mod html;
pub mod json;
pub mod terminal;

/// What is to be said of a cell that does not work: each thing that went wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Trouble {
    /// The cookies it is about, where it is not about all.
    names: Vec<String>,
    /// What went wrong: `not stored`.
    what: String,
    /// Why: every reason.
    reasons: Vec<Told>,
}

/// A reason, as the answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    question: Question,
    reason: Reason,
}

impl Trouble {
    fn of(names: Vec<String>, what: &str, question: Question, reasons: &BTreeSet<Reason>) -> Self {
        let told = |reason: &Reason| {
            // A request that a page could not make has the reasons of an answer it could not read.
            let question = if reason.answers(question) { question } else { Question::Readable };
            Told { question, reason: *reason }
        };
        Self { names, what: what.to_owned(), reasons: reasons.iter().map(told).collect() }
    }

    fn bare(what: String) -> Self {
        Self { names: Vec::new(), what, reasons: Vec::new() }
    }

    /// In one line: `not stored: same-site-lax, third-party-blocked`.
    fn line(&self) -> String {
        let names = if self.names.is_empty() { String::new() } else { format!("{} ", self.names.join(", ")) };
        let codes = codes(self.reasons.iter().map(|told| &told.reason));
        let codes = if codes.is_empty() { String::new() } else { format!(": {}", codes.join(", ")) };
        format!("{names}{}{codes}", self.what)
    }
}

/// Everything that is wrong in a cell.
fn troubles(cell: &Cell, needs: &[Need]) -> Vec<Trouble> {
    let mut troubles: Vec<Trouble> = Vec::new();
    for (index, (need, cookie)) in needs.iter().zip(&cell.cookies).enumerate() {
        let alike = |other: &CookieCell| other == cookie;
        if cell.cookies[..index].iter().any(alike) {
            continue;
        }
        let names: Vec<String> = needs
            .iter()
            .zip(&cell.cookies)
            .filter(|(_, other)| alike(other))
            .map(|(need, _)| need.name.clone())
            .collect();
        let names = if names.len() == needs.len() { Vec::new() } else { names };
        let what = cookie.fate.sentence();
        troubles.extend(match cookie.fate {
            Fate::Sent | Fate::Stored => None,
            Fate::Refused | Fate::Unreached => {
                Some(Trouble::of(names, what, Question::Stored, &cookie.refused))
            }
            Fate::Kept | Fate::Missing => Some(Trouble::of(names, what, Question::Sent, &cookie.withheld)),
            Fate::Unknown if cell.error.is_some() || cell.unpredicted.is_some() => None,
            Fate::Unknown => {
                Some(Trouble::bare(format!("whether `{}` was stored this browser does not show", need.name)))
            }
        });
    }
    // Where no answer came at all that has been said.
    if cell.readable == Some(false) && cell.fate() != Fate::Unreached {
        troubles.push(Trouble::of(
            Vec::new(),
            "the page may not read the answer",
            Question::Readable,
            &cell.unreadable,
        ));
    }
    troubles.extend(cell.unpredicted.iter().map(|why| Trouble::bare(format!("the model {why}"))));
    troubles.extend(cell.error.iter().map(|why| Trouble::bare(format!("could not run: {why}"))));
    troubles
}

/// Every reason that stands in the table, as the answer to its question, once.
fn reasons(matrix: &Matrix) -> BTreeSet<Told> {
    let cells = matrix.rows.iter().flatten();
    cells.flat_map(|cell| troubles(cell, &matrix.draft.needs)).flat_map(|trouble| trouble.reasons).collect()
}

/// What a cell says first.
fn word(cell: &Cell) -> &'static str {
    if cell.error.is_some() {
        return "error";
    }
    match cell.fate() {
        Fate::Sent => "sent",
        Fate::Stored => "stored",
        Fate::Kept => "kept",
        Fate::Unknown => "?",
        Fate::Missing | Fate::Refused | Fate::Unreached => "no",
    }
}

/// What a browser does with third parties' cookies, in full and in few letters.
fn policy(browser: BrowserName) -> (&'static str, &'static str) {
    let all = browser.third_party().as_str();
    match browser.third_party() {
        ThirdParty::Allowed => (all, "allow"),
        ThirdParty::Partitioned => (all, "part."),
        ThirdParty::Blocked => (all, "block"),
    }
}

/// What is assumed of the whole table, besides what each topology assumes.
fn assumed(matrix: &Matrix) -> Vec<String> {
    let mut assumed = vec![
        "The services are taken to be configured right for each topology: the addresses in URLs, calls, redirects and \
         CORS settings move along. Of every Set-Cookie line only SameSite, Secure and Partitioned change."
            .to_owned(),
    ];
    if !matrix.draft.strangers.is_empty() {
        let whose = matrix.draft.strangers.join(", ");
        assumed.push(format!(
            "What pages of {whose} ask for by themselves is not judged: they are no part of the services."
        ));
    }
    let frameworks: BTreeSet<&str> =
        matrix.draft.plan.origins.iter().filter_map(|origin| origin.service.framework()).collect();
    for framework in frameworks {
        assumed.push(format!("Cookies that {framework}'s settings set stay as they are."));
    }
    assumed
}

/// How to see the rest.
fn by_whom(matrix: &Matrix) -> String {
    let all = matrix.browsers.len();
    let real = matrix.browsers.iter().filter(|browser| !browser.model).count();
    match real {
        0 => "All of it is predicted by the rules; `--browser chromium` runs a real browser and holds it against them."
            .to_owned(),
        _ if real == all => {
            "Seen in real browsers, each held against its prediction by the rules.".to_owned()
        }
        _ => "Real browsers are held against the rules; those called model are predicted by them.".to_owned(),
    }
}

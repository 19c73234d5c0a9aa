//! The table as a page: one file that loads nothing and runs nothing.
//!
//! It says everything by words and signs, and colour only helps. On a narrow screen each row becomes a
//! list. Markup is by maud, which escapes whatever it is given: titles, names and addresses come from
//! scenario files, and a page is passed on to people who never saw those.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Trouble, assumed, by_whom, policy, reasons, troubles};
use crate::browser_name::BrowserName;
use crate::matrix::{Cell, Fate, Finding, Matrix, Place};

/// What a cell begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sign {
    class: &'static str,
    sign: &'static str,
    word: &'static str,
    meaning: &'static str,
}

const SENT: Sign = Sign {
    class: "yes",
    sign: "✓",
    word: "sent",
    meaning: "stored, and sent wherever a later step needs it",
};
const STORED: Sign =
    Sign { class: "yes", sign: "✓", word: "stored", meaning: "stored, and no later step needs it" };
const UNREAD: Sign = Sign {
    class: "half",
    sign: "◐",
    word: "not readable",
    meaning: "stored and sent, but the page may not read the answer",
};
const KEPT: Sign =
    Sign { class: "half", sign: "◐", word: "not sent", meaning: "stored, and not sent where it is needed" };
const MISSING: Sign = Sign {
    class: "no",
    sign: "✗",
    word: "never sent",
    meaning: "not sent where it is needed; whether it is stored this browser does not show",
};
const REFUSED: Sign =
    Sign { class: "no", sign: "✗", word: "not stored", meaning: "refused, and so not sent either" };
const UNREACHED: Sign =
    Sign { class: "no", sign: "✗", word: "never set", meaning: "the answer that sets it did not come" };
const UNKNOWN: Sign =
    Sign { class: "unknown", sign: "?", word: "not known", meaning: "not predicted, or not shown" };
const ERROR: Sign =
    Sign { class: "unknown", sign: "!", word: "error", meaning: "the browser could not run it" };

impl Sign {
    const ALL: [Self; 9] = [SENT, STORED, UNREAD, KEPT, MISSING, REFUSED, UNREACHED, UNKNOWN, ERROR];

    fn of(cell: &Cell) -> Self {
        match cell.fate() {
            _ if cell.error.is_some() => ERROR,
            Fate::Sent | Fate::Stored if !cell.works() => UNREAD,
            Fate::Sent => SENT,
            Fate::Stored => STORED,
            Fate::Kept => KEPT,
            Fate::Unknown => UNKNOWN,
            Fate::Missing => MISSING,
            Fate::Refused => REFUSED,
            Fate::Unreached => UNREACHED,
        }
    }
}

/// The page.
pub fn page(matrix: &Matrix) -> String {
    let finding = matrix.finding();
    let plan = &matrix.draft.plan;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (plan.title) " – rehearsal matrix" }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                main {
                    (head(matrix, &finding))
                    @for (index, place) in matrix.draft.places.iter().enumerate() {
                        (section(matrix, &finding, index, place))
                    }
                    (impossible(matrix))
                    (reason_list(matrix))
                    (ground(matrix))
                    (foot(matrix))
                }
            }
        }
    };
    page.into_string()
}

fn head(matrix: &Matrix, finding: &Finding) -> Markup {
    let plan = &matrix.draft.plan;
    let wrong = matrix.disagreements();
    let shown: Vec<Sign> = Sign::ALL
        .into_iter()
        .filter(|sign| matrix.rows.iter().flatten().any(|cell| Sign::of(cell) == *sign))
        .collect();
    html! {
        header {
            p.of { "rehearsal matrix · " (plan.source.path) }
            h1 { (prose(&finding.headline(matrix))) }
            p.title { "The scenario: " (plan.title) }
            @if let Some(sentence) = finding.as_written(matrix) { p { (prose(&sentence)) } }
            @if let Some(remark) = finding.remark(matrix) { p { (prose(&remark)) } }
            p.soft { (prose(&by_whom(matrix))) }
            @for (browser, why) in matrix.silent() {
                p.alarm role="alert" { (browser.to_string()) " shows nothing: " (prose(&why)) }
            }
            @if wrong > 0 {
                p.alarm role="alert" {
                    "Disagreement: in " (wrong) @if wrong == 1 { " cell" } @else { " cells" }
                    " the rules predicted otherwise than a real browser did. Each is marked, and each is a bug in \
                     rehearsal: please report it."
                }
            }
            ul.legend aria-label="What the signs mean" {
                @for sign in shown {
                    li { b class=(sign.class) { (sign.sign) " " (sign.word) } " " (sign.meaning) }
                }
            }
        }
    }
}

fn section(matrix: &Matrix, finding: &Finding, index: usize, place: &Place) -> Markup {
    let rows = matrix.draft.combinations.iter().enumerate().filter(|(_, row)| row.place == index);
    html! {
        section {
            h2 {
                (place.topology.title()) " "
                span.tag { (place.topology.relation()) } " "
                @if place.as_written { span.tag.written { "as written" } }
            }
            ul.origins {
                @for (url, names) in &place.origins { li { (names.join(" and ")) " " (url) } }
            }
            @if !place.assumptions.is_empty() {
                ul.notes { @for assumption in &place.assumptions { li { (prose(assumption)) } } }
            }
            table {
                (heading(matrix))
                tbody {
                    @for (row, combination) in rows {
                        @let best = finding.safest == Some(row);
                        @let all = finding.everywhere.contains(&row);
                        tr.best[best].all[all] {
                            th scope="row" {
                                code { (combination.spelt()) } " "
                                @if best { span.tag.safest { "★ safest" } " " }
                                @if combination.as_written { span.tag.written { "as written" } }
                            }
                            td.sum.yes { span.word { i { "✓" } "in all " (matrix.browsers.len()) } }
                            @for (browser, cell) in matrix.browsers.iter().zip(&matrix.rows[row]) {
                                (self::cell(matrix, *browser, cell))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The engines, each over its policies.
fn heading(matrix: &Matrix) -> Markup {
    let mut groups: Vec<(String, usize)> = Vec::new();
    for browser in &matrix.browsers {
        let name = engine(matrix, *browser);
        match groups.last_mut() {
            Some((last, count)) if *last == name => *count += 1,
            _ => groups.push((name, 1)),
        }
    }
    html! {
        thead {
            tr {
                th rowspan="2" scope="col" { "Set-Cookie" }
                @for (name, count) in groups { th scope="colgroup" colspan=(count) { (name) } }
            }
            tr { @for browser in &matrix.browsers { th scope="col" { "third parties " (policy(*browser).0) } } }
        }
    }
}

fn engine(matrix: &Matrix, browser: BrowserName) -> String {
    let real = matrix.browsers.iter().any(|browser| !browser.model);
    match (real, browser.model) {
        (true, true) => format!("{} (predicted)", browser.engine.as_str()),
        (true, false) => format!("{} (real)", browser.engine.as_str()),
        (false, _) => browser.engine.as_str().to_owned(),
    }
}

fn cell(matrix: &Matrix, browser: BrowserName, cell: &Cell) -> Markup {
    let sign = Sign::of(cell);
    let troubles = troubles(cell, &matrix.draft.needs);
    let name = format!("{}, third parties {}", engine(matrix, browser), policy(browser).0);
    html! {
        td class=(sign.class) data-browser=(name) {
            span.word { i aria-hidden="true" { (sign.sign) } (sign.word) }
            @for trouble in &troubles { (why(trouble, sign)) }
            @for disagreement in &cell.disagreements { span.wrong { "‼ " (disagreement) } }
        }
    }
}

/// Why, and what, where the sign has not said that.
fn why(trouble: &Trouble, sign: Sign) -> Markup {
    let is_said = trouble.names.is_empty()
        && !trouble.reasons.is_empty()
        && [REFUSED, KEPT, UNREACHED, UNREAD, MISSING].contains(&sign);
    html! {
        span.why {
            @if !trouble.names.is_empty() { code { (trouble.names.join(", ")) } " " }
            @if !is_said { (trouble.what) @if !trouble.reasons.is_empty() { ": " } }
            @for told in &trouble.reasons {
                a href=(format!("#{}", told.reason)) title=(told.reason.sentence(told.question)) { (told.reason.code()) }
                " "
            }
        }
    }
}

/// A sentence whose words in backquotes are code.
fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 0 { (part) } @else { code { (part) } }
        }
    }
}

fn impossible(matrix: &Matrix) -> Markup {
    html! {
        @for (topology, why) in &matrix.draft.impossible {
            section {
                h2 { (topology.title()) " " span.tag { "not possible" } }
                p { (prose(why)) }
            }
        }
    }
}

fn reason_list(matrix: &Matrix) -> Markup {
    let reasons = reasons(matrix);
    let mut codes: Vec<_> = reasons.iter().map(|told| told.reason).collect();
    codes.sort_unstable();
    codes.dedup();
    html! {
        @if !codes.is_empty() {
            section {
                h2 { "Reasons" }
                dl {
                    @for code in codes {
                        dt id=(code.code()) { code { (code.code()) } }
                        @for told in reasons.iter().filter(|told| told.reason == code) {
                            dd {
                                "not " (told.question.word()) ": " (code.sentence(told.question)) " "
                                span.soft { "(" (code.clause(told.question)) ")" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What the table rests on.
fn ground(matrix: &Matrix) -> Markup {
    html! {
        section {
            h2 { "The cookies, as written" }
            ul { @for line in matrix.draft.needs.iter().flat_map(|need| &need.lines) { li { code { "Set-Cookie: " (line) } } } }
            h2 { "Assumed" }
            @for sentence in assumed(matrix) { p { (prose(&sentence)) } }
        }
    }
}

fn foot(matrix: &Matrix) -> Markup {
    html! {
        footer {
            p { "Third parties allowed, partitioned, blocked: what the browser does with third-party cookies." }
            @for (browser, version) in matrix.browsers.iter().zip(&matrix.versions).filter(|(browser, _)| !browser.model) {
                p { (browser.to_string()) " " (version) ": third-party cookies " (browser.third_party().as_str()) }
            }
        }
    }
}

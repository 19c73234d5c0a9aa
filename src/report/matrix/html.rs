//! The table as a page: one file that loads nothing and runs nothing.
//!
//! It says everything by words and signs, and colour only helps. On a narrow screen each row becomes a
//! list. Markup is by maud, which escapes whatever it is given: titles, names and addresses come from
//! scenario files, and a page is passed on to people who never saw those.

use maud::{Markup, html};
use time::OffsetDateTime;

use super::{Trouble, assumed, by_whom, reasons, troubles};
use crate::browser_name::BrowserName;
use crate::matrix::{Cell, Combination, Fate, Finding, Matrix, Place};
use crate::report::page::{self, moment, prose};
use crate::text::{listed, safe, safe_lines};

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

/// The page, made now.
pub fn page(matrix: &Matrix, now: OffsetDateTime) -> String {
    let finding = matrix.finding();
    let plan = &matrix.draft.plan;
    let body = html! {
        main {
            (head(matrix, &finding, now))
            @for (index, place) in in_order_of_interest(matrix) {
                (section(matrix, &finding, index, place))
            }
            (impossible(matrix))
            (page::glossary(reasons(matrix).iter().map(|told| (told.reason, told.question)).collect()))
            (ground(matrix))
            (foot(matrix))
        }
    };
    page::page(&format!("{} – rehearsal matrix", plan.title), include_str!("page.css"), "", &body)
}

/// The topologies: the reader's own first.
fn in_order_of_interest(matrix: &Matrix) -> impl Iterator<Item = (usize, &Place)> {
    let (written, others): (Vec<_>, Vec<_>) =
        matrix.draft.places.iter().enumerate().partition(|(_, place)| place.as_written);
    written.into_iter().chain(others)
}

fn head(matrix: &Matrix, finding: &Finding, now: OffsetDateTime) -> Markup {
    let plan = &matrix.draft.plan;
    let wrong = matrix.disagreements();
    let shown: Vec<Sign> = Sign::ALL
        .into_iter()
        .filter(|sign| matrix.rows.iter().flatten().any(|cell| Sign::of(cell) == *sign))
        .collect();
    html! {
        header {
            p.of {
                "rehearsal matrix · " (safe(&plan.source.path)) " · " (moment(now)) " · rehearsal "
                (env!("CARGO_PKG_VERSION"))
            }
            h1 { (prose(&finding.headline(matrix))) }
            p.title { "The scenario: " (safe(&plan.title)) }
            @if let Some(sentence) = finding.as_written(matrix) {
                @let works = finding.written.is_some_and(|written| works(matrix, written));
                p.news.bad[!works] { (prose(&sentence)) }
            }
            (strip(matrix, finding))
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

/// Whether a combination works in every browser that shows something.
fn works(matrix: &Matrix, combination: usize) -> bool {
    matrix.works_in(combination).count() == matrix.speaking().len()
}

/// What is there and what would be best, one under the other: for whoever reads no table further down.
fn strip(matrix: &Matrix, finding: &Finding) -> Markup {
    let rows = [("as written", finding.written), ("★ safest", finding.safest)];
    let rows: Vec<(&str, usize)> = match (finding.written, finding.safest) {
        (Some(written), Some(safest)) if written == safest => vec![("as written, and ★ safest", written)],
        _ => rows.into_iter().filter_map(|(what, row)| Some((what, row?))).collect(),
    };
    html! {
        @if !rows.is_empty() {
            table.strip {
                caption { "In short" }
                (heading(matrix))
                tbody {
                    @for (what, row) in rows {
                        @let combination = &matrix.draft.combinations[row];
                        tr {
                            th scope="row" {
                                span.tag.written { (what) } " " code { (combination.spelt()) } " "
                                span.soft { (matrix.place_of(row).topology.title()) }
                            }
                            (cells(matrix, row, false))
                        }
                    }
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
                @for (url, names) in &place.origins { li { (safe(&names.join(" and "))) " " (safe(url)) } }
            }
            @if !place.assumptions.is_empty() {
                ul.notes { @for assumption in &place.assumptions { li { (prose(assumption)) } } }
            }
            table {
                (heading(matrix))
                tbody { @for (row, combination) in rows { (self::row(matrix, finding, row, combination)) } }
            }
        }
    }
}

fn row(matrix: &Matrix, finding: &Finding, row: usize, combination: &Combination) -> Markup {
    let best = finding.safest == Some(row);
    html! {
        tr.best[best] {
            th scope="row" {
                code { (combination.spelt()) } " "
                @if best { span.tag.safest { "★ safest" } " " }
                @if combination.as_written { span.tag.written { "as written" } }
            }
            (cells(matrix, row, true))
        }
    }
}

/// The cells of a row; one cell where there is the same to say of all.
fn cells(matrix: &Matrix, row: usize, folded: bool) -> Markup {
    let all = matrix.browsers.len();
    let cells = &matrix.rows[row];
    let is_clean = cells.iter().all(|cell| cell.works() && cell.disagreements.is_empty());
    html! {
        @if folded && is_clean && all > 1 {
            td.yes colspan=(all) {
                span.word { i aria-hidden="true" { "✓" } "works in " @if all == 2 { "both" } @else { "all " (all) } }
            }
        } @else {
            @for cell in cells { (self::cell(matrix, cell)) }
            (groups(matrix, row))
        }
    }
}

/// The same cells for a narrow page: browsers that show the same are one line.
fn groups(matrix: &Matrix, row: usize) -> Markup {
    let mut groups: Vec<(&Cell, Vec<String>)> = Vec::new();
    for (browser, cell) in matrix.browsers.iter().zip(&matrix.rows[row]) {
        let name = short(*browser);
        let alike = |(known, _): &&mut (&Cell, _)| {
            Sign::of(known) == Sign::of(cell)
                && troubles(known, &matrix.draft.needs) == troubles(cell, &matrix.draft.needs)
                && known.disagreements == cell.disagreements
        };
        match groups.iter_mut().find(alike) {
            Some((_, names)) => names.push(name),
            None => groups.push((cell, vec![name])),
        }
    }
    html! {
        td.narrow colspan=(matrix.browsers.len()) {
            @for (cell, names) in groups {
                @let sign = Sign::of(cell);
                div class={ "group " (sign.class) } {
                    strong { (names.len()) " of " (matrix.browsers.len()) ": " (sign.sign) " " (sign.word) }
                    (whys(matrix, cell))
                    span.who { (listed(names)) }
                }
            }
        }
    }
}

/// The products, each over its policies.
fn heading(matrix: &Matrix) -> Markup {
    let mut groups: Vec<(String, usize)> = Vec::new();
    for browser in &matrix.browsers {
        let name = product(matrix, *browser);
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
            tr {
                @for browser in &matrix.browsers {
                    th scope="col" {
                        @if browser.policy.is_none() { b { "as shipped" } br; }
                        "third-party cookies " (browser.third_party().as_str())
                    }
                }
            }
        }
    }
}

fn product(matrix: &Matrix, browser: BrowserName) -> String {
    let real = matrix.browsers.iter().any(|browser| !browser.model);
    let product = browser.engine.product();
    match (real, browser.model) {
        (true, true) => format!("{product} (predicted)"),
        (true, false) => format!("{product} (real)"),
        (false, _) => product.to_owned(),
    }
}

/// A browser in a row of others.
fn short(browser: BrowserName) -> String {
    match browser.policy {
        None => format!("{} as shipped", browser.engine.product()),
        Some(_) => format!("{} ({})", browser.engine.product(), browser.third_party().as_str()),
    }
}

fn cell(matrix: &Matrix, cell: &Cell) -> Markup {
    let sign = Sign::of(cell);
    html! {
        td class=(format!("{} wide", sign.class)) {
            span.word { i aria-hidden="true" { (sign.sign) } (sign.word) }
            (whys(matrix, cell))
        }
    }
}

fn whys(matrix: &Matrix, cell: &Cell) -> Markup {
    let sign = Sign::of(cell);
    html! {
        @for trouble in &troubles(cell, &matrix.draft.needs) { (why(trouble, sign)) }
        @for disagreement in &cell.disagreements { span.wrong { "‼ " (safe(disagreement)) } }
    }
}

/// Why, and what, where the sign has not said that.
fn why(trouble: &Trouble, sign: Sign) -> Markup {
    let is_said = trouble.names.is_empty()
        && !trouble.reasons.is_empty()
        && [REFUSED, KEPT, UNREACHED, UNREAD, MISSING].contains(&sign);
    html! {
        span.why {
            @if !trouble.names.is_empty() { code { (safe(&trouble.names.join(", "))) } " " }
            @if !is_said { (trouble.what) @if !trouble.reasons.is_empty() { ": " } }
            @for told in &trouble.reasons {
                (page::code(told.reason, told.question))
                " "
            }
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

/// What the table rests on.
fn ground(matrix: &Matrix) -> Markup {
    html! {
        section {
            h2 { "The cookies, as written" }
            ul { @for line in matrix.draft.needs.iter().flat_map(|need| &need.lines) { li { code { "Set-Cookie: " (safe(line)) } } } }
            h2 { "Assumed" }
            @for sentence in assumed(matrix) { p { (prose(&sentence)) } }
        }
    }
}

fn foot(matrix: &Matrix) -> Markup {
    let source = &matrix.draft.plan.source;
    html! {
        section {
            h2 { "The scenario" }
            details {
                summary { "as it is written" }
                @for part in source.parts() {
                    p.of { (safe(part.path)) }
                    pre.snippet tabindex="0" { (safe_lines(&source.text[part.span])) }
                }
            }
        }
        footer {
            p { "Third-party cookies allowed, partitioned, blocked: what the browser does with cookies of another site than the page's." }
            ul {
                @for (browser, version) in matrix.browsers.iter().zip(&matrix.versions) {
                    li {
                        (browser.spoken()) ": " code { (browser.to_string()) } " " (version)
                        ", third-party cookies " (browser.third_party().as_str())
                    }
                }
            }
            p { "WebKitGTK shares its engine with Safari, and its cookie parser is libsoup's: a WebKit verdict is not a Safari verdict." }
        }
    }
}

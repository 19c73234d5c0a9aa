//! Exchanges as a sequence diagram: the browser on the left, each origin in a lane of its own.
//!
//! Every cookie that was sent, held back, stored and refused stands on its arrow. On a narrow page, and for a
//! screen reader, the lanes become words: `browser → api`.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::browser_name::BrowserName;
use crate::explain::parts_at_fault;
use crate::observe::{Exchange, SetCookie};
use crate::outcome::Run;
use crate::plan::Plan;
use crate::report::page::code;
use crate::rules::reason::{Question, Reason};
use crate::text::{safe, shortened};
use crate::world::wire;

/// With more lanes than this they would be too narrow: then the words alone are there.
const MOST: usize = 8;
/// A cookie's value is cut here: its name is what tells.
const VALUE: usize = 24;

/// The lanes: the browser, and origins.
pub(in crate::report) struct Lanes {
    /// Name, URL, and index in the plan.
    origins: Vec<(String, String, usize)>,
}

impl Lanes {
    /// Of every origin that a request of a run reached.
    pub(in crate::report) fn of(run: &Run) -> Self {
        let seen = run.steps.iter().filter_map(|step| step.observation.as_ref());
        let exchanges = seen.flat_map(|seen| &seen.exchanges).map(|exchange| &exchange.wire);
        let mut reached: Vec<usize> = exchanges.flat_map(chain).map(|wire| wire.origin).collect();
        reached.sort_unstable();
        reached.dedup();
        Self::at(&run.plan, reached)
    }

    /// Of every origin of a world.
    pub(in crate::report) fn all(plan: &Plan) -> Self {
        Self::at(plan, 0..plan.origins.len())
    }

    fn at(plan: &Plan, indices: impl IntoIterator<Item = usize>) -> Self {
        let origins = indices.into_iter().filter_map(|index| {
            let origin = plan.origins.get(index)?;
            Some((origin.name.clone(), origin.url.origin().ascii_serialization(), index))
        });
        Self { origins: origins.collect() }
    }

    /// How many lanes there are, as a class; `words` where they would be too many.
    fn class(&self) -> String {
        match self.origins.len() + 1 {
            1 => "words".to_owned(),
            lanes if lanes > MOST => "words".to_owned(),
            lanes => format!("n{lanes}"),
        }
    }

    fn lane(&self, origin: usize) -> usize {
        self.origins.iter().position(|(.., index)| *index == origin).map_or(0, |lane| lane + 1)
    }

    fn name(&self, lane: usize) -> &str {
        lane.checked_sub(1).and_then(|lane| self.origins.get(lane)).map_or("browser", |(name, ..)| name)
    }

    pub(in crate::report) fn heading(&self) -> Markup {
        html! {
            @if !self.origins.is_empty() {
                div class={ "lanes heads " (self.class()) } {
                    div.lane { b { "browser" } }
                    @for (name, url, _) in &self.origins { div.lane { b { (safe(name)) } " " span.soft { (safe(url)) } } }
                }
            }
        }
    }

    /// Exchanges, one below the other.
    pub(in crate::report) fn exchanges(&self, browser: BrowserName, exchanges: &[Exchange]) -> Markup {
        html! {
            @if !exchanges.is_empty() {
                div class={ "lanes flow " (self.class()) } {
                    @for exchange in exchanges {
                        (self.asked(exchange))
                        @if let wire::Answer::Passed(behind) = &exchange.wire.answer { (self.behind(&exchange.wire, behind)) }
                        (self.answered(browser, exchange))
                    }
                }
            }
        }
    }

    fn arrow(&self, from: usize, to: usize, text: &Markup) -> Markup {
        let (start, end) = (from.min(to), from.max(to));
        let way = if from <= to { "right" } else { "left" };
        html! {
            div class={ "hop " (format!("a{start} b{end} {way}")) } {
                div.text { span.who { (safe(self.name(from))) " → " (safe(self.name(to))) ": " } (text) }
                div.arrow aria-hidden="true" {}
            }
        }
    }

    fn asked(&self, exchange: &Exchange) -> Markup {
        let wire = &exchange.wire;
        let text = html! {
            b { (safe(&wire.method)) } " " code { (path(wire)) }
            @if wire.is_preflight() { " " span.tag { "preflight" } }
            @for (name, value) in &exchange.sent {
                " " span.chip.yes { "✓ sent " code { (safe(name)) "=" (shortened(value, VALUE)) } }
            }
            @for withheld in &exchange.withheld {
                " " span.chip.no {
                    @if withheld.reasons.contains(&Reason::NotStored) { "✗ not there: " } @else { "✗ held back " }
                    code { (safe(&withheld.name)) }
                    @for reason in &withheld.reasons { " " (code(*reason, Question::Sent)) }
                    @if !withheld.native.is_empty() { " (" (safe(&withheld.native.join(", "))) ")" }
                }
            }
        };
        self.arrow(0, self.lane(wire.origin), &text)
    }

    fn answered(&self, browser: BrowserName, exchange: &Exchange) -> Markup {
        let text = html! {
            b { (exchange.wire.status) }
            @for note in exchange.wire.behind().said_inside() { " " span.inside { "in the server: " (safe(note)) } }
            @for line in &exchange.set_cookie { (cookie_line(browser, line)) }
            // Of what a step itself asked for, the step says it.
            @if let Some(asked) = exchange.asked.as_ref().filter(|asked| !asked.is_own && asked.readable == Some(false)) {
                " " @if exchange.wire.is_preflight() {
                    (refused("✗ the browser does not make the call", &asked.cors))
                } @else {
                    (unreadable(&asked.cors))
                }
            }
        };
        self.arrow(self.lane(exchange.wire.origin), 0, &text)
    }

    /// What a reverse proxy made of the request, and what it was answered.
    fn behind(&self, proxy: &wire::Exchange, behind: &wire::Exchange) -> Markup {
        let (from, to) = (self.lane(proxy.origin), self.lane(behind.origin));
        let forwarded = behind
            .request_headers
            .iter()
            .filter(|(name, _)| name == "host" || name.starts_with("x-forwarded-"));
        let asked = html! {
            b { (safe(&behind.method)) } " " code { (path(behind)) }
            @for (name, value) in forwarded { " " code.soft { (name) ": " (shortened(&String::from_utf8_lossy(value), 60)) } }
        };
        let answered = html! {
            b { (behind.status) }
            @for line in behind.set_cookie() { " " code.soft { "Set-Cookie: " (shortened(&String::from_utf8_lossy(line), 120)) } }
        };
        html! {
            (self.arrow(from, to, &asked))
            @if let wire::Answer::Passed(further) = &behind.answer { (self.behind(behind, further)) }
            (self.arrow(to, from, &answered))
        }
    }
}

/// That a page may not read an answer, and why.
pub(in crate::report) fn unreadable(reasons: &BTreeSet<Reason>) -> Markup {
    refused("✗ the page may not read the answer", reasons)
}

fn refused(what: &str, reasons: &BTreeSet<Reason>) -> Markup {
    html! {
        span.chip.no { (what) }
        @for reason in reasons { " " (code(*reason, Question::Readable)) }
    }
}

/// An exchange, and those behind it.
fn chain(wire: &wire::Exchange) -> Vec<&wire::Exchange> {
    let mut all = vec![wire];
    while let Some(wire::Exchange { answer: wire::Answer::Passed(behind), .. }) = all.last().copied() {
        all.push(behind);
    }
    all
}

fn path(wire: &wire::Exchange) -> String {
    let query = wire.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    shortened(&format!("{}{query}", wire.url.path()), 120)
}

/// A line that sets a cookie, what became of it, and the part at fault.
pub(in crate::report) fn cookie_line(browser: BrowserName, line: &SetCookie) -> Markup {
    let (class, word) = match line.stored {
        Some(true) => ("yes", "✓ stored"),
        Some(false) => ("no", "✗ not stored"),
        None => ("unknown", "? this browser does not show whether it was stored"),
    };
    let parts = if line.stored == Some(false) {
        parts_at_fault(&line.line, browser, &line.reasons)
    } else {
        Vec::new()
    };
    html! {
        div class={ "line " (class) } {
            span.word { (word) }
            @for reason in &line.reasons { " " (code(*reason, Question::Stored)) }
            @if !line.native.is_empty() { " " span.native { "(" (safe(&line.native.join(", "))) ")" } }
            code.cookie { (marked(&line.line, &parts)) }
        }
    }
}

/// The line with the parts at fault marked.
fn marked(line: &[u8], parts: &[std::ops::Range<usize>]) -> Markup {
    let mut end = 0;
    let mut pieces: Vec<(String, bool)> = Vec::new();
    let text = |range: std::ops::Range<usize>| {
        String::from_utf8_lossy(line.get(range).unwrap_or_default()).into_owned()
    };
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if part.start < end {
            continue;
        }
        pieces.push((text(end..part.start), false));
        pieces.push((text(part.clone()), true));
        end = part.end;
    }
    pieces.push((text(end..line.len()), false));
    html! {
        @for (piece, is_marked) in &pieces {
            @if *is_marked { mark { (safe(piece)) } } @else { (safe(piece)) }
        }
    }
}

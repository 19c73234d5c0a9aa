//! One run, step by step: what was done, what crossed the wire, what the page read, what the jar held.

use maud::{Markup, html};

use super::Sign;
use crate::observe::{Cookie, Observation};
use crate::outcome::{Run, StepRun};
use crate::plan::Step;
use crate::report::drawing::{diagram, jar};
use crate::report::page::prose;
use crate::text::{safe, shortened};

/// A line of a page's own words is cut here.
const LONGEST: usize = 400;

pub(super) fn steps(run: &Run) -> Markup {
    let lanes = diagram::Lanes::of(run);
    let jars: Vec<_> =
        run.steps.iter().map(|ran| ran.observation.as_ref().and_then(|seen| seen.jar.as_deref())).collect();
    html! {
        (lanes.heading())
        ol.steps {
            @for (index, (step, ran)) in run.plan.steps.iter().zip(&run.steps).enumerate() {
                @let before = index.checked_sub(1).map_or(Some(&[][..]), |before| jars[before]);
                (self::step(run, &lanes, index, step, ran, before))
            }
        }
    }
}

fn step(
    run: &Run,
    lanes: &diagram::Lanes,
    index: usize,
    step: &Step,
    ran: &StepRun,
    before: Option<&[Cookie]>,
) -> Markup {
    let sign = Sign::of_outcome(ran.outcome);
    let (line, _) = run.plan.source.line_column(&step.span);
    html! {
        li.step {
            p.head {
                span class={ "badge " (sign.class) } { span aria-hidden="true" { (sign.sign) } " " (sign.word) } " "
                b { (step.action.key()) } " "
                @if let Some((method, url)) = step.action.target() { code { (method) " " (safe(url.as_str())) } } " "
                span.soft { "line " (line) }
            }
            @for failed in &ran.failures {
                p.failed { (prose(&failed.failure.message)) }
            }
            @if let Some(seen) = &ran.observation {
                @if let Some(why) = &seen.unpredicted { p.soft { "Not judged: " (prose(why)) } }
                (lanes.exchanges(run.browser, &seen.exchanges))
                @if let Some(line) = &seen.written { p.read { "The script wrote: " (diagram::cookie_line(run.browser, line)) } }
                (page(seen))
                @if let Some(jar) = &seen.jar { (jar::jar(before, jar)) }
            }
            @for drift in run.drift.iter().filter(|drift| drift.step == index) {
                p.alarm { "Drift: " (safe(&drift.to_string())) }
            }
        }
    }
}

/// What the page read, and what the browser wrote to its console.
fn page(seen: &Observation) -> Markup {
    let page = &seen.page;
    html! {
        @if page.readable == Some(false) {
            p.read { (diagram::unreadable(&page.cors)) }
        }
        @if let Some(body) = page.body.as_deref().filter(|body| !body.is_empty()) {
            p.read { "The page read: " code { (shortened(body, LONGEST)) } }
        }
        @if let Some(shown) = &page.document_cookie {
            p.read { "document.cookie: " code { (shortened(shown, LONGEST)) } @if shown.is_empty() { "empty" } }
        }
        @if let Some(error) = &page.error { p.read { "In the page: " code { (shortened(error, LONGEST)) } } }
        @for name in &seen.refused { p.read { code { (safe(name)) } " was asked for and is not in this world" } }
        @if !seen.console.is_empty() {
            details.console {
                summary { "The browser’s console" }
                ul { @for line in &seen.console { li { code { (shortened(line, LONGEST)) } } } }
            }
        }
    }
}

//! The page of a world that is up: each request as it crosses the wire, each cookie's life, and the jar.
//!
//! It is drawn by what draws the report of `run` ([`drawing`](super::drawing)), piece by piece, as things happen: the
//! page's script puts each piece where it belongs, and does no more. Where several engines' rules judge, each piece has
//! all their views, and the page shows one of them.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::drawing::{self, diagram, explained, jar};
use super::fix;
use super::page::{self, prose};
use crate::browser_name::BrowserName;
use crate::explain::question::Answer;
use crate::live::life::{Fate, Life, Lives};
use crate::live::{Crossed, Live};
use crate::observe::{Cookie, Observation};
use crate::plan::Plan;
use crate::redact::redact_seen;
use crate::rules::reason::{Question, Reason};
use crate::text::{counted, listed, safe};

/// The path below the page at which it asks why: a number of an exchange comes after it.
pub const WHY: &str = "why?n=";

/// The page, before anything has happened: itself and its Content-Security-Policy. `doing` is the command.
pub fn page(plan: &Plan, browsers: &[BrowserName], doing: &str) -> (String, String) {
    let lanes = diagram::Lanes::all(plan);
    let body = html! {
        nav.skip aria-label="Parts of this page" {
            a href="#requests" { "Requests" } " " a href="#cookies" { "Cookies" } " "
            a href="#jar" { "Jar" } " " a href="#reasons" { "Reasons" }
        }
        main data-shown=[browsers.first().map(|browser| browser.engine.as_str())] {
            header {
                p.of { "rehearsal " (doing) " · rehearsal " (env!("CARGO_PKG_VERSION")) }
                h1 { (prose(&plan.title)) }
                p #said role="status" { "Nothing has crossed the wire yet." }
                noscript { p.alarm { "This page needs its script: without it nothing is shown as it happens." } }
                (views(browsers))
            }
            div.parts {
                section aria-labelledby="requests" {
                    h2 id="requests" tabindex="-1" { "Requests as they cross the wire" }
                    label.follow { input #follow type="checkbox" checked; " Scroll to what comes" }
                    p #gone.soft hidden { "What came earlier is not kept." }
                    (lanes.heading())
                    ol #flow {}
                }
                div.beside {
                    section aria-labelledby="cookies" {
                        h2 id="cookies" tabindex="-1" { "Each cookie’s life" }
                        div #lives { p.soft { "No cookie was seen yet." } }
                    }
                    section aria-labelledby="jar" {
                        h2 id="jar" tabindex="-1" { "The jar, by the rules" }
                        p.soft {
                            "What a browser would hold after all that crossed the wire. The browser’s own may differ: a page’s \
                            scripts write cookies that never cross it."
                        }
                        div #held { p.soft { "The jar is empty." } }
                    }
                }
            }
            (page::glossary(reasons()))
        }
    };
    let style = format!("{}{}", drawing::STYLE, include_str!("live.css"));
    page::served(&format!("{} – rehearsal {doing}", plan.title), &style, include_str!("live.js"), &body)
}

/// By whose rules it is shown.
fn views(browsers: &[BrowserName]) -> Markup {
    html! {
        @if let [browser] = browsers {
            p.soft { "By the rules of " (browser.spoken()) "." }
        } @else {
            fieldset #views {
                legend { "By the rules of" }
                @for (index, browser) in browsers.iter().enumerate() {
                    label {
                        input type="radio" name="view" value=(browser.engine.as_str()) checked[index == 0];
                        " " (browser.spoken())
                    }
                }
            }
        }
    }
}

/// Every reason there is: any of them may turn up.
fn reasons() -> Vec<(Reason, Question)> {
    let questions = [Question::Stored, Question::Sent, Question::Readable];
    let all = Reason::ALL.iter().flat_map(|reason| questions.map(|question| (*reason, question)));
    all.filter(|(reason, question)| reason.answers(*question)).collect()
}

/// An exchange, for the page to add.
pub fn exchange(plan: &Plan, crossed: &Crossed) -> Value {
    let lanes = diagram::Lanes::all(plan);
    let number = crossed.number;
    let mut seen: Vec<(BrowserName, Observation)> = Vec::new();
    for (browser, exchange) in &crossed.seen {
        let mut one = Observation { exchanges: vec![exchange.clone()], ..Observation::default() };
        redact_seen(plan, &mut one);
        seen.push((*browser, one));
    }
    let markup = html! {
        li id=(format!("x{number}")) {
            h3.head { "#" (number) " " span.soft { (safe(&crossed.context)) } }
            @for (browser, seen) in &seen {
                div data-view=(browser.engine.as_str()) { (lanes.exchanges(*browser, &seen.exchanges)) }
            }
            @if crossed.is_troubled() {
                button type="button" data-why=(number) aria-expanded="false" {
                    "Why, and what to do" span.hidden { " about request " (number) }
                }
                div.answer hidden {}
            }
        }
    };
    json!({ "number": number, "said": said(crossed), "html": markup.into_string() })
}

/// An exchange in a sentence, for who hears the page: what came last, and what went wrong in it.
fn said(crossed: &Crossed) -> String {
    let Some((_, seen)) = crossed.seen.first() else { return String::new() };
    let (wire, number) = (&seen.wire, crossed.number);
    let trouble = if crossed.is_troubled() { ". Something went wrong" } else { "" };
    let host = wire.url.host_str().unwrap_or_default();
    let text = format!(
        "Request {number}: {} {host}{}, answered {}{trouble}.",
        wire.method,
        wire.url.path(),
        wire.status
    );
    safe(&text).into_owned()
}

/// Each cookie's life, for the page to show in place of what it shows.
pub fn lives(live: &Live) -> Value {
    let markup = html! {
        @for browser in live.browsers() {
            div data-view=(browser.engine.as_str()) { (lives_in(live.lives(browser))) }
        }
    };
    json!({ "html": markup.into_string() })
}

fn lives_in(lives: &Lives) -> Markup {
    html! {
        @if lives.iter().next().is_none() { p.soft { "No cookie was seen yet." } }
        @for life in lives.iter().rev() { (self::life(life)) }
    }
}

fn life(life: &Life) -> Markup {
    let last = life.events.back().map(|(_, fate)| fate);
    html! {
        details.life data-key=(format!("{} {}", life.name, life.domain)) {
            summary {
                code { (safe(&life.name)) } " " span.soft { (safe(&life.domain)) }
                @if let Some(fate) = last { " " span class={ "badge " (class(fate)) } { (sign(fate)) " " (word(fate)) } }
            }
            ol.events {
                @if life.earlier > 0 { li.soft { (counted(usize::try_from(life.earlier).unwrap_or(usize::MAX), "event")) " before" } }
                @for (number, fate) in &life.events {
                    li {
                        a href=(format!("#x{number}")) { "#" (number) } " "
                        span class={ "chip " (class(fate)) } { (sign(fate)) " " (word(fate)) }
                        @match fate {
                            Fate::Refused(reasons) => {
                                @for reason in reasons { " " (page::code(*reason, Question::Stored)) }
                            }
                            Fate::Held(reasons) => {
                                @for reason in reasons { " " (page::code(*reason, Question::Sent)) }
                            }
                            Fate::Stored | Fate::Sent | Fate::Deleted => {}
                        }
                    }
                }
            }
        }
    }
}

fn class(fate: &Fate) -> &'static str {
    match fate {
        Fate::Stored | Fate::Sent => "yes",
        Fate::Refused(_) | Fate::Held(_) => "no",
        Fate::Deleted => "unknown",
    }
}

fn sign(fate: &Fate) -> &'static str {
    match fate {
        Fate::Stored | Fate::Sent => "✓",
        Fate::Refused(_) | Fate::Held(_) => "✗",
        Fate::Deleted => "–",
    }
}

fn word(fate: &Fate) -> &'static str {
    match fate {
        Fate::Stored => "stored",
        Fate::Sent => "sent",
        Fate::Refused(_) => "not stored",
        Fate::Held(_) => "held back",
        Fate::Deleted => "deleted",
    }
}

/// The jars, for the page to show in place of those it shows: each with what it was before.
pub fn jars(plan: &Plan, jars: &[(BrowserName, Vec<Cookie>, Vec<Cookie>)]) -> Value {
    let shown = |jar: &[Cookie]| {
        let mut seen = Observation { jar: Some(jar.to_vec()), ..Observation::default() };
        redact_seen(plan, &mut seen);
        seen.jar.unwrap_or_default()
    };
    let markup = html! {
        @for (browser, before, now) in jars {
            div data-view=(browser.engine.as_str()) { (jar::jar(Some(&shown(before)), &shown(now))) }
        }
    };
    json!({ "html": markup.into_string() })
}

/// Why something went wrong, and what to do about it: the answers to what an exchange asks.
pub fn why(answers: &[Answer]) -> String {
    let broken: Vec<&Answer> = answers.iter().filter(|answer| !answer.works()).collect();
    let markup = html! {
        @if broken.is_empty() {
            p { "By itself this request works in the browsers asked for: what went wrong is due to what came before it." }
        }
        @for answer in broken {
            @for explanation in &answer.explanations {
                (explained::why(explanation, &explanation.notes(&answer.browsers)))
            }
            @for block in fix::blocks(&answer.remedy, &answer.browsers) { (explained::fix(&block)) }
            @if answer.remedy.fix.is_none() { p { "No fix was found: nothing that was tried makes it work." } }
            p.soft { "Predicted by the rules, for " (listed(answer.browsers.iter().map(|browser| browser.spoken()))) "." }
        }
    };
    markup.into_string()
}

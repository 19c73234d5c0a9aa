//! The report of `run --report html=FILE`: one page for the people who decide and those who repair.
//!
//! It opens with the verdict, then what failed and why, then every run step by step. Everything is said in words
//! and signs, and colour only helps; without its script all of it is there, and only search and filter are not.

use maud::{Markup, html};
use time::OffsetDateTime;

use super::digest::{Digest, Failing, Why};
use crate::browser_name::BrowserName;
use crate::diagnostic::Diagnostic;
use crate::outcome::{Asked, Outcome, Run, Summary};
use crate::report::drawing;
use crate::report::drawing::explained;
use crate::report::fix;
use crate::report::page::{self, moment, prose, snippet};
use crate::rules::reason::{Question, Reason};
use crate::text::{counted, in_order, listed, safe};

mod steps;

/// What a run is called on the page.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sign {
    class: &'static str,
    sign: &'static str,
    word: &'static str,
    meaning: &'static str,
}

impl Sign {
    fn of(run: &Run) -> Self {
        match (run.outcome(), run.unjudged()) {
            (Outcome::Passed, 0) => Self::PASSED,
            (Outcome::Passed, _) => Self::IN_PART,
            (outcome, _) => Self::of_outcome(outcome),
        }
    }

    const fn of_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::PASSED,
            Outcome::Failed => Self::FAILED,
            Outcome::Error => Self::ERROR,
            _ => Self::NOT_JUDGED,
        }
    }

    const PASSED: Self =
        Self { class: "yes", sign: "✓", word: "passed", meaning: "everything that is expected held" };
    const IN_PART: Self =
        Self { class: "half", sign: "◐", word: "passed in part", meaning: "some steps were not judged" };
    const FAILED: Self =
        Self { class: "no", sign: "✗", word: "failed", meaning: "an expectation did not hold" };
    const ERROR: Self = Self {
        class: "half",
        sign: "!",
        word: "could not run",
        meaning: "the browser or the world broke down",
    };
    const NOT_JUDGED: Self = Self {
        class: "unknown",
        sign: "?",
        word: "not judged",
        meaning: "nothing was judged, so nothing passed",
    };
    const ALL: [Self; 5] = [Self::FAILED, Self::ERROR, Self::NOT_JUDGED, Self::IN_PART, Self::PASSED];
}

/// The page about these runs, which end now.
pub fn page(runs: &[Run], asked: Asked<'_>, now: OffsetDateTime) -> String {
    let summary = Summary::of(runs, asked);
    let scenarios: Vec<&[Run]> = runs.chunk_by(|one, other| one.scenario() == other.scenario()).collect();
    let digests: Vec<Digest<'_>> = scenarios.iter().map(|runs| Digest::of(runs)).collect();
    let verdict = verdict(runs, summary);
    let body = html! {
        main {
            header {
                p.of {
                    "rehearsal run · " (counted(scenarios.len(), "scenario")) " · " (moment(now))
                    " · rehearsal " (env!("CARGO_PKG_VERSION"))
                }
                h1.verdict.bad[!runs.iter().all(|run| run.outcome() == Outcome::Passed)] { (verdict) }
                (first_cause(&digests))
                (alarm(runs))
                (overview(&scenarios))
                (legend(runs))
            }
            (tools(runs))
            @for (number, (runs, digest)) in scenarios.iter().zip(&digests).enumerate() {
                (scenario(number, runs, digest))
            }
            p #nothing hidden[true] { "No scenario is like that." }
            (page::glossary(reasons(runs, &digests)))
            (foot(runs))
        }
    };
    page::page(
        &format!("{verdict} – rehearsal run"),
        &format!("{}{}", drawing::STYLE, include_str!("page.css")),
        include_str!("page.js"),
        &body,
    )
}

/// The one sentence to read.
fn verdict(runs: &[Run], summary: Summary) -> String {
    let Summary { failed, errors, not_run, .. } = summary;
    let count = |wanted: &str| runs.iter().filter(|run| Sign::of(run).word == wanted).count();
    let not_judged = count(Sign::NOT_JUDGED.word);
    let all = runs.len() + not_run;
    let passed = all - failed - errors - not_judged - not_run;
    if passed == all && all > 0 {
        return match all {
            1 => "The run passed.".to_owned(),
            2 => "Both runs passed.".to_owned(),
            _ => format!("All {all} runs passed."),
        };
    }
    let parts = [
        (failed, "failed"),
        (errors, "could not run"),
        (not_judged, if not_judged == 1 { "was not judged" } else { "were not judged" }),
        (not_run, if not_run == 1 { "was not started" } else { "were not started" }),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    match said.as_slice() {
        [] => "No scenario was run.".to_owned(),
        [first, rest @ ..] => {
            let first = first.replacen(' ', &format!(" of {} ", counted(all, "run")), 1);
            format!("{}.", listed(std::iter::once(first).chain(rest.iter().cloned())))
        }
    }
}

/// Why the first scenario failed, for whoever reads no further.
fn first_cause(digests: &[Digest<'_>]) -> Markup {
    let causes = digests.iter().flat_map(|digest| &digest.failures).filter_map(|failing| match failing.why {
        Why::Here(explained, _) => Some(explained.explanation.headline.as_str()),
        Why::Above(_) | Why::Unknown => None,
    });
    let causes: Vec<&str> = in_order(causes);
    html! {
        @if !causes.is_empty() {
            ul.causes { @for cause in causes.iter().take(3) { li { (prose(cause)) } } }
            @if causes.len() > 3 { p.soft { "and " (causes.len() - 3) " more, below" } }
        }
    }
}

fn alarm(runs: &[Run]) -> Markup {
    let drift: usize = runs.iter().map(|run| run.drift.len()).sum();
    html! {
        @for run in runs {
            @for reason in &run.in_the_way {
                p.soft { code { (run.scenario()) } " was run again in " (run.browser.spoken()) ": " (reason) }
            }
        }
        @if drift > 0 {
            p.alarm role="alert" {
                "Drift: " (counted(drift, "wrong prediction")) ". The rules predicted otherwise than a real browser \
                did. It is a bug in rehearsal and changes no verdict: please report it."
            }
        }
    }
}

/// The scenarios and browsers as a table that leads to each run.
fn overview(scenarios: &[&[Run]]) -> Markup {
    let browsers = in_order(scenarios.iter().flat_map(|runs| runs.iter().map(|run| run.browser)));
    html! {
        div.scroll tabindex="0" role="region" aria-label="All runs" {
            table.overview {
                thead {
                    tr {
                        th scope="col" { "Scenario" }
                        @for browser in &browsers { th scope="col" { (browser.spoken()) } }
                    }
                }
                tbody {
                    @for (number, runs) in scenarios.iter().enumerate() {
                        tr {
                            th scope="row" { a href=(format!("#s{number}")) { (prose(&runs[0].plan.title)) } }
                            @for browser in &browsers {
                                (overview_cell(number, runs, *browser))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn overview_cell(number: usize, runs: &[Run], browser: BrowserName) -> Markup {
    let of: Vec<(usize, &Run)> = runs.iter().enumerate().filter(|(_, run)| run.browser == browser).collect();
    // Of several runs the worst is shown, and that they differ is said.
    let Some((place, worst)) = of.iter().max_by_key(|(_, run)| (run.outcome(), run.unjudged())) else {
        return html! { td.soft { "not run" } };
    };
    let sign = Sign::of(worst);
    let same = of.iter().filter(|(_, run)| run.outcome() == worst.outcome()).count();
    html! {
        td class=(sign.class) {
            a href=(format!("#s{number}r{place}")) {
                span.sign aria-hidden="true" { (sign.sign) } " " (sign.word)
                @if same < of.len() { " " (same) " of " (of.len()) ": flaky" }
            }
        }
    }
}

fn legend(runs: &[Run]) -> Markup {
    let there = |sign: &Sign| runs.iter().any(|run| Sign::of(run) == *sign);
    html! {
        ul.legend aria-label="What the signs mean" {
            @for sign in Sign::ALL.iter().filter(|sign| there(sign)) {
                li { b class=(sign.class) { (sign.sign) " " (sign.word) } " " (sign.meaning) }
            }
        }
    }
}

/// Search and filter. The script shows them: without it they would do nothing.
fn tools(runs: &[Run]) -> Markup {
    let there = |sign: &&Sign| runs.iter().any(|run| Sign::of(run) == **sign);
    html! {
        form #find hidden[true] role="search" {
            label { "Search " input type="search" name="text" placeholder="cookie, host, reason …" autocomplete="off"; }
            label {
                "Outcome "
                select name="outcome" {
                    option value="" { "all" }
                    @for sign in Sign::ALL.iter().filter(there) { option value=(sign.word) { (sign.word) } }
                }
            }
            label {
                "Browser "
                select name="browser" {
                    option value="" { "all" }
                    @for browser in in_order(runs.iter().map(|run| run.browser)) {
                        option value=(browser.to_string()) { (browser.spoken()) }
                    }
                }
            }
            button type="button" name="open" { "Open all" }
            output aria-live="polite" {}
        }
    }
}

fn scenario(number: usize, runs: &[Run], digest: &Digest<'_>) -> Markup {
    let plan = &runs[0].plan;
    html! {
        section.scenario id=(format!("s{number}")) aria-labelledby=(format!("s{number}t")) {
            h2 id=(format!("s{number}t")) { (prose(&plan.title)) }
            p.of {
                (safe(&plan.source.path))
                @if !plan.covers.is_empty() { " · covers " (plan.covers.join(", ")) }
            }
            @for stopped in &digest.errors { (message("error", &stopped.diagnostic())) }
            @for failing in &digest.failures { (self::failing(runs, failing)) }
            @if let Some(explained) = digest.remedy {
                @for block in fix::blocks(&explained.remedy, &explained.browsers) { (explained::fix(&block)) }
            }
            @for warning in &digest.warnings { (message("warning", warning)) }
            h3 { "Step by step" }
            @for (place, run) in runs.iter().enumerate() { (self::run(number, place, run, runs)) }
            details.source {
                summary { "The scenario as it is written" }
                @for part in plan.source.parts() {
                    p.of { (safe(part.path)) }
                    pre.snippet tabindex="0" { (crate::text::safe_lines(&plan.source.text[part.span])) }
                }
            }
        }
    }
}

/// A claim that did not hold: what, where, what was seen, and why.
fn failing(runs: &[Run], failing: &Failing<'_>) -> Markup {
    let source = &runs[0].plan.source;
    let (line, _) = source.line_column(&failing.failure.span);
    html! {
        article.failing {
            h3 { span.sign.no aria-hidden="true" { "✗" } " " (prose(&failing.failure.message)) }
            p.of {
                "step " (failing.step + 1) " · " (safe(source.part(&failing.failure.span).path)) ":" (line) " · "
                (listed(failing.browsers.iter().map(|browser| browser.spoken())))
            }
            (snippet(source, &[(failing.failure.span.clone(), failing.label())]))
            @if !failing.notes.is_empty() {
                ul.notes { @for note in &failing.notes { li { (prose(&note.to_string())) } } }
            }
            @match &failing.why {
                Why::Unknown => {}
                Why::Above(explained) => p.why { "Why: " (prose(&explained.explanation.headline)) ", as above." },
                Why::Here(explained, notes) => {
                    (explained::why(&explained.explanation, notes))
                }
            }
        }
    }
}

/// A message as the terminal has it.
fn message(kind: &'static str, diagnostic: &Diagnostic) -> Markup {
    html! {
        article class={ "message " (kind) } {
            h3 { (kind) ": " (prose(&diagnostic.message)) }
            @if let Some(source) = &diagnostic.source { (snippet(source, &diagnostic.labels)) }
            @for note in &diagnostic.notes { p { (prose(note)) } }
            @for help in &diagnostic.helps { p.help { b { "What to do: " } (prose(help)) } }
        }
    }
}

/// One run, closed where there is nothing to look at.
fn run(number: usize, place: usize, run: &Run, runs: &[Run]) -> Markup {
    let sign = Sign::of(run);
    let again = runs.iter().filter(|other| other.browser == run.browser).count();
    let nth = runs[..=place].iter().filter(|other| other.browser == run.browser).count();
    let open = !matches!(run.outcome(), Outcome::Passed);
    html! {
        details.run id=(format!("s{number}r{place}")) data-outcome=(sign.word) data-browser=(run.browser.to_string())
            open[open]
        {
            summary {
                span class={ "badge " (sign.class) } { span aria-hidden="true" { (sign.sign) } " " (sign.word) } " "
                b { (run.browser.spoken()) } " "
                @if again > 1 { "run " (nth) " of " (again) " " }
                span.soft { code { (run.browser.to_string()) } " · " (run.duration.as_millis()) " ms" }
            }
            (steps::steps(run))
        }
    }
}

/// Every reason that is named on the page.
fn reasons(runs: &[Run], digests: &[Digest<'_>]) -> Vec<(Reason, Question)> {
    let seen = || runs.iter().flat_map(|run| &run.steps).filter_map(|step| step.observation.as_ref());
    let exchanges = || seen().flat_map(|seen| &seen.exchanges);
    let lines = exchanges()
        .flat_map(|exchange| &exchange.set_cookie)
        .chain(seen().filter_map(|seen| seen.written.as_ref()));
    let stored = lines.flat_map(|line| &line.reasons).map(|reason| (*reason, Question::Stored));
    let withheld = exchanges().flat_map(|exchange| &exchange.withheld).flat_map(|withheld| &withheld.reasons);
    let sent = withheld.map(|reason| (*reason, Question::Sent));
    let read = seen().flat_map(|seen| &seen.page.cors).map(|reason| (*reason, Question::Readable));
    let explained =
        digests.iter().flat_map(|digest| &digest.failures).filter_map(|failing| match failing.why {
            Why::Here(explained, _) => Some(explained),
            Why::Above(_) | Why::Unknown => None,
        });
    let why =
        explained.flat_map(|explained| &explained.explanation.reasons).map(|why| (why.reason, why.question));
    stored
        .chain(sent)
        .chain(read)
        .chain(why)
        .map(|(reason, question)| {
            (reason, if reason.answers(question) { question } else { Question::Readable })
        })
        .collect()
}

/// The browsers, their versions, and what to know about them.
fn foot(runs: &[Run]) -> Markup {
    html! {
        footer {
            h2 { "Browsers" }
            ul {
                @for browser in in_order(runs.iter().map(|run| run.browser)) {
                    @let of = runs.iter().filter(|run| run.browser == browser);
                    @let version = of.map(|run| run.browser_version.as_str()).max().unwrap_or_default();
                    li {
                        b { (browser.spoken()) } ": " code { (browser.to_string()) } " " (version)
                        ", third-party cookies " (browser.third_party().as_str())
                        @if browser.model { ". Predicted by the rules; no browser was started" }
                        "."
                    }
                }
            }
            p {
                "WebKitGTK shares its engine with Safari, and its cookie parser is libsoup's: a WebKit verdict is not a \
                Safari verdict. What was sent is as the wire has it, what was stored as the browser's own jar has it."
            }
        }
    }
}

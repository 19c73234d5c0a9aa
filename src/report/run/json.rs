//! The JSON document of `run --format json`, version 1.
//!
//! Programs read this: keys are added and never renamed. Each type below is one object of the
//! document; none is used for anything else.

use std::collections::BTreeMap;

use serde::Serialize;

use super::digest::{Flaky, flaky};
use crate::diagnostic::{Diagnostic, Source};
use crate::observe::{AskedBy, Cookie, Exchange, Observation, SetCookie, Withheld};
use crate::outcome::{Asked, Failed, Outcome, Run, StepRun, Summary};
use crate::plan::Step;
use crate::reconcile::{Drift, Question};
use crate::report::check::MistakeObject;
use crate::report::explain::json::{ExplanationObject, RemedyObject};
use crate::text::codes;
use crate::world::wire;

/// The whole document.
#[derive(Serialize)]
pub struct Document<'a> {
    version: u8,
    runs: Vec<RunObject<'a>>,
    /// Scenarios that did not end alike in every one of their runs: see `--repeat`.
    flaky: Vec<FlakyObject<'a>>,
    /// What is wrong with the files that were read.
    mistakes: Vec<MistakeObject<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct FlakyObject<'a> {
    scenario: &'a str,
    browser: String,
    passed: usize,
    of: usize,
}

impl<'a> FlakyObject<'a> {
    fn of(flaky: Flaky<'a>) -> Self {
        let Flaky { scenario, browser, passed, of } = flaky;
        Self { scenario, browser: browser.to_string(), passed, of }
    }
}

impl<'a> Document<'a> {
    /// The document of these runs, in this order, of what was asked for, and of what was wrong with the files.
    pub fn of(runs: &'a [Run], asked: Asked<'_>, mistakes: &'a [Diagnostic]) -> Self {
        Self {
            version: 1,
            runs: runs.iter().map(RunObject::of).collect(),
            flaky: flaky(runs).into_iter().map(FlakyObject::of).collect(),
            mistakes: mistakes.iter().map(MistakeObject::of).collect(),
            summary: Summary::of(runs, asked),
        }
    }
}

#[derive(Serialize)]
struct RunObject<'a> {
    scenario: &'a str,
    title: &'a str,
    covers: &'a [String],
    tags: &'a [String],
    browser: String,
    browser_version: &'a str,
    third_party: &'static str,
    predicted: bool,
    outcome: Outcome,
    /// How many of its steps were not judged: those whose outcome is `not_judged` or `skipped`.
    unjudged_steps: usize,
    duration_ms: f64,
    error: Option<String>,
    /// What was in the way before, where it was run again.
    in_the_way: &'a [String],
    steps: Vec<StepObject<'a>>,
    drift: Vec<DriftObject<'a>>,
}

impl<'a> RunObject<'a> {
    fn of(run: &'a Run) -> Self {
        Self {
            scenario: run.scenario(),
            title: &run.plan.title,
            covers: &run.plan.covers,
            tags: &run.plan.tags,
            browser: run.browser.to_string(),
            browser_version: &run.browser_version,
            third_party: run.third_party.as_str(),
            predicted: run.browser.model,
            outcome: run.outcome(),
            unjudged_steps: run.unjudged(),
            duration_ms: (run.duration.as_secs_f64() * 10_000.0).round() / 10.0,
            error: run.error.as_ref().map(ToString::to_string),
            in_the_way: &run.in_the_way,
            steps: run
                .plan
                .steps
                .iter()
                .zip(&run.steps)
                .map(|(step, ran)| StepObject::of(run, step, ran))
                .collect(),
            drift: run.drift.iter().map(|drift| DriftObject::of(run, drift)).collect(),
        }
    }
}

/// Where the rules predicted something else than this browser did.
#[derive(Serialize)]
struct DriftObject<'a> {
    /// The index of the step.
    step: usize,
    line: usize,
    question: Question,
    subject: &'a str,
    predicted: &'a str,
    observed: &'a str,
}

impl<'a> DriftObject<'a> {
    fn of(run: &'a Run, drift: &'a Drift) -> Self {
        let Drift { step, question, subject, predicted, observed } = drift;
        let (line, _) = run.plan.source.line_column(&run.plan.steps[*step].span);
        Self { step: *step, line, question: *question, subject, predicted, observed }
    }
}

#[derive(Serialize)]
struct StepObject<'a> {
    action: &'static str,
    outcome: Outcome,
    /// Why the model could not predict the step, or this browser's driver not do it; its claims are then not
    /// judged.
    unpredicted: Option<&'a str>,
    page: Option<PageObject<'a>>,
    exchanges: Vec<ExchangeObject<'a>>,
    written: Option<SetCookieObject<'a>>,
    /// What scripts of pages wrote by themselves, inferred from the jar.
    scripts_wrote: Vec<SetCookieObject<'a>>,
    jar: Option<Vec<CookieObject<'a>>>,
    refused: &'a [String],
    console: &'a [String],
    failures: Vec<FailureObject<'a>>,
}

impl<'a> StepObject<'a> {
    fn of(run: &'a Run, step: &'a Step, ran: &'a StepRun) -> Self {
        let seen = ran.observation.as_ref();
        let source = &run.plan.source;
        Self {
            action: step.action.key(),
            outcome: ran.outcome,
            unpredicted: seen.and_then(|seen| seen.unpredicted.as_deref()),
            page: seen.map(PageObject::of),
            exchanges: seen.iter().flat_map(|seen| &seen.exchanges).map(ExchangeObject::of).collect(),
            written: seen.and_then(|seen| seen.written.as_ref()).map(SetCookieObject::of),
            scripts_wrote: seen
                .iter()
                .flat_map(|seen| &seen.scripts_wrote)
                .map(SetCookieObject::of)
                .collect(),
            jar: seen.and_then(|seen| Some(seen.jar.as_ref()?.iter().map(CookieObject::of).collect())),
            refused: seen.map_or(&[], |seen| &seen.refused),
            console: seen.map_or(&[], |seen| &seen.console),
            failures: ran.failures.iter().map(|failed| FailureObject::of(source, failed)).collect(),
        }
    }
}

#[derive(Serialize)]
struct PageObject<'a> {
    url: Option<&'a str>,
    status: Option<u16>,
    readable: Option<bool>,
    /// The first reason in the reports' order; `reasons` has them all.
    cors: Option<&'static str>,
    reasons: Vec<&'static str>,
    body: Option<&'a str>,
    document_cookie: Option<&'a str>,
    error: Option<&'a str>,
}

impl<'a> PageObject<'a> {
    fn of(seen: &'a Observation) -> Self {
        let page = &seen.page;
        Self {
            url: page.url.as_ref().map(url::Url::as_str),
            status: page.status,
            readable: page.readable,
            cors: page.cors.first().map(|reason| reason.code()),
            reasons: codes(&page.cors),
            body: page.body.as_deref(),
            document_cookie: page.document_cookie.as_deref(),
            error: page.error.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct ExchangeObject<'a> {
    method: &'a str,
    url: &'a str,
    status: u16,
    preflight: bool,
    cookie: Option<String>,
    /// Who asked and for what, as the request says it: `Origin`, `Referer` and `Sec-Fetch-*`.
    request_headers: BTreeMap<&'a str, String>,
    sent: Vec<&'a str>,
    withheld: Vec<WithheldObject<'a>>,
    set_cookie: Vec<SetCookieObject<'a>>,
    /// Who asked for it, and how.
    asked: Option<AskedObject>,
    /// What a reverse proxy made of it.
    behind: Option<BehindObject<'a>>,
    /// What the server knows of its answer and told nobody.
    notes: Vec<&'a str>,
    /// The real server that answered.
    upstream: Option<UpstreamObject<'a>>,
}

/// A real server that answered, and what it was told of how the browser came.
#[derive(Serialize)]
struct UpstreamObject<'a> {
    to: &'a str,
    /// Whether it is on another machine.
    outside: bool,
    told: Vec<(&'a str, String)>,
}

impl<'a> UpstreamObject<'a> {
    fn of(forwarded: &'a wire::Forwarded) -> Self {
        let told = forwarded.told.iter().map(|(name, value)| (name.as_str(), text(value)));
        Self { to: &forwarded.place, outside: forwarded.outside, told: told.collect() }
    }
}

/// Who asked for something, and how.
#[derive(Serialize)]
struct AskedObject {
    /// The origin of the document that asked; `null` where the user did.
    by: Option<String>,
    /// The origin of the top-level document above it; `null` for a navigation of the top level.
    top_level: Option<String>,
    /// `step` or `page`: a page asks for things by itself, in a script or by what it embeds.
    on_behalf_of: &'static str,
    mode: &'static str,
    credentials: &'static str,
    /// Whether the credentials mode was inferred from what was sent and stored.
    credentials_inferred: bool,
    /// Whether the document that asked may read the answer; `null` where that is not a question.
    readable: Option<bool>,
    reasons: Vec<&'static str>,
}

impl AskedObject {
    fn of(asked: &AskedBy) -> Self {
        Self {
            by: asked.by.as_ref().map(ToString::to_string),
            top_level: asked.top_level.as_ref().map(ToString::to_string),
            on_behalf_of: if asked.is_own { "step" } else { "page" },
            mode: asked.mode.word(),
            credentials: asked.credentials.word(),
            credentials_inferred: asked.is_inferred,
            readable: asked.readable,
            reasons: codes(&asked.cors),
        }
    }
}

/// The request that arrived behind a reverse proxy, and its answer before the proxy touched it.
#[derive(Serialize)]
struct BehindObject<'a> {
    method: &'a str,
    url: &'a str,
    status: u16,
    headers: Vec<(&'a str, String)>,
    set_cookie: Vec<String>,
}

impl<'a> BehindObject<'a> {
    fn of(wire: &'a wire::Exchange) -> Self {
        let headers = wire.request_headers.iter().map(|(name, value)| (name.as_str(), text(value)));
        Self {
            method: &wire.method,
            url: wire.url.as_str(),
            status: wire.status,
            headers: headers.collect(),
            set_cookie: wire.set_cookie().map(text).collect(),
        }
    }
}

impl<'a> ExchangeObject<'a> {
    fn of(exchange: &'a Exchange) -> Self {
        let wire = &exchange.wire;
        let behind = wire.behind();
        Self {
            method: &wire.method,
            url: wire.url.as_str(),
            status: wire.status,
            preflight: wire.is_preflight(),
            cookie: wire.cookie().map(text),
            request_headers: wire
                .request_headers
                .iter()
                .filter(|(name, _)| {
                    ["origin", "referer"].contains(&name.as_str()) || name.starts_with("sec-fetch-")
                })
                .map(|(name, value)| (name.as_str(), text(value)))
                .collect(),
            sent: exchange.sent.iter().map(|(name, _)| name.as_str()).collect(),
            withheld: exchange.withheld.iter().map(WithheldObject::of).collect(),
            set_cookie: exchange.set_cookie.iter().map(SetCookieObject::of).collect(),
            asked: exchange.asked.as_ref().map(AskedObject::of),
            behind: (behind != wire).then(|| BehindObject::of(behind)),
            notes: behind.said_inside().collect(),
            upstream: wire.forwarded().map(UpstreamObject::of),
        }
    }
}

#[derive(Serialize)]
struct WithheldObject<'a> {
    name: &'a str,
    domain: &'a str,
    reasons: Vec<&'static str>,
    native: &'a [String],
}

impl<'a> WithheldObject<'a> {
    fn of(withheld: &'a Withheld) -> Self {
        let Withheld { name, domain, reasons, native } = withheld;
        Self { name, domain, reasons: codes(reasons), native }
    }
}

#[derive(Serialize)]
struct SetCookieObject<'a> {
    line: String,
    name: &'a str,
    stored: Option<bool>,
    reasons: Vec<&'static str>,
    native: &'a [String],
}

impl<'a> SetCookieObject<'a> {
    fn of(set_cookie: &'a SetCookie) -> Self {
        let SetCookie { line, name, stored, reasons, native } = set_cookie;
        Self { line: text(line), name, stored: *stored, reasons: codes(reasons), native }
    }
}

#[derive(Serialize)]
struct CookieObject<'a> {
    name: &'a str,
    value: &'a str,
    domain: &'a str,
    host_only: bool,
    path: &'a str,
    secure: bool,
    http_only: bool,
    same_site: &'static str,
    expires: Option<i64>,
    partition: Option<&'a str>,
}

impl<'a> CookieObject<'a> {
    fn of(cookie: &'a Cookie) -> Self {
        Self {
            name: &cookie.name,
            value: &cookie.value,
            domain: &cookie.domain,
            host_only: cookie.host_only,
            path: &cookie.path,
            secure: cookie.secure,
            http_only: cookie.http_only,
            same_site: cookie.same_site.word(),
            expires: cookie.expires,
            partition: cookie.partition.as_ref().map(|partition| partition.site.as_str()),
        }
    }
}

#[derive(Serialize)]
struct FailureObject<'a> {
    message: &'a str,
    line: usize,
    column: usize,
    expected: &'a str,
    actual: &'a str,
    notes: Vec<String>,
    explanation: Option<ExplanationObject<'a>>,
    #[serde(flatten)]
    remedy: RemedyObject<'a>,
}

impl<'a> FailureObject<'a> {
    fn of(source: &Source, failed: &'a Failed) -> Self {
        let Failed { failure, explained } = failed;
        let (line, column) = source.line_column(&failure.span);
        Self {
            message: &failure.message,
            line,
            column,
            expected: &failure.expected,
            actual: &failure.actual,
            notes: failure.notes.iter().map(ToString::to_string).collect(),
            explanation: explained.as_ref().map(|told| ExplanationObject::of(&told.explanation)),
            remedy: RemedyObject::of(explained.as_ref().map(|told| &*told.remedy)),
        }
    }
}

/// Header bytes as text; what is not UTF-8 is shown as U+FFFD.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

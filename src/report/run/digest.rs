//! What is to be said of the runs of a scenario, decided once: which failures are one, what was said already,
//! which fix is for all of them.
//!
//! Every format for people reads it from here, so that they say the same. A digest is plain data: it neither
//! writes nor decides whether a run passed.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::browser_name::BrowserName;
use crate::diagnostic::Diagnostic;
use crate::explain::failure::Explained;
use crate::outcome::{Failed, Outcome, Run};
use crate::plan::Service;
use crate::text::{in_order, listed};
use crate::verdict::{Failure, Note};
use crate::world::wire::Answer;

/// What is to be said of one scenario.
#[derive(Debug)]
pub struct Digest<'r> {
    /// What is odd and failed nothing: requests that no route answers, wrong predictions, steps not judged.
    pub warnings: Vec<Diagnostic>,
    /// The claims that did not hold, in the order of the steps.
    pub failures: Vec<Failing<'r>>,
    /// What would make everything hold that can be made to, with the browsers it was searched for.
    pub remedy: Option<&'r Explained>,
    /// The runs that could not be run to their end.
    pub errors: Vec<Stopped<'r>>,
}

/// A claim that did not hold, and all browsers that showed the same.
#[derive(Debug)]
pub struct Failing<'r> {
    /// The index of its step.
    pub step: usize,
    /// The claim and what was seen.
    pub failure: &'r Failure,
    /// The browsers, in the order of the runs.
    pub browsers: Vec<BrowserName>,
    /// What was seen that explains it and was not said of an earlier claim of this step.
    pub notes: Vec<&'r Note>,
    /// Why, where that was worked out.
    pub why: Why<'r>,
}

/// Why a claim did not hold.
#[derive(Debug)]
pub enum Why<'r> {
    /// It was not worked out: the notes have to be enough.
    Unknown,
    /// For the first time, with the notes that were not made before.
    Here(&'r Explained, Vec<String>),
    /// As was said of an earlier claim.
    Above(&'r Explained),
}

/// A run that could not be run to its end.
#[derive(Clone, Copy, Debug)]
pub struct Stopped<'r> {
    /// The run.
    pub run: &'r Run,
    /// What happened.
    pub message: &'r str,
    /// What to do, where there is something to do.
    pub hint: Option<&'r str>,
}

impl Stopped<'_> {
    /// As a message.
    pub fn diagnostic(&self) -> Diagnostic {
        let message =
            format!("`{}` could not be run in {}: {}", self.run.scenario(), self.run.browser, self.message);
        let mut diagnostic = Diagnostic::error(message);
        diagnostic.helps.extend(self.hint.map(str::to_owned));
        diagnostic
    }
}

impl<'r> Digest<'r> {
    /// What is to be said of the runs of one scenario.
    pub fn of(runs: &'r [Run]) -> Self {
        // What a scenario that is run again shows again is said once.
        let mut said = BTreeSet::new();
        let once: Vec<&Run> = runs.iter().filter(|run| said.insert(run.browser)).collect();
        let drifts = runs.iter().flat_map(drifts);
        let warnings = undeclared(runs).into_iter().chain(drifts);
        let failures = failures(runs);
        // One remedy mends whatever can be mended with it.
        let remedy = failures.iter().find_map(|failing| match &failing.why {
            Why::Here(explained, _) => explained.remedy.fix.as_ref().map(|_| *explained),
            Why::Above(_) | Why::Unknown => None,
        });
        let errors = runs.iter().filter_map(|run| {
            let error = run.error.as_ref()?;
            Some(Stopped { run, message: &error.message, hint: error.hint.as_deref() })
        });
        Self {
            warnings: warnings.chain(once.into_iter().filter_map(unpredicted)).collect(),
            failures,
            remedy,
            errors: errors.collect(),
        }
    }
}

impl Failing<'_> {
    /// What stands beside the carets: the browsers and, where it is short, what was seen there.
    pub fn label(&self) -> String {
        const SHORT: usize = 60;
        let who = seen_in(&self.browsers);
        let actual = &self.failure.actual;
        if actual.len() > SHORT { who } else { format!("{who}: {actual}") }
    }
}

/// In which browsers something was seen, and for which it is predicted.
pub fn seen_in(browsers: &[BrowserName]) -> String {
    let (models, real): (Vec<&BrowserName>, Vec<_>) = browsers.iter().partition(|browser| browser.model);
    let who = [("seen in", real), ("predicted for", models)]
        .into_iter()
        .filter(|(_, browsers)| !browsers.is_empty())
        .map(|(known, browsers)| format!("{known} {}", listed(browsers.iter().map(ToString::to_string))));
    who.collect::<Vec<_>>().join(", ")
}

/// The claims that did not hold, step by step.
fn failures(runs: &[Run]) -> Vec<Failing<'_>> {
    let ran = in_order(runs.iter().map(|run| run.browser));
    let mut known: Vec<&Arc<Explained>> = Vec::new();
    let mut noted = BTreeSet::new();
    let mut all = Vec::new();
    let steps = runs.iter().map(|run| run.steps.len()).max().unwrap_or(0);
    for step in 0..steps {
        // One cause fails several claims of a step: what explains them is said once.
        let mut told = BTreeSet::new();
        for (failed, browsers) in alike(runs, step) {
            let failure = &failed.failure;
            let notes = failure.notes.iter().filter(|note| told.insert(*note));
            let (notes, why) = match &failed.explained {
                None => (notes.collect(), Why::Unknown),
                Some(explained) => {
                    // The explanation says the same, and better.
                    let facts = notes.filter(|note| note.kind.is_fact()).collect();
                    let why = if known.iter().any(|other| Arc::ptr_eq(other, explained)) {
                        Why::Above(explained)
                    } else {
                        known.push(explained);
                        let mut notes = explained.explanation.notes(&ran);
                        notes.retain(|note| noted.insert(note.clone()));
                        Why::Here(explained, notes)
                    };
                    (facts, why)
                }
            };
            all.push(Failing { step, failure, browsers, notes, why });
        }
    }
    all
}

/// The claims of a step that did not hold, each with the browsers that showed the same.
fn alike(runs: &[Run], step: usize) -> Vec<(&Failed, Vec<BrowserName>)> {
    fn facts(failure: &Failure) -> impl Iterator<Item = &Note> {
        failure.notes.iter().filter(|note| note.kind.is_fact())
    }
    let mut all: Vec<(&Failed, Vec<BrowserName>)> = Vec::new();
    for run in runs {
        for failed in run.steps.get(step).into_iter().flat_map(|ran| &ran.failures) {
            let failure = &failed.failure;
            let same = |(known, _): &&mut (&Failed, _)| {
                let known = &known.failure;
                known.span == failure.span
                    && known.message == failure.message
                    && known.actual == failure.actual
                    && facts(known).eq(facts(failure))
            };
            match all.iter_mut().find(same) {
                Some((_, browsers)) if browsers.contains(&run.browser) => {}
                Some((_, browsers)) => browsers.push(run.browser),
                None => all.push((failed, vec![run.browser])),
            }
        }
    }
    all
}

/// A scenario that passed in a browser and, run again, did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaky<'r> {
    /// Its file.
    pub scenario: &'r str,
    /// The browser.
    pub browser: BrowserName,
    /// How many of its runs passed.
    pub passed: usize,
    /// How many there were.
    pub of: usize,
}

/// Every scenario that did not end alike each time.
pub fn flaky(runs: &[Run]) -> Vec<Flaky<'_>> {
    let pairs = in_order(runs.iter().map(|run| (run.scenario(), run.browser)));
    let all = pairs.into_iter().map(|(scenario, browser)| {
        let of = runs.iter().filter(|run| run.scenario() == scenario && run.browser == browser);
        let passed = of.clone().filter(|run| run.outcome() == Outcome::Passed).count();
        Flaky { scenario, browser, passed, of: of.count() }
    });
    all.filter(|flaky| flaky.passed > 0 && flaky.passed < flaky.of).collect()
}

impl<'r> Why<'r> {
    /// The explanation, whether it is told here or was before.
    pub const fn explained(&self) -> Option<&'r Explained> {
        match self {
            Self::Unknown => None,
            Self::Here(explained, _) | Self::Above(explained) => Some(explained),
        }
    }
}

/// What the rules predicted otherwise than the browser did, one message a step.
fn drifts(run: &Run) -> Vec<Diagnostic> {
    let steps = run.plan.steps.iter().enumerate();
    steps
        .filter_map(|(index, step)| {
            let notes: Vec<String> =
                run.drift.iter().filter(|drift| drift.step == index).map(ToString::to_string).collect();
            if notes.is_empty() {
                return None;
            }
            let message = format!("drift: the rules predicted otherwise than {} did", run.browser);
            let mut diagnostic = Diagnostic::warning(message)
                .source(&run.plan.source)
                .label(step.span.clone(), "in this step")
                .help("this is a bug in rehearsal, not in the scenario: please report it with this message");
            diagnostic.notes.extend(notes);
            Some(diagnostic)
        })
        .collect()
}

/// The first step that the model could not predict, and how many more there are.
fn unpredicted(run: &Run) -> Option<Diagnostic> {
    let mut steps = run.unpredicted();
    let (index, why) = steps.next()?;
    let more = if run.browser.model { steps.count() } else { run.plan.steps.len() - index - 1 };
    let step = &run.plan.steps[index];
    let (cannot, help) = if run.browser.model {
        let command = format!("rehearsal run {} --browser {}", run.scenario(), run.browser.real());
        (format!("{} {why}", run.browser), format!("run it in the real browser: `{command}`"))
    } else {
        let help = format!("`--browser model:{}` predicts it, and other engines do it", run.browser);
        (format!("{} cannot do this step: {why}", run.browser), help)
    };
    let diagnostic = match run.outcome() {
        Outcome::NotJudged => Diagnostic::error(format!("nothing was judged: {cannot}")),
        _ => Diagnostic::warning(cannot),
    };
    let mut diagnostic =
        diagnostic.source(&run.plan.source).label(step.span.clone(), "not judged").help(help);
    match more {
        0 => {}
        1 => {
            diagnostic.notes.push("nor is the step after it, which depends on what it left behind".to_owned())
        }
        more => diagnostic
            .notes
            .push(format!("nor are the {more} steps after it, which depend on what it left behind")),
    }
    Some(diagnostic)
}

/// Requests that no route answers: the usual cause of a failure nobody understands.
fn undeclared(runs: &[Run]) -> Vec<Diagnostic> {
    let mut told = BTreeSet::new();
    let steps =
        runs.iter().flat_map(|run| run.plan.steps.iter().zip(&run.steps).map(move |pair| (run, pair)));
    let exchanges = steps.flat_map(|(run, (step, ran))| {
        let seen = ran.observation.iter().flat_map(|seen| &seen.exchanges);
        seen.map(move |exchange| (run, step, exchange.wire.behind()))
    });
    exchanges
        .filter(|(_, _, wire)| wire.answer == Answer::Undeclared)
        .filter(|(_, _, wire)| told.insert((wire.method.clone(), wire.url.clone())))
        .map(|(run, step, wire)| {
            let origin = &run.plan.origins[wire.origin];
            let is_proxy = matches!(origin.service, Service::Proxy(_));
            let origin = &origin.name;
            let (method, url) = (&wire.method, &wire.url);
            let diagnostic = Diagnostic::warning(format!("no route of `{origin}` answers {method} {url}"))
                .source(&run.plan.source)
                .label(step.span.clone(), format!("asked for in this step, answered {}", wire.status));
            if is_proxy {
                return diagnostic.help("pass it on: to `nginx` a location, to `kong` a path of a route");
            }
            if wire.is_preflight() {
                return diagnostic
                    .note("it is a CORS preflight: the browser asks before it makes the request itself")
                    .help(format!("answer it with CORS settings: [origins.{origin}.cors]"));
            }
            diagnostic
                .help(format!("declare it: [[origins.{origin}.routes]] at = \"{method} {}\"", url.path()))
        })
        .collect()
}

//! The document of `audit --format json`, version 1: keys are added and never renamed.

use serde::Serialize;

use super::{Audited, Summary};
use crate::audit::{Finding, Severity};
use crate::plan::Plan;

/// The document.
#[derive(Serialize)]
pub struct Document<'a> {
    version: u8,
    scenarios: Vec<ScenarioObject<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct ScenarioObject<'a> {
    scenario: &'a str,
    title: &'a str,
    findings: Vec<FindingObject<'a>>,
    errors: Vec<String>,
    /// Steps that were not judged, in a browser or in another: nothing is found there.
    unjudged_steps: usize,
    /// Steps that were judged in no browser: that nothing was found there says nothing.
    unseen_steps: usize,
}

#[derive(Serialize)]
struct FindingObject<'a> {
    check: &'static str,
    severity: Severity,
    message: &'a str,
    /// The step's index; `null` where it is about the scenario as a whole.
    step: Option<usize>,
    /// Counted from 1; `null` without a place.
    line: Option<usize>,
    column: Option<usize>,
    evidence: &'a [String],
    fix: &'a str,
    browsers: Vec<String>,
}

impl<'a> Document<'a> {
    /// The document of these scenarios.
    pub fn of(audited: &'a [Audited]) -> Self {
        let scenarios = audited.iter().map(|audited| ScenarioObject {
            scenario: &audited.plan.source.path,
            title: &audited.plan.title,
            findings: audited
                .findings
                .iter()
                .map(|finding| FindingObject::of(&audited.plan, finding))
                .collect(),
            errors: audited.errors.iter().map(ToString::to_string).collect(),
            unjudged_steps: audited.unjudged,
            unseen_steps: audited.unseen,
        });
        Self { version: 1, scenarios: scenarios.collect(), summary: Summary::of(audited) }
    }
}

impl<'a> FindingObject<'a> {
    fn of(plan: &Plan, finding: &'a Finding) -> Self {
        let place = finding.evidence.span.as_ref().map(|span| plan.source.line_column(span));
        Self {
            check: finding.check.code(),
            severity: finding.severity,
            message: &finding.headline,
            step: finding.evidence.step,
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            evidence: &finding.evidence.seen,
            fix: &finding.fix,
            browsers: finding.browsers.iter().map(ToString::to_string).collect(),
        }
    }
}

//! What `rehearsal audit` found: scenario by scenario, the gravest first, for people, as JSON and as SARIF.

pub mod json;
pub mod sarif;
pub mod terminal;

use std::sync::Arc;

use serde::Serialize;

use crate::audit::{Finding, Severity};
use crate::outcome::CouldNotRun;
use crate::plan::Plan;

/// A scenario that was audited.
#[derive(Clone, Debug)]
pub struct Audited {
    /// The scenario.
    pub plan: Arc<Plan>,
    /// What was found, the gravest first.
    pub findings: Vec<Finding>,
    /// Why it could not be run, in a browser or in another.
    pub errors: Vec<CouldNotRun>,
    /// How many of its steps could not be judged, in a browser or in another, and were left out.
    pub unjudged: usize,
    /// How many could be judged in none: nobody has looked at them.
    pub unseen: usize,
}

/// How many findings there are of each gravity.
#[derive(Clone, Copy, Default, Serialize)]
struct Summary {
    high: usize,
    medium: usize,
    low: usize,
}

impl Summary {
    fn of(audited: &[Audited]) -> Self {
        let count = |severity| {
            let found = audited.iter().flat_map(|audited| &audited.findings);
            found.filter(|finding| finding.severity == severity).count()
        };
        Self { high: count(Severity::High), medium: count(Severity::Medium), low: count(Severity::Low) }
    }
}

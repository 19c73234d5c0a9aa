//! What `run --list` says: which scenarios would be run.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use crate::plan::Plan;
use crate::text::{padded, safe, width};

/// Writes one line a scenario: its file, its title and its tags.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut dyn Write, plans: &[Arc<Plan>]) -> io::Result<()> {
    let paths = plans.iter().map(|plan| width(&safe(&plan.source.path))).max().unwrap_or(0);
    for plan in plans {
        let tags: String = plan.tags.iter().map(|tag| format!("  #{}", safe(tag))).collect();
        writeln!(out, "{}  {}{tags}", padded(&safe(&plan.source.path), paths), safe(&plan.title))?;
    }
    Ok(())
}

/// The document of `run --list --format json`, version 1: keys are added and never renamed.
#[derive(Serialize)]
pub struct Document<'a> {
    version: u8,
    scenarios: Vec<ScenarioObject<'a>>,
}

#[derive(Serialize)]
struct ScenarioObject<'a> {
    scenario: &'a str,
    title: &'a str,
    covers: &'a [String],
    tags: &'a [String],
    steps: usize,
}

impl<'a> Document<'a> {
    /// The document of these scenarios.
    pub fn of(plans: &'a [Arc<Plan>]) -> Self {
        let scenarios = plans.iter().map(|plan| ScenarioObject {
            scenario: &plan.source.path,
            title: &plan.title,
            covers: &plan.covers,
            tags: &plan.tags,
            steps: plan.steps.len(),
        });
        Self { version: 1, scenarios: scenarios.collect() }
    }
}

//! From the scenario as written to a plan.
//!
//! Here names become origins, defaults are filled in, and the parts of a file are held against each
//! other. A part that is wrong is reported once and left out of what follows, so that one mistake
//! does not drag others behind it.

use std::sync::Arc;

mod address;
mod cookies;
mod cors;
mod dns;
mod origins;
mod proxies;
mod relations;
mod routes;
mod steps;
mod time;
mod upstreams;

use super::mistakes::Mistakes;
use super::written::Scenario;
use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
use address::Names;

/// Resolves a scenario, or tells why it cannot be run.
pub(super) fn resolve(scenario: Scenario, mistakes: &Mistakes) -> Option<Plan> {
    // A key that is unknown may have been meant for one that then seems to be missing.
    let settled = !mistakes.any_error();
    if let Some(title) = &scenario.title
        && title.value.trim().is_empty()
    {
        mistakes.add(
            Diagnostic::error("the title is empty")
                .label(title.span.clone(), "")
                .help("say in a sentence what the scenario shows"),
        );
    }

    let names = Names::of(&scenario, mistakes);
    let records = dns::records(&scenario.records, &names, mistakes);
    relations::check(&scenario.relations, &names, mistakes);
    cookies::check_lines(&scenario, settled, mistakes);
    if settled {
        cookies::check(&scenario, mistakes);
    }
    let origins = origins::origins(scenario.origins, &names, mistakes);
    let steps = steps::steps(scenario.steps, &names, &origins, mistakes);
    if mistakes.any_error() {
        return None;
    }
    Some(Plan {
        source: Arc::clone(mistakes.source()),
        title: scenario.title?.value,
        covers: scenario.covers.into_iter().map(|id| id.value).collect(),
        records,
        origins,
        steps,
    })
}

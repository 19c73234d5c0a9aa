//! Which of the scenarios that were read are run: by text, by tag, by what failed last, and by shard.

use std::process::ExitCode;
use std::sync::Arc;

use super::last_run;
use crate::cli::{RunArgs, Shard};
use crate::plan::Plan;
use crate::text::quoted;

/// How many scenarios are shown to somebody whose choice has none.
const SHOWN: usize = 5;

/// Those that the command line leaves, in their order.
///
/// # Errors
/// The exit code, where it leaves none; that has been said.
pub(super) fn chosen(plans: Vec<Arc<Plan>>, arguments: &RunArgs) -> Result<Vec<Arc<Plan>>, ExitCode> {
    let mut plans = plans;
    if let Some(text) = &arguments.filter {
        plans = by_text(plans, text)?;
    }
    if !arguments.tag.is_empty() {
        plans = by_tag(plans, &arguments.tag)?;
    }
    if arguments.last_failed {
        plans = by_last_run(plans)?;
    }
    Ok(match arguments.shard {
        Some(shard) => by_shard(plans, shard),
        None => plans,
    })
}

fn by_text(plans: Vec<Arc<Plan>>, text: &str) -> Result<Vec<Arc<Plan>>, ExitCode> {
    let lower = text.to_lowercase();
    let wanted = |text: &str| text.to_lowercase().contains(&lower);
    let (chosen, others): (Vec<_>, Vec<_>) =
        plans.into_iter().partition(|plan: &Arc<Plan>| wanted(&plan.source.path) || wanted(&plan.title));
    if chosen.is_empty() {
        let help =
            format!("give a part of a path or a title, as these scenarios have them:\n{}", some(&others));
        return Err(refuse(format!("no scenario's path or title contains `{text}`"), help));
    }
    Ok(chosen)
}

fn by_tag(plans: Vec<Arc<Plan>>, tags: &[String]) -> Result<Vec<Arc<Plan>>, ExitCode> {
    let (chosen, others): (Vec<_>, Vec<_>) =
        plans.into_iter().partition(|plan: &Arc<Plan>| plan.tags.iter().any(|tag| tags.contains(tag)));
    if chosen.is_empty() {
        let mut known: Vec<&str> = others.iter().flat_map(|plan| &plan.tags).map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        let help = match known.is_empty() {
            true => "a scenario has tags where its file says so: tags = [\"smoke\"]".to_owned(),
            false => format!("the tags of these scenarios are {}", quoted(known)),
        };
        return Err(refuse(
            format!("no scenario has the tag {}", quoted(tags.iter().map(String::as_str))),
            help,
        ));
    }
    Ok(chosen)
}

fn by_last_run(plans: Vec<Arc<Plan>>) -> Result<Vec<Arc<Plan>>, ExitCode> {
    let Some(failed) = last_run::failed() else {
        let help = "run them once without `--last-failed`; what is kept is of the folder you are in";
        return Err(refuse("nothing was run from this folder yet".to_owned(), help.to_owned()));
    };
    Ok(plans.into_iter().filter(|plan| failed.contains(&last_run::canonical(&plan.source.path))).collect())
}

/// Every N-th, so that neighbours, which often take as long as each other, are spread evenly.
fn by_shard(plans: Vec<Arc<Plan>>, shard: Shard) -> Vec<Arc<Plan>> {
    plans.into_iter().skip(shard.index - 1).step_by(shard.of).collect()
}

fn some(plans: &[Arc<Plan>]) -> String {
    let mut lines: Vec<String> =
        plans.iter().take(SHOWN).map(|plan| format!("    {} ({})", plan.source.path, plan.title)).collect();
    if plans.len() > SHOWN {
        lines.push(format!("    and {} more", plans.len() - SHOWN));
    }
    lines.join("\n")
}

fn refuse(message: String, help: String) -> ExitCode {
    super::complain(message, help);
    ExitCode::from(super::WRONG)
}

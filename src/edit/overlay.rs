//! Edits laid over the answers of real servers: the scenario's own plan, as a fix would have it.
//!
//! A fix is found on a plan that plays the servers and asks by itself for what pages asked for. Here the same edits are
//! put where a real server, and real pages, are asked. What stands in the user's own code cannot be changed on the
//! way, and is said.

use std::collections::BTreeSet;

use super::{CookieChange, Edit, Edits, Target, apply, grant, lines};
use crate::plan::Plan;
use crate::plan::upstream::{CookieOverlay, Overlay};
use crate::rules::line::Line;

/// The plan that edits were found on: real servers are played in it.
pub(crate) struct Played<'p> {
    /// It, with the edits made.
    pub(crate) edited: &'p Plan,
    /// For each of its steps the step of the scenario that it is, where it is one.
    pub(crate) own: &'p [Option<usize>],
}

/// The plan with the edits laid over its real servers' answers.
///
/// # Errors
/// Why that cannot be: a lower-case fragment that names what stands in the user's own code.
pub(crate) fn lay(plan: &Plan, played: &Played<'_>, edits: &Edits) -> Result<Plan, String> {
    let mut laid = plan.clone();
    let mut plain = Edits::new();
    for edit in edits {
        match edit {
            Edit::Cookie { change, of } => {
                if let Some(edit) = cookie(&mut laid, change, of)? {
                    plain.insert(edit);
                }
            }
            Edit::Grant { step } => match grant::answering_step(played.edited, *step) {
                Some(origin) if is_real(plan, origin) => {
                    let cors = played.edited.origins[origin].cors.clone();
                    overlay(&mut laid, origin).ok_or("nothing answers there")?.cors = cors;
                }
                _ => drop(plain.insert(Edit::Grant { step: own(played, *step)? })),
            },
            Edit::Include { step } => drop(plain.insert(Edit::Include { step: own(played, *step)? })),
            Edit::AskAsUsual { step } => drop(plain.insert(Edit::AskAsUsual { step: own(played, *step)? })),
            Edit::AskHttps { step } => drop(plain.insert(Edit::AskHttps { step: own(played, *step)? })),
            Edit::Unfold { of } | Edit::DeleteToo { of, .. } if is_of_real(plan, of) => {
                return Err(format!(
                    "the server itself has to write the lines of the cookie {} anew",
                    of.name
                ));
            }
            Edit::AskFor { name, .. } if plan.has_real_server() => {
                return Err(format!("the server itself has to ask for another cookie than {name}"));
            }
            Edit::Unauthorized { origin, .. } if is_real(plan, *origin) => {
                return Err("the server itself has to answer 401".to_owned());
            }
            Edit::Topology(_) => return Err("it changes where things are served".to_owned()),
            Edit::Unfold { .. }
            | Edit::DeleteToo { .. }
            | Edit::AskFor { .. }
            | Edit::Unauthorized { .. }
            | Edit::Proxy { .. }
            | Edit::Server { .. } => drop(plain.insert(edit.clone())),
        }
    }
    match plain.is_empty() {
        true => Ok(laid),
        false => apply(&laid, &plain)
            .map(|(laid, _)| laid)
            .ok_or_else(|| "the scenario has nothing that it changes".to_owned()),
    }
}

/// Lays a change of cookies over the answers that set them. Returns what of it is of no real server.
fn cookie(plan: &mut Plan, change: &CookieChange, of: &BTreeSet<Target>) -> Result<Option<Edit>, String> {
    let (real, others): (Vec<&Target>, Vec<&Target>) = of.iter().partition(|target| is_of_real(plan, target));
    for Target { origin, name } in real {
        match change {
            CookieChange::Shorten => {
                return Err(format!("the value of the cookie {name} is the server's own"));
            }
            CookieChange::DropPrefix => {
                return Err(format!("the server itself has to ask for the cookie {name} by its new name"));
            }
            _ => {}
        }
        let change = CookieOverlay {
            name: name.clone(),
            deletions: change.is_of_deletions(),
            edits: change.edits(name),
        };
        let overlay = origin.and_then(|origin| overlay(plan, origin)).ok_or("nothing answers there")?;
        overlay.cookies.push(change);
    }
    let is_written = |target: &&Target| {
        lines(plan).any(|(origin, _, line)| origin == target.origin && Line(line).name() == target.name)
    };
    if let Some(script) = others.iter().find(|target| target.origin.is_none() && !is_written(target)) {
        return Err(format!("the page's own script writes the cookie {}", script.name));
    }
    let others: BTreeSet<Target> = others.into_iter().cloned().collect();
    Ok((!others.is_empty()).then(|| Edit::Cookie { change: change.clone(), of: others }))
}

/// The scenario's own step that a step of the played plan is.
fn own(played: &Played<'_>, step: usize) -> Result<usize, String> {
    let own = played.own.get(step).copied().flatten();
    own.ok_or_else(|| "the call is made by the page's own code".to_owned())
}

fn is_of_real(plan: &Plan, target: &Target) -> bool {
    target.origin.is_some_and(|origin| is_real(plan, origin))
}

fn is_real(plan: &Plan, origin: usize) -> bool {
    plan.origins.get(origin).is_some_and(|origin| origin.upstream().is_some())
}

fn overlay(plan: &mut Plan, origin: usize) -> Option<&mut Overlay> {
    plan.origins.get_mut(origin)?.service.upstream_mut().map(|upstream| &mut upstream.overlay)
}

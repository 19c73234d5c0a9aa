//! What a fix changes, as a developer would see it in a diff.
//!
//! Text only: lines taken away and lines put in their place. Nothing here knows why.

use crate::plan::{Action, Plan, Route};

/// One place that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is changed, and where: a lower-case fragment.
    pub place: String,
    /// The lines that go.
    pub before: Vec<String>,
    /// The lines that come.
    pub after: Vec<String>,
}

/// The `Set-Cookie` lines that differ. An origin that is served by another keeps its routes, so that they are all found
/// where they were.
pub(crate) fn of_lines(before: &Plan, after: &Plan) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut add = |place: String, old: Vec<String>, new: Vec<String>| match changes
        .iter_mut()
        .find(|change| change.place == place)
    {
        Some(change) => {
            change.before.extend(old);
            change.after.extend(new);
        }
        None => changes.push(Change { place, before: old, after: new }),
    };
    for (old, new) in before.origins.iter().zip(&after.origins) {
        let url = old.url.origin().ascii_serialization();
        for route in old.service.routes() {
            // An edit may take a route away, so that the places do not tell which is which.
            let is_it = |other: &&Route| (&other.method, &other.path) == (&route.method, &route.path);
            let Some(edited) = new.service.routes().iter().find(is_it) else { continue };
            let header = |line: &String| format!("Set-Cookie: {line}");
            let gone = route.lines().filter(|line| edited.lines().all(|own| own != *line)).map(header);
            let come = edited.lines().filter(|line| route.lines().all(|own| own != *line)).map(header);
            let (gone, come): (Vec<String>, Vec<String>) = (gone.collect(), come.collect());
            if !gone.is_empty() || !come.is_empty() {
                add(format!("the answer to {} {url}{}", route.method, route.path), gone, come);
            }
        }
    }
    for (old, new) in before.steps.iter().zip(&after.steps) {
        if let (Action::DocumentCookie { write: Some(old) }, Action::DocumentCookie { write: Some(new) }) =
            (&old.action, &new.action)
            && old != new
        {
            let assign = |line: &str| vec![format!("document.cookie = {line:?}")];
            add("the script in the page".to_owned(), assign(old), assign(new));
        }
    }
    changes
}

//! What a fix changes, as a developer would see it in a diff.
//!
//! Text only: lines taken away and lines put in their place. Nothing here knows why.

use super::lines;
use crate::plan::{Action, Credentials, Plan};

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

/// The `Set-Cookie` lines that differ. Edits change lines and never add or move one.
pub(crate) fn of_lines(before: &Plan, after: &Plan) -> Vec<Change> {
    let changed = lines(before).zip(lines_in_order_of(before, after)).filter(|((_, _, old), new)| old != new);
    let mut changes: Vec<Change> = Vec::new();
    for ((origin, what, old), new) in changed {
        let (place, before, after) = match origin {
            Some(_) => {
                (format!("the answer to {what}"), format!("Set-Cookie: {old}"), format!("Set-Cookie: {new}"))
            }
            None => {
                let assign = |line: &str| format!("document.cookie = {line:?}");
                ("the script in the page".to_owned(), assign(old), assign(new))
            }
        };
        match changes.iter_mut().find(|change| change.place == place) {
            Some(change) => {
                change.before.push(before);
                change.after.push(after);
            }
            None => changes.push(Change { place, before: vec![before], after: vec![after] }),
        }
    }
    changes
}

/// The lines of an edited plan in the order they had: an origin that is served by another keeps its
/// routes, so that they are all found where they were.
fn lines_in_order_of<'a>(before: &Plan, after: &'a Plan) -> impl Iterator<Item = &'a str> {
    let origins = before.origins.len();
    let counts: Vec<usize> = (0..origins)
        .map(|index| lines(before).filter(|(origin, _, _)| *origin == Some(index)).count())
        .collect();
    let answered = counts.into_iter().enumerate().flat_map(move |(index, count)| {
        let own = lines(after).filter(move |(origin, _, _)| *origin == Some(index));
        own.map(|(_, _, line)| line).take(count)
    });
    let written = lines(after).filter(|(origin, _, _)| origin.is_none()).map(|(_, _, line)| line);
    answered.chain(written)
}

/// A call as its script would have it. `None` for a step that is none.
pub(crate) fn call(action: &Action) -> Option<String> {
    match action {
        Action::Fetch(fetch) => {
            let mut options = Vec::new();
            if fetch.method != "GET" {
                options.push(format!("method: \"{}\"", fetch.method));
            }
            if fetch.credentials != Credentials::SameOrigin {
                options.push(format!("credentials: \"{}\"", fetch.credentials.word()));
            }
            let options =
                if options.is_empty() { String::new() } else { format!(", {{ {} }}", options.join(", ")) };
            Some(format!("fetch(\"{}\"{options})", fetch.url))
        }
        Action::Xhr(xhr) => Some(format!("xhr.withCredentials = {}", xhr.with_credentials)),
        _ => None,
    }
}

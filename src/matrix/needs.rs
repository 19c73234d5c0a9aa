//! What a scenario does with its cookies: which steps set one, and which later steps need it.
//!
//! Read off the plan and never off a run: a request that a browser refuses to make needs its cookie all
//! the same.

use std::collections::BTreeSet;

use url::Url;

use crate::edit::grant::covers;
use crate::edit::topology::{index_of, page_at};
use crate::edit::{deletes_now, lines};
use crate::plan::{Action, Body, Credentials, Plan, Route, Service};
use crate::rules::line::Line;

/// A cookie of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Its name.
    pub name: String,
    /// The lines that set it, as written, each once.
    pub lines: Vec<String>,
    /// The indices of the steps that set it. Never empty.
    pub set_in: Vec<usize>,
    /// The indices of the later steps it has to go with; may be empty.
    pub wanted_in: Vec<usize>,
}

/// The cookies of a plan, in the order they are first set.
///
/// A step needs a cookie where the route that answers requires it or the scenario expects it to be sent.
/// Where no step says so, each later one that asks the same place does. Calls that the author makes
/// without credentials count only if there are no others: they are there to show what goes wrong. What pages
/// of others do counts never: an attacker's form needs no cookie.
pub(super) fn needs(plan: &Plan, front: usize) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for step in (0..plan.steps.len()).filter(|step| stranger(plan, front, *step).is_none()) {
        for line in setting(plan, step) {
            let name = Line(&line).name();
            match needs.iter_mut().find(|need| need.name == name) {
                Some(need) => {
                    need.set_in.push(step);
                    if !need.lines.contains(&line) {
                        need.lines.push(line);
                    }
                }
                None => needs.push(Need {
                    name: name.to_owned(),
                    lines: vec![line],
                    set_in: vec![step],
                    wanted_in: Vec::new(),
                }),
            }
        }
    }
    for need in &mut needs {
        need.set_in.dedup();
        prefer_credentialed(plan, &mut need.set_in);
        need.wanted_in = wanted(plan, front, need);
        prefer_credentialed(plan, &mut need.wanted_in);
    }
    needs
}

fn wanted(plan: &Plan, front: usize, need: &Need) -> Vec<usize> {
    let after = need.set_in.first().copied().unwrap_or_default() + 1;
    let end = (after..plan.steps.len()).find(|step| ends(plan, *step, &need.name));
    // The request that a deletion answers still has the cookie.
    let until = end.map_or(plan.steps.len(), |end| end + 1);
    let later = || (after..until).filter(|step| stranger(plan, front, *step).is_none());
    let required: Vec<usize> = later().filter(|step| requires(plan, *step, &need.name)).collect();
    if !required.is_empty() {
        return required;
    }
    let places: BTreeSet<usize> = need.set_in.iter().filter_map(|step| place(plan, *step)).collect();
    let same_place = later().filter(|step| place(plan, *step).is_some_and(|place| places.contains(&place)));
    let asks = |step: &usize| !matches!(plan.steps[*step].action, Action::DocumentCookie { .. });
    same_place.filter(|step| asks(step) && !need.set_in.contains(step)).collect()
}

/// Whether nobody needs the cookie after this step: it is deleted, or a user or time takes cookies away.
fn ends(plan: &Plan, step: usize, name: &str) -> bool {
    let takes_away = ["clear", "restart", "advance"].contains(&plan.steps[step].action.key());
    let mut lines = lines_of(plan, step).into_iter();
    takes_away || lines.any(|line| deletes_now(&line) && Line(&line).name() == name)
}

fn requires(plan: &Plan, step: usize, name: &str) -> bool {
    let route_does = answers(plan, step).iter().any(|route| route.required_cookie() == Some(name));
    let claims =
        std::iter::once(&plan.steps[step].expect).chain(plan.steps[step].on.iter().map(|(_, on)| on));
    let mut sent = claims.flat_map(|expect| &expect.sent);
    route_does || sent.any(|claim| claim.value.name == name)
}

fn prefer_credentialed(plan: &Plan, steps: &mut Vec<usize>) {
    if steps.iter().any(|step| has_credentials(plan, *step)) {
        steps.retain(|step| has_credentials(plan, *step));
    }
}

/// Whether a step's request may carry and keep cookies, as its author wrote it.
pub(super) fn has_credentials(plan: &Plan, step: usize) -> bool {
    let same_origin = || {
        let target = plan.steps[step].action.target().map(|(_, url)| url.origin());
        page_at(plan, step).map(|page| page.origin()) == target
    };
    match &plan.steps[step].action {
        Action::Fetch(fetch) => match fetch.credentials {
            Credentials::Include => true,
            Credentials::SameOrigin => same_origin(),
            Credentials::Omit => false,
        },
        other => other.with_credentials().is_none_or(|with| with || same_origin()),
    }
}

/// The index of the front end: whose page is open where the first cookie is set, or who sets it where none is.
pub(super) fn front(plan: &Plan) -> Option<usize> {
    let first = (0..plan.steps.len()).find(|step| setting(plan, *step).next().is_some())?;
    let page = if is_navigation(plan, first) { None } else { page_at(plan, first) };
    page.and_then(|page| index_of(plan, &page)).or_else(|| place(plan, first))
}

/// The index of the origin in whose page a step acts, where that is neither the front end's nor the place it
/// asks. Where a user goes, from whatever page, is the user's own doing.
pub(super) fn stranger(plan: &Plan, front: usize, step: usize) -> Option<usize> {
    let page = index_of(plan, &page_at(plan, step)?)?;
    let own = page == front || Some(page) == place(plan, step) || is_navigation(plan, step);
    (!own).then_some(page)
}

fn is_navigation(plan: &Plan, step: usize) -> bool {
    matches!(plan.steps[step].action, Action::Visit(_) | Action::Link(_))
}

/// The index of the origin a step asks; for a script's cookie that of its page.
pub(super) fn place(plan: &Plan, step: usize) -> Option<usize> {
    match &plan.steps[step].action {
        Action::DocumentCookie { .. } | Action::Reload => index_of(plan, &page_at(plan, step)?),
        action => index_of(plan, action.target()?.1),
    }
}

/// The lines of a step that set a cookie.
///
/// What a script writes counts where no server sets a cookie of that name: else it is there to be refused.
fn setting(plan: &Plan, step: usize) -> impl Iterator<Item = String> {
    let is_script = matches!(plan.steps[step].action, Action::DocumentCookie { .. });
    let by_server = |line: &String| {
        let name = Line(line).name();
        lines(plan).any(|(origin, _, other)| origin.is_some() && Line(other).name() == name)
    };
    let counts = move |line: &String| !(deletes_now(line) || is_script && by_server(line));
    lines_of(plan, step).into_iter().filter(counts)
}

/// The lines of a step that set or delete a cookie.
fn lines_of(plan: &Plan, step: usize) -> Vec<String> {
    let answered = answers(plan, step).into_iter().flat_map(|route| route.set_cookie.iter().cloned());
    let written = match &plan.steps[step].action {
        Action::DocumentCookie { write } => write.clone(),
        _ => None,
    };
    answered.chain(written).collect()
}

/// The routes that answer a step, redirects followed.
fn answers(plan: &Plan, step: usize) -> Vec<&Route> {
    const REDIRECTS: usize = 20;
    let (mut method, mut url) = match &plan.steps[step].action {
        Action::Reload => match page_at(plan, step) {
            Some(url) => ("GET".to_owned(), url.clone()),
            None => return Vec::new(),
        },
        action => match action.target() {
            Some((method, url)) => (method.to_owned(), url.clone()),
            None => return Vec::new(),
        },
    };
    let mut routes = Vec::new();
    for _ in 0..REDIRECTS {
        let Some(route) = route(plan, &method, &url) else { break };
        routes.push(route);
        let Body::Redirect(location) = &route.body else { break };
        let Ok(next) = url.join(location) else { break };
        url = next;
        if !matches!(route.status, 307 | 308) {
            "GET".clone_into(&mut method);
        }
    }
    routes
}

/// The route that answers, as [`crate::world`] chooses it: the most specific of those that fit.
fn route<'p>(plan: &'p Plan, method: &str, url: &Url) -> Option<&'p Route> {
    let Service::Routes(routes) = &plan.origins[index_of(plan, url)?].service else { return None };
    let fitting = routes.iter().filter(|route| route.method == method && covers(&route.path, url.path()));
    // Of equals `max_by_key` takes the last, and the first answers.
    fitting.rev().max_by_key(|route| (!route.path.ends_with('*'), route.path.len()))
}

/// Whether a step is a call whose answer a page reads.
pub(super) fn is_call(plan: &Plan, step: usize) -> bool {
    matches!(plan.steps.get(step).map(|step| &step.action), Some(Action::Fetch(_) | Action::Xhr(_)))
}

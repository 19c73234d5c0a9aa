//! Edits of a plan: what may be changed, and what it costs.
//!
//! An edit says what a developer would do: change an attribute, name an origin, add an option to a call,
//! serve something elsewhere. [`apply`] does it to a copy of the plan, in an order that does not depend on
//! the order the edits were found in. Whether it helps is found by rehearsing the copy: a fix in
//! [`crate::explain`], a table of all in [`crate::matrix`].
//!
//! - `topology` is where things are served, `grant` the CORS headers a call needs;
//! - `change` is what of it a developer sees, as a diff.
//!
//! What is deliberately no edit: taking `Secure` or `HttpOnly` off a cookie, reflecting whatever origin
//! asks, and anything a browser's user would have to set.

use std::collections::BTreeSet;
use std::time::SystemTime;

mod change;
pub(crate) mod grant;
pub(crate) mod topology;

pub use change::Change;
pub use topology::Topology;

use crate::plan::framework::BackEnd;
use crate::plan::framework::setting::CookieSetting;
use crate::plan::{Action, Credentials, Plan, Service};
use crate::rules::line::Line;
use crate::rules::prefix::unprefixed;

/// A set of edits, in the order they are applied.
pub type Edits = BTreeSet<Edit>;

/// One edit of a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// Every line that sets one of these cookies is changed.
    Cookie {
        /// What is changed.
        change: CookieChange,
        /// The cookies.
        of: BTreeSet<Target>,
    },
    /// The call sends and keeps cookies: `credentials: "include"`, `withCredentials`.
    Include {
        /// The step that makes it; the same call in other steps is changed alike.
        step: usize,
    },
    /// Something is served elsewhere.
    Topology(Topology),
    /// The server lets the page's origin make the call and read the answer: exactly this origin, and the
    /// credentials, method and headers that this call needs, no more.
    Grant {
        /// The step that makes the call.
        step: usize,
    },
}

/// A cookie of a plan: every line with this name at this origin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The index of the origin that sets it; `None` for a script's.
    pub origin: Option<usize>,
    /// Its name.
    pub name: String,
}

/// A change of a `Set-Cookie` line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CookieChange {
    /// No `Domain`: the cookie goes to its own host and to no other.
    DropDomain,
    /// `Secure`.
    Secure,
    /// `SameSite=Lax`.
    Lax,
    /// `SameSite=Strict`.
    Strict,
    /// `Path=/`.
    RootPath,
    /// `Partitioned`.
    Partitioned,
    /// What the prefix of the name asks for.
    KeepPrefix,
    /// A value that fits.
    Shorten,
    /// `Domain` and `Path` as those of the cookie that is to be deleted.
    Match {
        /// The stored cookie's domain; `None` where it is host-only.
        domain: Option<String>,
        /// Its path.
        path: String,
    },
    /// `Domain` of the registrable domain.
    Domain(String),
    /// `SameSite=None`.
    None,
    /// The name without its prefix. The last, for all others go by the old name.
    DropPrefix,
}

/// The most edits in one fix: more is no fix but another design.
pub(crate) const MOST: usize = 5;

/// What a change of where things are served costs at least: more than all that headers can do.
pub(crate) const TOPOLOGY: u32 = 100;

impl Edit {
    /// How much the edit opens up, and after that how much it asks of the developer. Fixes are tried
    /// from the cheapest on.
    pub fn cost(&self, plan: &Plan) -> u32 {
        match self {
            Self::Cookie { change, of } => match change {
                // Narrower than before: nothing is opened.
                CookieChange::DropDomain | CookieChange::Match { .. } => 1,
                // Lax opens links from other sites to what was Strict, and closes all else to what was None.
                CookieChange::Lax | CookieChange::Strict if !is_strict(plan, of) => 1,
                CookieChange::Lax | CookieChange::Strict => 5,
                // As narrow as before, and plain http is lost.
                CookieChange::Secure | CookieChange::KeepPrefix => 2,
                // More paths of the same host, which never kept each other out.
                CookieChange::RootPath => 3,
                // A third party's cookie, but one for each top-level site.
                CookieChange::Partitioned => 4,
                CookieChange::Shorten => 5,
                // Every subdomain reads it.
                CookieChange::Domain(_) => 8,
                // The promise that the prefix made is gone.
                CookieChange::DropPrefix => 9,
                // Every site's pages make the browser send it.
                CookieChange::None => 30,
            },
            // The page's own decision, and the server has to agree.
            Self::Include { .. } => 3,
            // One named origin reads the answers.
            Self::Grant { .. } => 6,
            Self::Topology(topology) => topology.cost(),
        }
    }

    /// Whether something is served elsewhere.
    pub fn is_topology(&self) -> bool {
        matches!(self, Self::Topology(topology) if !topology.moves_nothing())
    }

    /// Whether the two cannot both be in one fix: they answer the same question differently.
    pub(crate) fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cookie { change: a, of: first }, Self::Cookie { change: b, of: second }) => {
                !first.is_disjoint(second) && a.slot() == b.slot()
            }
            (Self::Topology(a), Self::Topology(b)) => a.excludes(b),
            (Self::Include { step: a }, Self::Include { step: b })
            | (Self::Grant { step: a }, Self::Grant { step: b }) => a == b,
            _ => false,
        }
    }
}

impl CookieChange {
    /// What of the line it decides.
    fn slot(&self) -> u8 {
        match self {
            Self::DropDomain | Self::Domain(_) | Self::Match { .. } => 0,
            Self::Secure => 1,
            Self::Lax | Self::Strict | Self::None => 2,
            Self::RootPath => 3,
            Self::Partitioned => 4,
            Self::KeepPrefix | Self::DropPrefix => 5,
            Self::Shorten => 6,
        }
    }

    /// The line, changed. A line that is as the change wants it stays as it is.
    fn of(&self, text: &str) -> String {
        let line = Line(text);
        match self {
            Self::DropDomain => line.without("Domain"),
            Self::Secure if line.attribute("Secure").is_some() => text.to_owned(),
            Self::Secure => line.with("Secure", None),
            Self::Lax => line.with("SameSite", Some("Lax")),
            Self::Strict => line.with("SameSite", Some("Strict")),
            Self::None => line.with("SameSite", Some("None")),
            Self::RootPath => line.with("Path", Some("/")),
            Self::Partitioned => line.with("Partitioned", None),
            Self::KeepPrefix => line.with_prefix_kept(),
            Self::Domain(domain) => line.with("Domain", Some(domain)),
            Self::DropPrefix => line.renamed(unprefixed(line.name())),
            Self::Shorten => line.with_value("an-id-of-32-characters-instead--"),
            Self::Match { domain, path } => {
                let text = match domain {
                    Some(domain) => line.with("Domain", Some(domain)),
                    None => line.without("Domain"),
                };
                Line(&text).with("Path", Some(path))
            }
        }
    }
}

/// A plan with edits applied, and what they changed for a developer to see. `None` where one of them
/// cannot be applied, or changes nothing.
pub fn apply(plan: &Plan, edits: &Edits) -> Option<(Plan, Vec<Change>)> {
    let mut edited = plan.clone();
    let mut changes = Vec::new();
    for edit in edits {
        match edit {
            Edit::Cookie { change, of } => {
                let settings = change_settings(&mut edited, change, of);
                if !change_lines(&mut edited, change, of) && settings.is_empty() {
                    return None;
                }
                changes.extend(settings);
            }
            Edit::Include { step } => changes.push(include(&mut edited, *step)?),
            Edit::Topology(topology) => changes.push(topology::apply(&mut edited, topology)?),
            Edit::Grant { step } => changes.extend(grant::apply(&mut edited, plan, *step)?),
        }
    }
    // Several edits of one line are one change to look at, and the line comes first.
    let mut all = change::of_lines(plan, &edited);
    for change in changes {
        match all.iter_mut().find(|known: &&mut Change| known.place == change.place) {
            Some(known) => {
                known.before.extend(change.before);
                known.after.extend(change.after);
            }
            None => all.push(change),
        }
    }
    Some((edited, all))
}

/// What changes in the settings of back ends that set the cookies. A framework has no setting for what
/// it cannot say.
fn change_settings(plan: &mut Plan, change: &CookieChange, of: &BTreeSet<Target>) -> Vec<Change> {
    let change = match change {
        CookieChange::DropDomain => CookieSetting::Domain(None),
        CookieChange::Domain(domain) => CookieSetting::Domain(Some(domain.clone())),
        CookieChange::Secure => CookieSetting::Secure,
        CookieChange::Lax => CookieSetting::SameSite("Lax"),
        CookieChange::Strict => CookieSetting::SameSite("Strict"),
        CookieChange::None => CookieSetting::SameSite("None"),
        CookieChange::RootPath => CookieSetting::RootPath,
        CookieChange::Partitioned
        | CookieChange::KeepPrefix
        | CookieChange::DropPrefix
        | CookieChange::Shorten
        | CookieChange::Match { .. } => return Vec::new(),
    };
    let mut changes = Vec::new();
    for target in of {
        let origin = target.origin.and_then(|index| plan.origins.get_mut(index));
        let Some((name, service)) = origin.map(|origin| (&origin.name, &mut origin.service)) else {
            continue;
        };
        let Service::BackEnd(back_end) = service else { continue };
        let BackEnd { framework, views, .. } = back_end.as_mut();
        let (before, after): (Vec<String>, Vec<String>) =
            framework.change_cookie(views, &target.name, &change).into_iter().unzip();
        if !before.is_empty() {
            let place = format!("{}'s settings of `{name}`", framework.name());
            changes.push(Change { place, before, after });
        }
    }
    changes
}

/// The cookies that back ends set by their settings.
pub(crate) fn of_settings(plan: &Plan) -> impl Iterator<Item = Target> {
    plan.origins.iter().enumerate().flat_map(|(index, origin)| {
        let names = match &origin.service {
            Service::BackEnd(back_end) => {
                let calls = back_end.views.iter().flat_map(|view| &view.calls);
                let mut names = back_end.framework.cookies();
                names.extend(calls.map(|call| call.name().to_owned()));
                names
            }
            _ => Vec::new(),
        };
        names.into_iter().map(move |name| Target { origin: Some(index), name })
    })
}

/// Whether a line was changed.
fn change_lines(plan: &mut Plan, change: &CookieChange, of: &BTreeSet<Target>) -> bool {
    let mut changed = false;
    for (origin, line) in lines_mut(plan) {
        let target = Target { origin, name: Line(line).name().to_owned() };
        // Only the deleting line is at fault where one has to match the cookie it deletes, and it is never too long.
        let is_meant = match change {
            CookieChange::Match { .. } => is_deletion(line),
            CookieChange::Shorten => !is_deletion(line),
            _ => true,
        };
        if of.contains(&target) && is_meant {
            let new = change.of(line);
            changed |= new != *line;
            *line = new;
        }
    }
    if *change == CookieChange::DropPrefix && changed {
        for target in of {
            rename(plan, &target.name, unprefixed(&target.name));
        }
    }
    changed
}

/// Whether a line is how servers delete a cookie: the lifetime it gives is over today, whatever the year.
pub(crate) fn is_deletion(line: &str) -> bool {
    let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    Line(line).is_over(i64::try_from(today).unwrap_or(i64::MAX))
}

fn is_strict(plan: &Plan, of: &BTreeSet<Target>) -> bool {
    lines(plan).any(|(origin, _, line)| {
        let strict = Line(line).attribute("SameSite").is_some_and(|word| word.eq_ignore_ascii_case("Strict"));
        strict && of.contains(&Target { origin, name: Line(line).name().to_owned() })
    })
}

/// Each line of a plan that sets a cookie, the origin it comes from, and the request it answers.
pub(crate) fn lines(plan: &Plan) -> impl Iterator<Item = (Option<usize>, String, &str)> {
    let answered = plan.origins.iter().enumerate().flat_map(|(index, origin)| {
        origin.service.routes().iter().flat_map(move |route| {
            let what =
                format!("{} {}{}", route.method, origin.url.origin().ascii_serialization(), route.path);
            route.set_cookie.iter().map(move |line| (Some(index), what.clone(), line.as_str()))
        })
    });
    let written = plan.steps.iter().filter_map(|step| match &step.action {
        Action::DocumentCookie { write: Some(line) } => {
            Some((None, "document.cookie".to_owned(), line.as_str()))
        }
        _ => None,
    });
    answered.chain(written)
}

/// The same lines, to be changed.
pub(crate) fn lines_mut(plan: &mut Plan) -> impl Iterator<Item = (Option<usize>, &mut String)> {
    let answered = plan.origins.iter_mut().enumerate().flat_map(|(index, origin)| {
        origin
            .service
            .routes_mut()
            .iter_mut()
            .flat_map(|route| &mut route.set_cookie)
            .map(move |line| (Some(index), line))
    });
    let written = plan.steps.iter_mut().filter_map(|step| match &mut step.action {
        Action::DocumentCookie { write: Some(line) } => Some((None, line)),
        _ => None,
    });
    answered.chain(written)
}

/// Gives a cookie another name wherever servers and claims speak of it.
fn rename(plan: &mut Plan, old: &str, new: &str) {
    let change = |name: &mut String| {
        if name == old {
            new.clone_into(name);
        }
    };
    for origin in &mut plan.origins {
        let routes = origin.service.routes_mut().iter_mut();
        let required = routes.flat_map(|route| {
            let jwt = route.require_jwt.as_mut().and_then(|jwt| jwt.cookie.as_mut());
            route.require_cookie.iter_mut().chain(jwt)
        });
        required.for_each(change);
    }
    for step in &mut plan.steps {
        for expect in std::iter::once(&mut step.expect).chain(step.on.iter_mut().map(|(_, on)| on)) {
            expect.stored.iter_mut().for_each(|claim| change(&mut claim.value.name));
            expect.sent.iter_mut().for_each(|claim| change(&mut claim.value.name));
            expect
                .not_stored
                .iter_mut()
                .chain(&mut expect.not_sent)
                .for_each(|claim| change(&mut claim.value.name));
        }
    }
}

/// Makes a call with credentials, and every call like it: for the page's own origin those that `same-origin`, the
/// default, sends.
pub(crate) fn include(plan: &mut Plan, step: usize) -> Option<Change> {
    let call = plan.steps.get(step)?.action.clone();
    let before = change::call(&call)?;
    let page = topology::page_at(plan, step).map(|page| page.origin());
    let is_own = call.target().is_some_and(|(_, url)| page == Some(url.origin()));
    let credentials = if is_own { Credentials::SameOrigin } else { Credentials::Include };
    let mut after = None;
    let alike = |action: &Action| action.key() == call.key() && action.target() == call.target();
    for action in plan.steps.iter_mut().map(|step| &mut step.action).filter(|action| alike(action)) {
        match action {
            Action::Fetch(fetch) => fetch.credentials = credentials,
            Action::Xhr(xhr) => xhr.with_credentials = true,
            _ => return None,
        }
        after = change::call(action);
    }
    let after = after.filter(|after| *after != before)?;
    Some(Change { place: "the call in the page".to_owned(), before: vec![before], after: vec![after] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use std::sync::Arc;

    fn nothing() -> Plan {
        let source = Arc::new(Source::new("", ""));
        let (title, covers) = (String::new(), Vec::new());
        Plan {
            source,
            title,
            covers,
            tags: Vec::new(),
            records: Vec::new(),
            origins: Vec::new(),
            steps: Vec::new(),
        }
    }

    fn cost(change: CookieChange) -> u32 {
        Edit::Cookie { change, of: BTreeSet::new() }.cost(&nothing())
    }

    #[test]
    fn none_costs_more_than_anything_else_a_header_can_do_and_less_than_moving() {
        use CookieChange::{
            Domain, DropDomain, DropPrefix, KeepPrefix, Lax, Match, None, Partitioned, RootPath, Secure,
            Shorten, Strict,
        };
        let others = [
            DropDomain,
            Secure,
            Lax,
            Strict,
            RootPath,
            Partitioned,
            KeepPrefix,
            Shorten,
            Match { domain: Option::None, path: "/".to_owned() },
            Domain("example.com".to_owned()),
            DropPrefix,
        ];
        let mut costs: Vec<u32> = others.into_iter().map(cost).collect();
        costs.extend([Edit::Include { step: 0 }, Edit::Grant { step: 0 }].map(|edit| edit.cost(&nothing())));
        costs.sort_unstable();
        let dearest: u32 = costs.iter().rev().take(MOST - 1).sum();
        assert!(cost(None) >= costs[costs.len() - 1] * 3);
        assert!(dearest + cost(None) < TOPOLOGY);
    }
}

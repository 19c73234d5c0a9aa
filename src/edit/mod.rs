//! Edits of a plan: what may be changed, and what it costs.
//!
//! An edit says what a developer would do: change an attribute, name an origin, add an option to a call,
//! serve something elsewhere. [`apply`] does it to a copy of the plan, in an order that does not depend on
//! the order the edits were found in. Whether it helps is found by rehearsing the copy: a fix in
//! [`crate::explain`], a table of all in [`crate::matrix`].
//!
//! - `cookie` is what changes of cookies;
//! - `call` is what changes of a page's own request, `grant` are the CORS headers it needs;
//! - `topology` is where things are served, `proxy` what nginx does to what passes through it;
//! - `framework` has the settings of the frameworks that answer;
//! - `overlay` lays edits over the answers of real servers;
//! - `change` is what of it a developer sees, as a diff.
//!
//! What is deliberately no edit: taking `Secure` or `HttpOnly` off a cookie, reflecting whatever origin
//! asks, and anything a browser's user would have to set.

use std::collections::BTreeSet;

mod call;
mod change;
mod cookie;
pub(crate) mod framework;
pub(crate) mod grant;
pub(crate) mod overlay;
pub(crate) mod proxy;
pub(crate) mod topology;

pub(crate) use call::{https_twin, include};
pub use change::Change;
pub use cookie::{CookieChange, Target};
pub(crate) use cookie::{deletes_now, lines, lines_mut, of_settings};
pub use framework::ServerChange;
pub use proxy::ProxyChange;
pub use topology::Topology;

use crate::plan::{Plan, Service};

/// A set of edits, in the order they are applied.
pub type Edits = BTreeSet<Edit>;

/// One edit of a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// Cookies that stand in one line each get their own. The first, for then they can be changed.
    Unfold {
        /// The cookie that the line begins with.
        of: Target,
    },
    /// The answer that deletes a cookie deletes another of the same name too.
    DeleteToo {
        /// The cookie.
        of: Target,
        /// The other's `Domain`; `None` where it has none.
        domain: Option<String>,
        /// The other's `Path`.
        path: String,
    },
    /// Every line that sets one of these cookies is changed.
    Cookie {
        /// What is changed.
        change: CookieChange,
        /// The cookies.
        of: BTreeSet<Target>,
    },
    /// The server asks for a cookie by the name that is set.
    AskFor {
        /// The name it asks for.
        name: String,
        /// The name that is set.
        instead: String,
    },
    /// A route answers 401 where it led a script to a page for people.
    Unauthorized {
        /// The index of the origin.
        origin: usize,
        /// The index of the route.
        route: usize,
    },
    /// A reverse proxy does something else with what passes through it.
    Proxy {
        /// The index of its origin.
        origin: usize,
        /// The index of the location.
        location: usize,
        /// What changes.
        change: ProxyChange,
    },
    /// A back end believes or asks something else.
    Server {
        /// The index of its origin.
        origin: usize,
        /// What changes.
        change: ServerChange,
    },
    /// The call sends and keeps cookies: `credentials: "include"`, `withCredentials`.
    Include {
        /// The step that makes it; the same call in other steps is changed alike.
        step: usize,
    },
    /// The call follows redirects, may be read across origins, and has its method in upper case: what its script said
    /// against that is left out.
    AskAsUsual {
        /// The step that makes it; the same call in other steps is changed alike.
        step: usize,
    },
    /// The page asks by https what it asked by http, where the same host answers there.
    AskHttps {
        /// The step that asks; the same address in other steps is changed alike.
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

/// The most edits in one fix: more is no fix but another design.
pub(crate) const MOST: usize = 5;

/// What a change of where things are served costs at least: more than all that headers can do.
pub(crate) const TOPOLOGY: u32 = 150;

impl Edit {
    /// How much the edit opens up, and after that how much it asks of the developer. Fixes are tried
    /// from the cheapest on.
    pub fn cost(&self, plan: &Plan) -> u32 {
        match self {
            // Nothing is opened.
            Self::Unfold { .. } => 1,
            Self::Cookie { change, of } => change.cost(plan, of),
            // A second line, where one is not enough.
            Self::DeleteToo { .. } => 2,
            Self::AskFor { .. }
            | Self::Unauthorized { .. }
            | Self::AskAsUsual { .. }
            | Self::AskHttps { .. } => 2,
            Self::Proxy { change, .. } => change.cost(),
            // What the proxy says is believed.
            Self::Server { change: ServerChange::TrustProxy, .. } => 4,
            // One named origin may send forms.
            Self::Server { change: ServerChange::TrustOrigin(_), .. } => 6,
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
            | (Self::Grant { step: a }, Self::Grant { step: b })
            | (Self::AskAsUsual { step: a }, Self::AskAsUsual { step: b })
            | (Self::AskHttps { step: a }, Self::AskHttps { step: b }) => a == b,
            (Self::AskFor { name: a, .. }, Self::AskFor { name: b, .. }) => a == b,
            _ => false,
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
            Edit::Unfold { of } => cookie::unfold(&mut edited, of)?,
            Edit::DeleteToo { of, domain, path } => {
                cookie::delete_too(&mut edited, of, domain.as_deref(), path)?
            }
            Edit::Cookie { change, of } => {
                let settings = cookie::change_settings(&mut edited, change, of);
                if !cookie::change_lines(&mut edited, change, of) && settings.is_empty() {
                    return None;
                }
                changes.extend(settings);
            }
            Edit::AskFor { name, instead } => changes.push(cookie::ask_for(&mut edited, name, instead)?),
            Edit::Unauthorized { origin, route } => {
                changes.push(call::unauthorized(&mut edited, *origin, *route)?)
            }
            Edit::Proxy { origin, location, change } => {
                changes.push(proxy::apply(&mut edited, *origin, *location, change)?)
            }
            Edit::Server { origin, change } => changes.push(server(&mut edited, *origin, change)?),
            Edit::Include { step } => changes.push(include(&mut edited, *step)?),
            Edit::AskAsUsual { step } => changes.push(call::as_usual(&mut edited, *step)?),
            Edit::AskHttps { step } => changes.push(call::ask_https(&mut edited, *step)?),
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

/// Changes what a back end believes.
fn server(plan: &mut Plan, origin: usize, change: &ServerChange) -> Option<Change> {
    let origin = plan.origins.get_mut(origin)?;
    let Service::BackEnd(back_end) = &mut origin.service else { return None };
    let (before, after): (Vec<String>, Vec<String>) = back_end.framework.change(change).into_iter().unzip();
    let place = format!("{}'s settings of `{}`", back_end.framework.name(), origin.name);
    (!after.is_empty()).then_some(Change { place, before, after })
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

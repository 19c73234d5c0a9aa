//! Expectations, as seen: of a step that a person took, what will be so the next time.
//!
//! What changes from time to time is left out: values of cookies, bodies, queries of addresses. What hangs on how a
//! browser treats third parties is said of the browser in which it was seen, and of no other.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::observe::{Exchange, Observation};
use crate::relation::{self, Relation};
use crate::rules::reason::Reason;

/// What was seen during a step, of what is expected the next time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The status of the page that came.
    pub status: Option<u16>,
    /// The address bar, where it changed.
    pub url: Option<Url>,
    /// What became of cookies of the page's own site.
    pub own: Cookies,
    /// What became of those of other sites.
    pub foreign: Cookies,
}

/// What became of cookies in a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookies {
    /// The names of those that were stored.
    pub stored: BTreeSet<String>,
    /// Those that were refused, and why.
    pub not_stored: BTreeMap<String, Option<Reason>>,
    /// The names of those that were sent.
    pub sent: BTreeSet<String>,
}

impl Seen {
    /// What is expected of a step in which this was seen. `before` is the address bar as the step found it.
    pub fn of(seen: &Observation, before: Option<&Url>) -> Self {
        let page = seen.page.url.as_ref();
        let changed = page.filter(|page| Some(*page) != before).filter(|page| is_lasting(page));
        let mut expected = Self { status: seen.page.status, url: changed.cloned(), ..Self::default() };
        for exchange in seen.requests() {
            let cookies = match is_foreign(exchange, page) {
                true => &mut expected.foreign,
                false => &mut expected.own,
            };
            cookies
                .sent
                .extend(exchange.sent.iter().map(|(name, _)| name.clone()).filter(|name| is_name(name)));
            for line in exchange.set_cookie.iter().filter(|line| is_name(&line.name)) {
                match line.stored {
                    Some(true) => {
                        cookies.not_stored.remove(&line.name);
                        cookies.stored.insert(line.name.clone());
                    }
                    Some(false) => {
                        cookies.stored.remove(&line.name);
                        cookies.not_stored.insert(line.name.clone(), line.reasons.first().copied());
                    }
                    None => {}
                }
            }
        }
        // What a later line of the step deleted, or another site's cookie of the same name, makes neither certain.
        let jar: BTreeSet<&str> = seen.jar.iter().flatten().map(|cookie| cookie.name.as_str()).collect();
        for cookies in [&mut expected.own, &mut expected.foreign] {
            cookies.stored.retain(|name| jar.contains(name.as_str()));
            cookies.not_stored.retain(|name, _| !jar.contains(name.as_str()));
        }
        expected
    }

    /// What was seen in a step before, which this one overtook: it may be this one's as well as that one's.
    #[must_use]
    pub fn after(mut self, before: Self) -> Self {
        for (own, before) in [(&mut self.own, before.own), (&mut self.foreign, before.foreign)] {
            let stored = before.stored.into_iter().filter(|name| !own.not_stored.contains_key(name));
            own.stored.extend(stored);
            let refused = before.not_stored.into_iter().filter(|(name, _)| !own.stored.contains(name));
            own.not_stored.extend(refused.collect::<Vec<_>>());
            own.sent.extend(before.sent);
        }
        self
    }

    /// What holds in any later step too: that cookies are stored.
    #[must_use]
    pub fn lasting(self) -> Self {
        let stored = |cookies: Cookies| Cookies { stored: cookies.stored, ..Cookies::default() };
        Self { own: stored(self.own), foreign: stored(self.foreign), ..Self::default() }
    }

    /// Whether nothing is expected.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Cookies {
    /// Whether nothing became of any.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether an address is the same the next time, as far as can be told: a query may hold a code or a state.
fn is_lasting(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
}

/// Whether a request was one of a third party: no document of a window, and of another site than the page.
fn is_foreign(exchange: &Exchange, page: Option<&Url>) -> bool {
    let is_document = exchange.wire.request_header("sec-fetch-dest") == Some(b"document");
    !is_document && page.is_some_and(|page| relation::of(page, &exchange.wire.url) == Relation::CrossSite)
}

/// Whether a scenario can name it.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(char::is_control)
}

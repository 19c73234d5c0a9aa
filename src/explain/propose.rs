//! From the reasons seen to the edits worth trying.
//!
//! One table: what may be done about each reason. Whether it helps is not known here, nor which is
//! better; that is the search's work.

use std::collections::{BTreeMap, BTreeSet};

use super::cookie_line;
use super::edit::{CookieChange, Edit, Edits, Target, lines, unprefixed};
use super::goal::{self, Goal};
use super::topology::{self, Topology};
use crate::observe::{Observation, SetCookie};
use crate::plan::{Action, Plan};
use crate::rules::reason::Reason;

/// The edits that might help browsers that showed this, when those of `done` are in place already.
pub(super) fn edits(plan: &Plan, done: &Edits, shown: &[&[Observation]], goal: &Goal) -> BTreeSet<Edit> {
    let mut proposals = Proposals { plan, done, goal, cookies: BTreeMap::new(), others: BTreeSet::new() };
    for seen in shown {
        for step in goal.steps() {
            proposals.look_at(step, &seen[step]);
        }
    }
    let Proposals { cookies, mut others, .. } = proposals;
    others.extend(cookies.into_iter().map(|(change, of)| Edit::Cookie { change, of }));
    others
}

struct Proposals<'p> {
    plan: &'p Plan,
    done: &'p Edits,
    goal: &'p Goal,
    /// A change that several cookies want is one edit.
    cookies: BTreeMap<CookieChange, BTreeSet<Target>>,
    others: BTreeSet<Edit>,
}

impl Proposals<'_> {
    fn look_at(&mut self, step: usize, seen: &Observation) {
        for exchange in &seen.exchanges {
            for line in &exchange.set_cookie {
                self.refusal(step, Some(exchange.wire.origin), exchange.wire.url.host_str(), line, seen);
            }
        }
        if let Some(line) = &seen.written {
            self.refusal(step, None, None, line, seen);
        }
        for exchange in seen.requests() {
            for withheld in &exchange.withheld {
                let name = self.original(&withheld.name);
                if self.goal.concerns(&name) {
                    let targets = self.targets(None, &name);
                    for reason in &withheld.reasons {
                        self.withheld(
                            step,
                            *reason,
                            &targets,
                            &withheld.domain,
                            exchange.wire.url.host_str(),
                        );
                    }
                }
            }
        }
        for reason in &seen.page.cors {
            match reason {
                Reason::MixedContent => self.topology(Topology::Https),
                Reason::Network => {}
                _ => _ = self.others.insert(Edit::Grant { step }),
            }
        }
    }

    /// What may be done so that a line is taken.
    fn refusal(
        &mut self,
        step: usize,
        origin: Option<usize>,
        host: Option<&str>,
        line: &SetCookie,
        seen: &Observation,
    ) {
        let name = self.original(&line.name);
        if line.stored != Some(false) || !self.goal.concerns(&name) {
            return;
        }
        let targets = self.targets(origin, &name);
        if goal::is_deletion(line) {
            // What is to be deleted has another domain or path than the line says.
            for cookie in seen.jar.iter().flatten().filter(|cookie| cookie.name == line.name) {
                let domain = (!cookie.host_only).then(|| cookie.domain.clone());
                self.cookie(CookieChange::Match { domain, path: cookie.path.clone() }, &targets);
            }
            return;
        }
        for reason in &line.reasons {
            match reason {
                Reason::DomainMismatch | Reason::PublicSuffix => {
                    self.cookie(CookieChange::DropDomain, &targets);
                    if let Some(domain) = host.and_then(psl::domain_str) {
                        self.cookie(CookieChange::Domain(domain.to_owned()), &targets);
                    }
                }
                Reason::SecureRequired | Reason::OverwritesSecure => self.topology(Topology::Https),
                Reason::SameSiteStrict | Reason::SameSiteLax | Reason::SameSiteDefaultLax => {
                    self.cookie(CookieChange::None, &targets);
                    self.topologies(step);
                }
                Reason::SameSiteNoneInsecure => {
                    for change in [CookieChange::Lax, CookieChange::Strict, CookieChange::Secure] {
                        self.cookie(change, &targets);
                    }
                }
                Reason::InvalidPrefix => {
                    self.cookie(CookieChange::KeepPrefix, &targets);
                    self.cookie(CookieChange::DropPrefix, &targets);
                }
                Reason::PartitionedInsecure => self.cookie(CookieChange::Secure, &targets),
                Reason::ThirdPartyBlocked => {
                    self.cookie(CookieChange::Partitioned, &targets);
                    self.topologies(step);
                }
                Reason::TooLarge => self.cookie(CookieChange::Shorten, &targets),
                Reason::CredentialsOmitted => self.include(step),
                _ => {}
            }
        }
    }

    /// What may be done so that a stored cookie is sent.
    fn withheld(
        &mut self,
        step: usize,
        reason: Reason,
        targets: &BTreeSet<Target>,
        domain: &str,
        host: Option<&str>,
    ) {
        match reason {
            Reason::CredentialsOmitted => self.include(step),
            Reason::HostOnly | Reason::DomainMismatch => {
                // A domain that covers both, if there is one.
                let common =
                    host.and_then(psl::domain_str).filter(|common| psl::domain_str(domain) == Some(common));
                if let Some(common) = common {
                    self.cookie(CookieChange::Domain(common.to_owned()), targets);
                }
            }
            Reason::PathMismatch => self.cookie(CookieChange::RootPath, targets),
            Reason::SecureRequired => self.topology(Topology::Https),
            Reason::SameSiteStrict => {
                self.cookie(CookieChange::Lax, targets);
                self.cookie(CookieChange::None, targets);
                self.topologies(step);
            }
            Reason::SameSiteLax | Reason::SameSiteDefaultLax => {
                self.cookie(CookieChange::None, targets);
                self.topologies(step);
            }
            Reason::ThirdPartyBlocked => {
                self.cookie(CookieChange::Partitioned, targets);
                self.topologies(step);
            }
            Reason::OtherPartition => self.topologies(step),
            _ => {}
        }
    }

    fn cookie(&mut self, change: CookieChange, targets: &BTreeSet<Target>) {
        if !targets.is_empty() {
            self.cookies.entry(change).or_default().extend(targets.iter().cloned());
        }
    }

    fn include(&mut self, step: usize) {
        if matches!(self.plan.steps[step].action, Action::Fetch(_) | Action::Xhr(_)) {
            self.others.insert(Edit::Include { step });
        }
    }

    fn topologies(&mut self, step: usize) {
        for topology in topology::options(self.plan, step) {
            self.topology(topology);
        }
    }

    fn topology(&mut self, topology: Topology) {
        self.others.insert(Edit::Topology(topology));
    }

    /// The cookies of the plan with this name: those of this origin where it sets any.
    fn targets(&self, origin: Option<usize>, name: &str) -> BTreeSet<Target> {
        let named = lines(self.plan)
            .filter(|(_, _, line)| cookie_line::name(line) == name)
            .map(|(origin, _, _)| Target { origin, name: name.to_owned() });
        let all: BTreeSet<Target> = named.collect();
        let own: BTreeSet<Target> = all.iter().filter(|target| target.origin == origin).cloned().collect();
        if own.is_empty() { all } else { own }
    }

    /// The name a cookie has in the plan before any edit.
    fn original(&self, name: &str) -> String {
        let renamed = self.done.iter().filter_map(|edit| match edit {
            Edit::Cookie { change: CookieChange::DropPrefix, of } => Some(of),
            _ => None,
        });
        let old = renamed.flatten().find(|target| unprefixed(&target.name) == name);
        old.map_or_else(|| name.to_owned(), |target| target.name.clone())
    }
}

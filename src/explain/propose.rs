//! From the reasons seen to the edits worth trying.
//!
//! One table: what may be done about each reason. Whether it helps is not known here, nor which is
//! better; that is the search's work. Every reason has to go before a browser is content, so of each
//! browser one reason at a time is enough to go on with: whatever fix there is has an edit against it.

use std::collections::{BTreeMap, BTreeSet};

use super::cause;
use super::goal::{self, Goal};
use crate::edit::topology::{self, Topology};
use crate::edit::{CookieChange, Edit, Edits, Target, lines, of_settings};
use crate::observe::{Observation, SetCookie};
use crate::plan::{Action, Plan};
use crate::rules::domain::domain_match;
use crate::rules::line::Line;
use crate::rules::prefix::unprefixed;
use crate::rules::reason::{Question, Reason};
use crate::suffixes::registrable_domain;

/// What a browser showed before any edit, and now.
pub(super) type BeforeAndNow<'s> = (&'s [Observation], &'s [Observation]);

/// The edits that might help browsers that showed this, when those of `done` are in place already.
pub(super) fn edits(plan: &Plan, done: &Edits, shown: &[BeforeAndNow<'_>], goal: &Goal) -> BTreeSet<Edit> {
    let each: Vec<BTreeMap<Obstacle, Remedies>> = shown
        .iter()
        .map(|(before, seen)| {
            let mut proposals = Proposals { plan, done, goal, obstacle: None, found: BTreeMap::new() };
            for step in goal.steps() {
                proposals.look_at(step, &before[step], &seen[step]);
            }
            proposals.found
        })
        .collect();
    // What several browsers say of one reason is one obstacle.
    let mut all: BTreeMap<Obstacle, Remedies> = BTreeMap::new();
    for (obstacle, remedies) in each.iter().flatten() {
        all.entry(*obstacle).or_default().add(remedies);
    }
    let new = |obstacle: &Obstacle| {
        let remedies = all.get(obstacle)?;
        let fresh: Vec<Edit> = remedies
            .edits()
            .filter(|edit| !done.contains(edit) && !done.iter().any(|before| before.excludes(edit)))
            .collect();
        (!fresh.is_empty()).then_some(fresh)
    };
    each.iter().filter_map(|found| found.keys().find_map(new)).flatten().collect()
}

/// A reason that stands in the way. Those that a change of topology may remove come first: what is in
/// the way only because of the topology goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Obstacle {
    rank: u8,
    question: Question,
    reason: Reason,
}

impl Obstacle {
    fn new(question: Question, reason: Reason) -> Self {
        let rank = match reason {
            Reason::ThirdPartyBlocked | Reason::OtherPartition => 0,
            Reason::SameSiteStrict | Reason::SameSiteLax | Reason::SameSiteDefaultLax => 1,
            Reason::SecureRequired | Reason::OverwritesSecure | Reason::MixedContent => 2,
            _ => 3,
        };
        Self { rank, question, reason }
    }
}

/// What may be done about one obstacle.
#[derive(Clone, Debug, Default)]
struct Remedies {
    /// A change that several cookies want is one edit.
    cookies: BTreeMap<CookieChange, BTreeSet<Target>>,
    others: BTreeSet<Edit>,
}

impl Remedies {
    fn add(&mut self, other: &Self) {
        for (change, of) in &other.cookies {
            self.cookies.entry(change.clone()).or_default().extend(of.iter().cloned());
        }
        self.others.extend(other.others.iter().cloned());
    }

    fn edits(&self) -> impl Iterator<Item = Edit> {
        let cookies = self.cookies.iter();
        let cookies = cookies.map(|(change, of)| Edit::Cookie { change: change.clone(), of: of.clone() });
        cookies.chain(self.others.iter().cloned())
    }
}

struct Proposals<'p> {
    plan: &'p Plan,
    done: &'p Edits,
    goal: &'p Goal,
    /// What is being looked at.
    obstacle: Option<Obstacle>,
    found: BTreeMap<Obstacle, Remedies>,
}

impl Proposals<'_> {
    fn look_at(&mut self, step: usize, before: &Observation, seen: &Observation) {
        for exchange in &seen.exchanges {
            for line in &exchange.set_cookie {
                self.refusal(
                    step,
                    Some(exchange.wire.behind().origin),
                    exchange.wire.url.host_str(),
                    line,
                    seen,
                );
            }
        }
        if let Some(line) = &seen.written {
            self.refusal(step, None, None, line, seen);
        }
        for exchange in seen.requests() {
            for withheld in &exchange.withheld {
                let name = self.original(&withheld.name);
                if self.goal.concerns(&name) {
                    let targets = self.setters(&name, &withheld.domain);
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
        self.hidden(step, seen);
        for reason in &seen.page.cors {
            self.obstacle = Some(Obstacle::new(Question::Readable, *reason));
            match reason {
                Reason::MixedContent => self.topology(Topology::Https),
                Reason::Network => {}
                // An answer that nobody has asked to read is left as it was, unless the call was not even made.
                _ if seen.requests().next().is_some()
                    && before.page.readable != Some(true)
                    && !self.goal.claims(step) => {}
                _ => self.other(Edit::Grant { step: self.first_like(step) }),
            }
        }
    }

    /// What may be done so that scripts see a cookie, where a claim is about that. That HttpOnly hides it is what
    /// HttpOnly is for.
    fn hidden(&mut self, step: usize, seen: &Observation) {
        if !self.plan.steps[step].claims_document_cookie() {
            return;
        }
        let Some(page) = cause::script_page(self.plan, step, seen) else { return };
        for cookie in seen.jar.iter().flatten() {
            let name = self.original(&cookie.name);
            let reasons = cause::hiding(cookie, &page);
            if !self.goal.concerns(&name) || reasons.contains(&Reason::HttpOnly) {
                continue;
            }
            let targets = self.setters(&name, &cookie.domain);
            for reason in reasons {
                self.withheld(step, reason, &targets, &cookie.domain, page.host_str());
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
            if !goal::survives(seen, line) {
                return;
            }
            self.obstacle = Some(Obstacle::new(Question::Stored, Reason::Expired));
            // What is to be deleted has another domain, path or partition than the line says.
            for cookie in goal::held(seen, &line.name) {
                let domain = (!cookie.host_only).then(|| cookie.domain.clone());
                self.cookie(CookieChange::Match { domain, path: cookie.path.clone() }, &targets);
                if cookie.partition.is_some() {
                    self.cookie(CookieChange::Partitioned, &targets);
                }
            }
        }
        for reason in &line.reasons {
            self.obstacle = Some(Obstacle::new(Question::Stored, *reason));
            match reason {
                Reason::DomainMismatch | Reason::PublicSuffix => {
                    self.cookie(CookieChange::DropDomain, &targets);
                    if let Some(domain) = host.and_then(registrable_domain) {
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
        self.obstacle = Some(Obstacle::new(Question::Sent, reason));
        match reason {
            Reason::CredentialsOmitted => self.include(step),
            Reason::HostOnly | Reason::DomainMismatch => {
                // A domain that covers both, if there is one.
                let common = host
                    .and_then(registrable_domain)
                    .filter(|common| registrable_domain(domain) == Some(common));
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
        if let Some(obstacle) = self.obstacle.filter(|_| !targets.is_empty()) {
            let remedies = self.found.entry(obstacle).or_default();
            remedies.cookies.entry(change).or_default().extend(targets.iter().cloned());
        }
    }

    fn other(&mut self, edit: Edit) {
        if let Some(obstacle) = self.obstacle {
            self.found.entry(obstacle).or_default().others.insert(edit);
        }
    }

    fn include(&mut self, step: usize) {
        if matches!(self.plan.steps[step].action, Action::Fetch(_) | Action::Xhr(_)) {
            self.other(Edit::Include { step: self.first_like(step) });
        }
    }

    /// The first step that makes the same call from the same page: what mends one mends the other.
    fn first_like(&self, step: usize) -> usize {
        let steps = &self.plan.steps;
        let page = |step| topology::page_at(self.plan, step);
        let alike = |other: &usize| steps[*other].action == steps[step].action && page(*other) == page(step);
        (0..step).find(alike).unwrap_or(step)
    }

    fn topologies(&mut self, step: usize) {
        for topology in topology::options(self.plan, step) {
            self.topology(topology);
        }
    }

    fn topology(&mut self, topology: Topology) {
        self.other(Edit::Topology(topology));
    }

    /// The cookies of the plan with this name: those of this origin where it sets any.
    fn targets(&self, origin: Option<usize>, name: &str) -> BTreeSet<Target> {
        let named = lines(self.plan)
            .filter(|(_, _, line)| Line(line).name() == name)
            .map(|(origin, _, _)| Target { origin, name: name.to_owned() });
        let set = of_settings(self.plan).filter(|target| target.name == name);
        let all: BTreeSet<Target> = named.chain(set).collect();
        let own: BTreeSet<Target> = all.iter().filter(|target| target.origin == origin).cloned().collect();
        if own.is_empty() { all } else { own }
    }

    /// The cookies of the plan with this name and domain: those of origins whose hosts are of it.
    fn setters(&self, name: &str, domain: &str) -> BTreeSet<Target> {
        let all = self.targets(None, name);
        let sets = |target: &Target| {
            target.origin.is_some_and(|index| domain_match(self.plan.origins[index].host(), domain))
        };
        let own: BTreeSet<Target> = all.iter().filter(|target| sets(target)).cloned().collect();
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

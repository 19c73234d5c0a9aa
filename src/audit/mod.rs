//! The checklists people go through before a deployment, as checks with evidence.
//!
//! A scenario is run as it stands. What it expects has to hold, and what crossed the wire is looked at: the
//! cookies that were set, who sent them where, what the page could not read. Then an attacker's site is added
//! to its world ([`attack`]), and what that gets is looked at too. A check that finds something says on which
//! exchange it stands and what would fix it; one that finds nothing says nothing. Nothing here runs a
//! browser, and nothing prints.

use serde::Serialize;

use crate::browser_name::BrowserName;
use crate::diagnostic::Span;
use crate::observe::{Exchange, Observation};
use crate::outcome::Run;
use crate::plan::Plan;

pub mod attack;
mod callers;
mod cookies;
mod expectations;
mod settings;
mod transport;

/// How much harm what was found can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It works today, and is fragile or untidy.
    Low,
    /// It weakens a defence.
    Medium,
    /// It does not work, or can be attacked.
    High,
}

impl Severity {
    /// The word reports and JSON use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A check of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// An expectation of the scenario's own that does not hold.
    FailedExpectation,
    /// A session's cookie without `Secure`.
    InsecureCookie,
    /// A session's cookie that scripts can read.
    ScriptReadableSession,
    /// A cookie that a browser does not store.
    RefusedCookie,
    /// A cookie that a server means to set and leaves out, telling nobody.
    CookieLeftOut,
    /// A `Domain` wider than the callers need.
    WideDomain,
    /// A `SameSite` weaker than the topology needs.
    WeakSameSite,
    /// A cookie that leaves its `SameSite` to the browser.
    UnsetSameSite,
    /// A request that carries several cookies of one name.
    SentTwice,
    /// An answer to a login that sets no cookie.
    SilentLogin,
    /// A cookie that logging out does not remove.
    SurvivesLogout,
    /// An answer that the page may not read.
    UnreadableAnswer,
    /// A caller that leaves the cookies at home.
    CredentialsOmitted,
    /// An answer with credentials that any site may read.
    ReadableByEveryone,
    /// A state-changing request that any site can forge.
    ForgeableRequest,
    /// A framework that would go wrong once TLS ends before it.
    TrustsNoProxy,
    /// An origin without TLS.
    PlainHttp,
    /// An origin that lets a browser come back without TLS.
    NoHsts,
    /// A setting of the laptop's in production.
    LocalhostLeft,
    /// A redirect that leads out of the system.
    RedirectAstray,
    /// A path that is asked for and not there.
    DeadPath,
}

impl Check {
    /// Every check, in the order of the list.
    pub const ALL: [Self; 21] = [
        Self::FailedExpectation,
        Self::InsecureCookie,
        Self::ScriptReadableSession,
        Self::RefusedCookie,
        Self::CookieLeftOut,
        Self::WideDomain,
        Self::WeakSameSite,
        Self::UnsetSameSite,
        Self::SentTwice,
        Self::SilentLogin,
        Self::SurvivesLogout,
        Self::UnreadableAnswer,
        Self::CredentialsOmitted,
        Self::ReadableByEveryone,
        Self::ForgeableRequest,
        Self::TrustsNoProxy,
        Self::PlainHttp,
        Self::NoHsts,
        Self::LocalhostLeft,
        Self::RedirectAstray,
        Self::DeadPath,
    ];

    /// The stable code reports and JSON use.
    pub const fn code(self) -> &'static str {
        match self {
            Self::FailedExpectation => "failed-expectation",
            Self::InsecureCookie => "insecure-cookie",
            Self::ScriptReadableSession => "script-readable-session",
            Self::RefusedCookie => "refused-cookie",
            Self::CookieLeftOut => "cookie-left-out",
            Self::WideDomain => "wide-domain",
            Self::WeakSameSite => "weak-same-site",
            Self::UnsetSameSite => "unset-same-site",
            Self::SentTwice => "sent-twice",
            Self::SilentLogin => "silent-login",
            Self::SurvivesLogout => "survives-logout",
            Self::UnreadableAnswer => "unreadable-answer",
            Self::CredentialsOmitted => "credentials-omitted",
            Self::ReadableByEveryone => "readable-by-everyone",
            Self::ForgeableRequest => "forgeable-request",
            Self::TrustsNoProxy => "trusts-no-proxy",
            Self::PlainHttp => "plain-http",
            Self::NoHsts => "no-hsts",
            Self::LocalhostLeft => "localhost-left",
            Self::RedirectAstray => "redirect-astray",
            Self::DeadPath => "dead-path",
        }
    }

    /// What is asked of a deployment: a sentence.
    pub const fn question(self) -> &'static str {
        match self {
            Self::FailedExpectation => "Does everything hold that the scenario expects?",
            Self::InsecureCookie => "Does every session's cookie have Secure?",
            Self::ScriptReadableSession => "Is every session's cookie HttpOnly?",
            Self::RefusedCookie => "Does every browser store the cookies that are set?",
            Self::CookieLeftOut => "Does every server set the cookies that it means to set?",
            Self::WideDomain => "Is no cookie's Domain wider than its callers need?",
            Self::WeakSameSite => "Is no cookie SameSite=None that is only sent within its site?",
            Self::UnsetSameSite => "Does every session's cookie say its SameSite?",
            Self::SentTwice => "Is every cookie of a request the only one of its name?",
            Self::SilentLogin => "Does every login set a cookie that somebody asks for?",
            Self::SurvivesLogout => "Does logging out remove every session's cookie?",
            Self::UnreadableAnswer => "May the page read every answer it asks for?",
            Self::CredentialsOmitted => "Does every caller across origins ask for credentials?",
            Self::ReadableByEveryone => "Are answers with credentials readable by known origins alone?",
            Self::ForgeableRequest => "Is every state-changing request refused when another site forges it?",
            Self::TrustsNoProxy => "Does every framework trust what ends TLS before it?",
            Self::PlainHttp => "Is TLS everywhere?",
            Self::NoHsts => "Does every origin send Strict-Transport-Security?",
            Self::LocalhostLeft => "Is no localhost left in a production setting?",
            Self::RedirectAstray => "Does every redirect lead to an origin of the system?",
            Self::DeadPath => "Is every path there that is asked for?",
        }
    }
}

/// Something a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// How grave it is here.
    pub severity: Severity,
    /// What was found: a lower-case fragment.
    pub headline: String,
    /// Where it shows.
    pub evidence: Evidence,
    /// What would fix it: a fragment.
    pub fix: String,
    /// The browsers it was found in, in the order they were looked at.
    pub browsers: Vec<BrowserName>,
}

/// Where a finding shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The index of the step, where it is a step of the scenario's.
    pub step: Option<usize>,
    /// The place in the scenario.
    pub span: Option<Span>,
    /// What was seen there, a line each: the exchange, the header.
    pub seen: Vec<String>,
}

/// A step of a run, and what was seen in it.
#[derive(Clone, Copy, Debug)]
struct Seen<'a> {
    plan: &'a Plan,
    browser: BrowserName,
    step: usize,
    observation: &'a Observation,
    /// The observation of the step before.
    before: Option<&'a Observation>,
}

impl Seen<'_> {
    /// Evidence in this step: an exchange, and a line of it.
    fn evidence(&self, exchange: Option<&Exchange>, line: impl Into<Option<String>>) -> Evidence {
        let exchange = exchange.map(|exchange| {
            let wire = &exchange.wire;
            format!("on the wire: {} {} was answered {}", wire.method, wire.url, wire.status)
        });
        Evidence {
            step: Some(self.step),
            span: self.plan.steps.get(self.step).map(|step| step.span.clone()),
            seen: exchange.into_iter().chain(line.into()).collect(),
        }
    }

    fn finding(
        &self,
        check: Check,
        severity: Severity,
        headline: String,
        evidence: Evidence,
        fix: impl Into<String>,
    ) -> Finding {
        Finding { check, severity, headline, evidence, fix: fix.into(), browsers: vec![self.browser] }
    }
}

/// The steps of runs that something was seen in.
fn steps<'a>(runs: &'a [Run]) -> impl Iterator<Item = Seen<'a>> {
    runs.iter().flat_map(|run| {
        let mut before = None;
        run.steps.iter().enumerate().filter_map(move |(step, done)| {
            let observation = done.observation.as_ref().filter(|seen| seen.unpredicted.is_none())?;
            let seen = Seen { plan: &run.plan, browser: run.browser, step, observation, before };
            before = Some(observation);
            Some(seen)
        })
    })
}

/// What the checks find in the runs of one scenario, and in those of its attack. The gravest come first,
/// and then the order is that of the list; what several browsers show is one finding.
pub fn findings(plan: &Plan, runs: &[Run], attacks: &[Run]) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    let mut add = |found: Finding| {
        let same = |known: &&mut Finding| {
            known.check == found.check
                && known.headline == found.headline
                // Two claims of a scenario are two, and may be spelt alike.
                && (found.check != Check::FailedExpectation || known.evidence.span == found.evidence.span)
        };
        match all.iter_mut().find(same) {
            Some(known) => {
                known.severity = known.severity.max(found.severity);
                let new = found.browsers.iter().filter(|browser| !known.browsers.contains(browser));
                let new: Vec<BrowserName> = new.copied().collect();
                known.browsers.extend(new);
            }
            None => all.push(found),
        }
    };
    for seen in steps(runs) {
        cookies::look(&seen, &mut add);
        callers::look(&seen, &mut add);
        transport::look(&seen, &mut add);
    }
    expectations::look_over(plan, runs, &mut add);
    cookies::look_over(plan, runs, &mut add);
    transport::look_over(plan, runs, &mut add);
    attack::look_over(plan, attacks, &mut add);
    all.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.check));
    all
}

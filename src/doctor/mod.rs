//! Proves that the world works in a browser on this machine: one tiny world, and what each step of it shows.
//!
//! The browser is run as for any scenario, by [`crate::run`]; this file knows what its steps have to
//! show, and what to do where they do not. It opens no socket and prints nothing.

use std::sync::Arc;

use serde::Serialize;

use crate::browser_name::{BrowserName, Engine, ThirdParty};
use crate::diagnostic::Source;
use crate::observe::{Exchange, Observation};
use crate::outcome::Run;
use crate::plan::Plan;
use crate::scenario;

/// The world, as a scenario without a claim.
const WORLD: &str = include_str!("world.toml");

/// What one look at a browser showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at, one word: `name`, `tls`.
    pub subject: &'static str,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// How it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "lowercase")]
pub enum Finding {
    /// It works; what was seen.
    Works {
        /// What was seen.
        seen: String,
    },
    /// This browser cannot do it anywhere, and what stands in for it.
    Absent {
        /// What stands in for it.
        instead: String,
    },
    /// It does not work.
    Broken {
        /// What was seen.
        seen: String,
        /// What to do about it.
        help: String,
    },
}

impl Check {
    /// Whether nothing needs to be done.
    pub fn is_well(&self) -> bool {
        !matches!(self.finding, Finding::Broken { .. })
    }

    fn new(subject: &'static str, works: Result<String, (String, &str)>) -> Self {
        let finding = match works {
            Ok(seen) => Finding::Works { seen },
            Err((seen, help)) => Finding::Broken { seen, help: help.to_owned() },
        };
        Self { subject, finding }
    }
}

/// The scenario that is run.
pub fn plan() -> Plan {
    let (plan, mistakes) = scenario::parse(Arc::new(Source::new("doctor.toml", WORLD)));
    plan.unwrap_or_else(|| panic!("the built-in scenario is right: {mistakes:?}"))
}

/// What a run of [`plan`] showed, in the order of the steps.
pub fn checks(run: &Run) -> Vec<Check> {
    let mut checks = vec![started(run)];
    let seen: Vec<&Observation> = run.steps.iter().filter_map(|step| step.observation.as_ref()).collect();
    let [first, api, set, again, outside, laptop, impostor] = seen.as_slice() else { return checks };
    let engine = run.browser.engine;
    checks.extend([
        name(first),
        tls(first, impostor),
        proxy(outside, laptop),
        policy(run.browser, set, again),
        jar(api),
        reasons(engine, api),
        rules(run),
    ]);
    checks
}

fn started(run: &Run) -> Check {
    let works = match &run.error {
        None => Ok(format!("version {}", run.browser_version)),
        Some(error) => {
            let help =
                error.hint.as_deref().unwrap_or("run it again; if it stays so, this is a bug to report");
            Err((error.message.clone(), help))
        }
    };
    Check::new("starts", works)
}

fn name(seen: &Observation) -> Check {
    let url = seen.page.url.as_ref().map(ToString::to_string).unwrap_or_default();
    let works = match seen.page.status {
        Some(200) => Ok(format!("the address bar shows {url}")),
        _ => Err((
            format!("{url} did not load: {}", seen.page.error.as_deref().unwrap_or("no answer")),
            "look whether a policy of this machine sets a proxy for the browser (`about:policies`, \
             `chrome://policy`)",
        )),
    };
    Check::new("name", works)
}

fn tls(good: &Observation, impostor: &Observation) -> Check {
    let arrived = impostor.exchanges.iter().any(|exchange| exchange.wire.url.scheme() == "https");
    if good.page.status != Some(200) {
        let help = "the certificate of the world was refused: look at the clock of this machine";
        return Check::new("tls", Err(("the page did not load".to_owned(), help)));
    }
    // WebKit's driver has one switch, and that takes every certificate (measured 2026-11-20, WebKitGTK 2.50.6):
    // the step is not taken there.
    if impostor.unpredicted.is_some() {
        let instead = "it takes any certificate here: bad ones are told by the other engines".to_owned();
        return Check { subject: "tls", finding: Finding::Absent { instead } };
    }
    let works = if arrived {
        Err((
            "a certificate signed by nobody is taken".to_owned(),
            "look whether a policy of this machine has the browser ignore certificate errors",
        ))
    } else {
        Ok("the world's own authority is trusted, and a certificate signed by nobody is not".to_owned())
    };
    Check::new("tls", works)
}

fn proxy(outside: &Observation, laptop: &Observation) -> Check {
    let refused = outside.refused.iter().any(|name| name.starts_with("outside.example"));
    let works = match (refused, laptop.page.status) {
        (true, Some(200)) => Ok("localhost is the world's, and a name outside is refused".to_owned()),
        (false, _) => Err((
            "a name outside the world never came to the gateway".to_owned(),
            "look whether the browser has a proxy or DNS over HTTPS set by a policy of this machine",
        )),
        (true, _) => Err((
            "localhost was not reached through the gateway".to_owned(),
            "look whether a policy of this machine exempts localhost from proxies",
        )),
    };
    Check::new("proxy", works)
}

fn policy(browser: BrowserName, set: &Observation, again: &Observation) -> Check {
    let stored = set.lines("third").next().and_then(|line| line.stored);
    let sent = again.requests().any(|exchange| has(exchange, "third"));
    let partitioned =
        again.jar.iter().flatten().any(|cookie| cookie.name == "third" && cookie.partition.is_some());
    let (promised, found) = (
        browser.third_party(),
        if sent {
            if partitioned { ThirdParty::Partitioned } else { ThirdParty::Allowed }
        } else {
            ThirdParty::Blocked
        },
    );
    let works = if promised == found && (sent || stored != Some(true)) {
        Ok(format!("third-party cookies {}", found.as_str()))
    } else {
        Err((
            format!("third-party cookies {} instead of {}", found.as_str(), promised.as_str()),
            "look whether a policy of this machine decides about third-party cookies",
        ))
    };
    Check::new("policy", works)
}

fn has(exchange: &Exchange, name: &str) -> bool {
    exchange.sent.iter().any(|(sent, _)| sent == name)
}

fn jar(seen: &Observation) -> Check {
    let kept = seen.jar.iter().flatten().find(|cookie| cookie.name == "kept");
    let works = match kept {
        Some(cookie) if cookie.secure && cookie.http_only && cookie.host_only => {
            Ok("cookies are read with their attributes, HttpOnly ones included".to_owned())
        }
        Some(_) => Err((
            "a cookie is read without its attributes".to_owned(),
            "this version of the browser is not known here: report it",
        )),
        None => Err((
            "a cookie that was set is not in the jar".to_owned(),
            "look whether a policy of this machine blocks cookies",
        )),
    };
    Check::new("jar", works)
}

fn reasons(engine: Engine, seen: &Observation) -> Check {
    let native: Vec<&str> = seen.lines("refused").flat_map(|line| &line.native).map(String::as_str).collect();
    let works = match (engine, native.as_slice()) {
        (Engine::Webkit, []) => {
            let instead = "it gives none: the rules explain what it did".to_owned();
            return Check { subject: "reasons", finding: Finding::Absent { instead } };
        }
        (_, []) => Err((
            "it said nothing of a cookie it refused".to_owned(),
            "this version of the browser is not known here: report it",
        )),
        (_, words) => Ok(format!("its own words are heard: {}", words.join("; "))),
    };
    Check::new("reasons", works)
}

fn rules(run: &Run) -> Check {
    let works = match run.drift.first() {
        None => Ok("it did what the rules predict".to_owned()),
        Some(drift) => Err((
            format!("it did other than the rules predict: {drift}"),
            "this version of the browser is not known here, or a policy changes it: report it",
        )),
    };
    Check::new("rules", works)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_certificate_that_was_not_tried_is_not_said_to_be_refused() {
        let good = Observation {
            page: crate::observe::Page { status: Some(200), ..Default::default() },
            ..Observation::default()
        };
        let untried = Observation { unpredicted: Some("it takes any".to_owned()), ..Observation::default() };
        assert!(matches!(tls(&good, &untried).finding, Finding::Absent { .. }));
        assert!(matches!(tls(&good, &Observation::default()).finding, Finding::Works { .. }));
    }
}

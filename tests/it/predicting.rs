//! Scenarios in a few lines of TOML, predicted, and what was predicted in a few lines of text.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::collections::BTreeSet;
use std::sync::Arc;

use rehearsal::browser::model::{Model, UserAgent};
use rehearsal::diagnostic::{Source, Style};
use rehearsal::observe::Observation;
use rehearsal::plan::Plan;
use rehearsal::rules::reason::Reason;
use rehearsal::scenario;
use rehearsal::world::{Authority, World, hosts};

/// The plan of a scenario, which must have no mistake. The title is added.
pub fn plan(scenario: &str) -> Plan {
    let text = format!("title = \"a test\"\n{scenario}");
    let (plan, diagnostics) = scenario::parse(Arc::new(Source::new("test.toml", text)));
    let told: String = diagnostics.iter().map(|diagnostic| diagnostic.render(Style::Plain)).collect();
    plan.unwrap_or_else(|| panic!("{told}"))
}

/// A world and a tab in it.
pub struct Stage {
    pub plan: Plan,
    pub world: World,
    pub model: Model,
    pub agent: UserAgent,
}

/// The stage of a scenario for a browser.
pub fn stage(browser: &str, scenario: &str) -> Stage {
    let plan = plan(scenario);
    let authority = Authority::new(hosts(&plan)).expect("an authority");
    let world = World::start(&plan, &authority).expect("a world");
    let browser = browser.parse().expect("a browser's name");
    let model = Model::new(browser, &authority);
    let agent = model.open(&world);
    Stage { plan, world, model, agent }
}

/// What a browser does in each step of a scenario.
pub async fn predict(browser: &str, scenario: &str) -> Vec<Observation> {
    let Stage { plan, world, model, .. } = stage(browser, scenario);
    let mut seen = Vec::new();
    model.rehearse(&plan, &world, None, |_, shown| seen.push(shown)).await;
    seen
}

/// The requests of a step, each as `METHOD URL STATUS` and what happened to cookies: `a=1` sent,
/// `-b(reason)` withheld, `+c` stored, `!d(reason)` not stored.
pub fn requests(seen: &Observation) -> Vec<String> {
    let requests = seen.exchanges.iter().map(|exchange| {
        let wire = &exchange.wire;
        let mut words = vec![format!("{} {} {}", wire.method, wire.url, wire.status)];
        words.extend(exchange.sent.iter().map(|(name, value)| format!("{name}={value}")));
        words.extend(
            exchange
                .withheld
                .iter()
                .map(|withheld| format!("-{}({})", withheld.name, codes(&withheld.reasons))),
        );
        words.extend(exchange.set_cookie.iter().map(|line| match line.stored {
            Some(true) => format!("+{}", line.name),
            _ => format!("!{}({})", line.name, codes(&line.reasons)),
        }));
        words.join(" ")
    });
    requests.collect()
}

/// The codes of reasons.
pub fn codes(reasons: &BTreeSet<Reason>) -> String {
    reasons.iter().map(|reason| reason.code()).collect::<Vec<_>>().join(" ")
}

/// A header of the request with this index.
pub fn header<'a>(seen: &'a Observation, request: usize, name: &str) -> Option<&'a str> {
    let value = seen.exchanges[request].wire.request_header(name)?;
    Some(std::str::from_utf8(value).expect("the test's header is text"))
}

/// The names of the cookies in the jar.
pub fn jar(seen: &Observation) -> Vec<&str> {
    seen.jar.iter().flatten().map(|cookie| cookie.name.as_str()).collect()
}

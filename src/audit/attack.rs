//! An attacker's site in the world of a scenario: does what it tries succeed?
//!
//! The steps of the scenario are taken up to the one that logs out, so that there is a session to abuse.
//! Then the same browser visits another site, whose page repeats the requests that carried cookies or whose
//! answers are shared: as a form, submitted, and as a `fetch` with credentials.

use std::sync::Arc;

use url::Url;

use super::looks::is_logout;
use super::{Check, Evidence, Finding, Seen, Severity, settings, steps};
use crate::outcome::Run;
use crate::plan::{Action, Certificate, Credentials, Expect, Fetch, Form, Origin, Plan, Service, Step};

/// The attacker's origin: a name that is reserved (RFC 6761), so that no scenario has it.
const ATTACKER: &str = "https://attacker.invalid/";

/// The plan of the attack on what these runs of a scenario showed; `None` where there is nothing to abuse.
pub fn plan(plan: &Plan, runs: &[Run]) -> Option<Arc<Plan>> {
    let attacker = Url::parse(ATTACKER).expect("a URL");
    let mut tried: Vec<(String, Url)> = Vec::new();
    for exchange in steps(runs).flat_map(|seen| seen.observation.requests()) {
        let target = (exchange.wire.method.clone(), exchange.wire.url.clone());
        let carries = !exchange.sent.is_empty() || !exchange.withheld.is_empty();
        let shared = exchange.wire.response_header("access-control-allow-origin").is_some();
        if (carries || shared)
            && exchange.wire.status < 300
            && !tried.contains(&target)
            && !is_logout(&target.1)
        {
            tried.push(target);
        }
    }
    if tried.is_empty() || plan.origins.iter().any(|origin| origin.url == attacker) {
        return None;
    }
    let ends = plan.steps.iter().position(|step| step.action.target().is_some_and(|(_, url)| is_logout(url)));
    let mut steps: Vec<Step> = plan.steps[..ends.unwrap_or(plan.steps.len())].to_vec();
    let span = steps.last()?.span.clone();
    let mut take = |action| {
        steps.push(Step {
            action,
            span: span.clone(),
            inside: None,
            expect: Expect::default(),
            on: Vec::new(),
        });
    };
    for (method, url) in tried {
        if method == "POST" {
            take(Action::Visit(attacker.clone()));
            take(Action::Form(Form { url: url.clone(), method: method.clone(), fields: Vec::new() }));
        }
        if matches!(method.as_str(), "GET" | "POST") {
            take(Action::Visit(attacker.clone()));
            take(Action::Fetch(Fetch {
                url,
                method,
                credentials: Credentials::Include,
                headers: Vec::new(),
                body: None,
            }));
        }
    }
    for step in &mut steps {
        (step.expect, step.on) = (Expect::default(), Vec::new());
    }
    let mut origins = plan.origins.clone();
    origins.push(Origin {
        name: "attacker".to_owned(),
        url: attacker,
        certificate: Certificate::Good,
        service: Service::Page,
        cors: None,
        edge: None,
    });
    Some(Arc::new(Plan { origins, steps, ..plan.clone() }))
}

/// What a step of the attack shows. `plan` is the scenario that was attacked.
pub(super) fn look(plan: &Plan, seen: &Seen<'_>, add: &mut impl FnMut(Finding)) {
    let from_attacker = seen.before.and_then(|before| before.page.url.as_ref());
    if from_attacker.is_none_or(|url| url.as_str() != ATTACKER) {
        return;
    }
    let Some(exchange) = seen.observation.requests().next() else { return };
    let target = format!("{} {}", exchange.wire.method, exchange.wire.url);
    let cookies: Vec<String> = exchange.sent.iter().map(|(name, _)| format!("`{name}`")).collect();
    let evidence = |origin: &str| Evidence {
        step: None,
        span: plan.steps.iter().find_map(|step| {
            let (method, url) = step.action.target()?;
            (method == exchange.wire.method && *url == exchange.wire.url).then(|| step.span.clone())
        }),
        seen: vec![
            format!("on the wire: {target} from a page of {origin} was answered {}", exchange.wire.status),
            match cookies.as_slice() {
                [] => "no cookie went along".to_owned(),
                some => format!("with it went {}", some.join(", ")),
            },
        ],
    };
    let attacker = "https://attacker.invalid";
    match &seen.plan.steps[seen.step].action {
        Action::Form(_) if !cookies.is_empty() && exchange.wire.status < 400 => {
            let headline =
                format!("any site can have a visitor's browser make {target}, with the session's cookies");
            let fix =
                "ask for a CSRF token, or for `SameSite=Lax` or `Strict` cookies where callers are same-site";
            add(seen.finding(Check::ForgeableRequest, Severity::High, headline, evidence(attacker), fix));
        }
        Action::Fetch(_) if seen.observation.page.readable == Some(true) => {
            let allows = exchange.wire.response_header("access-control-allow-origin").unwrap_or_default();
            let severity = if cookies.is_empty() { Severity::Medium } else { Severity::High };
            let headline = format!("any site may read what {target} answers to a visitor's credentials");
            let mut evidence = evidence(attacker);
            evidence.seen.push(format!("Access-Control-Allow-Origin: {}", String::from_utf8_lossy(allows)));
            let fix = "allow the origins of your own pages by name, and echo no other".to_owned();
            let fix = match settings::lets_everybody_in(plan, exchange) {
                Some(setting) => format!("{fix}: what lets them in is {setting}"),
                None => fix,
            };
            add(seen.finding(Check::ReadableByEveryone, severity, headline, evidence, fix));
        }
        _ => {}
    }
}

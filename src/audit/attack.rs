//! An attacker's site in the world of a scenario: does what it tries succeed?
//!
//! The steps of the scenario are taken up to the one that logs out, so that there is a session to abuse.
//! Then the same browser visits other sites. The page of the first, which nobody could take for one of the system's,
//! repeats the requests that carried cookies or whose answers are shared: as a form, submitted, and as a `fetch` with
//! credentials. The others have names that a careless comparison of origins lets in ([`lookalikes`]); they try what is
//! shared.

use std::sync::Arc;

use url::Url;

use super::{Check, Evidence, Finding, Seen, Severity, settings, steps};
use crate::looks::is_logout;
use crate::observe::Exchange;
use crate::outcome::Run;
use crate::plan::upstream::is_loopback;
use crate::plan::{
    Action, Body, Certificate, Cors, Credentials, Expect, Fetch, FetchOptions, Form, Origin, Plan, Route,
    Service, Step,
};
use crate::suffixes::{is_under_private_suffix, registrable_domain};

/// The attacker's origin: a name that is reserved (RFC 6761), so that no scenario has it.
const ATTACKER: &str = "https://attacker.invalid/";

/// A server of the attacker's that redirects: after it, a request's `Origin` is `null` (Fetch, section 4.4,
/// "request's redirect-tainted origin").
const HOP: &str = "https://hop.attacker.invalid/";

/// So many look-alikes are tried: a scenario of many pages has no end of them.
const MOST: usize = 24;

/// A request that is tried.
struct Target {
    method: String,
    url: Url,
    /// Whether its answer says whom it is shared with.
    is_shared: bool,
}

/// The plan of the attack on what these runs of a scenario showed; `None` where there is nothing to abuse.
pub fn plan(plan: &Plan, runs: &[Run]) -> Option<Arc<Plan>> {
    let attacker = Url::parse(ATTACKER).expect("a URL");
    let targets = targets(plan, runs);
    if targets.is_empty() || plan.origins.iter().any(|origin| origin.url == attacker) {
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
    for Target { method, url, .. } in &targets {
        if method == "POST" {
            take(Action::Visit(attacker.clone()));
            take(Action::Form(Form { url: url.clone(), method: method.clone(), fields: Vec::new() }));
        }
        if matches!(method.as_str(), "GET" | "POST") {
            take(Action::Visit(attacker.clone()));
            take(read(method, url));
        }
    }
    let mut origins = plan.origins.clone();
    origins.push(site("attacker", &attacker, Service::Page, None));
    let (aims, hop) = aims(&targets);
    if !aims.is_empty() {
        let cors = Cors {
            allow_origins: vec![attacker.origin().ascii_serialization()],
            allow_credentials: true,
            ..Cors::default()
        };
        let hop_url = Url::parse(HOP).expect("a URL");
        for (place, aim) in aims.iter().enumerate() {
            take(Action::Visit(attacker.clone()));
            take(read(&aim.method, &hop_at(&hop_url, place)));
        }
        origins.push(site("hop", &hop_url, Service::Routes(hop), Some(cors)));
        for (number, (alike, _)) in lookalikes(plan).into_iter().enumerate() {
            for aim in &aims {
                take(Action::Visit(alike.clone()));
                take(read(&aim.method, &aim.url));
            }
            origins.push(site(&format!("lookalike-{number}"), &alike, Service::Page, None));
        }
    }
    for step in &mut steps {
        (step.expect, step.on) = (Expect::default(), Vec::new());
    }
    Some(Arc::new(Plan { origins, steps, ..plan.clone() }))
}

/// What is worth trying: what carried cookies, and what is shared.
fn targets(plan: &Plan, runs: &[Run]) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for exchange in steps(runs).flat_map(|seen| seen.observation.requests()) {
        let (method, url) = (exchange.wire.method.clone(), exchange.wire.url.clone());
        let carries = !exchange.sent.is_empty() || !exchange.withheld.is_empty();
        let is_shared = shares(plan, exchange);
        if (carries || is_shared)
            && exchange.wire.status < 300
            && !targets.iter().any(|known| (&known.method, &known.url) == (&method, &url))
            && !is_logout(&url)
        {
            targets.push(Target { method, url, is_shared });
        }
    }
    targets
}

/// Whether a server decides who may read an answer.
fn shares(plan: &Plan, exchange: &Exchange) -> bool {
    let origin = plan.origins.get(exchange.wire.behind().origin);
    let by_settings = origin.is_some_and(|origin| match &origin.service {
        Service::BackEnd(back_end) => back_end.framework.allowed_origins().is_some(),
        _ => origin.cors.is_some(),
    });
    by_settings || exchange.wire.response_header("access-control-allow-origin").is_some()
}

/// Of each origin's shared answers one is tried from everywhere, the first that can be; and for each a redirect that
/// leads to it.
fn aims(targets: &[Target]) -> (Vec<&Target>, Vec<Route>) {
    let mut aims: Vec<&Target> = Vec::new();
    let can = |target: &&Target| target.is_shared && matches!(target.method.as_str(), "GET" | "POST");
    for target in targets.iter().filter(can) {
        if !aims.iter().any(|known| known.url.origin() == target.url.origin()) {
            aims.push(target);
        }
    }
    let redirect = |(place, aim): (usize, &&Target)| Route {
        method: aim.method.clone(),
        path: format!("/{place}"),
        // A 307 keeps the method (RFC 9110, section 15.4.8).
        status: 307,
        headers: Vec::new(),
        set_cookie: Vec::new(),
        body: Body::Redirect(aim.url.to_string()),
        require_cookie: None,
        require_header: None,
        sign_jwt: None,
        require_jwt: None,
    };
    let hop = aims.iter().enumerate().map(redirect).collect();
    (aims, hop)
}

fn hop_at(hop: &Url, place: usize) -> Url {
    let mut url = hop.clone();
    url.set_path(&place.to_string());
    url
}

/// Origins that are nearly one of the system's own, and how: what an expression without its ends, or a comparison of
/// the end of a name, takes for it.
fn lookalikes(plan: &Plan) -> Vec<(Url, &'static str)> {
    let mut alikes: Vec<(Url, &'static str)> = Vec::new();
    for own in &plan.origins {
        let url = &own.url;
        let Some(host) = url.domain().filter(|_| !is_loopback(url)) else { continue };
        let Some(domain) = registrable_domain(host) else { continue };
        let mut names = vec![
            (format!("https://evil{domain}"), "a name that ends as its own"),
            (format!("https://{host}.attacker.invalid"), "a name that begins as its own"),
        ];
        if let Some((first, rest)) = host.split_once('.').filter(|(_, rest)| rest.contains('.')) {
            names.push((format!("https://{first}x{rest}"), "a name with a letter for a dot"));
        }
        if is_under_private_suffix(host)
            && let Some((_, suffix)) = domain.split_once('.')
        {
            names.push((format!("https://evil{suffix}"), "a name that ends as that of its host"));
            names.push((format!("https://another-customer.{suffix}"), "another customer of its host"));
        }
        if url.scheme() == "https" {
            names.push((
                format!("http://{host}"),
                "its own name without TLS, which whoever is on the way can write",
            ));
        }
        for (name, how) in names {
            let Ok(alike) = Url::parse(&name) else { continue };
            let is_known = |known: &Url| known.origin() == alike.origin();
            if !plan.origins.iter().any(|origin| is_known(&origin.url))
                && !alikes.iter().any(|(known, _)| is_known(known))
            {
                alikes.push((alike, how));
            }
        }
    }
    alikes.truncate(MOST);
    alikes
}

fn read(method: &str, url: &Url) -> Action {
    Action::Fetch(Fetch {
        url: url.clone(),
        method: method.to_owned(),
        credentials: Credentials::Include,
        headers: Vec::new(),
        body: None,
        options: FetchOptions::default(),
    })
}

fn site(name: &str, url: &Url, service: Service, cors: Option<Cors>) -> Origin {
    Origin {
        name: name.to_owned(),
        url: url.clone(),
        certificate: Certificate::Good,
        service,
        cors,
        edge: None,
    }
}

/// An answer that a page of somebody else's could read.
struct Read<'a> {
    seen: Seen<'a>,
    exchange: &'a Exchange,
    /// Whose page it was: its origin, and how that is nearly one of the system's.
    by: (String, &'static str),
}

/// What the steps of the attack show. `plan` is the scenario that was attacked.
pub(super) fn look_over(plan: &Plan, attacks: &[Run], add: &mut impl FnMut(Finding)) {
    let alikes = lookalikes(plan);
    let mut reads: Vec<Read<'_>> = Vec::new();
    for seen in steps(attacks) {
        let Some(from) = seen.before.and_then(|before| before.page.url.as_ref()) else { continue };
        let alike = alikes.iter().find(|(alike, _)| alike.origin() == from.origin());
        let is_attacker = from.as_str() == ATTACKER;
        if !is_attacker && alike.is_none() {
            continue;
        }
        let Some(exchange) = seen.observation.requests().next_back() else { continue };
        match &seen.plan.steps[seen.step].action {
            Action::Form(_) => forged(plan, &seen, exchange, add),
            Action::Fetch(fetch) if seen.observation.page.readable == Some(true) => {
                let is_null = fetch.url.as_str().starts_with(HOP);
                let by = match alike {
                    _ if is_null => ("null".to_owned(), "what a sandboxed frame, a file and a redirect say"),
                    Some((alike, how)) => (alike.origin().ascii_serialization(), *how),
                    None => ("https://attacker.invalid".to_owned(), ""),
                };
                reads.push(Read { seen, exchange, by });
            }
            _ => {}
        }
    }
    readable(plan, &reads, add);
}

fn forged(plan: &Plan, seen: &Seen<'_>, exchange: &Exchange, add: &mut impl FnMut(Finding)) {
    if exchange.sent.is_empty() || exchange.wire.status >= 400 {
        return;
    }
    let target = format!("{} {}", exchange.wire.method, exchange.wire.url);
    let headline = format!("any site can have a visitor's browser make {target}, with the session's cookies");
    let fix = "ask for a CSRF token, or for `SameSite=Lax` or `Strict` cookies where callers are same-site; a route that \
               takes JSON alone, by its Content-Type, cannot be reached by a form";
    let evidence = evidence(plan, exchange, "https://attacker.invalid");
    add(seen.finding(Check::ForgeableRequest, Severity::High, headline, evidence, fix));
}

/// What was read, each answer once for whoever may read it: who could be anybody says it all.
fn readable(plan: &Plan, reads: &[Read<'_>], add: &mut impl FnMut(Finding)) {
    let target = |read: &Read<'_>| format!("{} {}", read.exchange.wire.method, read.exchange.wire.url);
    let is_anybody = |read: &&Read<'_>| read.by.1.is_empty();
    let open: Vec<String> = reads.iter().filter(is_anybody).map(target).collect();
    for read in reads {
        let target = target(read);
        let open_to_all = open.contains(&target)
            || open.iter().any(|other| {
                // Look-alikes try one answer of an origin; whoever lets anybody in lets them in too.
                other
                    .split_once(' ')
                    .and_then(|(_, url)| Url::parse(url).ok())
                    .is_some_and(|url| url.origin() == read.exchange.wire.url.origin())
            });
        if open_to_all && !read.by.1.is_empty() {
            continue;
        }
        let (origin, how) = &read.by;
        let allows = read.exchange.wire.response_header("access-control-allow-origin").unwrap_or_default();
        let severity = if read.exchange.sent.is_empty() { Severity::Medium } else { Severity::High };
        let headline = match how.is_empty() {
            true => format!("any site may read what {target} answers to a visitor's credentials"),
            false => {
                format!("a page of `{origin}` may read what {target} answers to a visitor's credentials")
            }
        };
        let mut evidence = evidence(plan, read.exchange, origin);
        if !how.is_empty() {
            evidence.seen.push(format!("`{origin}` is {how}"));
        }
        evidence.seen.push(format!("Access-Control-Allow-Origin: {}", String::from_utf8_lossy(allows)));
        let fix = match how.is_empty() {
            true => "allow the origins of your own pages by name, and echo no other",
            false => {
                "compare the whole `Origin` with a list of your own; an expression takes `^https://` before, `$` after and \
                 `\\.` for each dot, and never `null`"
            }
        };
        let fix = match settings::lets_everybody_in(plan, read.exchange) {
            Some(setting) => format!("{fix}: what lets them in is {setting}"),
            None => fix.to_owned(),
        };
        add(read.seen.finding(Check::ReadableByEveryone, severity, headline, evidence, fix));
    }
}

fn evidence(plan: &Plan, exchange: &Exchange, origin: &str) -> Evidence {
    let target = format!("{} {}", exchange.wire.method, exchange.wire.url);
    let cookies: Vec<String> = exchange.sent.iter().map(|(name, _)| format!("`{name}`")).collect();
    Evidence {
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
    }
}

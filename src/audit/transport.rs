//! What carries the cookies: TLS, HSTS, redirects, and the laptop's own addresses left in production.

use std::collections::BTreeSet;

use url::Url;

use super::{Check, Evidence, Finding, Seen, Severity, settings, steps};
use crate::observe::Exchange;
use crate::outcome::Run;
use crate::plan::upstream::is_loopback;
use crate::plan::{Plan, Service, trust};
use crate::world::wire::{Answer, Note};

/// What one step shows.
pub(super) fn look(seen: &Seen<'_>, add: &mut impl FnMut(Finding)) {
    for exchange in &seen.observation.exchanges {
        plain(seen, exchange, add);
        astray(seen, exchange, add);
        localhost_domain(seen, exchange, add);
        dead(seen, exchange, add);
        left_out(seen, exchange, add);
    }
}

fn plain(seen: &Seen<'_>, exchange: &Exchange, add: &mut impl FnMut(Finding)) {
    let url = &exchange.wire.url;
    let redirects_up = exchange.wire.response_header("location").is_some_and(|location| {
        location.starts_with(b"https://") && (300..400).contains(&exchange.wire.status)
    });
    if url.scheme() == "http" && !is_loopback(url) && !redirects_up {
        let headline = format!("{} is reached without TLS", url.origin().ascii_serialization());
        let evidence = seen.evidence(Some(exchange), None);
        add(seen.finding(Check::PlainHttp, Severity::High, headline, evidence, "serve it over https alone"));
    }
}

/// A redirect to an origin that the world does not have, or from production to the laptop.
fn astray(seen: &Seen<'_>, exchange: &Exchange, add: &mut impl FnMut(Finding)) {
    let wire = &exchange.wire;
    let Some(location) = wire.response_header("location").filter(|_| (300..400).contains(&wire.status))
    else {
        return;
    };
    let location = String::from_utf8_lossy(location).into_owned();
    let Ok(to) = wire.url.join(&location) else { return };
    let known = seen.plan.origins.iter().any(|origin| origin.url.origin() == to.origin());
    let evidence = || seen.evidence(Some(exchange), format!("Location: {location}"));
    if is_loopback(&to) && !is_loopback(&wire.url) {
        let headline = format!("{} sends the browser to this laptop", wire.url);
        let fix = "take the production URL into the setting that names the redirect";
        add(seen.finding(Check::LocalhostLeft, Severity::High, headline, evidence(), fix));
    } else if !known {
        let headline = format!(
            "{} sends the browser to {}, which is no origin of the system",
            wire.url,
            to.origin().ascii_serialization()
        );
        let fix = "make the redirect URL, and what is registered with the provider, one of the system's";
        add(seen.finding(Check::RedirectAstray, Severity::High, headline, evidence(), fix));
    }
}

fn localhost_domain(seen: &Seen<'_>, exchange: &Exchange, add: &mut impl FnMut(Finding)) {
    for line in exchange.set_cookie.iter().filter(|_| !is_loopback(&exchange.wire.url)) {
        let text = String::from_utf8_lossy(&line.line).into_owned();
        if text.to_ascii_lowercase().replace(' ', "").contains(";domain=localhost") {
            let headline = format!("`{}` is set for localhost by a production host", line.name);
            let evidence = seen.evidence(Some(exchange), format!("Set-Cookie: {text}"));
            let fix = "leave `Domain` out in production";
            add(seen.finding(Check::LocalhostLeft, Severity::High, headline, evidence, fix));
        }
    }
}

/// A cookie that the server behind takes for too good for the connection: TLS ended before it, and nobody
/// told it, or it believes nobody.
fn left_out(seen: &Seen<'_>, exchange: &Exchange, add: &mut impl FnMut(Finding)) {
    for note in &exchange.wire.behind().notes {
        let Note::CookieLeftOut(why) = note else { continue };
        let target = format!("{} {}", exchange.wire.method, exchange.wire.url);
        let headline = format!("the answer to {target} lacks a cookie that the server means to set");
        let evidence = seen.evidence(Some(exchange), why.clone());
        let fix = "have the proxy that ends TLS send `X-Forwarded-Proto`, and the server trust it: in Express \
                   `app.set(\"trust proxy\", 1)`";
        add(seen.finding(Check::CookieLeftOut, Severity::High, headline, evidence, fix));
    }
}

/// A path that nothing answers: most often one that lacks the prefix the app is served below. A preflight that
/// nobody answers is found as an answer that cannot be read, and a 404 in JSON is an API's word that it has no
/// such thing.
fn dead(seen: &Seen<'_>, exchange: &Exchange, add: &mut impl FnMut(Finding)) {
    let wire = &exchange.wire;
    let is_json =
        wire.response_header("content-type").is_some_and(|kind| kind.starts_with(b"application/json"));
    let declared = is_json && wire.behind().answer != Answer::Undeclared;
    if wire.status == 404 && !declared && wire.method != "OPTIONS" {
        let headline = format!("nothing answers {} {}", wire.method, wire.url);
        let evidence = seen.evidence(Some(exchange), None);
        let fix =
            "build the front end with the base path it is served below, and route every path at the gateway";
        add(seen.finding(Check::DeadPath, Severity::Medium, headline, evidence, fix));
    }
}

/// What shows over the whole of a scenario: settings, and headers that no answer of an origin has.
pub(super) fn look_over(plan: &Plan, runs: &[Run], add: &mut impl FnMut(Finding)) {
    let browsers = || runs.iter().map(|run| run.browser).collect::<Vec<_>>();
    let evidence = |seen: String| Evidence { step: None, span: None, seen: vec![seen] };
    for origin in plan.origins.iter().filter(|origin| !is_loopback(&origin.url)) {
        let by_settings = match &origin.service {
            Service::BackEnd(back_end) => back_end.framework.allowed_origins(),
            _ => None,
        };
        let (setting, allowed) = match (&origin.cors, by_settings) {
            (Some(cors), _) => ("its CORS settings", cors.allow_origins.clone()),
            (None, Some(allowed)) => (allowed.setting, allowed.origins),
            (None, None) => continue,
        };
        let laptops: Vec<&str> = allowed
            .iter()
            .filter(|allowed| Url::parse(allowed).is_ok_and(|url| is_loopback(&url)))
            .map(String::as_str)
            .collect();
        if !laptops.is_empty() {
            add(Finding {
                check: Check::LocalhostLeft,
                severity: Severity::Medium,
                headline: format!("`{}` lets pages of any visitor's own machine in", origin.name),
                evidence: evidence(format!("{setting} has {}", laptops.join(", "))),
                fix: "take them out of the production settings".to_owned(),
                browsers: browsers(),
            });
        }
    }
    for origin in &plan.origins {
        let Some(trust) = trust::untrusting(origin, &plan.origins) else { continue };
        add(Finding {
            check: Check::TrustsNoProxy,
            severity: Severity::Low,
            headline: format!("{} of `{}` trusts no proxy that ends TLS", trust.framework, origin.name),
            evidence: evidence(format!("behind an edge where TLS ends, {}", trust.effect)),
            fix: format!(
                "set `{}`, and name the edge: `edge = \"fly\"`, or `edge = \"none\"`",
                trust.setting
            ),
            browsers: browsers(),
        });
    }
    let (mut asked, mut strict) = (BTreeSet::new(), BTreeSet::new());
    for exchange in steps(runs).flat_map(|seen| &seen.observation.exchanges) {
        let url = &exchange.wire.url;
        if url.scheme() == "https" && !is_loopback(url) {
            asked.insert(url.origin().ascii_serialization());
            if exchange.wire.response_header("strict-transport-security").is_some() {
                strict.insert(url.origin().ascii_serialization());
            }
        }
    }
    let without: Vec<&str> = asked.difference(&strict).map(String::as_str).collect();
    if !without.is_empty() {
        add(Finding {
            check: Check::NoHsts,
            severity: Severity::Low,
            headline: format!("{} never send Strict-Transport-Security", without.join(", ")),
            evidence: evidence(
                "the first visit by a bare name goes over plain http, and can be caught".to_owned(),
            ),
            fix: match settings::hsts(plan) {
                Some(setting) => {
                    format!("send `Strict-Transport-Security: max-age=31536000` over https; {setting}")
                }
                None => "send `Strict-Transport-Security: max-age=31536000` over https".to_owned(),
            },
            browsers: browsers(),
        });
    }
}

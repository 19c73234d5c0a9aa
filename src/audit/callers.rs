//! The page's own requests: whether it may read what it asks for, and whether it asks for credentials.

use super::{Check, Finding, Seen, Severity, settings};
use crate::plan::Action;
use crate::rules::reason::{Question, Reason};

/// What one step shows.
pub(super) fn look(seen: &Seen<'_>, add: &mut impl FnMut(Finding)) {
    unreadable(seen, add);
    omitted(seen, add);
}

fn unreadable(seen: &Seen<'_>, add: &mut impl FnMut(Finding)) {
    let page = &seen.observation.page;
    if page.readable != Some(false) || page.cors.is_empty() || page.cors.contains(&Reason::Network) {
        return;
    }
    let Some((method, url)) = seen.plan.steps.get(seen.step).and_then(|step| step.action.target()) else {
        return;
    };
    // What a call says itself that it does not want to read is no fault of an answer.
    let own = [Reason::Opaque, Reason::RedirectRefused, Reason::SameOriginMode];
    if page.cors.iter().all(|reason| own.contains(reason)) {
        return;
    }
    let codes: Vec<&str> = page.cors.iter().map(|reason| reason.code()).collect();
    let headline = format!("the page may not read {method} {url} ({})", codes.join(", "));
    let mut evidence = seen.evidence(seen.observation.exchanges.last(), None);
    evidence.seen.extend(page.cors.iter().map(|reason| reason.sentence(Question::Readable).to_owned()));
    let has = |reason| page.cors.contains(&reason);
    let fix = if has(Reason::MixedContent) {
        "serve what an https page asks for over https"
    } else if has(Reason::CorsNoAllowOrigin) || has(Reason::CorsOriginMismatch) {
        "allow the page's origin by name, with credentials and the headers it sends, and on errors and \
         preflights too: CORS has to come before whatever answers them"
    } else if has(Reason::CorsWildcardWithCredentials) {
        "answer with the page's very origin in place of `*`"
    } else if has(Reason::CorsCredentialsNotAllowed) {
        "answer with `Access-Control-Allow-Credentials: true`"
    } else if has(Reason::CorsPreflightHeader) {
        "name the request's headers in `Access-Control-Allow-Headers`"
    } else if has(Reason::CorsPreflightMethod) {
        "name the request's method in `Access-Control-Allow-Methods`"
    } else {
        "answer the preflight with a status from 200 to 299, and without a redirect"
    };
    let fix = settings::of_call(seen, fix);
    add(seen.finding(Check::UnreadableAnswer, Severity::High, headline, evidence, fix));
}

fn omitted(seen: &Seen<'_>, add: &mut impl FnMut(Finding)) {
    let Some(step) = seen.plan.steps.get(seen.step) else { return };
    let (key, fix) = match &step.action {
        Action::Fetch(_) => ("fetch", "call it with `credentials: \"include\"`"),
        Action::Xhr(_) => ("XMLHttpRequest", "set `withCredentials = true` before it is sent"),
        _ => return,
    };
    for exchange in seen.observation.requests() {
        let left_out = |reasons: &std::collections::BTreeSet<Reason>| {
            reasons.len() == 1 && reasons.contains(&Reason::CredentialsOmitted)
        };
        let held: Vec<&str> = exchange
            .withheld
            .iter()
            .filter(|withheld| left_out(&withheld.reasons))
            .map(|withheld| withheld.name.as_str())
            .collect();
        let dropped = exchange.set_cookie.iter().filter(|line| left_out(&line.reasons));
        let dropped: Vec<&str> = dropped.map(|line| line.name.as_str()).collect();
        let target = format!("{} {}", exchange.wire.method, exchange.wire.url);
        for (names, what) in [(held, "leaves at home"), (dropped, "throws away")] {
            if names.is_empty() {
                continue;
            }
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let headline =
                format!("{target} {what} {}: this {key} asks for no credentials", names.join(", "));
            let evidence = seen.evidence(Some(exchange), None);
            add(seen.finding(Check::CredentialsOmitted, Severity::High, headline, evidence, fix));
        }
    }
}

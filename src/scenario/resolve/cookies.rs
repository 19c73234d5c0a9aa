//! A warning for every expectation on a cookie that nothing in the scenario can set.
//!
//! Such an expectation is most often a misspelt name, and one of absence would hold for ever.

use std::collections::BTreeSet;

use super::super::mistakes::Mistakes;
use super::super::written::{Action, Expect, Scenario};
use crate::diagnostic::{Diagnostic, Span, did_you_mean, listed};
use crate::plan::Body;
use crate::plan::framework::CookieCall;

/// Warns once for each name.
pub(super) fn check(scenario: &Scenario, mistakes: &mut Mistakes) {
    let mut settable = BTreeSet::new();
    // Scripts may set what they like, so a name that occurs in one is taken for settable.
    let mut scripts: Vec<&str> = Vec::new();
    let frameworks = scenario.origins.iter().filter_map(|origin| origin.framework.as_ref());
    let of_frameworks: Vec<String> = frameworks.flat_map(|at| at.value.cookies()).collect();
    settable.extend(of_frameworks.iter().map(String::as_str));
    for route in scenario.origins.iter().flat_map(|origin| &origin.routes) {
        settable.extend(route.view.calls.iter().map(CookieCall::name));
        settable.extend(route.set_cookie.iter().filter_map(|line| name_of(&line.value)));
        let headers =
            route.headers.iter().filter(|header| header.name.value.eq_ignore_ascii_case("set-cookie"));
        settable.extend(headers.filter_map(|header| name_of(&header.value.value)));
        for (_, body) in &route.bodies {
            if let Body::Html(text) | Body::Text(text) = &body.value {
                scripts.push(text);
            }
        }
    }
    for action in scenario.steps.iter().flat_map(|step| &step.actions) {
        match &action.value {
            Some(Action::DocumentCookie { write: Some(line) }) => settable.extend(name_of(&line.value)),
            Some(Action::Eval(script)) => scripts.push(script),
            _ => {}
        }
    }

    let mut told = BTreeSet::new();
    for step in &scenario.steps {
        for expect in std::iter::once(&step.expect).chain(step.on.iter().map(|(_, expect)| expect)) {
            for (name, span) in names(expect) {
                let known = settable.contains(name) || scripts.iter().any(|text| text.contains(name));
                if !known && told.insert(name.to_owned()) {
                    mistakes.add(warning(name, span, &settable));
                }
            }
        }
    }
}

fn warning(name: &str, span: Span, settable: &BTreeSet<&str>) -> Diagnostic {
    let diagnostic =
        Diagnostic::warning(format!("nothing in this scenario sets a cookie `{name}`")).label(span, "");
    match did_you_mean(name, settable.iter().copied()) {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None if settable.is_empty() => {
            diagnostic.help("no route has a `set_cookie`: add it to the one that sets this cookie")
        }
        None => diagnostic.help(format!("the cookies that are set are {}", listed(settable.iter().copied()))),
    }
}

/// Every cookie an expectation names, and where.
fn names(expect: &Expect) -> Vec<(&str, Span)> {
    let claims = &expect.claims;
    let stored = claims.stored.iter().map(|claim| (claim.value.name.as_str(), claim.span.clone()));
    let sent = claims.sent.iter().map(|claim| (claim.value.name.as_str(), claim.span.clone()));
    let absent = claims.not_stored.iter().chain(&claims.not_sent);
    let absent = absent.map(|claim| (claim.value.name.as_str(), claim.span.clone()));
    let listed = claims
        .document_cookie
        .iter()
        .flat_map(|claim| claim.value.iter().map(|name| (name.as_str(), claim.span.clone())));
    stored.chain(absent).chain(sent).chain(listed).collect()
}

/// The name a Set-Cookie line gives its cookie (RFC 6265bis -22, section 5.6, steps 2 to 4).
fn name_of(line: &str) -> Option<&str> {
    let pair = line.split(';').next().unwrap_or_default();
    match pair.split_once('=') {
        Some((name, _)) => Some(name.trim()),
        None => Some(""),
    }
}

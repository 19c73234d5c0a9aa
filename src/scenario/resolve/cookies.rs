//! Warnings about cookies: slips in the lines that set them, and every expectation on a cookie that nothing in
//! the scenario can set.
//!
//! Such an expectation is most often a misspelt name, and one of absence would hold for ever. Either may be
//! meant, so nothing here is an error.

use std::collections::{BTreeMap, BTreeSet};

use super::super::checks;
use super::super::mistakes::Mistakes;
use super::super::written::{Action, At, Expect, Payload, Route, Scenario};
use crate::cookie_line;
use crate::diagnostic::{Diagnostic, Span, did_you_mean, listed};
use crate::near;
use crate::plan::framework::CookieCall;
use crate::plan::{Body, placeholder};
use crate::rules::line::Line;
use crate::slips::slips;

/// Warns of the slips in every line. Where the file is not settled, a variable may have left a gap in a line.
pub(super) fn check_lines(scenario: &Scenario, settled: bool, mistakes: &Mistakes) {
    for line in lines(scenario) {
        let raw = mistakes.text().get(line.span.clone()).unwrap_or_default();
        if !settled && raw.contains("{{") {
            continue;
        }
        // What stands for a moment becomes a date, and places in the line are no longer those of the file.
        let moments = placeholder::moments(&line.value);
        if moments.iter().any(|(_, shift)| shift.is_none()) {
            continue;
        }
        if !moments.is_empty() {
            let dated = placeholder::at(&line.value, |_| "Fri, 31 Dec 2100 00:00:00 GMT".to_owned());
            for slip in slips(&dated) {
                mistakes.add(Diagnostic::warning(slip.message).label(line.span.clone(), "").help(slip.help));
            }
            continue;
        }
        for slip in slips(&line.value) {
            let place = checks::part(mistakes.text(), line, &slip.span);
            mistakes.add(Diagnostic::warning(slip.message).label(place, "").help(slip.help));
        }
    }
}

/// Every line that is written out: those of routes, and those that steps assign to `document.cookie`.
fn lines(scenario: &Scenario) -> Vec<&At<String>> {
    let sent = answers(scenario).flat_map(|route| {
        let is_line = |name: &str| name.eq_ignore_ascii_case("set-cookie");
        let fields = route.headers.iter().filter(move |header| is_line(&header.name.value));
        route.set_cookie.iter().chain(fields.map(|header| &header.value))
    });
    let actions = scenario.steps.iter().flat_map(|step| &step.actions);
    let written = actions.filter_map(|action| match &action.action {
        Some(Action::DocumentCookie { write }) => write.as_ref(),
        _ => None,
    });
    sent.chain(written).collect()
}

/// Every answer of a route, also those it gives without a cookie.
fn answers(scenario: &Scenario) -> impl Iterator<Item = &Route> {
    scenario.origins.iter().flat_map(|origin| &origin.routes).flat_map(|route| {
        let cookie = route.require_cookie.as_ref().and_then(|required| required.otherwise.as_deref());
        let header = route.require_header.as_ref().and_then(|required| required.otherwise.as_deref());
        std::iter::once(route).chain(cookie).chain(header)
    })
}

/// Warns once for each name.
pub(super) fn check(scenario: &Scenario, mistakes: &Mistakes) {
    // What a real server sets, nobody knows beforehand.
    if scenario.origins.iter().any(|origin| origin.upstream.is_some()) {
        return;
    }
    let mut settable = BTreeSet::new();
    // A cookie in another's line is told as a slip.
    let folded: Vec<String> =
        lines(scenario).iter().flat_map(|line| cookie_line::unfolded(&line.value)).collect();
    settable.extend(folded.iter().map(|line| Line(line).name()));
    // Scripts may set what they like, so a name that occurs in one is taken for settable.
    let mut scripts: Vec<&str> = Vec::new();
    let frameworks = scenario.origins.iter().filter_map(|origin| origin.framework.as_ref());
    let of_frameworks: Vec<String> = frameworks.flat_map(|at| at.value.cookies()).collect();
    settable.extend(of_frameworks.iter().map(String::as_str));
    for route in answers(scenario) {
        settable.extend(route.view.calls.iter().map(CookieCall::name));
        settable.extend(route.set_cookie.iter().map(|line| Line(&line.value).name()));
        let headers =
            route.headers.iter().filter(|header| header.name.value.eq_ignore_ascii_case("set-cookie"));
        settable.extend(headers.map(|header| Line(&header.value.value).name()));
        for (_, body) in &route.bodies {
            if let Body::Html(text) | Body::Text(text) = &body.value {
                scripts.push(text);
            }
        }
    }
    for action in scenario.steps.iter().flat_map(|step| &step.actions) {
        match &action.action {
            Some(Action::DocumentCookie { write: Some(line) }) => {
                _ = settable.insert(Line(&line.value).name())
            }
            Some(Action::Eval(script)) => scripts.push(script),
            _ => {}
        }
    }

    check_read(scenario, mistakes);
    let mut told = BTreeSet::new();
    for required in scenario
        .origins
        .iter()
        .flat_map(|origin| &origin.routes)
        .filter_map(|route| route.require_cookie.as_ref())
        .map(|required| &required.name)
    {
        let name = required.value.as_str();
        let known = settable.contains(name) || scripts.iter().any(|text| text.contains(name));
        // One that no route sets may be set where nobody looks; a name that is nearly one of those is a slip.
        if !known
            && let Some((near, _)) = near::name::near(name, settable.iter().copied())
            && told.insert(name.to_owned())
        {
            mistakes.add(
                Diagnostic::warning(format!("nothing in this scenario sets a cookie `{name}`"))
                    .label(required.span.clone(), format!("`{near}` is set"))
                    .note("to browsers and servers these are two cookies, prefix and case included")
                    .help(format!("did you mean `{near}`?")),
            );
        }
    }
    let asked_for = |name: &str| settable.contains(name) || scripts.iter().any(|text| text.contains(name));
    for (name, span) in read_by_pages(scenario) {
        if !asked_for(&name) && told.insert(name.clone()) {
            mistakes.add(warning(&name, span, &settable));
        }
    }
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

/// Warns where a page is to read a cookie that every line keeps from scripts.
fn check_read(scenario: &Scenario, mistakes: &Mistakes) {
    let read = read_by_pages(scenario);
    if read.is_empty() {
        return;
    }
    // The first line that sets each name, and whether all lines hide it.
    let mut set: BTreeMap<&str, (&At<String>, bool)> = BTreeMap::new();
    for line in lines(scenario) {
        let is_hidden = Line(&line.value).attribute("HttpOnly").is_some();
        set.entry(Line(&line.value).name()).or_insert((line, true)).1 &= is_hidden;
    }
    let mut told = BTreeSet::new();
    for (name, span) in read {
        if let Some((line, true)) = set.get(name.as_str())
            && told.insert(name.clone())
        {
            mistakes.add(
                Diagnostic::warning(format!("no script can read `{name}`: it is HttpOnly"))
                    .label(span, "read here")
                    .label(line.span.clone(), "set here")
                    .note("a header with `{cookie.…}` is left out then, and a body or a field has nothing in its place")
                    .help("leave `HttpOnly` out of a cookie that scripts have to read, unless that is what is rehearsed"),
            );
        }
    }
}

/// The cookies whose values steps put into what they send, and where.
fn read_by_pages(scenario: &Scenario) -> Vec<(String, Span)> {
    let mut read = Vec::new();
    for acted in scenario.steps.iter().flat_map(|step| &step.actions) {
        let mut add = |text: &str, span: &Span| {
            let names =
                placeholder::cookies(text).into_iter().map(|(_, name)| (name.to_owned(), span.clone()));
            read.extend(names);
        };
        match &acted.action {
            Some(Action::Fetch { request, .. } | Action::Xhr { request, .. }) => {
                for header in &request.headers {
                    add(&header.value.value, &header.value.span);
                }
                for body in &request.bodies {
                    match &body.value {
                        Payload::Text(text) => add(text, &body.span),
                        Payload::Json(value) => add(&value.to_string(), &body.span),
                    }
                }
            }
            Some(Action::Form { fields, .. }) => {
                fields.iter().for_each(|(_, value)| add(&value.value, &value.span));
            }
            Some(Action::Fill(fields)) => {
                fields.iter().for_each(|(_, value)| add(&value.value, &value.span));
            }
            _ => {}
        }
    }
    read
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::diagnostic::{Severity, Source};
    use crate::scenario::parse;

    /// What is said of a scenario whose one route has these lines: what each warning is under, and the warning
    /// itself. There is a plan all the same.
    fn warned(set_cookie: &str, more: &str) -> Vec<(String, String)> {
        let text = format!(
            "title = \"a slip\"\n{more}[origins.web]\nurl = \"https://www.example.com\"\n\
             [[origins.web.routes]]\nat = \"GET /\"\nset_cookie = {set_cookie}\n[[step]]\nvisit = \"web:/\"\n"
        );
        let (plan, diagnostics) = parse(Arc::new(Source::new("slip.toml", text.clone())));
        assert!(plan.is_some(), "a slip is no mistake: {diagnostics:?}");
        diagnostics
            .into_iter()
            .map(|warning| {
                assert_eq!(warning.severity, Severity::Warning);
                (text[warning.labels[0].0.clone()].to_owned(), warning.message)
            })
            .collect()
    }

    #[test]
    fn a_slip_in_a_line_is_a_warning_under_the_slip() {
        let told = warned("[\"sid=1; Http-Only; Path=/\", 'Set-Cookie: a=\"1\"; Secure, SameSite=Laxx']", "");
        let under: Vec<&str> = told.iter().map(|(under, _)| under.as_str()).collect();
        assert_eq!(under, ["Http-Only", "Set-Cookie:", ","], "{told:?}");
        assert!(told[0].1.contains("browsers ignore the unknown attribute `Http-Only`"), "{told:?}");
        let told = warned("\"a=\\\"1\\\"; SameSite=Laxx; Max-Age=1h\"", "");
        let under: Vec<&str> = told.iter().map(|(under, _)| under.as_str()).collect();
        assert_eq!(under, ["SameSite=Laxx", "Max-Age=1h"], "{told:?}");
    }

    #[test]
    fn a_slip_in_a_variable_is_a_warning_under_the_whole_line() {
        let told = warned("[\"sid=1; {{flags}}\"]", "variables.flags = \"secur\"\n");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].0, "\"sid=1; {{flags}}\"");
    }

    #[test]
    fn lines_as_servers_send_them_are_passed_over() {
        let lines = "[\"sid=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Priority=High\", \"a=1, 2\"]";
        assert!(warned(lines, "").is_empty());
    }
}

//! What changes of a page's own request, and of an answer that leads it astray.

use super::change::Change;
use super::topology;
use crate::plan::{Action, Body, Credentials, FetchOptions, Plan};

/// A call as its script would have it. `None` for a step that is none.
pub(crate) fn call(action: &Action) -> Option<String> {
    match action {
        Action::Fetch(fetch) => {
            let mut options = Vec::new();
            if fetch.method != "GET" {
                options.push(format!("method: \"{}\"", fetch.method));
            }
            if fetch.credentials != Credentials::SameOrigin {
                options.push(format!("credentials: \"{}\"", fetch.credentials.word()));
            }
            if fetch.options.mode != FetchOptions::default().mode {
                options.push(format!("mode: \"{}\"", fetch.options.mode.word()));
            }
            if fetch.options.redirect != FetchOptions::default().redirect {
                options.push(format!("redirect: \"{}\"", fetch.options.redirect.word()));
            }
            let options =
                if options.is_empty() { String::new() } else { format!(", {{ {} }}", options.join(", ")) };
            Some(format!("fetch(\"{}\"{options})", fetch.url))
        }
        Action::Xhr(xhr) => Some(format!("xhr.withCredentials = {}", xhr.with_credentials)),
        Action::Shared(shared) => Some(shared.html()),
        Action::EventSource(source) => Some(format!(
            "new EventSource(\"{}\", {{ withCredentials: {} }})",
            source.url, source.with_credentials
        )),
        _ => None,
    }
}

/// Makes a call with credentials, and every call like it: for the page's own origin those that `same-origin`, the
/// default, sends.
pub(crate) fn include(plan: &mut Plan, step: usize) -> Option<Change> {
    let action = plan.steps.get(step)?.action.clone();
    let before = call(&action)?;
    let page = topology::page_at(plan, step).map(|page| page.origin());
    let is_own = action.target().is_some_and(|(_, url)| page == Some(url.origin()));
    let credentials = if is_own { Credentials::SameOrigin } else { Credentials::Include };
    let mut after = None;
    let alike = |other: &Action| other.key() == action.key() && other.target() == action.target();
    for other in plan.steps.iter_mut().map(|step| &mut step.action).filter(|other| alike(other)) {
        match &mut *other {
            Action::Fetch(fetch) => fetch.credentials = credentials,
            other => *other.with_credentials_mut()? = true,
        }
        after = call(other);
    }
    let after = after.filter(|after| *after != before)?;
    Some(Change { place: "the call in the page".to_owned(), before: vec![before], after: vec![after] })
}

/// Makes a call, and every call like it, as `fetch` does where nothing is said of mode and redirects, and with a method
/// in upper case.
pub(super) fn as_usual(plan: &mut Plan, step: usize) -> Option<Change> {
    let action = plan.steps.get(step)?.action.clone();
    let before = call(&action)?;
    let mut after = None;
    for other in plan.steps.iter_mut().map(|step| &mut step.action).filter(|other| **other == action) {
        let Action::Fetch(fetch) = other else { return None };
        let usual = FetchOptions::default();
        (fetch.options.mode, fetch.options.redirect) = (usual.mode, usual.redirect);
        fetch.method = fetch.method.to_ascii_uppercase();
        after = call(other);
    }
    let after = after.filter(|after| *after != before)?;
    Some(Change { place: "the call in the page".to_owned(), before: vec![before], after: vec![after] })
}

/// Asks by https what a step asks by http, where the same host answers there, and everything else that asks so.
pub(super) fn ask_https(plan: &mut Plan, step: usize) -> Option<Change> {
    let (_, url) = plan.steps.get(step)?.action.target()?;
    let secure = https_twin(plan, url)?;
    let from = url.clone();
    let before = plan.steps[step].action.clone();
    for action in plan.steps.iter_mut().map(|step| &mut step.action) {
        if let Some(url) = action.url_mut().filter(|url| url.origin() == from.origin()) {
            url.set_scheme("https").ok()?;
            url.set_port(secure).ok()?;
        }
    }
    let after = &plan.steps[step].action;
    let line = |action: &Action| {
        let url = action.target().map(|(_, url)| url.to_string());
        call(action).or(url).unwrap_or_default()
    };
    let place = match call(after) {
        Some(_) => "the call in the page".to_owned(),
        None => "the address that is asked for".to_owned(),
    };
    Some(Change { place, before: vec![line(&before)], after: vec![line(after)] })
}

/// The port that a host answers at by https, where it was asked by http: `None` within is https's own.
pub(crate) fn https_twin(plan: &Plan, url: &url::Url) -> Option<Option<u16>> {
    if url.scheme() != "http" {
        return None;
    }
    let twins =
        plan.origins.iter().filter(|origin| origin.is_https() && Some(origin.host()) == url.host_str());
    twins.map(|origin| origin.url.port()).next()
}

/// Has a route answer 401 where it redirected.
pub(super) fn unauthorized(plan: &mut Plan, origin: usize, route: usize) -> Option<Change> {
    let origin = plan.origins.get_mut(origin)?;
    let url = origin.url.origin().ascii_serialization();
    let route = origin.service.routes_mut().get_mut(route)?;
    let Body::Redirect(to) = &route.body else { return None };
    let place = format!("the answer to {} {url}{}", route.method, route.path);
    let before = vec![format!("HTTP {}", route.status), format!("Location: {to}")];
    (route.status, route.body) = (401, Body::Empty);
    Some(Change { place, before, after: vec!["HTTP 401".to_owned()] })
}

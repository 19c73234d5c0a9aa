//! A plan without its pages' scripts: what they were seen to ask for is asked by steps. Its real servers are played.
//!
//! The rules run no script, and so could try no fix where a page has one. What a script does to cookies it does by the
//! requests it makes, and those were seen: each becomes a call of its own, from the same page. How it asked is told by
//! the request (Fetch Metadata, and the preflight before it); its credentials mode by what went along.

use url::Url;

use super::played;
use crate::observe::{Exchange, Observation};
use crate::outcome::Run;
use crate::plan::{Action, Body, Credentials, Expect, Fetch, FetchOptions, Form, Plan, Step};
use crate::rules::reason::Reason;

/// So many requests of one step are made by hand; a page that polls has no end of them.
const MOST: usize = 12;

/// A plan without scripts and real servers.
pub(super) struct ByHand {
    pub(super) plan: Plan,
    /// For each step of the plan it was made of, the last that stands for it.
    pub(super) last: Vec<usize>,
    /// For each of its own steps, the one of the plan it was made of that it is.
    pub(super) own: Vec<Option<usize>>,
}

/// The plan by hand, by what one of the runs has seen: the longest, real browsers first.
pub(super) fn plan(plan: &Plan, runs: &[Run]) -> ByHand {
    let seen_in = |run: &&Run| {
        let seen = run
            .steps
            .iter()
            .filter(|step| step.observation.as_ref().is_some_and(|seen| !seen.exchanges.is_empty()));
        (!run.browser.model, seen.count())
    };
    let best = runs.iter().max_by_key(seen_in);
    let mut steps = Vec::new();
    let (mut last, mut own) = (Vec::new(), Vec::new());
    for (index, step) in plan.steps.iter().enumerate() {
        let seen = best.and_then(|run| run.steps.get(index)).and_then(|ran| ran.observation.as_ref());
        let mut actions = actions(&step.action, seen);
        let end = actions.pop().unwrap_or(Action::DocumentCookie { write: None });
        steps.extend(actions.into_iter().map(|action| Step {
            action,
            span: step.span.clone(),
            inside: step.inside.clone(),
            expect: Expect::default(),
            on: Vec::new(),
        }));
        steps.push(Step { action: end, ..step.clone() });
        last.push(steps.len() - 1);
        // What it does itself comes first.
        let first = own.len();
        own.resize(steps.len(), None);
        own[first] = (!is_scripts(&step.action)).then_some(index);
    }
    let mut by_hand = Plan { steps, ..plan.clone() };
    played::play(&mut by_hand, best);
    for origin in &mut by_hand.origins {
        for route in origin.service.routes_mut() {
            if let Body::Html(html) = &mut route.body {
                *html = without_scripts(html);
            }
        }
    }
    ByHand { plan: by_hand, last, own }
}

/// What a step does, and what the page's scripts were seen to do because of it.
fn actions(action: &Action, seen: Option<&Observation>) -> Vec<Action> {
    let is_scripts = is_scripts(action);
    let own = action.target().map(|(_, url)| url.clone());
    let mut actions = if is_scripts { Vec::new() } else { vec![action.clone()] };
    let Some(seen) = seen else { return actions };
    let mut preflight: Option<&Exchange> = None;
    for exchange in &seen.exchanges {
        if exchange.wire.is_preflight() {
            // One that no request followed did not let it be made.
            let refused = preflight.replace(exchange);
            actions.extend(refused.and_then(|refused| unmade(refused, &seen.exchanges)));
            continue;
        }
        let asked = preflight.take_if(|asked| asked.wire.url == exchange.wire.url);
        let is_own = !is_scripts && Some(&exchange.wire.url) == own.as_ref();
        if !is_own && actions.len() < MOST {
            actions.extend(by_script(exchange, asked, &seen.exchanges));
        }
    }
    let refused = preflight.filter(|refused| Some(&refused.wire.url) != own.as_ref());
    actions.extend(refused.and_then(|refused| unmade(refused, &seen.exchanges)));
    actions
}

/// The call that a preflight was to ask for, where it was not made.
fn unmade(preflight: &Exchange, others: &[Exchange]) -> Option<Action> {
    preflight.asked.as_ref().filter(|asked| asked.readable == Some(false) && !asked.is_own)?;
    let wanted = |name: &str| {
        preflight.wire.request_header(name).map(|value| String::from_utf8_lossy(value).into_owned())
    };
    let names = wanted("access-control-request-headers").unwrap_or_default();
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    // Values are not told; which there are is enough for a preflight.
    let value = |name: &str| if name == "content-type" { "application/json" } else { "1" };
    // A login that nobody lets through is one that is to bring a cookie.
    let credentials = told_of_origin(preflight, others).unwrap_or(Credentials::Include);
    Some(Action::Fetch(Fetch {
        url: preflight.wire.url.clone(),
        method: wanted("access-control-request-method")?,
        credentials,
        headers: names.map(|name| (name.to_owned(), value(name).to_owned())).collect(),
        body: None,
        options: FetchOptions::default(),
    }))
}

/// Whether all that a step does is done by the page's scripts.
fn is_scripts(action: &Action) -> bool {
    matches!(action, Action::Click(_) | Action::Fill(_) | Action::Eval(_))
}

/// The call or the navigation that a request is of, where a script may have made it.
fn by_script(exchange: &Exchange, preflight: Option<&Exchange>, others: &[Exchange]) -> Option<Action> {
    let header = |name: &str| {
        exchange.wire.request_header(name).map(|value| String::from_utf8_lossy(value).into_owned())
    };
    let (url, method): (Url, String) = (exchange.wire.url.clone(), exchange.wire.method.clone());
    match (header("sec-fetch-mode").as_deref(), header("sec-fetch-dest").as_deref()) {
        (Some("cors" | "same-origin"), Some("empty")) => {
            let names =
                preflight.and_then(|asked| asked.wire.request_header("access-control-request-headers"));
            let names = names.map(|names| String::from_utf8_lossy(names).into_owned()).unwrap_or_default();
            let mut headers: Vec<(String, String)> = names
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .filter_map(|name| Some((name.to_owned(), header(name)?)))
                .collect();
            // Whether a preflight was remembered cannot be seen; the type of a body asks for one.
            if headers.is_empty()
                && let Some(kind) = header("content-type").filter(|kind| kind.starts_with("application/json"))
            {
                headers.push(("content-type".to_owned(), kind));
            }
            Some(Action::Fetch(Fetch {
                url,
                method,
                credentials: credentials(exchange, others),
                headers,
                body: None,
                options: FetchOptions::default(),
            }))
        }
        (Some("navigate"), Some("document")) if method == "GET" => Some(Action::Link(url)),
        (Some("navigate"), Some("document")) => Some(Action::Form(Form { url, method, fields: Vec::new() })),
        _ => None,
    }
}

/// The credentials mode of a call: what its engine told, or what went along and what was kept. Where nothing of a call
/// tells, it is as other calls to the same origin are, and else as `fetch` does by itself.
fn credentials(exchange: &Exchange, others: &[Exchange]) -> Credentials {
    told(exchange).or_else(|| told_of_origin(exchange, others)).unwrap_or(Credentials::SameOrigin)
}

/// The credentials mode of calls to the same origin as this one: that of the first that tells.
fn told_of_origin(exchange: &Exchange, others: &[Exchange]) -> Option<Credentials> {
    let origin = exchange.wire.url.origin();
    others.iter().filter(|other| other.wire.url.origin() == origin).find_map(told)
}

/// The credentials mode of a call, where something of it tells.
fn told(exchange: &Exchange) -> Option<Credentials> {
    if exchange.wire.is_preflight() {
        return None;
    }
    if let Some(mode) = exchange.account.credentials {
        return Some(mode);
    }
    let is_cross = exchange.wire.request_header("sec-fetch-site").is_some_and(|site| site != b"same-origin");
    let omitted =
        |reasons: &std::collections::BTreeSet<Reason>| reasons.contains(&Reason::CredentialsOmitted);
    let left_out = exchange.withheld.iter().any(|cookie| omitted(&cookie.reasons))
        || exchange.set_cookie.iter().any(|line| omitted(&line.reasons));
    let went = !exchange.sent.is_empty() || exchange.set_cookie.iter().any(|line| line.stored == Some(true));
    let judged =
        exchange.set_cookie.iter().any(|line| line.stored == Some(false) && !line.reasons.is_empty());
    match () {
        () if left_out => Some(Credentials::SameOrigin),
        () if is_cross && (went || judged) => Some(Credentials::Include),
        () => None,
    }
}

/// A page without the elements that hold scripts.
fn without_scripts(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let (mut kept, mut at) = (String::with_capacity(html.len()), 0);
    while let Some(start) = lower[at..].find("<script").map(|start| at + start) {
        kept.push_str(&html[at..start]);
        at = match lower[start..].find("</script") {
            Some(end) => lower[start + end..].find('>').map_or(html.len(), |close| start + end + close + 1),
            None => html.len(),
        };
    }
    kept.push_str(&html[at..]);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_left_with_its_other_elements() {
        let page = "<p>a</p><SCRIPT src=x></Script ><p>b</p><script>if (a < b) {}</script>c<script>";
        assert_eq!(without_scripts(page), "<p>a</p><p>b</p>c");
        assert_eq!(without_scripts("ü<b>"), "ü<b>");
    }
}

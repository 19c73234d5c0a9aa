//! Real servers played by what they answered: the routes that stand for one in the search for a fix.
//!
//! A fix is found by trying, and a real server must not be asked for that: it remembers. So the answers that it gave in
//! the runs become routes. What it would answer to a request that it never got, with a cookie that never came, is
//! guessed: a refusal for want of a cookie becomes an answer once that is there. Whoever proposes such a fix says so.

use serde_json::Value;

use crate::outcome::Run;
use crate::plan::{Body, Otherwise, Plan, RequiredCookie, Route, Service};
use crate::recording::cookies::Cookies;
use crate::recording::{Exchange, Kind, Recording, apart};
use crate::world::wire;

/// The header fields of an answer that decide about cookies or about who may read it, beside all of CORS.
const TELLING: [&str; 6] = [
    "clear-site-data",
    "content-security-policy",
    "content-type",
    "cross-origin-resource-policy",
    "vary",
    "www-authenticate",
];

/// Puts routes in the place of a plan's real servers: what they answered in a run.
pub(super) fn play(plan: &mut Plan, run: Option<&Run>) {
    for index in 0..plan.origins.len() {
        if plan.origins[index].upstream().is_none() {
            continue;
        }
        let seen: Vec<Exchange> = run.map(|run| answered(run, index)).unwrap_or_default();
        let origin = &mut plan.origins[index];
        // What a fix before this one laid over the answers.
        origin.cors = origin.upstream().and_then(|upstream| upstream.overlay.cors.clone());
        origin.service = Service::Routes(routes(Recording { exchanges: seen, ..Recording::default() }));
        origin.edge = None;
    }
}

/// What a server answered, behind proxies too, in order.
fn answered(run: &Run, origin: usize) -> Vec<Exchange> {
    let seen = run.steps.iter().filter_map(|step| step.observation.as_ref());
    let wires = seen.flat_map(|seen| &seen.exchanges).filter_map(|exchange| {
        let behind: &wire::Exchange = exchange.wire.behind();
        (behind.origin == origin && behind.forwarded().is_some()).then_some(behind)
    });
    wires.map(Exchange::from).collect()
}

/// The routes that give these answers.
fn routes(recording: Recording) -> Vec<Route> {
    let cookies = Cookies::of(&recording);
    let all: Vec<(usize, &Exchange)> = recording.exchanges.iter().enumerate().collect();
    let mut keys: Vec<(&str, &str)> = Vec::new();
    for (_, exchange) in &all {
        let key = (exchange.method.as_str(), exchange.url.path());
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let of = |(method, path): (&str, &str)| {
        let same =
            all.iter().filter(|(_, exchange)| exchange.method == method && exchange.url.path() == path);
        route(&cookies, &same.copied().collect::<Vec<_>>())
    };
    let mut routes: Vec<Route> = keys.iter().copied().map(of).collect();
    // What a preflight did not let be asked would be answered somehow, for the same origin.
    for (_, preflight) in all.iter().filter(|(_, exchange)| exchange.kind == Kind::Preflight) {
        let method = preflight.header("access-control-request-method").unwrap_or_default();
        if !keys.contains(&(method, preflight.url.path())) {
            let of_answers = ["access-control-allow-origin", "access-control-allow-credentials"];
            let headers = said(preflight).headers.into_iter();
            let headers = headers.filter(|(name, _)| of_answers.contains(&&*name.to_ascii_lowercase()));
            let headers = headers.collect();
            let (method, body) = (method.to_owned(), Body::Json(Value::Object(serde_json::Map::new())));
            routes.push(Route { method, status: 200, headers, body, ..said(preflight) });
        }
    }
    routes
}

/// The route that gives the answers to one method and path.
fn route(cookies: &Cookies, same: &[(usize, &Exchange)]) -> Route {
    let (at, first) = same[0];
    if let Some((name, without, with)) = apart::told_apart(same) {
        return Route { require_cookie: Some(required(name, without)), ..said(with) };
    }
    let is_one = same.iter().all(|(_, other)| apart::signature(other) == apart::signature(first));
    if is_one && let Some(name) = apart::missing(cookies, at, first) {
        let cors = said(first).headers.into_iter().filter(|(name, _)| is_cors(name)).collect();
        let body = match first.kind {
            Kind::Call => Body::Json(Value::Object(serde_json::Map::new())),
            _ => Body::Html("<!doctype html><title>page</title>".to_owned()),
        };
        return Route {
            status: 200,
            headers: cors,
            set_cookie: Vec::new(),
            body,
            require_cookie: Some(required(name, first)),
            ..said(first)
        };
    }
    said(first)
}

fn required(name: String, without: &Exchange) -> RequiredCookie {
    let Route { status, headers, set_cookie, body, .. } = said(without);
    RequiredCookie { name, otherwise: Some(Box::new(Otherwise { status, headers, set_cookie, body })) }
}

/// The route that gives one answer, whoever asks.
fn said(exchange: &Exchange) -> Route {
    let telling =
        |name: &str| is_cors(name) || TELLING.iter().any(|telling| name.eq_ignore_ascii_case(telling));
    let redirect = exchange.redirect();
    Route {
        method: exchange.method.clone(),
        path: exchange.url.path().to_owned(),
        status: exchange.answered(),
        headers: exchange.answer.iter().filter(|(name, _)| telling(name)).cloned().collect(),
        set_cookie: exchange.set_cookie.clone(),
        body: match redirect {
            Some(to) => Body::Redirect(to.into()),
            None => body(exchange),
        },
        require_cookie: None,
        require_header: None,
        sign_jwt: None,
        require_jwt: None,
    }
}

fn body(exchange: &Exchange) -> Body {
    if exchange.kind == Kind::WebSocket && exchange.answered() == 101 {
        return Body::WebSocket;
    }
    let Some(text) = &exchange.text else { return Body::Empty };
    let kind = exchange.answer("content-type").unwrap_or_default().to_ascii_lowercase();
    match serde_json::from_str(text) {
        Ok(json) if kind.contains("json") => Body::Json(json),
        _ if kind.starts_with("text/html") => Body::Html(text.clone()),
        _ => Body::Text(text.clone()),
    }
}

fn is_cors(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("access-control-")
}

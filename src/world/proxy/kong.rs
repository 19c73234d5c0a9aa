//! Kong: which route a request is for, and what its service is asked.
//!
//! After `kong/router/traditional.lua`, `kong/router/utils.lua` (`path_handling` v0) and
//! `kong/runloop/handler.lua` of 3.x. An answer comes back as it is: neither `Location` nor cookies are
//! touched.

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{StatusCode, Version};

use super::{Arrived, CLIENT, Next, Onward, put};
use crate::plan::proxy::{Kong, KongRoute, KongService};
use crate::world::reply::Reply;
use crate::world::wire::Answer;

/// Headers of a request that go no further.
const STAY: [&str; 6] = ["host", "connection", "keep-alive", "proxy-connection", "te", "upgrade"];

/// What becomes of a request.
pub(super) fn next<'p>(kong: &'p Kong, arrived: &Arrived<'_>) -> Next<'p> {
    let routes =
        kong.services.iter().flat_map(|service| service.routes.iter().map(move |route| (service, route)));
    let fitting = routes.filter_map(|(service, route)| Some((service, route, matched(route, arrived)?)));
    // The more conditions a route has the sooner it is taken, then the longer its path is. Of equals the
    // first, and `max_by_key` takes the last.
    let fitting: Vec<_> = fitting.collect();
    let best = fitting.into_iter().rev().max_by_key(|(_, route, prefix)| (conditions(route), prefix.len()));
    let Some((service, route, prefix)) = best else {
        let mut reply = Reply::new(StatusCode::NOT_FOUND, Answer::Undeclared);
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        reply.body = "{\"message\":\"no Route matched with those values\"}".into();
        return Next::Back(reply);
    };
    let query = arrived.url.query().map_or_else(String::new, |query| format!("?{query}"));
    let target = format!("{}{query}", path(service, route, prefix, arrived.url.path()));
    let headers = headers(kong, service, route, prefix, arrived);
    Next::On(Onward { upstream: &service.upstream, target, version: Version::HTTP_11, headers, back: None })
}

/// The path of a route that a request begins with, where all of the route's conditions hold.
fn matched<'r>(route: &'r KongRoute, arrived: &Arrived<'_>) -> Option<&'r str> {
    let has_method = route.methods.is_empty()
        || route.methods.iter().any(|method| method.eq_ignore_ascii_case(arrived.request.method.as_str()));
    let host = arrived.url.host_str().unwrap_or_default();
    let has_host = route.hosts.is_empty() || route.hosts.iter().any(|known| is_host(known, host));
    let has_headers = route.headers.iter().all(|(name, values)| {
        let sent = arrived.header(name);
        sent.is_some_and(|sent| values.iter().any(|value| value.eq_ignore_ascii_case(sent)))
    });
    if !(has_method && has_host && has_headers) {
        return None;
    }
    if route.paths.is_empty() {
        return Some("");
    }
    let begins = |path: &&String| arrived.url.path().starts_with(path.as_str());
    route.paths.iter().filter(begins).max_by_key(|path| path.len()).map(String::as_str)
}

/// A name, or one with a `*` at either end.
fn is_host(known: &str, host: &str) -> bool {
    match (known.strip_prefix('*'), known.strip_suffix('*')) {
        (Some(end), _) => host.ends_with(end),
        (None, Some(beginning)) => host.starts_with(beginning),
        (None, None) => known.eq_ignore_ascii_case(host),
    }
}

fn conditions(route: &KongRoute) -> usize {
    let kinds = [
        !route.paths.is_empty(),
        !route.methods.is_empty(),
        !route.hosts.is_empty(),
        !route.headers.is_empty(),
    ];
    kinds.into_iter().filter(|has| *has).count()
}

/// The path that the service is asked for: `get_upstream_uri_v0`.
fn path(service: &KongService, route: &KongRoute, prefix: &str, asked: &str) -> String {
    let base = service.base.as_str();
    let ends_with_slash = base.strip_suffix('/');
    if !route.strip_path {
        return match (ends_with_slash, asked) {
            (Some(base), _) => format!("{base}{asked}"),
            (None, "/") => base.to_owned(),
            (None, _) => format!("{base}{asked}"),
        };
    }
    let rest = &asked[prefix.len()..];
    match (ends_with_slash, rest) {
        (Some(""), "") => "/".to_owned(),
        (Some(bare), "") if !asked.ends_with('/') => bare.to_owned(),
        (None, "") if asked.len() > 1 && asked.ends_with('/') => format!("{base}/"),
        (_, "") => base.to_owned(),
        (Some(bare), rest) if rest.starts_with('/') => format!("{bare}{rest}"),
        (None, rest) if !rest.starts_with('/') => format!("{base}/{rest}"),
        (_, rest) => format!("{base}{rest}"),
    }
}

fn headers(
    kong: &Kong,
    service: &KongService,
    route: &KongRoute,
    prefix: &str,
    arrived: &Arrived<'_>,
) -> HeaderMap {
    let mut headers = arrived.request.headers.clone();
    for name in STAY {
        headers.remove(name);
    }
    let upstream = &service.upstream;
    let own = upstream.host_str().unwrap_or_default();
    let own = upstream.port().map_or_else(|| own.to_owned(), |port| format!("{own}:{port}"));
    put(&mut headers, "host", &if route.preserve_host { arrived.authority() } else { own });
    if arrived.header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket")) {
        put(&mut headers, "connection", "keep-alive, Upgrade");
        put(&mut headers, "upgrade", "websocket");
    } else {
        put(&mut headers, "connection", "keep-alive");
    }
    let said = |name: &str| arrived.header(name).filter(|_| kong.trusts).map(str::to_owned);
    let host = arrived.url.host_str().unwrap_or_default();
    let stripped = if route.strip_path && prefix != "/" { prefix } else { "" };
    let forwarded = [
        ("x-forwarded-for", arrived.forwarded_for()),
        ("x-forwarded-proto", said("x-forwarded-proto").unwrap_or_else(|| arrived.url.scheme().to_owned())),
        ("x-forwarded-host", said("x-forwarded-host").unwrap_or_else(|| host.to_owned())),
        ("x-forwarded-port", said("x-forwarded-port").unwrap_or_else(|| arrived.port.to_string())),
        ("x-forwarded-path", said("x-forwarded-path").unwrap_or_else(|| arrived.url.path().to_owned())),
        ("x-forwarded-prefix", said("x-forwarded-prefix").unwrap_or_else(|| stripped.to_owned())),
        ("x-real-ip", CLIENT.to_owned()),
    ];
    for (name, value) in forwarded {
        put(&mut headers, name, &value);
    }
    headers
}

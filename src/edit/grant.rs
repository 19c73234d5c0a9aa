//! The CORS headers that one call needs, and no more.
//!
//! Whatever way a plan states them, by settings or by headers of its routes, the result is settings that
//! name the page's origin. An answer that any origin may read stays so where that is enough; where it is
//! not, the star goes. Nothing here ever answers with whatever origin asks.

use url::Url;

use super::change::Change;
use super::framework::cors::Grant;
use super::topology::{index_of, page_at};

use crate::plan::{Action, Cors, Credentials, Origin, Plan, Route, Service};
use crate::rules::context::{self, Context};
use crate::rules::cors;
use crate::rules::site::Location;

/// What a server says to a preflight and in the answer itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// The status of the preflight's answer, where a preflight is asked.
    status: Option<u16>,
    preflight: Vec<(&'static str, String)>,
    answer: Vec<(&'static str, String)>,
}

/// What of a call matters to CORS.
struct Call {
    method: String,
    path: String,
    include: bool,
    /// The page's origin, as its `Origin` header has it.
    origin: String,
    /// Whether the browser asks first, and for which headers.
    preflight: Option<Vec<String>>,
}

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
const ALLOW_CREDENTIALS: &str = "Access-Control-Allow-Credentials";
const ALLOW_METHODS: &str = "Access-Control-Allow-Methods";
const ALLOW_HEADERS: &str = "Access-Control-Allow-Headers";

/// Lets the page of a step make its call and read the answer. `None` where it is no call, or nothing changes.
/// `original` is the plan before anything was served elsewhere: what changes is told from there.
pub(crate) fn apply(plan: &mut Plan, original: &Plan, step: usize) -> Option<Vec<Change>> {
    let (old_call, old_index) = self::call(original, step)?;
    let before = said(&original.origins[old_index], &old_call);
    let (call, index) = call(plan, step)?;
    let origin = &mut plan.origins[index];
    // A framework's CORS is in its own settings, and headers beside them would be no fix.
    if let Service::BackEnd(back_end) = &mut origin.service {
        let framework = &mut back_end.framework;
        let place = format!("{}'s settings of `{}`", framework.name(), origin.name);
        let (before, after): (Vec<String>, Vec<String>) = framework.grant(&needs(&call)).into_iter().unzip();
        return (!after.is_empty()).then(|| vec![Change { place, before, after }]);
    }
    if let Service::Proxy(_) = origin.service {
        return None;
    }
    let settings = origin.cors.clone().unwrap_or_else(|| from_headers(&said(origin, &call)));
    let settings = granted(settings, &call);
    origin.cors = Some(settings);
    for route in routes_mut(origin, &call) {
        route.headers.retain(|(name, _)| !is_cors(name));
    }
    // A declared route answers its preflight itself, whatever the settings say.
    if let Service::Routes(routes) = &mut origin.service
        && call.preflight.is_some()
    {
        routes.retain(|route| route.method != "OPTIONS" || !covers(&route.path, &call.path));
    }
    let after = said(&plan.origins[index], &call);
    let url = plan.steps[step].action.target()?.1;
    let mut changes = Vec::new();
    if call.preflight.is_some() {
        let (mut lost, mut gained) = differences(&before.preflight, &after.preflight);
        // Any status from 200 to 299 lets a call through.
        if before.status != after.status && !before.status.is_some_and(|status| (200..300).contains(&status))
        {
            lost.splice(0..0, before.status.map(|status| format!("status {status}")));
            gained.splice(0..0, after.status.map(|status| format!("status {status}")));
        }
        if !gained.is_empty() {
            changes.push(Change {
                place: format!("the answer to OPTIONS {url}"),
                before: lost,
                after: gained,
            });
        }
    }
    let (lost, gained) = differences(&before.answer, &after.answer);
    // A header that is sent twice is to be sent once: that is a line less.
    if !gained.is_empty() || lost.iter().any(|line| line.starts_with(ALLOW_ORIGIN)) {
        changes.push(Change { place: answers(plan, step, &call, url), before: lost, after: gained });
    }
    (!changes.is_empty()).then_some(changes)
}

/// Whose answers change: the settings are those of all calls of the page's origin.
fn answers(plan: &Plan, step: usize, call: &Call, url: &Url) -> String {
    let others = (0..plan.steps.len()).filter_map(|other| Some((self::call(plan, other)?, other)));
    let mut others = others.filter(|((other, _), _)| other.origin == call.origin);
    let differs = |other: usize| {
        let target = plan.steps[other].action.target();
        target.is_some_and(|(method, to)| to.origin() == url.origin() && (method, to) != (&*call.method, url))
    };
    if others.any(|(_, other)| other != step && differs(other)) {
        return format!("the answers of {} to this page", url.origin().ascii_serialization());
    }
    format!("the answer to {} {url}", call.method)
}

fn call(plan: &Plan, step: usize) -> Option<(Call, usize)> {
    let (method, url) = plan.steps.get(step)?.action.target()?;
    let (credentials, headers) = match &plan.steps[step].action {
        Action::Fetch(fetch) => (fetch.credentials, fetch.headers.as_slice()),
        Action::Xhr(xhr) if xhr.with_credentials => (Credentials::Include, xhr.headers.as_slice()),
        Action::Xhr(xhr) => (Credentials::SameOrigin, xhr.headers.as_slice()),
        other if other.with_credentials() == Some(true) => (Credentials::Include, [].as_slice()),
        other if other.with_credentials().is_some() => (Credentials::SameOrigin, [].as_slice()),
        _ => return None,
    };
    let page = page_at(plan, step)?;
    let origin = Location::parse(page.as_str())?.origin;
    let mut context = Context::fetch(
        vec![origin.clone()],
        Location::parse(url.as_str())?,
        context::Credentials::SameOrigin,
    );
    context.method = method.to_owned().into();
    let preflight = cors::preflight(&context, headers).map(|preflight| preflight.headers);
    let call = Call {
        method: method.to_owned(),
        path: url.path().to_owned(),
        include: credentials == Credentials::Include,
        origin: origin.to_string(),
        preflight,
    };
    Some((call, answering(plan, url)?))
}

/// The origin that answers the call of a step: the one behind, where a proxy passes the request on.
pub(crate) fn answering_step(plan: &Plan, step: usize) -> Option<usize> {
    answering(plan, plan.steps.get(step)?.action.target()?.1)
}

/// The origin that answers at a URL: the one behind, where a proxy passes the request on.
fn answering(plan: &Plan, url: &Url) -> Option<usize> {
    let mut index = index_of(plan, url)?;
    // A chain of proxies is no longer than there are origins: a circle is no plan.
    for _ in &plan.origins {
        let Service::Proxy(proxy) = &plan.origins[index].service else { break };
        index = index_of(plan, proxy.upstream(url.path())?)?;
    }
    Some(index)
}

/// What a framework has to grant.
fn needs(call: &Call) -> Grant {
    let asked = call.preflight.as_ref();
    Grant {
        origin: call.origin.clone(),
        credentials: call.include,
        method: asked.filter(|_| !cors::is_safelisted_method(&call.method)).map(|_| call.method.clone()),
        headers: asked.cloned().unwrap_or_default(),
    }
}

/// The settings, changed by as little as the call needs.
fn granted(mut cors: Cors, call: &Call) -> Cors {
    let any = cors.allow_origins.iter().any(|origin| origin == "*");
    if call.include && any {
        cors.allow_origins.retain(|origin| origin != "*");
    }
    let is_open = any && !call.include;
    if !is_open && !cors.allow_origins.contains(&call.origin) {
        cors.allow_origins.push(call.origin.clone());
    }
    cors.allow_credentials |= call.include;
    if let Some(headers) = &call.preflight {
        let star = |list: &[String]| !call.include && list.iter().any(|item| item == "*");
        if !cors::is_safelisted_method(&call.method)
            && !star(&cors.allow_methods)
            && !cors.allow_methods.contains(&call.method)
        {
            if call.include {
                cors.allow_methods.retain(|method| method != "*");
            }
            cors.allow_methods.push(call.method.clone());
        }
        for header in headers {
            let covered = star(&cors.allow_headers) && header != "authorization";
            if !covered && !cors.allow_headers.iter().any(|allowed| allowed.eq_ignore_ascii_case(header)) {
                if call.include {
                    cors.allow_headers.retain(|header| header != "*");
                }
                cors.allow_headers.push(header.clone());
            }
        }
    }
    cors
}

/// What the origin says about CORS when this call is made, as [`crate::world`] would say it.
fn said(origin: &Origin, call: &Call) -> Said {
    let declared = |method: &str| {
        let route = routes(origin, call).find(|route| route.method == method);
        route.map_or_else(Vec::new, |route| {
            let headers =
                route.headers.iter().filter_map(|(name, value)| Some((canonical(name)?, value.clone())));
            headers.collect::<Vec<_>>()
        })
    };
    let mut answer = declared(&call.method);
    let Some(cors) = &origin.cors else {
        let route = routes(origin, call).find(|route| route.method == "OPTIONS");
        // Where no route takes OPTIONS the path has others, or there would be no answer to look at.
        let status = call.preflight.as_ref().map(|_| route.map_or(405, |route| route.status));
        return Said { status, preflight: declared("OPTIONS"), answer };
    };
    let mut common = Vec::new();
    let any = cors.allow_origins.iter().any(|allowed| allowed == "*");
    let listed = cors.allow_origins.contains(&call.origin);
    if any || listed {
        common.push((ALLOW_ORIGIN, if any { "*".to_owned() } else { call.origin.clone() }));
        if cors.allow_credentials {
            common.push((ALLOW_CREDENTIALS, "true".to_owned()));
        }
    }
    let mut preflight = common.clone();
    if any || listed {
        for (name, list) in [(ALLOW_METHODS, &cors.allow_methods), (ALLOW_HEADERS, &cors.allow_headers)] {
            if !list.is_empty() {
                preflight.push((name, list.join(", ")));
            }
        }
    }
    for (name, value) in common {
        if !answer.iter().any(|(own, _)| *own == name) {
            answer.push((name, value));
        }
    }
    Said { status: call.preflight.as_ref().map(|_| 204), preflight, answer }
}

/// The settings that a server with these headers has.
fn from_headers(said: &Said) -> Cors {
    let find = |name: &str| {
        let mut all = said.preflight.iter().chain(&said.answer);
        all.find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    };
    let list = |name: &str| -> Vec<String> {
        let items = find(name).unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(str::to_owned).collect()
    };
    Cors {
        // One that names another origin is kept: somebody needs it.
        allow_origins: find(ALLOW_ORIGIN)
            .filter(|origin| *origin != "null")
            .map(str::to_owned)
            .into_iter()
            .collect(),
        allow_credentials: find(ALLOW_CREDENTIALS) == Some("true"),
        allow_headers: list(ALLOW_HEADERS),
        allow_methods: list(ALLOW_METHODS),
        expose_headers: Vec::new(),
        max_age: None,
    }
}

/// The header lines that go and those that come: of a line that is there twice, each is one.
fn differences(
    before: &[(&'static str, String)],
    after: &[(&'static str, String)],
) -> (Vec<String>, Vec<String>) {
    // Blanks around the items of a list say nothing.
    let same = |one: &(&str, String), other: &(&str, String)| {
        let items = |value: &str| value.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>();
        one.0 == other.0 && items(&one.1) == items(&other.1)
    };
    let lines = |these: &[(&'static str, String)], others: &[(&'static str, String)]| {
        let mut others: Vec<&(&str, String)> = others.iter().collect();
        let is_new = |line: &&(&str, String)| match others.iter().position(|other| same(other, line)) {
            Some(place) => {
                others.swap_remove(place);
                false
            }
            None => true,
        };
        let mut lines: Vec<&(&str, String)> = these.iter().filter(is_new).collect();
        lines.sort();
        lines.into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
    };
    (lines(before, after), lines(after, before))
}

fn routes<'o>(origin: &'o Origin, call: &Call) -> impl Iterator<Item = &'o Route> {
    let routes = if let Service::Routes(routes) = &origin.service { routes.as_slice() } else { &[] };
    let path = call.path.clone();
    routes.iter().filter(move |route| covers(&route.path, &path))
}

fn routes_mut<'o>(origin: &'o mut Origin, call: &Call) -> impl Iterator<Item = &'o mut Route> {
    let routes =
        if let Service::Routes(routes) = &mut origin.service { routes.as_mut_slice() } else { &mut [] };
    let path = call.path.clone();
    routes.iter_mut().filter(move |route| covers(&route.path, &path))
}

/// Whether a route's path stands for this one.
pub(crate) fn covers(route: &str, path: &str) -> bool {
    match route.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => route == path,
    }
}

fn is_cors(name: &str) -> bool {
    canonical(name).is_some()
}

fn canonical(name: &str) -> Option<&'static str> {
    [ALLOW_ORIGIN, ALLOW_CREDENTIALS, ALLOW_METHODS, ALLOW_HEADERS]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
}

//! Serving something elsewhere: the fixes that no header can replace.
//!
//! Where two sites are third parties to each other, the way out is to make them one: by name, or by one
//! origin in front of both. Names are only made up where their owner can make them: under a domain that
//! strangers register names under, as hosting providers offer, nobody has subdomains to give.

use url::{Host, Url};

use super::TOPOLOGY;
use super::change::Change;
use crate::plan::{Action, Body, Expect, Plan, Route, Service};
use crate::relation::{self, Relation};
use crate::rules::domain::is_loopback;
use crate::rules::line::Line;
use crate::suffixes::{is_under_private_suffix, registrable_domain};

/// A change of where things are served.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topology {
    /// Every `http` origin over `https`.
    Https,
    /// What is asked on this very machine, by the name that the page has it by: `localhost` and `127.0.0.1` are one
    /// machine and two sites. Nothing moves, only the address that is asked for changes.
    OneName {
        /// The index of the origin that is asked.
        api: usize,
        /// The page's host.
        host: String,
    },
    /// What is asked, on a subdomain of the page's site.
    ApiUnderPage {
        /// The index of the origin that is asked.
        api: usize,
        /// Its new host.
        host: String,
    },
    /// The page, on a subdomain of the site of what is asked.
    PageUnderApi {
        /// The index of the page's origin.
        page: usize,
        /// Its new host.
        host: String,
    },
    /// What is asked, under the page's own origin: by a gateway or a rewrite, by path.
    ByPath {
        /// The index of the origin that is asked.
        api: usize,
        /// The index of the page's origin.
        page: usize,
    },
}

impl Topology {
    /// How much it asks of a developer.
    pub(crate) fn cost(&self) -> u32 {
        match self {
            // The same server by the page's own name for it.
            Self::OneName { .. } => 4,
            Self::Https => TOPOLOGY,
            Self::ApiUnderPage { .. } => TOPOLOGY + 20,
            Self::PageUnderApi { .. } => TOPOLOGY + 25,
            Self::ByPath { .. } => TOPOLOGY + 30,
        }
    }

    /// Whether what is served stays where it is, and is only asked for by another name.
    pub(crate) fn moves_nothing(&self) -> bool {
        matches!(self, Self::OneName { .. })
    }

    /// Whether the two cannot both be done. Anything may be served over `https` as well.
    pub(crate) fn excludes(&self, other: &Self) -> bool {
        *self != Self::Https && *other != Self::Https || self == other
    }

    /// What it means, in a sentence.
    pub(crate) fn remark(&self) -> &'static str {
        match self {
            Self::Https => "over https cookies may be Secure, and nobody on the way reads or changes them",
            Self::OneName { .. } => {
                "page and API are then one site, whatever their ports: to browsers `localhost` and `127.0.0.1` are \
                 two, though they are one machine"
            }
            Self::ApiUnderPage { .. } => {
                "page and API are then one site: no browser treats the cookie as a third party's"
            }
            Self::PageUnderApi { .. } => {
                "page and API are then one site: no browser treats the cookie as a third party's; a hosting \
                 provider calls this a custom domain"
            }
            Self::ByPath { .. } => {
                "a reverse proxy, or a rewrite rule of the host, passes these paths on; page and API are then \
                 one origin, and no CORS header is needed"
            }
        }
    }
}

/// The changes that might help the request of a step.
pub(crate) fn options(plan: &Plan, step: usize) -> Vec<Topology> {
    let mut options = Vec::new();
    if plan.origins.iter().any(|origin| !origin.is_https()) {
        options.push(Topology::Https);
    }
    let Some((_, asked)) = plan.steps.get(step).and_then(|step| step.action.target()) else { return options };
    let Some(page_url) = page_at(plan, step) else { return options };
    let (Some(api), Some(page)) = (index_of(plan, asked), index_of(plan, &page_url)) else { return options };
    if api == page {
        return options;
    }
    if relation::of(&page_url, asked) == Relation::CrossSite {
        if let Some(host) = one_name(&page_url, asked) {
            options.push(Topology::OneName { api, host });
        }
        if let Some(host) = subdomain(plan, &page_url, first_label(asked).unwrap_or("api")) {
            options.push(Topology::ApiUnderPage { api, host });
        }
        if let Some(host) = subdomain(plan, asked, "app") {
            options.push(Topology::PageUnderApi { page, host });
        }
    }
    options.push(Topology::ByPath { api, page });
    options
}

/// Serves things elsewhere. `None` where the new place is taken.
pub(crate) fn apply(plan: &mut Plan, topology: &Topology) -> Option<Change> {
    match topology {
        Topology::Https => {
            let plain: Vec<usize> =
                (0..plan.origins.len()).filter(|index| !plan.origins[*index].is_https()).collect();
            let (mut before, mut after) = (Vec::new(), Vec::new());
            for index in plain {
                let mut to = plan.origins[index].url.clone();
                to.set_scheme("https").ok()?;
                before.push(ascii(&plan.origins[index].url));
                after.push(ascii(&to));
                move_origin(plan, index, &to)?;
            }
            let place = "the address everything is served at".to_owned();
            (!before.is_empty()).then_some(Change { place, before, after })
        }
        Topology::OneName { api, host } => {
            const PLACE: &str = "the address by which the page asks";
            let mut to = plan.origins[*api].url.clone();
            to.set_host(Some(host)).ok()?;
            match index_of(plan, &to) {
                // The server that serves the page answers by this name already.
                Some(page) => Some(Change { place: PLACE.to_owned(), ..by_path(plan, *api, page)? }),
                None => to_host(plan, *api, host, to.port(), PLACE),
            }
        }
        Topology::ApiUnderPage { api, host } => to_host(plan, *api, host, None, "where the API is served"),
        Topology::PageUnderApi { page, host } => to_host(plan, *page, host, None, "where the page is served"),
        Topology::ByPath { api, page } => by_path(plan, *api, *page),
    }
}

/// The document that a step acts in: where the navigations before it led, the redirects of routes followed, in the
/// tab or in the step's frame. What scripts and clicks do is not known here.
pub(crate) fn page_at(plan: &Plan, step: usize) -> Option<Url> {
    let before = plan.steps.get(..step)?;
    let inside = plan.steps.get(step).and_then(|step| step.inside.as_ref());
    if let Some(frame) = inside {
        let led = before.iter().rev().filter(|step| step.inside.as_ref() == Some(frame));
        let led = led.filter_map(|step| navigation(&step.action)).next();
        return Some(landed(plan, led.unwrap_or(frame)));
    }
    let mut history: Vec<&Url> = Vec::new();
    for step in before.iter().filter(|step| step.inside.is_none()) {
        match &step.action {
            Action::Back => drop(history.pop()),
            Action::Restart => history.clear(),
            action => history.extend(navigation(action)),
        }
    }
    history.last().map(|url| landed(plan, url))
}

/// Where an action leads its document.
fn navigation(action: &Action) -> Option<&Url> {
    match action {
        Action::Visit(url) | Action::Link(url) => Some(url),
        Action::Form(form) => Some(&form.url),
        _ => None,
    }
}

/// Where a URL leads, by the redirects that routes answer with.
fn landed(plan: &Plan, url: &Url) -> Url {
    /// Browsers follow twenty (Fetch, HTTP-redirect fetch, step 7).
    const MOST: usize = 20;
    let mut url = url.clone();
    for _ in 0..MOST {
        let Some(origin) = index_of(plan, &url) else { break };
        let answers = |route: &&Route| route.method == "GET" && route.path == url.path();
        let to =
            plan.origins[origin].service.routes().iter().find(answers).and_then(|route| match &route.body {
                Body::Redirect(to) => url.join(to).ok(),
                _ => None,
            });
        let Some(to) = to else { break };
        url = to;
    }
    url
}

/// The index of the origin a URL is of.
pub(crate) fn index_of(plan: &Plan, url: &Url) -> Option<usize> {
    plan.origins.iter().position(|origin| origin.url.origin() == url.origin())
}

/// The page's name for this machine, where it asks this machine by another. Names under `localhost` stand for hosts
/// of production's, and are left apart.
fn one_name(page: &Url, asked: &Url) -> Option<String> {
    let is_plain = |host: &&str| is_loopback(host) && !host.ends_with(".localhost");
    let (page, asked) = (page.host_str().filter(is_plain)?, asked.host_str().filter(is_plain)?);
    (page != asked).then(|| page.to_owned())
}

/// A free name under the site of a URL, where its owner can make one.
fn subdomain(plan: &Plan, of: &Url, label: &str) -> Option<String> {
    let Some(Host::Domain(host)) = of.host() else { return None };
    if is_under_private_suffix(host) {
        return None;
    }
    let domain = registrable_domain(host)?;
    let labels = [label, "backend", "service"].into_iter();
    labels
        .map(|label| format!("{label}.{domain}"))
        .find(|name| plan.origins.iter().all(|origin| origin.host() != name))
}

/// The first label of a host, where something like a service's name stands there.
pub(crate) fn first_label(url: &Url) -> Option<&str> {
    let host = url.host_str()?;
    let domain = registrable_domain(host)?;
    let label = host.strip_suffix(domain)?.strip_suffix('.')?;
    label.split('.').next().filter(|label| *label != "www")
}

fn to_host(plan: &mut Plan, index: usize, host: &str, port: Option<u16>, place: &str) -> Option<Change> {
    let from = plan.origins[index].url.clone();
    let mut to = from.clone();
    to.set_host(Some(host)).ok()?;
    to.set_port(port).ok()?;
    move_origin(plan, index, &to)?;
    Some(Change { place: place.to_owned(), before: vec![ascii(&from)], after: vec![ascii(&to)] })
}

/// Gives an origin another URL, and every URL of the plan that was of it.
pub(crate) fn move_origin(plan: &mut Plan, index: usize, to: &Url) -> Option<()> {
    let from = plan.origins[index].url.clone();
    let taken = |other: &crate::plan::Origin| {
        other.host() == to.host_str().unwrap_or_default() && Some(other.port()) == to.port_or_known_default()
    };
    if plan.origins.iter().enumerate().any(|(other, origin)| other != index && taken(origin)) {
        return None;
    }
    plan.origins[index].url = to.clone();
    redirect(plan, &from, to, "");
    Some(())
}

/// Routes of one origin answered by another, which has none of them yet.
fn by_path(plan: &mut Plan, api: usize, page: usize) -> Option<Change> {
    let from = plan.origins[api].url.clone();
    let to = plan.origins[page].url.clone();
    let Service::Routes(mut moved) = plan.origins[api].service.clone() else { return None };
    let mut routes = match &plan.origins[page].service {
        Service::Routes(routes) => routes.clone(),
        Service::Page => vec![page_route()],
        Service::BackEnd(_) | Service::Proxy(_) | Service::Upstream(_) => return None,
    };
    let pages: Vec<&str> = navigated(plan).filter(|url| url.origin() == to.origin()).map(Url::path).collect();
    let taken = |route: &Route| {
        (route.method == "GET" && pages.contains(&route.path.as_str()))
            || routes.iter().any(|own| own.method == route.method && own.path == route.path)
    };
    let prefix = if moved.iter().any(taken) { "/api" } else { "" };
    moved.iter_mut().for_each(|route| put_under(prefix, route));
    if moved.iter().any(taken) {
        return None;
    }
    let paths: Vec<String> = moved.iter().map(|route| route.path.clone()).collect();
    routes.append(&mut moved);
    plan.origins[page].service = Service::Routes(routes);
    redirect(plan, &from, &to, prefix);
    let mut before: Vec<String> = paths
        .iter()
        .map(|path| format!("{}{}", ascii(&from), path.strip_prefix(prefix).unwrap_or(path)))
        .collect();
    let mut after: Vec<String> = paths.iter().map(|path| format!("{}{path}", ascii(&to))).collect();
    before.dedup();
    after.dedup();
    Some(Change { place: "where the API is served".to_owned(), before, after })
}

/// Puts a route under a prefix, and the cookies it sets for a part of its own paths with it.
fn put_under(prefix: &str, route: &mut Route) {
    route.path.insert_str(0, prefix);
    for line in route.line_lists_mut().flatten() {
        if let Some(path) = Line(line).attribute("Path").filter(|path| path.len() > 1) {
            let path = format!("{prefix}{path}");
            *line = Line(line).with("Path", Some(&path));
        }
    }
}

/// What stands in for the built-in page where routes are added to it.
fn page_route() -> Route {
    Route {
        method: "GET".to_owned(),
        path: "/*".to_owned(),
        status: 200,
        headers: Vec::new(),
        set_cookie: Vec::new(),
        body: Body::Html("<!doctype html><link rel=\"icon\" href=\"data:,\"><title>page</title>".to_owned()),
        require_cookie: None,
        require_header: None,
        sign_jwt: None,
        require_jwt: None,
    }
}

fn navigated(plan: &Plan) -> impl Iterator<Item = &Url> {
    plan.steps.iter().filter_map(|step| match &step.action {
        Action::Visit(url) | Action::Link(url) => Some(url),
        _ => None,
    })
}

/// Points every URL of one origin to another.
fn redirect(plan: &mut Plan, from: &Url, to: &Url, prefix: &str) {
    let change = |url: &mut Url| {
        if url.origin() == from.origin() {
            let path = format!("{prefix}{}", url.path());
            let query = url.query().map(str::to_owned);
            *url = to.clone();
            url.set_path(&path);
            url.set_query(query.as_deref());
        }
    };
    for step in &mut plan.steps {
        step.action.url_mut().into_iter().chain(&mut step.inside).for_each(change);
        for expect in std::iter::once(&mut step.expect).chain(step.on.iter_mut().map(|(_, on)| on)) {
            let Expect { requests, url, .. } = expect;
            requests.iter_mut().flat_map(|claim| &mut claim.value).for_each(|(_, url)| change(url));
            url.iter_mut().for_each(|claim| change(&mut claim.value));
        }
    }
    for origin in &mut plan.origins {
        if let Service::Proxy(proxy) = &mut origin.service {
            for upstream in proxy.upstreams_mut().into_iter().filter(|url| url.origin() == from.origin()) {
                *upstream = to.clone();
            }
        }
        for route in origin.service.routes_mut() {
            if let Body::Redirect(location) = &mut route.body
                && let Ok(mut url) = Url::parse(location)
                && url.origin() == from.origin()
            {
                change(&mut url);
                *location = url.into();
            }
        }
    }
}

/// An origin as a browser writes it.
pub(crate) fn ascii(url: &Url) -> String {
    url.origin().ascii_serialization()
}

//! Topologies: the same services, served elsewhere and correctly configured for it.
//!
//! What a topology itself asks for goes with it: the front end's origin in CORS settings, credentials in
//! calls that become cross-origin, a `Domain` that covers the new host. What was wrong in a scenario for
//! another reason stays wrong.

use url::{Host, Url};

use super::needs::has_credentials;
use super::services::Services;
use crate::edit::topology::{ascii, first_label, move_origin, page_at};
use crate::edit::{Edit, Edits, Topology as Move, apply, grant, lines_mut};
use crate::plan::{Action, Credentials, Plan};
use crate::relation::{self, Relation};
use crate::rules::domain::domain_match;
use crate::rules::line::Line;
use crate::suffixes::{is_under_private_suffix, registrable_domain, suffixes};

/// How services stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// Behind one gateway, by path: same-origin.
    OneOrigin,
    /// Ports of one host: cross-origin, same-site.
    Ports,
    /// Subdomains of one site: cross-origin, same-site.
    Subdomains,
    /// Two sites: cross-site.
    OtherSite,
    /// As the scenario has it, where that is none of the others.
    AsWritten,
}

impl Topology {
    /// Those that every scenario is tried in, the closest first: where two work, the earlier opens less.
    pub const ALL: [Self; 4] = [Self::OneOrigin, Self::Ports, Self::Subdomains, Self::OtherSite];

    /// The word of JSON documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneOrigin => "one-origin",
            Self::Ports => "ports",
            Self::Subdomains => "subdomains",
            Self::OtherSite => "other-site",
            Self::AsWritten => "as-written",
        }
    }

    /// The heading of reports.
    pub const fn title(self) -> &'static str {
        match self {
            Self::OneOrigin => "one origin, by path",
            Self::Ports => "ports of one host",
            Self::Subdomains => "subdomains of one site",
            Self::OtherSite => "another site",
            Self::AsWritten => "as the scenario has it",
        }
    }

    /// How the origins relate, in the field's words.
    pub const fn relation(self) -> &'static str {
        match self {
            Self::OneOrigin => "same-origin",
            Self::Ports | Self::Subdomains => "cross-origin, same-site",
            Self::OtherSite => "cross-site",
            Self::AsWritten => "mixed",
        }
    }
}

/// The services in one topology.
#[derive(Clone, Debug)]
pub struct Place {
    /// The topology.
    pub topology: Topology,
    /// Whether the scenario has it so.
    pub as_written: bool,
    /// The origins, and the names of the services on each.
    pub origins: Vec<(String, Vec<String>)>,
    /// What was changed beside the addresses: sentences without a full stop.
    pub assumptions: Vec<String>,
    /// The scenario there.
    pub(super) plan: Plan,
}

/// The topology a scenario has, where it is one of those known.
pub(super) fn written(services: &Services) -> Topology {
    if services.is_split || services.backs.is_empty() {
        return Topology::OneOrigin;
    }
    let front = services.front_url();
    let mut backs = services.backs.iter().map(|back| &services.plan.origins[*back].url);
    let all = |test: &dyn Fn(&Url) -> bool| backs.clone().all(test);
    let same_host = |url: &Url| url.host_str() == front.host_str();
    match relation::of(front, backs.clone().next().unwrap_or(front)) {
        Relation::SameSite if all(&same_host) => Topology::Ports,
        Relation::SameSite
            if all(&|url| relation::of(front, url) == Relation::SameSite && !same_host(url)) =>
        {
            Topology::Subdomains
        }
        Relation::CrossSite if backs.all(|url| relation::of(front, url) == Relation::CrossSite) => {
            Topology::OtherSite
        }
        _ => Topology::AsWritten,
    }
}

/// The services in a topology. `original` is the scenario as written.
///
/// # Errors
/// With a sentence where the services cannot be served so.
pub(super) fn place(original: &Plan, services: &Services, topology: Topology) -> Result<Place, String> {
    let as_written = topology == written(services);
    let mut assumptions = Vec::new();
    let plan = match topology {
        _ if as_written => original.clone(),
        Topology::OneOrigin => by_path(services, &mut assumptions)?,
        _ => {
            let targets = targets(services, topology)?;
            let made_up = ["example.com", "example.net", "example.org"].into_iter().filter(|kept| {
                let is_there = |url: &Url| url.host_str().is_some_and(|host| domain_match(host, kept));
                targets.iter().any(|(_, url)| is_there(url))
                    && !services.plan.origins.iter().any(|origin| is_there(&origin.url))
            });
            assumptions
                .extend(made_up.map(|kept| format!("{kept} stands in for a domain that you would choose")));
            moved(services, &targets, &mut assumptions)?
        }
    };
    let mut place = Place { topology, as_written, origins: Vec::new(), assumptions, plan };
    place.configure(services);
    place.list_origins(services);
    Ok(place)
}

/// Every back end under the front end's origin.
fn by_path(services: &Services, assumptions: &mut Vec<String>) -> Result<Plan, String> {
    let mut plan = services.plan.clone();
    let host = services.front_url().host_str().unwrap_or_default().to_owned();
    if scheme(services) != services.front_url().scheme() {
        // What one of them needs TLS for the one origin of all needs.
        let mut secure = services.front_url().clone();
        let became = secure.set_scheme("https").and_then(|()| secure.set_port(None));
        let moved = became.ok().and_then(|()| {
            for back in &services.backs {
                move_origin(&mut plan, *back, &nowhere(*back)?)?;
            }
            move_origin(&mut plan, services.front, &secure)
        });
        moved.ok_or_else(|| "another origin is where the front end would be over https".to_owned())?;
    }
    for back in &services.backs {
        adapt_domain(&mut plan, services, *back, &host, assumptions);
        let edits = Edits::from([Edit::Topology(Move::ByPath { api: *back, page: services.front })]);
        let name = services.plan.origins[*back].name.clone();
        (plan, _) = apply(&plan, &edits).ok_or_else(|| {
            format!("`{name}` cannot be served under the front end's origin: its paths are taken there")
        })?;
    }
    Ok(plan)
}

/// Where each service goes.
fn targets(services: &Services, topology: Topology) -> Result<Vec<(usize, Url)>, String> {
    let scheme = scheme(services);
    let url = |host: &str, port: Option<u16>| {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Url::parse(&format!("{scheme}://{host}{port}/"))
            .map_err(|error| format!("`{host}` is no host: {error}"))
    };
    let mut taken: Vec<String> = others(services);
    let mut targets = Vec::new();
    match topology {
        Topology::Ports => {
            let host = roomy_host(services);
            let first = if scheme == "https" { 8443 } else { 8080 };
            targets.push((services.front, url(&host, None)?));
            for (port, back) in (first..).zip(&services.backs) {
                targets.push((*back, url(&host, Some(port))?));
            }
        }
        Topology::Subdomains | Topology::AsWritten => {
            let home = home(services);
            for index in services.all() {
                let label = if index == services.front { "app" } else { "api" };
                let host = host_under(services, index, &home, label, &taken);
                taken.push(host.clone());
                targets.push((index, url(&host, None)?));
            }
        }
        Topology::OneOrigin | Topology::OtherSite => {
            let front = services.front_url();
            targets.push((services.front, url(front.host_str().unwrap_or_default(), front.port())?));
            let away = elsewhere(services);
            for back in &services.backs {
                let host = host_under(services, *back, &away, "api", &taken);
                taken.push(host.clone());
                targets.push((*back, url(&host, None)?));
            }
        }
    }
    Ok(targets)
}

/// The services at other addresses.
fn moved(
    services: &Services,
    targets: &[(usize, Url)],
    assumptions: &mut Vec<String>,
) -> Result<Plan, String> {
    let mut plan = services.plan.clone();
    for (index, to) in targets {
        adapt_domain(&mut plan, services, *index, to.host_str().unwrap_or_default(), assumptions);
    }
    // By way of addresses that are nobody's, so that two can change places.
    let taken = |index: usize| {
        format!("`{}` cannot be moved: another origin is there", services.plan.origins[index].name)
    };
    for (index, _) in targets {
        nowhere(*index).and_then(|to| move_origin(&mut plan, *index, &to)).ok_or_else(|| taken(*index))?;
    }
    for (index, to) in targets {
        move_origin(&mut plan, *index, to).ok_or_else(|| taken(*index))?;
    }
    Ok(plan)
}

/// An address that is nobody's.
fn nowhere(index: usize) -> Option<Url> {
    Url::parse(&format!("https://moving-{index}.invalid/")).ok()
}

/// The scheme of all services where they move: what one of them needs TLS for they all have.
fn scheme(services: &Services) -> &'static str {
    if services.all().any(|index| services.plan.origins[index].is_https()) { "https" } else { "http" }
}

/// Where a `Domain` covered the host its line comes from, one that covers the host it moves to.
fn adapt_domain(
    plan: &mut Plan,
    services: &Services,
    index: usize,
    host: &str,
    assumptions: &mut Vec<String>,
) {
    // What was taken out of the front end's origin had the front end's host.
    let old = if services.is_split { services.front } else { index };
    let old = services.plan.origins[old].host();
    for (_, line) in lines_mut(plan).filter(|(origin, _)| *origin == Some(index)) {
        let Some(written) = Line(line).attribute("Domain").filter(|domain| !domain.is_empty()) else {
            continue;
        };
        let domain = written.trim_start_matches('.').to_ascii_lowercase();
        let fits = |host: &str| domain_match(host, &domain) && !is_suffix(&domain);
        if !fits(old) || fits(host) {
            continue;
        }
        let name = Line(line).name().to_owned();
        let wider = registrable_domain(host).filter(|wider| *wider != host && !is_under_private_suffix(host));
        let said = match wider {
            Some(wider) => {
                let new = Line(line).with("Domain", Some(wider));
                let said = format!("`{name}` has Domain={wider} there, for {host} is not of {domain}");
                *line = new;
                said
            }
            None => {
                *line = Line(line).without("Domain");
                format!("`{name}` has no Domain there, for {host} is not of {domain}")
            }
        };
        if !assumptions.contains(&said) {
            assumptions.push(said);
        }
    }
}

fn is_suffix(domain: &str) -> bool {
    suffixes(domain).name == domain && domain != "localhost"
}

impl Place {
    /// What the topology asks of calls and of CORS settings.
    fn configure(&mut self, services: &Services) {
        let Self { plan, .. } = self;
        let old = ascii(services.front_url());
        let new = ascii(&plan.origins[services.front].url);
        for cors in plan.origins.iter_mut().filter_map(|origin| origin.cors.as_mut()) {
            cors.allow_origins
                .iter_mut()
                .filter(|origin| **origin == old)
                .for_each(|origin| new.clone_into(origin));
        }
        let mut included = false;
        let mut granted = false;
        for step in 0..plan.steps.len() {
            let Some((_, url)) = plan.steps[step].action.target() else { continue };
            let Some(page) = page_at(plan, step) else { continue };
            if page.origin() == url.origin() || ascii(&page) != new {
                continue;
            }
            if !self.as_written && was_credentialed(services, step) {
                included |= include(&mut plan.steps[step].action);
            }
            let before = plan.clone();
            granted |= grant::apply(plan, &before, step).is_some();
        }
        if included {
            self.assumptions.push(
                "calls that took their cookies along of themselves say `credentials: \"include\"`".to_owned(),
            );
        }
        if granted {
            let who = if self.as_written {
                "as written it does not"
            } else {
                "exactly this one, with what its calls need"
            };
            self.assumptions.push(format!("CORS lets {new} in: {who}"));
        }
    }

    fn list_origins(&mut self, services: &Services) {
        for index in services.all() {
            let Some(origin) = services.plan.origins.get(index) else { continue };
            let by_path = self.topology == Topology::OneOrigin;
            let at = if by_path { services.front } else { index };
            let url = ascii(&self.plan.origins[at].url);
            match self.origins.iter_mut().find(|(known, _)| *known == url) {
                Some((_, names)) => names.push(origin.name.clone()),
                None => self.origins.push((url, vec![origin.name.clone()])),
            }
        }
    }
}

/// Whether a call took cookies along in the scenario as written, before one origin became two.
fn was_credentialed(services: &Services, step: usize) -> bool {
    let split = || match &services.plan.steps[step].action {
        Action::Fetch(fetch) => fetch.credentials != Credentials::Omit,
        _ => true,
    };
    if services.is_split { split() } else { has_credentials(&services.plan, step) }
}

fn include(action: &mut Action) -> bool {
    match action {
        Action::Fetch(fetch) if fetch.credentials != Credentials::Include => {
            fetch.credentials = Credentials::Include
        }
        other if other.with_credentials() == Some(false) => {
            other.with_credentials_mut().into_iter().for_each(|with| *with = true);
        }
        _ => return false,
    }
    true
}

impl Services {
    fn front_url(&self) -> &Url {
        self.origin()
    }

    /// Front end first.
    fn all(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.front).chain(self.backs.iter().copied())
    }
}

/// The hosts and names that stay where they are.
fn others(services: &Services) -> Vec<String> {
    let moving: Vec<usize> = services.all().collect();
    let plan = &services.plan;
    let hosts = plan
        .origins
        .iter()
        .enumerate()
        .filter(|(index, _)| !moving.contains(index))
        .map(|(_, origin)| origin.host());
    hosts.chain(plan.records.iter().map(|record| record.name.as_str())).map(str::to_owned).collect()
}

/// A domain of the scenario's own whose owner can make subdomains, else one kept for documentation.
fn home(services: &Services) -> String {
    own_domains(services).next().unwrap_or("example.com").to_owned()
}

/// The domains of the services whose owners can make names and ports there.
fn own_domains(services: &Services) -> impl Iterator<Item = &str> {
    let hosts = services.all().map(|index| &services.plan.origins[index].url);
    hosts.filter_map(|url| match url.host() {
        Some(Host::Domain(host)) if !is_under_private_suffix(host) && !host.ends_with(".invalid") => {
            registrable_domain(host)
        }
        _ => None,
    })
}

/// A host of the scenario's own that can have more than one port: hosting providers give none.
fn roomy_host(services: &Services) -> String {
    let mut hosts = services.all().map(|index| services.plan.origins[index].host());
    let roomy = |host: &&str| !is_under_private_suffix(host) && !host.ends_with(".invalid");
    hosts.find(roomy).unwrap_or("www.example.com").to_owned()
}

/// A domain that is another site than the front end's: a back end's own, else one kept for documentation.
fn elsewhere(services: &Services) -> String {
    let front = services.front_url();
    let site = registrable_domain(front.host_str().unwrap_or_default());
    let own = own_domains(services).find(|domain| Some(*domain) != site && !front.as_str().contains(domain));
    let kept = ["example.net", "example.org"].into_iter().find(|domain| Some(*domain) != site);
    own.or(kept).unwrap_or("example.net").to_owned()
}

/// A free host of a service under a domain: the one it has where it is there already, else by its own label,
/// by the usual one, or by its name in the scenario.
fn host_under(services: &Services, index: usize, domain: &str, usual: &str, taken: &[String]) -> String {
    let origin = &services.plan.origins[index];
    let current = origin.host();
    let free = |host: &String| !taken.contains(host);
    if registrable_domain(current) == Some(domain) && free(&current.to_owned()) {
        return current.to_owned();
    }
    let own = first_label(&origin.url)
        .filter(|_| !is_under_private_suffix(current) && !current.ends_with(".invalid"));
    let name: String = origin.name.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let labels =
        own.into_iter().chain([usual, name.as_str()]).filter(|label| !label.is_empty()).map(str::to_owned);
    let numbered = (2..).map(|number| format!("{usual}{number}"));
    let mut hosts = labels.chain(numbered).map(|label| format!("{label}.{domain}"));
    hosts.find(free).unwrap_or_else(|| format!("{usual}.{domain}"))
}

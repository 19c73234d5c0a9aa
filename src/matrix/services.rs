//! The services of a scenario: the front end a user looks at, and the back ends it needs cookies from.
//!
//! Only they are moved from topology to topology. Whatever else a scenario has, a mail with a link or an
//! attacker's page, stays where it is.

use url::Url;

use super::needs::{self, Need};
use crate::edit::grant::covers;
use crate::plan::{Action, Origin, Plan, Service};

/// The services of a scenario.
#[derive(Clone, Debug)]
pub(super) struct Services {
    /// The plan: the scenario's own, or with one origin in two where front and back end share it.
    pub(super) plan: Plan,
    /// The index of the front end's origin.
    pub(super) front: usize,
    /// Those of the back ends, in the order of the file. Empty where there is none.
    pub(super) backs: Vec<usize>,
    /// Whether the scenario serves both from one origin.
    pub(super) is_split: bool,
}

/// The services that these cookies are of.
pub(super) fn services(plan: &Plan, front: usize, needs: &[Need]) -> Services {
    let involved = needs.iter().flat_map(|need| need.set_in.iter().chain(&need.wanted_in));
    let mut backs: Vec<usize> = involved.filter_map(|step| needs::place(plan, *step)).collect();
    backs.retain(|index| *index != front);
    backs.sort_unstable();
    backs.dedup();
    let mut services = Services { plan: plan.clone(), front, backs, is_split: false };
    if services.backs.is_empty() {
        services.split();
    }
    services
}

impl Services {
    /// Gives what pages of the one origin call an origin of its own, at an address that is nobody's.
    fn split(&mut self) {
        let front = self.plan.origins[self.front].clone();
        let mut at = front.url.clone();
        if at.set_host(Some("back-end.invalid")).is_err() {
            return;
        }
        let (mut called, mut navigated): (Vec<Url>, Vec<Url>) = (Vec::new(), Vec::new());
        for (index, step) in self.plan.steps.iter().enumerate() {
            let Some((_, url)) = step.action.target().filter(|(_, url)| url.origin() == front.url.origin())
            else {
                continue;
            };
            let urls = if needs::is_call(&self.plan, index) { &mut called } else { &mut navigated };
            urls.push(url.clone());
        }
        if called.is_empty() {
            return;
        }
        let any = |urls: &[Url], path: &str| urls.iter().any(|url| covers(path, url.path()));
        let mut stays = front.service.clone();
        let mut goes = front.service;
        if let (Service::Routes(stays), Service::Routes(goes)) = (&mut stays, &mut goes) {
            goes.retain(|route| any(&called, &route.path));
            stays.retain(|route| any(&navigated, &route.path) || !any(&called, &route.path));
        }
        let name = ["api", "back-end"]
            .into_iter()
            .find(|name| self.plan.origins.iter().all(|origin| origin.name != *name));
        let name = name.unwrap_or("its API").to_owned();
        self.plan.origins[self.front].service = stays;
        let back = Origin { name, url: at.clone(), service: goes, ..self.plan.origins[self.front].clone() };
        self.backs.push(self.plan.origins.len());
        self.plan.origins.push(back);
        let from = self.plan.origins[self.front].url.origin();
        for step in &mut self.plan.steps {
            let url = match &mut step.action {
                Action::Fetch(fetch) => &mut fetch.url,
                Action::Xhr(xhr) => &mut xhr.url,
                Action::Shared(shared) => &mut shared.url,
                Action::EventSource(source) => &mut source.url,
                _ => continue,
            };
            if url.origin() == from {
                let (path, query) = (url.path().to_owned(), url.query().map(str::to_owned));
                *url = at.clone();
                url.set_path(&path);
                url.set_query(query.as_deref());
            }
        }
        self.is_split = true;
    }

    /// The front end's URL.
    pub(super) fn origin(&self) -> &Url {
        &self.plan.origins[self.front].url
    }
}

//! Rehearsing a plan by the rules: the same steps, once for each browser, in the model.
//!
//! Answers come from the model over a real world, so an explanation and the fix under it rest on the
//! same ground as a run. Nothing here judges what it sees.

use crate::browser::model::Model;
use crate::browser_name::BrowserName;
use crate::observe::Observation;
use crate::plan::{Plan, Service};
use crate::world::certs::CertificateError;
use crate::world::{Authority, World, WorldError, hosts};

/// What each browser showed, step by step.
pub(super) type Shown = Vec<Vec<Observation>>;

/// The browsers a plan is rehearsed in.
pub(super) struct Rehearser {
    browsers: Vec<BrowserName>,
    /// The time by the browsers' clocks, in seconds since 1970; `None` is now.
    at: Option<i64>,
    ready: Option<Ready>,
}

/// The models, made for one authority, which their worlds are signed by.
struct Ready {
    authority: Authority,
    models: Vec<Model>,
}

impl Rehearser {
    /// A rehearser of these browsers.
    pub(super) fn new(browsers: &[BrowserName]) -> Self {
        Self { browsers: browsers.to_vec(), at: None, ready: None }
    }

    /// The same with the browsers' clocks set: an answer that was kept is told of as on the day it came.
    pub(super) fn at(self, moment: Option<i64>) -> Self {
        Self { at: moment, ..self }
    }

    pub(super) fn browsers(&self) -> &[BrowserName] {
        &self.browsers
    }

    /// A rehearser of some of the browsers alone, by the same clock.
    pub(super) fn of(&self, some: &[BrowserName]) -> Self {
        Self::new(some).at(self.at)
    }

    /// Takes the plan's steps in every browser, each with an empty jar.
    pub(super) async fn rehearse(&mut self, plan: &Plan) -> Result<Shown, WorldError> {
        let at = self.at;
        let ready = self.ready(plan).map_err(WorldError::Certificate)?;
        let mut world = World::start(plan, &ready.authority)?;
        // A back end remembers whom it has signed in, and when.
        let remembers = plan.origins.iter().any(|origin| matches!(origin.service, Service::BackEnd(_)));
        let mut shown = Vec::with_capacity(ready.models.len());
        for model in &ready.models {
            if remembers && !shown.is_empty() {
                world = World::start(plan, &ready.authority)?;
            }
            let mut seen = Vec::with_capacity(plan.steps.len());
            model.rehearse(plan, &world, at, |_, shown| seen.push(shown)).await;
            shown.push(seen);
        }
        Ok(shown)
    }

    /// The models for a plan: those of before, unless the plan has a host they do not trust.
    fn ready(&mut self, plan: &Plan) -> Result<&Ready, CertificateError> {
        let fits =
            self.ready.as_ref().is_some_and(|ready| hosts(plan).all(|host| ready.authority.permits(host)));
        if !fits {
            let authority = Authority::new(hosts(plan))?;
            let models = self.browsers.iter().map(|browser| Model::new(*browser, &authority)).collect();
            self.ready = Some(Ready { authority, models });
        }
        Ok(self.ready.as_ref().expect("it was just made"))
    }
}

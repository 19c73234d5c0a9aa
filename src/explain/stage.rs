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

/// What each browser of the stage showed, step by step.
pub(super) type Shown = Vec<Vec<Observation>>;

/// The browsers a plan is rehearsed in, and the authority their worlds are signed by.
pub(super) struct Stage {
    browsers: Vec<BrowserName>,
    cast: Option<Cast>,
}

/// The models, made for one authority.
struct Cast {
    authority: Authority,
    models: Vec<Model>,
}

impl Stage {
    pub(super) fn new(browsers: &[BrowserName]) -> Self {
        Self { browsers: browsers.to_vec(), cast: None }
    }

    pub(super) fn browsers(&self) -> &[BrowserName] {
        &self.browsers
    }

    /// Takes the plan's steps in every browser, each with an empty jar.
    pub(super) async fn rehearse(&mut self, plan: &Plan) -> Result<Shown, WorldError> {
        let cast = self.cast(plan).map_err(WorldError::Certificate)?;
        let mut world = World::start(plan, &cast.authority)?;
        // A back end remembers whom it has signed in, and when.
        let remembers = plan.origins.iter().any(|origin| matches!(origin.service, Service::BackEnd(_)));
        let mut shown = Vec::with_capacity(cast.models.len());
        for model in &cast.models {
            if remembers && !shown.is_empty() {
                world = World::start(plan, &cast.authority)?;
            }
            let mut agent = model.open(&world);
            let mut seen = Vec::with_capacity(plan.steps.len());
            for step in &plan.steps {
                world.keep_time(&step.action);
                seen.push(agent.perform(step).await);
            }
            shown.push(seen);
        }
        Ok(shown)
    }

    /// The models for a plan: those of before, unless the plan has a host they do not trust.
    fn cast(&mut self, plan: &Plan) -> Result<&Cast, CertificateError> {
        let fits =
            self.cast.as_ref().is_some_and(|cast| hosts(plan).all(|host| cast.authority.permits(host)));
        if !fits {
            let authority = Authority::new(hosts(plan))?;
            let models = self.browsers.iter().map(|browser| Model::new(*browser, &authority)).collect();
            self.cast = Some(Cast { authority, models });
        }
        Ok(self.cast.as_ref().expect("it was just made"))
    }
}

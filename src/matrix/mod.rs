//! The services of one scenario over topologies, cookie attributes, and browsers with their policies.
//!
//! ```text
//! a plan ─► needs ─► services ─► places ─┬─► combinations ─► run ─► cells ─► finding
//!           cookies  front end,  where   │   each a plan            a table   the safest that
//!           and      back ends   served  └── attributes                       works everywhere
//!           who needs
//!           them
//! ```
//!
//! - `needs` is which steps set a cookie and which later ones need it;
//! - `services` is what is moved, and `place` moves it, by the same edits as [`crate::explain`]'s fixes;
//! - `attributes` is what is varied of a `Set-Cookie` line;
//! - `cell` is what one run showed, and `finding` what all of them come to.
//!
//! Every combination is a plan like any other, without claims, and [`crate::run`] runs it like any other: by
//! the rules, or in a real browser beside them. Nothing here runs or prints, and nothing is decided here
//! that a run did not show.

mod attributes;
mod cell;
mod finding;
mod needs;
mod place;
mod services;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use attributes::Attributes;
pub use cell::{Cell, CookieCell, Fate};
pub use finding::Finding;
pub use needs::Need;
pub use place::{Place, Topology};

use crate::browser_name::BrowserName;
use crate::diagnostic::Diagnostic;
use crate::edit::lines_mut;
use crate::outcome::Run;
use crate::plan::{Expect, Plan, Service};
use crate::rules::line::Line;

/// What is to be run for a matrix.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The scenario as written.
    pub plan: Arc<Plan>,
    /// Its cookies.
    pub needs: Vec<Need>,
    /// The origins whose pages' own requests are not judged: they are no part of the services.
    pub strangers: Vec<String>,
    /// The topologies its services can be in.
    pub places: Vec<Place>,
    /// Those they cannot be in, and why.
    pub impossible: Vec<(Topology, String)>,
    /// What is tried, by topology and then from the narrowest attributes on.
    pub combinations: Vec<Combination>,
}

/// One topology with one choice of attributes.
#[derive(Clone, Debug)]
pub struct Combination {
    /// The index of the place.
    pub place: usize,
    /// What every line of the scenario's cookies says; `None` where each says what its author wrote.
    pub attributes: Option<Attributes>,
    /// Whether it is what the scenario has.
    pub as_written: bool,
    /// The scenario so, without its claims.
    pub plan: Arc<Plan>,
}

impl Combination {
    /// Its attributes, as a `Set-Cookie` line spells them.
    pub fn spelt(&self) -> String {
        self.attributes.map_or_else(|| "each line as written".to_owned(), Attributes::spelt)
    }

    /// Its attributes in few letters.
    pub fn label(&self) -> String {
        self.attributes.map_or_else(|| "as written".to_owned(), |attributes| attributes.to_string())
    }
}

/// Drafts the matrix of a scenario.
///
/// # Errors
/// With a message where there is nothing to vary.
pub fn draft(plan: &Arc<Plan>) -> Result<Draft, Box<Diagnostic>> {
    let front = needs::front(plan).ok_or_else(|| nothing_to_vary(plan))?;
    let needs = needs::needs(plan, front);
    let services = services::services(plan, front, &needs);
    let strangers = (0..plan.steps.len()).filter_map(|step| needs::stranger(plan, front, step));
    let strangers: BTreeSet<usize> = strangers.collect();
    let mut attributes: Vec<Option<Attributes>> =
        Attributes::sensible(plan.origins.iter().any(|origin| !origin.is_https()))
            .into_iter()
            .map(Some)
            .collect();
    let written = written(&needs);
    if !attributes.contains(&written) {
        attributes.push(written);
        attributes.sort_by_key(|attributes| attributes.map_or(usize::MAX, Attributes::rank));
    }
    let mut topologies = Topology::ALL.to_vec();
    match place::written(&services) {
        Topology::AsWritten => topologies.insert(0, Topology::AsWritten),
        // There is nobody to move away from.
        Topology::OneOrigin if services.backs.is_empty() => topologies = vec![Topology::OneOrigin],
        _ => {}
    }
    let (mut places, mut impossible, mut combinations) = (Vec::new(), Vec::new(), Vec::new());
    for topology in topologies {
        match place::place(plan, &services, topology) {
            Ok(place) => {
                for attributes in &attributes {
                    let as_written = place.as_written && *attributes == written;
                    let plan = Arc::new(varied(&place.plan, &needs, *attributes));
                    combinations.push(Combination {
                        place: places.len(),
                        attributes: *attributes,
                        as_written,
                        plan,
                    });
                }
                places.push(place);
            }
            Err(why) => impossible.push((topology, why)),
        }
    }
    let strangers = strangers.into_iter().map(|index| plan.origins[index].name.clone()).collect();
    Ok(Draft { plan: Arc::clone(plan), needs, strangers, places, impossible, combinations })
}

/// What every line says as written, where they all say the same.
fn written(needs: &[Need]) -> Option<Attributes> {
    let mut all = needs.iter().flat_map(|need| &need.lines).map(|line| Attributes::of(line));
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// A plan with these attributes on every cookie, and nothing claimed.
fn varied(plan: &Plan, needs: &[Need], attributes: Option<Attributes>) -> Plan {
    let mut plan = plan.clone();
    for (_, line) in lines_mut(&mut plan) {
        let known = needs.iter().any(|need| need.name == Line(line).name());
        if let Some(attributes) = attributes.filter(|_| known) {
            *line = attributes.put_on(line);
        }
    }
    for step in &mut plan.steps {
        step.expect = Expect::default();
        step.on.clear();
    }
    plan
}

fn nothing_to_vary(plan: &Plan) -> Box<Diagnostic> {
    let path = &plan.source.path;
    if let Some(framework) = plan.origins.iter().find_map(|origin| origin.service.framework()) {
        let message = format!(
            "the cookies of `{path}` are set by {framework}'s settings, which a matrix does not vary"
        );
        let help = "write what it answers as routes: each line it sends is in `rehearsal run --format json`";
        return Box::new(Diagnostic::error(message).help(help));
    }
    if plan.origins.iter().any(|origin| matches!(origin.service, Service::Proxy(_))) {
        let message =
            format!("the cookies of `{path}` come through a reverse proxy, which a matrix does not vary");
        let help = "give the routes to the origins that the browser asks: it sees no others";
        return Box::new(Diagnostic::error(message).help(help));
    }
    let message = format!("`{path}` sets no cookie, so there is nothing to vary");
    let help = "give the answer to one of its steps a set_cookie line";
    Box::new(Diagnostic::error(message).help(help))
}

/// A matrix: every combination in every browser.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// What was run.
    pub draft: Draft,
    /// The columns.
    pub browsers: Vec<BrowserName>,
    /// What each says its version is; empty for a model.
    pub versions: Vec<String>,
    /// The cells: for each combination those of the browsers.
    pub rows: Vec<Vec<Cell>>,
}

impl Matrix {
    /// What has to be run for these columns: each, and the prediction of those that are real.
    pub fn cast(columns: &[BrowserName]) -> Vec<BrowserName> {
        let mut cast = Vec::new();
        for browser in columns.iter().flat_map(|browser| [*browser, browser.modelled()]) {
            if !cast.contains(&browser) {
                cast.push(browser);
            }
        }
        cast
    }

    /// The matrix that these runs of a draft's combinations give.
    pub fn of(draft: Draft, browsers: Vec<BrowserName>, runs: &[Run]) -> Self {
        let run_of = |combination: &Combination, browser: BrowserName| {
            runs.iter().find(|run| run.browser == browser && Arc::ptr_eq(&run.plan, &combination.plan))
        };
        let cell = |combination: &Combination, browser: BrowserName| {
            let mut cell = Cell::of(run_of(combination, browser), &draft.plan, &draft.needs);
            if !browser.model {
                let predicted = Cell::of(run_of(combination, browser.modelled()), &draft.plan, &draft.needs);
                cell.disagreements.extend(cell.differs_from(&predicted, &draft.needs));
            }
            cell
        };
        let row =
            |combination: &Combination| browsers.iter().map(|browser| cell(combination, *browser)).collect();
        let rows = draft.combinations.iter().map(row).collect();
        let version = |browser: &BrowserName| {
            let own = runs.iter().filter(|run| run.browser == *browser);
            own.map(|run| run.browser_version.clone()).max().unwrap_or_default()
        };
        let versions = browsers.iter().map(version).collect();
        Self { draft, browsers, versions, rows }
    }

    /// What it comes to.
    pub fn finding(&self) -> Finding {
        Finding::of(self)
    }

    /// The place of a combination.
    pub fn place_of(&self, combination: usize) -> &Place {
        &self.draft.places[self.draft.combinations[combination].place]
    }

    /// The browsers a combination works in.
    pub fn works_in(&self, combination: usize) -> impl Iterator<Item = BrowserName> {
        let cells = self.rows[combination].iter().zip(&self.browsers);
        cells.filter(|(cell, _)| cell.works()).map(|(_, browser)| *browser)
    }

    /// What a column is called: where nothing but models are shown, and that is said, by the browser's own name.
    pub fn name(&self, browser: BrowserName) -> String {
        let all_models = self.browsers.iter().all(|browser| browser.model);
        if all_models { browser.real().to_string() } else { browser.to_string() }
    }

    /// The browsers that show nothing at all, and why: one that is missing, or a model of what cannot be predicted.
    pub fn silent(&self) -> Vec<(BrowserName, String)> {
        let columns = self.browsers.iter().enumerate();
        let why = |column: usize| {
            let mut whys = self.rows.iter().map(|row| row[column].shows_nothing());
            let first = whys.next()??;
            whys.all(|why| why.is_some()).then_some(first)
        };
        columns.filter_map(|(column, browser)| Some((*browser, why(column)?))).collect()
    }

    /// The browsers that show something: those a finding is about.
    pub fn speaking(&self) -> Vec<BrowserName> {
        let silent = self.silent();
        let speaks = |browser: &BrowserName| silent.iter().all(|(other, _)| other != browser);
        self.browsers.iter().copied().filter(speaks).collect()
    }

    /// How many cells of real browsers the rules predicted otherwise.
    pub fn disagreements(&self) -> usize {
        self.rows.iter().flatten().filter(|cell| !cell.disagreements.is_empty()).count()
    }
}

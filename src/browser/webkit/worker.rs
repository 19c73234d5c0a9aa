//! A worker: one gateway, and a browser behind it that is new for every scenario.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::Url;

use super::Kit;
use super::frames::{self, Frame};
use super::jar::{self, Jar, Spot};
use super::place::Place;
use super::steps::{self, View};
use crate::browser::failure::Failure;
use crate::browser::{request, stored};
use crate::observe::{Exchange, Observation, Page, SetCookie};
use crate::plan::{Action, Certificate, Step};
use crate::rules;
use crate::world::blank::Blank;
use crate::world::wire::Wire;
use crate::world::{Gateway, World};

/// How long a step waits for requests that do not end, such as a stream of events, before it is over.
const QUIET: Duration = Duration::from_secs(5);

/// Where the search for a port begins that no origin of a world has.
const PORT: u16 = 49_151;

/// What the page shows: `failed` is what the browser's own page says, which has an address of its own.
const SHOWN: &str = "() => ({
    url: document.URL,
    text: document.URL === 'about:blank' && document.body ? document.body.innerText : '',
})";

/// Waits until the page has loaded, and for a turn of its timers: what it did at once has begun by then.
const LOADED: &str = "() => new Promise(done => {
    const end = () => setTimeout(() => setTimeout(done));
    if (document.readyState === 'complete') end(); else addEventListener('load', end);
})";

/// A gateway, and a browser behind it.
#[derive(Debug)]
pub struct Worker {
    kit: Arc<Kit>,
    gateway: Gateway,
    version: String,
    blank: Blank,
    /// The browser of the scenario.
    place: Option<Place>,
    /// The browser of the last scenario, on its way out.
    last: Option<JoinHandle<()>>,
    /// The record of the world it is in; of none, before it enters one.
    pub(super) wire: Wire,
    /// What was asked for in this step and is not in the world.
    pub(super) refused: Vec<String>,
    jar: Jar,
    /// The address bar as the last step left it, unless the page there has no origin.
    address: Option<Url>,
    /// Whether a script of the scenario ran that may have written anything.
    pub(super) scripted: bool,
    /// The origins of the world whose certificates are bad.
    distrusted: Vec<url::Origin>,
    /// The frames that steps made.
    pub(super) frames: Vec<Frame>,
    /// The marks of the frames in which the step acts, the outermost first.
    pub(super) within: Vec<usize>,
}

impl Worker {
    pub(super) async fn new(kit: Arc<Kit>, gateway: Gateway, version: String) -> Result<Self, Failure> {
        let blank = Blank::new(PORT).map_err(|error| Failure::protocol("empty page", error))?;
        let mut worker = Self {
            kit,
            gateway,
            version,
            blank,
            place: None,
            last: None,
            wire: Wire::default(),
            refused: Vec::new(),
            jar: Jar::default(),
            address: None,
            scripted: false,
            distrusted: Vec::new(),
            frames: Vec::new(),
            within: Vec::new(),
        };
        // A browser that does not start is no worker.
        worker.open().await?;
        Ok(worker)
    }

    /// The browser's version: `2.50.6`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The process of the browser, where the system tells it.
    pub fn process(&self) -> Option<u32> {
        self.place.as_ref().and_then(Place::process)
    }

    /// The private folder of the browser's processes.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.place.as_ref().map(Place::folder)
    }

    /// Starts the browser of the next scenario.
    async fn open(&mut self) -> Result<(), Failure> {
        match Place::open(&self.kit, self.gateway.address()).await {
            Ok(place) => self.place = Some(place),
            Err(failure) => {
                self.kit.look().await;
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Shows a world to this worker, which must be new or reset.
    ///
    /// # Errors
    /// Where the browser that is started for it does not come up.
    pub async fn enter(&mut self, world: &World) -> Result<(), Failure> {
        if self.place.is_none() {
            self.open().await?;
        }
        self.jar = Jar::default();
        self.address = None;
        self.scripted = false;
        let bad = world.origins().iter().filter(|origin| origin.certificate() != Certificate::Good);
        self.distrusted = bad.map(|origin| origin.url().origin()).collect();
        self.frames.clear();
        self.wire = world.wire().clone();
        let taken: Vec<_> =
            world.origins().iter().map(|origin| origin.url().port_or_known_default()).collect();
        // There are more ports than a world has origins.
        let port = (1..=PORT).rev().find(|port| !taken.contains(&Some(*port))).unwrap_or(PORT);
        self.blank = self.blank.at(port);
        self.gateway.take_refused();
        self.gateway.show(world);
        self.gateway.show_blank(self.blank.clone());
        Ok(())
    }

    /// Performs a step, waits until all it began has ended, and tells what was seen.
    ///
    /// # Errors
    /// What goes wrong with the browser. A worker that failed cannot be used any more.
    pub async fn perform(&mut self, step: &Step) -> Result<Observation, Failure> {
        steps::possible(step, &self.distrusted)?;
        let Some(place) = self.place.take() else {
            return Err(Failure::protocol("perform", "the worker has entered no world"));
        };
        let seen = match self.observe(&place, step).await {
            Ok(seen) => Ok(seen),
            Err(failure) => {
                self.kit.look().await;
                Err(place.explain(failure).await)
            }
        };
        self.place = Some(place);
        seen
    }

    async fn observe(&mut self, place: &Place, step: &Step) -> Result<Observation, Failure> {
        let wire = self.wire.clone();
        self.gateway.take_refused();
        self.refused.clear();
        let mark = wire.mark();
        self.within.clear();
        // The document in which the step is taken: before it, and after.
        let (mut page, left) = match &step.inside {
            None => (self.act(place, &step.action).await?, self.address.clone()),
            Some(inside) if self.turn_to(place, inside).await? => {
                let left = frames::address(place).await?;
                (self.act(place, &step.action).await?, left)
            }
            Some(inside) => {
                let not_done = Some(format!("no frame of {inside} is on the page"));
                (Page { not_done, ..Page::default() }, None)
            }
        };
        let view = self.settle(place, &wire).await?;
        let shown = match step.inside {
            Some(_) if page.not_done.is_none() => frames::address(place).await?,
            _ => view.url.clone().filter(|_| view.failed.is_none()),
        };
        let mut exchanges: Vec<Exchange> = wire.since(mark).into_iter().map(Exchange::from_wire).collect();
        if page.document_cookie.is_none() && step.claims_document_cookie() {
            page.document_cookie = steps::document_cookie(place, None).await?.document_cookie;
        }

        if step.inside.is_some() {
            place.leave_frames().await?;
        }
        self.hear_refused();
        let now = stored::now();
        let before = self.jar.cookies().to_vec();
        let spots = self.spots(&step.action, &exchanges, [shown.as_ref(), left.as_ref()], now);
        self.jar.read(place, self.blank.port(), &spots, now).await?;
        request::note_omitted(&step.action, left.as_ref(), &mut exchanges);
        stored::settle(jar::READING, &mut exchanges, &before, self.jar.cookies(), now);
        let written = match (&step.action, &shown) {
            (Action::DocumentCookie { write: Some(line) }, Some(page)) => {
                let jar = self.jar.cookies();
                let mut line = stored::settle_written(jar::READING, line, page, &before, jar, now);
                self.doubt(&mut line, page);
                Some(line)
            }
            _ => None,
        };
        for exchange in &mut exchanges {
            let url = &exchange.wire.url;
            exchange.set_cookie.iter_mut().for_each(|line| self.doubt(line, url));
        }
        self.address = view.url.clone().filter(|_| view.failed.is_none());
        steps::conclude(step, &mut page, &exchanges, view);
        // WebKit may ask more than once for what it is refused.
        let mut refused = std::mem::take(&mut self.refused);
        refused.dedup();
        Ok(Observation {
            page,
            exchanges,
            written,
            scripts_wrote: Vec::new(),
            jar: Some(self.jar.cookies().to_vec()),
            unseen: self.jar.unseen().to_vec(),
            refused,
            console: Vec::new(),
            unpredicted: None,
        })
    }

    /// Takes in what the gateway has refused.
    pub(super) fn hear_refused(&mut self) {
        self.refused.extend(self.gateway.take_refused());
    }

    /// Where the step may have changed the jar. `documents` are that in which it was taken, after it and before.
    fn spots(
        &self,
        action: &Action,
        exchanges: &[Exchange],
        documents: [Option<&Url>; 2],
        now: i64,
    ) -> Vec<Spot> {
        let mut spots = Spot::of_exchanges(exchanges, now);
        if let (Action::DocumentCookie { write: Some(line) }, [Some(page), _]) = (action, documents) {
            spots.extend(Spot::of_line(page, line.as_bytes(), now));
        }
        if self.scripted {
            let pages = documents.into_iter().chain([self.address.as_ref()]).flatten();
            spots.extend(pages.filter_map(Spot::of_page));
        }
        spots
    }

    /// What became of a line is not known where its cookie cannot be seen.
    fn doubt(&self, line: &mut SetCookie, url: &Url) {
        let path = jar::path_of(&rules::set_cookie::SetCookie::parse(&line.line, jar::READING.profile), url);
        if line.reasons.is_empty() && self.jar.unseen().contains(&path) {
            line.stored = None;
        }
    }

    /// Waits until no navigation is under way, every request that arrived is answered, and the page has had
    /// its turn after that.
    pub(super) async fn settle(&self, place: &Place, wire: &Wire) -> Result<View, Failure> {
        loop {
            let mark = wire.mark();
            let url = place.address().await?;
            // A stream never ends; then the step is over without it.
            let _ = timeout(QUIET, wire.settled()).await;
            let loaded = timeout(QUIET, place.run(LOADED, &Value::Null)).await;
            match loaded {
                // A page that is gone cannot answer.
                Ok(Ok(_)) | Ok(Err(Failure::Protocol { .. })) | Err(_) => {}
                Ok(Err(failure)) => return Err(failure),
            }
            if wire.mark() != mark || place.address().await? != url {
                continue;
            }
            let shown = place.run(SHOWN, &Value::Null).await?.unwrap_or_default();
            let text = |key: &str| shown.get(key).and_then(Value::as_str).unwrap_or_default();
            let is_own =
                text("url") == "about:blank" && url.as_ref().is_some_and(|url| url.scheme() != "about");
            return Ok(View { failed: is_own.then(|| text("text").to_owned()), url });
        }
    }

    /// Makes the worker ready for the next scenario, for which a new browser starts when it enters its world:
    /// started earlier it would gain nothing where several workers share the processors.
    ///
    /// # Errors
    /// None: nothing is asked of a browser.
    pub async fn reset(&mut self) -> Result<(), Failure> {
        self.gateway.hide().await;
        self.wire = Wire::default();
        if let Some(last) = self.last.take() {
            // It ended or it panicked; neither is of use to anybody.
            let _ = last.await;
        }
        if let Some(place) = self.place.take() {
            self.last = Some(tokio::spawn(place.close()));
        }
        Ok(())
    }

    /// Ends the browsers, and closes the gateway.
    pub async fn close(mut self) {
        if let Some(place) = self.place.take() {
            place.close().await;
        }
        if let Some(last) = self.last.take() {
            let _ = last.await;
        }
        self.gateway.close().await;
    }
}

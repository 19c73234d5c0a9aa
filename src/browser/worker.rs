//! A worker: one jar, one tab, one gateway. It performs steps and tells what was seen.
//!
//! The order of a step stands here, for every engine: mark the wire, turn to the frame, act, settle, let scripts run,
//! gather the exchanges, look at the jar, and explain. How each is done is the engine's: see [`UserAgent`].

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use url::Url;

use super::failure::Failure;
use super::frames::Frame;
use super::options::DriverSession;
use super::residue::may_run_scripts;
pub use super::user_agent::Told;
use super::user_agent::{Begun, Left, Look, Navigation, Shown, Taken, UserAgent};
use super::{line_outcomes, request, steps};
use crate::observe::{Exchange, Observation, Page, SetCookie};
use crate::plan::{Action, Certificate, Step};
use crate::rules;
use crate::world::wire::{self, Mark, Wire};
use crate::world::{Gateway, World};

/// What is said of a step to an origin that shows a certificate which no browser should take.
const TAKES_ANY: &str = "its driver takes every certificate, so that what it does with a bad one is not seen";

/// How long a page that never rests, asking again and again, is waited for.
const RESTLESS: Duration = Duration::from_secs(5);

/// Why nothing is seen of what is behind a login of HTTP's own in a browser that asks its user for it.
const ASKS: &str = "it asks its user for a name and a password, and its driver cannot answer for one";

/// How long such a browser has for a step after an answer that may make it ask: not every one does.
const GRACE: Duration = Duration::from_secs(10);

/// How many console messages of a step are shown.
const CONSOLE: usize = 100;

/// A cookie jar, a tab and a gateway.
///
/// A worker sees one world at a time. After a scenario, [`Worker::reset`] makes it ready for the next.
#[derive(Debug)]
pub struct Worker {
    pub(super) agent: Box<dyn UserAgent>,
    gateway: Gateway,
    version: String,
    renewals: usize,
    shown: Shown,
    /// Where the worker is, once it has entered a world.
    world: Option<Entered>,
    /// Where the step acts: the document there, unless it has no URL that matters.
    target: Option<Url>,
    /// The frames that steps made.
    pub(super) frames: Vec<Frame>,
    /// Whether the step acts in a sandbox, where documents have no origin.
    pub(super) is_in_sandbox: bool,
}

/// What a worker keeps of the world it is in.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) wire: Wire,
    /// The origins, in the order of the plan.
    pub(super) origins: Vec<Url>,
    /// Those whose certificates are bad.
    distrusted: Vec<url::Origin>,
    /// Whether a script of the scenario ran that may have written anything.
    scripted: bool,
    /// The jar as the last step left it.
    jar: Vec<crate::observe::Cookie>,
    /// The address bar as the last step left it.
    address: Option<Url>,
    /// Where the exchanges begin that are in no step yet. One that comes late belongs to the step it comes in.
    mark: Mark,
    /// Where the exchanges of the step before begin.
    pub(super) before: Mark,
}

impl Worker {
    /// A worker in a tab that shows nothing yet.
    pub(super) fn new(agent: Box<dyn UserAgent>, gateway: Gateway, version: String) -> Self {
        Self {
            agent,
            gateway,
            version,
            renewals: 0,
            shown: Shown::Nothing,
            world: None,
            target: None,
            frames: Vec::new(),
            is_in_sandbox: false,
        }
    }

    /// The browser's version: `156.0.8078.79`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How often the worker was made anew because a reset would not have been enough.
    pub fn renewals(&self) -> usize {
        self.renewals
    }

    /// The browser's process id, where it is this worker's own and the system tells it.
    pub fn process(&self) -> Option<u32> {
        self.agent.process()
    }

    /// The private folder of the browser, where it is this worker's own.
    pub fn folder(&self) -> Option<&Path> {
        self.agent.folder()
    }

    /// Shows a world to this worker, which must be new or reset.
    ///
    /// # Errors
    /// Where the last scenario left what no reset removes, the worker is made anew here, and the
    /// browser may fail at it.
    pub async fn enter(&mut self, world: &World) -> Result<(), Failure> {
        if self.shown == Shown::Residue {
            self.agent.renew(&self.gateway).await?;
            self.shown = Shown::Nothing;
            self.renewals += 1;
        }
        self.frames.clear();
        self.target = None;
        self.gateway.take_refused();
        self.gateway.show(world);
        self.agent.enter(world, &self.gateway).await?;
        let bad = world.origins().iter().filter(|origin| origin.certificate() != Certificate::Good);
        self.world = Some(Entered {
            wire: world.wire().clone(),
            origins: world.origins().iter().map(|origin| origin.url().clone()).collect(),
            distrusted: bad.map(|origin| origin.url().origin()).collect(),
            scripted: false,
            jar: Vec::new(),
            address: None,
            mark: Mark::default(),
            before: Mark::default(),
        });
        Ok(())
    }

    /// Performs a step, waits until all it began has ended, and tells what was seen.
    ///
    /// What goes wrong in the page, a refused connection or a thrown exception, is part of the
    /// observation.
    ///
    /// # Errors
    /// What goes wrong with the browser. A worker that failed cannot be used any more, unless with
    /// [`Failure::NotPossible`].
    pub async fn perform(&mut self, step: &Step) -> Result<Observation, Failure> {
        let Some(mut world) = self.world.take() else {
            return Err(Failure::protocol("perform", "the worker has entered no world"));
        };
        let (waits, wire) = (self.agent.waits_for_logins(), world.wire.clone());
        let mark = wire.mark();
        let seen = tokio::select! {
            seen = self.observe(&mut world, step) => seen,
            () = stays_challenged(&wire, mark), if waits => Err(Failure::NotPossible { why: ASKS }),
        };
        self.world = Some(world);
        match seen {
            Err(failure) => Err(self.agent.diagnose(failure).await),
            seen => seen,
        }
    }

    /// Tells what was seen since the last step, of what a person did: waits until it is over. The step says what that
    /// was; it is not done here, and windows that it opened stay.
    ///
    /// # Errors
    /// As [`Worker::perform`].
    pub async fn witness(&mut self, step: &Step) -> Result<Observation, Failure> {
        let Some(mut world) = self.world.take() else {
            return Err(Failure::protocol("witness", "the worker has entered no world"));
        };
        let seen = self.watch(&mut world, step).await;
        self.world = Some(world);
        match seen {
            Err(failure) => Err(self.agent.diagnose(failure).await),
            seen => seen,
        }
    }

    async fn watch(&mut self, world: &mut Entered, step: &Step) -> Result<Observation, Failure> {
        self.turn_to(world, None).await?;
        self.agent.follow(Begun::Navigation).await?;
        let seen = self.seen(world, step, Page::default(), true).await?;
        self.agent.begin().await?;
        Ok(seen)
    }

    /// Has a function run in every page from now on, with what it tells by as its argument.
    ///
    /// # Errors
    /// [`Failure::NotPossible`] where the browser's driver has no part for it.
    pub async fn run_in_pages(&mut self, function: &str) -> Result<(), Failure> {
        self.agent.run_in_pages(function).await
    }

    /// Waits for the next that such a function tells.
    ///
    /// # Errors
    /// What goes wrong with the browser: [`Failure::Died`] where its window was closed.
    pub async fn told(&mut self) -> Result<Told, Failure> {
        self.agent.told().await
    }

    /// What such a function has told by now, in order, without waiting.
    pub fn told_by_now(&mut self) -> Vec<Told> {
        self.agent.told_by_now()
    }

    /// The exchanges that are in no step yet, in order.
    pub fn since_last_step(&self) -> Vec<wire::Exchange> {
        self.world.as_ref().map(|world| world.wire.since(world.mark)).unwrap_or_default()
    }

    async fn observe(&mut self, world: &mut Entered, step: &Step) -> Result<Observation, Failure> {
        if !self.agent.judges_certificates() && world.distrusts(&step.action) {
            return Err(Failure::NotPossible { why: TAKES_ANY });
        }
        if self.shown == Shown::Last && !matches!(step.action, Action::Visit(_)) {
            self.shown = self.agent.leave().await?;
        }
        self.agent.begin().await?;
        self.gateway.take_refused();

        world.scripted |= self.agent.may_write(&step.action);
        let page = match (self.turn_to(world, step.inside.as_ref()).await?, &step.inside) {
            (false, Some(inside)) => {
                Page { not_done: Some(format!("no frame of {inside} is on the page")), ..Page::default() }
            }
            _ => self.act_filled(&step.action, world).await?,
        };
        self.seen(world, step, page, false).await
    }

    /// Waits until a step is over, and tells what was seen since the last.
    async fn seen(
        &mut self,
        world: &mut Entered,
        step: &Step,
        mut page: Page,
        by_hand: bool,
    ) -> Result<Observation, Failure> {
        self.settle(world).await?;
        world.before = world.mark;
        let exchanges = world.wire.take_since(&mut world.mark);
        let mut exchanges: Vec<Exchange> = exchanges.into_iter().map(Exchange::from_wire).collect();
        self.agent.account_for(&exchanges).await?;
        if !by_hand {
            self.agent.close_windows().await?;
        }
        if page.document_cookie.is_none() && step.claims_document_cookie() {
            page.document_cookie = self.document_cookie(None).await?.document_cookie;
        }

        let now = line_outcomes::now();
        let documents = [self.target.as_ref(), world.address.as_ref()];
        let (is_done, scripted) = (page.not_done.is_none(), world.scripted);
        let taken = Taken { step, is_done, exchanges: &exchanges, documents, scripted, now };
        let look = self.agent.look(&taken).await?;
        self.agent.explain(&mut exchanges, [&world.jar, &look.jar]);
        request::note_omitted(&step.action, self.target.as_ref(), &mut exchanges);
        let reading = self.agent.reading();
        line_outcomes::settle(reading, &mut exchanges, &world.jar, &look.jar, now);
        let written = self.written(step, world, &look, now);
        if world.scripted {
            line_outcomes::doubt_overwritten(reading, &mut exchanges, &look.jar);
        }
        for exchange in &mut exchanges {
            let url = &exchange.wire.url;
            exchange.set_cookie.iter_mut().for_each(|line| self.doubt(line, url, &look));
        }
        page.url.clone_from(&look.url);
        let from = self.target.as_ref();
        steps::conclude(self.agent.as_ref(), step, &mut page, &exchanges, &look.console, from);
        if page.error.is_some()
            && let Some(stranger) = self.gateway.take_strangers().first()
        {
            return Err(Failure::stranger(*stranger));
        }
        self.note_shown(step, &page, &look);
        world.jar.clone_from(&look.jar);
        world.address.clone_from(&look.url);
        // A browser may ask more than once for what it is refused.
        let mut refused = self.gateway.take_refused();
        refused.dedup();
        refused.retain(|asked| !self.agent.asked_by_itself(asked));
        let Look { jar, unseen, mut console, .. } = look;
        console.truncate(CONSOLE);
        Ok(Observation {
            page,
            exchanges,
            written,
            scripts_wrote: Vec::new(),
            jar: Some(jar),
            unseen,
            refused,
            console,
            unpredicted: None,
        })
    }

    /// Waits until the step is over: its own request, and what the page does because of it.
    ///
    /// A page whose scripts have run may go on with every answer it gets. It is given its turns until they bring no
    /// request and no navigation any more.
    async fn settle(&mut self, world: &mut Entered) -> Result<(), Failure> {
        self.agent.settle(&world.wire).await?;
        self.leave_what_stayed().await?;
        let (since, mut still) = (Instant::now(), 0);
        let mut seen = (world.wire.mark(), self.agent.activity());
        while still < self.agent.still_after() && since.elapsed() < RESTLESS {
            world.scripted |= world.wire.since(world.mark).iter().any(may_run_scripts);
            if !world.scripted {
                break;
            }
            self.agent.flush().await?;
            self.agent.settle(&world.wire).await?;
            let now = (world.wire.mark(), self.agent.activity());
            still = if now == seen { still + 1 } else { 0 };
            seen = now;
        }
        Ok(())
    }

    /// Leaves the last scenario's page, where the first step of this one brought none in its place.
    async fn leave_what_stayed(&mut self) -> Result<(), Failure> {
        if matches!(self.shown, Shown::Last | Shown::Inherited) {
            self.shown = match self.agent.arrived() {
                true => Shown::Page,
                false => {
                    self.agent.show_nothing().await?;
                    Shown::Nothing
                }
            };
        }
        Ok(())
    }

    /// Takes in what the tab shows after a step.
    fn note_shown(&mut self, step: &Step, page: &Page, look: &Look) {
        let failed = look.is_error || (request::navigates(step) && page.error.is_some());
        if failed {
            self.shown = Shown::Error;
        } else if request::navigates(step) || self.shown != Shown::Error {
            self.shown = Shown::Page;
        }
    }

    /// Turns to a frame, or to the tab's page. Answers whether it is there.
    async fn turn_to(&mut self, world: &Entered, inside: Option<&Url>) -> Result<bool, Failure> {
        self.is_in_sandbox = false;
        let turned = match inside {
            Some(inside) => self.turn_to_frame(inside).await?,
            None => {
                self.agent.turn_to(None).await?;
                Some(world.address.clone().filter(|_| self.shown != Shown::Error))
            }
        };
        let is_there = turned.is_some();
        self.target = turned.flatten();
        Ok(is_there)
    }

    /// What became of the line that the step's script wrote, where it wrote one.
    fn written(&self, step: &Step, world: &Entered, look: &Look, now: i64) -> Option<SetCookie> {
        let (Action::DocumentCookie { write: Some(line) }, Some(page)) = (&step.action, &self.target) else {
            return None;
        };
        let reading = self.agent.reading();
        let mut line = line_outcomes::settle_written(reading, line, page, &world.jar, &look.jar, now);
        self.agent.explain_written(&mut line, page);
        self.doubt(&mut line, page, look);
        Some(line)
    }

    /// What became of a line is not known where its cookie cannot be seen.
    fn doubt(&self, line: &mut SetCookie, url: &Url, look: &Look) {
        if look.unseen.is_empty() || !line.reasons.is_empty() {
            return;
        }
        let read = rules::set_cookie::SetCookie::parse(&line.line, self.agent.reading().profile);
        if look.unseen.contains(&line_outcomes::path_of(&read, url)) {
            line.stored = None;
        }
    }

    /// Closes the browser and starts it again with its profile.
    pub(super) async fn restart(&mut self) -> Result<Page, Failure> {
        self.agent.restart(&self.gateway).await?;
        self.frames.clear();
        self.shown = Shown::Nothing;
        Ok(Page::default())
    }

    /// Makes the worker clean for the next scenario: no cookie, no storage, no cache, no permission, no
    /// script that runs, and no connection to the world it was in.
    ///
    /// Where the wire shows that something is left which cannot be emptied, the worker is made anew when
    /// it enters the next world.
    ///
    /// # Errors
    /// Whatever the browser fails at. Then the worker cannot be used any more.
    pub async fn reset(&mut self) -> Result<(), Failure> {
        self.gateway.hide().await;
        let Some(Entered { wire, origins, scripted, .. }) = self.world.take() else { return Ok(()) };
        let left = Left { exchanges: wire.since(Mark::default()), origins, scripted, shown: self.shown };
        self.shown = self.agent.reset(&left).await?;
        Ok(())
    }

    /// Where its gateway listens.
    pub fn gateway(&self) -> std::net::SocketAddr {
        self.gateway.address()
    }

    /// The session of a browser of the worker's own, for whoever speaks WebDriver to it.
    pub async fn driver(&mut self) -> Option<DriverSession> {
        self.agent.driver().await
    }

    /// Loads a page and leaves the browser to whoever acts in it. The worker, which must have entered a world, takes no
    /// step any more. What is returned ends when the browser is gone; with it comes the browser's word where the page
    /// did not load.
    ///
    /// # Errors
    /// What goes wrong with the browser.
    pub async fn hand_over(
        &mut self,
        url: &Url,
    ) -> Result<(Option<String>, BoxFuture<'static, ()>), Failure> {
        let word = self.agent.navigate(Navigation::To(url)).await?;
        Ok((word, self.agent.let_go()))
    }

    /// Removes the jar and the tab from the browser, where that still answers, or ends the browser that is the
    /// worker's own, and closes the gateway.
    pub async fn close(self) {
        self.agent.close().await;
        self.gateway.close().await;
    }
}

impl Entered {
    /// Whether an action is for an origin whose certificate is bad.
    fn distrusts(&self, action: &Action) -> bool {
        action.target().is_some_and(|(_, url)| self.distrusted.contains(&url.origin()))
    }
}

/// Waits for an answer that asks for a name and a password, and then for as long as a step may go on after one.
async fn stays_challenged(wire: &Wire, mark: Mark) {
    wire.until(mark, |exchange| {
        matches!(exchange.status, 401) && exchange.response_header("www-authenticate").is_some()
    })
    .await;
    tokio::time::sleep(GRACE).await;
}

//! WebKit as a worker drives it: see [`UserAgent`]. A browser of its own for every scenario.
//!
//! Of what the page does nothing is heard: the wire, the gateway and the address bar are asked instead.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::Url;

use super::Kit;
use super::automation::{Automation, NO_SCRIPT};
use super::frames;
use super::jar::{self, Jar, Spot};
use super::waiting::NOTHING;
use super::written;
use crate::browser::failure::Failure;
use crate::browser::line_outcomes::Reading;
use crate::browser::options::DriverSession;
use crate::browser::user_agent::{
    Begun, Called, Ending, Left, Look, Navigation, Outcome, Shown, Taken, Turned, UserAgent,
};
use crate::browser::{request, scripts};
use crate::observe::Page;
use crate::plan::{Action, Step};
use crate::rules::path::normalize_escapes;
use crate::world::blank::Blank;
use crate::world::gateway::Refusals;
use crate::world::wire::{self, Mark, Wire};
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

/// A jar and a window in WebKit.
#[derive(Debug)]
pub(super) struct Agent {
    kit: Arc<Kit>,
    blank: Blank,
    /// The browser of the scenario.
    automation: Option<Automation>,
    /// The browser of the last scenario, on its way out.
    last: Option<JoinHandle<()>>,
    /// The record of the world it is in; of none, before it enters one.
    pub(super) wire: Wire,
    /// What the gateway refuses.
    pub(super) refusals: Refusals,
    jar: Jar,
    /// What the window showed when the last step was over.
    view: View,
    /// What there was when the step began.
    pub(super) start: Start,
    /// For each frame that a step made, the one it is in: a frame is called by its number here.
    pub(super) frames: Vec<Option<usize>>,
    /// The frame in which the step acts.
    pub(super) target: Option<usize>,
}

/// What a window shows.
#[derive(Debug, Default)]
struct View {
    /// The address bar.
    url: Option<Url>,
    /// The browser's own page about what could not be loaded: what it says.
    failed: Option<String>,
}

/// What there was when a step began.
#[derive(Debug, Default)]
pub(super) struct Start {
    pub(super) mark: Mark,
    /// The address bar.
    pub(super) address: Option<Url>,
    /// Whether the step leaves to the page what is asked for, so that nobody tells when a request has failed.
    is_followed: bool,
    /// Where the record stood when the step was waited for last: a preflight that no request had followed by then is
    /// followed by none.
    in_vain: Mark,
}

impl Agent {
    /// A browser whose traffic goes through this gateway.
    pub(super) async fn new(kit: Arc<Kit>, gateway: &Gateway) -> Result<Self, Failure> {
        let blank = Blank::new(PORT).map_err(|error| Failure::protocol("empty page", error))?;
        let mut agent = Self {
            kit,
            blank,
            automation: None,
            last: None,
            wire: Wire::default(),
            refusals: gateway.refusals(),
            jar: Jar::default(),
            view: View::default(),
            start: Start::default(),
            frames: Vec::new(),
            target: None,
        };
        // A browser that does not start is no worker.
        agent.open(gateway).await?;
        Ok(agent)
    }

    /// Starts the browser of the next scenario.
    async fn open(&mut self, gateway: &Gateway) -> Result<(), Failure> {
        match Automation::open(&self.kit, gateway.address()).await {
            Ok(automation) => self.automation = Some(automation),
            Err(failure) => {
                self.kit.look().await;
                return Err(failure);
            }
        }
        Ok(())
    }

    /// The browser.
    pub(super) fn automation(&self) -> Result<&Automation, Failure> {
        self.automation.as_ref().ok_or_else(|| Failure::protocol("step", "the worker has entered no world"))
    }

    /// Where the step may have changed the jar. `documents` are those in which it was taken, before it and after.
    fn spots(&self, taken: &Taken<'_>, documents: [Option<&Url>; 2]) -> Vec<Spot> {
        let mut spots = Spot::of_exchanges(taken.exchanges, taken.now);
        if let (Action::DocumentCookie { write: Some(line) }, [_, Some(page)]) =
            (&taken.step.action, documents)
        {
            spots.extend(Spot::of_line(page, line.as_bytes(), taken.now));
        }
        if taken.scripted {
            let pages = documents.into_iter().chain(taken.documents).flatten();
            spots.extend(written::spots(taken.exchanges, pages));
        }
        spots
    }

    /// Waits until no navigation is under way, every request that arrived is answered, and the page has had its turn
    /// after that. Answers what is shown then, and where the record stands.
    async fn settled(&self, wire: &Wire) -> Result<(View, Mark), Failure> {
        let automation = self.automation()?;
        let since = Instant::now();
        loop {
            let mark = wire.mark();
            let url = automation.address().await?;
            // A stream never ends; then the step is over without it.
            let _ = timeout(QUIET, wire.settled()).await;
            let loaded = timeout(QUIET, automation.run(LOADED, &Value::Null)).await;
            match loaded {
                // A page that is gone cannot answer.
                Ok(Ok(_)) | Ok(Err(Failure::Protocol { .. })) | Err(_) => {}
                Ok(Err(failure)) => return Err(failure),
            }
            let is_awaited = self.start.is_followed
                && mark != self.start.in_vain
                && since.elapsed() < NOTHING
                && is_followed(&wire.since(self.start.mark));
            if is_awaited || wire.mark() != mark || automation.address().await? != url {
                continue;
            }
            let shown = automation.run(SHOWN, &Value::Null).await?.unwrap_or_default();
            let text = |key: &str| shown.get(key).and_then(Value::as_str).unwrap_or_default();
            let is_own =
                text("url") == "about:blank" && url.as_ref().is_some_and(|url| url.scheme() != "about");
            return Ok((View { failed: is_own.then(|| text("text").to_owned()), url }, mark));
        }
    }

    /// Waits until the window that is looked at has loaded.
    pub(super) async fn settle_window(&self) -> Result<(), Failure> {
        self.settled(&self.wire).await.map(drop)
    }
}

#[async_trait]
impl UserAgent for Agent {
    fn reading(&self) -> Reading {
        jar::READING
    }

    fn judges_certificates(&self) -> bool {
        false
    }

    fn waits_for_logins(&self) -> bool {
        true
    }

    fn process(&self) -> Option<u32> {
        self.automation.as_ref().and_then(Automation::process)
    }

    fn folder(&self) -> Option<&Path> {
        self.automation.as_ref().map(Automation::folder)
    }

    async fn driver(&mut self) -> Option<DriverSession> {
        self.automation.as_ref()?.driver().await
    }

    fn let_go(&mut self) -> BoxFuture<'static, ()> {
        match &self.automation {
            Some(automation) => Box::pin(automation.gone()),
            None => Box::pin(std::future::ready(())),
        }
    }

    async fn diagnose(&mut self, failure: Failure) -> Failure {
        if let Failure::NotPossible { .. } = failure {
            return failure;
        }
        self.kit.look().await;
        match &self.automation {
            Some(automation) => automation.explain(failure).await,
            None => failure,
        }
    }

    async fn close(mut self: Box<Self>) {
        if let Some(automation) = self.automation.take() {
            automation.close().await;
        }
        if let Some(last) = self.last.take() {
            // It ended or it panicked; neither is of use to anybody.
            let _ = last.await;
        }
    }

    async fn enter(&mut self, world: &World, gateway: &Gateway) -> Result<(), Failure> {
        self.jar = Jar::default();
        self.view = View::default();
        self.frames.clear();
        self.wire = world.wire().clone();
        let taken: Vec<_> =
            world.origins().iter().map(|origin| origin.url().port_or_known_default()).collect();
        // There are more ports than a world has origins.
        let port = (1..=PORT).rev().find(|port| !taken.contains(&Some(*port))).unwrap_or(PORT);
        self.blank = self.blank.at(port);
        gateway.show_blank(self.blank.clone());
        Ok(())
    }

    /// The browser ends. That of the next scenario starts when it enters its world: started earlier it would gain
    /// nothing where several workers share the processors.
    async fn reset(&mut self, _: &Left) -> Result<Shown, Failure> {
        self.wire = Wire::default();
        if let Some(last) = self.last.take() {
            let _ = last.await;
        }
        if let Some(automation) = self.automation.take() {
            self.last = Some(tokio::spawn(automation.close()));
        }
        Ok(Shown::Residue)
    }

    async fn renew(&mut self, gateway: &Gateway) -> Result<(), Failure> {
        self.open(gateway).await
    }

    async fn show_nothing(&mut self) -> Result<(), Failure> {
        match Url::parse("about:blank") {
            Ok(url) => self.automation()?.go(&url).await,
            Err(error) => Err(Failure::protocol("url", error)),
        }
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        let address = self.automation()?.address().await?;
        let mark = self.wire.mark();
        self.start = Start { mark, address, is_followed: false, in_vain: mark };
        Ok(())
    }

    async fn turn_to(&mut self, frame: Option<&str>) -> Result<Turned, Failure> {
        self.turn(frame).await
    }

    async fn settle(&mut self, wire: &Wire) -> Result<(), Failure> {
        (self.view, self.start.in_vain) = self.settled(wire).await?;
        Ok(())
    }

    fn arrived(&self) -> bool {
        true
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        match self.run(scripts::TURNS, &Value::Null, false).await {
            // A page that navigates away takes the answer with it.
            Ok(_) | Err(Failure::Protocol { .. }) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    fn activity(&self) -> usize {
        self.refusals.count()
    }

    /// Nothing tells of a request before it is on the wire, and it may need a connection first.
    fn still_after(&self) -> usize {
        10
    }

    async fn look(&mut self, taken: &Taken<'_>) -> Result<Look, Failure> {
        let Some(automation) = self.automation.take() else {
            return Err(Failure::protocol("look", "the worker has entered no world"));
        };
        let look = self.look_with(&automation, taken).await;
        self.automation = Some(automation);
        look
    }

    fn on_wire(&self, mut url: Url) -> Url {
        let path = normalize_escapes(url.path().as_bytes()).into_owned();
        url.set_path(&String::from_utf8_lossy(&path));
        url
    }

    fn ending(&self, step: &Step, _: Option<&str>, _: &Url) -> Option<Ending> {
        let error = self.view.failed.clone().filter(|_| request::navigates(step))?;
        Some(Ending { error, is_aborted: false, shown: None })
    }

    fn tells_why_unread(&self) -> bool {
        false
    }

    async fn navigate(&mut self, to: Navigation<'_>) -> Result<Option<String>, Failure> {
        match to {
            Navigation::To(url) => self.automation()?.go(url).await?,
            Navigation::Again => self.automation()?.reload().await?,
        }
        Ok(None)
    }

    async fn back(&mut self) -> Result<bool, Failure> {
        self.go_back().await
    }

    async fn run(&mut self, function: &str, argument: &Value, _: bool) -> Result<Outcome, Failure> {
        let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
        Ok(self.automation()?.run(function, argument).await?.map(text))
    }

    async fn call(&mut self, function: &str) -> Result<Called, Failure> {
        match self.run(function, &Value::Null, true).await {
            // The driver tells where it stumbled.
            Err(Failure::Protocol { message, .. }) if message.starts_with(NO_SCRIPT) => {
                let message = message.strip_prefix(NO_SCRIPT).unwrap_or_default();
                Ok(Called::NoScript(format!("SyntaxError: {message}")))
            }
            done => done.map(Called::Done),
        }
    }

    async fn follow(&mut self, begun: Begun<'_>) -> Result<(), Failure> {
        match begun {
            Begun::Request => Ok(()),
            Begun::Navigation => {
                self.start.is_followed = true;
                self.hear(self.start.mark).await
            }
            Begun::Beacon(_) => self.hear_beacon().await,
        }
    }

    async fn add_frame(
        &mut self,
        url: &Url,
        sandbox: Option<&str>,
    ) -> Result<(Option<String>, Option<String>), Failure> {
        self.frame(url, sandbox).await
    }

    async fn open_window(&mut self, url: &Url) -> Result<Page, Failure> {
        self.popup(url).await
    }
}

/// Whether the last exchange is a preflight that was allowed, so that its request is on its way.
fn is_followed(exchanges: &[wire::Exchange]) -> bool {
    exchanges.last().is_some_and(|last| {
        last.is_preflight()
            && (200..300).contains(&last.status)
            && last.response_header("access-control-allow-origin").is_some()
    })
}

impl Agent {
    async fn look_with(&mut self, automation: &Automation, taken: &Taken<'_>) -> Result<Look, Failure> {
        let View { url, failed } = &self.view;
        let shown = match taken.step.inside {
            Some(_) if taken.is_done => frames::address(automation).await?,
            _ => url.clone().filter(|_| failed.is_none()),
        };
        if taken.step.inside.is_some() {
            automation.leave_frames().await?;
        }
        let spots = self.spots(taken, [taken.documents[0], shown.as_ref()]);
        self.jar.read(automation, self.blank.port(), &spots, taken.now).await?;
        Ok(Look {
            jar: self.jar.cookies().to_vec(),
            unseen: self.jar.unseen().to_vec(),
            url: self.view.url.clone(),
            is_error: self.view.failed.is_some(),
            console: Vec::new(),
        })
    }
}

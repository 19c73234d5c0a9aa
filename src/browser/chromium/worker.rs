//! A worker: one jar, one tab, one gateway; it performs steps and tells what was seen.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::frames::{Frame, Target};
use super::navigation::Navigation;
use super::overlooked::Overlooked;
use super::place::Place;
use super::popups::Popups;
use super::record::Record;
use super::{jar, steps};
use crate::browser::bidi::{Bidi, Event};
use crate::browser::brought::may_run_scripts;
use crate::browser::failure::Failure;
use crate::browser::home::Home;
use crate::browser::{request, stored};
use crate::observe::{Cookie, Exchange, Observation, Page};
use crate::plan::{Action, Step};
use crate::world::wire::Wire;
use crate::world::{Gateway, World};

/// How long a step waits for requests that do not end, such as a stream of events, before it is over.
pub(super) const QUIET: Duration = Duration::from_secs(5);

/// How long is waited for Chromium's account of exchanges that are on the wire already. It comes within
/// milliseconds, and for few requests never.
const ACCOUNT: Duration = Duration::from_millis(300);

/// How long a browser that did not answer in time is given to answer at all.
const PROBE: Duration = Duration::from_secs(2);

/// How long a worker waits for its jar and tab to be removed before it leaves that to the end of the browser.
const CLOSING: Duration = Duration::from_secs(5);

/// A meta refresh later than this is not a step's own navigation.
const REFRESH: f64 = 1.0;

/// How many console messages of a step are kept.
const CONSOLE: usize = 100;

/// A cookie jar, a tab and a gateway.
///
/// A worker sees one world at a time. After a scenario, [`Worker::reset`] makes it ready for the next.
#[derive(Debug)]
pub struct Worker {
    pub(super) bidi: Bidi,
    pub(super) gateway: Gateway,
    pub(super) place: Place,
    version: String,
    pub(super) events: mpsc::UnboundedReceiver<Arc<Event>>,
    /// Where the worker is, once it has entered a world.
    pub(super) world: Option<Entered>,
    pub(super) record: Record,
    /// The jar as the last step left it.
    jar: Vec<Cookie>,
    /// The address bar as the last step left it.
    pub(super) address: Option<Url>,
    pub(super) navigation: Navigation,
    console: Vec<String>,
    crashed: bool,
    /// Whether the place must be thrown away before the next world.
    pub(super) stale: bool,
    /// Whether the last scenario's page, which is inert, is still shown.
    pub(super) lingers: bool,
    /// Whether no step was taken in this world yet.
    fresh: bool,
    /// Whether the page is one of the last scenario, or an empty one that has its origin from it.
    pub(super) borrowed: bool,
    /// Whether the last navigation failed, so that a page of the browser's own is shown.
    pub(super) failed: bool,
    renewals: usize,
    /// Where the step acts.
    pub(super) target: Target,
    /// The frames that steps made.
    pub(super) frames: Vec<Frame>,
    /// Those of them, and of the pages' own, that the driver leaves standing.
    pub(super) overlooked: Overlooked,
    /// The windows that the step opened.
    pub(super) popups: Popups,
    /// The browser, where it is the worker's own.
    pub(super) home: Option<Home>,
}

/// What a worker keeps of the world it is in.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) wire: Wire,
    /// The origins, in the order of the plan.
    pub(super) origins: Vec<Url>,
    /// Whether a script of the scenario ran that may have written anything.
    pub(super) scripted: bool,
}

impl Worker {
    pub(super) async fn new(bidi: Bidi, gateway: Gateway, version: String) -> Result<Self, Failure> {
        let place = Place::new(&bidi, &gateway).await?;
        Ok(Self::at(bidi, gateway, place, version, None))
    }

    /// A worker at this place.
    pub(super) fn at(
        bidi: Bidi,
        gateway: Gateway,
        place: Place,
        version: String,
        home: Option<Home>,
    ) -> Self {
        Self {
            events: bidi.events(),
            target: Target { context: place.tab.clone(), url: None },
            frames: Vec::new(),
            overlooked: Overlooked::default(),
            popups: Popups::default(),
            home,
            bidi,
            gateway,
            place,
            version,
            world: None,
            record: Record::default(),
            jar: Vec::new(),
            address: None,
            navigation: Navigation::default(),
            console: Vec::new(),
            crashed: false,
            stale: false,
            lingers: false,
            fresh: false,
            borrowed: false,
            failed: false,
            renewals: 0,
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

    /// Shows a world to this worker, which must be new or reset.
    ///
    /// # Errors
    /// Where the last scenario left what no reset removes, the worker is made anew here, and the
    /// browser may fail at it.
    pub async fn enter(&mut self, world: &World) -> Result<(), Failure> {
        if self.stale {
            self.renew().await?;
        }
        self.jar.clear();
        self.address = None;
        self.frames.clear();
        self.fresh = true;
        self.gateway.take_refused();
        self.gateway.show(world);
        self.world = Some(Entered {
            wire: world.wire().clone(),
            origins: world.origins().iter().map(|origin| origin.url().clone()).collect(),
            scripted: false,
        });
        Ok(())
    }

    /// Performs a step, waits until all it began has ended, and tells what was seen.
    ///
    /// What goes wrong in the page, a refused connection or a thrown exception, is part of the
    /// observation.
    ///
    /// # Errors
    /// What goes wrong with the browser. A worker that failed cannot be used any more.
    pub async fn perform(&mut self, step: &Step) -> Result<Observation, Failure> {
        let seen = self.observe(step).await;
        if matches!(seen, Err(Failure::TimedOut { .. })) {
            self.probe().await;
        }
        seen
    }

    /// Finds out whether a browser that did not answer in time answers at all, so that nobody else waits
    /// for it: a page may be slow, a browser may not.
    async fn probe(&self) {
        let params = json!({ "method": "Browser.getVersion" });
        if self.bidi.command_within("goog:cdp.sendCommand", params, PROBE).await.is_err() {
            self.bidi.give_up("the browser");
        }
    }

    async fn observe(&mut self, step: &Step) -> Result<Observation, Failure> {
        let Some(wire) = self.world.as_ref().map(|world| world.wire.clone()) else {
            return Err(Failure::protocol("perform", "the worker has entered no world"));
        };
        if self.lingers && !matches!(step.action, Action::Visit(_)) {
            self.leave_page().await?;
            self.lingers = false;
        }
        self.drain()?;
        self.record.clear();
        self.console.clear();
        self.gateway.take_refused();
        self.navigation.arrived = false;
        let mark = wire.mark();

        let mut page = match (self.turn_to(step.inside.as_ref()).await?, &step.inside) {
            (false, Some(inside)) => {
                Page { not_done: Some(format!("no frame of {inside} is on the page")), ..Page::default() }
            }
            _ => self.act(&step.action).await?,
        };
        self.settle(&wire).await?;
        let mut exchanges: Vec<Exchange> = wire.since(mark).into_iter().map(Exchange::from_wire).collect();
        if self.flush_scripts(&exchanges).await? {
            self.settle(&wire).await?;
            exchanges = wire.since(mark).into_iter().map(Exchange::from_wire).collect();
        }
        self.wait_for(ACCOUNT, |worker| worker.record.is_complete(&exchanges)).await?;
        if self.record.network_changed() {
            return Err(Failure::NetworkChanged);
        }
        self.close_popups().await?;
        if std::mem::take(&mut self.borrowed) && !self.navigation.arrived {
            self.show_nothing().await?;
        }

        if page.document_cookie.is_none() && step.claims_document_cookie() {
            page.document_cookie = self.document_cookie(None).await?.document_cookie;
        }
        let (jar, url) = self.look().await?;
        self.record.explain(&mut exchanges);
        request::note_omitted(&step.action, self.target.url.as_ref(), &mut exchanges);
        stored::settle(jar::READING, &mut exchanges, &self.jar, &jar, stored::now());
        let written = match (&step.action, &self.target.url) {
            (Action::DocumentCookie { write: Some(line) }, Some(page)) => {
                Some(stored::settle_written(jar::READING, line, page, &self.jar, &jar, stored::now()))
            }
            _ => None,
        };
        self.jar.clone_from(&jar);
        self.address.clone_from(&url);
        steps::conclude(step, &mut page, &exchanges, &self.record, &self.console, url);
        if request::navigates(step) {
            self.failed = page.error.is_some();
        }
        // Chromium asks more than once for what it is refused.
        let mut refused = self.gateway.take_refused();
        refused.dedup();
        // A browser of the worker's own calls home by the same gateway.
        refused.retain(|asked| self.home.is_none() || self.record.asked_for(asked));
        Ok(Observation {
            page,
            exchanges,
            written,
            scripts_wrote: Vec::new(),
            jar: Some(jar),
            unseen: Vec::new(),
            refused,
            console: std::mem::take(&mut self.console),
            unpredicted: None,
        })
    }

    /// The jar and the address bar.
    async fn look(&mut self) -> Result<(Vec<Cookie>, Option<Url>), Failure> {
        let bidi = self.bidi.clone();
        let jar = json!({ "method": "Storage.getCookies", "params": self.place.browser_context() });
        let tree = json!({ "root": self.place.tab, "maxDepth": 0 });
        // What was shown before the first step must not be gone back to.
        self.lingers = false;
        let forget =
            std::mem::take(&mut self.fresh).then(|| self.place.cdp("Page.resetNavigationHistory", json!({})));
        let forget = async {
            match forget {
                Some(envelope) => bidi.command("goog:cdp.sendCommand", envelope).await.map(drop),
                None => Ok(()),
            }
        };
        let all = future::try_join3(
            bidi.command("goog:cdp.sendCommand", jar),
            bidi.command("browsingContext.getTree", tree),
            forget,
        );
        let (jar, tree, ()) = self.attend(all).await?;
        let cookies = jar::cookies(&jar)
            .ok_or_else(|| Failure::protocol("Storage.getCookies", "the answer has no cookies"))?;
        let url = tree.pointer("/contexts/0/url").and_then(Value::as_str);
        Ok((cookies, url.and_then(|url| Url::parse(url).ok())))
    }

    /// Lets timers that a document of the scenario's own set for "at once" run. Answers whether there
    /// was such a document.
    async fn flush_scripts(&mut self, exchanges: &[Exchange]) -> Result<bool, Failure> {
        if !exchanges.iter().any(|exchange| may_run_scripts(&exchange.wire)) {
            return Ok(false);
        }
        if let Some(world) = &mut self.world {
            world.scripted = true;
        }
        let timer = self.evaluate("new Promise(done => setTimeout(done, 0))").await;
        match timer {
            // A page that navigates away takes the answer with it.
            Ok(_) | Err(Failure::Protocol { .. }) => Ok(true),
            Err(failure) => Err(failure),
        }
    }

    /// Waits until no navigation is under way, every request that arrived is answered, every request the
    /// browser began has ended, and what it shows of a navigation that failed is there.
    pub(super) async fn settle(&mut self, wire: &Wire) -> Result<(), Failure> {
        let limit = self.bidi.limit();
        loop {
            let is_over = |worker: &Self| worker.navigation.is_over() && worker.popups.are_over();
            if !self.wait_for(limit, is_over).await? {
                return Err(Failure::TimedOut { command: "load of the page".to_owned(), after: limit });
            }
            // A stream never ends; then the step is over without it.
            let _ = timeout(QUIET, wire.settled()).await;
            let quiet = |worker: &Self| {
                let navigation = &worker.navigation;
                let is_there = navigation.failed.is_none() && navigation.frames.is_empty();
                !is_over(worker) || (is_there && worker.record.is_quiet())
            };
            self.wait_for(QUIET, quiet).await?;
            if is_over(self) {
                self.navigation.failed = None;
                self.navigation.frames.clear();
                return Ok(());
            }
        }
    }

    /// Runs an expression in the page and waits for its value, which must be a primitive.
    pub(super) async fn evaluate(&mut self, expression: &str) -> Result<Value, Failure> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        self.cdp("Runtime.evaluate", params).await
    }

    /// A command of the Chrome DevTools Protocol to the tab: its `result`.
    pub(super) async fn cdp(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        let session = self.place.session.clone();
        self.cdp_in(&session, method, params).await
    }

    /// The same, in another session.
    pub(super) async fn cdp_in(
        &mut self,
        session: &str,
        method: &str,
        params: Value,
    ) -> Result<Value, Failure> {
        let envelope = json!({ "method": method, "params": params, "session": session });
        let mut answer = self.call("goog:cdp.sendCommand", envelope).await?;
        Ok(answer.get_mut("result").map(Value::take).unwrap_or_default())
    }

    /// A command, events being taken in while it is waited for.
    pub(super) async fn call(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        let bidi = self.bidi.clone();
        self.attend(bidi.command(method, params)).await
    }

    /// Takes events in while something is waited for. A crash of the page ends the wait.
    pub(super) async fn attend<T>(
        &mut self,
        future: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::pin!(future);
        loop {
            self.check()?;
            tokio::select! {
                biased;
                done = &mut future => return done,
                Some(event) = self.events.recv() => self.take(&event),
            }
        }
    }

    /// Takes events in until a condition holds. Answers whether it came to hold in time.
    pub(super) async fn wait_for(
        &mut self,
        limit: Duration,
        condition: impl Fn(&Self) -> bool,
    ) -> Result<bool, Failure> {
        let deadline = Instant::now() + limit;
        loop {
            self.drain()?;
            if condition(self) {
                return Ok(true);
            }
            match timeout_at(deadline, self.events.recv()).await {
                Ok(Some(event)) => self.take(&event),
                Ok(None) => return Err(self.bidi.gone_failure()),
                Err(_) => return Ok(false),
            }
        }
    }

    /// Takes in the events that have come.
    fn drain(&mut self) -> Result<(), Failure> {
        while let Ok(event) = self.events.try_recv() {
            self.take(&event);
        }
        self.check()
    }

    fn check(&self) -> Result<(), Failure> {
        if self.crashed {
            return Err(Failure::Died { who: "the page's process".to_owned(), last_words: Vec::new() });
        }
        Ok(())
    }

    fn take(&mut self, event: &Event) {
        let params = &event.params;
        let text = |pointer: &str| params.pointer(pointer).and_then(Value::as_str);
        if let Some(name) = event.method.strip_prefix("goog:cdp.") {
            let inner = &params["params"];
            let session = text("/session").unwrap_or_default();
            if !self.place.sessions.contains(session) {
                // A window that a step opened tells its session by its first request.
                let window =
                    inner.get("frameId").and_then(Value::as_str).and_then(|id| self.popups.get_mut(id));
                if window.is_none() {
                    return;
                }
                self.place.sessions.insert(session.to_owned());
            }
            let on_top = inner.get("frameId").and_then(Value::as_str) == Some(self.place.tab.as_str());
            match name {
                "Target.attachedToTarget" => {
                    if let Some(session) = inner.get("sessionId").and_then(Value::as_str) {
                        self.place.sessions.insert(session.to_owned());
                    }
                    if let Some(session) = self.overlooked.attach(inner) {
                        let go_on =
                            json!({ "method": "Runtime.runIfWaitingForDebugger", "session": session });
                        self.bidi.send("goog:cdp.sendCommand", go_on);
                    }
                }
                "Target.detachedFromTarget" => self.overlooked.detach(inner),
                "Page.frameDetached" => {
                    // The page's process has handed it over: its document is there.
                    let frame = inner.get("frameId").and_then(Value::as_str).unwrap_or_default();
                    if self.overlooked.contains(frame) {
                        self.navigation.frames.remove(frame);
                    }
                }
                "Inspector.targetCrashed" => {
                    self.crashed |= text("/session") == Some(self.place.session.as_str());
                }
                "Page.frameRequestedNavigation" => {
                    let here = inner.get("disposition").is_none_or(|disposition| disposition == "currentTab");
                    if let (true, Some(frame)) = (here, inner.get("frameId").and_then(Value::as_str)) {
                        self.asked(frame);
                    }
                }
                "Page.frameScheduledNavigation" => {
                    let delay = inner.get("delay").and_then(Value::as_f64).unwrap_or_default();
                    self.navigation.requested |= on_top && delay <= REFRESH;
                }
                "Page.frameClearedScheduledNavigation" if on_top => {}
                "Log.entryAdded" => {
                    if let Some(text) = inner.pointer("/entry/text").and_then(Value::as_str) {
                        self.say(text);
                    }
                }
                _ => {
                    if let Some(name) = name.strip_prefix("Network.") {
                        // No page comes of a navigation that was given up, or answered with no content.
                        let aborted =
                            inner.get("errorText").and_then(Value::as_str) == Some("net::ERR_ABORTED");
                        if aborted && inner.get("type").and_then(Value::as_str) == Some("Document") {
                            self.navigation.failed = None;
                        }
                        self.record.take(name, inner);
                    }
                }
            }
        } else if event.method == "log.entryAdded" {
            if text("/source/userContext") == Some(self.place.context.as_str()) {
                self.say(text("/text").unwrap_or_default());
            }
        } else if let (Some(name), Some(context)) =
            (event.method.strip_prefix("browsingContext."), text("/context"))
        {
            let navigation = text("/navigation").unwrap_or_default();
            let begins = matches!(name, "navigationStarted" | "fragmentNavigated");
            let is_here = context == self.place.tab || text("/userContext") == Some(&self.place.context);
            let traversed = begins && is_here && std::mem::take(&mut self.navigation.traversing);
            if name == "contextCreated" {
                let is_window = params.get("parent").is_none_or(Value::is_null) && context != self.place.tab;
                if is_window && text("/userContext") == Some(self.place.context.as_str()) {
                    self.popups.opened(context);
                }
            } else if name == "contextDestroyed" {
                self.popups.closed(context);
                self.navigation.frames.remove(context);
            } else if let Some(popup) = self.popups.get_mut(context) {
                popup.take(name, navigation);
            } else if context == self.place.tab {
                self.navigation.take(name, navigation);
            } else if name != "navigationStarted" {
                self.navigation.frames.remove(context);
            } else if traversed {
                self.navigation.frames.insert(context.to_owned());
            }
        }
    }

    /// Takes in that a page asked for a navigation of this frame, which may be a window's or the tab's own.
    fn asked(&mut self, frame: &str) {
        if frame == self.place.tab {
            self.navigation.requested = true;
        } else if let Some(window) = self.popups.get_mut(frame) {
            window.requested = true;
        } else {
            self.navigation.frames.insert(frame.to_owned());
        }
    }

    fn say(&mut self, text: &str) {
        if self.console.len() < CONSOLE {
            self.console.push(text.to_owned());
        }
    }

    /// Throws the jar and the tab away, and makes new ones behind the same gateway.
    pub(super) async fn renew(&mut self) -> Result<(), Failure> {
        let (bidi, old) = (self.bidi.clone(), self.place.context.clone());
        bidi.command("browser.removeUserContext", json!({ "userContext": old })).await?;
        self.place = Place::new(&bidi, &self.gateway).await?;
        self.forget_pages();
        self.renewals += 1;
        Ok(())
    }

    /// Forgets what was known of the pages of a place that is gone.
    pub(super) fn forget_pages(&mut self) {
        self.navigation = Navigation::default();
        self.popups = Popups::default();
        self.overlooked = Overlooked::default();
        self.frames.clear();
        self.address = None;
        (self.crashed, self.stale, self.lingers, self.failed) = (false, false, false, false);
    }

    /// Removes the jar and the tab from the browser, where that still answers, or the browser that is the
    /// worker's own, and closes the gateway.
    pub async fn close(self) {
        if let Some(home) = self.home {
            home.close().await;
            return self.gateway.close().await;
        }
        let params = json!({ "userContext": self.place.context });
        // A browser that is gone has no context left to remove.
        let _ = self.bidi.command_within("browser.removeUserContext", params, CLOSING).await;
        self.gateway.close().await;
    }
}

//! A worker: one jar, one tab, one gateway; it performs steps and tells what was seen.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

use super::chrome::Chrome;
use super::frames::{Frame, Target};
use super::tab::Tab;
use super::{jar, steps, told};
use crate::browser::bidi::Bidi;
use crate::browser::brought::may_run_scripts;
use crate::browser::failure::Failure;
use crate::browser::home::Home;
use crate::browser::listening::Line;
use crate::browser::{request, stored};
use crate::observe::{Cookie, Exchange, Observation, Page};
use crate::plan::{Action, Step};
use crate::world::wire::Wire;
use crate::world::{Gateway, World};

/// How long a step waits for requests that do not end, such as a stream of events, before it is over.
const QUIET: Duration = Duration::from_secs(5);

/// How long is waited for a redirect to be followed: a page may be forbidden to, and that is not told. On a busy
/// machine a beacon took more than 0.3 s (seen 2026-11-25).
const FOLLOWED: Duration = Duration::from_secs(1);

/// How long a browser that did not answer in time is given to answer at all.
const PROBE: Duration = Duration::from_secs(2);

/// How long a worker waits for its jar and tab to be removed before it leaves that to the end of the browser.
const CLOSING: Duration = Duration::from_secs(5);

/// How long a page that refreshes itself is given to begin, beyond the delay it names itself.
const REFRESHING: Duration = Duration::from_millis(500);

/// How many console messages of a step are shown.
const CONSOLE: usize = 100;

/// Lets timers that were set for "at once" run, and tells the delay of a meta refresh, in seconds, where the
/// page has one that is a step's own navigation.
const TURN: &str = "new Promise(done => setTimeout(() => {
    const refresh = document.querySelector('meta[http-equiv=refresh i]')?.content;
    const delay = refresh === undefined ? NaN : parseFloat(refresh);
    done(delay <= 1 ? delay : null);
}, 0))";

/// A cookie jar, a tab and a gateway.
///
/// A worker sees one world at a time. After a scenario, [`Worker::reset`] makes it ready for the next.
#[derive(Debug)]
pub struct Worker {
    pub(super) line: Line,
    pub(super) chrome: Chrome,
    pub(super) gateway: Gateway,
    version: String,
    pub(super) tab: Tab,
    /// The number that Firefox itself has for the user context.
    pub(super) context: u64,
    /// Where the worker is, once it has entered a world.
    pub(super) world: Option<Entered>,
    /// The jar as the last step left it.
    pub(super) jar: Vec<Cookie>,
    /// The address bar as the last step left it.
    pub(super) address: Option<Url>,
    /// Where the step acts.
    pub(super) target: Target,
    /// The frames that steps made.
    pub(super) frames: Vec<Frame>,
    /// Whether the last navigation failed, so that a page of the browser's own is shown.
    pub(super) failed: bool,
    /// Whether the last scenario's page, which is inert, is still shown.
    pub(super) lingers: bool,
    /// The number of the last message of the browser's own console that was read.
    heard: u64,
    /// Whether the jar and the tab must be thrown away before the next world.
    pub(super) stale: bool,
    pub(super) renewals: usize,
    /// The browser, where it is the worker's own.
    pub(super) home: Option<Home>,
}

/// What a worker keeps of the world it is in.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) wire: Wire,
    /// Whether a script of the scenario ran that may have written anything.
    pub(super) scripted: bool,
}

impl Worker {
    pub(super) async fn new(
        bidi: Bidi,
        chrome: Chrome,
        gateway: Gateway,
        version: String,
    ) -> Result<Self, Failure> {
        let line = Line::new(bidi);
        let place = place(&line.bidi, &chrome, &gateway).await?;
        Ok(Self::at(line, chrome, gateway, version, place))
    }

    /// A worker in this tab, whose user context has this number.
    pub(super) fn at(
        line: Line,
        chrome: Chrome,
        gateway: Gateway,
        version: String,
        (tab, context): (Tab, u64),
    ) -> Self {
        Self {
            line,
            chrome,
            gateway,
            version,
            tab,
            context,
            world: None,
            jar: Vec::new(),
            address: None,
            target: Target::default(),
            frames: Vec::new(),
            failed: false,
            lingers: false,
            heard: 0,
            stale: false,
            renewals: 0,
            home: None,
        }
    }

    /// The browser's version: `153.7.0`.
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
        self.gateway.take_refused();
        self.gateway.show(world);
        self.world = Some(Entered { wire: world.wire().clone(), scripted: false });
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
        let bidi = &self.line.bidi;
        if bidi.command_within("session.status", json!({}), PROBE).await.is_err() {
            bidi.give_up("the browser");
        }
    }

    async fn observe(&mut self, step: &Step) -> Result<Observation, Failure> {
        let Some(wire) = self.world.as_ref().map(|world| world.wire.clone()) else {
            return Err(Failure::protocol("perform", "the worker has entered no world"));
        };
        if self.lingers && !matches!(step.action, Action::Visit(_)) {
            self.show_nothing().await?;
        }
        self.line.drain(&mut self.tab)?;
        self.tab.begin();
        self.gateway.take_refused();
        let mark = wire.mark();

        let mut page = match (self.turn_to(step.inside.as_ref()).await?, &step.inside) {
            (false, Some(inside)) => {
                Page { not_done: Some(format!("no frame of {inside} is on the page")), ..Page::default() }
            }
            _ => self.act(&step.action).await?,
        };
        self.settle(&wire).await?;
        if std::mem::take(&mut self.lingers) && !self.tab.navigation.arrived {
            // The first visit brought no page.
            self.show_nothing().await?;
        }
        if wire.since(mark).iter().any(may_run_scripts) {
            self.note_scripts();
            self.turn().await?;
            self.settle(&wire).await?;
        }
        let mut exchanges: Vec<Exchange> = wire.since(mark).into_iter().map(Exchange::from_wire).collect();
        self.close_windows().await?;
        if page.document_cookie.is_none() && step.claims_document_cookie() {
            page.document_cookie = self.document_cookie(None).await?.document_cookie;
        }

        let look = self.chrome.look(self.context, self.heard);
        let look = self.line.attend(&mut self.tab, look).await?;
        let jar = jar::cookies(&look).ok_or_else(|| Failure::protocol("look", "there is no jar"))?;
        let (said, heard) = told::said(&look, self.heard);
        self.heard = heard;
        let mut url = look.get("address").and_then(Value::as_str).and_then(|url| Url::parse(url).ok());
        if let Some(url) = url.as_mut().filter(|url| url.path() == "blank") {
            // By its fragment the tab was found.
            url.set_fragment(None);
        }
        let messages = &self.tab.messages;
        told::explain_withheld(&mut exchanges, &said, &[&self.jar, &jar]);
        told::explain_refused(&mut exchanges, messages, said);
        told::explain_blocked(&mut exchanges, messages);
        request::note_omitted(&step.action, self.target.url.as_ref(), &mut exchanges);
        stored::settle(jar::READING, &mut exchanges, &self.jar, &jar, stored::now());
        let written = match (&step.action, &self.target.url) {
            (Action::DocumentCookie { write: Some(line) }, Some(page)) => {
                let (before, now) = (&self.jar, stored::now());
                let mut line = stored::settle_written(jar::READING, line, page, before, &jar, now);
                told::explain_written(&mut line, page, messages);
                Some(line)
            }
            _ => None,
        };
        self.jar.clone_from(&jar);
        self.address.clone_from(&url);
        steps::conclude(step, &mut page, &exchanges, &self.tab, url);
        if request::navigates(step) {
            self.failed = page.error.is_some();
        }
        let mut refused = self.gateway.take_refused();
        refused.dedup();
        // A browser of the worker's own calls home by the same gateway.
        refused.retain(|asked| self.home.is_none() || self.tab.record.asked_at(asked));
        let mut console = std::mem::take(&mut self.tab.messages);
        console.truncate(CONSOLE);
        let jar = Some(jar);
        Ok(Observation { page, exchanges, written, jar, refused, console, ..Observation::default() })
    }

    /// Closes every window that the step opened.
    async fn close_windows(&mut self) -> Result<(), Failure> {
        for context in self.tab.windows() {
            match self.call("browsingContext.close", json!({ "context": context })).await {
                // It may have closed itself.
                Ok(_) | Err(Failure::Protocol { .. }) => {}
                Err(failure) => return Err(failure),
            }
            self.tab.closed(&context);
        }
        Ok(())
    }

    /// Notes that a script of the scenario's own ran.
    pub(super) fn note_scripts(&mut self) {
        if let Some(world) = &mut self.world {
            world.scripted = true;
        }
    }

    /// Gives the page a turn: what it has begun is known after.
    pub(super) async fn turn(&mut self) -> Result<(), Failure> {
        let params = json!({
            "expression": TURN,
            "target": { "context": self.target.context },
            "awaitPromise": true,
        });
        let answer = match self.call("script.evaluate", params).await {
            Ok(answer) => answer,
            // A page that navigates away takes the answer with it.
            Err(Failure::Protocol { .. }) => return Ok(()),
            Err(failure) => return Err(failure),
        };
        let Some(delay) = answer.pointer("/result/value").and_then(Value::as_f64) else { return Ok(()) };
        let limit = REFRESHING + Duration::from_secs_f64(delay.clamp(0.0, 1.0));
        let begun = self.tab.navigation.begun.len();
        self.line.wait_for(&mut self.tab, limit, |tab| tab.navigation.begun.len() > begun).await.map(drop)
    }

    /// Waits until no navigation is under way, every request that arrived is answered, and every request the
    /// browser began has ended.
    pub(super) async fn settle(&mut self, wire: &Wire) -> Result<(), Failure> {
        let limit = self.line.bidi.limit();
        loop {
            if !self.line.wait_for(&mut self.tab, limit, |tab| tab.is_there()).await? {
                return Err(Failure::TimedOut { command: "load of the page".to_owned(), after: limit });
            }
            // A stream never ends; then the step is over without it.
            let _ = timeout(QUIET, wire.settled()).await;
            let answered =
                |tab: &Tab| !tab.is_there() || (tab.navigation.frames_are_over() && tab.record.is_answered());
            self.line.wait_for(&mut self.tab, QUIET, answered).await?;
            let quiet = |tab: &Tab| !tab.is_there() || tab.record.is_quiet();
            self.line.wait_for(&mut self.tab, FOLLOWED, quiet).await?;
            if self.tab.is_there() {
                self.tab.navigation.give_up_frames();
                return Ok(());
            }
        }
    }

    /// A command, events being heard while it is waited for.
    pub(super) async fn call(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        self.line.call(&mut self.tab, method, params).await
    }

    /// Throws the jar and the tab away, and makes new ones behind the same gateway.
    pub(super) async fn renew(&mut self) -> Result<(), Failure> {
        let bidi = self.line.bidi.clone();
        let old = json!({ "userContext": self.tab.context });
        let removed = bidi.command("browser.removeUserContext", old);
        let (_, (tab, context)) = tokio::try_join!(removed, place(&bidi, &self.chrome, &self.gateway))?;
        (self.tab, self.context) = (tab, context);
        self.forget_pages();
        self.renewals += 1;
        Ok(())
    }

    /// Forgets what was known of the pages of a tab that is gone.
    pub(super) fn forget_pages(&mut self) {
        self.frames.clear();
        self.address = None;
        self.target = Target::default();
        self.heard = 0;
        (self.stale, self.failed, self.lingers) = (false, false, false);
    }

    /// Removes the jar and the tab from the browser, where that still answers, or the browser that is the
    /// worker's own, and closes the gateway.
    pub async fn close(self) {
        if let Some(home) = self.home {
            home.close().await;
            return self.gateway.close().await;
        }
        let params = json!({ "userContext": self.tab.context });
        // A browser that is gone has no context left to remove.
        let _ = self.line.bidi.command_within("browser.removeUserContext", params, CLOSING).await;
        self.gateway.close().await;
    }
}

/// A new jar and a tab in it, behind a gateway, and the number that Firefox itself has for the jar.
async fn place(bidi: &Bidi, chrome: &Chrome, gateway: &Gateway) -> Result<(Tab, u64), Failure> {
    let proxy = super::proxy(gateway.address());
    let context = text(bidi, "browser.createUserContext", json!({ "proxy": proxy }), "userContext").await?;
    let params = json!({ "type": "tab", "userContext": context, "background": true });
    let tab = text(bidi, "browsingContext.create", params, "context").await?;
    settle_in(bidi, chrome, context, tab).await
}

/// The tab of a user context, and the number that Firefox itself has for that.
pub(super) async fn settle_in(
    bidi: &Bidi,
    chrome: &Chrome,
    context: String,
    tab: String,
) -> Result<(Tab, u64), Failure> {
    // BiDi has names of its own for jars. What both it and Firefox itself know is the address of the tab.
    let mark = format!("about:blank#{context}");
    let params = json!({ "context": tab, "url": mark, "wait": "complete" });
    bidi.command("browsingContext.navigate", params).await?;
    let number = chrome.number(&mark).await?;
    Ok((Tab::new(context, tab), number))
}

/// A command whose answer is one text.
async fn text(bidi: &Bidi, method: &str, params: Value, key: &str) -> Result<String, Failure> {
    let answer = bidi.command(method, params).await?;
    let text = answer.get(key).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Failure::protocol(method, format!("the answer has no `{key}`")))
}

//! Chromium as a worker drives it: see [`UserAgent`].
//!
//! BiDi moves the tab and calls its scripts; what only Chromium tells, its jar and its words for why, comes over the
//! DevTools protocol inside the same socket.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{self, BoxFuture};
use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

use super::tab::Tab;
use super::{ending, jar, unattached_frames};
use crate::browser::bidi::dedicated::{DEFAULT, Dedicated, ELSEWHERE};
use crate::browser::bidi::pump::Connection;
use crate::browser::bidi::{Bidi, commands, telling};
use crate::browser::failure::Failure;
use crate::browser::line_outcomes::Reading;
use crate::browser::options::DriverSession;
use crate::browser::scripts;
use crate::browser::user_agent::{
    Called, Ending, Left, Look, Navigation, Outcome, Shown, Taken, Told, Turned, Unread, UserAgent,
};
use crate::observe::{Cookie, Exchange, Page};
use crate::plan::Step;
use crate::world::wire::Wire;
use crate::world::{Gateway, World};

/// How long a step waits for requests that do not end, such as a stream of events, before it is over.
pub(super) const QUIET: Duration = Duration::from_secs(5);

/// How long is waited for Chromium's account of exchanges that are on the wire already. It comes within
/// milliseconds, and for few requests never.
const ACCOUNT: Duration = Duration::from_millis(300);

/// How long a browser that did not answer in time is given to answer at all.
const PROBE: Duration = Duration::from_secs(2);

/// How long is waited for the jar and the tab to be removed before that is left to the end of the browser.
const CLOSING: Duration = Duration::from_secs(5);

/// A jar and a tab in Chromium.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) connection: Connection,
    pub(super) tab: Tab,
    /// Where the step acts: the tab, or a frame in it.
    target: String,
    /// Whether no step was taken in this world yet: what was shown before must not be gone back to.
    is_first: bool,
    /// The browser, where it is this worker's own.
    dedicated: Option<Dedicated>,
}

impl Agent {
    /// A new tab with a jar of its own, which sees what this gateway shows.
    pub(super) async fn new(bidi: &Bidi, gateway: &Gateway) -> Result<Self, Failure> {
        let tab = new_tab(bidi, gateway).await?;
        Ok(Self::at(bidi, tab, None))
    }

    /// The first tab of a browser of a worker's own, with the jar of its profile.
    pub(super) async fn alone(dedicated: Dedicated, bidi: &Bidi) -> Result<Self, Failure> {
        match first_tab(bidi).await {
            Ok(tab) => Ok(Self::at(bidi, tab, Some(dedicated))),
            Err(failure) => {
                dedicated.close().await;
                Err(failure)
            }
        }
    }

    fn at(bidi: &Bidi, tab: Tab, dedicated: Option<Dedicated>) -> Self {
        let connection = Connection::new(bidi.clone());
        Self { connection, target: tab.id.clone(), tab, is_first: false, dedicated }
    }

    /// Several commands of the DevTools protocol at once, given in their envelopes.
    pub(super) async fn cdp_all(&mut self, envelopes: Vec<Value>) -> Result<Vec<Value>, Failure> {
        let bidi = self.connection.bidi.clone();
        let commands = envelopes.into_iter().map(|envelope| bidi.command("goog:cdp.sendCommand", envelope));
        self.connection.attend(&mut self.tab, future::try_join_all(commands)).await
    }

    /// A command of the DevTools protocol in a session: its `result`.
    async fn cdp_in(&mut self, session: &str, method: &str, params: Value) -> Result<Value, Failure> {
        let envelope = json!({ "method": method, "params": params, "session": session });
        let mut answer = self.connection.call(&mut self.tab, "goog:cdp.sendCommand", envelope).await?;
        Ok(answer.get_mut("result").map(Value::take).unwrap_or_default())
    }

    /// Runs an expression in the page and waits for its value, which must be a primitive.
    pub(super) async fn value_in_page(&mut self, expression: &str) -> Result<Value, Failure> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let session = self.tab.session.clone();
        self.cdp_in(&session, "Runtime.evaluate", params).await
    }

    /// The children of where the step acts.
    async fn children(&mut self) -> Result<Vec<String>, Failure> {
        let tree = json!({ "root": self.target, "maxDepth": 1 });
        let tree = self.connection.call(&mut self.tab, "browsingContext.getTree", tree).await?;
        let children = tree.pointer("/contexts/0/children").and_then(Value::as_array);
        let ids = children.into_iter().flatten().filter_map(|child| child.get("context")?.as_str());
        Ok(ids.map(str::to_owned).collect())
    }
}

/// A tab of a new user context.
async fn new_tab(bidi: &Bidi, gateway: &Gateway) -> Result<Tab, Failure> {
    let context = commands::create_user_context(bidi, &super::proxy(gateway.address())).await?;
    let tab = commands::create_tab(bidi, &context).await?;
    Tab::attach(bidi, context, tab).await
}

/// The tab that a browser comes up with.
async fn first_tab(bidi: &Bidi) -> Result<Tab, Failure> {
    let tab = commands::first_tab(bidi).await?;
    Tab::attach(bidi, DEFAULT.to_owned(), tab).await
}

#[async_trait]
impl UserAgent for Agent {
    fn reading(&self) -> Reading {
        jar::READING
    }

    fn process(&self) -> Option<u32> {
        self.dedicated.as_ref().and_then(Dedicated::process)
    }

    fn folder(&self) -> Option<&Path> {
        self.dedicated.as_ref().map(Dedicated::folder)
    }

    async fn driver(&mut self) -> Option<DriverSession> {
        self.dedicated.as_ref()?.driver().await
    }

    fn let_go(&mut self) -> BoxFuture<'static, ()> {
        self.connection.stop_listening();
        let bidi = self.connection.bidi.clone();
        Box::pin(async move { bidi.gone().await })
    }

    async fn diagnose(&mut self, failure: Failure) -> Failure {
        if let Failure::TimedOut { .. } = failure {
            let bidi = &self.connection.bidi;
            let params = json!({ "method": "Browser.getVersion" });
            if bidi.command_within("goog:cdp.sendCommand", params, PROBE).await.is_err() {
                bidi.give_up("the browser");
            }
        }
        failure
    }

    async fn close(self: Box<Self>) {
        match self.dedicated {
            Some(dedicated) => dedicated.close().await,
            // A browser that is gone has no context left to remove.
            None => {
                let removed = commands::remove_user_context(&self.connection.bidi, &self.tab.context);
                let _ = timeout(CLOSING, removed).await;
            }
        }
    }

    async fn enter(&mut self, _: &World, _: &Gateway) -> Result<(), Failure> {
        self.is_first = true;
        Ok(())
    }

    async fn reset(&mut self, left: &Left) -> Result<Shown, Failure> {
        self.empty_all(left).await
    }

    async fn renew(&mut self, gateway: &Gateway) -> Result<(), Failure> {
        let bidi = self.connection.bidi.clone();
        commands::remove_user_context(&bidi, &self.tab.context).await?;
        self.tab = new_tab(&bidi, gateway).await?;
        self.target.clone_from(&self.tab.id);
        Ok(())
    }

    async fn leave(&mut self) -> Result<Shown, Failure> {
        self.leave_page().await
    }

    async fn show_nothing(&mut self) -> Result<(), Failure> {
        let Self { connection, tab, .. } = self;
        let id = tab.id.clone();
        connection.show_nothing(tab, &id).await?;
        self.settle(&Wire::default()).await
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        self.connection.drain(&mut self.tab)?;
        self.tab.begin();
        Ok(())
    }

    async fn turn_to(&mut self, frame: Option<&str>) -> Result<Turned, Failure> {
        let Some(frame) = frame else {
            self.target.clone_from(&self.tab.id);
            return Ok(Turned::To(None));
        };
        let turned = self.connection.find_frame(&mut self.tab, frame).await?;
        if let Turned::To(_) = &turned {
            if self.tab.unattached.contains(frame) {
                return Err(Failure::NotPossible { why: unattached_frames::WHY });
            }
            frame.clone_into(&mut self.target);
        }
        Ok(turned)
    }

    async fn settle(&mut self, wire: &Wire) -> Result<(), Failure> {
        let limit = self.connection.bidi.limit();
        loop {
            if !self.connection.wait_for(&mut self.tab, limit, Tab::is_there).await? {
                return Err(Failure::TimedOut { command: "load of the page".to_owned(), after: limit });
            }
            // A stream never ends; then the step is over without it.
            let _ = timeout(QUIET, wire.settled()).await;
            let quiet = |tab: &Tab| {
                let navigation = &tab.navigation;
                let is_shown = navigation.failed.is_none() && navigation.frames.is_empty();
                !tab.is_there() || (is_shown && tab.record.is_quiet())
            };
            self.connection.wait_for(&mut self.tab, QUIET, quiet).await?;
            if self.tab.is_there() {
                self.tab.navigation.failed = None;
                self.tab.navigation.frames.clear();
                return Ok(());
            }
        }
    }

    fn arrived(&self) -> bool {
        self.tab.navigation.arrived
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        let Self { connection, tab, target, .. } = self;
        // A frame that this step turned into one that nothing can be done in answers nothing either.
        let target = if tab.unattached.contains(target) { tab.id.clone() } else { target.clone() };
        match connection.call_function(tab, &target, scripts::TURNS, &Value::Null, false).await {
            // A page that navigates away takes the answer with it.
            Ok(_) | Err(Failure::Protocol { .. }) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    fn activity(&self) -> usize {
        self.tab.heard
    }

    fn still_after(&self) -> usize {
        2
    }

    async fn account_for(&mut self, exchanges: &[Exchange]) -> Result<(), Failure> {
        let is_complete = |tab: &Tab| tab.record.is_complete(exchanges);
        self.connection.wait_for(&mut self.tab, ACCOUNT, is_complete).await?;
        match self.tab.record.network_changed() {
            true => Err(Failure::NetworkChanged),
            false => Ok(()),
        }
    }

    async fn close_windows(&mut self) -> Result<(), Failure> {
        let windows = self.tab.windows();
        self.connection.close_windows(&mut self.tab, &windows).await?;
        self.tab.forget_windows();
        Ok(())
    }

    async fn look(&mut self, _: &Taken<'_>) -> Result<Look, Failure> {
        let bidi = self.connection.bidi.clone();
        let jar = json!({ "method": "Storage.getCookies", "params": self.tab.browser_context() });
        let tree = json!({ "root": self.tab.id, "maxDepth": 0 });
        // An empty page that stands until the first one comes would be an entry of its own.
        let is_first = self.is_first;
        self.is_first &= !self.tab.navigation.arrived;
        let forget = is_first.then(|| self.tab.cdp("Page.resetNavigationHistory", json!({})));
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
        let (jar, tree, ()) = self.connection.attend(&mut self.tab, all).await?;
        let jar = jar::cookies(&jar)
            .ok_or_else(|| Failure::protocol("Storage.getCookies", "the answer has no cookies"))?;
        let console = std::mem::take(&mut self.tab.console);
        Ok(Look { jar, url: commands::url_of(&tree), console, ..Look::default() })
    }

    fn explain(&mut self, exchanges: &mut [Exchange], [before, after]: [&[Cookie]; 2]) {
        let held: Vec<&Cookie> = before.iter().filter(|cookie| after.contains(cookie)).collect();
        self.tab.record.explain(exchanges, &self.tab.frames, &held);
    }

    fn ending(&self, _: &Step, method: Option<&str>, url: &Url) -> Option<Ending> {
        let ending = self.tab.record.ending(method.unwrap_or("GET"), url)?;
        Some(Ending {
            is_aborted: ending.error == ending::ABORTED,
            // The address bar shows what failed, above a page of the browser's own.
            shown: Some(ending.url),
            error: ending.blocked.unwrap_or(ending.error),
        })
    }

    fn unread(&self, method: &str, url: &Url, _: &[Exchange], console: &[String]) -> Unread {
        self.tab.record.ending(method, url).map(|ending| ending::unread(ending, console)).unwrap_or_default()
    }

    fn asked_by_itself(&self, asked: &str) -> bool {
        // A browser of the worker's own calls home by the same gateway.
        self.dedicated.is_some() && !self.tab.record.asked_for(asked)
    }

    async fn navigate(&mut self, to: Navigation<'_>) -> Result<Option<String>, Failure> {
        let Self { connection, tab, .. } = self;
        let id = tab.id.clone();
        // `net::ERR_ABORTED`, or no such word: another navigation took its place, which is waited for.
        let word = |message: String| message.split_once("net::").map(|(_, word)| format!("net::{word}"));
        let failed = connection.navigate(tab, &id, to).await?;
        Ok(failed.and_then(word).filter(|word| word != ending::ABORTED))
    }

    async fn back(&mut self) -> Result<bool, Failure> {
        // It may begin before the answer or after it.
        self.tab.navigation.traversing = true;
        let id = self.tab.id.clone();
        let is_there = self.connection.traverse_back(&mut self.tab, &id).await?;
        if is_there {
            // Where the frame is gone that the entry is about, nothing ever begins.
            self.connection.wait_for(&mut self.tab, QUIET, |tab| !tab.navigation.traversing).await?;
        }
        self.tab.navigation.traversing = false;
        Ok(is_there)
    }

    async fn run(&mut self, function: &str, argument: &Value, by_user: bool) -> Result<Outcome, Failure> {
        let Self { connection, tab, target, .. } = self;
        connection.call_function(tab, target, function, argument, by_user).await
    }

    async fn call(&mut self, function: &str) -> Result<Called, Failure> {
        let params =
            json!({ "expression": format!("({function})"), "sourceURL": "", "persistScript": false });
        let session = self.tab.session.clone();
        let compiled = self.cdp_in(&session, "Runtime.compileScript", params).await?;
        match ending::exception(&compiled) {
            Some(error) => Ok(Called::NoScript(error)),
            None => self.run(function, &Value::Null, true).await.map(Called::Done),
        }
    }

    async fn add_frame(
        &mut self,
        url: &Url,
        sandbox: Option<&str>,
    ) -> Result<(Option<String>, Option<String>), Failure> {
        let before = self.children().await?;
        let answer = self.run(scripts::FRAME, &scripts::frame_argument(url, sandbox), false).await?;
        let made = self.children().await?.into_iter().find(|child| !before.contains(child));
        Ok((made, answer.err()))
    }

    async fn open_window(&mut self, url: &Url) -> Result<Page, Failure> {
        let answer = self.run(scripts::POPUP, &json!({ "url": url.as_str() }), true).await?;
        Ok(Page { error: answer.err(), ..Page::default() })
    }

    async fn storage_access(&mut self) -> Result<Option<String>, Failure> {
        Ok(self.run(scripts::STORAGE_ACCESS, &Value::Null, true).await?.ok())
    }

    async fn run_in_pages(&mut self, function: &str) -> Result<(), Failure> {
        // From a world of its own nothing arrives (measured 2026-11-27, 156.0.8078.108).
        telling::run_in_pages(&mut self.connection, &mut self.tab, function, telling::World::Pages).await
    }

    async fn told(&mut self) -> Result<Told, Failure> {
        telling::next(&mut self.connection, &mut self.tab).await
    }

    fn told_by_now(&mut self) -> Vec<Told> {
        telling::by_now(&mut self.connection, &mut self.tab)
    }

    async fn age(&mut self, time: Duration) -> Result<(), Failure> {
        self.make_older(time).await
    }

    async fn clear(&mut self, origins: &[Url]) -> Result<(), Failure> {
        self.empty(origins, Vec::new()).await
    }

    async fn restart(&mut self, gateway: &Gateway) -> Result<(), Failure> {
        let Some(dedicated) = &mut self.dedicated else {
            return Err(Failure::NotPossible { why: ELSEWHERE });
        };
        let bidi = dedicated.restart(&self.connection.bidi, gateway.address()).await?;
        self.tab = first_tab(&bidi).await?;
        self.connection = Connection::new(bidi);
        self.target.clone_from(&self.tab.id);
        Ok(())
    }
}

//! Firefox as a worker drives it: see [`UserAgent`].
//!
//! BiDi moves the tab and calls its scripts; the jar, the address bar and what is said of cookies are asked of the
//! browser itself.

use std::path::Path;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

use super::account::{self, Asked};
use super::messages::{self, Said};
use super::privileged::Privileged;
use super::tab::{ABORTED, Tab};
use super::{ending, jar};
use crate::browser::bidi::dedicated::{DEFAULT, Dedicated, ELSEWHERE};
use crate::browser::bidi::pump::Connection;
use crate::browser::bidi::{Bidi, commands, telling};
use crate::browser::failure::Failure;
use crate::browser::line_outcomes::Reading;
use crate::browser::options::DriverSession;
use crate::browser::request::navigates;
use crate::browser::scripts;
use crate::browser::user_agent::{
    Begun, Called, Ending, Left, Look, Navigation, Outcome, Shown, Taken, Told, Turned, Unread, UserAgent,
};
use crate::observe::{Cookie, Exchange, Page, SetCookie};
use crate::plan::{Action, Step};
use crate::world::wire::Wire;
use crate::world::{Gateway, World};

/// How long a step waits for requests that do not end, such as a stream of events, before it is over.
const QUIET: Duration = Duration::from_secs(5);

/// How long a page that was answered is given to come, before it is looked whether nothing comes of the answer.
const HELD: Duration = Duration::from_secs(3);

/// How long is waited for a redirect to be followed: a page may be forbidden to, and that is not told. On a busy
/// machine a beacon took more than 0.3 s (seen 2026-11-25).
const FOLLOWED: Duration = Duration::from_secs(1);

/// How long a beacon is given to begin.
const BEGUN: Duration = Duration::from_secs(1);

/// How long a browser that did not answer in time is given to answer at all.
const PROBE: Duration = Duration::from_secs(2);

/// How long is waited for the jar and the tab to be removed before that is left to the end of the browser.
const CLOSING: Duration = Duration::from_secs(5);

/// How long a page that refreshes itself is given to begin, beyond the delay it names itself.
const REFRESHING: Duration = Duration::from_millis(500);

/// How long a page is given to have what its requests were answered, and Firefox to begin what the page asked for.
const HANDED_OVER: Duration = Duration::from_secs(1);

/// How often is looked whether they have.
const HANDING_OVER: Duration = Duration::from_millis(10);

/// How often is looked whether Firefox asks its user something.
const ASKING: Duration = Duration::from_millis(50);

/// Why it is not told whether a page gets access to its cookies.
const ASKS_ITS_USER: &str =
    "Firefox asks its user whether the page may use its cookies here, and nobody is there to answer";

/// Lets timers that were set for "at once" run, and tells the delay of a meta refresh, in seconds, where the
/// page has one that is a step's own navigation.
const TURN: &str = "new Promise(done => setTimeout(() => {
    const refresh = document.querySelector('meta[http-equiv=refresh i]')?.content;
    const delay = refresh === undefined ? NaN : parseFloat(refresh);
    done(delay <= 1 ? delay : null);
}, 0))";

/// A jar and a tab in Firefox.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) connection: Connection,
    pub(super) privileged: Privileged,
    pub(super) tab: Tab,
    /// The number that Firefox itself has for the user context.
    pub(super) context: u64,
    /// Where the step acts: the tab, or a frame in it.
    target: String,
    /// The number of the last message of the browser's own console that was read.
    heard: u64,
    /// What was said there during the step.
    said: Vec<Said>,
    /// The number of the last request that was told, and what was told of those of the step.
    counted: u64,
    asked: Vec<Asked>,
    /// How many requests of the page stay under way that Firefox does not tell of: streams that an earlier step began.
    lasting: usize,
    /// The browser, where it is this worker's own.
    dedicated: Option<Dedicated>,
}

impl Agent {
    /// A new tab with a jar of its own, which sees what this gateway shows.
    pub(super) async fn new(bidi: &Bidi, privileged: Privileged, gateway: &Gateway) -> Result<Self, Failure> {
        let place = new_tab(bidi, &privileged, gateway).await?;
        Ok(Self::at(bidi, privileged, place, None))
    }

    /// The first tab of a browser of a worker's own, with the jar of its profile.
    pub(super) async fn alone(dedicated: Dedicated, bidi: &Bidi) -> Result<Self, Failure> {
        let ready = async {
            let privileged = super::prepare(&dedicated.options, bidi).await?;
            let place = first_tab(bidi, &privileged).await?;
            Ok((privileged, place))
        };
        match ready.await {
            Ok((privileged, place)) => Ok(Self::at(bidi, privileged, place, Some(dedicated))),
            Err(failure) => {
                dedicated.close().await;
                Err(failure)
            }
        }
    }

    fn at(
        bidi: &Bidi,
        privileged: Privileged,
        (tab, context): (Tab, u64),
        dedicated: Option<Dedicated>,
    ) -> Self {
        Self {
            connection: Connection::new(bidi.clone()),
            privileged,
            target: tab.id.clone(),
            tab,
            context,
            heard: 0,
            said: Vec::new(),
            counted: 0,
            asked: Vec::new(),
            lasting: 0,
            dedicated,
        }
    }

    /// Takes in that the tab is another.
    fn move_to(&mut self, (tab, context): (Tab, u64)) {
        self.target.clone_from(&tab.id);
        (self.tab, self.context, self.heard, self.counted, self.lasting) = (tab, context, 0, 0, 0);
    }

    /// Waits until the page and the network agree about what is under way. They are processes of their own: an answer
    /// is told before the page has it, and a page has asked before a request is told.
    async fn hand_over(&mut self) -> Result<(), Failure> {
        let since = Instant::now();
        loop {
            let pending = self.privileged.pending(self.context);
            let pending = self.connection.attend(&mut self.tab, pending).await?;
            self.lasting = self.lasting.min(pending);
            self.connection.drain(&mut self.tab)?;
            let unheard = pending.saturating_sub(self.tab.record.open() + self.lasting);
            if unheard == 0 {
                return Ok(());
            }
            if since.elapsed() >= HANDED_OVER {
                self.lasting += unheard;
                return Ok(());
            }
            let heard = self.tab.heard;
            self.connection.wait_for(&mut self.tab, HANDING_OVER, |tab| tab.heard != heard).await?;
        }
    }

    /// Gives the page a turn: what it has begun is known after.
    async fn turn(&mut self) -> Result<(), Failure> {
        let params = json!({
            "expression": TURN,
            "target": { "context": self.target },
            "awaitPromise": true,
        });
        let answer = match self.connection.call(&mut self.tab, "script.evaluate", params).await {
            Ok(answer) => answer,
            // A page that navigates away takes the answer with it.
            Err(Failure::Protocol { .. }) => return Ok(()),
            Err(failure) => return Err(failure),
        };
        let Some(delay) = answer.pointer("/result/value").and_then(Value::as_f64) else { return Ok(()) };
        let limit = REFRESHING + Duration::from_secs_f64(delay.clamp(0.0, 1.0));
        let begun = self.tab.navigation.begun.len();
        let has_begun = |tab: &Tab| tab.navigation.begun.len() > begun;
        self.connection.wait_for(&mut self.tab, limit, has_begun).await.map(drop)
    }
}

/// A tab of a new user context, and the number that Firefox itself has for that.
async fn new_tab(bidi: &Bidi, privileged: &Privileged, gateway: &Gateway) -> Result<(Tab, u64), Failure> {
    let context = commands::create_user_context(bidi, &super::proxy(gateway.address())).await?;
    let tab = commands::create_tab(bidi, &context).await?;
    settle_in(bidi, privileged, context, tab).await
}

/// The tab that a browser comes up with, and the number that Firefox itself has for the jar of its profile.
async fn first_tab(bidi: &Bidi, privileged: &Privileged) -> Result<(Tab, u64), Failure> {
    let tab = commands::first_tab(bidi).await?;
    settle_in(bidi, privileged, DEFAULT.to_owned(), tab).await
}

/// The tab of a user context, and the number that Firefox itself has for that.
async fn settle_in(
    bidi: &Bidi,
    privileged: &Privileged,
    context: String,
    tab: String,
) -> Result<(Tab, u64), Failure> {
    // BiDi has names of its own for jars. What both it and Firefox itself know is the address of the tab.
    let mark = format!("about:blank#{context}");
    let params = json!({ "context": tab, "url": mark, "wait": "complete" });
    bidi.command("browsingContext.navigate", params).await?;
    let number = privileged.number(&mark).await?;
    Ok((Tab::new(context, tab), number))
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
            if bidi.command_within("session.status", json!({}), PROBE).await.is_err() {
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
        Ok(())
    }

    async fn reset(&mut self, left: &Left) -> Result<Shown, Failure> {
        self.empty_all(left).await
    }

    async fn renew(&mut self, gateway: &Gateway) -> Result<(), Failure> {
        let bidi = self.connection.bidi.clone();
        let removed = commands::remove_user_context(&bidi, &self.tab.context);
        let ((), place) = tokio::try_join!(removed, new_tab(&bidi, &self.privileged, gateway))?;
        self.move_to(place);
        Ok(())
    }

    async fn show_nothing(&mut self) -> Result<(), Failure> {
        let id = self.tab.id.clone();
        self.connection.show_nothing(&mut self.tab, &id).await
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        self.connection.drain(&mut self.tab)?;
        self.tab.begin();
        self.said.clear();
        Ok(())
    }

    async fn turn_to(&mut self, frame: Option<&str>) -> Result<Turned, Failure> {
        let Some(frame) = frame else {
            self.target.clone_from(&self.tab.id);
            return Ok(Turned::To(None));
        };
        let turned = self.connection.find_frame(&mut self.tab, frame).await?;
        if let Turned::To(_) = &turned {
            frame.clone_into(&mut self.target);
        }
        Ok(turned)
    }

    async fn settle(&mut self, wire: &Wire) -> Result<(), Failure> {
        let limit = self.connection.bidi.limit();
        loop {
            if !self.connection.wait_for(&mut self.tab, HELD.min(limit), Tab::is_there).await?
                && self.tab.give_up_held_back()
            {
                continue;
            }
            if !self.connection.wait_for(&mut self.tab, limit, Tab::is_there).await? {
                return Err(Failure::TimedOut { command: "load of the page".to_owned(), after: limit });
            }
            // A stream never ends; then the step is over without it.
            let _ = timeout(QUIET, wire.settled()).await;
            let answered =
                |tab: &Tab| !tab.is_there() || (tab.navigation.frames_are_over() && tab.record.is_answered());
            self.connection.wait_for(&mut self.tab, QUIET, answered).await?;
            let quiet = |tab: &Tab| !tab.is_there() || tab.record.is_quiet();
            self.connection.wait_for(&mut self.tab, FOLLOWED, quiet).await?;
            if self.tab.is_there() {
                self.tab.navigation.give_up_frames();
                return Ok(());
            }
        }
    }

    fn arrived(&self) -> bool {
        self.tab.navigation.arrived
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        match self.run(scripts::TURNS, &Value::Null, false).await {
            // A page that navigates away takes the answer with it.
            Ok(_) | Err(Failure::Protocol { .. }) => {}
            Err(failure) => return Err(failure),
        }
        self.hand_over().await?;
        self.turn().await
    }

    fn activity(&self) -> usize {
        self.tab.heard
    }

    fn still_after(&self) -> usize {
        2
    }

    async fn close_windows(&mut self) -> Result<(), Failure> {
        let windows = self.tab.windows();
        self.connection.close_windows(&mut self.tab, &windows).await?;
        self.tab.forget_windows();
        Ok(())
    }

    async fn look(&mut self, _: &Taken<'_>) -> Result<Look, Failure> {
        let look = self.privileged.look(self.context, self.heard, self.counted);
        let look = self.connection.attend(&mut self.tab, look).await?;
        let jar = jar::cookies(&look).ok_or_else(|| Failure::protocol("look", "there is no jar"))?;
        (self.said, self.heard) = messages::said(&look, self.heard);
        (self.asked, self.counted) = account::asked(&look, self.counted);
        let mut url = look.get("address").and_then(Value::as_str).and_then(|url| Url::parse(url).ok());
        if let Some(url) = url.as_mut().filter(|url| url.path() == "blank") {
            // By its fragment the tab was found.
            url.set_fragment(None);
        }
        Ok(Look { jar, url, console: self.tab.messages.clone(), ..Look::default() })
    }

    fn explain(&mut self, exchanges: &mut [Exchange], jars: [&[Cookie]; 2]) {
        account::tell(exchanges, std::mem::take(&mut self.asked));
        let said = std::mem::take(&mut self.said);
        messages::explain_withheld(exchanges, &said, &jars);
        messages::explain_refused(exchanges, &self.tab.messages, said);
        messages::explain_blocked(exchanges, &self.tab.messages);
    }

    fn explain_written(&self, line: &mut SetCookie, page: &Url) {
        messages::explain_written(line, page, &self.tab.messages);
    }

    fn ending(&self, step: &Step, method: Option<&str>, url: &Url) -> Option<Ending> {
        let ending = match navigates(step) || matches!(step.action, Action::Click(_)) {
            true => self.tab.record.navigation(&self.tab.navigation.begun),
            false => self.tab.record.ending(method.unwrap_or("GET"), url),
        }?;
        Some(Ending { is_aborted: ending.error == ABORTED, shown: None, error: ending.error })
    }

    fn unread(&self, method: &str, url: &Url, exchanges: &[Exchange], console: &[String]) -> Unread {
        ending::unread(self.tab.record.ending(method, url), exchanges, console)
    }

    fn asked_by_itself(&self, asked: &str) -> bool {
        // A browser of the worker's own calls home by the same gateway.
        self.dedicated.is_some() && !self.tab.record.asked_at(asked)
    }

    async fn navigate(&mut self, to: Navigation<'_>) -> Result<Option<String>, Failure> {
        let id = self.tab.id.clone();
        // `unknown error: Error: NS_ERROR_UNKNOWN_HOST`, or no such word: another navigation took its
        // place, which is waited for.
        let failed = self.connection.navigate(&mut self.tab, &id, to).await?;
        Ok(failed.and_then(|message| ending::word(&message)).filter(|word| word != ABORTED))
    }

    async fn back(&mut self) -> Result<bool, Failure> {
        self.go_back().await
    }

    async fn run(&mut self, function: &str, argument: &Value, by_user: bool) -> Result<Outcome, Failure> {
        let Self { connection, tab, target, .. } = self;
        connection.call_function(tab, target, function, argument, by_user).await
    }

    async fn call(&mut self, function: &str) -> Result<Called, Failure> {
        let parsed = self.connection.attend(&mut self.tab, self.privileged.parse(function)).await?;
        match parsed {
            Some(error) => Ok(Called::NoScript(error)),
            None => self.run(function, &Value::Null, true).await.map(Called::Done),
        }
    }

    async fn follow(&mut self, begun: Begun<'_>) -> Result<(), Failure> {
        self.turn().await?;
        if let Begun::Beacon(url) = begun {
            // It has no hurry; one that is blocked never begins.
            self.connection.wait_for(&mut self.tab, BEGUN, |tab| tab.record.asked_for(url)).await?;
        }
        Ok(())
    }

    async fn add_frame(
        &mut self,
        url: &Url,
        sandbox: Option<&str>,
    ) -> Result<(Option<String>, Option<String>), Failure> {
        let answer = self.run(scripts::FRAME, &scripts::frame_argument(url, sandbox), false).await?;
        self.turn().await?;
        Ok((self.tab.frame_in(&self.target), answer.err()))
    }

    async fn open_window(&mut self, url: &Url) -> Result<Page, Failure> {
        let answer = self.run(scripts::POPUP, &json!({ "url": url.as_str() }), true).await?;
        self.turn().await?;
        Ok(Page { error: answer.err(), ..Page::default() })
    }

    fn may_write(&self, action: &Action) -> bool {
        // Who opened a window may be granted what others are not, for as long as the jar lives.
        action.key() == "script"
            || matches!(action, Action::Eval(_) | Action::Popup(_) | Action::StorageAccess)
    }

    async fn storage_access(&mut self) -> Result<Option<String>, Failure> {
        let privileged = self.privileged.clone();
        let context = self.context;
        let asked = async {
            loop {
                match privileged.refuse_storage_access(context).await {
                    Ok(false) => tokio::time::sleep(ASKING).await,
                    other => return other,
                }
            }
        };
        tokio::select! {
            biased;
            answer = self.run(scripts::STORAGE_ACCESS, &Value::Null, true) => Ok(answer?.ok()),
            asked = asked => asked.and(Err(Failure::NotPossible { why: ASKS_ITS_USER })),
        }
    }

    async fn run_in_pages(&mut self, function: &str) -> Result<(), Failure> {
        telling::run_in_pages(&mut self.connection, &mut self.tab, function, telling::World::Own).await
    }

    async fn told(&mut self) -> Result<Told, Failure> {
        telling::next(&mut self.connection, &mut self.tab).await
    }

    fn told_by_now(&mut self) -> Vec<Told> {
        telling::by_now(&mut self.connection, &mut self.tab)
    }

    async fn age(&mut self, time: Duration) -> Result<(), Failure> {
        self.connection.attend(&mut self.tab, self.privileged.age(self.context, time)).await
    }

    async fn clear(&mut self, _: &[Url]) -> Result<(), Failure> {
        self.connection.attend(&mut self.tab, self.privileged.clear(self.context)).await
    }

    async fn restart(&mut self, gateway: &Gateway) -> Result<(), Failure> {
        let Some(dedicated) = &mut self.dedicated else {
            return Err(Failure::NotPossible { why: ELSEWHERE });
        };
        let bidi = dedicated.restart(&self.connection.bidi, gateway.address()).await?;
        self.privileged = super::prepare(&dedicated.options, &bidi).await?;
        let place = first_tab(&bidi, &self.privileged).await?;
        self.connection = Connection::new(bidi);
        self.move_to(place);
        Ok(())
    }
}

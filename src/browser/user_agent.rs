//! What a worker asks of a browser: the small parts that each engine gives.
//!
//! A user agent is one jar and one tab, driven by whatever protocol that browser's driver speaks. The order of a
//! step stands in [`super::worker`], once; here is what the steps of that order need, and each engine's own module
//! says how it is done. A part that a driver does not have is left out by the engine: its default says that it is
//! not possible here.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use serde_json::Value;
use url::Url;

use super::failure::Failure;
use super::line_outcomes::Reading;
use super::options::DriverSession;
use crate::observe::{Cookie, Exchange, Page, SetCookie};
use crate::plan::{Action, Step};
use crate::rules::reason::Reason;
use crate::world::wire::{self, Wire};
use crate::world::{Gateway, World};

/// What is said of a step for which a driver has no part.
const NO_PART: &str = "its driver offers no way to do it";

/// What a script came to: the text it gave, or what it threw.
pub(super) type Outcome = Result<String, String>;

/// What came of a text that ought to be a function.
#[derive(Debug)]
pub(super) enum Called {
    /// It is one, and was called.
    Done(Outcome),
    /// It does not parse, and nothing of it has run: the browser's words.
    NoScript(String),
}

/// A jar and a tab of a browser.
#[async_trait]
pub(super) trait UserAgent: fmt::Debug + Send {
    // The browser.

    /// How it reads a Set-Cookie line.
    fn reading(&self) -> Reading;

    /// Whether it refuses a certificate that is bad.
    fn judges_certificates(&self) -> bool {
        true
    }

    /// Whether it waits for a user to log in where an answer asks for a name and a password.
    fn waits_for_logins(&self) -> bool {
        false
    }

    /// The browser's process id, where it is this user agent's own and the system tells it.
    fn process(&self) -> Option<u32> {
        None
    }

    /// The private folder of the browser, where it is this user agent's own.
    fn folder(&self) -> Option<&Path> {
        None
    }

    /// Its session, for whoever speaks WebDriver to it, where the browser is this user agent's own.
    async fn driver(&mut self) -> Option<DriverSession> {
        None
    }

    /// Waits until the browser is gone. What it tells from now on is not heard any more: it is left to whoever acts in
    /// it.
    fn let_go(&mut self) -> BoxFuture<'static, ()>;

    /// What a failure really was: finds out whether a browser that failed is there at all, so that nobody else waits
    /// for it. A page may be slow, a browser may not.
    async fn diagnose(&mut self, failure: Failure) -> Failure;

    /// Removes the jar and the tab from the browser, where that still answers, or ends the browser where it is this
    /// user agent's own.
    async fn close(self: Box<Self>);

    // A world.

    /// Takes in what the gateway shows from now on. The jar is empty, and no step was taken.
    async fn enter(&mut self, world: &World, gateway: &Gateway) -> Result<(), Failure>;

    /// Empties the jar, the caches and what was stored, as far as that can be done and proved, and tells what the tab
    /// shows after it: [`Shown::Residue`] where something may be left.
    async fn reset(&mut self, left: &Left) -> Result<Shown, Failure>;

    /// Throws the jar and the tab away, and makes new ones behind the same gateway.
    async fn renew(&mut self, gateway: &Gateway) -> Result<(), Failure>;

    /// Leaves the last scenario's page, before a step that needs one of its own. Tells what the tab shows after it.
    async fn leave(&mut self) -> Result<Shown, Failure> {
        self.show_nothing().await?;
        Ok(Shown::Nothing)
    }

    /// Loads the empty page that a new tab has, which is of no origin.
    async fn show_nothing(&mut self) -> Result<(), Failure>;

    // The beginning and the end of a step.

    /// Forgets what was heard of the last step.
    async fn begin(&mut self) -> Result<(), Failure>;

    /// Turns to a frame that a step made, or to the tab's page: what follows is done there.
    async fn turn_to(&mut self, frame: Option<&str>) -> Result<Turned, Failure>;

    /// Waits until no navigation is under way, every request that arrived is answered, and every request that the
    /// browser began has ended.
    async fn settle(&mut self, wire: &Wire) -> Result<(), Failure>;

    /// Whether a page has come since the step began, as far as the browser tells.
    fn arrived(&self) -> bool;

    /// Lets what the page has set for "at once" run, where the step acts.
    async fn flush(&mut self) -> Result<(), Failure>;

    /// A number that changes with every event about a request or a navigation.
    fn activity(&self) -> usize;

    /// After how many flushes without news a page has nothing more to do: where an answer is told before the page
    /// has it, it takes the page some turns to go on.
    fn still_after(&self) -> usize;

    /// Waits for the browser's own account of these exchanges, where it gives one.
    async fn account_for(&mut self, _: &[Exchange]) -> Result<(), Failure> {
        Ok(())
    }

    /// Closes every window that the step opened.
    async fn close_windows(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// The jar, the address bar, and what the browser says.
    async fn look(&mut self, taken: &Taken<'_>) -> Result<Look, Failure>;

    /// Tells each exchange what the browser said of its cookies. `jars` are the jar before the step and after it.
    fn explain(&mut self, _: &mut [Exchange], _jars: [&[Cookie]; 2]) {}

    /// Tells a line that a script of the page at this URL wrote what the browser said of it.
    fn explain_written(&self, _: &mut SetCookie, _page: &Url) {}

    /// A URL as this browser puts it on the wire.
    fn on_wire(&self, url: Url) -> Url {
        url
    }

    /// How the step's own request ended, where it ended badly and the browser tells. `method` is any where it is
    /// `None`.
    fn ending(&self, step: &Step, method: Option<&str>, url: &Url) -> Option<Ending>;

    /// Why a page could not read the answer to its last request for a URL, as far as the browser tells.
    fn unread(&self, _method: &str, _: &Url, _: &[Exchange], _console: &[String]) -> Unread {
        Unread::default()
    }

    /// Whether it tells why a page could not read an answer.
    fn tells_why_unread(&self) -> bool {
        true
    }

    /// Whether the browser itself asked for a host and port, and no page did.
    fn asked_by_itself(&self, _: &str) -> bool {
        false
    }

    // What a step does.

    /// Has the tab load an address that was typed into the address bar, or the page it has once more. Answers the
    /// browser's word for what went wrong.
    async fn navigate(&mut self, to: Navigation<'_>) -> Result<Option<String>, Failure>;

    /// One entry back in the tab's history. Answers whether there was one.
    async fn back(&mut self) -> Result<bool, Failure>;

    /// Calls a function with one argument, as JSON, where the step acts.
    async fn run(&mut self, function: &str, argument: &Value, by_user: bool) -> Result<Outcome, Failure>;

    /// Calls a function of the scenario's own where the step acts, as a user's doing, where it is one.
    async fn call(&mut self, function: &str) -> Result<Called, Failure>;

    /// Waits until the browser knows what a script has begun, where it does not know at once.
    async fn follow(&mut self, _: Begun<'_>) -> Result<(), Failure> {
        Ok(())
    }

    /// Adds a frame to where the step acts. Answers the name by which [`UserAgent::turn_to`] finds it, if one was
    /// made, and the exception that was thrown.
    async fn add_frame(
        &mut self,
        url: &Url,
        sandbox: Option<&str>,
    ) -> Result<(Option<String>, Option<String>), Failure>;

    /// Has the page open a window, as a user's doing.
    async fn open_window(&mut self, url: &Url) -> Result<Page, Failure>;

    /// Whether an action may leave what the jar does not show: a script may write anything.
    fn may_write(&self, action: &Action) -> bool {
        action.key() == "script" || matches!(action, Action::Eval(_))
    }

    // Parts that some drivers do not have.

    /// `document.requestStorageAccess()` where the step acts, as a user's doing: `granted` or `denied`.
    async fn storage_access(&mut self) -> Result<Option<String>, Failure> {
        Err(Failure::NotPossible { why: NO_PART })
    }

    /// Has a function run in every page from now on, with what it tells by as its argument.
    async fn run_in_pages(&mut self, _function: &str) -> Result<(), Failure> {
        Err(Failure::NotPossible { why: NO_PART })
    }

    /// Waits for the next that such a function tells.
    async fn told(&mut self) -> Result<Told, Failure> {
        Err(Failure::NotPossible { why: NO_PART })
    }

    /// What such a function has told by now, in order, without waiting.
    fn told_by_now(&mut self) -> Vec<Told> {
        Vec::new()
    }

    /// Makes the jar older. The caches, which cannot be made older, are emptied.
    async fn age(&mut self, _: Duration) -> Result<(), Failure> {
        Err(Failure::NotPossible { why: NO_PART })
    }

    /// Clears what these origins have stored: cookies, storage and caches. The page stays.
    async fn clear(&mut self, _: &[Url]) -> Result<(), Failure> {
        Err(Failure::NotPossible { why: NO_PART })
    }

    /// Closes the browser and starts it again with its profile, behind the same gateway.
    async fn restart(&mut self, _: &Gateway) -> Result<(), Failure> {
        Err(Failure::NotPossible { why: NO_PART })
    }
}

/// What a script told that runs in every page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whether the page is the tab's own, and no frame's and no other window's.
    pub in_tab: bool,
    /// What it told.
    pub text: String,
}

/// What a tab shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The empty page of a new tab, which is of no origin.
    Nothing,
    /// A page of the last scenario, which is inert: the next visit leaves it anyway.
    Last,
    /// An empty page that has its origin from a page of the last scenario.
    Inherited,
    /// A page of this scenario.
    Page,
    /// A page of the browser's own, about a navigation that failed.
    Error,
    /// Whatever it is, the last scenario left something behind it that cannot be proved empty: the tab and the jar
    /// are thrown away before the next world.
    Residue,
}

/// What a scenario leaves behind.
#[derive(Debug)]
pub(super) struct Left {
    /// Everything that crossed the wire.
    pub(super) exchanges: Vec<wire::Exchange>,
    /// The origins of its world.
    pub(super) origins: Vec<Url>,
    /// Whether a script of the scenario's own ran, which may have written anything.
    pub(super) scripted: bool,
    /// What the tab shows.
    pub(super) shown: Shown,
}

/// What is known of a step when the browser is looked at after it.
#[derive(Debug)]
pub(super) struct Taken<'s> {
    pub(super) step: &'s Step,
    /// Whether it was done.
    pub(super) is_done: bool,
    pub(super) exchanges: &'s [Exchange],
    /// The document in which it was taken, and the page of the tab before it.
    pub(super) documents: [Option<&'s Url>; 2],
    /// Whether a script of the scenario's own has run by now.
    pub(super) scripted: bool,
    /// The time, in seconds since 1970-01-01.
    pub(super) now: i64,
}

/// What the browser shows after a step.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) jar: Vec<Cookie>,
    /// Paths of cookies that may be in the jar and that nobody sees.
    pub(super) unseen: Vec<String>,
    /// The address bar.
    pub(super) url: Option<Url>,
    /// Whether that is above a page of the browser's own, where it tells.
    pub(super) is_error: bool,
    /// What was written to the console during the step.
    pub(super) console: Vec<String>,
}

/// Whether a document was turned to.
#[derive(Debug)]
pub(super) enum Turned {
    /// It is there, at this URL unless it has none that matters.
    To(Option<Url>),
    /// The frame is gone, or the page it was on.
    Gone,
}

/// Where a tab is sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Navigation<'u> {
    /// To an address.
    To(&'u Url),
    /// To where it is.
    Again,
}

/// What a script has begun.
#[derive(Clone, Copy, Debug)]
pub(super) enum Begun<'u> {
    /// A request, or nothing.
    Request,
    /// A beacon to this URL, of whose end no page is told.
    Beacon(&'u Url),
    /// A navigation, as a rule.
    Navigation,
}

/// How a request ended that ended badly, in the browser's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// The word that says most: `net::ERR_…`, `NS_ERROR_…`.
    pub(super) error: String,
    /// Whether the page or another navigation gave it up, or there was nothing to show: the page stays.
    pub(super) is_aborted: bool,
    /// What the address bar shows, where the browser tells another.
    pub(super) shown: Option<Url>,
}

/// Why a page could not read an answer.
#[derive(Debug, Default)]
pub(super) struct Unread {
    pub(super) reasons: BTreeSet<Reason>,
    /// The browser's word, where it says more than the page's words do.
    pub(super) word: Option<String>,
}

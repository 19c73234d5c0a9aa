//! The `model` browser: a user agent in this process that decides by the rules alone.
//!
//! It takes every step of a plan over a real world, with real TLS and HTTP, and what it reports is an
//! observation like a real browser's: the wire as the origins saw it, each cookie with every reason,
//! the jar, and what the page could read. It needs nothing installed. Whatever it says is a
//! *prediction*, and reports call it that.
//!
//! - `calls` are what a page asks for, each a `request`; `fetch` is the Fetch standard: preflights, redirects,
//!   tainting;
//! - `document` is navigation, as far as cookies see it;
//! - `frames` are those that steps added, `history` is the tab's, `socket` is a WebSocket's handshake;
//! - `view` is what an answer becomes: a page, a viewer, a file;
//! - `html` reads what a page embeds, `load` loads it;
//! - `client` has the connections, `tls` whom they trust;
//! - what a browser does otherwise than the standards is asked of its [`Profile`], and no name decides anything.
//!
//! # What is deliberately absent
//!
//! No script runs: a step that is one is not predicted, and says so; nor is a page that has scripts, or
//! that embeds what cannot be told without running it. There is no HTTP cache, no icon, no service worker,
//! no HSTS, and no policy of the page's own (Referrer Policy, the cross-origin policies; a page with a
//! Content Security Policy is not predicted): the answers of mock origins have none unless told to.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

mod calls;
mod client;
mod document;
mod fetch;
mod following;
mod frames;
mod history;
mod html;
mod load;
mod preflights;
mod request;
mod socket;
mod tls;
mod told;
mod view;

use self::calls::Call;
use self::client::Connections;
use self::document::{Document, Done, Navigation};
use self::frames::Frame;
use self::history::{Entered, History};
use self::preflights::Preflights;
use self::tls::Connectors;
use crate::browser_name::BrowserName;
use crate::follow::Following;
use crate::observe::{Cookie, Exchange, Observation, Page, SetCookie};
use crate::plan::{Action, Plan, Step, placeholder};
use crate::rules::context::{Context, Destination};
use crate::rules::engine::{Profile, Viewer};
use crate::rules::jar::Jar;
use crate::rules::site::Origin;
use crate::suffixes::Names;
use crate::world::wire::Wire;
use crate::world::{Authority, World};

/// Why nothing is said of the steps after one that was not predicted.
const LOST: &str =
    "cannot predict a step after one that was not predicted: what that left behind is not known";

/// A browser that is predicted. One serves any number of worlds.
#[derive(Clone)]
pub struct Model {
    profile: Profile,
    tls: Connectors,
}

/// A predicted browser in a world: one tab, one jar, one clock.
///
/// Dropped, it closes its connections.
pub struct UserAgent {
    profile: Profile,
    net: Connections,
    wire: Wire,
    jar: Jar,
    preflights: Preflights,
    /// The virtual clock, in seconds since 1970-01-01.
    now: i64,
    page: Document,
    history: History,
    frames: Vec<Frame>,
    next_frame: u64,
    /// The frame in which the step is taken; `None` for the page itself.
    inside: Option<u64>,
    /// By how many seconds the clock was moved.
    ahead: i64,
    /// Since when a real browser takes the same steps: see [`UserAgent::as_driven`].
    driven_since: Option<Instant>,
    /// For how long it has, where that is known: see [`UserAgent::driven_for`].
    driven_for: Option<Duration>,
    /// What the step that is being taken has shown so far.
    seen: Seen,
    /// Why nothing can be said any more, once a script has run.
    lost: Option<String>,
    /// What a real browser showed of the step, where one is followed: then its wire has the answers.
    following: Option<Box<Following>>,
}

#[derive(Debug, Default)]
struct Seen {
    exchanges: Vec<Exchange>,
    refused: Vec<String>,
    /// Why the step cannot be predicted as a whole.
    doubt: Option<String>,
}

impl Model {
    /// A model of this browser (whether or not the name says `model:`), which trusts this authority.
    pub fn new(browser: BrowserName, authority: &Authority) -> Self {
        Self { profile: browser.profile(), tls: tls::connectors(authority) }
    }

    /// A tab in a world: an empty jar, nothing loaded, and a clock that starts at the real time.
    ///
    /// Must be used within a Tokio runtime.
    pub fn open(&self, world: &World) -> UserAgent {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        UserAgent {
            profile: self.profile,
            net: Connections::new(world.entrance(), self.tls.clone()),
            wire: world.wire().clone(),
            jar: Jar::new(),
            preflights: Preflights::default(),
            now: i64::try_from(now).unwrap_or(i64::MAX),
            page: Document::blank(),
            history: History::default(),
            frames: Vec::new(),
            next_frame: 0,
            inside: None,
            ahead: 0,
            driven_since: None,
            driven_for: None,
            seen: Seen::default(),
            lost: None,
            following: None,
        }
    }

    /// A model that follows a real browser in its world: see [`UserAgent::follow`].
    pub fn follow(&self, world: &World, plan: &Arc<Plan>) -> UserAgent {
        let following = Some(Box::new(Following::new(plan)));
        UserAgent { following, ..self.open(world) }.as_driven()
    }

    /// Takes a plan's steps in a world, from an empty jar, and hands on what each of them shows. `at` sets the
    /// browser's clock, in seconds since 1970; `None` leaves it at now.
    pub async fn rehearse(
        &self,
        plan: &Plan,
        world: &World,
        at: Option<i64>,
        mut each: impl FnMut(&Step, Observation),
    ) {
        let mut agent = self.open(world);
        if let Some(moment) = at {
            agent.set_clock(moment);
        }
        for step in &plan.steps {
            world.keep_time(&step.action);
            each(step, agent.perform(step).await);
        }
    }
}

impl UserAgent {
    /// Takes a step, and tells all that it shows. What cannot be done in the page is part of that.
    ///
    /// Where no prediction can be made, [`Observation::unpredicted`] says why, and the rest of it is what is
    /// known all the same. Steps after it cannot be predicted either, until [`UserAgent::adopt`].
    pub async fn perform(&mut self, step: &Step) -> Observation {
        if let Some(why) = self.lost.clone() {
            return Observation { unpredicted: Some(why), ..Observation::default() };
        }
        self.seen = Seen::default();
        self.inside = None;
        if let Some(asked) = &step.inside {
            self.inside = self.frame_of(asked);
            if self.inside.is_none() && self.following.is_none() {
                let not_done = Some(format!("no frame of {asked} is on the page"));
                let page = Page { url: Some(self.page.url.clone()), not_done, ..Page::default() };
                return Observation { page, jar: Some(self.told_jar()), ..Observation::default() };
            }
            if self.here().is_none() && self.following.is_none() {
                return self.lose("cannot predict what a frame does that shows no document of its own");
            }
        }
        let mut written = None;
        let filled = self.filled(&step.action);
        let (action, unread) = match &filled {
            Some(filled) => (&filled.action, filled.missing.clone()),
            None => (&step.action, Vec::new()),
        };
        let done = match action {
            // Who is followed has done it, and the wire shows what it was about.
            _ if self.is_elsewhere(step) => self.done_elsewhere(),
            Action::Click(_) | Action::Eval(_) | Action::Wait(_) | Action::Fill(_)
                if self.following.is_some() =>
            {
                self.done_elsewhere()
            }
            Action::Visit(url) => self.go(Navigation::visit(url.clone())).await,
            Action::Link(url) => self.go_from_here(self.navigation(url.clone())).await,
            Action::Form(_) if self.here().is_some_and(|page| page.viewer == Viewer::Closed) => {
                self.not_asked().into()
            }
            Action::Form(form) => self.go_from_here(self.navigation(form.url.clone()).submitting(form)).await,
            Action::Reload => self.navigate(self.page.again.clone(), Entered::Again).await,
            Action::Back => self.back().await,
            Action::Image(url) => self.embed(url, Destination::Image, "GET").await,
            Action::Script(url) => self.embed(url, Destination::Script, "GET").await,
            Action::Shared(shared) => self.shared(&shared.url, shared.element, shared.with_credentials).await,
            Action::EventSource(source) => {
                self.by_cors(&source.url, Destination::Empty, source.with_credentials).await.0
            }
            Action::Beacon(url) => self.embed(url, Destination::Empty, "POST").await,
            Action::Iframe(url) => self.add_frame(url, false).await,
            Action::Sandboxed(frame) => self.add_frame(&frame.url, frame.is_opaque()).await,
            Action::Popup(url) => self.open_window(self.navigation(url.clone())).await,
            Action::WebSocket(url) => self.open_socket(url).await,
            Action::Fetch(call) => self.call(Call::of_fetch(call)).await,
            Action::Xhr(call) => self.call(Call::of_xhr(call)).await,
            Action::DocumentCookie { write } => {
                written = write.as_ref().and_then(|line| self.write_cookie(line));
                Done::default()
            }
            Action::StorageAccess => match self.storage_access() {
                Some(granted) => Done { body: Some(granted.to_owned()), ..Done::default() },
                None => {
                    return self.lose("cannot predict whether a browser lets a third party have its cookies");
                }
            },
            // What is typed is sent by what is done next, and that is not predicted.
            Action::Fill(_) => Done::default(),
            Action::Click(_) => return self.lose("cannot predict what a click does"),
            Action::Eval(_) => return self.lose("cannot predict what a script does"),
            Action::Wait(_) => return self.lose("cannot predict what a page asks for later"),
            Action::Clear => {
                self.jar.clear();
                self.preflights.clear();
                Done::default()
            }
            Action::Restart => {
                self.restart();
                Done::default()
            }
            Action::Advance(time) => {
                self.advance(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
                Done::default()
            }
        };
        let scripts_wrote = self.follow_the_pages();
        let asked = matches!(step.action, Action::DocumentCookie { .. }) || step.claims_document_cookie();
        let document_cookie = if asked && !self.is_elsewhere(step) { self.read_cookies() } else { None };
        let page = Page {
            url: Some(self.page.url.clone()),
            status: done.status,
            readable: done.readable,
            cors: match done.failed.as_ref().filter(|_| done.readable.is_some()) {
                Some(failed) => failed.told(),
                None => done.cors,
            },
            body: done.body,
            document_cookie,
            error: done.failed.map(|failed| failed.error),
            not_done: done.not_done,
            unread,
        };
        let Seen { exchanges, refused, doubt: unpredicted } = std::mem::take(&mut self.seen);
        if unpredicted.is_some() {
            self.lost = Some(LOST.to_owned());
        }
        let jar = Some(self.told_jar());
        let seen =
            Observation { page, exchanges, written, scripts_wrote, jar, refused, ..Observation::default() };
        Observation { unpredicted, ..seen }
    }

    /// Takes over what another browser holds after a step, to go on predicting from there.
    ///
    /// The order in which cookies were created is that of its list.
    pub fn adopt(&mut self, seen: &Observation) {
        let Some(cookies) = &seen.jar else { return };
        let held = self.told_jar();
        if held != *cookies {
            // What nobody is shown is not gone for that.
            let is_unseen = |cookie: &&Cookie| seen.unseen.contains(&cookie.path);
            let unseen: Vec<_> = held
                .iter()
                .filter(is_unseen)
                .filter_map(|cookie| told::kept(cookie, self.now, self.ahead))
                .collect();
            self.jar = Jar::new();
            unseen.into_iter().for_each(|cookie| self.jar.insert(&Names, cookie));
            for cookie in cookies.iter().filter_map(|cookie| told::kept(cookie, self.now, self.ahead)) {
                self.jar.insert(&Names, cookie);
            }
        }
        if let Some(url) = &seen.page.url
            && self.page.url != *url
            && let Some(location) = told::location(url)
        {
            let again = Navigation::visit(url.clone());
            // The browser's own page says what could not be loaded.
            let failed = seen.page.error.is_some() && seen.page.readable.is_none();
            let origin = if failed { Origin::opaque() } else { location.origin };
            let (warns, viewer, sandboxed) = (false, Viewer::Page, false);
            let document = Document { url: url.clone(), origin, again, warns, viewer, sandboxed };
            self.show(document, Entered::Next);
        }
        self.lost = None;
    }

    /// Makes this the prediction of a browser that is driven, beside which it takes the same steps. In it the
    /// clock is moved for expiries alone: the time a cookie was created cannot be written, and caches that
    /// cannot be made older are emptied. Those grow older while it works.
    pub fn as_driven(mut self) -> Self {
        /// More than what a step is late in the browser.
        const PLAY: Duration = Duration::from_secs(1);
        self.driven_since = Some(Instant::now());
        self.preflights.play = PLAY;
        self
    }

    /// Says for how long the browser that is driven had worked when it took the step that comes next: what is taken
    /// again after it has the times of then.
    pub fn driven_for(&mut self, time: Duration) {
        self.driven_for = Some(time);
    }

    /// How much time has passed, for what is remembered no longer than for seconds.
    fn passed(&self) -> Duration {
        let stays = self.driven_since.is_some() && self.profile.preflights.outlive_advance;
        let moved = if stays { 0 } else { u64::try_from(self.ahead).unwrap_or(0) };
        let moved = Duration::from_secs(moved);
        let worked = self.driven_for.or_else(|| self.driven_since.map(|since| since.elapsed()));
        moved.saturating_add(worked.unwrap_or_default())
    }

    /// Sets the clock, in seconds since 1970-01-01, before the first step.
    pub fn set_clock(&mut self, moment: i64) {
        self.now = moment;
    }

    /// Moves the clock on.
    pub fn advance(&mut self, seconds: i64) {
        self.now = self.now.saturating_add(seconds);
        self.ahead = self.ahead.saturating_add(seconds);
        if self.driven_since.is_some() {
            if let Some(following) = &mut self.following {
                following.aged = self.jar.all().map(|cookie| cookie.serial).collect();
            }
            self.jar.keep_ages(seconds);
            if !self.profile.preflights.outlive_advance {
                self.preflights.clear();
            }
        }
    }

    /// Closes the browser and starts it again with its profile.
    fn restart(&mut self) {
        self.jar.end_session();
        self.preflights.clear();
        self.page = Document::blank();
        self.history = History::default();
        self.frames.clear();
    }

    /// The jar as a real browser's would be, whose clock was not moved and whose expiries were.
    fn told_jar(&self) -> Vec<Cookie> {
        told::jar(&self.jar, self.now, self.ahead)
    }

    /// The time by the virtual clock, in seconds since 1970-01-01.
    pub fn now(&self) -> i64 {
        self.now
    }

    fn lose(&mut self, why: &str) -> Observation {
        self.lost = Some(LOST.to_owned());
        Observation { unpredicted: Some(why.to_owned()), ..Observation::default() }
    }

    /// An action that reads cookies, with what scripts of the page see filled in; `None` where it reads none.
    fn filled(&mut self, action: &Action) -> Option<placeholder::Filled> {
        if placeholder::cookies_of(action).is_empty() {
            return None;
        }
        let seen = self.read_cookies().unwrap_or_default();
        placeholder::filled(action, &seen)
    }

    /// What `document.cookie` says in the page. `None` on the browser's own error page, which has none, and where
    /// it is not predicted.
    fn read_cookies(&mut self) -> Option<String> {
        let context = self.script()?;
        if !self.profile.navigation.reads_ipv6_cookies && context.url.origin.host.starts_with('[') {
            return None;
        }
        let retrieval = self.jar.retrieve(&self.profile, &Names, &context, self.now);
        Some(String::from_utf8_lossy(&retrieval.header).into_owned())
    }

    /// Assigns to `document.cookie`. `None` where the page has no cookies to write.
    fn write_cookie(&mut self, line: &str) -> Option<SetCookie> {
        let context = self.script()?;
        let decision = self.jar.store(&self.profile, &Names, &context, line.as_bytes(), self.now);
        Some(SetCookie::from(&decision))
    }

    fn script(&self) -> Option<Context> {
        Context::script(self.documents(), self.here()?.url.path())
    }
}

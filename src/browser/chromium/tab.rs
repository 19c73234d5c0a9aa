//! A tab, as far as events tell of it: its navigations and its frames', the windows it opened, its requests, its
//! console.

use std::collections::{HashMap, HashSet, VecDeque};

use futures_util::future;
use serde_json::{Value, json};

use super::account::Frames;
use super::navigation::Navigation;
use super::record::Record;
use super::unattached_frames::UnattachedFrames;
use crate::browser::bidi::dedicated::DEFAULT;
use crate::browser::bidi::pump::EventSink;
use crate::browser::bidi::{Bidi, Event, commands, telling};
use crate::browser::failure::Failure;
use crate::browser::user_agent::Told;

/// A meta refresh later than this, in seconds, is not a step's own navigation.
const REFRESH: f64 = 1.0;

/// How many console messages of a step are kept.
const CONSOLE: usize = 100;

/// What is known of a tab.
#[derive(Debug)]
pub(super) struct Tab {
    bidi: Bidi,
    /// The BiDi user context it is in, which is the CDP's browser context by the same id.
    pub(super) context: String,
    /// The tab: a BiDi browsing context, and the CDP's frame by the same id.
    pub(super) id: String,
    /// The CDP session of the tab.
    pub(super) session: String,
    /// The CDP sessions of the tab and of what is in it.
    sessions: HashSet<String>,
    pub(super) navigation: Navigation,
    /// The windows that the step opened, by their BiDi browsing context.
    windows: HashMap<String, Navigation>,
    /// The frames of the page that the driver leaves standing.
    pub(super) unattached: UnattachedFrames,
    pub(super) record: Record,
    /// The frames of the page and of windows.
    pub(super) frames: Frames,
    /// What was written to the console during the step, in order.
    pub(super) console: Vec<String>,
    /// How many events about navigations and requests were heard.
    pub(super) heard: usize,
    /// What scripts told that run in every page, in order, as far as nobody has heard it.
    pub(super) told: VecDeque<Told>,
    crashed: bool,
}

impl Tab {
    /// Makes a tab that is there ready to be listened to.
    pub(super) async fn attach(bidi: &Bidi, context: String, id: String) -> Result<Self, Failure> {
        let session =
            commands::text(bidi, "goog:cdp.getSession", json!({ "context": id }), "session").await?;
        let tab = Self {
            bidi: bidi.clone(),
            context,
            frames: Frames::new(id.clone()),
            id,
            sessions: HashSet::from([session.clone()]),
            session,
            navigation: Navigation::default(),
            windows: HashMap::new(),
            unattached: UnattachedFrames::default(),
            record: Record::default(),
            console: Vec::new(),
            heard: 0,
            told: VecDeque::new(),
            crashed: false,
        };
        let commands = [
            ("Network.enable", json!({})),
            ("Log.enable", json!({})),
            // For the news that the page crashed.
            ("Inspector.enable", json!({})),
            // Several tabs work at once, and each is what its user looks at.
            ("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })),
            // When a browser asks for an icon is its own affair; it must not fall into some step.
            ("Network.setBlockedURLs", json!({ "urls": ["*://*/favicon.ico"] })),
        ];
        let commands =
            commands.map(|(method, params)| bidi.command("goog:cdp.sendCommand", tab.cdp(method, params)));
        future::try_join_all(commands).await?;
        Ok(tab)
    }

    /// The parameters that name the jar to a CDP command; a browser's own profile has no name.
    pub(super) fn browser_context(&self) -> Value {
        match self.context.as_str() {
            DEFAULT => json!({}),
            context => json!({ "browserContextId": context }),
        }
    }

    /// The envelope of a CDP command to the tab.
    pub(super) fn cdp(&self, method: &str, params: Value) -> Value {
        json!({ "method": method, "params": params, "session": self.session })
    }

    /// Forgets what was heard before a step.
    pub(super) fn begin(&mut self) {
        self.record.clear();
        self.frames.begin();
        self.console.clear();
        self.navigation.arrived = false;
    }

    /// Whether neither the tab nor a window is on its way anywhere.
    pub(super) fn is_there(&self) -> bool {
        self.navigation.is_over() && self.windows.values().all(Navigation::is_over)
    }

    /// The windows that the step opened.
    pub(super) fn windows(&self) -> Vec<String> {
        self.windows.keys().cloned().collect()
    }

    /// Takes in that the windows are gone.
    pub(super) fn forget_windows(&mut self) {
        self.windows.clear();
    }

    /// Takes in an event of the DevTools protocol from one of the sessions.
    fn take_cdp(&mut self, name: &str, session: &str, params: &Value) {
        let text = |key: &str| params.get(key).and_then(Value::as_str);
        let frame = text("frameId");
        if !self.sessions.contains(session) {
            // A window that a step opened tells its session by its first request.
            if !frame.is_some_and(|frame| self.windows.contains_key(frame)) {
                return;
            }
            self.sessions.insert(session.to_owned());
        }
        match name {
            "Target.attachedToTarget" => {
                self.sessions.extend(text("sessionId").map(str::to_owned));
                if let Some(session) = self.unattached.attach(params) {
                    let go_on = json!({ "method": "Runtime.runIfWaitingForDebugger", "session": session });
                    self.bidi.send("goog:cdp.sendCommand", go_on);
                }
            }
            "Target.detachedFromTarget" => self.unattached.detach(params),
            "Page.frameDetached" => {
                // The page's process has handed it over: its document is there.
                let frame = frame.unwrap_or_default();
                if self.unattached.contains(frame) {
                    self.navigation.frames.remove(frame);
                }
            }
            "Inspector.targetCrashed" => self.crashed |= session == self.session,
            "Page.frameRequestedNavigation" => {
                let here = params.get("disposition").is_none_or(|disposition| disposition == "currentTab");
                if let (true, Some(frame)) = (here, frame) {
                    self.ask(frame);
                }
            }
            "Page.frameScheduledNavigation" => {
                let delay = params.get("delay").and_then(Value::as_f64).unwrap_or_default();
                self.navigation.requested |= frame == Some(self.id.as_str()) && delay <= REFRESH;
            }
            "Log.entryAdded" => {
                if let Some(text) = params.pointer("/entry/text").and_then(Value::as_str) {
                    self.note(text);
                }
            }
            _ => {
                let Some(name) = name.strip_prefix("Network.") else { return };
                self.heard += 1;
                // No page comes of a navigation that was given up, or answered with no content.
                if text("errorText") == Some("net::ERR_ABORTED") && text("type") == Some("Document") {
                    self.navigation.failed = None;
                }
                self.record.take(name, params);
            }
        }
    }

    /// Takes in an event of the module browsingContext.
    fn take_navigation(&mut self, name: &str, context: &str, params: &Value) {
        let text = |key: &str| params.get(key).and_then(Value::as_str);
        let navigation = text("navigation").unwrap_or_default();
        let is_ours = text("userContext") == Some(self.context.as_str());
        let begins = matches!(name, "navigationStarted" | "fragmentNavigated");
        let traversed =
            begins && (context == self.id || is_ours) && std::mem::take(&mut self.navigation.traversing);
        if context == self.id || is_ours {
            self.heard += 1;
        }
        if name == "contextCreated" && is_ours {
            self.frames.created(context, text("parent"));
        }
        if name == "contextCreated" {
            let is_window = params.get("parent").is_none_or(Value::is_null) && context != self.id;
            if is_window && is_ours {
                // It is about to go somewhere.
                self.windows.entry(context.to_owned()).or_default().requested = true;
            }
        } else if name == "contextDestroyed" {
            self.windows.remove(context);
            self.frames.destroyed(context);
            self.navigation.frames.remove(context);
        } else if let Some(window) = self.windows.get_mut(context) {
            window.take(name, navigation);
        } else if context == self.id {
            self.navigation.take(name, navigation);
        } else if name != "navigationStarted" {
            self.navigation.frames.remove(context);
        } else if traversed {
            self.navigation.frames.insert(context.to_owned());
        }
    }

    /// Takes in that a page asked for a navigation of this frame, which may be a window's or the tab's own.
    fn ask(&mut self, frame: &str) {
        if frame == self.id {
            self.navigation.requested = true;
        } else if let Some(window) = self.windows.get_mut(frame) {
            window.requested = true;
        } else {
            self.navigation.frames.insert(frame.to_owned());
        }
    }

    fn note(&mut self, text: &str) {
        if self.console.len() < CONSOLE {
            self.console.push(text.to_owned());
        }
    }
}

impl telling::Hears for Tab {
    fn unheard(&mut self) -> &mut VecDeque<Told> {
        &mut self.told
    }

    fn has_unheard(&self) -> bool {
        !self.told.is_empty()
    }
}

impl EventSink for Tab {
    fn on_event(&mut self, event: &Event) {
        if let Some(told) = telling::told(event, &self.id) {
            self.told.push_back(told);
            return;
        }
        let params = &event.params;
        let text = |pointer: &str| params.pointer(pointer).and_then(Value::as_str);
        if let Some(name) = event.method.strip_prefix("goog:cdp.") {
            self.take_cdp(name, text("/session").unwrap_or_default(), &params["params"]);
        } else if event.method == "log.entryAdded" {
            if text("/source/userContext") == Some(self.context.as_str()) {
                self.note(text("/text").unwrap_or_default());
            }
        } else if let (Some(name), Some(context)) =
            (event.method.strip_prefix("browsingContext."), text("/context"))
        {
            self.take_navigation(name, context, params);
        }
    }

    fn check(&self) -> Result<(), Failure> {
        if self.crashed {
            return Err(Failure::Died { who: "the page's process".to_owned(), last_words: Vec::new() });
        }
        Ok(())
    }
}

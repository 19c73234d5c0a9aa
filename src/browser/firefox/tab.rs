//! A tab, as far as events tell of it: its navigations and its frames', its requests, its console.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use super::record::Record;
use crate::browser::bidi::pump::EventSink;
use crate::browser::bidi::{Event, telling};
use crate::browser::failure::Failure;
use crate::browser::user_agent::Told;

/// How many messages of a step are kept.
const MESSAGES: usize = 1000;

/// Firefox's word for what another navigation, or an answer without content, put an end to.
pub(super) const ABORTED: &str = "NS_BINDING_ABORTED";

/// What is known of a tab.
#[derive(Debug, Default)]
pub(super) struct Tab {
    /// The BiDi user context it is in.
    pub(super) context: String,
    /// The BiDi browsing context that it is.
    pub(super) id: String,
    /// The browsing contexts of the frames in it, in order, each with that of its parent.
    frames: Vec<(String, String)>,
    /// The windows that the step opened, by their browsing context.
    windows: HashMap<String, Navigation>,
    pub(super) navigation: Navigation,
    pub(super) record: Record,
    /// What was written to the console during the step, in order.
    pub(super) messages: Vec<String>,
    /// How many events about navigations and requests were heard.
    pub(super) heard: usize,
    /// What scripts told that run in every page, in order, as far as nobody has heard it.
    pub(super) told: VecDeque<Told>,
    crashed: bool,
}

/// The navigations of a tab: of its top level, and of the frames in it.
#[derive(Debug, Default)]
pub(super) struct Navigation {
    /// One was asked for, and it has not begun.
    asked: bool,
    /// The ids of those of the top level that have begun and not ended.
    under_way: HashSet<String>,
    /// The ids of those that began in the step, in order.
    pub(super) begun: Vec<String>,
    /// The frames that navigate, and the id of each navigation.
    frames: HashMap<String, String>,
    /// Whether a page has come since the step began.
    pub(super) arrived: bool,
}

impl Navigation {
    /// Whether the top level is not going anywhere.
    pub(super) fn is_over(&self) -> bool {
        !self.asked && self.under_way.is_empty()
    }

    /// Whether what is under way was answered, and nothing came of it.
    fn is_held_back(&self, record: &Record) -> bool {
        let is_answered = |id: &String| record.is_navigation_answered(id);
        !self.asked && !self.arrived && self.under_way.iter().all(is_answered)
    }

    /// Takes in that one is asked for and has not begun, or that it was not to be had.
    pub(super) fn ask(&mut self, asked: bool) {
        self.asked = asked;
    }

    /// Whether one is asked for and has not begun.
    pub(super) fn is_asked(&self) -> bool {
        self.asked
    }

    /// Whether no frame is going anywhere.
    pub(super) fn frames_are_over(&self) -> bool {
        self.frames.is_empty()
    }

    /// Takes in an event of the module browsingContext: about the top level, or about a frame.
    fn take(&mut self, event: &str, id: &str, frame: Option<&str>, url: &str) {
        match event {
            "navigationStarted" => match frame {
                None => {
                    self.asked = false;
                    // The frames of the page that is left will say nothing more.
                    self.frames.clear();
                    self.begun.push(id.to_owned());
                    self.under_way.insert(id.to_owned());
                }
                Some(frame) => {
                    // To go back may be the frame's.
                    self.asked = false;
                    self.frames.insert(frame.to_owned(), id.to_owned());
                }
            },
            "navigationCommitted" => self.arrived |= frame.is_none(),
            // A page of Firefox's own for what failed is never said to have loaded.
            "domContentLoaded" if !is_error_page(url) => {}
            _ => {
                self.asked &= event != "fragmentNavigated";
                self.end(id);
            }
        }
    }

    fn end(&mut self, id: &str) {
        self.under_way.remove(id);
        self.frames.retain(|_, navigation| navigation != id);
    }

    /// Ends the waiting for frames that say nothing.
    pub(super) fn give_up_frames(&mut self) {
        self.frames.clear();
    }
}

impl Tab {
    /// A tab of which nothing was heard yet.
    pub(super) fn new(context: String, id: String) -> Self {
        Self { context, id, ..Self::default() }
    }

    /// Forgets what was heard before a step.
    pub(super) fn begin(&mut self) {
        self.record.clear();
        self.messages.clear();
        self.navigation.begun.clear();
        self.navigation.arrived = false;
    }

    /// Whether neither the tab nor a window is going anywhere.
    pub(super) fn is_there(&self) -> bool {
        self.navigation.is_over() && self.windows.values().all(Navigation::is_over)
    }

    /// Ends the waiting for what was answered and is not shown: a file that an insecure address sends to a secure page
    /// Firefox neither saves nor tells of (measured 2026-11-27, 153.8.0). Answers whether there was any.
    pub(super) fn give_up_held_back(&mut self) -> bool {
        let Self { navigation, windows, record, .. } = self;
        let mut held: Vec<&mut Navigation> = std::iter::once(navigation)
            .chain(windows.values_mut())
            .filter(|navigation| !navigation.is_over() && navigation.is_held_back(record))
            .collect();
        held.iter_mut().for_each(|navigation| navigation.under_way.clear());
        !held.is_empty()
    }

    /// The windows that the step opened.
    pub(super) fn windows(&self) -> Vec<String> {
        self.windows.keys().cloned().collect()
    }

    /// Takes in that the windows are gone.
    pub(super) fn forget_windows(&mut self) {
        self.windows.clear();
    }

    /// The last frame in a page.
    pub(super) fn frame_in(&self, page: &str) -> Option<String> {
        self.frames.iter().rev().find(|(_, parent)| parent == page).map(|(frame, _)| frame.clone())
    }

    /// Whether a browsing context is the tab, or in it, or opened by it.
    fn has(&self, context: &str) -> bool {
        context == self.id
            || self.windows.contains_key(context)
            || self.frames.iter().any(|(frame, _)| frame == context)
    }

    fn created(&mut self, context: &str, params: &Value) {
        let text = |key: &str| params.get(key).and_then(Value::as_str);
        if text("userContext") != Some(&self.context) || context == self.id {
            return;
        }
        match text("parent") {
            Some(parent) => self.frames.push((context.to_owned(), parent.to_owned())),
            // A window is about to go somewhere.
            None => self.windows.entry(context.to_owned()).or_default().ask(true),
        }
    }

    fn destroyed(&mut self, context: &str) {
        self.crashed |= context == self.id;
        self.frames.retain(|(frame, _)| frame != context);
        self.windows.remove(context);
        self.navigation.frames.remove(context);
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
        let Some((module, name)) = event.method.split_once('.') else { return };
        if module == "log" {
            let here = text("/source/context").is_some_and(|context| self.has(context));
            if here && self.messages.len() < MESSAGES {
                self.messages.push(text("/text").unwrap_or_default().to_owned());
            }
            return;
        }
        let Some(context) = text("/context") else { return };
        match (module, name) {
            ("browsingContext", "contextCreated") => self.created(context, params),
            _ if !self.has(context) => return,
            ("browsingContext", "contextDestroyed") => self.destroyed(context),
            ("browsingContext", _) => {
                let id = text("/navigation").unwrap_or_default();
                let url = text("/url").unwrap_or_default();
                match self.windows.get_mut(context) {
                    Some(window) => window.take(name, id, None, url),
                    None => {
                        let frame = (context != self.id).then_some(context);
                        self.navigation.take(name, id, frame, url);
                    }
                }
            }
            _ => {
                self.record.take(name, params);
                if text("/errorText") == Some(ABORTED) {
                    let id = text("/navigation").unwrap_or_default();
                    self.navigation.end(id);
                    self.windows.values_mut().for_each(|window| window.end(id));
                }
            }
        }
        self.heard += 1;
    }

    fn check(&self) -> Result<(), Failure> {
        if self.crashed {
            return Err(Failure::Died { who: "the page's process".to_owned(), last_words: Vec::new() });
        }
        Ok(())
    }
}

/// Whether this is the address of a page that Firefox shows in place of another: `about:neterror?e=…`,
/// `about:certerror?…`.
fn is_error_page(url: &str) -> bool {
    url.starts_with("about:") && url.contains("error?")
}

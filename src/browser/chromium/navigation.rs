//! The navigations of a tab or window, as BiDi and the DevTools protocol tell of them.

use std::collections::HashSet;

/// The navigations of the tab: of its top level, and of the frames in it.
#[derive(Debug, Default)]
pub(super) struct Navigation {
    /// A page asked for one, and it has not begun.
    pub(super) requested: bool,
    /// The history is gone back in, and no navigation has begun by it, of the tab or of a frame.
    pub(super) traversing: bool,
    /// The ids of those that have begun and not ended.
    under_way: HashSet<String>,
    /// The id of one that failed, for which the browser's own page has not come yet.
    pub(super) failed: Option<String>,
    /// The frames that are about to navigate, or do.
    pub(super) frames: HashSet<String>,
    /// Whether a page has come since the step began.
    pub(super) arrived: bool,
}

impl Navigation {
    /// Whether none is asked for or under way.
    pub(super) fn is_over(&self) -> bool {
        !self.requested && self.under_way.is_empty()
    }

    /// Takes in an event of the domain browsingContext about the top level.
    pub(super) fn take(&mut self, event: &str, id: &str) {
        match event {
            "navigationStarted" => {
                self.requested = false;
                self.failed = None;
                // The frames of the page that is left will say nothing more.
                self.frames.clear();
                self.under_way.insert(id.to_owned());
            }
            "navigationFailed" => {
                self.requested = false;
                if self.under_way.remove(id) {
                    self.failed = Some(id.to_owned());
                }
            }
            // Each of the others ends one.
            _ => {
                self.requested &= event != "fragmentNavigated";
                self.arrived |= event == "load";
                self.under_way.remove(id);
                self.failed.take_if(|failed| failed == id);
            }
        }
    }
}

//! Windows that a step opened: each is waited for like the tab, and closed when all is quiet.
//!
//! They are in the worker's own jar, and see the worker's own world.

use std::collections::HashMap;

use serde_json::json;

use super::navigation::Navigation;
use super::worker::Worker;
use crate::browser::failure::Failure;

/// The windows that are open, by their BiDi browsing context, each with its navigations.
#[derive(Debug, Default)]
pub(super) struct Popups {
    open: HashMap<String, Navigation>,
}

impl Popups {
    /// Takes in that there is a window.
    pub(super) fn opened(&mut self, context: &str) {
        // It is about to go somewhere.
        self.open.entry(context.to_owned()).or_default().requested = true;
    }

    /// Takes in that it is gone.
    pub(super) fn closed(&mut self, context: &str) {
        self.open.remove(context);
    }

    /// The navigations of the window, where it is one.
    pub(super) fn get_mut(&mut self, context: &str) -> Option<&mut Navigation> {
        self.open.get_mut(context)
    }

    /// Whether no window is on its way anywhere.
    pub(super) fn are_over(&self) -> bool {
        self.open.values().all(Navigation::is_over)
    }
}

impl Worker {
    /// Closes every window that was opened.
    pub(super) async fn close_popups(&mut self) -> Result<(), Failure> {
        let open: Vec<String> = self.popups.open.keys().cloned().collect();
        for context in open {
            match self.call("browsingContext.close", json!({ "context": context })).await {
                // It may have closed itself.
                Ok(_) | Err(Failure::Protocol { .. }) => {}
                Err(failure) => return Err(failure),
            }
            self.popups.closed(&context);
        }
        Ok(())
    }
}

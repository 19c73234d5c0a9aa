//! Frames that ChromeDriver's BiDi does not attach to, and leaves standing.
//!
//! A frame of another site than its page's is a target of its own, under the frame's own id. Where such a frame goes
//! to the page's site and then leaves it again, its target is attached a second time, waiting for a debugger; BiDi
//! takes that for somebody else's session and never lets it go on, so that the answer arrives and the frame shows the
//! old page for good (measured 2026-11-25, Chromium 156.0.8078.108; chromium-bidi, `CdpTargetManager`, ignores any
//! target it has attached before). Here such a target is let go, and the frame does what it does without a driver.
//! What it then shows, BiDi tells nothing of, and nothing can be done in it.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// Why nothing is done inside such a frame.
pub(super) const WHY: &str = "ChromeDriver cannot act in a frame that left its page's site, came back to it and \
                              left it again; a frame of its own for each visit can be acted in";

/// The frames of a page that were targets, and those that are not attached to.
#[derive(Debug, Default)]
pub(super) struct UnattachedFrames {
    /// Every frame that was a target.
    attached: HashSet<String>,
    /// The sessions of targets that are not attached to, and the frame of each.
    sessions: HashMap<String, String>,
}

impl UnattachedFrames {
    /// Takes in `Target.attachedToTarget`. Answers the session that has to be let go.
    pub(super) fn attach(&mut self, params: &Value) -> Option<String> {
        let text = |pointer: &str| params.pointer(pointer).and_then(Value::as_str);
        let (frame, session) = (text("/targetInfo/targetId")?, text("/sessionId")?);
        if text("/targetInfo/type") != Some("iframe") || self.attached.insert(frame.to_owned()) {
            return None;
        }
        self.sessions.insert(session.to_owned(), frame.to_owned());
        Some(session.to_owned())
    }

    /// Takes in `Target.detachedFromTarget`: the frame is of its page's process again.
    pub(super) fn detach(&mut self, params: &Value) {
        if let Some(session) = params.get("sessionId").and_then(Value::as_str) {
            self.sessions.remove(session);
        }
    }

    /// Whether BiDi tells nothing of what this frame shows.
    pub(super) fn contains(&self, frame: &str) -> bool {
        self.sessions.values().any(|unattached| unattached == frame)
    }
}

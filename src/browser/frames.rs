//! The frames that steps made, and acting in them.
//!
//! A frame is remembered by the URL its step asked for; where it has gone since then is its own affair. The name by
//! which it is found again is the engine's.

use url::Url;

use super::failure::Failure;
use super::user_agent::Turned;
use super::worker::Worker;
use crate::observe::Page;
use crate::plan::Sandboxed;

/// A frame that a step made.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    asked: Url,
    /// The name by which [`super::user_agent::UserAgent::turn_to`] finds it.
    name: String,
    /// Whether a sandbox leaves its document without an origin.
    is_opaque: bool,
}

impl Worker {
    /// Turns to a frame that a step loaded from this URL, the last one first. Answers the document there, unless it
    /// has no URL that matters, or `None` where there is no such frame.
    pub(super) async fn turn_to_frame(&mut self, asked: &Url) -> Result<Option<Option<Url>>, Failure> {
        let its = self.frames.iter().rev().filter(|frame| frame.asked == *asked);
        let names: Vec<(String, bool)> = its.map(|frame| (frame.name.clone(), frame.is_opaque)).collect();
        for (name, is_opaque) in names {
            if let Turned::To(url) = self.agent.turn_to(Some(&name)).await? {
                self.is_in_sandbox = is_opaque;
                return Ok(Some(url.filter(|_| !is_opaque)));
            }
        }
        Ok(None)
    }

    /// Adds a frame to the page, and remembers it.
    pub(super) async fn frame(&mut self, url: &Url, sandbox: Option<&Sandboxed>) -> Result<Page, Failure> {
        let attribute = sandbox.map(Sandboxed::attribute);
        let (made, error) = self.agent.add_frame(url, attribute.as_deref()).await?;
        // What is in a sandbox is in it with all its frames.
        let is_opaque = self.is_in_sandbox || sandbox.is_some_and(Sandboxed::is_opaque);
        self.frames.extend(made.map(|name| Frame { asked: url.clone(), name, is_opaque }));
        Ok(Page { error, ..Page::default() })
    }
}

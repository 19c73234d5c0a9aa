//! The frames that steps made, and acting in them.
//!
//! A frame is remembered by the URL its step asked for; where it has gone since then is its own affair. The name by
//! which it is found again is the engine's.

use url::Url;

use super::failure::Failure;
use super::user_agent::Turned;
use super::worker::Worker;
use crate::observe::Page;

/// A frame that a step made.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    asked: Url,
    /// The name by which [`super::user_agent::UserAgent::turn_to`] finds it.
    name: String,
}

impl Worker {
    /// Turns to a frame that a step loaded from this URL, the last one first. Answers the document there, unless it
    /// has no URL that matters, or `None` where there is no such frame.
    pub(super) async fn turn_to_frame(&mut self, asked: &Url) -> Result<Option<Option<Url>>, Failure> {
        let its = self.frames.iter().rev().filter(|frame| frame.asked == *asked);
        let names: Vec<String> = its.map(|frame| frame.name.clone()).collect();
        for name in names {
            if let Turned::To(url) = self.agent.turn_to(Some(&name)).await? {
                return Ok(Some(url));
            }
        }
        Ok(None)
    }

    /// Adds a frame to the page, and remembers it.
    pub(super) async fn frame(&mut self, url: &Url) -> Result<Page, Failure> {
        let (made, error) = self.agent.add_frame(url).await?;
        self.frames.extend(made.map(|name| Frame { asked: url.clone(), name }));
        Ok(Page { error, ..Page::default() })
    }
}

//! The frames that steps made, and acting in them.
//!
//! A frame is remembered by the URL its step asked for; where it has gone since then is its own affair. Its
//! id stays the same whatever it shows, and whichever process that is in.

use serde_json::{Value, json};
use url::Url;

use super::worker::Worker;
use crate::browser::failure::Failure;
use crate::browser::scripts;
use crate::observe::Page;

/// Where a step acts.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    /// The tab or frame: a BiDi browsing context.
    pub(super) context: String,
    /// The document there, unless it has no URL that matters.
    pub(super) url: Option<Url>,
}

/// A frame that a step made.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    asked: Url,
    context: String,
}

impl Worker {
    /// Turns to a frame, or to the tab's page. Answers whether it is there.
    pub(super) async fn turn_to(&mut self, inside: Option<&Url>) -> Result<bool, Failure> {
        let Some(inside) = inside else {
            let url = self.address.clone().filter(|_| !self.failed);
            self.target = Target { context: self.tab.id.clone(), url };
            return Ok(true);
        };
        let frames: Vec<Frame> =
            self.frames.iter().rev().filter(|frame| frame.asked == *inside).cloned().collect();
        for Frame { context, .. } in frames {
            match self.call("browsingContext.getTree", json!({ "root": context, "maxDepth": 0 })).await {
                Ok(tree) => {
                    let url = tree.pointer("/contexts/0/url").and_then(Value::as_str);
                    let url = url.and_then(|url| Url::parse(url).ok()).filter(Url::has_host);
                    self.target = Target { context, url };
                    return Ok(true);
                }
                // The page it was on is gone.
                Err(Failure::Protocol { .. }) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(false)
    }

    /// Adds a frame to the page, and remembers it.
    pub(super) async fn frame(&mut self, url: &Url) -> Result<Page, Failure> {
        let answer = self.run(scripts::FRAME, &json!({ "url": url.as_str() }), false).await?;
        self.turn().await?;
        let made = self.tab.frame_in(&self.target.context);
        self.frames.extend(made.map(|context| Frame { asked: url.clone(), context }));
        Ok(Page { error: answer.err(), ..Page::default() })
    }
}

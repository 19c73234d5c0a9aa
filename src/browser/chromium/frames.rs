//! The frames that steps made, and acting in them.
//!
//! A frame is remembered by the URL its step asked for; where it has gone since then is its own affair. Its
//! id stays the same whatever it shows, and whichever process that is in.

use serde_json::{Value, json};
use url::Url;

use super::overlooked;
use super::worker::Worker;
use crate::browser::failure::Failure;
use crate::browser::scripts;
use crate::observe::Page;

/// Where a step acts.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The tab or frame: a BiDi browsing context, and the CDP's frame by the same id.
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
    ///
    /// # Errors
    /// [`Failure::NotPossible`] for a frame that the driver has lost.
    pub(super) async fn turn_to(&mut self, inside: Option<&Url>) -> Result<bool, Failure> {
        let Some(inside) = inside else {
            let url = self.address.clone().filter(|_| !self.failed);
            self.target = Target { context: self.place.tab.clone(), url };
            return Ok(true);
        };
        let frames: Vec<String> = self
            .frames
            .iter()
            .rev()
            .filter(|frame| frame.asked == *inside)
            .map(|frame| frame.context.clone())
            .collect();
        for context in frames {
            match self.call("browsingContext.getTree", json!({ "root": context, "maxDepth": 0 })).await {
                Ok(_) if self.overlooked.contains(&context) => {
                    return Err(Failure::NotPossible { why: overlooked::WHY });
                }
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
        let before = self.children().await?;
        let answer = self.run(scripts::FRAME, &json!({ "url": url.as_str() }), false).await?;
        let made = self.children().await?.into_iter().find(|child| !before.contains(child));
        self.frames.extend(made.map(|context| Frame { asked: url.clone(), context }));
        Ok(Page { error: answer.err(), ..Page::default() })
    }

    /// The frames in the page.
    async fn children(&mut self) -> Result<Vec<String>, Failure> {
        let tree = json!({ "root": self.target.context, "maxDepth": 1 });
        let tree = self.call("browsingContext.getTree", tree).await?;
        let children = tree.pointer("/contexts/0/children").and_then(Value::as_array);
        let ids = children.into_iter().flatten().filter_map(|child| child.get("context")?.as_str());
        Ok(ids.map(str::to_owned).collect())
    }

    /// The CDP session of the page, and the realm of its scripts where that has to be named.
    pub(super) async fn realm(&mut self) -> Result<(String, Option<String>), Failure> {
        if self.target.context == self.place.tab {
            return Ok((self.place.session.clone(), None));
        }
        let context = json!({ "context": self.target.context });
        let missing = |what: &str| Failure::protocol(what, "the answer names none");
        let session = self.call("goog:cdp.getSession", context.clone()).await?;
        let session =
            session.get("session").and_then(Value::as_str).ok_or_else(|| missing("goog:cdp.getSession"))?;
        let realms = json!({ "context": self.target.context, "type": "window" });
        let realms = self.call("script.getRealms", realms).await?;
        let realm = realms.pointer("/realms/0/realm").and_then(Value::as_str);
        let realm = realm.ok_or_else(|| missing("script.getRealms"))?;
        Ok((session.to_owned(), Some(realm.to_owned())))
    }
}

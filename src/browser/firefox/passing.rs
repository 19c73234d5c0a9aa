//! Time that passes for the jar, and the user who clears it.
//!
//! No driver can move a browser's clock; what can be done is to make what it keeps older. Every cookie that
//! has an expiry is written back with one that is earlier, or removed where that has passed.

use std::time::{Duration, Instant};

use serde_json::json;

use super::worker::Worker;
use crate::browser::failure::Failure;
use crate::observe::Page;

/// For how long going back is waited for before the history is asked.
const UNHEARD: Duration = Duration::from_millis(100);

impl Worker {
    /// Makes the jar older. The caches, which cannot be made older, are emptied.
    pub(super) async fn age(&mut self, time: Duration) -> Result<Page, Failure> {
        let (chrome, context) = (self.chrome.clone(), self.context);
        self.line.attend(&mut self.tab, chrome.age(context, time)).await?;
        Ok(Page::default())
    }

    /// Clears what sites have stored: cookies, storage and caches. The page stays.
    pub(super) async fn clear(&mut self) -> Result<Page, Failure> {
        let (chrome, context) = (self.chrome.clone(), self.context);
        self.line.attend(&mut self.tab, chrome.clear(context)).await?;
        Ok(Page::default())
    }

    /// One entry back in the tab's history.
    pub(super) async fn back(&mut self) -> Result<Page, Failure> {
        let params = json!({ "context": self.tab.id, "delta": -1 });
        let before = self.place().await?;
        // It may begin before the answer or after it.
        self.tab.navigation.ask(true);
        match self.call("browsingContext.traverseHistory", params).await {
            Ok(_) => self.back_has_begun(before).await.map(|()| Page::default()),
            Err(Failure::Protocol { .. }) => {
                self.tab.navigation.ask(false);
                let not_done = Some("there is no page to go back to".to_owned());
                Ok(Page { not_done, ..Page::default() })
            }
            Err(failure) => Err(failure),
        }
    }

    /// Waits until going back has begun, or is over: of a frame that only scrolls nothing is heard.
    async fn back_has_begun(&mut self, before: Option<i64>) -> Result<(), Failure> {
        let (since, limit) = (Instant::now(), self.line.bidi.limit());
        while !self.line.wait_for(&mut self.tab, UNHEARD, |tab| !tab.navigation.is_asked()).await? {
            if self.place().await?.is_some_and(|place| Some(place) != before) {
                self.tab.navigation.ask(false);
            }
            if since.elapsed() > limit {
                return Err(Failure::TimedOut { command: "going back".to_owned(), after: limit });
            }
        }
        Ok(())
    }

    /// Where the tab is in its history.
    async fn place(&mut self) -> Result<Option<i64>, Failure> {
        let (chrome, context) = (self.chrome.clone(), self.context);
        self.line.attend(&mut self.tab, chrome.place(context)).await
    }
}

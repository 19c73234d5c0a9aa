//! Going back in the tab's history.

use std::time::{Duration, Instant};

use super::agent::Agent;
use crate::browser::failure::Failure;

/// For how long going back is waited for before the history is asked.
const UNHEARD: Duration = Duration::from_millis(100);

impl Agent {
    /// One entry back in the tab's history. Answers whether there was one.
    pub(super) async fn go_back(&mut self) -> Result<bool, Failure> {
        let before = self.place().await?;
        // It may begin before the answer or after it.
        self.tab.navigation.ask(true);
        let id = self.tab.id.clone();
        let is_there = self.connection.traverse_back(&mut self.tab, &id).await?;
        match is_there {
            true => self.back_has_begun(before).await?,
            false => self.tab.navigation.ask(false),
        }
        Ok(is_there)
    }

    /// Waits until going back has begun, or is over: of a frame that only scrolls nothing is heard.
    async fn back_has_begun(&mut self, before: Option<i64>) -> Result<(), Failure> {
        let (since, limit) = (Instant::now(), self.connection.bidi.limit());
        let has_begun = |tab: &super::tab::Tab| !tab.navigation.is_asked();
        while !self.connection.wait_for(&mut self.tab, UNHEARD, has_begun).await? {
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
        self.connection.attend(&mut self.tab, self.privileged.place(self.context)).await
    }
}

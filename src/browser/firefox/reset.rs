//! Making a worker clean for the next scenario.
//!
//! A new jar and tab cost 0.1 s and a reset some hundredths (measured 2026-11-21, Firefox 153.7.0esr). What
//! can be emptied for one user context alone is emptied; whatever else the wire shows to have been left makes
//! the worker anew.

use serde_json::json;

use super::worker::Worker;
use crate::browser::brought::{leaves_something, may_be_cached};
use crate::browser::failure::Failure;
use crate::world::wire::{Exchange, Mark};

impl Worker {
    /// Makes the worker clean for the next scenario: no cookie, no storage, no cache, no permission, no
    /// script that runs, and no connection to the world it was in.
    ///
    /// Where the wire shows that something is left which cannot be emptied, the worker is made anew when
    /// it enters the next world.
    ///
    /// # Errors
    /// Whatever the browser fails at. Then the worker cannot be used any more.
    pub async fn reset(&mut self) -> Result<(), Failure> {
        self.gateway.hide().await;
        let Some(world) = self.world.take() else { return Ok(()) };
        // `sessionStorage`, and what is in third parties' partitions, stays when a user context is emptied
        // (measured 2026-11-21, Firefox 153.7.0esr).
        self.stale |= world.scripted || world.wire.since(Mark::default()).iter().any(stays);
        if self.stale {
            return Ok(());
        }
        self.show_nothing().await?;
        let (chrome, context) = (self.chrome.clone(), self.context);
        self.line.attend(&mut self.tab, chrome.empty(context)).await
    }

    /// Loads the empty page that a new tab has, which is of no origin.
    async fn show_nothing(&mut self) -> Result<(), Failure> {
        let params = json!({ "context": self.tab.id, "url": "about:blank", "wait": "complete" });
        self.call("browsingContext.navigate", params).await?;
        self.failed = false;
        Ok(())
    }
}

/// Whether an exchange left something that cannot be emptied for one user context: the caches of answers and
/// of preflights can only be emptied for all, and other workers are at work.
fn stays(exchange: &Exchange) -> bool {
    leaves_something(exchange) || may_be_cached(exchange) || exchange.is_preflight()
}

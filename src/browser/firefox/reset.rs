//! Making a worker clean for the next scenario.
//!
//! A new jar and tab cost 0.1 s and a reset some hundredths (measured 2026-11-21, Firefox 153.7.0esr). Where
//! no script ran there is nothing but cookies, and they are removed; whatever else the wire shows to have been
//! left makes the worker anew.

use std::collections::BTreeSet;

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
        let exchanges = world.wire.since(Mark::default());
        let strict: BTreeSet<String> = exchanges.iter().filter_map(strict_host).collect();
        if !strict.is_empty() {
            let chrome = self.chrome.clone();
            self.line.attend(&mut self.tab, chrome.forget_hsts(&strict)).await?;
        }
        // Emptying a user context of all that scripts store takes as long as a new one, and leaves
        // `sessionStorage` (measured 2026-11-21, Firefox 153.7.0esr).
        self.stale |= world.scripted || exchanges.iter().any(stays);
        if self.stale {
            return Ok(());
        }
        // Its page has no scripts and can do nothing any more, and the first visit of the next scenario leaves
        // it anyway.
        self.lingers = !self.failed;
        if !self.lingers {
            self.show_nothing().await?;
        }
        let (chrome, context) = (self.chrome.clone(), self.context);
        self.line.attend(&mut self.tab, chrome.empty(context)).await
    }

    /// Loads the empty page that a new tab has, which is of no origin.
    pub(super) async fn show_nothing(&mut self) -> Result<(), Failure> {
        let params = json!({ "context": self.tab.id, "url": "about:blank", "wait": "complete" });
        self.call("browsingContext.navigate", params).await?;
        (self.failed, self.lingers) = (false, false);
        Ok(())
    }
}

/// The host of an answer that wants https from now on.
fn strict_host(exchange: &Exchange) -> Option<String> {
    exchange.response_header("strict-transport-security")?;
    exchange.url.host_str().map(str::to_owned)
}

/// Whether an exchange left something that cannot be emptied for one user context: the caches of answers and
/// of preflights can only be emptied for all, and other workers are at work.
fn stays(exchange: &Exchange) -> bool {
    leaves_something(exchange) || may_be_cached(exchange) || exchange.is_preflight()
}

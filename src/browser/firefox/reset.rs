//! Making a tab and its jar clean for the next scenario.
//!
//! A new jar and tab cost 0.1 s and a reset some hundredths (measured 2026-11-21, Firefox 153.7.0esr). Where
//! no script ran there is nothing but cookies, and they are removed; whatever else the wire shows to have been
//! left has them made anew.

use std::collections::BTreeSet;

use super::agent::Agent;
use crate::browser::failure::Failure;
use crate::browser::residue::{leaves_something, may_be_cached};
use crate::browser::user_agent::{Left, Shown, UserAgent};
use crate::world::wire::Exchange;

impl Agent {
    /// Empties what a scenario left, where all of it can be.
    pub(super) async fn empty_all(&mut self, left: &Left) -> Result<Shown, Failure> {
        let strict: BTreeSet<String> = left.exchanges.iter().filter_map(strict_host).collect();
        if !strict.is_empty() {
            self.connection.attend(&mut self.tab, self.privileged.forget_hsts(&strict)).await?;
        }
        // Emptying a user context of all that scripts store takes as long as a new one, and leaves
        // `sessionStorage` (measured 2026-11-21, Firefox 153.7.0esr).
        if left.scripted || left.exchanges.iter().any(stays) {
            return Ok(Shown::Residue);
        }
        // Its page has no scripts and can do nothing any more, and the first visit of the next scenario leaves
        // it anyway.
        let shown = if left.shown == Shown::Error {
            self.show_nothing().await?;
            Shown::Nothing
        } else {
            Shown::Last
        };
        self.connection.attend(&mut self.tab, self.privileged.empty(self.context)).await?;
        Ok(shown)
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

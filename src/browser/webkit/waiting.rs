//! Waiting for what a script has begun: WebKit tells of nothing, so the wire, the gateway and the address bar are
//! asked until one of them has news.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::agent::Agent;
use super::automation::Automation;
use crate::browser::failure::Failure;
use crate::world::wire::Mark;

/// Waits for two turns of the page's timers: a form is submitted, and a link followed, in a turn of its own, and
/// what has begun by then the driver waits for.
const TURNS: &str = "() => new Promise(done => setTimeout(() => setTimeout(done)))";

/// One entry back. The driver's own command waits for a page to load, which none does where a frame goes back.
const BACK: &str = "() => history.back()";

/// How long is waited for a frame or a navigation of which nothing is heard: WebKit says nothing of what it does
/// not load.
pub(super) const NOTHING: Duration = Duration::from_secs(1);

/// Lets the page have its turns.
pub(super) async fn turns(automation: &Automation) -> Result<(), Failure> {
    match automation.run(TURNS, &Value::Null).await {
        Ok(_) | Err(Failure::Protocol { .. }) => Ok(()),
        Err(failure) => Err(failure),
    }
}

impl Agent {
    /// Whether there is news since the step began or, on the wire, since a mark.
    async fn has_news(&self, mark: Mark) -> Result<bool, Failure> {
        let address = self.automation()?.address().await?;
        Ok(address != self.start.address || self.wire.mark() != mark || self.refusals.any())
    }

    /// Waits until something is heard: on the wire, at the gateway, or in the address bar.
    pub(super) async fn hear(&self, mark: Mark) -> Result<(), Failure> {
        let since = Instant::now();
        while since.elapsed() < NOTHING {
            turns(self.automation()?).await?;
            if self.has_news(mark).await? {
                break;
            }
        }
        Ok(())
    }

    /// Waits until something is heard of a beacon, of whose end no page is told, and of what it is redirected to.
    pub(super) async fn hear_beacon(&self) -> Result<(), Failure> {
        let mut heard = self.start.mark;
        while !self.refusals.any() {
            self.hear(heard).await?;
            let news = self.wire.since(heard);
            if !news.last().is_some_and(|exchange| matches!(exchange.status, 301..=303 | 307 | 308)) {
                break;
            }
            heard = self.wire.mark();
        }
        Ok(())
    }

    /// Goes back. Answers whether there was a page to go back to: of a frame that scrolls nothing is heard; before
    /// the empty page that a tab begins with there is nothing.
    pub(super) async fn go_back(&self) -> Result<bool, Failure> {
        match self.automation()?.run(BACK, &Value::Null).await {
            // A page that is gone cannot answer.
            Ok(_) | Err(Failure::Protocol { .. }) => {}
            Err(failure) => return Err(failure),
        }
        // No script runs in a page that may be on its way out: WebKit keeps it for the way forward, and the
        // driver would wait for its answer.
        let since = Instant::now();
        let mut heard = false;
        while !heard && since.elapsed() < NOTHING {
            heard = self.has_news(self.start.mark).await?;
        }
        let is_first = self.start.address.as_ref().is_none_or(|url| url.scheme() == "about");
        Ok(heard || !is_first)
    }
}

//! Making a worker clean for the next scenario.
//!
//! A new tab costs 0.15 to 0.2 s and a reset some hundredths (measured 2026-11-20, Chromium
//! 156.0.8078.79), so what can be emptied is emptied, and only what the wire shows to have left something
//! that cannot be emptied, or cannot be proved empty, makes the worker anew.

use futures_util::future;
use serde_json::{Value, json};

use super::worker::Worker;
use crate::browser::failure::Failure;
use crate::world::wire::{Answer, Exchange};

/// Response headers that leave something in the browser that no command removes.
const LASTING: &[&str] = &[
    // HSTS.
    "strict-transport-security",
    // Alternative services.
    "alt-svc",
    // Client hints, remembered for an origin.
    "accept-ch",
    "critical-ch",
    // Reporting endpoints and network error logging, which send on their own later.
    "nel",
    "report-to",
    "reporting-endpoints",
    // Device-bound sessions, login status, and what is registered with the browser itself.
    "sec-session-registration",
    "secure-session-registration",
    "set-login",
    "attribution-reporting-register-source",
    "attribution-reporting-register-trigger",
    "shared-storage-write",
    "use-as-dictionary",
];

impl Worker {
    /// Makes the worker clean for the next scenario: no cookie, no storage, no cache, no permission, no
    /// page, and no connection to the world it was in.
    ///
    /// Where the wire shows that something is left which cannot be emptied, the worker is made anew when
    /// it enters the next world.
    ///
    /// # Errors
    /// Whatever the browser fails at. Then the worker cannot be used any more.
    pub async fn reset(&mut self) -> Result<(), Failure> {
        self.gateway.hide().await;
        let Some(world) = self.world.take() else { return Ok(()) };
        let exchanges = world.wire.since(crate::world::wire::Mark::default());
        let scripted = world.scripted || exchanges.iter().any(may_run_scripts);
        self.stale |= exchanges.iter().any(leaves_something);
        // sessionStorage lives as long as the tab and can be emptied from within a page of its origin only.
        self.stale |= scripted;
        if self.stale {
            return Ok(());
        }
        self.leave_page().await?;
        self.empty(&exchanges).await
    }

    /// Loads `about:blank`. By a script, which stays in the page's process and takes a third of the time
    /// that a navigation to another process takes; by a command where no script can run.
    async fn leave_page(&mut self) -> Result<(), Failure> {
        match self.evaluate("location.replace('about:blank')").await {
            Ok(_) => {}
            Err(Failure::Protocol { .. }) => {
                let params = json!({ "context": self.place.tab, "url": "about:blank", "wait": "complete" });
                self.call("browsingContext.navigate", params).await?;
            }
            Err(failure) => return Err(failure),
        }
        self.settle(&crate::world::wire::Wire::default()).await
    }

    async fn empty(&mut self, _exchanges: &[Exchange]) -> Result<(), Failure> {
        let bidi = self.bidi.clone();
        let context = json!({ "browserContextId": self.place.context });
        let cookies = json!({ "method": "Storage.clearCookies", "params": context });
        let permissions = json!({ "method": "Browser.resetPermissions", "params": context });
        let commands = [
            cookies,
            permissions,
            self.place.cdp("Network.clearBrowserCache", json!({})),
            self.place.cdp("Page.resetNavigationHistory", json!({})),
        ];
        let commands = commands.map(|envelope| bidi.command("goog:cdp.sendCommand", envelope));
        self.attend(future::try_join_all(commands)).await.map(|_: Vec<Value>| ())
    }
}

/// Whether an exchange brought a document in which scripts of the scenario may have run.
pub(super) fn may_run_scripts(exchange: &Exchange) -> bool {
    let destination = exchange.request_header("sec-fetch-dest").unwrap_or_default();
    // A browser names no destination to an origin it does not trust, such as plain http.
    let is_document = matches!(destination, b"document" | b"iframe" | b"frame" | b"");
    let media = exchange.response_header("content-type").unwrap_or_default().to_ascii_lowercase();
    let is_inert = media.starts_with(b"application/json") || media.starts_with(b"text/plain");
    is_document && exchange.answer != Answer::Page && !is_inert && (200..300).contains(&exchange.status)
}

/// Whether an exchange left something in the browser that no command removes.
fn leaves_something(exchange: &Exchange) -> bool {
    LASTING.iter().any(|header| exchange.response_header(header).is_some())
        || exchange.request_header("service-worker").is_some()
        || exchange.request_header("authorization").is_some()
}

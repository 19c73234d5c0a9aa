//! Making a worker clean for the next scenario.
//!
//! A new tab costs 0.15 to 0.2 s and a reset some hundredths (measured 2026-11-20, Chromium
//! 156.0.8078.79), so what can be emptied is emptied, and only what the wire shows to have left something
//! that cannot be emptied, or cannot be proved empty, makes the worker anew.

use futures_util::future;
use serde_json::{Value, json};
use url::Url;

use super::worker::Worker;
use crate::browser::failure::Failure;
use crate::world::wire::{Answer, Exchange, Mark, Wire};

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
        self.stale |= exchanges.iter().any(leaves_something);
        let scripted = world.scripted || exchanges.iter().any(may_run_scripts);
        // What a frame stores in a third party's partition is not emptied with its origin (measured
        // 2026-11-20, Chromium 156.0.8078.79); what a page stores is, sessionStorage included.
        self.stale |= scripted && exchanges.iter().any(may_be_frame);
        if self.stale {
            return Ok(());
        }
        // A page without scripts can do nothing any more, and the first visit of the next scenario leaves it
        // anyway: `about:blank` in between would cost 40 of 140 ms.
        self.lingers = !scripted && !self.failed;
        if !self.lingers {
            self.leave_page().await?;
        }
        self.borrowed = true;
        let permissions = self.place.browser_context();
        let mut more = vec![json!({ "method": "Browser.resetPermissions", "params": permissions })];
        if !self.lingers {
            more.push(self.place.cdp("Page.resetNavigationHistory", json!({})));
        }
        self.empty(if scripted { &world.origins } else { &[] }, more).await
    }

    /// Loads `about:blank`. By a script, which stays in the page's process and takes a third of the time
    /// that a navigation to another process takes; by a command where no script can run.
    pub(super) async fn leave_page(&mut self) -> Result<(), Failure> {
        match self.evaluate("window.name = ''; location.replace('about:blank')").await {
            Ok(answer) if answer.get("exceptionDetails").is_none() => {}
            Ok(_) | Err(Failure::Protocol { .. }) => return self.show_nothing().await,
            Err(failure) => return Err(failure),
        }
        self.failed = false;
        self.settle(&Wire::default()).await
    }

    /// Loads the empty page that a new tab has, which is of no origin: the one that a script loads is of
    /// the origin of the page before. It matters where a scenario's first visit brings no page.
    pub(super) async fn show_nothing(&mut self) -> Result<(), Failure> {
        let params = json!({ "context": self.place.tab, "url": "about:blank", "wait": "complete" });
        self.call("browsingContext.navigate", params).await?;
        self.failed = false;
        self.settle(&Wire::default()).await
    }

    /// Empties the jar, the cache, and what these origins have stored, and does these commands with it.
    pub(super) async fn empty(&mut self, origins: &[Url], more: Vec<Value>) -> Result<(), Failure> {
        let bidi = self.bidi.clone();
        let mut commands = more;
        commands.push(json!({ "method": "Storage.clearCookies", "params": self.place.browser_context() }));
        commands.push(self.place.cdp("Network.clearBrowserCache", json!({})));
        commands.extend(origins.iter().map(|origin| {
            let origin = origin.origin().ascii_serialization();
            self.place.cdp("Storage.clearDataForOrigin", json!({ "origin": origin, "storageTypes": "all" }))
        }));
        let commands = commands.into_iter().map(|envelope| bidi.command("goog:cdp.sendCommand", envelope));
        self.attend(future::try_join_all(commands)).await.map(|_: Vec<Value>| ())
    }
}

/// Whether an exchange brought a document in which scripts of the scenario may have run.
pub(super) fn may_run_scripts(exchange: &Exchange) -> bool {
    let media = exchange.response_header("content-type").unwrap_or_default().to_ascii_lowercase();
    let is_inert = media.starts_with(b"application/json") || media.starts_with(b"text/plain");
    // A page with a Refresh header goes elsewhere by itself, as by a script.
    let refreshes = exchange.response_header("refresh").is_some();
    is_document(exchange) && exchange.answer != Answer::Page && (!is_inert || refreshes)
}

/// Whether an exchange brought a document.
fn is_document(exchange: &Exchange) -> bool {
    let is_redirect = exchange.response_header("location").is_some();
    matches!(destination(exchange), b"document" | b"iframe" | b"frame" | b"")
        && !is_redirect
        && !exchange.is_preflight()
}

/// Whether an exchange brought a document into a frame, or may have.
fn may_be_frame(exchange: &Exchange) -> bool {
    is_document(exchange) && destination(exchange) != b"document"
}

/// What the browser wanted the response for. It names no destination to an origin it does not trust,
/// such as plain http.
fn destination(exchange: &Exchange) -> &[u8] {
    exchange.request_header("sec-fetch-dest").unwrap_or_default()
}

/// Whether an exchange left something in the browser that no command removes.
fn leaves_something(exchange: &Exchange) -> bool {
    LASTING.iter().any(|header| exchange.response_header(header).is_some())
        || exchange.request_header("service-worker").is_some()
        || exchange.request_header("authorization").is_some()
}

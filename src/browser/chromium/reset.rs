//! Making a worker clean for the next scenario.
//!
//! A new tab costs 0.15 to 0.2 s and a reset some hundredths (measured 2026-11-20, Chromium
//! 156.0.8078.79), so what can be emptied is emptied, and only what the wire shows to have left something
//! that cannot be emptied, or cannot be proved empty, makes the worker anew.

use futures_util::future;
use serde_json::{Value, json};
use url::Url;

use super::worker::Worker;
use crate::browser::brought::{leaves_something, may_be_frame, may_run_scripts};
use crate::browser::failure::Failure;
use crate::world::wire::{Mark, Wire};

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

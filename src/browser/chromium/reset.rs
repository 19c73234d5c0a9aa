//! Making a tab and its jar clean for the next scenario.
//!
//! A new tab costs 0.15 to 0.2 s and a reset some hundredths (measured 2026-11-20, Chromium
//! 156.0.8078.79), so what can be emptied is emptied, and only what the wire shows to have left something
//! that cannot be emptied, or cannot be proved empty, has them made anew.

use serde_json::{Value, json};
use url::Url;

use super::agent::Agent;
use crate::browser::failure::Failure;
use crate::browser::residue::{leaves_something, may_be_frame, may_run_scripts};
use crate::browser::user_agent::{Left, Shown, UserAgent};
use crate::world::wire::Wire;

impl Agent {
    /// Empties what a scenario left, where all of it can be.
    pub(super) async fn empty_all(&mut self, left: &Left) -> Result<Shown, Failure> {
        let Left { exchanges, origins, .. } = left;
        let scripted = left.scripted || exchanges.iter().any(may_run_scripts);
        // What a frame stores in a third party's partition is not emptied with its origin (measured
        // 2026-11-20, Chromium 156.0.8078.79); what a page stores is, sessionStorage included.
        if exchanges.iter().any(leaves_something) || (scripted && exchanges.iter().any(may_be_frame)) {
            return Ok(Shown::Residue);
        }
        let permissions = self.tab.browser_context();
        let mut more = vec![json!({ "method": "Browser.resetPermissions", "params": permissions })];
        // A page without scripts can do nothing any more, and the first visit of the next scenario leaves it
        // anyway: `about:blank` in between would cost 40 of 140 ms.
        let shown = if scripted || left.shown == Shown::Error {
            let shown = self.leave_page().await?;
            more.push(self.tab.cdp("Page.resetNavigationHistory", json!({})));
            shown
        } else {
            Shown::Last
        };
        self.empty(if scripted { origins } else { &[] }, more).await?;
        Ok(shown)
    }

    /// Loads `about:blank`. By a script, which stays in the page's process and takes a third of the time
    /// that a navigation to another process takes, and leaves a page of the origin of the one before; by a command
    /// where no script can run.
    pub(super) async fn leave_page(&mut self) -> Result<Shown, Failure> {
        match self.value_in_page("window.name = ''; location.replace('about:blank')").await {
            Ok(answer) if answer.get("exceptionDetails").is_none() => {
                self.settle(&Wire::default()).await?;
                Ok(Shown::Inherited)
            }
            Ok(_) | Err(Failure::Protocol { .. }) => {
                self.show_nothing().await?;
                Ok(Shown::Nothing)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Empties the jar, the cache, and what these origins have stored, and does these commands with it.
    pub(super) async fn empty(&mut self, origins: &[Url], more: Vec<Value>) -> Result<(), Failure> {
        let mut commands = more;
        commands.push(json!({ "method": "Storage.clearCookies", "params": self.tab.browser_context() }));
        commands.push(self.tab.cdp("Network.clearBrowserCache", json!({})));
        commands.extend(origins.iter().map(|origin| {
            let origin = origin.origin().ascii_serialization();
            self.tab.cdp("Storage.clearDataForOrigin", json!({ "origin": origin, "storageTypes": "all" }))
        }));
        self.cdp_all(commands).await.map(drop)
    }
}

//! Time that passes for the jar, and the user who clears it.
//!
//! No driver can move a browser's clock; what can be done is to make what it keeps older. Every cookie that
//! has an expiry is written back with one that is earlier, and Chromium drops what is over. The time of a
//! cookie's creation cannot be written, and the two minutes of Lax-allowing-unsafe still take two minutes.

use std::time::Duration;

use futures_util::future;
use serde_json::{Value, json};
use url::Url;

use super::worker::{QUIET, Worker};
use crate::browser::failure::Failure;
use crate::browser::stored;
use crate::observe::Page;

/// What of a cookie `Storage.getCookies` tells and `Storage.setCookies` takes (CDP, `Network.CookieParam`).
const KEPT: [&str; 11] = [
    "name",
    "value",
    "domain",
    "path",
    "secure",
    "httpOnly",
    "sameSite",
    "priority",
    "sourceScheme",
    "sourcePort",
    "partitionKey",
];

/// Why a jar cannot be made older.
const PATH: &str = "Chromium takes no cookie back whose path no address can have, such as `/a?b`, so that it cannot be \
                    made older";

impl Worker {
    /// Makes the jar older. The caches, which cannot be made older, are emptied.
    pub(super) async fn age(&mut self, time: Duration) -> Result<Page, Failure> {
        let bidi = self.bidi.clone();
        let envelope = json!({ "method": "Storage.getCookies", "params": self.place.browser_context() });
        let jar = self.call("goog:cdp.sendCommand", envelope).await?;
        let cookies = jar.pointer("/result/cookies").and_then(Value::as_array);
        if cookies.into_iter().flatten().any(|cookie| !keeps_its_path(cookie)) {
            return Err(Failure::NotPossible { why: PATH });
        }
        let now = stored::now() as f64;
        let older = cookies.into_iter().flatten().filter_map(|cookie| {
            let expires = cookie.get("expires").and_then(Value::as_f64).filter(|expires| *expires >= 0.0)?;
            Some(self.place.older(cookie, expires - time.as_secs_f64(), now))
        });
        let empty = self.place.cdp("Network.clearBrowserCache", json!({}));
        let commands: Vec<Value> = older.chain([empty]).collect();
        let commands = commands.into_iter().map(|envelope| bidi.command("goog:cdp.sendCommand", envelope));
        self.attend(future::try_join_all(commands)).await?;
        Ok(Page::default())
    }

    /// Clears what sites have stored: cookies, storage and caches. The page stays.
    pub(super) async fn clear(&mut self) -> Result<Page, Failure> {
        let origins = self.world.as_ref().map(|world| world.origins.clone()).unwrap_or_default();
        self.empty(&origins, Vec::new()).await?;
        Ok(Page::default())
    }

    /// One entry back in the tab's history, which may be a page of the tab's or of a frame in it.
    pub(super) async fn back(&mut self) -> Result<Page, Failure> {
        let params = json!({ "context": self.place.tab, "delta": -1 });
        // It may begin before the answer or after it.
        self.navigation.traversing = true;
        let answer = self.call("browsingContext.traverseHistory", params).await;
        if answer.is_ok() {
            // Where the frame is gone that the entry is about, nothing ever begins.
            self.wait_for(QUIET, |worker| !worker.navigation.traversing).await?;
        }
        self.navigation.traversing = false;
        match answer {
            Ok(_) => Ok(Page::default()),
            Err(Failure::Protocol { .. }) => {
                let not_done = Some("there is no page to go back to".to_owned());
                Ok(Page { not_done, ..Page::default() })
            }
            Err(failure) => Err(failure),
        }
    }
}

/// Whether a cookie that expires can be written back with the path it has: `Storage.setCookies` encodes what no
/// address has in its path, and makes another cookie of it (measured 2026-11-25, Chromium 156.0.8078.108).
fn keeps_its_path(cookie: &Value) -> bool {
    let text = |key: &str| cookie.get(key).and_then(Value::as_str).unwrap_or_default();
    let expires = cookie.get("expires").and_then(Value::as_f64).is_some_and(|expires| expires >= 0.0);
    let address = Url::parse(&format!("https://host{}", text("path")));
    !expires || address.is_ok_and(|address| address.path() == text("path"))
}

impl super::place::Place {
    /// The command that gives a cookie this expiry, or removes it where that has passed.
    fn older(&self, cookie: &Value, expires: f64, now: f64) -> Value {
        let keep = |keys: &[&str]| -> Value {
            keys.iter().filter_map(|key| Some(((*key).to_owned(), cookie.get(*key)?.clone()))).collect()
        };
        if expires <= now {
            return self.cdp("Network.deleteCookies", keep(&["name", "domain", "path", "partitionKey"]));
        }
        let mut older = keep(&KEPT);
        older["expires"] = json!(expires);
        let mut params = self.browser_context();
        params["cookies"] = json!([older]);
        json!({ "method": "Storage.setCookies", "params": params })
    }
}

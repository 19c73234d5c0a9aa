//! Time that passes for the jar.
//!
//! No driver can move a browser's clock; what can be done is to make what it keeps older. Every cookie that
//! has an expiry is written back with one that is earlier, and Chromium drops what is over. The time of a
//! cookie's creation cannot be written, and the two minutes of Lax-allowing-unsafe still take two minutes.

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::agent::Agent;
use super::tab::Tab;
use crate::browser::failure::Failure;
use crate::browser::line_outcomes;

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

impl Agent {
    /// Makes the jar older. The caches, which cannot be made older, are emptied.
    pub(super) async fn make_older(&mut self, time: Duration) -> Result<(), Failure> {
        let jar = json!({ "method": "Storage.getCookies", "params": self.tab.browser_context() });
        let jar = self.cdp_all(vec![jar]).await?;
        let mut commands = self.tab.all_older(&jar, time)?;
        commands.push(self.tab.cdp("Network.clearBrowserCache", json!({})));
        self.cdp_all(commands).await.map(drop)
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

impl Tab {
    /// The commands that make the cookies of an answer to `Storage.getCookies` older, where they have an expiry.
    fn all_older(&self, jar: &[Value], time: Duration) -> Result<Vec<Value>, Failure> {
        let cookies = jar.iter().filter_map(|jar| jar.pointer("/result/cookies")?.as_array()).flatten();
        if cookies.clone().any(|cookie| !keeps_its_path(cookie)) {
            return Err(Failure::NotPossible { why: PATH });
        }
        let now = line_outcomes::now() as f64;
        let older = cookies.filter_map(|cookie| {
            let expires = cookie.get("expires").and_then(Value::as_f64).filter(|expires| *expires >= 0.0)?;
            Some(self.older(cookie, expires - time.as_secs_f64(), now))
        });
        Ok(older.collect())
    }

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

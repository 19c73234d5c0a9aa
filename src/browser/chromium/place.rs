//! Where in the browser a worker is: a user context, which has the jar, and a tab in it.

use std::collections::HashSet;

use futures_util::future;
use serde_json::{Value, json};

use crate::browser::bidi::Bidi;
use crate::browser::failure::Failure;
use crate::browser::home::DEFAULT;
use crate::world::Gateway;

/// Where in the browser a worker is.
#[derive(Debug)]
pub(super) struct Place {
    /// The BiDi user context, which is the CDP's browser context by the same id.
    pub(super) context: String,
    /// The tab: a BiDi browsing context, and the CDP's frame by the same id.
    pub(super) tab: String,
    /// The CDP session of the tab.
    pub(super) session: String,
    /// The CDP sessions of the tab and of what is in it.
    pub(super) sessions: HashSet<String>,
}

impl Place {
    /// A new tab with a jar of its own, which sees what this gateway shows.
    pub(super) async fn new(bidi: &Bidi, gateway: &Gateway) -> Result<Self, Failure> {
        let proxy = super::proxy(gateway.address());
        let context =
            text(bidi, "browser.createUserContext", json!({ "proxy": proxy }), "userContext").await?;
        let params = json!({ "type": "tab", "userContext": context, "background": true });
        let tab = text(bidi, "browsingContext.create", params, "context").await?;
        Self::with_tab(bidi, context, tab).await
    }

    /// A place in a tab that is there.
    pub(super) async fn with_tab(bidi: &Bidi, context: String, tab: String) -> Result<Self, Failure> {
        let session = text(bidi, "goog:cdp.getSession", json!({ "context": tab }), "session").await?;
        let place = Self { context, tab, sessions: HashSet::from([session.clone()]), session };
        let commands = [
            ("Network.enable", json!({})),
            ("Log.enable", json!({})),
            // For the news that the page crashed.
            ("Inspector.enable", json!({})),
            // Several tabs work at once, and each is what its user looks at.
            ("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })),
            // When a browser asks for an icon is its own affair; it must not fall into some step.
            ("Network.setBlockedURLs", json!({ "urls": ["*://*/favicon.ico"] })),
        ];
        let commands =
            commands.map(|(method, params)| bidi.command("goog:cdp.sendCommand", place.cdp(method, params)));
        future::try_join_all(commands).await?;
        Ok(place)
    }

    /// The parameters that name the jar to a CDP command; a browser's own profile has no name.
    pub(super) fn browser_context(&self) -> Value {
        match self.context.as_str() {
            DEFAULT => json!({}),
            context => json!({ "browserContextId": context }),
        }
    }

    /// The envelope of a CDP command to the tab.
    pub(super) fn cdp(&self, method: &str, params: Value) -> Value {
        json!({ "method": method, "params": params, "session": self.session })
    }
}

/// A command whose answer is one text.
async fn text(bidi: &Bidi, method: &str, params: Value, key: &str) -> Result<String, Failure> {
    let answer = bidi.command(method, params).await?;
    let text = answer.get(key).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Failure::protocol(method, format!("the answer has no `{key}`")))
}

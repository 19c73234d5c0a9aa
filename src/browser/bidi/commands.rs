//! The commands of WebDriver BiDi that every engine is given in the same words
//! (<https://w3c.github.io/webdriver-bidi/>).

use serde_json::{Value, json};
use url::Url;

use super::Bidi;
use super::pump::{Connection, EventSink};
use crate::browser::failure::Failure;
use crate::browser::user_agent::{Navigation, Outcome, Turned};

/// A new user context, which sees what is behind this proxy: a cookie jar of its own.
pub(in crate::browser) async fn create_user_context(bidi: &Bidi, proxy: &Value) -> Result<String, Failure> {
    text(bidi, "browser.createUserContext", json!({ "proxy": proxy }), "userContext").await
}

/// Removes a user context with its jar and all its tabs.
pub(in crate::browser) async fn remove_user_context(bidi: &Bidi, context: &str) -> Result<(), Failure> {
    bidi.command("browser.removeUserContext", json!({ "userContext": context })).await.map(drop)
}

/// A new tab in a user context.
pub(in crate::browser) async fn create_tab(bidi: &Bidi, context: &str) -> Result<String, Failure> {
    let params = json!({ "type": "tab", "userContext": context, "background": true });
    text(bidi, "browsingContext.create", params, "context").await
}

/// The tab that a browser comes up with.
pub(in crate::browser) async fn first_tab(bidi: &Bidi) -> Result<String, Failure> {
    let tree = bidi.command("browsingContext.getTree", json!({ "maxDepth": 0 })).await?;
    let tab = tree.pointer("/contexts/0/context").and_then(Value::as_str).map(str::to_owned);
    tab.ok_or_else(|| Failure::protocol("browsingContext.getTree", "there is no tab"))
}

/// A command whose answer is one text.
pub(in crate::browser) async fn text(
    bidi: &Bidi,
    method: &str,
    params: Value,
    key: &str,
) -> Result<String, Failure> {
    let answer = bidi.command(method, params).await?;
    let text = answer.get(key).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Failure::protocol(method, format!("the answer has no `{key}`")))
}

impl Connection {
    /// Sends a tab somewhere and waits until it is there. Answers the message where the browser says that it failed.
    pub(in crate::browser) async fn navigate(
        &mut self,
        sink: &mut impl EventSink,
        tab: &str,
        to: Navigation<'_>,
    ) -> Result<Option<String>, Failure> {
        let mut params = json!({ "context": tab, "wait": "complete" });
        let command = match to {
            Navigation::To(url) => {
                params["url"] = json!(url.as_str());
                "browsingContext.navigate"
            }
            Navigation::Again => "browsingContext.reload",
        };
        match self.call(sink, command, params).await {
            Ok(_) => Ok(None),
            Err(Failure::Protocol { message, .. }) => Ok(Some(message)),
            Err(failure) => Err(failure),
        }
    }

    /// Loads the empty page that a new tab has, which is of no origin.
    pub(in crate::browser) async fn show_nothing(
        &mut self,
        sink: &mut impl EventSink,
        tab: &str,
    ) -> Result<(), Failure> {
        let params = json!({ "context": tab, "url": "about:blank", "wait": "complete" });
        self.call(sink, "browsingContext.navigate", params).await.map(drop)
    }

    /// Asks for one entry back in a tab's history. Answers whether there is one.
    pub(in crate::browser) async fn traverse_back(
        &mut self,
        sink: &mut impl EventSink,
        tab: &str,
    ) -> Result<bool, Failure> {
        let params = json!({ "context": tab, "delta": -1 });
        match self.call(sink, "browsingContext.traverseHistory", params).await {
            Ok(_) => Ok(true),
            Err(Failure::Protocol { .. }) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Calls a function with one argument, as JSON, in a tab or frame.
    pub(in crate::browser) async fn call_function(
        &mut self,
        sink: &mut impl EventSink,
        context: &str,
        function: &str,
        argument: &Value,
        by_user: bool,
    ) -> Result<Outcome, Failure> {
        let params = json!({
            "functionDeclaration": function,
            "arguments": [{ "type": "string", "value": argument.to_string() }],
            "target": { "context": context },
            "awaitPromise": true,
            "userActivation": by_user,
        });
        let answer = self.call(sink, "script.callFunction", params).await?;
        Ok(value(&answer).map(Option::unwrap_or_default))
    }

    /// Whether a frame is there, and the document in it.
    pub(in crate::browser) async fn find_frame(
        &mut self,
        sink: &mut impl EventSink,
        frame: &str,
    ) -> Result<Turned, Failure> {
        let params = json!({ "root": frame, "maxDepth": 0 });
        match self.call(sink, "browsingContext.getTree", params).await {
            Ok(tree) => Ok(Turned::To(url_of(&tree).filter(Url::has_host))),
            // The page it was on is gone.
            Err(Failure::Protocol { .. }) => Ok(Turned::Gone),
            Err(failure) => Err(failure),
        }
    }

    /// Closes windows, which may have closed themselves.
    pub(in crate::browser) async fn close_windows(
        &mut self,
        sink: &mut impl EventSink,
        windows: &[String],
    ) -> Result<(), Failure> {
        for window in windows {
            match self.call(sink, "browsingContext.close", json!({ "context": window })).await {
                Ok(_) | Err(Failure::Protocol { .. }) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }
}

/// The address of the context that a `browsingContext.getTree` began at.
pub(in crate::browser) fn url_of(tree: &Value) -> Option<Url> {
    tree.pointer("/contexts/0/url").and_then(Value::as_str).and_then(|url| Url::parse(url).ok())
}

/// What came of a script: the text it gave, if any, or the exception it threw.
pub(in crate::browser) fn value(answer: &Value) -> Result<Option<String>, String> {
    match answer.pointer("/exceptionDetails/text").and_then(Value::as_str) {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer.pointer("/result/value").and_then(Value::as_str).map(str::to_owned)),
    }
}

//! What each action makes the page do, and what the page made of it.
//!
//! Scripts run in the page's own world and get their arguments as data, so nothing of a scenario is ever
//! pasted into code. They come in by the debugger, which a page's Content-Security-Policy does not hold
//! up; what they *ask for* is the page's doing, and its policy holds for that, as in production.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use url::Url;

use super::native;
use super::record::Record;
use super::worker::Worker;
use crate::browser::failure::Failure;
use crate::browser::request::{navigates, status};
use crate::browser::scripts;
use crate::observe::{Exchange, Page};
use crate::plan::{Action, Step};
use crate::rules::reason::Reason;

impl Worker {
    /// Does it, and waits for what the page can tell of it. Navigations may still be under way after.
    pub(super) async fn act(&mut self, action: &Action) -> Result<Page, Failure> {
        match action {
            Action::Visit(url) => {
                self.navigate("browsingContext.navigate", json!({ "url": url.as_str() })).await
            }
            Action::Reload => self.navigate("browsingContext.reload", json!({})).await,
            Action::Link(url) => self.leave(scripts::LINK, &json!({ "url": url.as_str() })).await,
            Action::Form(form) => self.leave(scripts::FORM, &scripts::form_argument(form)).await,
            Action::Image(url) => self.element(scripts::IMAGE, url, false).await,
            Action::Script(url) => {
                if let Some(world) = &mut self.world {
                    world.scripted = true;
                }
                self.element(scripts::SCRIPT, url, false).await
            }
            Action::Iframe(url) => self.frame(url).await,
            Action::Popup(url) => self.element(scripts::POPUP, url, true).await,
            Action::Beacon(url) => self.element(scripts::BEACON, url, false).await,
            Action::WebSocket(url) => self.element(scripts::SOCKET, url, false).await,
            Action::Fetch(fetch) => self.request(scripts::FETCH, &scripts::fetch_argument(fetch)).await,
            Action::Xhr(xhr) => self.request(scripts::XHR, &scripts::xhr_argument(xhr)).await,
            Action::DocumentCookie { write } => self.document_cookie(write.as_deref()).await,
            Action::Click(selector) => self.touch(scripts::CLICK, &json!({ "selector": selector })).await,
            Action::Fill(fields) => self.touch(scripts::FILL, &json!({ "fields": fields })).await,
            Action::StorageAccess => {
                let answer = self.run(scripts::STORAGE_ACCESS, &Value::Null, true).await?;
                Ok(Page { body: answer.ok(), ..Page::default() })
            }
            Action::Eval(script) => self.eval(script).await,
            Action::Back => self.back().await,
            Action::Clear => self.clear().await,
            Action::Advance(time) => self.age(*time).await,
            Action::Restart => self.restart().await,
        }
    }

    async fn navigate(&mut self, command: &str, mut params: Value) -> Result<Page, Failure> {
        params["context"] = json!(self.place.tab);
        params["wait"] = json!("complete");
        let error = match self.call(command, params).await {
            Ok(_) => None,
            // `net::ERR_ABORTED`, or no such word: another navigation took its place, which is waited for.
            Err(Failure::Protocol { message, .. }) => message
                .split_once("net::")
                .map(|(_, word)| format!("net::{word}"))
                .filter(|word| word != "net::ERR_ABORTED"),
            Err(failure) => return Err(failure),
        };
        Ok(Page { error, ..Page::default() })
    }

    /// Runs a script that makes the page go elsewhere, as a user's doing.
    async fn leave(&mut self, script: &str, argument: &Value) -> Result<Page, Failure> {
        let error = match self.run(script, argument, true).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error),
            // A page that is gone cannot answer.
            Err(Failure::Protocol { .. }) => None,
            Err(failure) => return Err(failure),
        };
        Ok(Page { error, ..Page::default() })
    }

    /// Adds something to the page that asks for a URL, as the user's doing or not.
    async fn element(&mut self, script: &str, url: &Url, by_user: bool) -> Result<Page, Failure> {
        let answer = self.run(script, &json!({ "url": url.as_str() }), by_user).await?;
        Ok(Page { error: answer.err(), ..Page::default() })
    }

    /// Does something to what is on the page, as the user's doing; the page may go elsewhere by it.
    async fn touch(&mut self, script: &str, argument: &Value) -> Result<Page, Failure> {
        let not_done = match self.run(script, argument, true).await {
            Ok(Ok(why) | Err(why)) => Some(why).filter(|why| !why.is_empty()),
            // A page that is gone cannot answer.
            Err(Failure::Protocol { .. }) => None,
            Err(failure) => return Err(failure),
        };
        Ok(Page { not_done, ..Page::default() })
    }

    async fn request(&mut self, script: &str, argument: &Value) -> Result<Page, Failure> {
        self.run(script, argument, false).await.map(scripts::requested)
    }

    pub(super) async fn document_cookie(&mut self, write: Option<&str>) -> Result<Page, Failure> {
        self.run(scripts::COOKIE, &json!({ "write": write }), false).await.map(scripts::cookie_told)
    }

    /// Runs a user's script. Its last value is awaited if it is a promise, and taken as JSON unless it is
    /// a string.
    async fn eval(&mut self, script: &str) -> Result<Page, Failure> {
        if let Some(world) = &mut self.world {
            world.scripted = true;
        }
        match self.value_of(script).await {
            Ok(Ok(body)) => Ok(Page { body, ..Page::default() }),
            Ok(Err(error)) => Ok(Page { error: Some(error), ..Page::default() }),
            // The script made the page go elsewhere before it had a value.
            Err(Failure::Protocol { .. }) => Ok(Page::default()),
            Err(failure) => Err(failure),
        }
    }

    async fn value_of(&mut self, script: &str) -> Result<Result<Option<String>, String>, Failure> {
        let (session, realm) = self.realm().await?;
        let mut params =
            json!({ "expression": script, "replMode": true, "awaitPromise": true, "userGesture": true });
        if let Some(realm) = realm {
            params["uniqueContextId"] = json!(realm);
        }
        let mut answer = self.cdp_in(&session, "Runtime.evaluate", params).await?;
        if let Some(error) = exception(&answer) {
            return Ok(Err(error));
        }
        // In this mode a script may use `await`, and a promise as its last value is handed back as one.
        if let Some(object) = answer.pointer("/result/objectId").and_then(Value::as_str).map(str::to_owned) {
            let is_promise = answer.pointer("/result/subtype").and_then(Value::as_str) == Some("promise");
            answer = if is_promise {
                let params = json!({ "promiseObjectId": object, "returnByValue": true });
                self.cdp_in(&session, "Runtime.awaitPromise", params).await?
            } else {
                let params = json!({
                    "objectId": object,
                    "functionDeclaration": "function () { return this }",
                    "returnByValue": true,
                });
                self.cdp_in(&session, "Runtime.callFunctionOn", params).await?
            };
        }
        if let Some(error) = exception(&answer) {
            return Ok(Err(error));
        }
        Ok(Ok(match answer.pointer("/result/value") {
            Some(Value::String(text)) => Some(text.clone()),
            Some(value) => Some(value.to_string()),
            None => answer.pointer("/result/unserializableValue").and_then(Value::as_str).map(str::to_owned),
        }))
    }

    /// Calls a function with one argument, as JSON. Answers the text it gave, or the exception it threw.
    pub(super) async fn run(
        &mut self,
        function: &str,
        argument: &Value,
        by_user: bool,
    ) -> Result<Result<String, String>, Failure> {
        let params = json!({
            "functionDeclaration": function,
            "arguments": [{ "type": "string", "value": argument.to_string() }],
            "target": { "context": self.target.context },
            "awaitPromise": true,
            "userActivation": by_user,
        });
        let answer = self.call("script.callFunction", params).await?;
        Ok(match answer.pointer("/exceptionDetails/text").and_then(Value::as_str) {
            Some(error) => Err(error.to_owned()),
            None => {
                Ok(answer.pointer("/result/value").and_then(Value::as_str).unwrap_or_default().to_owned())
            }
        })
    }
}

/// The words of an exception in a CDP answer.
fn exception(answer: &Value) -> Option<String> {
    let details = answer.get("exceptionDetails")?;
    let text = |pointer: &str| details.pointer(pointer).and_then(Value::as_str);
    let described = text("/exception/description").and_then(|text| text.lines().next());
    let thrown = details
        .pointer("/exception/value")
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    described.map(str::to_owned).or(thrown).or_else(|| text("/text").map(str::to_owned))
}

/// Completes what the page could tell by what the wire and Chromium's account of the requests tell.
pub(super) fn conclude(
    step: &Step,
    page: &mut Page,
    exchanges: &[Exchange],
    record: &Record,
    console: &[String],
    url: Option<Url>,
) {
    page.url = url;
    let action = &step.action;
    let target = match action {
        Action::Form(form) => Some((Some(&*form.method), form.submission().0)),
        Action::Reload | Action::Back | Action::Click(_) => page.url.clone().map(|url| (None, url)),
        other => other.target().map(|(method, url)| (Some(method), url.clone())),
    };
    let Some((method, url)) = target else { return };
    page.status = status(method, &url, exchanges);

    let Some(ending) = record.ending(method.unwrap_or("GET"), &url) else { return };
    match action {
        Action::Fetch(_) | Action::Xhr(_) if page.readable == Some(false) => {
            let cors = ending.cors.as_deref();
            page.cors = match (cors, ending.blocked.as_deref()) {
                (Some(word), _) => native::not_readable(word).into_iter().collect(),
                (None, Some("mixed-content")) => BTreeSet::from([Reason::MixedContent]),
                // Some policy of the page's own: that is no reason of ours, and its words are kept.
                (None, Some(_)) => BTreeSet::new(),
                // Where a redirect leads to mixed content the console alone says so.
                (None, None) if ending.error == ABORTED && console.iter().any(|line| is_mixed(line)) => {
                    BTreeSet::from([Reason::MixedContent])
                }
                (None, None) if ending.error == ABORTED => BTreeSet::new(),
                (None, None) => BTreeSet::from([Reason::Network]),
            };
            // What no reason of ours says is added to the page's words, which for a page are always the same.
            let word = match cors.or(ending.blocked.as_deref()) {
                Some(word) if page.cors.is_empty() => word,
                Some(_) => return,
                None => &ending.error,
            };
            if let Some(error) = page.error.as_mut().filter(|_| !word.is_empty()) {
                *error = format!("{error} ({word})");
            }
        }
        Action::Fetch(_) | Action::Xhr(_) => {}
        // An image that was answered with something else has failed in no way that matters here.
        Action::Image(_) | Action::Script(_) | Action::Beacon(_) | Action::WebSocket(_)
            if page.status.is_some() => {}
        // Another navigation took its place, or there was nothing to show: the page stays.
        _ if ending.error == ABORTED => {}
        _ => {
            page.error.get_or_insert_with(|| ending.blocked.unwrap_or(ending.error));
            if navigates(step) {
                // The address bar shows what failed, above a page of the browser's own.
                page.url = Some(ending.url);
            }
        }
    }
}

/// Chromium's word for what the page or another navigation gave up.
const ABORTED: &str = "net::ERR_ABORTED";

fn is_mixed(line: &str) -> bool {
    line.starts_with("Mixed Content:") && line.contains("has been blocked")
}

//! What each action makes the page do, and what the page made of it.
//!
//! Scripts run in the page's own world and get their arguments as data, so nothing of a scenario is ever
//! pasted into code. They come in by the debugger, which a page's Content-Security-Policy does not hold
//! up; what they *ask for* is the page's doing, and its policy holds for that, as in production.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::native::{self, NotReadable};
use super::record::Ending;
use super::tab::{ABORTED, Tab};
use super::worker::Worker;
use crate::browser::failure::Failure;
use crate::browser::request::{navigates, status};
use crate::browser::scripts;
use crate::observe::{Exchange, Page};
use crate::plan::{Action, Step};
use crate::rules::reason::Reason;

/// What is appended to a script: its value as the text a step's body is.
const AS_TEXT: &str = ".then(value => typeof value === 'string' || value === undefined ? value
    : typeof value === 'number' && !isFinite(value) ? String(value) : JSON.stringify(value))";

/// How long a beacon is given to begin.
const BEGUN: Duration = Duration::from_secs(1);

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
                self.note_scripts();
                self.element(scripts::SCRIPT, url, false).await
            }
            Action::Iframe(url) => self.frame(url).await,
            Action::Popup(url) => {
                // Who opened a window may be granted what others are not, for as long as the jar lives.
                self.note_scripts();
                self.element(scripts::POPUP, url, true).await
            }
            Action::Beacon(url) => {
                let page = self.element(scripts::BEACON, url, false).await?;
                // It has no hurry; one that is blocked never begins.
                self.line.wait_for(&mut self.tab, BEGUN, |tab| tab.record.asked_for(url)).await?;
                Ok(page)
            }
            Action::WebSocket(url) => self.element(scripts::SOCKET, url, false).await,
            Action::Fetch(fetch) => self.request(scripts::FETCH, &scripts::fetch_argument(fetch)).await,
            Action::Xhr(xhr) => self.request(scripts::XHR, &scripts::xhr_argument(xhr)).await,
            Action::DocumentCookie { write } => self.document_cookie(write.as_deref()).await,
            Action::Click(selector) => self.touch(scripts::CLICK, &json!({ "selector": selector })).await,
            Action::Fill(fields) => self.touch(scripts::FILL, &json!({ "fields": fields })).await,
            Action::StorageAccess => {
                self.note_scripts();
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
        params["context"] = json!(self.tab.id);
        params["wait"] = json!("complete");
        let error = match self.call(command, params).await {
            Ok(_) => None,
            // `unknown error: Error: NS_ERROR_UNKNOWN_HOST`, or no such word: another navigation took its
            // place, which is waited for.
            Err(Failure::Protocol { message, .. }) => word(&message).filter(|word| word != ABORTED),
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
        self.turn().await?;
        Ok(Page { error, ..Page::default() })
    }

    /// Adds something to the page that asks for a URL, as the user's doing or not.
    async fn element(&mut self, script: &str, url: &Url, by_user: bool) -> Result<Page, Failure> {
        let answer = self.run(script, &json!({ "url": url.as_str() }), by_user).await?;
        self.turn().await?;
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
        self.turn().await?;
        Ok(Page { not_done, ..Page::default() })
    }

    async fn request(&mut self, script: &str, argument: &Value) -> Result<Page, Failure> {
        let page = self.run(script, argument, false).await.map(scripts::requested)?;
        if page.readable == Some(false) {
            // Why may be told after the page knows that.
            self.turn().await?;
        }
        Ok(page)
    }

    pub(super) async fn document_cookie(&mut self, write: Option<&str>) -> Result<Page, Failure> {
        self.run(scripts::COOKIE, &json!({ "write": write }), false).await.map(scripts::cookie_told)
    }

    /// Runs a user's script. It may use `await`; its last value is awaited if it is a promise, and taken as
    /// JSON unless it is a string.
    async fn eval(&mut self, script: &str) -> Result<Page, Failure> {
        self.note_scripts();
        let chrome = self.chrome.clone();
        let expression = match self.line.attend(&mut self.tab, chrome.wrap(script)).await? {
            Some(wrapped) => format!("{wrapped}{AS_TEXT}"),
            // The page says what is wrong with it.
            None => script.to_owned(),
        };
        let params = json!({
            "expression": expression,
            "target": { "context": self.target.context },
            "awaitPromise": true,
            "userActivation": true,
        });
        let page = match self.call("script.evaluate", params).await {
            Ok(answer) => match scripts::called(&answer) {
                Ok(body) => Page { body, ..Page::default() },
                Err(error) => Page { error: Some(error), ..Page::default() },
            },
            // The script made the page go elsewhere before it had a value.
            Err(Failure::Protocol { .. }) => Page::default(),
            Err(failure) => return Err(failure),
        };
        self.turn().await?;
        Ok(page)
    }

    /// Calls a function with one argument, as JSON. Answers the text it gave, or the exception it threw.
    pub(super) async fn run(
        &mut self,
        function: &str,
        argument: &Value,
        by_user: bool,
    ) -> Result<Result<String, String>, Failure> {
        let params = scripts::call(&self.target.context, function, argument, by_user);
        let answer = self.call("script.callFunction", params).await?;
        Ok(scripts::called(&answer).map(Option::unwrap_or_default))
    }
}

/// Firefox's word in a message: `NS_ERROR_UNKNOWN_HOST`, `SEC_ERROR_UNKNOWN_ISSUER`.
fn word(message: &str) -> Option<String> {
    let is_word = |word: &&str| {
        word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let mut words = message.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.find(is_word).map(str::to_owned)
}

/// Completes what the page could tell by what the wire and Firefox's account of the requests tell.
pub(super) fn conclude(step: &Step, page: &mut Page, exchanges: &[Exchange], tab: &Tab, url: Option<Url>) {
    page.url = url;
    let action = &step.action;
    let target = match action {
        Action::Form(form) => Some((Some(&*form.method), form.submission().0)),
        Action::Reload | Action::Back | Action::Click(_) => page.url.clone().map(|url| (None, url)),
        other => other.target().map(|(method, url)| (Some(method), url.clone())),
    };
    let Some((method, url)) = target else { return };
    page.status = status(method, &url, exchanges);

    let ending = match navigates(step) || matches!(action, Action::Click(_)) {
        true => tab.record.navigation(&tab.navigation.begun),
        false => tab.record.ending(method.unwrap_or("GET"), &url),
    };
    match action {
        Action::Fetch(_) | Action::Xhr(_) if page.readable == Some(false) => {
            page.cors = not_readable(&tab.messages, ending.as_ref());
            // That a request did not succeed is also said where a preflight was answered and did not allow it.
            if exchanges.iter().any(|exchange| exchange.wire.is_preflight()) {
                page.cors.remove(&Reason::Network);
            }
            // What no reason of ours says is added to the page's words, which for a page are always the same.
            if let (true, Some(error), Some(ending)) = (page.cors.is_empty(), &mut page.error, ending) {
                *error = format!("{error} ({})", ending.error);
            }
        }
        Action::Fetch(_) | Action::Xhr(_) => {}
        // An image that was answered with something else has failed in no way that matters here.
        Action::Image(_) | Action::Script(_) | Action::Beacon(_) | Action::WebSocket(_)
            if page.status.is_some() => {}
        _ => {
            let Some(ending) = ending.filter(|ending| ending.error != ABORTED) else { return };
            page.error.get_or_insert(ending.error);
        }
    }
}

/// Why an answer could not be read, by what the console and the end of the request say.
fn not_readable(messages: &[String], ending: Option<&Ending>) -> BTreeSet<Reason> {
    let said: Vec<NotReadable> =
        messages.iter().filter_map(|message| native::not_readable(message)).collect();
    let mut reasons: BTreeSet<Reason> = said
        .iter()
        .filter_map(|said| match said {
            NotReadable::For(reason) => Some(*reason),
            NotReadable::Otherwise => None,
        })
        .collect();
    // That it did not succeed is said after every reason, too.
    if said.len() > 1 {
        reasons.remove(&Reason::Network);
    }
    if said.is_empty() && ending.is_some() {
        reasons.insert(Reason::Network);
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_messages() {
        assert_eq!(
            word("unknown error: Error: NS_ERROR_UNKNOWN_HOST").as_deref(),
            Some("NS_ERROR_UNKNOWN_HOST")
        );
        assert_eq!(word("no such frame: gone"), None);
    }
}

//! What each action makes the page do, and what the page made of it: the same for every engine.
//!
//! Scripts get their arguments as data, so nothing of a scenario is ever pasted into code; `eval` alone is code of
//! the scenario's own. They come in by the driver, which a page's Content-Security-Policy does not hold up; what they
//! *ask for* is the page's doing, and its policy holds for that, as in production.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

use super::failure::Failure;
use super::request::{self, navigates, status};
use super::scripts;
use super::user_agent::{Begun, Called, Navigation, UserAgent};
use super::worker::{Entered, Worker};
use crate::observe::{Exchange, Page};
use crate::plan::placeholder::{self, Filled};
use crate::plan::{Action, Element, Fetch, Redirect, Step};
use crate::rules::context::Mode;
use crate::rules::reason::Reason;

/// How long a request is waited for that a scenario says will come.
const WAIT: Duration = Duration::from_secs(30);

impl Worker {
    /// Does it with the cookies filled in that scripts of the page see, where it reads any.
    pub(super) async fn act_filled(&mut self, action: &Action, world: &Entered) -> Result<Page, Failure> {
        if placeholder::cookies_of(action).is_empty() {
            return self.act(action, world).await;
        }
        let seen = self.document_cookie(None).await?.document_cookie.unwrap_or_default();
        match placeholder::filled(action, &seen) {
            Some(Filled { action, missing: unread }) => {
                Ok(Page { unread, ..self.act(&action, world).await? })
            }
            None => self.act(action, world).await,
        }
    }

    /// Does it, and waits for what the page can tell of it. Navigations may still be under way after.
    pub(super) async fn act(&mut self, action: &Action, world: &Entered) -> Result<Page, Failure> {
        match action {
            Action::Visit(url) => self.navigate(Navigation::To(url)).await,
            Action::Reload => self.navigate(Navigation::Again).await,
            Action::Link(url) => self.leave_by(scripts::LINK, &json!({ "url": url.as_str() })).await,
            Action::Form(form) => self.leave_by(scripts::FORM, &scripts::form_argument(form)).await,
            Action::Image(url) => self.element(scripts::IMAGE, url, Begun::Request).await,
            Action::Script(url) => self.element(scripts::SCRIPT, url, Begun::Request).await,
            Action::Beacon(url) => self.element(scripts::BEACON, url, Begun::Beacon(url)).await,
            Action::WebSocket(url) => self.element(scripts::SOCKET, url, Begun::Request).await,
            Action::Iframe(url) => self.frame(url, None).await,
            Action::Sandboxed(frame) => self.frame(&frame.url, Some(frame)).await,
            Action::Popup(url) => self.agent.open_window(url).await,
            Action::Fetch(fetch) => self.request(scripts::FETCH, &scripts::fetch_argument(fetch)).await,
            Action::Shared(shared) => self.shared(scripts::SHARED, &scripts::shared_argument(shared)).await,
            Action::EventSource(source) => {
                self.shared(scripts::EVENT_SOURCE, &scripts::event_source_argument(source)).await
            }
            Action::Xhr(xhr) => self.request(scripts::XHR, &scripts::xhr_argument(xhr)).await,
            Action::DocumentCookie { write } => self.document_cookie(write.as_deref()).await,
            Action::Click(selector) => {
                self.touch(scripts::CLICK, &json!({ "selector": selector }), Begun::Navigation).await
            }
            Action::Fill(fields) => {
                self.touch(scripts::FILL, &json!({ "fields": fields }), Begun::Request).await
            }
            Action::Eval(script) => self.eval(script).await,
            Action::Back => {
                let not_done = match self.agent.back().await? {
                    true => None,
                    false => Some("there is no page to go back to".to_owned()),
                };
                Ok(Page { not_done, ..Page::default() })
            }
            Action::StorageAccess => Ok(Page { body: self.agent.storage_access().await?, ..Page::default() }),
            Action::Clear => self.agent.clear(&world.origins).await.map(|()| Page::default()),
            Action::Advance(time) => self.agent.age(*time).await.map(|()| Page::default()),
            Action::Restart => self.restart().await,
            Action::Wait(url) => Ok(wait(url, world).await),
        }
    }

    async fn navigate(&mut self, to: Navigation<'_>) -> Result<Page, Failure> {
        Ok(Page { error: self.agent.navigate(to).await?, ..Page::default() })
    }

    /// Runs a script that makes the page go elsewhere, as a user's doing.
    async fn leave_by(&mut self, script: &str, argument: &Value) -> Result<Page, Failure> {
        let error = match self.agent.run(script, argument, true).await {
            Ok(done) => done.err(),
            // A page that is gone cannot answer.
            Err(Failure::Protocol { .. }) => None,
            Err(failure) => return Err(failure),
        };
        if error.is_none() {
            self.agent.follow(Begun::Navigation).await?;
        }
        Ok(Page { error, ..Page::default() })
    }

    /// Adds something to the page that asks for a URL.
    async fn element(&mut self, script: &str, url: &Url, begun: Begun<'_>) -> Result<Page, Failure> {
        let error = self.agent.run(script, &json!({ "url": url.as_str() }), false).await?.err();
        if error.is_none() {
            self.agent.follow(begun).await?;
        }
        Ok(Page { error, ..Page::default() })
    }

    /// Adds something to the page that is asked for by CORS. That it came is that the page may have it; why it did not
    /// come is found out when the step is over.
    async fn shared(&mut self, script: &str, argument: &Value) -> Result<Page, Failure> {
        let told = self.agent.run(script, argument, false).await?;
        self.agent.follow(Begun::Request).await?;
        let readable = told.as_ref().is_ok_and(|event| matches!(event.as_str(), "load" | "open"));
        Ok(Page { readable: Some(readable), error: told.err(), ..Page::default() })
    }

    /// Does something to what is on the page, as the user's doing; the page may go elsewhere by it.
    async fn touch(&mut self, script: &str, argument: &Value, begun: Begun<'_>) -> Result<Page, Failure> {
        let not_done = match self.agent.run(script, argument, true).await {
            Ok(Ok(why) | Err(why)) => Some(why).filter(|why| !why.is_empty()),
            // A page that is gone cannot answer.
            Err(Failure::Protocol { .. }) => None,
            Err(failure) => return Err(failure),
        };
        if not_done.is_none() {
            self.agent.follow(begun).await?;
        }
        Ok(Page { not_done, ..Page::default() })
    }

    /// A `fetch()` or an XMLHttpRequest.
    async fn request(&mut self, script: &str, argument: &Value) -> Result<Page, Failure> {
        let page = scripts::requested(self.agent.run(script, argument, false).await?);
        if page.readable == Some(false) && page.cors.is_empty() {
            // Why may be told after the page knows that.
            self.agent.follow(Begun::Request).await?;
        }
        Ok(page)
    }

    pub(super) async fn document_cookie(&mut self, write: Option<&str>) -> Result<Page, Failure> {
        let told = self.agent.run(scripts::COOKIE, &json!({ "write": write }), false).await?;
        Ok(scripts::cookie_told(told))
    }

    /// Runs a user's script: an expression, whose value is taken, or else the body of an asynchronous function, of
    /// which what it returns is taken. A promise is awaited, and what is no text is taken as JSON.
    ///
    /// A script that throws, or that does not parse, was not done.
    async fn eval(&mut self, script: &str) -> Result<Page, Failure> {
        let mut failed = None;
        for function in scripts::user_functions(script) {
            match self.agent.call(&function).await {
                Ok(Called::Done(Ok(answer))) => {
                    self.agent.follow(Begun::Request).await?;
                    return Ok(Page { body: scripts::user_value(&answer), ..Page::default() });
                }
                Ok(Called::Done(Err(error))) => {
                    failed = Some((error.clone(), format!("the script threw {error}")));
                    break;
                }
                Ok(Called::NoScript(error)) => {
                    failed = Some((error.clone(), format!("the script does not parse: {error}")));
                }
                // The script made the page go elsewhere before it had a value.
                Err(Failure::Protocol { .. }) => break,
                Err(failure) => return Err(failure),
            }
        }
        self.agent.follow(Begun::Request).await?;
        let (error, not_done) = failed.unzip();
        Ok(Page { error, not_done, ..Page::default() })
    }
}

/// Why something that was asked for by CORS did not come. What is no image or script, or no stream, does not come
/// either, whoever may read it: where the browser does not tell one from the other, what the answer says it is does.
fn conclude_shared(
    agent: &dyn UserAgent,
    action: &Action,
    url: &Url,
    page: &mut Page,
    exchanges: &[Exchange],
    console: &[String],
) {
    if page.readable == Some(true) {
        return;
    }
    page.cors = agent.unread("GET", url, exchanges, console).reasons;
    let last = request::hops(Some("GET"), url, exchanges).last().map(|&index| &exchanges[index].wire);
    let Some(last) = last.filter(|_| page.cors.is_empty()) else { return };
    let kind = last.response_header("content-type").unwrap_or_default().to_ascii_lowercase();
    let has = |word: &[u8]| kind.windows(word.len()).any(|part| part == word);
    let is_it = match action {
        Action::EventSource(_) => last.status == 200 && has(b"text/event-stream"),
        Action::Shared(shared) if shared.element == Element::Image => has(b"image/"),
        _ => (200..300).contains(&last.status) && has(b"javascript"),
    };
    page.readable = match (agent.tells_why_unread(), is_it) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
}

/// Why a call failed where it says itself that it shall: the wire shows whether it came to that.
fn by_its_own_word(fetch: &Fetch, from: Option<&Url>, exchanges: &[Exchange]) -> Option<Reason> {
    let hops = request::hops(Some(&fetch.method), &fetch.url, exchanges);
    let last = hops.last().map(|&index| &exchanges[index].wire);
    let redirect = last.filter(|last| matches!(last.status, 301..=303 | 307 | 308));
    if fetch.options.redirect == Redirect::Error && redirect.is_some() {
        return Some(Reason::RedirectRefused);
    }
    let leads_to = redirect.and_then(|last| {
        let to = last.response_header("location")?;
        last.url.join(String::from_utf8_lossy(to).trim()).ok()
    });
    let next = match (last, leads_to) {
        (None, _) => fetch.url.origin(),
        (Some(_), Some(to)) => to.origin(),
        (Some(_), None) => return None,
    };
    let leaves = from.is_none_or(|from| from.origin() != next);
    (fetch.options.mode == Mode::SameOrigin && leaves).then_some(Reason::SameOriginMode)
}

/// Waits until a request for a URL has been answered; one that was in the step before has been.
async fn wait(url: &Url, world: &Entered) -> Page {
    let is_it = |asked: &Url| {
        asked.origin() == url.origin()
            && asked.path() == url.path()
            && url.query().is_none_or(|query| asked.query() == Some(query))
    };
    let answered = async {
        loop {
            let mark = world.wire.mark();
            let exchanges = world.wire.since(world.before);
            if exchanges.iter().any(|exchange| !exchange.is_preflight() && is_it(&exchange.url)) {
                return;
            }
            world.wire.grown(mark).await;
        }
    };
    let not_done = match timeout(WAIT, answered).await {
        Ok(()) => None,
        Err(_) => Some(format!("no request for {url} was answered within {} s", WAIT.as_secs())),
    };
    Page { not_done, ..Page::default() }
}

/// Completes what the page could tell by what the wire and the browser's account of the requests tell.
pub(super) fn conclude(
    agent: &dyn UserAgent,
    step: &Step,
    page: &mut Page,
    exchanges: &[Exchange],
    console: &[String],
    from: Option<&Url>,
) {
    let action = &step.action;
    let target = match action {
        Action::Wait(url) => Some((None, url.clone())),
        Action::Form(form) => Some((Some(&*form.method), form.submission().0)),
        Action::Reload | Action::Back | Action::Click(_) => page.url.clone().map(|url| (None, url)),
        other => other.target().map(|(method, url)| (Some(method), url.clone())),
    };
    let Some((method, url)) = target else { return };
    page.status = status(method, &agent.on_wire(url.clone()), exchanges);

    if matches!(action, Action::Fetch(_) | Action::Xhr(_)) {
        if !page.cors.is_empty() {
            return;
        }
        if page.readable == Some(false)
            && let Action::Fetch(fetch) = action
            && let Some(reason) = by_its_own_word(fetch, from, exchanges)
        {
            page.cors = BTreeSet::from([reason]);
        } else if page.readable == Some(false) {
            let unread = agent.unread(method.unwrap_or("GET"), &url, exchanges, console);
            page.cors = unread.reasons;
            // What no reason of ours says is added to the page's words, which for a page are always the same.
            if let (Some(error), Some(word)) = (page.error.as_mut(), unread.word) {
                *error = format!("{error} ({word})");
            }
        }
        return;
    }
    if matches!(action, Action::Shared(_) | Action::EventSource(_)) {
        conclude_shared(agent, action, &url, page, exchanges, console);
        return;
    }
    let is_element =
        matches!(action, Action::Image(_) | Action::Script(_) | Action::Beacon(_) | Action::WebSocket(_));
    let Some(ending) = agent.ending(step, method, &url) else { return };
    // An image that was answered with something else has failed in no way that matters here. Where another
    // navigation took the place of one, or there was nothing to show, the page stays.
    if ending.is_aborted || (is_element && page.status.is_some()) {
        return;
    }
    page.error.get_or_insert(ending.error);
    if let Some(shown) = ending.shown.filter(|_| navigates(step)) {
        page.url = Some(shown);
    }
}

//! What each action makes the page do, and what the page made of it.
//!
//! Scripts get their arguments as data, so nothing of a scenario is ever pasted into code; `eval` alone is code
//! of the scenario's own.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use url::Url;

use super::frames;
use super::place::{NO_SCRIPT, Outcome, Place};
use super::worker::Worker;
use crate::browser::failure::Failure;
use crate::browser::request::{self, status};
use crate::browser::scripts;
use crate::observe::{Exchange, Page};
use crate::plan::{Action, Step};
use crate::rules::path::normalize_escapes;
use crate::world::wire::Mark;

/// Waits for two turns of the page's timers: a form is submitted, and a link followed, in a turn of its own, and
/// what has begun by then the driver waits for.
const TURNS: &str = "() => new Promise(done => setTimeout(() => setTimeout(done)))";

/// One entry back. The driver's own command waits for a page to load, which none does where a frame goes back.
const BACK: &str = "() => history.back()";

/// Whether the last frame of the page has loaded, or does within a moment.
const FRAME_LOADED: &str = "() => new Promise(done => {
    const frame = [...document.querySelectorAll('iframe')].pop();
    if (frame[Symbol.for('rehearsal loaded')]) return done(true);
    frame.addEventListener('load', () => done(true));
    setTimeout(() => done(false), 20);
})";

/// How long is waited for a frame or a navigation of which nothing is heard: WebKit says nothing of what it does
/// not load.
pub(super) const NOTHING: Duration = Duration::from_secs(1);

/// What is said of a step that only the other engines take: an automated WebKit has a jar in memory, whose cookies
/// nobody can make older and which ends with the browser, and no storage that could be emptied around a page.
const NOT_HERE: &str = "WebKit's driver offers no way to do it";

/// What is said of a step to an origin that shows a certificate which no browser should take.
const TAKES_ANY: &str =
    "WebKit's driver takes every certificate, so that what WebKit does with a bad one is not seen";

/// Whether a step is one that is taken here. `distrusted` are the origins whose certificates are bad.
pub(super) fn possible(step: &Step, distrusted: &[url::Origin]) -> Result<(), Failure> {
    if step.action.target().is_some_and(|(_, url)| distrusted.contains(&url.origin())) {
        return Err(Failure::NotPossible { why: TAKES_ANY });
    }
    match step.action {
        Action::Clear | Action::Restart | Action::Advance(_) | Action::StorageAccess => {
            Err(Failure::NotPossible { why: NOT_HERE })
        }
        _ => Ok(()),
    }
}

impl Worker {
    /// Does it, and waits for what the page can tell of it. Navigations may still be under way after.
    pub(super) async fn act(&mut self, place: &Place, action: &Action) -> Result<Page, Failure> {
        match action {
            Action::Visit(url) => place.go(url).await.map(|()| Page::default()),
            Action::Reload => place.reload().await.map(|()| Page::default()),
            Action::Back => self.back(place).await,
            Action::Click(selector) => {
                self.touch(place, scripts::CLICK, &json!({ "selector": selector })).await
            }
            Action::Fill(fields) => {
                let filled = place.run(scripts::FILL, &json!({ "fields": fields })).await?;
                Ok(Page { not_done: why_not(filled), ..Page::default() })
            }
            Action::Popup(url) => self.popup(place, url).await,
            Action::Link(url) => self.leave(place, scripts::LINK, &json!({ "url": url.as_str() })).await,
            Action::Form(form) => self.leave(place, scripts::FORM, &scripts::form_argument(form)).await,
            Action::Image(url) => element(place, scripts::IMAGE, url).await,
            Action::Iframe(url) => self.frame(place, url).await,
            Action::Fetch(fetch) => call(place, scripts::FETCH, &scripts::fetch_argument(fetch)).await,
            Action::Xhr(xhr) => call(place, scripts::XHR, &scripts::xhr_argument(xhr)).await,
            Action::DocumentCookie { write } => document_cookie(place, write.as_deref()).await,
            Action::Script(url) => {
                self.scripted = true;
                element(place, scripts::SCRIPT, url).await
            }
            Action::Beacon(url) => self.beacon(place, url).await,
            Action::WebSocket(url) => element(place, scripts::SOCKET, url).await,
            Action::Eval(script) => {
                self.scripted = true;
                eval(place, script).await
            }
            // See `possible`.
            Action::Clear | Action::Restart | Action::Advance(_) | Action::StorageAccess => {
                Err(Failure::NotPossible { why: NOT_HERE })
            }
        }
    }

    /// Runs a script that makes the page go elsewhere, and waits until something is heard of that: the driver
    /// waits for a navigation, but only for one that it knows of.
    async fn leave(&mut self, place: &Place, script: &str, argument: &Value) -> Result<Page, Failure> {
        let mark = self.wire.mark();
        let before = place.address().await?;
        let error = match place.run(script, argument).await {
            Ok(done) => done.err(),
            // A page that is gone cannot answer.
            Err(Failure::Protocol { .. }) => None,
            Err(failure) => return Err(failure),
        };
        if error.is_none() {
            self.hear(place, mark, before.as_ref()).await?;
        }
        Ok(Page { error, ..Page::default() })
    }

    /// Goes back. Of a frame that scrolls nothing is heard; before the empty page that a tab begins with there is
    /// nothing.
    async fn back(&mut self, place: &Place) -> Result<Page, Failure> {
        let mark = self.wire.mark();
        let before = place.address().await?;
        match place.run(BACK, &Value::Null).await {
            // A page that is gone cannot answer.
            Ok(_) | Err(Failure::Protocol { .. }) => {}
            Err(failure) => return Err(failure),
        }
        // No script runs in a page that may be on its way out: WebKit keeps it for the way forward, and the
        // driver would wait for its answer.
        let since = Instant::now();
        let mut heard = false;
        while !heard && since.elapsed() < NOTHING {
            self.hear_refused();
            heard = place.address().await? != before || self.wire.mark() != mark || !self.refused.is_empty();
        }
        let is_first = before.as_ref().is_none_or(|url| url.scheme() == "about");
        let not_done = (is_first && !heard).then(|| "there is no page to go back to".to_owned());
        Ok(Page { not_done, ..Page::default() })
    }

    /// Clicks what a selector finds. The page may go elsewhere by it.
    async fn touch(&mut self, place: &Place, script: &str, argument: &Value) -> Result<Page, Failure> {
        let mark = self.wire.mark();
        let before = place.address().await?;
        let not_done = match place.run(script, argument).await {
            Ok(done) => why_not(done),
            // A page that is gone cannot answer.
            Err(Failure::Protocol { .. }) => None,
            Err(failure) => return Err(failure),
        };
        if not_done.is_none() {
            self.hear(place, mark, before.as_ref()).await?;
        }
        Ok(Page { not_done, ..Page::default() })
    }

    /// A beacon, of whose end no page is told: it is waited for until something is heard of it, and what it is
    /// redirected to as well.
    async fn beacon(&mut self, place: &Place, url: &Url) -> Result<Page, Failure> {
        let mark = self.wire.mark();
        let before = place.address().await?;
        let page = element(place, scripts::BEACON, url).await?;
        let mut heard = mark;
        while page.error.is_none() && self.refused.is_empty() {
            self.hear(place, heard, before.as_ref()).await?;
            let news = self.wire.since(heard);
            if !news.last().is_some_and(|exchange| matches!(exchange.status, 301..=303 | 307 | 308)) {
                break;
            }
            heard = self.wire.mark();
        }
        Ok(page)
    }

    /// Waits until something is heard: on the wire, at the gateway, or in the address bar.
    async fn hear(&mut self, place: &Place, mark: Mark, before: Option<&Url>) -> Result<(), Failure> {
        let since = Instant::now();
        while since.elapsed() < NOTHING {
            turns(place).await?;
            let after = place.address().await?;
            self.hear_refused();
            if after.as_ref() != before || self.wire.mark() != mark || !self.refused.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// A frame, added to the page. It says when it has loaded; of one that was refused or has no content the
    /// gateway and the wire tell.
    async fn frame(&mut self, place: &Place, url: &Url) -> Result<Page, Failure> {
        let mark = self.wire.mark();
        let number = self.note_frame(url);
        let add = format!("json => {{ ({})(json); ({})({number}) }}", scripts::FRAME, frames::MARK);
        let page = element(place, &add, url).await?;
        let (mut news, mut since) = (mark, Instant::now());
        while page.error.is_none() && since.elapsed() < NOTHING {
            match place.run(FRAME_LOADED, &Value::Null).await {
                Ok(Ok(Value::Bool(false))) => {}
                // Where the page is gone there is no frame to wait for.
                Ok(_) | Err(Failure::Protocol { .. }) => break,
                Err(failure) => return Err(failure),
            }
            self.hear_refused();
            let exchanges: Vec<Exchange> =
                self.wire.since(mark).into_iter().map(Exchange::from_wire).collect();
            if !self.refused.is_empty() || matches!(status(None, url, &exchanges), Some(204 | 205)) {
                break;
            }
            if self.wire.mark() != news {
                (news, since) = (self.wire.mark(), Instant::now());
            }
        }
        Ok(page)
    }
}

/// Lets the page have its turns.
pub(super) async fn turns(place: &Place) -> Result<(), Failure> {
    match place.run(TURNS, &Value::Null).await {
        Ok(_) | Err(Failure::Protocol { .. }) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Why a script that touches the page could not do so.
fn why_not(done: Outcome) -> Option<String> {
    match done {
        Ok(Value::String(why)) | Err(why) => Some(why).filter(|why| !why.is_empty()),
        Ok(_) => None,
    }
}

async fn element(place: &Place, script: &str, url: &Url) -> Result<Page, Failure> {
    let done = place.run(script, &json!({ "url": url.as_str() })).await?;
    Ok(Page { error: done.err(), ..Page::default() })
}

/// A `fetch()` or an XMLHttpRequest.
async fn call(place: &Place, script: &str, argument: &Value) -> Result<Page, Failure> {
    let answer = read(place.run(script, argument).await?);
    let (body, error) = (text(&answer, "body"), text(&answer, "error"));
    Ok(Page { readable: Some(body.is_some()), body, error, ..Page::default() })
}

pub(super) async fn document_cookie(place: &Place, write: Option<&str>) -> Result<Page, Failure> {
    let answer = read(place.run(scripts::COOKIE, &json!({ "write": write })).await?);
    let (document_cookie, error) = (text(&answer, "cookie"), text(&answer, "error"));
    Ok(Page { document_cookie, error, ..Page::default() })
}

/// Runs a user's script. Its last value is awaited if it is a promise, and taken as JSON unless it is a string.
async fn eval(place: &Place, script: &str) -> Result<Page, Failure> {
    let mut error = None;
    for function in functions(script) {
        let value = match place.run(&function, &Value::Null).await {
            // The driver tells where it stumbled; of the last form the script's own words are left.
            Err(Failure::Protocol { message, .. }) if message.starts_with(NO_SCRIPT) => {
                error = message.strip_prefix(NO_SCRIPT).map(|message| format!("SyntaxError: {message}"));
                continue;
            }
            // The script made the page go elsewhere before it had a value.
            Err(Failure::Protocol { .. }) => return Ok(Page::default()),
            Err(failure) => return Err(failure),
            Ok(Err(error)) => return Ok(Page { error: Some(error), ..Page::default() }),
            Ok(Ok(value)) => value,
        };
        let body = match value {
            Value::Null => None,
            Value::String(body) => Some(body),
            other => Some(other.to_string()),
        };
        return Ok(Page { body, ..Page::default() });
    }
    Ok(Page { error, ..Page::default() })
}

/// The functions that a script may be the body of, the most telling first: the driver runs functions, and what is
/// wanted is the value of the last expression. Where the last expression begins only the browser can tell, so
/// every place where a statement may begin is offered, from the last to the first.
fn functions(script: &str) -> Vec<String> {
    let ends = |(at, character): (usize, char)| matches!(character, ';' | '\n' | '}').then_some(at + 1);
    let mut places: Vec<usize> = script.char_indices().filter_map(ends).collect();
    places.push(0);
    places.sort_unstable();
    let places = places.into_iter().rev().filter(|&at| !script[at..].trim().trim_matches(';').is_empty());
    let value = |at: usize| {
        let (before, last) = script.split_at(at);
        let last = last.trim().trim_end_matches(';');
        format!("async () => {{ {before}\nreturn (\n{last}\n) }}")
    };
    let mut functions: Vec<String> = places.map(value).collect();
    functions.push(format!("async () => {{ {script}\n}}"));
    functions
}

fn read(outcome: Outcome) -> Value {
    match outcome {
        Ok(Value::String(answer)) => serde_json::from_str(&answer).unwrap_or(Value::Null),
        Ok(_) => Value::Null,
        Err(error) => json!({ "error": error }),
    }
}

fn text(answer: &Value, key: &str) -> Option<String> {
    answer.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// What a window shows.
#[derive(Debug, Default)]
pub(super) struct View {
    /// The address bar.
    pub(super) url: Option<Url>,
    /// The browser's own page about what could not be loaded: what it says.
    pub(super) failed: Option<String>,
}

/// Completes what the page could tell by what the wire tells. Why an answer could not be read WebKit does not
/// tell scripts, and its driver nobody.
pub(super) fn conclude(step: &Step, page: &mut Page, exchanges: &[Exchange], view: View) {
    let action = &step.action;
    page.url = view.url;
    let target = match action {
        Action::Form(form) => Some((Some(&*form.method), form.submission().0)),
        Action::Reload | Action::Back | Action::Click(_) => page.url.clone().map(|url| (None, url)),
        other => other.target().map(|(method, url)| (Some(method), url.clone())),
    };
    if let Some((method, mut url)) = target {
        // As it is on the wire.
        let path = normalize_escapes(url.path().as_bytes()).into_owned();
        url.set_path(&String::from_utf8_lossy(&path));
        page.status = status(method, &url, exchanges);
    }
    if request::navigates(step)
        && let Some(failed) = view.failed
    {
        page.error.get_or_insert(failed);
    }
}

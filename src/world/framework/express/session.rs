//! `express-session` (an id in a signed cookie) and `cookie-session` (the session itself in one).
//!
//! After `express-session/index.js` 1.19 with its memory store, and `cookie-session/index.js` 2.1 with
//! `cookies` 0.9. Both leave a `Secure` cookie out where they take the request for plain http, and say so
//! to nobody: that is what `trust proxy` is about.

use std::collections::HashMap;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::add_lines;
use crate::plan::framework::{CookieSession, Does, ExpressCookie, JsSameSite, Secure, StoredSession};
use crate::world::framework::javascript::{attributes, parsed, raw, serialize, to_header};
use crate::world::framework::members::Members;
use crate::world::framework::random::Random;
use crate::world::framework::{Asked, Routed, USER, locked, signing};
use crate::world::reply::Reply;
use crate::world::wire::Note;

/// What an id is made of: `uid-safe`'s base64 of URLs.
const ID: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A request with what both packages ask about it.
pub(super) struct Request<'r> {
    pub(super) asked: &'r Asked<'r>,
    pub(super) now: OffsetDateTime,
    /// `req.secure`, by way of `trust proxy`.
    pub(super) is_secure: bool,
    pub(super) is_tls: bool,
    /// Whether `X-Forwarded-Proto` says https, whoever is trusted.
    pub(super) secure_by_header: bool,
}

impl Request<'_> {
    /// What neither package tells anybody: that a `secure` cookie was not set, and why.
    fn left_out(&self, package: &str, name: &str) -> Note {
        let why = if self.secure_by_header {
            "`X-Forwarded-Proto: https` came along, but Express trusts no proxy: set `trust proxy`"
        } else if self.asked.headers.contains_key("x-forwarded-proto") {
            "`X-Forwarded-Proto` says so too: the proxy that ends TLS has to send the browser's scheme"
        } else {
            "nothing says otherwise: a proxy that ends TLS has to send `X-Forwarded-Proto`, and \
             `trust proxy` to trust it"
        };
        Note::CookieLeftOut(format!(
            "{package} did not set its `secure` cookie `{name}`: it takes the request for plain http, and {why}"
        ))
    }
}

/// The memory store.
#[derive(Default)]
pub(super) struct Sessions {
    stored: Mutex<HashMap<String, Stored>>,
}

#[derive(Clone)]
struct Stored {
    data: Members,
    secure: bool,
    same_site: Option<JsSameSite>,
    expires: Option<OffsetDateTime>,
}

/// The value of `X-Forwarded-Proto`: the first of a list.
pub(super) fn forwarded(asked: &Asked<'_>) -> String {
    let header = asked.header("x-forwarded-proto").unwrap_or_default();
    header.split(',').next().unwrap_or_default().trim().to_owned()
}

impl Sessions {
    /// A request through `express-session`.
    pub(super) fn stored<'a>(
        &self,
        options: &StoredSession,
        request: &Request<'_>,
        mut random: Random,
        visit: impl FnOnce() -> (Routed<'a>, Vec<String>),
    ) -> Reply {
        let (mut routed, lines) = visit();
        add_lines(&mut routed.reply, &lines);
        let path = options.cookie.path.as_deref().unwrap_or("/");
        if !request.asked.url.path().starts_with(path) {
            if routed.does().is_some() {
                routed.reply.status = StatusCode::INTERNAL_SERVER_ERROR;
            }
            return routed.reply;
        }
        let is_secure = request.is_tls
            || match options.proxy {
                Some(false) => false,
                Some(true) => request.secure_by_header,
                None => request.is_secure,
            };
        let cookie = parsed(request.asked.cookie().as_deref(), &options.name);
        let sent = cookie.and_then(|cookie| signing::unsign(cookie.strip_prefix("s:")?, &options.secrets));
        let known = sent.as_ref().and_then(|id| self.find(id, request.now));
        let is_known = known.is_some();
        let (id, mut session) = match (sent.clone(), known) {
            (Some(id), Some(session)) => (id, session),
            _ => (random.text(ID, 32), fresh(options, is_secure)),
        };
        let original = session.data.clone();
        if let Some(does) = routed.does()
            && act(does, &mut session.data, &mut routed)
        {
            locked(&self.stored).remove(&id);
            return routed.reply;
        }
        let is_modified = original != session.data;
        session.expires =
            options.cookie.max_age.map(|age| request.now.saturating_add(Duration::milliseconds(age)));
        if is_known || options.save_uninitialized || is_modified {
            locked(&self.stored).insert(id.clone(), session.clone());
        }
        let is_new = sent.as_ref() != Some(&id);
        let sets = if is_new {
            options.save_uninitialized || is_modified
        } else {
            options.rolling || (session.expires.is_some() && is_modified)
        };
        if sets && session.secure && !is_secure {
            routed.reply.notes.push(request.left_out("express-session", &options.name));
        } else if sets && let Some(secret) = options.secrets.first() {
            let mut attributes = attributes(&options.cookie);
            attributes.path.get_or_insert_with(|| "/".to_owned());
            attributes.http_only = options.cookie.http_only.unwrap_or(true);
            attributes.secure = session.secure;
            attributes.same_site = session.same_site;
            attributes.expires = session.expires.or(attributes.expires);
            let value = format!("s:{}", signing::sign(&id, secret));
            add_lines(&mut routed.reply, &[serialize(&options.name, &value, &attributes)]);
        }
        routed.reply
    }

    fn find(&self, id: &str, now: OffsetDateTime) -> Option<Stored> {
        let mut stored = locked(&self.stored);
        if stored.get(id)?.expires.is_some_and(|at| at <= now) {
            stored.remove(id);
        }
        stored.get(id).cloned()
    }
}

/// A new session. `'auto'` is decided when it begins, and kept.
fn fresh(options: &StoredSession, is_secure: bool) -> Stored {
    let same_site = match options.cookie.same_site {
        Some(JsSameSite::Auto) if is_secure => Some(JsSameSite::None),
        Some(JsSameSite::Auto) => Some(JsSameSite::Lax),
        other => other,
    };
    let secure = match options.cookie.secure {
        Some(Secure::Auto) => is_secure,
        Some(Secure::Is(is)) => is,
        None => false,
    };
    Stored { data: Members::default(), secure, same_site, expires: None }
}

/// What a view does with `req.session`. Returns whether it ends it.
fn act(does: Does, session: &mut Members, routed: &mut Routed<'_>) -> bool {
    match does {
        Does::Login => {
            session.set("user", USER);
            routed.say_user(true);
        }
        Does::Logout => routed.say(&json!({})),
        Does::Me => routed.say_user(session.has("user")),
        _ => {
            session.set("seen", true);
            routed.say(&json!({}));
        }
    }
    does == Does::Logout
}

/// A request through `cookie-session`.
pub(super) fn in_cookie<'a>(
    options: &CookieSession,
    request: &Request<'_>,
    visit: impl FnOnce() -> (Routed<'a>, Vec<String>),
) -> Reply {
    let (mut routed, lines) = visit();
    add_lines(&mut routed.reply, &lines);
    let Some(does) = routed.does() else { return routed.reply };
    let mut jar = InCookie { options, request, lines: Vec::new(), left_out: Vec::new() };
    // `req.session = null` does not look at what there was.
    if does == Does::Logout {
        act(does, &mut Members::default(), &mut routed);
        jar.set("", true);
    } else {
        let sent = jar.get();
        let mut session = sent.as_deref().and_then(opened).unwrap_or_default();
        let is_new = sent.as_deref().and_then(opened).is_none();
        act(does, &mut session, &mut routed);
        let value = STANDARD.encode(session.compact());
        let is_changed = is_new || sent.as_ref() != Some(&value);
        if (!is_new || !session.is_empty()) && is_changed {
            jar.set(&value, false);
        }
    }
    add_lines(&mut routed.reply, &jar.lines);
    routed.reply.notes.append(&mut jar.left_out);
    routed.reply
}

fn opened(value: &str) -> Option<Members> {
    serde_json::from_slice(&STANDARD.decode(value).ok()?).ok()
}

/// The package `cookies`, as `cookie-session` uses it.
struct InCookie<'c> {
    options: &'c CookieSession,
    request: &'c Request<'c>,
    lines: Vec<String>,
    left_out: Vec<Note>,
}

impl InCookie<'_> {
    fn is_signed(&self) -> bool {
        self.options.cookie.signed.unwrap_or(true)
    }

    /// The session's cookie, where it is signed as it has to be.
    fn get(&mut self) -> Option<String> {
        let header = self.request.asked.cookie();
        let name = &self.options.cookie.name;
        let value = raw(header.as_deref(), name)?;
        if !self.is_signed() {
            return Some(value);
        }
        let signature = raw(header.as_deref(), &format!("{name}.sig"))?;
        let data = format!("{name}={value}");
        match self.options.keys.iter().position(|key| signing::keygrip(&data, key) == signature) {
            Some(0) => Some(value),
            Some(_) => {
                // Signed with an old key: signed anew.
                let signature = signing::keygrip(&data, &self.options.keys[0]);
                self.push(
                    &format!("{name}.sig"),
                    &signature,
                    &ExpressCookie::default(),
                    self.request.is_secure,
                );
                Some(value)
            }
            None => {
                let gone = ExpressCookie { expires: Some(0), ..ExpressCookie::default() };
                self.push(&format!("{name}.sig"), "", &gone, self.request.is_secure);
                None
            }
        }
    }

    /// Sets the session's cookie, and its signature's.
    fn set(&mut self, value: &str, removes: bool) {
        let mut cookie = self.options.cookie.clone();
        let wants_secure = match cookie.secure {
            Some(Secure::Is(is)) => Some(is),
            _ => None,
        };
        if wants_secure == Some(true) && !self.request.is_secure {
            // "Cannot send secure cookie over unencrypted connection": caught, and told to nobody.
            self.left_out.push(self.request.left_out("cookie-session", &cookie.name));
            return;
        }
        if removes {
            cookie.max_age = None;
            cookie.expires = Some(0);
        }
        let secure = wants_secure.unwrap_or(self.request.is_secure);
        let name = cookie.name.clone();
        self.push(&name, value, &cookie, secure);
        if self.is_signed()
            && let Some(key) = self.options.keys.first()
        {
            let signature = signing::keygrip(&format!("{name}={value}"), key);
            self.push(&format!("{name}.sig"), &signature, &cookie, secure);
        }
    }

    /// `overwrite`: a line of this name that was set before goes.
    fn push(&mut self, name: &str, value: &str, cookie: &ExpressCookie, secure: bool) {
        let start = format!("{name}=");
        self.lines.retain(|line| !line.starts_with(&start));
        self.lines.push(to_header(name, value, cookie, secure, self.request.now));
    }
}

//! `SessionMiddleware` and `login`, `logout`, after `django/contrib/sessions` and `django/contrib/auth`.
//!
//! An empty session whose cookie was sent is deleted; one that was changed, or every one by
//! `SESSION_SAVE_EVERY_REQUEST`, is saved and its cookie sent again. `Vary: Cookie` tells that it was
//! looked at.

use std::collections::HashMap;
use std::sync::Mutex;

use time::{Duration, OffsetDateTime};

use super::{Django, SetCookie, Visit, vary_on};
use crate::world::framework::locked;
use crate::world::reply::Reply;

/// What a key is made of.
const KEY: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// What a session holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Data {
    pub(super) user: bool,
    pub(super) seen: bool,
    /// The CSRF secret, where `CSRF_USE_SESSIONS` keeps it here.
    pub(super) csrf: Option<String>,
}

/// `request.session`.
#[derive(Debug)]
pub(super) struct Session {
    key: Option<String>,
    /// `None` until it is looked at.
    data: Option<Data>,
    modified: bool,
}

/// The sessions that are stored, each with its end.
#[derive(Default)]
pub(super) struct Sessions {
    stored: Mutex<HashMap<String, (Data, OffsetDateTime)>>,
}

impl Session {
    /// The session that a cookie names. What is too short is no key.
    pub(super) fn of(cookie: Option<&str>) -> Self {
        let key = cookie.filter(|key| key.len() >= 8).map(str::to_owned);
        Self { key, data: None, modified: false }
    }

    /// Whether there is neither a key nor data. Asking does not look at the store.
    fn is_empty(&self) -> bool {
        self.key.is_none() && self.data.as_ref().is_none_or(|data| *data == Data::default())
    }
}

impl Django {
    /// The session's data, looked at. `None` where `SessionMiddleware` was not passed.
    pub(super) fn session_data<'v>(&self, visit: &'v mut Visit<'_>) -> Option<&'v mut Data> {
        let now = visit.now;
        let session = visit.session.as_mut()?;
        if session.data.is_none() {
            let stored = locked(&self.sessions.stored);
            let found = session.key.as_ref().and_then(|key| stored.get(key));
            let found = found.filter(|(_, end)| *end > now).map(|(data, _)| data.clone());
            if found.is_none() {
                session.key = None;
            }
            session.data = Some(found.unwrap_or_default());
        }
        session.data.as_mut()
    }

    /// The same, about to be changed.
    pub(super) fn session_data_mut<'v>(&self, visit: &'v mut Visit<'_>) -> Option<&'v mut Data> {
        self.session_data(visit)?;
        let session = visit.session.as_mut()?;
        session.modified = true;
        session.data.as_mut()
    }

    /// `request.user.is_authenticated`.
    pub(super) fn is_signed_in(&self, visit: &mut Visit<'_>) -> bool {
        visit.has_user && self.session_data(visit).is_some_and(|data| data.user)
    }

    /// `login(request, user)`: a new key for whoever was not signed in, and a new CSRF secret.
    pub(super) fn login(&self, visit: &mut Visit<'_>) {
        let was_in = self.session_data(visit).is_some_and(|data| data.user);
        if let Some(session) = visit.session.as_mut()
            && !was_in
            && let Some(old) = session.key.replace(visit.random.text(KEY, 32))
        {
            locked(&self.sessions.stored).remove(&old);
        }
        if let Some(data) = self.session_data_mut(visit) {
            data.user = true;
        }
        self.rotate_secret(visit);
    }

    /// `logout(request)`: nothing of the session is left.
    pub(super) fn logout(&self, visit: &mut Visit<'_>) {
        if self.session_data_mut(visit).is_none() {
            return;
        }
        if let Some(session) = visit.session.as_mut() {
            if let Some(key) = session.key.take() {
                locked(&self.sessions.stored).remove(&key);
            }
            session.data = Some(Data::default());
        }
    }

    /// What `SessionMiddleware` does with the answer.
    pub(super) fn save_session(&self, visit: &mut Visit<'_>, reply: &mut Reply) {
        let settings = &self.settings.session;
        let Some(session) = &visit.session else { return };
        let accessed = session.data.is_some();
        let (modified, empty) = (session.modified, session.is_empty());
        if empty && visit.sent(&settings.name).is_some() {
            let (domain, samesite) = (settings.domain.as_deref(), settings.samesite.as_deref());
            visit.delete_cookie(&settings.name, &settings.path, domain, samesite);
            vary_on(reply, "Cookie");
            return;
        }
        if accessed {
            vary_on(reply, "Cookie");
        }
        if empty || !(modified || settings.save_every_request) || reply.status.is_server_error() {
            return;
        }
        let Some(data) = self.session_data(visit).cloned() else { return };
        let Some(session) = visit.session.as_mut() else { return };
        let key = session.key.get_or_insert_with(|| visit.random.text(KEY, 32)).clone();
        let end = visit.now.saturating_add(Duration::seconds(settings.age));
        locked(&self.sessions.stored).insert(key.clone(), (data, end));
        visit.set_cookie(&SetCookie {
            name: &settings.name,
            value: &key,
            max_age: (!settings.expire_at_browser_close).then_some(settings.age),
            expires: None,
            path: Some(&settings.path),
            domain: settings.domain.as_deref(),
            secure: settings.secure,
            httponly: settings.httponly,
            samesite: settings.samesite.as_deref(),
        });
        vary_on(reply, "Cookie");
    }
}

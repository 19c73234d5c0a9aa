//! What Chromium tells of who asked for something: the frame, by its number and the one it is in, and whether credentials
//! went along.
//!
//! It does not tell the credentials mode. But `requestWillBeSentExtraInfo` lists every cookie that the host could have,
//! sent or held back, where credentials are included, and none where they are not (measured 2026-11-27,
//! 156.0.8078.108).

use std::collections::HashMap;

use serde_json::Value;
use url::Url;

use crate::observe::{Cookie, Frame};
use crate::rules::domain::domain_match;
use crate::rules::path::path_match;

/// The frames of a tab and its windows, and which is in which.
#[derive(Debug)]
pub(super) struct Frames {
    tab: String,
    parents: HashMap<String, Option<String>>,
    /// Those that are gone: what they asked for is still to be told.
    gone: Vec<String>,
}

impl Frames {
    /// A tab with nothing in it.
    pub(super) fn new(tab: String) -> Self {
        Self { tab, parents: HashMap::new(), gone: Vec::new() }
    }

    /// A step begins: what is gone is forgotten.
    pub(super) fn begin(&mut self) {
        for id in std::mem::take(&mut self.gone) {
            self.parents.remove(&id);
        }
    }

    /// A frame came, in another, or a window.
    pub(super) fn created(&mut self, id: &str, parent: Option<&str>) {
        self.parents.insert(id.to_owned(), parent.map(str::to_owned));
    }

    /// A frame or a window went.
    pub(super) fn destroyed(&mut self, id: &str) {
        self.gone.push(id.to_owned());
    }

    /// The frame of this number. `None` where it is not known.
    pub(super) fn frame(&self, id: &str) -> Option<Frame> {
        if id == self.tab {
            return Some(Frame::tab());
        }
        let named = |id: &String| if *id == self.tab { Frame::TAB.to_owned() } else { id.clone() };
        let parent = self.parents.get(id)?;
        Some(Frame { id: id.to_owned(), parent: parent.as_ref().map(named) })
    }
}

/// Whether credentials were included, as far as the parameters of a `requestWillBeSentExtraInfo` tell. `held` are the
/// cookies that were in the jar all the time.
pub(super) fn has_credentials(sent: &Value, url: &Url, held: &[&Cookie]) -> Option<bool> {
    let listed = sent.get("associatedCookies").and_then(Value::as_array)?;
    if !listed.is_empty() {
        return Some(true);
    }
    let host = url.host_str().unwrap_or_default();
    let is_its = |cookie: &&&Cookie| {
        let is_host = match cookie.host_only {
            true => cookie.domain == host,
            false => domain_match(host, &cookie.domain),
        };
        is_host && cookie.partition.is_none() && path_match(url.path().as_bytes(), cookie.path.as_bytes())
    };
    held.iter().any(|cookie| is_its(&cookie)).then_some(false)
}

/// Whether the parameters of a `requestWillBeSentExtraInfo` tell of this Cookie header; an empty one is none.
pub(super) fn sends(sent: &Value, cookie: &[u8]) -> bool {
    let headers = sent.get("headers").and_then(Value::as_object).into_iter().flatten();
    let mut told = headers.filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    let told = told.next().and_then(|(_, value)| value.as_str()).unwrap_or_default();
    let as_latin = || cookie.iter().map(|&byte| char::from(byte)).eq(told.chars());
    told.as_bytes() == cookie || as_latin()
}

//! The answers to preflights that are remembered: Fetch, section 4.9, CORS-preflight cache.
//!
//! An answer is kept whole; what of it a later request is held against, the browser's profile say. Time is
//! the caller's, as a `Duration` since any one instant.

use std::time::Duration;

use hyper::header::{ACCESS_CONTROL_MAX_AGE, HeaderMap};
use url::Url;

use super::fetch::fields;
use crate::rules::context::{Context, Credentials};
use crate::rules::cors::{self, Preflight};
use crate::rules::engine::{Profile, Remembered};

/// For how many seconds an answer is kept that does not say.
const DEFAULT: i64 = 5;

/// What was allowed, to whom, and until when.
#[derive(Debug, Default)]
pub(super) struct Preflights {
    kept: Vec<Kept>,
    /// How far the clock of the browser that is predicted may be from the caller's.
    pub(super) play: Duration,
}

/// Whether an earlier answer allows a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Given,
    NotGiven,
    /// One does that is just about to be forgotten, or just has been.
    Unsure,
}

#[derive(Debug)]
struct Kept {
    key: Key,
    with_credentials: bool,
    headers: HeaderMap,
    until: Duration,
}

/// What an answer is kept for.
#[derive(Debug, PartialEq)]
struct Key {
    /// The origin that asks, as its `Origin` header names it.
    origin: String,
    url: Url,
    /// The top-level origin: caches are partitioned.
    top_level: Option<String>,
}

impl Preflights {
    /// Whether an earlier answer allows this request.
    pub(super) fn allow(
        &mut self,
        profile: &Profile,
        context: &Context,
        url: &Url,
        preflight: &Preflight,
        now: Duration,
    ) -> Leave {
        self.kept.retain(|kept| now < kept.until.saturating_add(self.play));
        let key = Key::of(context, url);
        if key.is_opaque() && !profile.preflights.remembers_opaque {
            return Leave::NotGiven;
        }
        let with_credentials = with_credentials(context);
        let serves = |kept: &&Kept| {
            kept.key == key
                && (kept.with_credentials == with_credentials
                    || (profile.preflights.serve_lesser && kept.with_credentials))
        };
        let is_lasting = |kept: &&Kept| now.saturating_add(self.play) < kept.until;
        if profile.preflights.remembered == Remembered::Names {
            let all = self.kept.iter().filter(serves);
            return match list(all.clone(), preflight) {
                true if list(all.filter(is_lasting), preflight) => Leave::Given,
                true => Leave::Unsure,
                false => Leave::NotGiven,
            };
        }
        let Some(place) = self.kept.iter().position(|kept| serves(&kept)) else { return Leave::NotGiven };
        let is_lasting = is_lasting(&&self.kept[place]);
        let headers = fields(&self.kept[place].headers);
        // The answer is held against the request as to methods and headers; whom it let in is in the key.
        if !cors::preflight_check(profile, context, preflight, 200, &headers).is_empty() {
            self.kept.remove(place);
            return Leave::NotGiven;
        }
        if is_lasting { Leave::Given } else { Leave::Unsure }
    }

    /// Keeps an answer that allowed a request.
    pub(super) fn keep(
        &mut self,
        profile: &Profile,
        context: &Context,
        url: &Url,
        headers: HeaderMap,
        now: Duration,
    ) {
        let Some(seconds) = max_age(profile, &headers) else { return };
        let until = now.saturating_add(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
        let (key, with_credentials) = (Key::of(context, url), with_credentials(context));
        let replaces = |kept: &Kept| {
            profile.preflights.remembered == Remembered::Whole
                && kept.key == key
                && (profile.preflights.serve_lesser || kept.with_credentials == with_credentials)
        };
        self.kept.retain(|kept| !replaces(kept));
        self.kept.push(Kept { key, with_credentials, headers, until });
    }

    /// Forgets every answer.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }

    /// Notes that an answer of this URL, to a request or to its preflight, was kept from the page.
    pub(super) fn refuse(&mut self, profile: &Profile, context: &Context, url: &Url) {
        if profile.preflights.remembered == Remembered::Names {
            let key = Key::of(context, url);
            self.kept.retain(|kept| kept.key != key);
        }
    }
}

/// Whether answers, one of which there must be, list the method and the headers asked for by their names.
fn list<'k>(kept: impl Iterator<Item = &'k Kept> + Clone, preflight: &Preflight) -> bool {
    let names = |kept: &Kept, header: &str| cors::list(&fields(&kept.headers), header).unwrap_or_default();
    let listed = |header: &str, is: &dyn Fn(&String) -> bool| {
        kept.clone().any(|kept| names(kept, header).iter().any(is))
    };
    let method = |method: &String| *method == preflight.method;
    kept.clone().next().is_some()
        && (matches!(&*preflight.method, "GET" | "POST") || listed(cors::ALLOW_METHODS, &method))
        && preflight
            .headers
            .iter()
            .all(|header| listed(cors::ALLOW_HEADERS, &|listed| listed.eq_ignore_ascii_case(header)))
}

/// For how many seconds an answer is remembered; `None` where it is not.
fn max_age(profile: &Profile, headers: &HeaderMap) -> Option<i64> {
    let values: Vec<&[u8]> =
        headers.get_all(ACCESS_CONTROL_MAX_AGE).iter().map(|value| value.as_bytes().trim_ascii()).collect();
    let seconds = match profile.preflights.unreadable_max_age_forgets {
        true => match values.join(&b", "[..]).as_slice() {
            [] => DEFAULT,
            digits if digits.iter().all(u8::is_ascii_digit) => {
                std::str::from_utf8(digits).ok()?.parse().unwrap_or(i64::MAX)
            }
            _ => return None,
        },
        false => {
            values.first().and_then(|value| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or(DEFAULT)
        }
    };
    Some(seconds.min(profile.preflights.longest))
}

impl Key {
    /// Whether the origin that asks is no other's, and not its own either.
    fn is_opaque(&self) -> bool {
        self.origin == "null"
    }

    fn of(context: &Context, url: &Url) -> Self {
        let mut url = url.clone();
        url.set_fragment(None);
        Self {
            origin: cors::request_origin(context),
            url,
            top_level: context.documents.first().map(ToString::to_string),
        }
    }
}

fn with_credentials(context: &Context) -> bool {
    context.credentials == Credentials::Include
}

//! The answers to preflights that are remembered: Fetch, section 4.9, CORS-preflight cache.
//!
//! An answer is kept whole, and a later request is held against it as if it had just come. Time is
//! the caller's.

use hyper::header::HeaderMap;
use url::Url;

use super::fetch::fields;
use crate::rules::context::{Context, Credentials};
use crate::rules::cors::{self, Preflight};

/// For how many seconds an answer is kept that does not say.
const DEFAULT: i64 = 5;

/// What was allowed, to whom, and until when.
#[derive(Debug, Default)]
pub(super) struct Preflights {
    kept: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    key: Key,
    headers: HeaderMap,
    until: i64,
}

/// What an answer is kept for.
#[derive(Debug, PartialEq)]
struct Key {
    /// The origin that asks, as its `Origin` header names it.
    origin: String,
    url: Url,
    with_credentials: bool,
    /// The top-level site: caches are partitioned by it.
    top_level: Option<String>,
}

impl Preflights {
    /// Whether an earlier answer allows this request.
    pub(super) fn allow(&mut self, context: &Context, url: &Url, preflight: &Preflight, now: i64) -> bool {
        self.kept.retain(|kept| now < kept.until);
        let key = Key::of(context, url);
        self.kept
            .iter()
            .filter(|kept| kept.key == key)
            .any(|kept| cors::preflight_check(context, preflight, 200, &fields(&kept.headers)).is_empty())
    }

    /// Keeps an answer that allowed a request; `longest` is the most seconds this browser keeps any.
    pub(super) fn keep(&mut self, context: &Context, url: &Url, headers: HeaderMap, longest: i64, now: i64) {
        let seconds = headers
            .get("access-control-max-age")
            .and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok())
            .unwrap_or(DEFAULT)
            .min(longest);
        let key = Key::of(context, url);
        self.kept.retain(|kept| kept.key != key);
        self.kept.push(Kept { key, headers, until: now.saturating_add(seconds) });
    }
}

impl Key {
    fn of(context: &Context, url: &Url) -> Self {
        let mut url = url.clone();
        url.set_fragment(None);
        Self {
            origin: cors::request_origin(context),
            url,
            with_credentials: context.credentials == Credentials::Include,
            top_level: context.documents.first().map(ToString::to_string),
        }
    }
}

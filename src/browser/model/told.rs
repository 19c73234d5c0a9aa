//! What the rules decided, as observations tell it.
//!
//! Data in one shape becomes data in another; nothing is decided here.

use std::collections::BTreeSet;

use url::Url;

use crate::observe::{AskedBy, Cookie, Partition, SetCookie};
use crate::rules::context::Context;
use crate::rules::cookie::{self, PartitionKey};
use crate::rules::jar::Jar;
use crate::rules::reason::Reason;
use crate::rules::reasons::Reasons;
use crate::rules::site::{Location, Scheme, Site};

/// What the rules look at of a URL. `None` where it is neither `http` nor `https`, or its host is none.
pub(super) fn location(url: &Url) -> Option<Location> {
    Location::parse(url.as_str())
}

/// The cookies of a jar, in the order of their creation. Their expiries are told by a clock that is behind by
/// so many seconds.
pub(super) fn jar(jar: &Jar, now: i64, ahead: i64) -> Vec<Cookie> {
    jar.cookies(now).into_iter().map(|cookie| observed(cookie, ahead)).collect()
}

fn observed(cookie: &cookie::Cookie, ahead: i64) -> Cookie {
    let cookie = Cookie::from(cookie);
    Cookie { expires: cookie.expires.map(|expiry| expiry.saturating_sub(ahead)), ..cookie }
}

/// A cookie of a browser's jar, whose clock is behind by so many seconds, as the rules keep it. `None` where
/// its partition is no site.
pub(super) fn kept(cookie: &Cookie, now: i64, ahead: i64) -> Option<cookie::Cookie> {
    let partition = match &cookie.partition {
        None => None,
        Some(Partition { site, cross_site_ancestor }) => {
            let top_level = match site.split_once("://") {
                None if site == "null" => Site { scheme: Scheme::Opaque, domain: String::new() },
                None => return None,
                Some((scheme, domain)) => {
                    Site { scheme: Scheme::from_name(scheme)?, domain: domain.to_owned() }
                }
            };
            Some(PartitionKey { top_level, cross_site_ancestor: *cross_site_ancestor })
        }
    };
    Some(cookie::Cookie {
        name: cookie.name.clone().into_bytes(),
        value: cookie.value.clone().into_bytes(),
        domain: cookie.domain.clone(),
        host_only: cookie.host_only,
        path: cookie.path.clone().into_bytes(),
        secure: cookie.secure,
        http_only: cookie.http_only,
        same_site: cookie.same_site,
        partition,
        creation: now,
        last_access: now,
        expiry: cookie.expires.map(|expires| expires.saturating_add(ahead)),
        serial: 0,
    })
}

/// Who asked for something, and how.
pub(super) fn asked(context: &Context, is_own: bool, is_inferred: bool) -> AskedBy {
    AskedBy {
        by: context.initiator.clone(),
        top_level: context.documents.first().cloned(),
        is_own,
        mode: context.mode,
        credentials: context.credentials,
        is_inferred,
        readable: None,
        cors: BTreeSet::new(),
    }
}

/// A line that was not even looked at.
pub(super) fn ignored(line: &[u8], reason: Reason) -> SetCookie {
    SetCookie { stored: Some(false), reasons: BTreeSet::from([reason]), ..SetCookie::unjudged(line) }
}

/// A set of reasons in the form observations have it.
pub(super) fn set(reasons: Reasons) -> BTreeSet<Reason> {
    reasons.iter().collect()
}

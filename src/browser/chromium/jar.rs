//! Chromium's jar, as the DevTools protocol tells it.

use serde_json::Value;

use super::native;
use crate::browser::line_outcomes::Reading;
use crate::observe::{Cookie, Partition};
use crate::rules::cookie::SameSite;
use crate::rules::engine::Profile;

/// How Chromium reads a line.
pub(super) const READING: Reading = Reading {
    profile: &Profile::CHROMIUM,
    silent: native::refused_in_silence,
    tells_all: true,
    keeps_apart: false,
};

/// The cookies of an answer to `Storage.getCookies` (CDP), in Chromium's order.
pub(super) fn cookies(answer: &Value) -> Option<Vec<Cookie>> {
    let cookies = answer.pointer("/result/cookies")?.as_array()?;
    Some(cookies.iter().filter_map(cookie).collect())
}

/// A `Network.Cookie` of the CDP.
fn cookie(cookie: &Value) -> Option<Cookie> {
    let text = |key: &str| cookie.get(key).and_then(Value::as_str);
    let flag = |key: &str| cookie.get(key).and_then(Value::as_bool).unwrap_or(false);
    // A leading dot marks a cookie that has a Domain attribute.
    let domain = text("domain")?;
    Some(Cookie {
        name: text("name")?.to_owned(),
        value: text("value")?.to_owned(),
        domain: domain.trim_start_matches('.').to_owned(),
        host_only: !domain.starts_with('.'),
        path: text("path")?.to_owned(),
        secure: flag("secure"),
        http_only: flag("httpOnly"),
        same_site: match text("sameSite") {
            Some("None") => SameSite::None,
            Some("Lax") => SameSite::Lax,
            Some("Strict") => SameSite::Strict,
            _ => SameSite::Unset,
        },
        // Whole seconds are enough; a session cookie has -1.
        expires: cookie
            .get("expires")
            .and_then(Value::as_f64)
            .filter(|_| !flag("session"))
            .map(|seconds| seconds.floor() as i64),
        partition: cookie.get("partitionKey").and_then(partition).or_else(|| {
            // The key of a page without a site is not told, and is below another site: everything is.
            let siteless = Partition { site: "null".to_owned(), cross_site_ancestor: true };
            flag("partitionKeyOpaque").then_some(siteless)
        }),
    })
}

/// A `Network.CookiePartitionKey` of the CDP.
fn partition(key: &Value) -> Option<Partition> {
    Some(Partition {
        site: key.get("topLevelSite")?.as_str()?.to_owned(),
        cross_site_ancestor: key.get("hasCrossSiteAncestor")?.as_bool()?,
    })
}

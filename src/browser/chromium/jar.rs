//! Chromium's jar, and what it says about each Set-Cookie line.

use serde_json::Value;
use url::Url;

use super::native;
use crate::observe::{Cookie, Exchange, Partition, SetCookie as Line};
use crate::rules::cookie::SameSite;
use crate::rules::domain::is_ip_address;
use crate::rules::engine::Profile;
use crate::rules::path::default_path;
use crate::rules::punycode::to_ascii;
use crate::rules::reason::Reason;
use crate::rules::set_cookie::{Expiry, SetCookie};
use crate::suffixes::suffixes;

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
        partition: cookie.get("partitionKey").and_then(|key| {
            Some(Partition {
                site: key.get("topLevelSite")?.as_str()?.to_owned(),
                cross_site_ancestor: key.get("hasCrossSiteAncestor")?.as_bool()?,
            })
        }),
    })
}

/// Decides for each Set-Cookie line of a step whether it was stored, where its exchange has not been
/// told otherwise by Chromium's list of blocked lines.
///
/// `now` is in seconds since 1970-01-01. A line is stored when the jar has its cookie, or when a later line
/// of the step was for the same cookie. Where the very same cookie was in the jar before the step, that
/// cannot be told: Chromium does not mention a line that it ignored for want of credentials. A line
/// whose lifetime is over removes, and is not stored.
pub(super) fn settle(exchanges: &mut [Exchange], before: &[Cookie], jar: &[Cookie], now: i64) {
    let jars = Jars { before, after: jar };
    // The keys of later lines, gathered from the last line to the first.
    let mut later: Vec<Key> = Vec::new();
    for exchange in exchanges.iter_mut().rev() {
        let url = &exchange.wire.url;
        for line in exchange.set_cookie.iter_mut().rev() {
            jars.settle(line, url, &mut later, now);
        }
    }
}

/// What became of a line that a script of the page at this URL assigned to `document.cookie`.
pub(super) fn settle_written(line: &str, page: &Url, before: &[Cookie], jar: &[Cookie], now: i64) -> Line {
    let mut line = Line::unjudged(line.as_bytes());
    Jars { before, after: jar }.settle(&mut line, page, &mut Vec::new(), now);
    line
}

/// The jar before and after a step.
struct Jars<'j> {
    before: &'j [Cookie],
    after: &'j [Cookie],
}

impl Jars<'_> {
    /// Decides for one line, given the keys of those after it, to which its own is added.
    fn settle(&self, line: &mut Line, url: &Url, later: &mut Vec<Key>, now: i64) {
        if line.stored == Some(false) {
            return;
        }
        let read = SetCookie::parse(&line.line, &Profile::CHROMIUM);
        if let Some(reason) = native::refused_in_silence(&read) {
            line.stored = Some(false);
            line.reasons.insert(reason);
            return;
        }
        let key = Key::of(&read, url.host_str().unwrap_or_default(), url.path());
        if is_over(&read, now) {
            line.stored = Some(false);
            line.reasons.insert(Reason::Expired);
        } else {
            let is_its = |cookie: &&Cookie| key.fits(cookie) && has_its_attributes(cookie, &read);
            let mut kept = self.after.iter().filter(is_its);
            line.stored = match kept.clone().next() {
                None => Some(later.contains(&key)),
                Some(_) if kept.all(|cookie| self.before.contains(cookie)) => None,
                Some(_) => Some(true),
            };
        }
        // A line that was refused takes no cookie's place; one that is over does.
        if line.stored != Some(false) || line.reasons.contains(&Reason::Expired) {
            later.push(key);
        }
    }
}

/// What makes two lines be about one cookie (RFC 6265bis -22, section 5.7, step 23). All lines of one
/// answer that are kept in a partition are kept in the same.
#[derive(PartialEq)]
struct Key {
    name: String,
    domain: String,
    host_only: bool,
    path: String,
    partitioned: bool,
}

impl Key {
    fn of(read: &SetCookie<'_>, host: &str, request_path: &str) -> Self {
        let domain = domain(read);
        let path = read.path.map(|path| String::from_utf8_lossy(read.bytes(path.value)).into_owned());
        let path = path
            .filter(|path| path.starts_with('/'))
            .unwrap_or_else(|| String::from_utf8_lossy(default_path(request_path.as_bytes())).into_owned());
        Self {
            name: read.name_text().into_owned(),
            // A Domain attribute that is the very host leaves the cookie host-only where that is an address
            // or a public suffix.
            host_only: domain.as_ref().is_none_or(|domain| domain == host && has_no_subdomains(host)),
            domain: domain.unwrap_or_else(|| host.to_owned()),
            path,
            partitioned: read.partitioned.is_some(),
        }
    }

    fn fits(&self, cookie: &Cookie) -> bool {
        self.name == cookie.name
            && self.domain == cookie.domain
            && self.host_only == cookie.host_only
            && self.path == cookie.path
            && self.partitioned == cookie.partition.is_some()
    }
}

/// Whether no cookie can be for a host and those below it.
fn has_no_subdomains(host: &str) -> bool {
    is_ip_address(host) || suffixes(host).name == host
}

/// Whether a cookie is as this line would have made it, its lifetime and the key aside.
fn has_its_attributes(cookie: &Cookie, read: &SetCookie<'_>) -> bool {
    cookie.value == read.value_text()
        && cookie.secure == read.secure.is_some()
        && cookie.http_only == read.http_only.is_some()
        && cookie.same_site == read.same_site_flag()
        && cookie.expires.is_some() == read.lifetime.is_some()
}

/// The domain a line's Domain attribute names, in lower-case ASCII and without a leading dot; `None` without
/// one.
pub(super) fn domain(read: &SetCookie<'_>) -> Option<String> {
    let domain = String::from_utf8_lossy(read.bytes(read.domain?.value));
    let domain = domain.strip_prefix('.').unwrap_or(&domain);
    let domain = to_ascii(domain).unwrap_or_else(|| domain.to_owned());
    (!domain.is_empty()).then_some(domain)
}

fn is_over(read: &SetCookie<'_>, now: i64) -> bool {
    match read.lifetime {
        Some((_, Expiry::At(moment))) => moment <= now,
        Some((_, Expiry::In(seconds))) => seconds <= 0,
        None => false,
    }
}

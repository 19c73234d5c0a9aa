//! Cookies as the packages of Express write and read them: `cookie` 0.7 (`res.cookie`, `express-session`)
//! and `cookies` 0.9 (`cookie-session`).
//!
//! The two disagree in everything: order, capitals, encoding, which of a value's characters are refused. The
//! `cookie` crate agrees with neither, so lines are put together here, the same to the byte.

use time::{Duration, OffsetDateTime};

use crate::plan::framework::{ExpressCookie, JsSameSite, Secure};
use crate::world::reply::imf_fixdate;

/// What `cookie.serialize` is told.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    /// In seconds.
    pub(super) max_age: Option<i64>,
    pub(super) domain: Option<String>,
    pub(super) path: Option<String>,
    pub(super) expires: Option<OffsetDateTime>,
    pub(super) http_only: bool,
    pub(super) secure: bool,
    pub(super) partitioned: bool,
    pub(super) priority: Option<String>,
    pub(super) same_site: Option<JsSameSite>,
}

/// `cookie.serialize`.
pub(super) fn serialize(name: &str, value: &str, attributes: &Attributes) -> String {
    let mut line = format!("{name}={}", encoded(value));
    let mut add = |text: String| {
        line.push_str("; ");
        line.push_str(&text);
    };
    if let Some(seconds) = attributes.max_age {
        add(format!("Max-Age={seconds}"));
    }
    if let Some(domain) = &attributes.domain {
        add(format!("Domain={domain}"));
    }
    if let Some(path) = &attributes.path {
        add(format!("Path={path}"));
    }
    if let Some(at) = attributes.expires {
        add(format!("Expires={}", imf_fixdate(at)));
    }
    for (is, word) in [
        (attributes.http_only, "HttpOnly"),
        (attributes.secure, "Secure"),
        (attributes.partitioned, "Partitioned"),
    ] {
        if is {
            add(word.to_owned());
        }
    }
    if let Some(priority) = &attributes.priority {
        add(format!("Priority={}", capitalised(priority)));
    }
    if let Some(same_site) = attributes.same_site {
        add(format!("SameSite={}", capitalised(word(same_site))));
    }
    line
}

/// `Cookie.prototype.toHeader` of the package `cookies`: `keys` and the session have been seen to.
pub(super) fn to_header(
    name: &str,
    value: &str,
    options: &ExpressCookie,
    secure: bool,
    now: OffsetDateTime,
) -> String {
    let mut line = format!("{name}={value}; path={}", options.path.as_deref().unwrap_or("/"));
    let mut add = |text: String| {
        line.push_str("; ");
        line.push_str(&text);
    };
    let lifetime = options.max_age.filter(|age| *age != 0);
    let expires = lifetime.map(|age| now.saturating_add(Duration::milliseconds(age)));
    if let Some(at) = expires.or_else(|| options.expires.and_then(instant)) {
        add(format!("expires={}", imf_fixdate(at)));
    }
    if let Some(domain) = &options.domain {
        add(format!("domain={domain}"));
    }
    if let Some(priority) = &options.priority {
        add(format!("priority={priority}"));
    }
    if let Some(same_site) = options.same_site {
        add(format!("samesite={}", word(same_site)));
    }
    for (is, word) in [
        (secure, "secure"),
        (options.http_only.unwrap_or(true), "httponly"),
        (options.partitioned, "partitioned"),
    ] {
        if is {
            add(word.to_owned());
        }
    }
    line
}

/// Options as `cookie.serialize` takes them; `Auto` is decided by the caller.
pub(super) fn attributes(options: &ExpressCookie) -> Attributes {
    Attributes {
        max_age: None,
        domain: options.domain.clone(),
        path: options.path.clone(),
        expires: options.expires.and_then(instant),
        http_only: options.http_only.unwrap_or_default(),
        secure: options.secure == Some(Secure::Is(true)),
        partitioned: options.partitioned,
        priority: options.priority.clone(),
        same_site: options.same_site,
    }
}

fn instant(seconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

const fn word(same_site: JsSameSite) -> &'static str {
    match same_site {
        JsSameSite::Strict => "strict",
        JsSameSite::Lax | JsSameSite::Auto => "lax",
        JsSameSite::None => "none",
    }
}

fn capitalised(word: &str) -> String {
    let mut text = word.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// `cookie.parse`: of one name the first, quotes taken off, percent signs decoded where that gives a text.
pub(super) fn parsed(header: Option<&[u8]>, name: &str) -> Option<String> {
    let value = raw(header, name)?;
    let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&value).to_owned();
    Some(decoded(&value).unwrap_or(value))
}

/// The value as it stands in the header.
pub(super) fn raw(header: Option<&[u8]>, name: &str) -> Option<String> {
    let header = String::from_utf8_lossy(header?).into_owned();
    let mut pairs = header.split(';').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

/// `encodeURIComponent`.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// `decodeURIComponent`; `None` where that throws.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back() {
        for value in ["plain", "x y", "q\"u;o,t\\e%", "ümlaut", "s:id.a+b/c="] {
            let header = format!("other=1; a={}; a=second", encoded(value));
            assert_eq!(parsed(Some(header.as_bytes()), "a").as_deref(), Some(value));
        }
        assert_eq!(parsed(Some(b"a=%zz"), "a").as_deref(), Some("%zz"));
        assert_eq!(parsed(Some(b"b=1"), "a"), None);
    }
}

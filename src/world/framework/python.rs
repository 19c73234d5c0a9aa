//! Cookies as Python's `http.cookies` writes and reads them; Django and Starlette use nothing else.
//!
//! The `cookie` crate is no help: it writes attributes in an order of its own (`HttpOnly; SameSite; …;
//! Expires`), quotes no value, and spells `expires` with a capital letter. Here the line is the same to
//! the byte (CPython, `Lib/http/cookies.py`, `Morsel.OutputString`, `_quote` and `_unquote`).

use time::{Duration, OffsetDateTime};

use crate::plan::framework::{Expires, PythonCookie};
use crate::world::reply::imf_fixdate;

/// Characters that need no quotes.
const LEGAL: &[u8] = b"!#$%&'*+-.^_`|~:";

/// Characters that stand for themselves within quotes.
const UNESCAPED: &[u8] = b" ()/<=>?@[]{}";

/// A cookie with its attributes. Empty texts are not sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Morsel {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) domain: String,
    pub(super) expires: String,
    pub(super) max_age: Option<i64>,
    pub(super) path: String,
    pub(super) samesite: String,
    pub(super) httponly: bool,
    pub(super) secure: bool,
}

impl Morsel {
    /// The line, attributes in alphabetical order.
    pub(super) fn output(&self) -> String {
        let mut line = format!("{}={}", self.name, quoted(&self.value));
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                line.push_str("; ");
                line.push_str(name);
                line.push_str(value);
            }
        };
        let flag = |is: bool, word: &'static str| if is { word } else { "" };
        add("Domain=", &self.domain);
        add("expires=", &self.expires);
        add("", flag(self.httponly, "HttpOnly"));
        add("Max-Age=", &self.max_age.map_or_else(String::new, |seconds| seconds.to_string()));
        add("Path=", &self.path);
        add("SameSite=", &self.samesite);
        add("", flag(self.secure, "Secure"));
        line
    }
}

/// Starlette's `set_cookie`: a line of its own for each call.
pub(super) fn starlette_set(cookie: &PythonCookie, now: OffsetDateTime) -> String {
    let expires = match &cookie.expires {
        Some(Expires::At(text)) => text.clone(),
        Some(Expires::In(seconds)) => date(now, *seconds),
        None => String::new(),
    };
    Morsel { expires, ..morsel(cookie) }.output()
}

/// Starlette's `delete_cookie`.
pub(super) fn starlette_delete(cookie: &PythonCookie, now: OffsetDateTime) -> String {
    Morsel { value: String::new(), max_age: Some(0), expires: date(now, 0), ..morsel(cookie) }.output()
}

fn morsel(cookie: &PythonCookie) -> Morsel {
    Morsel {
        name: cookie.key.clone(),
        value: cookie.value.clone(),
        domain: cookie.domain.clone().unwrap_or_default(),
        expires: String::new(),
        max_age: cookie.max_age,
        path: cookie.path.clone().unwrap_or_default(),
        samesite: cookie.samesite.clone().unwrap_or_default(),
        httponly: cookie.httponly,
        secure: cookie.secure,
    }
}

/// The date some seconds from now.
pub(super) fn date(now: OffsetDateTime, seconds: i64) -> String {
    imf_fixdate(now.saturating_add(Duration::seconds(seconds)))
}

/// The names and values of a Cookie header; of one name the last.
pub(super) fn parse(header: Option<&[u8]>) -> Vec<(String, String)> {
    let header = header.map(|bytes| bytes.iter().copied().map(char::from).collect::<String>());
    let header = header.unwrap_or_default();
    let mut cookies: Vec<(String, String)> = Vec::new();
    for chunk in header.split(';') {
        let (name, value) = chunk.split_once('=').unwrap_or(("", chunk));
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() && value.is_empty() {
            continue;
        }
        cookies.retain(|(known, _)| known != name);
        cookies.push((name.to_owned(), unquoted(value)));
    }
    cookies
}

fn quoted(value: &str) -> String {
    let is_legal =
        |c: char| c.is_ascii_alphanumeric() || u8::try_from(c).is_ok_and(|byte| LEGAL.contains(&byte));
    if !value.is_empty() && value.chars().all(is_legal) {
        return value.to_owned();
    }
    let mut text = String::from("\"");
    for c in value.chars() {
        match u8::try_from(c) {
            Ok(b'"') => text.push_str("\\\""),
            Ok(b'\\') => text.push_str("\\\\"),
            Ok(byte) if !is_legal(c) && !UNESCAPED.contains(&byte) => {
                text.push_str(&format!("\\{byte:03o}"));
            }
            _ => text.push(c),
        }
    }
    text.push('"');
    text
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(mut rest) = inner else { return value.to_owned() };
    let mut text = String::new();
    while let Some(c) = rest.chars().next() {
        let octal = rest.get(1..4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let after = rest[c.len_utf8()..].chars().next();
        let taken = match (c, octal, after) {
            ('\\', Some(byte), _) => {
                text.push(char::from(byte));
                4
            }
            ('\\', None, Some(escaped)) => {
                text.push(escaped);
                1 + escaped.len_utf8()
            }
            _ => {
                text.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_read_back() {
        for value in ["plain", "x y", "q\"u;o,t\\e", "ü", "", "{\"a\": 1}"] {
            assert_eq!(unquoted(&quoted(value)), value);
        }
        let header = parse(Some(b"a=1; b=\"x\\073y\"; a=2; flag"));
        let pairs: Vec<(&str, &str)> = header.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("b", "x;y"), ("a", "2"), ("", "flag")]);
    }
}

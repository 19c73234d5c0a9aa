//! What is left out of a recording: values of cookies, of bodies, of headers and of queries.
//!
//! Names stay, for they say what something is: of cookies, headers, members and parameters. So do hosts and paths, but for
//! the parts of a path that are an address, a name of somebody, a number of an account or a token. Different ones stay
//! different, so that two paths do not become one.

use std::cell::RefCell;

use serde_json::Value;
use url::Url;

use crate::cookie_line;

/// What stands in place of a value.
pub(super) const REDACTED: &str = "redacted";

/// A length from which a value may matter to browsers, which refuse pairs of more than 4096 bytes.
const LONG: usize = 1024;

/// The attributes whose values are nobody's secret.
const KNOWN: [&str; 6] = ["Domain", "Path", "Expires", "Max-Age", "SameSite", "Priority"];

/// Folders of paths whose next part names somebody.
const PEOPLE: [&str; 10] =
    ["users", "user", "u", "people", "members", "customers", "profiles", "profile", "accounts", "patients"];

/// What follows such a folder and names nobody.
const NOBODY: [&str; 14] = [
    "me", "self", "current", "login", "logout", "signin", "signup", "register", "new", "search", "settings",
    "session", "sessions", "password",
];

/// How a recording's values are written.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// Whether they stay.
    pub(super) keep: bool,
    /// The parts of paths that were left out, in the order in which they came.
    parts: RefCell<Vec<String>>,
}

impl Values {
    pub(crate) fn new(keep: bool) -> Self {
        Self { keep, parts: RefCell::default() }
    }

    /// A text.
    pub(super) fn text(&self, text: &str) -> String {
        match self.keep || text.is_empty() {
            true => text.to_owned(),
            false => REDACTED.to_owned(),
        }
    }

    /// A Set-Cookie line: its attributes stay, and so do the names of cookies that were folded into it.
    pub(super) fn line(&self, line: &str) -> String {
        if self.keep {
            return line.to_owned();
        }
        let cookies: Vec<String> = cookie_line::unfolded(line).iter().map(|line| self.one(line)).collect();
        cookies.join(", ")
    }

    fn one(&self, line: &str) -> String {
        let mut parts = line.split(';');
        let pair = parts.next().unwrap_or_default();
        let mut written = match pair.split_once('=').filter(|(_, value)| !value.trim().is_empty()) {
            // How long it is may be why it is refused.
            Some((name, value)) => {
                let long = if value.len() >= LONG { value.len() - REDACTED.len() } else { 0 };
                format!("{name}={REDACTED}{}", "x".repeat(long))
            }
            None if pair.contains('=') || pair.trim().is_empty() => pair.to_owned(),
            // A line without `=` is a value without a name.
            None => REDACTED.to_owned(),
        };
        for part in parts {
            let is_known = part
                .split_once('=')
                .is_none_or(|(name, _)| KNOWN.iter().any(|known| name.trim().eq_ignore_ascii_case(known)));
            written.push(';');
            match part.split_once('=') {
                Some((name, _)) if !is_known => written.push_str(&format!("{name}={REDACTED}")),
                Some((name, path)) if name.trim().eq_ignore_ascii_case("path") => {
                    written.push_str(&format!("{name}={}", self.path(path)));
                }
                _ => written.push_str(part),
            }
        }
        written
    }

    /// JSON: its shape stays, with one item of each list.
    pub(crate) fn json(&self, value: &Value) -> Value {
        if self.keep {
            return value.clone();
        }
        match value {
            Value::String(text) => Value::from(self.text(text)),
            Value::Number(_) => Value::from(0),
            Value::Array(items) => items.iter().take(1).map(|item| self.json(item)).collect(),
            Value::Object(members) => {
                let name =
                    |name: &str| if is_somebodys(name) { REDACTED.to_owned() } else { name.to_owned() };
                members.iter().map(|(own, value)| (name(own), self.json(value))).collect()
            }
            other => other.clone(),
        }
    }

    /// A URL: the values of its query, and what in its path is somebody's own, are left out.
    pub(super) fn url(&self, url: &Url) -> Url {
        let mut url = url.clone();
        url.set_fragment(None);
        if self.keep {
            return url;
        }
        let path = self.path(url.path());
        let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        url.set_path(&path);
        if url.query().is_some() {
            let pairs = names.iter().map(|name| (name.as_str(), REDACTED));
            url.query_pairs_mut().clear().extend_pairs(pairs);
        }
        url
    }

    /// A path.
    fn path(&self, path: &str) -> String {
        let mut before = "";
        let parts: Vec<String> = path
            .split('/')
            .map(|part| {
                let names_somebody = PEOPLE.contains(&before)
                    && !part.is_empty()
                    && !NOBODY.iter().any(|nobody| part.eq_ignore_ascii_case(nobody));
                before = part;
                if names_somebody || is_somebodys(part) { self.stand_in(part) } else { part.to_owned() }
            })
            .collect();
        parts.join("/")
    }

    /// What stands for a part of a path: the same for the same.
    fn stand_in(&self, part: &str) -> String {
        let mut parts = self.parts.borrow_mut();
        let place = parts.iter().position(|known| known == part).unwrap_or_else(|| {
            parts.push(part.to_owned());
            parts.len() - 1
        });
        if place == 0 { REDACTED.to_owned() } else { format!("{REDACTED}-{}", place + 1) }
    }
}

/// Whether a part of a path is an address, a long number, an identifier or a token.
fn is_somebodys(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~=".contains(&byte));
    part.contains('@')
        || part.contains("%40")
        || (digits >= 5 && digits == part.len())
        || (part.len() >= 20 && is_plain && digits >= 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_and_what_matters_to_a_browser_stays() {
        let values = Values::new(false);
        assert_eq!(values.line("__Host-sid=s3cret; Path=/; Secure"), "__Host-sid=redacted; Path=/; Secure");
        assert_eq!(values.line("sid=; Max-Age=0"), "sid=; Max-Age=0");
        let long = format!("big={}; Path=/", "s".repeat(5000));
        assert_eq!(values.line(&long).len(), long.len());
        assert!(!values.line(&long).contains("sss"));
        assert_eq!(
            values.line("a=1; Path=/, b=s3cret; x=s3cret"),
            "a=redacted; Path=/, b=redacted; x=redacted"
        );
        let url = Url::parse(
            "https://a.example/users/ada@b.example/42/0f8fad5b-d9cd-469f-a165-70867728950e?code=s3cret&x=1#f",
        );
        let url = values.url(&url.expect("a URL"));
        assert_eq!(url.as_str(), "https://a.example/users/redacted/42/redacted-2?code=redacted&x=redacted");
        let json = serde_json::json!({"user": "ada", "id": 17, "admin": true, "roles": ["a", "b"]});
        let redacted = serde_json::json!({"user": "redacted", "id": 0, "admin": true, "roles": ["redacted"]});
        assert_eq!(values.json(&json), redacted);
    }
}

//! What is left out of a recording: values of cookies, of bodies, of headers and of queries.
//!
//! Names stay, for they say what something is: of cookies, headers, members and parameters. So do hosts and paths, but for
//! the parts of a path that are an address, a number of an account or a token.

use serde_json::Value;
use url::Url;

/// What stands in place of a value.
pub(super) const REDACTED: &str = "redacted";

/// A length from which a value may matter to browsers, which refuse pairs of more than 4096 bytes.
const LONG: usize = 1024;

/// How a recording's values are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values {
    /// Whether they stay.
    pub(super) keep: bool,
}

impl Values {
    /// A text.
    pub(super) fn text(self, text: &str) -> String {
        match self.keep || text.is_empty() {
            true => text.to_owned(),
            false => REDACTED.to_owned(),
        }
    }

    /// A Set-Cookie line: its attributes stay.
    pub(super) fn line(self, line: &str) -> String {
        let (pair, attributes) = line.split_at(line.find(';').unwrap_or(line.len()));
        let Some((name, value)) =
            pair.split_once('=').filter(|(_, value)| !self.keep && !value.trim().is_empty())
        else {
            return line.to_owned();
        };
        // How long it is may be why it is refused.
        let long = if value.len() >= LONG { "x".repeat(value.len() - REDACTED.len()) } else { String::new() };
        format!("{name}={REDACTED}{long}{attributes}")
    }

    /// JSON: its shape stays, with one item of each list.
    pub(super) fn json(self, value: &Value) -> Value {
        if self.keep {
            return value.clone();
        }
        match value {
            Value::String(text) => Value::from(self.text(text)),
            Value::Number(_) => Value::from(0),
            Value::Array(items) => items.iter().take(1).map(|item| self.json(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.json(value))).collect()
            }
            other => other.clone(),
        }
    }

    /// A URL: the values of its query, and what in its path is somebody's own, are left out.
    pub(super) fn url(self, url: &Url) -> Url {
        let mut url = url.clone();
        url.set_fragment(None);
        if self.keep {
            return url;
        }
        let path: Vec<&str> =
            url.path().split('/').map(|part| if is_somebodys(part) { REDACTED } else { part }).collect();
        let path = path.join("/");
        let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        url.set_path(&path);
        if url.query().is_some() {
            let pairs = names.iter().map(|name| (name.as_str(), REDACTED));
            url.query_pairs_mut().clear().extend_pairs(pairs);
        }
        url
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
        let values = Values { keep: false };
        assert_eq!(values.line("__Host-sid=s3cret; Path=/; Secure"), "__Host-sid=redacted; Path=/; Secure");
        assert_eq!(values.line("sid=; Max-Age=0"), "sid=; Max-Age=0");
        let long = format!("big={}; Path=/", "s".repeat(5000));
        assert_eq!(values.line(&long).len(), long.len());
        assert!(!values.line(&long).contains("sss"));
        let url = Url::parse(
            "https://a.example/users/ada@b.example/42/0f8fad5b-d9cd-469f-a165-70867728950e?code=s3cret&x=1#f",
        );
        let url = values.url(&url.expect("a URL"));
        assert_eq!(url.as_str(), "https://a.example/users/redacted/42/redacted?code=redacted&x=redacted");
        let json = serde_json::json!({"user": "ada", "id": 17, "admin": true, "roles": ["a", "b"]});
        let redacted = serde_json::json!({"user": "redacted", "id": 0, "admin": true, "roles": ["redacted"]});
        assert_eq!(values.json(&json), redacted);
    }
}

//! What stands in a text for something that is known only when the text is used.
//!
//! `{cookie.NAME}` in what a page sends stands for the value of a cookie, as scripts of the page read it when the step
//! is taken. `{now+15m}` in what an origin answers stands for a moment, by the clock of the world. Nothing here reads a
//! cookie or a clock: whoever fills a text in says what they are.

use std::ops::Range;

use super::{Action, Fetch, Form, Xhr};

/// What `{cookie.NAME}` begins with.
const COOKIE: &str = "{cookie.";

/// What `{now}` begins with.
const NOW: &str = "{now";

/// The units of a length of time, and how many seconds each has.
pub const UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

/// The longest length of time that is understood, in seconds: ten years. No browser keeps a cookie for more than 400
/// days (RFC 6265bis -22, section 5.5).
pub const LONGEST: u64 = 3_653 * 86_400;

/// An action with its cookies filled in, and those that scripts of the page do not see.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// The action.
    pub action: Action,
    /// The names of the cookies that were to be read and are not there.
    pub missing: Vec<String>,
}

/// The names of the cookies that a text speaks of, each with the place of its placeholder.
pub fn cookies(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(COOKIE).map(|at| from + at) {
        let name = start + COOKIE.len();
        let Some(end) = text[name..].find('}').map(|at| name + at) else { break };
        if end > name {
            found.push((start..end + 1, &text[name..end]));
        }
        from = end + 1;
    }
    found
}

/// The names of the cookies that an action reads, in the order in which it speaks of them.
pub fn cookies_of(action: &Action) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for text in texts(action) {
        for (_, name) in cookies(text) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// An action with the cookies filled in that scripts of the page see, as `document.cookie` tells them. `None` where it
/// speaks of none.
///
/// A value is decoded as Angular's, axios's and Django's scripts do it (`decodeURIComponent`). Of a cookie that is not
/// there no header field is sent, which is what those do, too; in a body and in a field it is empty.
pub fn filled(action: &Action, document_cookie: &str) -> Option<Filled> {
    let names = cookies_of(action);
    if names.is_empty() {
        return None;
    }
    let read = |name: &str| value(document_cookie, name);
    let missing: Vec<String> = names.into_iter().filter(|name| read(name).is_none()).collect();
    let mut action = action.clone();
    let text = |text: &mut String, escape: fn(&str) -> String| *text = with(text, &read, escape);
    match &mut action {
        Action::Fetch(Fetch { headers, body, .. }) | Action::Xhr(Xhr { headers, body, .. }) => {
            headers.retain(|(_, value)| cookies(value).iter().all(|(_, name)| read(name).is_some()));
            headers.iter_mut().for_each(|(_, value)| text(value, str::to_owned));
            let is_json = headers.iter().any(|(name, value)| {
                name.eq_ignore_ascii_case("content-type") && value.starts_with("application/json")
            });
            if let Some(body) = body {
                text(body, if is_json { in_json } else { str::to_owned });
            }
        }
        Action::Form(Form { fields, .. }) => {
            fields.iter_mut().for_each(|(_, value)| text(value, str::to_owned));
        }
        Action::Fill(fields) => fields.iter_mut().for_each(|(_, value)| text(value, str::to_owned)),
        _ => {}
    }
    Some(Filled { action, missing })
}

/// Gives a cookie another name wherever an action reads it.
pub fn rename(action: &mut Action, old: &str, new: &str) {
    let (old, new) = (format!("{COOKIE}{old}}}"), format!("{COOKIE}{new}}}"));
    let change = |text: &mut String| {
        if text.contains(&old) {
            *text = text.replace(&old, &new);
        }
    };
    match action {
        Action::Fetch(Fetch { headers, body, .. }) | Action::Xhr(Xhr { headers, body, .. }) => {
            headers.iter_mut().map(|(_, value)| value).chain(body).for_each(change);
        }
        Action::Form(Form { fields, .. }) => fields.iter_mut().map(|(_, value)| value).for_each(change),
        Action::Fill(fields) => fields.iter_mut().map(|(_, value)| value).for_each(change),
        _ => {}
    }
}

/// The moments that a text speaks of: the place of each, and by how many seconds it differs from now; `None` where what
/// stands there is no moment.
pub fn moments(text: &str) -> Vec<(Range<usize>, Option<i64>)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(NOW).map(|at| from + at) {
        let said = start + NOW.len();
        let Some(end) = text[said..].find('}').map(|at| said + at) else { break };
        let said = &text[said..end];
        // Another word that begins so is none of ours.
        if said.is_empty() || said.starts_with(['+', '-', ' ']) {
            found.push((start..end + 1, shift(said)));
        }
        from = end + 1;
    }
    found
}

/// A text with its moments filled in, each as `date` writes what is so many seconds from now.
pub fn at(text: &str, date: impl Fn(i64) -> String) -> String {
    let mut filled = String::new();
    let mut from = 0;
    for (place, shift) in moments(text) {
        let Some(shift) = shift else { continue };
        filled.push_str(&text[from..place.start]);
        filled.push_str(&date(shift));
        from = place.end;
    }
    filled + &text[from..]
}

/// The value of a cookie as a script reads it, percent-decoded where that is possible.
pub fn decoded(value: &str) -> String {
    let whole = percent_encoding::percent_decode_str(value).decode_utf8();
    // `decodeURIComponent` throws at a `%` that begins no escape.
    let is_escape = |(at, _): (usize, &str)| {
        let digits = value.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    match whole {
        Ok(text) if value.match_indices('%').all(is_escape) => text.into_owned(),
        _ => value.to_owned(),
    }
}

fn value(document_cookie: &str, name: &str) -> Option<String> {
    let pairs = crate::rules::cookie_header::cookie_pairs(document_cookie.as_bytes());
    pairs.into_iter().find(|(known, _)| known == name).map(|(_, value)| decoded(&value))
}

fn texts(action: &Action) -> Vec<&str> {
    match action {
        Action::Fetch(Fetch { headers, body, .. }) | Action::Xhr(Xhr { headers, body, .. }) => {
            headers.iter().map(|(_, value)| value.as_str()).chain(body.as_deref()).collect()
        }
        Action::Form(Form { fields, .. }) => fields.iter().map(|(_, value)| value.as_str()).collect(),
        Action::Fill(fields) => fields.iter().map(|(_, value)| value.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn with(text: &str, read: &impl Fn(&str) -> Option<String>, escape: fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut from = 0;
    for (place, name) in cookies(text) {
        filled.push_str(&text[from..place.start]);
        filled.push_str(&escape(&read(name).unwrap_or_default()));
        from = place.end;
    }
    filled + &text[from..]
}

/// A text as it stands within a string of JSON.
fn in_json(text: &str) -> String {
    let whole = serde_json::Value::from(text).to_string();
    whole[1..whole.len() - 1].to_owned()
}

/// `+15m`, `-1d`, or nothing.
fn shift(said: &str) -> Option<i64> {
    if said.is_empty() {
        return Some(0);
    }
    let (sign, length) = match said.split_at_checked(1)? {
        ("+", length) => (1, length),
        ("-", length) => (-1, length),
        _ => return None,
    };
    let digits = length.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = length.split_at(digits);
    let (_, seconds) = UNITS.iter().find(|(known, _)| *known == unit)?;
    let seconds = number.parse::<u64>().ok()?.checked_mul(*seconds).filter(|all| *all <= LONGEST)?;
    i64::try_from(seconds).ok().map(|seconds| sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn call(headers: &[(&str, &str)], body: &str) -> Action {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Action::Xhr(Xhr {
            url: Url::parse("https://api.example.com/").expect("a URL"),
            method: "POST".to_owned(),
            with_credentials: true,
            headers,
            body: Some(body.to_owned()),
        })
    }

    #[test]
    fn cookies_are_filled_in_as_scripts_read_them() {
        let json = ("content-type", "application/json");
        let action = call(&[("x-xsrf-token", "{cookie.XSRF-TOKEN}"), json], r#"{"t":"{cookie.q}"}"#);
        assert_eq!(cookies_of(&action), ["XSRF-TOKEN", "q"]);
        let done = filled(&action, "XSRF-TOKEN=ey%3D%3D; q=a\"b").expect("it speaks of cookies");
        assert_eq!(done.action, call(&[("x-xsrf-token", "ey=="), json], r#"{"t":"a\"b"}"#));
        assert!(done.missing.is_empty());
        // A field of a header that nobody can fill is not sent.
        let done = filled(&action, "").expect("it speaks of cookies");
        assert_eq!(done.action, call(&[json], r#"{"t":""}"#));
        assert_eq!(done.missing, ["XSRF-TOKEN", "q"]);
        assert_eq!(filled(&call(&[], "{cookie.}"), ""), None);
        assert_eq!(
            (decoded("a%2"), decoded("%C3%BC"), decoded("%FF")),
            ("a%2".into(), "ü".into(), "%FF".into())
        );
    }

    #[test]
    fn moments_are_told_from_other_words() {
        let shifts = |text: &str| moments(text).into_iter().map(|(_, shift)| shift).collect::<Vec<_>>();
        assert_eq!(shifts("a={now}; Expires={now+15m}"), [Some(0), Some(900)]);
        assert_eq!(shifts("{now-1d} {nowhere} {now"), [Some(-86_400)]);
        assert_eq!(shifts("{now+15} {now 15m} {now+9999999d}"), [None, None, None]);
        assert_eq!(at("<{now+1h}>", |shift| shift.to_string()), "<3600>");
    }
}

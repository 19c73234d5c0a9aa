//! Changing one thing in the text of a `Set-Cookie` line.
//!
//! What is not changed stays byte for byte, so that a developer recognizes the line. Nothing here
//! decides what a browser makes of a line; [`crate::rules`] does.

/// The name a line gives its cookie; empty where it has none.
pub(crate) fn name(line: &str) -> &str {
    let pair = line.split(';').next().unwrap_or_default();
    pair.split_once('=').map_or("", |(name, _)| name.trim())
}

/// The value of an attribute, empty for a flag; `None` where the line has no such attribute. The last one
/// counts (RFC 6265bis -22, section 5.6).
pub(crate) fn attribute<'l>(line: &'l str, wanted: &str) -> Option<&'l str> {
    let found = line.split(';').skip(1).filter(|part| is(part, wanted)).last()?;
    Some(found.split_once('=').map_or("", |(_, value)| value.trim()))
}

/// The line with an attribute set: its last mention changed, others of the same name dropped, or put at
/// the end.
pub(crate) fn with(line: &str, wanted: &str, value: Option<&str>) -> String {
    let attribute = value.map_or_else(|| wanted.to_owned(), |value| format!("{wanted}={value}"));
    let parts: Vec<&str> = line.split(';').collect();
    let Some(last) = parts.iter().skip(1).rposition(|part| is(part, wanted)).map(|place| place + 1) else {
        let line = line.trim_end().trim_end_matches(';').trim_end();
        return format!("{line}; {attribute}");
    };
    let changed = format!(" {attribute}");
    let kept =
        parts.iter().enumerate().filter(|(place, part)| *place == 0 || *place == last || !is(part, wanted));
    let kept: Vec<&str> =
        kept.map(|(place, part)| if place == last { changed.as_str() } else { part }).collect();
    kept.join(";")
}

/// The line without an attribute.
pub(crate) fn without(line: &str, wanted: &str) -> String {
    let parts = line.split(';').enumerate();
    let kept: Vec<&str> =
        parts.filter(|(place, part)| *place == 0 || !is(part, wanted)).map(|(_, part)| part).collect();
    kept.join(";")
}

/// The line with its cookie under another name.
pub(crate) fn renamed(line: &str, new: &str) -> String {
    match line.split_once('=') {
        Some((_, rest)) => format!("{new}={rest}"),
        None => line.to_owned(),
    }
}

/// The line with its cookie's value replaced.
pub(crate) fn with_value(line: &str, value: &str) -> String {
    let (pair, rest) = line.find(';').map_or((line, ""), |end| line.split_at(end));
    match pair.split_once('=') {
        Some((name, _)) => format!("{name}={value}{rest}"),
        None => format!("{value}{rest}"),
    }
}

/// What a name prefix asks of its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    /// The prefix as the specification writes it.
    pub(crate) text: &'static str,
    /// Whether it asks for no `Domain` and for `Path=/`.
    pub(crate) host: bool,
    /// Whether it asks for `HttpOnly`.
    pub(crate) http_only: bool,
}

/// The prefix of a name (RFC 6265bis -22, section 4.1.3; layered cookies, section 5.4.3).
pub(crate) fn prefix(name: &str) -> Option<Prefix> {
    const KNOWN: [Prefix; 4] = [
        Prefix { text: "__Host-Http-", host: true, http_only: true },
        Prefix { text: "__Host-", host: true, http_only: false },
        Prefix { text: "__Secure-", host: false, http_only: false },
        Prefix { text: "__Http-", host: false, http_only: true },
    ];
    let begins = |prefix: &Prefix| {
        name.as_bytes()
            .get(..prefix.text.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(prefix.text.as_bytes()))
    };
    KNOWN.into_iter().find(begins)
}

/// The line with all that its name's prefix asks for.
pub(crate) fn with_prefix_kept(line: &str) -> String {
    let Some(prefix) = prefix(name(line)) else { return line.to_owned() };
    let mut line = line.to_owned();
    if prefix.host {
        line = with(&without(&line, "Domain"), "Path", Some("/"));
    }
    if prefix.http_only && attribute(&line, "HttpOnly").is_none() {
        line = with(&line, "HttpOnly", None);
    }
    if attribute(&line, "Secure").is_none() {
        line = with(&line, "Secure", None);
    }
    line
}

fn is(part: &str, wanted: &str) -> bool {
    part.split('=').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_changed_where_it_stands_and_else_put_at_the_end() {
        assert_eq!(with("a=1; SameSite=Lax; Path=/", "SameSite", Some("None")), "a=1; SameSite=None; Path=/");
        assert_eq!(with("a=1;samesite=lax", "SameSite", Some("None")), "a=1; SameSite=None");
        assert_eq!(with("a=1; ", "Secure", None), "a=1; Secure");
        assert_eq!(with("a=1; Path=/x; Path=/y", "Path", Some("/")), "a=1; Path=/");
        assert_eq!(without("Domain=1; Domain=x; Path=/", "Domain"), "Domain=1; Path=/");
    }

    #[test]
    fn names_values_and_prefixes() {
        assert_eq!(name(" a =1; b=2"), "a");
        assert_eq!(name("bare"), "");
        assert_eq!(attribute("a=1; HttpOnly; Path= /x ", "path"), Some("/x"));
        assert_eq!(attribute("a=1; HttpOnly", "httponly"), Some(""));
        assert_eq!(renamed("__Host-a=1; Path=/", "a"), "a=1; Path=/");
        assert_eq!(with_value("a=1; Path=/", "2"), "a=2; Path=/");
        assert_eq!(with_prefix_kept("__host-a=1; Domain=x.y; Path=/z"), "__host-a=1; Path=/; Secure");
        assert_eq!(with_prefix_kept("__Http-a=1; Secure"), "__Http-a=1; Secure; HttpOnly");
        assert_eq!(with_prefix_kept("a=1"), "a=1");
    }
}

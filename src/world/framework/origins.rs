//! Settings that name origins: lists and regular expressions, compared as each framework compares them.

use regex::Regex;

/// Scheme and authority of an origin, as Python's `urlsplit` cuts them.
pub(super) fn split(origin: &str) -> (String, &str) {
    let Some((scheme, rest)) = origin.split_once("://") else { return (String::new(), "") };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    (scheme.to_ascii_lowercase(), &rest[..end])
}

/// How much of a text a pattern has to match.
#[derive(Clone, Copy, Debug)]
pub(super) enum Extent {
    /// Any part: JavaScript's `test`.
    Part,
    /// The beginning: Python's `re.match`.
    Beginning,
    /// All of it: Python's `re.fullmatch`.
    Whole,
}

/// A pattern ready for use. Fails with what is wrong with it.
pub(super) fn compiled(pattern: &str, extent: Extent) -> Result<Regex, String> {
    let whole = match extent {
        Extent::Part => pattern.to_owned(),
        Extent::Beginning => format!("^(?:{pattern})"),
        Extent::Whole => format!("^(?:{pattern})$"),
    };
    Regex::new(&whole).map_err(|error| format!("`{pattern}` is no regular expression: {error}"))
}

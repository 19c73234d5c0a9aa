//! Set-Cookie lines on their way back through nginx, after `ngx_http_proxy_rewrite_cookie`.
//!
//! A line is cut at every `;` and `=`, and put together again only where something changed: until then it
//! stays as it is, byte for byte.

use crate::plan::proxy::{CookieFlags, Location, Template};
use crate::rules::line::Line;

/// A part of a line: its name, and its value where it has one.
type Part = (String, Option<String>);

/// The line as a location rewrites it.
pub(super) fn rewritten(line: &str, location: &Location, filled: impl Fn(&Template) -> String) -> String {
    let mut parts: Vec<Part> = Line(line).parts().map(|part| cut(part.whole)).collect();
    // A cookie without `=` is left alone.
    if parts.first().is_none_or(|(_, value)| value.is_none()) {
        return line.to_owned();
    }
    let mut changed = false;
    for (name, value) in parts.iter_mut().skip(1) {
        let Some(value) = value else { continue };
        let new = if name.eq_ignore_ascii_case("domain") {
            domain(value, &location.cookie_domain, &filled)
        } else if name.eq_ignore_ascii_case("path") {
            let mut rules = location.cookie_path.iter();
            rules.find_map(|(from, to)| {
                Some(format!("{}{}", filled(to), value.strip_prefix(filled(from).as_str())?))
            })
        } else {
            None
        };
        if let Some(new) = new {
            *value = new;
            changed = true;
        }
    }
    let cookie = parts[0].0.clone();
    let fits =
        |flags: &&CookieFlags| flags.cookie.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(&cookie));
    if let Some(flags) = location.cookie_flags.iter().find(fits) {
        changed |= flag(&mut parts, flags);
    }
    if !changed {
        return line.to_owned();
    }
    let text = |(name, value): &Part| match value {
        Some(value) => format!("{name}={value}"),
        None => name.clone(),
    };
    parts.iter().map(text).collect::<Vec<_>>().join("; ")
}

fn cut(part: &str) -> Part {
    match part.split_once('=') {
        Some((name, value)) => (name.trim_matches(' ').to_owned(), Some(value.trim_matches(' ').to_owned())),
        None => (part.trim_matches(' ').to_owned(), None),
    }
}

/// A leading dot is left where it is, and does not count.
fn domain(
    value: &str,
    rules: &[(Template, Template)],
    filled: impl Fn(&Template) -> String,
) -> Option<String> {
    let (dot, bare) = match value.strip_prefix('.') {
        Some(bare) => (".", bare),
        None => ("", value),
    };
    let (_, to) =
        rules.iter().find(|(from, _)| filled(from).trim_start_matches('.').eq_ignore_ascii_case(bare))?;
    Some(format!("{dot}{}", filled(to)))
}

/// Adds and takes away flags. Returns whether there was one to be.
fn flag(parts: &mut Vec<Part>, flags: &CookieFlags) -> bool {
    let is = |part: &Part, name: &str| part.0.eq_ignore_ascii_case(name);
    for (name, wanted) in [("Secure", flags.secure), ("HttpOnly", flags.httponly)] {
        let there = parts.iter().skip(1).any(|part| is(part, name));
        match wanted {
            Some(true) if !there => parts.push((name.to_owned(), None)),
            Some(false) => take_away(parts, name),
            _ => {}
        }
    }
    match flags.samesite {
        Some(Some(word)) => match parts.iter_mut().skip(1).find(|part| is(part, "SameSite")) {
            Some((_, Some(value))) if value.eq_ignore_ascii_case(word) => {}
            Some(part) => *part = ("SameSite".to_owned(), Some(word.to_owned())),
            None => parts.push(("SameSite".to_owned(), Some(word.to_owned()))),
        },
        Some(None) => take_away(parts, "SameSite"),
        None => {}
    }
    flags.secure.is_some() || flags.httponly.is_some() || flags.samesite.is_some()
}

fn take_away(parts: &mut Vec<Part>, name: &str) {
    let mut index = 0;
    parts.retain(|part| {
        index += 1;
        index == 1 || !part.0.eq_ignore_ascii_case(name)
    });
}

//! Slips in an attribute of a line: its name, and the value that it was given.
//!
//! Whether the attribute does what was meant in a scenario is not known here.

use super::date::{self, Written};
use super::{BLANK, KNOWN, NOTHING, Slip, is, quoted, whole};
use crate::diagnostic::{did_you_mean, listed};
use crate::rules::date::imf_fixdate;
use crate::rules::line::Part;

/// Those of them that have a value.
pub(super) const VALUED: [&str; 5] = ["Domain", "Expires", "Max-Age", "Path", "SameSite"];

/// Attributes that servers send and that mean nothing here: those of RFC 2109 and RFC 2965, and Chromium's own.
pub(super) const EXTENSIONS: [&str; 7] =
    ["Comment", "CommentURL", "Discard", "Port", "Priority", "SameParty", "Version"];

/// What `SameSite` may be: RFC 6265bis -22, section 5.6.7.
pub(super) const SAME_SITE: [&str; 3] = ["Strict", "Lax", "None"];

pub(super) fn attribute(part: Part<'_>) -> Option<Slip> {
    let (name, value) = (part.name(), part.value().unwrap_or_default());
    if let Some(slip) = without_equals(part) {
        return Some(slip);
    }
    if let Some(known) = VALUED.into_iter().find(|known| is(name, known)) {
        // A value that SameSite does not know is told as such.
        if known != "SameSite" && NOTHING.contains(&value) {
            let message = format!(
                "`{}` is most likely a setting that has no value yet: {}",
                quoted(part.text()),
                match known {
                    "Domain" => "browsers refuse a cookie for such a domain",
                    _ => "browsers ignore it",
                }
            );
            return Some(whole(part, message, format!("leave `{known}` out, or give the setting its value")));
        }
        return match known {
            "SameSite" => same_site(part, value),
            "Max-Age" => max_age(part, value),
            "Domain" => domain(part, value),
            "Path" => path(part, value),
            _ => expires(part, value),
        };
    }
    let (known, extensions) = (KNOWN.into_iter(), EXTENSIONS.into_iter());
    if let Some(flag) = known.clone().find(|known| is(name, known)) {
        let is_off =
            ["false", "0", "no", "off", "null", "undefined", "None"].iter().any(|off| is(value, off));
        return is_off.then(|| {
            let message = format!(
                "`{}` sets {flag} all the same: a flag counts whatever its value",
                quoted(part.text())
            );
            whole(part, message, "leave it out".to_owned())
        });
    }
    if extensions.clone().any(|known| is(name, known)) {
        return None;
    }
    // Nothing shorter or longer is close to an attribute.
    if !(3..=24).contains(&name.len()) {
        return None;
    }
    let meant = did_you_mean(name, known.chain(extensions)).filter(|meant| KNOWN.contains(meant))?;
    let message = format!("browsers ignore the unknown attribute `{}`", quoted(name));
    Some(whole(part, message, format!("did you mean `{meant}`?")))
}

/// An attribute whose value stands after a colon or a blank.
pub(super) fn without_equals(part: Part<'_>) -> Option<Slip> {
    let known = VALUED.into_iter().find(|known| {
        let head = part.text().get(..known.len());
        head.is_some_and(|head| is(head, known))
    })?;
    let rest = part.text()[known.len()..].trim_start_matches(BLANK);
    let value = match rest.strip_prefix(':') {
        Some(value) => value.trim_start_matches(BLANK),
        // Without a colon it takes a blank, and a value.
        None if rest.len() < part.text().len() - known.len()
            && !rest.is_empty()
            && !rest.starts_with('=') =>
        {
            rest
        }
        None => return None,
    };
    let message = format!("browsers ignore `{}`: a value stands after `=`", quoted(part.text()));
    Some(whole(part, message, format!("write `{known}={}`", quoted(value))))
}

/// A `Domain` that is no name of a host. Whether the host belongs to it is not known here.
pub(super) fn domain(part: Part<'_>, value: &str) -> Option<Slip> {
    let bare = value.trim_matches('"');
    let (what, rest) = match bare.split_once("://") {
        Some((_, rest)) => ("a URL", rest),
        None => ("", bare),
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let what = if what.is_empty() && host.len() < rest.len() { "a path" } else { what };
    let is_address = host.starts_with('[') || host.matches(':').count() > 1;
    let (host, what) = match host.split_once(':').filter(|_| !is_address) {
        Some((host, _)) if what.is_empty() => (host, "a port"),
        Some((host, _)) => (host, what),
        None => (host, what),
    };
    let (host, what) = match host.strip_prefix("*.") {
        Some(host) if what.is_empty() => (host, "a `*`"),
        Some(host) => (host, what),
        None => (host, what),
    };
    let what = if what.is_empty() && bare.len() < value.len() { "quotes" } else { what };
    if what.is_empty() {
        return None;
    }
    let message = format!("`{}` has {what} in it, and browsers refuse the cookie", quoted(part.text()));
    let help = match what {
        "a port" => format!("write `Domain={}`: cookies do not look at ports", quoted(host)),
        _ => format!("write `Domain={}`, which covers every subdomain, or leave it out", quoted(host)),
    };
    Some(whole(part, message, help))
}

/// A `Path` that is no path.
pub(super) fn path(part: Part<'_>, value: &str) -> Option<Slip> {
    if value.is_empty() || value.starts_with('/') {
        return None;
    }
    let bare = value.trim_matches('"');
    let meant = match bare.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |start| &rest[start..]).to_owned(),
        None => format!("/{}", bare.trim_start_matches(['/', '*', '.'])),
    };
    let message = format!(
        "browsers ignore `{}`, which does not begin with `/`, and take the folder of the request's path",
        quoted(part.text())
    );
    Some(whole(part, message, format!("write `Path={}`", quoted(&meant))))
}

/// An `Expires` that browsers do not read, or read as another moment.
pub(super) fn expires(part: Part<'_>, value: &str) -> Option<Slip> {
    let meant = date::meant(value.trim_matches('"'));
    let (otherwise, ignored) = date::misread(value);
    let shown = quoted(part.text());
    if let Some(meant) = meant.filter(|_| ignored.is_empty()) {
        // Nobody takes a date at midnight of 1970 for anything but a deletion, whatever zone it names.
        let Written::Zoned(zone) = meant.written else { return None };
        if otherwise.is_empty() && meant.moment.is_some()
            || meant.moment.is_some_and(|moment| moment < 86_400 * 365)
        {
            return None;
        }
        let who = if meant.moment.is_some() { engines(&otherwise) } else { "browsers".to_owned() };
        let s = if otherwise.len() == 1 && meant.moment.is_some() { "s" } else { "" };
        let message = format!("{who} ignore{s} `{}` and read{s} the time as GMT", quoted(zone));
        let help = match meant.moment {
            Some(moment) => {
                format!("write `Expires={}`, or `Max-Age=` and the seconds from now", imf_fixdate(moment))
            }
            None => "write the date in GMT, or `Max-Age=` and the seconds from now".to_owned(),
        };
        return Some(whole(part, message, help));
    }
    if ignored.is_empty() {
        return None;
    }
    let s = if ignored.len() == 1 { "s" } else { "" };
    let message = format!(
        "{} ignore{s} `{shown}`, which is no date there: the cookie lasts until the browser is closed",
        engines(&ignored)
    );
    let help = match meant {
        Some(date::Meant { written: Written::Number, moment: Some(..=0) }) => {
            "write `Max-Age=0` to delete the cookie; leave it out for one of the session".to_owned()
        }
        // A number too small for a date of this century is a lifetime.
        Some(date::Meant { written: Written::Number, moment: Some(seconds @ ..=946_684_800) }) => {
            format!("write `Max-Age={seconds}` where these are seconds")
        }
        Some(date::Meant { moment: Some(moment), .. }) => format!("write `Expires={}`", imf_fixdate(moment)),
        _ => "write a date such as `Expires=Wed, 21 Oct 2026 07:28:00 GMT`, or `Max-Age=` and the seconds"
            .to_owned(),
    };
    Some(whole(part, message, help))
}

/// Engines in a row; all of them are "browsers".
pub(super) fn engines(names: &[&str]) -> String {
    match names {
        [_, _, _] => "browsers".to_owned(),
        some => listed(some.iter().copied()).replace('`', ""),
    }
}

pub(super) fn same_site(part: Part<'_>, value: &str) -> Option<Slip> {
    if SAME_SITE.into_iter().any(|known| is(value, known)) {
        return None;
    }
    let message = format!("browsers ignore `{}` and treat the cookie as if it had none", quoted(part.text()));
    let help = match did_you_mean(value, SAME_SITE) {
        Some(meant) => format!("did you mean `SameSite={meant}`?"),
        None => "write `SameSite=Strict`, `SameSite=Lax` or `SameSite=None`".to_owned(),
    };
    Some(whole(part, message, help))
}

/// A sign before the digits is read by some browsers.
pub(super) fn max_age(part: Part<'_>, value: &str) -> Option<Slip> {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let message = format!("`{}` is no number of seconds, and most browsers ignore it", quoted(part.text()));
    Some(whole(part, message, "write whole seconds, such as `Max-Age=3600`".to_owned()))
}

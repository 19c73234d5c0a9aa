//! The `Set-Cookie` line at fault, and the parts of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::browser_name::BrowserName;
use crate::cookie_line;
use crate::diagnostic::{Source, Span};
use crate::explain::cause::{Cause, Trouble};
use crate::explain::told::request_line;
use crate::observe::Cookie;
use crate::rules::engine::Profile;
use crate::rules::line::Line;
use crate::rules::reason::Reason;
use crate::rules::set_cookie::{self, SetCookie};

/// What stands before a line, so that a reader knows it.
const SET_COOKIE: &str = "Set-Cookie: ";
/// The same for a line that a script wrote.
const WRITTEN: &str = "document.cookie = ";

/// The `Set-Cookie` line of a cause, and its parts at fault.
pub(super) fn of(cause: &Cause) -> (Option<Arc<Source>>, Vec<(Span, String)>) {
    let Some(line) = &cause.line else { return (None, Vec::new()) };
    let whole = String::from_utf8_lossy(line).into_owned();
    let text = cookie_line::shortened(&whole);
    let (path, before) = match &cause.exchange {
        Some(exchange) => (format!("answer to {}", request_line(exchange)), SET_COOKIE),
        None => ("the script in the page".to_owned(), WRITTEN),
    };
    // The same part may be at fault for several reasons, and a browser may read it differently.
    let mut parts: BTreeMap<(usize, usize), BTreeSet<Reason>> = BTreeMap::new();
    for (browser, reasons) in &cause.by {
        let profile = browser.profile();
        let parsed = SetCookie::parse(line, &profile);
        for reason in reasons {
            let span = part(&parsed, *reason);
            parts.entry((span.start, span.end)).or_default().insert(*reason);
        }
        if let Some(cookie) = cause.survivor.as_ref().filter(|_| cause.trouble == Trouble::Survives) {
            let span = parting(&parsed, cookie);
            parts.entry((span.start, span.end)).or_default();
        }
    }
    if cause.trouble == Trouble::Folded {
        let joint = cookie_line::joints(&whole).into_iter().find(|joint| {
            Line(whole[joint + 1..].split(',').next().unwrap_or_default()).name() == cause.name
        });
        let start = joint.map_or(0, |joint| joint + 1);
        let skipped = whole[start..].len() - whole[start..].trim_start().len();
        let end = whole[start..].find(['=', ';']).map_or(whole.len(), |end| start + end);
        parts.insert((start + skipped, end), BTreeSet::new());
    }
    if matches!(cause.trouble, Trouble::Remains | Trouble::Deleted | Trouble::Dropped) {
        let parsed = SetCookie::parse(line, &Profile::SPECIFICATION);
        let span = match cause.trouble {
            Trouble::Deleted => parsed.lifetime.map_or(parsed.pair, |(attribute, _)| attribute.span),
            Trouble::Dropped => parsed.pair,
            _ => parsed.domain.or(parsed.path).map_or(parsed.pair, |attribute| attribute.span),
        };
        parts.clear();
        parts.insert((span.start, span.end), BTreeSet::new());
    }
    // What stands behind a value that is shortened stands so much earlier; within the value, at its end.
    let cut = whole.len() - text.len();
    let value_end = whole.find(';').unwrap_or(whole.len());
    let moved = |place: usize| match place {
        _ if cut == 0 => place,
        place if place >= value_end => place - cut,
        place => place.min(text.find(';').unwrap_or(text.len())),
    };
    let labels = parts.into_iter().map(|((start, end), reasons)| {
        let (start, end) = (moved(start), moved(end));
        let words: Vec<String> = match cause.trouble {
            Trouble::Survives => vec!["names a cookie that is not there".to_owned()],
            Trouble::Remains => vec!["deletes this one alone".to_owned()],
            Trouble::Deleted => vec!["over: this deletes the cookie".to_owned()],
            Trouble::Dropped => vec!["taken out on the way".to_owned()],
            Trouble::Folded => vec!["another cookie, after a comma".to_owned()],
            _ => reasons.into_iter().map(|reason| reason.to_string()).collect(),
        };
        (start + before.len()..end + before.len(), words.join("; "))
    });
    let mut labels: Vec<_> = labels.collect();
    // The narrowest part is where a developer should look first.
    labels.sort_by_key(|(span, _)| span.len());
    (Some(Arc::new(Source::excerpt(path, format!("{before}{text}")))), labels)
}

/// The parts of a `Set-Cookie` line that these reasons are about as this engine reads it, in their order.
pub fn parts_at_fault(line: &[u8], browser: BrowserName, reasons: &BTreeSet<Reason>) -> Vec<Span> {
    let profile = browser.profile();
    let parsed = SetCookie::parse(line, &profile);
    let parts = reasons.iter().map(|reason| part(&parsed, *reason));
    let parts: BTreeSet<(usize, usize)> = parts.map(|part| (part.start, part.end)).collect();
    parts.into_iter().map(|(start, end)| start..end).collect()
}

/// The part of a line that a reason is about; where something is missing, the part that wants it.
fn part(line: &SetCookie<'_>, reason: Reason) -> set_cookie::Span {
    let pair = line.pair;
    let same_site = line.same_site.map_or(pair, |(attribute, _)| attribute.span);
    match reason {
        Reason::DomainMismatch | Reason::PublicSuffix => line.domain.map_or(pair, |attribute| attribute.span),
        Reason::SecureRequired => line.secure.map_or(pair, |attribute| attribute.span),
        Reason::SameSiteStrict
        | Reason::SameSiteLax
        | Reason::SameSiteDefaultLax
        | Reason::SameSiteNoneInsecure => same_site,
        Reason::PartitionedInsecure | Reason::OtherPartition => {
            line.partitioned.map_or(pair, |attribute| attribute.span)
        }
        Reason::HttpOnlyFromScript | Reason::HttpOnly => {
            line.http_only.map_or(pair, |attribute| attribute.span)
        }
        Reason::PathMismatch => line.path.map_or(pair, |attribute| attribute.span),
        Reason::Expired => line.lifetime.map_or(pair, |(attribute, _)| attribute.span),
        Reason::InvalidPrefix if !line.name.is_empty() => line.name,
        Reason::InvalidCharacter => {
            let fault = line.faults.iter().find(|fault| fault.reason == reason);
            fault.map_or_else(|| line.domain.map_or(pair, |attribute| attribute.span), |fault| fault.span)
        }
        _ => pair,
    }
}

/// The part of a deleting line by which it does not name this cookie; where something is missing, the pair.
fn parting(line: &SetCookie<'_>, cookie: &Cookie) -> set_cookie::Span {
    let value =
        |attribute: set_cookie::Attribute| String::from_utf8_lossy(line.bytes(attribute.value)).into_owned();
    let domain = line.domain.map(|domain| value(domain).trim_start_matches('.').to_ascii_lowercase());
    let same_domain = match (&domain, cookie.host_only) {
        (None, is_host_only) => is_host_only,
        (Some(domain), is_host_only) => !is_host_only && *domain == cookie.domain,
    };
    let odd = match same_domain {
        false => line.domain,
        true => line.path.filter(|path| value(*path) != cookie.path),
    };
    odd.map_or(line.pair, |attribute| attribute.span)
}

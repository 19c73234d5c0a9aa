//! Claims of cookies: stored or not, sent or not, and seen by scripts.
//!
//! A claim that fails tells the browser's reasons; causes and fixes are none of its business.

use std::collections::BTreeSet;

use super::notes::{
    exchange_note, jar_note, line_notes, page_notes, refused_notes, wire_notes, withheld_notes,
};
use super::{Failure, Note, NoteKind};
use crate::observe::{Cookie, Exchange, Observation, SetCookie};
use crate::plan::{Absent, Claim, Sent, Stored};
use crate::rules::domain::domain_match;
use crate::rules::reason::Reason;
use crate::text::{codes, counted};

pub(super) fn stored(claim: &Claim<Stored>, seen: &Observation) -> Option<Failure> {
    let Stored { name, count, .. } = &claim.value;
    let failure = |message, actual, notes| {
        let (span, expected) = (claim.span.clone(), describe_stored(&claim.value));
        Some(Failure { message, span, expected, actual, notes })
    };
    let last = seen.lines(name).next_back();
    // An answer may set a cookie and delete another of the same name.
    let taken = seen.lines(name).any(|line| line.stored != Some(false));
    if let Some(line) = last.filter(|_| !taken) {
        let message = format!("expected cookie `{name}` to be stored, and the browser refused it");
        return failure(message, refusal("not stored", &line.reasons), refused_notes(line, seen));
    }
    let Some(jar) = &seen.jar else {
        let message =
            format!("expected cookie `{name}` to be stored, and this browser does not show its jar");
        return failure(message, "not observable".to_owned(), Vec::new());
    };
    let named: Vec<&Cookie> = jar.iter().filter(|cookie| cookie.name == *name).collect();
    if let Some(count) = count.filter(|count| !named.is_empty() && *count != named.len()) {
        let actual = counted(named.len(), "cookie");
        let message = format!(
            "expected {} `{name}` to be stored, and the jar holds {actual}",
            counted(count, "cookie")
        );
        return failure(message, actual, named.iter().map(|cookie| jar_note(cookie)).collect());
    }
    let differences = named.iter().map(|cookie| differences(&claim.value, cookie)).min_by_key(Vec::len);
    match differences {
        Some(differences) if differences.is_empty() => None,
        Some(differences) => {
            let actual = differences.join(", ");
            let message = format!("cookie `{name}` is stored, but with {actual}");
            failure(message, actual, named.iter().map(|cookie| jar_note(cookie)).collect())
        }
        None => {
            let message = format!("expected cookie `{name}` to be stored, and the jar does not hold it");
            let mut notes: Vec<Note> = last.map(line_notes).unwrap_or_default();
            if last.is_none() {
                notes.push(NoteKind::Remark.note(format!("no answer in this step sets `{name}`")));
                notes.extend(wire_notes(seen));
                notes.extend(page_notes(seen));
            }
            failure(message, "not in the jar".to_owned(), notes)
        }
    }
}

pub(super) fn not_stored(claim: &Claim<Absent>, seen: &Observation) -> Option<Failure> {
    let Absent { name, reasons } = &claim.value;
    let failure = |message, actual, notes| {
        let (span, expected) = (claim.span.clone(), refusal("not stored", reasons));
        Some(Failure { message, span, expected, actual, notes })
    };
    if let Some(line) = seen.lines(name).next_back() {
        let kept = kept_from_before(line, seen);
        return match line.stored {
            Some(false) if reasons.is_empty() && kept.is_some() => {
                // A line deletes one cookie, and a name may have several.
                let message = match line.reasons.iter().eq([&Reason::Expired]) {
                    true => format!(
                        "the line deletes one cookie `{name}`, and the jar holds another of that name"
                    ),
                    false => {
                        format!("the line for `{name}` was refused, and the jar holds the cookie from before")
                    }
                };
                let notes = line_notes(line).into_iter().chain(kept.map(jar_note)).collect();
                failure(message, "in the jar".to_owned(), notes)
            }
            Some(false) if reasons.iter().all(|reason| line.reasons.contains(reason)) => None,
            Some(false) => {
                let message = format!("cookie `{name}` was refused, but for another reason");
                failure(message, refusal("not stored", &line.reasons), line_notes(line))
            }
            Some(true) => {
                let message = format!("expected cookie `{name}` not to be stored, and the browser took it");
                let held = seen.jar.iter().flatten().filter(|cookie| cookie.name == *name);
                let notes = line_notes(line).into_iter().chain(held.map(jar_note)).collect();
                failure(message, "stored".to_owned(), notes)
            }
            None => {
                let why = match seen.jar {
                    Some(_) => {
                        "whether the browser took it cannot be told, as the jar held the same one before"
                    }
                    None => "this browser does not show its jar",
                };
                let message = format!("expected cookie `{name}` not to be stored, and {why}");
                failure(message, "not observable".to_owned(), line_notes(line))
            }
        };
    }
    let held = seen.jar.iter().flatten().find(|cookie| cookie.name == *name);
    match (held, &seen.jar) {
        (Some(cookie), _) => {
            let message = format!("expected cookie `{name}` not to be stored, and the jar holds it");
            failure(message, "stored".to_owned(), vec![jar_note(cookie)])
        }
        (None, Some(_)) if reasons.is_empty() => None,
        (None, Some(_)) => {
            let message = format!("cookie `{name}` is not stored, but nothing in this step tried to set it");
            let notes = wire_notes(seen).into_iter().chain(page_notes(seen)).collect();
            failure(message, "never set".to_owned(), notes)
        }
        (None, None) => {
            let message =
                format!("expected cookie `{name}` not to be stored, and this browser does not show its jar");
            failure(message, "not observable".to_owned(), Vec::new())
        }
    }
}

/// The cookie in the jar that a refused line was to replace or delete: one that its host sees.
pub(super) fn kept_from_before<'s>(line: &SetCookie, seen: &'s Observation) -> Option<&'s Cookie> {
    let from = |exchange: &&Exchange| exchange.set_cookie.iter().any(|other| std::ptr::eq(other, line));
    let host = seen.exchanges.iter().find(from).and_then(|exchange| exchange.wire.url.host_str())?;
    let sees = |cookie: &&Cookie| match cookie.host_only {
        true => cookie.domain == host,
        false => domain_match(host, &cookie.domain),
    };
    seen.jar.iter().flatten().filter(|cookie| cookie.name == line.name).find(sees)
}

pub(super) fn sent(claim: &Claim<Sent>, seen: &Observation, before: Option<&[Cookie]>) -> Option<Failure> {
    let Sent { name, value, values: wanted } = &claim.value;
    let values: Vec<&str> = seen
        .requests()
        .flat_map(|exchange| &exchange.sent)
        .filter(|(sent, _)| sent == name)
        .map(|(_, value)| value.as_str())
        .collect();
    if let Some(wanted) = wanted.as_ref().filter(|_| !values.is_empty()) {
        return sent_in_order(claim, wanted, seen);
    }
    if values.iter().any(|sent| value.as_deref().is_none_or(|value| value == *sent)) {
        return None;
    }
    let expected =
        value.as_ref().map_or_else(|| format!("{name} sent"), |value| format!("{name}={value} sent"));
    let (message, actual, notes) = if values.is_empty() {
        let reasons = withheld_reasons(name, seen, before);
        let message = format!("expected cookie `{name}` to be sent, and no request of this step carried it");
        (message, refusal("not sent", &reasons), withheld_notes(name, &reasons, seen))
    } else {
        let values = values.join("`, `");
        (format!("cookie `{name}` was sent, but as `{values}`"), format!("{name}={values}"), wire_notes(seen))
    };
    Some(Failure { message, span: claim.span.clone(), expected, actual, notes })
}

/// Whether one request carried all these values of a name in this order, and no other.
pub(super) fn sent_in_order(claim: &Claim<Sent>, wanted: &[String], seen: &Observation) -> Option<Failure> {
    let name = &claim.value.name;
    let of_request = |exchange: &Exchange| -> Vec<String> {
        let its = exchange.sent.iter().filter(|(sent, _)| sent == name);
        its.map(|(_, value)| value.clone()).collect()
    };
    let sent: Vec<Vec<String>> =
        seen.requests().map(of_request).filter(|values| !values.is_empty()).collect();
    if sent.iter().any(|values| values == wanted) {
        return None;
    }
    let pairs = |values: &[String]| {
        let pairs: Vec<String> = values.iter().map(|value| format!("{name}={value}")).collect();
        pairs.join("; ")
    };
    let (expected, actual) = (pairs(wanted), pairs(&sent[0]));
    Some(Failure {
        message: format!("expected a request with `{expected}`, and there was `{actual}`"),
        span: claim.span.clone(),
        expected,
        actual,
        notes: wire_notes(seen),
    })
}

pub(super) fn not_sent(
    claim: &Claim<Absent>,
    seen: &Observation,
    before: Option<&[Cookie]>,
) -> Option<Failure> {
    let Absent { name, reasons } = &claim.value;
    let failure = |message, actual, notes| {
        let (span, expected) = (claim.span.clone(), refusal("not sent", reasons));
        Some(Failure { message, span, expected, actual, notes })
    };
    let carries = |exchange: &&Exchange| exchange.sent.iter().any(|(sent, _)| sent == name);
    if let Some(exchange) = seen.requests().find(carries) {
        let message = format!("expected cookie `{name}` not to be sent, and it was");
        return failure(
            message,
            format!("sent with {}", exchange.wire.request_line()),
            vec![exchange_note(exchange)],
        );
    }
    let actual = withheld_reasons(name, seen, before);
    if reasons.iter().all(|reason| actual.contains(reason)) {
        return None;
    }
    let message = format!("cookie `{name}` was not sent, but for another reason");
    failure(message, refusal("not sent", &actual), withheld_notes(name, &actual, seen))
}

pub(super) fn document_cookie(claim: &Claim<Vec<String>>, seen: &Observation) -> Option<Failure> {
    let visible = seen.page.document_cookie.as_deref().unwrap_or_default();
    let pairs = crate::rules::cookie_header::cookie_pairs(visible.as_bytes());
    let actual: BTreeSet<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    let expected: BTreeSet<&str> = claim.value.iter().map(String::as_str).collect();
    if actual == expected {
        return None;
    }
    let list = |names: &BTreeSet<&str>| match names.is_empty() {
        true => "no cookie".to_owned(),
        false => names.iter().copied().collect::<Vec<_>>().join(", "),
    };
    let (expected, actual) = (list(&expected), list(&actual));
    Some(Failure {
        message: format!("expected scripts of the page to see {expected}, and they see {actual}"),
        span: claim.span.clone(),
        expected,
        actual,
        notes: seen.jar.iter().flatten().map(jar_note).chain(page_notes(seen)).collect(),
    })
}

/// Every reason the step's requests had for not carrying a cookie.
pub(super) fn withheld_reasons(
    name: &str,
    seen: &Observation,
    before: Option<&[Cookie]>,
) -> BTreeSet<Reason> {
    let withheld =
        seen.requests().flat_map(|exchange| &exchange.withheld).filter(|withheld| withheld.name == name);
    let mut reasons: BTreeSet<Reason> =
        withheld.flat_map(|withheld| withheld.reasons.iter().copied()).collect();
    if before.is_some_and(|jar| jar.iter().all(|cookie| cookie.name != name)) {
        reasons.insert(Reason::NotStored);
    }
    reasons
}

pub(super) fn describe_stored(stored: &Stored) -> String {
    let mut words = vec![format!("{} stored", stored.name)];
    let text = |key: &str, value: &Option<String>| value.as_ref().map(|value| format!("{key} {value}"));
    let flag = |key: &str, value: Option<bool>| value.map(|value| format!("{key} {value}"));
    words.extend(stored.count.map(|count| format!("{} of them", count)));
    words.extend(text("value", &stored.value));
    words.extend(text("domain", &stored.domain));
    words.extend(flag("host_only", stored.host_only));
    words.extend(text("path", &stored.path));
    words.extend(flag("secure", stored.secure));
    words.extend(flag("http_only", stored.http_only));
    words.extend(stored.same_site.map(|same_site| format!("same_site {}", same_site.word())));
    words.extend(flag("session", stored.session));
    words.extend(flag("partitioned", stored.partitioned));
    words.extend(text("partition", &stored.partition));
    words.join(", ")
}

/// What a stored cookie has that was not expected of it, each as `key value`.
pub(super) fn differences(expected: &Stored, actual: &Cookie) -> Vec<String> {
    let text = |key: &str, expected: &Option<String>, actual: &str| {
        expected.as_deref().is_some_and(|expected| expected != actual).then(|| format!("{key} {actual}"))
    };
    let flag = |key: &str, expected: Option<bool>, actual: bool| {
        expected.is_some_and(|expected| expected != actual).then(|| format!("{key} {actual}"))
    };
    let same_site = expected.same_site.filter(|same_site| *same_site != actual.same_site);
    let partition = actual.partition.as_ref().map_or("none", |partition| &partition.site);
    [
        text("value", &expected.value, &actual.value),
        text("domain", &expected.domain, &actual.domain),
        flag("host_only", expected.host_only, actual.host_only),
        text("path", &expected.path, &actual.path),
        flag("secure", expected.secure, actual.secure),
        flag("http_only", expected.http_only, actual.http_only),
        same_site.map(|_| format!("same_site {}", actual.same_site.word())),
        flag("session", expected.session, actual.expires.is_none()),
        flag("partitioned", expected.partitioned, actual.partition.is_some()),
        text("partition", &expected.partition, partition),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `not stored (same-site-lax, secure-required)`.
pub(super) fn refusal<'a>(what: &str, reasons: impl IntoIterator<Item = &'a Reason>) -> String {
    let codes = codes(reasons);
    if codes.is_empty() { what.to_owned() } else { format!("{what} ({})", codes.join(", ")) }
}

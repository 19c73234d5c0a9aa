//! Compares what was seen during a step with what the scenario expects of it.
//!
//! Every claim is judged, so that a step reports all it got wrong at once. A verdict never looks at
//! a browser or a socket: it sees the observation, the jar before the step, and the claims.

use std::collections::BTreeSet;
use std::fmt;

use crate::observe::{Cookie, Exchange, Observation, SetCookie};
use crate::plan::{Absent, Claim, Expect, HeaderClaim, Readable, Sent, Stored};
use crate::rules::domain::domain_match;
use crate::rules::reason::{Question, Reason};
use crate::text::{codes, counted, shortened};
use crate::world::wire;

use crate::diagnostic::Span;

/// A claim that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// The claim in the scenario.
    pub span: Span,
    /// What was expected, in few words.
    pub expected: String,
    /// What was seen, in few words.
    pub actual: String,
    /// What was seen on the wire and in the jar that explains it.
    pub notes: Vec<Note>,
}

/// Something that explains a failure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// What it tells of.
    pub kind: NoteKind,
    /// What there is to say, without the words that name its kind.
    pub text: String,
}

/// What a note tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// A request and its answer as they crossed the wire.
    Wire,
    /// What the server knows of its answer and tells nobody.
    Server,
    /// A cookie in the jar.
    Jar,
    /// What the page read.
    Read,
    /// What failed in the page, in the browser's words.
    Page,
    /// A line that sets a cookie.
    Line,
    /// A reason, with its sentence and its clause.
    Reason,
    /// The browser's own message.
    Native,
    /// A line of the browser's console.
    Console,
    /// What else is to be known.
    Remark,
}

impl NoteKind {
    /// Whether it tells what crossed the wire, went on in a server or stands in the jar, and not what it means.
    pub const fn is_fact(self) -> bool {
        matches!(self, Self::Wire | Self::Server | Self::Jar | Self::Read)
    }

    /// The words before the text.
    const fn label(self) -> &'static str {
        match self {
            Self::Wire => "on the wire: ",
            Self::Server => "in the server: ",
            Self::Jar => "in the jar: ",
            Self::Read => "the page read: ",
            Self::Page => "in the page: ",
            Self::Line => "Set-Cookie: ",
            Self::Native => "the browser's message: ",
            Self::Console => "the browser's console: ",
            Self::Reason | Self::Remark => "",
        }
    }

    fn note(self, text: impl Into<String>) -> Note {
        Note { kind: self, text: text.into() }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.label(), self.text)
    }
}

/// Judges every claim about a step; no failure means that it passed. Failures stand in the order of
/// their claims in the scenario.
///
/// `before` is the jar as the step found it, where it is known.
pub fn judge(expect: &Expect, seen: &Observation, before: Option<&[Cookie]>) -> Vec<Failure> {
    let mut failures = Vec::new();
    failures.extend(expect.requests.as_ref().and_then(|claim| requests(claim, seen)));
    failures.extend(expect.request_headers.as_ref().and_then(|claim| request_headers(claim, seen)));
    failures.extend(expect.status.as_ref().and_then(|claim| status(claim, seen)));
    failures.extend(expect.stored.iter().filter_map(|claim| stored(claim, seen)));
    failures.extend(expect.not_stored.iter().filter_map(|claim| not_stored(claim, seen)));
    failures.extend(expect.sent.iter().filter_map(|claim| sent(claim, seen, before)));
    failures.extend(expect.not_sent.iter().filter_map(|claim| not_sent(claim, seen, before)));
    failures.extend(expect.document_cookie.as_ref().and_then(|claim| document_cookie(claim, seen)));
    failures.extend(expect.cors.as_ref().and_then(|claim| readable(claim, seen)));
    failures.extend(expect.url.as_ref().and_then(|claim| url(claim, seen)));
    failures.extend(expect.json.as_ref().and_then(|claim| json(claim, seen)));
    failures.sort_by_key(|failure| failure.span.start);
    failures
}

/// The failure of a step that could not be done, which is no matter of its claims.
pub fn not_done(action: &str, span: &Span, why: &str) -> Failure {
    Failure {
        message: format!("`{action}` could not be done: {why}"),
        span: span.clone(),
        expected: "done".to_owned(),
        actual: "not done".to_owned(),
        notes: Vec::new(),
    }
}

fn requests(claim: &Claim<Vec<(String, url::Url)>>, seen: &Observation) -> Option<Failure> {
    let arrived = || seen.exchanges.iter().map(|exchange| (&exchange.wire.method, &exchange.wire.url));
    if arrived().eq(claim.value.iter().map(|(method, url)| (method, url))) {
        return None;
    }
    fn list<'a>(requests: impl Iterator<Item = (&'a String, &'a url::Url)>) -> String {
        let lines: Vec<String> = requests.map(|(method, url)| format!("{method} {url}")).collect();
        if lines.is_empty() { "no request".to_owned() } else { lines.join(", then ") }
    }
    let expected = list(claim.value.iter().map(|(method, url)| (method, url)));
    let actual = list(arrived());
    Some(Failure {
        message: format!("expected {expected} to arrive, and there was {actual}"),
        span: claim.span.clone(),
        expected,
        actual,
        notes: wire_notes(seen).into_iter().chain(page_notes(seen)).collect(),
    })
}

/// Whether one request has all of these fields. Where none has, the failure tells of the one that has most of them.
fn request_headers(claim: &Claim<Vec<HeaderClaim>>, seen: &Observation) -> Option<Failure> {
    let differing = |exchange: &Exchange| -> Vec<String> {
        let differs = claim.value.iter().filter_map(|(name, wanted)| {
            let actual =
                exchange.wire.request_header(name).map(|value| String::from_utf8_lossy(value).into_owned());
            (actual != *wanted).then(|| field(name, actual.as_deref()))
        });
        differs.collect()
    };
    let requests: Vec<&Exchange> = seen.requests().collect();
    let nearest =
        requests.iter().map(|exchange| (*exchange, differing(exchange))).min_by_key(|(_, all)| all.len());
    let (actual, notes) = match nearest {
        Some((_, differing)) if differing.is_empty() => return None,
        Some((exchange, differing)) => (differing.join(", "), vec![exchange_note(exchange)]),
        None => ("no request".to_owned(), page_notes(seen)),
    };
    let expected: Vec<String> =
        claim.value.iter().map(|(name, wanted)| field(name, wanted.as_deref())).collect();
    let expected = expected.join(", ");
    Some(Failure {
        message: format!("expected a request with {expected}, and there was {actual}"),
        span: claim.span.clone(),
        expected,
        actual,
        notes,
    })
}

/// A header field, or that it is not there.
fn field(name: &str, value: Option<&str>) -> String {
    value.map_or_else(|| format!("no {name}"), |value| format!("{name}: {value}"))
}

fn status(claim: &Claim<u16>, seen: &Observation) -> Option<Failure> {
    if seen.page.status == Some(claim.value) {
        return None;
    }
    let actual = seen.page.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    Some(Failure {
        message: match seen.page.status {
            Some(status) => format!("expected status {}, and the answer was {status}", claim.value),
            None => format!("expected status {}, and the request itself was never answered", claim.value),
        },
        span: claim.span.clone(),
        expected: claim.value.to_string(),
        actual,
        notes: wire_notes(seen).into_iter().chain(page_notes(seen)).collect(),
    })
}

fn stored(claim: &Claim<Stored>, seen: &Observation) -> Option<Failure> {
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

fn not_stored(claim: &Claim<Absent>, seen: &Observation) -> Option<Failure> {
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
fn kept_from_before<'s>(line: &SetCookie, seen: &'s Observation) -> Option<&'s Cookie> {
    let from = |exchange: &&Exchange| exchange.set_cookie.iter().any(|other| std::ptr::eq(other, line));
    let host = seen.exchanges.iter().find(from).and_then(|exchange| exchange.wire.url.host_str())?;
    let sees = |cookie: &&Cookie| match cookie.host_only {
        true => cookie.domain == host,
        false => domain_match(host, &cookie.domain),
    };
    seen.jar.iter().flatten().filter(|cookie| cookie.name == line.name).find(sees)
}

fn sent(claim: &Claim<Sent>, seen: &Observation, before: Option<&[Cookie]>) -> Option<Failure> {
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
fn sent_in_order(claim: &Claim<Sent>, wanted: &[String], seen: &Observation) -> Option<Failure> {
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

fn not_sent(claim: &Claim<Absent>, seen: &Observation, before: Option<&[Cookie]>) -> Option<Failure> {
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

fn document_cookie(claim: &Claim<Vec<String>>, seen: &Observation) -> Option<Failure> {
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

fn readable(claim: &Claim<Readable>, seen: &Observation) -> Option<Failure> {
    let held = match (&claim.value, seen.page.readable) {
        (Readable::Yes, Some(true)) => true,
        (Readable::No(reason), Some(false)) => seen.page.cors.contains(reason),
        _ => false,
    };
    if held {
        return None;
    }
    let expected = match claim.value {
        Readable::Yes => "readable".to_owned(),
        Readable::No(reason) => refusal("not readable", [&reason]),
    };
    let actual = match seen.page.readable {
        Some(true) => "readable".to_owned(),
        Some(false) => refusal("not readable", &seen.page.cors),
        None => "nothing to read".to_owned(),
    };
    Some(Failure {
        message: format!("expected the answer to be {expected}, and it is {actual}"),
        span: claim.span.clone(),
        expected,
        actual,
        notes: wire_notes(seen).into_iter().chain(page_notes(seen)).collect(),
    })
}

fn url(claim: &Claim<url::Url>, seen: &Observation) -> Option<Failure> {
    if seen.page.url.as_ref() == Some(&claim.value) {
        return None;
    }
    let actual = seen.page.url.as_ref().map_or_else(|| "no page".to_owned(), ToString::to_string);
    Some(Failure {
        message: format!("expected the address bar to show {}, and it shows {actual}", claim.value),
        span: claim.span.clone(),
        expected: claim.value.to_string(),
        actual,
        notes: wire_notes(seen).into_iter().chain(page_notes(seen)).collect(),
    })
}

fn json(claim: &Claim<serde_json::Value>, seen: &Observation) -> Option<Failure> {
    let body = seen.page.body.as_deref().unwrap_or_default();
    let parsed = serde_json::from_str::<serde_json::Value>(body);
    // What is no JSON is a text, and a script's own word is one: `granted`, or the string "200".
    if claim.value.as_str() == Some(body) {
        return None;
    }
    if parsed.as_ref().is_ok_and(|actual| contains(actual, &claim.value)) {
        return None;
    }
    let (message, actual) = match &parsed {
        Ok(actual) => (format!("expected the page to read {}", claim.value), actual.to_string()),
        Err(_) if body.is_empty() => {
            (format!("expected the page to read {}, and it read nothing", claim.value), String::new())
        }
        Err(_) => (
            format!("expected the page to read {}, and it read something that is not JSON", claim.value),
            body.to_owned(),
        ),
    };
    let read = (!actual.is_empty()).then(|| NoteKind::Read.note(shorten(&actual)));
    let actual = if actual.is_empty() { "nothing".to_owned() } else { shorten(&actual) };
    Some(Failure {
        message,
        span: claim.span.clone(),
        expected: claim.value.to_string(),
        actual,
        notes: read.into_iter().chain(page_notes(seen)).collect(),
    })
}

/// Whether `actual` says all that `expected` says: objects may have further keys, all else is equal.
fn contains(actual: &serde_json::Value, expected: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object};
    match (actual, expected) {
        (Object(actual), Object(expected)) => expected
            .iter()
            .all(|(key, expected)| actual.get(key).is_some_and(|actual| contains(actual, expected))),
        (Array(actual), Array(expected)) => {
            actual.len() == expected.len()
                && actual.iter().zip(expected).all(|(actual, expected)| contains(actual, expected))
        }
        _ => actual == expected,
    }
}

/// Every reason the step's requests had for not carrying a cookie.
fn withheld_reasons(name: &str, seen: &Observation, before: Option<&[Cookie]>) -> BTreeSet<Reason> {
    let withheld =
        seen.requests().flat_map(|exchange| &exchange.withheld).filter(|withheld| withheld.name == name);
    let mut reasons: BTreeSet<Reason> =
        withheld.flat_map(|withheld| withheld.reasons.iter().copied()).collect();
    if before.is_some_and(|jar| jar.iter().all(|cookie| cookie.name != name)) {
        reasons.insert(Reason::NotStored);
    }
    reasons
}

fn describe_stored(stored: &Stored) -> String {
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
fn differences(expected: &Stored, actual: &Cookie) -> Vec<String> {
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
fn refusal<'a>(what: &str, reasons: impl IntoIterator<Item = &'a Reason>) -> String {
    let codes = codes(reasons);
    if codes.is_empty() { what.to_owned() } else { format!("{what} ({})", codes.join(", ")) }
}

fn exchange_note(exchange: &Exchange) -> Note {
    let line = format!("{} → {}", exchange.wire.request_line(), exchange.wire.status);
    NoteKind::Wire.note(match exchange.wire.cookie() {
        _ if exchange.wire.is_preflight() => format!("{line}, the preflight"),
        Some(cookie) => format!("{line}, Cookie: {}", shorten(&String::from_utf8_lossy(cookie))),
        None => format!("{line}, no Cookie"),
    })
}

fn wire_notes(seen: &Observation) -> Vec<Note> {
    if seen.exchanges.is_empty() {
        return vec![NoteKind::Wire.note("no request arrived")];
    }
    let notes = |exchange: &Exchange| {
        let behind = exchange.wire.behind();
        let passed = (behind != &exchange.wire).then(|| behind_note(behind));
        let known = behind.said_inside().map(|note| NoteKind::Server.note(note));
        std::iter::once(exchange_note(exchange)).chain(passed).chain(known).collect::<Vec<_>>()
    };
    seen.exchanges.iter().flat_map(notes).collect()
}

/// What a reverse proxy made of a request: the one that arrived behind it.
fn behind_note(behind: &wire::Exchange) -> Note {
    let mut told: Vec<String> = behind
        .request_headers
        .iter()
        .filter(|(name, _)| name == "host" || name.starts_with("x-forwarded-"))
        .map(|(name, value)| format!("{name}: {}", shorten(&String::from_utf8_lossy(value))))
        .collect();
    if !told.iter().any(|header| header.starts_with("x-forwarded-proto")) {
        told.push("no x-forwarded-proto".to_owned());
    }
    let wire::Exchange { method, url, status, .. } = behind;
    NoteKind::Wire.note(format!("behind the proxy {method} {url} → {status}, {}", told.join(", ")))
}

fn page_notes(seen: &Observation) -> Vec<Note> {
    let reasons = seen.page.cors.iter().map(|reason| reason_note(*reason, Question::Readable));
    let error = seen.page.error.iter().map(|error| NoteKind::Page.note(shorten(error)));
    let refused = seen
        .refused
        .iter()
        .map(|name| NoteKind::Remark.note(format!("`{name}` was asked for and is not in this world")));
    let console = seen.console.iter().map(|line| NoteKind::Console.note(shorten(line)));
    let unread = seen.page.unread.iter().map(|name| {
        let why = match seen.jar.iter().flatten().find(|cookie| cookie.name == *name) {
            Some(cookie) if cookie.http_only => ", for it is HttpOnly",
            Some(_) => ", for it is another host's or path's",
            None => "",
        };
        NoteKind::Page.note(format!(
            "scripts of the page see no cookie `{name}`{why}: what was to carry its value went without"
        ))
    });
    let console = unread.chain(console);
    reasons.chain(error).chain(refused).chain(console).collect()
}

fn line_notes(line: &SetCookie) -> Vec<Note> {
    let shown = NoteKind::Line.note(shorten(&String::from_utf8_lossy(&line.line)));
    let reasons = line.reasons.iter().map(|reason| reason_note(*reason, Question::Stored));
    std::iter::once(shown).chain(reasons).chain(native_note(&line.native)).collect()
}

/// What is to be known of a line that was refused: of a page's own request, also how it was made.
fn refused_notes(line: &SetCookie, seen: &Observation) -> Vec<Note> {
    let has_it = |exchange: &&Exchange| exchange.set_cookie.iter().any(|other| std::ptr::eq(other, line));
    let exchange = seen.exchanges.iter().find(has_it);
    let own = exchange
        .and_then(|exchange| Some((exchange, exchange.asked.as_ref().filter(|asked| !asked.is_own)?)));
    let own = own.map(|(exchange, asked)| {
        let inferred = if asked.is_inferred { ", inferred from what was sent and stored" } else { "" };
        NoteKind::Wire.note(format!(
            "the page's own {}, credentials: {}{inferred}",
            exchange.wire.request_line(),
            asked.credentials.word()
        ))
    });
    line_notes(line).into_iter().chain(own).collect()
}

fn withheld_notes(name: &str, reasons: &BTreeSet<Reason>, seen: &Observation) -> Vec<Note> {
    let withheld =
        seen.requests().flat_map(|exchange| &exchange.withheld).filter(|withheld| withheld.name == name);
    let native: BTreeSet<String> = withheld.flat_map(|withheld| withheld.native.iter().cloned()).collect();
    let native: Vec<String> = native.into_iter().collect();
    let reasons = reasons.iter().map(|reason| reason_note(*reason, Question::Sent));
    wire_notes(seen).into_iter().chain(reasons).chain(native_note(&native)).chain(page_notes(seen)).collect()
}

fn reason_note(reason: Reason, question: Question) -> Note {
    NoteKind::Reason.note(format!("{reason}: {} ({})", reason.sentence(question), reason.clause(question)))
}

fn native_note(native: &[String]) -> Option<Note> {
    (!native.is_empty()).then(|| NoteKind::Native.note(native.join(", ")))
}

fn jar_note(cookie: &Cookie) -> Note {
    let host = if cookie.host_only { "host-only, " } else { "" };
    let secure = if cookie.secure { ", Secure" } else { "" };
    let http_only = if cookie.http_only { ", HttpOnly" } else { "" };
    let partition = cookie
        .partition
        .as_ref()
        .map(|partition| format!(", partition {}", partition.site))
        .unwrap_or_default();
    NoteKind::Jar.note(format!(
        "{}={} for {} ({host}path {}, SameSite {}{secure}{http_only}{partition})",
        cookie.name,
        shorten(&cookie.value),
        cookie.domain,
        cookie.path,
        cookie.same_site.word(),
    ))
}

/// Text fit for one line of a report.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 160;
    shortened(text, LONGEST)
}

//! Compares what was seen during a step with what the scenario expects of it.
//!
//! Every claim is judged, so that a step reports all it got wrong at once. A verdict never looks at
//! a browser or a socket: it sees the observation, the jar before the step, and the claims.

use std::fmt;

mod cookies;
mod insecure;
mod notes;

use self::cookies::{document_cookie, not_sent, not_stored, refusal, sent, stored};
use self::notes::{exchange_note, page_notes, shorten, wire_notes};
use crate::diagnostic::Span;
use crate::observe::{Cookie, Exchange, Observation};
use crate::plan::{Claim, Expect, HeaderClaim, Readable};

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

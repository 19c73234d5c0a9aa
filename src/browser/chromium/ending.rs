//! How a request ended that ended badly, and why a page could not read an answer, in Chromium's words.

use std::collections::BTreeSet;

use serde_json::Value;

use super::native;
use super::record::Ending;
use crate::browser::user_agent::Unread;
use crate::rules::reason::Reason;

/// Chromium's word for what the page or another navigation gave up.
pub(super) const ABORTED: &str = "net::ERR_ABORTED";

/// Why a page could not read an answer, by how the request ended and what stands in the console.
pub(super) fn unread(ending: Ending, console: &[String]) -> Unread {
    let reasons = match (ending.cors.as_deref(), ending.blocked.as_deref()) {
        (Some(word), _) => native::not_readable(word).into_iter().collect(),
        (None, Some("mixed-content")) => BTreeSet::from([Reason::MixedContent]),
        // Some policy of the page's own: that is no reason of ours, and its words are kept.
        (None, Some(_)) => BTreeSet::new(),
        // Where a redirect leads to mixed content the console alone says so.
        (None, None) if ending.error == ABORTED && console.iter().any(|line| is_mixed(line)) => {
            BTreeSet::from([Reason::MixedContent])
        }
        (None, None) if ending.error == ABORTED => BTreeSet::new(),
        (None, None) => BTreeSet::from([Reason::Network]),
    };
    let word = match ending.cors.or(ending.blocked) {
        Some(word) => Some(word).filter(|_| reasons.is_empty()),
        None => Some(ending.error),
    };
    Unread { reasons, word: word.filter(|word| !word.is_empty()) }
}

fn is_mixed(line: &str) -> bool {
    line.starts_with("Mixed Content:") && line.contains("has been blocked")
}

/// The words of an exception in an answer of the DevTools protocol.
pub(super) fn exception(answer: &Value) -> Option<String> {
    let details = answer.get("exceptionDetails")?;
    let text = |pointer: &str| details.pointer(pointer).and_then(Value::as_str);
    let described = text("/exception/description").and_then(|text| text.lines().next());
    let thrown = details
        .pointer("/exception/value")
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    described.map(str::to_owned).or(thrown).or_else(|| text("/text").map(str::to_owned))
}

//! What the exchanges of a scenario brought into a browser: documents, scripts, and what lasts.
//!
//! The wire alone is asked. A browser is emptied, or thrown away, by what this tells.

use crate::world::wire::{Answer, Exchange};

/// Response headers that leave something in a browser that no command removes.
const LASTING: &[&str] = &[
    // HSTS.
    "strict-transport-security",
    // Alternative services.
    "alt-svc",
    // Client hints, remembered for an origin.
    "accept-ch",
    "critical-ch",
    // Reporting endpoints and network error logging, which send on their own later.
    "nel",
    "report-to",
    "reporting-endpoints",
    // Device-bound sessions, login status, and what is registered with the browser itself.
    "sec-session-registration",
    "secure-session-registration",
    "set-login",
    "attribution-reporting-register-source",
    "attribution-reporting-register-trigger",
    "shared-storage-write",
    "use-as-dictionary",
];

/// Whether an exchange brought a document in which scripts of the scenario may have run.
pub(super) fn may_run_scripts(exchange: &Exchange) -> bool {
    let media = exchange.response_header("content-type").unwrap_or_default().to_ascii_lowercase();
    let is_inert = media.starts_with(b"application/json") || media.starts_with(b"text/plain");
    // A page with a Refresh header goes elsewhere by itself, as by a script.
    let refreshes = exchange.response_header("refresh").is_some();
    is_document(exchange) && exchange.answer != Answer::Page && (!is_inert || refreshes)
}

/// Whether an exchange brought a document.
fn is_document(exchange: &Exchange) -> bool {
    let is_redirect = exchange.response_header("location").is_some();
    matches!(destination(exchange), b"document" | b"iframe" | b"frame" | b"")
        && !is_redirect
        && !exchange.is_preflight()
}

/// Whether an exchange brought a document into a frame, or may have.
pub(super) fn may_be_frame(exchange: &Exchange) -> bool {
    is_document(exchange) && destination(exchange) != b"document"
}

/// What the browser wanted the response for. It names no destination to an origin it does not trust,
/// such as plain http.
fn destination(exchange: &Exchange) -> &[u8] {
    exchange.request_header("sec-fetch-dest").unwrap_or_default()
}

/// Whether an exchange left something in the browser that no command removes.
pub(super) fn leaves_something(exchange: &Exchange) -> bool {
    LASTING.iter().any(|header| exchange.response_header(header).is_some())
        || exchange.request_header("service-worker").is_some()
        || exchange.request_header("authorization").is_some()
}

/// Whether a cache may have kept the answer: it says for how long, or by what it can be asked for again.
pub(super) fn may_be_cached(exchange: &Exchange) -> bool {
    const KEPT: [&str; 4] = ["cache-control", "expires", "last-modified", "etag"];
    KEPT.iter().any(|header| exchange.response_header(header).is_some())
}

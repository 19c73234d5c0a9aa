//! The CORS headers at fault.

use std::sync::Arc;

use super::Page;
use crate::diagnostic::{Source, Span};
use crate::explain::cause::Cause;
use crate::rules::reason::Reason;

/// The CORS headers of an exchange, request above answer, and the lines at fault.
pub(super) fn of(cause: &Cause) -> (Option<Arc<Source>>, Vec<(Span, String)>) {
    let Some(exchange) = &cause.exchange else { return (None, Vec::new()) };
    let mut page = Page::default();
    let asks = page.line(&format!("{} {}", exchange.method, exchange.url));
    let origin = page.header(exchange, true, "Origin");
    let method = page.header(exchange, true, "Access-Control-Request-Method");
    let headers = page.header(exchange, true, "Access-Control-Request-Headers");
    page.line("");
    let status = page.line(&format!("HTTP {}", exchange.status));
    let allow_origins = page.headers(exchange, false, "Access-Control-Allow-Origin");
    let allow_origin = allow_origins.first().cloned();
    let allow_credentials = page.header(exchange, false, "Access-Control-Allow-Credentials");
    let allow_methods = page.header(exchange, false, "Access-Control-Allow-Methods");
    let allow_headers = page.header(exchange, false, "Access-Control-Allow-Headers");
    let mut faults: Vec<(Span, Vec<String>)> = Vec::new();
    let mut add = |span: Option<Span>, text: String| {
        let Some(span) = span else { return };
        match faults.iter_mut().find(|(known, _)| *known == span) {
            Some((_, known)) => known.push(text),
            None => faults.push((span, vec![text])),
        }
    };
    let reasons: Vec<Reason> = cause.by.iter().flat_map(|(_, reasons)| reasons.iter().copied()).collect();
    for reason in Reason::ALL.iter().filter(|reason| reasons.contains(reason)) {
        let here = |span: &Option<Span>| span.clone().or_else(|| Some(status.clone()));
        match reason {
            Reason::CorsNoAllowOrigin => {
                add(Some(status.clone()), format!("{reason}: no Access-Control-Allow-Origin here"));
            }
            Reason::CorsOriginMismatch if allow_origins.len() > 1 => {
                add(
                    allow_origins.first().cloned(),
                    format!("{reason}: sent more than once, and read as one list"),
                );
                for again in &allow_origins[1..] {
                    add(Some(again.clone()), "once more".to_owned());
                }
            }
            Reason::CorsOriginMismatch | Reason::CorsWildcardWithCredentials => {
                add(here(&allow_origin), reason.to_string())
            }
            Reason::CorsCredentialsNotAllowed => {
                let missing = if allow_credentials.is_none() {
                    ": no Access-Control-Allow-Credentials here"
                } else {
                    ""
                };
                add(here(&allow_credentials), format!("{reason}{missing}"));
            }
            Reason::CorsPreflightMethod => {
                let missing =
                    if allow_methods.is_none() { ": no Access-Control-Allow-Methods here" } else { "" };
                add(here(&allow_methods), format!("{reason}{missing}"));
            }
            Reason::CorsPreflightHeader => {
                let missing =
                    if allow_headers.is_none() { ": no Access-Control-Allow-Headers here" } else { "" };
                add(here(&allow_headers), format!("{reason}{missing}"));
            }
            Reason::CorsPreflightStatus => add(Some(status.clone()), reason.to_string()),
            _ => add(Some(asks.clone()), reason.to_string()),
        }
    }
    let mut labels: Vec<(Span, String)> =
        faults.into_iter().map(|(span, texts)| (span, brief(&texts))).collect();
    let is_null = exchange.request_header("origin") == Some(b"null");
    let who =
        if is_null { "who asks: nobody by name, as after a redirect to another origin" } else { "who asks" };
    // What the request said, beside what the answer lacks.
    for (reason, span, text) in [
        (Reason::CorsNoAllowOrigin, &origin, who),
        (Reason::CorsOriginMismatch, &origin, who),
        (Reason::CorsWildcardWithCredentials, &origin, "who asks, with credentials"),
        (Reason::CorsPreflightMethod, &method, "what is asked for"),
        (Reason::CorsPreflightHeader, &headers, "what is asked for"),
    ] {
        let is_new = span.as_ref().is_some_and(|span| labels.iter().all(|(known, _)| known != span));
        if let Some(span) = span.clone().filter(|_| is_new && reasons.contains(&reason)) {
            labels.push((span, text.to_owned()));
        }
    }
    let path = if exchange.is_preflight() { "the preflight" } else { "the request" };
    (Some(Arc::new(Source::excerpt(path, page.text))), labels)
}

/// Labels in a row; where they do not fit, the first, for the notes have them all.
fn brief(texts: &[String]) -> String {
    const SHORT: usize = 75;
    let all = texts.join("; ");
    match texts {
        [first, rest @ ..] if all.len() > SHORT && !rest.is_empty() => {
            format!("{first}; and {} more, below", rest.len())
        }
        _ => all,
    }
}

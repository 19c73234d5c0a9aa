//! Where in a header the fault lies: the lines to show, and the parts of them to point at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cause::{Cause, Trouble};
use super::told::request_line;
use crate::browser_name::BrowserName;
use crate::diagnostic::{Source, Span};
use crate::observe::Cookie;
use crate::rules::reason::Reason;
use crate::rules::set_cookie::{self, SetCookie};
use crate::world::wire;

/// What stands before a line, so that a reader knows it.
const SET_COOKIE: &str = "Set-Cookie: ";
/// The same for a line that a script wrote.
const WRITTEN: &str = "document.cookie = ";

/// The `Set-Cookie` line of a cause, and its parts at fault.
pub(super) fn in_line(cause: &Cause) -> (Option<Arc<Source>>, Vec<(Span, String)>) {
    let Some(line) = &cause.line else { return (None, Vec::new()) };
    let text = String::from_utf8_lossy(line).into_owned();
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
    let labels = parts.into_iter().map(|((start, end), reasons)| {
        let words: Vec<String> = match cause.trouble {
            Trouble::Survives => vec!["names a cookie that is not there".to_owned()],
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

/// The CORS headers of an exchange, request above answer, and the lines at fault.
pub(super) fn in_cors(cause: &Cause) -> (Option<Arc<Source>>, Vec<(Span, String)>) {
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

/// Text that grows by lines, and knows where each stands.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(line);
        let span = start..self.text.len();
        self.text.push('\n');
        span
    }

    /// The first line of this name, where there is one.
    fn header(&mut self, exchange: &wire::Exchange, request: bool, name: &str) -> Option<Span> {
        self.headers(exchange, request, name).into_iter().next()
    }

    /// Every line of this name.
    fn headers(&mut self, exchange: &wire::Exchange, request: bool, name: &str) -> Vec<Span> {
        let all = if request { &exchange.request_headers } else { &exchange.response_headers };
        let values = all.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let texts = values.map(|value| String::from_utf8_lossy(value).replace(char::is_control, "\u{fffd}"));
        let lines: Vec<String> = texts.map(|value| format!("{name}: {value}")).collect();
        lines.iter().map(|line| self.line(line)).collect()
    }
}

//! Which requests need a preflight, and which responses a page may read: the CORS protocol of Fetch,
//! and mixed content.
//!
//! Step names are those of the Fetch standard, whose steps have no stable numbers beyond their
//! algorithm. Headers come and go as pairs of name and value; nothing here sends any.

use std::borrow::Cow;

use super::context::{Context, Destination, Kind, Mode};
use super::domain::{is_ip_address, is_local_network, is_loopback};
use super::engine::{Profile, RedirectedOrigin};
use super::reason::Reason;
use super::reasons::Reasons;
use super::site::Origin;

/// The header that lists the methods a preflight allows.
pub(crate) const ALLOW_METHODS: &str = "Access-Control-Allow-Methods";

/// The header that lists the headers a preflight allows.
pub(crate) const ALLOW_HEADERS: &str = "Access-Control-Allow-Headers";

/// What a preflight asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// The value of `Access-Control-Request-Method`: the method of the request to come.
    pub method: String,
    /// The names of `Access-Control-Request-Headers`: lower case, sorted, each once; the header is
    /// left out when there is none.
    pub headers: Vec<String>,
}

/// The preflight this request needs, or `None` where it goes without one.
///
/// Fetch, main fetch and HTTP fetch: a request in mode `cors` to another origin, whose method or
/// headers are not safelisted. `headers` are those the page set, beside what browsers add.
pub fn preflight<N: AsRef<str>, V: AsRef<[u8]>>(context: &Context, headers: &[(N, V)]) -> Option<Preflight> {
    if !needs_check(context) {
        return None;
    }
    let headers = unsafe_header_names(headers);
    if is_safelisted_method(&context.method) && headers.is_empty() {
        return None;
    }
    Some(Preflight { method: context.method.clone().into_owned(), headers })
}

/// Why the preflight's response does not allow the request; empty when it does.
///
/// Fetch, CORS-preflight fetch, the steps after the CORS check of the response.
pub fn preflight_check<N: AsRef<str>, V: AsRef<[u8]>>(
    profile: &Profile,
    context: &Context,
    preflight: &Preflight,
    status: u16,
    response: &[(N, V)],
) -> Reasons {
    // Some browsers start afresh from the page, and then what redirects lead back to is same-origin.
    let mut reasons = readable(context, response);
    reasons.insert_if(!(200..=299).contains(&status), Reason::CorsPreflightStatus);
    let with_credentials = is_include(context);
    let methods = list(response, ALLOW_METHODS);
    let allowed = methods.is_some_and(|methods| {
        methods.contains(&preflight.method)
            || is_safelisted_method(&preflight.method)
            || (!with_credentials && methods.iter().any(|method| method == "*"))
    });
    reasons.insert_if(!allowed, Reason::CorsPreflightMethod);
    let allowed = list(response, ALLOW_HEADERS).is_some_and(|names| {
        let wildcard = !with_credentials && names.iter().any(|name| name == "*");
        preflight.headers.iter().all(|header| {
            // CORS non-wildcard request-header name: `Authorization` is the only one.
            let covered =
                wildcard && (header != "authorization" || profile.preflights.wildcard_covers_authorization);
            covered || names.iter().any(|name| name.eq_ignore_ascii_case(header))
        })
    });
    reasons.insert_if(!allowed, Reason::CorsPreflightHeader);
    reasons
}

/// Whether what a preflight's response allows can be read: where not, it is a network error, whatever is asked
/// for (Fetch, CORS-preflight fetch, the step after extracting the values).
pub(crate) fn is_well_formed<N: AsRef<str>, V: AsRef<[u8]>>(response: &[(N, V)]) -> bool {
    [ALLOW_METHODS, ALLOW_HEADERS].iter().all(|name| list(response, name).is_some())
}

/// Why the page may not read this response, or follow this redirect; empty when it may.
///
/// Same-origin responses need no permission. An opaque response, of mode `no-cors`, is read by no
/// page, and that is no fault of the response: there is no reason for it.
pub fn readable<N: AsRef<str>, V: AsRef<[u8]>>(context: &Context, response: &[(N, V)]) -> Reasons {
    if needs_check(context) { cors_check(context, response) } else { Reasons::NONE }
}

/// Whether the response needs the permission of a CORS check: Fetch, main fetch, response tainting
/// "cors". Once a redirect has left the page's origin, even its own responses need it.
pub fn needs_check(context: &Context) -> bool {
    context.mode == Mode::Cors && context.is_cross_origin()
}

/// Fetch, CORS check: every reason for a failure.
pub fn cors_check<N: AsRef<str>, V: AsRef<[u8]>>(context: &Context, response: &[(N, V)]) -> Reasons {
    let mut reasons = Reasons::NONE;
    let with_credentials = is_include(context);
    // Steps 1 to 4.
    match combined(response, "Access-Control-Allow-Origin").as_deref() {
        None => reasons.insert(Reason::CorsNoAllowOrigin),
        Some(b"*") => reasons.insert_if(with_credentials, Reason::CorsWildcardWithCredentials),
        Some(allowed) => {
            let mismatch = allowed != request_origin(context).as_bytes();
            reasons.insert_if(mismatch, Reason::CorsOriginMismatch);
        }
    }
    // Steps 5 to 8.
    let allowed = combined(response, "Access-Control-Allow-Credentials");
    let missing = allowed.as_deref() != Some(b"true");
    reasons.insert_if(with_credentials && missing, Reason::CorsCredentialsNotAllowed);
    reasons
}

/// The origin the request names: Fetch, serializing a request origin.
///
/// It is `null` once a redirect went from an origin that is not the initiator's to yet another.
pub fn request_origin(context: &Context) -> String {
    let Some(initiator) = &context.initiator else {
        return "null".to_owned();
    };
    let next = context.redirects.iter().skip(1).chain(std::iter::once(&context.url.origin));
    let tainted = context
        .redirects
        .iter()
        .zip(next)
        .any(|(from, to)| !from.is_same_origin(to) && !from.is_same_origin(initiator));
    if tainted { "null".to_owned() } else { initiator.to_string() }
}

/// The `Origin` header of the request, if it has one: Fetch, append a request Origin header, under
/// the default referrer policy.
pub fn origin_header(context: &Context, profile: &Profile) -> Option<String> {
    let initiator = context.initiator.as_ref()?;
    if needs_check(context) || context.mode == Mode::WebSocket {
        return Some(request_origin(context));
    }
    if matches!(&*context.method, "GET" | "HEAD") {
        return None;
    }
    let downgrade = initiator.scheme.is_encrypted() && !context.url.origin.scheme.is_encrypted();
    let loses_it = match profile.fetch.redirected_origin {
        RedirectedOrigin::AsFetch => false,
        RedirectedOrigin::NullForNavigations => context.mode == Mode::Navigate,
        RedirectedOrigin::NullWithoutCors => context.mode != Mode::Cors,
    };
    let next = context.redirects.iter().skip(1).chain(std::iter::once(&context.url.origin));
    let left = context.redirects.iter().zip(next).any(|(from, to)| !from.is_same_origin(to));
    if (downgrade && context.mode != Mode::Cors) || (loses_it && left) {
        return Some("null".to_owned());
    }
    Some(request_origin(context))
}

/// Whether the method is CORS-safelisted.
pub fn is_safelisted_method(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "POST")
}

/// The method as `fetch` and XHR send it: Fetch, normalize. `patch` stays as it is written.
pub fn normalize_method(method: &str) -> Cow<'_, str> {
    let known = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
    match known.iter().find(|name| name.eq_ignore_ascii_case(method)) {
        Some(name) => Cow::Borrowed(*name),
        None => Cow::Borrowed(method),
    }
}

/// Whether a script may not set this request header, and a browser drops it: Fetch, forbidden
/// request-header, by name alone.
pub fn is_forbidden_header(name: &str) -> bool {
    const NAMES: [&str; 22] = [
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "access-control-request-private-network",
    ];
    let begins = |prefix: &str| {
        name.as_bytes().get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    NAMES.iter().any(|forbidden| forbidden.eq_ignore_ascii_case(name)) || begins("proxy-") || begins("sec-")
}

/// The names of the headers that are not safelisted: Fetch, CORS-unsafe request-header names.
/// Lower case, sorted, each once.
pub fn unsafe_header_names<N: AsRef<str>, V: AsRef<[u8]>>(headers: &[(N, V)]) -> Vec<String> {
    let safe = |(name, value): &&(N, V)| is_safelisted_header(name.as_ref(), value.as_ref());
    let size: usize = headers.iter().filter(safe).map(|(_, value)| value.as_ref().len()).sum();
    // Over 1024 bytes in all even the safelisted ones count.
    let mut names: Vec<_> = headers
        .iter()
        .filter(|header| size > 1024 || !safe(header))
        .map(|(name, _)| name.as_ref().to_ascii_lowercase())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether the header is CORS-safelisted with this value.
pub fn is_safelisted_header(name: &str, value: &[u8]) -> bool {
    if value.len() > 128 {
        return false;
    }
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    if is("Accept") {
        !value.iter().any(|&byte| is_unsafe_byte(byte))
    } else if is("Accept-Language") || is("Content-Language") {
        value.iter().all(|byte| byte.is_ascii_alphanumeric() || b" *,-.;=".contains(byte))
    } else if is("Content-Type") {
        !value.iter().any(|&byte| is_unsafe_byte(byte)) && is_form_type(value)
    } else if is("Range") {
        is_simple_range(value)
    } else {
        false
    }
}

/// Whether a header of this name may go with a request in mode `no-cors`, if it is safelisted with its value: Fetch,
/// no-CORS-safelisted request-header name.
pub fn is_simple_header(name: &str) -> bool {
    ["Accept", "Accept-Language", "Content-Language", "Content-Type"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// What becomes of a request for an `http` address by an `https` page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MixedContent {
    /// It is none.
    No,
    /// The browser asks over `https` instead.
    Upgraded,
    /// The browser does not ask: [`Reason::MixedContent`].
    Blocked,
}

/// Whether the request is mixed content: Mixed Content, sections 4.1 and 4.4.
pub fn mixed_content(profile: &Profile, context: &Context) -> MixedContent {
    let origin = &context.url.origin;
    let subject = matches!(context.kind, Kind::FrameNavigation | Kind::Subresource);
    if !subject || !context.has_secure_document() || origin.scheme.is_encrypted() {
        return MixedContent::No;
    }
    let is_image = context.mode == Mode::NoCors && context.destination == Destination::Image;
    let is_distant = |document: &Origin| document.scheme.is_encrypted() && !is_loopback(&document.host);
    if is_image
        && profile.fetch.upgrades_for_distant_documents
        && context.documents.last().is_some_and(|document| !document.is_opaque() && !is_distant(document))
    {
        return MixedContent::No;
    }
    let first = context.redirects.first().unwrap_or(origin);
    let first_is_a_name = !is_ip_address(&first.host) && !is_loopback(&first.host);
    if is_image && profile.fetch.first_address_decides_upgrade && !context.redirects.is_empty() {
        return if first_is_a_name { MixedContent::Upgraded } else { MixedContent::No };
    }
    if is_image && profile.fetch.shows_images_of_loopback && is_loopback(&origin.host) {
        let shown = context.redirects.is_empty() && !origin.host.starts_with('[');
        return if shown { MixedContent::No } else { MixedContent::Blocked };
    }
    let exempt = (profile.cookies.trusts_loopback && origin.is_potentially_trustworthy())
        || (profile.fetch.local_networks_are_not_mixed && is_local_network(&origin.host));
    match is_image && (profile.fetch.upgrades_addresses || !is_ip_address(&origin.host)) {
        _ if exempt => MixedContent::No,
        true => MixedContent::Upgraded,
        false => MixedContent::Blocked,
    }
}

/// Whether the credentials mode is "include", which is what the CORS check asks.
fn is_include(context: &Context) -> bool {
    context.credentials == super::context::Credentials::Include
}

/// The values of all headers of a name, as Fetch's "get" combines them.
fn combined<'h, N: AsRef<str>, V: AsRef<[u8]>>(headers: &'h [(N, V)], name: &str) -> Option<Cow<'h, [u8]>> {
    let mut values = headers
        .iter()
        .filter(|(header, _)| header.as_ref().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_ref().trim_ascii());
    let first = values.next()?;
    Some(values.fold(Cow::Borrowed(first), |all, value| {
        let mut all = all.into_owned();
        all.extend_from_slice(b", ");
        all.extend_from_slice(value);
        Cow::Owned(all)
    }))
}

/// The tokens that a header lists, none where there is no such header; `None` where an item is no token. Fetch,
/// extract header list values, by the ABNF `#token`, which lets items be empty.
///
/// Chromium (`kInvalidAllowMethodsPreflightResponse`), Firefox (`NS_IsValidHTTPToken`) and WebKit do so
/// (documented 2026-11-25).
pub(crate) fn list<N: AsRef<str>, V: AsRef<[u8]>>(headers: &[(N, V)], name: &str) -> Option<Vec<String>> {
    let value = combined(headers, name).unwrap_or_default();
    value
        .split(|&byte| byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|item| !item.is_empty())
        .map(|item| is_token(item).then(|| String::from_utf8_lossy(item).into_owned()))
        .collect()
}

/// RFC 9110, section 5.6.2.
fn is_token(item: &[u8]) -> bool {
    let is_in_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !item.is_empty() && item.iter().all(is_in_token)
}

/// Fetch, CORS-unsafe request-header byte.
const fn is_unsafe_byte(byte: u8) -> bool {
    matches!(
        byte,
        0x00..=0x08
            | 0x0a..=0x1f
            | b'"'
            | b'('
            | b')'
            | b':'
            | b'<'
            | b'>'
            | b'?'
            | b'@'
            | b'['
            | b'\\'
            | b']'
            | b'{'
            | b'}'
            | 0x7f
    )
}

/// Whether a content type is one of the three that forms can send.
fn is_form_type(value: &[u8]) -> bool {
    let essence = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    [&b"application/x-www-form-urlencoded"[..], b"multipart/form-data", b"text/plain"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(essence))
}

/// `bytes=N-` or `bytes=N-M`.
fn is_simple_range(value: &[u8]) -> bool {
    let Some(range) = value.strip_prefix(b"bytes=") else {
        return false;
    };
    let mut parts = range.split(|&byte| byte == b'-');
    let (Some(first), Some(last), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let value = |part: &[u8]| part.iter().fold(0_u128, |value, digit| value * 10 + u128::from(digit - b'0'));
    // At most 128 bytes: two numbers of more digits than a u128 holds are compared by length.
    let ordered = || match first.len().max(last.len()) {
        0..=38 => value(first) <= value(last),
        _ => (first.len(), first) <= (last.len(), last),
    };
    !first.is_empty() && digits(first) && digits(last) && (last.is_empty() || ordered())
}

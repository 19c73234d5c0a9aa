//! CORS settings: what the lists may hold, and origins that no `Origin` header can match.

use url::Url;

use super::super::checks;
use super::super::mistakes::Mistakes;
use super::super::written::{self, At};
use super::address::Names;
use crate::diagnostic::Diagnostic;
use crate::plan::Cors;

/// What `Access-Control-Allow-Methods` says where a scenario does not: what the middlewares of
/// common frameworks allow.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// The settings of an origin at this URL.
pub(super) fn cors(cors: written::Cors, own: Option<&Url>, names: &Names, mistakes: &Mistakes) -> Cors {
    let origins = cors.allow_origins;
    if origins.len() > 1
        && let Some(star) = origins.iter().find(|origin| origin.value == "*")
    {
        mistakes.add(
            Diagnostic::error("`*` lets every origin in, and stands alone")
                .label(star.span.clone(), "")
                .help("leave the others out, or `*`"),
        );
    }
    for origin in &origins {
        check_origin(origin, &origins, own, names, mistakes);
    }
    let lists = [&cors.allow_headers, &cors.expose_headers];
    for value in lists.into_iter().flatten().chain(cors.allow_methods.iter().flatten()) {
        check_token(value, mistakes);
    }
    let max_age = cors.max_age.and_then(|at| {
        let seconds = u32::try_from(at.value);
        if seconds.is_err() {
            mistakes.add(
                Diagnostic::error(format!("{} is no number of seconds", at.value))
                    .label(at.span, "")
                    .help("write a whole number from 0; browsers keep a preflight for two hours at most"),
            );
        }
        seconds.ok()
    });
    let methods = cors.allow_methods.map(plain);
    Cors {
        allow_origins: plain(origins),
        allow_credentials: cors.allow_credentials,
        allow_headers: plain(cors.allow_headers),
        allow_methods: methods.unwrap_or_else(|| METHODS.map(str::to_owned).to_vec()),
        expose_headers: plain(cors.expose_headers),
        max_age,
    }
}

fn plain(values: Vec<At<String>>) -> Vec<String> {
    values.into_iter().map(|at| at.value).collect()
}

/// A setting that no `Origin` header can match is allowed, for servers have such settings, and told.
fn check_origin(
    origin: &At<String>,
    all: &[At<String>],
    own: Option<&Url>,
    names: &Names,
    mistakes: &Mistakes,
) {
    if !checks::check_value(origin, "`allow_origins`", mistakes) {
        return;
    }
    if matches!(origin.value.as_str(), "*" | "null") {
        return;
    }
    let lets_nobody_in =
        |message: String| Diagnostic::warning(message).label(origin.span.clone(), "this lets nobody in");
    let known: Vec<&Url> =
        names.origins().iter().filter_map(|named| named.url.as_ref().map(|url| &url.value)).collect();
    if is_pattern(&origin.value) {
        let rest =
            origin.value.rsplit(['*', '\\', '^']).next().unwrap_or_default().trim_end_matches(['$', '/']);
        let meant = known.iter().filter(|url| {
            let host = url.host_str().unwrap_or_default();
            Some(**url) != own && rest.len() > 1 && host.ends_with(rest)
        });
        let meant: Vec<String> =
            meant.map(|url| format!("\"{}\"", url.origin().ascii_serialization())).collect();
        let diagnostic = lets_nobody_in(format!("an origin is compared as a whole, and `{}` is a pattern", origin.value))
            .note("Fetch, CORS check: the header is `*` alone, or the origin byte for byte; a server that has patterns answers with the origin that asked");
        mistakes.add(match meant.as_slice() {
            [] => diagnostic.help("list each origin that is let in: `[\"https://www.example.com\"]`"),
            meant => diagnostic.help(format!("list each origin that is let in: `[{}]`", meant.join(", "))),
        });
        return;
    }
    let named = names.origins().iter().find(|named| named.name.value == origin.value);
    let meant = named.and_then(|named| named.url.as_ref().map(|url| url.value.clone()));
    let parsed = Url::parse(&origin.value).ok();
    let meant = meant.or_else(|| parsed.clone());
    let meant = meant.map(|url| url.origin().ascii_serialization());
    if meant.as_ref() == Some(&origin.value) {
        let near = parsed.and_then(|url| near(&url, &known, own));
        let near = near.map(|url| url.origin().ascii_serialization());
        if let Some(near) = near.filter(|near| !all.iter().any(|other| other.value == *near)) {
            mistakes.add(
                lets_nobody_in(format!(
                    "no page of this scenario is of `{}`, and one is of `{near}`",
                    origin.value
                ))
                .note("an origin is scheme, host and port: all three must be the same")
                .help(format!("did you mean `{near}`?")),
            );
        }
        return;
    }
    let diagnostic = lets_nobody_in(format!("no browser says `Origin: {}`", origin.value))
        .note("an Origin header is scheme, host and port, without a path and without a final `/`");
    mistakes.add(match meant {
        Some(meant) if meant != "null" => diagnostic.help(format!("write `{meant}`")),
        _ => diagnostic.help("write an origin such as `https://www.example.com`"),
    });
}

/// Whether it is written as a wildcard or a regular expression.
fn is_pattern(origin: &str) -> bool {
    origin.contains(['*', '\\', '^', '$', '(', '|']) || (origin.starts_with('/') && origin.len() > 1)
}

/// The one origin of the scenario that an allowed one, which is none of them, differs from in scheme or port, or in a
/// `www.` alone.
fn near<'a>(allowed: &Url, known: &[&'a Url], own: Option<&Url>) -> Option<&'a Url> {
    if known.iter().any(|url| url.origin() == allowed.origin()) {
        return None;
    }
    let bare = |url: &Url| {
        let host = url.host_str().unwrap_or_default();
        host.strip_prefix("www.").unwrap_or(host).to_owned()
    };
    let mut near = known.iter().filter(|url| Some(**url) != own && bare(url) == bare(allowed));
    match (near.next(), near.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// Names of headers and methods, and `*`.
fn check_token(value: &At<String>, mistakes: &Mistakes) {
    if hyper::Method::from_bytes(value.value.as_bytes()).is_err() {
        mistakes.add(
            Diagnostic::error(format!("`{}` is not one word", value.value.escape_debug()))
                .label(value.span.clone(), "")
                .help(
                    "list each header or method as a string of its own: `[\"content-type\", \"x-tenant\"]`",
                ),
        );
    }
}

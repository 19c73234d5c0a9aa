//! CORS settings: what the lists may hold, and origins that no `Origin` header can match.

use url::Url;

use super::super::checks;
use super::super::mistakes::Mistakes;
use super::super::written::{self, At};
use super::address::Names;
use crate::diagnostic::Diagnostic;
use crate::near;
use crate::plan::Cors;

/// What `Access-Control-Allow-Methods` says where a scenario does not: what the middlewares of
/// common frameworks allow.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// The settings, resolved.
pub(super) fn cors(cors: written::Cors, names: &Names, mistakes: &Mistakes) -> Cors {
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
        check_origin(origin, names, mistakes);
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
fn check_origin(origin: &At<String>, names: &Names, mistakes: &Mistakes) {
    if !checks::check_value(origin, "`allow_origins`", mistakes) {
        return;
    }
    if matches!(origin.value.as_str(), "*" | "null") {
        return;
    }
    let named = names.origins().iter().find(|named| named.name.value == origin.value);
    let meant = named.and_then(|named| named.url.as_ref().map(|url| url.value.clone()));
    let meant = meant.or_else(|| Url::parse(&origin.value).ok());
    let meant = meant.map(|url| url.origin().ascii_serialization());
    let is_wildcard = origin.value.contains('*');
    if is_wildcard || is_expression(&origin.value) {
        let note = match is_wildcard {
            true => "a `*` within an origin is no pattern: the whole header is compared, byte for byte",
            false => "a regular expression is no origin: the whole header is compared, byte for byte",
        };
        let warning = Diagnostic::warning(format!("no browser says `Origin: {}`", origin.value))
            .label(origin.span.clone(), "this lets nobody in")
            .note(note)
            .help("list each origin; a server that has patterns is a framework, in its own settings");
        mistakes.add(warning);
        return;
    }
    if meant.as_ref() == Some(&origin.value) {
        let declared = names.origins().iter().filter_map(|named| named.url.as_ref());
        let declared: Vec<String> = declared.map(|url| url.value.origin().ascii_serialization()).collect();
        let near =
            || declared.iter().find_map(|own| Some((own, near::origin::difference(&origin.value, own)?)));
        if !declared.contains(&origin.value)
            && let Some((own, how)) = near()
        {
            mistakes.add(
                Diagnostic::warning(format!("no page of this scenario is of `{}`", origin.value))
                    .label(origin.span.clone(), how)
                    .help(format!("did you mean `{own}`?")),
            );
        }
        return;
    }
    let diagnostic = Diagnostic::warning(format!("no browser says `Origin: {}`", origin.value))
        .label(origin.span.clone(), "this lets nobody in")
        .note("an Origin header is scheme, host and port, without a path and without a final `/`");
    mistakes.add(match meant {
        Some(meant) if meant != "null" => diagnostic.help(format!("write `{meant}`")),
        _ => diagnostic.help("write an origin such as `https://www.example.com`"),
    });
}

/// Whether it is written as a regular expression.
fn is_expression(origin: &str) -> bool {
    origin.contains(['\\', '^', '$', '(', '|']) || (origin.starts_with('/') && origin.len() > 1)
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

//! Origins with their services and CORS settings.

use url::Url;

use super::super::checks;
use super::super::mistakes::Mistakes;
use super::super::written::{self, At, Proxied};
use super::address::Names;
use super::{proxies, routes, upstreams};
use crate::diagnostic::Diagnostic;
use crate::plan::framework::{BackEnd, Framework, View};
use crate::plan::{Cors, Origin, Service};

/// What `Access-Control-Allow-Methods` says where a scenario does not: what the middlewares of
/// common frameworks allow.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// The origins, those whose URL is right.
pub(super) fn origins(origins: Vec<written::Origin>, names: &Names, mistakes: &Mistakes) -> Vec<Origin> {
    let urls: Vec<Option<Url>> =
        names.origins().iter().map(|named| named.url.as_ref().map(|url| url.value.clone())).collect();
    let proxies = proxies::written(&origins);
    let origins: Vec<Origin> = origins
        .into_iter()
        .zip(urls)
        .filter_map(|(mut origin, url)| {
            proxies::check(&origin, names, mistakes);
            upstreams::check(&origin, mistakes);
            let upstream = origin.upstream.take().and_then(|at| upstreams::upstream(at, mistakes));
            let name = origin.name.value.clone();
            let views: Vec<View> = origin.routes.iter().map(|route| route.view.clone()).collect();
            let routes = routes::routes(std::mem::take(&mut origin.routes), names, mistakes);
            if let (Some(cors), Some(framework)) = (&origin.cors, &origin.framework) {
                let of = framework.value.name();
                mistakes.add(
                    Diagnostic::error(format!("CORS of a back end of {of} stands in {of}'s own settings"))
                        .label(cors.span.clone(), "")
                        .label(framework.span.clone(), "these")
                        .help(cors_of(&framework.value)),
                );
            }
            let cors = origin.cors.map(|written| cors(written.value, names, mistakes));
            let url = url?;
            let certificate = origin.certificate.as_ref();
            if let Some(certificate) = certificate
                && url.scheme() == "http"
            {
                mistakes.add(
                    Diagnostic::warning(format!("`{name}` is http and shows no certificate"))
                        .label(certificate.span.clone(), "")
                        .help("leave `certificate` out, or make the URL https"),
                );
            }
            let service = match (upstream, origin.proxy, origin.framework) {
                (Some(upstream), _, _) => Service::Upstream(Box::new(upstream)),
                (None, Some(At { value: Proxied { proxy, .. }, .. }), _) => Service::Proxy(Box::new(proxy)),
                (None, None, Some(At { value: framework, .. })) => {
                    Service::BackEnd(Box::new(BackEnd { framework, routes, views }))
                }
                (None, None, None) if routes.is_empty() => Service::Page,
                (None, None, None) => Service::Routes(routes),
            };
            let certificate = certificate.map(|at| at.value).unwrap_or_default();
            Some(Origin { name, url, certificate, service, cors, edge: origin.edge.map(|at| at.value) })
        })
        .collect();
    proxies::refuse_circles(&origins, &proxies, mistakes);
    origins
}

/// Where a framework has its CORS settings.
const fn cors_of(framework: &Framework) -> &'static str {
    match framework {
        Framework::Django(_) => "write `CORS_ALLOWED_ORIGINS = [\"https://www.example.com\"]` there",
        Framework::Starlette(_) => {
            "write `CORSMiddleware = { allow_origins = [\"https://www.example.com\"] }` there"
        }
        Framework::Express(_) => "write `cors = { origin = \"https://www.example.com\" }` there",
        Framework::NextAuth(_) => "it has none: leave the table out",
    }
}

fn cors(cors: written::Cors, names: &Names, mistakes: &Mistakes) -> Cors {
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
    if meant.as_ref() == Some(&origin.value) {
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

//! Origins with their services and CORS settings.

use url::Url;

use super::super::mistakes::Mistakes;
use super::super::written::{self, At, Proxied};
use super::address::Names;
use super::{cors, proxies, routes, upstreams};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::framework::{BackEnd, Framework, View};
use crate::plan::trust::{self, Untrusting};
use crate::plan::{Origin, Service};

/// The origins, those whose URL is right.
pub(super) fn origins(origins: Vec<written::Origin>, names: &Names, mistakes: &Mistakes) -> Vec<Origin> {
    let urls: Vec<Option<Url>> =
        names.origins().iter().map(|named| named.url.as_ref().map(|url| url.value.clone())).collect();
    let proxies = proxies::written(&origins);
    let frameworks: Vec<(String, Span)> = origins
        .iter()
        .filter_map(|origin| Some((origin.name.value.clone(), origin.framework.as_ref()?.span.clone())))
        .collect();
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
            let cors = origin.cors.map(|written| cors::cors(written.value, names, mistakes));
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
    for (name, span) in frameworks {
        let Some(origin) = origins.iter().find(|origin| origin.name == name) else { continue };
        if let Some(trust) = trust::untrusting(origin, &origins) {
            mistakes.add(untrusting(&trust, span));
        }
    }
    origins
}

/// A back end that ends TLS itself here, and would go wrong behind an edge.
fn untrusting(trust: &Untrusting, span: Span) -> Diagnostic {
    let Untrusting { framework, effect, setting } = trust;
    Diagnostic::warning(format!("{framework} ends TLS itself here, and trusts no proxy that would end it before"))
        .label(span, "")
        .note(format!("behind an edge where TLS ends, {effect}"))
        .help(format!(
            "say what stands before it in production, such as `edge = \"fly\"` in the origin's table, and `{setting}`; \
             `edge = \"none\"` says that nothing does"
        ))
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

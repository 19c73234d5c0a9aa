//! Reverse proxies: what they pass on to exists, and leads somewhere in the end.

use super::super::mistakes::Mistakes;
use super::super::written;
use super::address::Names;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Origin, Service};

/// Checks the proxy of an origin, where it is one.
pub(super) fn check(origin: &written::Origin, names: &Names, mistakes: &Mistakes) {
    let Some(proxy) = &origin.proxy else { return };
    let name = proxy.value.proxy.name();
    let alone = |what: &str, span: &Span, mistakes: &Mistakes| {
        mistakes.add(
            Diagnostic::error(format!("{name} answers nothing itself, and has no {what} here"))
                .label(span.clone(), "")
                .label(proxy.span.clone(), "it passes everything on")
                .help("give it to an origin behind this one"),
        );
    };
    if let Some(at) = origin.routes.iter().find_map(|route| route.at.as_ref()) {
        alone("routes", &at.span, mistakes);
    }
    if let Some(cors) = &origin.cors {
        alone("CORS settings", &cors.span, mistakes);
    }
    if let Some(framework) = &origin.framework {
        alone("framework", &framework.span, mistakes);
    }
    for upstream in &proxy.value.upstreams {
        names.inside(upstream, mistakes);
    }
}

/// Each proxy with the place of its key.
pub(super) fn written(origins: &[written::Origin]) -> Vec<(String, Span)> {
    let keys =
        |origin: &written::Origin| Some((origin.name.value.clone(), origin.proxy.as_ref()?.span.clone()));
    origins.iter().filter_map(keys).collect()
}

/// Reports proxies that pass a request on to themselves in the end.
pub(super) fn refuse_circles(origins: &[Origin], written: &[(String, Span)], mistakes: &Mistakes) {
    for (name, span) in written {
        let Some(first) = origins.iter().position(|origin| origin.name == *name) else { continue };
        let (mut reached, mut open) = (Vec::new(), vec![first]);
        while let Some(index) = open.pop() {
            for next in behind(origins, index).filter(|next| !reached.contains(next)).collect::<Vec<_>>() {
                reached.push(next);
                open.push(next);
            }
        }
        if reached.contains(&first) {
            mistakes.add(
                Diagnostic::error(format!("what `{name}` passes on comes back to it"))
                    .label(span.clone(), "")
                    .help("pass it on to an origin that answers"),
            );
        }
    }
}

/// The origins that one passes requests on to.
fn behind(origins: &[Origin], index: usize) -> impl Iterator<Item = usize> + '_ {
    let upstreams = match &origins[index].service {
        Service::Proxy(proxy) => proxy.upstreams(),
        _ => Vec::new(),
    };
    upstreams
        .into_iter()
        .filter_map(move |url| origins.iter().position(|origin| origin.url.origin() == url.origin()))
}

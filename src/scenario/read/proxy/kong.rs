//! `[origins.NAME.kong]`: services and their routes, as in Kong's declarative configuration.

use super::super::super::written::At;
use super::super::fields::Fields;
use super::super::framework::finish;
use super::super::framework::value::{flag, texts};
use super::super::node::{Entry, Table};
use super::upstream;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::proxy::{Kong, KongRoute, KongService};

/// Parts of a configuration that Kong has, and that are not rehearsed here.
const REAL: [&str; 8] = [
    "_format_version",
    "_transform",
    "certificates",
    "consumers",
    "plugins",
    "routes",
    "upstreams",
    "vaults",
];

/// The same of a service.
const REAL_SERVICE: [&str; 13] = [
    "ca_certificates",
    "client_certificate",
    "connect_timeout",
    "enabled",
    "host",
    "path",
    "plugins",
    "port",
    "protocol",
    "read_timeout",
    "retries",
    "tags",
    "write_timeout",
];

/// The same of a route.
const REAL_ROUTE: [&str; 10] = [
    "destinations",
    "https_redirect_status_code",
    "path_handling",
    "plugins",
    "protocols",
    "regex_priority",
    "request_buffering",
    "response_buffering",
    "snis",
    "tags",
];

pub(super) fn read(table: Table<'_, '_>, span: Span, upstreams: &mut Vec<At<String>>) -> Kong {
    let mut fields = Fields::new(table, "`kong`");
    let trusted = fields.strings("trusted_ips").unwrap_or_default();
    let is_here = |address: &str| {
        address.starts_with("127.") || matches!(address, "0.0.0.0/0" | "::1" | "::1/128" | "::/0")
    };
    let services = fields.tables("services", "origins.NAME.kong.services");
    finish(&fields, "Kong", &REAL);
    if !table.contains_key("services") {
        table.report_missing(
            Diagnostic::error("this Kong has no `services`")
                .label(span, "")
                .help("say what it passes on: `services = [{ url = \"http://orders:3000\", routes = […] }]`"),
        );
    }
    let trusts = trusted.iter().any(|at| is_here(at.value.trim()));
    let services = services.into_iter().filter_map(|(table, span)| service(table, span, upstreams)).collect();
    Kong { trusts, services }
}

fn service(table: Table<'_, '_>, span: Span, upstreams: &mut Vec<At<String>>) -> Option<KongService> {
    let mut fields = Fields::new(table, "a service");
    fields.string("name");
    let url = fields.string("url");
    let routes = fields.tables("routes", "origins.NAME.kong.services.routes");
    finish(&fields, "a service of Kong", &REAL_SERVICE);
    let needs = [("url", "url = \"http://orders:3000\""), ("routes", "routes = [{ paths = [\"/orders\"] }]")];
    for (key, example) in needs.into_iter().filter(|(key, _)| !table.contains_key(key)) {
        table.report_missing(
            Diagnostic::error(format!("a service has no `{key}`"))
                .label(span.clone(), "")
                .help(format!("write `{example}`")),
        );
    }
    let routes = routes.into_iter().map(|(table, _)| route(table)).collect();
    let (upstream, base) = upstream("url", url?, upstreams, table.mistakes())?;
    Some(KongService { upstream, base: base.unwrap_or_else(|| "/".to_owned()), routes })
}

fn route(table: Table<'_, '_>) -> KongRoute {
    let mut fields = Fields::new(table, "a route of Kong");
    fields.string("name");
    let paths = fields.strings("paths").unwrap_or_default();
    for at in paths.iter().filter(|at| !at.value.starts_with('/')) {
        let diagnostic = if at.value.starts_with('~') {
            Diagnostic::error("a path by regular expression is not rehearsed here")
                .help("write the beginnings of the paths it is for")
        } else {
            Diagnostic::error(format!("the path `{}` does not begin with `/`", at.value))
                .help(format!("write `\"/{}\"`", at.value))
        };
        table.report(diagnostic.label(at.span.clone(), ""));
    }
    let headers = fields.table("headers").map(|(table, _)| {
        let read = |entry: &Entry<'_, '_>| {
            let values = entry.value.strings(&format!("header `{}`", entry.key))?;
            let values = values.into_iter().map(|at| at.value).collect();
            Some((entry.key.to_ascii_lowercase(), values))
        };
        table.entries().iter().filter_map(read).collect()
    });
    let route = KongRoute {
        paths: paths.into_iter().map(|at| at.value).collect(),
        methods: texts(&mut fields, "methods").unwrap_or_default(),
        hosts: texts(&mut fields, "hosts").unwrap_or_default(),
        headers: headers.unwrap_or_default(),
        strip_path: flag(&mut fields, "strip_path", true),
        preserve_host: flag(&mut fields, "preserve_host", false),
    };
    finish(&fields, "a route of Kong", &REAL_ROUTE);
    route
}

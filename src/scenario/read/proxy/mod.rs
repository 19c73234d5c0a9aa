//! A reverse proxy's settings by its own names: `[origins.NAME.nginx]`, `[origins.NAME.kong]`.
//!
//! As with frameworks, a setting that the proxy does not have is a mistake, and one that it has and that is
//! not rehearsed here is another. Whether the origins behind it exist is left to `resolve`.

use url::Url;

use super::super::mistakes::Mistakes;
use super::super::written::{At, Proxied};
use super::fields::Fields;
use crate::diagnostic::Diagnostic;
use crate::plan::proxy::Proxy;

mod kong;
mod nginx;
mod template;

/// The proxy of an origin, where it is one, with the place of its key.
pub(super) fn proxy(fields: &mut Fields<'_, '_>) -> Option<At<Proxied>> {
    let (nginx, kong) = (fields.entry("nginx"), fields.entry("kong"));
    if let (Some(nginx), Some(kong)) = (&nginx, &kong) {
        fields.report(
            Diagnostic::error("an origin is one proxy, and this one is two")
                .label(kong.key_span.clone(), "Kong")
                .label(nginx.key_span.clone(), "nginx")
                .help("give each an origin of its own: one can pass on to the other"),
        );
    }
    let mut upstreams = Vec::new();
    let (proxy, span) = if let Some(entry) = nginx {
        let table = entry.value.table("`nginx`")?;
        (Proxy::Nginx(nginx::read(table, entry.key_span.clone(), &mut upstreams)), entry.key_span)
    } else {
        let entry = kong?;
        let table = entry.value.table("`kong`")?;
        (Proxy::Kong(kong::read(table, entry.key_span.clone(), &mut upstreams)), entry.key_span)
    };
    Some(At { value: Proxied { proxy, upstreams }, span })
}

/// A URL that requests are passed on to, and what it says after the port; `None` there where it says nothing.
/// It is noted among the upstreams.
fn upstream(
    key: &str,
    at: At<String>,
    upstreams: &mut Vec<At<String>>,
    mistakes: &Mistakes,
) -> Option<(Url, Option<String>)> {
    let refuse = |message: String, help: &str| {
        mistakes.add(Diagnostic::error(message).label(at.span.clone(), "").help(help));
        None
    };
    let text = at.value.as_str();
    let example = "write the URL of an origin of this scenario, such as `http://orders:3000`";
    if text.contains('$') {
        return refuse(
            format!("`{key}` has a variable, which is not rehearsed here"),
            "write the URL it has in the end, and a location for each",
        );
    }
    let Some((_, rest)) = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))
    else {
        return refuse(format!("`{key}` has no URL of http: `{text}`"), example);
    };
    let whole = match Url::parse(text) {
        Ok(url) if url.host().is_some() => url,
        _ => return refuse(format!("`{text}` is not a URL"), example),
    };
    if whole.query().is_some() || whole.fragment().is_some() {
        return refuse(format!("`{text}` has more than a path"), "leave out the query");
    }
    let uri = rest.find('/').map(|slash| rest[slash..].to_owned());
    let mut url = whole;
    url.set_path("/");
    let value = url.origin().ascii_serialization();
    upstreams.push(At { value, span: at.span });
    Some((url, uri))
}

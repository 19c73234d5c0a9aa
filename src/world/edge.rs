//! What stands before a server: TLS ends there, and it says in headers what came before it.
//!
//! What an edge says is a table of facts in `plan::edge`; here it is put on a request. Nothing is taken away: what
//! the browser sent goes on.

use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::service::Call;
use crate::plan;

/// The address that requests come from: this machine's own.
pub(super) const CLIENT: &str = "127.0.0.1";

/// An edge, ready to pass requests on.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    ends_tls: bool,
    headers: Vec<(HeaderName, Value)>,
}

/// The value of a header.
#[derive(Clone, Debug)]
enum Value {
    /// It is the same for every request.
    Fixed(HeaderValue),
    /// It has placeholders.
    Template(String),
}

impl Edge {
    /// The edge of a plan, at an origin of this scheme. A header that cannot be sent is left out: it was reported
    /// where it was read.
    pub(super) fn new(edge: &plan::edge::Edge, url: &Url) -> Self {
        let (scheme, ssl) = (url.scheme(), if url.scheme() == "https" { "on" } else { "off" });
        let port = url.port_or_known_default().unwrap_or_default().to_string();
        let headers = edge.headers.iter().filter_map(|(name, value)| {
            let value = value.replace("{scheme}", scheme).replace("{ssl}", ssl).replace("{port}", &port);
            let value = value.replace("{client}", CLIENT);
            let is_fixed = !value.contains("{host}") && !value.contains("{forwarded_for}");
            let value = if is_fixed {
                Value::Fixed(HeaderValue::from_str(&value).ok()?)
            } else {
                Value::Template(value)
            };
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
        });
        Self { ends_tls: edge.ends_tls, headers: headers.collect() }
    }

    /// The names of the headers that it sets.
    pub(super) fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.headers.iter().map(|(name, _)| name)
    }

    /// Makes of a request what the server behind sees.
    pub(super) fn pass(&self, call: &mut Call) {
        let host = host(&call.parts.headers, &call.url);
        for (name, value) in &self.headers {
            let value = match value {
                Value::Fixed(value) => Some(value.clone()),
                Value::Template(template) if template == "{host}" => Some(host.clone()),
                Value::Template(template) => filled(template, &host, call.parts.headers.get(name))
                    .and_then(|text| text.try_into().ok()),
            };
            if let Some(value) = value {
                call.parts.headers.insert(name.clone(), value);
            }
        }
        if self.ends_tls {
            // It has a host, and both schemes are the web's own: this cannot fail.
            _ = call.url.set_scheme("http");
        }
    }
}

/// The Host that was asked for. Over HTTP/2 it stands in no header.
pub(super) fn host(headers: &HeaderMap, url: &Url) -> HeaderValue {
    let authority = || {
        let host = url.host_str().unwrap_or_default();
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        HeaderValue::from_str(&authority).unwrap_or(HeaderValue::from_static(""))
    };
    headers.get(HOST).cloned().unwrap_or_else(authority)
}

/// A value with its placeholders filled in; `came` is what the browser sent under this name.
fn filled(template: &str, host: &HeaderValue, came: Option<&HeaderValue>) -> Option<String> {
    let value = template.replace("{host}", host.to_str().ok()?);
    let before = came.and_then(|came| came.to_str().ok());
    let list = before.map_or_else(|| CLIENT.to_owned(), |before| format!("{before}, {CLIENT}"));
    Some(value.replace("{forwarded_for}", &list))
}

//! A scenario with everything resolved: what the world, the browsers and the verdict work from.
//!
//! Names have become origins, defaults are filled in, and every URL is whole; nothing later asks
//! "was it written?". A plan is plain data. It never reads a file, opens a socket or knows how a
//! scenario is spelt; where a later message has to point at the scenario, it carries the span.

use std::net::IpAddr;
use std::sync::Arc;

pub mod edge;
pub mod embed;
mod expect;
pub mod framework;
pub mod options;
pub mod placeholder;
pub mod proxy;
mod route;
mod step;
pub mod trust;
pub mod upstream;

use url::Url;

use crate::diagnostic::Source;
pub use crate::rules::context::Credentials;
pub use crate::rules::cookie::SameSite;
use edge::Edge;
pub use embed::{Element, EventSource, Sandboxed, Shared};
pub use expect::{Absent, Claim, Expect, HeaderClaim, Readable, Sent, Stored};
use framework::BackEnd;
pub use options::{Cache, FetchOptions, Redirect};
use proxy::Proxy;
pub use route::{
    Body, Cors, JWT, Otherwise, RequireJwt, RequiredCookie, RequiredHeader, Route, SignJwt, WantedValue,
};
pub use step::{Action, Fetch, Form, Step, Xhr};
use upstream::Upstream;

/// One scenario, resolved.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The file the scenario was read from, for messages that point into it.
    pub source: Arc<Source>,
    /// What the scenario shows, in the words of its author.
    pub title: String,
    /// The ids of the claims it covers.
    pub covers: Vec<String>,
    /// Words to choose it by: `run --tag`.
    pub tags: Vec<String>,
    /// The names that exist beside those of the origins, which always exist.
    pub records: Vec<Record>,
    /// The origins of the world, in the order of the file. No two share scheme, host and port.
    pub origins: Vec<Origin>,
    /// What a browser is made to do, in order. Never empty.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Whether the browser is started again in it: then it needs a browser of its own, with a profile.
    pub fn needs_restart(&self) -> bool {
        self.steps.iter().any(|step| step.action == Action::Restart)
    }

    /// Whether a real server answers at one of its origins: it must be asked once and never for a prediction, for
    /// it remembers what it was asked.
    pub fn has_real_server(&self) -> bool {
        self.origins.iter().any(|origin| origin.upstream().is_some())
    }
}

/// One DNS record declared beside the origins' own addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Lower-case ASCII, without a final dot; may begin with `*.`.
    pub name: String,
    /// What the name answers with.
    pub data: RecordData,
}

/// What a declared name answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    /// An alias of another name, lower-case ASCII without a final dot.
    Cname(String),
    /// A loopback address, for A or AAAA by its family.
    Address(IpAddr),
}

/// One origin of the world: scheme, host, port, and what answers there.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The scenario's own name for it, as in `api:/path`.
    pub name: String,
    /// The origin as a URL: scheme, host and port, path `/`. Scheme is `http` or `https`.
    pub url: Url,
    /// The certificate it shows; meaningless for `http`.
    pub certificate: Certificate,
    /// What answers the requests.
    pub service: Service,
    /// The CORS settings a server would have. `None` sends no CORS header at all.
    pub cors: Option<Cors>,
    /// What stands before whatever answers. `None` is nothing, and before a real server the plain one.
    pub edge: Option<Edge>,
}

impl Origin {
    /// The real server behind it, where there is one.
    pub fn upstream(&self) -> Option<&Upstream> {
        self.service.upstream()
    }

    /// The host as URLs spell it: a lower-case ASCII name, or an address (IPv6 in brackets).
    pub fn host(&self) -> &str {
        self.url.host_str().expect("an origin's URL always has a host")
    }

    /// The port, the scheme's default filled in.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().expect("http and https have default ports")
    }

    /// Whether the origin is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

/// The certificate an `https` origin shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// Signed by the world's CA, for this name, in date.
    #[default]
    Good,
    /// Signed by the world's CA, for this name, out of date.
    Expired,
    /// Signed by the world's CA, for another name.
    WrongHost,
    /// Signed by nobody but itself.
    SelfSigned,
}

/// What answers at an origin.
#[derive(Clone, Debug)]
pub enum Service {
    /// The built-in page, at every path.
    Page,
    /// Declared routes; any other path is a 404 that the report names.
    Routes(Vec<Route>),
    /// A framework's back end with declared routes.
    BackEnd(Box<BackEnd>),
    /// A reverse proxy, which passes requests on to other origins.
    Proxy(Box<Proxy>),
    /// A real server, which is asked whatever the origin is asked.
    Upstream(Box<Upstream>),
}

impl Service {
    /// The real server.
    pub fn upstream(&self) -> Option<&Upstream> {
        match self {
            Self::Upstream(upstream) => Some(upstream),
            Self::Page | Self::Routes(_) | Self::BackEnd(_) | Self::Proxy(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn upstream_mut(&mut self) -> Option<&mut Upstream> {
        match self {
            Self::Upstream(upstream) => Some(upstream),
            Self::Page | Self::Routes(_) | Self::BackEnd(_) | Self::Proxy(_) => None,
        }
    }

    /// The declared routes; the built-in page has none, nor has a proxy or a real server.
    pub fn routes(&self) -> &[Route] {
        match self {
            Self::Page | Self::Proxy(_) | Self::Upstream(_) => &[],
            Self::Routes(routes) => routes,
            Self::BackEnd(back_end) => &back_end.routes,
        }
    }

    /// The same, to be changed.
    pub fn routes_mut(&mut self) -> &mut [Route] {
        match self {
            Self::Page | Self::Proxy(_) | Self::Upstream(_) => &mut [],
            Self::Routes(routes) => routes,
            Self::BackEnd(back_end) => &mut back_end.routes,
        }
    }

    /// The name of the framework whose settings answer here.
    pub fn framework(&self) -> Option<&'static str> {
        match self {
            Self::BackEnd(back_end) => Some(back_end.framework.name()),
            Self::Page | Self::Routes(_) | Self::Proxy(_) | Self::Upstream(_) => None,
        }
    }
}

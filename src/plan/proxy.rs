//! Reverse proxies, in their own settings: what nginx's locations and Kong's routes say.
//!
//! A proxy is an origin that answers nothing itself: it passes a request on to another origin of the
//! scenario, and that one's answer back. The browser sees the proxy's scheme, host and paths alone; the
//! server behind sees what it is told of them in headers. Inheritance is resolved and defaults are filled in
//! here; what the settings do stands in `world::proxy`.
//!
//! nginx is 1.22 (`ngx_http_proxy_module`), recorded in `tests/frameworks` and replayed in
//! `tests/it/world/proxies.rs`; Kong is 3.x, after its source (`kong/runloop/handler.lua` and
//! `kong/router/utils.lua`).

use url::Url;

/// A reverse proxy and its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// nginx: the locations of one server.
    Nginx(Vec<Location>),
    /// Kong: the routes of its services.
    Kong(Kong),
}

impl Proxy {
    /// The name its people know it by.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Nginx(_) => "nginx",
            Self::Kong(_) => "Kong",
        }
    }

    /// Where a request for a path is passed on to. Of Kong's routes the first that the path allows is taken,
    /// for what else they ask for is not known here.
    pub fn upstream(&self, path: &str) -> Option<&Url> {
        match self {
            Self::Nginx(locations) => Location::chosen(locations, path).map(|location| &location.upstream),
            Self::Kong(kong) => {
                let begins = |route: &KongRoute| {
                    route.paths.is_empty() || route.paths.iter().any(|known| path.starts_with(known.as_str()))
                };
                let mut services = kong.services.iter();
                services.find(|service| service.routes.iter().any(begins)).map(|service| &service.upstream)
            }
        }
    }

    /// Where requests are passed on to.
    pub fn upstreams(&self) -> Vec<&Url> {
        match self {
            Self::Nginx(locations) => locations.iter().map(|location| &location.upstream).collect(),
            Self::Kong(kong) => kong.services.iter().map(|service| &service.upstream).collect(),
        }
    }

    /// The same, to be changed.
    pub fn upstreams_mut(&mut self) -> Vec<&mut Url> {
        match self {
            Self::Nginx(locations) => locations.iter_mut().map(|location| &mut location.upstream).collect(),
            Self::Kong(kong) => kong.services.iter_mut().map(|service| &mut service.upstream).collect(),
        }
    }
}

/// `location PATH { … }`, with what it inherits from its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The paths it is for.
    pub path: LocationPath,
    /// Scheme, host and port of `proxy_pass`.
    pub upstream: Url,
    /// What `proxy_pass` says after the port: it takes the place of the location's path. Without it, the path
    /// goes on as it came.
    pub uri: Option<String>,
    /// `proxy_http_version 1.1`: by default it is 1.0, which cannot upgrade to a WebSocket.
    pub http_1_1: bool,
    /// `proxy_set_header`, with the defaults for `Host` and `Connection`: an empty value sends none.
    pub set_header: Vec<(String, Template)>,
    /// `proxy_hide_header`, in lower case.
    pub hide_header: Vec<String>,
    /// `proxy_redirect`: what a `Location` begins with, and what stands there in its place. The first that
    /// fits does.
    pub redirect: Vec<(Template, Template)>,
    /// `proxy_cookie_path`: what a `Path` begins with, and what stands there in its place.
    pub cookie_path: Vec<(Template, Template)>,
    /// `proxy_cookie_domain`: a `Domain`, and what takes its place; neither with a leading dot.
    pub cookie_domain: Vec<(Template, Template)>,
    /// `proxy_cookie_flags`.
    pub cookie_flags: Vec<CookieFlags>,
    /// `add_header`.
    pub add_header: Vec<AddHeader>,
}

impl Location {
    /// The location for a decoded path: the one that is exactly it, or the longest beginning of it.
    pub fn chosen<'l>(locations: &'l [Self], path: &str) -> Option<&'l Self> {
        let begins = |location: &&Self| match &location.path {
            LocationPath::Prefix(prefix) => path.starts_with(prefix.as_str()),
            LocationPath::Exact(_) => false,
        };
        let longest = || locations.iter().filter(begins).max_by_key(|location| location.path.text().len());
        locations.iter().find(|location| location.is_exactly(path)).or_else(longest)
    }

    /// Whether it is for this path and no other.
    pub fn is_exactly(&self, path: &str) -> bool {
        matches!(&self.path, LocationPath::Exact(exact) if exact == path)
    }
}

/// The paths of a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocationPath {
    /// `location = /path`: this one.
    Exact(String),
    /// `location /path` or `location ^~ /path`: all that begin so. Of several the longest is taken.
    Prefix(String),
}

impl LocationPath {
    /// The path as written.
    pub fn text(&self) -> &str {
        match self {
            Self::Exact(path) | Self::Prefix(path) => path,
        }
    }
}

/// `proxy_cookie_flags COOKIE FLAG …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieFlags {
    /// The cookie's name; `None` is `~`, every cookie.
    pub cookie: Option<String>,
    /// `secure` or `nosecure`.
    pub secure: Option<bool>,
    /// `httponly` or `nohttponly`.
    pub httponly: Option<bool>,
    /// `samesite=…`, or `nosamesite`.
    pub samesite: Option<Option<&'static str>>,
}

/// `add_header NAME VALUE [always]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddHeader {
    /// The header's name, as written.
    pub name: String,
    /// Its value; an empty one adds nothing.
    pub value: Template,
    /// Whether errors get it too.
    pub always: bool,
}

/// A value with variables in it: `$scheme://$host`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(pub Vec<Piece>);

impl Template {
    /// A value without variables.
    pub fn text(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }
}

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text, as it stands.
    Text(String),
    /// A variable.
    Variable(Variable),
}

/// A variable of nginx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// `$host`: the host that was asked for, without its port.
    Host,
    /// `$http_NAME`: a header of the request, by its lower-case name.
    Header(String),
    /// `$cookie_NAME`: a cookie of the request.
    Cookie(String),
    /// `$scheme`.
    Scheme,
    /// `$https`: `on`, or nothing.
    Https,
    /// `$server_port`.
    ServerPort,
    /// `$remote_addr`: whoever asks comes from this machine.
    RemoteAddr,
    /// `$proxy_add_x_forwarded_for`.
    AddForwardedFor,
    /// `$proxy_host`: host of `proxy_pass`, and its port where that is not the scheme's own.
    ProxyHost,
    /// `$proxy_port`.
    ProxyPort,
    /// `$request_method`.
    RequestMethod,
    /// `$request_uri`: path and query, as they were asked for.
    RequestUri,
    /// `$uri`: the path, decoded.
    Uri,
    /// `$args`: the query.
    Args,
    /// `$is_args`: `?` where there is a query.
    IsArgs,
    /// `$connection_upgrade`, as the `map` of nginx's own documentation makes it: `upgrade` where an upgrade is asked
    /// for, and else `close`.
    ConnectionUpgrade,
}

impl Variable {
    /// The variables that have one name, beside `$http_NAME` and `$cookie_NAME`.
    pub const NAMED: [(&'static str, Self); 16] = [
        ("host", Self::Host),
        ("scheme", Self::Scheme),
        ("https", Self::Https),
        ("server_port", Self::ServerPort),
        ("remote_addr", Self::RemoteAddr),
        ("proxy_add_x_forwarded_for", Self::AddForwardedFor),
        ("proxy_host", Self::ProxyHost),
        ("proxy_port", Self::ProxyPort),
        ("request_method", Self::RequestMethod),
        ("request_uri", Self::RequestUri),
        ("uri", Self::Uri),
        ("args", Self::Args),
        ("query_string", Self::Args),
        ("is_args", Self::IsArgs),
        ("server_name", Self::Host),
        ("connection_upgrade", Self::ConnectionUpgrade),
    ];

    /// The variable with this name, without the `$`.
    pub fn named(name: &str) -> Option<Self> {
        let known = Self::NAMED.into_iter().find(|(known, _)| *known == name).map(|(_, variable)| variable);
        known.or_else(|| {
            let header = name.strip_prefix("http_").filter(|rest| !rest.is_empty());
            let cookie = name.strip_prefix("cookie_").filter(|rest| !rest.is_empty());
            header
                .map(|header| Self::Header(header.to_ascii_lowercase().replace('_', "-")))
                .or(cookie.map(|cookie| Self::Cookie(cookie.to_owned())))
        })
    }

    /// Its name, without the `$`.
    pub fn name(&self) -> String {
        match self {
            Self::Header(name) => format!("http_{}", name.replace('-', "_")),
            Self::Cookie(name) => format!("cookie_{name}"),
            other => {
                let known = Self::NAMED.iter().find(|(_, variable)| variable == other);
                known.map(|(name, _)| (*name).to_owned()).unwrap_or_default()
            }
        }
    }
}

/// Kong's declarative configuration, and of `kong.conf` what matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kong {
    /// Whether `trusted_ips` has this machine, so that `X-Forwarded-*` of whoever asks are kept.
    pub trusts: bool,
    /// `services`.
    pub services: Vec<KongService>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KongService {
    /// Scheme, host and port of its `url`.
    pub upstream: Url,
    /// The path of its `url`: it comes before whatever is asked for.
    pub base: String,
    /// `routes`.
    pub routes: Vec<KongRoute>,
}

/// A route of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KongRoute {
    /// `paths`: one has to be the beginning of the path. None is any.
    pub paths: Vec<String>,
    /// `methods`: one has to be the request's. None is any.
    pub methods: Vec<String>,
    /// `hosts`: one has to be the host asked for. None is any.
    pub hosts: Vec<String>,
    /// `headers`: lower-case name and values; each has to be there, with one of the values.
    pub headers: Vec<(String, Vec<String>)>,
    /// `strip_path`: whether the part of the path that matched is taken off.
    pub strip_path: bool,
    /// `preserve_host`: whether the service is asked by the name the browser used.
    pub preserve_host: bool,
}

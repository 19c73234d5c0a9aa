//! Origins and sites, and how two of them relate.
//!
//! An origin is scheme, host and port. A site is scheme and registrable domain, or scheme and host
//! where there is no registrable domain: addresses, `localhost`, public suffixes themselves.
//! Nothing here parses a URL beyond splitting one that a URL parser has already written.

use super::domain::{PublicSuffixes, canonical_host, is_loopback, registrable_domain};

/// The scheme of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
    /// `ws`, to cookies and sites the same as `http`
    Ws,
    /// `wss`, to cookies and sites the same as `https`
    Wss,
    /// None of these: an opaque origin, as sandboxed frames and `data:` URLs have. It is same-origin
    /// and same-site with nothing.
    Opaque,
}

impl Scheme {
    /// The scheme of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Http, Self::Https, Self::Ws, Self::Wss]
            .into_iter()
            .find(|scheme| scheme.name().eq_ignore_ascii_case(name))
    }

    /// The scheme's name as a URL has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Ws => "ws",
            Self::Wss => "wss",
            Self::Opaque => "opaque",
        }
    }

    /// The port that a URL of this scheme means when it names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Https | Self::Wss => 443,
            _ => 80,
        }
    }

    /// Whether the connection is encrypted.
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::Https | Self::Wss)
    }

    /// The scheme a site has: that of web pages, for web sockets too.
    const fn of_site(self) -> Self {
        match self {
            Self::Ws => Self::Http,
            Self::Wss => Self::Https,
            other => other,
        }
    }
}

/// A scheme, a canonical host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host, canonical: lower case, IPv6 in brackets. Empty for an opaque origin.
    pub host: String,
    /// The port, the scheme's own where the URL names none.
    pub port: u16,
}

impl Origin {
    /// An origin of a scheme, a host as a URL parser writes it, and a port. `None` where the host
    /// has no canonical form.
    pub fn new(scheme: Scheme, host: &str, port: u16) -> Option<Self> {
        Some(Self { scheme, host: canonical_host(host)?.into_owned(), port })
    }

    /// An opaque origin.
    pub const fn opaque() -> Self {
        Self { scheme: Scheme::Opaque, host: String::new(), port: 0 }
    }

    /// Whether this origin is opaque.
    pub fn is_opaque(&self) -> bool {
        self.scheme == Scheme::Opaque
    }

    /// Whether the two are the same origin. An opaque one is not even its own.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        !self.is_opaque() && self == other
    }

    /// How the two relate. The scheme is part of the site when `schemeful`.
    pub fn relation(&self, other: &Self, suffixes: &dyn PublicSuffixes, schemeful: bool) -> Relation {
        if self.is_same_origin(other) {
            Relation::SameOrigin
        } else if SiteRef::of(self, suffixes).is_same_site(SiteRef::of(other, suffixes), schemeful) {
            Relation::SameSite
        } else {
            Relation::CrossSite
        }
    }

    /// Whether a page here is a secure context by its address alone: encrypted, or this machine.
    pub fn is_potentially_trustworthy(&self) -> bool {
        self.scheme.is_encrypted() || (!self.is_opaque() && is_loopback(&self.host))
    }
}

impl std::fmt::Display for Origin {
    /// The serialization that `Origin` headers carry: `null` for an opaque origin, no default port.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_opaque() {
            return f.write_str("null");
        }
        write!(f, "{}://{}", self.scheme.name(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// How two origins relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Scheme, host and port agree.
    SameOrigin,
    /// The sites agree, the origins do not.
    SameSite,
    /// Neither.
    CrossSite,
}

impl Relation {
    /// Every relation, the closest first.
    pub const ALL: [Self; 3] = [Self::SameOrigin, Self::SameSite, Self::CrossSite];

    /// The word of the trade, as `Sec-Fetch-Site` and scenario files spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameOrigin => "same-origin",
            Self::SameSite => "same-site",
            Self::CrossSite => "cross-site",
        }
    }
}

impl std::fmt::Display for Relation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A scheme and a registrable domain, or a host where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// The scheme, never that of a web socket.
    pub scheme: Scheme,
    /// The registrable domain, or the host. Empty for an opaque site.
    pub domain: String,
}

impl Site {
    /// The site of an origin.
    pub fn of(origin: &Origin, suffixes: &dyn PublicSuffixes) -> Self {
        SiteRef::of(origin, suffixes).to_site()
    }

    /// Whether the two are the same site. The scheme counts when `schemeful`.
    pub fn is_same_site(&self, other: &Self, schemeful: bool) -> bool {
        self.borrow().is_same_site(other.borrow(), schemeful)
    }

    fn borrow(&self) -> SiteRef<'_> {
        SiteRef { scheme: self.scheme, domain: &self.domain }
    }
}

/// A site that borrows its domain: comparing sites on every decision allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SiteRef<'o> {
    pub(crate) scheme: Scheme,
    pub(crate) domain: &'o str,
}

impl<'o> SiteRef<'o> {
    pub(crate) fn of(origin: &'o Origin, suffixes: &dyn PublicSuffixes) -> Self {
        Self { scheme: origin.scheme.of_site(), domain: site_domain(suffixes, &origin.host) }
    }

    pub(crate) fn is_same_site(self, other: SiteRef<'_>, schemeful: bool) -> bool {
        self.scheme != Scheme::Opaque
            && other.scheme != Scheme::Opaque
            && self.domain == other.domain
            && (!schemeful || self.scheme == other.scheme)
    }

    pub(crate) fn to_site(self) -> Site {
        Site { scheme: self.scheme, domain: self.domain.to_owned() }
    }
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.scheme {
            Scheme::Opaque => f.write_str("null"),
            scheme => write!(f, "{}://{}", scheme.name(), self.domain),
        }
    }
}

/// The domain of a host's site: its registrable domain, or itself where it has none.
pub(crate) fn site_domain<'h>(suffixes: &dyn PublicSuffixes, host: &'h str) -> &'h str {
    registrable_domain(suffixes, host).unwrap_or(host)
}

/// The parts of a URL that rules look at: its origin and its path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// Scheme, host and port.
    pub origin: Origin,
    /// The path as it stands in the URL, with its escapes, without query and fragment; it begins
    /// with a slash.
    pub path: String,
}

impl Location {
    /// A location of an origin and a path without query and fragment.
    pub fn new(origin: Origin, path: impl Into<String>) -> Self {
        Self { origin, path: path.into() }
    }

    /// Splits a URL that a URL parser has written. `None` for another scheme than those of
    /// [`Scheme`], or a host or port that cannot be one. User information is dropped.
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = Scheme::from_name(scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (authority, ""),
        };
        let port = if port.is_empty() { scheme.default_port() } else { port.parse().ok()? };
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path };
        Some(Self::new(Origin::new(scheme, host, port)?, path))
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::domain::Suffix;

    fn last_label(host: &str) -> Suffix<'_> {
        Suffix { name: host.rsplit('.').next().unwrap_or(host), listed: true }
    }

    fn origin(url: &str) -> Origin {
        Location::parse(url).expect("a URL of a test").origin
    }

    fn relation(one: &str, other: &str, schemeful: bool) -> Relation {
        origin(one).relation(&origin(other), &last_label, schemeful)
    }

    #[test]
    fn ports_separate_origins_and_not_sites() {
        assert_eq!(relation("https://a.com", "https://a.com:443/x", true), Relation::SameOrigin);
        assert_eq!(relation("https://a.com", "https://a.com:8008", true), Relation::SameSite);
        assert_eq!(relation("https://app.a.com", "https://api.a.com", true), Relation::SameSite);
        assert_eq!(relation("https://a.com", "https://b.com", true), Relation::CrossSite);
    }

    #[test]
    fn schemes_separate_sites_when_schemeful() {
        assert_eq!(relation("http://a.com", "https://a.com", true), Relation::CrossSite);
        assert_eq!(relation("http://a.com", "https://a.com", false), Relation::SameSite);
        assert_eq!(relation("https://a.com", "wss://a.com", true), Relation::SameSite);
    }

    #[test]
    fn addresses_and_localhost_are_their_own_sites() {
        assert_eq!(relation("http://localhost:3000", "http://localhost:8000", true), Relation::SameSite);
        assert_eq!(relation("http://localhost", "http://127.0.0.1", true), Relation::CrossSite);
        assert_eq!(relation("http://127.0.0.1", "http://127.0.0.2", true), Relation::CrossSite);
        assert_eq!(relation("http://[::1]:1", "http://[::1]:2", true), Relation::SameSite);
    }

    #[test]
    fn an_opaque_origin_is_the_same_as_nothing() {
        let opaque = Origin::opaque();
        assert_eq!(opaque.relation(&opaque, &last_label, false), Relation::CrossSite);
        assert_eq!(opaque.to_string(), "null");
    }

    #[test]
    fn locations_split_and_print() {
        let location = Location::parse("https://user@API.a.com:8443/x/y?q#f").expect("a URL");
        assert_eq!(location.to_string(), "https://api.a.com:8443/x/y");
        assert_eq!(Location::parse("http://[::1]:3000").expect("a URL").to_string(), "http://[::1]:3000/");
        assert_eq!(Location::parse("http://[::1]").expect("a URL").origin.port, 80);
        for url in ["", "a.com", "ftp://a.com", "http://", "http://a:99999/", "http://a b/", "http:///x"] {
            assert_eq!(Location::parse(url), None, "{url}");
        }
    }
}

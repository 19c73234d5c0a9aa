//! How two URLs relate: same-origin, same-site, cross-site.
//!
//! Sites are schemeful, as RFC 6265bis (section 5.2) and HTML define them: scheme and registrable
//! domain. What single engines make of the scheme is not said here.

use std::fmt;

use url::{Host, Url};

use crate::suffixes::{registrable_domain, suffixes};

/// How one URL relates to another. It is symmetrical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Scheme, host and port are the same.
    SameOrigin,
    /// Not same-origin; scheme and registrable domain are the same.
    SameSite,
    /// Scheme or registrable domain differ.
    CrossSite,
}

impl Relation {
    /// Every relation, the closest first.
    pub const ALL: [Self; 3] = [Self::SameOrigin, Self::SameSite, Self::CrossSite];

    /// The relation of two URLs.
    pub fn of(a: &Url, b: &Url) -> Self {
        if a.origin() == b.origin() {
            Self::SameOrigin
        } else if Site::of(a) == Site::of(b) {
            Self::SameSite
        } else {
            Self::CrossSite
        }
    }

    /// The word scenario files use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameOrigin => "same-origin",
            Self::SameSite => "same-site",
            Self::CrossSite => "cross-site",
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A site: scheme and registrable domain, or scheme and host where there is no such domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The scheme.
    pub scheme: String,
    /// The registrable domain, or the whole host.
    pub domain: String,
    /// Why the host has no registrable domain, where it has none.
    pub whole_host: Option<WholeHost>,
}

/// Why a host is a site by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WholeHost {
    /// It is an address.
    Address,
    /// It is a public suffix, or a name of one label.
    Suffix,
}

impl Site {
    /// The site of a URL. A URL without a host is a site of its own scheme.
    pub fn of(url: &Url) -> Self {
        let scheme = url.scheme().to_owned();
        let host = url.host_str().unwrap_or_default().to_owned();
        if !matches!(url.host(), Some(Host::Domain(_))) {
            return Self { scheme, domain: host, whole_host: Some(WholeHost::Address) };
        }
        match registrable_domain(&host) {
            Some(domain) => Self { scheme, domain: domain.to_owned(), whole_host: None },
            None => Self { scheme, domain: host, whole_host: Some(WholeHost::Suffix) },
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.domain)
    }
}

/// Why two URLs relate as they do: whole sentences without a final full stop.
pub fn explain(a: &Url, b: &Url) -> Vec<String> {
    let (site_a, site_b) = (Site::of(a), Site::of(b));
    match Relation::of(a, b) {
        Relation::SameOrigin => vec!["scheme, host and port are the same".to_owned()],
        Relation::SameSite => {
            let differs = if a.host_str() == b.host_str() { "port" } else { "host" };
            vec![format!("both belong to the site {site_a}; they are two origins, for the {differs} differs")]
        }
        Relation::CrossSite => {
            let mut why = if site_a.domain == site_b.domain {
                vec![format!(
                    "the scheme is part of a site: {site_a} and {site_b} are two sites, though the domain is the same"
                )]
            } else {
                vec![format!("they belong to two sites, {site_a} and {site_b}")]
            };
            for (url, site) in [(a, &site_a), (b, &site_b)] {
                let host = url.host_str().unwrap_or_default();
                let fact = match site.whole_host {
                    Some(WholeHost::Address) => format!("{host} is an address, and so a site by itself"),
                    Some(WholeHost::Suffix) if host.contains('.') => {
                        format!("{host} is itself a public suffix, and so a site by itself")
                    }
                    Some(WholeHost::Suffix) => format!("{host} is a single label, and so a site by itself"),
                    None => match suffixes(host).name {
                        suffix if suffix.contains('.') => format!(
                            "{suffix} is a public suffix: strangers register names under it, and each is a site"
                        ),
                        _ => continue,
                    },
                };
                if !why.contains(&fact) {
                    why.push(fact);
                }
            }
            why
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_follow_scheme_registrable_domain_and_port() {
        for (a, b, expected) in [
            ("https://a.example.com/x", "https://a.example.com:443/y", "same-origin"),
            ("https://a.example.com", "https://b.example.com", "same-site"),
            ("https://a.example.com", "https://a.example.com:8443", "same-site"),
            ("http://a.example.com", "https://a.example.com", "cross-site"),
            ("https://a.vercel.app", "https://b.vercel.app", "cross-site"),
            ("https://vercel.app", "https://a.vercel.app", "cross-site"),
            ("http://localhost:3000", "http://localhost:8000", "same-site"),
            ("http://a.localhost", "http://b.localhost", "cross-site"),
            ("http://127.0.0.1", "http://10.0.0.1", "cross-site"),
            ("http://127.0.0.1:1", "http://127.0.0.1:2", "same-site"),
            ("http://[::1]:1", "http://[::1]:2", "same-site"),
            ("https://a.co.uk", "https://b.co.uk", "cross-site"),
        ] {
            let url = |text: &str| Url::parse(text).expect("the test gives URLs");
            assert_eq!(Relation::of(&url(a), &url(b)).as_str(), expected, "{a} {b}");
            assert_eq!(Relation::of(&url(b), &url(a)).as_str(), expected, "{b} {a}");
            assert!(!explain(&url(a), &url(b)).is_empty());
        }
    }
}

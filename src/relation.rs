//! Why two URLs are same-origin, same-site or cross-site, in sentences.
//!
//! How they relate, the rules say. Sites are schemeful here, as RFC 6265bis (section 5.2) and HTML define them; what
//! single engines make of the scheme is not said.

use url::{Host, Url};

pub use crate::rules::site::Relation;
use crate::rules::site::{Location, Site};
use crate::suffixes::{Names, registrable_domain, suffixes};

/// The relation of two URLs. It is symmetrical.
pub fn of(a: &Url, b: &Url) -> Relation {
    match (Location::parse(a.as_str()), Location::parse(b.as_str())) {
        (Some(a), Some(b)) => a.origin.relation(&b.origin, &Names, true),
        _ => Relation::CrossSite,
    }
}

/// The site of a URL. `None` where it is of no scheme that has one.
pub fn site(url: &Url) -> Option<Site> {
    Location::parse(url.as_str()).map(|location| Site::of(&location.origin, &Names))
}

/// Why two URLs relate as they do: whole sentences without a final full stop.
pub fn explain(a: &Url, b: &Url) -> Vec<String> {
    let (Some(site_a), Some(site_b)) = (site(a), site(b)) else {
        return vec!["one of the two is of a scheme that has no sites".to_owned()];
    };
    match of(a, b) {
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
            for url in [a, b] {
                let host = url.host_str().unwrap_or_default();
                let fact = match (url.host(), registrable_domain(host)) {
                    (Some(Host::Domain(_)), Some(_)) => match suffixes(host).name {
                        suffix if suffix.contains('.') => format!(
                            "{suffix} is a public suffix: strangers register names under it, and each is a site"
                        ),
                        _ => continue,
                    },
                    (Some(Host::Domain(_)), None) if host.contains('.') => {
                        format!("{host} is itself a public suffix, and so a site by itself")
                    }
                    (Some(Host::Domain(_)), None) => {
                        format!("{host} is a single label, and so a site by itself")
                    }
                    _ => format!("{host} is an address, and so a site by itself"),
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
            assert_eq!(of(&url(a), &url(b)).as_str(), expected, "{a} {b}");
            assert_eq!(of(&url(b), &url(a)).as_str(), expected, "{b} {a}");
            assert!(!explain(&url(a), &url(b)).is_empty());
        }
    }
}

//! The public suffix list and the mapping of names of other scripts, as the rules take them.
//!
//! The one place that knows which crates have them. It knows names alone, and decides nothing.

use crate::rules::domain::{self, PublicSuffixes, Suffix};

/// What the rules are told of host names.
#[derive(Clone, Copy, Debug)]
pub struct Names;

impl PublicSuffixes for Names {
    fn suffix<'h>(&self, host: &'h str) -> Suffix<'h> {
        suffixes(host)
    }

    fn to_ascii(&self, name: &str) -> Option<String> {
        to_ascii(name)
    }
}

/// A name as DNS has it: UTS 46, as URLs are read.
pub fn to_ascii(name: &str) -> Option<String> {
    idna::domain_to_ascii(name).ok()
}

/// The public suffix that a canonical host ends in, and whether the list has it by name.
pub fn suffixes(host: &str) -> Suffix<'_> {
    // Only the empty host of an opaque origin has none.
    let Some(suffix) = psl::suffix(host.as_bytes()) else { return Suffix { name: host, listed: false } };
    let name = &host[host.len() - suffix.as_bytes().len()..];
    Suffix { name, listed: suffix.is_known() }
}

/// The registrable domain of a canonical host: `None` for an address, and for a host that is itself a
/// public suffix.
pub fn registrable_domain(host: &str) -> Option<&str> {
    domain::registrable_domain(&Names, host)
}

/// Whether the host's public suffix is one that a company hands names out under, such as `vercel.app`,
/// and not one of the domain name system's own, such as `com`.
pub fn is_under_private_suffix(host: &str) -> bool {
    psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(psl::Type::Private))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_registrable_domain() {
        // The list's own crate would take `0.1` for one.
        assert_eq!(registrable_domain("127.0.0.1"), None);
        assert_eq!(registrable_domain("[::1]"), None);
    }

    #[test]
    fn names_of_other_scripts_are_mapped_and_encoded() {
        for (name, ascii) in [
            ("Example.COM", "example.com"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("ｓｈｏｐ．example", "shop.example"),
            ("www.日本語.jp", "www.xn--wgv71a119e.jp"),
        ] {
            assert_eq!(to_ascii(name).as_deref(), Some(ascii), "{name}");
        }
        assert_eq!(to_ascii("exam\u{ad}ple.com").as_deref(), Some("example.com"));
    }

    #[test]
    fn a_public_suffix_has_none_and_names_under_it_have() {
        assert_eq!(registrable_domain("vercel.app"), None);
        assert_eq!(registrable_domain("a.b.vercel.app"), Some("b.vercel.app"));
        assert_eq!(registrable_domain("api.example.co.uk"), Some("example.co.uk"));
        assert!(is_under_private_suffix("a.vercel.app") && !is_under_private_suffix("a.example.com"));
    }
}

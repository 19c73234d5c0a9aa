//! The public suffix list, as the rules take it.
//!
//! The one place that knows which crate has the list. It knows names alone, and decides nothing.

use crate::rules::domain::{self, Suffix};

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
    domain::registrable_domain(&suffixes, host)
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
    fn a_public_suffix_has_none_and_names_under_it_have() {
        assert_eq!(registrable_domain("vercel.app"), None);
        assert_eq!(registrable_domain("a.b.vercel.app"), Some("b.vercel.app"));
        assert_eq!(registrable_domain("api.example.co.uk"), Some("example.co.uk"));
        assert!(is_under_private_suffix("a.vercel.app") && !is_under_private_suffix("a.example.com"));
    }
}

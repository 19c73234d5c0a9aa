//! Hosts: canonical form, addresses, domain matching, public suffixes.
//!
//! Hosts arrive the way a URL parser writes them: ASCII, international labels already punycoded,
//! IPv6 in brackets. The public suffix list is the caller's: nothing here holds or fetches one.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Knows of host names what stands in lists: under which suffixes strangers register names, and how names of other
/// scripts are written in ASCII.
///
/// Any `fn(&str) -> Suffix` is one, that knows nothing of other scripts.
pub trait PublicSuffixes {
    /// The public suffix that a canonical host ends in. Never asked about IP addresses.
    fn suffix<'h>(&self, host: &'h str) -> Suffix<'h>;

    /// A name as DNS has it: UTS 46 for names beyond ASCII. `None` where it has no such form, as any has that is not
    /// ASCII where nobody knows Unicode.
    fn to_ascii(&self, name: &str) -> Option<String> {
        name.is_ascii().then(|| name.to_ascii_lowercase())
    }
}

impl<F: for<'h> Fn(&'h str) -> Suffix<'h>> PublicSuffixes for F {
    fn suffix<'h>(&self, host: &'h str) -> Suffix<'h> {
        self(host)
    }
}

/// The public suffix of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suffix<'h> {
    /// The suffix, a part of the host: `co.uk` of `www.example.co.uk`.
    pub name: &'h str,
    /// Whether a rule of the list names it; if not, the list's default rule `*` made it one, as it
    /// does `test` of `a.test` and `localhost` of itself.
    pub listed: bool,
}

/// The canonical form of a host name by RFC 6265bis -22, section 5.1.2: lower case, ASCII.
///
/// `None` where it has none: no labels, an empty label that is not the last, or a character no host
/// may have. International labels must have been converted before.
pub fn canonical_host(host: &str) -> Option<Cow<'_, str>> {
    if is_ip_address(host) {
        return Some(lower(host));
    }
    // 5.1.2, steps 1, 2 and 4. Underscores pass: browsers resolve such names.
    let name = host.strip_suffix('.').unwrap_or(host);
    let valid = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // 5.1.2, steps 3 and 5.
    name.split('.').all(valid).then(|| lower(host))
}

/// Whether the host is an IPv4 address, or an IPv6 address with or without brackets.
pub fn is_ip_address(host: &str) -> bool {
    address(host).is_some()
}

/// Whether the host names this machine: `localhost`, any name under it, or a loopback address.
pub fn is_loopback(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let tail = |length| name.len().checked_sub(length).and_then(|start| name.get(start..));
    name.eq_ignore_ascii_case("localhost")
        || tail(".localhost".len()).is_some_and(|tail| tail.eq_ignore_ascii_case(".localhost"))
        || address(host).is_some_and(|address| address.is_loopback())
}

/// Whether the host is of a local network by its mere name: an address that is not publicly routed, or a name
/// below `.local`. What a name resolves to is not looked at.
pub fn is_local_network(host: &str) -> bool {
    match address(host) {
        Some(IpAddr::V4(address)) => is_reserved(address),
        Some(IpAddr::V6(address)) => match (address.to_ipv4_mapped(), address.segments()) {
            (Some(address), _) => is_reserved(address),
            // Documentation; all else that is routed is 2000::/3, or multicast.
            (None, [0x2001, 0x0db8, ..]) => true,
            (None, [first, ..]) => first >> 13 != 1 && first >> 8 != 0xff,
        },
        None => host.strip_suffix('.').unwrap_or(host).ends_with(".local"),
    }
}

/// The IPv4 ranges that IANA keeps for other uses than public routing.
fn is_reserved(address: Ipv4Addr) -> bool {
    const RANGES: [([u8; 4], u32); 14] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 3),
    ];
    RANGES.iter().any(|&(base, length)| {
        (u32::from(address) ^ u32::from(Ipv4Addr::from(base))).leading_zeros() >= length
    })
}

/// Whether a canonical host domain-matches a canonical domain, by RFC 6265bis -22, section 5.1.3.
pub fn domain_match(host: &str, domain: &str) -> bool {
    // 5.1.3, first bullet.
    if host == domain {
        return true;
    }
    // 5.1.3, second bullet: suffix, then the dot, then that it is a name.
    let Some(rest) = host.strip_suffix(domain) else {
        return false;
    };
    rest.ends_with('.') && !is_ip_address(host)
}

/// The registrable domain of a canonical host: its public suffix and one label more. `None` for an
/// address, and for a host that is itself a public suffix.
pub fn registrable_domain<'h>(suffixes: &dyn PublicSuffixes, host: &'h str) -> Option<&'h str> {
    if is_ip_address(host) {
        return None;
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let suffix = suffixes.suffix(name).name;
    let before = name.len().checked_sub(suffix.len() + 1)?;
    let start = name.get(..before)?.rfind('.').map_or(0, |dot| dot + 1);
    host.get(start..)
}

fn address(host: &str) -> Option<IpAddr> {
    // Names are the common case, and most cannot be told from an address by anything but this.
    if !host.ends_with(|last: char| last.is_ascii_hexdigit() || matches!(last, ']' | ':')) {
        return None;
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Some(address.into());
    }
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if !inner.contains(':') {
        return None;
    }
    inner.parse::<Ipv6Addr>().ok().map(Into::into)
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_level(host: &str) -> Suffix<'_> {
        for name in ["vercel.app", "co.uk"] {
            if domain_match(host, name) {
                return Suffix { name: &host[host.len() - name.len()..], listed: true };
            }
        }
        Suffix { name: host.rsplit('.').next().unwrap_or(host), listed: false }
    }

    #[test]
    fn local_networks_are_known_by_their_names() {
        for host in ["10.1.2.3", "172.31.0.1", "192.168.0.1", "169.254.0.1", "100.64.0.1", "printer.local"] {
            assert!(is_local_network(host), "{host}");
        }
        for host in ["[fc00::1]", "[fe80::1]", "[::1]", "[2001:db8::1]", "[::ffff:10.0.0.1]"] {
            assert!(is_local_network(host), "{host}");
        }
        for host in ["8.8.8.8", "172.32.0.1", "[2606:4700::1]", "example.com", "local", "a.internal"] {
            assert!(!is_local_network(host), "{host}");
        }
    }

    #[test]
    fn section_5_1_2_steps_1_and_2_labels() {
        for host in ["", ".", "..", "a..b", ".a", "a b", "a/b", "a%b", "bücher.example", "a.."] {
            assert_eq!(canonical_host(host), None, "{host}");
        }
    }

    #[test]
    fn section_5_1_2_steps_3_to_5_lower_case() {
        assert_eq!(canonical_host("WWW.Example.COM").as_deref(), Some("www.example.com"));
        assert_eq!(canonical_host("XN--Bcher-KVA.example").as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(canonical_host("example.com.").as_deref(), Some("example.com."));
        assert_eq!(canonical_host("[::1]").as_deref(), Some("[::1]"));
        assert!(matches!(canonical_host("a.test"), Some(Cow::Borrowed("a.test"))));
    }

    #[test]
    fn section_5_1_3_identical_or_a_suffix_after_a_dot_and_no_address() {
        assert!(domain_match("example.com", "example.com"));
        assert!(domain_match("www.example.com", "example.com"));
        assert!(!domain_match("badexample.com", "example.com"));
        assert!(!domain_match("example.com", "www.example.com"));
        assert!(domain_match("127.0.0.1", "127.0.0.1"));
        assert!(!domain_match("127.0.0.1", "0.0.1"));
        assert!(!domain_match("127.0.0.1", "1"));
    }

    #[test]
    fn addresses_and_loopback() {
        for host in ["127.0.0.1", "[::1]", "::1", "10.0.0.1"] {
            assert!(is_ip_address(host), "{host}");
        }
        for host in ["localhost", "1.2.3", "a.b", "example.de", "", "[", "cafe"] {
            assert!(!is_ip_address(host), "{host}");
        }
        for host in ["localhost", "LOCALHOST.", "app.localhost", "127.9.9.9", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["notlocalhost", "localhost.com", "10.0.0.1", "", "ü.localhos"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_registrable_domain_is_the_suffix_and_one_label() {
        let of = |host| registrable_domain(&two_level, host);
        assert_eq!(of("www.example.co.uk"), Some("example.co.uk"));
        assert_eq!(of("a.b.vercel.app"), Some("b.vercel.app"));
        assert_eq!(of("b.vercel.app"), Some("b.vercel.app"));
        assert_eq!(of("vercel.app"), None);
        assert_eq!(of("localhost"), None);
        assert_eq!(of("api.test"), Some("api.test"));
        assert_eq!(of("127.0.0.1"), None);
        assert_eq!(of("www.a.test."), Some("a.test."));
        assert_eq!(of(""), None);
    }
}

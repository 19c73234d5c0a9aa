//! The `Domain` attribute: suffixes, addresses, case, other scripts.

use super::{Words, deviations};

deviations! {
    /// What a `Domain` attribute may name.
    Domains

    /// Whether a `Domain` that is a public suffix and the very host makes a host-only cookie.
    ///
    /// Specification, Chromium and Firefox: yes. WebKit: no, `Domain=localhost` is refused (measured
    /// on libsoup 3.2.3).
    suffix_domain_on_its_host: bool = [true, true, true, false]
        => "`Domain=localhost` on `localhost` makes a host-only cookie";
    /// Whether a host that is itself a listed public suffix may set cookies at all.
    ///
    /// Specification, Chromium and Firefox: yes. WebKit: no (measured on libsoup 3.2.3).
    suffix_host_may_set: bool = [true, true, true, false] => "a host that is a public suffix may set cookies";
    /// Whether `Domain=.` means no domain.
    ///
    /// Specification: yes. Chromium: no, the line is refused (measured); Firefox the same
    /// (documented); WebKit the same (measured on libsoup 3.2.3).
    lone_dot_is_no_domain: bool = [true, false, false, false] => "`Domain=.` counts as no `Domain`";
    /// Whether a `Domain` that is the very address of the host makes a host-only cookie.
    ///
    /// Specification: no. All three engines: yes (Chromium measured, WebKit measured on libsoup
    /// 3.2.3, Firefox documented).
    address_domain_is_host_only: bool = [false, true, true, true]
        => "`Domain` with the host's own address makes a host-only cookie";
    /// Whether a `Domain` may be an address of IPv6, which is then the host's own.
    ///
    /// Specification, Chromium and Firefox: yes. WebKit: no (measured 2026-11-21).
    ipv6_domains: bool = [true, true, true, false] => "a `Domain` may be an address of IPv6";
    /// Whether the end of an address is a domain above it, so that a host may set cookies for it; and an address
    /// with a leading dot is a domain like any other.
    ///
    /// Specification, Chromium and Firefox: no. WebKit: yes (measured 2026-11-21: `10.1.2.3` sets and gets
    /// cookies of `Domain=1.2.3`, and `Domain=.10.1.2.3` makes no host-only cookie).
    addresses_are_names: bool = [false, false, false, true] => "the end of an address is a domain above it";
    /// Whether a `Domain` above the host must be written in lower case.
    ///
    /// WebKit: yes (measured on libsoup 3.2.3: `Domain=Example.org` is refused from
    /// `home.example.org`, and `Domain=Home.Example.org` is not).
    parent_domain_in_lower_case: bool = [false, false, false, true]
        => "a parent `Domain` has to be in lower case";
    /// What a `Domain` is that is written in other characters than ASCII.
    unicode_domains: UnicodeDomains = [
        UnicodeDomains::Refused,
        UnicodeDomains::Encoded,
        UnicodeDomains::Foreign,
        UnicodeDomains::Refused,
    ] => "a `Domain` with characters beyond ASCII";
}

/// What a `Domain` is that is written in other characters than ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnicodeDomains {
    /// A reason to refuse the line. Specification.
    Refused,
    /// A name, encoded as DNS has it. Chromium (measured; `kCookieDomainRejectNonASCII` is off).
    Encoded,
    /// A domain that no host has. Firefox (measured 2026-11-21).
    Foreign,
}

impl Words for UnicodeDomains {
    fn words(&self) -> String {
        match self {
            Self::Refused => "spoils the line",
            Self::Encoded => "is encoded",
            Self::Foreign => "is no host's",
        }
        .to_owned()
    }
}

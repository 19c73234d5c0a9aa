//! Name prefixes, and what each asks of its cookie: RFC 6265bis -22, section 4.1.3; layered cookies, section 5.4.3.
//!
//! Which of them a browser knows is in its profile.

use super::engine::Prefixes;

/// A prefix of a cookie's name that means something. All ask for `Secure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The prefix as the specification writes it.
    pub text: &'static str,
    /// Whether it asks for no `Domain` and for `Path=/`.
    pub host: bool,
    /// Whether it asks for `HttpOnly`.
    pub http_only: bool,
    /// The smallest set of prefixes that has it. Where `__Host-Http-` is unknown it is still a `__Host-`.
    pub(crate) since: Prefixes,
}

impl Prefix {
    /// Every prefix, the longer of two that begin alike first.
    const ALL: [Self; 4] = [
        Self { text: "__Host-Http-", host: true, http_only: true, since: Prefixes::SecureAndHost },
        Self { text: "__Host-", host: true, http_only: false, since: Prefixes::SecureAndHost },
        Self { text: "__Secure-", host: false, http_only: false, since: Prefixes::SecureAndHost },
        Self { text: "__Http-", host: false, http_only: true, since: Prefixes::WithHttp },
    ];

    /// The prefix a name begins with, in any case: RFC 6265bis -22, section 5.4.
    pub fn of(name: &[u8]) -> Option<Self> {
        let begins = |prefix: &Self| {
            name.get(..prefix.text.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(prefix.text.as_bytes()))
        };
        Self::ALL.into_iter().find(begins)
    }
}

/// A name without the prefix that means something.
pub fn unprefixed(name: &str) -> &str {
    Prefix::of(name.as_bytes()).map_or(name, |prefix| &name[prefix.text.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_counts_in_any_case() {
        let of = |name: &str| Prefix::of(name.as_bytes()).map(|prefix| prefix.text);
        assert_eq!(of("__host-http-a"), Some("__Host-Http-"));
        assert_eq!(of("__Host-a"), Some("__Host-"));
        assert_eq!(of("__Hosta"), None);
        assert_eq!(unprefixed("__SECURE-a"), "a");
        assert_eq!(unprefixed("a"), "a");
    }
}

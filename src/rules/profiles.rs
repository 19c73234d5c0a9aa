//! The profiles: the specification by the letter, and each engine as it ships.
//!
//! A value alone says little here: what each field means, and where it was seen, stands in [`super::engine`].

use super::cookie::SameSite;
use super::date::DateGrammar;
use super::engine::*;

/// Four hundred days in seconds.
const FOUR_HUNDRED_DAYS: i64 = 400 * 86_400;

impl Profile {
    /// RFC 6265bis -22 by the letter, with the defaults it recommends and third parties allowed.
    pub const SPECIFICATION: Self = Self {
        syntax: Syntax {
            bare_pair: BarePair::Value,
            nameless: Nameless::All,
            stores_empty: false,
            tokens: Tokens::Octets,
            inner_tabs: InnerTabs::Kept,
            max_attribute: 1024,
            attributes_need_equals: false,
            unreadable_shadows: false,
            none_overrides: true,
            unknown_same_site_resets: true,
            lifetime: Lifetime::MaxAge,
            max_age: MaxAgeGrammar::Digits,
            dates: DateGrammar::Tokens,
        },
        schemeful_same_site: true,
        redirects: Redirects::Ignored,
        top_host_is_same_site: false,
        below_the_host_is_same_site: false,
        unset_same_site: SameSite::Lax,
        forgets_unset_same_site: false,
        lax_unsafe_seconds: 0,
        same_site_guards_storing: true,
        none_requires_secure: true,
        trusts_loopback: true,
        secure_protection: SecureProtection::Overlay,
        protection_from_secure_lines: false,
        http_only_shadows: false,
        prefixes: Prefixes::SecureAndHost,
        prefixes_want_secure_connection: false,
        host_prefix_needs_path_attribute: true,
        host_prefix_forbids_domain: false,
        suffix_domain_on_its_host: true,
        suffix_host_may_set: true,
        lone_dot_is_no_domain: true,
        address_domain_is_host_only: false,
        addresses_are_names: false,
        ipv6_domains: true,
        parent_domain_in_lower_case: false,
        unicode_domains: UnicodeDomains::Refused,
        third_party: ThirdParty::Allow,
        ancestors_make_third_party: true,
        ancestor_bit: AncestorBit::AnyOther,
        siteless_top_is_first_party: false,
        redirects_stay_third_party: false,
        partitioned_attribute: true,
        partitioned_is_exempt: true,
        max_name_value: 4096,
        max_lifetime: FOUR_HUNDRED_DAYS,
        max_script_lifetime: i64::MAX,
        site_limit: Limit { most: 50, keep: 50 },
        partition_limit: Limit { most: 50, keep: 50 },
        partition_bytes: Limit { most: usize::MAX, keep: usize::MAX },
        secure_make_room_for_secure: false,
        jar_limit: Limit { most: 3000, keep: 3000 },
        jar_limit_spares: 0,
        replacement: Replacement::KeepsPlace,
        page_copies: PageCopies::None,
        order: Order::Creation,
        redirected_origin: RedirectedOrigin::AsFetch,
        expires_by_date: false,
        wildcard_covers_authorization: false,
        local_networks_are_not_mixed: false,
        first_address_decides_upgrade: false,
        refused_handshakes_set_cookies: true,
        shows_images_of_loopback: false,
        upgrades_addresses: false,
        upgrades_for_distant_documents: false,
        normalizes_request_path: false,
    };

    /// Chromium 156 as it ships: third parties' cookies allowed.
    pub const CHROMIUM: Self = Self {
        syntax: Syntax {
            nameless: Nameless::Unambiguous,
            inner_tabs: InnerTabs::Refused,
            unreadable_shadows: true,
            max_age: MaxAgeGrammar::SignedDigits,
            dates: DateGrammar::WholeTokens,
            ..Self::SPECIFICATION.syntax
        },
        lax_unsafe_seconds: 120,
        prefixes: Prefixes::WithHttp,
        protection_from_secure_lines: true,
        prefixes_want_secure_connection: true,
        host_prefix_forbids_domain: true,
        lone_dot_is_no_domain: false,
        address_domain_is_host_only: true,
        unicode_domains: UnicodeDomains::Encoded,
        site_limit: Limit { most: 180, keep: 150 },
        partition_limit: Limit { most: 180, keep: 180 },
        partition_bytes: Limit { most: 10_240, keep: 10_240 },
        jar_limit: Limit { most: 3300, keep: 3000 },
        jar_limit_spares: 30 * 86_400,
        replacement: Replacement::KeepsPlaceIfEqual,
        wildcard_covers_authorization: true,
        local_networks_are_not_mixed: true,
        first_address_decides_upgrade: true,
        refused_handshakes_set_cookies: false,
        redirected_origin: RedirectedOrigin::NullWithoutCors,
        expires_by_date: true,
        ..Self::SPECIFICATION
    };

    /// Firefox 153 as it ships: third parties' cookies partitioned by the top-level site.
    pub const FIREFOX: Self = Self {
        syntax: Syntax {
            bare_pair: BarePair::Name,
            nameless: Nameless::Nothing,
            inner_tabs: InnerTabs::RefusedInPath,
            unreadable_shadows: true,
            max_age: MaxAgeGrammar::DigitsOrMinus,
            dates: DateGrammar::Loose,
            ..Self::SPECIFICATION.syntax
        },
        schemeful_same_site: false,
        redirects: Redirects::ThroughOtherSites,
        unset_same_site: SameSite::None,
        prefixes: Prefixes::WithHttp,
        prefixes_want_secure_connection: true,
        host_prefix_needs_path_attribute: false,
        lone_dot_is_no_domain: false,
        address_domain_is_host_only: true,
        unicode_domains: UnicodeDomains::Foreign,
        third_party: ThirdParty::Partition,
        ancestor_bit: AncestorBit::AboveFirstParty,
        partitioned_is_exempt: false,
        site_limit: Limit { most: 180, keep: 150 },
        partition_bytes: Limit { most: 12_288, keep: 10_240 },
        partition_limit: Limit { most: 180, keep: 150 },
        secure_make_room_for_secure: true,
        jar_limit: Limit { most: 3300, keep: 3001 },
        jar_limit_spares: 30 * 86_400,
        page_copies: PageCopies::OfSites,
        wildcard_covers_authorization: true,
        upgrades_addresses: true,
        upgrades_for_distant_documents: true,
        expires_by_date: true,
        ..Self::SPECIFICATION
    };

    /// WebKitGTK 2.50 with its tracking prevention on: third parties' cookies blocked.
    pub const WEBKIT: Self = Self {
        syntax: Syntax {
            stores_empty: true,
            tokens: Tokens::Ascii,
            max_attribute: usize::MAX,
            attributes_need_equals: true,
            none_overrides: false,
            unknown_same_site_resets: false,
            lifetime: Lifetime::Last,
            max_age: MaxAgeGrammar::Strtol,
            dates: DateGrammar::Positional,
            ..Self::SPECIFICATION.syntax
        },
        schemeful_same_site: false,
        redirects: Redirects::ThroughOtherSchemes,
        top_host_is_same_site: true,
        below_the_host_is_same_site: true,
        unset_same_site: SameSite::None,
        forgets_unset_same_site: true,
        same_site_guards_storing: false,
        none_requires_secure: false,
        trusts_loopback: false,
        secure_protection: SecureProtection::Replace,
        http_only_shadows: true,
        prefixes: Prefixes::Nothing,
        suffix_domain_on_its_host: false,
        suffix_host_may_set: false,
        lone_dot_is_no_domain: false,
        address_domain_is_host_only: true,
        addresses_are_names: true,
        ipv6_domains: false,
        parent_domain_in_lower_case: true,
        third_party: ThirdParty::Block,
        ancestors_make_third_party: false,
        siteless_top_is_first_party: true,
        redirects_stay_third_party: true,
        partitioned_attribute: false,
        partitioned_is_exempt: false,
        max_name_value: usize::MAX,
        max_lifetime: i64::MAX,
        site_limit: Limit { most: 1000, keep: 900 },
        partition_limit: Limit { most: 1000, keep: 900 },
        jar_limit: Limit { most: 20_000, keep: 18_000 },
        page_copies: PageCopies::OfHosts,
        order: Order::Domain,
        wildcard_covers_authorization: true,
        shows_images_of_loopback: true,
        normalizes_request_path: true,
        redirected_origin: RedirectedOrigin::NullForNavigations,
        ..Self::SPECIFICATION
    };

    /// The same browser with another policy for third parties.
    pub const fn with_third_party(mut self, policy: ThirdParty) -> Self {
        self.third_party = policy;
        self
    }

    /// The profile of a browser by the name scenarios use, without `model:` before it:
    /// `ENGINE[:POLICY]`, ENGINE being `chromium`, `firefox` or `webkit` and POLICY
    /// `allow-third-party` or `block-third-party`. Without a policy, as the browser ships.
    pub fn from_name(name: &str) -> Option<Self> {
        let (engine, policy) = match name.split_once(':') {
            Some((engine, policy)) => (engine, Some(policy)),
            None => (name, None),
        };
        let profile = match engine {
            "chromium" => Self::CHROMIUM,
            "firefox" => Self::FIREFOX,
            "webkit" => Self::WEBKIT,
            _ => return None,
        };
        match policy {
            None => Some(profile),
            Some("allow-third-party") => Some(profile.with_third_party(ThirdParty::Allow)),
            Some("block-third-party") => Some(profile.with_third_party(ThirdParty::Block)),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_profiles_with_their_policies() {
        let policy = |name| Profile::from_name(name).map(|profile| profile.third_party);
        assert_eq!(policy("chromium"), Some(ThirdParty::Allow));
        assert_eq!(policy("chromium:block-third-party"), Some(ThirdParty::Block));
        assert_eq!(policy("firefox"), Some(ThirdParty::Partition));
        assert_eq!(policy("firefox:allow-third-party"), Some(ThirdParty::Allow));
        assert_eq!(policy("webkit"), Some(ThirdParty::Block));
        for name in ["", "safari", "chromium:", "chromium:partition", "model:chromium"] {
            assert_eq!(policy(name), None, "{name}");
        }
    }
}

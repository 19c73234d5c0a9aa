//! What browsers do otherwise than the specification, and than each other: the profiles, told in words.
//!
//! Every field of a [`Profile`] has its line here; one that is added without a line does not compile. What
//! a field means and where it is from stands in [`super::engine`].

use super::cookie::SameSite;
use super::date::DateGrammar;
use super::engine::{
    AncestorBit, BarePair, InnerTabs, Lifetime, Limit, MaxAgeGrammar, Nameless, Order, PageCopies, Prefixes,
    Profile, RedirectedOrigin, Redirects, Replacement, SecureProtection, Syntax, ThirdParty, Tokens,
    UnicodeDomains,
};

/// Something that not all do alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about: a fragment.
    pub what: &'static str,
    /// What RFC 6265bis -22 and Fetch say.
    pub specification: String,
    /// What Chromium, Firefox and WebKit do, in this order.
    pub engines: [String; 3],
}

/// Everything in which an engine as it ships differs from the specification.
pub fn differences() -> Vec<Difference> {
    let specification = told(&Profile::SPECIFICATION);
    let engines = [&Profile::CHROMIUM, &Profile::FIREFOX, &Profile::WEBKIT].map(told);
    specification
        .into_iter()
        .enumerate()
        .map(|(index, (what, specification))| Difference {
            what,
            specification,
            engines: [0, 1, 2].map(|engine| engines[engine][index].1.clone()),
        })
        .filter(|difference| difference.engines.iter().any(|does| *does != difference.specification))
        .collect()
}

/// What a profile does, line by line. What a field means for people comes first.
fn told(profile: &Profile) -> Vec<(&'static str, String)> {
    let Profile {
        syntax,
        schemeful_same_site,
        redirects,
        top_host_is_same_site,
        below_the_host_is_same_site,
        forgets_unset_same_site,
        addresses_are_names,
        ipv6_domains,
        siteless_top_is_first_party,
        redirects_stay_third_party,
        order,
        shows_images_of_loopback,
        unset_same_site,
        lax_unsafe_seconds,
        same_site_guards_storing,
        none_requires_secure,
        trusts_loopback,
        secure_protection,
        // Only a second reason for a refusal that there is anyway.
        protection_from_secure_lines: _,
        http_only_shadows,
        prefixes,
        // The same.
        prefixes_want_secure_connection: _,
        host_prefix_needs_path_attribute,
        host_prefix_forbids_domain,
        suffix_domain_on_its_host,
        suffix_host_may_set,
        lone_dot_is_no_domain,
        address_domain_is_host_only,
        parent_domain_in_lower_case,
        unicode_domains,
        third_party,
        ancestors_make_third_party,
        ancestor_bit,
        partitioned_attribute,
        partitioned_is_exempt,
        max_name_value,
        max_lifetime,
        max_script_lifetime,
        site_limit,
        partition_limit,
        partition_bytes,
        secure_make_room_for_secure,
        jar_limit,
        jar_limit_spares,
        replacement,
        page_copies,
        redirected_origin,
        expires_by_date,
        wildcard_covers_authorization,
        local_networks_are_not_mixed,
        first_address_decides_upgrade,
        refused_handshakes_set_cookies,
        upgrades_addresses,
        upgrades_for_distant_documents,
        normalizes_request_path,
    } = profile;
    let mut lines = vec![
        ("third parties' cookies, as shipped", policy(*third_party).to_owned()),
        ("a cookie without `SameSite` is treated as", same_site(*unset_same_site).to_owned()),
        ("… and the jar keeps no difference between the two", yes(*forgets_unset_same_site)),
        ("… and goes with an unsafe top-level request while younger than", seconds(*lax_unsafe_seconds)),
        ("`SameSite=None` needs `Secure`", yes(*none_requires_secure)),
        ("a cross-site answer may not set Lax and Strict cookies", yes(*same_site_guards_storing)),
        ("`http` and `https` of one host are different sites", yes(*schemeful_same_site)),
        ("a redirect makes a request cross-site", redirect(*redirects).to_owned()),
        (
            "a request in a frame to the top-level host is same-site, whatever is between",
            yes(*top_host_is_same_site),
        ),
        (
            "a request from `localhost`, or any public suffix, to a host below it is same-site",
            yes(*below_the_host_is_same_site),
        ),
        (
            "a frame of the top-level site inside another site's frame is a third party",
            yes(*ancestors_make_third_party),
        ),
        ("a partition's key tells apart what is below a document of another site", ancestors(*ancestor_bit)),
        ("what a page without a site asks for is the first party's", yes(*siteless_top_is_first_party)),
        ("a request that went through a third party stays a third party's", yes(*redirects_stay_third_party)),
        ("`Partitioned` keeps a cookie in a partition (CHIPS)", yes(*partitioned_attribute)),
        ("… and works where third-party cookies are blocked", yes(*partitioned_is_exempt)),
        ("`Secure` cookies work on `http://localhost`", yes(*trusts_loopback)),
        ("an HttpOnly cookie keeps scripts from all of its name and path", yes(*http_only_shadows)),
        ("name prefixes that mean something", prefix(*prefixes).to_owned()),
        ("`__Host-` wants `Path=/` written out", yes(*host_prefix_needs_path_attribute)),
        ("`__Host-` forbids a `Domain` that is the host itself", yes(*host_prefix_forbids_domain)),
        ("what plain http may not touch", protection(*secure_protection).to_owned()),
        ("`Domain=localhost` on `localhost` makes a host-only cookie", yes(*suffix_domain_on_its_host)),
        ("a host that is a public suffix may set cookies", yes(*suffix_host_may_set)),
        ("`Domain=.` counts as no `Domain`", yes(*lone_dot_is_no_domain)),
        ("`Domain` with the host's own address makes a host-only cookie", yes(*address_domain_is_host_only)),
        ("a `Domain` may be an address of IPv6", yes(*ipv6_domains)),
        ("the end of an address is a domain above it", yes(*addresses_are_names)),
        ("a parent `Domain` has to be in lower case", yes(*parent_domain_in_lower_case)),
        ("a `Domain` with characters beyond ASCII", unicode(*unicode_domains).to_owned()),
        ("longest name and value, in bytes", unless_endless(*max_name_value)),
        ("longest lifetime", lifetime(*max_lifetime)),
        ("longest lifetime of a cookie from a script", lifetime((*max_script_lifetime).min(*max_lifetime))),
        ("`Expires` counts from the `Date` of the answer", yes(*expires_by_date)),
        ("cookies a site may have", limit(site_limit)),
        ("… in one partition", limit(partition_limit)),
        ("… in one partition, in bytes of names and values", limit(partition_bytes)),
        ("… and its Secure ones make room for Secure ones alone", yes(*secure_make_room_for_secure)),
        ("cookies a jar may have", limit(jar_limit)),
        ("… not counting those used within", seconds(*jar_limit_spares)),
        ("a cookie that replaces another is sent in the order of", place(*replacement).to_owned()),
        (
            "… but `document.cookie` shows last what a script has changed",
            yes(*page_copies == PageCopies::OfSites),
        ),
        (
            "`document.cookie` shows what a script wrote over an HttpOnly cookie in vain",
            match page_copies {
                PageCopies::None => "no",
                PageCopies::OfSites => "if that was there before its page",
                PageCopies::OfHosts => "once it has read there",
            }
            .to_owned(),
        ),
        (
            "… and goes on showing a cookie that an HttpOnly one has replaced",
            yes(*page_copies == PageCopies::OfHosts),
        ),
        (
            "cookies with paths of one length go in the order of",
            match order {
                Order::Creation => "their creation",
                Order::Domain => "their domains, the nearest first",
            }
            .to_owned(),
        ),
        (
            "percent-escapes of a request's path are normalized before it goes out",
            yes(*normalizes_request_path),
        ),
        (
            "after a redirect to another origin `Origin` is `null`",
            match redirected_origin {
                RedirectedOrigin::AsFetch => "after the second such",
                RedirectedOrigin::NullForNavigations => "for navigations",
                RedirectedOrigin::NullWithoutCors => "without CORS",
            }
            .to_owned(),
        ),
        ("`Access-Control-Allow-Headers: *` covers `Authorization`", yes(*wildcard_covers_authorization)),
        ("an `https` page may load from `http` on the local network", yes(*local_networks_are_not_mixed)),
        ("an `https` page shows images from `http` on this machine", yes(*shows_images_of_loopback)),
        ("an image of an `http` IP address on an `https` page is upgraded", yes(*upgrades_addresses)),
        (
            "images from `http` are left as they are in documents of this machine, or from `http` themselves",
            yes(*upgrades_for_distant_documents),
        ),
        (
            "the first address of an image decides whether its redirects are upgraded",
            yes(*first_address_decides_upgrade),
        ),
        (
            "the refusal of a WebSocket's handshake, unless a 401, may set cookies",
            yes(*refused_handshakes_set_cookies),
        ),
    ];
    lines.extend(told_syntax(syntax));
    lines
}

fn told_syntax(syntax: &Syntax) -> Vec<(&'static str, String)> {
    let Syntax {
        bare_pair,
        nameless,
        stores_empty,
        tokens,
        inner_tabs,
        max_attribute,
        attributes_need_equals,
        unreadable_shadows,
        unknown_same_site_resets,
        none_overrides,
        lifetime,
        max_age,
        dates,
    } = syntax;
    let word = |word: &str| word.to_owned();
    vec![
        (
            "`foo` without `=` is",
            word(match bare_pair {
                BarePair::Value => "a value without a name",
                BarePair::Name => "a name without a value",
            }),
        ),
        (
            "a cookie without a name is stored",
            word(match nameless {
                Nameless::All => "yes",
                Nameless::Unambiguous => "unless its value has a `=`",
                Nameless::Nothing => "no",
            }),
        ),
        ("an empty cookie is stored", yes(*stores_empty)),
        (
            "a control character",
            word(match tokens {
                Tokens::Octets => "spoils the line",
                Tokens::Ascii => "ends the token, as any byte beyond ASCII does",
            }),
        ),
        (
            "a tab inside a name or value",
            word(match inner_tabs {
                InnerTabs::Kept => "is kept",
                InnerTabs::Refused => "spoils the line",
                InnerTabs::RefusedInPath => "spoils the line in `Path` alone",
            }),
        ),
        ("longest value of an attribute, in bytes", unless_endless(*max_attribute)),
        ("`Path` and its like without `=` are ignored", yes(*attributes_need_equals)),
        ("an unreadable `Expires` takes the place of an earlier one", yes(*unreadable_shadows)),
        ("`SameSite=None` takes the place of an earlier `SameSite`", yes(*none_overrides)),
        ("an unknown `SameSite` takes the place of an earlier one", yes(*unknown_same_site_resets)),
        (
            "of `Max-Age` and `Expires` wins",
            word(match lifetime {
                Lifetime::MaxAge => "`Max-Age`",
                Lifetime::Last => "the last",
            }),
        ),
        (
            "`Max-Age` takes",
            word(match max_age {
                MaxAgeGrammar::Digits => "digits, after an optional `-`",
                MaxAgeGrammar::SignedDigits => "digits, after an optional sign",
                MaxAgeGrammar::DigitsOrMinus => "digits, or anything after a `-`",
                MaxAgeGrammar::Strtol => "what C's `strtol` takes",
            }),
        ),
        (
            "`Expires` takes",
            word(match dates {
                DateGrammar::Tokens => "tokens in any order",
                DateGrammar::WholeTokens => "whole tokens in any order",
                DateGrammar::Positional => "an HTTP date, in order",
                DateGrammar::Loose => "whatever looks like a date, the time left out or not",
            }),
        ),
    ]
}

fn yes(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn policy(policy: ThirdParty) -> &'static str {
    match policy {
        // The specification leaves it to the user agent.
        ThirdParty::Allow => "allowed",
        ThirdParty::Partition => "partitioned by the top-level site",
        ThirdParty::Block => "blocked",
    }
}

fn same_site(flag: SameSite) -> &'static str {
    match flag {
        SameSite::None => "None",
        SameSite::Lax => "Lax",
        SameSite::Strict => "Strict",
        SameSite::Unset => "unset",
    }
}

fn redirect(redirects: Redirects) -> &'static str {
    match redirects {
        Redirects::Ignored => "no",
        Redirects::ThroughOtherSites => "through another site",
        Redirects::ThroughOtherSchemes => "through another site or scheme",
    }
}

fn unicode(domains: UnicodeDomains) -> &'static str {
    match domains {
        UnicodeDomains::Refused => "spoils the line",
        UnicodeDomains::Encoded => "is encoded",
        UnicodeDomains::Foreign => "is no host's",
    }
}

fn ancestors(bit: AncestorBit) -> String {
    match bit {
        AncestorBit::AnyOther => "any request",
        AncestorBit::AboveFirstParty => "requests to the top-level site",
    }
    .to_owned()
}

fn prefix(prefixes: Prefixes) -> &'static str {
    match prefixes {
        Prefixes::Nothing => "none",
        Prefixes::SecureAndHost => "`__Secure-`, `__Host-`",
        Prefixes::WithHttp => "those, `__Http-` and `__Host-Http-`",
    }
}

fn protection(protection: SecureProtection) -> &'static str {
    match protection {
        SecureProtection::Overlay => "any Secure cookie it would overlay",
        SecureProtection::Replace => "the Secure cookie it would replace",
    }
}

fn place(replacement: Replacement) -> &'static str {
    match replacement {
        Replacement::KeepsPlace => "the old one",
        Replacement::KeepsPlaceIfEqual => "the old one if the value is the same",
    }
}

fn unless_endless(most: usize) -> String {
    if most == usize::MAX { "no limit".to_owned() } else { most.to_string() }
}

fn limit(limit: &Limit) -> String {
    if limit.most == limit.keep {
        unless_endless(limit.most)
    } else {
        format!("{}, then down to {}", limit.most, limit.keep)
    }
}

fn lifetime(most: i64) -> String {
    if most == i64::MAX { "no limit".to_owned() } else { format!("{} days", most / 86_400) }
}

fn seconds(seconds: i64) -> String {
    match seconds {
        0 => "never".to_owned(),
        whole if whole % 86_400 == 0 => format!("{} days", whole / 86_400),
        other => format!("{other} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_do_as_specified_is_not_listed() {
        let all = differences();
        let same = |difference: &&Difference| {
            difference.engines.iter().all(|does| *does == difference.specification)
        };
        assert_eq!(all.iter().find(same), None);
        let none = all.iter().find(|difference| difference.what.contains("without `SameSite`"));
        let none = none.expect("they differ");
        assert_eq!((none.specification.as_str(), none.engines[1].as_str()), ("Lax", "None"));
    }
}

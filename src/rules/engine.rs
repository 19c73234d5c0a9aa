//! What a browser does otherwise than RFC 6265bis says, as data.
//!
//! A [`Profile`] is a value: one field a deviation, each with its source. No rule asks which browser
//! it is; it asks a field. To rehearse a browser that does not exist yet, change a field.
//!
//! Sources: *specification* is RFC 6265bis -22 or layered cookies. *Measured* means seen on
//! 2026-11-20 in Chromium 156.0.8078.79, Firefox 153.7.0esr, or WebKitGTK 2.50.6 with libsoup
//! 3.2.3, or, where so said, on that libsoup alone; another date is said where it was later. *Documented* means read, in the engine's
//! public source or documentation, and not seen.

use super::cookie::SameSite;
use super::date::DateGrammar;
use super::domain::domain_match;

/// What a browser does with cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// How it reads a `Set-Cookie` line.
    pub syntax: Syntax,

    /// Whether the scheme is part of the site.
    ///
    /// Specification: yes. Chromium yes (measured: `SchemefulSameSiteLax`); Firefox no (measured: the
    /// preference `network.cookie.sameSite.schemeful` as shipped); WebKit no (documented).
    pub schemeful_same_site: bool,
    /// Which redirects make a request cross-site, for sending.
    pub redirects: Redirects,
    /// Whether a request below the top level to the very host of the top-level document is same-site
    /// for sending, whatever documents are between.
    ///
    /// Specification, Chromium (measured) and Firefox (documented): no. WebKit: yes (libsoup 3.2.3
    /// measured alone; what WebKit tells it, documented).
    pub top_host_is_same_site: bool,
    /// Whether a request from a host without a registrable domain, such as `localhost` or `intranet`, to a host below
    /// it is same-site for sending. The way back is not.
    ///
    /// Specification, Chromium (measured) and Firefox: no. WebKit: yes (measured 2026-11-21).
    pub below_the_host_is_same_site: bool,
    /// What a cookie without `SameSite` is treated as.
    ///
    /// Specification and Chromium: Lax (measured). Firefox: None (measured). WebKit: None (measured
    /// on libsoup 3.2.3; from 3.4 on it is Lax).
    pub unset_same_site: SameSite,
    /// Whether the jar forgets that a cookie came without `SameSite`, and keeps what it is treated as.
    ///
    /// Specification, Chromium and Firefox: no. WebKit: yes (measured 2026-11-21: it shows `None`).
    pub forgets_unset_same_site: bool,
    /// For how many seconds after its creation a cookie without `SameSite` also goes with unsafe
    /// top-level requests; 0 for never. Only where such a cookie is treated as Lax.
    ///
    /// Specification: optional, "2 minutes or less". Chromium: 120 (that a fresh one goes measured, the
    /// number documented).
    pub lax_unsafe_seconds: i64,
    /// Whether a response in a cross-site context may not set Strict and Lax cookies.
    ///
    /// Specification, Chromium and Firefox: yes (measured). WebKit: no, libsoup looks at SameSite
    /// only when it sends (documented).
    pub same_site_guards_storing: bool,
    /// Whether `SameSite=None` is accepted only with `Secure`.
    ///
    /// Specification, Chromium and Firefox: yes (measured). WebKit: no (measured).
    pub none_requires_secure: bool,

    /// Whether plain http to this very machine, `localhost` and loopback addresses, counts as a
    /// secure connection.
    ///
    /// Specification: left to the user agent. Chromium: yes (measured). Firefox: yes (documented).
    /// WebKit: no (measured on libsoup 3.2.3).
    pub trusts_loopback: bool,
    /// What a line over an insecure connection may not touch.
    pub secure_protection: SecureProtection,
    /// Whether that is asked of a line with `Secure` too, which step 13 refuses anyway: this decides whether
    /// it is a reason as well.
    ///
    /// Specification: no. Chromium: yes (measured: `OverwriteSecure` beside `SecureOnly`).
    pub protection_from_secure_lines: bool,
    /// Whether a script may not write a cookie with the name and path of any HttpOnly one that goes to its page,
    /// and not only the very same cookie.
    ///
    /// Specification, Chromium (measured) and Firefox: no. WebKit: yes (measured 2026-11-21).
    pub http_only_shadows: bool,
    /// Which name prefixes mean something.
    pub prefixes: Prefixes,
    /// Whether a prefix that wants `Secure` wants the connection to be secure too. Step 13 refuses such a
    /// line anyway: this decides whether the prefix is a reason as well.
    ///
    /// Specification: no. Chromium: yes (measured: `InvalidPrefix` beside `SecureOnly`). Firefox: yes
    /// (measured 2026-11-21: that alone is said).
    pub prefixes_want_secure_connection: bool,
    /// Whether `__Host-` wants a `Path=/` that is written out, and not only a path that is `/`.
    ///
    /// Specification and Chromium: yes. Firefox: no (documented).
    pub host_prefix_needs_path_attribute: bool,
    /// Whether `__Host-` forbids any `Domain` that is not the very address of the host, and not only one
    /// that keeps the cookie from being host-only.
    ///
    /// Specification: no, `Domain=localhost` on `localhost` makes a host-only cookie. Chromium: yes
    /// (measured). Firefox: no (documented).
    pub host_prefix_forbids_domain: bool,

    /// Whether a `Domain` that is a public suffix and the very host makes a host-only cookie.
    ///
    /// Specification, Chromium and Firefox: yes. WebKit: no, `Domain=localhost` is refused (measured
    /// on libsoup 3.2.3).
    pub suffix_domain_on_its_host: bool,
    /// Whether a host that is itself a listed public suffix may set cookies at all.
    ///
    /// Specification, Chromium and Firefox: yes. WebKit: no (measured on libsoup 3.2.3).
    pub suffix_host_may_set: bool,
    /// Whether `Domain=.` means no domain.
    ///
    /// Specification: yes. Chromium: no, the line is refused (measured); Firefox the same
    /// (documented); WebKit the same (measured on libsoup 3.2.3).
    pub lone_dot_is_no_domain: bool,
    /// Whether a `Domain` that is the very address of the host makes a host-only cookie.
    ///
    /// Specification: no. All three engines: yes (Chromium measured, WebKit measured on libsoup
    /// 3.2.3, Firefox documented).
    pub address_domain_is_host_only: bool,
    /// Whether a `Domain` may be an address of IPv6, which is then the host's own.
    ///
    /// Specification, Chromium and Firefox: yes. WebKit: no (measured 2026-11-21).
    pub ipv6_domains: bool,
    /// Whether the end of an address is a domain above it, so that a host may set cookies for it; and an address
    /// with a leading dot is a domain like any other.
    ///
    /// Specification, Chromium and Firefox: no. WebKit: yes (measured 2026-11-21: `10.1.2.3` sets and gets
    /// cookies of `Domain=1.2.3`, and `Domain=.10.1.2.3` makes no host-only cookie).
    pub addresses_are_names: bool,
    /// Whether a `Domain` above the host must be written in lower case.
    ///
    /// WebKit: yes (measured on libsoup 3.2.3: `Domain=Example.org` is refused from
    /// `home.example.org`, and `Domain=Home.Example.org` is not).
    pub parent_domain_in_lower_case: bool,

    /// What a `Domain` is that is written in other characters than ASCII.
    pub unicode_domains: UnicodeDomains,

    /// What happens to third parties' cookies.
    pub third_party: ThirdParty,
    /// Whether a frame of the top-level site inside a frame of another site is a third party.
    ///
    /// Chromium: yes (measured). Firefox: yes (documented). WebKit: no, it compares with the
    /// top-level site alone (documented).
    pub ancestors_make_third_party: bool,
    /// Which documents of other sites above a request have a part in the key of its partition.
    pub ancestor_bit: AncestorBit,
    /// Whether what a top-level document without a site asks for (an empty page, one of the browser's own) is the
    /// first party's, and same-site for sending.
    ///
    /// Specification, Chromium and Firefox: no, it is nobody's. WebKit: yes (measured 2026-11-21).
    pub siteless_top_is_first_party: bool,
    /// Whether a request that went through a third party stays a third party's after a redirect back.
    ///
    /// Chromium: no (measured). Firefox: taken as no. WebKit: yes (measured 2026-11-21).
    pub redirects_stay_third_party: bool,
    /// Whether `Partitioned` keeps the cookie in a partition of its own.
    ///
    /// Chromium and Firefox: yes (measured). WebKit: no, the attribute is ignored (measured).
    pub partitioned_attribute: bool,
    /// Whether cookies with `Partitioned` are stored and sent where third parties are blocked.
    ///
    /// Chromium: yes (measured). Firefox: no, blocking comes first (documented).
    pub partitioned_is_exempt: bool,

    /// The most bytes name and value may have together; `usize::MAX` for no limit.
    ///
    /// Specification, Chromium and Firefox: 4096. WebKit: none (measured on libsoup 3.2.3).
    pub max_name_value: usize,
    /// The longest lifetime in seconds; `i64::MAX` for no limit.
    ///
    /// Specification, Chromium and Firefox: 400 days (measured). WebKit: none (measured on libsoup
    /// 3.2.3).
    pub max_lifetime: i64,
    /// The longest lifetime in seconds of a cookie that a script writes; `i64::MAX` for no limit
    /// beside [`Profile::max_lifetime`].
    ///
    /// Safari: 7 days (documented). WebKitGTK: no limit, with its tracking prevention too (measured 2026-11-21), and
    /// nor have the others.
    pub max_script_lifetime: i64,
    /// Whether `Expires` is read by the clock of the server: what lies between it and the answer's `Date` is the
    /// lifetime.
    ///
    /// Specification: no. Chromium and Firefox: yes (measured 2026-11-25: with a `Date` of years ago an `Expires` an
    /// hour later makes a cookie of an hour). WebKit: no (measured 2026-11-25).
    pub expires_by_date: bool,
    /// How many cookies one site may have outside of partitions.
    ///
    /// Specification: at least 50 a domain. Chromium: 180, then down to 150 (measured). Firefox:
    /// the same (documented). WebKit: no limit (measured on libsoup 3.2.3 with 500); the number is
    /// ours.
    pub site_limit: Limit,
    /// How many cookies one site may have in one partition.
    ///
    /// Specification, Firefox (documented 2026-11-25) and WebKit: as many as outside. Chromium: 180, and one goes for
    /// each that comes (documented 2026-11-25: `CookieMonster::GarbageCollectPartitionedCookies`).
    pub partition_limit: Limit,
    /// How many bytes the names and values of one site's cookies may have in one partition.
    ///
    /// Specification and WebKit: no limit. Chromium: 10,240 (`kPerPartitionDomainMaxCookieBytes`). Firefox: a fifth
    /// more, then down to as many (`network.cookie.chips.partitionLimitByteCapacity`). Both measured 2026-11-25, with
    /// cookies of 3,500 bytes.
    pub partition_bytes: Limit,
    /// Whether a site's Secure cookies make room for a new one only if it is Secure too and no other can. Otherwise
    /// just those go that are not Secure, be they fewer than wanted; and where there is none, the new one is not
    /// stored.
    ///
    /// Specification (layered cookies, section 5.2.2) and Chromium: no. Firefox: yes (documented 2026-11-25:
    /// `CookieStorage::AddCookie`). WebKit has no limit.
    pub secure_make_room_for_secure: bool,
    /// How many cookies a jar may have.
    ///
    /// Specification: at least 3000. Chromium: 3300, then down to 3000 (documented). Firefox: 3300, then down to
    /// 3000 and the new one (documented 2026-11-25: `CookieStorage::AddCookie`). WebKit: no limit; the number is ours.
    pub jar_limit: Limit,
    /// For how many seconds after its last use a cookie is safe from the limit of the whole jar.
    ///
    /// Chromium: 30 days (documented). Firefox: 30 days (documented 2026-11-25: `CookieStorage::PurgeCookies`. None is
    /// to go before one is unused for 33 days, but 32 bits make an hour of those).
    pub jar_limit_spares: i64,
    /// Whether a cookie that replaces another takes its place in the order of creation.
    pub replacement: Replacement,
    /// What copy of the jar scripts look at.
    ///
    /// Specification and Chromium: none. Firefox: its processes have one for each site (measured 2026-11-21). WebKit:
    /// its process has one for each host (measured 2026-11-25).
    pub page_copies: PageCopies,
    /// In what order cookies go whose paths are equally long.
    pub order: Order,
    /// What `Origin` says after a redirect to another origin, where it is sent without CORS.
    ///
    /// Specification (Fetch): as long as no redirect has led away from another origin than the page's, the page's.
    /// Firefox the same. Chromium: `null`. WebKit: `null` for navigations (all measured 2026-11-25, with forms, beacons
    /// and `fetch`).
    pub redirected_origin: RedirectedOrigin,
    /// Whether `Access-Control-Allow-Headers: *` allows `Authorization` too.
    ///
    /// Specification (Fetch): no. Chromium: yes (measured). Firefox: yes (documented: the preference
    /// `network.cors_preflight.authorization_covered_by_wildcard`). WebKit: yes (measured 2026-11-21).
    pub wildcard_covers_authorization: bool,
    /// Whether an `https` page may load from `http` what is on a local network by its very name: an address
    /// that is not publicly routed, or a name below `.local`.
    ///
    /// Specification (Mixed Content): no. Chromium: yes (measured; Local Network Access, under which the
    /// user is asked first, unless the page is of that network too).
    pub local_networks_are_not_mixed: bool,
    /// Whether the address an image on an `https` page begins with decides what its redirects to `http`
    /// become: all are upgraded, or where that address was an IP address or this very machine, none.
    ///
    /// Specification (Mixed Content, section 4.1): no, each address by itself. Chromium: yes (measured).
    pub first_address_decides_upgrade: bool,
    /// Whether cookies are kept that come with the refusal of a WebSocket's handshake: an answer that is
    /// neither 101 nor a 401.
    ///
    /// Specification (Fetch, HTTP-network fetch): yes, of every answer. Chromium: no (measured 2026-11-21,
    /// 156.0.8078.79). The others are taken to do as Fetch says.
    pub refused_handshakes_set_cookies: bool,
    /// Whether an image on an `https` page is loaded over `http` from this very machine, by name or by IPv4
    /// address; after a redirect it is blocked.
    ///
    /// Specification (Mixed Content): left to what counts as an insecure address. WebKit: yes (measured
    /// 2026-11-21).
    pub shows_images_of_loopback: bool,
    /// Whether an image of an IP address, too, is upgraded on an `https` page, and not blocked.
    ///
    /// Specification (Mixed Content, section 4.1): no. Firefox: yes (measured 2026-11-21).
    pub upgrades_addresses: bool,
    /// Whether an image that is mixed content is upgraded for documents alone that came over `https` from
    /// another machine than this, and for others loaded as it is, whatever documents are above them.
    ///
    /// Specification (Mixed Content, section 4.1): no. Firefox: yes (measured 2026-11-25, 153.7.0esr).
    pub upgrades_for_distant_documents: bool,
    /// Whether a request's path goes out, and is compared, with its percent-escapes normalized: `/%61pi` is `/api`.
    ///
    /// Specification, Chromium and Firefox: no (measured). WebKit: yes (measured; on the wire 2026-11-21).
    pub normalizes_request_path: bool,
}

/// How a browser reads a `Set-Cookie` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// What `foo`, without a `=`, is.
    pub bare_pair: BarePair,
    /// Which cookies without a name are stored.
    pub nameless: Nameless,
    /// Whether a cookie with neither name nor value is stored. It is never sent, but takes the
    /// place of another nameless one.
    ///
    /// Specification, Chromium and Firefox: no (measured). WebKit: yes (measured).
    pub stores_empty: bool,
    /// Where names and values end.
    pub tokens: Tokens,
    /// Whether a tab may stand inside a name or a value; around them it is space.
    pub inner_tabs: InnerTabs,
    /// The most bytes an attribute's value may have before the attribute is ignored; `usize::MAX`
    /// for no limit.
    ///
    /// Specification, Chromium and Firefox: 1024. WebKit: none (measured on libsoup 3.2.3).
    pub max_attribute: usize,
    /// Whether `Domain`, `Path`, `Expires`, `Max-Age` and `SameSite` without a `=` are ignored, and
    /// not read as if they had an empty value.
    ///
    /// WebKit: yes (measured on libsoup 3.2.3).
    pub attributes_need_equals: bool,
    /// Whether an `Expires` or `Max-Age` that cannot be read takes the place of an earlier one that
    /// can.
    ///
    /// Specification: no. Chromium: yes (measured). Firefox: yes (documented).
    pub unreadable_shadows: bool,
    /// Whether `SameSite=None` takes the place of an earlier `SameSite`, as the other values do.
    ///
    /// Specification, Chromium and Firefox: yes. WebKit: no (measured 2026-11-21).
    pub none_overrides: bool,
    /// Whether a `SameSite` of an unknown value takes the place of an earlier one.
    ///
    /// Specification, Chromium and Firefox: yes. WebKit: no (measured on libsoup 3.2.3).
    pub unknown_same_site_resets: bool,
    /// Which of `Max-Age` and `Expires` wins.
    pub lifetime: Lifetime,
    /// What `Max-Age` may hold.
    pub max_age: MaxAgeGrammar,
    /// What `Expires` may hold.
    pub dates: DateGrammar,
}

/// What a pair without `=` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarePair {
    /// The value of a nameless cookie. Specification, Chromium, WebKit (measured).
    Value,
    /// The name of a cookie with an empty value. Firefox (measured; preference
    /// `network.cookie.valueless_cookie`).
    Name,
}

/// Which cookies without a name are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nameless {
    /// All. Specification, WebKit (measured).
    All,
    /// Those whose value has no `=`: the others would be sent back looking like a named cookie.
    /// Chromium (measured; its word is `EXCLUDE_AMBIGUOUS_SERIALIZATION`).
    Unambiguous,
    /// None. Firefox (measured).
    Nothing,
}

/// Where names and values end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// At `=` and `;`. A control character anywhere spoils the whole line. Specification, Chromium,
    /// Firefox (measured).
    Octets,
    /// Names end at a comma too, and any token at a control character or a byte that is no ASCII.
    /// A token that ends at anything but `=` or `;` ends the reading of the line.
    ///
    /// WebKit (measured; also on libsoup 3.2.3 alone).
    Ascii,
}

/// Whether a tab may stand inside a name or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InnerTabs {
    /// Yes. Specification.
    Kept,
    /// No, neither in the pair nor in any attribute: the line is refused. Chromium (measured).
    Refused,
    /// Not in the `Path`: the line is refused. Firefox (documented).
    RefusedInPath,
}

/// Which of `Max-Age` and `Expires` wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// `Max-Age`, wherever it stands. Specification, Chromium, Firefox.
    MaxAge,
    /// The one that stands last; an `Expires` that cannot be read makes a session cookie. WebKit
    /// (measured on libsoup 3.2.3).
    Last,
}

/// What `Max-Age` may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxAgeGrammar {
    /// Digits, after an optional minus. Specification.
    Digits,
    /// Digits, after an optional sign. Chromium (measured).
    SignedDigits,
    /// Digits, or anything after a minus. Firefox (documented).
    DigitsOrMinus,
    /// What C's `strtol` consumes whole: an empty value is zero. What is not negative is kept as 32 bits with a
    /// sign, where -1 means until the end of the session. WebKit (measured on libsoup 3.2.3; the 32 bits
    /// 2026-11-21).
    Strtol,
}

/// What a line over an insecure connection may not touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecureProtection {
    /// Any Secure cookie that it would overlay: the same name, related domains, a path under the
    /// other's. Specification, Chromium (measured), Firefox (documented).
    Overlay,
    /// Only the Secure cookie that it would replace. WebKit (measured on libsoup 3.2.3).
    Replace,
}

/// Which name prefixes mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prefixes {
    /// None. WebKit (measured on libsoup 3.2.3).
    Nothing,
    /// `__Secure-` and `__Host-`. RFC 6265bis.
    SecureAndHost,
    /// `__Http-` and `__Host-Http-` as well. Layered cookies; Chromium (measured),
    /// Firefox (documented).
    WithHttp,
}

/// What happens to third parties' cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThirdParty {
    /// They are stored and sent.
    Allow,
    /// They are kept in a jar of their own for each top-level site.
    Partition,
    /// They are neither stored nor sent.
    Block,
}

impl ThirdParty {
    /// The word for reports and JSON: `allowed`, `partitioned` or `blocked`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allowed",
            Self::Partition => "partitioned",
            Self::Block => "blocked",
        }
    }
}

/// Which redirects make a request cross-site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// None. Specification, Chromium (measured; `kCookieSameSiteConsidersRedirectChain` is off).
    Ignored,
    /// Those through another site, as [`Profile::schemeful_same_site`] has it. Firefox (measured 2026-11-21).
    ThroughOtherSites,
    /// Those through another site or another scheme, whatever is of one site otherwise. WebKit (measured
    /// 2026-11-21).
    ThroughOtherSchemes,
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

/// Which documents of other sites above a request have a part in the key of its partition, its "ancestor
/// bit".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AncestorBit {
    /// Any document above it that is of another site than the request. Layered cookies leaves it open;
    /// Chromium (measured).
    AnyOther,
    /// Only those between the top-level document and a request to the top-level site: the bit tells a
    /// first party's cookies from those it has below another site. Firefox (measured 2026-11-21: `,f`; what is
    /// another site, [`Profile::schemeful_same_site`] says).
    AboveFirstParty,
}

/// A limit on the number of cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The most there may be.
    pub most: usize,
    /// How many are kept once there are more.
    pub keep: usize,
}

/// What `Origin` says after a redirect to another origin, where it is sent without CORS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectedOrigin {
    /// The page's, until a redirect leads away from another origin. Specification, Firefox.
    AsFetch,
    /// `null` for navigations. WebKit.
    NullForNavigations,
    /// `null`. Chromium.
    NullWithoutCors,
}

/// The order of cookies whose paths are equally long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// That of creation. Specification, Chromium, Firefox.
    Creation,
    /// Those with a `Domain` that is the host, then the host-only ones, then those of the domains above, the
    /// nearest first; that of creation within each. WebKit (measured 2026-11-21; libsoup's `get_cookies` sorts
    /// copies, whose age it does not know).
    Domain,
}

/// The copy of the jar that scripts look at. Requests carry what is in the jar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageCopies {
    /// None: scripts see the jar. Specification, Chromium.
    None,
    /// One for each site the tab is on, or a frame in it, while it is there. It is told of whatever changes, and of
    /// no HttpOnly cookie that was there before: a script sees what it may not write over such a one. What a script
    /// changes comes last. Firefox (measured 2026-11-21 and 2026-11-25; `CookieServiceChild`).
    OfSites,
    /// One for each host at which a first party's script has read, for good. It is told of no HttpOnly cookie: one
    /// that replaces another leaves the other to be seen, and a script sees what it may not write over one.
    /// WebKit (measured 2026-11-25; `WebCookieCache`).
    OfHosts,
}

/// Where a cookie that replaces another stands in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// In the place of the old one. Specification, Firefox (documented), WebKit (measured 2026-11-21).
    KeepsPlace,
    /// In the place of the old one if the value is the same, else last. Chromium (measured).
    KeepsPlaceIfEqual,
}

impl Profile {
    /// The SameSite that the jar keeps of a cookie that came with this one.
    pub fn kept_same_site(&self, flag: SameSite) -> SameSite {
        match flag {
            SameSite::Unset if self.forgets_unset_same_site => self.unset_same_site,
            flag => flag,
        }
    }

    /// The same browser as its copies of the jar are: they have no limits (documented 2026-11-25: Firefox's
    /// `CookieServiceChild::RecordDocumentCookie`; WebKit's `WebCookieCache` keeps a jar of libsoup's).
    pub(crate) fn without_limits(&self) -> Self {
        let none = Limit { most: usize::MAX, keep: usize::MAX };
        Self {
            site_limit: none,
            partition_limit: none,
            partition_bytes: none,
            jar_limit: none,
            ..self.clone()
        }
    }

    /// Whether a host is of a cookie's domain: RFC 6265bis -22, section 5.1.3, or as names have it.
    pub fn domain_match(&self, host: &str, domain: &str) -> bool {
        let as_names = || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        domain_match(host, domain) || (self.addresses_are_names && as_names())
    }
}

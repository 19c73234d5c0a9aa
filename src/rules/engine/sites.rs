//! Same-site or not, and what `SameSite` then means.

use super::{Words, deviations, seconds};
use crate::rules::cookie::SameSite;

deviations! {
    /// What is same-site, and what `SameSite` means.
    Sites

    /// What a cookie without `SameSite` is treated as.
    ///
    /// Specification and Chromium: Lax (measured). Firefox: None (measured). WebKit: None (measured
    /// on libsoup 3.2.3; from 3.4 on it is Lax).
    unset_same_site: SameSite = [SameSite::Lax, SameSite::Lax, SameSite::None, SameSite::None]
        => "a cookie without `SameSite` is treated as";
    /// Whether the jar forgets that a cookie came without `SameSite`, and keeps what it is treated as.
    ///
    /// Specification, Chromium and Firefox: no. WebKit: yes (measured 2026-11-21: it shows `None`).
    forgets_unset_same_site: bool = [false, false, false, true]
        => "… and the jar keeps no difference between the two";
    /// For how many seconds after its creation a cookie without `SameSite` also goes with unsafe
    /// top-level requests; 0 for never. Only where such a cookie is treated as Lax.
    ///
    /// Specification: optional, "2 minutes or less". Chromium: 120 (that a fresh one goes measured, the
    /// number documented).
    lax_unsafe_seconds: i64 = [0, 120, 0, 0]
        => "… and goes with an unsafe top-level request while younger than" as seconds;
    /// Whether a response in a cross-site context may not set Strict and Lax cookies.
    ///
    /// Specification, Chromium and Firefox: yes (measured). WebKit: no, libsoup looks at SameSite
    /// only when it sends (documented).
    same_site_guards_storing: bool = [true, true, true, false]
        => "a cross-site answer may not set Lax and Strict cookies";
    /// Whether the scheme is part of the site.
    ///
    /// Specification: yes. Chromium yes (measured: `SchemefulSameSiteLax`); Firefox no (measured: the
    /// preference `network.cookie.sameSite.schemeful` as shipped); WebKit no (documented).
    schemeful: bool = [true, true, false, false] => "`http` and `https` of one host are different sites";
    /// Which redirects make a request cross-site, for sending.
    redirects: Redirects = [
        Redirects::Ignored,
        Redirects::Ignored,
        Redirects::ThroughOtherSites,
        Redirects::ThroughOtherSchemes,
    ] => "a redirect makes a request cross-site";
    /// Whether of the documents above a request only the top-level one and the one that asks make it cross-site, for
    /// sending.
    ///
    /// Specification, Chromium and Firefox: no, each does (measured). WebKit: yes (measured 2026-11-27: from a frame of
    /// the page's site in another site's frame, Strict and Lax cookies go to all of the page's site).
    only_top_and_asker_count: bool = [false, false, false, true]
        => "documents between the top-level one and the one that asks do not make a request cross-site";
    /// Whether a request below the top level to the very host of the top-level document is same-site
    /// for sending, whatever documents are between.
    ///
    /// Specification, Chromium (measured) and Firefox (documented): no. WebKit: yes (libsoup 3.2.3
    /// measured alone; what WebKit tells it, documented).
    top_host_is_same_site: bool = [false, false, false, true]
        => "a request in a frame to the top-level host is same-site, whatever is between";
    /// Whether what a sandboxed document asks for is of the site of its address, for sending, though its origin is opaque.
    ///
    /// Specification, Chromium and Firefox: no (measured 2026-11-27). WebKit: yes (measured 2026-11-27, 2.50.6: from a
    /// sandboxed frame of the top-level site Lax cookies go to that site, from one of another site they do not).
    sandboxes_keep_their_site: bool = [false, false, false, true]
        => "what a sandboxed frame asks for is of the site of its address";
    /// Whether a request from a host without a registrable domain, such as `localhost` or `intranet`, to a host below
    /// it is same-site for sending. The way back is not.
    ///
    /// Specification, Chromium (measured) and Firefox: no. WebKit: yes (measured 2026-11-21).
    below_the_host_is_same_site: bool = [false, false, false, true]
        => "a request from `localhost`, or any public suffix, to a host below it is same-site";
}

impl Words for SameSite {
    fn words(&self) -> String {
        match self {
            Self::None => "None",
            Self::Lax => "Lax",
            Self::Strict => "Strict",
            Self::Unset => "unset",
        }
        .to_owned()
    }
}

/// Which redirects make a request cross-site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// None. Specification, Chromium (measured; `kCookieSameSiteConsidersRedirectChain` is off).
    Ignored,
    /// Those through another site, as [`Sites::schemeful`](super::Sites::schemeful) has it. Firefox (measured 2026-11-21).
    ThroughOtherSites,
    /// Those through another site or another scheme, whatever is of one site otherwise. WebKit (measured
    /// 2026-11-21).
    ThroughOtherSchemes,
}

impl Words for Redirects {
    fn words(&self) -> String {
        match self {
            Self::Ignored => "no",
            Self::ThroughOtherSites => "through another site",
            Self::ThroughOtherSchemes => "through another site or scheme",
        }
        .to_owned()
    }
}

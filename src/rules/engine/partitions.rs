//! Third parties, and the partitions their cookies are kept in.

use super::{Words, deviations};

deviations! {
    /// What a browser does with third parties.
    Partitions

    /// What happens to third parties' cookies.
    third_party: ThirdParty = [
        ThirdParty::Allowed,
        ThirdParty::Allowed,
        ThirdParty::Partitioned,
        ThirdParty::Blocked,
    ] => "third parties' cookies, as shipped";
    /// Whether a frame of the top-level site inside a frame of another site is a third party.
    ///
    /// Chromium: yes (measured). Firefox: yes (documented). WebKit: no, it compares with the
    /// top-level site alone (documented).
    ancestors_make_third_party: bool = [true, true, true, false]
        => "a frame of the top-level site inside another site's frame is a third party";
    /// Which documents of other sites above a request have a part in the key of its partition.
    ancestor_bit: AncestorBit = [
        AncestorBit::AnyOther,
        AncestorBit::AnyOther,
        AncestorBit::AboveFirstParty,
        AncestorBit::AnyOther,
    ] => "a partition's key tells apart what is below a document of another site";
    /// Whether what a top-level document without a site asks for (an empty page, one of the browser's own) is the
    /// first party's, and same-site for sending.
    ///
    /// Specification, Chromium and Firefox: no, it is nobody's. WebKit: yes (measured 2026-11-21).
    siteless_top_is_first_party: bool = [false, false, false, true]
        => "what a page without a site asks for is the first party's";
    /// Whether a request that went through a third party stays a third party's after a redirect back.
    ///
    /// Chromium: no (measured). Firefox: taken as no. WebKit: yes (measured 2026-11-21).
    redirects_stay_third_party: bool = [false, false, false, true]
        => "a request that went through a third party stays a third party's";
    /// Whether `Partitioned` keeps the cookie in a partition of its own.
    ///
    /// Chromium and Firefox: yes (measured). WebKit: no, the attribute is ignored (measured).
    partitioned_attribute: bool = [true, true, true, false]
        => "`Partitioned` keeps a cookie in a partition (CHIPS)";
    /// Whether cookies with `Partitioned` are stored and sent where third parties are blocked.
    ///
    /// Chromium: yes (measured). Firefox: no, blocking comes first (documented).
    partitioned_is_exempt: bool = [true, true, false, false]
        => "… and works where third-party cookies are blocked";
}

/// What happens to third parties' cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ThirdParty {
    /// They are stored and sent as any other.
    Allowed,
    /// They are kept in a jar of their own for each top-level site.
    Partitioned,
    /// They are neither stored nor sent.
    Blocked,
}

impl ThirdParty {
    /// The word that reports and JSON use: `allowed`, `partitioned` or `blocked`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Partitioned => "partitioned",
            Self::Blocked => "blocked",
        }
    }
}

impl Words for ThirdParty {
    fn words(&self) -> String {
        match self {
            Self::Allowed => "allowed",
            Self::Partitioned => "partitioned by the top-level site",
            Self::Blocked => "blocked",
        }
        .to_owned()
    }
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
    /// another site, [`Sites::schemeful`](super::Sites::schemeful) says).
    AboveFirstParty,
}

impl Words for AncestorBit {
    fn words(&self) -> String {
        match self {
            Self::AnyOther => "any request",
            Self::AboveFirstParty => "requests to the top-level site",
        }
        .to_owned()
    }
}

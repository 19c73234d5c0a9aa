//! A cookie as a jar keeps it, and the partition it may be kept in.
//!
//! Data only. Names, values and paths are bytes, as they were on the wire.

use std::borrow::Cow;

use super::site::{Site, SiteRef};

/// The same-site-flag of a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SameSite {
    /// `SameSite=None`
    None,
    /// `SameSite=Lax`
    Lax,
    /// `SameSite=Strict`
    Strict,
    /// No `SameSite` attribute, or one of another value: "Default" in RFC 6265bis.
    Unset,
}

impl SameSite {
    /// The word for reports and JSON: `none`, `lax`, `strict` or `unset`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lax => "lax",
            Self::Strict => "strict",
            Self::Unset => "unset",
        }
    }
}

/// The jar within the jar that a cookie is kept in: one for each top-level site, and for each of
/// those one more for frames that have another site between them and the top.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionKey {
    /// The site of the top-level document.
    pub top_level: Site,
    /// Whether any site on the way from the top-level document down to the request, the request's
    /// own included, is another than the top-level one.
    pub cross_site_ancestor: bool,
}

/// A partition key that borrows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartitionRef<'o> {
    pub(crate) top_level: SiteRef<'o>,
    pub(crate) cross_site_ancestor: bool,
}

impl PartitionRef<'_> {
    pub(crate) fn to_key(self) -> PartitionKey {
        PartitionKey { top_level: self.top_level.to_site(), cross_site_ancestor: self.cross_site_ancestor }
    }

    /// Whether it is this one. Of top-level documents without a site there is one at a time: see
    /// [`Jar::leave_siteless`](super::jar::Jar::leave_siteless).
    pub(crate) fn is(self, key: &PartitionKey) -> bool {
        self.cross_site_ancestor == key.cross_site_ancestor
            && self.top_level.scheme == key.top_level.scheme
            && self.top_level.domain == key.top_level.domain
    }
}

/// A stored cookie. All times are seconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The name; empty for a nameless cookie.
    pub name: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// The domain, canonical, without a leading dot: the host itself when [`Cookie::host_only`].
    pub domain: String,
    /// Whether the cookie goes to exactly the host that set it.
    pub host_only: bool,
    /// The path.
    pub path: Vec<u8>,
    /// Whether it had `Secure`.
    pub secure: bool,
    /// Whether it had `HttpOnly`.
    pub http_only: bool,
    /// Its same-site-flag.
    pub same_site: SameSite,
    /// The partition it is kept in, if any: because it had `Partitioned`, or because the browser
    /// keeps every third party's cookies so.
    pub partition: Option<PartitionKey>,
    /// When it, or the one whose place it took, was created.
    pub creation: i64,
    /// When it was last stored or sent.
    pub last_access: i64,
    /// When it expires; `None` for a session cookie, whose persistent-flag is false.
    pub expiry: Option<i64>,
    /// The place in the order of creation. Unique in a jar, as seconds are too coarse to sort by.
    pub serial: u64,
}

impl Cookie {
    /// Whether its lifetime is over.
    pub fn is_expired(&self, now: i64) -> bool {
        self.expiry.is_some_and(|expiry| expiry <= now)
    }

    /// The name as text; bytes that are no UTF-8 are replaced.
    pub fn name_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.name)
    }

    /// The value as text; bytes that are no UTF-8 are replaced.
    pub fn value_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.value)
    }

    /// The path as text; bytes that are no UTF-8 are replaced.
    pub fn path_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.path)
    }

    /// Whether the two are the same cookie to a jar: RFC 6265bis -22, section 5.7, step 23, and the
    /// same partition.
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.path == other.path
            && self.host_only == other.host_only
            && self.domain == other.domain
            && self.partition == other.partition
    }
}

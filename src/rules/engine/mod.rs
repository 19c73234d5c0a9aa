//! Where browsers deviate from the specifications, and from each other, as data.
//!
//! A [`Profile`] is a value: one field a deviation. No rule asks which browser it is; it asks a field. To rehearse a
//! browser that does not exist yet, change a field.
//!
//! A deviation stands in one place, a row of the table of its subject: what it means and where that was seen, its
//! values for the specification, Chromium, Firefox and WebKit in this order, and its line in the README's table. A row
//! without a line only decides whether there is a second reason for a refusal that there is anyway.
//!
//! Sources: *specification* is RFC 6265bis -22, layered cookies, Fetch or HTML. *Measured* means seen on 2026-11-20 in
//! Chromium 156.0.8078.79, Firefox 153.7.0esr, or WebKitGTK 2.50.6 with libsoup 3.2.3, or, where so said, on that
//! libsoup alone; a later date is given. *Documented* means read in the engine's public source or documentation, and
//! not seen.

mod cookies;
mod documents;
mod domains;
mod fetch;
mod limits;
mod navigation;
mod partitions;
mod preflights;
mod sites;
mod syntax;

pub use self::cookies::{Cookies, Order, PageCopies, Prefixes, Replacement, SecureProtection};
pub use self::documents::{Documents, SavedError, Viewer};
pub use self::domains::{Domains, UnicodeDomains};
pub use self::fetch::{EmptyLocation, Fetch, ProxyChallenge, RedirectedOrigin, TwoLocations, UserRedirects};
pub use self::limits::Limits;
pub use self::navigation::Navigation;
pub use self::partitions::{AncestorBit, Partitions, ThirdParty};
pub use self::preflights::{DroppedHeaders, Preflights, Remembered};
pub use self::sites::{Redirects, Sites};
pub use self::syntax::{BarePair, InnerTabs, Lifetime, MaxAgeGrammar, Nameless, Syntax, Tokens};

use super::cookie::SameSite;
use super::domain::domain_match;

/// A day in seconds.
const DAY: i64 = 86_400;

/// What a browser does with cookies and requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// How it reads a `Set-Cookie` line.
    pub syntax: Syntax,
    /// What it stores of the lines it has read, and what scripts see of its jar.
    pub cookies: Cookies,
    /// What a `Domain` may name.
    pub domains: Domains,
    /// What is same-site.
    pub sites: Sites,
    /// What it does with third parties.
    pub partitions: Partitions,
    /// How much it keeps, and for how long.
    pub limits: Limits,
    /// What it does with requests, cookies aside.
    pub fetch: Fetch,
    /// How it asks for leave, and how long it remembers the answer.
    pub preflights: Preflights,
    /// What it does when a tab goes somewhere.
    pub navigation: Navigation,
    /// What it makes of an answer to a navigation.
    pub documents: Documents,
}

/// A limit on a number, of cookies or of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The most there may be.
    pub most: usize,
    /// How many are kept once there are more.
    pub keep: usize,
}

impl Limit {
    /// No limit.
    pub const NONE: Self = Self { most: usize::MAX, keep: usize::MAX };
}

impl Profile {
    /// The specifications by the letter, with the defaults they recommend and third parties allowed.
    pub const SPECIFICATION: Self = Self::column(0);
    /// Chromium 156 as it ships: third parties' cookies allowed.
    pub const CHROMIUM: Self = Self::column(1);
    /// Firefox 153 as it ships: third parties' cookies partitioned by the top-level site.
    pub const FIREFOX: Self = Self::column(2);
    /// WebKitGTK 2.50 with its tracking prevention on: third parties' cookies blocked.
    pub const WEBKIT: Self = Self::column(3);

    /// A column of the tables.
    const fn column(number: usize) -> Self {
        Self {
            syntax: Syntax::COLUMNS[number],
            cookies: Cookies::COLUMNS[number],
            domains: Domains::COLUMNS[number],
            sites: Sites::COLUMNS[number],
            partitions: Partitions::COLUMNS[number],
            limits: Limits::COLUMNS[number],
            fetch: Fetch::COLUMNS[number],
            preflights: Preflights::COLUMNS[number],
            navigation: Navigation::COLUMNS[number],
            documents: Documents::COLUMNS[number],
        }
    }

    /// The same browser with another policy for third parties.
    pub const fn with_third_party(mut self, policy: ThirdParty) -> Self {
        self.partitions.third_party = policy;
        self
    }

    /// The SameSite that the jar keeps of a cookie that came with this one.
    pub fn kept_same_site(&self, flag: SameSite) -> SameSite {
        match flag {
            SameSite::Unset if self.sites.forgets_unset_same_site => self.sites.unset_same_site,
            flag => flag,
        }
    }

    /// The same browser as its copies of the jar are: they have no limits (documented 2026-11-25: Firefox's
    /// `CookieServiceChild::RecordDocumentCookie`; WebKit's `WebCookieCache` keeps a jar of libsoup's).
    pub(crate) const fn without_limits(mut self) -> Self {
        self.limits.site = Limit::NONE;
        self.limits.partition = Limit::NONE;
        self.limits.partition_bytes = Limit::NONE;
        self.limits.jar = Limit::NONE;
        self
    }

    /// Whether a host is of a cookie's domain: RFC 6265bis -22, section 5.1.3, or as names have it.
    pub fn domain_match(&self, host: &str, domain: &str) -> bool {
        let as_names = || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        domain_match(host, domain) || (self.domains.addresses_are_names && as_names())
    }

    /// Every deviation in words: what it is about, and what this browser does. What matters most to people comes
    /// first.
    fn words(&self) -> Vec<(&'static str, String)> {
        [
            self.partitions.words(),
            self.sites.words(),
            self.cookies.words(),
            self.domains.words(),
            self.limits.words(),
            self.fetch.words(),
            self.preflights.words(),
            self.navigation.words(),
            self.documents.words(),
            self.syntax.words(),
        ]
        .concat()
    }
}

/// Something that not all do alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about: a fragment.
    pub what: &'static str,
    /// What the specifications say.
    pub specification: String,
    /// What Chromium, Firefox and WebKit do, in this order.
    pub engines: [String; 3],
}

/// Everything in which an engine as it ships differs from the specifications.
pub fn differences() -> Vec<Difference> {
    let engines = [&Profile::CHROMIUM, &Profile::FIREFOX, &Profile::WEBKIT].map(Profile::words);
    Profile::SPECIFICATION
        .words()
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

/// A table of deviations: a struct of which each field is a row.
///
/// `field: type = [specification, chromium, firefox, webkit] => "its line" as how_its_value_is_said;`
macro_rules! deviations {
    ($(#[$doc:meta])* $table:ident
     $($(#[$about:meta])* $field:ident: $type:ty
        = [$specification:expr, $chromium:expr, $firefox:expr, $webkit:expr $(,)?]
        $(=> $line:literal $(as $said:ident)?)?;)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $table {
            $($(#[$about])* pub $field: $type,)+
        }

        impl $table {
            /// The specification, Chromium, Firefox and WebKit.
            pub(super) const COLUMNS: [Self; 4] = [
                Self { $($field: $specification,)+ },
                Self { $($field: $chromium,)+ },
                Self { $($field: $firefox,)+ },
                Self { $($field: $webkit,)+ },
            ];

            /// Each line of the table, and what this browser does.
            pub(super) fn words(&self) -> Vec<(&'static str, String)> {
                vec![$($(($line, deviations!(@said self.$field $(, $said)?)),)?)+]
            }
        }
    };
    (@said $value:expr, $said:ident) => { $said($value) };
    (@said $value:expr) => { $crate::rules::engine::Words::words(&$value) };
}
use deviations;

/// A value of a deviation, as the table says it.
trait Words {
    fn words(&self) -> String;
}

impl Words for bool {
    fn words(&self) -> String {
        if *self { "yes" } else { "no" }.to_owned()
    }
}

impl Words for usize {
    fn words(&self) -> String {
        if *self == Self::MAX { "no limit".to_owned() } else { self.to_string() }
    }
}

impl Words for Limit {
    fn words(&self) -> String {
        match self.most == self.keep {
            true => self.most.words(),
            false => format!("{}, then down to {}", self.most, self.keep),
        }
    }
}

/// A span of time in which something holds; 0 for never.
fn seconds(seconds: i64) -> String {
    if seconds == 0 { "never".to_owned() } else { lasting(seconds) }
}

/// A span of time after which something ends.
fn lasting(seconds: i64) -> String {
    match seconds {
        i64::MAX => "no limit".to_owned(),
        DAY => "1 day".to_owned(),
        whole if whole % DAY == 0 => format!("{} days", whole / DAY),
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

//! Storing cookies: `Secure`, prefixes, `HttpOnly`, replacing, and what goes in which order.

use super::{Words, deviations};

deviations! {
    /// What a browser stores of the lines it has read, and what scripts see of its jar.
    Cookies

    /// Whether `SameSite=None` is accepted only with `Secure`.
    ///
    /// Specification, Chromium and Firefox: yes (measured). WebKit: no (measured).
    none_requires_secure: bool = [true, true, true, false] => "`SameSite=None` needs `Secure`";
    /// Whether plain http to this very machine, `localhost` and loopback addresses, counts as a
    /// secure connection.
    ///
    /// Specification: left to the user agent. Chromium: yes (measured). Firefox: yes (documented).
    /// WebKit: no (measured on libsoup 3.2.3).
    trusts_loopback: bool = [true, true, true, false] => "`Secure` cookies work on `http://localhost`";
    /// What a line over an insecure connection may not touch.
    secure_protection: SecureProtection = [
        SecureProtection::Overlay,
        SecureProtection::Overlay,
        SecureProtection::Overlay,
        SecureProtection::Replace,
    ] => "what plain http may not touch";
    /// Whether that is asked of a line with `Secure` too, which step 13 refuses anyway: this decides whether
    /// it is a reason as well.
    ///
    /// Specification: no. Chromium: yes (measured: `OverwriteSecure` beside `SecureOnly`).
    protection_from_secure_lines: bool = [false, true, false, false];
    /// Whether a script may not write a cookie with the name and path of any HttpOnly one that goes to its page,
    /// and not only the very same cookie.
    ///
    /// Specification, Chromium (measured) and Firefox: no. WebKit: yes (measured 2026-11-21).
    http_only_shadows: bool = [false, false, false, true]
        => "an HttpOnly cookie keeps scripts from all of its name and path";
    /// Which name prefixes mean something.
    prefixes: Prefixes = [Prefixes::SecureAndHost, Prefixes::WithHttp, Prefixes::WithHttp, Prefixes::Nothing]
        => "name prefixes that mean something";
    /// Whether a prefix that wants `Secure` wants the connection to be secure too. Step 13 refuses such a
    /// line anyway: this decides whether the prefix is a reason as well.
    ///
    /// Specification: no. Chromium: yes (measured: `InvalidPrefix` beside `SecureOnly`). Firefox: yes
    /// (measured 2026-11-21: that alone is said).
    prefixes_want_secure_connection: bool = [false, true, true, false];
    /// Whether `__Host-` wants a `Path=/` that is written out, and not only a path that is `/`.
    ///
    /// Specification and Chromium: yes. Firefox: no (documented).
    host_prefix_needs_path_attribute: bool = [true, true, false, true]
        => "`__Host-` wants `Path=/` written out";
    /// Whether `__Host-` forbids any `Domain` that is not the very address of the host, and not only one
    /// that keeps the cookie from being host-only.
    ///
    /// Specification: no, `Domain=localhost` on `localhost` makes a host-only cookie. Chromium: yes
    /// (measured). Firefox: no (documented).
    host_prefix_forbids_domain: bool = [false, true, false, false]
        => "`__Host-` forbids a `Domain` that is the host itself";
    /// Whether `Expires` is read by the clock of the server: what lies between it and the answer's `Date` is the
    /// lifetime.
    ///
    /// Specification: no. Chromium and Firefox: yes (measured 2026-11-25: with a `Date` of years ago an `Expires` an
    /// hour later makes a cookie of an hour). WebKit: no (measured 2026-11-25).
    expires_by_date: bool = [false, true, true, false] => "`Expires` counts from the `Date` of the answer";
    /// Whether a cookie that replaces another takes its place in the order of creation.
    replacement: Replacement = [
        Replacement::KeepsPlace,
        Replacement::KeepsPlaceIfEqual,
        Replacement::KeepsPlace,
        Replacement::KeepsPlace,
    ] => "a cookie that replaces another is sent in the order of";
    /// What copy of the jar scripts look at.
    ///
    /// Specification and Chromium: none. Firefox: its processes have one for each site (measured 2026-11-21). WebKit:
    /// its process has one for each host (measured 2026-11-25).
    page_copies: PageCopies = [PageCopies::None, PageCopies::None, PageCopies::OfSites, PageCopies::OfHosts]
        => "scripts look at a copy of the jar";
    /// In what order cookies go whose paths are equally long.
    order: Order = [Order::Creation, Order::Creation, Order::Creation, Order::Domain]
        => "cookies with paths of one length go in the order of";
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

impl Words for SecureProtection {
    fn words(&self) -> String {
        match self {
            Self::Overlay => "any Secure cookie it would overlay",
            Self::Replace => "the Secure cookie it would replace",
        }
        .to_owned()
    }
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

impl Words for Prefixes {
    fn words(&self) -> String {
        match self {
            Self::Nothing => "none",
            Self::SecureAndHost => "`__Secure-`, `__Host-`",
            Self::WithHttp => "those, `__Http-` and `__Host-Http-`",
        }
        .to_owned()
    }
}

/// Where a cookie that replaces another stands in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// In the place of the old one. Specification, Firefox (documented), WebKit (measured 2026-11-21).
    KeepsPlace,
    /// In the place of the old one if the value is the same, else last. Chromium (measured).
    KeepsPlaceIfEqual,
}

impl Words for Replacement {
    fn words(&self) -> String {
        match self {
            Self::KeepsPlace => "the old one",
            Self::KeepsPlaceIfEqual => "the old one if the value is the same",
        }
        .to_owned()
    }
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

impl Words for PageCopies {
    fn words(&self) -> String {
        match self {
            Self::None => "no",
            Self::OfSites => "one for each site: it shows last what a script has changed, and what a script wrote over an HttpOnly cookie in vain if that was there before its page",
            Self::OfHosts => "one for each host once a script has read there: it shows what a script wrote over an HttpOnly cookie in vain, and goes on showing one that an HttpOnly one has replaced",
        }
        .to_owned()
    }
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

impl Words for Order {
    fn words(&self) -> String {
        match self {
            Self::Creation => "their creation",
            Self::Domain => "their domains, the nearest first",
        }
        .to_owned()
    }
}

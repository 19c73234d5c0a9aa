//! Limits of size, number and lifetime.

use super::{DAY, Limit, deviations, lasting, seconds};

deviations! {
    /// How much a browser keeps, and for how long.
    Limits

    /// The most bytes name and value may have together; `usize::MAX` for no limit.
    ///
    /// Specification, Chromium and Firefox: 4096. WebKit: none (measured on libsoup 3.2.3).
    max_name_value: usize = [4096, 4096, 4096, usize::MAX]
        => "longest name and value, in bytes";
    /// The longest lifetime in seconds; `i64::MAX` for no limit.
    ///
    /// Specification, Chromium and Firefox: 400 days (measured). WebKit: none (measured on libsoup
    /// 3.2.3).
    max_lifetime: i64 = [400 * DAY, 400 * DAY, 400 * DAY, i64::MAX] => "longest lifetime" as lasting;
    /// The longest lifetime in seconds of a cookie that a script writes; `i64::MAX` for no limit
    /// beside [`Limits::max_lifetime`].
    ///
    /// Safari: 7 days (documented). WebKitGTK: no limit, with its tracking prevention too (measured 2026-11-21), and
    /// nor have the others.
    max_script_lifetime: i64 = [i64::MAX, i64::MAX, i64::MAX, i64::MAX]
        => "longest lifetime of a cookie from a script" as lasting;
    /// How many cookies one site may have outside of partitions.
    ///
    /// Specification: at least 50 a domain. Chromium: 180, then down to 150 (measured). Firefox:
    /// the same (documented). WebKit: no limit (measured on libsoup 3.2.3 with 500); the number is
    /// ours.
    site: Limit = [
        Limit { most: 50, keep: 50 },
        Limit { most: 180, keep: 150 },
        Limit { most: 180, keep: 150 },
        Limit { most: 1000, keep: 900 },
    ] => "cookies a site may have";
    /// How many cookies one site may have in one partition.
    ///
    /// Specification, Firefox (documented 2026-11-25) and WebKit: as many as outside. Chromium: 180, and one goes for
    /// each that comes (documented 2026-11-25: `CookieMonster::GarbageCollectPartitionedCookies`).
    partition: Limit = [
        Limit { most: 50, keep: 50 },
        Limit { most: 180, keep: 180 },
        Limit { most: 180, keep: 150 },
        Limit { most: 1000, keep: 900 },
    ] => "… in one partition";
    /// How many bytes the names and values of one site's cookies may have in one partition.
    ///
    /// Specification and WebKit: no limit. Chromium: 10,240 (`kPerPartitionDomainMaxCookieBytes`). Firefox: a fifth
    /// more, then down to as many (`network.cookie.chips.partitionLimitByteCapacity`). Both measured 2026-11-25, with
    /// cookies of 3,500 bytes.
    partition_bytes: Limit = [
        Limit::NONE,
        Limit { most: 10_240, keep: 10_240 },
        Limit { most: 12_288, keep: 10_240 },
        Limit::NONE,
    ] => "… in one partition, in bytes of names and values";
    /// Whether a site's Secure cookies make room for a new one only if it is Secure too and no other can. Otherwise
    /// just those go that are not Secure, be they fewer than wanted; and where there is none, the new one is not
    /// stored.
    ///
    /// Specification (layered cookies, section 5.2.2) and Chromium: no. Firefox: yes (documented 2026-11-25:
    /// `CookieStorage::AddCookie`). WebKit has no limit.
    secure_make_room_for_secure: bool = [false, false, true, false]
        => "… and its Secure ones make room for Secure ones alone";
    /// How many cookies a jar may have.
    ///
    /// Specification: at least 3000. Chromium: 3300, then down to 3000 (documented). Firefox: 3300, then down to
    /// 3000 and the new one (documented 2026-11-25: `CookieStorage::AddCookie`). WebKit: no limit; the number is ours.
    jar: Limit = [
        Limit { most: 3000, keep: 3000 },
        Limit { most: 3300, keep: 3000 },
        Limit { most: 3300, keep: 3001 },
        Limit { most: 20_000, keep: 18_000 },
    ] => "cookies a jar may have";
    /// For how many seconds after its last use a cookie is safe from the limit of the whole jar.
    ///
    /// Chromium: 30 days (documented). Firefox: 30 days (documented 2026-11-25: `CookieStorage::PurgeCookies`. None is
    /// to go before one is unused for 33 days, but 32 bits make an hour of those).
    jar_spares: i64 = [0, 30 * DAY, 30 * DAY, 0] => "… not counting those used within" as seconds;
}

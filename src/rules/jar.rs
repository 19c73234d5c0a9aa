//! The jar: stored cookies, kept by site.
//!
//! Cookies live in one bucket for each site, so that a request looks at those of its own site only.
//! This file keeps, finds, drops and evicts; [`super::store`] decides what gets in, and
//! [`super::retrieve`] what goes out. A cookie whose lifetime is over stays until it is replaced,
//! deleted or evicted, so that it can be told from one that never was; it is never sent.

use std::collections::HashMap;

use super::cookie::{Cookie, PartitionKey};
use super::copy::{PageCopy, is_as_it_was};
use super::domain::PublicSuffixes;
use super::engine::{Limit, Profile};
use super::site::{Scheme, site_domain};

/// The cookies of a browser.
#[derive(Clone, Debug, Default)]
pub struct Jar {
    /// By the domain of the cookie's site.
    buckets: HashMap<String, Vec<Cookie>>,
    count: usize,
    next_serial: u64,
    /// The whole jar is not looked through again before it has this many cookies: without it a jar
    /// full of cookies that are safe from eviction would be looked through on every insertion.
    patience: usize,
    /// What pages know of it, where they do not look at the jar itself.
    pub(crate) copy: Option<Box<PageCopy>>,
}

/// What putting a cookie in did.
pub(crate) struct Put {
    /// The place of the cookie in the order of creation.
    pub(crate) serial: u64,
    /// The cookie whose place it took.
    pub(crate) replaced: Option<Cookie>,
    /// The cookies that went because there were too many.
    pub(crate) evicted: Vec<Cookie>,
}

impl Jar {
    /// An empty jar.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many cookies there are, expired ones that were not yet dropped included.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The cookies whose lifetime is not over, in the order of creation.
    pub fn cookies(&self, now: i64) -> Vec<&Cookie> {
        let mut cookies: Vec<_> = self.all().filter(|cookie| !cookie.is_expired(now)).collect();
        cookies.sort_unstable_by_key(|cookie| cookie.serial);
        cookies
    }

    /// Every cookie, expired ones that were not yet dropped included, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Cookie> {
        self.buckets.values().flatten()
    }

    /// Puts a cookie in as it is, in place of the same one if there is one, asking no rule. Its
    /// serial is set. For a jar that was read from a browser.
    pub fn insert(&mut self, suffixes: &dyn PublicSuffixes, mut cookie: Cookie) {
        cookie.serial = self.next_serial();
        self.mirror(suffixes, cookie);
    }

    /// Puts a cookie in as another jar holds it, its place in the order of creation included, in the place of the
    /// same one if there is one.
    pub(crate) fn mirror(&mut self, suffixes: &dyn PublicSuffixes, cookie: Cookie) {
        let bucket = bucket_of(&mut self.buckets, site_domain(suffixes, &cookie.domain));
        match bucket.iter_mut().find(|old| old.is_same(&cookie)) {
            Some(old) => *old = cookie,
            None => {
                bucket.push(cookie);
                self.count += 1;
            }
        }
    }

    /// Keeps the cookies for which `keep` is true. To empty the jar for a site, say.
    pub fn retain(&mut self, mut keep: impl FnMut(&Cookie) -> bool) {
        self.buckets.retain(|_, bucket| {
            bucket.retain(&mut keep);
            !bucket.is_empty()
        });
        self.recount();
    }

    /// Ends the session: drops every cookie that has no expiry. RFC 6265bis -22, section 5.7, last
    /// paragraph.
    pub fn end_session(&mut self) {
        self.copy = None;
        self.retain(|cookie| cookie.expiry.is_some());
    }

    /// Makes no cookie older than it is, though so many seconds pass: for a browser whose clock stands still
    /// and whose expiries are moved.
    pub fn keep_ages(&mut self, seconds: i64) {
        for cookie in self.buckets.values_mut().flatten() {
            cookie.creation = cookie.creation.saturating_add(seconds);
            cookie.last_access = cookie.last_access.saturating_add(seconds);
        }
    }

    /// Drops every cookie.
    pub fn clear(&mut self) {
        self.copy.iter_mut().for_each(|copy| copy.clear());
        self.retain(|_| false);
    }

    /// The cookies of the site with this domain.
    pub(crate) fn site(&self, domain: &str) -> &[Cookie] {
        self.buckets.get(domain).map_or(&[], Vec::as_slice)
    }

    /// The same, to change.
    pub(crate) fn site_mut(&mut self, domain: &str) -> &mut [Cookie] {
        self.buckets.get_mut(domain).map_or(&mut [], Vec::as_mut_slice)
    }

    /// Takes a cookie out of a site's cookies by its place among them.
    pub(crate) fn remove(&mut self, domain: &str, place: usize) -> Option<Cookie> {
        let bucket = self.buckets.get_mut(domain)?;
        if place >= bucket.len() {
            return None;
        }
        self.count -= 1;
        Some(bucket.swap_remove(place))
    }

    /// Puts a new cookie among a site's, in the place of an old one if one is given, and evicts
    /// what is then too much. `None` where there is no room for it.
    pub(crate) fn put(
        &mut self,
        domain: &str,
        mut cookie: Cookie,
        place: Option<usize>,
        keeps_place: bool,
        profile: &Profile,
        now: i64,
    ) -> Option<Put> {
        cookie.serial = self.next_serial();
        let bucket = bucket_of(&mut self.buckets, domain);
        if let Some(old) = place.and_then(|place| bucket.get_mut(place)) {
            if keeps_place {
                cookie.serial = old.serial;
            }
            let serial = cookie.serial;
            let replaced = Some(std::mem::replace(old, cookie));
            let evicted = evict_bytes(bucket, serial, profile.limits.partition_bytes, now);
            self.count -= evicted.len();
            return Some(Put { serial, replaced, evicted });
        }
        let serial = cookie.serial;
        let mut evicted = make_room(bucket, &cookie, profile, now)?;
        bucket.push(cookie);
        evicted.extend(evict_bytes(bucket, serial, profile.limits.partition_bytes, now));
        self.count += 1;
        self.count -= evicted.len();
        self.evict_from_jar(profile, now, &mut evicted);
        Some(Put { serial, replaced: None, evicted })
    }

    /// The next place in the order of creation.
    pub(crate) fn next_serial(&mut self) -> u64 {
        self.next_serial += 1;
        self.next_serial - 1
    }

    /// Has the order of creation go on from there.
    pub(crate) fn number_from(&mut self, serial: u64) {
        self.next_serial = serial;
    }

    /// Gives the cookie that has replaced this one a later place in the order of creation, unless nothing has
    /// changed. `end` is the end of its lifetime that the line names.
    pub(crate) fn put_last(
        &mut self,
        suffixes: &dyn PublicSuffixes,
        old: &Cookie,
        end: Option<i64>,
        serial: u64,
    ) {
        let bucket = bucket_of(&mut self.buckets, site_domain(suffixes, &old.domain));
        if let Some(cookie) = bucket.iter_mut().find(|cookie| cookie.is_same(old))
            && !is_as_it_was(cookie, old, end)
        {
            cookie.serial = serial;
        }
    }

    /// Puts the partition of a top-level document without a site out of reach, as the tab leaves it: the next one
    /// has another.
    pub fn leave_siteless(&mut self) {
        self.copy.iter_mut().for_each(|copy| copy.leave_siteless());
        for cookie in self.buckets.values_mut().flatten() {
            if let Some(key) = &mut cookie.partition
                && key.top_level.scheme == Scheme::Opaque
            {
                "left".clone_into(&mut key.top_level.domain);
            }
        }
    }

    /// Whether the partition of a top-level document without a site holds anything.
    pub fn has_siteless(&self) -> bool {
        let is_siteless =
            |key: &PartitionKey| key.top_level.scheme == Scheme::Opaque && key.top_level.domain.is_empty();
        self.all().any(|cookie| cookie.partition.as_ref().is_some_and(is_siteless))
    }

    /// Layered cookies, section 5.2.3; RFC 6265bis -22, section 5.7, after step 24.
    fn evict_from_jar(&mut self, profile: &Profile, now: i64, evicted: &mut Vec<Cookie>) {
        let limit = profile.limits.jar;
        if self.count <= limit.most.max(self.patience) {
            return;
        }
        let excess = self.count - limit.keep;
        let mut ranks: Vec<_> = self
            .all()
            .filter(|cookie| {
                cookie.is_expired(now) || cookie.last_access <= now.saturating_sub(profile.limits.jar_spares)
            })
            .map(|cookie| (!cookie.is_expired(now), cookie.last_access, cookie.serial))
            .collect();
        ranks.sort_unstable();
        ranks.truncate(excess);
        if let Some(&last) = ranks.last() {
            self.buckets.retain(|_, bucket| {
                evicted.extend(bucket.extract_if(.., |cookie| {
                    (!cookie.is_expired(now), cookie.last_access, cookie.serial) <= last
                        && (cookie.is_expired(now)
                            || cookie.last_access <= now.saturating_sub(profile.limits.jar_spares))
                }));
                !bucket.is_empty()
            });
            self.recount();
        }
        self.patience = if self.count > limit.most { self.count + self.count / 8 } else { 0 };
    }

    fn recount(&mut self) {
        self.count = self.buckets.values().map(Vec::len).sum();
    }
}

/// The bucket of a site's domain, made if there is none. The name is copied only then.
fn bucket_of<'b>(buckets: &'b mut HashMap<String, Vec<Cookie>>, domain: &str) -> &'b mut Vec<Cookie> {
    if !buckets.contains_key(domain) {
        buckets.insert(domain.to_owned(), Vec::new());
    }
    buckets.get_mut(domain).expect("the bucket was there or has just been made")
}

/// Makes room for a new cookie where its site has too many: layered cookies, section 5.2.2. Expired ones go first,
/// then those that are not Secure, then the others, each by their last access. `None` where none goes for this one.
fn make_room(bucket: &mut Vec<Cookie>, new: &Cookie, profile: &Profile, now: i64) -> Option<Vec<Cookie>> {
    let limit = if new.partition.is_some() { profile.limits.partition } else { profile.limits.site };
    if bucket.len() < limit.most {
        return Some(Vec::new());
    }
    let is_beside = |cookie: &Cookie| cookie.partition == new.partition;
    let rank = |cookie: &Cookie| (!cookie.is_expired(now), cookie.secure, cookie.last_access, cookie.serial);
    let mut ranks: Vec<_> = bucket.iter().filter(|cookie| is_beside(cookie)).map(rank).collect();
    if ranks.len() < limit.most {
        return Some(Vec::new());
    }
    let excess = (ranks.len() + 1).saturating_sub(limit.keep);
    ranks.sort_unstable();
    if profile.limits.secure_make_room_for_secure {
        match ranks.partition_point(|&(is_alive, is_secure, ..)| !(is_alive && is_secure)) {
            0 if new.secure => {}
            0 => return None,
            others => ranks.truncate(others),
        }
    }
    ranks.truncate(excess);
    let last = ranks.last().copied();
    Some(bucket.extract_if(.., |cookie| is_beside(cookie) && Some(rank(cookie)) <= last).collect())
}

/// Evicts, where the cookies that a site has in the partition of the newest of them are too many bytes in names and
/// values, what is more than may be kept: expired ones first, then by their last access. The newest is never evicted.
fn evict_bytes(bucket: &mut Vec<Cookie>, newest: u64, limit: Limit, now: i64) -> Vec<Cookie> {
    let newcomer = bucket.iter().rfind(|cookie| cookie.serial == newest);
    let Some(partition) = newcomer.and_then(|cookie| cookie.partition.clone()) else {
        return Vec::new();
    };
    let is_beside = |cookie: &Cookie| cookie.partition.as_ref() == Some(&partition);
    let size = |cookie: &Cookie| cookie.name.len() + cookie.value.len();
    let mut bytes: usize = bucket.iter().filter(|cookie| is_beside(cookie)).map(size).sum();
    if bytes <= limit.most {
        return Vec::new();
    }
    let may_go = |cookie: &Cookie| is_beside(cookie) && cookie.serial != newest;
    let rank = |cookie: &Cookie| (!cookie.is_expired(now), cookie.last_access, cookie.serial);
    let others = bucket.iter().filter(|cookie| may_go(cookie));
    let mut ranks: Vec<_> = others.map(|cookie| (rank(cookie), size(cookie))).collect();
    ranks.sort_unstable();
    let mut last = None;
    for (its_rank, its_size) in ranks {
        if bytes <= limit.keep {
            break;
        }
        bytes -= its_size;
        last = Some(its_rank);
    }
    bucket.extract_if(.., |cookie| may_go(cookie) && Some(rank(cookie)) <= last).collect()
}

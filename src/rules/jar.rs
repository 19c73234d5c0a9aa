//! The jar: stored cookies, kept by site.
//!
//! Cookies live in one bucket for each site, so that a request looks at those of its own site only.
//! This file keeps, finds, drops and evicts; [`super::store`] decides what gets in, and
//! [`super::retrieve`] what goes out. A cookie whose lifetime is over stays until it is replaced,
//! deleted or evicted, so that it can be told from one that never was; it is never sent.

use std::collections::HashMap;

use super::cookie::{Cookie, PartitionKey};
use super::domain::{PublicSuffixes, registrable_domain};
use super::engine::{Limit, Profile};
use super::site::{Origin, Relation, Scheme, site_domain};

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
        (cookie.serial, cookie.seen) = (self.next_serial, self.next_serial);
        self.next_serial += 1;
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
    /// what is then too much.
    pub(crate) fn put(
        &mut self,
        domain: &str,
        mut cookie: Cookie,
        place: Option<usize>,
        keeps_place: bool,
        profile: &Profile,
        now: i64,
    ) -> (Option<Cookie>, Vec<Cookie>) {
        (cookie.serial, cookie.seen) = (self.next_serial, self.next_serial);
        let bucket = bucket_of(&mut self.buckets, domain);
        let old = place.and_then(|place| bucket.get_mut(place));
        if let Some(old) = old {
            if keeps_place {
                (cookie.serial, cookie.seen) = (old.serial, old.serial);
            } else {
                self.next_serial += 1;
            }
            return (Some(std::mem::replace(old, cookie)), Vec::new());
        }
        self.next_serial += 1;
        let partition = cookie.partition.clone();
        bucket.push(cookie);
        self.count += 1;
        let mut evicted = evict_from_site(bucket, partition.as_ref(), profile.site_limit, now);
        self.count -= evicted.len();
        self.evict_from_jar(profile, now, &mut evicted);
        (None, evicted)
    }

    /// Finds the place, in the copy of the jar that pages keep, of a cookie that has replaced another: the last
    /// where a script has changed it, that of the other where nothing has changed.
    pub(crate) fn replace_in_copy(&mut self, domain: &str, place: usize, old: &Cookie, by_script: bool) {
        let last = self.next_serial;
        let Some(cookie) = self.site_mut(domain).get_mut(place) else { return };
        let is_as_it_was = cookie.value == old.value
            && (cookie.secure, cookie.http_only, cookie.same_site) == (old.secure, old.http_only, old.same_site)
            // No two lifetimes end at the same time.
            && cookie.expiry.is_none()
            && old.expiry.is_none();
        if is_as_it_was {
            cookie.seen = old.seen;
        } else if by_script {
            cookie.seen = last;
            self.next_serial += 1;
        }
    }

    /// Puts the partition of a top-level document without a site out of reach, as the tab leaves it: the next one
    /// has another.
    pub fn leave_siteless(&mut self) {
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

    /// Has pages make new copies of the jar, as the tab goes from a document to another. That of a site it stays on,
    /// or of an origin where there is no registrable domain, is kept.
    pub fn copy_afresh(&mut self, suffixes: &dyn PublicSuffixes, from: &Origin, to: &Origin) {
        let stays = match registrable_domain(suffixes, &to.host) {
            Some(_) => from.relation(to, suffixes, true) != Relation::CrossSite,
            None => from.is_same_origin(to),
        };
        let kept = stays.then(|| site_domain(suffixes, &to.host));
        for (domain, bucket) in &mut self.buckets {
            if Some(domain.as_str()) != kept {
                bucket.iter_mut().for_each(|cookie| cookie.seen = cookie.serial);
            }
        }
    }

    /// Layered cookies, section 5.2.3; RFC 6265bis -22, section 5.7, after step 24.
    fn evict_from_jar(&mut self, profile: &Profile, now: i64, evicted: &mut Vec<Cookie>) {
        let limit = profile.jar_limit;
        if self.count <= limit.most.max(self.patience) {
            return;
        }
        let excess = self.count - limit.keep;
        let mut ranks: Vec<_> = self
            .all()
            .filter(|cookie| {
                cookie.is_expired(now) || cookie.last_access <= now.saturating_sub(profile.jar_limit_spares)
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
                            || cookie.last_access <= now.saturating_sub(profile.jar_limit_spares))
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

/// Layered cookies, section 5.2.2: expired ones first, then those that are not Secure, then the
/// others, each by their last access. The newest is never evicted.
fn evict_from_site(
    bucket: &mut Vec<Cookie>,
    partition: Option<&PartitionKey>,
    limit: Limit,
    now: i64,
) -> Vec<Cookie> {
    if bucket.len() <= limit.most {
        return Vec::new();
    }
    let newest = bucket.last().map(|cookie| cookie.serial);
    let rank = |cookie: &Cookie| (!cookie.is_expired(now), cookie.secure, cookie.last_access, cookie.serial);
    let mut ranks: Vec<_> =
        bucket.iter().filter(|cookie| cookie.partition.as_ref() == partition).map(rank).collect();
    if ranks.len() <= limit.most {
        return Vec::new();
    }
    let excess = ranks.len() - limit.keep;
    ranks.retain(|&(.., serial)| Some(serial) != newest);
    ranks.sort_unstable();
    let Some(&last) = ranks.get(..excess).and_then(<[_]>::last) else {
        return Vec::new();
    };
    bucket
        .extract_if(.., |cookie| {
            cookie.partition.as_ref() == partition && Some(cookie.serial) != newest && rank(cookie) <= last
        })
        .collect()
}

//! Deciding which cookies are sent: RFC 6265bis -22, section 5.8.
//!
//! Every cookie of the request's site is looked at, and each that stays behind comes with all its
//! reasons. The conditions stand in the order of section 5.8.3, step 3. Reading a jar changes
//! nothing in it but the time of last access of what was sent.

use std::cmp::Reverse;

use super::context::{Context, Standing};
use super::cookie::{Cookie, SameSite};
use super::domain::PublicSuffixes;
use super::engine::{Order, Profile, ThirdParty};
use super::jar::Jar;
use super::path::path_match;
use super::reason::Reason;
use super::reasons::Reasons;

/// What goes with a request, or what a script reads, and what does not.
#[derive(Clone, Debug)]
pub struct Retrieval<'j> {
    /// The value of the `Cookie` header, or of `document.cookie`; empty when nothing goes, and then
    /// there is no header.
    pub header: Vec<u8>,
    /// The cookies that go, in the order of the header.
    pub sent: Vec<&'j Cookie>,
    /// The cookies of the same site that stay behind, in no order.
    pub withheld: Vec<Withheld<'j>>,
}

/// A cookie that is in the jar and was not sent.
#[derive(Clone, Copy, Debug)]
pub struct Withheld<'j> {
    /// The cookie.
    pub cookie: &'j Cookie,
    /// Why; never empty.
    pub reasons: Reasons,
}

impl Jar {
    /// The cookies that go with this request, or, in a context of a script, what it reads from
    /// `document.cookie`. `now` is in seconds since the epoch.
    pub fn retrieve(
        &mut self,
        profile: &Profile,
        suffixes: &dyn PublicSuffixes,
        context: &Context,
        now: i64,
    ) -> Retrieval<'_> {
        let standing = Standing::of(context, profile, suffixes);
        // 5.8.3, steps 3 and 5.
        let verdicts: Vec<_> = self
            .site_mut(standing.domain)
            .iter_mut()
            .map(|cookie| {
                let reasons = reasons_against(cookie, &standing, profile, now);
                if reasons.is_empty() {
                    cookie.last_access = now;
                }
                reasons
            })
            .collect();
        self.take_over(profile, suffixes, &standing, now);
        let retrieval = select(self.site(standing.domain).iter().zip(verdicts), profile.cookies.order);
        self.seen_instead(retrieval, profile, &standing, now)
    }

    /// The same without touching the time of last access, and without having a copy taken over: a question, not a
    /// request.
    pub fn peek(
        &self,
        profile: &Profile,
        suffixes: &dyn PublicSuffixes,
        context: &Context,
        now: i64,
    ) -> Retrieval<'_> {
        let standing = Standing::of(context, profile, suffixes);
        self.seen_instead(self.select(profile, &standing, now), profile, &standing, now)
    }

    fn select(&self, profile: &Profile, standing: &Standing<'_>, now: i64) -> Retrieval<'_> {
        let verdict = |cookie| (cookie, reasons_against(cookie, standing, profile, now));
        select(self.site(standing.domain).iter().map(verdict), profile.cookies.order)
    }

    /// What a script sees, which may look at a copy of the jar. What stays behind is told of the jar itself.
    fn seen_instead<'j>(
        &'j self,
        retrieval: Retrieval<'j>,
        profile: &Profile,
        standing: &Standing<'_>,
        now: i64,
    ) -> Retrieval<'j> {
        let Some(copy) = self.copy_of(profile, standing) else { return retrieval };
        Retrieval { withheld: retrieval.withheld, ..copy.select(profile, standing, now) }
    }

    /// Why cookies of this name do not go with this request: each cookie of the whole jar that has
    /// the name and stays behind, with its reasons. Where the jar has none at all the answer is
    /// [`Reason::NotStored`], and there is no cookie to show for it.
    pub fn why_not_sent(
        &self,
        profile: &Profile,
        suffixes: &dyn PublicSuffixes,
        context: &Context,
        name: &[u8],
        now: i64,
    ) -> Vec<(Option<&Cookie>, Reasons)> {
        let standing = Standing::of(context, profile, suffixes);
        let mut named = self.all().filter(|cookie| cookie.name == name).peekable();
        if named.peek().is_none() {
            return vec![(None, Reasons::from([Reason::NotStored]))];
        }
        let mut answers: Vec<_> = named
            .map(|cookie| (Some(cookie), reasons_against(cookie, &standing, profile, now)))
            .filter(|(_, reasons)| !reasons.is_empty())
            .collect();
        answers.sort_unstable_by_key(|(cookie, _)| cookie.map(|cookie| cookie.serial));
        answers
    }
}

/// 5.8.3, steps 3 to 6, once every cookie of the site has been looked at. That the retrieval has a
/// canonical host, steps 1 and 2, a context sees to.
fn select<'j>(cookies: impl Iterator<Item = (&'j Cookie, Reasons)>, order: Order) -> Retrieval<'j> {
    let mut retrieval = Retrieval { header: Vec::new(), sent: Vec::new(), withheld: Vec::new() };
    // Step 3.
    for (cookie, reasons) in cookies {
        if !reasons.is_empty() {
            retrieval.withheld.push(Withheld { cookie, reasons });
        } else if !(cookie.name.is_empty() && cookie.value.is_empty()) {
            retrieval.sent.push(cookie);
        }
    }
    // Step 4.
    retrieval.sent.sort_unstable_by_key(|cookie| {
        let domain = match order {
            Order::Creation => (Reverse(0), false),
            Order::Domain => (Reverse(cookie.domain.len()), cookie.host_only),
        };
        (Reverse(cookie.path.len()), domain, cookie.serial)
    });
    retrieval.header = serialize(&retrieval.sent);
    retrieval
}

/// 5.8.3, step 6.
fn serialize(cookies: &[&Cookie]) -> Vec<u8> {
    let length = cookies.iter().map(|cookie| cookie.name.len() + cookie.value.len() + 3).sum();
    let mut header = Vec::with_capacity(length);
    for (index, cookie) in cookies.iter().enumerate() {
        // Step 6.3.
        if index > 0 {
            header.extend_from_slice(b"; ");
        }
        // Step 6.1.
        if !cookie.name.is_empty() {
            header.extend_from_slice(&cookie.name);
            header.push(b'=');
        }
        // Step 6.2.
        header.extend_from_slice(&cookie.value);
    }
    header
}

/// 5.8.3, step 3, its bullets in order, before and after them what the section leaves to the user
/// agent's policy.
fn reasons_against(cookie: &Cookie, standing: &Standing<'_>, profile: &Profile, now: i64) -> Reasons {
    let mut reasons = Reasons::NONE;
    reasons.insert_if(!standing.credentials, Reason::CredentialsOmitted);
    // 5.7: an expired cookie is not in the store.
    reasons.insert_if(cookie.is_expired(now), Reason::Expired);
    // First bullet. That the domain has become a public suffix since does not happen in one run.
    if !profile.domain_match(standing.host, &cookie.domain) {
        reasons.insert(Reason::DomainMismatch);
    } else if cookie.host_only && standing.host != cookie.domain {
        reasons.insert(Reason::HostOnly);
    }
    // Second bullet.
    reasons.insert_if(!path_match(&standing.path, &cookie.path), Reason::PathMismatch);
    // Third bullet.
    reasons.insert_if(cookie.secure && !standing.secure, Reason::SecureRequired);
    // Fourth bullet.
    reasons.insert_if(cookie.http_only && standing.script, Reason::HttpOnly);
    // Fifth bullet.
    if !standing.same_site_for_sending {
        same_site(cookie, standing, profile, now, &mut reasons);
    }
    partition(cookie, standing, profile, &mut reasons);
    reasons
}

/// 5.8.3, step 3, fifth bullet, for a cross-site retrieval.
fn same_site(cookie: &Cookie, standing: &Standing<'_>, profile: &Profile, now: i64, reasons: &mut Reasons) {
    let navigation = !standing.script && standing.top_level;
    match cookie.same_site {
        SameSite::None => {}
        SameSite::Strict => reasons.insert(Reason::SameSiteStrict),
        SameSite::Lax => {
            reasons.insert_if(!(navigation && standing.safe_method), Reason::SameSiteLax);
        }
        SameSite::Unset if profile.sites.unset_same_site == SameSite::None => {}
        SameSite::Unset => {
            // 5.6.7.2, Lax-allowing-unsafe.
            let age = now.saturating_sub(cookie.creation);
            let young = profile.sites.lax_unsafe_seconds > 0 && age <= profile.sites.lax_unsafe_seconds;
            let allowed = navigation && (standing.safe_method || young);
            reasons.insert_if(!allowed, Reason::SameSiteDefaultLax);
        }
    }
}

/// Section 7.1, and partitions.
fn partition(cookie: &Cookie, standing: &Standing<'_>, profile: &Profile, reasons: &mut Reasons) {
    let third_party = standing.third_party;
    match &cookie.partition {
        Some(key) => {
            reasons.insert_if(!standing.partition.is(key), Reason::OtherPartition);
            let blocked = third_party && profile.partitions.third_party == ThirdParty::Blocked;
            reasons
                .insert_if(blocked && !profile.partitions.partitioned_is_exempt, Reason::ThirdPartyBlocked);
        }
        None if !third_party => {}
        None => match profile.partitions.third_party {
            ThirdParty::Allowed => {}
            ThirdParty::Partitioned => reasons.insert(Reason::OtherPartition),
            ThirdParty::Blocked => reasons.insert(Reason::ThirdPartyBlocked),
        },
    }
}

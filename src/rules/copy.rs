//! The copy of the jar that pages look at, in browsers whose processes of pages keep one.
//!
//! Such a process takes over what scripts may see when it comes to need it, and hears of changes from then on. What
//! it does not hear of it goes on showing: [`PageCopies`] says what that is. So a script may see a cookie that is
//! gone, or one that it wrote and that the jar has refused. Requests carry what is in the jar, and nothing here
//! decides what is stored or sent.

use super::context::{Context, Kind, Standing};
use super::cookie::Cookie;
use super::domain::{PublicSuffixes, registrable_domain};
use super::engine::{PageCopies, Profile};
use super::jar::Jar;
use super::set_cookie::Expiry;
use super::site::{Origin, Relation, site_domain};
use super::store::Decision;

/// What the processes of pages know.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageCopy {
    /// Whose cookies were taken over: domains of sites, or hosts.
    taken: Vec<String>,
    /// What is known of them. The order of creation is that of the whole jar.
    jar: Jar,
}

impl Jar {
    /// The tab goes from a document to another, which is shown now. Where copies belong to the processes of sites,
    /// that of a site it stays on is kept, or of an origin where there is no registrable domain; others are gone.
    pub fn turn_page(
        &mut self,
        profile: &Profile,
        suffixes: &dyn PublicSuffixes,
        from: &Origin,
        to: &Origin,
        now: i64,
    ) {
        if profile.cookies.page_copies != PageCopies::OfSites {
            return;
        }
        let stays = match registrable_domain(suffixes, &to.host) {
            Some(_) => from.relation(to, suffixes, true) != Relation::CrossSite,
            None => from.is_same_origin(to),
        };
        let kept = stays.then(|| site_domain(suffixes, &to.host));
        if let Some(copy) = &mut self.copy {
            copy.taken.retain(|site| Some(site.as_str()) == kept);
            let taken = &copy.taken;
            copy.jar.retain(|cookie| taken.iter().any(|site| site == site_domain(suffixes, &cookie.domain)));
        }
        if let Some(script) = Context::script(vec![to.clone()], "/") {
            self.take_over(profile, suffixes, &Standing::of(&script, profile, suffixes), now);
        }
    }

    /// Has the copy that this script is about to look at take over what it lacks.
    pub(crate) fn take_over(
        &mut self,
        profile: &Profile,
        suffixes: &dyn PublicSuffixes,
        standing: &Standing<'_>,
        now: i64,
    ) {
        if !has_copy(profile, standing) || self.copy_of(profile, standing).is_some() {
            return;
        }
        let visible = |cookie: &&Cookie| {
            let of_host = || profile.domain_match(standing.host, &cookie.domain);
            let is_known = profile.cookies.page_copies == PageCopies::OfSites || of_host();
            is_known && !cookie.http_only && !cookie.is_expired(now)
        };
        let taken: Vec<Cookie> = self.site(standing.domain).iter().filter(visible).cloned().collect();
        let copy = self.copy.get_or_insert_default();
        copy.taken.push(key(profile, standing).to_owned());
        taken.into_iter().for_each(|cookie| copy.jar.mirror(suffixes, cookie));
    }

    /// The copy that this script looks at. `None` where that is the jar itself, or nothing is taken over yet.
    pub(crate) fn copy_of(&self, profile: &Profile, standing: &Standing<'_>) -> Option<&Jar> {
        let copy = self.copy.as_deref().filter(|_| has_copy(profile, standing))?;
        copy.taken.iter().any(|taken| taken == key(profile, standing)).then_some(&copy.jar)
    }

    /// Has the copy that a script looks at take its line in, whatever becomes of that in the jar, and however many
    /// cookies it has. Answers whether there is such a copy.
    pub(crate) fn write_in_copy(
        &mut self,
        profile: &Profile,
        suffixes: &dyn PublicSuffixes,
        context: &Context,
        line: &[u8],
        now: i64,
    ) -> bool {
        if profile.cookies.page_copies == PageCopies::None || context.kind != Kind::Script {
            return false;
        }
        let standing = &Standing::of(context, profile, suffixes);
        if profile.cookies.page_copies == PageCopies::OfSites {
            self.take_over(profile, suffixes, standing, now);
        }
        if self.copy_of(profile, standing).is_none() {
            return false;
        }
        let serial = self.next_serial();
        let Some(copy) = &mut self.copy else { return false };
        copy.jar.number_from(serial);
        let (decision, _) = copy.jar.receive(&profile.without_limits(), suffixes, context, line, now);
        if let (true, PageCopies::OfSites, Some(old)) =
            (decision.is_stored(), profile.cookies.page_copies, &decision.replaced)
        {
            let end = match decision.parsed.lifetime {
                Some((_, Expiry::At(end))) => Some(end),
                _ => None,
            };
            copy.jar.put_last(suffixes, old, end, serial);
        }
        true
    }

    /// Tells the copies of what a line has changed: of what went, and of the cookie it made, which is not given where
    /// they have it already.
    pub(crate) fn tell_copies(
        &mut self,
        profile: &Profile,
        suffixes: &dyn PublicSuffixes,
        decision: &Decision<'_>,
        stored: Option<Cookie>,
    ) {
        let Some(copy) = &mut self.copy else { return };
        let hears = |cookie: &Cookie| match profile.cookies.page_copies {
            PageCopies::None => false,
            PageCopies::OfSites => {
                copy.taken.iter().any(|site| site == site_domain(suffixes, &cookie.domain))
            }
            PageCopies::OfHosts => {
                let of_host = |host: &String| profile.domain_match(host, &cookie.domain);
                !cookie.http_only && copy.taken.iter().any(of_host)
            }
        };
        let replaced = decision.replaced.as_ref();
        let deleted = replaced.filter(|_| decision.is_deletion());
        let gone: Vec<&Cookie> =
            deleted.into_iter().chain(&decision.evicted).filter(|cookie| hears(cookie)).collect();
        if !gone.is_empty() {
            copy.jar.retain(|cookie| !gone.iter().any(|gone| gone.is_same(cookie)));
        }
        if let Some(cookie) = stored
            && hears(&cookie)
            && !replaced.is_some_and(|old| is_as_it_was(&cookie, old, None))
        {
            copy.jar.mirror(suffixes, cookie);
        }
    }
}

impl PageCopy {
    /// Forgets every cookie, being told that there is none.
    pub(crate) fn clear(&mut self) {
        self.jar.clear();
    }

    /// See [`Jar::leave_siteless`].
    pub(crate) fn leave_siteless(&mut self) {
        self.jar.leave_siteless();
    }
}

/// Whether a cookie that has replaced another is no news. Two lifetimes end at the same time only where both end at
/// the one, `end`, that a script's line names: others are reckoned by a clock that has gone on, those of answers too,
/// whose `Expires` is held against their `Date`.
pub(crate) fn is_as_it_was(cookie: &Cookie, old: &Cookie, end: Option<i64>) -> bool {
    cookie.value == old.value
        && (cookie.secure, cookie.http_only, cookie.same_site) == (old.secure, old.http_only, old.same_site)
        && cookie.expiry == old.expiry
        && (cookie.expiry.is_none() || cookie.expiry == end)
}

/// What a copy is of.
fn key<'s>(profile: &Profile, standing: &Standing<'s>) -> &'s str {
    if profile.cookies.page_copies == PageCopies::OfSites { standing.domain } else { standing.host }
}

/// Whether the script looks at a copy.
fn has_copy(profile: &Profile, standing: &Standing<'_>) -> bool {
    standing.script
        && match profile.cookies.page_copies {
            PageCopies::None => false,
            PageCopies::OfSites => true,
            // A third party's frame asks the jar each time.
            PageCopies::OfHosts => !standing.third_party,
        }
}

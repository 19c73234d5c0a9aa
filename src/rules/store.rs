//! Deciding whether a cookie is stored: RFC 6265bis -22, section 5.7.
//!
//! The steps stand in the order of the draft, each above the line that does it, except that none
//! ends the algorithm: all are taken, and what would have ended it becomes a reason. A decision
//! changes nothing but the jar it was asked of.

use super::context::{Context, Standing};
use super::cookie::{Cookie, SameSite};
use super::domain::{PublicSuffixes, domain_match, is_ip_address};
use super::engine::{Prefixes, Profile, Replacement, SecureProtection, ThirdParty, UnicodeDomains};
use super::jar::Jar;
use super::path::{default_path, path_match};
use super::prefix::Prefix;
use super::reason::Reason;
use super::reasons::Reasons;
use super::set_cookie::{Attribute, Expiry, Fault, SetCookie, Span};

/// What became of a `Set-Cookie` line, or of a script's write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'l> {
    /// The line, read.
    pub parsed: SetCookie<'l>,
    /// Why the cookie was not stored; empty when it was.
    pub faults: Vec<Fault>,
    /// The cookie that went because of this line: replaced, or deleted when the fault is
    /// [`Reason::Expired`].
    pub replaced: Option<Cookie>,
    /// The cookies that went because there were too many.
    pub evicted: Vec<Cookie>,
    /// Whether there was no room for the cookie: its site has as many as it may have, none of which goes for this
    /// one. Nothing else speaks against it then.
    pub no_room: bool,
}

impl Decision<'_> {
    /// Whether the cookie is in the jar now.
    pub fn is_stored(&self) -> bool {
        self.faults.is_empty() && !self.no_room
    }

    /// Whether the line deleted a cookie, as servers do by sending it again, expired.
    pub fn is_deletion(&self) -> bool {
        self.replaced.is_some() && !self.is_stored()
    }

    /// Why the cookie was not stored, as a set. That there was no room for it is no reason of the line's.
    pub fn reasons(&self) -> Reasons {
        self.faults.iter().map(|fault| fault.reason).collect()
    }

    /// The same without borrowing the line.
    pub fn into_owned(self) -> Decision<'static> {
        Decision {
            parsed: self.parsed.into_owned(),
            faults: self.faults,
            replaced: self.replaced,
            evicted: self.evicted,
            no_room: self.no_room,
        }
    }
}

impl Jar {
    /// Receives a `Set-Cookie` line of a response to this request, or, in a context of a script, a
    /// value assigned to `document.cookie`. `now` is in seconds since the epoch.
    ///
    /// All reasons that speak against the cookie are given, not the first alone.
    pub fn store<'l>(
        &mut self,
        profile: &Profile,
        suffixes: &dyn PublicSuffixes,
        context: &Context,
        line: &'l [u8],
        now: i64,
    ) -> Decision<'l> {
        let in_copy = self.write_in_copy(profile, suffixes, context, line, now);
        let (decision, stored) = self.receive(profile, suffixes, context, line, now);
        // The copy that a script has written in has its cookie, and hears of what had to go for it.
        self.tell_copies(profile, suffixes, &decision, stored.filter(|_| !in_copy));
        decision
    }

    /// [`Jar::store`], by the jar alone; and where there are copies to be told, the cookie that is stored.
    pub(crate) fn receive<'l>(
        &mut self,
        profile: &Profile,
        suffixes: &dyn PublicSuffixes,
        context: &Context,
        line: &'l [u8],
        now: i64,
    ) -> (Decision<'l>, Option<Cookie>) {
        let standing = Standing::of(context, profile, suffixes);
        let parsed = SetCookie::parse(line, profile);
        let mut judge = Judge { jar: self, profile, suffixes, standing: &standing, now, faults: Vec::new() };
        let (cookie, place) = judge.judge(&parsed);
        let faults = judge.faults;
        let mut decision = Decision { parsed, faults, replaced: None, evicted: Vec::new(), no_room: false };
        let mut stored = None;
        if decision.is_stored() {
            let keeps_place = place.is_some_and(|place| {
                let old = &self.site(standing.domain)[place];
                match profile.cookies.replacement {
                    _ if old.is_expired(now) => false,
                    Replacement::KeepsPlace => true,
                    Replacement::KeepsPlaceIfEqual => old.value == cookie.value,
                }
            });
            // 5.7, steps 23.3, 23.4 and 24.
            let mut cookie = cookie;
            if let (true, Some(place)) = (keeps_place, place) {
                cookie.creation = self.site(standing.domain)[place].creation;
            }
            match self.put(standing.domain, cookie, place, keeps_place, profile, now) {
                Some(put) => {
                    if self.copy.is_some() {
                        let is_it = |cookie: &&Cookie| cookie.serial == put.serial;
                        stored = self.site(standing.domain).iter().find(is_it).cloned();
                    }
                    (decision.replaced, decision.evicted) = (put.replaced, put.evicted);
                }
                None => decision.no_room = true,
            }
        } else if let ([Fault { reason: Reason::Expired, .. }], Some(place)) = (&*decision.faults, place) {
            // Nothing but its age speaks against it: the old one goes, and so does the new one.
            decision.replaced = self.remove(standing.domain, place);
        }
        (decision, stored)
    }
}

/// One decision being made.
struct Judge<'a, 'c> {
    jar: &'a Jar,
    profile: &'a Profile,
    suffixes: &'a dyn PublicSuffixes,
    standing: &'a Standing<'c>,
    now: i64,
    faults: Vec<Fault>,
}

impl Judge<'_, '_> {
    /// The cookie the line makes, and the place of the one it would replace.
    fn judge(&mut self, line: &SetCookie<'_>) -> (Cookie, Option<usize>) {
        let standing = self.standing;
        let whole = Span { start: 0, end: line.line.len() };
        // Step 1: what a user agent may ignore for reasons of its own.
        self.fault_if(!standing.credentials, Reason::CredentialsOmitted, whole);
        self.third_party(line);
        // Steps 2 to 4, and what section 5.6 refused.
        self.faults.extend(&line.faults);
        // Step 5.
        let mut cookie = Cookie {
            name: line.name_bytes().to_vec(),
            value: line.value_bytes().to_vec(),
            domain: String::new(),
            host_only: true,
            path: Vec::new(),
            secure: false,
            http_only: false,
            same_site: self.profile.kept_same_site(line.same_site_flag()),
            partition: None,
            creation: self.now,
            last_access: self.now,
            expiry: None,
            serial: 0,
        };
        // Step 6.
        cookie.expiry = self.expiry(line);
        // Steps 7 to 10.
        self.domain(line, &mut cookie);
        // Step 11.
        cookie.path = self.path(line).to_vec();
        // Step 12.
        cookie.secure = line.secure.is_some();
        // Step 13.
        if let Some(attribute) = line.secure {
            self.fault_if(!standing.secure, Reason::SecureRequired, attribute.span);
        }
        // Step 14.
        cookie.http_only = line.http_only.is_some();
        // Step 15.
        if let Some(attribute) = line.http_only {
            self.fault_if(standing.script, Reason::HttpOnlyFromScript, attribute.span);
        }
        self.partition(line, &mut cookie);
        // Step 16.
        let guarded = !cookie.secure || self.profile.cookies.protection_from_secure_lines;
        let overlays = !standing.secure && guarded && self.overlays_secure(&cookie);
        self.fault_if(overlays, Reason::OverwritesSecure, line.pair);
        // Steps 17 and 18.
        self.same_site(line);
        // Step 19.
        if let Some((attribute, SameSite::None)) = line.same_site {
            let insecure = self.profile.cookies.none_requires_secure && !cookie.secure;
            self.fault_if(insecure, Reason::SameSiteNoneInsecure, attribute.span);
        }
        // Steps 20 to 22; layered cookies, section 5.4.3, has the same for the newer prefixes.
        self.prefix(line, &cookie);
        // Step 23.1.
        let place = self.jar.site(standing.domain).iter().position(|old| old.is_same(&cookie));
        // Step 23.2.
        let hides = |old: &Cookie| {
            let same = match self.profile.cookies.http_only_shadows {
                true => {
                    old.name == cookie.name
                        && old.path == cookie.path
                        && self.profile.domain_match(standing.host, &old.domain)
                        && path_match(&standing.path, &old.path)
                }
                false => old.is_same(&cookie),
            };
            same && old.http_only && !old.is_expired(self.now)
        };
        let hidden = standing.script && self.jar.site(standing.domain).iter().any(hides);
        self.fault_if(hidden, Reason::OverwritesHttpOnly, line.pair);
        // After step 24: an expired cookie is evicted as soon as it is there.
        if cookie.is_expired(self.now) {
            let span = line.lifetime.map_or(whole, |(attribute, _)| attribute.span);
            self.fault(Reason::Expired, span);
        }
        (cookie, place)
    }

    /// Section 7.1.
    fn third_party(&mut self, line: &SetCookie<'_>) {
        let exempt = line.partitioned.is_some() && self.profile.partitions.partitioned_is_exempt;
        let blocked = self.standing.third_party
            && self.profile.partitions.third_party == ThirdParty::Blocked
            && !exempt;
        self.fault_if(blocked, Reason::ThirdPartyBlocked, line.pair);
    }

    /// Step 6, and section 5.5 for the longest lifetime. `None` is a session cookie.
    fn expiry(&self, line: &SetCookie<'_>) -> Option<i64> {
        let longest = match self.standing.script {
            true => self.profile.limits.max_lifetime.min(self.profile.limits.max_script_lifetime),
            false => self.profile.limits.max_lifetime,
        };
        let limit = self.now.saturating_add(longest);
        Some(match line.lifetime?.1 {
            // 5.6.2, steps 6 and 7.
            Expiry::In(delta) if delta <= 0 => i64::MIN,
            Expiry::In(delta) => self.now.saturating_add(delta).min(limit),
            // 5.6.1, steps 3 to 5.
            Expiry::At(moment) => {
                let answered = self.standing.answered.filter(|_| self.profile.cookies.expires_by_date);
                let behind = answered.map_or(0, |answered| self.now.saturating_sub(answered));
                moment.saturating_add(behind).min(limit)
            }
        })
    }

    /// Steps 7 to 10: sets the cookie's domain and host-only-flag.
    fn domain(&mut self, line: &SetCookie<'_>, cookie: &mut Cookie) {
        let host = self.standing.host;
        host.clone_into(&mut cookie.domain);
        // Step 7.
        let Some(attribute) = line.domain.filter(|attribute| !attribute.value.is_empty()) else {
            if !self.profile.domains.suffix_host_may_set && self.is_listed_suffix(host) {
                self.fault(Reason::PublicSuffix, line.pair);
            }
            return;
        };
        let at = attribute.value;
        let value = line.bytes(at);
        // 5.6.3, steps 1 to 3.
        let dotted = value.starts_with(b".");
        let value = value.strip_prefix(b".").unwrap_or(value);
        // Step 8.
        let Some(written) = std::str::from_utf8(value).ok().filter(|value| value.is_ascii()) else {
            return self.unicode_domain(at, value, cookie);
        };
        if written.is_empty() {
            self.fault_if(!self.profile.domains.lone_dot_is_no_domain, Reason::DomainMismatch, at);
            return;
        }
        let domain = written.to_ascii_lowercase();
        if self.profile.domains.parent_domain_in_lower_case
            && domain != self.standing.host
            && domain != written
        {
            return self.fault(Reason::DomainMismatch, at);
        }
        self.set_domain(at, domain, dotted, cookie);
    }

    /// A `Domain` with characters that are no ASCII.
    fn unicode_domain(&mut self, at: Span, value: &[u8], cookie: &mut Cookie) {
        let encoded = || std::str::from_utf8(value).ok().and_then(|name| self.suffixes.to_ascii(name));
        let domain = match self.profile.domains.unicode_domains {
            UnicodeDomains::Refused => return self.fault(Reason::InvalidCharacter, at),
            UnicodeDomains::Encoded => encoded(),
            UnicodeDomains::Foreign => None,
        };
        match domain {
            Some(domain) => self.set_domain(at, domain, false, cookie),
            None => self.fault(Reason::DomainMismatch, at),
        }
    }

    /// Steps 9 and 10. `dotted`: whether a dot was before it.
    fn set_domain(&mut self, at: Span, domain: String, dotted: bool, cookie: &mut Cookie) {
        let host = self.standing.host;
        // Step 9.
        let is_suffix = !is_ip_address(&domain) && self.suffixes.suffix(&domain).name == domain;
        if is_suffix {
            // Step 9.3.
            if domain == host && self.profile.domains.suffix_domain_on_its_host {
                return;
            }
            self.fault(Reason::PublicSuffix, at);
        }
        if domain.starts_with('[') && !self.profile.domains.ipv6_domains {
            return self.fault(Reason::DomainMismatch, at);
        }
        let is_name = self.profile.domains.addresses_are_names && dotted;
        if domain == host
            && self.profile.domains.address_domain_is_host_only
            && is_ip_address(host)
            && !is_name
        {
            return;
        }
        // Step 10.
        if !self.profile.domain_match(host, &domain) {
            return self.fault(Reason::DomainMismatch, at);
        }
        cookie.host_only = false;
        cookie.domain = domain;
    }

    fn is_listed_suffix(&self, host: &str) -> bool {
        !is_ip_address(host) && {
            let suffix = self.suffixes.suffix(host);
            suffix.listed && suffix.name == host
        }
    }

    /// Step 11, and 5.6.4, step 1.
    fn path<'l>(&'l self, line: &'l SetCookie<'_>) -> &'l [u8] {
        match line.path.map(|attribute| line.bytes(attribute.value)) {
            Some(path) if path.starts_with(b"/") => path,
            _ => default_path(&self.standing.path),
        }
    }

    /// Which partition the cookie is kept in.
    fn partition(&mut self, line: &SetCookie<'_>, cookie: &mut Cookie) {
        let kept_apart =
            self.standing.third_party && self.profile.partitions.third_party == ThirdParty::Partitioned;
        if line.partitioned.is_some() || kept_apart {
            cookie.partition = Some(self.standing.partition.to_key());
        }
        if let Some(attribute) = line.partitioned {
            self.fault_if(!cookie.secure, Reason::PartitionedInsecure, attribute.span);
        }
    }

    /// Step 16.
    fn overlays_secure(&self, new: &Cookie) -> bool {
        self.jar.site(self.standing.domain).iter().any(|old| {
            // 16.1 and 16.2.
            old.secure
                && old.name == new.name
                && old.partition == new.partition
                && !old.is_expired(self.now)
                && match self.profile.cookies.secure_protection {
                    // 16.3 and 16.4.
                    SecureProtection::Overlay => {
                        (domain_match(&old.domain, &new.domain) || domain_match(&new.domain, &old.domain))
                            && path_match(&new.path, &old.path)
                    }
                    SecureProtection::Replace => old.is_same(new),
                }
        })
    }

    /// Step 18.
    fn same_site(&mut self, line: &SetCookie<'_>) {
        // 18.1 to 18.3.
        if !self.profile.sites.same_site_guards_storing || self.standing.same_site || self.standing.top_level
        {
            return;
        }
        let span = line.same_site.map_or(line.pair, |(attribute, _)| attribute.span);
        // 18.4.
        match line.same_site_flag() {
            SameSite::None => {}
            SameSite::Strict => self.fault(Reason::SameSiteStrict, span),
            SameSite::Lax => self.fault(Reason::SameSiteLax, span),
            SameSite::Unset => match self.profile.sites.unset_same_site {
                SameSite::None => {}
                _ => self.fault(Reason::SameSiteDefaultLax, span),
            },
        }
    }

    /// Steps 20 to 22.
    fn prefix(&mut self, line: &SetCookie<'_>, cookie: &Cookie) {
        let (known, standing) = (self.profile.cookies.prefixes, self.standing);
        // Step 22: a nameless cookie's value is what a server would read as its name.
        let nameless = cookie.name.is_empty();
        let text = if nameless { &cookie.value } else { &cookie.name };
        let Some(prefix) = Prefix::of(text).filter(|prefix| known >= prefix.since) else {
            return;
        };
        let secure =
            cookie.secure && (standing.secure || !self.profile.cookies.prefixes_want_secure_connection);
        let host_wide = cookie.host_only
            && !self.is_refused_domain(line)
            && cookie.path == b"/"
            && (!self.profile.cookies.host_prefix_needs_path_attribute || path_is_written(line));
        // Steps 20 and 21. Where `__Host-Http-` is unknown it is still a `__Host-`.
        let met = secure
            && (!prefix.host || host_wide)
            && (!prefix.http_only || cookie.http_only || known < Prefixes::WithHttp);
        let span = if nameless { line.value } else { line.name };
        self.fault_if(nameless || !met, Reason::InvalidPrefix, span);
    }

    /// Whether the line has a `Domain` that a `__Host-` prefix forbids though it leaves the cookie host-only.
    fn is_refused_domain(&self, line: &SetCookie<'_>) -> bool {
        let host = self.standing.host;
        self.profile.cookies.host_prefix_forbids_domain
            && line.domain.is_some_and(|attribute| {
                let value = line.bytes(attribute.value);
                let is_own_address = is_ip_address(host) && value == host.as_bytes();
                !value.is_empty() && !is_own_address
            })
    }

    fn fault(&mut self, reason: Reason, span: Span) {
        self.faults.push(Fault { reason, span });
    }

    fn fault_if(&mut self, condition: bool, reason: Reason, span: Span) {
        if condition {
            self.fault(reason, span);
        }
    }
}

/// Step 21.3: whether a `Path` attribute gives the path.
fn path_is_written(line: &SetCookie<'_>) -> bool {
    let value = |attribute: Attribute| line.bytes(attribute.value).starts_with(b"/");
    line.path.is_some_and(value)
}

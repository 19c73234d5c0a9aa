//! What became of each Set-Cookie line, told by the jar before and after the step.
//!
//! For browsers that show their jar. What a browser says of its own accord about a line stands already;
//! nothing here decides by the rules whether a line ought to have been stored.

use std::time::SystemTime;

use url::Url;

use crate::observe::{Cookie, Exchange, SetCookie as Line};
use crate::rules::date::http_date;
use crate::rules::domain::is_ip_address;
use crate::rules::engine::Profile;
use crate::rules::path::{default_path, normalize_escapes};
use crate::rules::reason::Reason;
use crate::rules::set_cookie::{Expiry, SetCookie};
use crate::suffixes::{suffixes, to_ascii};

/// How a browser reads lines, and which it refuses without a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Its profile: only how it reads a line is asked of it.
    pub(super) profile: &'static Profile,
    /// Why it refuses a line of which it says nothing at all, where it does.
    pub(super) silent: fn(&SetCookie<'_>) -> Option<Reason>,
    /// Whether it says of every line that it refuses it.
    pub(super) tells_all: bool,
    /// Whether it may keep a cookie in a partition that no line asked for.
    pub(super) keeps_apart: bool,
}

/// Decides for each Set-Cookie line of a step whether it was stored, where the browser has not said that it
/// was not.
///
/// `now` is in seconds since 1970-01-01. A line is stored when the jar has its cookie, or when a later line
/// of the step was for the same cookie and the browser says which it refuses. Where the very same cookie was in the jar before the step, that
/// cannot be told: a browser does not mention a line that it ignored for want of credentials. A line
/// whose lifetime is over removes, and is not stored.
pub(super) fn settle(
    reading: Reading,
    exchanges: &mut [Exchange],
    before: &[Cookie],
    jar: &[Cookie],
    now: i64,
) {
    let jars = Jars { reading, before, after: jar };
    let mut later = Later::default();
    for exchange in exchanges.iter_mut().rev() {
        let url = &exchange.wire.url;
        let is_refused =
            exchange.wire.request_header("upgrade").is_some() && !matches!(exchange.wire.status, 101 | 401);
        if is_refused && !reading.profile.fetch.refused_handshakes_set_cookies {
            // Of these lines a browser says nothing; the jar is still held against what was predicted.
            for line in &mut exchange.set_cookie {
                line.stored = Some(false);
                line.reasons.insert(Reason::HandshakeRefused);
            }
            continue;
        }
        // A lifetime is reckoned by the clock of the server where the browser does so.
        let date = exchange.wire.response_header("date").and_then(http_date);
        let now = date.filter(|_| reading.profile.cookies.expires_by_date).unwrap_or(now);
        for line in exchange.set_cookie.iter_mut().rev() {
            jars.settle(line, url, &mut later, now);
        }
    }
}

/// Takes back what only the jar tells of a line, where a script may have written after it: another cookie is in its
/// place, or none, and a document or a script that came in the step names it beside `cookie`.
pub(super) fn doubt_overwritten(reading: Reading, exchanges: &mut [Exchange], jar: &[Cookie]) {
    let has = |text: &[u8], word: &[u8]| text.windows(word.len()).any(|window| window == word);
    let bodies = exchanges.iter().map(|exchange| &exchange.wire.bodies.response.bytes);
    let writers: Vec<Vec<u8>> = bodies.filter(|body| has(body, b"cookie")).cloned().collect();
    for exchange in exchanges {
        for line in &mut exchange.set_cookie {
            if line.stored != Some(false) || !line.reasons.is_empty() || !line.native.is_empty() {
                continue;
            }
            let key =
                Key::of(reading.profile, &SetCookie::parse(&line.line, reading.profile), &exchange.wire.url);
            let is_replaced = jar.iter().any(|cookie| key.fits(cookie, reading.keeps_apart));
            let is_named =
                !line.name.is_empty() && writers.iter().any(|text| has(text, line.name.as_bytes()));
            if is_replaced || is_named {
                line.stored = None;
            }
        }
    }
}

/// What became of a line that a script of the page at this URL assigned to `document.cookie`.
pub(super) fn settle_written(
    reading: Reading,
    line: &str,
    page: &Url,
    before: &[Cookie],
    jar: &[Cookie],
    now: i64,
) -> Line {
    let mut line = Line::unjudged(line.as_bytes());
    Jars { reading, before, after: jar }.settle(&mut line, page, &mut Later::default(), now);
    line
}

/// The keys of the lines after one, gathered from the last to the first.
#[derive(Default)]
struct Later {
    /// Of lines that were stored, as far as is known.
    stored: Vec<Key>,
    /// Of lines whose lifetime is over, which remove.
    over: Vec<Key>,
}

/// The jar before and after a step.
struct Jars<'j> {
    reading: Reading,
    before: &'j [Cookie],
    after: &'j [Cookie],
}

impl Jars<'_> {
    /// Decides for one line, given the keys of those after it, to which its own is added.
    fn settle(&self, line: &mut Line, url: &Url, later: &mut Later, now: i64) {
        if line.stored == Some(false) {
            return;
        }
        let read = SetCookie::parse(&line.line, self.reading.profile);
        if let Some(reason) = (self.reading.silent)(&read) {
            line.stored = Some(false);
            line.reasons.insert(reason);
            return;
        }
        let key = Key::of(self.reading.profile, &read, url);
        if is_over(&read, now) {
            line.stored = Some(false);
            line.reasons.insert(Reason::Expired);
        } else {
            let is_its = |cookie: &&Cookie| {
                key.fits(cookie, self.reading.keeps_apart) && self.has_its_attributes(cookie, &read)
            };
            let mut kept = self.after.iter().filter(is_its);
            let overtakes = |other: &Key| other.overtakes(&key, self.reading.keeps_apart);
            let overtaken = later.stored.iter().chain(&later.over).any(overtakes);
            line.stored = match kept.clone().next() {
                // A line that was overtaken leaves no trace: only what is said of refusals tells of it.
                None if overtaken => self.reading.tells_all.then_some(true),
                None => Some(false),
                Some(_) if kept.all(|cookie| self.before.contains(cookie)) => None,
                Some(_) => Some(true),
            };
        }
        // A line that was refused takes no cookie's place; one that is over does.
        if line.reasons.contains(&Reason::Expired) {
            later.over.push(key);
        } else if line.stored != Some(false) {
            later.stored.push(key);
        }
    }

    /// Whether a cookie is as this line would have made it, its lifetime and the key aside.
    fn has_its_attributes(&self, cookie: &Cookie, read: &SetCookie<'_>) -> bool {
        cookie.value == read.value_text()
            && cookie.secure == read.secure.is_some()
            && cookie.http_only == read.http_only.is_some()
            && cookie.same_site == self.reading.profile.kept_same_site(read.same_site_flag())
            && cookie.expires.is_some() == read.lifetime.is_some()
    }
}

/// What makes two lines be about one cookie (RFC 6265bis -22, section 5.7, step 23). All lines of one
/// answer that are kept in a partition are kept in the same.
struct Key {
    name: String,
    domain: String,
    host_only: bool,
    path: String,
    partitioned: bool,
}

impl Key {
    fn of(profile: &Profile, read: &SetCookie<'_>, url: &Url) -> Self {
        let (host, request_path) = (url.host_str().unwrap_or_default(), url.path());
        let domain = domain(read);
        let dotted = read.domain.is_some_and(|domain| read.bytes(domain.value).starts_with(b"."));
        let is_name = profile.domains.addresses_are_names && dotted;
        let path = read.path.map(|path| String::from_utf8_lossy(read.bytes(path.value)).into_owned());
        let path = path
            .filter(|path| path.starts_with('/'))
            .unwrap_or_else(|| String::from_utf8_lossy(default_path(request_path.as_bytes())).into_owned());
        Self {
            name: read.name_text().into_owned(),
            // A Domain attribute that is the very host leaves the cookie host-only where that is an address
            // or a public suffix.
            host_only: domain
                .as_ref()
                .is_none_or(|domain| domain == host && has_no_subdomains(host) && !is_name),
            domain: domain.unwrap_or_else(|| host.to_owned()),
            path,
            partitioned: read.partitioned.is_some(),
        }
    }

    /// Whether a later line of this key is for the cookie of that one. A browser that keeps third parties apart keeps
    /// their cookies in one partition, whether or not a line asks for it.
    fn overtakes(&self, other: &Self, keeps_apart: bool) -> bool {
        let same_partition = keeps_apart || self.partitioned == other.partitioned;
        (&self.name, &self.domain, self.host_only, &self.path)
            == (&other.name, &other.domain, other.host_only, &other.path)
            && same_partition
    }

    fn fits(&self, cookie: &Cookie, keeps_apart: bool) -> bool {
        let is_apart = cookie.partition.is_some();
        self.name == cookie.name
            && self.domain == cookie.domain
            && self.host_only == cookie.host_only
            && self.path == cookie.path
            && (self.partitioned == is_apart || (keeps_apart && is_apart))
    }
}

/// Whether no cookie can be for a host and those below it.
fn has_no_subdomains(host: &str) -> bool {
    is_ip_address(host) || suffixes(host).name == host
}

/// The domain a line's Domain attribute names, in lower-case ASCII and without a leading dot; `None` without
/// one.
pub(super) fn domain(read: &SetCookie<'_>) -> Option<String> {
    let domain = String::from_utf8_lossy(read.bytes(read.domain?.value));
    let domain = domain.strip_prefix('.').unwrap_or(&domain);
    let domain = to_ascii(domain).unwrap_or_else(|| domain.to_owned());
    (!domain.is_empty()).then_some(domain)
}

/// The path of the cookie that a line from this URL makes (RFC 6265bis -22, section 5.7, step 11).
pub(super) fn path_of(read: &SetCookie<'_>, url: &Url) -> String {
    let written = read.path.map(|path| read.bytes(path.value)).filter(|path| path.starts_with(b"/"));
    let request = normalize_escapes(url.path().as_bytes());
    String::from_utf8_lossy(written.unwrap_or_else(|| default_path(&request))).into_owned()
}

fn is_over(read: &SetCookie<'_>, now: i64) -> bool {
    match read.lifetime {
        Some((_, Expiry::At(moment))) => moment <= now,
        Some((_, Expiry::In(seconds))) => seconds <= 0,
        None => false,
    }
}

/// The time, in seconds since 1970-01-01.
pub(super) fn now() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

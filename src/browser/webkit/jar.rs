//! WebKit's jar, read from an empty page of each host.
//!
//! WebDriver shows the cookies that go with the page of a window and no others. So a window of our own goes to
//! an empty page at the host and path of every cookie that a step may have changed, on a port that no origin has
//! (cookies know no ports), and reads there. Whoever stands at the path of a cookie sees it, HttpOnly and Secure
//! and whatever its SameSite; whoever sees a host that set a cookie sees that cookie, so nothing else has to be
//! visited.
//!
//! A path that no address can have (`/a b`: it is `/a%20b` in an address) hides a cookie from everybody,
//! servers included. Such a path is named and nothing is claimed about it.

use serde_json::Value;
use url::Url;

use super::automation::Automation;
use crate::browser::failure::Failure;
use crate::browser::line_outcomes::{Reading, path_of};
use crate::observe::{Cookie, Exchange};
use crate::rules::cookie::SameSite;
use crate::rules::engine::Profile;
use crate::rules::path::{normalize_escapes, path_match};
use crate::rules::set_cookie::{Expiry, SetCookie};

/// How WebKit reads a line. It says of no line why it refused it.
pub(super) const READING: Reading =
    Reading { profile: &Profile::WEBKIT, silent: |_| None, tells_all: false, keeps_apart: false };

/// The jar, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Jar {
    cookies: Vec<Cookie>,
    /// Paths of lines that no address can have.
    unseen: Vec<String>,
}

/// Where a cookie may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    host: String,
    path: String,
    /// The name of the cookie that the line makes.
    name: String,
    /// When the line said that its cookie ends, in seconds since 1970-01-01.
    ends: Option<i64>,
}

impl Spot {
    /// Where the lines of these exchanges may have changed anything.
    pub(super) fn of_exchanges(exchanges: &[Exchange], now: i64) -> Vec<Self> {
        let lines = exchanges.iter().flat_map(|exchange| {
            exchange.set_cookie.iter().map(move |line| (&exchange.wire.url, line.line.as_slice()))
        });
        lines.filter_map(|(url, line)| Self::of_line(url, line, now)).collect()
    }

    /// Where a line may change anything that came from this URL, or was written by its page.
    pub(super) fn of_line(url: &Url, line: &[u8], now: i64) -> Option<Self> {
        let read = SetCookie::parse(line, READING.profile);
        let ends = match read.lifetime {
            Some((_, Expiry::At(moment))) => Some(moment),
            Some((_, Expiry::In(seconds))) => Some(now.saturating_add(seconds)),
            None => None,
        };
        let name = read.name_text().into_owned();
        Some(Self { ends, name, path: path_of(&read, url), host: url.host_str()?.to_owned() })
    }

    /// Where a script of the page at this URL may have changed something, as far as that can be known: at the
    /// paths above its own.
    pub(super) fn of_page(url: &Url) -> Option<Self> {
        let path = String::from_utf8_lossy(&normalize_escapes(url.path().as_bytes())).into_owned();
        Some(Self { host: url.host_str()?.to_owned(), path, name: String::new(), ends: None })
    }

    /// At a path of the host of a page.
    pub(super) fn at(url: &Url, path: &str) -> Option<Self> {
        Some(Self { path: path.to_owned(), ..Self::of_page(url)? })
    }

    /// The address of the empty page there; `None` where no address has this path.
    fn address(&self, port: u16) -> Option<Url> {
        let mut url = Url::parse(&format!("https://{}:{port}/", self.host)).ok()?;
        url.set_path(&self.path);
        (*normalize_escapes(url.path().as_bytes()) == *self.path.as_bytes()).then_some(url)
    }

    /// Whether a cookie is seen from here.
    fn sees(&self, cookie: &Cookie) -> bool {
        let host = match cookie.host_only {
            true => cookie.domain == self.host,
            false => READING.profile.domain_match(&self.host, &cookie.domain),
        };
        host && path_match(self.path.as_bytes(), cookie.path.as_bytes())
    }
}

impl Jar {
    /// The cookies, in the order in which they were first seen.
    pub(super) fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Paths of cookies that may be in the jar and that nobody sees.
    pub(super) fn unseen(&self) -> &[String] {
        &self.unseen
    }

    /// Reads again what may have changed at these spots.
    ///
    /// # Errors
    /// Whatever the browser fails at.
    pub(super) async fn read(
        &mut self,
        automation: &Automation,
        port: u16,
        spots: &[Spot],
        now: i64,
    ) -> Result<(), Failure> {
        // The deepest path of a host sees what those above it see.
        let mut visits: Vec<(&Spot, Url)> = Vec::new();
        let mut deepest: Vec<&Spot> = spots.iter().collect();
        deepest.sort_by_key(|spot| std::cmp::Reverse(spot.path.len()));
        for spot in deepest {
            let is_seen = |(other, _): &(&Spot, Url)| {
                other.host == spot.host && path_match(other.path.as_bytes(), spot.path.as_bytes())
            };
            match spot.address(port) {
                Some(_) if visits.iter().any(is_seen) => {}
                Some(address) => visits.push((spot, address)),
                None if self.unseen.contains(&spot.path) => {}
                None => self.unseen.push(spot.path.clone()),
            }
        }
        if !visits.is_empty() {
            automation.look_aside().await?;
            for (spot, address) in visits {
                automation.go(&address).await?;
                let shown = automation.cookies().await?;
                let ends = |name: &str, path: &str| {
                    let is_its = |spot: &&Spot| spot.name == name && spot.path == path;
                    let known = |cookie: &&Cookie| cookie.name == name && cookie.path == path;
                    let named = spots.iter().filter(is_its).filter_map(|spot| spot.ends);
                    named
                        .chain(self.cookies.iter().filter(known).filter_map(|cookie| cookie.expires))
                        .collect()
                };
                let shown = shown.iter().filter_map(|cookie| read(cookie, now, ends)).collect();
                self.replace(spot, shown);
            }
            automation.look_back().await?;
        }
        self.cookies.retain(|cookie| cookie.expires.is_none_or(|moment| moment > now));
        Ok(())
    }

    /// Puts what is seen from a spot in the place of what was.
    fn replace(&mut self, spot: &Spot, shown: Vec<Cookie>) {
        let same = |one: &Cookie, other: &Cookie| {
            one.name == other.name
                && one.domain == other.domain
                && one.host_only == other.host_only
                && one.path == other.path
        };
        self.cookies.retain(|cookie| !spot.sees(cookie) || shown.iter().any(|one| same(one, cookie)));
        for cookie in shown {
            match self.cookies.iter_mut().find(|old| same(old, &cookie)) {
                Some(old) => *old = cookie,
                None => self.cookies.push(cookie),
            }
        }
    }
}

/// A cookie as WebDriver has it. `ends` tells when the cookies of a name and path may end.
fn read(cookie: &Value, now: i64, ends: impl Fn(&str, &str) -> Vec<i64>) -> Option<Cookie> {
    let text = |key: &str| cookie.get(key).and_then(Value::as_str);
    let flag = |key: &str| cookie.get(key).and_then(Value::as_bool).unwrap_or(false);
    // A leading dot marks a cookie that has a Domain attribute.
    let (name, domain, path) = (text("name")?, text("domain")?, text("path")?);
    // It keeps the letters that the line had.
    let host = domain.trim_start_matches('.').to_ascii_lowercase();
    // URLs have addresses of IPv6 in brackets.
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    Some(Cookie {
        name: name.to_owned(),
        value: text("value")?.to_owned(),
        domain: host,
        host_only: !domain.starts_with('.'),
        path: path.to_owned(),
        secure: flag("secure"),
        http_only: flag("httpOnly"),
        same_site: match text("sameSite") {
            Some("None") => SameSite::None,
            Some("Lax") => SameSite::Lax,
            Some("Strict") => SameSite::Strict,
            _ => SameSite::Unset,
        },
        expires: cookie
            .get("expiry")
            .and_then(Value::as_i64)
            .map(|said| moment(said, now, &ends(name, path))),
        partition: None,
    })
}

/// The moment a driver means that keeps 32 bits of it (measured 2026-11-21, WebKitGTK 2.50.6: the year 2098 is
/// -255594496): of those it may be, one that a line named, else the next to come.
fn moment(said: i64, now: i64, named: &[i64]) -> i64 {
    const WRAP: i64 = 1 << 32;
    if said > now {
        return said;
    }
    let same = |named: &i64| (named - said).rem_euclid(WRAP) <= 60 || (said - named).rem_euclid(WRAP) <= 60;
    named.iter().copied().find(same).unwrap_or_else(|| now + (said - now).rem_euclid(WRAP))
}

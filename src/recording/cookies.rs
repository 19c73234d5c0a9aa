//! The cookies that a recording sets, and those that it shows to have been there before.

use std::collections::BTreeSet;

use url::Url;

use super::{Exchange, Kind, Recording};
use crate::cookie_line;
use crate::rules::line::Line;

/// A cookie that is set.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) name: String,
    /// The host, and whether its subdomains get it too.
    domain: (String, bool),
    pub(crate) http_only: bool,
    pub(crate) is_deletion: bool,
    /// Which exchange sets it; `None` is before the recording began.
    pub(crate) at: Option<usize>,
}

/// A cookie that is sent and that no answer before sets.
#[derive(Clone, Debug)]
pub(crate) struct Before {
    pub(crate) name: String,
    /// A URL that gets it.
    pub(crate) url: Url,
    /// The line that may have set it. Its attributes are guessed.
    pub(crate) line: String,
}

/// All cookies of a recording.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cookies {
    pub(crate) set: Vec<Set>,
    pub(crate) before: Vec<Before>,
}

impl Set {
    fn of(line: &str, host: &str, at: Option<usize>) -> Self {
        let cookie = Line(line);
        let domain =
            cookie.attribute("Domain").map(|domain| domain.trim_start_matches('.').to_ascii_lowercase());
        let domain = domain.filter(|domain| !domain.is_empty());
        Self {
            name: cookie.name().to_owned(),
            domain: domain.map_or_else(|| (host.to_owned(), false), |domain| (domain, true)),
            http_only: cookie.attributes().any(|part| part.is("HttpOnly")),
            // The time of the recording is not known: what is over by 2000 was meant to be.
            is_deletion: cookie_line::deletes(line, 946_684_800),
            at,
        }
    }

    /// Whether a host is one that it is for.
    pub(crate) fn reaches(&self, host: &str) -> bool {
        let (domain, subdomains) = &self.domain;
        host == domain
            || (*subdomains && host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.')))
    }
}

impl Cookies {
    pub(crate) fn of(recording: &Recording) -> Self {
        let lines = recording.exchanges.iter().enumerate().flat_map(|(at, exchange)| {
            let host = exchange.url.host_str().unwrap_or_default();
            exchange.set_cookie.iter().map(move |line| Set::of(line, host, Some(at)))
        });
        let mut cookies =
            Self { set: lines.filter(|set| !set.name.is_empty()).collect(), before: Vec::new() };
        let before = cookies.unset(recording);
        let earlier = before.iter().map(|before| {
            let host = before.url.host_str().unwrap_or_default();
            Set::of(&before.line, host, None)
        });
        cookies.set.splice(0..0, earlier);
        cookies.before = before;
        cookies
    }

    /// What is sent although nothing before sets it: each once, with the widest of what it was seen to do.
    fn unset(&self, recording: &Recording) -> Vec<Before> {
        let mut unset: Vec<Before> = Vec::new();
        for (at, exchange) in recording.exchanges.iter().enumerate() {
            let host = exchange.url.host_str().unwrap_or_default();
            for name in exchange.sent() {
                let is_set =
                    self.set.iter().any(|set| set.name == name && set.at < Some(at) && set.reaches(host));
                if is_set || unset.iter().any(|before| before.name == name) {
                    continue;
                }
                unset.push(Before {
                    name: name.to_owned(),
                    url: exchange.url.clone(),
                    line: guessed(recording, name, host),
                });
            }
        }
        unset
    }

    /// The cookies that are set for a host before an exchange, and not deleted since.
    pub(crate) fn alive(&self, host: &str, before: usize) -> Vec<&Set> {
        let mut alive: Vec<&Set> = Vec::new();
        for set in self.set.iter().filter(|set| set.at < Some(before) && set.reaches(host)) {
            alive.retain(|other| other.name != set.name || other.domain != set.domain);
            if !set.is_deletion {
                alive.push(set);
            }
        }
        alive
    }

    /// Whether a cookie that an exchange sets goes with a later request, before it is set again.
    pub(crate) fn comes_back(&self, recording: &Recording, set: &Set) -> bool {
        let Some(at) = set.at else { return false };
        let was_there =
            recording.exchanges[..=at].iter().any(|exchange| exchange.sent().contains(&set.name.as_str()));
        let again = self.set.iter().filter(|other| other.name == set.name && other.at > set.at);
        let until = again.filter_map(|other| other.at).min().unwrap_or(recording.exchanges.len());
        let carries = |exchange: &Exchange| {
            set.reaches(exchange.url.host_str().unwrap_or_default())
                && exchange.sent().contains(&set.name.as_str())
        };
        let later =
            recording.exchanges.get(at + 1..=until.min(recording.exchanges.len() - 1)).unwrap_or_default();
        !set.is_deletion && !was_there && later.iter().any(carries)
    }
}

/// A line for a cookie of which only is known where it went.
fn guessed(recording: &Recording, name: &str, host: &str) -> String {
    let carriers: Vec<&Exchange> =
        recording.exchanges.iter().filter(|exchange| exchange.sent().contains(&name)).collect();
    let is_secure = carriers.iter().all(|exchange| exchange.url.scheme() == "https");
    let is_strangers = |exchange: &&&Exchange| {
        exchange.header("sec-fetch-site") == Some("cross-site")
            && !(exchange.kind == Kind::Document && exchange.method == "GET")
    };
    let mut line = format!("{name}=redacted; Path=/");
    if let Some(domain) = shared(host, &carriers).filter(|_| !name.starts_with("__Host-")) {
        line.push_str(&format!("; Domain={domain}"));
    }
    if is_secure {
        line.push_str("; Secure");
    }
    line.push_str(match carriers.iter().any(|exchange| is_strangers(&exchange)) {
        true => "; SameSite=None",
        false => "; SameSite=Lax",
    });
    line
}

/// The domain that the hosts share, where there are several.
fn shared(host: &str, carriers: &[&Exchange]) -> Option<String> {
    let hosts: BTreeSet<&str> = carriers.iter().filter_map(|exchange| exchange.url.host_str()).collect();
    if hosts.len() < 2 {
        return None;
    }
    let parts: Vec<&str> = host.split('.').collect();
    let ends: Vec<String> = (0..parts.len()).map(|from| parts[from..].join(".")).collect();
    let all = |end: &&String| hosts.iter().all(|host| host == end || host.ends_with(&format!(".{end}")));
    ends.iter().find(all).filter(|end| end.contains('.')).cloned()
}

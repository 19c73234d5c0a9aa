//! The cookies that were set: their attributes, whether browsers store them, and whether they go when
//! they should.

use std::collections::BTreeSet;

use super::{Check, Finding, Seen, Severity, settings, steps};
use crate::cookie_line;
use crate::edit::framework::cookie::CookieSetting;
use crate::edit::{deletes_now, lines, of_settings};
use crate::explain::sent_twice;
use crate::looks::{is_login, is_logout, is_session};
use crate::observe::{Exchange, SetCookie as Line};
use crate::outcome::Run;
use crate::plan::upstream::is_loopback;
use crate::plan::{Plan, Route, SameSite};
use crate::rules::domain::domain_match;
use crate::rules::engine::Profile;
use crate::rules::line;
use crate::rules::reason::{Question, Reason};
use crate::rules::set_cookie::SetCookie;
use crate::world::wire::Note;

/// A line that was answered, read.
struct Set<'a> {
    exchange: &'a Exchange,
    line: &'a Line,
    read: SetCookie<'a>,
}

impl Set<'_> {
    /// Whether it removes a cookie.
    fn removes(&self) -> bool {
        deletes_now(&String::from_utf8_lossy(&self.line.line))
    }

    /// The header, without the middle of a long value.
    fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.line.line).into_owned();
        format!("Set-Cookie: {}", cookie_line::shortened(&text))
    }

    fn domain(&self) -> Option<String> {
        let domain = String::from_utf8_lossy(self.read.bytes(self.read.domain?.value)).to_ascii_lowercase();
        Some(domain.trim_start_matches('.').to_owned())
    }
}

fn set<'a>(seen: &Seen<'a>) -> impl Iterator<Item = Set<'a>> {
    let exchanges = seen.observation.exchanges.iter();
    exchanges.flat_map(|exchange| {
        exchange.set_cookie.iter().map(move |line| {
            let read = SetCookie::parse(&line.line, &Profile::SPECIFICATION);
            Set { exchange, line, read }
        })
    })
}

/// What one step shows.
pub(super) fn look(seen: &Seen<'_>, add: &mut impl FnMut(Finding)) {
    for set in set(seen).filter(|set| !set.removes()) {
        attributes(seen, &set, add);
        refused(seen, &set, add);
    }
    logout(seen, add);
    twice(seen, add);
    silent(seen, add);
}

/// A request that carries a name twice: the server takes one of them.
fn twice(seen: &Seen<'_>, add: &mut impl FnMut(Finding)) {
    for exchange in seen.observation.requests() {
        let Some(name) = sent_twice(exchange) else { continue };
        let headline = format!(
            "{} {} carries two cookies of the name `{name}`",
            exchange.wire.method, exchange.wire.url
        );
        let held = seen.observation.jar.iter().flatten().filter(|cookie| cookie.name == name);
        let mut evidence = seen.evidence(Some(exchange), None);
        evidence.seen.extend(held.map(|cookie| {
            let whose = if cookie.host_only { "host-only, of" } else { "of all hosts below" };
            format!("in the jar: `{name}` {whose} {}, Path={}", cookie.domain, cookie.path)
        }));
        let fix = "delete the one that is left over, by a line with its own `Domain` (or none) and `Path`";
        add(seen.finding(Check::SentTwice, Severity::Medium, headline, evidence, fix));
    }
}

/// A login that was answered well and sets no cookie, though later requests are asked for one that nothing sets.
fn silent(seen: &Seen<'_>, add: &mut impl FnMut(Finding)) {
    for exchange in seen.observation.requests() {
        let wire = &exchange.wire;
        let is_silent =
            is_login(&wire.method, &wire.url) && wire.status < 400 && exchange.set_cookie.is_empty();
        let is_told = wire.behind().notes.iter().any(|note| matches!(note, Note::CookieLeftOut(_)));
        if !is_silent || is_told || !lacks_cookie(seen.plan) {
            continue;
        }
        let headline = format!("{} {} looks like a login, and sets no cookie", wire.method, wire.url);
        let fix = "see whether the server takes the request for https: where TLS ends at a proxy it has to be told of \
                   `X-Forwarded-Proto`, and to trust it";
        add(seen.finding(
            Check::SilentLogin,
            Severity::Medium,
            headline,
            seen.evidence(Some(exchange), None),
            fix,
        ));
    }
}

/// Whether some route asks for a cookie that no line of the plan sets.
fn lacks_cookie(plan: &Plan) -> bool {
    let routes = || plan.origins.iter().flat_map(|origin| origin.service.routes());
    let set: Vec<String> = lines(plan)
        .flat_map(|(_, _, line)| cookie_line::unfolded(line))
        .map(|line| line::Line(&line).name().to_owned())
        .chain(of_settings(plan).map(|target| target.name))
        .collect();
    routes().filter_map(Route::required_cookie).any(|name| !set.iter().any(|known| known == name))
}

fn attributes(seen: &Seen<'_>, set: &Set<'_>, add: &mut impl FnMut(Finding)) {
    let name = set.line.name.as_str();
    if !is_session(seen.plan, name) || is_loopback(&set.exchange.wire.url) {
        return;
    }
    let evidence = || seen.evidence(Some(set.exchange), set.shown());
    let fixed = |fix: &str, change| settings::of_cookie(seen, set.exchange, name, fix, &[change]);
    if set.read.secure.is_none() {
        let headline =
            format!("`{name}` looks like a session and has no Secure: plain http carries it in clear");
        let fix = fixed("add `Secure`", CookieSetting::Secure);
        add(seen.finding(Check::InsecureCookie, Severity::High, headline, evidence(), fix));
    }
    if set.read.http_only.is_none() {
        let headline = format!("`{name}` looks like a session, and every script of the page can read it");
        let fix = fixed("add `HttpOnly`", CookieSetting::HttpOnly);
        add(seen.finding(Check::ScriptReadableSession, Severity::Medium, headline, evidence(), fix));
    }
    if set.read.same_site_flag() == SameSite::Unset {
        let headline =
            format!("`{name}` leaves its SameSite to the browser, and browsers take it for different things");
        let fix = fixed(
            "say which is meant, `SameSite=Lax` where the callers are of the same site",
            CookieSetting::SameSite("Lax"),
        );
        add(seen.finding(Check::UnsetSameSite, Severity::Low, headline, evidence(), fix));
    }
}

fn refused(seen: &Seen<'_>, set: &Set<'_>, add: &mut impl FnMut(Finding)) {
    // A caller that asked for no credentials is a finding of its own.
    if set.line.stored != Some(false) || set.line.reasons.contains(&Reason::CredentialsOmitted) {
        return;
    }
    let reasons: Vec<&str> = set.line.reasons.iter().map(|reason| reason.code()).collect();
    let headline = format!("`{}` is set and not stored ({})", set.line.name, reasons.join(", "));
    let mut evidence = seen.evidence(Some(set.exchange), set.shown());
    let why = set.line.reasons.iter().map(|reason| reason.sentence(Question::Stored).to_owned());
    evidence.seen.extend(why);
    let (fix, changes) = fix_of(&set.line.reasons);
    let fix = settings::of_cookie(seen, set.exchange, &set.line.name, fix, &changes);
    add(seen.finding(Check::RefusedCookie, Severity::High, headline, evidence, fix));
}

/// What would have the cookie stored, and which change of the cookie that is. Where several things are in the
/// way, the first that decides.
fn fix_of(reasons: &BTreeSet<Reason>) -> (&'static str, Vec<CookieSetting>) {
    let has = |reason| reasons.contains(&reason);
    if has(Reason::ThirdPartyBlocked) {
        ("serve the API from the site of its page: a subdomain, or a path of the same host", Vec::new())
    } else if has(Reason::DomainMismatch) || has(Reason::PublicSuffix) {
        let fix = "leave `Domain` out: the cookie is then for the host that sets it";
        (fix, vec![CookieSetting::Domain(None)])
    } else if has(Reason::SameSiteLax) || has(Reason::SameSiteStrict) || has(Reason::SameSiteDefaultLax) {
        let fix = "serve the API from the site of its page; or, where third-party cookies live, \
                   `SameSite=None; Secure`";
        (fix, vec![CookieSetting::SameSite("None"), CookieSetting::Secure])
    } else if has(Reason::SameSiteNoneInsecure) || has(Reason::PartitionedInsecure) {
        ("add `Secure`, and serve over https", vec![CookieSetting::Secure])
    } else if has(Reason::SecureRequired) || has(Reason::OverwritesSecure) {
        ("serve it over https", Vec::new())
    } else if has(Reason::InvalidPrefix) {
        ("give the name's prefix what it asks for, or take the prefix off", Vec::new())
    } else {
        ("ask `rehearsal explain` with the line and its page", Vec::new())
    }
}

/// A step that logs out has to take the session's cookies away.
fn logout(seen: &Seen<'_>, add: &mut impl FnMut(Finding)) {
    let Some(exchange) = seen.observation.requests().find(|exchange| {
        is_logout(&exchange.wire.url) && exchange.wire.method != "OPTIONS" && exchange.wire.status < 400
    }) else {
        return;
    };
    let Some(before) = seen.before.and_then(|before| before.jar.as_ref()) else { return };
    for cookie in seen.observation.jar.iter().flatten() {
        let host = exchange.wire.url.host_str().unwrap_or_default();
        let was_there = before.iter().any(|other| {
            other.name == cookie.name && other.domain == cookie.domain && other.value == cookie.value
        });
        if !was_there || !is_session(seen.plan, &cookie.name) || !domain_match(host, &cookie.domain) {
            continue;
        }
        let dot = if cookie.host_only { "" } else { "." };
        let headline =
            format!("`{}` of {dot}{} is still in the jar after logging out", cookie.name, cookie.domain);
        let removal = set(seen).find(|set| set.line.name == cookie.name && set.removes());
        let (line, fix) = match &removal {
            Some(set) => (
                set.shown(),
                match cookie.host_only {
                    true => format!(
                        "remove it with a line without `Domain`, as it was set: `{}=; Path={}; Max-Age=0`",
                        cookie.name, cookie.path
                    ),
                    false => format!(
                        "remove it with the `Domain` and `Path` it was set with: `{}=; Domain={}; Path={}; Max-Age=0`",
                        cookie.name, cookie.domain, cookie.path
                    ),
                },
            ),
            None => ("no line of the answer removes it".to_owned(), "remove it when logging out".to_owned()),
        };
        let evidence = seen.evidence(Some(exchange), line);
        add(seen.finding(Check::SurvivesLogout, Severity::High, headline, evidence, fix));
    }
}

/// What shows over the whole of a scenario: who sent a cookie where.
pub(super) fn look_over(plan: &Plan, runs: &[Run], add: &mut impl FnMut(Finding)) {
    let sends: Vec<(&str, &str, Option<&[u8]>)> = steps(runs)
        .flat_map(|seen| seen.observation.exchanges.iter())
        .flat_map(|exchange| {
            let wire = &exchange.wire;
            let host = wire.url.host_str().unwrap_or_default();
            let from = wire.request_header("sec-fetch-site");
            exchange.sent.iter().map(move |(name, _)| (name.as_str(), host, from))
        })
        .collect();
    for seen in steps(runs) {
        for set in set(&seen).filter(|set| !set.removes() && set.line.stored == Some(true)) {
            let name = set.line.name.as_str();
            let host = set.exchange.wire.url.host_str().unwrap_or_default();
            if !is_session(plan, name) {
                continue;
            }
            let sent = || sends.iter().filter(|(sent, ..)| *sent == name);
            if let Some(domain) = set.domain().filter(|domain| domain != host)
                && sent().next().is_some()
                && sent().all(|(_, to, _)| *to == host)
            {
                let headline =
                    format!("`{name}` goes to every host below {domain}, and only {host} is called with it");
                let evidence = seen.evidence(Some(set.exchange), set.shown());
                let fix = "leave `Domain` out: the cookie is then for the host that sets it alone";
                let fix = settings::of_cookie(&seen, set.exchange, name, fix, &[CookieSetting::Domain(None)]);
                add(seen.finding(Check::WideDomain, Severity::Medium, headline, evidence, fix));
            }
            let is_cross = |from: &Option<&[u8]>| from.is_none_or(|from| from == b"cross-site");
            if set.read.same_site_flag() == SameSite::None
                && set.read.partitioned.is_none()
                && sent().next().is_some()
                && !sent().any(|(.., from)| is_cross(from))
                && !is_cross(&set.exchange.wire.request_header("sec-fetch-site"))
            {
                let headline =
                    format!("`{name}` is SameSite=None, and all who set and send it are of its own site");
                let evidence = seen.evidence(Some(set.exchange), set.shown());
                let fix =
                    "`SameSite=Lax` does the same here, or `Strict`, and no other site's page can send it";
                let fix =
                    settings::of_cookie(&seen, set.exchange, name, fix, &[CookieSetting::SameSite("Lax")]);
                add(seen.finding(Check::WeakSameSite, Severity::Medium, headline, evidence, fix));
            }
        }
    }
}

//! What makes one answer to a request differ from another to the same: the cookie that came with it, or was missing.
//!
//! It is a guess, and whoever uses it says so.

use super::Exchange;
use super::cookies::{Cookies, Set};
use crate::looks;

/// Where there are two kinds of answers, and a cookie came with all of the one kind and none of the other: its name,
/// an answer without it, and one with it.
pub(crate) fn told_apart<'e>(same: &[(usize, &'e Exchange)]) -> Option<(String, &'e Exchange, &'e Exchange)> {
    let (_, first) = same.first()?;
    let (like, unlike): (Vec<&'e Exchange>, Vec<&'e Exchange>) = same
        .iter()
        .map(|(_, exchange)| *exchange)
        .partition(|exchange| signature(exchange) == signature(first));
    let other = unlike.first()?;
    if unlike.iter().any(|exchange| signature(exchange) != signature(other)) {
        return None;
    }
    let between = |with: &[&'e Exchange], without: &[&'e Exchange]| {
        let names = with[0].sent();
        let tells = |name: &&str| {
            with.iter().all(|exchange| exchange.sent().contains(name))
                && without.iter().all(|exchange| !exchange.sent().contains(name))
        };
        let found = names.into_iter().filter(tells).max_by_key(|name| looks::names_session(name))?;
        Some((found.to_owned(), without[0], with[0]))
    };
    between(&like, &unlike).or_else(|| between(&unlike, &like))
}

/// The cookie for want of which a request was probably refused, or led to a login.
pub(crate) fn missing(cookies: &Cookies, at: usize, refused: &Exchange) -> Option<String> {
    let leads_away = refused.redirect().is_some_and(|to| looks::is_login_page(&to))
        && refused.method == "GET"
        && refused.set_cookie.is_empty();
    if refused.status != 401 && !leads_away {
        return None;
    }
    let host = refused.url.host_str().unwrap_or_default();
    // What was set anywhere before, also where it does not reach this host: that may be the fault of a refusal. Who is
    // led away had better be known to that very host.
    let before = cookies.set.iter().filter(|set| set.at < Some(at) && !set.is_deletion);
    let missing = before.filter(|set| !refused.sent().contains(&set.name.as_str()));
    let missing = missing.filter(|set| !leads_away || set.reaches(host));
    let rank = |set: &&Set| (looks::names_session(&set.name), set.reaches(host), set.http_only);
    missing.max_by_key(rank).map(|set| set.name.clone())
}

/// What an answer is, as far as a route tells answers apart.
pub(crate) fn signature(exchange: &Exchange) -> (u16, Option<String>, Vec<&str>) {
    let to = exchange.redirect().map(|to| format!("{}{}", to.origin().ascii_serialization(), to.path()));
    let names = exchange.set_cookie.iter().map(|line| line.split('=').next().unwrap_or_default().trim());
    (exchange.answered(), to, names.collect())
}

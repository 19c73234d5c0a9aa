//! What to know before making a fix: its price, in a sentence.

use std::collections::{BTreeMap, BTreeSet};

use super::search::Fix;
use crate::edit::{CookieChange, Edit, Edits, ServerChange};
use crate::lookup::{self, Library, Part};
use crate::plan::{Plan, Service};

/// Said where the stricter word was tried and works too.
pub(super) const STRICT_AS_WELL: &str = "`SameSite=Strict` works here as well; it also keeps the cookie from requests that begin with a link on another site";

/// Said where a cookie keeps `SameSite=None` without need.
pub(super) const LAX_AS_WELL: &str = "`SameSite=None` is then more than it takes: `SameSite=Lax` was tried and works as well, and other sites' \
     pages can then not make browsers send the cookie with a POST, a frame or an image";

/// Said where a server refuses the request for something else then.
pub(super) const ON_THE_WAY: &str = "the server does not refuse it for this any more; what the claim asks for takes \
     something else besides, such as the token of a form";

/// Said where the pages' scripts were left out.
pub(super) const BY_HAND: &str =
    "it was tried without the page's scripts, by the requests that they were seen to make: run it to be sure";

/// Said where a call was not let through: what it is answered is not known.
pub(super) const NEVER_ASKED: &str =
    "the call is then made; what it is answered nobody knows before, so there may be more to fix";

/// Said where real servers were played.
pub(super) const PLAYED: &str = "it was found on the answers that your server gave, without asking it again: what it answers \
     to a request that it never got is a guess";

/// Said where a fix takes away what other claims of the scenario ask for: the lines they stand in.
pub(super) fn broken(lines: &BTreeSet<usize>) -> Option<String> {
    let listed: Vec<String> = lines.iter().map(usize::to_string).collect();
    let (noun, verb) = if lines.len() == 1 { ("line", "does") } else { ("lines", "do") };
    let listed = listed.join(", ");
    (!lines.is_empty()).then(|| {
        format!("what {noun} {listed} of the scenario expects {verb} not hold with it: the two cannot both be had by a change of headers")
    })
}

/// Where what a fix changes of cookies is written, by the library that sets them: as it is named, or as the cookies'
/// names tell. What a framework of the plan sets is told in its own settings already.
pub(super) fn settings(plan: &Plan, edits: &Edits, named: Option<&'static Library>) -> Vec<String> {
    let mut parts: BTreeMap<&str, Vec<Part>> = BTreeMap::new();
    for edit in edits {
        let Edit::Cookie { change, of } = edit else { continue };
        let Some(part) = part(change) else { continue };
        for target in of {
            let origin = target.origin.and_then(|index| plan.origins.get(index));
            if origin.is_some_and(|origin| !matches!(origin.service, Service::BackEnd(_))) {
                parts.entry(&target.name).or_default().push(part.clone());
            }
        }
    }
    parts.into_iter().filter_map(|(cookie, parts)| lookup::told(cookie, named, &parts)).collect()
}

/// What a change is to a library's settings.
fn part(change: &CookieChange) -> Option<Part> {
    Some(match change {
        CookieChange::DropDomain => Part::Domain(None),
        CookieChange::Domain(domain) => Part::Domain(Some(domain.clone())),
        CookieChange::Secure => Part::Secure,
        CookieChange::Lax => Part::SameSite("Lax"),
        CookieChange::Strict => Part::SameSite("Strict"),
        CookieChange::None => Part::SameSite("None"),
        CookieChange::RootPath => Part::Path("/".to_owned()),
        CookieChange::Partitioned => Part::Partitioned,
        CookieChange::Lasting(seconds) => Part::Lifetime(*seconds),
        CookieChange::KeepPrefix
        | CookieChange::DropPrefix
        | CookieChange::Shorten
        | CookieChange::Match { .. } => return None,
    })
}

/// The remarks of a fix, those about safety first.
pub(super) fn remarks(fix: &Fix) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut add = |remark: &str| {
        if !remarks.iter().any(|known| known == remark) {
            remarks.push(remark.to_owned());
        }
    };
    for edit in fix.edits.iter().rev() {
        match edit {
            Edit::Cookie { change, .. } => {
                if let Some(remark) = of_cookie(change) {
                    add(remark);
                }
            }
            Edit::Include { .. } => add(
                "the call then sends cookies: the answer may be one user's own, so no shared cache may keep it",
            ),
            Edit::Topology(topology) => add(topology.remark()),
            Edit::Unfold { .. } => add(
                "whatever joined the lines has to pass each on by itself: `headers.getSetCookie()` has them apart, and \
                 `headers.append(\"Set-Cookie\", …)` keeps them so",
            ),
            Edit::DeleteToo { .. } => add(
                "the second line can go when no browser has the old cookie any more, which is after its lifetime",
            ),
            Edit::AskFor { .. } => add(
                "the other way is to set the cookie by the name that is asked for; a prefix such as `__Host-` is a promise \
                 that browsers keep, and better left where it is",
            ),
            Edit::Unauthorized { .. } => add(
                "a page that people open may still be redirected: tell the two apart by `Accept`, by `Sec-Fetch-Mode`, or by \
                 the path",
            ),
            Edit::Proxy { change, .. } => add(change.remark()),
            Edit::Server { change: ServerChange::TrustProxy, .. } => add(
                "it is safe where nobody reaches the server but by the proxy, and the proxy sets `X-Forwarded-Proto` itself: \
                 else whoever asks can claim https",
            ),
            Edit::Server { change: ServerChange::TrustOrigin(_), .. } => add(
                "pages of that origin may then send forms in a visitor's name: list your own origins alone",
            ),
            Edit::AskAsUsual { .. } => add(
                "an answer of another origin is then read by its leave alone: the server has to send CORS headers",
            ),
            Edit::AskHttps { .. } => {
                add("a redirect from http comes too late: the first request has gone in clear by then")
            }
            Edit::Grant { .. } => add(
                "only the origin that is named may read the answers; for several keep a list, compare the whole Origin \
                 header with it, answer the one that asks, and send `Vary: Origin`; never answer whatever asks",
            ),
        }
    }
    remarks
}

fn of_cookie(change: &CookieChange) -> Option<&'static str> {
    Some(match change {
        CookieChange::None => {
            "with `SameSite=None` any site's page can make the browser send this cookie: whatever changes something \
             needs protection against CSRF (a token, or a check of Origin)"
        }
        CookieChange::Partitioned => {
            "a `Partitioned` cookie is one for each top-level site: whoever is logged in here is not logged in where \
             another site embeds the same API"
        }
        CookieChange::Secure => {
            "a `Secure` cookie needs https, on a laptop too (plain http://localhost is enough for some browsers only)"
        }
        CookieChange::Lax => {
            "`SameSite=Lax` also goes along when a link on another site leads here, so a GET must not change anything"
        }
        CookieChange::DropDomain => {
            "without `Domain` the cookie goes to exactly the host that sets it, and to no subdomain"
        }
        CookieChange::Domain(_) => {
            "every subdomain of that domain then receives and can overwrite the cookie: all of them have to be trusted"
        }
        CookieChange::DropPrefix => {
            "the name's prefix was a promise that browsers kept for you; without it a subdomain or plain http can set this cookie"
        }
        CookieChange::Lasting(_) => {
            "`Max-Age` counts from when the browser gets the answer, in whatever zone: no clock and no date is compared"
        }
        CookieChange::Shorten => "keep the data on the server, and put an id of it into the cookie",
        CookieChange::Match { .. } => {
            "a cookie is deleted by a line with its own name, `Domain` and `Path`; any other line names another cookie"
        }
        CookieChange::RootPath => {
            "`Path` is no protection: pages of one host can read each other's cookies whatever it says"
        }
        CookieChange::Strict | CookieChange::KeepPrefix => return None,
    })
}

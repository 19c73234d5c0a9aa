//! What to know before making a fix: its price, in a sentence.

use std::collections::BTreeSet;

use super::search::Fix;
use crate::edit::{CookieChange, Edit};

/// Said where the stricter word was tried and works too.
pub(super) const STRICT_AS_WELL: &str = "`SameSite=Strict` works here as well; it also keeps the cookie from requests that begin with a link on another site";

/// Said where a cookie keeps `SameSite=None` without need.
pub(super) const LAX_AS_WELL: &str = "`SameSite=None` is then more than it takes: `SameSite=Lax` was tried and works as well, and other sites' \
     pages can then not make browsers send the cookie with a POST, a frame or an image";

/// Said where a fix takes away what other claims of the scenario ask for: the lines they stand in.
pub(super) fn broken(lines: &BTreeSet<usize>) -> Option<String> {
    let listed: Vec<String> = lines.iter().map(usize::to_string).collect();
    let (noun, verb) = if lines.len() == 1 { ("line", "does") } else { ("lines", "do") };
    let listed = listed.join(", ");
    (!lines.is_empty()).then(|| {
        format!("what {noun} {listed} of the scenario expects {verb} not hold with it: the two cannot both be had by a change of headers")
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

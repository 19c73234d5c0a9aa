//! What Firefox said of cookies, and which line or cookie each message is about.
//!
//! A message in a tab's console names a cookie and not where it came from. The browser's own console has the
//! same message with the address of the answer, and not the tab. Together they tell the line.

use serde_json::Value;
use url::Url;

use super::native::{self, Refusal};
use crate::browser::line_outcomes;
use crate::observe::{Cookie, Exchange, SetCookie as Line, Withheld};
use crate::rules::cookie::SameSite;
use crate::rules::domain::domain_match;
use crate::rules::engine::Profile;
use crate::rules::path::path_match;
use crate::rules::reason::Reason;
use crate::rules::set_cookie::SetCookie;

/// A message of the browser's own console.
#[derive(Clone, Debug)]
pub(super) struct Said {
    text: String,
    /// The address it is about.
    url: Url,
}

/// The messages in what `privileged::Privileged::look` answers, and the number of the last.
pub(super) fn said(look: &Value, after: u64) -> (Vec<Said>, u64) {
    let said = look.get("said").and_then(Value::as_array).into_iter().flatten();
    let number = |said: &Value| said.get("number").and_then(Value::as_u64);
    let last = said.clone().filter_map(number).max().unwrap_or(after);
    let message = |said: &Value| {
        let text = |key: &str| said.get(key).and_then(Value::as_str);
        Some(Said { text: text("text")?.to_owned(), url: Url::parse(text("url")?).ok()? })
    };
    (said.filter_map(message).collect(), last)
}

/// Tells each line of which the tab's console says that it was refused.
pub(super) fn explain_refused(exchanges: &mut [Exchange], messages: &[String], mut said: Vec<Said>) {
    for message in messages {
        let Some(refusal) = native::refusal(message).filter(|refusal| !refusal.is_of_scripts()) else {
            continue;
        };
        // Where the address is known, the line is one of that answer.
        let of_ours = |said: &Said| {
            said.text == *message && exchanges.iter().any(|exchange| exchange.wire.url == said.url)
        };
        let url = said.iter().position(of_ours).map(|index| said.remove(index).url);
        let answers =
            exchanges.iter_mut().filter(|exchange| url.as_ref().is_none_or(|url| exchange.wire.url == *url));
        for exchange in answers {
            let Exchange { wire, set_cookie, .. } = exchange;
            if set_cookie.iter_mut().any(|line| refuse(line, &wire.url, message, refusal)) {
                break;
            }
        }
    }
}

/// Tells every line of each answer whose address the tab's console says to be a blocked third party's.
pub(super) fn explain_blocked(exchanges: &mut [Exchange], messages: &[String]) {
    for message in messages {
        let Some(url) = native::blocked(message).and_then(|url| Url::parse(url).ok()) else { continue };
        let is_its = |exchange: &&mut Exchange| exchange.wire.url == url && !exchange.wire.is_preflight();
        for line in exchanges.iter_mut().filter(is_its).flat_map(|exchange| &mut exchange.set_cookie) {
            line.stored = Some(false);
            line.reasons.insert(Reason::ThirdPartyBlocked);
            if !line.native.contains(message) {
                line.native.push(message.clone());
            }
        }
    }
}

/// Tells the line that a script wrote, where the tab's console says that it was refused.
pub(super) fn explain_written(line: &mut Line, page: &Url, messages: &[String]) {
    if line.stored == Some(true) {
        return;
    }
    for message in messages {
        if native::refusal(message).is_some_and(|refusal| refuse(line, page, message, refusal)) {
            return;
        }
    }
}

/// Notes the refusal of a line, where it is about it and none was noted.
fn refuse(line: &mut Line, url: &Url, message: &str, refusal: Refusal<'_>) -> bool {
    if !line.native.is_empty() {
        return false;
    }
    let read = SetCookie::parse(&line.line, &Profile::FIREFOX);
    let domain = line_outcomes::domain(&read);
    let Some(reason) = refusal.reason(&read, url, domain.as_deref()) else { return false };
    line.stored = Some(false);
    line.reasons.insert(reason);
    line.native.push(message.to_owned());
    true
}

/// Tells each request which cookies stayed behind because it was redirected from another site: the one thing
/// that Firefox says of sending, and only to the browser's own console. `held` are the cookies before and
/// after the step.
pub(super) fn explain_withheld(exchanges: &mut [Exchange], said: &[Said], held: &[&[Cookie]]) {
    for message in said {
        let Some(name) = native::omitted_by_redirect(&message.text) else { continue };
        let host = message.url.host_str().unwrap_or_default();
        let is_it = |cookie: &&Cookie| {
            cookie.name == name
                && matches!(cookie.same_site, SameSite::Lax | SameSite::Strict)
                && domain_match(host, &cookie.domain)
                && path_match(message.url.path().as_bytes(), cookie.path.as_bytes())
        };
        // Another worker's browser may have said it: then this jar has no such cookie.
        let Some(cookie) = held.iter().copied().flatten().find(is_it) else { continue };
        let redirected = exchanges.iter_mut().skip(1).find(|exchange| {
            exchange.wire.url == message.url
                && !exchange.sent.iter().any(|(sent, _)| sent == name)
                && !exchange.withheld.iter().any(|withheld| withheld.name == name)
        });
        let Some(exchange) = redirected else { continue };
        let reason = match cookie.same_site {
            SameSite::Strict => Reason::SameSiteStrict,
            _ => Reason::SameSiteLax,
        };
        exchange.withheld.push(Withheld {
            name: name.to_owned(),
            domain: cookie.domain.clone(),
            reasons: [reason].into(),
            native: vec![message.text.clone()],
        });
    }
}

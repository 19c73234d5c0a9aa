//! A step's own request among the exchanges of the wire: what can be told of it in any browser.
//!
//! Nothing here asks a browser; it follows redirects on the record and knows Fetch's credentials modes.

use url::Url;

use crate::observe::Exchange;
use crate::plan::{Action, Credentials, EventSource, Fetch, Shared, Step, Xhr};
use crate::rules::reason::Reason;

/// Whether a step is a navigation of the top level.
pub(super) fn navigates(step: &Step) -> bool {
    let navigation = matches!(
        step.action,
        Action::Visit(_) | Action::Link(_) | Action::Form(_) | Action::Reload | Action::Back
    );
    navigation && step.inside.is_none()
}

/// The URL as requests have it: without a fragment, and without a user's name and password.
pub(super) fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    // Neither can fail but for a URL that can have none.
    _ = url.set_username("");
    _ = url.set_password(None);
    url
}

/// Whether a URL is at this host and port.
pub(super) fn is_at(url: &Url, asked: &str) -> bool {
    let host = url.host_str().unwrap_or_default();
    asked == format!("{host}:{}", url.port_or_known_default().unwrap_or_default())
}

/// The status of a request on the wire, after its redirects. Any method if there is none.
pub(super) fn status(method: Option<&str>, url: &Url, exchanges: &[Exchange]) -> Option<u16> {
    hops(method, url, exchanges).last().map(|&index| exchanges[index].wire.status)
}

/// The exchanges of a request and its redirects, preflights aside.
pub(super) fn hops(method: Option<&str>, url: &Url, exchanges: &[Exchange]) -> Vec<usize> {
    let mut next = without_fragment(url);
    let mut found: Vec<usize> = Vec::new();
    for (index, exchange) in exchanges.iter().enumerate() {
        let wire = &exchange.wire;
        let right_method = !found.is_empty() || method.is_none_or(|method| method == wire.method);
        if wire.is_preflight() || wire.url != next || !right_method {
            continue;
        }
        found.push(index);
        // Where the next hop is not on the wire (refused, or never made), this one was the last.
        let location = wire.response_header("location").filter(|_| (300..400).contains(&wire.status));
        let Some(location) = location else { break };
        let Ok(to) = wire.url.join(&String::from_utf8_lossy(location)) else { break };
        next = without_fragment(&to);
    }
    found
}

/// Notes the lines that were ignored for want of credentials, which browsers do not mention. `page` is
/// where the step was taken, unless it has no origin.
///
/// Fetch, HTTP-network-or-cache fetch: a preflight has none, and a request in mode `same-origin` has none
/// from the first address on that is of another origin than the page.
pub(super) fn note_omitted(action: &Action, page: Option<&Url>, exchanges: &mut [Exchange]) {
    let omitted: Vec<usize> = match action {
        Action::Fetch(Fetch { credentials: Credentials::Include, .. })
        | Action::Xhr(Xhr { with_credentials: true, .. })
        | Action::Shared(Shared { with_credentials: true, .. })
        | Action::EventSource(EventSource { with_credentials: true, .. }) => Vec::new(),
        Action::Fetch(Fetch { url, method, credentials: Credentials::Omit, .. }) => {
            hops(Some(method), url, exchanges)
        }
        Action::Fetch(_) | Action::Xhr(_) | Action::Shared(_) | Action::EventSource(_) => {
            let Some((method, url)) = action.target() else { return };
            let is_same =
                |&index: &usize| page.is_some_and(|page| page.origin() == exchanges[index].wire.url.origin());
            hops(Some(method), url, exchanges).into_iter().skip_while(is_same).collect()
        }
        _ => Vec::new(),
    };
    for (index, exchange) in exchanges.iter_mut().enumerate() {
        if omitted.contains(&index) || exchange.wire.is_preflight() {
            for line in exchange.set_cookie.iter_mut().filter(|line| line.stored.is_none()) {
                line.stored = Some(false);
                line.reasons.insert(Reason::CredentialsOmitted);
            }
        }
    }
}

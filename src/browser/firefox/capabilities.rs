//! What is asked of Firefox before it starts.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::policy;
use crate::browser::driver;
use crate::browser::options::LaunchOptions;

/// The capabilities of a session: its program, its policy, and a proxy for everything outside a worker, one
/// that refuses.
///
/// With a folder for its profile, it keeps that; else geckodriver makes one, and removes it.
pub(super) fn capabilities(
    options: &LaunchOptions,
    binary: Option<&Path>,
    proxy: SocketAddr,
    profile: Option<&Path>,
) -> Map<String, Value> {
    let headless = (!options.headed).then(|| "-headless".to_owned());
    let profile = profile.map(|folder| ["-profile".to_owned(), folder.display().to_string()]);
    let more = if options.remote.is_none() { driver::FIREFOX.more_arguments() } else { Vec::new() };
    let arguments: Vec<String> =
        headless.into_iter().chain(profile.into_iter().flatten()).chain(more).collect();
    let Value::Object(mut capabilities) = json!({
        "browserName": "firefox",
        "webSocketUrl": true,
        "acceptInsecureCerts": false,
        "unhandledPromptBehavior": { "default": options.prompts() },
        "proxy": super::proxy(proxy),
        "moz:firefoxOptions": {
            "args": arguments,
            "prefs": preferences(options),
        },
    }) else {
        unreachable!("the literal is an object")
    };
    // Elsewhere the driver knows where its browser is.
    if let Some(binary) = binary {
        capabilities["moz:firefoxOptions"]["binary"] = json!(binary);
    }
    capabilities
}

fn preferences(options: &LaunchOptions) -> Map<String, Value> {
    let Value::Object(mut preferences) = json!({
        // Names like `localhost` go through the proxy too.
        "network.proxy.allow_hijacking_localhost": true,
        // What the proxy refuses of the browser's own requests is not asked for past it: without this each of them
        // asks the machine's name server (measured 2026-11-26, Firefox 153.7.0esr; failover_direct alone does nothing).
        "network.proxy.allow_bypass": false,
        "network.proxy.failover_direct": false,
        // An `http` URL of a scenario means `http`.
        "dom.security.https_first": false,
        "dom.security.https_first_schemeless": false,
        // When a browser asks for an icon is its own affair; it must not fall into some step.
        "browser.chrome.site_icons": false,
        // Its messages are read, and these are the words that are known.
        "intl.locale.requested": "en-US",
        // Going back asks again, as in other browsers under their drivers.
        "browser.sessionhistory.max_total_viewers": 0,
        "fission.bfcacheInParent": false,
        // Nothing is asked for that no page asks for.
        "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
        "network.dns.disablePrefetch": true,
        "network.prefetch-next": false,
        "network.http.speculative-parallel-limit": 0,
        // Who came back from a site that it had dealings with gets that site's own jar in third-party frames for
        // thirty days: the rules have no memory of that kind (measured 2026-11-21, Firefox 153.7.0esr).
        "privacy.restrict3rdpartystorage.heuristic.navigation": false,
        // A form that leaves https for http is asked about in a dialog, which a driver answers; see
        // `stops_insecure_forms` of the model.
        "security.warn_submit_secure_to_insecure": false,
        // Whether a third party may have its cookies is asked of nobody: a page that asks is refused, as by whoever
        // turns it down. What needs no question is granted all the same.
        "dom.storage_access.prompt.testing": true,
        "dom.storage_access.prompt.testing.allow": false,
        // The same for a form that a reload sends again.
        "dom.confirm_repost.testing.always_accept": true,
    }) else {
        unreachable!("the literal is an object")
    };
    if let Some(behavior) = policy::asked_for(options.third_party) {
        preferences.insert(policy::COOKIE_BEHAVIOR.to_owned(), behavior.into());
    }
    preferences
}

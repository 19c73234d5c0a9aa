//! What is asked of Chromium before it starts.

use std::net::SocketAddr;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::browser::driver;
use crate::browser::options::LaunchOptions;
use crate::browser_name::ThirdParty;

/// The capabilities of a session: its program, its policy, and a proxy for everything outside a worker, one
/// that refuses.
///
/// With a folder for its profile, it keeps that; else ChromeDriver makes one, and removes it.
pub(super) fn capabilities(
    options: &LaunchOptions,
    binary: Option<&Path>,
    proxy: SocketAddr,
    profile: Option<&Path>,
) -> Map<String, Value> {
    let Value::Object(mut capabilities) = json!({
        "browserName": "chrome",
        "webSocketUrl": true,
        "acceptInsecureCerts": false,
        "unhandledPromptBehavior": { "default": options.prompts() },
        "proxy": super::proxy(proxy),
        "goog:chromeOptions": {
            "args": arguments(options, profile),
            "prefs": {
                // Without it, ChromeDriver's Chromium blocks third-party cookies and desktop Chrome does
                // not (measured 2026-11-20, Chromium 156.0.8078.79).
                "profile.cookie_controls_mode": match options.third_party {
                    ThirdParty::Blocked => 1,
                    ThirdParty::Allowed | ThirdParty::Partitioned => 0,
                },
            },
            // Nobody is there to be asked for a name and a password: without a scheme to log in by, the answer is shown
            // that is shown to whoever cancels.
            "localState": { "auth.schemes": "" },
        },
    }) else {
        unreachable!("the literal is an object")
    };
    // Elsewhere the driver knows where its browser is.
    if let Some(binary) = binary {
        capabilities["goog:chromeOptions"]["binary"] = json!(binary);
    }
    capabilities
}

fn arguments(options: &LaunchOptions, profile: Option<&Path>) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--disable-gpu",
        // The gateway carries TCP alone.
        "--disable-quic",
        // Nor does WebRTC send a datagram past it: without this a page reached any UDP address, and the local network
        // by multicast. `--force-webrtc-ip-handling-policy` does nothing any more (measured 2026-11-26, 156.0.8078.108).
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        // What it says of itself is shown where it ends; what pages write to the console is left out.
        "--log-level=1",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // A page that failed must not try again during a later step.
        "--disable-auto-reload",
        // A page gone back to is asked for again, or comes from the HTTP cache: a page that was only frozen
        // would ask for nothing, and whether it was frozen hangs on much that no scenario says.
        "--disable-back-forward-cache",
        // An `http` URL of a scenario means `http`, and no form is described to a server of the browser's.
        "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,AutofillServerCommunication",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(format!("--ignore-certificate-errors-spki-list={}", STANDARD.encode(options.ca_spki)));
    arguments.extend(profile.map(|folder| format!("--user-data-dir={}", folder.display())));
    if !options.headed {
        arguments.push("--headless=new".to_owned());
    }
    // The sandbox needs a user to drop its rights to; Chromium refuses to start as root otherwise.
    #[cfg(unix)]
    if options.remote.is_none() && rustix::process::geteuid().is_root() {
        arguments.push("--no-sandbox".to_owned());
    }
    if options.remote.is_none() {
        arguments.extend(driver::CHROMIUM.more_arguments());
    }
    arguments
}

//! A WebDriver session with Chromium: what is asked of the browser before it starts.
//!
//! fantoccini opens it over plain HTTP; everything after goes over the BiDi socket it names.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::name::ThirdParty;

/// What a session is opened with.
pub(super) struct Request<'a> {
    /// Where the driver listens.
    pub(super) driver: &'a str,
    /// The browser's program.
    pub(super) binary: &'a Path,
    /// What it does with third-party cookies.
    pub(super) third_party: ThirdParty,
    /// Whether its window is shown.
    pub(super) headed: bool,
    /// Base64 of the SHA-256 of the SPKI of the CA that is trusted.
    pub(super) spki: &'a str,
    /// The proxy of everything outside a worker: one that refuses.
    pub(super) proxy: SocketAddr,
    /// How long the browser may take to come up.
    pub(super) limit: Duration,
}

/// A session that is open.
#[derive(Debug)]
pub(super) struct Session {
    /// Kept because dropping it closes the session.
    _client: Client,
    /// The address of the BiDi socket.
    pub(super) socket: String,
    /// The browser's version: `156.0.8078.79`.
    pub(super) version: String,
    /// The browser's process id.
    pub(super) process: Option<u32>,
}

impl Session {
    /// Starts the browser.
    ///
    /// # Errors
    /// [`Failure::NotStarted`] with the driver's message, [`Failure::TimedOut`], [`Failure::Protocol`].
    pub(super) async fn open(request: &Request<'_>) -> Result<Self, Failure> {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(request));
        let client = tokio::time::timeout(request.limit, builder.connect(request.driver))
            .await
            .map_err(|_| Failure::TimedOut { command: "new session".to_owned(), after: request.limit })?
            .map_err(|error| Failure::NotStarted {
                program: "chromium".to_owned(),
                message: error.to_string().lines().next().unwrap_or_default().to_owned(),
                last_words: Vec::new(),
            })?;
        let answer = client.capabilities().cloned().unwrap_or_default();
        let text = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        let missing = |key: &str| Failure::protocol("new session", format!("the answer has no `{key}`"));
        Ok(Self {
            socket: text("webSocketUrl").ok_or_else(|| missing("webSocketUrl"))?,
            version: text("browserVersion").ok_or_else(|| missing("browserVersion"))?,
            process: answer
                .get("goog:processID")
                .and_then(Value::as_u64)
                .and_then(|id| u32::try_from(id).ok()),
            _client: client,
        })
    }
}

fn capabilities(request: &Request<'_>) -> Map<String, Value> {
    let Value::Object(capabilities) = json!({
        "browserName": "chrome",
        "webSocketUrl": true,
        "acceptInsecureCerts": false,
        "unhandledPromptBehavior": { "default": "dismiss" },
        "proxy": super::chromium::proxy(request.proxy),
        "goog:chromeOptions": {
            "binary": request.binary,
            "args": arguments(request),
            "prefs": {
                // Without it, ChromeDriver's Chromium blocks third-party cookies and desktop Chrome does
                // not (measured 2026-11-20, Chromium 156.0.8078.79).
                "profile.cookie_controls_mode": match request.third_party {
                    ThirdParty::Blocked => 1,
                    ThirdParty::Allowed | ThirdParty::Partitioned => 0,
                },
            },
        },
    }) else {
        unreachable!("the literal is an object")
    };
    capabilities
}

fn arguments(request: &Request<'_>) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--disable-gpu",
        // The gateway carries TCP alone.
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // A page that failed must not try again during a later step.
        "--disable-auto-reload",
        // An `http` URL of a scenario means `http`.
        "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(format!("--ignore-certificate-errors-spki-list={}", request.spki));
    if !request.headed {
        arguments.push("--headless=new".to_owned());
    }
    // The sandbox needs a user to drop its rights to; Chromium refuses to start as root otherwise.
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        arguments.push("--no-sandbox".to_owned());
    }
    arguments
}

//! How a browser is launched: what an engine needs to know before there is a browser, and nothing of what it is then.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::failure::Failure;
use crate::browser_name::ThirdParty;
use crate::world::Gateway;

/// The limit for each thing asked of a browser, where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// How a browser is launched.
#[derive(Clone, Debug)]
pub struct LaunchOptions {
    /// What it does with cookies of third parties.
    pub third_party: ThirdParty,
    /// Whether its window is shown.
    pub headed: bool,
    /// Whether a person acts in it: then dialogs are left to whoever acts, and there is no window but theirs.
    pub by_hand: bool,
    /// The certificate of the CA whose certificates it accepts, as DER.
    pub ca: Vec<u8>,
    /// The SHA-256 of the Subject Public Key Info of that CA.
    pub ca_spki: [u8; 32],
    /// The `rehearsal` binary, which is started again as the guard of the processes.
    pub guard: PathBuf,
    /// The limit for each thing asked of the browser: a command, a page load; its start may take three times as long.
    /// [`TIMEOUT`] is a good one.
    pub timeout: Duration,
    /// The driver that is used; `None` starts one here.
    pub remote: Option<Remote>,
}

impl LaunchOptions {
    /// What becomes of the dialogs of pages, in WebDriver's words.
    pub(super) fn prompts(&self) -> &'static str {
        if self.by_hand { "ignore" } else { "dismiss" }
    }
}

/// A session of a driver, for whoever speaks WebDriver to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverSession {
    /// Where the driver listens: `http://127.0.0.1:9515`.
    pub driver: String,
    /// The session's id.
    pub session: String,
}

/// A driver that runs already, here or on another machine, and the way back from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Where the driver listens: `http://192.0.2.7:9515`.
    pub driver: Url,
    /// The address of this machine that the browser reaches: where gateways listen.
    pub gateway: IpAddr,
    /// The machines the browser may run on: nobody else gets through a gateway.
    pub peers: Vec<IpNet>,
    /// Whether a Selenium Grid is asked on which of its machines it placed the browser, and that one gets through
    /// as well.
    pub asks_grid: bool,
}

impl LaunchOptions {
    /// The limit for each part of a start. A browser that has started answers at once, and one that starts beside many
    /// others takes its time: on a machine of two cores with twelve at work, Firefox took more than half a minute.
    pub(super) fn start_timeout(&self) -> Duration {
        self.timeout * 3
    }

    /// Makes sure of what no browser can do without, before anything is started: that this machine reaches itself,
    /// and a display where a window is to be seen.
    ///
    /// # Errors
    /// [`Failure::Unprepared`], with what to do.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let reached = listener.and_then(|listener| TcpStream::connect(listener.local_addr()?));
        if let Err(error) = reached {
            return Err(Failure::Unprepared {
                message: format!("this machine does not reach itself at 127.0.0.1: {error}"),
                hint: "bring its loopback interface up: `ip link set lo up`".to_owned(),
            });
        }
        if self.headed && self.remote.is_none() && !has_display() {
            return Err(Failure::Unprepared {
                message:
                    "there is no display to show a window on: neither DISPLAY nor WAYLAND_DISPLAY is set"
                        .to_owned(),
                hint: "leave `--headed` out, set DISPLAY, or run it under `xvfb-run`".to_owned(),
            });
        }
        Ok(())
    }

    /// A gateway on a free port, where the browser reaches it, which refuses everything until it is shown
    /// a world.
    pub(super) fn gateway(&self) -> Result<Gateway, Failure> {
        let bound = match &self.remote {
            None => Gateway::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            Some(remote) => Gateway::bind_for(SocketAddr::from((remote.gateway, 0)), remote.peers.clone()),
        };
        bound.map_err(|error| Failure::NotStarted {
            program: "the gateway".to_owned(),
            message: error.to_string(),
            last_words: Vec::new(),
        })
    }
}

/// Whether windows can be shown, as far as variables tell.
fn has_display() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // Elsewhere than with X and Wayland a display is no matter of variables.
    cfg!(not(target_os = "linux")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

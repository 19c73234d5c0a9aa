//! How a browser is launched: what an engine needs to know before there is a browser, and nothing of what it is then.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

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
    /// The certificate of the CA whose certificates it accepts, as DER.
    pub ca: Vec<u8>,
    /// The SHA-256 of the Subject Public Key Info of that CA.
    pub ca_spki: [u8; 32],
    /// The `rehearsal` binary, which is started again as the guard of the processes.
    pub guard: PathBuf,
    /// The limit for each thing asked of the browser: its start, a command, a page load. [`TIMEOUT`] is
    /// a good one.
    pub timeout: Duration,
    /// The driver that is used; `None` starts one here.
    pub remote: Option<Remote>,
}

/// A driver that runs already, here or on another machine, and the way back from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Where the driver listens: `http://192.0.2.7:9515`.
    pub driver: Url,
    /// The address of this machine that the browser reaches: where gateways listen.
    pub gateway: IpAddr,
    /// The machine the browser runs on: nobody else gets through a gateway.
    pub peer: IpAddr,
}

impl LaunchOptions {
    /// A gateway on a free port, where the browser reaches it, which refuses everything until it is shown
    /// a world.
    pub(super) fn gateway(&self) -> Result<Gateway, Failure> {
        let bound = match &self.remote {
            None => Gateway::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            Some(remote) => Gateway::bind_for(SocketAddr::from((remote.gateway, 0)), remote.peer),
        };
        bound.map_err(|error| Failure::NotStarted {
            program: "the gateway".to_owned(),
            message: error.to_string(),
            last_words: Vec::new(),
        })
    }
}

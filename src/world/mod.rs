//! The world of a scenario: its DNS zone, certificates and origins, alive, and the doors to it.
//!
//! ```text
//!  browser ── gateway ──┐ byte stream                 ┌─ mock routes, built-in page
//!             (SOCKS5,  ├─► serve ─► origin ─► service ┼─ framework ─► mock routes
//!              HTTP)    │   (TLS, HTTP/1.1,    │       ├─ proxy ─► another origin
//!  anybody ── doors ────┘    HTTP/2)   │       edge,   └─ upstream ─► the user's own server
//!             (127.x.y.z)              │       cors
//!                                      └─► wire, the record
//!  anybody ── dns ── zone ◄── gateway
//! ```
//!
//! [`World::start`] brings a world to life without opening a socket: what it costs is a key and a
//! certificate. A [`Gateway`] shows a browser one world at a time and nothing else. [`Doors`] open a
//! world to everything else on the machine: real DNS, and the origins' own addresses and ports.
//!
//! What is deliberately absent: nothing here listens off loopback, or connects off it but to a host that the command
//! line allows; nothing asks a name server for a browser, follows a name outside the zone, writes a key to disk, or
//! decides what a browser should have sent.
//! That the record is right is all a world promises.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use url::Url;

mod accept;
pub(crate) mod blank;
mod body;
pub mod certs;
pub mod clock;
mod cors;
pub(crate) mod direct;
pub mod dns;
pub mod doors;
mod edge;
mod framework;
pub mod gateway;
mod jwt;
mod mock;
mod origin;
mod page;
pub mod private;
mod proxy;
mod reply;
mod serve;
mod service;
pub(crate) mod tasks;
pub mod upstream;
mod websocket;
pub mod wire;
pub mod zone;

pub use certs::{Authority, CertificateError, hosts};
pub use dns::DnsServer;
pub use doors::{ClosedDoor, Doors};
pub use gateway::Gateway;
pub use origin::Origin;

use self::clock::Clock;
use self::cors::Cors;
use self::edge::Edge;
use self::framework::App;
use self::mock::Mock;
use self::origin::Host;
use self::page::Page;
use self::service::Service;
use self::tasks::Tasks;
use self::upstream::Server;
use self::wire::Wire;
use self::zone::{Block, Zone, address_of};
use crate::plan::{Action, Certificate, Plan, Route, Service as Planned};

/// A plan's world, alive. Dropped, it ends every connection to it; [`World::close`] waits for that.
#[derive(Debug)]
pub struct World {
    alive: Arc<Alive>,
}

/// What a world's connections share.
#[derive(Debug)]
pub(crate) struct Alive {
    origins: Vec<Origin>,
    zone: Arc<Zone>,
    wire: Wire,
    tasks: Tasks,
    clock: Clock,
}

/// A world could not be brought to life.
#[derive(Debug)]
pub enum WorldError {
    /// A certificate could not be made.
    Certificate(CertificateError),
    /// Two origins stand on one host and port.
    Clash {
        /// The first origin's name in the scenario.
        first: String,
        /// The second's.
        second: String,
    },
    /// A setting of an origin cannot be sent over HTTP.
    Unsendable {
        /// The origin's name in the scenario.
        origin: String,
        /// The index of the route, where it is one.
        route: Option<usize>,
        /// What is wrong: a lower-case fragment.
        message: String,
    },
    /// A real server answers at an origin, and this world is for a prediction: it would be asked twice.
    RealServer {
        /// The origin's name in the scenario.
        origin: String,
        /// Where the server listens.
        place: String,
    },
    /// A real server is on another machine, and the command line does not allow it.
    NotAllowed {
        /// The origin's name in the scenario.
        origin: String,
        /// The host.
        host: String,
    },
    /// A port of [`Doors`] could not be opened that they cannot do without.
    Listen {
        /// Where.
        address: SocketAddr,
        /// The system's own word.
        error: io::Error,
    },
}

/// Why nobody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nobody {
    /// The name or address is not in the world.
    UnknownHost,
    /// It is, and no origin has this port there.
    UndeclaredPort,
}

impl World {
    /// Brings a plan's world to life. Opens no socket; the authority must be for the plan's [`hosts`].
    ///
    /// Dropping the world ends it.
    pub fn start(plan: &Plan, authority: &Authority) -> Result<Self, WorldError> {
        Self::start_at(plan, authority, Clock::running())
    }

    /// The same, by this clock. Worlds of one plan whose clocks stand at one instant answer the same.
    pub fn start_at(plan: &Plan, authority: &Authority, clock: Clock) -> Result<Self, WorldError> {
        // Two worlds would ask a real server twice, and it would remember.
        if let Some((origin, upstream)) =
            plan.origins.iter().find_map(|origin| Some((origin, origin.upstream()?)))
        {
            let (origin, place) = (origin.name.clone(), upstream.place.to_string());
            return Err(WorldError::RealServer { origin, place });
        }
        Self::start_in(plan, authority, Block::UNBOUND, clock)
    }

    /// The one world of a plan in which real servers are asked.
    pub fn start_with_servers(plan: &Plan, authority: &Authority, clock: Clock) -> Result<Self, WorldError> {
        Self::start_in(plan, authority, Block::UNBOUND, clock)
    }

    /// The same, with the hosts' addresses from this block.
    fn start_in(plan: &Plan, authority: &Authority, block: Block, clock: Clock) -> Result<Self, WorldError> {
        refuse_clashes(plan)?;
        let zone = Zone::new(plan, block);
        let mut certificates = Certificates::new(plan, authority);
        let mut origins = Vec::with_capacity(plan.origins.len());
        for (index, planned) in plan.origins.iter().enumerate() {
            let unsendable =
                |route, message| WorldError::Unsendable { origin: planned.name.clone(), route, message };
            let mock = |routes: &[Route]| {
                Mock::new(&planned.name, &planned.url, routes)
                    .map_err(|bad| unsendable(Some(bad.route), bad.message))
            };
            let service = match &planned.service {
                Planned::Page => Service::Page(Page::new(&planned.name, planned.host())),
                Planned::Routes(routes) => Service::Routes(mock(routes)?),
                Planned::BackEnd(planned) => {
                    let app = App::new(planned, mock(&planned.routes)?, seed(plan, index));
                    Service::BackEnd(Box::new(app.map_err(|message| unsendable(None, message))?))
                }
                Planned::Proxy(settings) => Service::Proxy(settings.clone()),
                Planned::Upstream(upstream) => {
                    let name = || planned.name.clone();
                    if let Some(host) = upstream.place.outside().filter(|_| !upstream.allowed) {
                        return Err(WorldError::NotAllowed { origin: name(), host: host.to_owned() });
                    }
                    let server = Server::new(upstream);
                    Service::Upstream(Box::new(server.map_err(|message| unsendable(None, message))?))
                }
            };
            let cors = planned.cors.as_ref().map(Cors::new).transpose().map_err(|_| {
                unsendable(None, "a CORS setting has a character that no HTTP header can carry".to_owned())
            })?;
            let (host, address) = match address_of(planned.host()) {
                Some(address) => (Host::Address(address), Some(address)),
                None => {
                    let name = zone::normal(planned.host());
                    let address = zone.resolve(&name).and_then(|to| to.addresses.first().copied());
                    (Host::Name(name), address)
                }
            };
            origins.push(Origin {
                index,
                name: planned.name.clone(),
                url: planned.url.clone(),
                host,
                port: planned.port(),
                address,
                edge: edge(planned),
                service,
                cors,
                certificate: planned.certificate,
                tls: if planned.is_https() {
                    Some(certificates.config(planned.certificate, planned.host())?)
                } else {
                    None
                },
            });
        }
        let (zone, wire, tasks) = (Arc::new(zone), Wire::default(), Tasks::default());
        Ok(Self { alive: Arc::new(Alive { origins, zone, wire, tasks, clock }) })
    }

    /// The record of every exchange. The handle outlives the world.
    pub fn wire(&self) -> &Wire {
        &self.alive.wire
    }

    /// The time in the world, by which its back ends judge sessions and tokens.
    pub fn clock(&self) -> &Clock {
        &self.alive.clock
    }

    /// Moves the clock where a step lets time pass.
    pub fn keep_time(&self, action: &Action) {
        if let Action::Advance(time) = action {
            self.clock().advance(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        }
    }

    /// The names of the world.
    pub fn zone(&self) -> &Arc<Zone> {
        &self.alive.zone
    }

    /// The origins, in the order of the plan.
    pub fn origins(&self) -> &[Origin] {
        &self.alive.origins
    }

    /// Ends the world: requests under way may finish, for half a second. Returns when every connection
    /// to it is closed.
    pub async fn close(self) {
        self.alive.tasks.close().await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.alive.tasks.cut();
    }
}

impl Alive {
    /// The origin that a host and port lead to by the zone: the origin of that name, or of an alias on
    /// the way, or the first at the address it leads to. A host that is an address leads to the origin
    /// of that URL only.
    pub(crate) fn origin(&self, host: &str, port: u16) -> Result<&Origin, Nobody> {
        if let Some(address) = address_of(host) {
            return self.pick(|origin| origin.host == Host::Address(address), port);
        }
        let resolved = self.zone.resolve(host).ok_or(Nobody::UnknownHost)?;
        for name in resolved.names {
            let name = Host::Name(name);
            if let Ok(origin) = self.pick(|origin| origin.host == name, port) {
                return Ok(origin);
            }
        }
        // The name exists, whether or not anything is there.
        self.at(|address| resolved.addresses.contains(&address), port).map_err(|_| Nobody::UndeclaredPort)
    }

    /// The origin that a connection to a host and port reaches. An address may be one that somebody
    /// looked up in the zone before.
    pub(crate) fn entry(&self, host: &str, port: u16) -> Result<&Origin, Nobody> {
        match (self.origin(host, port), address_of(host)) {
            (Err(Nobody::UnknownHost), Some(asked)) => self.at(|address| address == asked, port),
            (found, _) => found,
        }
    }

    /// The origin whose own URL, or an alias of it, a request's URL names.
    fn named(&self, url: &Url) -> Option<&Origin> {
        self.origin(url.host_str()?, url.port_or_known_default()?).ok()
    }

    fn at(&self, wanted: impl Fn(IpAddr) -> bool, port: u16) -> Result<&Origin, Nobody> {
        self.pick(|origin| origin.address.is_some_and(&wanted), port)
    }

    fn pick(&self, wanted: impl Fn(&Origin) -> bool, port: u16) -> Result<&Origin, Nobody> {
        let mut there = self.origins.iter().filter(|origin| wanted(origin)).peekable();
        there.peek().ok_or(Nobody::UnknownHost)?;
        there.find(|origin| origin.port == port).ok_or(Nobody::UndeclaredPort)
    }
}

/// The certificates of one world: one of each kind it asks for, naming all of its hosts; or several, where those are
/// more than a certificate can name.
struct Certificates<'a> {
    authority: &'a Authority,
    /// The hosts, in groups that a certificate can name.
    groups: Vec<Vec<&'a str>>,
    made: Vec<(Certificate, usize, Arc<ServerConfig>)>,
}

impl<'a> Certificates<'a> {
    fn new(plan: &'a Plan, authority: &'a Authority) -> Self {
        let (mut groups, mut size) = (vec![Vec::new()], 0);
        let mut seen = HashSet::new();
        for host in hosts(plan).filter(|host| seen.insert(*host)) {
            size += host.len();
            if size > certs::MOST_NAMES {
                groups.push(Vec::new());
                size = host.len();
            }
            groups.last_mut().expect("there is one from the start").push(host);
        }
        Self { authority, groups, made: Vec::new() }
    }

    /// What an origin on this host shows, one of the plan's.
    fn config(&mut self, kind: Certificate, host: &str) -> Result<Arc<ServerConfig>, WorldError> {
        let group = self.groups.iter().position(|hosts| hosts.contains(&host)).unwrap_or_default();
        if let Some((.., config)) = self.made.iter().find(|made| (made.0, made.1) == (kind, group)) {
            return Ok(config.clone());
        }
        let config =
            self.authority.server_config(kind, &self.groups[group]).map_err(WorldError::Certificate)?;
        self.made.push((kind, group, config.clone()));
        Ok(config)
    }
}

/// What stands before an origin. Before a real server that is the plain one where no other is named.
fn edge(origin: &crate::plan::Origin) -> Option<Edge> {
    let plain = || origin.upstream().map(|_| crate::plan::edge::Edge::plain());
    Some(Edge::new(&origin.edge.clone().or_else(plain)?, &origin.url))
}

/// Where an origin's ids and tokens come from: the scenario's text, so that every world of it has the same.
fn seed(plan: &Plan, origin: usize) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [plan.title.as_bytes(), plan.source.text.as_bytes(), &origin.to_be_bytes()] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// A host and port are one socket, which speaks either TLS or plain http.
fn refuse_clashes(plan: &Plan) -> Result<(), WorldError> {
    for (index, second) in plan.origins.iter().enumerate() {
        let clash =
            |first: &&crate::plan::Origin| first.host() == second.host() && first.port() == second.port();
        if let Some(first) = plan.origins[..index].iter().find(clash) {
            return Err(WorldError::Clash { first: first.name.clone(), second: second.name.clone() });
        }
    }
    Ok(())
}

impl WorldError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Certificate(CertificateError::NotPermitted(_)) => {
                "make the authority for the hosts of every scenario of the run"
            }
            Self::Certificate(_) => {
                "see whether the host can stand in a certificate: ASCII, labels of at most 63"
            }
            Self::Clash { .. } => "give one of them another host or port",
            Self::Unsendable { .. } => "change the value in the scenario",
            Self::RealServer { .. } => "run it in a real browser",
            Self::NotAllowed { .. } => "allow that very host: `--allow-upstream HOST`",
            Self::Listen { .. } => "choose another port of 127.0.0.1, or 0 for any that is free",
        }
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(error) => error.fmt(f),
            Self::Clash { first, second } => {
                write!(f, "the origins `{first}` and `{second}` stand on one host and port")
            }
            Self::Unsendable { origin, route: Some(route), message } => {
                write!(f, "route {} of the origin `{origin}` cannot be served: {message}", route + 1)
            }
            Self::Unsendable { origin, route: None, message } => {
                write!(f, "the origin `{origin}` cannot be served: {message}")
            }
            Self::RealServer { origin, place } => {
                write!(f, "`{origin}` is answered by the server at {place}, which a prediction does not ask")
            }
            Self::NotAllowed { origin, host } => {
                write!(f, "the server of `{origin}` is on another machine, {host}, which nobody has allowed")
            }
            Self::Listen { address, error } => write!(f, "cannot listen at {address}: {error}"),
        }
    }
}

impl std::error::Error for WorldError {}

/// An address to listen at, refused unless it is loopback.
fn loopback(address: SocketAddr) -> io::Result<SocketAddr> {
    if address.ip().is_loopback() {
        return Ok(address);
    }
    let message = format!("{address} is not a loopback address, and nothing here listens anywhere else");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

//! Doors to a world for everything that is not behind its gateway: a DNS server, and the origins' own
//! addresses and ports.
//!
//! A door that the system does not allow stays closed, and says why and what to do; the world is there
//! all the same, through the gateway. Only loopback addresses are ever listened at.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::accept;
use super::clock::Clock;
use super::dns::DnsServer;
use super::serve::serve;
use super::tasks::Tasks;
use super::zone::Block;
use super::{Alive, Authority, World, WorldError};
use crate::plan::Plan;

/// How many blocks of addresses are tried where another program, another world perhaps, has a port.
const BLOCKS: usize = 8;

/// How many connections one door takes at once; more wait their turn.
const MAX_CONNECTIONS: usize = 1024;

/// The open doors of one world. Dropped, they close.
#[derive(Debug)]
pub struct Doors {
    dns: DnsServer,
    open: Vec<(usize, SocketAddr)>,
    closed: Vec<ClosedDoor>,
    tasks: Tasks,
}

/// A door that could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedDoor {
    /// The index of the origin in the plan.
    pub origin: usize,
    /// Where it would have been. `None` where the origin's name leads to no address.
    pub address: Option<SocketAddr>,
    /// Why it could not: a lower-case fragment.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// What came of listening for each origin of a world.
#[derive(Default)]
struct Attempt {
    /// One for each socket, with the first origin behind it.
    listeners: Vec<(usize, std::net::TcpListener)>,
    open: Vec<(usize, SocketAddr)>,
    closed: Vec<ClosedDoor>,
    /// Whether another program has one of the sockets.
    collided: bool,
}

impl Doors {
    /// Brings a plan's world to life and opens its doors: the DNS server at an address (port 0 lets the
    /// system choose), and each origin at its host's address and its own port.
    ///
    /// The hosts' addresses are chosen so that worlds on one machine keep out of each other's way. Must
    /// be called within a Tokio runtime.
    pub fn open(plan: &Plan, authority: &Authority, dns: SocketAddr) -> Result<(World, Self), WorldError> {
        let first = usize::try_from(std::process::id()).unwrap_or_default();
        let mut tried = 0;
        let (world, attempt) = loop {
            let world = World::start_in(plan, authority, Block::numbered(first + tried), Clock::running())?;
            let attempt = listen(&world);
            tried += 1;
            if !attempt.collided || tried == BLOCKS {
                break (world, attempt);
            }
        };
        let dns = DnsServer::bind(world.zone().clone(), dns)
            .map_err(|error| WorldError::Listen { address: dns, error })?;
        let tasks = Tasks::default();
        for (origin, listener) in attempt.listeners {
            let address = listener.local_addr().expect("the socket is bound");
            let listener =
                TcpListener::from_std(listener).map_err(|error| WorldError::Listen { address, error })?;
            tasks.spawn(world.alive.tasks.bound(accept(
                listener,
                world.alive.clone(),
                origin,
                tasks.clone(),
            )));
        }
        Ok((world, Self { dns, open: attempt.open, closed: attempt.closed, tasks }))
    }

    /// Brings a plan's world to life whose doors are in a network of its own, and tells at which sockets its origins
    /// are to be reached there, each with the first origin behind it.
    pub fn elsewhere(
        plan: &Plan,
        authority: &Authority,
    ) -> Result<(World, Vec<(usize, SocketAddr)>), WorldError> {
        let world = World::start_in(plan, authority, Block::numbered(0), Clock::running())?;
        let mut sockets: Vec<(usize, SocketAddr)> = Vec::new();
        for origin in world.origins() {
            let address = origin.address.map(|address| SocketAddr::new(address, origin.port));
            if let Some(address) = address.filter(|address| sockets.iter().all(|(_, other)| other != address))
            {
                sockets.push((origin.index, address));
            }
        }
        Ok((world, sockets))
    }

    /// Opens the doors of a world on sockets that are there: those of the DNS server, and those of the origins, as
    /// [`Doors::elsewhere`] told them. Must be called within a Tokio runtime.
    pub fn on(
        world: &World,
        (udp, tcp): (std::net::UdpSocket, std::net::TcpListener),
        listeners: Vec<(usize, std::net::TcpListener)>,
    ) -> io::Result<Self> {
        udp.set_nonblocking(true)?;
        tcp.set_nonblocking(true)?;
        let (udp, tcp) = (tokio::net::UdpSocket::from_std(udp)?, TcpListener::from_std(tcp)?);
        let dns = DnsServer::on(world.zone().clone(), udp, tcp)?;
        let (tasks, mut open) = (Tasks::default(), Vec::new());
        for (origin, listener) in listeners {
            listener.set_nonblocking(true)?;
            open.push((origin, listener.local_addr()?));
            let listener = TcpListener::from_std(listener)?;
            let accepted = accept(listener, world.alive.clone(), origin, tasks.clone());
            tasks.spawn(world.alive.tasks.bound(accepted));
        }
        Ok(Self { dns, open, closed: Vec::new(), tasks })
    }

    /// Where the DNS server listens, on UDP and on TCP.
    pub fn dns(&self) -> SocketAddr {
        self.dns.address()
    }

    /// The origins that can be reached directly, by their index in the plan, and where.
    pub fn open_doors(&self) -> &[(usize, SocketAddr)] {
        &self.open
    }

    /// The origins that cannot, and why.
    pub fn closed_doors(&self) -> &[ClosedDoor] {
        &self.closed
    }

    /// Closes the doors: requests under way may finish, for half a second. Returns when every socket is
    /// closed.
    pub async fn close(mut self) {
        self.tasks.close().await;
        self.dns.close().await;
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.tasks.cut();
    }
}

impl fmt::Display for ClosedDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Listens for every origin, as far as the system allows. Origins behind one address and port share
/// one socket.
fn listen(world: &World) -> Attempt {
    let mut attempt = Attempt::default();
    for origin in world.origins() {
        let closed = |address, message, hint| ClosedDoor { origin: origin.index, address, message, hint };
        let Some(address) = origin.address.map(|address| SocketAddr::new(address, origin.port)) else {
            let host = origin.url.host_str().unwrap_or_default();
            let message = format!("`{host}` leads to no address");
            attempt.closed.push(closed(None, message, "mend the records of the scenario".to_owned()));
            continue;
        };
        let holder = attempt.open.iter().find(|(_, held)| *held == address);
        if let Some((holder, _)) = holder {
            let holder = &world.origins()[*holder];
            if holder.shares_socket(origin) {
                attempt.open.push((origin.index, address));
            } else {
                let message =
                    format!("{address} is the socket of `{}`, and only one speaks TLS", holder.name);
                let hint = "give their hosts addresses of their own, or one of them another port".to_owned();
                attempt.closed.push(closed(Some(address), message, hint));
            }
            continue;
        }
        match bind(address) {
            Ok(listener) => {
                attempt.listeners.push((origin.index, listener));
                attempt.open.push((origin.index, address));
            }
            Err(error) => {
                attempt.collided |= error.kind() == ErrorKind::AddrInUse;
                let message = format!("cannot listen at {address}: {}", reason(&error));
                attempt.closed.push(closed(Some(address), message, hint(&error, address)));
            }
        }
    }
    attempt
}

fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(super::loopback(address)?)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "the system does not permit it".to_owned(),
        ErrorKind::AddrInUse => "another program does".to_owned(),
        ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        _ => error.to_string(),
    }
}

/// What to do about a door that does not open. The gateway is there whatever the system allows.
fn hint(error: &io::Error, address: SocketAddr) -> String {
    let action = match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "run as root, or allow it: sudo sysctl net.ipv4.ip_unprivileged_port_start={}",
            address.port()
        ),
        ErrorKind::AddrInUse => format!("stop it (`ss -ltnp sport = :{}` names it)", address.port()),
        ErrorKind::AddrNotAvailable => format!("add it: sudo ifconfig lo0 alias {}", address.ip()),
        _ => "give its host a loopback address".to_owned(),
    };
    format!("{action}; or go through the gateway, which needs nothing")
}

/// Accepts connections for an origin until the doors or the world close.
async fn accept(listener: TcpListener, world: Arc<Alive>, origin: usize, tasks: Tasks) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (stream, _) = tokio::select! {
            accepted = accept::next(&listener) => accepted,
            () = tasks.finishing() => return,
            () = world.tasks.finishing() => return,
        };
        _ = stream.set_nodelay(true);
        let served = serve(world.clone(), origin, stream, tasks.clone());
        tasks.spawn(async move {
            served.await;
            drop(place);
        });
    }
}

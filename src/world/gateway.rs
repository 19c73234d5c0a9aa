//! The gateway: the one port through which a browser sees a world, and nothing else.
//!
//! It speaks SOCKS5 and HTTP proxy on one port, told apart by the first byte, looks every name up in
//! the zone of the world it shows, and hands the byte stream to that world's origin: there is no second
//! socket. It never connects anywhere, so it cannot be an open proxy; what is not in the world is
//! refused and noted.
//!
//! It listens on the loopback interface. For a browser on another machine it can be opened on an address
//! that was named for it, and then it talks to the machines that were named alone.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::accept;
use super::blank::Blank;
use super::serve::serve;
use super::tasks::Tasks;
use super::{Alive, Nobody, World};

mod http_proxy;
mod socks;

/// How long a client may take to say where it wants to go.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How many connections there may be at once; more wait their turn. A browser opens at most 32 to a
/// proxy, some programs a few hundred.
const MAX_CONNECTIONS: usize = 1024;

/// How many refusals are kept. A browser that calls home all the time must not fill the memory.
const MAX_REFUSED: usize = 1024;

/// How many machines that were hung up on are kept.
const MAX_STRANGERS: usize = 16;

/// A port that shows one world at a time. Dropped, it closes the port and every connection.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// The task that accepts connections.
    accepting: Tasks,
}

/// What the gateway's connections share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    places: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct State {
    shown: Option<Arc<Alive>>,
    /// What is at the port of its own at every name of the world.
    blank: Option<Blank>,
    /// The connections accepted since the gateway last hid a world.
    connections: Tasks,
    /// `host:port`, in the order they were refused.
    refused: Vec<String>,
    /// Who was hung up on, each once, in the order they came.
    strangers: Vec<IpAddr>,
}

impl Gateway {
    /// Opens a gateway, which shows nothing yet. Port 0 lets the system choose.
    ///
    /// Fails where the address is not loopback, or where it cannot be had. Must be called within a
    /// Tokio runtime.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        Self::listen(super::loopback(address)?, None)
    }

    /// Opens a gateway for other machines, which shows nothing yet: it may listen off the loopback
    /// interface, and hangs up at once on everybody but these peers.
    ///
    /// Fails where the address cannot be had. Must be called within a Tokio runtime.
    pub fn bind_for(address: SocketAddr, peers: Vec<IpNet>) -> io::Result<Self> {
        Self::listen(address, Some(peers))
    }

    fn listen(address: SocketAddr, peers: Option<Vec<IpNet>>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let shared = Arc::new(Shared { state: Mutex::default(), places });
        let accepting = Tasks::default();
        accepting.spawn(accept(listener, peers, shared.clone()));
        Ok(Self { address, shared, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows a world to every connection from now on. Connections to one shown before live on until
    /// [`Gateway::hide`].
    pub fn show(&self, world: &World) {
        self.shared.state().shown = Some(world.alive.clone());
    }

    /// Shows an empty page besides, at every name of the world that is shown, until the world is hidden. At the
    /// page's port the world must have nobody.
    pub(crate) fn show_blank(&self, blank: Blank) {
        self.shared.state().blank = Some(blank);
    }

    /// Forgets the world and closes every connection, and returns when they are closed: what a
    /// browser has pooled cannot reach an old world. Until the next [`Gateway::show`] everything is
    /// refused.
    pub async fn hide(&self) {
        let connections = {
            let mut state = self.shared.state();
            (state.shown, state.blank) = (None, None);
            std::mem::take(&mut state.connections)
        };
        connections.cut_and_wait().await;
    }

    /// What was asked for and is not in the world, as `host:port`, in order, since this was last
    /// called. At most 1,024 are kept.
    pub fn take_refused(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().refused)
    }

    /// The machines that were hung up on since this was last called, each once. At most 16 are kept.
    pub fn take_strangers(&self) -> Vec<IpAddr> {
        std::mem::take(&mut self.shared.state().strangers)
    }

    /// A look at what is refused, for whoever waits for that.
    pub(crate) fn refusals(&self) -> Refusals {
        Refusals(Arc::clone(&self.shared))
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        MAX_CONNECTIONS - self.shared.places.available_permits()
    }

    /// Closes the port and every connection, and returns when they are closed.
    pub async fn close(self) {
        self.accepting.cut_and_wait().await;
        self.hide().await;
    }
}

/// A look at what a gateway refuses.
#[derive(Clone, Debug)]
pub(crate) struct Refusals(Arc<Shared>);

impl Refusals {
    /// Whether anything was refused since it was last taken.
    pub(crate) fn any(&self) -> bool {
        self.count() > 0
    }

    /// How much was refused since it was last taken.
    pub(crate) fn count(&self) -> usize {
        self.0.state().refused.len()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.accepting.cut();
        let mut state = self.shared.state();
        state.shown = None;
        state.connections.cut();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole: each of its fields is changed in one go.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What is at a host and port. What is not there is noted.
    fn look_up(&self, host: &str, port: u16) -> Result<Found, Refusal> {
        let mut state = self.state();
        let shown = state.shown.clone().filter(|world| !world.tasks.ended());
        let nobody = match &shown {
            None => Nobody::UnknownHost,
            Some(world) => match world.entry(host, port) {
                Ok(origin) => return Ok(Found::Origin(world.clone(), origin.index)),
                Err(nobody) => match state.blank.as_ref().filter(|blank| blank.port() == port) {
                    Some(blank) if nobody == Nobody::UndeclaredPort => {
                        return Ok(Found::Blank(world.clone(), blank.clone()));
                    }
                    _ => nobody,
                },
            },
        };
        let asked = if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        if state.refused.len() < MAX_REFUSED {
            state.refused.push(asked.clone());
        }
        Err(Refusal { asked, nobody, shown })
    }
}

/// What is at a host and port.
enum Found {
    /// The world shown, and the index of its origin.
    Origin(Arc<Alive>, usize),
    /// The world shown, and the empty page beside it.
    Blank(Arc<Alive>, Blank),
}

/// A place that is not in the world shown.
struct Refusal {
    /// `host:port`.
    asked: String,
    nobody: Nobody,
    shown: Option<Arc<Alive>>,
}

impl Refusal {
    /// The refusal for people.
    fn sentence(&self) -> String {
        let Some(world) = &self.shown else {
            return format!(
                "rehearsal: `{}` was asked for while no world is shown\nhint: wait until a scenario runs\n",
                self.asked
            );
        };
        let origins: Vec<_> =
            world.origins.iter().map(|origin| origin.url.origin().ascii_serialization()).collect();
        format!(
            "rehearsal: `{}` is not in this world, and nothing outside it is reached\nhint: in this world are {}\n",
            self.asked,
            origins.join(", ")
        )
    }
}

/// Accepts connections for ever: of these peers, or where none are named, of everybody.
async fn accept(listener: TcpListener, peers: Option<Vec<IpNet>>, shared: Arc<Shared>) {
    loop {
        let (stream, from) = accept::next(&listener).await;
        let from = from.ip().to_canonical();
        if peers.as_ref().is_some_and(|peers| !peers.iter().any(|peer| peer.contains(&from))) {
            let mut state = shared.state();
            if state.strangers.len() < MAX_STRANGERS && !state.strangers.contains(&from) {
                state.strangers.push(from);
            }
            continue;
        }
        let place = shared.places.clone().acquire_owned().await.expect("the semaphore is never closed");
        let tasks = shared.state().connections.clone();
        let client = Client { shared: shared.clone(), tasks: tasks.clone(), _place: Arc::new(place) };
        tasks.spawn(client.converse(stream));
    }
}

/// What one connection needs to be served, however many tasks that takes.
#[derive(Clone)]
struct Client {
    shared: Arc<Shared>,
    tasks: Tasks,
    /// Held until the last task of the connection ends.
    _place: Arc<OwnedSemaphorePermit>,
}

impl Client {
    /// The connection, from its first byte to its last.
    async fn converse(self, stream: TcpStream) {
        _ = stream.set_nodelay(true);
        let mut first = [0];
        match timeout(HANDSHAKE, stream.peek(&mut first)).await {
            Ok(Ok(1)) if first[0] == socks::VERSION => socks::converse(stream, self).await,
            Ok(Ok(1)) => http_proxy::converse(stream, self).await,
            _ => {}
        }
    }

    /// The rest of the connection, which is the origin's. Takes all of the client along, its place too.
    async fn serve<I>(self, found: Found, io: I)
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        match found {
            Found::Origin(world, origin) => serve(world, origin, io, self.tasks.clone()).await,
            Found::Blank(world, blank) => world.tasks.bound(blank.serve(io)).await,
        }
    }
}

//! Connections to a real server, kept for the next request for a moment.
//!
//! One that the server may be about to close is not used: a request that meets a closing connection is lost, and
//! sending it again might make the server do twice what it should do once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;

use super::connect::Connector;
use super::fault::Fault;
use crate::world::body::RequestBody;
use crate::world::tasks::Tasks;

/// How long a connection is kept. Servers close idle ones after 2 s (gunicorn) or 5 s (Node, uvicorn): well before
/// that, a new one costs some 0.1 ms on this machine.
const IDLE: Duration = Duration::from_secs(1);

/// How many connections are kept.
const MOST_IDLE: usize = 256;

/// The connections to one server. Clones are handles to the same.
#[derive(Clone)]
pub(super) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    connector: Connector,
    idle: Mutex<Vec<(Instant, Connection)>>,
}

/// A connection that nothing is under way on.
pub(super) struct Connection {
    pub(super) sender: SendRequest<RequestBody>,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self { shared: Arc::new(Shared { connector, idle: Mutex::default() }) }
    }

    /// A connection: one that was kept, or a new one, whose task belongs to this set.
    pub(super) async fn connection(&self, tasks: &Tasks) -> Result<Connection, Fault> {
        if let Some(kept) = self.kept() {
            return Ok(kept);
        }
        let io = self.shared.connector.connect().await?;
        let (sender, connection) = http1::Builder::new()
            // What browsers take, or took for long: it is for them to say.
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .handshake(TokioIo::new(io))
            .await
            .map_err(|error| Fault::Unreachable(error.to_string()))?;
        tasks.spawn(async move { _ = connection.with_upgrades().await });
        Ok(Connection { sender })
    }

    /// Keeps a connection whose answer has come to its end.
    pub(super) fn give_back(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < MOST_IDLE && !connection.sender.is_closed() {
            idle.push((Instant::now(), connection));
        }
    }

    /// The connection that was used last, where one is fresh and free. Those that are not are closed.
    fn kept(&self) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain(|(since, connection)| since.elapsed() <= IDLE && !connection.sender.is_closed());
        // One that was given back a moment ago may not be ready yet.
        let ready = idle.iter().rposition(|(_, connection)| connection.sender.is_ready())?;
        Some(idle.remove(ready).1)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, Connection)>> {
        // A panic elsewhere leaves the list whole.
        self.shared.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("idle", &self.idle().len()).finish_non_exhaustive()
    }
}

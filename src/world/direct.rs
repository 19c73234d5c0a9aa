//! The door for a client in this process: a byte stream to an origin, and no socket.
//!
//! What the origin is handed is no different from what the gateway hands it: the same TLS, the same
//! HTTP, the same record. Nothing here knows what goes over the stream.

use std::sync::Arc;

use tokio::io::DuplexStream;

use super::serve::serve;
use super::{Alive, Nobody, World};
use crate::plan::Certificate;

/// How many bytes of a stream may be under way in one direction.
const BUFFER: usize = 16 << 10;

/// A way into a world. It does not keep the world: when that ends, so does every stream.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    alive: Arc<Alive>,
}

impl World {
    /// A way into this world for a client in this process.
    pub(crate) fn entrance(&self) -> Entrance {
        Entrance { alive: self.alive.clone() }
    }
}

/// What a client finds at a host and port before it asks for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Whether TLS is spoken there.
    pub(crate) encrypted: bool,
    /// Whether the certificate is one that no browser should take.
    pub(crate) distrusted: bool,
}

impl Entrance {
    /// What stands at a host and port, as the gateway finds it. Nothing is connected.
    pub(crate) fn look(&self, host: &str, port: u16) -> Result<Found, Nobody> {
        let origin = self.alive.entry(host, port)?;
        let encrypted = origin.tls.is_some();
        Ok(Found { encrypted, distrusted: encrypted && origin.certificate() != Certificate::Good })
    }

    /// A byte stream to the origin that a host and port lead to, as the gateway finds it.
    ///
    /// Must be called within a Tokio runtime.
    pub(crate) fn connect(&self, host: &str, port: u16) -> Result<DuplexStream, Nobody> {
        if self.alive.tasks.ended() {
            return Err(Nobody::UnknownHost);
        }
        let origin = self.alive.entry(host, port)?.index;
        let (client, server) = tokio::io::duplex(BUFFER);
        let tasks = self.alive.tasks.clone();
        tasks.spawn(serve(self.alive.clone(), origin, server, tasks.clone()));
        Ok(client)
    }
}

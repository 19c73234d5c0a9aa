//! The next connection at a listener, whoever serves it.
//!
//! Whether the client is let in, and how many at once, is decided by whoever asks.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

/// How long to wait where the system has no socket to give.
const RETRY: Duration = Duration::from_millis(50);

/// The next connection, and from where it comes. A failure is of a moment: out of file descriptors, or a client that was
/// gone at once.
pub(super) async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

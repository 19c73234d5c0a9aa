//! WebSockets: their handshake, and what comes after it.
//!
//! The handshake is an exchange like any other (RFC 6455, section 4.2), with cookies on the way there and perhaps on
//! the way back. At a route it is all that is rehearsed: the connection is closed again, and no message is ever
//! sent. A real server is spoken to: bytes go both ways until one side has closed. Over HTTP/2 the handshake is an
//! extended CONNECT (RFC 8441), which is offered where there is a real server; to that it is made over HTTP/1.1.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use hyper::ext::Protocol;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{StatusCode, Version};
use hyper_util::rt::TokioIo;
use ring::rand::{SecureRandom, SystemRandom};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::reply::{PLAIN, Reply, Socket};
use super::wire::{Beginning, End, Recording};

/// How long a client may take to answer the closing of its connection.
const CLOSING: Duration = Duration::from_secs(5);

/// How many bytes are under way in one direction of a connection to a real server. Messages of hot reload are
/// small, and pages keep many connections open that say nothing.
const BUFFER: usize = 4 << 10;

/// Makes the answer of a route that is a WebSocket one to this request: 101 to a handshake, and to anything
/// else 426 (RFC 9110, section 15.5.22). Leaves every other answer alone.
pub(super) fn answer(request: &Parts, reply: &mut Reply) {
    if reply.socket.is_none() {
        return;
    }
    if let Some(accept) = accept(request) {
        reply.status = StatusCode::SWITCHING_PROTOCOLS;
        reply.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        reply.headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        reply.headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        reply.headers.remove(CONTENT_LENGTH);
    } else {
        reply.socket = None;
        reply.status = StatusCode::UPGRADE_REQUIRED;
        reply.headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        reply.headers.insert(CONTENT_TYPE, PLAIN);
        reply.body = "rehearsal: this is a WebSocket, and the request is no handshake of one\n".into();
    }
}

/// Whether a request is a handshake (section 4.2.1, and RFC 8441, section 5).
pub(super) fn is_handshake(request: &Parts) -> bool {
    if let Some(protocol) = request.extensions.get::<Protocol>() {
        return protocol.as_str().eq_ignore_ascii_case("websocket");
    }
    let headers = &request.headers;
    request.version == Version::HTTP_11
        && has_token(headers, UPGRADE, "websocket")
        && has_token(headers, CONNECTION, "upgrade")
        && headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13")
}

/// The proof that the handshake was understood. `None` where the request is none.
fn accept(request: &Parts) -> Option<HeaderValue> {
    let is_handshake = is_handshake(request);
    // Over HTTP/2 there is no key, and nobody looks for the proof.
    if is_handshake && request.extensions.get::<Protocol>().is_some() {
        return Some(HeaderValue::from_static(""));
    }
    let key = request.headers.get(SEC_WEBSOCKET_KEY).filter(|_| is_handshake)?;
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()
}

/// Makes of the headers of a handshake those of one over HTTP/1.1, to a real server.
pub(super) fn ask(request: &Parts, headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if request.extensions.get::<Protocol>().is_some() {
        let mut key = [0; 16];
        // Without a random number a fixed one is as good: no proxy that caches is in between.
        _ = SystemRandom::new().fill(&mut key);
        let key = HeaderValue::try_from(STANDARD.encode(key));
        headers.insert(SEC_WEBSOCKET_KEY, key.expect("Base64 is ASCII"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
}

/// Makes of the answer to a handshake the one over HTTP/2: 200, and nothing of HTTP/1.1's (RFC 8441, section 5).
pub(super) fn to_http2(reply: &mut Reply) {
    reply.status = StatusCode::OK;
    for name in [UPGRADE, CONNECTION, SEC_WEBSOCKET_ACCEPT] {
        reply.headers.remove(name);
    }
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name);
    let mut tokens = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    tokens.any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// What comes after the handshake, until the connection is closed.
pub(super) async fn go_on(upgrade: OnUpgrade, socket: Socket, recording: Recording) {
    let Ok(client) = upgrade.await else { return };
    match socket {
        Socket::Close => close(client).await,
        Socket::Tunnel(server) => {
            let Ok(server) = server.await else { return };
            let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
            // However it ends, both sides have seen it.
            _ = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, BUFFER).await;
        }
    }
    recording.end(Beginning::default(), End::Whole);
}

/// Closes the connection (section 7.1.2).
async fn close(client: Upgraded) {
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(client), Role::Server, None).await;
    let closing = async {
        if socket.close(None).await.is_ok() {
            // Until the client has closed it too.
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    _ = tokio::time::timeout(CLOSING, closing).await;
}

//! WebSockets, as far as their handshake: it is accepted, and the connection closed again.
//!
//! The handshake is an HTTP/1.1 exchange like any other (RFC 6455, section 4.2), with cookies on the way
//! there and perhaps on the way back; this is what is rehearsed. No message is ever sent. HTTP/2's extended
//! CONNECT (RFC 8441) is not offered, so browsers come over HTTP/1.1.

use std::time::Duration;

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use futures_util::StreamExt;

use super::reply::{PLAIN, Reply};

/// How long a client may take to answer the closing of its connection.
const CLOSING: Duration = Duration::from_secs(5);

/// Makes the answer of a route that is a WebSocket one to this request: 101 to a handshake, and to anything
/// else 426 (RFC 9110, section 15.5.22).
pub(super) fn answer(request: &Parts, reply: &mut Reply) {
    if let Some(accept) = accept(request) {
        reply.status = StatusCode::SWITCHING_PROTOCOLS;
        reply.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        reply.headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        reply.headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        reply.headers.remove(CONTENT_LENGTH);
    } else {
        reply.status = StatusCode::UPGRADE_REQUIRED;
        reply.headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        reply.headers.insert(CONTENT_TYPE, PLAIN);
        reply.body = "rehearsal: this is a WebSocket, and the request is no handshake of one\n".into();
    }
}

/// The proof that the handshake was understood. `None` where the request is none (section 4.2.1).
fn accept(request: &Parts) -> Option<HeaderValue> {
    let headers = &request.headers;
    let is_handshake = request.version == Version::HTTP_11
        && has_token(headers, UPGRADE, "websocket")
        && has_token(headers, CONNECTION, "upgrade")
        && headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| is_handshake)?;
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name);
    let mut tokens = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    tokens.any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// Closes the connection once it is one (section 7.1.2).
pub(super) async fn close(upgrade: OnUpgrade) {
    let Ok(upgraded) = upgrade.await else { return };
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    let closing = async {
        if socket.close(None).await.is_ok() {
            // Until the client has closed it too.
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    _ = tokio::time::timeout(CLOSING, closing).await;
}

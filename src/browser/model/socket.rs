//! The handshake of a WebSocket: WHATWG WebSockets, section 2, and RFC 6455, section 4.1.
//!
//! It is a request over HTTP/1.1 on a connection of its own, follows no redirect, and is closed at once.

use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE, UPGRADE_INSECURE_REQUESTS,
};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use super::UserAgent;
use super::fetch::{Failed, Request};
use crate::rules::cors::{self, MixedContent};
use crate::rules::reason::Reason;

impl UserAgent {
    /// Shakes hands. Answers the status, whatever it is.
    pub(super) async fn shake_hands(&mut self, request: Request) -> Result<u16, Failed> {
        if cors::mixed_content(&self.manners.rules, &request.context) != MixedContent::No {
            let error = format!("an https page may not open a WebSocket to {}", request.url);
            return Err(Failed::new([Reason::MixedContent], error));
        }
        let mut outgoing = request.outgoing();
        let headers = &mut outgoing.headers;
        headers.remove(UPGRADE_INSECURE_REQUESTS);
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        if let Ok(key) = HeaderValue::try_from(generate_key()) {
            headers.insert(SEC_WEBSOCKET_KEY, key);
        }
        let (status, _, _) = self.exchange(&request.context, outgoing).await?;
        Ok(status)
    }
}

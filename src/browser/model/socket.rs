//! The handshake of a WebSocket: WHATWG WebSockets, section 2, and RFC 6455, section 4.1.
//!
//! It is a request over HTTP/1.1 on a connection of its own, and is closed at once. By the standards it follows no
//! redirect.

use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE, UPGRADE_INSECURE_REQUESTS,
};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use super::UserAgent;
use super::client::Outgoing;
use super::fetch::{Failed, REDIRECTS};
use super::request::Request;
use crate::rules::cors::{self, MixedContent};
use crate::rules::engine::Profile;
use crate::rules::reason::Reason;
use crate::rules::site::{Origin, Relation};
use crate::suffixes::Names;

impl UserAgent {
    /// Shakes hands. Answers the status, whatever it is.
    pub(super) async fn shake_hands(&mut self, mut request: Request) -> Result<u16, Failed> {
        if cors::mixed_content(&self.profile, &request.context) != MixedContent::No {
            let error = format!("an https page may not open a WebSocket to {}", request.url);
            return Err(Failed::new([Reason::MixedContent], error));
        }
        loop {
            let (status, headers, _) =
                self.exchange(&request.context, handshake(&request, &self.profile)).await?;
            let goes_on = self.profile.fetch.sockets_follow_redirects
                && request
                    .redirected_by(status, &headers, REDIRECTS, &self.profile.fetch)
                    .map_err(|error| Failed::new([Reason::Network], error))?;
            if !goes_on {
                return Ok(status);
            }
            let is_same = |from: &Origin| {
                from.relation(&request.context.url.origin, &Names, true) != Relation::CrossSite
            };
            if !request.context.redirects.iter().all(is_same) {
                self.doubt("which cookies go with a WebSocket that is redirected to another site".to_owned());
            }
        }
    }
}

/// The request of the handshake.
fn handshake(request: &Request, rules: &Profile) -> Outgoing {
    let mut outgoing = request.outgoing(rules);
    let headers = &mut outgoing.headers;
    headers.remove(UPGRADE_INSECURE_REQUESTS);
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    if let Ok(key) = HeaderValue::try_from(generate_key()) {
        headers.insert(SEC_WEBSOCKET_KEY, key);
    }
    outgoing
}

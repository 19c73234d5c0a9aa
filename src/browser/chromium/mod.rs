//! Chromium.
use std::net::SocketAddr;
use serde_json::{Value, json};
/// The `proxy` capability.
pub(super) fn proxy(gateway: SocketAddr) -> Value {
    json!({ "proxyType": "manual", "socksProxy": gateway.to_string(), "socksVersion": 5, "noProxy": ["<-loopback>"] })
}

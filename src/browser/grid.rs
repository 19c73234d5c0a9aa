//! What a Selenium Grid tells of itself: on which of its machines a session's browser runs.
//!
//! A Grid's hub passes on what is said to a driver, but the browser itself comes to the gateway from the machine of
//! its node. Here the hub is asked which that is (its `/status`, seen with Selenium 4.48 on 2026-11-27). Nothing is
//! started, ended or changed.

use std::net::IpAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::net::lookup_host;
use tokio::time::timeout;
use url::Url;

/// How much of an answer is read, in bytes: a hub of a thousand nodes says about a megabyte.
const MOST: usize = 16 << 20;

/// The address of the machine on which the browser of a session runs, as the Grid at this URL tells it. Nothing
/// where that is no Grid, or knows no such session, or does not answer in this time.
pub(super) async fn machine_of(session: &str, grid: &Url, limit: Duration) -> Option<IpAddr> {
    timeout(limit, asked(session, grid)).await.ok().flatten()
}

async fn asked(session: &str, grid: &Url) -> Option<IpAddr> {
    let url = format!("{}/status", grid.as_str().trim_end_matches('/'));
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let answer = client.request(Request::get(url).body(Empty::new()).ok()?).await.ok()?;
    let body = Limited::new(answer.into_body(), MOST).collect().await.ok()?.to_bytes();
    let node = node_of(session, &serde_json::from_slice(&body).ok()?)?;
    let host = node.host_str()?.trim_matches(['[', ']']).to_owned();
    let address = lookup_host((host, node.port_or_known_default()?)).await.ok()?.next()?;
    Some(address.ip())
}

/// Where the node that has a session listens, by a hub's status.
fn node_of(session: &str, status: &Value) -> Option<Url> {
    let nodes = status.pointer("/value/nodes")?.as_array()?;
    let has_it = |node: &&Value| {
        let slots = node.get("slots").and_then(Value::as_array);
        slots
            .into_iter()
            .flatten()
            .any(|slot| slot.pointer("/session/sessionId").and_then(Value::as_str) == Some(session))
    };
    Url::parse(nodes.iter().find(has_it)?.get("uri")?.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_node_is_the_one_that_has_the_session() {
        let node = |uri: &str, session: Value| json!({ "uri": uri, "slots": [{ "session": null }, { "session": session }] });
        let status = json!({ "value": { "nodes": [
            node("http://192.0.2.2:5555", Value::Null),
            node("http://192.0.2.3:5555", json!({ "sessionId": "a1" })),
        ] } });
        assert_eq!(node_of("a1", &status), Url::parse("http://192.0.2.3:5555").ok());
        assert_eq!(node_of("b2", &status), None);
        // ChromeDriver's own status has no nodes.
        assert_eq!(node_of("a1", &json!({ "value": { "ready": true } })), None);
    }
}

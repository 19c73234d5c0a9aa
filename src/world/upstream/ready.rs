//! Whether a real server is there, and ready: for whoever starts it, and before anything is run against it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::header::HOST;
use hyper::{Request, Version};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::connect::Connector;
use super::fault::Fault;
use crate::plan::upstream::{AskedBy, Place, Ready, Upstream};

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(5);

/// What a look at a server found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It answers.
    Ready,
    /// Something is there, and it is not ready: a lower-case fragment.
    NotReady(String),
    /// Nothing is there: a sentence, and what to do.
    Nobody(String, &'static str),
}

/// Looks whether the server of this origin is there, and answers what says that it is ready. `host` is the public
/// host that it is asked by. Must be called within a Tokio runtime.
pub async fn look(upstream: &Upstream, origin: &str, host: &str) -> Found {
    let nobody =
        |fault: &Fault| Found::Nobody(fault.sentence(origin, &upstream.place.to_string()), fault.hint());
    let connector = match Connector::new(upstream) {
        Ok(connector) => connector,
        Err(why) => return Found::Nobody(why, "look at the upstream's `url`"),
    };
    let stream = match connector.connect().await {
        Ok(stream) => stream,
        Err(fault) => return nobody(&fault),
    };
    let Some(ready) = &upstream.ready else { return Found::Ready };
    let host = match (&upstream.place, upstream.host) {
        (Place::Url(url), AskedBy::Own) => url.authority(),
        _ => host,
    };
    match timeout(LOOK, ask(stream, ready, host)).await {
        Ok(Ok(status)) if status < 500 => Found::Ready,
        Ok(Ok(status)) => Found::NotReady(format!("`{ready}` was answered {status}")),
        Ok(Err(why)) => Found::NotReady(format!("`{ready}` was not answered: {why}")),
        Err(_) => Found::NotReady(format!("`{ready}` was not answered within {} s", LOOK.as_secs())),
    }
}

/// The status of the answer to one request.
async fn ask(stream: Box<dyn super::connect::Stream>, ready: &Ready, host: &str) -> hyper::Result<u16> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::builder()
        .method(ready.method.as_str())
        .uri(ready.path.as_str())
        .version(Version::HTTP_11)
        .header(HOST, host)
        .body(Empty::<Bytes>::new());
    let request = request.expect("method and path were checked when they were read");
    let mut answer = std::pin::pin!(sender.send_request(request));
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        answered = &mut answer => answered.map(|response| response.status().as_u16()),
        closed = &mut connection => {
            closed?;
            answer.await.map(|response| response.status().as_u16())
        }
    }
}

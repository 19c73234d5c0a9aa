//! Bodies on their way: kept in memory, or streamed from one socket to another.
//!
//! Of a body that passes, the beginning is kept for the record, and never more of it than that: whatever its
//! length, memory is flat. A body is only asked for more when whoever reads it takes more.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::wire::{Beginning, End, Recording};

/// The longest request body that an origin takes which answers by itself, in bytes. What a page uploads does not
/// matter here, but that it may.
const MAX_BODY: u64 = 256 << 20;

/// How long such a body may stand still.
const BODY_STALL: Duration = Duration::from_secs(30);

/// The body of a request, as it comes, and what was kept of it.
pub(super) struct RequestBody {
    /// `None` once it was read to its end.
    incoming: Option<Incoming>,
    kept: Kept,
}

/// The beginning of a body that may still be on its way. Clones are handles to the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Arc<Mutex<Beginning>>);

/// The body of an answer.
pub(super) enum Body {
    /// It is in memory.
    Kept(Bytes),
    /// It comes from a server, as fast as the client takes it.
    Streamed(Box<Streamed>),
}

/// A body on its way from a server to a client.
pub(super) struct Streamed {
    incoming: Incoming,
    kept: Beginning,
    /// What is told of the end; dropped before it, the client has left.
    recording: Option<Recording>,
    /// What the connection it came over is given back to, once all of it has come.
    connection: Option<Box<dyn FnOnce() + Send>>,
}

impl Kept {
    /// What there is of it by now.
    pub(super) fn so_far(&self) -> Beginning {
        self.lock().clone()
    }

    /// How many bytes have come by now.
    pub(super) fn length(&self) -> u64 {
        self.lock().length
    }

    fn lock(&self) -> MutexGuard<'_, Beginning> {
        // A panic elsewhere leaves it whole: it is only ever appended to.
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming) -> Self {
        Self { incoming: Some(incoming), kept: Kept::default() }
    }

    /// A handle to its beginning.
    pub(super) fn kept(&self) -> Kept {
        self.kept.clone()
    }

    /// Reads it to its end, and returns the beginning. Fails with the status to answer.
    pub(super) async fn whole(&mut self) -> Result<Vec<u8>, StatusCode> {
        if let Some(mut incoming) = self.incoming.take() {
            loop {
                match tokio::time::timeout(BODY_STALL, incoming.frame()).await {
                    Err(_) => return Err(StatusCode::REQUEST_TIMEOUT),
                    Ok(None) => break,
                    Ok(Some(Err(_))) => return Err(StatusCode::BAD_REQUEST),
                    Ok(Some(Ok(frame))) => {
                        let mut kept = self.kept.lock();
                        kept.push(frame.data_ref().map_or(&[][..], |data| data));
                        if kept.length > MAX_BODY {
                            return Err(StatusCode::PAYLOAD_TOO_LARGE);
                        }
                    }
                }
            }
        }
        Ok(self.kept.lock().bytes.clone())
    }
}

/// Streamed on, to a real server.
impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let Some(incoming) = &mut this.incoming else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(incoming).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            this.kept.lock().push(data);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or(SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Body {
    /// A body that comes from a server. Once all of it has come, `done` is called.
    pub(super) fn streamed(incoming: Incoming, done: impl FnOnce() + Send + 'static) -> Self {
        let (kept, connection) = (Beginning::default(), Some(Box::new(done) as Box<dyn FnOnce() + Send>));
        let mut streamed = Streamed { incoming, kept, recording: None, connection };
        if streamed.incoming.is_end_stream() {
            streamed.give_back();
            return Self::default();
        }
        Self::Streamed(Box::new(streamed))
    }

    /// Its bytes, where they are in memory; nothing of one that is on its way.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Kept(bytes) => bytes,
            Self::Streamed(_) => &[],
        }
    }

    /// Tells the record of its end: at once where it is in memory, else when it comes.
    pub(super) fn record(&mut self, recording: Recording) {
        match self {
            Self::Kept(bytes) => recording.end(Beginning::of(bytes), End::Whole),
            Self::Streamed(streamed) => streamed.recording = Some(recording),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::Kept(Bytes::new())
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::Kept(bytes.into())
    }
}

impl Streamed {
    fn give_back(&mut self) {
        if let Some(done) = self.connection.take() {
            done();
        }
    }

    fn end(&mut self, end: End) {
        if let Some(recording) = self.recording.take() {
            recording.end(std::mem::take(&mut self.kept), end);
        }
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        self.end(End::Left);
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let streamed = match self.get_mut() {
            Self::Kept(bytes) => {
                let bytes = std::mem::take(bytes);
                return Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))));
            }
            Self::Streamed(streamed) => streamed,
        };
        let frame = ready!(Pin::new(&mut streamed.incoming).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    streamed.kept.push(data);
                }
                // Whoever knows the length does not ask for more than that.
                if streamed.incoming.is_end_stream() {
                    streamed.end(End::Whole);
                    streamed.give_back();
                }
            }
            Some(Err(error)) => streamed.end(End::Cut(super::upstream::fault::in_the_middle(error))),
            None => {
                streamed.end(End::Whole);
                streamed.give_back();
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Kept(bytes) => bytes.is_empty(),
            Self::Streamed(streamed) => streamed.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Kept(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(streamed) => streamed.incoming.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(bytes) => write!(f, "Kept({} bytes)", bytes.len()),
            Self::Streamed(_) => f.write_str("Streamed"),
        }
    }
}

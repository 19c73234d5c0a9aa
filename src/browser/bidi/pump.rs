//! Commands and events over one connection: whoever waits for an answer takes in what happens meanwhile.
//!
//! It knows neither commands nor events by name.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::socket::{Bidi, Event};
use crate::browser::failure::Failure;

/// What takes events in.
pub(in crate::browser) trait EventSink {
    /// Takes an event in.
    fn on_event(&mut self, event: &Event);

    /// Whether there is still something to wait for.
    ///
    /// # Errors
    /// What ended it.
    fn check(&self) -> Result<(), Failure>;
}

/// A connection, and the events of it that were not taken in yet.
#[derive(Debug)]
pub(in crate::browser) struct Connection {
    pub(in crate::browser) bidi: Bidi,
    events: mpsc::UnboundedReceiver<Arc<Event>>,
}

impl Connection {
    /// Events from now on.
    pub(in crate::browser) fn new(bidi: Bidi) -> Self {
        let events = bidi.events();
        Self { bidi, events }
    }

    /// Hears no more events: those of a browser that is left to somebody for days would fill the memory.
    pub(in crate::browser) fn stop_listening(&mut self) {
        self.events = mpsc::unbounded_channel().1;
    }

    /// A command, events being taken in while it is waited for.
    pub(in crate::browser) async fn call(
        &mut self,
        sink: &mut impl EventSink,
        method: &str,
        params: Value,
    ) -> Result<Value, Failure> {
        let bidi = self.bidi.clone();
        self.attend(sink, bidi.command(method, params)).await
    }

    /// EventSink events while something is waited for.
    pub(in crate::browser) async fn attend<T>(
        &mut self,
        sink: &mut impl EventSink,
        future: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::pin!(future);
        loop {
            sink.check()?;
            tokio::select! {
                biased;
                done = &mut future => return done,
                Some(event) = self.events.recv() => sink.on_event(&event),
            }
        }
    }

    /// EventSink events until a condition holds. Answers whether it came to hold in time.
    pub(in crate::browser) async fn wait_for<H: EventSink>(
        &mut self,
        sink: &mut H,
        limit: Duration,
        condition: impl Fn(&H) -> bool,
    ) -> Result<bool, Failure> {
        let deadline = Instant::now() + limit;
        loop {
            self.drain(sink)?;
            if condition(sink) {
                return Ok(true);
            }
            match timeout_at(deadline, self.events.recv()).await {
                Ok(Some(event)) => sink.on_event(&event),
                Ok(None) => return Err(self.bidi.gone_failure()),
                Err(_) => return Ok(false),
            }
        }
    }

    /// EventSink the events that have come.
    pub(in crate::browser) fn drain(&mut self, sink: &mut impl EventSink) -> Result<(), Failure> {
        while let Ok(event) = self.events.try_recv() {
            sink.on_event(&event);
        }
        sink.check()
    }
}

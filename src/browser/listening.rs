//! Commands and events over one connection: whoever waits for an answer hears what happens meanwhile.
//!
//! It knows neither commands nor events by name.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::bidi::{Bidi, Event};
use super::failure::Failure;

/// What takes events in.
pub(super) trait Hears {
    /// Takes an event in.
    fn hear(&mut self, event: &Event);

    /// Whether there is still something to wait for.
    ///
    /// # Errors
    /// What ended it.
    fn check(&self) -> Result<(), Failure>;
}

/// A connection, and the events of it that were not heard yet.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) bidi: Bidi,
    events: mpsc::UnboundedReceiver<Arc<Event>>,
}

impl Line {
    /// Events from now on.
    pub(super) fn new(bidi: Bidi) -> Self {
        let events = bidi.events();
        Self { bidi, events }
    }

    /// A command, events being heard while it is waited for.
    pub(super) async fn call(
        &mut self,
        hearer: &mut impl Hears,
        method: &str,
        params: Value,
    ) -> Result<Value, Failure> {
        let bidi = self.bidi.clone();
        self.attend(hearer, bidi.command(method, params)).await
    }

    /// Hears events while something is waited for.
    pub(super) async fn attend<T>(
        &mut self,
        hearer: &mut impl Hears,
        future: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::pin!(future);
        loop {
            hearer.check()?;
            tokio::select! {
                biased;
                done = &mut future => return done,
                Some(event) = self.events.recv() => hearer.hear(&event),
            }
        }
    }

    /// Hears events until a condition holds. Answers whether it came to hold in time.
    pub(super) async fn wait_for<H: Hears>(
        &mut self,
        hearer: &mut H,
        limit: Duration,
        condition: impl Fn(&H) -> bool,
    ) -> Result<bool, Failure> {
        let deadline = Instant::now() + limit;
        loop {
            self.drain(hearer)?;
            if condition(hearer) {
                return Ok(true);
            }
            match timeout_at(deadline, self.events.recv()).await {
                Ok(Some(event)) => hearer.hear(&event),
                Ok(None) => return Err(self.bidi.gone_failure()),
                Err(_) => return Ok(false),
            }
        }
    }

    /// Hears the events that have come.
    pub(super) fn drain(&mut self, hearer: &mut impl Hears) -> Result<(), Failure> {
        while let Ok(event) = self.events.try_recv() {
            hearer.hear(&event);
        }
        hearer.check()
    }
}

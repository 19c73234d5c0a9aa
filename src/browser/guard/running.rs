//! How many guards run that this process started: it returns only when they, and so everything they own, are gone.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::watch;

static COUNT: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// A guard that runs. It is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Counted(());

impl Counted {
    pub(super) fn new() -> Self {
        COUNT.send_modify(|count| *count += 1);
        Self(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        COUNT.send_modify(|count| *count -= 1);
    }
}

/// Waits until every guard that was started here has ended, or for so long. Answers whether they have.
pub(super) async fn none(limit: Duration) -> bool {
    let mut count = COUNT.subscribe();
    tokio::time::timeout(limit, count.wait_for(|count| *count == 0)).await.is_ok()
}

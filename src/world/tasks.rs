//! Tasks that somebody owns: each can be asked to finish, made to, and waited for.
//!
//! Nothing in a world is spawned without an owner, so that closing one leaves neither task nor
//! socket behind. Dropping an owner makes its tasks end as well; only the waiting is lost.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long connections may take to finish what they are at before they are cut.
const GRACE: Duration = Duration::from_millis(500);

/// A set of tasks with one owner. Clones are handles to the same set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    /// Asks the tasks to finish what they are at.
    finish: CancellationToken,
    /// Ends them where they stand.
    end: CancellationToken,
}

impl Tasks {
    /// Spawns a task that ends when the set does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(self.bound(task));
    }

    /// Makes a future end when the set does, and the set's end wait for it.
    pub(crate) fn bound<F>(&self, future: F) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let end = self.end.clone();
        self.tracker.track_future(async move { _ = end.run_until_cancelled_owned(future).await })
    }

    /// Completes when the tasks are asked to finish.
    pub(crate) async fn finishing(&self) {
        self.finish.cancelled().await;
    }

    /// Whether the tasks have been ended.
    pub(crate) fn ended(&self) -> bool {
        self.end.is_cancelled()
    }

    /// Ends the tasks where they stand, without waiting for it.
    pub(crate) fn cut(&self) {
        self.finish.cancel();
        self.end.cancel();
        self.tracker.close();
    }

    /// Ends the tasks where they stand, and returns when all they held is closed.
    pub(crate) async fn cut_and_wait(&self) {
        self.cut();
        self.tracker.wait().await;
    }

    /// Asks the tasks to finish, ends those that do not in time, and returns when all they held is
    /// closed.
    pub(crate) async fn close(&self) {
        self.finish.cancel();
        self.tracker.close();
        _ = tokio::time::timeout(GRACE, self.tracker.wait()).await;
        self.cut_and_wait().await;
    }
}

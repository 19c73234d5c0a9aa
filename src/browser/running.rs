//! A driver and its browser while they run: ended when asked, watched until then.
//!
//! A task owns the driver. It notices that the driver or the browser is gone, and says so once; dropping
//! the handle ends both. What was spoken to them is not known here.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::driver::Driver;

/// A driver and its browser, owned by a task. Dropping it ends them shortly after;
/// [`Running::close`] also waits for that.
#[derive(Debug)]
pub(super) struct Running {
    process: Option<u32>,
    folder: PathBuf,
    /// Asks the task that owns the driver to end it, and to say when that is done.
    ending: Mutex<Option<oneshot::Sender<oneshot::Sender<()>>>>,
}

impl Running {
    /// Watches a driver and the process of the browser it started, where that is known. `gone` is told who
    /// is, once it is: `the browser`, `the driver`; it may be told twice.
    pub(super) fn watch(
        mut driver: Driver,
        process: Option<u32>,
        gone: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let (ending, asked) = oneshot::channel::<oneshot::Sender<()>>();
        let folder = driver.guarded().folder().to_owned();
        tokio::spawn(async move {
            let browser = exited(process);
            tokio::pin!(browser);
            let mut watch_browser = true;
            tokio::pin!(asked);
            loop {
                tokio::select! {
                    done = &mut asked => {
                        gone("the browser");
                        driver.end().await;
                        // An error: dropped without being asked, so nobody waits.
                        if let Ok(done) = done {
                            let _ = done.send(());
                        }
                        return;
                    }
                    () = driver.ended() => {
                        gone("the driver");
                        // The guard is gone and everything with it.
                        if let Ok(done) = asked.await {
                            let _ = done.send(());
                        }
                        return;
                    }
                    () = &mut browser, if watch_browser => {
                        watch_browser = false;
                        gone("the browser");
                    }
                }
            }
        });
        Self { process, folder, ending: Mutex::new(Some(ending)) }
    }

    /// The browser's process id, where the driver told it.
    pub(super) fn process(&self) -> Option<u32> {
        self.process
    }

    /// The private folder of the processes, which is deleted when they have ended.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends the browser, its driver and all their processes, and returns when they and their folder are
    /// gone. Does nothing the second time.
    pub(super) async fn close(&self) {
        let ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (done, finished) = oneshot::channel();
        if ending.is_some_and(|ending| ending.send(done).is_ok()) {
            // An error means that the task is gone, and the driver with it.
            let _ = finished.await;
        }
    }
}

/// Waits until a process has exited, reaped or not; for ever where that cannot be known.
#[cfg(target_os = "linux")]
pub(super) async fn exited(process: Option<u32>) {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let pid = process.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let Some(pid) = pid else { return std::future::pending().await };
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(rustix::io::Errno::SRCH) => return,
        Err(_) => return std::future::pending().await,
    };
    let (done, exited) = oneshot::channel();
    std::thread::spawn(move || {
        // It is readable from the moment the process exits (pidfd_open(2)).
        let mut waiting = [PollFd::new(&process, PollFlags::IN)];
        while poll(&mut waiting, None) == Err(rustix::io::Errno::INTR) {}
        // Nobody may care any more.
        let _ = done.send(());
    });
    let _ = exited.await;
}

#[cfg(not(target_os = "linux"))]
pub(super) async fn exited(_: Option<u32>) {
    std::future::pending().await
}

//! The descendants of a guard, without a subreaper: a process group, which what detaches itself escapes.

use std::io;
use std::process::{Child, Command, ExitCode};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Event;

/// A process keeps its name here.
pub(super) fn go_by_another_name() {}

/// Nothing adopts orphans here.
pub(super) fn adopt() -> io::Result<()> {
    Ok(())
}

/// Not known here.
pub(super) fn children_of(_: u32) -> Vec<u32> {
    Vec::new()
}

/// The program, whose process group all its descendants are in that did not leave it.
pub(super) struct Kin(Arc<Mutex<Child>>);

impl Kin {
    /// Starts the program at the head of a process group, and a thread that notices its end.
    pub(super) fn start(mut command: Command, events: Sender<Event>) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = Arc::new(Mutex::new(command.spawn()?));
        let watched = child.clone();
        std::thread::spawn(move || {
            loop {
                let exited = watched.lock().map_or(Ok(None), |mut child| child.try_wait());
                if let Ok(Some(status)) = exited {
                    let code = status.code().and_then(|code| u8::try_from(code).ok());
                    let code = code.map_or(ExitCode::FAILURE, ExitCode::from);
                    let _ = events.send(Event::ProgramLeft(code));
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Ok(Self(child))
    }

    /// Asks the program to end, and waits until it has, or for so long.
    pub(super) fn ask(&self, inbox: &Receiver<Event>, limit: Duration) {
        #[cfg(unix)]
        {
            let child = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let _ = rustix::process::kill_process(
                rustix::process::Pid::from_child(&child),
                rustix::process::Signal::TERM,
            );
        }
        let deadline = Instant::now() + limit;
        while let Ok(event) = inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if matches!(event, Event::ProgramLeft(_)) {
                return;
            }
        }
    }

    /// Ends the group and reaps the program.
    pub(super) fn end(self, _: &Receiver<Event>) {
        let mut child = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        #[cfg(unix)]
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_child(&child),
            rustix::process::Signal::KILL,
        );
        let _ = child.kill();
        let _ = child.wait();
    }
}

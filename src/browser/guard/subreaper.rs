//! The descendants of a guard, with a subreaper: Linux.
//!
//! Reaping and ending exclude one another. A child that is not reaped keeps its process id, so an id that
//! is read under the lock is that of a child of ours, whatever happens meanwhile.

use std::io;
use std::process::{Command, ExitCode};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions};

use super::Event;

/// Has this process go by another name than the command's, which `killall` and `pkill` look for.
pub(super) fn go_by_another_name() {
    // A name is all it is.
    _ = rustix::thread::set_name(c"browser-guard");
}

/// Makes every orphan below this process its child.
pub(super) fn adopt() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).map_err(Into::into)
}

/// All descendants: a lock by which reaping and ending exclude one another.
pub(super) struct Kin(Arc<Mutex<()>>);

impl Kin {
    /// Starts the program, and a thread that reaps whatever exits. That thread drops its sender
    /// when no child is left.
    pub(super) fn start(mut command: Command, events: Sender<Event>) -> io::Result<Self> {
        let lock = Arc::new(Mutex::new(()));
        let program = Pid::from_child(&command.spawn()?);
        let reaping = lock.clone();
        std::thread::spawn(move || reap(program, &reaping, &events));
        Ok(Self(lock))
    }

    /// Asks the children to end, and waits until the program has, or for so long.
    pub(super) fn ask(&self, inbox: &Receiver<Event>, limit: Duration) {
        {
            let _no_reaping = lock(&self.0);
            for child in children() {
                // It may be a zombie already, which is no error worth a word.
                let _ = rustix::process::kill_process(child, Signal::TERM);
            }
        }
        let deadline = Instant::now() + limit;
        // An error: the time is up, or no child is left.
        while let Ok(event) = inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if matches!(event, Event::ProgramLeft(_)) {
                return;
            }
        }
    }

    /// Ends the children, and the orphans that become children by it, until none is left.
    pub(super) fn end(self, inbox: &Receiver<Event>) {
        loop {
            {
                let _no_reaping = lock(&self.0);
                let children = children();
                if children.is_empty() {
                    return;
                }
                for child in children {
                    // It may be a zombie already, which is no error worth a word.
                    let _ = rustix::process::kill_process(child, Signal::KILL);
                }
            }
            match inbox.recv_timeout(Duration::from_millis(20)) {
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

fn reap(program: Pid, reaping: &Mutex<()>, events: &Sender<Event>) {
    loop {
        // Learns that a child has exited and leaves it to be reaped under the lock.
        match rustix::process::waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        }
        let _no_ending = lock(reaping);
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            let event = if pid == program {
                // As shells write it: 128 and the signal that ended it.
                let signal = || status.terminating_signal().map(|signal| 128 + signal);
                let code = status.exit_status().or_else(signal).and_then(|code| u8::try_from(code).ok());
                Event::ProgramLeft(code.map_or(ExitCode::FAILURE, ExitCode::from))
            } else {
                Event::Reaped
            };
            let _ = events.send(event);
        }
    }
}

fn lock(lock: &Mutex<()>) -> std::sync::MutexGuard<'_, ()> {
    lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The processes whose parent this process is, zombies included.
fn children() -> Vec<Pid> {
    below(rustix::process::getpid())
}

/// The processes whose parent the process with this id is.
pub(super) fn children_of(process: u32) -> Vec<u32> {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    let children = pid.map(below).unwrap_or_default();
    children.into_iter().map(|child| child.as_raw_nonzero().get().unsigned_abs()).collect()
}

fn below(own: Pid) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
        .filter(|&pid| parent(pid) == Some(own))
        .collect()
}

/// The parent of a process: the fourth field of `/proc/PID/stat`. The second is a name in
/// parentheses that may hold anything, so it is read from the last parenthesis on.
fn parent(pid: Pid) -> Option<Pid> {
    let stat = std::fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let rest = &stat[stat.iter().rposition(|&byte| byte == b')')? + 1..];
    std::str::from_utf8(rest).ok()?.split_ascii_whitespace().nth(1)?.parse().ok().and_then(Pid::from_raw)
}

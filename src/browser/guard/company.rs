//! A guard that stays in the user's terminal: for a program of the user's, which reads and writes there.
//!
//! It is in the process group of `rehearsal` and of the program, so a Ctrl-C reaches the program itself, and the guard
//! is deaf to it. It ends with the program, and ends what that left running; where `rehearsal` is gone, however that
//! came about, it ends the program too.

use std::process::{Command, ExitCode};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use super::{Event, hear_signals, kin};

/// How long a program that is asked to end is given for it.
const ASKING: Duration = Duration::from_secs(5);

/// The exit code of a program that was asked to end, as shells write it: 128 and SIGTERM.
const TERMINATED: u8 = 143;

/// Runs a program on behalf of the process with this id, which has to be the parent.
///
/// # Errors
/// Why it could not be started: a sentence.
pub fn accompany(owner: u32, command: Command) -> Result<ExitCode, String> {
    let program = command.get_program().display().to_string();
    let (events, inbox) = channel();
    hear_signals(events.clone()).map_err(|error| format!("signals cannot be handled: {error}"))?;
    kin::go_by_another_name();
    kin::adopt().map_err(|error| format!("orphans cannot be adopted: {error}"))?;
    let kin = kin::Kin::start(command, events.clone())
        .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    watch(owner, events);
    let code = loop {
        match inbox.recv() {
            Ok(Event::ProgramLeft(code)) => break code,
            Ok(Event::Reaped) => {}
            Ok(Event::OwnerLeft | Event::Asked) | Err(_) => {
                kin.ask(&inbox, ASKING);
                break ExitCode::from(TERMINATED);
            }
        }
    };
    kin.end(&inbox);
    Ok(code)
}

/// Tells when the owner is gone.
#[cfg(target_os = "linux")]
fn watch(owner: u32, events: Sender<Event>) {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::{Pid, PidfdFlags, getppid, pidfd_open};
    std::thread::spawn(move || {
        let pid = i32::try_from(owner).ok().and_then(Pid::from_raw);
        // It is readable from the moment the process exits (pidfd_open(2)).
        let process = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        if let Some(process) = process
            && getppid() == pid
        {
            let mut waiting = [PollFd::new(&process, PollFlags::IN)];
            while poll(&mut waiting, None) == Err(rustix::io::Errno::INTR) {}
        }
        _ = events.send(Event::OwnerLeft);
    });
}

/// Elsewhere a process that is gone shows by its child having another parent.
#[cfg(all(unix, not(target_os = "linux")))]
fn watch(owner: u32, events: Sender<Event>) {
    const LOOK: Duration = Duration::from_millis(200);
    std::thread::spawn(move || {
        while std::os::unix::process::parent_id() == owner {
            std::thread::sleep(LOOK);
        }
        _ = events.send(Event::OwnerLeft);
    });
}

#[cfg(not(unix))]
fn watch(_: u32, _: Sender<Event>) {}

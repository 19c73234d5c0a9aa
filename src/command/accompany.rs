//! `rehearsal accompany OWNER FOLDER PROGRAM ARGUMENT…`: used by `rehearsal exec` itself.
//!
//! It is the process between `rehearsal` and the user's program. With a folder it first enters a network of its own,
//! as the folder describes it; with an empty one it stays where it is.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::browser::guard;

/// Runs the command.
pub fn accompany(arguments: Vec<OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let owner = arguments.next().and_then(|owner| owner.to_str()?.parse().ok());
    let (Some(owner), Some(folder), Some(program)) = (owner, arguments.next(), arguments.next()) else {
        super::complain("a companion needs an owner, a folder and a program", "use `rehearsal exec`");
        return ExitCode::from(super::WRONG);
    };
    if !folder.is_empty()
        && let Err(code) = enter(&folder)
    {
        return code;
    }
    let mut command = Command::new(program);
    command.args(arguments);
    guard::accompany(owner, command).unwrap_or_else(|message| {
        super::complain(message, "write it as in a shell, and its path where it is not on PATH");
        ExitCode::from(super::COULD_NOT_RUN)
    })
}

/// Enters a network of its own. The process has one thread so far.
#[cfg(target_os = "linux")]
fn enter(folder: &OsString) -> Result<(), ExitCode> {
    use crate::inside::namespace;
    namespace::enter(folder.as_ref()).map_err(|forbidden| {
        super::complain(format!("{}: {}", forbidden.what, forbidden.error), forbidden.hint());
        ExitCode::from(super::COULD_NOT_RUN)
    })
}

#[cfg(not(target_os = "linux"))]
fn enter(_: &OsString) -> Result<(), ExitCode> {
    super::complain("a network of its own is Linux's alone", "leave `--isolated` out");
    Err(ExitCode::from(super::COULD_NOT_RUN))
}

//! `rehearsal new`: a scenario to begin with.

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;

use super::{COULD_NOT_RUN, HELD, WRONG, after_writing, complain};
use crate::cli::NewArgs;
use crate::scenario::START;

/// Runs the command. A file that is there already stays as it is.
pub fn new(arguments: &NewArgs) -> ExitCode {
    let Some(path) = &arguments.output else {
        return after_writing(io::stdout().lock().write_all(START.as_bytes()), "the scenario", HELD);
    };
    let shown = path.display();
    match File::create_new(path).and_then(|mut file| file.write_all(START.as_bytes())) {
        Ok(()) => {
            let next = format!("{shown} is written. Next: rehearsal check {shown}");
            after_writing(writeln!(anstream::stderr(), "{next}"), "what comes next", HELD)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            complain(format!("{shown} is there already"), "name another file, or remove it first");
            ExitCode::from(WRONG)
        }
        Err(error) => {
            complain(
                format!("{shown} cannot be written: {error}"),
                "name a file in a folder that you may write to",
            );
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

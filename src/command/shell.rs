//! `rehearsal completions`, `rehearsal man` and `rehearsal schema`: what shells, `man` and editors read.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory;

use super::{COULD_NOT_RUN, HELD, after_writing, complain};
use crate::cli::{Cli, CompletionsArgs, ManArgs};
use crate::scenario;

/// Prints the schema of scenario files.
pub fn schema() -> ExitCode {
    let mut text = serde_json::to_string_pretty(&scenario::schema()).expect("a schema has string keys alone");
    text.push('\n');
    after_writing(io::stdout().lock().write_all(text.as_bytes()), "the schema", HELD)
}

/// Prints the completions of a shell.
pub fn completions(arguments: &CompletionsArgs) -> ExitCode {
    // The generator panics where its writer fails.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "rehearsal", &mut script);
    after_writing(io::stdout().lock().write_all(&script), "the completions", HELD)
}

/// Writes a page of the manual for every command into a folder, which is made where it is not there.
pub fn man(arguments: &ManArgs) -> ExitCode {
    let folder = &arguments.folder;
    match fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder)) {
        Ok(()) => HELD.into(),
        Err(error) => {
            complain(
                format!("the pages cannot be written to {}: {error}", folder.display()),
                "name a folder that you may write to",
            );
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

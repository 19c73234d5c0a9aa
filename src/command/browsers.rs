//! `rehearsal browsers`: what is installed, and installing it.

use std::process::ExitCode;

use crate::browser::install;
use crate::browser::name::Engine;
use crate::cli::{BrowsersArgs, BrowsersCommand};

/// Runs the command.
pub fn browsers(arguments: &BrowsersArgs) -> ExitCode {
    let Some(BrowsersCommand::Install { names }) = &arguments.command else {
        return list();
    };
    let mut engines: Vec<Engine> = names.iter().filter(|name| !name.model).map(|name| name.engine).collect();
    engines.dedup();
    for engine in engines {
        if let Err(code) = install(engine) {
            return code;
        }
    }
    list()
}

//! `rehearsal browsers`: what is installed, and installing it.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::browser::install::{self, Inventory};
use crate::browser::name::{BrowserName, Engine};
use crate::cli::{BrowsersArgs, BrowsersCommand};

/// Runs the command.
pub fn browsers(arguments: &BrowsersArgs) -> ExitCode {
    let wanted = match &arguments.command {
        Some(BrowsersCommand::Install { names }) => names.as_slice(),
        None => &[],
    };
    match install_missing(wanted) {
        Ok(()) => list(),
        Err(code) => code,
    }
}

/// Installs what these browsers need and is not there.
///
/// # Errors
/// The exit code, where one could not be installed; why has been said.
pub(super) fn install_missing(wanted: &[BrowserName]) -> Result<(), ExitCode> {
    for engine in Engine::ALL {
        let needed = wanted.iter().any(|browser| browser.engine == engine && !browser.model);
        if needed && !install::is_installed(engine) {
            super::block_on(install::install(engine)).map_err(|error| {
                super::complain(format!("{} was not installed: {error}", engine.as_str()), error.hint());
                ExitCode::from(super::COULD_NOT_RUN)
            })?;
        }
    }
    Ok(())
}

fn list() -> ExitCode {
    let inventories = super::block_on(async {
        let mut inventories = Vec::new();
        for engine in Engine::ALL {
            inventories.push(install::inventory(engine).await);
        }
        inventories
    });
    let mut out = anstream::stdout();
    // Whoever reads this may have gone.
    _ = inventories.iter().try_for_each(|inventory| write(&mut out, inventory));
    ExitCode::from(super::HELD)
}

fn write(out: &mut dyn Write, inventory: &Inventory) -> io::Result<()> {
    let engine = inventory.engine.as_str();
    if inventory.parts.is_empty() {
        return writeln!(out, "{engine:10}  this version predicts it (model:{engine}) and does not drive it");
    }
    for (index, part) in inventory.parts.iter().enumerate() {
        let engine = if index == 0 { engine } else { "" };
        let version = part.version.as_deref().unwrap_or("version unknown");
        match &part.path {
            Some(path) => writeln!(out, "{engine:10}  {:13} {version}  {}", part.name, path.display())?,
            None => writeln!(out, "{engine:10}  {:13} missing; {}", part.name, part.hint)?,
        }
    }
    Ok(())
}

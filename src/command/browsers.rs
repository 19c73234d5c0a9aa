//! `rehearsal browsers`: what is installed, and installing it.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::browser::install::{self, Inventory};
use crate::browser_name::{BrowserName, Engine};
use crate::cli::{BrowsersArgs, BrowsersCommand};

/// Runs the command.
pub fn browsers(arguments: &BrowsersArgs) -> ExitCode {
    let wanted = match &arguments.command {
        Some(BrowsersCommand::Install { names }) => names.as_slice(),
        None => &[],
    };
    match install_missing(wanted) {
        // What was not asked for may be missing.
        Ok(()) => list(|engine| wanted.is_empty() || wanted.iter().any(|browser| browser.engine == engine)),
        Err(code) => code,
    }
}

/// Installs what these browsers need and is not there.
///
/// # Errors
/// The exit code, where one could not be installed; why has been said.
pub(super) fn install_missing(wanted: &[BrowserName]) -> Result<(), ExitCode> {
    let needed = |engine: &Engine| {
        let wanted = wanted.iter().any(|browser| browser.engine == *engine && !browser.model);
        wanted && !install::is_installed(*engine)
    };
    let engines: Vec<Engine> = Engine::ALL.into_iter().filter(needed).collect();
    super::block_on(install::install(&engines)).map_err(|error| {
        let names: Vec<&str> = engines.iter().map(|engine| engine.as_str()).collect();
        super::complain(format!("{} was not installed: {error}", names.join(", ")), error.hint());
        ExitCode::from(super::COULD_NOT_RUN)
    })
}

/// Lists every engine, and answers whether those that matter are complete.
fn list(matters: impl Fn(Engine) -> bool) -> ExitCode {
    let inventories = super::block_on(async {
        let mut inventories = Vec::new();
        for engine in Engine::ALL {
            inventories.push(install::inventory(engine).await);
        }
        inventories
    });
    let mut out = anstream::stdout();
    let written = inventories.iter().try_for_each(|inventory| write(&mut out, inventory));
    let complete = inventories.iter().all(|inventory| inventory.is_complete() || !matters(inventory.engine));
    super::after_writing(written, "the list", if complete { super::HELD } else { super::COULD_NOT_RUN })
}

fn write(out: &mut dyn Write, inventory: &Inventory) -> io::Result<()> {
    let engine = inventory.engine.as_str();
    for (index, part) in inventory.parts.iter().enumerate() {
        let engine = if index == 0 { engine } else { "" };
        // WebKit's programs do not say it without a display: `doctor` hears it in a session.
        let version = part.version.as_ref().map(|version| format!("{version}  ")).unwrap_or_default();
        match &part.path {
            Some(path) => writeln!(out, "{engine:10}  {:15} {version}{}", part.name, path.display())?,
            None => writeln!(out, "{engine:10}  {:15} missing; {}", part.name, part.hint)?,
        }
    }
    match inventory.mismatch() {
        Some(mismatch) => writeln!(out, "{:10}  note: {mismatch}", ""),
        None => Ok(()),
    }
}

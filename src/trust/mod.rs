//! Having the stores of this machine trust the authority of a project, and undoing that completely.
//!
//! Nothing here decides that it is done: whoever calls has asked. What is done is written down first ([`ledger`]), so that
//! it can be undone whatever happens in between; a store that nobody else has changed since becomes, byte for byte, what
//! it was. The tools that are started are the system's own: those that keep its store, and `certutil` for NSS.

pub mod ledger;
pub mod nss;
pub mod system;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// Why a store cannot be changed: what, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What: a lower-case fragment.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Trouble {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }

    fn of_file(path: &Path, error: &io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                "do it as root for the system's store, or leave that out: --store nss"
            }
            _ => "look at the file, and try again",
        };
        Self::new(format!("{}: {error}", path.display()), hint)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Runs one of the system's tools.
fn run(command: &mut Command, hint: &str) -> Result<(), Trouble> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(Trouble::new(format!("`{name}` failed: {said}"), hint))
        }
        Err(error) => Err(Trouble::new(format!("`{name}` cannot be started: {error}"), hint)),
    }
}

/// The digest of a file, in hexadecimal digits; `None` where there is none.
fn digest(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Makes a folder and those above it: the ones that were not there, the outermost first.
fn make_folders(folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let missing: Vec<PathBuf> =
        folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    fs::create_dir_all(folder).map_err(|error| Trouble::of_file(folder, &error))?;
    Ok(missing.into_iter().rev().collect())
}

/// Takes folders away that are empty, the last first.
fn remove_folders(folders: &[PathBuf]) {
    for folder in folders.iter().rev() {
        // One that holds something by now is somebody else's.
        _ = fs::remove_dir(folder);
    }
}

//! What was done to the stores for one authority, written down before it is done.
//!
//! One folder for each authority, below the user's state folder, which only the user may read: what was done, and what
//! the files of the stores were before.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Trouble, make_folders, remove_folders};

const FILE: &str = "done.json";

/// What was done for one authority.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ledger {
    /// The version of the format: 1.
    pub version: u8,
    /// The digest of the authority's certificate.
    pub fingerprint: String,
    /// The folder in which the authority is kept.
    pub certs: PathBuf,
    /// The names that it may vouch for.
    pub names: Vec<String>,
    /// When it ends, in seconds since 1970-01-01.
    pub until: i64,
    /// The stores.
    pub stores: Vec<Store>,
    /// The folders that were made for this file, the outermost first.
    pub made: Vec<PathBuf>,
}

/// A store that was changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Store {
    /// The system's.
    System(super::system::Done),
    /// One of NSS: Chromium's, or that of a profile of Firefox.
    Nss(super::nss::Done),
}

impl Store {
    /// Has the store trust a certificate, which is kept in a file.
    ///
    /// # Errors
    /// Where a file cannot be written or a tool fails.
    pub fn install(&mut self, pem: &str, file: &Path) -> Result<(), Trouble> {
        match self {
            Self::System(done) => done.install(pem),
            Self::Nss(done) => done.install(file),
        }
    }

    /// Undoes it. Whether the store is then, byte for byte, what it was.
    ///
    /// # Errors
    /// Where a file cannot be put back or a tool fails.
    pub fn uninstall(&self) -> Result<bool, Trouble> {
        match self {
            Self::System(done) => done.uninstall(),
            Self::Nss(done) => done.uninstall(),
        }
    }

    /// Whether the certificate is in it.
    pub fn is_there(&self) -> bool {
        match self {
            Self::System(done) => done.is_there(),
            Self::Nss(done) => done.is_there(),
        }
    }
}

impl fmt::Display for Store {
    /// Which store it is, and where.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(done) => write!(f, "the system: {}", done.file.display()),
            Self::Nss(done) => write!(f, "NSS: {}", done.folder.display()),
        }
    }
}

impl Ledger {
    /// What was done for every authority of this user, in the order of their fingerprints.
    ///
    /// # Errors
    /// Where a file of it cannot be read.
    pub fn all(state: &Path) -> Result<Vec<Self>, Trouble> {
        let Ok(entries) = fs::read_dir(folder_of_all(state)) else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for entry in entries.flatten() {
            let file = entry.path().join(FILE);
            let Ok(text) = fs::read_to_string(&file) else { continue };
            let ledger: Self = serde_json::from_str(&text).map_err(|error| {
                let hint = "what it was to undo has to be undone by hand: it names the stores";
                Trouble::new(format!("{} is not what was written: {error}", file.display()), hint)
            })?;
            all.push(ledger);
        }
        all.sort_by(|one: &Self, other| one.fingerprint.cmp(&other.fingerprint));
        Ok(all)
    }

    /// The folder for what the stores were before. It is made where it is not there, for this user alone.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn open(&mut self, state: &Path) -> Result<PathBuf, Trouble> {
        let folder = self.folder(state);
        self.made.extend(make_folders(&folder)?);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))
                .map_err(|error| Trouble::of_file(&folder, &error))?;
        }
        Ok(folder)
    }

    /// Writes it.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, state: &Path) -> Result<(), Trouble> {
        let file = self.folder(state).join(FILE);
        let text = serde_json::to_string_pretty(self).expect("it has string keys alone");
        fs::write(&file, text + "\n").map_err(|error| Trouble::of_file(&file, &error))
    }

    /// Takes it away: all is undone.
    ///
    /// # Errors
    /// Where it cannot be taken away.
    pub fn close(self, state: &Path) -> Result<(), Trouble> {
        let folder = self.folder(state);
        fs::remove_dir_all(&folder).map_err(|error| Trouble::of_file(&folder, &error))?;
        remove_folders(&self.made);
        Ok(())
    }

    fn folder(&self, state: &Path) -> PathBuf {
        folder_of_all(state).join(&self.fingerprint)
    }
}

fn folder_of_all(state: &Path) -> PathBuf {
    state.join("rehearsal").join("trust")
}

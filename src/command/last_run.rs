//! Which scenarios did not pass when they were last run from this folder: what `--last-failed` runs again.
//!
//! Kept in the user's cache folder (XDG Base Directory Specification 0.8), one file for each folder that
//! `rehearsal` is called from, and never in the project. Where it cannot be kept, nothing else changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::outcome::{Outcome, Run};

/// What is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
struct LastRun {
    version: u8,
    /// The folder it is about.
    folder: PathBuf,
    /// The files of the scenarios that did not pass.
    failed: BTreeSet<PathBuf>,
}

/// The scenarios that did not pass when they were last run from this folder; nothing where none was run yet.
pub(super) fn failed() -> Option<BTreeSet<PathBuf>> {
    Some(read(&file()?)?.failed)
}

/// Keeps which of these runs did not pass. What was not run this time stays as it was.
pub(super) fn keep(runs: &[Run]) {
    if let Some(file) = file() {
        // It is a convenience: a home that cannot be written to is no reason to fail.
        _ = write(&file, runs);
    }
}

fn read(file: &Path) -> Option<LastRun> {
    let kept: LastRun = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    (kept.version == 1 && kept.folder == std::env::current_dir().ok()?).then_some(kept)
}

fn write(file: &Path, runs: &[Run]) -> io::Result<()> {
    let mut kept = read(file).unwrap_or_default();
    (kept.version, kept.folder) = (1, std::env::current_dir()?);
    let of = |wanted: fn(Outcome) -> bool| {
        runs.iter().filter(move |run| wanted(run.outcome())).map(|run| canonical(run.scenario()))
    };
    for passed in of(|outcome| outcome == Outcome::Passed) {
        kept.failed.remove(&passed);
    }
    kept.failed.extend(of(|outcome| outcome != Outcome::Passed));
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    // Whole or not at all, also where two runs end at once.
    let new = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new(".")))?;
    serde_json::to_writer(&new, &kept)?;
    new.persist(file)?;
    Ok(())
}

/// A file by the one name that every spelling of it has.
pub(super) fn canonical(path: &str) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.into())
}

fn file() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("XDG_CACHE_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| variable("HOME").map(|home| home.join(".cache")))?;
    let folder = std::env::current_dir().ok()?;
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Some(cache.join("rehearsal").join(format!("last-run-{name}.json")))
}

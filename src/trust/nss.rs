//! The stores of NSS: the one that Chromium reads, and one in each profile of Firefox.
//!
//! They are databases, which no tool leaves byte for byte as they were. So their files are kept as they are before, and put
//! back where nobody else has changed them since; where somebody has, the certificate alone is taken out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::{Trouble, digest, make_folders, remove_folders, run};

/// The files of a store.
const FILES: [&str; 3] = ["cert9.db", "key4.db", "pkcs11.txt"];

/// Where Firefox has its profiles, below a home folder: its own, and that of the snap.
const PROFILES: [&str; 2] = [".mozilla/firefox", "snap/firefox/common/.mozilla/firefox"];

/// What to do where there is no `certutil`.
const INSTALL: &str =
    "install it (Debian: libnss3-tools, Fedora: nss-tools, Arch: nss), or leave NSS out: --store system";

/// What was done to one store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    /// Its folder.
    pub folder: PathBuf,
    /// The name of the certificate in it.
    nickname: String,
    /// The folder with its files as they were before. A file that is not there was not there.
    kept: PathBuf,
    /// The folders that were made for it, the outermost first.
    made: Vec<PathBuf>,
    /// The digest of each file after.
    after: BTreeMap<String, String>,
}

/// The stores of a user, and how they are to be changed: nothing is done yet.
///
/// # Errors
/// Where there is no `certutil`.
pub fn plan(home: &Path, fingerprint: &str) -> Result<Vec<Done>, Trouble> {
    if Command::new("certutil").arg("-H").output().is_err() {
        return Err(Trouble::new("NSS's `certutil` is not there", INSTALL));
    }
    let mut folders = vec![home.join(".pki/nssdb")];
    for profiles in PROFILES {
        let entries = fs::read_dir(home.join(profiles)).into_iter().flatten().flatten();
        let mut with_store: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|profile| profile.join(FILES[0]).is_file()).collect();
        with_store.sort();
        folders.extend(with_store);
    }
    let done = |folder: PathBuf| Done {
        folder,
        nickname: format!("rehearsal CA {}", &fingerprint[..12]),
        kept: PathBuf::new(),
        made: Vec::new(),
        after: BTreeMap::new(),
    };
    Ok(folders.into_iter().map(done).collect())
}

impl Done {
    /// Keeps the files as they are, in a folder of its own below this one.
    ///
    /// # Errors
    /// Where they cannot be read or written.
    pub fn keep(&mut self, below: &Path, number: usize) -> Result<(), Trouble> {
        self.kept = below.join(format!("nss-{number}"));
        fs::create_dir_all(&self.kept).map_err(|error| Trouble::of_file(&self.kept, &error))?;
        for name in FILES.iter().filter(|name| self.folder.join(name).exists()) {
            let file = self.folder.join(name);
            fs::copy(&file, self.kept.join(name)).map_err(|error| Trouble::of_file(&file, &error))?;
        }
        Ok(())
    }

    /// Has the store trust a certificate.
    ///
    /// # Errors
    /// Where `certutil` fails.
    pub fn install(&mut self, certificate: &Path) -> Result<(), Trouble> {
        self.made = make_folders(&self.folder)?;
        if !self.folder.join(FILES[0]).exists() {
            run(self.certutil().args(["-N", "--empty-password"]), INSTALL)?;
        }
        let mut add = self.certutil();
        add.args(["-A", "-n", &self.nickname, "-t", "C,,", "-i"]).arg(certificate);
        run(&mut add, "close the browser whose store it is, and try again")?;
        self.after = self.digests();
        Ok(())
    }

    /// Undoes it. Whether the files are then, byte for byte, what they were.
    ///
    /// # Errors
    /// Where a file cannot be put back, or `certutil` fails.
    pub fn uninstall(&self) -> Result<bool, Trouble> {
        let is_ours = self.after.is_empty() || self.digests() == self.after;
        if !is_ours {
            if self.is_there() {
                let hint = "close the browser whose store it is, and try again";
                run(self.certutil().args(["-D", "-n", &self.nickname]), hint)?;
            }
            return Ok(false);
        }
        for name in FILES {
            let (file, kept) = (self.folder.join(name), self.kept.join(name));
            let put_back = match kept.exists() {
                true => put_back(&kept, &file),
                false if file.exists() => fs::remove_file(&file),
                false => Ok(()),
            };
            put_back.map_err(|error| Trouble::of_file(&file, &error))?;
        }
        remove_folders(&self.made);
        Ok(true)
    }

    /// Whether the certificate is in the store.
    pub fn is_there(&self) -> bool {
        self.certutil()
            .args(["-L", "-n", &self.nickname])
            .output()
            .is_ok_and(|output| output.status.success())
    }

    fn certutil(&self) -> Command {
        let mut command = Command::new("certutil");
        command.arg("-d").arg(format!("sql:{}", self.folder.display()));
        command
    }

    fn digests(&self) -> BTreeMap<String, String> {
        let digests =
            FILES.iter().filter_map(|name| Some(((*name).to_owned(), digest(&self.folder.join(name))?)));
        digests.collect()
    }
}

/// Puts a file in the place of another at once: whoever reads it sees the one or the other.
fn put_back(kept: &Path, file: &Path) -> std::io::Result<()> {
    let beside = file.with_extension("rehearsal");
    fs::copy(kept, &beside)?;
    fs::rename(&beside, file)
}

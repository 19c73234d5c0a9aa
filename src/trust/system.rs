//! The system's own store: a file among those that the administrator adds, and the tool that makes the store of them.
//!
//! Debian's and what is like it (`update-ca-certificates`), and Fedora's and Arch's (`update-ca-trust`). The store of macOS
//! asks for a password of its own and is left alone.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::{Trouble, digest, make_folders, remove_folders, run};

/// What was done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    /// The root of the system.
    pub root: PathBuf,
    /// The file that was added.
    pub file: PathBuf,
    /// The folders that were made for it, the outermost first.
    made: Vec<PathBuf>,
    /// The digest of the bundle that programs read, before.
    before: Option<String>,
}

/// A kind of system: where it has its files, and how its store is made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Debian,
    Anchors(&'static str),
}

/// What systems with `update-ca-trust` have below their root.
const ANCHORS: [&str; 2] = ["etc/pki/ca-trust/source/anchors", "etc/ca-certificates/trust-source/anchors"];

const DEBIAN: &str = "usr/local/share/ca-certificates";

impl Kind {
    fn of(root: &Path) -> Result<Self, Trouble> {
        if let Some(anchors) = ANCHORS.into_iter().find(|anchors| root.join(anchors).is_dir()) {
            return match root == Path::new("/") {
                true => Ok(Self::Anchors(anchors)),
                false => Err(Trouble::new(
                    format!("`update-ca-trust` knows no other root than /, and not {}", root.display()),
                    "leave `--root` out, or the system's store: --store nss",
                )),
            };
        }
        if root.join("etc/ca-certificates.conf").is_file() {
            return Ok(Self::Debian);
        }
        Err(Trouble::new(
            format!("no store of certificates is known at {}", root.display()),
            "leave the system's store out: --store nss; or have your system trust the certificate as its manual says",
        ))
    }

    fn folder(self, root: &Path) -> PathBuf {
        match self {
            Self::Debian => root.join(DEBIAN),
            Self::Anchors(anchors) => root.join(anchors),
        }
    }

    fn bundle(self, root: &Path) -> PathBuf {
        match self {
            Self::Debian => root.join("etc/ssl/certs/ca-certificates.crt"),
            Self::Anchors("etc/pki/ca-trust/source/anchors") => {
                root.join("etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem")
            }
            Self::Anchors(_) => root.join("etc/ca-certificates/extracted/tls-ca-bundle.pem"),
        }
    }

    fn make_store(self, root: &Path) -> Result<(), Trouble> {
        let hint = "do it as root, or leave the system's store out: --store nss";
        match self {
            Self::Anchors(_) => run(Command::new("update-ca-trust").arg("extract"), hint),
            Self::Debian => {
                let mut command = Command::new("update-ca-certificates");
                if root != Path::new("/") {
                    for (option, at) in [
                        ("--certsconf", "etc/ca-certificates.conf"),
                        ("--certsdir", "usr/share/ca-certificates"),
                        ("--localcertsdir", DEBIAN),
                        ("--etccertsdir", "etc/ssl/certs"),
                        ("--hooksdir", "etc/ca-certificates/update.d"),
                    ] {
                        command.arg(option).arg(root.join(at));
                    }
                }
                run(&mut command, hint)
            }
        }
    }
}

/// What is to be done: nothing is done yet.
///
/// # Errors
/// Where this system's store is not known.
pub fn plan(root: &Path, fingerprint: &str) -> Result<Done, Trouble> {
    let kind = Kind::of(root)?;
    let file = kind.folder(root).join(format!("rehearsal-{}.crt", &fingerprint[..12]));
    Ok(Done { root: root.to_owned(), file, made: Vec::new(), before: digest(&kind.bundle(root)) })
}

impl Done {
    /// Has the system trust a certificate.
    ///
    /// # Errors
    /// Where a file cannot be written or the tool fails.
    pub fn install(&mut self, pem: &str) -> Result<(), Trouble> {
        let kind = Kind::of(&self.root)?;
        if let Some(folder) = self.file.parent() {
            self.made = make_folders(folder)?;
        }
        fs::write(&self.file, pem).map_err(|error| Trouble::of_file(&self.file, &error))?;
        kind.make_store(&self.root)
    }

    /// Undoes it. Whether the bundle is then, byte for byte, what it was.
    ///
    /// # Errors
    /// Where the file cannot be taken away or the tool fails.
    pub fn uninstall(&self) -> Result<bool, Trouble> {
        let kind = Kind::of(&self.root)?;
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Trouble::of_file(&self.file, &error));
            }
            _ => {}
        }
        if kind == Kind::Debian {
            let certs = self.root.join("etc/ssl/certs");
            let links = remove_links(&certs, &self.file)?;
            kind.make_store(&self.root)?;
            tell_hooks(&self.root.join("etc/ca-certificates/update.d"), &links)?;
        } else {
            kind.make_store(&self.root)?;
        }
        remove_folders(&self.made);
        Ok(digest(&kind.bundle(&self.root)) == self.before)
    }

    /// Whether the file is there.
    pub fn is_there(&self) -> bool {
        self.file.exists()
    }
}

/// Takes away the links to a certificate, and the links to those, which `update-ca-certificates` leaves where the
/// administrator's own file is gone. Returns the links to the certificate itself.
fn remove_links(certs: &Path, file: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let links: Vec<(PathBuf, PathBuf)> = fs::read_dir(certs)
        .map_err(|error| Trouble::of_file(certs, &error))?
        .flatten()
        .filter_map(|entry| Some((entry.path(), fs::read_link(entry.path()).ok()?)))
        .collect();
    let to = |target: &Path| -> Vec<PathBuf> {
        let found = links.iter().filter(|(_, leads)| certs.join(leads) == target);
        found.map(|(link, _)| link.clone()).collect()
    };
    let direct = to(file);
    for link in direct.iter().flat_map(|link| to(link)).chain(direct.clone()) {
        fs::remove_file(&link).map_err(|error| Trouble::of_file(&link, &error))?;
    }
    Ok(direct)
}

/// Tells the hooks of `update-ca-certificates` that certificates are gone, as it does itself of its own: Java's store is
/// made by one.
fn tell_hooks(folder: &Path, gone: &[PathBuf]) -> Result<(), Trouble> {
    if gone.is_empty() || !folder.is_dir() {
        return Ok(());
    }
    let hint = "run it by hand, with a line `-FILE` on its stdin, to have it forget the certificate";
    let trouble = |error: &dyn std::fmt::Display| {
        Trouble::new(format!("the hooks in {}: {error}", folder.display()), hint)
    };
    let listed = Command::new("run-parts").args(["--test", "--"]).arg(folder).output();
    let listed = String::from_utf8_lossy(&listed.map_err(|error| trouble(&error))?.stdout).into_owned();
    let lines: String = gone.iter().map(|link| format!("-{}\n", link.display())).collect();
    for hook in listed.lines() {
        let mut hook = Command::new(hook)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| trouble(&error))?;
        let told = hook.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(lines.as_bytes()));
        let ended = hook.wait();
        told.map_err(|error| trouble(&error))?;
        let ended = ended.map_err(|error| trouble(&error))?;
        if !ended.success() {
            return Err(trouble(&ended));
        }
    }
    Ok(())
}

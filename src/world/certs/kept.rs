//! An authority of a project's own, kept in a folder, for those who have a browser of theirs trust it.
//!
//! The folder has its certificate, its key (which only its owner may read), and what it may vouch for. It lives longer than
//! that of a run and no longer than some weeks, and is constrained to the project's names as that one is. One that
//! could vouch for everything below a public suffix is never made.

use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{Issuer, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use super::{Authority, CertificateError, narrowest, params};

/// How long the certificate of a project's authority is good for.
pub const LIFETIME: Duration = Duration::days(90);

/// How long one has to be good for still, to be used on.
const LEFT: Duration = Duration::days(7);

const CERTIFICATE: &str = "rehearsal-ca.pem";
const KEY: &str = "rehearsal-ca.key";
const SCOPE: &str = "rehearsal-ca.json";
/// Keeps the key out of the project's history.
const IGNORE: &str = ".gitignore";
const IGNORED: &str = "rehearsal-ca.*\n";

/// Why an authority cannot be kept, or the one that is kept cannot be used.
#[derive(Debug)]
pub enum KeptError {
    /// It could vouch for everything below this public suffix.
    PublicSuffix(String),
    /// It could not be made.
    Certificate(CertificateError),
    /// A file cannot be read or written.
    File(PathBuf, io::Error),
    /// A file is not what was written: a lower-case fragment says how.
    Broken(PathBuf, String),
}

/// What an authority may vouch for, as it is kept.
#[derive(Serialize, Deserialize)]
struct Scope {
    version: u8,
    common_name: String,
    names: Vec<String>,
    addresses: Vec<IpAddr>,
    /// In seconds since 1970-01-01.
    until: i64,
}

impl Authority {
    /// The authority of a project for these hosts, not kept yet. See [`Authority::new`].
    ///
    /// # Errors
    /// Where it could vouch for everything below a public suffix, or cannot be made.
    pub fn of_project<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Result<Self, KeptError> {
        let authority = Self::made(hosts, LIFETIME, common_name).map_err(KeptError::Certificate)?;
        let suffix = authority.public_suffixes().next().map(str::to_owned);
        suffix.map_or(Ok(authority), |suffix| Err(KeptError::PublicSuffix(suffix)))
    }

    /// The authority that is kept in a folder; `None` where there is none.
    ///
    /// # Errors
    /// Where a file cannot be read, is not what was written, or where others may read the key.
    pub fn kept(folder: &Path) -> Result<Option<Self>, KeptError> {
        let file = |name: &str| folder.join(name);
        let read =
            |name: &str| fs::read_to_string(file(name)).map_err(|error| KeptError::File(file(name), error));
        if !file(CERTIFICATE).exists() {
            return Ok(None);
        }
        let broken = |name: &str, why: String| KeptError::Broken(file(name), why);
        owned_alone(&file(KEY))?;
        let certificate = CertificateDer::from_pem_slice(read(CERTIFICATE)?.as_bytes())
            .map_err(|error| broken(CERTIFICATE, error.to_string()))?;
        let key = KeyPair::from_pem(&read(KEY)?).map_err(|error| broken(KEY, error.to_string()))?;
        let scope: Scope =
            serde_json::from_str(&read(SCOPE)?).map_err(|error| broken(SCOPE, error.to_string()))?;
        let until = OffsetDateTime::from_unix_timestamp(scope.until)
            .map_err(|error| broken(SCOPE, error.to_string()))?;
        let now = OffsetDateTime::now_utc();
        // Of these an issuer is its name and its key alone.
        let params = params(&scope.common_name, now, until);
        let permitted = narrowest(&scope.names);
        Ok(Some(Self {
            issuer: Issuer::new(params, key),
            certificate,
            names: scope.names,
            permitted,
            addresses: scope.addresses,
            now,
            until,
        }))
    }

    /// Keeps it in a folder, which is made where it is not there.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn keep(&self, folder: &Path) -> Result<(), KeptError> {
        let at = |name: &str| folder.join(name);
        let failed = |name: &str| {
            let path = at(name);
            move |error| KeptError::File(path, error)
        };
        let scope = Scope {
            version: 1,
            common_name: common_name(self.issuer.key()),
            names: self.names.clone(),
            addresses: self.addresses.clone(),
            until: self.until.unix_timestamp(),
        };
        let scope = serde_json::to_string_pretty(&scope).expect("a scope has string keys alone");
        fs::create_dir_all(folder).map_err(failed(""))?;
        if !at(IGNORE).exists() {
            fs::write(at(IGNORE), IGNORED).map_err(failed(IGNORE))?;
        }
        write_private(&at(KEY), &self.issuer.key().serialize_pem()).map_err(failed(KEY))?;
        fs::write(at(SCOPE), scope + "\n").map_err(failed(SCOPE))?;
        // The last: with it, it is there.
        fs::write(at(CERTIFICATE), self.pem()).map_err(failed(CERTIFICATE))
    }

    /// Whether it may vouch for all of these hosts, and for a while still.
    pub fn serves<'a>(&self, hosts: impl IntoIterator<Item = &'a str>) -> bool {
        hosts.into_iter().all(|host| self.permits(host)) && self.until - self.now >= LEFT
    }

    /// When its certificate ends.
    pub fn until(&self) -> OffsetDateTime {
        self.until
    }

    /// The SHA-256 digest of its certificate, in hexadecimal digits: what it is told apart by.
    pub fn fingerprint(&self) -> String {
        hex(&Sha256::digest(&self.certificate))
    }

    /// The names that its certificate is constrained to.
    pub fn permitted(&self) -> &[String] {
        &self.permitted
    }
}

/// Takes the authority that is kept in a folder out of it, and the folder where nothing else is in it.
///
/// # Errors
/// Those of the system.
pub fn forget(folder: &Path) -> io::Result<()> {
    let names = fs::read_to_string(folder.join(IGNORE)).is_ok_and(|text| text == IGNORED);
    for name in [CERTIFICATE, KEY, SCOPE].into_iter().chain(names.then_some(IGNORE)) {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    // Where something else is in it, it stays.
    _ = fs::remove_dir(folder);
    Ok(())
}

/// Where the certificate is in a folder.
pub fn certificate(folder: &Path) -> PathBuf {
    folder.join(CERTIFICATE)
}

/// A certificate as PEM (RFC 7468).
pub(super) fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// A name that no two authorities have: stores find a certificate by it.
fn common_name(key: &KeyPair) -> String {
    use rcgen::PublicKeyData;
    format!("rehearsal CA {}", &hex(&Sha256::digest(key.subject_public_key_info()))[..12])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    // A file that is there keeps its mode when it is written to.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(unix)]
fn owned_alone(path: &Path) -> Result<(), KeptError> {
    use std::os::unix::fs::PermissionsExt;
    let mode =
        fs::metadata(path).map_err(|error| KeptError::File(path.to_owned(), error))?.permissions().mode();
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(KeptError::Broken(path.to_owned(), "others may read it (chmod 600)".to_owned())),
    }
}

#[cfg(not(unix))]
fn owned_alone(_: &Path) -> Result<(), KeptError> {
    Ok(())
}

impl std::fmt::Display for KeptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PublicSuffix(suffix) => write!(
                f,
                "the CA could vouch for every name below `{suffix}`, which is a public suffix: strangers' sites are there"
            ),
            Self::Certificate(error) => write!(f, "{error}"),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Broken(path, why) => write!(f, "{} cannot be used: {why}", path.display()),
        }
    }
}

impl std::error::Error for KeptError {}

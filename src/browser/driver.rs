//! WebDriver servers: finding the programs, and starting a driver under guard.
//!
//! This file knows processes and not what is spoken to them.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use super::failure::Failure;
use super::guard::Guarded;

/// How long a program is given to say its version.
const VERSION: Duration = Duration::from_secs(10);

/// How often a driver that does not say when it listens is tried. It takes some 20 ms.
const KNOCKING: Duration = Duration::from_millis(3);

/// The ports that drivers are given: registered, and below those that systems choose from, which begin at 32768
/// (`ip(7)`, `ip_local_port_range`) or at 49152 (RFC 6335, section 6).
const OURS: Range<u16> = 20_000..32_000;

/// A program a browser consists of, and where it may be.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The name users know it by, and the one messages use.
    pub name: &'static str,
    /// The environment variable that names another path.
    pub variable: &'static str,
    /// File names it goes by, in the order they are tried.
    files: &'static [&'static str],
    /// The engine whose installation brings it: what is written after `rehearsal browsers install`.
    engine: &'static str,
}

/// Chromium, or Chrome where that is what there is.
pub const CHROMIUM: Program = Program {
    name: "chromium",
    variable: "REHEARSAL_CHROMIUM",
    files: &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"],
    engine: "chromium",
};

/// Chromium's driver.
pub const CHROMEDRIVER: Program = Program {
    name: "chromedriver",
    variable: "REHEARSAL_CHROMEDRIVER",
    files: &["chromedriver", "chromium.chromedriver"],
    engine: "chromium",
};

/// Firefox, the extended support release first: it is what Debian has.
pub const FIREFOX: Program = Program {
    name: "firefox",
    variable: "REHEARSAL_FIREFOX",
    files: &["firefox-esr", "firefox"],
    engine: "firefox",
};

/// Firefox's driver.
pub const GECKODRIVER: Program = Program {
    name: "geckodriver",
    variable: "REHEARSAL_GECKODRIVER",
    files: &["geckodriver"],
    engine: "firefox",
};

/// WebKitGTK's smallest browser, the one its driver drives.
pub const MINIBROWSER: Program = Program {
    name: "MiniBrowser",
    variable: "REHEARSAL_MINIBROWSER",
    files: &["MiniBrowser"],
    engine: "webkit",
};

/// WebKitGTK's driver.
pub const WEBKIT_DRIVER: Program = Program {
    name: "WebKitWebDriver",
    variable: "REHEARSAL_WEBKIT_DRIVER",
    files: &["WebKitWebDriver"],
    engine: "webkit",
};

/// The display that WebKit is given where there is none.
pub const XVFB: Program =
    Program { name: "Xvfb", variable: "REHEARSAL_XVFB", files: &["Xvfb"], engine: "webkit" };

/// Folders that are looked in after those of `PATH`: where distributions keep them.
const FOLDERS: &[&str] = &[
    "/usr/bin",
    "/usr/local/bin",
    "/usr/lib/chromium",
    "/usr/lib/chromium-browser",
    "/usr/lib64/chromium-browser",
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1",
    "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1",
    "/usr/lib64/webkit2gtk-4.1",
    "/usr/libexec/webkit2gtk-4.1",
    "/usr/lib/webkit2gtk-4.1",
    "/snap/bin",
    "/opt/google/chrome",
    "/opt/homebrew/bin",
    "/Applications/Chromium.app/Contents/MacOS",
    "/Applications/Google Chrome.app/Contents/MacOS",
];

impl Program {
    /// Where it is.
    ///
    /// # Errors
    /// [`Failure::Missing`], with the command that installs it. A variable that names something that
    /// is not there is an error too: falling back would hide a slip of the pen.
    pub fn find(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = std::env::var_os(self.variable).filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            return if is_executable(&path) {
                Ok(path)
            } else {
                Err(Failure::Missing {
                    program: self.name.to_owned(),
                    hint: format!("{} names {}, which is no program", self.variable, path.display()),
                })
            };
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            || std::env::split_paths(&path).chain(FOLDERS.iter().map(PathBuf::from)).chain(cargo_programs());
        self.files
            .iter()
            .flat_map(|file| folders().map(move |folder| folder.join(file)))
            .find(|path| is_executable(path))
            .ok_or_else(|| Failure::Missing {
                program: self.name.to_owned(),
                hint: format!(
                    "`rehearsal browsers install {}` installs it; {} names it where it is elsewhere",
                    self.engine, self.variable
                ),
            })
    }
}

/// Where cargo installs programs: geckodriver may be one of them.
fn cargo_programs() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    Some(home.or_else(|| Some(std::env::home_dir()?.join(".cargo")))?.join("bin"))
}

fn is_executable(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else { return false };
    #[cfg(unix)]
    let permitted = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let permitted = true;
    metadata.is_file() && permitted
}

/// What a program answers to `--version`: the first word that begins with a digit.
///
/// `None` where it answers nothing of the kind in time.
pub async fn version(program: &Path) -> Option<String> {
    let mut command = tokio::process::Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(VERSION, command.output()).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
}

/// A path for a private folder, at which nothing is: in the system's folder for temporary files, short
/// because the sockets in it may have paths of 107 bytes at most (`unix(7)`).
pub fn private_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let nanos =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    std::env::temp_dir().join(format!("rehearsal-{}-{count}-{nanos:08x}", std::process::id()))
}

/// A driver that runs, under guard.
#[derive(Debug)]
pub struct Driver {
    guarded: Guarded,
    port: u16,
}

impl Driver {
    /// Starts a ChromeDriver on a port it chooses itself, and waits until it listens.
    ///
    /// # Errors
    /// [`Failure::NotStarted`] with its last words, or [`Failure::TimedOut`].
    pub async fn chromedriver(executable: &Path, program: &Path, limit: Duration) -> Result<Self, Failure> {
        let arguments = ["--port=0"].map(OsString::from);
        let environment = std::iter::empty::<(&OsStr, OsString)>();
        Self::start(executable, program, arguments, environment, limit, |line| {
            // `ChromeDriver was started successfully on port 36137.` (measured 2026-11-20, 156.0.8078.79)
            let (_, rest) = line.split_once("successfully on port ")?;
            rest.trim_end_matches('.').parse().ok()
        })
        .await
    }

    /// Starts a geckodriver on a port it chooses itself, and waits until it listens. The Firefox it starts
    /// chooses its own port too, and can be spoken to about itself and not only about pages.
    ///
    /// # Errors
    /// [`Failure::NotStarted`] with its last words, or [`Failure::TimedOut`].
    pub async fn geckodriver(executable: &Path, program: &Path, limit: Duration) -> Result<Self, Failure> {
        let arguments = ["--port=0", "--websocket-port=0", "--allow-system-access"].map(OsString::from);
        let environment = std::iter::empty::<(&OsStr, OsString)>();
        Self::start(executable, program, arguments, environment, limit, |line| {
            // `1795223125573	geckodriver	INFO	Listening on 127.0.0.1:37859` (measured 2026-11-21, 0.37.1)
            let (_, address) = line.split_once("Listening on ")?;
            address.rsplit_once(':')?.1.parse().ok()
        })
        .await
    }

    /// Starts a WebKitWebDriver with this added to its environment, and waits until it listens. It does not
    /// choose a port and says nothing, so it is given one that is free, and another where somebody was quicker.
    ///
    /// # Errors
    /// As [`Driver::chromedriver`].
    pub async fn webkit_driver(
        executable: &Path,
        program: &Path,
        environment: &[(&'static str, OsString)],
        limit: Duration,
    ) -> Result<Self, Failure> {
        /// Measured 2026-11-25, WebKitGTK 2.50.6.
        const TAKEN: &str = "Unable to listen for HTTP server";
        const ATTEMPTS: usize = 3;
        for _ in 1..ATTEMPTS {
            match Self::webkit_driver_once(executable, program, environment, limit).await {
                Err(Failure::NotStarted { last_words, .. })
                    if last_words.iter().any(|line| line.contains(TAKEN)) => {}
                ended => return ended,
            }
        }
        Self::webkit_driver_once(executable, program, environment, limit).await
    }

    async fn webkit_driver_once(
        executable: &Path,
        program: &Path,
        environment: &[(&'static str, OsString)],
        limit: Duration,
    ) -> Result<Self, Failure> {
        let not_started = |message: String, last_words| Failure::NotStarted {
            program: WEBKIT_DRIVER.name.to_owned(),
            message,
            last_words,
        };
        let port = free_port().map_err(|error| not_started(error.to_string(), Vec::new()))?;
        let environment = environment.iter().map(|(name, value)| (OsStr::new(*name), value.clone()));
        let arguments = [OsString::from(format!("--port={port}"))];
        let mut guarded = Guarded::start(executable, &private_folder(), program, arguments, environment)
            .map_err(|error| not_started(format!("{}: {error}", executable.display()), Vec::new()))?;
        let listens = async {
            while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
                tokio::time::sleep(KNOCKING).await;
            }
        };
        let listens = tokio::select! {
            listens = tokio::time::timeout(limit, listens) => listens.ok(),
            () = guarded.ended() => {
                return Err(not_started("it exited before it listened".to_owned(), guarded.last_words()));
            }
        };
        if listens.is_none() {
            guarded.end().await;
            let command = format!("start of {}", WEBKIT_DRIVER.name);
            return Err(Failure::TimedOut { command, after: limit });
        }
        guarded.forget_words();
        Ok(Self { guarded, port })
    }

    async fn start<'a>(
        executable: &Path,
        program: &Path,
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl IntoIterator<Item = (&'a OsStr, OsString)>,
        limit: Duration,
        port: impl Fn(&str) -> Option<u16>,
    ) -> Result<Self, Failure> {
        let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
        let not_started =
            |message: String, last_words| Failure::NotStarted { program: name.clone(), message, last_words };
        let folder = private_folder();
        let mut guarded = Guarded::start(executable, &folder, program, arguments, environment)
            .map_err(|error| not_started(format!("{}: {error}", executable.display()), Vec::new()))?;
        match tokio::time::timeout(limit, guarded.line(port)).await {
            Ok(Some(port)) => {
                guarded.forget_words();
                Ok(Self { guarded, port })
            }
            Ok(None) => {
                let last_words = guarded.last_words();
                guarded.end().await;
                Err(not_started("it exited before it listened".to_owned(), last_words))
            }
            Err(_) => {
                guarded.end().await;
                Err(Failure::TimedOut { command: format!("start of {name}"), after: limit })
            }
        }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The process and its folder.
    pub fn guarded(&self) -> &Guarded {
        &self.guarded
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) {
        self.guarded.ended().await;
    }

    /// Ends it after a failure, to which its last words are added where the browser did not start.
    pub(super) async fn end_after(self, failure: Failure) -> Failure {
        let words = self.guarded.words();
        self.end().await;
        match failure {
            Failure::NotStarted { program, message, .. } => {
                Failure::NotStarted { program, message, last_words: words.list() }
            }
            other => other,
        }
    }

    /// Ends it, every browser it started, and the folder. Answers whether all is gone.
    pub async fn end(self) -> bool {
        self.guarded.end().await
    }
}

/// A port of the loopback address that nobody has, for a program that does not choose one itself.
///
/// It is none that the system chooses: from those every other program gets its ports, and one of them could get this
/// one, and then answer in the driver's place, before the driver listens.
fn free_port() -> io::Result<u16> {
    const ATTEMPTS: u64 = 100;
    let random = RandomState::new().build_hasher().finish();
    let spread = u64::from(OURS.end - OURS.start);
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for attempt in 0..ATTEMPTS {
        let offset = random.wrapping_add(attempt.wrapping_mul(7919)) % spread;
        let port = OURS.start + u16::try_from(offset).expect("the spread of ports is a u16");
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_nowhere_is_missing_and_the_hint_says_what_to_do() {
        let program = Program { files: &["no-such-browser-anywhere"], ..CHROMIUM };
        let failure = program.find().expect_err("there is no such program");
        assert_eq!(failure.to_string(), "chromium is not installed");
        assert!(failure.hint().is_some_and(|hint| hint.contains("rehearsal browsers install chromium")));
    }

    #[test]
    fn a_driver_gets_a_port_that_no_system_chooses_for_another() {
        let ports: std::collections::BTreeSet<u16> = (0..50).map(|_| free_port().expect("a port")).collect();
        assert!(ports.iter().all(|port| OURS.contains(port)), "{ports:?}");
        assert!(ports.len() > 40, "drivers that start at once hardly meet: {ports:?}");
    }

    #[test]
    fn private_folders_differ_and_are_short() {
        let (one, two) = (private_folder(), private_folder());
        assert_ne!(one, two);
        assert!(one.file_name().is_some_and(|name| name.len() < 40));
    }
}

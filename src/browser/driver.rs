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
use std::time::Duration;

use super::failure::Failure;
use super::guard::{Guarded, private_folder};

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
    /// Variables by which machines made for tests name it, or the folder it is in. They are looked at second.
    known_as: &'static [&'static str],
    /// File names it goes by, in the order they are tried.
    files: &'static [&'static str],
    /// The engine whose installation brings it: what is written after `rehearsal browsers install`.
    engine: &'static str,
}

/// Chromium, or Chrome where that is what there is.
pub const CHROMIUM: Program = Program {
    name: "chromium",
    variable: "REHEARSAL_CHROMIUM",
    known_as: &["CHROME_BIN"],
    files: &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"],
    engine: "chromium",
};

/// Chromium's driver.
pub const CHROMEDRIVER: Program = Program {
    name: "chromedriver",
    variable: "REHEARSAL_CHROMEDRIVER",
    known_as: &["CHROMEWEBDRIVER"],
    files: &["chromedriver", "chromium.chromedriver"],
    engine: "chromium",
};

/// Firefox, the extended support release first: it is what Debian has.
pub const FIREFOX: Program = Program {
    name: "firefox",
    variable: "REHEARSAL_FIREFOX",
    known_as: &["FIREFOX_BIN"],
    files: &["firefox-esr", "firefox"],
    engine: "firefox",
};

/// Firefox's driver.
pub const GECKODRIVER: Program = Program {
    name: "geckodriver",
    variable: "REHEARSAL_GECKODRIVER",
    known_as: &["GECKOWEBDRIVER"],
    files: &["geckodriver"],
    engine: "firefox",
};

/// WebKitGTK's smallest browser, the one its driver drives.
pub const MINIBROWSER: Program = Program {
    name: "MiniBrowser",
    variable: "REHEARSAL_MINIBROWSER",
    known_as: &[],
    files: &["MiniBrowser"],
    engine: "webkit",
};

/// WebKitGTK's driver.
pub const WEBKIT_DRIVER: Program = Program {
    name: "WebKitWebDriver",
    variable: "REHEARSAL_WEBKIT_DRIVER",
    known_as: &[],
    files: &["WebKitWebDriver"],
    engine: "webkit",
};

/// The display that WebKit is given where there is none.
pub const XVFB: Program =
    Program { name: "Xvfb", variable: "REHEARSAL_XVFB", known_as: &[], files: &["Xvfb"], engine: "webkit" };

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
        if let Some(path) = self.known_as.iter().find_map(|variable| self.named_by(variable)) {
            return Ok(path);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            || std::env::split_paths(&path).chain(FOLDERS.iter().map(PathBuf::from)).chain(cargo_programs());
        self.names()
            .into_iter()
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

    /// Arguments that the user adds to ours: those in its variable with `_ARGS` behind it, between spaces.
    pub(super) fn more_arguments(&self) -> Vec<String> {
        let more = std::env::var(format!("{}_ARGS", self.variable)).unwrap_or_default();
        more.split_whitespace().map(str::to_owned).collect()
    }

    /// Its file names, in the order they are tried. A machine that names its ChromeDriver has that for its Chrome, and
    /// may have a Chromium of another version beside it.
    fn names(&self) -> Vec<&'static str> {
        let mut names = self.files.to_vec();
        let driver_is_named =
            || CHROMEDRIVER.known_as.iter().any(|name| CHROMEDRIVER.named_by(name).is_some());
        if self.name == CHROMIUM.name && driver_is_named() {
            names.sort_by_key(|name| !name.contains("chrome"));
        }
        names
    }

    /// Where a variable says it is: the program itself, or the folder it is in. Such a variable is the machine's and
    /// not meant for us, so what names nothing is passed over.
    fn named_by(&self, variable: &str) -> Option<PathBuf> {
        let named = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)?;
        let within = self.files.iter().map(|file| named.join(file));
        std::iter::once(named.clone()).chain(within).find(|path| is_executable(path))
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

/// A driver that runs, under guard.
#[derive(Debug)]
pub struct Driver {
    guarded: Guarded,
    port: u16,
}

impl Driver {
    /// Starts a ChromeDriver, and waits until it listens. What the browser writes is heard as well.
    ///
    /// It is given its port: where IPv6 is off, one that chooses a port itself does not say which (measured 2026-11-27,
    /// 156.0.8078.108).
    ///
    /// # Errors
    /// [`Failure::NotStarted`] with its last words, or [`Failure::TimedOut`].
    pub async fn chromedriver(executable: &Path, program: &Path, limit: Duration) -> Result<Self, Failure> {
        // `IPv4 port not available. Exiting...` (measured 2026-11-27, 156.0.8078.108)
        on_another_port("port not available", || Self::chromedriver_once(executable, program, limit)).await
    }

    async fn chromedriver_once(executable: &Path, program: &Path, limit: Duration) -> Result<Self, Failure> {
        let port = free_port().map_err(|error| not_started(program, error.to_string(), Vec::new()))?;
        let arguments = [format!("--port={port}"), "--enable-chrome-logs".to_owned()].map(OsString::from);
        let listens = |line: &str| line.contains("started successfully").then_some(port);
        Self::start(executable, program, arguments, limit, listens).await
    }

    /// Starts a geckodriver on a port it chooses itself, and waits until it listens. The Firefox it starts
    /// chooses its own port too, and can be spoken to about itself and not only about pages.
    ///
    /// # Errors
    /// [`Failure::NotStarted`] with its last words, or [`Failure::TimedOut`].
    pub async fn geckodriver(executable: &Path, program: &Path, limit: Duration) -> Result<Self, Failure> {
        let arguments = ["--port=0", "--websocket-port=0", "--allow-system-access"].map(OsString::from);
        Self::start(executable, program, arguments, limit, |line| {
            // `1795223125573	geckodriver	INFO	Listening on 127.0.0.1:37859` (measured 2026-11-21, 0.37.1)
            let (_, address) = line.split_once("Listening on ")?;
            address.rsplit_once(':')?.1.parse().ok()
        })
        .await
    }

    /// Starts a WebKitWebDriver with this added to its environment, and waits until it listens. It neither chooses a
    /// port nor says when it listens, so it is given one, and tried until it answers.
    ///
    /// # Errors
    /// As [`Driver::chromedriver`].
    pub async fn webkit_driver(
        executable: &Path,
        program: &Path,
        environment: &[(&'static str, OsString)],
        limit: Duration,
    ) -> Result<Self, Failure> {
        let start = || Self::webkit_driver_once(executable, program, environment, limit);
        // Measured 2026-11-25, WebKitGTK 2.50.6.
        on_another_port("Unable to listen for HTTP server", start).await
    }

    async fn webkit_driver_once(
        executable: &Path,
        program: &Path,
        environment: &[(&'static str, OsString)],
        limit: Duration,
    ) -> Result<Self, Failure> {
        let port = free_port().map_err(|error| not_started(program, error.to_string(), Vec::new()))?;
        let environment = environment.iter().map(|(name, value)| (OsStr::new(*name), value.clone()));
        let arguments = [OsString::from(format!("--port={port}"))];
        let mut guarded = Guarded::start(executable, &private_folder(), program, arguments, environment)
            .map_err(|error| {
                not_started(program, format!("{}: {error}", executable.display()), Vec::new())
            })?;
        let listens = async {
            while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
                tokio::time::sleep(KNOCKING).await;
            }
        };
        let listens = tokio::select! {
            listens = tokio::time::timeout(limit, listens) => listens.ok(),
            () = guarded.ended() => return Err(exited(guarded, program).await),
        };
        if listens.is_none() {
            guarded.end().await;
            let command = format!("start of {}", WEBKIT_DRIVER.name);
            return Err(Failure::TimedOut { command, after: limit });
        }
        guarded.forget_words();
        Ok(Self { guarded, port })
    }

    async fn start(
        executable: &Path,
        program: &Path,
        arguments: impl IntoIterator<Item = OsString>,
        limit: Duration,
        port: impl Fn(&str) -> Option<u16>,
    ) -> Result<Self, Failure> {
        let mut guarded =
            Guarded::start(executable, &private_folder(), program, arguments, std::iter::empty()).map_err(
                |error| not_started(program, format!("{}: {error}", executable.display()), Vec::new()),
            )?;
        match tokio::time::timeout(limit, guarded.line(port)).await {
            Ok(Some(port)) => {
                guarded.forget_words();
                Ok(Self { guarded, port })
            }
            Ok(None) => Err(exited(guarded, program).await),
            Err(_) => {
                guarded.end().await;
                let name = program.file_name().unwrap_or(program.as_os_str()).display();
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
        // Until then not all of them have been heard.
        self.end().await;
        match failure {
            Failure::NotStarted { program, message, .. } => {
                Failure::NotStarted { program, message, last_words: words.list() }
            }
            Failure::TimedOut { command, after } if !words.list().is_empty() => Failure::NotStarted {
                program: "the browser".to_owned(),
                message: format!("no answer to `{command}` within {:.1} s", after.as_secs_f64()),
                last_words: words.list(),
            },
            other => other,
        }
    }

    /// Ends it, every browser it started, and the folder. Answers whether all is gone.
    pub async fn end(self) -> bool {
        self.guarded.end().await
    }
}

/// Starts a program on another port where somebody was quicker with the one it was given: it says so by these words.
async fn on_another_port<F: Future<Output = Result<Driver, Failure>>>(
    taken: &str,
    start: impl Fn() -> F,
) -> Result<Driver, Failure> {
    const ATTEMPTS: usize = 3;
    for _ in 1..ATTEMPTS {
        match start().await {
            Err(Failure::NotStarted { last_words, .. })
                if last_words.iter().any(|line| line.contains(taken)) => {}
            ended => return ended,
        }
    }
    start().await
}

/// What a driver came to that exited by itself, with all it said.
async fn exited(guarded: Guarded, program: &Path) -> Failure {
    let words = guarded.words();
    guarded.end().await;
    not_started(program, "it exited before it listened".to_owned(), words.list())
}

fn not_started(program: &Path, message: String, last_words: Vec<String>) -> Failure {
    let name = program.file_name().unwrap_or(program.as_os_str());
    Failure::NotStarted { program: name.display().to_string(), message, last_words }
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
}

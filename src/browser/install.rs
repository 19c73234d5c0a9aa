//! Which browsers are installed, and installing them by the system's package manager.
//!
//! A package manager is found, told what to do without ever asking back, and heard: its output goes to
//! stderr as it comes. Where it has no geckodriver, cargo builds one. Nothing is downloaded by us, and
//! nothing is installed that was not asked for.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use super::driver::{
    self, CHROMEDRIVER, CHROMIUM, FIREFOX, GECKODRIVER, MINIBROWSER, Program, WEBKIT_DRIVER, XVFB,
};
use crate::browser_name::Engine;

/// What an engine consists of, and where each part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The engine.
    pub engine: Engine,
    /// Its parts: the browser first, then its driver.
    pub parts: Vec<Part>,
}

/// A part of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name: `chromium`, `chromedriver`.
    pub name: &'static str,
    /// Where it is; `None` where it is not installed.
    pub path: Option<PathBuf>,
    /// Its version, where it said one.
    pub version: Option<String>,
    /// What to do where it is missing; empty where it is not.
    pub hint: String,
}

impl Inventory {
    /// Whether every part is there.
    pub fn is_complete(&self) -> bool {
        self.parts.iter().all(|part| part.path.is_some())
    }

    /// What is wrong with the versions, where a driver drives browsers of its own version alone: ChromeDriver does.
    pub fn mismatch(&self) -> Option<String> {
        let [browser, driver, ..] = self.parts.as_slice() else { return None };
        let major = |part: &Part| part.version.as_deref()?.split('.').next().map(str::to_owned);
        let (browsers, drivers) = (major(browser)?, major(driver)?);
        (self.engine == Engine::Chromium && browsers != drivers).then(|| {
            format!(
                "{} is of version {browsers} and {} of {drivers}: they do not work together; name a pair that fits \
                 by {} and {}",
                browser.name, driver.name, CHROMIUM.variable, CHROMEDRIVER.variable
            )
        })
    }
}

/// The programs an engine consists of.
const fn programs(engine: Engine) -> &'static [Program] {
    match engine {
        Engine::Chromium => &[CHROMIUM, CHROMEDRIVER],
        Engine::Firefox => &[FIREFOX, GECKODRIVER],
        Engine::Webkit => &[MINIBROWSER, WEBKIT_DRIVER, XVFB],
    }
}

/// Whether a browser and its driver are there. Starts nothing.
pub fn is_installed(engine: Engine) -> bool {
    missing(engine).next().is_none()
}

/// The programs of an engine that are not there.
fn missing(engine: Engine) -> impl Iterator<Item = &'static Program> {
    programs(engine).iter().filter(|program| program.find().is_err())
}

/// What to do about an engine that is not all there; `None` where it is.
pub fn missing_hint(engine: Engine) -> Option<String> {
    let missing = programs(engine).iter().find_map(|program| program.find().err())?;
    missing.hint().map(str::to_owned)
}

/// What is installed of an engine, where, and in which version. Starts each program to ask it, for at most
/// ten seconds.
pub async fn inventory(engine: Engine) -> Inventory {
    let mut parts = Vec::new();
    for program in programs(engine) {
        parts.push(match program.find() {
            Ok(path) => {
                let version = driver::version(&path).await;
                Part { name: program.name, path: Some(path), version, hint: String::new() }
            }
            Err(missing) => {
                let hint = missing.hint().unwrap_or_default().to_owned();
                Part { name: program.name, path: None, version: None, hint }
            }
        });
    }
    Inventory { engine, parts }
}

/// Why a browser could not be installed.
#[derive(Debug)]
pub enum InstallError {
    /// None of the package managers that are known is here.
    NoManager,
    /// The package manager has no package of an engine that is known.
    NotPackaged {
        /// The package manager.
        manager: &'static str,
        /// The engine.
        engine: Engine,
    },
    /// It takes root, and `sudo` does not give it without asking.
    NotPermitted {
        /// What root would run.
        command: String,
    },
    /// A command could not be started.
    NotStarted {
        /// The command.
        command: String,
        /// The system's own word.
        error: io::Error,
    },
    /// A command ended badly, having said why on stderr.
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
    },
    /// All went well, and yet a part of the browser is not found.
    NotFound {
        /// The part that is missing.
        name: &'static str,
        /// The environment variable that names it.
        variable: &'static str,
    },
}

impl InstallError {
    /// What to do about it: a fragment.
    pub fn hint(&self) -> String {
        let by_hand = |engine: Engine| {
            let named = |program: &Program| format!("{} ({})", program.name, program.variable);
            let programs: Vec<String> = programs(engine).iter().map(named).collect();
            programs.join(", ")
        };
        match self {
            Self::NoManager => {
                let parts: Vec<String> = Engine::ALL.into_iter().map(by_hand).collect();
                format!(
                    "install the browser and its driver, and name what is not found: {}",
                    parts.join(", ")
                )
            }
            Self::NotPackaged { engine, .. } => {
                format!("install it by hand, and name what is not found: {}", by_hand(*engine))
            }
            Self::NotPermitted { command } => format!("run `sudo sh -c '{command}'`, then try again"),
            Self::NotStarted { command, .. } | Self::Failed { command, .. }
                if command.starts_with(CARGO_GECKODRIVER[0]) =>
            {
                format!(
                    "unpack geckodriver from its releases (github.com/mozilla/geckodriver/releases), and name it by \
                     {}; or run `{command}` by hand to see what it needs",
                    GECKODRIVER.variable
                )
            }
            Self::NotStarted { .. } => "look whether the package manager works at all".to_owned(),
            Self::Failed { command, .. } => format!("run `{command}` by hand to see what it needs"),
            Self::NotFound { variable, .. } => format!("name it by {variable}"),
        }
    }
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoManager => {
                let names: Vec<_> = MANAGERS.iter().map(|manager| manager.program).collect();
                write!(f, "there is no package manager that is known: {}", names.join(", "))
            }
            Self::NotPackaged { manager, engine } => {
                write!(f, "no package of {manager} is known to have {}", engine.as_str())
            }
            Self::NotPermitted { .. } => f.write_str("installing takes root, and sudo wants a password"),
            Self::NotStarted { command, error } => write!(f, "`{command}` cannot be started: {error}"),
            Self::Failed { command, status } => write!(f, "`{command}` failed: {status}"),
            Self::NotFound { name, .. } => write!(f, "all is installed, and {name} is not found"),
        }
    }
}

impl std::error::Error for InstallError {}

/// A package manager, and how the browsers are called there.
struct Manager {
    program: &'static str,
    /// What is run before, if anything.
    refresh: &'static [&'static str],
    install: &'static [&'static str],
    chromium: &'static [&'static str],
    firefox: &'static [&'static str],
    /// Empty where none is known.
    webkit: &'static [&'static str],
    /// What keeps it from asking.
    environment: &'static [(&'static str, &'static str)],
    needs_root: bool,
}

/// In the order they are looked for. The names of Debian's packages were seen to work (measured 2026-11-20,
/// Debian 12); the others are documented by their distributions.
const MANAGERS: &[Manager] = &[
    Manager {
        program: "apt-get",
        refresh: &["update", "-q"],
        // It waits for another package manager to end, but not for ever.
        install: &["install", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"],
        // The sandbox is a recommendation, without which only root can start Chromium on some kernels.
        chromium: &["chromium", "chromium-driver", "chromium-sandbox"],
        firefox: &["firefox-esr"],
        webkit: &["webkit2gtk-driver", "xvfb"],
        environment: &[("DEBIAN_FRONTEND", "noninteractive")],
        needs_root: true,
    },
    Manager {
        program: "dnf",
        refresh: &[],
        install: &["install", "-y"],
        chromium: &["chromium", "chromedriver"],
        firefox: &["firefox"],
        webkit: &[],
        environment: &[],
        needs_root: true,
    },
    Manager {
        program: "pacman",
        refresh: &[],
        install: &["-S", "--noconfirm", "--needed"],
        chromium: &["chromium"],
        firefox: &["firefox", "geckodriver"],
        webkit: &["webkit2gtk-4.1", "xorg-server-xvfb"],
        environment: &[],
        needs_root: true,
    },
    Manager {
        program: "zypper",
        refresh: &[],
        install: &["--non-interactive", "install"],
        chromium: &["chromium", "chromedriver"],
        firefox: &["MozillaFirefox"],
        webkit: &[],
        environment: &[],
        needs_root: true,
    },
    Manager {
        program: "apk",
        refresh: &[],
        install: &["add"],
        chromium: &["chromium", "chromium-chromedriver"],
        firefox: &["firefox"],
        webkit: &[],
        environment: &[],
        needs_root: true,
    },
    Manager {
        program: "brew",
        refresh: &[],
        install: &["install"],
        chromium: &["chromium", "chromedriver"],
        firefox: &["firefox", "geckodriver"],
        webkit: &[],
        environment: &[("NONINTERACTIVE", "1")],
        needs_root: false,
    },
];

impl Manager {
    /// The one that is here.
    fn find() -> Option<&'static Self> {
        MANAGERS.iter().find(|manager| is_on_path(manager.program))
    }

    /// The commands that install engines, in order: program and arguments.
    fn commands(&'static self, engines: &[Engine]) -> Result<Vec<Vec<&'static str>>, InstallError> {
        let mut packages = Vec::new();
        for &engine in engines {
            let wanted = match engine {
                Engine::Chromium => self.chromium,
                Engine::Firefox => self.firefox,
                Engine::Webkit => self.webkit,
            };
            if wanted.is_empty() {
                return Err(InstallError::NotPackaged { manager: self.program, engine });
            }
            packages.extend(wanted);
        }
        let mut commands = Vec::new();
        if !self.refresh.is_empty() {
            commands.push([&[self.program], self.refresh].concat());
        }
        commands.push([&[self.program], self.install, &packages].concat());
        Ok(commands)
    }
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// What builds and installs geckodriver where the system has no package of it, as Debian has none. It is
/// kept where cargo keeps programs, and found there. What it does takes no time beside the browser's, so it is
/// built quickly instead of well: in a third of the time (53 s of processor against 150 s; 0.37.1, 2026-11-21).
const CARGO_GECKODRIVER: [&str; 5] = ["cargo", "install", "--locked", "--debug", "geckodriver"];

/// Without debug information, which would be four fifths of the program.
const CARGO_ENVIRONMENT: [(&str, &str); 1] = [("CARGO_PROFILE_DEV_DEBUG", "0")];

/// Installs engines and their drivers by the system's package manager, whose output goes to stderr, and
/// geckodriver by cargo where that has none. What is there already is left as it is.
///
/// # Errors
/// Where there is no package manager, no permission, or where it fails; each says what to do.
pub async fn install(engines: &[Engine]) -> Result<(), InstallError> {
    let lacks_package = |engine: &Engine| missing(*engine).any(|program| program.name != GECKODRIVER.name);
    let packaged: Vec<Engine> = engines.iter().copied().filter(lacks_package).collect();
    if !packaged.is_empty() {
        install_packages(&packaged).await?;
    }
    let mut missing = engines.iter().flat_map(|engine| missing(*engine)).peekable();
    if missing.peek().is_some_and(|program| program.name == GECKODRIVER.name) {
        if !is_on_path(CARGO_GECKODRIVER[0]) {
            let error = io::Error::from(io::ErrorKind::NotFound);
            return Err(InstallError::NotStarted { command: CARGO_GECKODRIVER.join(" "), error });
        }
        run(&CARGO_ENVIRONMENT, &CARGO_GECKODRIVER, false).await?;
    }
    match missing.find(|program| program.find().is_err()) {
        Some(program) => Err(InstallError::NotFound { name: program.name, variable: program.variable }),
        None => Ok(()),
    }
}

async fn install_packages(engines: &[Engine]) -> Result<(), InstallError> {
    let manager = Manager::find().ok_or(InstallError::NoManager)?;
    let commands = manager.commands(engines)?;
    let by_sudo = manager.needs_root && !is_root();
    if by_sudo && !sudo_works().await {
        let lines: Vec<_> = commands.iter().map(|command| command.join(" ")).collect();
        return Err(InstallError::NotPermitted { command: lines.join(" && ") });
    }
    for command in commands {
        run(manager.environment, &command, by_sudo).await?;
    }
    Ok(())
}

async fn run(environment: &[(&str, &str)], words: &[&str], by_sudo: bool) -> Result<(), InstallError> {
    let settings = environment.iter().map(|(name, value)| format!("{name}={value}"));
    // By `env`, as sudo passes no variables on.
    let mut line: Vec<String> = if by_sudo { vec!["sudo".into(), "-n".into()] } else { Vec::new() };
    line.push("env".into());
    line.extend(settings);
    line.extend(words.iter().map(|&word| word.to_owned()));
    let shown = words.join(" ");
    let mut command = Command::new(&line[0]);
    // There is nobody to answer a question.
    command.args(&line[1..]).stdin(Stdio::null()).stdout(io::stderr()).stderr(io::stderr());
    let status =
        command.status().await.map_err(|error| InstallError::NotStarted { command: shown.clone(), error })?;
    if status.success() {
        Ok(())
    } else {
        Err(InstallError::Failed { command: shown, status: status.to_string() })
    }
}

/// Whether `sudo` gives root without a password.
async fn sudo_works() -> bool {
    let mut command = Command::new("sudo");
    command.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    return false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_for_another_version_is_told_where_it_matters() {
        let part = |name, version: &str| Part {
            name,
            path: Some("/there".into()),
            version: Some(version.to_owned()),
            hint: String::new(),
        };
        let of = |engine, browser, driver| Inventory { engine, parts: vec![browser, driver] }.mismatch();
        let (chromium, firefox) = (part("chromium", "156.0.8078.108"), part("firefox", "153.7.0"));
        let told = of(Engine::Chromium, chromium.clone(), part("chromedriver", "150.0.1.2"));
        assert!(
            told.is_some_and(|told| told.starts_with("chromium is of version 156 and chromedriver of 150"))
        );
        assert_eq!(of(Engine::Chromium, chromium, part("chromedriver", "156.0.8078.79")), None);
        assert_eq!(of(Engine::Firefox, firefox, part("geckodriver", "0.37.1")), None);
    }

    #[test]
    fn every_manager_says_which_packages_and_asks_nothing() {
        let lines = |engine: Engine| -> Vec<String> {
            let commands = MANAGERS.iter().filter_map(|manager| manager.commands(&[engine]).ok()).flatten();
            commands.map(|command| command.join(" ")).filter(|line| line != "apt-get update -q").collect()
        };
        assert_eq!(
            lines(Engine::Chromium),
            [
                "apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 chromium chromium-driver chromium-sandbox",
                "dnf install -y chromium chromedriver",
                "pacman -S --noconfirm --needed chromium",
                "zypper --non-interactive install chromium chromedriver",
                "apk add chromium chromium-chromedriver",
                "brew install chromium chromedriver",
            ]
        );
        assert_eq!(lines(Engine::Firefox).len(), MANAGERS.len());
        assert_eq!(
            lines(Engine::Webkit),
            [
                "apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 webkit2gtk-driver xvfb",
                "pacman -S --noconfirm --needed webkit2gtk-4.1 xorg-server-xvfb",
            ]
        );
    }

    #[test]
    fn several_engines_are_installed_at_once() {
        let commands = MANAGERS[0].commands(&Engine::ALL).expect("Debian has them all");
        assert_eq!(commands[0], ["apt-get", "update", "-q"]);
        assert!(commands[1].ends_with(&["firefox-esr", "webkit2gtk-driver", "xvfb"]), "{commands:?}");
        assert_eq!(commands.len(), 2);
    }

    #[test]
    fn every_error_says_what_to_do() {
        let not_found = |command: &str| InstallError::NotStarted {
            command: command.to_owned(),
            error: io::ErrorKind::NotFound.into(),
        };
        let errors = [
            InstallError::NoManager,
            InstallError::NotPackaged { manager: "dnf", engine: Engine::Webkit },
            InstallError::NotPermitted { command: "apt-get update -q".to_owned() },
            not_found("apt-get update -q"),
            not_found("cargo install --locked geckodriver"),
            InstallError::Failed {
                command: "apt-get update -q".to_owned(),
                status: "exit status: 100".to_owned(),
            },
            InstallError::NotFound { name: "chromedriver", variable: "REHEARSAL_CHROMEDRIVER" },
        ];
        for error in errors {
            assert!(!error.hint().is_empty(), "{error}");
            assert!(error.to_string().starts_with(|c: char| c.is_lowercase() || c == '`'), "{error}");
        }
    }
}

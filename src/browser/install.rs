//! Which browsers are installed, and installing them by the system's package manager.
//!
//! A package manager is found, told what to do without ever asking back, and heard: its output goes to
//! stderr as it comes. Nothing is downloaded by us, and nothing is installed that was not asked for.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use super::driver::{self, CHROMEDRIVER, CHROMIUM, Program};
use super::name::Engine;

/// What an engine consists of, and where each part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The engine.
    pub engine: Engine,
    /// Its parts: the browser first, then its driver. Empty where this version cannot run the engine.
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
        !self.parts.is_empty() && self.parts.iter().all(|part| part.path.is_some())
    }
}

/// The programs an engine consists of.
const fn programs(engine: Engine) -> &'static [Program] {
    match engine {
        Engine::Chromium => &[CHROMIUM, CHROMEDRIVER],
        Engine::Firefox | Engine::Webkit => &[],
    }
}

/// Whether a browser and its driver are there. Starts nothing.
pub fn is_installed(engine: Engine) -> bool {
    !programs(engine).is_empty() && programs(engine).iter().all(|program| program.find().is_ok())
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
    /// This version of `rehearsal` cannot run the engine.
    Unsupported(Engine),
    /// None of the package managers that are known is here.
    NoManager,
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
    /// All went well, and yet the browser is not found.
    NotFound {
        /// The part that is missing.
        name: &'static str,
    },
}

impl InstallError {
    /// What to do about it: a fragment.
    pub fn hint(&self) -> String {
        match self {
            Self::Unsupported(_) => "today `rehearsal` runs chromium".to_owned(),
            Self::NoManager => format!(
                "install Chromium and ChromeDriver of one version, and name them by {} and {}",
                CHROMIUM.variable, CHROMEDRIVER.variable
            ),
            Self::NotPermitted { command } => format!("run `sudo sh -c '{command}'`, then try again"),
            Self::NotStarted { .. } => "look whether the package manager works at all".to_owned(),
            Self::Failed { command, .. } => format!("run `{command}` by hand to see what it needs"),
            Self::NotFound { .. } => {
                format!("name them by {} and {}", CHROMIUM.variable, CHROMEDRIVER.variable)
            }
        }
    }
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(engine) => write!(f, "{} cannot be installed yet", engine.as_str()),
            Self::NoManager => {
                let names: Vec<_> = MANAGERS.iter().map(|manager| manager.program).collect();
                write!(f, "there is no package manager that is known: {}", names.join(", "))
            }
            Self::NotPermitted { .. } => f.write_str("installing takes root, and sudo wants a password"),
            Self::NotStarted { command, error } => write!(f, "`{command}` cannot be started: {error}"),
            Self::Failed { command, status } => write!(f, "`{command}` failed: {status}"),
            Self::NotFound { name } => write!(f, "the packages are installed, and {name} is not found"),
        }
    }
}

impl std::error::Error for InstallError {}

/// A package manager, and how Chromium is called there.
struct Manager {
    program: &'static str,
    /// What is run before, if anything.
    refresh: &'static [&'static str],
    install: &'static [&'static str],
    chromium: &'static [&'static str],
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
        environment: &[("DEBIAN_FRONTEND", "noninteractive")],
        needs_root: true,
    },
    Manager {
        program: "dnf",
        refresh: &[],
        install: &["install", "-y"],
        chromium: &["chromium", "chromedriver"],
        environment: &[],
        needs_root: true,
    },
    Manager {
        program: "pacman",
        refresh: &[],
        install: &["-S", "--noconfirm", "--needed"],
        chromium: &["chromium"],
        environment: &[],
        needs_root: true,
    },
    Manager {
        program: "zypper",
        refresh: &[],
        install: &["--non-interactive", "install"],
        chromium: &["chromium", "chromedriver"],
        environment: &[],
        needs_root: true,
    },
    Manager {
        program: "apk",
        refresh: &[],
        install: &["add"],
        chromium: &["chromium", "chromium-chromedriver"],
        environment: &[],
        needs_root: true,
    },
    Manager {
        program: "brew",
        refresh: &[],
        install: &["install", "--cask"],
        chromium: &["chromium", "chromedriver"],
        environment: &[("NONINTERACTIVE", "1")],
        needs_root: false,
    },
];

impl Manager {
    /// The one that is here.
    fn find() -> Option<&'static Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        MANAGERS
            .iter()
            .find(|manager| std::env::split_paths(&path).any(|folder| folder.join(manager.program).is_file()))
    }

    /// The commands that install an engine, in order: program and arguments.
    fn commands(&self, engine: Engine) -> Vec<Vec<&'static str>> {
        let packages = match engine {
            Engine::Chromium => self.chromium,
            Engine::Firefox | Engine::Webkit => &[],
        };
        let mut commands = Vec::new();
        if !self.refresh.is_empty() {
            commands.push([&[self.program], self.refresh].concat());
        }
        commands.push([&[self.program], self.install, packages].concat());
        commands
    }
}

/// Installs an engine and its driver by the system's package manager, whose output goes to stderr.
///
/// # Errors
/// Where there is no package manager, no permission, or where it fails; each says what to do.
pub async fn install(engine: Engine) -> Result<(), InstallError> {
    if programs(engine).is_empty() {
        return Err(InstallError::Unsupported(engine));
    }
    let manager = Manager::find().ok_or(InstallError::NoManager)?;
    let commands = manager.commands(engine);
    let by_sudo = manager.needs_root && !is_root();
    if by_sudo && !sudo_works().await {
        let lines: Vec<_> = commands.iter().map(|command| command.join(" ")).collect();
        return Err(InstallError::NotPermitted { command: lines.join(" && ") });
    }
    for command in commands {
        run(manager, &command, by_sudo).await?;
    }
    match programs(engine).iter().find(|program| program.find().is_err()) {
        Some(program) => Err(InstallError::NotFound { name: program.name }),
        None => Ok(()),
    }
}

async fn run(manager: &Manager, words: &[&str], by_sudo: bool) -> Result<(), InstallError> {
    let settings = manager.environment.iter().map(|(name, value)| format!("{name}={value}"));
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
    fn every_manager_says_which_packages_and_asks_nothing() {
        let lines: Vec<String> = MANAGERS
            .iter()
            .flat_map(|manager| manager.commands(Engine::Chromium))
            .map(|command| command.join(" "))
            .collect();
        assert_eq!(
            lines,
            [
                "apt-get update -q",
                "apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 chromium chromium-driver chromium-sandbox",
                "dnf install -y chromium chromedriver",
                "pacman -S --noconfirm --needed chromium",
                "zypper --non-interactive install chromium chromedriver",
                "apk add chromium chromium-chromedriver",
                "brew install --cask chromium chromedriver",
            ]
        );
    }

    #[test]
    fn every_error_says_what_to_do() {
        let errors = [
            InstallError::Unsupported(Engine::Webkit),
            InstallError::NoManager,
            InstallError::NotPermitted { command: "apt-get update -q".to_owned() },
            InstallError::Failed {
                command: "apt-get update -q".to_owned(),
                status: "exit status: 100".to_owned(),
            },
            InstallError::NotFound { name: "chromedriver" },
        ];
        for error in errors {
            assert!(!error.hint().is_empty(), "{error}");
            assert!(error.to_string().starts_with(|c: char| c.is_lowercase() || c == '`'), "{error}");
        }
    }

    #[tokio::test]
    async fn an_engine_that_cannot_be_run_is_not_installed() {
        assert!(!is_installed(Engine::Webkit));
        assert!(!inventory(Engine::Webkit).await.is_complete());
        assert!(matches!(install(Engine::Webkit).await, Err(InstallError::Unsupported(_))));
    }
}

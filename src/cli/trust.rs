//! What the user may type to have a browser of theirs trust a world: `trust`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Format;

pub(super) const TRUST_ABOUT: &str = "\
Have an everyday browser trust a CA of this project's own, and undo that completely.

No scenario needs this: `run`, `open` and `exec` tell their programs alone what to trust. It is for those who look at the \
world of `rehearsal up` with a browser that they use for other things as well. The CA is constrained to the names of the \
scenarios, and its certificate lives for 90 days; one that could vouch for everything below a public suffix is refused.";

pub(super) const TRUST_EXAMPLES: &str = "\
Examples:
  rehearsal trust install scenarios             asks, and then has Chromium's and Firefox's stores (NSS) trust it
  sudo -E rehearsal trust install --store system --yes
                                                the system's store, for curl and others; nobody is asked
  rehearsal trust status                        what is trusted, where, and for how long
  rehearsal trust uninstall                     every store as it was before, and no CA in ./certs

`rehearsal up` uses the CA in ./certs where it may vouch for the scenario's names.

Exit codes: 0 it is done; 2 it is refused, or nobody has said yes; 3 a store could not be changed.";

/// `rehearsal trust`.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TrustCommand,
}

/// What `rehearsal trust` can do.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Make a CA for the names of scenarios, and have stores trust it
    Install(InstallArgs),
    /// Make every store what it was before, and take the CA away
    Uninstall(UninstallArgs),
    /// Say what is trusted, where, and for how long
    Status(StatusArgs),
}

/// `rehearsal trust install`.
#[derive(Debug, Args)]
pub struct InstallArgs {
    /// Scenario files, or folders of them: the CA is for their names
    #[arg(value_name = "PATH", default_value = "scenarios")]
    pub paths: Vec<PathBuf>,
    /// The stores: nss is the user's own, of Chromium and Firefox; system is that of the machine, which takes root
    #[arg(long, value_enum, value_delimiter = ',', default_value = "nss")]
    pub store: Vec<StoreArg>,
    /// Where the CA is and what is answered.
    #[command(flatten)]
    pub how: HowArgs,
    /// The root below which the system's store is
    #[arg(long, value_name = "FOLDER", default_value = "/")]
    pub root: PathBuf,
}

/// `rehearsal trust uninstall`.
#[derive(Debug, Args)]
pub struct UninstallArgs {
    /// Undo what was done for every project of this user, and not for this one alone
    #[arg(long)]
    pub all: bool,
    /// Where the CA is and what is answered.
    #[command(flatten)]
    pub how: HowArgs,
}

/// `rehearsal trust status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Where the CA is and what is answered.
#[derive(Debug, Args)]
pub struct HowArgs {
    /// The folder in which the project's CA is kept
    #[arg(long, value_name = "FOLDER", default_value = "certs")]
    pub certs: PathBuf,
    /// Say yes: nobody is asked
    #[arg(long)]
    pub yes: bool,
}

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreArg {
    /// The user's own stores, which Chromium and Firefox read.
    Nss,
    /// The system's.
    System,
}

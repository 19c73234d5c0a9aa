//! `rehearsal trust`: having an everyday browser trust a project's own CA, and undoing that.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use time::OffsetDateTime;

use super::{COULD_NOT_RUN, HELD, WRONG};
use crate::cli::{Format, HowArgs, InstallArgs, StoreArg, TrustArgs, TrustCommand, UninstallArgs};
use crate::text::{counted, quoted, safe, safe_lines};
use crate::trust::ledger::{Ledger, Store};
use crate::trust::{Trouble, nss, system};
use crate::world::certs::kept::{self, KeptError};
use crate::world::certs::{self, Authority};

/// Runs the command.
pub fn trust(arguments: &TrustArgs) -> ExitCode {
    let done = match &arguments.command {
        TrustCommand::Install(arguments) => install(arguments),
        TrustCommand::Uninstall(arguments) => uninstall(arguments),
        TrustCommand::Status(arguments) => status(arguments.format),
    };
    done.unwrap_or_else(|code| code)
}

fn install(arguments: &InstallArgs) -> Result<ExitCode, ExitCode> {
    let plans = super::load(&arguments.paths)?;
    let mut hosts: Vec<&str> = plans.iter().flat_map(|plan| certs::hosts(plan)).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let user = User::here()?;
    let folder = certs_of(&arguments.how);
    let kept = Authority::kept(&folder).map_err(|error| refused(&error))?;
    let before = ledgers(&user)?.into_iter().find(|ledger| ledger.certs == folder);
    let (authority, is_new) = match kept {
        Some(kept) if kept.serves(hosts.iter().copied()) && kept.public_suffixes().next().is_none() => {
            (kept, false)
        }
        Some(_) if before.is_some() => {
            super::complain(
                format!("the CA in {} is not for all these names, or ends soon", folder.display()),
                "undo that first: `rehearsal trust uninstall`; then install again",
            );
            return Err(ExitCode::from(WRONG));
        }
        _ => (Authority::of_project(hosts.iter().copied()).map_err(|error| refused(&error))?, true),
    };
    if let Some(before) = before.filter(|before| before.fingerprint == authority.fingerprint()) {
        super::remark(&format!("it is trusted already, in {}", counted(before.stores.len(), "store")));
        super::remark("other stores: `rehearsal trust uninstall` first, then install with --store");
        return Ok(ExitCode::from(HELD));
    }
    let fingerprint = authority.fingerprint();
    let mut stores = Vec::new();
    if arguments.store.contains(&StoreArg::System) {
        stores.push(Store::System(
            system::plan(&arguments.root, &fingerprint).map_err(|trouble| failed(&trouble))?,
        ));
    }
    if arguments.store.contains(&StoreArg::Nss) {
        let planned = nss::plan(&user.home, &fingerprint).map_err(|trouble| failed(&trouble))?;
        stores.extend(planned.into_iter().map(Store::Nss));
    }
    let mut question = vec![format!(
        "A CA for {} and what is below, good until {}, is to be trusted by",
        quoted(authority.permitted().iter().map(String::as_str)),
        authority.until().date()
    )];
    question.extend(stores.iter().map(|store| format!("  {store}")));
    question.push(format!(
        "Its key is kept in {}. Whoever reads it can impersonate these names to you.",
        folder.display()
    ));
    agreed(&arguments.how, &question)?;
    if is_new {
        authority.keep(&folder).map_err(|error| refused(&error))?;
    }
    let ledger = Ledger {
        version: 1,
        fingerprint,
        certs: folder.clone(),
        names: authority.permitted().to_vec(),
        until: authority.until().unix_timestamp(),
        stores,
        made: Vec::new(),
    };
    if let Err(trouble) = carry_out(ledger.clone(), &user.state, &authority.pem(), &folder) {
        failed(&trouble);
        // What was begun is undone: half of it would be trusted by nobody's leave.
        let written = ledgers(&user)?.into_iter().find(|one| one.fingerprint == ledger.fingerprint);
        if let Some(written) = written {
            undo(written, &user)?;
        }
        if is_new {
            forget(&folder)?;
        }
        return Err(ExitCode::from(COULD_NOT_RUN));
    }
    super::remark(&format!("it is trusted by {}", counted(ledger.stores.len(), "store")));
    super::remark("see it with `rehearsal up`; undone by `rehearsal trust uninstall`");
    Ok(ExitCode::from(HELD))
}

/// Changes the stores, each written down before.
fn carry_out(mut ledger: Ledger, state: &Path, pem: &str, certs: &Path) -> Result<(), Trouble> {
    let below = ledger.open(state)?;
    for (number, store) in ledger.stores.iter_mut().enumerate() {
        if let Store::Nss(done) = store {
            done.keep(&below, number)?;
        }
    }
    ledger.write(state)?;
    for number in 0..ledger.stores.len() {
        let installed = ledger.stores[number].install(pem, &kept::certificate(certs));
        ledger.write(state)?;
        installed?;
    }
    Ok(())
}

fn uninstall(arguments: &UninstallArgs) -> Result<ExitCode, ExitCode> {
    let user = User::here()?;
    let folder = certs_of(&arguments.how);
    let ledgers: Vec<Ledger> =
        ledgers(&user)?.into_iter().filter(|ledger| arguments.all || ledger.certs == folder).collect();
    if ledgers.is_empty() {
        super::remark("nothing is trusted for this project: there is nothing to undo");
        return Ok(ExitCode::from(HELD));
    }
    let stores = ledgers.iter().flat_map(|ledger| &ledger.stores);
    let mut question = vec!["No longer trusted, each as it was before:".to_owned()];
    question.extend(stores.map(|store| format!("  {store}")));
    agreed(&arguments.how, &question)?;
    for ledger in ledgers {
        let certs = ledger.certs.clone();
        undo(ledger, &user)?;
        forget(&certs)?;
    }
    super::remark("undone");
    Ok(ExitCode::from(HELD))
}

/// Undoes what was done for one authority. Where that fails, what is left stays written down.
fn undo(ledger: Ledger, user: &User) -> Result<(), ExitCode> {
    for store in &ledger.stores {
        if !store.uninstall().map_err(|trouble| failed(&trouble))? {
            super::remark(&format!(
                "{store}: somebody else has changed it meanwhile: the CA alone was taken out"
            ));
        }
    }
    ledger.close(&user.state).map_err(|trouble| failed(&trouble))
}

fn status(format: Format) -> Result<ExitCode, ExitCode> {
    let ledgers = ledgers(&User::here()?)?;
    let until = |ledger: &Ledger| {
        OffsetDateTime::from_unix_timestamp(ledger.until).map(|until| until.date().to_string())
    };
    let written = match format {
        Format::Json => super::write_json(&Document {
            version: 1,
            trusted: ledgers
                .iter()
                .map(|ledger| Trusted {
                    certs: &ledger.certs,
                    fingerprint: &ledger.fingerprint,
                    names: &ledger.names,
                    until: until(ledger).unwrap_or_default(),
                    stores: ledger
                        .stores
                        .iter()
                        .map(|store| Place { store: store.to_string(), is_there: store.is_there() })
                        .collect(),
                })
                .collect(),
        }),
        Format::Terminal => {
            let mut out = String::new();
            if ledgers.is_empty() {
                out.push_str("nothing is trusted\n");
            }
            for ledger in &ledgers {
                let names = quoted(ledger.names.iter().map(String::as_str));
                let until = until(ledger).unwrap_or_default();
                out.push_str(&format!("{}\n  for {names} until {until}\n", ledger.certs.display()));
                for store in &ledger.stores {
                    let word = if store.is_there() { "trusted by" } else { "no longer in" };
                    out.push_str(&format!("  {word} {store}\n"));
                }
            }
            io::stdout().lock().write_all(safe_lines(&out).as_bytes())
        }
    };
    Ok(super::after_writing(written, "what is trusted", HELD))
}

/// The document of `status --format json`, version 1.
#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    trusted: Vec<Trusted<'a>>,
}

#[derive(Serialize)]
struct Trusted<'a> {
    certs: &'a Path,
    fingerprint: &'a str,
    names: &'a [String],
    /// The day on which the certificate ends.
    until: String,
    stores: Vec<Place>,
}

#[derive(Serialize)]
struct Place {
    store: String,
    /// Whether the certificate is in it.
    is_there: bool,
}

/// Where this user has things.
struct User {
    home: PathBuf,
    /// Where programs keep what they know from one run to the next.
    state: PathBuf,
}

impl User {
    fn here() -> Result<Self, ExitCode> {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let Some(home) = folder("HOME") else {
            super::complain(
                "HOME is not set: nobody knows where the stores are",
                "set it to your own folder",
            );
            return Err(ExitCode::from(WRONG));
        };
        let state = folder("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local/state"));
        Ok(Self { home, state })
    }
}

fn ledgers(user: &User) -> Result<Vec<Ledger>, ExitCode> {
    Ledger::all(&user.state).map_err(|trouble| failed(&trouble))
}

/// The folder of the authority, wherever the command is run from.
fn certs_of(how: &HowArgs) -> PathBuf {
    std::path::absolute(&how.certs).unwrap_or_else(|_| how.certs.clone())
}

fn forget(certs: &Path) -> Result<(), ExitCode> {
    kept::forget(certs).map_err(|error| {
        super::complain(format!("{}: {error}", certs.display()), "take the folder away by hand");
        ExitCode::from(COULD_NOT_RUN)
    })
}

/// Asks, where a person is there to answer.
fn agreed(how: &HowArgs, question: &[String]) -> Result<(), ExitCode> {
    for line in question {
        super::remark(&safe(line));
    }
    if how.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        super::complain("nobody is there to say yes", "say it on the command line: --yes");
        return Err(ExitCode::from(WRONG));
    }
    super::remark("Go on? Type yes:");
    let mut answer = String::new();
    _ = io::stdin().lock().read_line(&mut answer);
    if answer.trim() == "yes" {
        return Ok(());
    }
    super::remark("nothing was changed");
    Err(ExitCode::from(WRONG))
}

fn refused(error: &KeptError) -> ExitCode {
    let (hint, code) = match error {
        KeptError::PublicSuffix(_) => (
            "name the scenarios whose names are a site's own; `open` and `exec` need no CA that is trusted",
            WRONG,
        ),
        KeptError::Certificate(_) => ("look at the hosts of the scenarios' origins", WRONG),
        KeptError::File(..) => ("look at the folder, or name another: --certs FOLDER", COULD_NOT_RUN),
        KeptError::Broken(..) => {
            ("`rehearsal trust uninstall` takes it away; then install again", COULD_NOT_RUN)
        }
    };
    super::complain(error.to_string(), hint);
    ExitCode::from(code)
}

fn failed(trouble: &Trouble) -> ExitCode {
    super::complain(trouble.to_string(), &trouble.hint);
    ExitCode::from(COULD_NOT_RUN)
}

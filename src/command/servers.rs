//! What the command line says of real servers: which it maps, which it allows, and whether they may be started.
//!
//! Every command that runs a scenario against real servers reads its scenarios here.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Read;
use crate::cli::ServerArgs;
use crate::diagnostic::Diagnostic;
use crate::plan::upstream::is_loopback;
use crate::plan::{Origin, Plan};
use crate::scenario::{self, mapped};
use crate::servers::{NotReady, Servers, Turn, allowed_by_environment};

/// How long a look at a port of this machine may take.
const LOOK: Duration = Duration::from_millis(200);

/// The real servers, as the command line allows them.
///
/// # Errors
/// The exit code, where the path of this program is unknown; that has been said.
pub(super) fn of(arguments: &ServerArgs) -> Result<Arc<Servers>, ExitCode> {
    let may_start = arguments.start || allowed_by_environment();
    Ok(Arc::new(Servers::new(super::this_program()?, may_start)))
}

/// Reads scenarios, or makes the one that `--map` stands for, and prints what is wrong with them. Upstreams on other
/// machines are allowed as the command line says.
///
/// # Errors
/// The exit code, where there is a mistake, or an upstream that nobody has allowed; that has been said.
pub(super) fn load(paths: &[PathBuf], arguments: &ServerArgs) -> Result<Read, ExitCode> {
    let read = if arguments.map.is_empty() { super::load_all(paths) } else { mapped(arguments)? };
    allowed(read, arguments)
}

/// The same for a command that runs nothing where there is a mistake.
///
/// # Errors
/// As [`load`], and where any scenario has a mistake.
pub(super) fn load_whole(paths: &[PathBuf], arguments: &ServerArgs) -> Result<Vec<Arc<Plan>>, ExitCode> {
    let read = match arguments.map.is_empty() {
        true => Read { plans: super::load(paths)?, is_broken: false, diagnostics: Vec::new() },
        false => mapped(arguments)?,
    };
    allowed(read, arguments).map(|read| read.plans)
}

/// Reads the one scenario whose world a command brings up, or makes the one that `--map` stands for.
///
/// # Errors
/// As [`load_whole`], and where there is not exactly one.
pub(super) fn load_one(path: Option<&Path>, arguments: &ServerArgs) -> Result<Arc<Plan>, ExitCode> {
    let paths: Vec<PathBuf> = path.map(Path::to_owned).into_iter().collect();
    let mut plans = load_whole(&paths, arguments)?;
    match (plans.pop(), plans.len()) {
        (Some(plan), 0) => Ok(plan),
        (last, others) => {
            let count = others + usize::from(last.is_some());
            let named = path.unwrap_or(Path::new("--map")).display();
            let message = format!("`{named}` holds {count} scenarios");
            super::complain(message, "one world is brought up at a time: name one file");
            Err(ExitCode::from(super::WRONG))
        }
    }
}

/// Makes the real servers of a world ready. Where one is not and none may be started, that is said, and the world is
/// brought up all the same: the server may be started later, by hand, and until then a request to it is answered with
/// what is wrong. What is returned is held for as long as the servers are used.
///
/// # Errors
/// The exit code, where a server does not start, or the user asks for the end while it does; why has been said.
pub(super) async fn ready(
    plan: &Plan,
    real: &Servers,
    cancelled: &CancellationToken,
) -> Result<Option<Turn>, ExitCode> {
    let made = tokio::select! {
        made = real.make_ready(plan, |what| tell(&what)) => made,
        () = cancelled.cancelled() => return Err(super::interrupted()),
    };
    match made {
        Ok(turn) => Ok(Some(turn)),
        Err(NotReady { message, hint }) if !real.may_start() => {
            warn(&message, &hint);
            Ok(None)
        }
        Err(NotReady { message, hint }) => {
            super::complain(message, hint);
            Err(ExitCode::from(super::COULD_NOT_RUN))
        }
    }
}

fn allowed(mut read: Read, arguments: &ServerArgs) -> Result<Read, ExitCode> {
    let mut refused = Vec::new();
    for plan in &mut read.plans {
        allow(Arc::make_mut(plan), &arguments.allow_upstream, &mut refused);
    }
    if !refused.is_empty() {
        super::print_diagnostics(&refused);
        return Err(ExitCode::from(super::WRONG));
    }
    for plan in &read.plans {
        for origin in &plan.origins {
            super::print_diagnostics(&stands_in_for(origin).into_iter().collect::<Vec<_>>());
        }
    }
    Ok(read)
}

/// Says on stderr what is not as it should be, and goes on.
pub(super) fn warn(message: &str, hint: &str) {
    super::print_diagnostics(&[Diagnostic::warning(message).help(hint)]);
}

/// Says on stderr what is waited for.
pub(super) fn tell(what: &str) {
    anstream::eprintln!("{what}");
}

fn mapped(arguments: &ServerArgs) -> Result<Read, ExitCode> {
    let (plan, diagnostics) = scenario::parse(mapped::source(&arguments.map));
    super::print_diagnostics(&diagnostics);
    let plan = plan.map(Arc::new).ok_or(ExitCode::from(super::WRONG))?;
    Ok(Read { plans: vec![plan], is_broken: false, diagnostics })
}

/// Marks the upstreams on other machines that the command line names, and refuses the others: a scenario alone sends
/// nothing off this machine.
fn allow(plan: &mut Plan, hosts: &[String], refused: &mut Vec<Diagnostic>) {
    let path = plan.source.path.clone();
    for origin in &mut plan.origins {
        let name = origin.name.clone();
        let Some(upstream) = origin.service.upstream_mut() else { continue };
        let Some(host) = upstream.place.outside().map(str::to_owned) else { continue };
        upstream.allowed = hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(&host));
        if !upstream.allowed {
            let message = format!("`{path}` has `{name}` answered by {host}, which is on another machine");
            let why = "requests leave this machine only where whoever runs a scenario allows that very host";
            let help = format!("if you mean to: `--allow-upstream {host}`");
            refused.push(Diagnostic::error(message).note(why).help(help));
        }
    }
}

/// A warning where an origin of the world stands at a place of this machine at which something answers: it is easy to
/// take the one for the other.
fn stands_in_for(origin: &Origin) -> Option<Diagnostic> {
    if origin.upstream().is_some() || !is_loopback(&origin.url) {
        return None;
    }
    let addresses: Vec<SocketAddr> =
        (origin.host().trim_matches(['[', ']']), origin.port()).to_socket_addrs().ok()?.collect();
    addresses
        .iter()
        .filter(|address| address.ip().is_loopback())
        .find_map(|address| TcpStream::connect_timeout(address, LOOK).ok())?;
    let url = origin.url.origin().ascii_serialization();
    let message = format!("a server of this machine answers at {url}, and it is not asked");
    Some(
        Diagnostic::warning(message)
            .note(format!("the scenario's own origin `{}` answers in its place", origin.name))
            .help(format!("to ask that server, give the origin `upstream = \"{url}\"`")),
    )
}

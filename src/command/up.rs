//! `rehearsal up`: the world of a scenario, for people and their programs, until Ctrl-C.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use super::live::{self, LivePage};
use super::servers;
use crate::browser::guard::Folder;
use crate::cli::{Format, UpArgs};
use crate::live::{Crossed, Live};
use crate::plan::Plan;
use crate::report::up;
use crate::servers::Servers;
use crate::world::certs::{self, Authority};
use crate::world::doors::Doors;
use crate::world::gateway::Gateway;

/// Runs the command.
pub fn up(arguments: &UpArgs) -> ExitCode {
    let plan = match servers::load_one(arguments.scenario.as_deref(), &arguments.servers) {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    if !arguments.gateway.ip().is_loopback() {
        let message =
            format!("the gateway does not listen on {}, which is not a loopback address", arguments.gateway);
        super::complain(message, "leave `--gateway` out, or give 127.0.0.1 and a port");
        return ExitCode::from(super::WRONG);
    }
    let real = match servers::of(&arguments.servers) {
        Ok(real) => real,
        Err(code) => return code,
    };
    super::block_on(async {
        let code = keep_up(&plan, arguments, &real).await;
        real.end().await;
        code
    })
}

async fn keep_up(plan: &Plan, arguments: &UpArgs, real: &Servers) -> ExitCode {
    let cancelled = super::cancelled_by_signals();
    let could_not = |message: String, hint: &str| {
        super::complain(message, hint);
        ExitCode::from(super::COULD_NOT_RUN)
    };
    let _turn = match servers::ready(plan, real, &cancelled).await {
        Ok(turn) => turn,
        Err(code) => return code,
    };
    let authority = match authority(plan, &arguments.certs) {
        Ok(authority) => authority,
        Err(code) => return code,
    };
    let gateway = match Gateway::bind(arguments.gateway) {
        Ok(gateway) => gateway,
        Err(error) => {
            let message = format!("the gateway cannot listen on {}: {error}", arguments.gateway);
            return could_not(message, "leave `--gateway` out for a free port, or name another");
        }
    };
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (world, doors) = match Doors::open(plan, &authority, any_port) {
        Ok(opened) => opened,
        Err(error) => return could_not(error.to_string(), error.hint()),
    };
    // A world is up for days: of its record what is new is read, and no more is kept.
    world.wire().keep(live::KEPT);
    gateway.show(&world);
    if arguments.listen
        && let Some(door) = doors.closed_doors().first()
    {
        let name = world.origins()[door.origin].name();
        return could_not(format!("`{name}` does not listen: {}", door.message), &door.hint);
    }
    for suffix in authority.public_suffixes() {
        super::caution(
            format!(
                "the CA of this world may vouch for every name below `{suffix}`, which is a public suffix"
            ),
            "have nothing trust it but what you start for this world",
        );
    }
    // The certificate alone: the key never leaves this process. The folder goes when this returns.
    let folder = match certificate_folder(&authority) {
        Ok(folder) => folder,
        Err(error) => {
            return could_not(
                format!("the CA's certificate cannot be written: {error}"),
                "look at the temporary folder (TMPDIR)",
            );
        }
    };
    let certificate = folder.path().join(CERTIFICATE);
    let mut page = match LivePage::open(plan, Live::default(), "up") {
        Ok(page) => page,
        Err(error) => return live::not_served(&error),
    };
    let up = up::Up {
        plan,
        world: &world,
        doors: &doors,
        gateway: gateway.address(),
        certificate: &certificate,
        page: &page.url(),
    };
    let announced = match arguments.format {
        Format::Terminal => up.write(&mut anstream::stdout()),
        Format::Json => up.write_json(&mut io::stdout()),
    };
    let announced = announced.and_then(|()| io::stdout().flush());
    // Where nobody has read how to reach it, nobody comes.
    if announced.is_ok() {
        tokio::select! {
            () = page.follow(world.wire(), |crossed| tell_cookies(crossed, arguments.format)) => {}
            () = cancelled.cancelled() => {}
        }
    }
    page.close().await;
    gateway.close().await;
    doors.close().await;
    world.close().await;
    super::after_writing(announced, "how to reach the world", super::HELD)
}

/// The project's own CA, where one is kept that may vouch for all of the world; else one for this run alone.
fn authority(plan: &Plan, folder: &Path) -> Result<Authority, ExitCode> {
    let could_not = |message: String, hint: &str| {
        super::complain(message, hint);
        ExitCode::from(super::COULD_NOT_RUN)
    };
    match Authority::kept(folder) {
        Ok(Some(authority)) if authority.serves(certs::hosts(plan)) => return Ok(authority),
        Ok(Some(_)) => super::caution(
            format!(
                "the CA in {} is not for all names of this world, or ends soon: another is used, which no store trusts",
                folder.display()
            ),
            "`rehearsal trust uninstall`, and `rehearsal trust install` with this scenario",
        ),
        Ok(None) => {}
        Err(error) => {
            let hint = "`rehearsal trust uninstall` takes it away, and `--certs` names another folder";
            return Err(could_not(error.to_string(), hint));
        }
    }
    let made = Authority::new(certs::hosts(plan));
    made.map_err(|error| could_not(error.to_string(), "look at the hosts of the scenario's origins"))
}

/// Tells of each cookie on a line of its own; to programs, nothing more.
fn tell_cookies(crossed: &Crossed, format: Format) {
    for crossing in crossed.crossings.iter().filter(|_| format == Format::Terminal) {
        // Whoever was reading may have gone: the world stays up for all others.
        _ = writeln!(anstream::stdout(), "{}", crossing.line());
    }
}

/// The file's name in its folder.
const CERTIFICATE: &str = "rehearsal-ca.pem";

fn certificate_folder(authority: &Authority) -> io::Result<Folder> {
    let folder = Folder::new()?;
    std::fs::write(folder.path().join(CERTIFICATE), authority.pem())?;
    Ok(folder)
}

//! `rehearsal exec`: any command inside the world of a scenario.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use tokio::process::{Child, Command};

use super::servers;
use crate::browser::guard::Folder;
use crate::cli::ExecArgs;
use crate::inside::variables::{self, Files, Variables};
use crate::plan::Plan;
use crate::servers::Servers;
use crate::world::certs::{self, Authority};
use crate::world::clock::Clock;
use crate::world::{Gateway, World};

/// Runs the command.
pub fn exec(arguments: &ExecArgs) -> ExitCode {
    let plan = match servers::load_one(arguments.scenario.as_deref(), &arguments.servers) {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    let real = match servers::of(&arguments.servers) {
        Ok(real) => real,
        Err(code) => return code,
    };
    super::block_on(async {
        let code = with_servers(&plan, arguments, &real).await;
        real.end().await;
        code
    })
}

async fn with_servers(plan: &Plan, arguments: &ExecArgs, real: &Servers) -> ExitCode {
    let cancelled = super::cancelled_by_signals();
    let _turn = match servers::ready(plan, real, &cancelled).await {
        Ok(turn) => turn,
        Err(code) => return code,
    };
    run(plan, arguments).await.unwrap_or_else(|failed| {
        super::complain(failed.message, failed.hint);
        ExitCode::from(super::COULD_NOT_RUN)
    })
}

/// Why there was no world to run a command in.
struct Failed {
    message: String,
    hint: &'static str,
}

async fn run(plan: &Plan, arguments: &ExecArgs) -> Result<ExitCode, Failed> {
    let authority = Authority::new(certs::hosts(plan)).map_err(|error| Failed {
        message: error.to_string(),
        hint: "look at the hosts of the scenario's origins",
    })?;
    // The certificate alone: the key never leaves this process. The folder goes when this returns.
    let unwritten = |error: io::Error| Failed {
        message: format!("the CA's certificate cannot be written: {error}"),
        hint: "look at the temporary folder (TMPDIR)",
    };
    let folder = Folder::new().map_err(unwritten)?;
    let files = Files::write(folder.path(), &authority).map_err(unwritten)?;
    if arguments.isolated {
        return isolated::run(plan, arguments, &authority, &files, folder.path()).await;
    }
    let world = World::start_with_servers(plan, &authority, Clock::running())
        .map_err(|error| Failed { message: error.to_string(), hint: error.hint() })?;
    world.wire().keep(0);
    let gateway = Gateway::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).map_err(|error| Failed {
        message: format!("the gateway cannot listen: {error}"),
        hint: "look whether this machine reaches itself (`ip link set lo up`)",
    })?;
    gateway.show(&world);
    let variables = variables::through_gateway(gateway.address(), &world, &authority, &files);
    let child = start(arguments, Path::new(""), &variables)?;
    let code = ended(child).await;
    gateway.close().await;
    world.close().await;
    Ok(code)
}

/// Starts the command, with a companion that ends it when this process is gone.
fn start(arguments: &ExecArgs, folder: &Path, variables: &Variables) -> Result<Child, Failed> {
    let program = std::env::current_exe().map_err(|error| Failed {
        message: format!("the path of this program is unknown: {error}"),
        hint: "call it by its full path",
    })?;
    let mut command = Command::new(program);
    command.arg("accompany").arg(std::process::id().to_string()).arg(folder).args(&arguments.command);
    command.envs(variables.set.iter().map(|(name, value)| (name, value)));
    for name in &variables.removed {
        command.env_remove(name);
    }
    command.spawn().map_err(|error| Failed {
        message: format!("the command cannot be started: {error}"),
        hint: "look whether more processes may be started (`ulimit -u`)",
    })
}

/// Waits until the command has ended: its exit code. A Ctrl-C reaches it by itself, and it may go on; a request to
/// terminate is passed on.
async fn ended(mut child: Child) -> ExitCode {
    let mut signals = signals();
    loop {
        tokio::select! {
            ended = child.wait() => {
                let code = ended.ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
                return code.map_or(ExitCode::FAILURE, ExitCode::from);
            }
            () = signals.asked() => terminate(&child),
        }
    }
}

#[cfg(unix)]
fn terminate(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    // It is our child, and not waited for yet: the id is its own. It may have ended all the same.
    _ = pid.map(|pid| kill_process(pid, Signal::TERM));
}

#[cfg(not(unix))]
fn terminate(_: &Child) {}

/// The signals that reach this process while a command runs.
#[cfg(unix)]
struct Signals {
    requests: Vec<tokio::signal::unix::Signal>,
    /// Held, so that a Ctrl-C does not end this process before the command has ended.
    _interrupts: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
fn signals() -> Signals {
    use tokio::signal::unix::{SignalKind, signal};
    // A signal that cannot be listened for keeps what it does by itself.
    let requests = [SignalKind::terminate(), SignalKind::hangup()];
    let requests = requests.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    Signals { requests, _interrupts: signal(SignalKind::interrupt()).ok() }
}

#[cfg(unix)]
impl Signals {
    /// Waits until the command is to be ended.
    async fn asked(&mut self) {
        std::future::poll_fn(|context| {
            let asked = self.requests.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if asked { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
fn signals() -> Signals {
    Signals
}

#[cfg(not(unix))]
impl Signals {
    async fn asked(&mut self) {
        std::future::pending::<()>().await;
    }
}

/// The command in a network of its own.
#[cfg(target_os = "linux")]
mod isolated {
    use std::net::{TcpListener, UdpSocket};
    use std::os::fd::OwnedFd;

    use tokio::net::UnixListener;

    use super::{
        Authority, Child, ExecArgs, ExitCode, Failed, Files, Ipv4Addr, Path, Plan, SocketAddr, ended, io,
        start, variables,
    };
    use crate::inside::etc;
    use crate::inside::namespace::{DOOR, ETC, WANTED};
    use crate::inside::sockets::{self, Socket};
    use crate::world::doors::Doors;

    /// The port of DNS.
    const DNS: u16 = 53;

    pub(super) async fn run(
        plan: &Plan,
        arguments: &ExecArgs,
        authority: &Authority,
        files: &Files,
        folder: &Path,
    ) -> Result<ExitCode, Failed> {
        let (world, origins) = Doors::elsewhere(plan, authority)
            .map_err(|error| Failed { message: error.to_string(), hint: error.hint() })?;
        world.wire().keep(0);
        let here = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut wanted = vec![Socket::Udp(here(DNS)), Socket::Tcp(here(DNS))];
        wanted.extend(origins.iter().map(|(_, address)| Socket::Tcp(*address)));
        wanted.extend(arguments.through.iter().map(|port| Socket::Tcp(here(*port))));
        let unprepared = |error: io::Error| Failed {
            message: format!("the network of the command cannot be prepared: {error}"),
            hint: "look at the temporary folder (TMPDIR)",
        };
        let lines: Vec<String> = wanted.iter().map(Socket::to_string).collect();
        std::fs::write(folder.join(WANTED), lines.join("\n")).map_err(unprepared)?;
        etc::write(&folder.join(ETC), authority, files.certificate()).map_err(unprepared)?;
        let door = UnixListener::bind(folder.join(DOOR)).map_err(unprepared)?;

        let mut child = start(arguments, folder, &variables::isolated(authority, files))?;
        let Some(made) = taken(&door, &mut child, wanted.len()).await else {
            // It has said why there are none.
            return Ok(ended(child).await);
        };
        let (doors, mut through) = opened(&world, made, &origins, &arguments.through).map_err(unprepared)?;
        let code = ended(child).await;
        through.abort_all();
        doors.close().await;
        world.close().await;
        Ok(code)
    }

    /// The sockets that the companion made, in the order they were wanted; none where it ended before.
    async fn taken(door: &UnixListener, child: &mut Child, count: usize) -> Option<Vec<OwnedFd>> {
        let taking = async {
            let (stream, _) = door.accept().await.ok()?;
            let stream = stream.into_std().ok()?;
            stream.set_nonblocking(false).ok()?;
            tokio::task::spawn_blocking(move || sockets::receive(&stream, count).ok()).await.ok()?
        };
        tokio::select! {
            made = taking => made,
            _ = child.wait() => None,
        }
    }

    /// Opens the world's doors on these sockets, and what lets ports of this machine be reached.
    fn opened(
        world: &crate::world::World,
        made: Vec<OwnedFd>,
        origins: &[(usize, SocketAddr)],
        ports: &[u16],
    ) -> io::Result<(Doors, tokio::task::JoinSet<()>)> {
        let mut made = made.into_iter();
        let mut next = || made.next().ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof));
        let dns = (UdpSocket::from(next()?), TcpListener::from(next()?));
        let mut listeners = Vec::with_capacity(origins.len());
        for (origin, _) in origins {
            listeners.push((*origin, TcpListener::from(next()?)));
        }
        let doors = Doors::on(world, dns, listeners)?;
        let mut through = tokio::task::JoinSet::new();
        for port in ports {
            let listener = TcpListener::from(next()?);
            listener.set_nonblocking(true)?;
            through.spawn(pass(tokio::net::TcpListener::from_std(listener)?, *port));
        }
        Ok((doors, through))
    }

    /// Passes connections on to a port of this machine.
    async fn pass(listener: tokio::net::TcpListener, port: u16) {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((mut inner, _)) = listener.accept().await {
            connections.spawn(async move {
                // Nobody listens there: the connection ends, as it would.
                if let Ok(mut outer) = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                    _ = tokio::io::copy_bidirectional(&mut inner, &mut outer).await;
                }
            });
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod isolated {
    use super::{Authority, ExecArgs, ExitCode, Failed, Files, Path, Plan};

    pub(super) async fn run(
        _: &Plan,
        _: &ExecArgs,
        _: &Authority,
        _: &Files,
        _: &Path,
    ) -> Result<ExitCode, Failed> {
        Err(Failed {
            message: "a network of its own is Linux's alone".to_owned(),
            hint: "leave `--isolated` out",
        })
    }
}

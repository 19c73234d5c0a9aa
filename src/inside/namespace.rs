//! A network of a program's own, in which nothing is but a world: Linux's user, mount and network namespaces.
//!
//! The process that enters it goes on as the same user, with `/etc` as the world has it and a loopback interface that
//! leads nowhere else. It takes no root. The sockets of the world are made here, while there is the right to ports
//! below 1024, and handed out to who serves them.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};
use rustix::thread::UnshareFlags;

use super::sockets::{self, Socket};

/// The folder that is laid over `/etc`, in the folder of the world.
pub const ETC: &str = "etc";

/// The sockets that are wanted, one a line.
pub const WANTED: &str = "sockets";

/// Where they are handed over.
pub const DOOR: &str = "door";

/// A program could not get a network of its own.
#[derive(Debug)]
pub struct Forbidden {
    /// What failed: a lower-case fragment.
    pub what: &'static str,
    /// The system's own word.
    pub error: io::Error,
}

impl Forbidden {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        "let users have namespaces of their own (`sysctl user.max_user_namespaces=10000`; on Ubuntu also \
         `kernel.apparmor_restrict_unprivileged_userns=0`; in Docker `--security-opt seccomp=unconfined` and \
         `--security-opt apparmor=unconfined`), or leave `--isolated` out: most programs honour a proxy"
    }
}

/// Enters a network of its own, and hands the sockets that are wanted out of it. The process must have one thread.
///
/// # Errors
/// What the system forbids, or fails at.
pub fn enter(folder: &Path) -> Result<(), Forbidden> {
    let failed = |what| move |error: io::Error| Forbidden { what, error };
    let wanted = fs::read_to_string(folder.join(WANTED)).map_err(failed("what is wanted cannot be read"))?;
    let wanted: Result<Vec<Socket>, String> = wanted.lines().map(str::parse).collect();
    let wanted = wanted.map_err(io::Error::other).map_err(failed("what is wanted cannot be read"))?;
    let door = UnixStream::connect(folder.join(DOOR)).map_err(failed("nobody takes the sockets"))?;
    unshare().map_err(failed("a network of its own cannot be had"))?;
    lay_over_etc(&folder.join(ETC)).map_err(failed("files cannot be laid over /etc"))?;
    bring_loopback_up().map_err(failed("the loopback interface cannot be brought up"))?;
    let made: io::Result<Vec<_>> = wanted.into_iter().map(Socket::bind).collect();
    let made = made.map_err(failed("a socket cannot be had"))?;
    sockets::send(&door, &made).map_err(failed("the sockets cannot be handed over"))
}

/// New namespaces, in which this user and group are the ones they are outside.
fn unshare() -> io::Result<()> {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    #[expect(deprecated, reason = "what makes it unsafe is CLONE_FILES, which is not asked for")]
    rustix::thread::unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS | UnshareFlags::NEWNET)?;
    // Without it no group may be mapped (`user_namespaces(7)`).
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{0} {0} 1", user.as_raw()))?;
    fs::write("/proc/self/gid_map", format!("{0} {0} 1", group.as_raw()))
}

fn lay_over_etc(folder: &Path) -> io::Result<()> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    let path = folder.to_str().ok_or_else(|| io::Error::other("the path of the folder is not UTF-8"))?;
    // What separates folders and options in a path is written so (`Documentation/filesystems/overlayfs.rst`).
    let path = path.replace('\\', "\\\\").replace(':', "\\:").replace(',', "\\,");
    let options = CString::new(format!("lowerdir={path}:/etc"))?;
    mount("overlay", "/etc", "overlay", MountFlags::RDONLY, options.as_c_str())?;
    Ok(())
}

/// Brings the loopback interface up, as `ip link set lo up` does, and gives it an address beside its own: programs that
/// ask for names of a family that is configured (`AI_ADDRCONFIG`) take no loopback address for that.
fn bring_loopback_up() -> io::Result<()> {
    const NEW_LINK: u16 = 16;
    const NEW_ADDRESS: u16 = 20;
    const CREATE: u16 = 0x400;
    const UP: u32 = 1;
    /// The first interface of every network.
    const LOOPBACK: u32 = 1;
    /// An address that is nobody's (RFC 5737).
    const NOBODY: [u8; 4] = [192, 0, 2, 1];
    const WHOLE: u8 = 32;
    const LOCAL_ADDRESS: u16 = 2;
    const LENGTH: u16 = 8;
    // Without a protocol it is NETLINK_ROUTE, which is 0.
    let kernel = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;

    // struct ifinfomsg: family, padding, type, index, flags, which of them change.
    let mut link = vec![0; 4];
    for part in [LOOPBACK, UP, UP] {
        link.extend(part.to_ne_bytes());
    }
    ask(&kernel, NEW_LINK, 0, &link)?;

    // struct ifaddrmsg: family, length of the prefix, flags, scope, index; then the address as struct rtattr.
    let family = u8::try_from(AddressFamily::INET.as_raw()).map_err(io::Error::other)?;
    let mut address = vec![family, WHOLE, 0, 0];
    address.extend(LOOPBACK.to_ne_bytes());
    address.extend(LENGTH.to_ne_bytes());
    address.extend(LOCAL_ADDRESS.to_ne_bytes());
    address.extend(NOBODY);
    ask(&kernel, NEW_ADDRESS, CREATE, &address)
}

/// Asks the kernel for a change over netlink (`rtnetlink(7)`), and hears whether it was made.
fn ask(kernel: &OwnedFd, kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    const REQUEST: u16 = 1;
    const ACKNOWLEDGE: u16 = 4;
    const HEADER: usize = 16;
    let length = u32::try_from(HEADER + body.len()).map_err(io::Error::other)?;
    // struct nlmsghdr: length, type, flags, sequence, sender.
    let mut message = Vec::from(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend((REQUEST | ACKNOWLEDGE | flags).to_ne_bytes());
    message.extend([0; 8]);
    message.extend(body);
    send(kernel, &message, SendFlags::empty())?;
    let mut answer = [0; 512];
    let (_, length) = recv(kernel, &mut answer, RecvFlags::empty())?;
    // struct nlmsgerr: the error, negative, or 0.
    let error = answer[..length.min(answer.len())].get(HEADER..HEADER + 4);
    match error.and_then(|error| error.try_into().ok()).map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(-error)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

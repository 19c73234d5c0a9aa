//! Sockets that are made in one network and served in another.
//!
//! A socket belongs to the network in which it was made, whoever has it. So the process in there makes them and
//! hands them over, and the world out here accepts on them (`unix(7)`, `SCM_RIGHTS`).

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::str::FromStr;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

/// How many sockets go over in one message; the system takes 253 (`SCM_MAX_FD`).
const TOGETHER: usize = 64;

/// A socket to be made, as it is written down: `tcp 127.0.0.1:443`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    /// For connections.
    Tcp(SocketAddr),
    /// For datagrams.
    Udp(SocketAddr),
}

impl Socket {
    /// Makes it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn bind(self) -> io::Result<OwnedFd> {
        match self {
            Self::Tcp(address) => TcpListener::bind(address).map(OwnedFd::from),
            Self::Udp(address) => UdpSocket::bind(address).map(OwnedFd::from),
        }
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp {address}"),
            Self::Udp(address) => write!(f, "udp {address}"),
        }
    }
}

impl FromStr for Socket {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is no socket");
        let (kind, address) = text.split_once(' ').ok_or_else(wrong)?;
        let address = address.parse().map_err(|_| wrong())?;
        match kind {
            "tcp" => Ok(Self::Tcp(address)),
            "udp" => Ok(Self::Udp(address)),
            _ => Err(wrong()),
        }
    }
}

/// Hands sockets over.
///
/// # Errors
/// Those of the system.
pub fn send(to: &UnixStream, sockets: &[OwnedFd]) -> io::Result<()> {
    for some in sockets.chunks(TOGETHER) {
        let handles: Vec<_> = some.iter().map(AsFd::as_fd).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(TOGETHER))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&handles)) {
            return Err(io::Error::other("there is no room for the sockets"));
        }
        sendmsg(to, &[IoSlice::new(b"s")], &mut control, SendFlags::empty())?;
    }
    Ok(())
}

/// Takes so many sockets.
///
/// # Errors
/// Those of the system, and where the other side ends before it has sent them.
pub fn receive(from: &UnixStream, count: usize) -> io::Result<Vec<OwnedFd>> {
    let mut sockets = Vec::with_capacity(count);
    while sockets.len() < count {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(TOGETHER))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let got = recvmsg(from, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
        if got.bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(handles) = message {
                sockets.extend(handles);
            }
        }
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_arrive_in_their_order() {
        let (here, there) = UnixStream::pair().expect("two ends");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let made: Vec<_> = (0..150).map(|_| Socket::Tcp(any).bind().expect("a socket")).collect();
        let address = |socket: OwnedFd| TcpListener::from(socket).local_addr().expect("it is bound");
        let copies: Vec<_> = made.iter().map(|socket| socket.try_clone().expect("a copy")).collect();
        send(&here, &made).expect("they are sent");
        let got = receive(&there, made.len()).expect("they arrive");
        let (got, sent): (Vec<_>, Vec<_>) =
            (got.into_iter().map(address).collect(), copies.into_iter().map(address).collect());
        assert_eq!(got, sent);
        drop(here);
        assert!(receive(&there, 1).is_err(), "nobody is there to send more");
    }

    #[test]
    fn a_socket_is_written_down_and_read() {
        let address = SocketAddr::from(([127, 0, 0, 1], 53));
        for socket in [Socket::Tcp(address), Socket::Udp(address)] {
            assert_eq!(socket.to_string().parse(), Ok(socket));
        }
        assert!("tcp".parse::<Socket>().is_err() && "sctp 127.0.0.1:1".parse::<Socket>().is_err());
    }
}

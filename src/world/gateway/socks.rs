//! The gateway's SOCKS5 side (RFC 1928): no authentication, CONNECT only, by name or address.
//!
//! It reads to the end of the request and not a byte further, so that what follows is the origin's.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Client, HANDSHAKE, Nobody};

/// The protocol's version: the first byte of every message of a client.
pub(super) const VERSION: u8 = 5;

/// The method "no authentication required", and the answer "no acceptable methods" (section 3).
const NO_AUTHENTICATION: u8 = 0;
const NO_METHOD: u8 = 0xff;

/// The command CONNECT (section 4).
const CONNECT: u8 = 1;

/// The types of addresses (section 5).
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Replies (section 6).
const SUCCEEDED: u8 = 0;
const GENERAL_FAILURE: u8 = 1;
const HOST_UNREACHABLE: u8 = 4;
const CONNECTION_REFUSED: u8 = 5;
const COMMAND_NOT_SUPPORTED: u8 = 7;
const ADDRESS_TYPE_NOT_SUPPORTED: u8 = 8;

/// What a client asks for, or the reply that refuses it.
type Asked = Result<(String, u16), u8>;

/// Speaks SOCKS5, and hands the stream to the origin asked for.
pub(super) async fn converse(mut stream: TcpStream, client: Client) {
    let Ok(Ok(Some(asked))) = timeout(HANDSHAKE, handshake(&mut stream)).await else { return };
    let found = match asked {
        Ok((host, port)) => client.shared.look_up(&host, port).map_err(|refusal| match refusal.nobody {
            Nobody::UnknownHost => HOST_UNREACHABLE,
            Nobody::UndeclaredPort => CONNECTION_REFUSED,
        }),
        Err(code) => Err(code),
    };
    let code = found.as_ref().err().copied().unwrap_or(SUCCEEDED);
    // The address bound means nothing here: there is no second socket.
    let reply = [VERSION, code, 0, IPV4, 0, 0, 0, 0, 0, 0];
    let sent = timeout(HANDSHAKE, stream.write_all(&reply)).await;
    if let (Ok(Ok(())), Ok(found)) = (sent, found) {
        client.serve(found, stream).await;
    }
}

/// Agrees on no authentication and reads the request. `None` where there is nothing to answer.
async fn handshake(stream: &mut TcpStream) -> io::Result<Option<Asked>> {
    let [version, count] = read(stream).await?;
    let mut methods = vec![0; usize::from(count)];
    stream.read_exact(&mut methods).await?;
    if version != VERSION {
        return Ok(None);
    }
    if !methods.contains(&NO_AUTHENTICATION) {
        stream.write_all(&[VERSION, NO_METHOD]).await?;
        return Ok(None);
    }
    stream.write_all(&[VERSION, NO_AUTHENTICATION]).await?;

    let [version, command, _, kind] = read(stream).await?;
    if version != VERSION {
        return Ok(None);
    }
    let host = match kind {
        IPV4 => Ipv4Addr::from(read::<4>(stream).await?).to_string(),
        IPV6 => Ipv6Addr::from(read::<16>(stream).await?).to_string(),
        NAME => {
            let [length] = read(stream).await?;
            let mut name = vec![0; usize::from(length)];
            stream.read_exact(&mut name).await?;
            match String::from_utf8(name) {
                Ok(name) if name.bytes().all(|byte| byte.is_ascii_graphic()) && !name.is_empty() => name,
                _ => return Ok(Some(Err(GENERAL_FAILURE))),
            }
        }
        _ => return Ok(Some(Err(ADDRESS_TYPE_NOT_SUPPORTED))),
    };
    let port = u16::from_be_bytes(read(stream).await?);
    Ok(Some(if command == CONNECT { Ok((host, port)) } else { Err(COMMAND_NOT_SUPPORTED) }))
}

async fn read<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

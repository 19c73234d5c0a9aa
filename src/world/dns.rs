//! The DNS door to a zone: a hickory server on UDP and TCP, on one loopback port.
//!
//! It is authoritative for all names, because a world is all there is; it never recurses, forwards or
//! transfers the zone. A packet can get an error for an answer, and do no more.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::proto::ProtoError;
use hickory_server::proto::op::{Edns, Header, HeaderCounts, LowerQuery, Metadata, OpCode, ResponseCode};
use hickory_server::proto::rr::rdata::{A, AAAA, CNAME, SOA};
use hickory_server::proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};

use super::zone::{Kind, Zone};
use crate::plan::RecordData;

/// How long answers may be cached, in seconds: not at all. The next world may say otherwise.
const TTL: u32 = 0;

/// The largest UDP answer, in bytes, to a client that takes more than 512 (DNS flag day 2020).
const MAX_UDP: u16 = 1232;

/// How long a TCP connection may idle (RFC 7766, section 6.2.3, leaves it to the server).
const TCP_IDLE: Duration = Duration::from_secs(10);

/// How many answers wait for a slow TCP client.
const TCP_ANSWERS: usize = 32;

/// How often a port is tried that must be free for both UDP and TCP.
const PORT_ATTEMPTS: usize = 16;

/// A DNS server for one zone. Dropped, it closes both sockets.
pub struct DnsServer {
    address: SocketAddr,
    server: Server<Door>,
}

impl DnsServer {
    /// Serves a zone on UDP and TCP at an address. Port 0 lets the system choose one port for both.
    ///
    /// Fails where the address is not loopback, or where it cannot be had. Must be called within a
    /// Tokio runtime.
    pub fn bind(zone: Arc<Zone>, address: SocketAddr) -> io::Result<Self> {
        let (udp, tcp) = sockets(super::loopback(address)?)?;
        Self::on(zone, udp, tcp)
    }

    /// Serves a zone on sockets that are there. Must be called within a Tokio runtime.
    pub(super) fn on(zone: Arc<Zone>, udp: UdpSocket, tcp: TcpListener) -> io::Result<Self> {
        let address = udp.local_addr()?;
        let mut server = Server::new(Door { zone });
        server.register_socket(udp);
        server.register_listener(tcp, TCP_IDLE, TCP_ANSWERS);
        Ok(Self { address, server })
    }

    /// Where it listens, on UDP and on TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes both sockets and every connection, and returns when they are closed.
    pub async fn close(&mut self) {
        // What the server says of its sockets no longer matters to anybody.
        _ = self.server.shutdown_gracefully().await;
    }
}

impl std::fmt::Debug for DnsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DnsServer").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A UDP and a TCP socket on one port.
fn sockets(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut attempt = 1;
    loop {
        let udp = std::net::UdpSocket::bind(address)?;
        match std::net::TcpListener::bind(udp.local_addr()?) {
            Ok(tcp) => {
                udp.set_nonblocking(true)?;
                tcp.set_nonblocking(true)?;
                return Ok((UdpSocket::from_std(udp)?, TcpListener::from_std(tcp)?));
            }
            // The port that the system chose for UDP may be taken for TCP.
            Err(_) if address.port() == 0 && attempt < PORT_ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

/// The zone, as hickory asks it.
struct Door {
    zone: Arc<Zone>,
}

/// An answer to one question.
struct Answer {
    code: ResponseCode,
    records: Vec<Record>,
    /// Whether the zone's SOA goes with it, as with every negative answer (RFC 2308, section 2).
    soa: bool,
}

#[async_trait::async_trait]
impl RequestHandler for Door {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        let answer = self.answer(request).unwrap_or(Answer::error(ResponseCode::ServFail));
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.authoritative = matches!(answer.code, ResponseCode::NoError | ResponseCode::NXDomain);
        metadata.response_code = answer.code;

        let soa = answer.soa.then(soa);
        let edns = request.edns.as_ref().map(|asked| {
            let mut edns = Edns::new();
            edns.set_max_payload(asked.max_payload().clamp(512, MAX_UDP));
            edns
        });
        let mut response = MessageResponseBuilder::from_message_request(request);
        if let Some(edns) = &edns {
            response.edns(edns);
        }
        let response = response.build(metadata, &answer.records, [], &soa, []);
        match response_handle.send_response(response).await {
            Ok(info) => info,
            // The client is gone, and the server wants to know what it would have been told.
            Err(_) => ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() }),
        }
    }
}

impl Door {
    fn answer(&self, request: &Request) -> Result<Answer, ProtoError> {
        if request.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
            return Ok(Answer::error(ResponseCode::BADVERS));
        }
        if request.metadata.op_code != OpCode::Query {
            return Ok(Answer::error(ResponseCode::NotImp));
        }
        let Ok(info) = request.request_info() else {
            // More than one question is malformed (RFC 9619, section 4), and so is none.
            return Ok(Answer::error(ResponseCode::FormErr));
        };
        let transfer = matches!(info.query.query_type(), RecordType::AXFR | RecordType::IXFR);
        if transfer || !matches!(info.query.query_class(), DNSClass::IN | DNSClass::ANY) {
            return Ok(Answer::error(ResponseCode::Refused));
        }
        self.look_up(info.query)
    }

    fn look_up(&self, query: &LowerQuery) -> Result<Answer, ProtoError> {
        let asked = query.original().name();
        if asked.is_root() && matches!(query.query_type(), RecordType::SOA | RecordType::ANY) {
            return Ok(Answer { code: ResponseCode::NoError, records: vec![soa()], soa: false });
        }
        let kind = match query.query_type() {
            RecordType::A => Kind::A,
            RecordType::AAAA => Kind::Aaaa,
            RecordType::CNAME => Kind::Cname,
            RecordType::ANY => Kind::Any,
            _ => Kind::Other,
        };
        let name = written(asked);
        let lookup = self.zone.lookup(&name, kind);
        let mut records = Vec::with_capacity(lookup.records.len());
        for (owner, data) in lookup.records {
            // The name asked for goes back as it was asked, capitals included.
            let owner = if owner == name { asked.clone() } else { absolute(&owner)? };
            records.push(Record::from_rdata(owner, TTL, rdata(data)?));
        }
        // The code is about the last name of a chain of aliases (RFC 6604, section 3).
        let code = if lookup.exists { ResponseCode::NoError } else { ResponseCode::NXDomain };
        Ok(Answer { code, records, soa: !lookup.found })
    }
}

impl Answer {
    fn error(code: ResponseCode) -> Self {
        Self { code, records: Vec::new(), soa: false }
    }
}

/// A name as the zone writes it. What no host name has becomes a character that no zone has, a dot
/// within a label above all, so that it cannot pass for the dot between two.
fn written(name: &Name) -> String {
    let text = |label: &[u8]| -> String {
        let readable = |byte: &u8| byte.is_ascii_graphic() && *byte != b'.';
        label
            .iter()
            .map(|byte| if readable(byte) { byte.to_ascii_lowercase().into() } else { '\u{fffd}' })
            .collect()
    };
    name.iter().map(text).collect::<Vec<_>>().join(".")
}

fn rdata(data: RecordData) -> Result<RData, ProtoError> {
    Ok(match data {
        RecordData::Cname(target) => RData::CNAME(CNAME(absolute(&target)?)),
        RecordData::Address(IpAddr::V4(address)) => RData::A(A(address)),
        RecordData::Address(IpAddr::V6(address)) => RData::AAAA(AAAA(address)),
    })
}

fn absolute(name: &str) -> Result<Name, ProtoError> {
    Name::from_ascii(format!("{name}."))
}

/// The zone's SOA: its apex is the root, and nobody can transfer it, so the numbers say little.
fn soa() -> Record {
    let name = |text| Name::from_ascii(text).expect("the name is well formed");
    let data =
        SOA::new(name("rehearsal.invalid."), name("nobody.rehearsal.invalid."), 1, 3600, 600, 86400, TTL);
    Record::from_rdata(Name::root(), TTL, RData::SOA(data))
}

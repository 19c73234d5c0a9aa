//! The DNS door, asked with real packets over UDP and TCP, named by the section that is kept.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::*;
use hickory_server::proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_server::proto::rr::{DNSClass, Name, RData, RecordType};
use rehearsal::plan::Plan;
use rehearsal::world::DnsServer;
use rehearsal::world::zone::{Block, Zone};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// What a question was answered with: the code, each record of the answer, and whether an SOA came.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    code: ResponseCode,
    answers: Vec<String>,
    soa: bool,
}

fn told(code: ResponseCode, answers: &[&str], soa: bool) -> Told {
    Told { code, answers: answers.iter().map(|answer| (*answer).to_owned()).collect(), soa }
}

fn the_plan() -> Plan {
    plan_with(
        [
            page("web", "https://www.shop.example"),
            page("api", "https://api.shop.example:8443"),
            page("dev", "http://localhost:3000"),
            page("below", "http://app.localhost:3000"),
            page("literal", "https://192.0.2.7"),
        ],
        [
            cname("shop.example", "www.shop.example"),
            cname("alias.example", "shop.example"),
            cname("dangling.example", "nowhere.example"),
            cname("loop-a.example", "loop-b.example"),
            cname("loop-b.example", "loop-a.example"),
            address("six.example", "::1"),
            address("both.example", "127.0.0.9"),
            address("both.example", "::1"),
            cname("*.tenants.example", "www.shop.example"),
            address("a.special.tenants.example", "127.0.0.8"),
            address("*.wild.example", "127.0.0.7"),
        ],
    )
}

fn server() -> DnsServer {
    let zone = Arc::new(Zone::new(&the_plan(), Block::UNBOUND));
    DnsServer::bind(zone, "127.0.0.1:0".parse().expect("an address")).expect("a DNS server")
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).expect("a name"), kind));
    message
}

async fn udp(server: SocketAddr, packet: &[u8]) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    socket.send_to(packet, server).await.expect("a packet sent");
    let mut buffer = vec![0; 65_535];
    let (length, from) = socket.recv_from(&mut buffer).await.expect("a packet received");
    assert_eq!(from, server);
    Message::from_vec(&buffer[..length]).expect("a message")
}

async fn tcp(server: SocketAddr, packet: &[u8]) -> Message {
    let mut stream = TcpStream::connect(server).await.expect("a connection");
    stream.write_all(&u16::try_from(packet.len()).expect("short").to_be_bytes()).await.expect("a length");
    stream.write_all(packet).await.expect("a packet sent");
    let length = stream.read_u16().await.expect("a length");
    let mut buffer = vec![0; usize::from(length)];
    stream.read_exact(&mut buffer).await.expect("a packet received");
    Message::from_vec(&buffer).expect("a message")
}

fn read(message: &Message) -> Told {
    let data = |data: &RData| match data {
        RData::A(address) => format!("A {address}"),
        RData::AAAA(address) => format!("AAAA {address}"),
        RData::CNAME(target) => format!("CNAME {target}"),
        RData::SOA(_) => "SOA".to_owned(),
        other => format!("{other}"),
    };
    Told {
        code: message.metadata.response_code,
        answers: message
            .answers
            .iter()
            .map(|record| format!("{} {}", record.name, data(&record.data)))
            .collect(),
        soa: message.authorities.iter().any(|record| matches!(record.data, RData::SOA(_))),
    }
}

/// Asks over UDP and over TCP, and makes sure that both say the same.
async fn ask(server: &DnsServer, name: &str, kind: RecordType) -> Told {
    let packet = question(name, kind).to_vec().expect("a packet");
    let (by_udp, by_tcp) = (udp(server.address(), &packet).await, tcp(server.address(), &packet).await);
    for message in [&by_udp, &by_tcp] {
        assert_eq!(message.metadata.id, 4711);
        assert!(message.metadata.authoritative, "{message}");
        assert!(!message.metadata.recursion_available, "{message}");
        assert!(message.metadata.recursion_desired, "{message}");
    }
    assert_eq!(read(&by_udp), read(&by_tcp));
    read(&by_udp)
}

use ResponseCode::{NXDomain, NoError};

#[tokio::test]
async fn rfc_1034_section_4_3_2_hosts_have_addresses_of_their_own() {
    let server = server();
    let a = RecordType::A;
    assert_eq!(
        ask(&server, "www.shop.example.", a).await,
        told(NoError, &["www.shop.example. A 127.77.0.1"], false)
    );
    assert_eq!(
        ask(&server, "api.shop.example.", a).await,
        told(NoError, &["api.shop.example. A 127.77.0.2"], false)
    );
    assert_eq!(ask(&server, "both.example.", a).await, told(NoError, &["both.example. A 127.0.0.9"], false));
    let aaaa = RecordType::AAAA;
    assert_eq!(ask(&server, "six.example.", aaaa).await, told(NoError, &["six.example. AAAA ::1"], false));
}

#[tokio::test]
async fn rfc_1034_section_3_1_case_does_not_matter_and_comes_back_as_asked() {
    let told_a = ask(&server(), "WwW.Shop.EXAMPLE.", RecordType::A).await;
    assert_eq!(told_a, told(NoError, &["WwW.Shop.EXAMPLE. A 127.77.0.1"], false));
}

#[tokio::test]
async fn rfc_1034_section_3_6_2_aliases_are_followed() {
    let server = server();
    let chain = [
        "alias.example. CNAME shop.example.",
        "shop.example. CNAME www.shop.example.",
        "www.shop.example. A 127.77.0.1",
    ];
    assert_eq!(ask(&server, "alias.example.", RecordType::A).await, told(NoError, &chain, false));
    assert_eq!(ask(&server, "alias.example.", RecordType::AAAA).await, told(NoError, &chain[..2], true));
    assert_eq!(ask(&server, "alias.example.", RecordType::MX).await, told(NoError, &chain[..2], true));
    assert_eq!(ask(&server, "alias.example.", RecordType::CNAME).await, told(NoError, &chain[..1], false));
}

#[tokio::test]
async fn rfc_1034_section_3_6_2_a_loop_of_aliases_ends() {
    let told_a = ask(&server(), "loop-a.example.", RecordType::A).await;
    let records = ["loop-a.example. CNAME loop-b.example.", "loop-b.example. CNAME loop-a.example."];
    assert_eq!(told_a, told(NoError, &records, true));
}

#[tokio::test]
async fn rfc_6604_section_3_the_code_is_about_the_last_name() {
    let told_a = ask(&server(), "dangling.example.", RecordType::A).await;
    assert_eq!(told_a, told(NXDomain, &["dangling.example. CNAME nowhere.example."], true));
}

#[tokio::test]
async fn rfc_2308_section_2_negative_answers_carry_the_soa() {
    let server = server();
    assert_eq!(ask(&server, "nowhere.example.", RecordType::A).await, told(NXDomain, &[], true));
    assert_eq!(ask(&server, "www.google.com.", RecordType::AAAA).await, told(NXDomain, &[], true));
    // A name with an address of the other family, or with other types only, exists.
    assert_eq!(ask(&server, "www.shop.example.", RecordType::AAAA).await, told(NoError, &[], true));
    assert_eq!(ask(&server, "six.example.", RecordType::A).await, told(NoError, &[], true));
    assert_eq!(ask(&server, "www.shop.example.", RecordType::TXT).await, told(NoError, &[], true));
    // So does one with nothing but names below it (RFC 8020), the root included.
    assert_eq!(ask(&server, "example.", RecordType::A).await, told(NoError, &[], true));
    assert_eq!(ask(&server, ".", RecordType::NS).await, told(NoError, &[], true));
    assert_eq!(ask(&server, ".", RecordType::SOA).await, told(NoError, &[". SOA"], false));
}

#[tokio::test]
async fn rfc_4592_section_2_2_1_a_wildcard_stands_for_what_is_not_there() {
    let server = server();
    let wild =
        |name: &str| [format!("{name} CNAME www.shop.example."), "www.shop.example. A 127.77.0.1".to_owned()];
    for name in ["acme.tenants.example.", "a.b.tenants.example.", "*.tenants.example."] {
        let records = wild(name);
        let records: Vec<_> = records.iter().map(String::as_str).collect();
        assert_eq!(ask(&server, name, RecordType::A).await, told(NoError, &records, false), "{name}");
    }
    assert_eq!(
        ask(&server, "x.wild.example.", RecordType::A).await,
        told(NoError, &["x.wild.example. A 127.0.0.7"], false)
    );
    assert_eq!(ask(&server, "x.wild.example.", RecordType::AAAA).await, told(NoError, &[], true));
    // It does not stand for its own parent.
    assert_eq!(ask(&server, "wild.example.", RecordType::A).await, told(NoError, &[], true));
}

#[tokio::test]
async fn rfc_4592_section_2_2_2_a_name_with_names_below_hides_the_wildcard() {
    let server = server();
    assert_eq!(ask(&server, "special.tenants.example.", RecordType::A).await, told(NoError, &[], true));
    // Its closest encloser is `special.tenants.example`, which has no wildcard (section 3.3.1).
    assert_eq!(ask(&server, "b.special.tenants.example.", RecordType::A).await, told(NXDomain, &[], true));
}

#[tokio::test]
async fn rfc_6761_section_6_3_localhost_is_loopback_where_an_origin_stands_there() {
    let server = server();
    assert_eq!(
        ask(&server, "localhost.", RecordType::A).await,
        told(NoError, &["localhost. A 127.0.0.1"], false)
    );
    assert_eq!(
        ask(&server, "app.localhost.", RecordType::A).await,
        told(NoError, &["app.localhost. A 127.0.0.1"], false)
    );
    assert_eq!(ask(&server, "other.localhost.", RecordType::A).await, told(NXDomain, &[], true));
}

#[tokio::test]
async fn hosts_that_are_addresses_are_not_in_dns() {
    assert_eq!(ask(&server(), "192.0.2.7.", RecordType::A).await, told(NXDomain, &[], true));
}

#[tokio::test]
async fn a_dot_within_a_label_is_no_dot_between_labels() {
    let told_a = ask(&server(), "x\\.wild.example.", RecordType::A).await;
    assert_eq!(told_a, told(NXDomain, &[], true));
}

#[tokio::test]
async fn rfc_8482_section_4_any_answers_with_what_is_there() {
    let server = server();
    let both = ["both.example. A 127.0.0.9", "both.example. AAAA ::1"];
    assert_eq!(ask(&server, "both.example.", RecordType::ANY).await, told(NoError, &both, false));
    let alias = ["shop.example. CNAME www.shop.example."];
    assert_eq!(ask(&server, "shop.example.", RecordType::ANY).await, told(NoError, &alias, false));
}

#[tokio::test]
async fn rfc_5936_section_2_2_1_the_zone_is_not_transferred() {
    let server = server();
    for kind in [RecordType::AXFR, RecordType::IXFR] {
        let packet = question("example.", kind).to_vec().expect("a packet");
        let answer = tcp(server.address(), &packet).await;
        assert_eq!(read(&answer), told(ResponseCode::Refused, &[], false));
    }
}

#[tokio::test]
async fn rfc_1035_section_4_1_1_other_opcodes_and_classes_are_refused() {
    let server = server();
    let mut update = question("www.shop.example.", RecordType::A);
    update.metadata.op_code = OpCode::Status;
    let answer = udp(server.address(), &update.to_vec().expect("a packet")).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NotImp);

    let mut chaos = Message::new(1, MessageType::Query, OpCode::Query);
    let mut query = Query::query(Name::from_ascii("version.bind.").expect("a name"), RecordType::TXT);
    query.set_query_class(DNSClass::CH);
    chaos.add_query(query);
    let answer = udp(server.address(), &chaos.to_vec().expect("a packet")).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
}

#[tokio::test]
async fn rfc_9619_section_4_two_questions_are_malformed() {
    let server = server();
    let mut message = question("www.shop.example.", RecordType::A);
    message.add_query(Query::query(Name::from_ascii("six.example.").expect("a name"), RecordType::A));
    let answer = udp(server.address(), &message.to_vec().expect("a packet")).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::FormErr);
    let none = Message::new(7, MessageType::Query, OpCode::Query).to_vec().expect("a packet");
    let answer = udp(server.address(), &none).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::FormErr);
}

#[tokio::test]
async fn rfc_6891_sections_6_1_1_and_6_1_3_edns_is_answered_by_edns() {
    let server = server();
    let mut message = question("www.shop.example.", RecordType::A);
    let mut edns = Edns::new();
    edns.set_max_payload(4096);
    message.edns = Some(edns);
    let answer = udp(server.address(), &message.to_vec().expect("a packet")).await;
    assert_eq!(answer.edns.as_ref().map(Edns::max_payload), Some(1232));
    assert_eq!(answer.answers.len(), 1);

    message.edns.as_mut().expect("just set").set_version(1);
    let answer = udp(server.address(), &message.to_vec().expect("a packet")).await;
    // BADVERS and BADSIG are one number, 16.
    assert_eq!(u16::from(answer.metadata.response_code), 16);
    assert_eq!(answer.edns.as_ref().map(Edns::version), Some(0));

    let plain = question("www.shop.example.", RecordType::A);
    assert!(udp(server.address(), &plain.to_vec().expect("a packet")).await.edns.is_none());
}

#[tokio::test]
async fn rfc_1035_section_4_2_1_a_long_answer_is_cut_for_udp_and_whole_by_tcp() {
    let records: Vec<_> = (1..=100).map(|last| address("many.example", &format!("127.0.1.{last}"))).collect();
    let zone =
        Arc::new(Zone::new(&plan_with([page("web", "https://many.example")], records), Block::UNBOUND));
    let server = DnsServer::bind(zone, "127.0.0.1:0".parse().expect("an address")).expect("a DNS server");
    let packet = question("many.example.", RecordType::A).to_vec().expect("a packet");
    assert!(udp(server.address(), &packet).await.metadata.truncation);
    let whole = tcp(server.address(), &packet).await;
    assert!(!whole.metadata.truncation);
    assert_eq!(whole.answers.len(), 100);
}

#[tokio::test]
async fn rfc_7766_section_6_2_1_1_one_connection_carries_many_questions() {
    let server = server();
    let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
    let packet = question("www.shop.example.", RecordType::A).to_vec().expect("a packet");
    for _ in 0..50 {
        stream.write_all(&u16::try_from(packet.len()).expect("short").to_be_bytes()).await.expect("a length");
        stream.write_all(&packet).await.expect("a packet sent");
    }
    for _ in 0..50 {
        let length = stream.read_u16().await.expect("a length");
        let mut buffer = vec![0; usize::from(length)];
        stream.read_exact(&mut buffer).await.expect("a packet received");
        assert_eq!(read(&Message::from_vec(&buffer).expect("a message")).answers.len(), 1);
    }
}

#[tokio::test]
async fn garbage_neither_stops_nor_silences_the_server() {
    let zone = Arc::new(Zone::new(&the_plan(), Block::UNBOUND));
    // An address of its own: no other test is bound to it.
    let mut server =
        DnsServer::bind(zone, "127.0.53.1:0".parse().expect("an address")).expect("a DNS server");
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let mut random = Random::new(0x5eed);
    let good = question("alias.example.", RecordType::A).to_vec().expect("a packet");
    for round in 0..4_000 {
        let mut packet = if round % 2 == 0 { random.bytes(64) } else { good.clone() };
        for _ in 0..random.below(6) {
            if !packet.is_empty() {
                let at = random.below(packet.len());
                packet[at] = random.byte();
            }
        }
        packet.truncate(random.below(packet.len() + 1).max(usize::from(round % 3 == 0)));
        socket.send_to(&packet, server.address()).await.expect("a packet sent");
        if round % 40 == 0 {
            // What it is sent over TCP, a length that lies included, ends that connection at most.
            if let Ok(mut stream) = TcpStream::connect(server.address()).await {
                _ = stream.write_all(&random.bytes(300)).await;
            }
            assert_eq!(ask(&server, "www.shop.example.", RecordType::A).await.answers.len(), 1);
        }
    }
    assert!(listens("udp", server.address()) && listens("tcp", server.address()));
    server.close().await;
    assert!(!listens("udp", server.address()) && !listens("tcp", server.address()));
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let zone = Arc::new(Zone::new(&the_plan(), Block::UNBOUND));
    let error = DnsServer::bind(zone, "0.0.0.0:0".parse().expect("an address")).expect_err("not loopback");
    assert_eq!(
        error.to_string(),
        "0.0.0.0:0 is not a loopback address, and nothing here listens anywhere else"
    );
}

//! The names of a world: one DNS zone, asked through two doors, the gateway and the DNS server.
//!
//! The zone's apex is the root, so the world is all there is: a name that no origin and no record
//! declares does not exist. It never asks anybody else, and never hands out an address off loopback
//! that the plan does not state.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use crate::plan::{Plan, RecordData};

/// The longest chain of aliases that is followed. BIND stops at 16 as well.
const MAX_ALIASES: usize = 16;

/// The names of one world and what they answer with. Immutable.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Lower-case names without a final dot, empty non-terminals included (RFC 4592, section 2.2.2).
    nodes: BTreeMap<String, Node>,
}

/// The records at one name. A name with an alias has nothing else (RFC 1034, section 3.6.2).
#[derive(Clone, Debug, Default)]
struct Node {
    alias: Option<String>,
    addresses: Vec<IpAddr>,
}

/// The type a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// The alias itself, not followed.
    Cname,
    /// Whatever is there.
    Any,
    /// A type the zone has no records of. Aliases are followed all the same.
    Other,
}

/// What the zone answers to a name and a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Owner and data, aliases first and in the order they were followed.
    pub records: Vec<(String, RecordData)>,
    /// Whether the last name of the chain exists.
    pub exists: bool,
    /// Whether the last name of the chain has a record of the type.
    pub found: bool,
}

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The name asked for and every alias on the way, in order. Never empty.
    pub names: Vec<String>,
    /// The addresses of the last name. Never empty.
    pub addresses: Vec<IpAddr>,
}

/// A loopback network, `127.N.0.0/16`, that a world takes the addresses of its hosts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block(u8);

impl Block {
    /// The network of worlds that no socket listens for: their addresses are only talked about.
    pub const UNBOUND: Self = Self(77);

    /// How many networks there are. `127.0.0.0/16` is left out: resolvers and services live there.
    pub const COUNT: u8 = 254;

    /// The network with this number, modulo [`Block::COUNT`].
    pub fn numbered(number: usize) -> Self {
        Self(u8::try_from(number % usize::from(Self::COUNT)).expect("a remainder of 254 fits") + 1)
    }

    /// The hosts' addresses in order: `.0` and `.255` at the end are left out, so that nothing
    /// mistakes one for a network.
    fn addresses(self) -> impl Iterator<Item = Ipv4Addr> {
        (0..=255)
            .flat_map(move |third| (1..=254).map(move |fourth| Ipv4Addr::new(127, self.0, third, fourth)))
    }
}

impl Zone {
    /// The zone of a plan: its records, and an address for every origin's host that no record gives
    /// one to.
    ///
    /// Each such host gets an address of its own from the block, in the order of the file. `localhost`
    /// and the names below it get 127.0.0.1, because that is where browsers look without asking
    /// (RFC 6761, section 6.3). Hosts that are addresses are not in DNS.
    pub fn new(plan: &Plan, block: Block) -> Self {
        let mut zone = Self { nodes: BTreeMap::new() };
        for record in &plan.records {
            let node = zone.declare(&record.name);
            match &record.data {
                RecordData::Cname(target) => _ = node.alias.get_or_insert_with(|| target.clone()),
                RecordData::Address(address) => node.addresses.push(*address),
            }
        }
        let taken: BTreeSet<IpAddr> = zone.nodes.values().flat_map(|node| node.addresses.clone()).collect();
        let mut free = block.addresses().filter(|address| !taken.contains(&IpAddr::V4(*address)));
        for origin in &plan.origins {
            let Some(host) = name_of(origin.host()) else { continue };
            let node = zone.declare(&host);
            if node.alias.is_some() || !node.addresses.is_empty() {
                continue;
            }
            let address = if is_localhost(&host) { Some(Ipv4Addr::LOCALHOST) } else { free.next() };
            node.addresses.extend(address.map(IpAddr::V4));
        }
        zone
    }

    /// What a name answers with for a type: aliases followed, wildcards applied.
    ///
    /// The name may have a final dot and capitals. The answer to a loop of aliases is the loop, once.
    pub fn lookup(&self, name: &str, kind: Kind) -> Lookup {
        let mut records = Vec::new();
        let mut name = normal(name);
        for _ in 0..=MAX_ALIASES {
            let Some(node) = self.node(&name) else {
                return Lookup { records, exists: false, found: false };
            };
            let followed = !matches!(kind, Kind::Cname | Kind::Any);
            if let Some(target) = &node.alias {
                let seen = records.iter().any(|(owner, _)| *owner == name);
                if seen {
                    break;
                }
                records.push((name, RecordData::Cname(target.clone())));
                if !followed {
                    return Lookup { records, exists: true, found: true };
                }
                name = target.clone();
                continue;
            }
            let before = records.len();
            let wanted = node.addresses.iter().filter(|address| match kind {
                Kind::A => address.is_ipv4(),
                Kind::Aaaa => address.is_ipv6(),
                Kind::Any => true,
                Kind::Cname | Kind::Other => false,
            });
            records.extend(wanted.map(|address| (name.clone(), RecordData::Address(*address))));
            let found = records.len() > before;
            return Lookup { records, exists: true, found };
        }
        Lookup { records, exists: true, found: false }
    }

    /// What a name leads to. `None` where it does not exist, or leads to no address.
    pub fn resolve(&self, name: &str) -> Option<Resolved> {
        let mut names = vec![normal(name)];
        let mut addresses = Vec::new();
        for kind in [Kind::A, Kind::Aaaa] {
            let lookup = self.lookup(name, kind);
            names.truncate(1);
            for (_, data) in lookup.records {
                match data {
                    RecordData::Cname(target) => names.push(target),
                    RecordData::Address(address) => addresses.push(address),
                }
            }
        }
        (!addresses.is_empty()).then_some(Resolved { names, addresses })
    }

    /// The names that were declared, wildcards as such, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let declared = |node: &Node| node.alias.is_some() || !node.addresses.is_empty();
        self.nodes.iter().filter(move |(_, node)| declared(node)).map(|(name, _)| name.as_str())
    }

    /// The node of a name, and with it that of each name above it.
    fn declare(&mut self, name: &str) -> &mut Node {
        for parent in parents(name) {
            self.nodes.entry(parent.to_owned()).or_default();
        }
        self.nodes.entry(name.to_owned()).or_default()
    }

    /// The node that answers for a name: its own, or else the wildcard at its closest encloser
    /// (RFC 4592, sections 3.3.1 and 3.3.2). A name that exists, records or not, hides the wildcard.
    fn node(&self, name: &str) -> Option<&Node> {
        if name.is_empty() {
            return Some(const { &Node { alias: None, addresses: Vec::new() } });
        }
        if let Some(node) = self.nodes.get(name) {
            return Some(node);
        }
        let encloser = parents(name).find(|parent| self.nodes.contains_key(*parent))?;
        self.nodes.get(&format!("*.{encloser}"))
    }
}

/// Every name above this one, nearest first, without the root.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(name.split_once('.'), |(_, parent)| parent.split_once('.'))
        .map(|(_, parent)| parent)
}

/// A name as the zone writes it.
pub(super) fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// A URL's host as a name of the zone; `None` where it is an address.
pub(super) fn name_of(host: &str) -> Option<String> {
    address_of(host).is_none().then(|| normal(host))
}

/// A URL's host as an address, IPv6 in brackets or bare; `None` where it is a name.
pub(super) fn address_of(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// Whether browsers take a name for this machine without asking (RFC 6761, section 6.3).
fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Certificate, Origin, Record, Service};

    #[test]
    fn every_host_has_an_address_of_its_own_that_no_record_has() {
        let origin = |index: usize| Origin {
            name: format!("o{index}"),
            url: format!("https://o{index}.example").parse().expect("a URL"),
            certificate: Certificate::Good,
            service: Service::Page,
            cors: None,
            edge: None,
        };
        let taken = IpAddr::from([127, 77, 0, 3]);
        let plan = Plan {
            source: std::sync::Arc::new(crate::diagnostic::Source::new("", "")),
            title: String::new(),
            covers: Vec::new(),
            tags: Vec::new(),
            records: vec![Record { name: "taken.example".to_owned(), data: RecordData::Address(taken) }],
            origins: (0..600).map(origin).collect(),
            steps: Vec::new(),
        };
        let zone = Zone::new(&plan, Block::UNBOUND);
        let address = |index| zone.resolve(&format!("o{index}.example.")).expect("it exists").addresses[0];
        let addresses: BTreeSet<_> = (0..600).map(address).collect();
        assert_eq!(addresses.len(), 600);
        assert!(!addresses.contains(&taken));
        assert!(addresses.iter().all(IpAddr::is_loopback));
        assert_eq!(zone.names().count(), 601);
    }

    #[test]
    fn blocks_are_loopback_and_leave_the_first_one_out() {
        for number in [0, 1, 253, 254, usize::MAX] {
            let first = Block::numbered(number).addresses().next().expect("an address");
            assert!(first.is_loopback() && first.octets()[1] != 0 && first.octets()[1] != 255, "{first}");
        }
    }
}

//! How the world that `up` brought up is announced: for people, and as one line of JSON.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use serde::Serialize;

use crate::plan::Plan;
use crate::relation;
use crate::suffixes::registrable_domain;
use crate::text::safe;
use crate::world::World;
use crate::world::doors::Doors;

/// A world that is up, and the doors to it.
#[derive(Clone, Copy, Debug)]
pub struct Up<'a> {
    /// The scenario.
    pub plan: &'a Plan,
    /// Its world.
    pub world: &'a World,
    /// The DNS server and the origins' own addresses.
    pub doors: &'a Doors,
    /// The gateway's address.
    pub gateway: SocketAddr,
    /// The file with the CA's certificate.
    pub certificate: &'a Path,
    /// The address of the page that shows what happens.
    pub page: &'a str,
}

/// The one line of `up --format json`, version 1: programs read it, so keys are added and never renamed.
#[derive(Serialize)]
struct Line<'a> {
    version: u8,
    gateway: String,
    dns: String,
    ca: String,
    /// The page that shows what happens. Whoever knows the address may look.
    live: &'a str,
    origins: Vec<OriginObject<'a>>,
}

#[derive(Serialize)]
struct OriginObject<'a> {
    name: &'a str,
    url: String,
    address: Option<String>,
    /// Whether the origin listens at its own address and port, beside the gateway.
    listening: bool,
}

impl Up<'_> {
    /// Writes the one line of JSON.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let closed = |index: usize| self.doors.closed_doors().iter().any(|door| door.origin == index);
        let origins = self.world.origins().iter().enumerate().map(|(index, origin)| OriginObject {
            name: origin.name(),
            url: origin.url().origin().ascii_serialization(),
            address: origin.address().map(|address| address.to_string()),
            listening: !closed(index),
        });
        let line = Line {
            version: 1,
            gateway: self.gateway.to_string(),
            dns: self.doors.dns().to_string(),
            ca: self.certificate.display().to_string(),
            live: self.page,
            origins: origins.collect(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let (gateway, ca) = (self.gateway, self.certificate.display());
        writeln!(out, "{}\n", safe(&self.plan.title))?;
        let width = self.world.origins().iter().map(|origin| origin.name().len()).max().unwrap_or(0);
        writeln!(out, "origins")?;
        for origin in self.world.origins() {
            let address = origin
                .address()
                .map(|address| format!("  ({address}:{})", origin.port()))
                .unwrap_or_default();
            let planned = self.plan.origins.iter().find(|planned| planned.name == origin.name());
            let target = planned
                .and_then(|planned| planned.upstream())
                .map(|upstream| format!(" → {}", upstream.place))
                .unwrap_or_default();
            writeln!(
                out,
                "  {:width$}  {}{target}{address}",
                origin.name(),
                origin.url().origin().ascii_serialization()
            )?;
        }
        self.write_relations(out)?;
        writeln!(out, "\ngateway  {gateway}  (SOCKS5 and HTTP proxy)")?;
        writeln!(
            out,
            "pac      http://{gateway}/proxy.pac  (this world's names through the gateway, and no others)"
        )?;
        writeln!(out, "dns      {}  (UDP and TCP)", self.doors.dns())?;
        writeln!(out, "ca       {ca}")?;
        writeln!(out, "live     {}  (what happens, as a page: for you alone)", self.page)?;
        for door in self.doors.closed_doors() {
            let name = self.world.origins()[door.origin].name();
            writeln!(
                out,
                "\nnote: `{name}` is reached through the gateway only: {}\nhint: {}",
                door.message, door.hint
            )?;
        }
        let url = self.plan.origins.first().map(|origin| origin.url.as_str()).unwrap_or_default();
        writeln!(out, "\nTry:\n  curl --proxy socks5h://{gateway} --cacert {ca} {url}")?;
        if let Some(name) = self.world.zone().names().next() {
            writeln!(out, "  dig @{} -p {} {name}", self.doors.dns().ip(), self.doors.dns().port())?;
        }
        self.write_resolver(out)?;
        writeln!(
            out,
            "\nUp until Ctrl-C. Each cookie that crosses the wire is told; `rehearsal docs REASON` says why."
        )
    }

    /// How this machine's own resolver is pointed at the DNS server, for one domain and until it is told otherwise.
    fn write_resolver(&self, out: &mut dyn Write) -> io::Result<()> {
        let domain = self.plan.origins.iter().find_map(|origin| registrable_domain(origin.host()));
        let (Some(domain), dns) = (domain, self.doors.dns()) else { return Ok(()) };
        writeln!(out, "\nTo have this machine look its names up there, as root:")?;
        if cfg!(target_os = "macos") {
            let (ip, port) = (dns.ip(), dns.port());
            return writeln!(out, "  printf 'nameserver {ip}\\nport {port}\\n' > /etc/resolver/{domain}");
        }
        writeln!(
            out,
            "  resolvectl dns lo {dns} && resolvectl domain lo '~{domain}'    # undone by `resolvectl revert lo`"
        )
    }

    fn write_relations(&self, out: &mut dyn Write) -> io::Result<()> {
        let origins = &self.plan.origins;
        if origins.len() > 1 {
            writeln!(out, "\nrelations")?;
        }
        for (index, left) in origins.iter().enumerate() {
            for right in &origins[index + 1..] {
                let relation = relation::of(&left.url, &right.url).as_str();
                writeln!(out, "  {} and {}: {relation}", left.name, right.name)?;
            }
        }
        Ok(())
    }
}

//! The files of `/etc` that a program in a network of its own sees in place of this machine's.
//!
//! They are laid over `/etc` as a whole, so that what is not here is as it was, and what was not there can be added.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::world::Authority;

/// Where distributions keep the certificates that all programs trust: Debian and its like, Fedora, SUSE, Alpine.
const BUNDLES: [&str; 5] = [
    "ssl/certs/ca-certificates.crt",
    "pki/tls/certs/ca-bundle.crt",
    "pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "ssl/ca-bundle.pem",
    "ssl/cert.pem",
];

/// Where Chromium and Chrome look for policies.
const CHROMIUM_POLICIES: [&str; 2] = ["chromium/policies/managed", "opt/chrome/policies/managed"];

/// The DNS server of the network is the world's.
const RESOLVER: &str = "nameserver 127.0.0.1\n";

/// No name but this machine's own is known beside the world's.
const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost\n";

/// Writes the folder that is laid over `/etc`.
///
/// # Errors
/// Those of the system.
pub fn write(folder: &Path, authority: &Authority, certificate: &Path) -> io::Result<()> {
    let put = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, content)
    };
    put("resolv.conf", RESOLVER.as_bytes())?;
    put("hosts", HOSTS.as_bytes())?;
    put(
        "nsswitch.conf",
        name_services(&fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default()).as_bytes(),
    )?;
    for (index, bundle) in BUNDLES.into_iter().enumerate() {
        let trusted = fs::read(Path::new("/etc").join(bundle));
        // The first is written in any case.
        if index == 0 || trusted.is_ok() {
            let mut trusted = trusted.unwrap_or_default();
            trusted.push(b'\n');
            trusted.extend(authority.pem().bytes());
            put(bundle, &trusted)?;
        }
    }
    // Chromium trusts what a policy names, since 131, and Firefox what one installs.
    let chromium = json!({ "CACertificates": [STANDARD.encode(authority.der())] }).to_string();
    for policies in CHROMIUM_POLICIES {
        put(&format!("{policies}/rehearsal.json"), chromium.as_bytes())?;
    }
    let firefox = json!({ "policies": { "Certificates": { "Install": [certificate] } } }).to_string();
    put("firefox/policies/policies.json", firefox.as_bytes())
}

/// The name services of this machine, where hosts are asked for in `/etc/hosts` and by DNS alone: others, such as
/// systemd's, answer from outside the network.
fn name_services(own: &str) -> String {
    let others = own.lines().filter(|line| !line.trim_start().starts_with("hosts:"));
    let lines: Vec<&str> = others.chain(["hosts: files dns"]).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_asked_for_by_dns_and_all_else_is_as_it_was() {
        let own = "passwd: files systemd\nhosts:  mymachines resolve [!UNAVAIL=return] files dns\nnetworks: files\n";
        assert_eq!(name_services(own), "passwd: files systemd\nnetworks: files\nhosts: files dns\n");
        assert_eq!(name_services(""), "hosts: files dns\n");
    }
}

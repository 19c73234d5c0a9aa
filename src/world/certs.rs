//! Certificates: one authority for a run, in memory only, and a leaf for each world.
//!
//! The authority's certificate is name-constrained to the hosts of the run and lives for days, so that
//! whoever steals its key can impersonate nobody else. Nothing here touches a trust store, and nothing but [`kept`]
//! writes a key to disk: that of an authority of a project's own.

pub mod kept;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use super::zone::{address_of, name_of, normal};
use crate::plan::{Certificate, Plan};
use crate::suffixes::{registrable_domain, suffixes};

/// How far back certificates begin, for clocks that are slow.
const SKEW: Duration = Duration::days(1);

/// How long certificates are good for from now on: longer than any run, shorter than a stolen key is
/// of use. Browsers refuse a leaf of more than 398 days (CA/Browser Forum BR, section 6.3.2).
const LIFETIME: Duration = Duration::days(7);

/// How long ago an expired certificate expired: out of date in every time zone and on every clock.
const EXPIRED_SINCE: Duration = Duration::days(2);

/// How many bytes of names an authority's certificate may have, and a leaf: the two go over in one message, of
/// which TLS libraries take 64 KiB (rustls 0.23, webpki 0.103), with a few bytes around each name.
pub(super) const MOST_NAMES: usize = 20 * 1024;

/// How many bytes a name takes in a certificate beside its own, at most.
const AROUND_A_NAME: usize = 6;

/// The protocols offered in TLS (RFC 7301), the preferred one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificate authority of one run, whose key exists in memory only, or of a project ([`kept`]).
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    certificate: CertificateDer<'static>,
    /// The DNS names it may vouch for, and for what is below them.
    names: Vec<String>,
    /// The names its certificate is constrained to, which cover those.
    permitted: Vec<String>,
    /// The addresses it may vouch for.
    addresses: Vec<IpAddr>,
    now: OffsetDateTime,
    /// When its certificate ends.
    until: OffsetDateTime,
}

/// A certificate could not be made.
#[derive(Debug)]
pub enum CertificateError {
    /// The authority was not made for this host.
    NotPermitted(String),
    /// The host cannot stand in a certificate, or no key could be made.
    Encoding(rcgen::Error),
    /// TLS refuses the certificate or the key.
    Tls(rustls::Error),
}

/// The hosts of a plan that a certificate has to name: the origins', and every declared DNS name.
pub fn hosts(plan: &Plan) -> impl Iterator<Item = &str> {
    let origins = plan.origins.iter().map(|origin| origin.host());
    origins.chain(plan.records.iter().map(|record| record.name.as_str()))
}

impl Authority {
    /// An authority for exactly these hosts: names, wildcards (`*.example.com`), and addresses (IPv6
    /// in brackets or bare). See [`hosts`] for those of a plan.
    ///
    /// A constraint on a DNS name covers the names below it as well; X.509 knows no narrower one
    /// (RFC 5280, section 4.2.1.10). For a wildcard it is the name after the `*.`.
    pub fn new<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Result<Self, CertificateError> {
        Self::made(hosts, LIFETIME, |_| "rehearsal CA (this run only)".to_owned())
    }

    /// An authority whose certificate lives so long, and has the name that is made of its key.
    fn made<'a>(
        hosts: impl IntoIterator<Item = &'a str>,
        lifetime: Duration,
        name: impl FnOnce(&KeyPair) -> String,
    ) -> Result<Self, CertificateError> {
        let (mut names, mut addresses) = (Vec::new(), Vec::new());
        for host in hosts {
            match address_of(host) {
                Some(address) => addresses.push(address),
                None => {
                    let name = normal(host.strip_prefix("*.").unwrap_or(host));
                    // What the constraint cannot carry is found here, and not in the encoder.
                    names.push(Ia5String::try_from(name)?.to_string());
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        addresses.sort_unstable();
        addresses.dedup();

        let now = OffsetDateTime::now_utc();
        let (key, until) = (key()?, now + lifetime);
        let mut params = params(&name(&key), now - SKEW, until);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let permitted = narrowest(&names);
        params.name_constraints = Some(constraints(&permitted, &addresses));
        let certificate = params.self_signed(&key)?.der().clone();
        let issuer = Issuer::new(params, key);
        Ok(Self { issuer, certificate, names, permitted, addresses, now, until })
    }

    /// The authority's certificate, DER.
    pub fn der(&self) -> &[u8] {
        &self.certificate
    }

    /// The authority's certificate, PEM: what `curl --cacert` reads.
    pub fn pem(&self) -> String {
        kept::pem(&self.certificate)
    }

    /// The SHA-256 digest of the authority's SubjectPublicKeyInfo: in Base64 it is what Chromium's
    /// `--ignore-certificate-errors-spki-list` takes.
    pub fn spki_sha256(&self) -> [u8; 32] {
        Sha256::digest(self.issuer.key().subject_public_key_info()).into()
    }

    /// Whether the authority may vouch for a host, or for a wildcard.
    pub fn permits(&self, host: &str) -> bool {
        let Some(name) = name_of(host) else {
            return address_of(host).is_some_and(|address| self.addresses.contains(&address));
        };
        let name = name.strip_prefix("*.").unwrap_or(&name);
        is_covered(name, &self.names)
    }

    /// The public suffixes among the names that its certificate is constrained to: for everything below them,
    /// whoever it belongs to, this authority could vouch.
    pub fn public_suffixes(&self) -> impl Iterator<Item = &str> {
        let is_suffix = |name: &&str| suffixes(name).listed && suffixes(name).name == *name;
        self.permitted.iter().map(String::as_str).filter(is_suffix)
    }

    /// What a server needs to show a certificate of this kind for all of these hosts.
    ///
    /// A good one is served with the authority's own, because Chromium's list of excused keys looks at
    /// the chain that is served. A bad one is served without, so that the list does not excuse it.
    pub(super) fn server_config(
        &self,
        kind: Certificate,
        hosts: &[&str],
    ) -> Result<Arc<ServerConfig>, CertificateError> {
        if let Some(host) = hosts.iter().find(|host| !self.permits(host)) {
            return Err(CertificateError::NotPermitted((*host).to_owned()));
        }
        let (chain, key) = match kind {
            Certificate::Good => {
                self.leaf(hosts, self.now - SKEW, self.until.min(self.now + LIFETIME), true)?
            }
            Certificate::Expired => {
                let end = self.now - EXPIRED_SINCE;
                self.leaf(hosts, end - LIFETIME, end, false)?
            }
            Certificate::WrongHost => {
                let other = wrong_host(hosts);
                self.leaf(&[&other], self.now - SKEW, self.now + LIFETIME, false)?
            }
            Certificate::SelfSigned => self.self_signed(hosts)?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))?;
        config.alpn_protocols = ALPN.iter().map(|protocol| protocol.to_vec()).collect();
        // A session resumed would carry one world's secrets into the next; every world is new.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// A leaf signed by the authority, and the chain to serve.
    fn leaf(
        &self,
        hosts: &[&str],
        from: OffsetDateTime,
        to: OffsetDateTime,
        whole_chain: bool,
    ) -> Result<(Vec<CertificateDer<'static>>, KeyPair), CertificateError> {
        let key = key()?;
        let mut params = leaf_params(hosts, from, to)?;
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.issuer)?;
        let mut chain = vec![leaf.into()];
        if whole_chain {
            chain.push(self.certificate.clone());
        }
        Ok((chain, key))
    }

    /// A leaf signed by nobody but itself.
    fn self_signed(
        &self,
        hosts: &[&str],
    ) -> Result<(Vec<CertificateDer<'static>>, KeyPair), CertificateError> {
        let key = key()?;
        let leaf = leaf_params(hosts, self.now - SKEW, self.now + LIFETIME)?.self_signed(&key)?;
        Ok((vec![leaf.into()], key))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out.
        f.debug_struct("Authority")
            .field("names", &self.names)
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// The names that an authority for all of these is constrained to: these, but for what another covers; where they
/// are too many for a certificate, the registrable domains they are in or, where those are, their last labels.
fn narrowest(names: &[String]) -> Vec<String> {
    let size = |names: &[String]| names.iter().map(|name| name.len() + AROUND_A_NAME).sum::<usize>();
    let without_covered = |names: &[String]| -> Vec<String> {
        let parent = |name: &str| name.split_once('.').is_some_and(|(_, above)| is_covered(above, names));
        names.iter().filter(|name| !parent(name)).cloned().collect()
    };
    let registrable = |name: &String| registrable_domain(name).unwrap_or(name).to_owned();
    let last_label = |name: &String| name.rsplit('.').next().unwrap_or(name).to_owned();
    let mut narrowest = without_covered(names);
    for wider in [&registrable as &dyn Fn(&String) -> String, &last_label] {
        if size(&narrowest) <= MOST_NAMES {
            break;
        }
        let mut names: Vec<String> = narrowest.iter().map(wider).collect();
        names.sort_unstable();
        names.dedup();
        narrowest = without_covered(&names);
    }
    narrowest
}

/// Whether a name is one of these, which are sorted, or below one.
fn is_covered(name: &str, names: &[String]) -> bool {
    let above = std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, above)| above));
    above.into_iter().any(|name| names.binary_search_by(|other| other.as_str().cmp(name)).is_ok())
}

/// The constraint to these names and addresses and nothing else (RFC 5280, section 4.2.1.10).
///
/// A kind of name with no permitted subtree is not constrained at all, so it is excluded as a whole: an
/// empty dNSName, and both families' `/0` (CA/Browser Forum BR, section 7.1.2.5.2, does the same).
fn constraints(names: &[String], addresses: &[IpAddr]) -> NameConstraints {
    let dns = names.iter().cloned().map(GeneralSubtree::DnsName);
    let ip = addresses.iter().map(|address| {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, bits))
    });
    let mut excluded_subtrees = Vec::new();
    if names.is_empty() {
        excluded_subtrees.push(GeneralSubtree::DnsName(String::new()));
    }
    for (family, all) in [
        (IpAddr::is_ipv4 as fn(&IpAddr) -> bool, Ipv4Addr::UNSPECIFIED.into()),
        (IpAddr::is_ipv6, Ipv6Addr::UNSPECIFIED.into()),
    ] {
        if !addresses.iter().any(family) {
            excluded_subtrees.push(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(all, 0)));
        }
    }
    NameConstraints { permitted_subtrees: dns.chain(ip).collect(), excluded_subtrees }
}

fn leaf_params(
    hosts: &[&str],
    from: OffsetDateTime,
    to: OffsetDateTime,
) -> Result<CertificateParams, CertificateError> {
    let mut params = params("rehearsal world", from, to);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    for host in hosts {
        params.subject_alt_names.push(match address_of(host) {
            Some(address) => SanType::IpAddress(address),
            None => SanType::DnsName(normal(host).try_into()?),
        });
    }
    Ok(params)
}

/// What all our certificates share. The common name has a space, so nothing takes it for a host.
fn params(common_name: &str, not_before: OffsetDateTime, not_after: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = not_before;
    params.not_after = not_after;
    params
}

/// A name that is none of these hosts, and that the authority may still vouch for where there is a
/// DNS name among them: otherwise the constraint would be at fault, and not the name.
fn wrong_host(hosts: &[&str]) -> String {
    let name = hosts.iter().find_map(|host| name_of(host.strip_prefix("*.").unwrap_or(host)));
    format!("wrong-host.rehearsal.{}", name.as_deref().unwrap_or("invalid"))
}

fn key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPermitted(host) => {
                write!(f, "this run's certificate authority may not vouch for `{host}`")
            }
            Self::Encoding(error) => write!(f, "a certificate could not be made: {error}"),
            Self::Tls(error) => write!(f, "a certificate could not be used: {error}"),
        }
    }
}

impl std::error::Error for CertificateError {}

impl From<rcgen::Error> for CertificateError {
    fn from(error: rcgen::Error) -> Self {
        Self::Encoding(error)
    }
}

impl From<rustls::Error> for CertificateError {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error)
    }
}

#[cfg(test)]
mod tests;

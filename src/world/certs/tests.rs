//! The authority vouches for its hosts and for nobody else, whoever has its key: rustls and OpenSSL
//! are asked.

use std::io::Write;
use std::process::Command;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{ServerName, UnixTime};

use super::*;

/// What a verifier says of a leaf that is shown for a host.
type Verdict = Result<(), String>;

#[test]
fn it_vouches_for_its_names_and_what_is_below_them() {
    let authority = authority(&["shop.example", "api.example", "localhost", "*.tenants.example"]);
    accepted(&authority, &["shop.example", "api.example"], "shop.example");
    accepted(&authority, &["shop.example", "api.example"], "api.example");
    accepted(&authority, &["localhost"], "localhost");
    accepted(&authority, &["*.tenants.example"], "acme.tenants.example");
    accepted(&authority, &["www.shop.example"], "www.shop.example");
}

#[test]
fn it_vouches_for_no_other_name() {
    let authority = authority(&["shop.example", "localhost"]);
    for other in
        ["bank.example", "example", "notshop.example", "www.google.com", "*.bank.example", "intranet"]
    {
        let shown_for = other.replace('*', "www");
        refused(&authority, &[other], &shown_for, "permitted subtree violation");
        // A name of ours beside it does not help.
        refused(&authority, &["shop.example", other], &shown_for, "permitted subtree violation");
    }
    refused(&authority, &["127.0.0.1"], "127.0.0.1", "excluded subtree violation");
    refused(&authority, &["::1"], "::1", "excluded subtree violation");
}

#[test]
fn it_vouches_for_its_addresses_and_for_no_other() {
    let authority = authority(&["127.0.0.1", "[::1]"]);
    accepted(&authority, &["127.0.0.1", "::1"], "127.0.0.1");
    accepted(&authority, &["127.0.0.1", "::1"], "::1");
    refused(&authority, &["127.0.0.2"], "127.0.0.2", "permitted subtree violation");
    refused(&authority, &["::2"], "::2", "permitted subtree violation");
    refused(&authority, &["shop.example"], "shop.example", "excluded subtree violation");
    refused(&authority, &["127.0.0.1", "shop.example"], "shop.example", "excluded subtree violation");
}

#[test]
fn an_address_of_one_family_permits_none_of_the_other() {
    let four = authority(&["shop.example", "192.0.2.7"]);
    accepted(&four, &["shop.example", "192.0.2.7"], "192.0.2.7");
    accepted(&four, &["shop.example", "192.0.2.7"], "shop.example");
    refused(&four, &["::1"], "::1", "permitted subtree violation");
    let six = authority(&["shop.example", "[2001:db8::7]"]);
    accepted(&six, &["shop.example", "2001:db8::7"], "2001:db8::7");
    refused(&six, &["127.0.0.1"], "127.0.0.1", "permitted subtree violation");
}

#[test]
fn an_authority_for_nobody_vouches_for_nobody() {
    let authority = authority(&[]);
    refused(&authority, &["shop.example"], "shop.example", "excluded subtree violation");
    refused(&authority, &["127.0.0.1"], "127.0.0.1", "excluded subtree violation");
}

#[test]
fn it_does_not_make_another_authority() {
    let authority = authority(&["shop.example"]);
    let key = key().expect("a key");
    let (from, to) = (authority.now - SKEW, authority.now + LIFETIME);
    let mut params = params("an authority below", from, to);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let below = params.signed_by(&key, &authority.issuer).expect("a certificate");
    let issuer = rcgen::Issuer::new(params, key);
    for (host, openssl) in
        [("shop.example", "path length constraint exceeded"), ("bank.example", "permitted subtree violation")]
    {
        let params = leaf_params(&[host], from, to).expect("parameters");
        let leaf = params.signed_by(&super::key().expect("a key"), &issuer).expect("a leaf");
        let chain = [leaf.der().clone(), below.der().clone()];
        if let Some(verdict) = by_openssl(&authority, &chain, host) {
            let verdict = verdict.expect_err("a path of two");
            assert!(verdict.contains(openssl), "OpenSSL, {host}: {verdict}");
        }
        // webpki keeps no path length for a trust anchor; the names stay constrained all the same.
        let verdict = by_rustls(&authority, &chain, host);
        assert_eq!(verdict.is_err(), host == "bank.example", "rustls, {host}: {verdict:?}");
    }
}

#[test]
fn it_asks_before_it_signs() {
    let authority = authority(&["shop.example", "127.0.0.1"]);
    for host in ["shop.example", "www.shop.example", "*.shop.example", "Shop.Example.", "127.0.0.1"] {
        assert!(authority.permits(host), "{host}");
    }
    for host in ["bank.example", "example", "notshop.example", "*.example", "127.0.0.2", "[::1]"] {
        assert!(!authority.permits(host), "{host}");
    }
    let error = authority.server_config(Certificate::Good, &["bank.example"]).expect_err("not its own");
    assert_eq!(error.to_string(), "this run's certificate authority may not vouch for `bank.example`");
}

#[test]
fn a_bad_certificate_is_bad_in_its_own_way_and_no_other() {
    let authority = authority(&["shop.example"]);
    let host = ["shop.example"];
    let end = authority.now - EXPIRED_SINCE;
    let (expired, _) = authority.leaf(&host, end - LIFETIME, end, false).expect("a leaf");
    assert_eq!(expired.len(), 1, "the authority must not be in the chain that is served");
    says(&authority, &expired, "shop.example", "Expired", "certificate has expired");

    let other = wrong_host(&host);
    let (wrong, _) = authority.leaf(&[&other], end, authority.now + LIFETIME, false).expect("a leaf");
    says(&authority, &wrong, "shop.example", "not valid for name", "hostname mismatch");

    let (alone, _) = authority.self_signed(&host).expect("a leaf");
    says(&authority, &alone, "shop.example", "UnknownIssuer", "self-signed certificate");
}

#[test]
fn certificates_are_short_lived_and_the_authority_signs_certificates_only() {
    let authority = authority(&["shop.example"]);
    let Some(text) = openssl(&["x509", "-noout", "-text"], authority.pem().as_bytes()) else { return };
    let text = text.expect("a certificate that OpenSSL reads");
    for line in [
        "X509v3 Name Constraints: critical",
        "DNS:shop.example",
        "CA:TRUE, pathlen:0",
        "X509v3 Key Usage: critical\n                Certificate Sign\n",
        "TLS Web Server Authentication",
        "ASN1 OID: prime256v1",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
    assert!(LIFETIME + SKEW < Duration::days(398));
}

fn authority(hosts: &[&str]) -> Authority {
    Authority::new(hosts.iter().copied()).expect("an authority")
}

/// Signs a leaf with the authority's key, asking nobody, and shows it for a host.
fn shown(authority: &Authority, hosts: &[&str]) -> Vec<CertificateDer<'static>> {
    let (chain, _) = authority
        .leaf(hosts, authority.now - SKEW, authority.now + LIFETIME, true)
        .expect("a key signs what it is given");
    assert_eq!(chain.len(), 2);
    chain
}

#[track_caller]
fn accepted(authority: &Authority, hosts: &[&str], host: &str) {
    let chain = shown(authority, hosts);
    assert_eq!(by_rustls(authority, &chain, host), Ok(()), "rustls, {host}");
    if let Some(verdict) = by_openssl(authority, &chain, host) {
        assert_eq!(verdict, Ok(()), "OpenSSL, {host}");
    }
}

#[track_caller]
fn refused(authority: &Authority, hosts: &[&str], host: &str, openssl: &str) {
    says(authority, &shown(authority, hosts), host, "NameConstraintViolation", openssl);
}

#[track_caller]
fn says(authority: &Authority, chain: &[CertificateDer<'_>], host: &str, rustls: &str, openssl: &str) {
    let verdict = by_rustls(authority, chain, host).expect_err("rustls refuses it");
    assert!(verdict.contains(rustls), "rustls, {host}: {verdict}");
    if let Some(verdict) = by_openssl(authority, chain, host) {
        let verdict = verdict.expect_err("OpenSSL refuses it");
        assert!(verdict.contains(openssl), "OpenSSL, {host}: {verdict}");
    }
}

fn by_rustls(authority: &Authority, chain: &[CertificateDer<'_>], host: &str) -> Verdict {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).expect("the authority's certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let name = ServerName::try_from(host).expect("a server's name");
    verifier
        .expect("a verifier")
        .verify_server_cert(&chain[0], &chain[1..], &name, &[], UnixTime::now())
        .map(|_| ())
        .map_err(|error| format!("{error} {error:?}"))
}

/// `None` where there is no OpenSSL, which CI does not let pass.
fn by_openssl(authority: &Authority, chain: &[CertificateDer<'_>], host: &str) -> Option<Verdict> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a readable path").to_owned();
    std::fs::write(path("ca.pem"), authority.pem()).expect("a file");
    let pem = |der: &CertificateDer<'_>| pem(der);
    std::fs::write(path("leaf.pem"), pem(&chain[0])).expect("a file");
    std::fs::write(path("rest.pem"), chain[1..].iter().map(pem).collect::<String>()).expect("a file");
    let check = if address_of(host).is_some() { "-verify_ip" } else { "-verify_hostname" };
    let mut arguments = vec!["verify", "-purpose", "sslserver", check, host];
    let (ca, leaf, rest) = (path("ca.pem"), path("leaf.pem"), path("rest.pem"));
    arguments.extend(["-CAfile", &ca]);
    if chain.len() > 1 {
        arguments.extend(["-untrusted", &rest]);
    }
    arguments.push(&leaf);
    Some(openssl(&arguments, b"")?.map(|_| ()))
}

/// What OpenSSL prints, or what it complains of.
fn openssl(arguments: &[&str], input: &[u8]) -> Option<Result<String, String>> {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(std::process::Stdio::piped());
    let command = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "install OpenSSL: CI must ask it");
        // Written to the stream itself, which the test harness does not swallow.
        _ = std::io::stderr().write_all(b"not asked: there is no `openssl` here; apt-get install openssl\n");
        return None;
    };
    // OpenSSL may not read what it was not asked to read.
    _ = child.stdin.take().expect("a pipe").write_all(input);
    let output = child.wait_with_output().expect("OpenSSL ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) })
}

fn pem(der: &CertificateDer<'_>) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

//! The variables by which programs find the gateway and trust the world's CA.
//!
//! There is no one variable that all programs honour, so each has its own: OpenSSL and what is built on it (Ruby,
//! httpx, Go on Linux), curl, Python's requests and pip, Node, Deno, git, cargo, the AWS tools, Java.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::trust_store;
use crate::world::{Authority, World};

/// What Node is given before its program: its own clients know no proxy variables before version 24.
const NODE: &str = include_str!("node.cjs");

/// Variables that name a file of certificates to trust.
const CERTIFICATES: [&str; 9] = [
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "DENO_CERT",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
];

/// Variables that name a proxy.
const PROXIES: [&str; 6] =
    ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// Variables that name what no proxy is asked for.
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Names of this machine, which are its own unless the world has them.
const THIS_MACHINE: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// What a program gets of variables, and what it must not have.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// Those it gets.
    pub set: Vec<(&'static str, OsString)>,
    /// Those of ours that it must not have.
    pub removed: Vec<&'static str>,
}

/// The files that variables name.
#[derive(Clone, Debug)]
pub struct Files {
    certificate: PathBuf,
    java: PathBuf,
    node: PathBuf,
}

impl Files {
    /// Writes them into a folder: the CA's certificate, and nothing secret.
    ///
    /// # Errors
    /// Those of the system.
    pub fn write(folder: &Path, authority: &Authority) -> io::Result<Self> {
        let file = |name: &str, content: &[u8]| {
            let path = folder.join(name);
            std::fs::write(&path, content).map(|()| path)
        };
        Ok(Self {
            certificate: file("rehearsal-ca.pem", authority.pem().as_bytes())?,
            java: file("rehearsal-ca.jks", &trust_store::java(authority.der()))?,
            node: file("rehearsal-node.cjs", NODE.as_bytes())?,
        })
    }

    /// The CA's certificate, PEM.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }
}

/// For a program that goes through the gateway.
pub fn through_gateway(
    gateway: SocketAddr,
    world: &World,
    authority: &Authority,
    files: &Files,
) -> Variables {
    let url = format!("http://{gateway}");
    let mut variables = trusting(authority, files);
    variables.set.extend(PROXIES.map(|name| (name, url.clone().into())));
    variables.set.push(("REHEARSAL_GATEWAY", url.into()));
    let is_here = |host: &&str| world.origins().iter().any(|origin| origin.url().host_str() == Some(host));
    let direct: Vec<&str> = THIS_MACHINE.into_iter().filter(|host| !is_here(host)).collect();
    let listed = direct.join(",").replace(['[', ']'], "");
    variables.set.extend(NO_PROXY.map(|name| (name, listed.clone().into())));
    let proxy = format!(
        "-Dhttp.proxyHost={host} -Dhttp.proxyPort={port} -Dhttps.proxyHost={host} -Dhttps.proxyPort={port} \
         -Dhttp.nonProxyHosts={direct}",
        host = gateway.ip(),
        port = gateway.port(),
        direct = direct.join("|"),
    );
    variables
        .set
        .push(("JAVA_TOOL_OPTIONS", added("JAVA_TOOL_OPTIONS", &format!("{} {proxy}", java(files)))));
    // In quotes, and with what would end them taken for itself: the path of a folder may hold anything.
    let path = files.node.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    variables.set.push(("NODE_OPTIONS", added("NODE_OPTIONS", &format!("--require \"{path}\""))));
    variables
}

/// For a program in a network of its own, in which nothing is but the world.
pub fn isolated(authority: &Authority, files: &Files) -> Variables {
    let mut variables = trusting(authority, files);
    variables.set.push(("JAVA_TOOL_OPTIONS", added("JAVA_TOOL_OPTIONS", &java(files))));
    variables.removed.extend(PROXIES);
    variables
}

fn trusting(authority: &Authority, files: &Files) -> Variables {
    let certificate = files.certificate.as_os_str();
    let mut set: Vec<(&str, OsString)> = CERTIFICATES.map(|name| (name, certificate.to_owned())).into();
    set.push(("REHEARSAL_CA", certificate.to_owned()));
    // What Chromium's `--ignore-certificate-errors-spki-list` takes.
    set.push(("REHEARSAL_CA_SPKI", STANDARD.encode(authority.spki_sha256()).into()));
    Variables { set, removed: Vec::new() }
}

fn java(files: &Files) -> String {
    let (path, password) = (files.java.display(), trust_store::PASSWORD);
    format!(
        "-Djavax.net.ssl.trustStore={path} -Djavax.net.ssl.trustStoreType=JKS \
         -Djavax.net.ssl.trustStorePassword={password}"
    )
}

/// Options behind those that the user has set.
fn added(variable: &str, options: &str) -> OsString {
    let mut all = std::env::var_os(variable).filter(|set| !set.is_empty()).unwrap_or_default();
    if !all.is_empty() {
        all.push(" ");
    }
    all.push(options);
    all
}

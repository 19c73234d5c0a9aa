//! A connection to a real server: over TCP, TLS or a Unix socket.
//!
//! It leads to this machine alone, whatever a name says: an address off the loopback interface is not connected to
//! unless the command line allows that very host. A certificate of this machine's is taken as it is, for nobody is
//! in between; that of another machine is checked with the system's roots.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::fault::Fault;
use crate::plan::upstream::{Place, Upstream};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// A byte stream to a server.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The way to one server.
pub(super) struct Connector {
    to: To,
    /// Whether it may be on another machine.
    allowed: bool,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

enum To {
    Tcp(String, u16),
    Unix(PathBuf),
}

impl Connector {
    /// The way to the server of a plan. Fails with what is wrong: a lower-case fragment.
    pub(super) fn new(upstream: &Upstream) -> Result<Self, String> {
        let url = match &upstream.place {
            Place::Unix(path) => return Ok(Self { to: To::Unix(path.clone()), allowed: false, tls: None }),
            Place::Url(url) => url,
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or_default();
        let outside = upstream.is_outside();
        let tls = if url.scheme() == "https" {
            let name = ServerName::try_from(host.clone())
                .map_err(|_| format!("`{host}` cannot stand in a certificate"))?;
            Some((TlsConnector::from(Arc::new(client_config(outside)?)), name))
        } else {
            None
        };
        Ok(Self { to: To::Tcp(host, port), allowed: upstream.allowed && outside, tls })
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<Box<dyn Stream>, Fault> {
        match timeout(CONNECT, self.stream()).await {
            Ok(stream) => stream,
            Err(_) => Err(Fault::Unreachable(format!("no connection within {} s", CONNECT.as_secs()))),
        }
    }

    async fn stream(&self) -> Result<Box<dyn Stream>, Fault> {
        let stream = match &self.to {
            To::Unix(path) => return unix(path).await,
            To::Tcp(host, port) => self.tcp(host, *port).await?,
        };
        let Some((tls, name)) = &self.tls else { return Ok(Box::new(stream)) };
        let stream =
            tls.connect(name.clone(), stream).await.map_err(|error| Fault::Tls(error.to_string()))?;
        Ok(Box::new(stream))
    }

    /// To the first address of a name that answers. `localhost` is what the system says it is, on this machine.
    async fn tcp(&self, host: &str, port: u16) -> Result<TcpStream, Fault> {
        let found: Vec<SocketAddr> = match tokio::net::lookup_host((host, port)).await {
            Ok(found) => found.collect(),
            // A name below `localhost` is this machine, whether or not the system knows it (RFC 6761, section 6.3).
            Err(_) if host.ends_with(".localhost") => vec![SocketAddr::from(([127, 0, 0, 1], port))],
            Err(error) => return Err(Fault::NoName(error.to_string())),
        };
        let mut fault = Fault::NoName("it has no address".to_owned());
        for address in found {
            if !address.ip().is_loopback() && !self.allowed {
                fault = Fault::OffLoopback;
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => fault = Fault::of_connect(&error),
            }
        }
        Err(fault)
    }
}

#[cfg(unix)]
async fn unix(path: &std::path::Path) -> Result<Box<dyn Stream>, Fault> {
    match tokio::net::UnixStream::connect(path).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(Fault::of_connect(&error)),
    }
}

#[cfg(not(unix))]
async fn unix(_: &std::path::Path) -> Result<Box<dyn Stream>, Fault> {
    Err(Fault::Unreachable("this system has no Unix sockets".to_owned()))
}

/// What is asked of a server's certificate.
fn client_config(outside: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = if outside {
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 {
            return Err("this system has no root certificates to check the server's by".to_owned());
        }
        builder.with_root_certificates(roots).with_no_client_auth()
    } else {
        let own = Arc::new(OfThisMachine(provider));
        builder.dangerous().with_custom_certificate_verifier(own).with_no_client_auth()
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Takes every certificate: the server is on this machine, and what is on the way does not leave it.
#[derive(Debug)]
struct OfThisMachine(Arc<CryptoProvider>);

impl ServerCertVerifier for OfThisMachine {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

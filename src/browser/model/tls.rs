//! TLS as the model speaks it: the run's own authority is trusted and nobody else.
//!
//! Every handshake is a real one and every signature of it is checked. What is not done twice is the
//! building of a chain that was built before: the leaf of a world is one for all of its hosts.

use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

use crate::world::Authority;

/// The protocols offered (RFC 7301), as browsers order them.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// TLS clients that trust one authority and nobody else.
#[derive(Clone)]
pub(super) struct Connectors {
    /// For pages and all they ask for.
    pub(super) pages: TlsConnector,
    /// For WebSockets, which speak HTTP/1.1 (RFC 6455, section 4.1).
    pub(super) sockets: TlsConnector,
}

/// TLS clients that trust this authority and nobody else.
pub(super) fn connectors(authority: &Authority) -> Connectors {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(authority.der().to_vec()))
        .expect("an authority's certificate can be trusted");
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .expect("there is a root and no revocation list");
    let verifier = Arc::new(Verifier { verifier, known: Mutex::default() });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = ALPN.iter().map(|protocol| protocol.to_vec()).collect();
    // A session resumed would carry one world into the next.
    config.resumption = Resumption::disabled();
    let mut sockets = config.clone();
    sockets.alpn_protocols = vec![b"http/1.1".to_vec()];
    Connectors { pages: TlsConnector::from(Arc::new(config)), sockets: TlsConnector::from(Arc::new(sockets)) }
}

/// The usual verifier, which remembers the last chain it found good.
#[derive(Debug)]
struct Verifier {
    verifier: Arc<WebPkiServerVerifier>,
    /// A leaf whose chain was good. The chain does not depend on the name asked for, but the name is
    /// still to be looked for in the leaf.
    known: Mutex<Option<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let known = |leaf: &CertificateDer<'_>| {
            self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).as_ref() == Some(leaf)
        };
        if known(leaf) {
            verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        let verified = self.verifier.verify_server_cert(leaf, intermediates, name, ocsp, now)?;
        *self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(leaf.clone().into_owned());
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

//! An empty page at every name of a world, on a port where the world has nobody.
//!
//! Cookies know no ports: who stands on the empty page of a host sees the cookies of that host, and of
//! whatever path the page is at. It is for a browser that shows its jar only to who stands there. What is asked
//! for here is in no record, because it is nothing that the scenario did.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::certs::{Authority, CertificateError};
use super::serve::{HEAD, TLS_HANDSHAKE};
use crate::plan::Certificate;

/// The name in its certificate, which is no host's: a browser that looks at certificates has no use for it.
const NAME: &str = "rehearsal.invalid";

/// The empty icon keeps browsers from asking for /favicon.ico.
const HTML: &[u8] = b"<!doctype html><title>rehearsal</title><link rel=\"icon\" href=\"data:,\">";

/// The empty page, and the port it is at.
#[derive(Clone, Debug)]
pub(crate) struct Blank {
    port: u16,
    tls: Arc<ServerConfig>,
}

impl Blank {
    /// An empty page for this port, over TLS.
    pub(crate) fn new(port: u16) -> Result<Self, CertificateError> {
        let tls = Authority::new([NAME])?.server_config(Certificate::Good, &[NAME])?;
        Ok(Self { port, tls })
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The same page at another port.
    pub(crate) fn at(&self, port: u16) -> Self {
        Self { port, tls: self.tls.clone() }
    }

    /// Serves the page on a byte stream until the client closes it.
    pub(super) async fn serve<I>(self, io: I)
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Ok(Ok(stream)) =
            timeout(TLS_HANDSHAKE, TlsAcceptor::from(http1_only(&self.tls)).accept(io)).await
        else {
            return;
        };
        // A client that errs or goes away concerns nobody else.
        _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service_fn(answer))
            .await;
    }
}

/// The same settings, for HTTP/1.1 alone.
fn http1_only(config: &Arc<ServerConfig>) -> Arc<ServerConfig> {
    let mut config = ServerConfig::clone(config);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

async fn answer<B>(_: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(HTML)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

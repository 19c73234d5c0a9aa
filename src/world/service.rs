//! What answers at an origin: one interface, whoever is behind it.
//!
//! A call is a request that has arrived, with its body still on its way. Who answers by itself reads that body
//! first and answers from memory; who passes the request on streams it.

use std::sync::Arc;

use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use url::Url;

use super::Alive;
use super::body::RequestBody;
use super::framework::{App, Asked};
use super::mock::{Mock, Sent};
use super::origin::{Origin, cookie};
use super::page::Page;
use super::reply::Reply;
use super::upstream::Server;
use super::{proxy, websocket};
use crate::plan::proxy::Proxy;

/// What answers at an origin, ready to.
#[derive(Debug)]
pub(super) enum Service {
    Page(Page),
    Routes(Mock),
    BackEnd(Box<App>),
    Proxy(Box<Proxy>),
    Upstream(Box<Server>),
}

/// A request, as it has come to an origin.
pub(super) struct Call {
    pub(super) parts: Parts,
    /// Scheme, host and port as the socket and the Host header tell them.
    pub(super) url: Url,
    pub(super) body: RequestBody,
}

/// The body of a request could not be read: the status to answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyRefused(pub(super) StatusCode);

impl Service {
    /// The answer to a call to this origin.
    pub(super) async fn answer(
        &self,
        world: &Arc<Alive>,
        origin: &Origin,
        mut call: Call,
    ) -> Result<Reply, BodyRefused> {
        match self {
            Self::Page(page) => {
                call.read().await?;
                Ok(page.answer())
            }
            Self::Routes(mock) => {
                let body = call.read().await?;
                let Call { parts, url, .. } = &call;
                let cookie = cookie(&parts.headers);
                let (headers, at) = (&parts.headers, world.clock.now());
                let sent = Sent { cookie: cookie.as_deref(), headers, body: &body, at };
                let mut reply = mock.answer(&parts.method, url.path(), sent);
                websocket::answer(parts, &mut reply);
                Ok(reply)
            }
            Self::BackEnd(app) => {
                let body = call.read().await?;
                let Call { parts, url, .. } = &call;
                let asked = Asked { method: &parts.method, url, headers: &parts.headers, body: &body };
                let mut reply = app.answer(&asked, &world.clock);
                websocket::answer(parts, &mut reply);
                Ok(reply)
            }
            Self::Proxy(settings) => Box::pin(proxy::answer(settings, world, origin, call)).await,
            Self::Upstream(server) => Ok(Box::pin(server.answer(world, origin, call)).await),
        }
    }

    /// Whether a path is declared, not by a wildcard. A real server may have any, and what a proxy passes on
    /// somebody else answers for.
    pub(super) fn has_path(&self, world: &Alive, origin: &Origin, parts: &Parts, url: &Url) -> bool {
        match self {
            Self::Page(_) => false,
            Self::Routes(mock) => mock.has_path(url.path()),
            Self::BackEnd(app) => app.has_path(url.path()),
            Self::Proxy(settings) => !proxy::is_stray_icon(settings, world, origin, parts, url),
            Self::Upstream(_) => true,
        }
    }

    /// Whether a route of the scenario's own answers this method and path.
    pub(super) fn declares(&self, method: &Method, path: &str) -> bool {
        matches!(self, Self::Routes(mock) if mock.declares(method, path))
    }

    /// Whether requests go on to a real server.
    pub(super) fn is_real(&self) -> bool {
        matches!(self, Self::Upstream(_))
    }
}

impl Call {
    /// Reads the body to its end, and returns the beginning of it.
    pub(super) async fn read(&mut self) -> Result<Vec<u8>, BodyRefused> {
        self.body.whole().await.map_err(BodyRefused)
    }

    /// Whether it asks for a tunnel that is no WebSocket's.
    pub(super) fn asks_for_a_tunnel(&self) -> bool {
        self.parts.method == Method::CONNECT
    }
}

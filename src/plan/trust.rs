//! What a framework's back end would do behind an edge where TLS ends, which it does not trust.
//!
//! A scenario may put a back end straight at an `https` origin, where it ends TLS itself: then every setting that hangs
//! on the scheme works. In production TLS mostly ends before it, and what comes along is plain http with headers that
//! say otherwise. Nothing is asked or run here: the settings alone tell.

use url::Url;

use super::framework::{Express, ExpressSession, Framework, Middleware, Secure, TrustProxy};
use super::upstream::is_loopback;
use super::{Origin, Service};

/// A back end that ends TLS itself in a scenario, and would go wrong behind an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untrusting {
    /// The framework's name.
    pub framework: &'static str,
    /// What it would do behind an edge: a fragment that goes on from "behind an edge where TLS ends, ".
    pub effect: String,
    /// The setting that has it trust the edge, as it is written.
    pub setting: &'static str,
}

/// What goes wrong with this origin, one of `all`, once TLS ends before it. Nothing where the scenario says what stands
/// before it, or that nothing does: an `edge`, or a proxy that passes to it.
pub fn untrusting(origin: &Origin, all: &[Origin]) -> Option<Untrusting> {
    let Service::BackEnd(back_end) = &origin.service else { return None };
    let is_behind = |other: &Origin| match &other.service {
        Service::Proxy(proxy) => proxy.upstreams().iter().any(|url| url.origin() == origin.url.origin()),
        _ => false,
    };
    let ends_tls = origin.url.scheme() == "https" && !is_loopback(&origin.url);
    if !ends_tls || origin.edge.is_some() || all.iter().any(is_behind) {
        return None;
    }
    let (effect, setting) = match &back_end.framework {
        Framework::Express(settings) => (express(settings)?, "\"trust proxy\" = 1"),
        Framework::Django(settings) => {
            if settings.secure_proxy_ssl_header.is_some() {
                return None;
            }
            let has = |middleware: &Middleware| settings.middleware.contains(middleware);
            let effect = if settings.security.ssl_redirect && has(&Middleware::Security) {
                "`SECURE_SSL_REDIRECT` sends every request to the same address again, without end".to_owned()
            } else if has(&Middleware::Csrf) && !trusts(&settings.csrf.trusted_origins, &origin.url) {
                "every POST of a page of its own is answered 403: Origin checking failed".to_owned()
            } else {
                return None;
            };
            (effect, "SECURE_PROXY_SSL_HEADER = [\"HTTP_X_FORWARDED_PROTO\", \"https\"]")
        }
        // NextAuth goes by `NEXTAUTH_URL`, and no cookie of Starlette's hangs on the scheme.
        Framework::Starlette(_) | Framework::NextAuth(_) => return None,
    };
    Some(Untrusting { framework: back_end.framework.name(), effect, setting })
}

fn express(settings: &Express) -> Option<String> {
    if settings.trust_proxy != TrustProxy::Nobody {
        return None;
    }
    let (package, name, secure) = match settings.session.as_ref()? {
        ExpressSession::Stored(session) if session.proxy == Some(true) => return None,
        ExpressSession::Stored(session) => ("express-session", &session.name, session.cookie.secure),
        ExpressSession::InCookie(session) => ("cookie-session", &session.cookie.name, session.cookie.secure),
    };
    match secure? {
        Secure::Is(true) => {
            Some(format!("{package} does not set its secure cookie `{name}`, and says nothing"))
        }
        Secure::Auto => Some(format!("{package} sets `{name}` without `Secure`")),
        Secure::Is(false) => None,
    }
}

/// Whether `CSRF_TRUSTED_ORIGINS` has this origin, by name or by `https://*.DOMAIN`.
fn trusts(trusted: &[String], url: &Url) -> bool {
    let origin = url.origin().ascii_serialization();
    trusted.iter().any(|trusted| match trusted.split_once("://*") {
        Some((scheme, domain)) => {
            origin.strip_prefix(scheme).is_some_and(|rest| rest.starts_with("://") && rest.ends_with(domain))
        }
        None => *trusted == origin,
    })
}

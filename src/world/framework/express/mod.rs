//! Express: `cors`, `cookie-parser`, a session, then the routes.
//!
//! After `express/lib/response.js` (`cookie`, `clearCookie`) and `express/lib/request.js` (`protocol`) of
//! Express 5. An `OPTIONS` that no route takes is answered by the router with what the path allows.

use hyper::{Method, StatusCode};
use time::{Duration, OffsetDateTime};

mod cors;
mod session;

use self::cors::Cors;
use self::session::Sessions;
use super::javascript::{attributes, serialize};
use super::random::Random;
use super::{App, Asked, set, set_cookie, signing};
use crate::plan::framework::{self as plan, CookieCall, ExpressCookie, ExpressSession, Routing, TrustProxy};
use crate::world::reply::Reply;
use crate::world::wire::Answer;

/// An application with its middleware.
pub(super) struct Express {
    routing: Routing,
    trust_proxy: TrustProxy,
    cors: Option<Cors>,
    cookie_secret: Option<String>,
    session: Option<ExpressSession>,
    sessions: Sessions,
}

impl Express {
    pub(super) fn new(settings: &plan::Express) -> Result<Self, String> {
        Ok(Self {
            routing: settings.routing,
            trust_proxy: settings.trust_proxy,
            cors: settings.cors.as_ref().map(Cors::new).transpose()?,
            cookie_secret: settings.cookie_secret.clone(),
            session: settings.session.clone(),
            sessions: Sessions::default(),
        })
    }

    pub(super) fn answer(&self, app: &App, asked: &Asked<'_>, now: OffsetDateTime, random: Random) -> Reply {
        let mut before: Vec<(&'static str, String)> = Vec::new();
        if let Some(cors) = &self.cors {
            before = cors.headers(asked);
            if *asked.method == Method::OPTIONS && !cors.continues() && !before.is_empty() {
                let mut reply = Reply::new(cors.success(), Answer::Preflight);
                add(&mut reply, &before);
                return reply;
            }
        }
        let request = session::Request {
            asked,
            now,
            is_secure: asked.is_tls() || self.protocol(asked) == "https",
            is_tls: asked.is_tls(),
            secure_by_header: session::forwarded(asked) == "https",
        };
        let visit = || self.view(app, asked, now);
        let mut reply = match &self.session {
            Some(ExpressSession::Stored(options)) => self.sessions.stored(options, &request, random, visit),
            Some(ExpressSession::InCookie(options)) => session::in_cookie(options, &request, visit),
            None => {
                let (mut routed, lines) = visit();
                add_lines(&mut routed.reply, &lines);
                if routed.does().is_some() {
                    // `req.session` is undefined, and so has no `user`.
                    routed.reply.status = StatusCode::INTERNAL_SERVER_ERROR;
                }
                routed.reply
            }
        };
        // What a route sets itself takes the place of what the middleware has set before.
        before.retain(|(name, _)| !reply.headers.contains_key(*name));
        add(&mut reply, &before);
        reply
    }

    /// The answer of the route, and the cookies it sets.
    fn view<'a>(
        &self,
        app: &'a App,
        asked: &Asked<'_>,
        now: OffsetDateTime,
    ) -> (super::Routed<'a>, Vec<String>) {
        let path = app.mock.meant(asked.url.path(), self.routing.strict, self.routing.case_sensitive);
        let mut routed = app.routed_at(asked, &path, now);
        if routed.reply.status == StatusCode::METHOD_NOT_ALLOWED {
            if *asked.method == Method::OPTIONS {
                routed.reply.status = StatusCode::OK;
            } else {
                // A method that no route takes is a path that no route has.
                routed.reply.status = StatusCode::NOT_FOUND;
                routed.reply.headers.remove("allow");
            }
        }
        let calls = routed.view.map_or(&[][..], |view| &view.calls);
        let lines = calls.iter().filter_map(|call| self.cookie(call, now)).collect();
        (routed, lines)
    }

    /// The line of `res.cookie` or `res.clearCookie`.
    fn cookie(&self, call: &CookieCall, now: OffsetDateTime) -> Option<String> {
        let (options, clears): (&ExpressCookie, bool) = match call {
            CookieCall::ExpressSet(cookie) => (cookie, false),
            CookieCall::ExpressClear(cookie) => (cookie, true),
            CookieCall::PythonSet(_) | CookieCall::PythonDelete(_) => return None,
        };
        let mut attributes = attributes(options);
        attributes.path.get_or_insert_with(|| "/".to_owned());
        let mut value = if clears { String::new() } else { options.value.clone() };
        if options.signed == Some(true) {
            value = format!("s:{}", signing::sign(&value, self.cookie_secret.as_deref()?));
        }
        if clears {
            attributes.expires = Some(OffsetDateTime::UNIX_EPOCH);
        } else if let Some(milliseconds) = options.max_age {
            attributes.expires = Some(now.saturating_add(Duration::milliseconds(milliseconds)));
            attributes.max_age = Some(milliseconds.div_euclid(1000));
        }
        Some(serialize(&options.name, &value, &attributes))
    }

    /// `req.protocol`.
    fn protocol(&self, asked: &Asked<'_>) -> String {
        let own = if asked.is_tls() { "https" } else { "http" };
        match self.trust_proxy {
            TrustProxy::Nearest if asked.headers.contains_key("x-forwarded-proto") => {
                session::forwarded(asked)
            }
            _ => own.to_owned(),
        }
    }
}

fn add(reply: &mut Reply, headers: &[(&'static str, String)]) {
    for (name, text) in headers {
        set(reply, name, text);
    }
}

/// Adds Set-Cookie lines after those of the route.
fn add_lines(reply: &mut Reply, lines: &[String]) {
    for line in lines {
        set_cookie(reply, line);
    }
}

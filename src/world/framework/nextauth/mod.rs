//! NextAuth at `/api/auth/`: a CSRF token, where to go back to, and a session, each in a cookie.
//!
//! After `next-auth/core` 4.24. What it says of itself, the prefixes of its cookies' names among it, follows
//! `NEXTAUTH_URL` and not the address it was reached at: left at localhost, it sends browsers there.

use hyper::header::LOCATION;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use url::Url;

mod token;

use super::javascript::{Attributes, attributes, parsed, serialize};
use super::random::Random;
use super::{App, Asked, Does, USER, set_cookie, set_json, value};
use crate::plan::framework::{self as plan, ExpressCookie};
use crate::world::reply::Reply;
use crate::world::wire::Answer;

/// Where it lives in a project: `pages/api/auth/[...nextauth]`.
const PATH: &str = "/api/auth/";

/// The options, ready for use.
pub(super) struct NextAuth {
    settings: plan::NextAuth,
    /// The origin of `NEXTAUTH_URL`.
    origin: String,
    /// And with it the path.
    base: String,
}

/// What an answer is.
enum Said {
    Json(Value),
    Page(&'static str),
    Redirect(String),
    Refused(Value),
    Unknown,
}

impl NextAuth {
    pub(super) fn new(settings: &plan::NextAuth) -> Self {
        let origin = settings.url.origin().ascii_serialization();
        let path = match settings.url.path() {
            "/" => PATH.trim_end_matches('/'),
            path => path.trim_end_matches('/'),
        };
        Self { base: format!("{origin}{path}"), origin, settings: settings.clone() }
    }

    pub(super) fn answer(
        &self,
        app: &App,
        asked: &Asked<'_>,
        now: OffsetDateTime,
        mut random: Random,
    ) -> Reply {
        let Some(rest) = asked.url.path().strip_prefix(PATH) else {
            let mut routed = app.routed(asked, now);
            if routed.does() == Some(Does::Me) {
                routed.say_user(self.session(asked, now).is_some());
            }
            return routed.reply;
        };
        let mut words = rest.split('/');
        let (action, provider) = (words.next().unwrap_or_default(), words.next());
        let settings = &self.settings;
        let mut lines = Vec::new();
        let line = |cookie: &ExpressCookie, value: &str| serialize(&cookie.name, value, &of(cookie));

        let (token, is_new) = match self.csrf_token(asked) {
            Some(token) => (token, false),
            None => (random.text(b"0123456789abcdef", 64), true),
        };
        if is_new {
            lines.push(line(&settings.csrf_token, &format!("{token}|{}", self.hash(&token))));
        }
        let is_post = *asked.method == Method::POST;
        let is_verified = is_post && !is_new && asked.field("csrfToken").as_deref() == Some(token.as_str());

        let known = self.cookie(asked, &settings.callback_url);
        let query = || asked.url.query_pairs().find(|(name, _)| name == "callbackUrl");
        let wanted = asked.field("callbackUrl").or_else(|| query().map(|(_, url)| url.into_owned()));
        let back = self.allowed(wanted.or_else(|| known.clone()));
        if known.as_ref() != Some(&back) {
            lines.push(line(&settings.callback_url, &back));
        }

        let sent = self.cookie(asked, &settings.session_token).filter(|token| !token.is_empty());
        let gone = |lines: &mut Vec<String>| {
            let attributes = Attributes { max_age: Some(0), ..of(&settings.session_token) };
            lines.push(serialize(&settings.session_token.name, "", &attributes));
        };
        let keep = |lines: &mut Vec<String>, random: &mut Random| {
            let token = token::encrypt(&settings.secret, &claims(settings, now, random), random);
            let expires = now.saturating_add(Duration::seconds(settings.max_age));
            let attributes = Attributes { expires: Some(expires), ..of(&settings.session_token) };
            lines.push(serialize(&settings.session_token.name, &token, &attributes));
        };
        let said = match (is_post, action) {
            _ if !is_post && *asked.method != Method::GET => {
                lines.clear();
                Said::Unknown
            }
            (false, "csrf") => Said::Json(json!({ "csrfToken": token })),
            // A POST with the CSRF token is `update()`: the session as it is, and for as long again.
            (true, "session") if !is_verified => Said::Refused(json!({})),
            (_, "session") => match (&sent, self.session(asked, now)) {
                (None, _) => Said::Json(json!({})),
                (Some(_), None) => {
                    gone(&mut lines);
                    Said::Json(json!({}))
                }
                (Some(_), Some(_)) => {
                    keep(&mut lines, &mut random);
                    Said::Json(json!({ "user": { "name": USER } }))
                }
            },
            (false, "providers") => {
                lines.clear();
                Said::Json(json!({ "credentials": { "id": "credentials", "type": "credentials" } }))
            }
            (false, "signin") => Said::Page("Sign in"),
            (false, "signout") => Said::Page("Sign out"),
            (true, "signout") if !is_verified => Said::Redirect(format!("{}/signout?csrf=true", self.base)),
            (true, "signout") => {
                if sent.is_some() {
                    gone(&mut lines);
                }
                Said::Redirect(back)
            }
            (true, "callback") if provider == Some("credentials") && is_verified => {
                keep(&mut lines, &mut random);
                Said::Redirect(back)
            }
            (true, "callback") if provider == Some("credentials") => {
                Said::Redirect(format!("{}/signin?csrf=true", self.base))
            }
            // The provider `credentials` signs in by its callback alone.
            (true, "signin") if is_verified && provider == Some("credentials") => {
                Said::Redirect(format!("{}/signin", self.base))
            }
            (true, "signin") => Said::Redirect(format!("{}/signin?csrf=true", self.base)),
            _ => {
                lines.clear();
                Said::Unknown
            }
        };
        let mut reply = self.reply(said, asked);
        lines.iter().for_each(|line| set_cookie(&mut reply, line));
        reply
    }

    fn reply(&self, said: Said, asked: &Asked<'_>) -> Reply {
        let mut reply = Reply::new(StatusCode::OK, Answer::Framework);
        match said {
            Said::Json(body) => set_json(&mut reply, &body),
            Said::Page(title) => {
                let page =
                    format!("<!doctype html><link rel=\"icon\" href=\"data:,\"><title>{title}</title>");
                reply.headers.insert("content-type", value("text/html"));
                reply.body = page.into();
            }
            Said::Redirect(to) if asked.field("json").as_deref() == Some("true") => {
                set_json(&mut reply, &json!({ "url": to }));
            }
            Said::Redirect(to) => {
                reply.status = StatusCode::FOUND;
                reply.headers.insert(LOCATION, value(&to));
            }
            Said::Refused(body) => {
                reply.status = StatusCode::BAD_REQUEST;
                set_json(&mut reply, &body);
            }
            Said::Unknown => {
                let method = asked.method;
                let text = format!("Error: This action with HTTP {method} is not supported by NextAuth.js");
                reply = Reply::sentence(StatusCode::BAD_REQUEST, Answer::Framework, text);
            }
        }
        reply
    }

    fn cookie(&self, asked: &Asked<'_>, cookie: &ExpressCookie) -> Option<String> {
        parsed(asked.cookie().as_deref(), &cookie.name)
    }

    /// The token of a CSRF cookie whose hash is right.
    fn csrf_token(&self, asked: &Asked<'_>) -> Option<String> {
        let cookie = self.cookie(asked, &self.settings.csrf_token)?;
        let (token, hash) = cookie.split_once('|')?;
        (self.hash(token) == hash).then(|| token.to_owned())
    }

    fn hash(&self, token: &str) -> String {
        let digest = Sha256::digest(format!("{token}{}", self.settings.secret));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The claims of the session, where it opens and is in date.
    fn session(&self, asked: &Asked<'_>, now: OffsetDateTime) -> Option<Value> {
        let token = self.cookie(asked, &self.settings.session_token)?;
        let claims = token::decrypt(&self.settings.secret, &token)?;
        // `clockTolerance: 15`.
        (claims["exp"].as_i64()? > now.unix_timestamp() - 15).then_some(claims)
    }

    /// The callback `redirect`: never to another origin.
    fn allowed(&self, url: Option<String>) -> String {
        match url {
            Some(path) if path.starts_with('/') => format!("{}{path}", self.origin),
            Some(url) if Url::parse(&url).is_ok_and(|url| url.origin() == self.settings.url.origin()) => url,
            _ => self.origin.clone(),
        }
    }
}

/// Options as `cookie.serialize` takes them: a `maxAge` is in seconds here.
fn of(cookie: &ExpressCookie) -> Attributes {
    Attributes { max_age: cookie.max_age, ..attributes(cookie) }
}

fn claims(settings: &plan::NextAuth, now: OffsetDateTime, random: &mut Random) -> Value {
    let hex = random.text(b"0123456789abcdef", 32);
    let id: Vec<&str> = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)]
        .into_iter()
        .filter_map(|(from, to)| hex.get(from..to))
        .collect();
    let at = now.unix_timestamp();
    json!({
        "name": USER,
        "sub": "1",
        "iat": at,
        "exp": at.saturating_add(settings.max_age),
        "jti": id.join("-"),
    })
}

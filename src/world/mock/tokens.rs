//! Tokens of mock routes: signed when a route is asked, and checked by the clock of the world.

use std::fmt;

use hyper::header::{AUTHORIZATION, HeaderValue, SET_COOKIE};
use time::OffsetDateTime;

use super::{Sent, value_of};
use crate::plan::{JWT, RequireJwt, SignJwt};
use crate::world::jwt;
use crate::world::reply::Reply;

/// The algorithm of both.
const HS256: &str = "HS256";

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is none.
    Missing,
    /// It is not signed as it has to be.
    Signature(String),
    /// It is too old, by so many seconds.
    Expired(String, i64),
}

/// Checks the token of a request: that of the header where both came, unless the cookie is preferred. The
/// other one is then not looked at, however good it is.
pub(super) fn check(required: &RequireJwt, sent: Sent<'_>) -> Result<(), Refused> {
    let bearer = || {
        let authorization = sent.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = authorization.filter(|_| required.bearer)?.split_once(' ')?;
        // The name of a scheme has no case (RFC 9110, section 11.1).
        scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| ("the bearer token of the Authorization header".to_owned(), token.trim().to_owned()))
    };
    let cookie = || {
        let name = required.cookie.as_ref()?;
        Some((format!("the token of the cookie `{name}`"), value_of(sent.cookie, name)?))
    };
    let token = if required.prefers_cookie { cookie().or_else(bearer) } else { bearer().or_else(cookie) };
    let (which, token) = token.ok_or(Refused::Missing)?;
    let claims =
        jwt::decode(&token, &required.key, HS256).ok_or_else(|| Refused::Signature(which.clone()))?;
    let now = sent.at.unix_timestamp();
    match claims.get("exp").map(serde_json::Value::as_i64) {
        // RFC 7519, section 4.1.4: not on or after that time.
        Some(Some(end)) if end <= now => Err(Refused::Expired(which, now - end)),
        Some(None) => Err(Refused::Signature(which)),
        _ => Ok(()),
    }
}

/// A token of a route.
pub(super) fn signed(route: &SignJwt, at: OffsetDateTime) -> String {
    let now = at.unix_timestamp();
    let mut claims = route.claims.clone();
    claims.insert("iat".to_owned(), now.into());
    if let Some(time) = route.expires {
        let end = now.saturating_add(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        claims.insert("exp".to_owned(), end.into());
    }
    jwt::encode(&claims, &route.key, HS256).unwrap_or_default()
}

/// Puts a token wherever an answer speaks of it. What it is made of needs no escape, in JSON neither.
pub(super) fn hand_out(token: &str, reply: &mut Reply) {
    let lines: Vec<HeaderValue> = reply.headers.get_all(SET_COOKIE).iter().cloned().collect();
    reply.headers.remove(SET_COOKIE);
    for line in lines {
        let filled = std::str::from_utf8(line.as_bytes()).ok().map(|text| text.replace(JWT, token));
        let filled = filled.and_then(|text| HeaderValue::from_bytes(text.as_bytes()).ok());
        reply.headers.append(SET_COOKIE, filled.unwrap_or(line));
    }
    if let Ok(text) = std::str::from_utf8(reply.body.bytes()) {
        reply.body = text.replace(JWT, token).into();
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no token came with the request"),
            Self::Signature(which) => write!(f, "{which} is not signed with the key of the route"),
            Self::Expired(which, seconds) => write!(f, "{which} is over since {seconds} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderMap;

    use super::*;

    fn required(prefers_cookie: bool) -> RequireJwt {
        RequireJwt { key: "k".to_owned(), cookie: Some("access".to_owned()), bearer: true, prefers_cookie }
    }

    /// Whether a token that comes so, at this second, is good.
    fn checked(
        prefers_cookie: bool,
        cookie: Option<&str>,
        authorization: Option<&str>,
        at: i64,
    ) -> Result<(), Refused> {
        let at = OffsetDateTime::from_unix_timestamp(at).expect("a time");
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, HeaderValue::try_from(value).expect("a value"));
        }
        let sent = Sent { cookie: cookie.map(str::as_bytes), headers: &headers, body: b"", at };
        check(&required(prefers_cookie), sent)
    }

    #[test]
    fn one_token_is_believed_and_the_other_is_not_looked_at() {
        let at = OffsetDateTime::UNIX_EPOCH;
        let claims = serde_json::Map::new();
        let route =
            SignJwt { key: "k".to_owned(), claims, expires: Some(std::time::Duration::from_secs(60)) };
        let token = signed(&route, at);
        let (cookie, bearer) = (format!("a=1; access={token}"), format!("bearer {token}"));
        let (cookie, bearer) = (Some(cookie.as_str()), Some(bearer.as_str()));
        assert_eq!(checked(false, None, None, 0), Err(Refused::Missing));
        for (by, header) in [(cookie, None), (None, bearer), (cookie, bearer)] {
            assert_eq!(checked(false, by, header, 59), Ok(()));
            assert!(matches!(checked(false, by, header, 60), Err(Refused::Expired(_, 0))));
        }
        let stale = Some("Bearer x");
        assert!(matches!(checked(false, cookie, stale, 0), Err(Refused::Signature(_))));
        assert_eq!(checked(true, cookie, stale, 0), Ok(()));
        // Another scheme is no bearer token.
        assert_eq!(checked(false, cookie, Some("Basic x"), 0), Ok(()));
    }
}

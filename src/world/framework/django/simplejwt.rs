//! SimpleJWT's views and its authentication, after `rest_framework_simplejwt` 5.5.
//!
//! Where `AUTH_COOKIE` names a cookie, the tokens go there and come from there, as projects do it that keep
//! them from scripts; else they are in bodies and in the `Authorization` header, as SimpleJWT has it.

use std::collections::HashSet;
use std::sync::Mutex;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::{Django, Does, Routed, SetCookie, Visit, api_headers, set, set_json};
use crate::plan::framework::SimpleJwt;
use crate::world::framework::locked;
use crate::world::jwt::{self, Claims};

/// The ids of refresh tokens that are refused.
#[derive(Default)]
pub(super) struct Blacklist {
    ids: Mutex<HashSet<String>>,
}

/// Which token it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Access,
    Refresh,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }

    const fn lifetime(self, settings: &SimpleJwt) -> i64 {
        match self {
            Self::Access => settings.access_token_lifetime,
            Self::Refresh => settings.refresh_token_lifetime,
        }
    }

    fn cookie(self, settings: &SimpleJwt) -> Option<&str> {
        match self {
            Self::Access => settings.auth_cookie.as_deref(),
            Self::Refresh => settings.auth_cookie_refresh.as_deref(),
        }
    }
}

impl Django {
    /// `TokenObtainPairView`, `TokenRefreshView`, `TokenBlacklistView`.
    pub(super) fn token_view(&self, does: Does, visit: &mut Visit<'_>, routed: &mut Routed<'_>) {
        api_headers(visit.asked, &mut routed.reply);
        let Some(settings) = &self.settings.simple_jwt else { return };
        if does == Does::TokenObtainPair {
            let refresh = fresh(settings, Kind::Refresh, visit);
            let access = access_of(settings, &refresh, visit);
            self.deliver(settings, &[(Kind::Refresh, refresh), (Kind::Access, access)], visit, routed);
            return;
        }
        let token = match settings.auth_cookie_refresh.as_deref() {
            Some(name) => visit.sent(name).map(str::to_owned),
            None => visit.asked.field("refresh"),
        };
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            routed.reply.status = StatusCode::BAD_REQUEST;
            set_json(&mut routed.reply, &json!({ "refresh": ["This field is required."] }));
            return;
        };
        let Some(mut refresh) = self.verified(settings, &token, Kind::Refresh, visit) else {
            unauthorized(settings, routed);
            return;
        };
        let id = refresh.get(&settings.jti_claim).and_then(Value::as_str).unwrap_or_default().to_owned();
        if does == Does::TokenBlacklist {
            self.refuse_from_now(id);
            let (path, domain) = (&settings.auth_cookie_path, settings.auth_cookie_domain.as_deref());
            for name in [&settings.auth_cookie, &settings.auth_cookie_refresh].into_iter().flatten() {
                visit.delete_cookie(name, path, domain, settings.auth_cookie_samesite.as_deref());
            }
            set_json(&mut routed.reply, &json!({}));
            return;
        }
        let mut tokens = vec![(Kind::Access, access_of(settings, &refresh, visit))];
        if settings.rotate_refresh_tokens {
            if settings.blacklist_after_rotation {
                self.refuse_from_now(id);
            }
            stamp(settings, Kind::Refresh, &mut refresh, visit);
            tokens.push((Kind::Refresh, refresh));
        }
        self.deliver(settings, &tokens, visit, routed);
    }

    /// Without its app there is no blacklist, and SimpleJWT says nothing about it.
    fn refuse_from_now(&self, id: String) {
        if self.settings.blacklist_app {
            locked(&self.blacklist.ids).insert(id);
        }
    }

    /// Who is asking, by the token in the `Authorization` header or the cookie.
    pub(super) fn me_by_token(&self, settings: &SimpleJwt, visit: &mut Visit<'_>, routed: &mut Routed<'_>) {
        api_headers(visit.asked, &mut routed.reply);
        let by_header = visit.asked.header("authorization").map(|header| {
            let mut words = header.split_whitespace();
            let kind = words.next().unwrap_or_default();
            let token = words.next().filter(|_| words.next().is_none());
            token.filter(|_| settings.auth_header_types.iter().any(|known| known == kind)).map(str::to_owned)
        });
        let by_cookie = || visit.sent(settings.auth_cookie.as_deref()?).map(str::to_owned);
        let token = by_header.unwrap_or_else(by_cookie);
        let claims = token.and_then(|token| self.verified(settings, &token, Kind::Access, visit));
        if claims.is_some() {
            routed.say_user(true);
        } else {
            unauthorized(settings, routed);
        }
    }

    /// The claims of a token that holds: its signature, its time, its kind, and that nobody refused it.
    fn verified(&self, settings: &SimpleJwt, token: &str, kind: Kind, visit: &Visit<'_>) -> Option<Claims> {
        let claims = jwt::decode(token, &settings.signing_key, &settings.algorithm)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let id = text(&settings.jti_claim)?;
        let in_time = claims.get("exp")?.as_i64()? > visit.now.unix_timestamp() - settings.leeway;
        let is_kind = text(&settings.token_type_claim) == Some(kind.word());
        let audience = settings.audience.is_none() || text("aud") == settings.audience.as_deref();
        let issuer = settings.issuer.is_none() || text("iss") == settings.issuer.as_deref();
        let refused = kind == Kind::Refresh && locked(&self.blacklist.ids).contains(id);
        (in_time && is_kind && audience && issuer && !refused).then_some(claims)
    }

    /// Hands the tokens out, in cookies where those have names.
    fn deliver(
        &self,
        settings: &SimpleJwt,
        tokens: &[(Kind, Claims)],
        visit: &mut Visit<'_>,
        routed: &mut Routed<'_>,
    ) {
        let mut body = Map::new();
        for (kind, claims) in tokens {
            let token = jwt::encode(claims, &settings.signing_key, &settings.algorithm).unwrap_or_default();
            match kind.cookie(settings) {
                Some(name) => visit.set_cookie(&SetCookie {
                    name,
                    value: &token,
                    max_age: Some(kind.lifetime(settings)),
                    expires: None,
                    path: Some(&settings.auth_cookie_path),
                    domain: settings.auth_cookie_domain.as_deref(),
                    secure: settings.auth_cookie_secure,
                    httponly: settings.auth_cookie_http_only,
                    samesite: settings.auth_cookie_samesite.as_deref(),
                }),
                None => _ = body.insert(kind.word().to_owned(), token.into()),
            }
        }
        if !body.is_empty() || !routed.has_body {
            set_json(&mut routed.reply, &Value::Object(body));
        }
    }
}

/// A new token for the user.
fn fresh(settings: &SimpleJwt, kind: Kind, visit: &mut Visit<'_>) -> Claims {
    let mut claims = Claims::new();
    claims.insert(settings.token_type_claim.clone(), kind.word().into());
    claims.insert(settings.user_id_claim.clone(), "1".into());
    for (name, value) in [("aud", &settings.audience), ("iss", &settings.issuer)] {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value.as_str().into());
        }
    }
    stamp(settings, kind, &mut claims, visit);
    claims
}

/// The access token of a refresh token: its claims, and a time and id of its own.
fn access_of(settings: &SimpleJwt, refresh: &Claims, visit: &mut Visit<'_>) -> Claims {
    let mut claims = refresh.clone();
    claims.insert(settings.token_type_claim.clone(), Kind::Access.word().into());
    stamp(settings, Kind::Access, &mut claims, visit);
    claims
}

/// A new id, and the time from now on.
fn stamp(settings: &SimpleJwt, kind: Kind, claims: &mut Claims, visit: &mut Visit<'_>) {
    let now = visit.now.unix_timestamp();
    claims.insert(settings.jti_claim.clone(), visit.random.text(b"0123456789abcdef", 32).into());
    claims.insert("exp".to_owned(), now.saturating_add(kind.lifetime(settings)).into());
    claims.insert("iat".to_owned(), now.into());
}

fn unauthorized(settings: &SimpleJwt, routed: &mut Routed<'_>) {
    routed.reply.status = StatusCode::UNAUTHORIZED;
    let word = settings.auth_header_types.first().map_or("Bearer", String::as_str);
    set(&mut routed.reply, "www-authenticate", &format!("{word} realm=\"api\""));
    set_json(&mut routed.reply, &json!({ "detail": "Token is invalid", "code": "token_not_valid" }));
}

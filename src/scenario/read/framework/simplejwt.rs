//! `SIMPLE_JWT`: the settings of djangorestframework-simplejwt.

use super::super::fields::Fields;
use super::super::node::Table;
use super::value::{flag, same_site, seconds, text, text_or_none, texts};
use crate::diagnostic::{Diagnostic, listed};
use crate::plan::framework::SimpleJwt;

/// The algorithms with one secret; those with two keys change nothing that a browser sees.
const ALGORITHMS: [&str; 3] = ["HS256", "HS384", "HS512"];

/// Settings that SimpleJWT has, and that change nothing that is rehearsed here.
const REAL: [&str; 19] = [
    "AUTH_HEADER_NAME",
    "AUTH_TOKEN_CLASSES",
    "CHECK_REVOKE_TOKEN",
    "CHECK_USER_IS_ACTIVE",
    "JSON_ENCODER",
    "JWK_URL",
    "REVOKE_TOKEN_CLAIM",
    "SLIDING_TOKEN_LIFETIME",
    "SLIDING_TOKEN_REFRESH_EXP_CLAIM",
    "SLIDING_TOKEN_REFRESH_LIFETIME",
    "TOKEN_BLACKLIST_SERIALIZER",
    "TOKEN_OBTAIN_SERIALIZER",
    "TOKEN_REFRESH_SERIALIZER",
    "TOKEN_USER_CLASS",
    "TOKEN_VERIFY_SERIALIZER",
    "UPDATE_LAST_LOGIN",
    "USER_AUTHENTICATION_RULE",
    "USER_ID_FIELD",
    "VERIFYING_KEY",
];

pub(super) fn read(table: Table<'_, '_>, secret_key: &str) -> SimpleJwt {
    let mut fields = Fields::new(table, "`SIMPLE_JWT`");
    let all = &mut fields;
    let named = |text: Option<String>, default: &str| text.unwrap_or_else(|| default.to_owned());
    let settings = SimpleJwt {
        access_token_lifetime: seconds(all, "ACCESS_TOKEN_LIFETIME").unwrap_or(300),
        refresh_token_lifetime: seconds(all, "REFRESH_TOKEN_LIFETIME").unwrap_or(86_400),
        rotate_refresh_tokens: flag(all, "ROTATE_REFRESH_TOKENS", false),
        blacklist_after_rotation: flag(all, "BLACKLIST_AFTER_ROTATION", false),
        algorithm: algorithm(all).unwrap_or_else(|| "HS256".to_owned()),
        signing_key: named(text(all, "SIGNING_KEY"), secret_key),
        audience: text_or_none(all, "AUDIENCE").flatten(),
        issuer: text_or_none(all, "ISSUER").flatten(),
        leeway: seconds(all, "LEEWAY").unwrap_or(0),
        auth_header_types: texts(all, "AUTH_HEADER_TYPES").unwrap_or_else(|| vec!["Bearer".to_owned()]),
        user_id_claim: named(text(all, "USER_ID_CLAIM"), "user_id"),
        token_type_claim: named(text(all, "TOKEN_TYPE_CLAIM"), "token_type"),
        jti_claim: named(text(all, "JTI_CLAIM"), "jti"),
        auth_cookie: text_or_none(all, "AUTH_COOKIE").flatten(),
        auth_cookie_refresh: text_or_none(all, "AUTH_COOKIE_REFRESH").flatten(),
        auth_cookie_domain: text_or_none(all, "AUTH_COOKIE_DOMAIN").flatten(),
        auth_cookie_path: named(text(all, "AUTH_COOKIE_PATH"), "/"),
        auth_cookie_secure: flag(all, "AUTH_COOKIE_SECURE", false),
        auth_cookie_http_only: flag(all, "AUTH_COOKIE_HTTP_ONLY", true),
        auth_cookie_samesite: same_site(all, "AUTH_COOKIE_SAMESITE")
            .unwrap_or_else(|| Some("Lax".to_owned())),
    };
    super::finish(&fields, "SimpleJWT", &REAL);
    settings
}

fn algorithm(fields: &mut Fields<'_, '_>) -> Option<String> {
    let at = fields.string("ALGORITHM")?;
    if ALGORITHMS.contains(&at.value.as_str()) {
        return Some(at.value);
    }
    fields.report(
        Diagnostic::error(format!("tokens are not signed with `{}` here", at.value.escape_debug()))
            .label(at.span, "")
            .help(format!("write one of {}", listed(ALGORITHMS))),
    );
    None
}

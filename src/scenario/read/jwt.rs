//! Tokens of mock routes: `sign_jwt` hands one out, `require_jwt` wants one.

use super::super::written::{At, SignJwt};
use super::fields::Fields;
use super::json::json;
use super::node::Entry;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::RequireJwt;

pub(super) fn sign(entry: &Entry<'_, '_>) -> Option<At<SignJwt>> {
    let span = entry.key_span.clone();
    let mut fields = Fields::new(entry.value.table("`sign_jwt`")?, "`sign_jwt`");
    let key = key(&mut fields, &span);
    let claims = fields.entry("claims").and_then(|entry| {
        entry.value.table("`claims`")?;
        json(entry.value)?.as_object().cloned()
    });
    let expires = fields.string("expires");
    fields.finish();
    Some(At { value: SignJwt { key: key?, claims: claims.unwrap_or_default(), expires }, span })
}

pub(super) fn require(entry: &Entry<'_, '_>) -> Option<At<RequireJwt>> {
    let span = entry.key_span.clone();
    let mut fields = Fields::new(entry.value.table("`require_jwt`")?, "`require_jwt`");
    let key = key(&mut fields, &span);
    let cookie = fields.string("cookie");
    let bearer = fields.boolean("bearer").is_some_and(|at| at.value);
    let prefers = fields.word("prefer", &[("bearer", false), ("cookie", true)]);
    let was_strange = fields.finish();
    if cookie.is_none() && !bearer && !was_strange {
        entry.report(
            Diagnostic::error("`require_jwt` looks for no token anywhere")
                .label(span.clone(), "")
                .help("say where it comes from: `cookie = \"access\"`, `bearer = true`, or both"),
        );
    }
    if let Some(prefers) = prefers.as_ref().filter(|_| !was_strange && (cookie.is_none() || !bearer)) {
        entry.report(
            Diagnostic::error("`prefer` chooses between a cookie and a bearer token")
                .label(prefers.span.clone(), "here is only one of them")
                .help("leave it out, or name both"),
        );
    }
    let require = RequireJwt {
        key: key?,
        cookie: cookie.map(|at| at.value),
        bearer,
        prefers_cookie: prefers.is_some_and(|at| at.value),
    };
    Some(At { value: require, span })
}

fn key(fields: &mut Fields<'_, '_>, span: &Span) -> Option<String> {
    let entry = fields.entry("key");
    let Some(entry) = entry else {
        fields.report_missing(
            Diagnostic::error("a token is signed with a `key`, and none is here")
                .label(span.clone(), "")
                .help("give the same to `sign_jwt` and `require_jwt`: `key = \"anything\"`"),
        );
        return None;
    };
    entry.value.string("`key`").map(|at| at.value)
}

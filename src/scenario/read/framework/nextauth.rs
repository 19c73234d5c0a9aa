//! `[origins.NAME.nextauth]`: the options of NextAuth, and its address.

use url::Url;

use super::super::fields::Fields;
use super::super::node::{Entry, Table};
use super::calls::express_cookie;
use super::value::text;
use crate::diagnostic::Diagnostic;
use crate::plan::framework::{ExpressCookie, JsSameSite, NextAuth, Secure};

/// Options that NextAuth has, and that change nothing that is rehearsed here; those of Auth.js, its successor, among them.
const IDLE: [&str; 11] = [
    "AUTH_SECRET",
    "AUTH_TRUST_HOST",
    "NEXTAUTH_SECRET",
    "NEXTAUTH_URL_INTERNAL",
    "adapter",
    "debug",
    "events",
    "jwt",
    "logger",
    "theme",
    "trustHost",
];

/// Options that decide what is answered, and that are not rehearsed.
const DECIDING: [&str; 5] = ["AUTH_URL", "basePath", "callbacks", "pages", "providers"];

pub(super) fn read(table: Table<'_, '_>, entry: &Entry<'_, '_>) -> Option<NextAuth> {
    let mut fields = Fields::new(table, "`nextauth`");
    let secret = text(&mut fields, "secret");
    let url = fields.string("NEXTAUTH_URL");
    let secure = fields.boolean("useSecureCookies").map(|at| at.value);
    let max_age = fields.table("session").and_then(|(table, _)| {
        let mut fields = Fields::new(table, "`session`");
        let max_age = fields.integer("maxAge").map(|at| at.value);
        let real = ["strategy", "updateAge", "generateSessionToken"];
        super::finish(&fields, "NextAuth's `session`", &real);
        max_age
    });
    let cookies = fields.table("cookies").map(|(table, _)| {
        let mut fields = Fields::new(table, "`cookies`");
        let cookies = ["sessionToken", "csrfToken", "callbackUrl"].map(|key| cookie(&mut fields, key));
        super::finish(&fields, "NextAuth's `cookies`", &["pkceCodeVerifier", "state", "nonce"]);
        cookies
    });
    let others = super::Others { idle: &IDLE, deciding: &DECIDING, idle_prefixes: &[] };
    super::finish_beside(&fields, "NextAuth", others);
    let parsed = url.as_ref().and_then(|at| {
        let url = Url::parse(&at.value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none() {
            entry.report(
                Diagnostic::error(format!("`{}` is no address of a site", at.value.escape_debug()))
                    .label(at.span.clone(), "")
                    .help("write scheme and host: `NEXTAUTH_URL = \"https://www.example.com\"`"),
            );
        }
        url
    });
    for (key, example) in [("secret", "anything"), ("NEXTAUTH_URL", "https://www.example.com")] {
        if !table.contains_key(key) {
            entry.report_missing(
                Diagnostic::error(format!("NextAuth has no `{key}`"))
                    .label(entry.key_span.clone(), "")
                    .help(format!("give it one, as its environment does: `{key} = \"{example}\"`")),
            );
        }
    }
    // Where one is missing, that has been told, and nothing is run.
    let secret = secret.unwrap_or_default();
    let url = parsed.or_else(|| Url::parse("https://localhost").ok())?;
    let secure = secure.unwrap_or(url.scheme() == "https");
    let usual = |prefix: &str, name: &str| {
        let prefix = if secure { prefix } else { "" };
        ExpressCookie {
            name: format!("{prefix}next-auth.{name}"),
            path: Some("/".to_owned()),
            http_only: Some(true),
            same_site: Some(JsSameSite::Lax),
            secure: Some(Secure::Is(secure)),
            ..ExpressCookie::default()
        }
    };
    let [session_token, csrf_token, callback_url] = cookies.unwrap_or_default();
    Some(NextAuth {
        secret,
        url,
        max_age: max_age.unwrap_or(30 * 24 * 60 * 60),
        session_token: session_token.unwrap_or_else(|| usual("__Secure-", "session-token")),
        csrf_token: csrf_token.unwrap_or_else(|| usual("__Host-", "csrf-token")),
        callback_url: callback_url.unwrap_or_else(|| usual("__Secure-", "callback-url")),
    })
}

/// One of `cookies`: what is said of it takes the place of all of the usual.
fn cookie(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<ExpressCookie> {
    let (table, span) = fields.table(key)?;
    let mut fields = Fields::new(table, "a cookie");
    let name = text(&mut fields, "name");
    let options = fields.table("options").map(|(table, _)| {
        let mut fields = Fields::new(table, "`options`");
        let cookie = express_cookie(&mut fields, false);
        super::finish(&fields, "a cookie of NextAuth", &["expires", "encode"]);
        cookie
    });
    super::finish(&fields, "a cookie of NextAuth", &[]);
    if name.is_none() && !table.contains_key("name") {
        fields.report_missing(
            Diagnostic::error(format!("`{key}` names no cookie"))
                .label(span, "")
                .note("what is said of a cookie takes the place of all that NextAuth says of it by itself")
                .help("give its name: `name = \"__Secure-next-auth.session-token\"`"),
        );
    }
    Some(ExpressCookie { name: name?, ..options.unwrap_or_default() })
}

//! `[origins.NAME.starlette]`: the middleware of Starlette and FastAPI, by their classes' names.

use super::super::fields::Fields;
use super::super::node::Table;
use super::value::{flag, regexes, seconds, seconds_or_none, text, text_or_none, texts};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::framework::{Starlette, StarletteCors, StarletteSession};

/// Parameters and middleware of both that change nothing of what is rehearsed here.
const IDLE: [&str; 10] = [
    "GZipMiddleware",
    "debug",
    "docs_url",
    "lifespan",
    "openapi_url",
    "redoc_url",
    "reload",
    "title",
    "version",
    "workers",
];

/// Those that decide what is answered, and that are not rehearsed.
const DECIDING: [&str; 5] = [
    "AuthenticationMiddleware",
    "HTTPSRedirectMiddleware",
    "TrustedHostMiddleware",
    "proxy_headers",
    "root_path",
];

pub(super) fn read(table: Table<'_, '_>) -> Starlette {
    let mut fields = Fields::new(table, "`starlette`");
    let cors = fields.table("CORSMiddleware").map(|(table, _)| cors(table));
    let session = fields.table("SessionMiddleware").and_then(|(table, span)| session(table, span));
    let redirect_slashes = flag(&mut fields, "redirect_slashes", true);
    let allowed = fields.string("forwarded-allow-ips");
    let trusts_forwarded = allowed.is_none_or(|at| at.value.split(',').any(|one| is_near(one.trim())));
    let others = super::Others { idle: &IDLE, deciding: &DECIDING, idle_prefixes: &[] };
    super::finish_beside(&fields, "Starlette", others);
    Starlette { cors, session, redirect_slashes, trusts_forwarded }
}

/// Whether these addresses of `--forwarded-allow-ips` are of the proxy in front, which here is on this machine.
fn is_near(allowed: &str) -> bool {
    allowed == "*" || allowed == "::1" || allowed.starts_with("127.")
}

fn cors(table: Table<'_, '_>) -> StarletteCors {
    let mut fields = Fields::new(table, "`CORSMiddleware`");
    let regex = fields.string("allow_origin_regex");
    let cors = StarletteCors {
        allow_origins: texts(&mut fields, "allow_origins").unwrap_or_default(),
        allow_origin_regex: regexes(regex.as_slice(), fields.mistakes()).pop(),
        allow_methods: texts(&mut fields, "allow_methods").unwrap_or_else(|| vec!["GET".to_owned()]),
        allow_headers: texts(&mut fields, "allow_headers").unwrap_or_default(),
        allow_credentials: flag(&mut fields, "allow_credentials", false),
        allow_private_network: flag(&mut fields, "allow_private_network", false),
        expose_headers: texts(&mut fields, "expose_headers").unwrap_or_default(),
        max_age: seconds(&mut fields, "max_age").unwrap_or(600),
    };
    super::finish(&fields, "`CORSMiddleware`", &[]);
    cors
}

fn session(table: Table<'_, '_>, span: Span) -> Option<StarletteSession> {
    let mut fields = Fields::new(table, "`SessionMiddleware`");
    let same_site = fields.word("same_site", &[("lax", "lax"), ("strict", "strict"), ("none", "none")]);
    let session = StarletteSession {
        secret_key: text(&mut fields, "secret_key").unwrap_or_default(),
        session_cookie: text(&mut fields, "session_cookie").unwrap_or_else(|| "session".to_owned()),
        max_age: seconds_or_none(&mut fields, "max_age").unwrap_or(Some(14 * 24 * 60 * 60)),
        path: text(&mut fields, "path").unwrap_or_else(|| "/".to_owned()),
        same_site: same_site.map_or("lax", |at| at.value).to_owned(),
        https_only: flag(&mut fields, "https_only", false),
        domain: text_or_none(&mut fields, "domain").flatten(),
        partitioned: flag(&mut fields, "partitioned", false),
    };
    super::finish(&fields, "`SessionMiddleware`", &[]);
    if !table.contains_key("secret_key") {
        table.report_missing(
            Diagnostic::error("`SessionMiddleware` has no `secret_key`")
                .label(span, "")
                .help("give it one: `secret_key = \"anything\"`"),
        );
        return None;
    }
    Some(session)
}

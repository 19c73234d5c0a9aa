//! `[origins.NAME.starlette]`: the middleware of Starlette and FastAPI, by their classes' names.

use toml::de::DeTable;

use super::super::super::mistakes::Mistakes;
use super::super::fields::Fields;
use super::value::{flag, regexes, seconds, seconds_or_none, text, text_or_none, texts};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::framework::{Starlette, StarletteCors, StarletteSession};

pub(super) fn read(table: &DeTable<'_>, mistakes: &mut Mistakes) -> Starlette {
    let mut fields = Fields::new(table, "`starlette`");
    let cors = fields.table("CORSMiddleware", mistakes).map(|(table, _)| cors(table, mistakes));
    let session =
        fields.table("SessionMiddleware", mistakes).and_then(|(table, span)| session(table, span, mistakes));
    let real =
        ["GZipMiddleware", "HTTPSRedirectMiddleware", "TrustedHostMiddleware", "AuthenticationMiddleware"];
    super::finish(&fields, "Starlette", &real, mistakes);
    Starlette { cors, session }
}

fn cors(table: &DeTable<'_>, mistakes: &mut Mistakes) -> StarletteCors {
    let mut fields = Fields::new(table, "`CORSMiddleware`");
    let regex = fields.string("allow_origin_regex", mistakes);
    let cors = StarletteCors {
        allow_origins: texts(&mut fields, "allow_origins", mistakes).unwrap_or_default(),
        allow_origin_regex: regexes(regex.as_slice(), mistakes).pop(),
        allow_methods: texts(&mut fields, "allow_methods", mistakes)
            .unwrap_or_else(|| vec!["GET".to_owned()]),
        allow_headers: texts(&mut fields, "allow_headers", mistakes).unwrap_or_default(),
        allow_credentials: flag(&mut fields, "allow_credentials", false, mistakes),
        allow_private_network: flag(&mut fields, "allow_private_network", false, mistakes),
        expose_headers: texts(&mut fields, "expose_headers", mistakes).unwrap_or_default(),
        max_age: seconds(&mut fields, "max_age", mistakes).unwrap_or(600),
    };
    super::finish(&fields, "`CORSMiddleware`", &[], mistakes);
    cors
}

fn session(table: &DeTable<'_>, span: Span, mistakes: &mut Mistakes) -> Option<StarletteSession> {
    let mut fields = Fields::new(table, "`SessionMiddleware`");
    let same_site =
        fields.word("same_site", &[("lax", "lax"), ("strict", "strict"), ("none", "none")], mistakes);
    let session = StarletteSession {
        secret_key: text(&mut fields, "secret_key", mistakes).unwrap_or_default(),
        session_cookie: text(&mut fields, "session_cookie", mistakes).unwrap_or_else(|| "session".to_owned()),
        max_age: seconds_or_none(&mut fields, "max_age", mistakes).unwrap_or(Some(14 * 24 * 60 * 60)),
        path: text(&mut fields, "path", mistakes).unwrap_or_else(|| "/".to_owned()),
        same_site: same_site.map_or("lax", |at| at.value).to_owned(),
        https_only: flag(&mut fields, "https_only", false, mistakes),
        domain: text_or_none(&mut fields, "domain", mistakes).flatten(),
        partitioned: flag(&mut fields, "partitioned", false, mistakes),
    };
    super::finish(&fields, "`SessionMiddleware`", &[], mistakes);
    if !table.contains_key("secret_key") {
        mistakes.add_missing(
            Diagnostic::error("`SessionMiddleware` has no `secret_key`")
                .label(span, "")
                .help("give it one: `secret_key = \"anything\"`"),
        );
        return None;
    }
    Some(session)
}

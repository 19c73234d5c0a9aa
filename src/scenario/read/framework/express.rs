//! `[origins.NAME.express]`: Express and its middleware, by their packages' names.

use toml::de::DeValue;

use super::super::super::checks::final_status;
use super::super::super::mistakes::Mistakes;
use super::super::super::written::At;
use super::super::fields::Fields;
use super::super::node::{Entry, Table};
use super::calls::express_cookie;
use super::value::{flag, joined, regexes, sendable, text};
use crate::diagnostic::Diagnostic;
use crate::plan::framework::{
    CookieSession, CorsOrigin, Express, ExpressCors, ExpressSession, OriginMatch, Routing, StoredSession,
    TrustProxy,
};

/// Settings that Express has, and that change nothing that is rehearsed here.
const IDLE: [&str; 11] = [
    "env",
    "etag",
    "json escape",
    "json replacer",
    "json spaces",
    "query parser",
    "subdomain offset",
    "view cache",
    "view engine",
    "views",
    "x-powered-by",
];

pub(super) fn read(table: Table<'_, '_>) -> Express {
    let mut fields = Fields::new(table, "`express`");
    let trust_proxy = fields.entry("trust proxy").map(|entry| trust_proxy(&entry));
    let cors = fields.table("cors").map(|(table, _)| cors(table));
    let cookie_secret = fields.table("cookie-parser").and_then(|(table, _)| {
        let mut fields = Fields::new(table, "`cookie-parser`");
        let secret = text(&mut fields, "secret");
        super::finish(&fields, "`cookie-parser`", &["decode"]);
        secret
    });
    let stored = fields.entry("express-session");
    let in_cookie = fields.entry("cookie-session");
    if let (Some(stored), Some(in_cookie)) = (&stored, &in_cookie) {
        table.report(
            Diagnostic::error("a request has one session, and here are two")
                .label(in_cookie.key_span.clone(), "a second one")
                .label(stored.key_span.clone(), "first here")
                .help("keep `express-session` or `cookie-session`"),
        );
    }
    let stored = stored.and_then(|entry| stored_session(&entry)).map(ExpressSession::Stored);
    let in_cookie = in_cookie.and_then(|entry| cookie_session(&entry)).map(ExpressSession::InCookie);
    let routing = Routing {
        strict: flag(&mut fields, "strict routing", false),
        case_sensitive: flag(&mut fields, "case sensitive routing", false),
    };
    let others = super::Others { idle: &IDLE, ..super::Others::default() };
    super::finish_beside(&fields, "Express", others);
    Express {
        routing,
        trust_proxy: trust_proxy.unwrap_or_default(),
        cors,
        cookie_secret,
        session: stored.or(in_cookie),
    }
}

/// What stands before an application here comes from this machine.
fn trust_proxy(entry: &Entry<'_, '_>) -> TrustProxy {
    let trusts = match entry.value.get_ref() {
        DeValue::Boolean(trusts) => *trusts,
        DeValue::Integer(_) => entry.value.integer("`trust proxy`").is_some_and(|at| at.value > 0),
        DeValue::String(list) => {
            let list: Vec<&str> = list.split(',').map(str::trim).collect();
            by_address(&list, entry)
        }
        DeValue::Array(_) => {
            let list = entry.value.strings("`trust proxy`").unwrap_or_default();
            let list: Vec<&str> = list.iter().map(|at| at.value.as_str()).collect();
            by_address(&list, entry)
        }
        _ => {
            let wanted = "true, a number of hops, or addresses";
            entry.report(entry.value.wrong_type("`trust proxy`", wanted));
            false
        }
    };
    if trusts { TrustProxy::Nearest } else { TrustProxy::Nobody }
}

/// Addresses that are trusted. Here every request comes from this machine, and in production a proxy on another host or
/// in another container comes from an address of its own: either is taken to be meant, and said.
fn by_address(list: &[&str], entry: &Entry<'_, '_>) -> bool {
    const PRIVATE: [&str; 4] = ["uniquelocal", "10.", "172.", "192.168."];
    let is_private = |one: &&&str| PRIVATE.iter().any(|private| one.starts_with(private));
    let (loopback, private) =
        (list.iter().any(|one| is_loopback(one)), list.iter().any(|one| is_private(&one)));
    if loopback || private {
        let message = "which address a proxy has is not rehearsed here: it is taken to be a trusted one";
        let help = match private {
            true => "see that the proxy's own address is among them",
            false => {
                "`loopback` is a proxy on the same machine alone; between containers write a number of hops, `1`, or \
                 `\"uniquelocal\"`"
            }
        };
        entry.report(Diagnostic::warning(message).label(entry.value.span(), "").help(help));
    }
    loopback || private
}

fn is_loopback(trusted: &str) -> bool {
    trusted == "loopback" || trusted.starts_with("127.")
}

fn cors(table: Table<'_, '_>) -> ExpressCors {
    let mut fields = Fields::new(table, "`cors`");
    let origin = fields.entry("origin").and_then(|entry| origin(&entry));
    let status = fields.integer("optionsSuccessStatus");
    let status = status.and_then(|at| final_status(&at, fields.mistakes()));
    let cors = ExpressCors {
        origin: origin.unwrap_or(CorsOrigin::Any),
        methods: joined(&mut fields, "methods")
            .unwrap_or_else(|| "GET,HEAD,PUT,PATCH,POST,DELETE".to_owned()),
        allowed_headers: joined(&mut fields, "allowedHeaders"),
        exposed_headers: joined(&mut fields, "exposedHeaders"),
        credentials: flag(&mut fields, "credentials", false),
        max_age: fields.integer("maxAge").map(|at| at.value),
        preflight_continue: flag(&mut fields, "preflightContinue", false),
        options_success_status: status.unwrap_or(204),
    };
    super::finish(&fields, "`cors`", &[]);
    cors
}

fn origin(entry: &Entry<'_, '_>) -> Option<CorsOrigin> {
    match entry.value.get_ref() {
        DeValue::Boolean(true) => Some(CorsOrigin::Reflect),
        DeValue::Boolean(false) => Some(CorsOrigin::Off),
        DeValue::String(_) => {
            let at = entry.value.string("`origin`")?;
            if at.value == "*" {
                return Some(CorsOrigin::Any);
            }
            match matching(at, entry.mistakes())? {
                OriginMatch::Exact(origin) => Some(CorsOrigin::Fixed(origin)),
                regex @ OriginMatch::Regex(_) => Some(CorsOrigin::Listed(vec![regex])),
            }
        }
        DeValue::Array(_) => {
            let list = entry.value.strings("`origin`")?;
            Some(CorsOrigin::Listed(
                list.into_iter().filter_map(|at| matching(at, entry.mistakes())).collect(),
            ))
        }
        _ => {
            let wanted = "true, false, an origin, a `/regular expression/`, or a list of those";
            entry.report(entry.value.wrong_type("`origin`", wanted));
            None
        }
    }
}

/// One origin, or a regular expression between slashes.
fn matching(at: At<String>, mistakes: &Mistakes) -> Option<OriginMatch> {
    let pattern = at.value.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
    match pattern {
        // JavaScript escapes its own delimiter; elsewhere that is no escape.
        Some((pattern, flags)) if flags.bytes().all(|flag| b"dgimsuvy".contains(&flag)) => {
            // Of the flags these change what is found in one line; `g` and `y` make `test` go on where it was, which is
            // a mistake in a server.
            let (mut own, mut stateful) = (String::new(), false);
            for flag in flags.chars() {
                match flag {
                    'i' | 'm' | 's' => own.push(flag),
                    'g' | 'y' => stateful = true,
                    _ => {}
                }
            }
            if stateful {
                mistakes.add(
                    Diagnostic::warning("with `g` or `y` an expression goes on where it last stopped: every other origin is refused")
                        .label(at.span.clone(), "")
                        .help("leave the flag out; here it is not rehearsed"),
                );
            }
            let before = if own.is_empty() { String::new() } else { format!("(?{own})") };
            let pattern = At { value: format!("{before}{}", pattern.replace("\\/", "/")), span: at.span };
            regexes(&[pattern], mistakes).pop().map(OriginMatch::Regex)
        }
        _ => sendable(vec![at], "origin", mistakes).pop().map(OriginMatch::Exact),
    }
}

fn stored_session(entry: &Entry<'_, '_>) -> Option<StoredSession> {
    let table = entry.value.table("`express-session`")?;
    let mut fields = Fields::new(table, "`express-session`");
    let secrets = fields.entry("secret").map(|entry| match entry.value.get_ref() {
        DeValue::String(_) => entry.value.string("`secret`").into_iter().collect(),
        _ => entry.value.strings("`secret`").unwrap_or_default(),
    });
    let cookie = fields.table("cookie").map(|(table, _)| {
        let mut fields = Fields::new(table, "`cookie`");
        let cookie = express_cookie(&mut fields, true);
        super::finish(&fields, "the cookie of `express-session`", &["expires", "encode"]);
        cookie
    });
    let proxy = fields.entry("proxy").and_then(|entry| entry.value.boolean("`proxy`"));
    let session = StoredSession {
        name: text(&mut fields, "name").unwrap_or_else(|| "connect.sid".to_owned()),
        secrets: secrets.clone().unwrap_or_default().into_iter().map(|at| at.value).collect(),
        save_uninitialized: flag(&mut fields, "saveUninitialized", true),
        resave: flag(&mut fields, "resave", true),
        rolling: flag(&mut fields, "rolling", false),
        proxy: proxy.map(|at| at.value),
        cookie: cookie.unwrap_or_default(),
    };
    super::finish(&fields, "`express-session`", &["genid", "store", "unset"]);
    if secrets.is_none() {
        missing("`express-session` has no `secret`", "secret = \"anything\"", entry);
        return None;
    }
    Some(session)
}

fn cookie_session(entry: &Entry<'_, '_>) -> Option<CookieSession> {
    let table = entry.value.table("`cookie-session`")?;
    let mut fields = Fields::new(table, "`cookie-session`");
    let keys = fields.strings("keys");
    let secret = fields.string("secret");
    let name = text(&mut fields, "name").unwrap_or_else(|| "session".to_owned());
    let mut cookie = express_cookie(&mut fields, false);
    cookie.signed = fields.boolean("signed").map(|at| at.value);
    cookie.name = name;
    super::finish(&fields, "`cookie-session`", &["expires", "overwrite"]);
    let keys: Vec<String> =
        keys.unwrap_or_else(|| secret.into_iter().collect()).into_iter().map(|at| at.value).collect();
    if keys.is_empty() && cookie.signed != Some(false) {
        missing("`cookie-session` has no `keys`", "keys = [\"anything\"]", entry);
        return None;
    }
    Some(CookieSession { keys, cookie })
}

fn missing(what: &str, example: &str, entry: &Entry<'_, '_>) {
    entry.report_missing(
        Diagnostic::error(what)
            .label(entry.value.span(), "")
            .note("the package does not start without one")
            .help(format!("give it one: `{example}`")),
    );
}

//! What the routes of a framework's back end do: `does`, `response.set_cookie`, `res.cookie` and the like.

use toml::de::DeValue;

use super::super::super::written::At;
use super::super::fields::Fields;
use super::super::json::json;
use super::super::node::{Entry, Node, Table};
use super::Kind;
use super::value::{flag, same_site, seconds, text, text_or_none};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::framework::{
    CookieCall, Does, Expires, ExpressCookie, Framework, JsSameSite, PythonCookie, Secure, View,
};
use crate::rules::date::DateGrammar;

/// What every framework's views can do.
const DOES: [(&str, Does); 4] =
    [("login", Does::Login), ("logout", Does::Logout), ("me", Does::Me), ("session", Does::Session)];

/// What Django's can do beside.
const DJANGO_DOES: [(&str, Does); 4] = [
    ("csrf", Does::Csrf),
    ("token_obtain_pair", Does::TokenObtainPair),
    ("token_refresh", Does::TokenRefresh),
    ("token_blacklist", Does::TokenBlacklist),
];

/// The keys of a route that a framework adds. Also what the view does, with its place.
pub(in super::super) fn view(
    framework: (Kind, &Framework),
    fields: &mut Fields<'_, '_>,
) -> (View, Option<At<Does>>) {
    let (kind, settings) = framework;
    let can_sign = matches!(settings, Framework::Express(express) if express.cookie_secret.is_some());
    let words = match kind {
        Kind::Django => [DOES, DJANGO_DOES].concat(),
        Kind::Starlette | Kind::Express => DOES.to_vec(),
        // The rest is at `/api/auth/`.
        Kind::NextAuth => vec![("me", Does::Me)],
    };
    let does = fields.word("does", &words);
    let csrf_exempt = kind == Kind::Django && flag(fields, "csrf_exempt", false);
    let (key, sets, deletes) = match kind {
        Kind::Express => ("res", "cookie", "clearCookie"),
        Kind::Django | Kind::Starlette => ("response", "set_cookie", "delete_cookie"),
        // An API route of Next.js has no such call: it sets the header itself.
        Kind::NextAuth => {
            let view = View { does: does.as_ref().map(|at| at.value), ..View::default() };
            return (view, does);
        }
    };
    let other = if kind == Kind::Express { "response" } else { "res" };
    if let Some(entry) = fields.entry(other) {
        fields.report(
            Diagnostic::error(format!("`{other}` is another framework's word"))
                .label(entry.key_span, "")
                .help(format!("write `{key}.{sets} = {{ … }}` or `{key}.{deletes} = {{ … }}`")),
        );
    }
    let mut calls: Vec<(Span, CookieCall)> = Vec::new();
    if let Some((table, _)) = fields.table(key) {
        let what = if kind == Kind::Express { "`res`" } else { "`response`" };
        let mut methods = Fields::new(table, what);
        for (method, is_delete) in [(sets, false), (deletes, true)] {
            if let Some(entry) = methods.entry(method) {
                each(&entry, |entry| call(kind, can_sign, is_delete, entry), &mut calls);
            }
        }
        methods.finish();
    }
    calls.sort_by_key(|(span, _)| span.start);
    let calls = calls.into_iter().map(|(_, call)| call).collect();
    (View { does: does.as_ref().map(|at| at.value), calls, csrf_exempt }, does)
}

/// One call, or a list of calls.
fn each(
    entry: &Entry<'_, '_>,
    read: impl Fn(&Entry<'_, '_>) -> Option<CookieCall>,
    calls: &mut Vec<(Span, CookieCall)>,
) {
    let values = match entry.value.get_ref() {
        DeValue::Array(_) => entry.value.items().collect(),
        _ => vec![entry.value],
    };
    for value in values {
        let one = Entry { key: entry.key, key_span: entry.key_span.clone(), value };
        calls.extend(read(&one).map(|call| (value.span(), call)));
    }
}

fn call(kind: Kind, can_sign: bool, is_delete: bool, entry: &Entry<'_, '_>) -> Option<CookieCall> {
    let table = entry.value.table(&format!("`{}`", entry.key))?;
    let name_key = if kind == Kind::Express { "name" } else { "key" };
    let mut fields = Fields::new(table, "this call");
    if !table.contains_key(name_key) {
        entry.report_missing(
            Diagnostic::error(format!("`{}` names no cookie", entry.key))
                .label(entry.value.span(), "")
                .help(format!("give its name: `{name_key} = \"…\"`")),
        );
    }
    let name = name(&mut fields, name_key).unwrap_or_default();
    let call = match kind {
        Kind::Express => {
            let mut cookie = ExpressCookie { name, ..express_cookie(&mut fields, false) };
            let signed = fields.boolean("signed");
            if signed.as_ref().is_some_and(|at| at.value) && !can_sign {
                entry.report(
                    Diagnostic::error("nothing here signs a cookie")
                        .label(entry.value.span(), "")
                        .note("Express answers 500: cookieParser(\"secret\") required for signed cookies")
                        .help("give it one: `cookie-parser = { secret = \"anything\" }`"),
                );
            }
            cookie.signed = signed.map(|at| at.value);
            let expires = fields.entry("expires");
            cookie.expires = expires.and_then(|entry| instant(&entry));
            if is_delete {
                CookieCall::ExpressClear(cookie)
            } else {
                let value = fields.entry("value").and_then(|entry| match entry.value.get_ref() {
                    DeValue::String(text) => Some(text.clone().into_owned()),
                    _ => json(entry.value).map(|_| format!("j:{}", stringified(entry.value))),
                });
                CookieCall::ExpressSet(ExpressCookie { value: value.unwrap_or_default(), ..cookie })
            }
        }
        Kind::Django | Kind::Starlette | Kind::NextAuth => python(kind, is_delete, name, &mut fields),
    };
    fields.finish();
    Some(call)
}

/// A cookie's name.
fn name(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<String> {
    let at = fields.string(key)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if at.value.is_empty() || !at.value.chars().all(is_name) {
        fields.report(
            Diagnostic::error(format!("`{}` cannot name a cookie", at.value.escape_debug()))
                .label(at.span, "")
                .note("a framework refuses a name that is no token (RFC 9110, section 5.6.2)"),
        );
        return None;
    }
    Some(at.value)
}

fn python(kind: Kind, is_delete: bool, key: String, fields: &mut Fields<'_, '_>) -> CookieCall {
    let is_django = kind == Kind::Django;
    let default = if is_django { None } else { Some("lax".to_owned()) };
    let mut cookie = PythonCookie {
        key,
        path: text_or_none(fields, "path").unwrap_or_else(|| Some("/".to_owned())),
        domain: text_or_none(fields, "domain").flatten(),
        samesite: same_site(fields, "samesite").unwrap_or(default),
        ..PythonCookie::default()
    };
    // Django's `delete_cookie` takes neither of the flags.
    if !is_delete || !is_django {
        cookie.secure = flag(fields, "secure", false);
        cookie.httponly = flag(fields, "httponly", false);
    }
    if is_delete {
        return CookieCall::PythonDelete(cookie);
    }
    cookie.value = fields.string("value").map(|at| at.value).unwrap_or_default();
    cookie.max_age = seconds(fields, "max_age");
    cookie.expires = fields.entry("expires").and_then(|entry| match entry.value.get_ref() {
        DeValue::Integer(_) if !is_django => entry.value.integer("`expires`").map(|at| Expires::In(at.value)),
        _ => entry.value.string("`expires`").map(|at| Expires::At(at.value)),
    });
    CookieCall::PythonSet(cookie)
}

/// The options that `res.cookie`, `express-session` and `cookie-session` share. `auto` is a word of
/// `express-session` alone.
pub(super) fn express_cookie(fields: &mut Fields<'_, '_>, auto: bool) -> ExpressCookie {
    let priorities = [("low", "low"), ("medium", "medium"), ("high", "high")];
    ExpressCookie {
        domain: text(fields, "domain"),
        path: text(fields, "path"),
        max_age: fields.integer("maxAge").map(|at| at.value),
        http_only: fields.boolean("httpOnly").map(|at| at.value),
        secure: fields.entry("secure").and_then(|entry| secure(&entry, auto)),
        same_site: fields.entry("sameSite").and_then(|entry| js_same_site(&entry, auto)),
        partitioned: flag(fields, "partitioned", false),
        priority: fields.word("priority", &priorities).map(|at| at.value.to_owned()),
        ..ExpressCookie::default()
    }
}

/// JSON as JavaScript's `JSON.stringify` writes it: members in the order of the file. The value has been
/// checked to be JSON.
fn stringified(value: Node<'_, '_>) -> String {
    match value.get_ref() {
        DeValue::Array(_) => {
            format!("[{}]", value.items().map(stringified).collect::<Vec<_>>().join(","))
        }
        DeValue::Table(_) => {
            let entries = value.as_table().map(Table::entries).unwrap_or_default();
            let member = |entry: Entry<'_, '_>| {
                format!("{}:{}", serde_json::Value::from(entry.key), stringified(entry.value))
            };
            format!("{{{}}}", entries.into_iter().map(member).collect::<Vec<_>>().join(","))
        }
        DeValue::String(text) => serde_json::Value::from(&**text).to_string(),
        DeValue::Integer(digits) => {
            i64::from_str_radix(digits.as_str(), digits.radix()).unwrap_or_default().to_string()
        }
        DeValue::Float(digits) => digits.as_str().to_owned(),
        DeValue::Boolean(word) => word.to_string(),
        DeValue::Datetime(when) => when.to_string(),
    }
}

fn secure(entry: &Entry<'_, '_>, auto: bool) -> Option<Secure> {
    match entry.value.get_ref() {
        DeValue::Boolean(is) => Some(Secure::Is(*is)),
        DeValue::String(word) if auto && word == "auto" => Some(Secure::Auto),
        _ => {
            let wanted = if auto { "true, false or \"auto\"" } else { "true or false" };
            entry.report(entry.value.wrong_type("`secure`", wanted));
            None
        }
    }
}

fn js_same_site(entry: &Entry<'_, '_>, auto: bool) -> Option<JsSameSite> {
    let words: &[&str] = if auto { &["strict", "lax", "none", "auto"] } else { &["strict", "lax", "none"] };
    match entry.value.get_ref() {
        DeValue::Boolean(true) => Some(JsSameSite::Strict),
        DeValue::Boolean(false) => None,
        DeValue::String(word) => match word.to_ascii_lowercase().as_str() {
            "strict" => Some(JsSameSite::Strict),
            "lax" => Some(JsSameSite::Lax),
            "none" => Some(JsSameSite::None),
            "auto" if auto => Some(JsSameSite::Auto),
            _ => {
                entry.report(
                    Diagnostic::error(format!("`sameSite` cannot be `{word}`"))
                        .label(entry.value.span(), "")
                        .suggest_or_list(word, words.iter().copied()),
                );
                None
            }
        },
        _ => {
            entry.report(entry.value.wrong_type("`sameSite`", "true, false, or a word"));
            None
        }
    }
}

/// A date, as a cookie has it.
fn instant(entry: &Entry<'_, '_>) -> Option<i64> {
    let at = entry.value.string("`expires`")?;
    let seconds = DateGrammar::Tokens.parse(at.value.as_bytes());
    if seconds.is_none() {
        entry.report(
            Diagnostic::error(format!("`{}` is no date", at.value.escape_debug()))
                .label(at.span, "")
                .help("write it as `Wed, 01 Jan 2098 00:00:00 GMT`"),
        );
    }
    seconds
}

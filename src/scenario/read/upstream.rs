//! The real server behind an origin, and what stands before it: `upstream` and `edge`.
//!
//! `upstream` is a URL, or a table with one in it. Whether the URL can be an upstream's is left to `resolve`.

use toml::de::DeValue;

use super::super::checks::{check_name, check_value};
use super::super::mistakes::Mistakes;
use super::super::written::{At, Upstream};
use super::fields::Fields;
use super::node::Entry;
use crate::diagnostic::Diagnostic;
use crate::plan::edge::{Edge, PLACEHOLDERS};
use crate::plan::upstream::AskedBy;

/// What `host` can be.
const HOSTS: [(&str, AskedBy); 2] = [("public", AskedBy::Public), ("upstream", AskedBy::Own)];

/// The real server of an origin and what stands before it, where the origin has them.
pub(super) fn upstream(fields: &mut Fields<'_, '_>) -> (Option<At<Upstream>>, Option<At<Edge>>) {
    let own = fields.entry("edge");
    let (upstream, inner) = match fields.entry_or_misspelt("upstream") {
        Some(entry) => read(&entry),
        None => (None, None),
    };
    if let (Some(own), Some(inner)) = (&own, &inner) {
        fields.report(
            Diagnostic::error("the edge is given twice")
                .label(inner.span.clone(), "here")
                .label(own.key_span.clone(), "and here")
                .help("keep one of them"),
        );
    }
    (upstream, own.and_then(|entry| edge(&entry)).or(inner))
}

fn read(entry: &Entry<'_, '_>) -> (Option<At<Upstream>>, Option<At<Edge>>) {
    let span = entry.key_span.clone();
    let Some(table) = entry.value.as_table() else { return (url_alone(entry), None) };
    let mut fields = Fields::new(table, "`upstream`");
    let url = fields.required("url", || {
        Diagnostic::error("this upstream has no `url`")
            .label(span.clone(), "")
            .help("say where the server listens: `url = \"http://127.0.0.1:4000\"`")
    });
    let url = url.and_then(|entry| entry.value.string("`url`"));
    let host = fields.word("host", &HOSTS);
    let command = fields.string("command");
    let cwd = fields.string("cwd");
    let env = fields.entry("env").map(|entry| environment(&entry)).unwrap_or_default();
    let ready = fields.string("ready");
    let timeout = fields.string("timeout");
    let edge = fields.entry("edge").and_then(|entry| edge(&entry));
    fields.finish();
    let upstream = Upstream { url, host, command, cwd, env, ready, timeout };
    (Some(At { value: upstream, span }), edge)
}

/// `upstream = "http://127.0.0.1:4000"`.
fn url_alone(entry: &Entry<'_, '_>) -> Option<At<Upstream>> {
    let refuse = |wanted: &str, port: &str| {
        let help = format!("write `upstream = \"http://127.0.0.1:{port}\"`");
        entry.report(entry.value.wrong_type("`upstream`", wanted).help(help));
        None
    };
    match entry.value.get_ref() {
        DeValue::String(_) => {
            let url = entry.value.string("`upstream`");
            Some(At { value: Upstream { url, ..Upstream::default() }, span: entry.key_span.clone() })
        }
        DeValue::Integer(digits) => refuse("the URL of a server", digits.as_str()),
        _ => refuse("the URL of a server, or a table", "4000"),
    }
}

/// `env = { PORT = "4000" }`. A number is as good as its digits in quotes.
fn environment(entry: &Entry<'_, '_>) -> Vec<(At<String>, String)> {
    let Some(table) = entry.value.as_table() else {
        let help = "write `env = { PORT = \"4000\" }`";
        entry.report(entry.value.wrong_type("`env`", "a table").help(help));
        return Vec::new();
    };
    let mut variables = Vec::new();
    for variable in table.entries() {
        let name = variable.name();
        if name.value.is_empty() || name.value.contains(['=', '\0']) {
            let message = format!("`{}` cannot name a variable", name.value.escape_debug());
            entry.report(Diagnostic::error(message).label(name.span, "").help("leave out `=`"));
            continue;
        }
        let value = match variable.value.get_ref() {
            DeValue::Integer(digits) if digits.radix() == 10 => Some(digits.as_str().to_owned()),
            DeValue::Boolean(word) => Some(word.to_string()),
            _ => variable.value.string(&format!("`{}`", name.value)).map(|at| at.value),
        };
        variables.extend(value.map(|value| (name, value)));
    }
    variables
}

/// `edge = "fly"`, or a table of headers.
fn edge(entry: &Entry<'_, '_>) -> Option<At<Edge>> {
    let span = entry.key_span.clone();
    let Some(table) = entry.value.as_table() else {
        return Some(At { value: named_edge(entry)?, span });
    };
    let mut headers = Vec::new();
    for header in table.entries() {
        let name = header.name();
        let Some(value) = header.value.string(&format!("header `{}`", name.value)) else {
            continue;
        };
        check_placeholders(&value, entry.mistakes());
        check_name(&name, entry.mistakes());
        check_value(&value, &format!("`{}`", name.value), entry.mistakes());
        headers.push((name.value.to_ascii_lowercase(), value.value));
    }
    Some(At { value: Edge { name: "the edge".to_owned(), ends_tls: true, headers }, span })
}

/// `edge = "fly"`.
fn named_edge(entry: &Entry<'_, '_>) -> Option<Edge> {
    let DeValue::String(_) = entry.value.get_ref() else {
        let help = "write `edge = \"fly\"`, or `edge = { X-Forwarded-Proto = \"{scheme}\" }`";
        entry.report(entry.value.wrong_type("`edge`", "a name, or a table of headers").help(help));
        return None;
    };
    let key = entry.value.string("`edge`")?;
    let edge = Edge::named(&key.value);
    if edge.is_none() {
        entry.report(
            Diagnostic::error(format!("`edge` cannot be `{}`", key.value))
                .label(key.span, "")
                .suggest_or_list(&key.value, Edge::keys())
                .help("or the headers it adds: `edge = { X-Forwarded-Proto = \"{scheme}\" }`"),
        );
    }
    edge
}

/// Reports a word in braces that stands for nothing: `{sheme}`.
fn check_placeholders(value: &At<String>, mistakes: &Mistakes) {
    let words = value.value.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(word, _)| word));
    for word in words.filter(|word| word.chars().all(|c| c.is_ascii_alphabetic() || c == '_')) {
        let known = PLACEHOLDERS.iter().map(|(known, _)| known.trim_matches(['{', '}']));
        if !known.clone().any(|known| known == word) {
            mistakes.add(
                Diagnostic::error(format!("`{{{word}}}` stands for nothing"))
                    .label(value.span.clone(), "")
                    .suggest_or_list(word, known),
            );
        }
    }
}

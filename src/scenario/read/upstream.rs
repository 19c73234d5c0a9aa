//! The real server behind an origin, and what stands before it: `upstream` and `edge`.
//!
//! `upstream` is a URL, or a table with one in it. Whether the URL can be an upstream's is left to `resolve`.

use toml::de::DeValue;

use super::super::mistakes::Mistakes;
use super::super::resolve::{check_name, check_value};
use super::super::written::{At, Upstream};
use super::fields::{Entry, Fields, entries, string, wrong_type};
use crate::diagnostic::Diagnostic;
use crate::plan::edge::{Edge, PLACEHOLDERS};
use crate::plan::upstream::AskedBy;

/// What `host` can be.
const HOSTS: [(&str, AskedBy); 2] = [("public", AskedBy::Public), ("upstream", AskedBy::Own)];

/// The real server of an origin and what stands before it, where the origin has them.
pub(super) fn upstream(
    fields: &mut Fields<'_, '_>,
    mistakes: &mut Mistakes,
) -> (Option<At<Upstream>>, Option<At<Edge>>) {
    let own = fields.entry("edge");
    let (upstream, inner) = match fields.entry_or_misspelt("upstream") {
        Some(entry) => read(&entry, mistakes),
        None => (None, None),
    };
    if let (Some(own), Some(inner)) = (&own, &inner) {
        mistakes.add(
            Diagnostic::error("the edge is given twice")
                .label(inner.span.clone(), "here")
                .label(own.key_span.clone(), "and here")
                .help("keep one of them"),
        );
    }
    (upstream, own.and_then(|entry| edge(&entry, mistakes)).or(inner))
}

fn read(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> (Option<At<Upstream>>, Option<At<Edge>>) {
    let span = entry.key_span.clone();
    let table = match entry.value.get_ref() {
        DeValue::Table(table) => table,
        DeValue::String(_) => {
            let url = string("`upstream`", entry.value, mistakes);
            return (Some(At { value: Upstream { url, ..Upstream::default() }, span }), None);
        }
        DeValue::Integer(digits) => {
            let help = format!("write `upstream = \"http://127.0.0.1:{}\"`", digits.as_str());
            mistakes.add(wrong_type("`upstream`", "the URL of a server", entry.value).help(help));
            return (None, None);
        }
        _ => {
            let help = "write `upstream = \"http://127.0.0.1:4000\"`";
            mistakes.add(wrong_type("`upstream`", "the URL of a server, or a table", entry.value).help(help));
            return (None, None);
        }
    };
    let mut fields = Fields::new(table, "`upstream`");
    let url = fields.required("url", mistakes, || {
        Diagnostic::error("this upstream has no `url`")
            .label(span.clone(), "")
            .help("say where the server listens: `url = \"http://127.0.0.1:4000\"`")
    });
    let url = url.and_then(|entry| string("`url`", entry.value, mistakes));
    let host = fields.word("host", &HOSTS, mistakes);
    let command = fields.string("command", mistakes);
    let cwd = fields.string("cwd", mistakes);
    let env = fields.entry("env").map(|entry| environment(&entry, mistakes)).unwrap_or_default();
    let ready = fields.string("ready", mistakes);
    let timeout = fields.string("timeout", mistakes);
    let edge = fields.entry("edge").and_then(|entry| edge(&entry, mistakes));
    fields.finish(mistakes);
    let upstream = Upstream { url, host, command, cwd, env, ready, timeout };
    (Some(At { value: upstream, span }), edge)
}

/// `env = { PORT = "4000" }`. A number is as good as its digits in quotes.
fn environment(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Vec<(At<String>, String)> {
    let DeValue::Table(table) = entry.value.get_ref() else {
        let help = "write `env = { PORT = \"4000\" }`";
        mistakes.add(wrong_type("`env`", "a table", entry.value).help(help));
        return Vec::new();
    };
    let mut variables = Vec::new();
    for variable in entries(table) {
        let name = variable.name();
        if name.value.is_empty() || name.value.contains(['=', '\0']) {
            let message = format!("`{}` cannot name a variable", name.value.escape_debug());
            mistakes.add(Diagnostic::error(message).label(name.span, "").help("leave out `=`"));
            continue;
        }
        let value = match variable.value.get_ref() {
            DeValue::Integer(digits) if digits.radix() == 10 => Some(digits.as_str().to_owned()),
            DeValue::Boolean(word) => Some(word.to_string()),
            _ => string(&format!("`{}`", name.value), variable.value, mistakes).map(|at| at.value),
        };
        variables.extend(value.map(|value| (name, value)));
    }
    variables
}

/// `edge = "fly"`, or a table of headers.
fn edge(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Option<At<Edge>> {
    let span = entry.key_span.clone();
    let table = match entry.value.get_ref() {
        DeValue::Table(table) => table,
        DeValue::String(_) => {
            let key = string("`edge`", entry.value, mistakes)?;
            let edge = Edge::named(&key.value);
            if edge.is_none() {
                mistakes.add(
                    Diagnostic::error(format!("`edge` cannot be `{}`", key.value))
                        .label(key.span, "")
                        .suggest_or_list(&key.value, Edge::keys())
                        .help("or the headers it adds: `edge = { X-Forwarded-Proto = \"{scheme}\" }`"),
                );
            }
            return edge.map(|value| At { value, span });
        }
        _ => {
            let help = "write `edge = \"fly\"`, or `edge = { X-Forwarded-Proto = \"{scheme}\" }`";
            mistakes.add(wrong_type("`edge`", "a name, or a table of headers", entry.value).help(help));
            return None;
        }
    };
    let mut headers = Vec::new();
    for header in entries(table) {
        let name = header.name();
        let Some(value) = string(&format!("header `{}`", name.value), header.value, mistakes) else {
            continue;
        };
        check_placeholders(&value, mistakes);
        check_name(&name, mistakes);
        check_value(&value, &format!("`{}`", name.value), mistakes);
        headers.push((name.value.to_ascii_lowercase(), value.value));
    }
    Some(At { value: Edge { name: "the edge".to_owned(), ends_tls: true, headers }, span })
}

/// Reports a word in braces that stands for nothing: `{sheme}`.
fn check_placeholders(value: &At<String>, mistakes: &mut Mistakes) {
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

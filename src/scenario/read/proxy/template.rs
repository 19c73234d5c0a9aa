//! nginx's variables in a value: `$scheme://$host`.

use super::super::super::checks::check_value;
use super::super::super::mistakes::Mistakes;
use super::super::super::written::At;
use crate::diagnostic::{Diagnostic, did_you_mean, listed};
use crate::plan::proxy::{Piece, Template, Variable};

/// A value that ends up in a header. What is wrong with it is reported, and reads as nothing.
pub(super) fn template(key: &str, at: &At<String>, mistakes: &Mistakes) -> Template {
    if !check_value(at, &format!("`{key}`"), mistakes) {
        return Template::default();
    }
    let mut pieces = Vec::new();
    let mut rest = at.value.as_str();
    while let Some(dollar) = rest.find('$') {
        let (text, after) = (&rest[..dollar], &rest[dollar + 1..]);
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, left) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(braced) => braced,
            None => after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len())),
        };
        rest = left;
        match Variable::named(name) {
            Some(variable) => pieces.push(Piece::Variable(variable)),
            None => mistakes.add(unknown(name, at)),
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Template(pieces)
}

fn unknown(name: &str, at: &At<String>) -> Diagnostic {
    let known = Variable::NAMED.iter().map(|(name, _)| *name);
    if name.is_empty() {
        return Diagnostic::error("a `$` begins the name of a variable, and none follows")
            .label(at.span.clone(), "")
            .help("nginx has no way to write a `$` itself: leave it out");
    }
    let unknown =
        Diagnostic::error(format!("`${name}` is no variable rehearsed here")).label(at.span.clone(), "");
    match did_you_mean(name, known.clone()) {
        Some(meant) => unknown.help(format!("did you mean `${meant}`?")),
        None => unknown.help(format!(
            "they are {}, and `$http_NAME` and `$cookie_NAME` for what the request has",
            listed(known.map(|name| format!("${name}")).collect::<Vec<_>>().iter().map(String::as_str))
        )),
    }
}

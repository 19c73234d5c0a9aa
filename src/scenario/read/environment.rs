//! Variables whose text is in the environment: what must not stand in a file, such as a password.
//!
//! A scenario may be a stranger's. So no variable of the environment is read but those that are meant for scenarios,
//! whose names begin with `REHEARSAL_`.

use super::fields::Fields;
use super::node::Entry;
use crate::diagnostic::Diagnostic;

const PREFIX: &str = "REHEARSAL_";

/// The text of a variable that is `{ env = "REHEARSAL_…", else = "…" }`. What is wrong with it is reported.
pub(super) fn text(entry: &Entry<'_, '_>) -> Option<String> {
    let mut fields = Fields::new(entry.value.as_table()?, "a variable");
    let missing = || {
        Diagnostic::error(format!("the variable `{}` says not where its text is", entry.key))
            .label(entry.value.span(), "")
            .help("write a string, or `{ env = \"REHEARSAL_NAME\" }` for what the environment holds")
    };
    let name = fields.required("env", missing).and_then(|name| name.value.string("`env`"));
    let otherwise = fields.string("else");
    fields.finish();
    let name = name?;
    if !name.value.starts_with(PREFIX) {
        entry.report(
            Diagnostic::error(format!("`{}` is not read for a scenario", name.value))
                .label(name.span, "")
                .note("a scenario may be a stranger's, and the environment holds secrets of other programs")
                .help(format!("name one that begins with `{PREFIX}`")),
        );
        return None;
    }
    let held = std::env::var(&name.value).ok().or(otherwise.map(|text| text.value));
    if held.is_none() {
        entry.report(
            Diagnostic::error(format!(
                "`{}` is not set, and `{}` has its text from there",
                name.value, entry.key
            ))
            .label(name.span, "")
            .help(format!("set it: `{}=… rehearsal run …`", name.value)),
        );
    }
    held
}

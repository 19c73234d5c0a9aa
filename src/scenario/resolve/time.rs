//! How much time passes: `90s`, `31m`, `2h`, `8d`.

use std::time::Duration;

use super::super::mistakes::Mistakes;
use super::super::written::At;
use crate::diagnostic::Diagnostic;
use crate::plan::placeholder::{LONGEST, UNITS};

/// Reads a time, which is a whole number above zero and a unit.
pub(super) fn time(text: &At<String>, mistakes: &Mistakes) -> Option<Duration> {
    let refuse = |message: String, help: &str| {
        mistakes.add(Diagnostic::error(message).label(text.span.clone(), "").help(help));
        None
    };
    let written = text.value.as_str();
    let shown = written.escape_debug();
    let (number, unit) =
        written.split_at(written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len()));
    let units =
        "write a whole number and one of `s`, `m`, `h` and `d`: `\"90s\"`, `\"31m\"`, `\"2h\"`, `\"8d\"`";
    if number.is_empty() {
        return refuse(format!("`{shown}` is not a time"), units);
    }
    let Some((_, seconds)) = UNITS.iter().find(|(known, _)| *known == unit) else {
        let message = match unit {
            "" => format!("`{shown}` is a time without a unit"),
            _ => format!("`{shown}` is not a time: there is no unit `{}`", unit.escape_debug()),
        };
        return refuse(message, units);
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(*seconds)) {
        Some(0) => refuse(format!("`{shown}` is no time at all"), "let some time pass, or leave it out"),
        Some(seconds) if seconds <= LONGEST => Some(Duration::from_secs(seconds)),
        _ => refuse(
            format!("`{shown}` is too long"),
            "write ten years at most: no browser keeps a cookie for more than 400 days",
        ),
    }
}

//! Scripts of a scenario's own. The driver runs functions, and tells where it stumbled.

use serde_json::Value;

use super::automation::{Automation, NO_SCRIPT};
use crate::browser::failure::Failure;

/// Runs a script. Its last value is awaited if it is a promise, and taken as JSON unless it is a string.
pub(super) async fn evaluate(
    automation: &Automation,
    script: &str,
) -> Result<Result<Option<String>, String>, Failure> {
    let mut error = None;
    for function in functions(script) {
        let value = match automation.run(&function, &Value::Null).await {
            // The driver tells where it stumbled; of the last form the script's own words are left.
            Err(Failure::Protocol { message, .. }) if message.starts_with(NO_SCRIPT) => {
                error = message.strip_prefix(NO_SCRIPT).map(|message| format!("SyntaxError: {message}"));
                continue;
            }
            Err(failure) => return Err(failure),
            Ok(Err(error)) => return Ok(Err(error)),
            Ok(Ok(value)) => value,
        };
        return Ok(Ok(match value {
            Value::Null => None,
            Value::String(body) => Some(body),
            other => Some(other.to_string()),
        }));
    }
    Ok(error.map_or(Ok(None), Err))
}

/// The functions that a script may be the body of, the most telling first: the driver runs functions, and what is
/// wanted is the value of the last expression. Where the last expression begins only the browser can tell, so
/// every place where a statement may begin is offered, from the last to the first.
fn functions(script: &str) -> Vec<String> {
    let ends = |(at, character): (usize, char)| matches!(character, ';' | '\n' | '}').then_some(at + 1);
    let mut places: Vec<usize> = script.char_indices().filter_map(ends).collect();
    places.push(0);
    places.sort_unstable();
    let places = places.into_iter().rev().filter(|&at| !script[at..].trim().trim_matches(';').is_empty());
    let value = |at: usize| {
        let (before, last) = script.split_at(at);
        let last = last.trim().trim_end_matches(';');
        format!("async () => {{ {before}\nreturn (\n{last}\n) }}")
    };
    let mut functions: Vec<String> = places.map(value).collect();
    functions.push(format!("async () => {{ {script}\n}}"));
    functions
}

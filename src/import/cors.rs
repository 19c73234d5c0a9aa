//! The CORS settings of an origin, as its answers show them: one table where they follow from one, and else the fields of
//! each answer as they were.

use std::collections::BTreeSet;

use url::Url;

use super::{Came, Exchange, Kind, Recording, write};
use crate::rules::cors::{is_safelisted_method, unsafe_header_names};

/// What an origin says of who may read its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cors {
    /// Nothing.
    None,
    /// The same of all, as the text of a table.
    Table {
        /// Its lines.
        lines: String,
        /// What is guessed of preflights, where the recording has none.
        guessed: bool,
    },
    /// Each answer something else: fields of its own.
    Each,
}

/// The CORS settings of the origin of a URL. `headers` are those that a page set.
pub(super) fn of(
    recording: &Recording,
    origin: &Url,
    headers: impl Fn(&Exchange) -> Vec<(String, String)>,
) -> Cors {
    let asked: Vec<&Exchange> = recording
        .exchanges
        .iter()
        .filter(|exchange| exchange.url.origin() == origin.origin() && is_asked(exchange))
        .collect();
    let allowed = |exchange: &Exchange| {
        exchange.answer("access-control-allow-origin").map(str::trim).map(str::to_owned)
    };
    let origins: BTreeSet<String> = asked.iter().filter_map(|exchange| allowed(exchange)).collect();
    if origins.is_empty() {
        return Cors::None;
    }
    let credentials =
        |exchange: &&Exchange| exchange.answer("access-control-allow-credentials") == Some("true");
    let follows = |exchange: &&Exchange| {
        let own = exchange.header("origin").unwrap_or_default();
        let is_right = allowed(exchange).is_some_and(|value| value == "*" || value == own);
        let is_good = exchange.kind != Kind::Preflight || (200..300).contains(&exchange.status);
        is_right && is_good
    };
    let is_one = origins.len() == 1 || !origins.contains("*");
    let same_credentials = asked.iter().map(credentials).collect::<BTreeSet<bool>>().len() == 1;
    if !is_one || !same_credentials || !asked.iter().all(follows) {
        return Cors::Each;
    }
    let origins: Vec<String> = origins.into_iter().collect();
    let mut lines = format!("allow_origins = {}\n", write::list(&origins));
    if asked.iter().any(credentials) {
        lines.push_str("allow_credentials = true\n");
    }
    let preflights: Vec<&&Exchange> =
        asked.iter().filter(|exchange| exchange.kind == Kind::Preflight).collect();
    // Some recordings leave preflights out: what was then done was allowed.
    let calls = || asked.iter().filter(|exchange| exchange.kind == Kind::Call);
    let (mut names, mut methods) =
        (lists(&asked, "access-control-allow-headers"), lists(&asked, "access-control-allow-methods"));
    let mut guessed = false;
    if preflights.is_empty() {
        names.extend(calls().flat_map(|call| {
            let mut headers = headers(call);
            headers.extend(
                call.header("content-type").map(|value| ("content-type".to_owned(), value.to_owned())),
            );
            unsafe_header_names(&headers)
        }));
        let unsafe_methods =
            calls().map(|call| call.method.clone()).filter(|method| !is_safelisted_method(method));
        methods.extend(unsafe_methods);
        guessed = !names.is_empty() || !methods.is_empty();
    }
    for (key, values) in [
        ("allow_headers", names),
        ("allow_methods", methods),
        ("expose_headers", lists(&asked, "access-control-expose-headers")),
    ] {
        let mut seen = BTreeSet::new();
        let values: Vec<String> =
            values.into_iter().filter(|value| seen.insert(value.to_ascii_lowercase())).collect();
        if !values.is_empty() {
            lines.push_str(&format!("{key} = {}\n", write::list(&values)));
        }
    }
    let ages = asked
        .iter()
        .filter_map(|exchange| exchange.answer("access-control-max-age")?.trim().parse::<u32>().ok());
    if let Some(seconds) = ages.max() {
        lines.push_str(&format!("max_age = {seconds}\n"));
    }
    Cors::Table { lines, guessed }
}

/// Whether an exchange is one in which CORS was asked for.
fn is_asked(exchange: &Exchange) -> bool {
    let asker = exchange.header("origin").and_then(|origin| Url::parse(origin).ok());
    exchange.came == Came::Answered
        && matches!(exchange.kind, Kind::Call | Kind::Preflight)
        && asker.is_some_and(|asker| asker.origin() != exchange.url.origin())
}

fn lists(asked: &[&Exchange], field: &str) -> Vec<String> {
    let values =
        asked.iter().filter_map(|exchange| exchange.answer(field)).flat_map(|value| value.split(','));
    values.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
}

/// The CORS fields of an answer.
pub(super) fn fields(exchange: &Exchange) -> Vec<(String, String)> {
    let is_cors = |(name, _): &&(String, String)| name.to_ascii_lowercase().starts_with("access-control-");
    exchange.answer.iter().filter(is_cors).cloned().collect()
}

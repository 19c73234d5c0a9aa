//! `relation`: what the author believes of two origins, held against their URLs.

use super::super::mistakes::Mistakes;
use super::super::written;
use super::address::Names;
use crate::diagnostic::Diagnostic;
use crate::relation::{self, Relation};

/// Reports every relation that is malformed, stated twice, or contradicted by the URLs.
pub(super) fn check(relations: &[written::Relation], names: &Names, mistakes: &Mistakes) {
    let mut seen: Vec<(&str, &str, &written::Relation)> = Vec::new();
    for stated in relations {
        let words = Relation::ALL.map(Relation::as_str);
        let word = Relation::ALL.into_iter().find(|word| word.as_str() == stated.word.value);
        if word.is_none() {
            mistakes.add(
                Diagnostic::error(format!("`{}` is no relation of two origins", stated.word.value))
                    .label(stated.word.span.clone(), "")
                    .suggest_or_list(&stated.word.value, words),
            );
        }
        let Some((from, to)) = arrow(&stated.arrow.value) else {
            mistakes.add(
                Diagnostic::error(format!("`{}` does not name two origins", stated.arrow.value))
                    .label(stated.arrow.span.clone(), "")
                    .help("write `relation.\"web -> api\" = \"cross-site\"`"),
            );
            continue;
        };
        if let Some((_, _, first)) = seen.iter().find(|(a, b, _)| (*a, *b) == (from, to)) {
            mistakes.add(
                Diagnostic::error(format!("the relation of `{from}` to `{to}` is stated twice"))
                    .label(stated.arrow.span.clone(), "again")
                    .label(first.arrow.span.clone(), "first here")
                    .help("leave one of them out"),
            );
            continue;
        }
        seen.push((from, to, stated));
        let from_url = names.origin(from, stated.arrow.span.clone(), mistakes);
        let to_url =
            if from == to { from_url } else { names.origin(to, stated.arrow.span.clone(), mistakes) };
        let (Some(word), Some(from_url), Some(to_url)) = (word, from_url, to_url) else {
            continue;
        };
        let actual = Relation::of(from_url, to_url);
        if actual == word {
            continue;
        }
        let mut diagnostic = Diagnostic::error(format!("`{from}` and `{to}` are {actual}, not {word}"))
            .label(stated.word.span.clone(), "the URLs say otherwise");
        for (name, url) in [(from, from_url), (to, to_url)] {
            diagnostic = diagnostic.note(format!("{name} is {}", url.origin().ascii_serialization()));
        }
        for why in relation::explain(from_url, to_url) {
            diagnostic = diagnostic.note(why);
        }
        mistakes.add(diagnostic.help(format!("write `\"{actual}\"`, or correct the URLs")));
    }
}

fn arrow(text: &str) -> Option<(&str, &str)> {
    let (from, to) = text.split_once("->")?;
    let (from, to) = (from.trim(), to.trim());
    (!from.is_empty() && !to.is_empty() && !to.contains("->")).then_some((from, to))
}

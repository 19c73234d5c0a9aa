//! Why a page could not read an answer, and how requests ended that ended badly, in Firefox's words.

use std::collections::BTreeSet;

use super::native::{self, NotReadable};
use super::record::Ending;
use crate::browser::user_agent::Unread;
use crate::observe::Exchange;
use crate::rules::reason::Reason;

/// Why a page could not read an answer, by what the console and the end of the request say.
pub(super) fn unread(ending: Option<Ending>, exchanges: &[Exchange], console: &[String]) -> Unread {
    let said: Vec<NotReadable> = console.iter().filter_map(|message| native::not_readable(message)).collect();
    let mut reasons: BTreeSet<Reason> = said
        .iter()
        .filter_map(|said| match said {
            NotReadable::For(reason) => Some(*reason),
            NotReadable::Otherwise => None,
        })
        .collect();
    // That it did not succeed is said after every reason, too.
    if said.len() > 1 {
        reasons.remove(&Reason::Network);
    }
    if said.is_empty() && ending.is_some() {
        reasons.insert(Reason::Network);
    }
    // It is also said where a preflight was answered and did not allow it.
    if exchanges.iter().any(|exchange| exchange.wire.is_preflight()) {
        reasons.remove(&Reason::Network);
    }
    let word = ending.map(|ending| ending.error).filter(|_| reasons.is_empty());
    Unread { reasons, word }
}

/// Firefox's word in a message: `NS_ERROR_UNKNOWN_HOST`, `SEC_ERROR_UNKNOWN_ISSUER`.
pub(super) fn word(message: &str) -> Option<String> {
    let is_word = |word: &&str| {
        word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let mut words = message.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.find(is_word).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_messages() {
        assert_eq!(
            word("unknown error: Error: NS_ERROR_UNKNOWN_HOST").as_deref(),
            Some("NS_ERROR_UNKNOWN_HOST")
        );
        assert_eq!(word("no such frame: gone"), None);
    }
}

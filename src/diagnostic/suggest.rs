//! "Did you mean": the known word closest to a misspelt one.

/// The candidate that `word` was probably meant to be, if one is close.
///
/// Case, `-` and `_` do not count: `SameSite` finds `same_site`. Beyond that, about one letter in
/// three may be wrong, missing, doubled or swapped.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A word longer than any key is no misspelling, and its distance would be slow to compute.
    const LONGEST: usize = 300;
    if word.len() > LONGEST {
        return None;
    }
    let plain = plain(word);
    let allowed = plain.chars().count().max(3) / 3;
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&plain, &self::plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_words_are_found_and_far_ones_are_not() {
        let keys = ["status", "stored", "not_stored", "sent", "same_site"];
        for (word, meant) in [
            ("stauts", Some("status")),
            ("SameSite", Some("same_site")),
            ("not-stored", Some("not_stored")),
            ("notsored", Some("not_stored")),
            ("cookies", None),
            ("", None),
        ] {
            assert_eq!(did_you_mean(word, keys), meant, "{word}");
        }
        assert_eq!(did_you_mean(&"s".repeat(1 << 20), keys), None);
    }
}

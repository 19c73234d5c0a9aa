//! "Did you mean": the known word closest to a misspelt one, or all that are possible.

/// The candidate that `word` was probably meant to be, if one is close.
///
/// Case, `-` and `_` do not count: `SameSite` finds `same_site`. Beyond that, about one letter in
/// three may be wrong, missing, doubled or swapped. A word that only one candidate begins with finds it.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A word longer than any key is no misspelling, and its distance would be slow to compute.
    const LONGEST: usize = 300;
    // Nor is a list of thousands looked through to the end.
    const MOST: usize = 1000;
    if word.len() > LONGEST {
        return None;
    }
    let plain = plain(word);
    let allowed = plain.chars().count().max(3) / 3;
    let candidates: Vec<(String, &str)> =
        candidates.into_iter().take(MOST).map(|candidate| (self::plain(candidate), candidate)).collect();
    let near = candidates
        .iter()
        .map(|(known, candidate)| (strsim::damerau_levenshtein(&plain, known), *candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate);
    near.or_else(|| {
        let mut begun = candidates.iter().filter(|(known, _)| known.starts_with(&plain));
        match (begun.next(), begun.next()) {
            (Some((_, only)), None) if plain.len() >= 3 => Some(*only),
            _ => None,
        }
    })
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
            ("stat", Some("status")),
            ("st", None),
            ("", None),
        ] {
            assert_eq!(did_you_mean(word, keys), meant, "{word}");
        }
        assert_eq!(did_you_mean(&"s".repeat(1 << 20), keys), None);
    }
}

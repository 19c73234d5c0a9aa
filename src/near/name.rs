//! Two names of cookies that are one to a developer, and two to browsers and servers.

use crate::diagnostic::did_you_mean;
use crate::rules::prefix::unprefixed;

/// Names that one cookie has had: a library's before and after it was renamed.
const RENAMED: [(&str, &str); 4] = [
    // NextAuth 4 and Auth.js 5, `src/lib/utils/cookie.ts`.
    ("next-auth.session-token", "authjs.session-token"),
    ("next-auth.csrf-token", "authjs.csrf-token"),
    ("next-auth.callback-url", "authjs.callback-url"),
    // Supabase's auth helpers, and `@supabase/ssr` after them.
    ("supabase-auth-token", "sb-auth-token"),
];

/// The name that was probably meant by one that is asked for, and how the two differ.
pub(crate) fn near<'n>(
    asked: &str,
    others: impl IntoIterator<Item = &'n str>,
) -> Option<(&'n str, &'static str)> {
    let others: Vec<&str> = others.into_iter().filter(|other| !other.is_empty() && *other != asked).collect();
    let alike = |same: fn(&str, &str) -> bool| others.iter().copied().find(|other| same(asked, other));
    let by_prefix = alike(|asked, other| unprefixed(asked) == unprefixed(other)).map(|other| {
        (other, "a prefix such as `__Host-` is a part of the name, for servers as for browsers")
    });
    let by_case = || {
        let found = alike(|asked, other| plain(asked) == plain(other))?;
        let is_case = unprefixed(asked).eq_ignore_ascii_case(unprefixed(found));
        let how = if is_case {
            "names of cookies are told apart by case"
        } else {
            "`-`, `_` and `.` are three characters"
        };
        Some((found, how))
    };
    let by_chunk = || {
        let found = alike(|asked, other| whole(asked) == whole(other))?;
        Some((found, "a value that is too large for one cookie is cut into several, which are numbered"))
    };
    let by_version = || {
        let renamed = |one: &str, other: &str| {
            RENAMED.iter().any(|(old, new)| (one, other) == (*old, *new) || (other, one) == (*old, *new))
        };
        let found = others.iter().copied().find(|other| renamed(whole(asked), whole(other)))?;
        Some((found, "the library has renamed it: one side runs another version than the other"))
    };
    let by_letter = || Some((did_you_mean(asked, others.iter().copied())?, "one of the two is misspelt"));
    by_prefix.or_else(by_case).or_else(by_chunk).or_else(by_version).or_else(by_letter)
}

/// A name without prefix and the number of a chunk.
fn whole(name: &str) -> &str {
    let name = unprefixed(name);
    match name.rsplit_once('.') {
        Some((begin, number)) if !begin.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            begin
        }
        _ => name,
    }
}

fn plain(name: &str) -> String {
    unprefixed(name).chars().filter(|c| !matches!(c, '-' | '_' | '.')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_what_makes_two_of_one() {
        for (asked, set, how) in [
            ("authjs.session-token", "__Secure-authjs.session-token", "a prefix"),
            ("__Host-sid", "sid", "a prefix"),
            ("__Host-sid", "__Secure-sid", "a prefix"),
            ("SessionId", "sessionid", "case"),
            ("session_id", "session-id", "three characters"),
            ("sessionId", "session_id", "three characters"),
            ("authjs.session-token", "__Secure-authjs.session-token.0", "cut into several"),
            ("next-auth.session-token", "__Secure-authjs.session-token", "renamed"),
            ("refresh_token", "refesh_token", "misspelt"),
        ] {
            let (found, said) =
                near(asked, ["theme", set, "locale"]).unwrap_or_else(|| panic!("{asked} {set}"));
            assert_eq!(found, set);
            assert!(said.contains(how), "{asked} {set}: {said}");
        }
        assert_eq!(near("sid", ["theme", "", "sid"]), None);
    }
}

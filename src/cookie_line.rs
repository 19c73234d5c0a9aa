//! What a `Set-Cookie` line shows that is no grammar: several cookies in one, and what it is meant for.
//!
//! How a line is read and changed stands in [`crate::rules::line`].

use crate::rules::date::DateGrammar;
use crate::rules::line::Line;

/// Where a line holds several cookies: the commas that their lines were joined by.
///
/// RFC 9110, section 5.3, lets nobody join Set-Cookie lines, and no browser splits them (RFC 6265bis -22, section 3).
/// Proxies, CDNs and code that keeps headers in a map do it all the same, with `, `. A comma counts that the name of a
/// cookie and a `=` follow; that of a date has neither. In the value of the cookie, which may have commas of its own, it
/// takes the blank too.
pub(crate) fn joints(line: &str) -> Vec<usize> {
    /// So many cookies are looked for in one line.
    const MOST: usize = 64;
    let mut joints = Vec::new();
    for (number, part) in Line(line).parts().enumerate() {
        let is_comment = number > 0 && part.is("Comment");
        let quoted = number == 0 && part.value().is_some_and(|value| value.starts_with('"'));
        for (comma, _) in part.whole.match_indices(',').filter(|_| !is_comment) {
            let rest = &part.whole[comma + 1..];
            let next = rest.trim_start_matches([' ', '\t']);
            let is_inside = quoted && part.whole[..comma].matches('"').count() % 2 == 1;
            let has_blank = next.len() < rest.len();
            if joints.len() < MOST && !is_inside && (number > 0 || has_blank) && begins_cookie(next) {
                joints.push(part.start + comma);
            }
        }
    }
    joints
}

/// Whether a text begins with the name of a cookie and a `=`, and not with an attribute.
fn begins_cookie(text: &str) -> bool {
    const ATTRIBUTES: [&str; 12] = [
        "Comment",
        "Domain",
        "Expires",
        "HttpOnly",
        "Max-Age",
        "Partitioned",
        "Path",
        "Port",
        "Priority",
        "SameSite",
        "Secure",
        "Version",
    ];
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let end = text.bytes().position(|byte| !token(byte)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    !name.is_empty()
        && rest.starts_with('=')
        && !ATTRIBUTES.iter().any(|attribute| name.eq_ignore_ascii_case(attribute))
}

/// The lines that a line was joined of; itself where it is one.
pub(crate) fn unfolded(line: &str) -> Vec<String> {
    let mut start = 0;
    let mut lines = Vec::new();
    for joint in joints(line) {
        lines.push(line[start..joint].trim().to_owned());
        start = joint + 1;
    }
    lines.push(line[start..].trim().to_owned());
    lines
}

/// Whether a line is meant to delete its cookie, at a time in seconds since 1970: its lifetime is over, and it has no
/// value that somebody might want kept.
///
/// A value is kept that comes with a date just past, or of this century: servers that delete set one of 1970, or
/// `Max-Age=0`, and a date just past comes of a clock or a time zone.
pub(crate) fn deletes(line: &str, now: i64) -> bool {
    /// The year 2000.
    const LONG_AGO: i64 = 946_684_800;
    if let Some(seconds) = Line(line).attribute("Max-Age").and_then(|seconds| seconds.parse::<i64>().ok()) {
        return seconds <= 0;
    }
    let date = Line(line).attribute("Expires").and_then(|date| DateGrammar::Tokens.parse(date.as_bytes()));
    let has_value =
        !matches!(value(line).trim_matches('"'), "" | "deleted" | "delete" | "null" | "undefined");
    date.is_some_and(|date| date <= now && (!has_value || date < LONG_AGO))
}

/// The value a line gives its cookie.
pub(crate) fn value(line: &str) -> &str {
    let pair = line.split(';').next().unwrap_or_default();
    pair.split_once('=').map_or(pair, |(_, value)| value).trim()
}

/// The line with the middle of a long value left out: nobody reads a signature.
pub(crate) fn shortened(line: &str) -> String {
    /// A value of no more characters stays whole.
    const LONGEST: usize = 40;
    let whole = value(line);
    let Some((end, _)) = whole.char_indices().nth(LONGEST / 2).filter(|_| whole.chars().count() > LONGEST)
    else {
        return line.to_owned();
    };
    Line(line).with_value(&format!("{}…", &whole[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_folded_is_unfolded() {
        for (line, cookies) in [
            ("a=1; Path=/, b=2; Path=/", vec!["a=1; Path=/", "b=2; Path=/"]),
            ("a=1; Path=/,b=2,c=3", vec!["a=1; Path=/", "b=2", "c=3"]),
            (
                "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT, b=2",
                vec!["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"],
            ),
            ("a=1, b=2; Path=/", vec!["a=1", "b=2; Path=/"]),
            ("a=1,b=2; Path=/", vec!["a=1,b=2; Path=/"]),
            ("a=\"1, b=2\"; Path=/", vec!["a=\"1, b=2\"; Path=/"]),
            ("a=1; Comment=one, b=2", vec!["a=1; Comment=one, b=2"]),
            ("a=1; Secure, SameSite=None", vec!["a=1; Secure, SameSite=None"]),
            ("", vec![""]),
        ] {
            assert_eq!(unfolded(line), cookies, "{line}");
        }
    }

    #[test]
    fn a_line_deletes_that_is_over_and_has_nothing_to_keep() {
        const NOW: i64 = 1_795_732_800; // Thu, 26 Nov 2026 22:40:00 GMT
        for line in [
            "a=; Max-Age=0",
            "a=1; max-age=-1; Expires=Wed, 01 Jan 2098 00:00:00 GMT",
            "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=; Expires=Fri, 01 Jan 1971 00:00:00 GMT",
            "a=; Expires=Wed, 25 Nov 2026 22:40:00 GMT",
            "a=1; Expires=Thu, 01-Jan-70 00:00:10 GMT",
            "a=deleted; expires=Wed, 25 Nov 2026 22:40:00 GMT",
            "a=\"\"; expires=Wed, 25 Nov 2026 22:40:00 GMT",
        ] {
            assert!(deletes(line, NOW), "{line}");
        }
        for line in [
            "a=1",
            "a=",
            "a=; Expires=Thu, 26 Nov 2026 22:40:01 GMT",
            "a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=1; Max-Age=x",
            "a=1; Expires=Thu, 26 Nov 2026 17:40:00 -0500",
            "a=1; Expires=Thu, 05 Jul 2018 11:53:46 GMT",
        ] {
            assert!(!deletes(line, NOW), "{line}");
        }
    }

    #[test]
    fn a_long_value_is_shortened_and_nothing_else() {
        let long = format!("sid={}; Path=/", "x".repeat(41));
        assert_eq!(shortened(&long), format!("sid={}…; Path=/", "x".repeat(20)));
        let short = format!("sid={}; Path=/{}", "x".repeat(40), "y".repeat(60));
        assert_eq!(shortened(&short), short);
    }
}

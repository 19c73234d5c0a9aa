//! Slips of the pen in a `Set-Cookie` line: what browsers take without a word, and hardly anybody means.
//!
//! Browsers ignore attributes that they do not know and values that they cannot read (RFC 6265bis -22, section
//! 5.6), so a misspelt line is a mistake nowhere. It may be meant all the same: what is found here is told, and
//! nothing is refused for it. What a browser makes of a line is told by [`crate::rules::set_cookie`].

mod attribute;
pub(crate) mod date;

use crate::cookie_line;
use crate::diagnostic::Span;
use crate::rules::engine::Profile;
use crate::rules::line::{Line, Part};
use crate::rules::set_cookie::SetCookie;
use crate::text::shortened;

/// The attributes that some browser reads: RFC 6265bis -22, section 5.6, and CHIPS.
const KNOWN: [&str; 8] =
    ["Domain", "Expires", "HttpOnly", "Max-Age", "Partitioned", "Path", "SameSite", "Secure"];

/// What languages write for a variable that has no value.
const NOTHING: [&str; 9] = [
    "undefined",
    "null",
    "None",
    "nil",
    "NaN",
    "[object Object]",
    "[object Promise]",
    "<nil>",
    "${undefined}",
];

/// What browsers strip around names and values.
const BLANK: [char; 2] = [' ', '\t'];

/// So many parts of a line are looked at, and so many slips are told of it.
const MOST: usize = 64;

/// A slip in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// Where it stands, in bytes of the line.
    pub span: Span,
    /// What it is, and what comes of it: a lower-case fragment.
    pub message: String,
    /// What to do: a lower-case fragment.
    pub help: String,
}

/// The slips in a line, in the order they stand. A line with a control character has none: it is refused as a
/// whole.
pub fn slips(line: &str) -> Vec<Slip> {
    let is_control = |byte: u8| (byte < 0x20 && byte != b'\t') || byte == 0x7f;
    if line.bytes().any(is_control) {
        return Vec::new();
    }
    let mut slips: Vec<Slip> = header_name(line).into_iter().collect();
    let joints = cookie_line::joints(line);
    slips.extend(folded(line, &joints));
    for (number, part) in Line(line).parts().take(MOST).enumerate() {
        let end = part.span().start + part.text().len();
        let commas = commas(part, &joints);
        if !commas.is_empty() {
            slips.extend(commas);
        } else if joints.iter().any(|joint| (part.span().start..end).contains(joint)) {
            // What stands there is another cookie's.
        } else if number == 0 {
            slips.extend(pair(part, line));
        } else {
            slips.extend(attribute::attribute(part));
        }
    }
    slips.extend(beyond_ascii(line, &slips));
    slips.sort_by_key(|slip| slip.span.start);
    slips.truncate(MOST);
    slips
}

/// A slip that is all of a part.
fn whole(part: Part<'_>, message: String, help: String) -> Slip {
    Slip { span: part.span().range(), message, help }
}

/// The header's own name before the line, copied along.
fn header_name(line: &str) -> Option<Slip> {
    const NAME: &str = "Set-Cookie";
    let begun = line.trim_start_matches(BLANK);
    let name = begun.get(..NAME.len()).filter(|name| name.eq_ignore_ascii_case(NAME))?;
    let rest = begun[name.len()..].trim_start_matches(BLANK).strip_prefix(':')?;
    Some(Slip {
        span: line.len() - begun.len()..line.len() - rest.len(),
        message: "the line begins with `Set-Cookie:`, which becomes a part of the cookie's name".to_owned(),
        help: "leave it out: a line begins with the name of its cookie".to_owned(),
    })
}

/// Several cookies in one line, joined by commas.
fn folded(line: &str, joints: &[usize]) -> Vec<Slip> {
    let cookies = cookie_line::unfolded(line);
    let first = cookies.first().map_or("", |first| Line(first).name());
    let lost = |(joint, cookie): (&usize, &String)| {
        let name = Line(cookie).name();
        Slip {
            span: *joint..*joint + 1,
            message: format!(
                "two cookies are folded into one line: browsers store `{}` alone, and `{}` is lost",
                quoted(first),
                quoted(name)
            ),
            help: "send a Set-Cookie header for each: no browser splits a line at a comma".to_owned(),
        }
    };
    joints.iter().zip(&cookies[1..]).map(lost).take(MOST).collect()
}

/// What is odd about the cookie's name and value.
fn pair(part: Part<'_>, line: &str) -> Option<Slip> {
    let value = part.value().unwrap_or_default();
    if NOTHING.contains(&value) && value != "None" {
        let message =
            format!("the cookie's value is `{value}`: most likely a variable that has no value yet");
        return Some(whole(part, message, "look at what the server puts there".to_owned()));
    }
    let is_cut = value.starts_with('"') && (value.len() == 1 || !value.ends_with('"'));
    if is_cut && line[part.span().start + part.text().len()..].contains('"') {
        let message =
            "the value is in quotes and has a `;` in it, and browsers end it there, quotes or not".to_owned();
        return Some(whole(
            part,
            message,
            "write `%3B` for the `;`, and decode it where it is read".to_owned(),
        ));
    }
    None
}

/// The first character beyond ASCII, at which WebKit stops reading. What is found there already is told once.
fn beyond_ascii(line: &str, told: &[Slip]) -> Option<Slip> {
    let (place, character) = line.char_indices().find(|(_, character)| !character.is_ascii())?;
    let end = place + character.len_utf8();
    if told.iter().any(|slip| slip.span.contains(&place)) {
        return None;
    }
    let read = SetCookie::parse(line.as_bytes(), &Profile::WEBKIT);
    let unread = line.get(end..).unwrap_or_default();
    let more = if unread.contains(';') { ", and all attributes after it are lost" } else { "" };
    let what = if place <= read.pair.end { "the cookie" } else { "the line" };
    let encoded: String = line[place..end].bytes().map(|byte| format!("%{byte:02X}")).collect();
    Some(Slip {
        span: place..end,
        message: format!(
            "webkit cuts {what} at `{}`, which is no ASCII character{more}",
            quoted(&character.to_string())
        ),
        help: format!("write it percent-encoded, `{encoded}`, and decode it where it is read"),
    })
}

/// Commas that an attribute follows: they were to separate.
fn commas(part: Part<'_>, joints: &[usize]) -> Vec<Slip> {
    // A comment may say what it likes.
    if is(part.name(), "Comment") {
        return Vec::new();
    }
    let followed = |(place, _): (usize, &str)| {
        if joints.contains(&(part.span().start + place)) {
            return None;
        }
        let rest = part.text()[place + 1..].trim_start_matches(BLANK);
        let word = rest.split(['=', ',']).next().unwrap_or_default().trim_end_matches(BLANK);
        let known = KNOWN.into_iter().find(|known| is(word, known))?;
        Some(Slip {
            span: part.span().start + place..part.span().start + place + 1,
            message: format!("attributes are separated by `;`, and a `,` stands before `{known}`"),
            help: format!("write `; {known}`"),
        })
    };
    part.text().match_indices(',').filter_map(followed).take(MOST).collect()
}

fn is(word: &str, known: &str) -> bool {
    word.eq_ignore_ascii_case(known)
}

/// A part of the line for a message: cut where it is long, and nothing in it that a terminal would act on.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    shortened(text, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slips of a line: what each is under, and all that is said of it.
    fn told(line: &str) -> Vec<(&str, String)> {
        slips(line)
            .into_iter()
            .map(|slip| (&line[slip.span], format!("{}: {}", slip.message, slip.help)))
            .collect()
    }

    fn only(line: &str) -> (&str, String) {
        let mut told = told(line);
        assert_eq!(told.len(), 1, "{line}: {told:?}");
        told.remove(0)
    }

    #[test]
    fn a_misspelt_attribute_finds_the_one_that_was_meant() {
        for (attribute, meant) in [
            ("Http-Only", "HttpOnly"),
            ("http_only", "HttpOnly"),
            ("HttpOnly\u{a0}", "HttpOnly"),
            ("secur", "Secure"),
            ("Secured=true", "Secure"),
            ("Same-Site=Lax", "SameSite"),
            ("SamSite=Lax", "SameSite"),
            ("MaxAge=60", "Max-Age"),
            ("max age=60", "Max-Age"),
            ("expire=Thu, 01 Jan 2099 00:00:00 GMT", "Expires"),
            ("domian=example.com", "Domain"),
            ("Pth=/", "Path"),
            ("Partition", "Partitioned"),
        ] {
            let line = format!("sid=1; Path=/ ; {attribute};Secure");
            let (under, said) = only(&line);
            assert_eq!(under, attribute);
            assert!(said.starts_with("browsers ignore the unknown attribute `"), "{said}");
            assert!(said.ends_with(&format!("did you mean `{meant}`?")), "{attribute}: {said}");
        }
    }

    #[test]
    fn a_value_that_nobody_reads_is_told() {
        let (under, said) = only("sid=1; samesite = Laxx ; Secure");
        assert_eq!(under, "samesite = Laxx");
        assert_eq!(
            said,
            "browsers ignore `samesite = Laxx` and treat the cookie as if it had none: did you mean `SameSite=Lax`?"
        );
        for value in ["SameSite", "SameSite=", "SameSite=\"Lax\"", "SameSite=true", "SameSite=None None"] {
            let line = format!("sid=1; {value}");
            assert!(
                only(&line).1.ends_with("write `SameSite=Strict`, `SameSite=Lax` or `SameSite=None`"),
                "{line}"
            );
        }
        for value in ["60s", "1.5", "", "\"60\"", "abc", "--1", "1h"] {
            let line = format!("sid=1; Max-Age={value}");
            let (under, said) = only(&line);
            assert_eq!(under, format!("Max-Age={value}"));
            assert!(said.contains("is no number of seconds"), "{said}");
        }
        assert_eq!(told("sid=1; SameSite=Laxx; Max-Age=x").len(), 2);
    }

    #[test]
    fn a_comma_that_was_to_separate_is_told() {
        let (under, said) = only("sid=1; Secure, SameSite=None");
        assert_eq!(under, ",");
        assert_eq!(
            said,
            "attributes are separated by `;`, and a `,` stands before `SameSite`: write `; SameSite`"
        );
        assert_eq!(told("sid=1, path = /,secure; Max-Age=60, HttpOnly").len(), 3);
        assert_eq!(told("sid=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT, Path=/").len(), 1);
    }

    #[test]
    fn cookies_that_were_folded_into_one_line_are_told() {
        let line = "a=1; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; SameSite=None, b.1=2; Path=/; Secure,c=3; Path=/";
        let told = told(line);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].1.contains("browsers store `a` alone, and `b.1` is lost"), "{told:?}");
        assert!(told[1].1.contains("and `c` is lost"), "{told:?}");
        let (under, said) = only("a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT, b=2");
        assert!(under == "," && said.contains("`b` is lost"), "{said}");
        assert!(only("a=1, b=2; Path=/").1.contains("folded"));
    }

    #[test]
    fn a_value_after_a_colon_or_a_blank_is_told() {
        for (attribute, meant) in [
            ("SameSite: None", "SameSite=None"),
            ("samesite:lax", "SameSite=lax"),
            ("SameSite None", "SameSite=None"),
            ("Path: /", "Path=/"),
            ("Path /", "Path=/"),
            ("Domain: example.com", "Domain=example.com"),
            ("Max-Age: 60", "Max-Age=60"),
            ("Expires: Wed, 21 Oct 2026 07:28:00 GMT", "Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
        ] {
            let line = format!("sid=1; {attribute}; Secure");
            let (under, said) = only(&line);
            assert_eq!(under, attribute);
            assert!(said.ends_with(&format!("write `{meant}`")), "{said}");
        }
    }

    #[test]
    fn a_domain_and_a_path_that_are_none_are_told() {
        for (attribute, meant) in [
            ("Domain=https://acme-shop.io", "`Domain=acme-shop.io`"),
            ("Domain=https://api.acme-shop.io:8443/v1", "`Domain=api.acme-shop.io`"),
            ("Domain=acme-shop.io:443", "`Domain=acme-shop.io`"),
            ("Domain=*.acme-shop.io", "`Domain=acme-shop.io`"),
            ("Domain=acme-shop.io/", "`Domain=acme-shop.io`"),
            ("Domain=\"acme-shop.io\"", "`Domain=acme-shop.io`"),
            ("Domain=undefined", "leave `Domain` out"),
            ("Domain=null", "leave `Domain` out"),
            ("Domain=None", "leave `Domain` out"),
            ("Path=api", "`Path=/api`"),
            ("Path=\"/\"", "`Path=/`"),
            ("Path=https://acme-shop.io/api", "`Path=/api`"),
            ("Path=undefined", "leave `Path` out"),
        ] {
            let line = format!("sid=1; {attribute}; Secure");
            let (under, said) = only(&line);
            assert_eq!(under, attribute);
            assert!(said.contains(meant), "{said}");
        }
    }

    #[test]
    fn a_flag_that_is_said_to_be_off_is_on() {
        for (attribute, flag) in
            [("Secure=false", "Secure"), ("HttpOnly=0", "HttpOnly"), ("partitioned=False", "Partitioned")]
        {
            let line = format!("sid=1; {attribute}");
            let (under, said) = only(&line);
            assert_eq!(under, attribute);
            assert!(said.contains(&format!("sets {flag} all the same")), "{said}");
        }
    }

    #[test]
    fn a_date_that_browsers_do_not_read_is_told_with_the_one_that_was_meant() {
        for (value, meant) in [
            ("2026-12-31", "Expires=Thu, 31 Dec 2026 00:00:00 GMT"),
            ("2026-11-26T17:40:00-05:00", "Expires=Thu, 26 Nov 2026 22:40:00 GMT"),
            ("1795732800", "Expires=Thu, 26 Nov 2026 22:40:00 GMT"),
            ("1795732800000", "Expires=Thu, 26 Nov 2026 22:40:00 GMT"),
            ("0", "write `Max-Age=0`"),
            ("-1", "write `Max-Age=0`"),
            ("3600", "write `Max-Age=3600`"),
            ("Session", "write a date such as"),
            ("", "write a date such as"),
            ("undefined", "leave `Expires` out"),
            ("Thu, 26 Nov 2026 17:40:00 -0500", "write `Expires=Thu, 26 Nov 2026 22:40:00 GMT`"),
            (
                "Thu Nov 26 2026 17:40:00 GMT-0500 (Eastern Standard Time)",
                "write `Expires=Thu, 26 Nov 2026 22:40:00 GMT`",
            ),
            ("Thu, 26 Nov 2026 23:40:00 CET", "write `Expires=Thu, 26 Nov 2026 22:40:00 GMT`"),
            ("Thu, 26 Nov 2026 23:40:00 XYZT", "write the date in GMT"),
            (
                "Thu Nov 26 2026 22:40:00 GMT+0000 (Coordinated Universal Time)",
                "write `Expires=Thu, 26 Nov 2026 22:40:00 GMT`",
            ),
        ] {
            let line = format!("sid=1; Expires={value}; Secure");
            let (under, said) = only(&line);
            assert_eq!(under, format!("Expires={value}"));
            assert!(said.contains(meant), "{value}: {said}");
        }
    }

    #[test]
    fn a_value_that_is_none_or_is_cut_is_told() {
        for line in ["sid=undefined; Path=/", "sid=null", "sid=[object Object]", "sid=NaN"] {
            assert!(only(line).1.contains("a variable that has no value"), "{line}");
        }
        let (under, said) = only("sid=\"a;b\"; Path=/");
        assert!(under == "sid=\"a" && said.contains("%3B"), "{said}");
        let (under, said) = only("sid=M\u{fc}ller; Path=/; Secure");
        assert_eq!(under, "\u{fc}");
        assert!(
            said.contains("webkit cuts the cookie at `\u{fc}`")
                && said.contains("attributes after it are lost"),
            "{said}"
        );
        assert!(said.contains("%C3%BC"), "{said}");
        assert!(only("sid=1; Path=/\u{fc}").1.starts_with("webkit cuts the line at"));
    }

    #[test]
    fn the_headers_own_name_is_told() {
        let line = " set-cookie : sid=1; Path=/";
        let (under, said) = only(line);
        assert_eq!(under, "set-cookie :");
        assert!(said.contains("part of the cookie's name"), "{said}");
        assert!(told("set-cookie=1; Path=/").is_empty());
    }

    #[test]
    fn of_lines_as_servers_send_them_nothing_is_said() {
        for line in [
            "",
            "=",
            "a",
            ";;;=;",
            "sid=1; Domain=example.com; Path=/; Expires=Thu, 01 Jan 2099 00:00:00 GMT; Secure; HttpOnly",
            "sid=1;max-age=60;SAMESITE=none;secure;partitioned;priority=High",
            "sid=1; Max-Age=-1; Max-Age=+60; Max-Age=99999999999999999999",
            "sid=1; Version=1; Comment=\"one, path and another\"; CommentURL=\"x\"; Discard; Port=\"80,443\"; SameParty",
            "sid=a,b,secure-enough; Path=/a,b",
            "sid=a=1,b=2; Path=/",
            "sid=\"1\"; Domain=.example.com; Domain=[::1]; Domain=127.0.0.1; Path=; Expires=Thu, 01 Jan 1970 00:00:00 +0100",
            "sid=\"a, b=1\"; Expires=Thu Nov 26 22:40:00 2026",
            "sid=None; Secure=true; HttpOnly=",
            "session={\"x\":1,\"y\":[2]}; Path=/",
            "a=1; b=2; Unheard-Of=3; x; X=\ty",
            "sid=1; \u{1}Secure; Http-Only",
        ] {
            assert!(told(line).is_empty(), "{line}: {:?}", told(line));
        }
    }

    #[test]
    fn whatever_the_line_it_is_a_small_list_of_places_in_it() {
        let long = "secur;,path,path;SameSite=ü;".repeat(10_000);
        assert_eq!(slips(&long).len(), MOST);
        let wide = format!("a=1; SameSite={}\u{9b}", "ü".repeat(1000));
        let (under, said) = only(&wide);
        assert!(under.ends_with('\u{9b}') && said.contains('…') && !said.contains('\u{9b}'), "{said}");
        for text in
            ["set-cookie:", "Set-Cookie", "sét-cookie: a", " , secure", "a=1;,secure", "a=1; ü,Secure=ü"]
        {
            for slip in slips(text) {
                assert!(text.get(slip.span).is_some_and(|under| !under.is_empty()), "{text}");
            }
        }
    }
}

//! Slips of the pen in a `Set-Cookie` line: what browsers take without a word, and hardly anybody means.
//!
//! Browsers ignore attributes that they do not know and values that they cannot read (RFC 6265bis -22, section
//! 5.6), so a misspelt line is a mistake nowhere. It may be meant all the same: what is found here is told, and
//! nothing is refused for it. What a browser makes of a line is told by [`crate::rules::set_cookie`].

use crate::diagnostic::{Span, did_you_mean};
use crate::rules::line::{Line, Part};

/// The attributes that some browser reads: RFC 6265bis -22, section 5.6, and CHIPS.
const KNOWN: [&str; 8] =
    ["Domain", "Expires", "HttpOnly", "Max-Age", "Partitioned", "Path", "SameSite", "Secure"];

/// Attributes that servers send and that mean nothing here: those of RFC 2109 and RFC 2965, and Chromium's own.
const EXTENSIONS: [&str; 7] =
    ["Comment", "CommentURL", "Discard", "Port", "Priority", "SameParty", "Version"];

/// What `SameSite` may be: RFC 6265bis -22, section 5.6.7.
const SAME_SITE: [&str; 3] = ["Strict", "Lax", "None"];

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
    for (number, part) in Line(line).parts().take(MOST).enumerate() {
        let commas = commas(part);
        if !commas.is_empty() {
            slips.extend(commas);
        } else if number > 0 {
            slips.extend(attribute(part));
        }
    }
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

/// Commas that an attribute follows: they were to separate.
fn commas(part: Part<'_>) -> Vec<Slip> {
    let (text, start) = (part.text(), part.span().start);
    // A comment may say what it likes.
    if is(part.name(), "Comment") {
        return Vec::new();
    }
    let followed = |(place, _): (usize, &str)| {
        let rest = text[place + 1..].trim_start_matches(BLANK);
        let word = rest.split(['=', ',']).next().unwrap_or_default().trim_end_matches(BLANK);
        let known = KNOWN.into_iter().find(|known| is(word, known))?;
        Some(Slip {
            span: start + place..start + place + 1,
            message: format!("attributes are separated by `;`, and a `,` stands before `{known}`"),
            help: format!("write `; {known}`"),
        })
    };
    text.match_indices(',').filter_map(followed).take(MOST).collect()
}

fn attribute(part: Part<'_>) -> Option<Slip> {
    let (name, value) = (part.name(), part.value().unwrap_or_default());
    if is(name, "SameSite") {
        return same_site(part, value);
    }
    if is(name, "Max-Age") {
        return max_age(part, value);
    }
    let (known, extensions) = (KNOWN.into_iter(), EXTENSIONS.into_iter());
    if known.clone().chain(extensions.clone()).any(|known| is(name, known)) {
        return None;
    }
    // Nothing shorter or longer is close to an attribute.
    if !(3..=24).contains(&name.len()) {
        return None;
    }
    let meant = did_you_mean(name, known.chain(extensions)).filter(|meant| KNOWN.contains(meant))?;
    let message = format!("browsers ignore the unknown attribute `{}`", quoted(name));
    Some(whole(part, message, format!("did you mean `{meant}`?")))
}

fn same_site(part: Part<'_>, value: &str) -> Option<Slip> {
    if SAME_SITE.into_iter().any(|known| is(value, known)) {
        return None;
    }
    let message = format!("browsers ignore `{}` and treat the cookie as if it had none", quoted(part.text()));
    let help = match did_you_mean(value, SAME_SITE) {
        Some(meant) => format!("did you mean `SameSite={meant}`?"),
        None => "write `SameSite=Strict`, `SameSite=Lax` or `SameSite=None`".to_owned(),
    };
    Some(whole(part, message, help))
}

/// A sign before the digits is read by some browsers.
fn max_age(part: Part<'_>, value: &str) -> Option<Slip> {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let message = format!("`{}` is no number of seconds, and most browsers ignore it", quoted(part.text()));
    Some(whole(part, message, "write whole seconds, such as `Max-Age=3600`".to_owned()))
}

fn is(word: &str, known: &str) -> bool {
    word.eq_ignore_ascii_case(known)
}

/// A part of the line for a message: cut where it is long, and nothing in it that a terminal would act on.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    match text.char_indices().nth(LONGEST) {
        None => text.chars().map(plain).collect(),
        Some((end, _)) => text[..end].chars().map(plain).chain(['…']).collect(),
    }
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
            "sid=a,b,secure-enough; Path=/a,b; Path=/ü",
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

//! What a date that browsers read otherwise was meant to be.
//!
//! Browsers take a cookie's date for GMT, most of them whatever zone it names (RFC 6265bis -22, section 5.1.1, has no
//! zones), and ignore what is no date to them. Here the texts that programs write instead are understood: ISO 8601,
//! numbers of seconds and milliseconds, and dates with a zone. Nothing here asks a clock, and what a browser makes of a
//! text is [`DateGrammar`]'s to say.

use crate::rules::date::DateGrammar;

/// How the engines read dates.
const READERS: [(&str, DateGrammar); 3] = [
    ("chromium", DateGrammar::WholeTokens),
    ("firefox", DateGrammar::Loose),
    ("webkit", DateGrammar::Positional),
];

/// Zones that servers' languages write, and how many minutes they are ahead of GMT. Summer time is in them.
const ZONES: [(&str, i64); 24] = [
    ("AEDT", 660),
    ("AEST", 600),
    ("AKST", -540),
    ("BRT", -180),
    ("BST", 60),
    ("CDT", -300),
    ("CEST", 120),
    ("CET", 60),
    ("CST", -360),
    ("EDT", -240),
    ("EEST", 180),
    ("EET", 120),
    ("EST", -300),
    ("HST", -600),
    ("JST", 540),
    ("KST", 540),
    ("MDT", -360),
    ("MSK", 180),
    ("MST", -420),
    ("NZST", 720),
    ("PDT", -420),
    ("PST", -480),
    ("SGT", 480),
    ("WEST", 60),
];

/// How a text names a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written<'t> {
    /// As cookies write dates, in GMT or without a zone.
    Gmt,
    /// As cookies write dates, with this offset or zone behind the time.
    Zoned(&'t str),
    /// As ISO 8601 writes dates.
    Iso,
    /// As a number of seconds or milliseconds since 1970.
    Number,
}

/// A moment that a text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meant<'t> {
    /// How it is written.
    pub(crate) written: Written<'t>,
    /// The moment, in seconds since 1970; `None` where the zone is one of several, or unknown.
    pub(crate) moment: Option<i64>,
}

/// What a text means. `None` where it is no date to anybody.
pub(crate) fn meant(text: &str) -> Option<Meant<'_>> {
    let text = text.trim();
    number(text).or_else(|| iso(text)).or_else(|| dated(text))
}

/// The engines that read a text as another moment than it means, and those that do not read it at all.
pub(crate) fn misread(text: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    let meant = meant(text).and_then(|meant| meant.moment);
    let (mut otherwise, mut ignored) = (Vec::new(), Vec::new());
    for (engine, grammar) in READERS {
        match grammar.parse(text.trim().as_bytes()) {
            None => ignored.push(engine),
            read if meant.is_some() && read != meant => otherwise.push(engine),
            Some(_) => {}
        }
    }
    (otherwise, ignored)
}

/// `0`, `1798761600`, `1798761600000`.
fn number(text: &str) -> Option<Meant<'_>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || digits.len() > 13 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    // So many digits are milliseconds until the year 2286, as JavaScript counts them.
    let moment = if digits.len() >= 12 { number / 1000 } else { number };
    Some(Meant { written: Written::Number, moment: Some(moment) })
}

/// `2026-12-31`, `2026-12-31T23:59:59.000Z`, `2026-12-31 23:59:59+01:00`.
fn iso(text: &str) -> Option<Meant<'_>> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| -> Option<i64> {
        let part = text.get(range)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    if bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let (mut seconds, mut rest) = (0, &text[10..]);
    if let Some(time) =
        rest.strip_prefix(['T', 't', ' ']).filter(|time| time.as_bytes().get(2) == Some(&b':'))
    {
        let (hour, minute) = (digits(11..13)?, digits(14..16)?);
        seconds = hour * 3600 + minute * 60;
        rest = time.get(5..)?;
        if rest.starts_with(':') {
            seconds += digits(17..19)?;
            rest = rest.get(3..)?;
        }
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    let ahead = match rest.trim() {
        "" | "Z" | "z" => 0,
        zone => offset(zone)?,
    };
    let moment = days(year, month, day)? * 86_400 + seconds - ahead * 60;
    Some(Meant { written: Written::Iso, moment: Some(moment) })
}

/// A date as cookies write it, whose zone counts.
fn dated(text: &str) -> Option<Meant<'_>> {
    let moment = DateGrammar::Tokens.parse(text.as_bytes())?;
    let gmt = Meant { written: Written::Gmt, moment: Some(moment) };
    // What stands behind the time; the year may stand there too, as `asctime` and JavaScript order it.
    let Some(first) = text.find(':') else { return Some(gmt) };
    let behind = text[first..].trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
    let behind = behind.split('(').next().unwrap_or_default();
    for word in behind.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        let bare = ["GMT", "UTC", "UT", "Z"].into_iter().find(|zone| word.eq_ignore_ascii_case(zone));
        if bare.is_some() {
            continue;
        }
        let number = ["GMT", "UTC"].into_iter().find_map(|zone| word.strip_prefix(zone)).unwrap_or(word);
        if let Some(ahead) = offset(number) {
            if ahead == 0 {
                continue;
            }
            return Some(Meant { written: Written::Zoned(word), moment: Some(moment - ahead * 60) });
        }
        let is_zone = (2..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_zone || word.contains('/') {
            let known = ZONES.into_iter().find(|(zone, _)| *zone == word);
            let moment = known.map(|(_, ahead)| moment - ahead * 60);
            return Some(Meant { written: Written::Zoned(word), moment });
        }
    }
    Some(gmt)
}

/// Minutes ahead of GMT: `-0500`, `+01:00`, `+02`.
fn offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |part: &str| part.parse::<i64>().unwrap_or_default();
    Some(sign * (number(&digits[..2]) * 60 + number(&digits[2..])))
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date =
        time::Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    Some(i64::from(date.to_julian_day()) - 2_440_588)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_write_is_understood() {
        for (text, written, moment) in [
            ("Thu, 26 Nov 2026 22:40:00 GMT", Written::Gmt, Some(1_795_732_800)),
            ("Thu Nov 26 22:40:00 2026", Written::Gmt, Some(1_795_732_800)),
            ("Thu, 26-Nov-26 22:40:00 GMT", Written::Gmt, Some(1_795_732_800)),
            (
                "Thu Nov 26 2026 22:40:00 GMT+0000 (Coordinated Universal Time)",
                Written::Gmt,
                Some(1_795_732_800),
            ),
            ("Thu, 26 Nov 2026 17:40:00 -0500", Written::Zoned("-0500"), Some(1_795_732_800)),
            (
                "Thu Nov 26 2026 17:40:00 GMT-0500 (Eastern Standard Time)",
                Written::Zoned("GMT-0500"),
                Some(1_795_732_800),
            ),
            ("Thu, 26 Nov 2026 23:40:00 +01:00", Written::Zoned("+01:00"), Some(1_795_732_800)),
            ("Thu, 26 Nov 2026 23:40:00 CET", Written::Zoned("CET"), Some(1_795_732_800)),
            ("Thu Nov 26 17:40:00 EST 2026", Written::Zoned("EST"), Some(1_795_732_800)),
            ("Thu, 26 Nov 2026 23:40:00 XYZT", Written::Zoned("XYZT"), None),
            ("2026-11-26T22:40:00Z", Written::Iso, Some(1_795_732_800)),
            ("2026-11-26T22:40:00.123Z", Written::Iso, Some(1_795_732_800)),
            ("2026-11-26 23:40:00+01:00", Written::Iso, Some(1_795_732_800)),
            ("2026-11-26", Written::Iso, Some(1_795_651_200)),
            ("1795732800", Written::Number, Some(1_795_732_800)),
            ("1795732800123", Written::Number, Some(1_795_732_800)),
            ("0", Written::Number, Some(0)),
            ("-1", Written::Number, Some(-1)),
        ] {
            assert_eq!(meant(text), Some(Meant { written, moment }), "{text}");
        }
        for text in ["", "session", "undefined", "2026-13-45", "tomorrow", "2026", "26 Nov"] {
            let is_number = text == "2026";
            assert_eq!(meant(text).is_some(), is_number, "{text}");
        }
    }

    #[test]
    fn who_misreads_is_the_engines_own_grammar_to_say() {
        assert_eq!(misread("Thu, 26 Nov 2026 22:40:00 GMT"), (vec![], vec![]));
        let (otherwise, ignored) = misread("Thu, 26 Nov 2026 17:40:00 -0500");
        assert!(otherwise.contains(&"chromium") && ignored.is_empty(), "{otherwise:?} {ignored:?}");
        let (_, ignored) = misread("2026-11-26T22:40:00Z");
        assert!(ignored.contains(&"chromium"), "{ignored:?}");
    }
}

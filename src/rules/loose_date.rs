//! Dates as Firefox reads them: [`DateGrammar::Loose`](super::date::DateGrammar::Loose).
//!
//! It reads whatever looks like a part of a date, in any order: a month's name, a time, a number of the
//! right length, a date of three numbers, a zone. A time may be missing, and every field may overflow into
//! the next: `24:00:00` is the midnight after. The rules are those of NSPR's `PR_ParseTimeString`, told here
//! in an order of their own, and held against that library with random dates (2026-11-21, NSPR 4.35).

use super::date::{digit_count, month_of, number, seconds};

/// Names of time zones, and how many minutes they are ahead of UTC. Summer time is in them.
const ZONES: [(&[u8; 3], i64); 15] = [
    (b"pst", -8 * 60),
    (b"pdt", -7 * 60),
    (b"mst", -7 * 60),
    (b"mdt", -6 * 60),
    (b"cst", -6 * 60),
    (b"cdt", -5 * 60),
    (b"est", -5 * 60),
    (b"edt", -4 * 60),
    (b"ast", -4 * 60),
    (b"nst", -(3 * 60 + 30)),
    (b"gmt", 0),
    (b"bst", 60),
    (b"met", 60),
    (b"eet", 2 * 60),
    (b"jst", 9 * 60),
];

/// The latest year there is.
const LAST_YEAR: i64 = 32_767;

/// How many parts a text may have before it is no date.
const MOST_PARTS: usize = 1000;

/// The date in seconds since the epoch, or `None` where the text is no date.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
    let mut found = Found::default();
    let (mut at, mut parts) = (0, 0);
    while at < text.len() {
        parts += 1;
        if parts > MOST_PARTS {
            return None;
        }
        at += found.part(&text[at..]);
        at += text[at..].iter().take_while(|&&byte| !ends_part(byte)).count();
        at = after_gap(text, at, found.year.is_none());
    }
    found.moment()
}

/// Where the next part begins. A hyphen is a gap after a word, while the year is not known, and where no
/// number follows; else it is a sign.
fn after_gap(text: &[u8], mut at: usize, year_is_open: bool) -> usize {
    loop {
        at += text[at..].iter().take_while(|&&byte| is_gap(byte)).count();
        let after_word = at > 0 && text[at - 1].is_ascii_alphabetic() && year_is_open;
        let before_number = text.get(at + 1).is_some_and(u8::is_ascii_digit);
        if text.get(at) != Some(&b'-') || (before_number && !after_word) {
            return at;
        }
        at += 1;
    }
}

const fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b',' | b';' | b'/' | b'(' | b')' | b'[' | b']')
}

const fn ends_part(byte: u8) -> bool {
    is_gap(byte) || matches!(byte, b'-' | b'+')
}

/// What was found of a date. The first of a kind counts.
#[derive(Default)]
struct Found {
    /// From 1; 0 is the December before.
    month: Option<i64>,
    day: Option<i64>,
    year: Option<i64>,
    time: Option<(i64, i64, i64)>,
    zone: Option<Zone>,
}

/// How far ahead of UTC a time is.
enum Zone {
    /// In minutes, by a name.
    Named(i64),
    /// In minutes, by a number.
    Number(i64),
}

impl Found {
    /// Reads the part a text begins with, and answers how many bytes of it are done with: the rest of the
    /// part is passed over.
    fn part(&mut self, text: &[u8]) -> usize {
        match text[0] {
            b'+' | b'-' => {
                self.offset(text);
                1
            }
            byte if byte.is_ascii_digit() => self.number(text),
            _ => {
                self.word(text);
                0
            }
        }
    }

    fn word(&mut self, text: &[u8]) {
        let Some(head) = text.get(..3) else {
            return self.universal_time(text);
        };
        if let Some(month) = month_of(head) {
            self.month.get_or_insert(month);
        } else if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| head.eq_ignore_ascii_case(*name)) {
            self.zone.get_or_insert(Zone::Named(*minutes));
        } else {
            self.universal_time(text);
        }
    }

    /// `UT`, and not `UTC`.
    fn universal_time(&mut self, text: &[u8]) {
        let is_it = text.get(..2).is_some_and(|head| head.eq_ignore_ascii_case(b"ut"));
        if is_it && !text.get(2).is_some_and(u8::is_ascii_alphabetic) {
            self.zone.get_or_insert(Zone::Named(0));
        }
    }

    /// `+0100`, `-8`: hours, and minutes where there are four digits. A zone with a name, UTC aside, is
    /// not changed by it.
    fn offset(&mut self, text: &[u8]) {
        if !matches!(self.zone, None | Some(Zone::Named(0))) {
            return;
        }
        let digits = &text[1..=digit_count(&text[1..])];
        let minutes = match digits.len() {
            1 | 2 => number(digits) * 60,
            4 => number(&digits[..2]) * 60 + number(&digits[2..]),
            _ => return,
        };
        self.zone = Some(Zone::Number(if text[0] == b'-' { -minutes } else { minutes }));
    }

    /// A time, a date of three numbers, a year or a day, by what follows its digits and how many they are.
    fn number(&mut self, text: &[u8]) -> usize {
        let length = digit_count(text);
        let (digits, rest) = text.split_at(length);
        match rest {
            [b':', ..] => {
                if self.time.is_none() {
                    self.time = time(text);
                }
            }
            [b'/' | b'-', next, ..] if next.is_ascii_digit() => {
                if self.month.is_none() {
                    return self.three_numbers(text).unwrap_or(0);
                }
            }
            [next, ..] if next.is_ascii_alphabetic() => {}
            _ => self.lone_number(digits),
        }
        0
    }

    fn lone_number(&mut self, digits: &[u8]) {
        let value = number(digits.get(..5).unwrap_or(digits));
        match digits.len() {
            4 | 5 => {
                self.year.get_or_insert(value);
            }
            2 if self.day.is_none() && value < 32 => self.day = Some(value),
            2 => {
                self.year.get_or_insert(full_year(value));
            }
            1 => {
                self.day.get_or_insert(value);
            }
            _ => {}
        }
    }

    /// `2098-01-31`, `31/1/2098`, or as Americans write it `1/31/98`. Answers its length; `None` where it is
    /// none of these.
    fn three_numbers(&mut self, text: &[u8]) -> Option<usize> {
        let mut rest = text;
        let mut next = |lengths: &[usize], separated: bool| {
            let length = digit_count(rest);
            let value = lengths.contains(&length).then(|| number(&rest[..length]))?;
            rest = &rest[length..];
            if separated {
                rest = rest.strip_prefix(b"/").or_else(|| rest.strip_prefix(b"-"))?;
            }
            Some(value)
        };
        let (first, second) = (next(&[1, 2], true)?, next(&[1, 2], true)?);
        let third = next(&[1, 2, 4, 5], false)?;
        if rest.first().is_some_and(u8::is_ascii_alphabetic) {
            return None;
        }
        let (year, month, day) = match (first, second) {
            (0 | 32.., 13..) => return None,
            (0 | 32.., _) if third > 31 => return None,
            (0 | 32.., _) => (first, second, third),
            // Neither can be a month: it is passed over.
            (13.., 13..) => return Some(text.len() - rest.len()),
            (13.., _) => (third, second, first),
            _ => (third, first, second),
        };
        (self.year, self.month, self.day) = (Some(full_year(year)), Some(month), Some(day));
        Some(text.len() - rest.len())
    }

    fn moment(&self) -> Option<i64> {
        let (year, month, day) = (self.year?, self.month?, self.day?);
        if year > LAST_YEAR {
            return None;
        }
        let (hour, minute, second) = self.time.unwrap_or_default();
        let (Zone::Named(ahead) | Zone::Number(ahead)) = self.zone.as_ref().unwrap_or(&Zone::Named(0));
        let (year, month) = if month == 0 { (year - 1, 12) } else { (year, month) };
        Some(seconds(year, month, day, hour, minute, second) - ahead * 60)
    }
}

/// The year that one of two digits means.
const fn full_year(year: i64) -> i64 {
    match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    }
}

/// `8:04`, `08:04:19`, `8:04 pm`: fields of one or two digits.
fn time(text: &[u8]) -> Option<(i64, i64, i64)> {
    let field = |text: &[u8]| {
        let length = digit_count(text);
        (1..=2).contains(&length).then(|| (number(&text[..length]), length))
    };
    let (hour, length) = field(text)?;
    let rest = text[length..].strip_prefix(b":")?;
    let (minute, length) = field(rest)?;
    let mut rest = &rest[length..];
    rest = rest.strip_prefix(b":").unwrap_or(rest);
    let (second, length) = match digit_count(rest) {
        0 => (0, 0),
        _ => field(rest)?,
    };
    let rest = &rest[length..];
    let gap = rest.iter().take_while(|&&byte| matches!(byte, b' ' | b'\t')).count();
    let half = rest[gap..].get(..2).unwrap_or_default();
    let hour = match hour {
        12 if half.eq_ignore_ascii_case(b"am") => 0,
        0..12 if half.eq_ignore_ascii_case(b"pm") => hour + 12,
        _ => hour,
    };
    Some((hour, minute, second))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2098-01-01 00:00:00 UTC.
    const MOMENT: i64 = 4_039_372_800;

    fn read(text: &str) -> Option<i64> {
        parse(text.as_bytes())
    }

    #[test]
    fn parts_in_any_order_and_shape() {
        for text in [
            "Wed, 01 Jan 2098 00:00:00 GMT",
            "Wednesday, 01-Jan-2098 00:00:00 GMT",
            "Wed Jan  1 00:00:00 2098",
            "Jan 2098 01 00:00:00",
            "01 Jan 2098",
            "2098 1 January",
            "1/1/2098",
            "\"Wed, 01 Jan 2098 00:00:00 GMT\"",
            "01 Jan 2098 12:00am",
            "01 Jan 2098 01:00 +0100",
            "31 Dec 2097 24:00:00",
            "31 Dec 2097 16:00 PST",
        ] {
            assert_eq!(read(text), Some(MOMENT), "{text}");
        }
    }

    #[test]
    fn years() {
        assert_eq!(read("1 Jan 69"), read("1 Jan 2069"));
        assert_eq!(read("1 Jan 70"), Some(0));
        assert_eq!(read("1 Jan 12098"), Some(319_608_892_800));
        assert_eq!(read("1 Jan 1600"), Some(-11_676_096_000));
        assert_eq!(read("1 Jan 32768"), None);
    }

    #[test]
    fn no_dates() {
        for text in ["", "-1", "tomorrow", "2098-01-01T00:00:00Z", "1st Jan 2098", "Jan 2098", "01 2098"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

//! Dates as cookies write them.
//!
//! Four grammars: the lenient one of RFC 6265bis, section 5.1.1, a stricter reading of its tokens,
//! the positional HTTP date, and, in a file of its own, what Firefox makes of a text. All give seconds
//! since the epoch. Nothing here asks a clock.

use super::loose_date;

/// Which dates an `Expires` attribute may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateGrammar {
    /// RFC 6265bis -22, section 5.1.1: tokens in any order, no time zone.
    Tokens,
    /// The same tokens, but a number or a time must be a whole token, and a year has up to five
    /// digits. A year before 1601 is a date, and past.
    ///
    /// Source: Chromium; measured 2026-11-20 on 156.0.8078.79.
    WholeTokens,
    /// An HTTP date, its fields in a fixed order, with an optional time zone.
    ///
    /// Source: libsoup 3.2.3, `soup_date_time_new_from_http_string`; measured on that library
    /// 2026-11-20.
    Positional,
    /// Whatever looks like a part of a date, in any order; the time may be missing, and fields may
    /// overflow.
    ///
    /// Source: Firefox; measured 2026-11-21 on 153.7.0esr, and on NSPR's `PR_ParseTimeString` alone.
    Loose,
}

impl DateGrammar {
    /// The date in seconds since the epoch, or `None` where the text is no date by this grammar.
    pub fn parse(self, text: &[u8]) -> Option<i64> {
        match self {
            Self::Tokens => parse_tokens(text),
            Self::WholeTokens => parse_whole_tokens(text),
            Self::Loose => loose_date::parse(text),
            Self::Positional => Positional { rest: text.trim_ascii_start() }.parse(),
        }
    }
}

/// The `Date` of an answer, in seconds since the epoch: RFC 9110, section 5.6.7.
pub fn http_date(text: &[u8]) -> Option<i64> {
    DateGrammar::Positional.parse(text)
}

/// A moment, in seconds since the epoch, as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
pub fn imf_fixdate(moment: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, second) = (moment.div_euclid(86_400), moment.rem_euclid(86_400));
    // The calendar of 400 years, each of which begins in March.
    let since = days + 719_468;
    let (era, day) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let march = (5 * day_of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        DAYS[days.rem_euclid(7) as usize],
        day_of_year - (153 * march + 2) / 5 + 1,
        MONTHS[(month - 1) as usize],
        year + era * 400 + i64::from(month <= 2),
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// A cookie-date, by RFC 6265bis -22, section 5.1.1, in seconds since the epoch.
fn parse_tokens(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    // 5.1.1, step 1.
    for token in text.split(|&byte| is_delimiter(byte)).filter(|token| !token.is_empty()) {
        // 5.1.1, step 2.1.
        if time.is_none() {
            time = hms(token);
            if time.is_some() {
                continue;
            }
        }
        // 5.1.1, step 2.2.
        if day.is_none() {
            day = digits(token, 1, 2);
            if day.is_some() {
                continue;
            }
        }
        // 5.1.1, step 2.3.
        if month.is_none() {
            month = month_of(token);
            if month.is_some() {
                continue;
            }
        }
        // 5.1.1, step 2.4.
        if year.is_none() {
            year = digits(token, 2, 4);
        }
    }
    // 5.1.1, step 5, first bullet.
    let ((hour, minute, second), day, month, year) = (time?, day?, month?, year?);
    let year = match year {
        // 5.1.1, step 3.
        70..=99 => year + 1900,
        // 5.1.1, step 4.
        0..=69 => year + 2000,
        _ => year,
    };
    // 5.1.1, step 5, remaining bullets.
    if year < 1601 {
        return None;
    }
    // 5.1.1, steps 6 and 7.
    timestamp(year, month, day, hour, minute, second)
}

/// A cookie-date of [`DateGrammar::WholeTokens`], in seconds since the epoch.
fn parse_whole_tokens(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|&byte| is_delimiter(byte)).filter(|token| !token.is_empty()) {
        if !token[0].is_ascii_digit() {
            month = month.or_else(|| month_of(token));
        } else if token.contains(&b':') {
            time = time.or_else(|| whole_time(token));
        } else if digit_count(token) < token.len() {
            // A number with a tail is neither day nor year.
        } else if day.is_none() && token.len() <= 2 {
            day = Some(number(token));
        } else if year.is_none() && token.len() <= 5 {
            year = Some(number(token));
        }
    }
    let ((hour, minute, second), day, month, year) = (time?, day?, month?, year?);
    let year = match year {
        70..=99 => year + 1900,
        0..=69 => year + 2000,
        _ => year,
    };
    timestamp(year, month, day, hour, minute, second)
}

/// Three numbers with a colon between them, and nothing else.
fn whole_time(token: &[u8]) -> Option<(i64, i64, i64)> {
    let mut fields = token.split(|&byte| byte == b':').map(|field| {
        let length = digit_count(field);
        ((1..=4).contains(&length) && length == field.len()).then(|| number(field))
    });
    let time = (fields.next()??, fields.next()??, fields.next()??);
    fields.next().is_none().then_some(time)
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// The `time` production: three fields of one or two digits, then anything that is no digit.
fn hms(token: &[u8]) -> Option<(i64, i64, i64)> {
    let mut rest = token;
    let mut fields = [0; 3];
    for (index, field) in fields.iter_mut().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(b":")?;
        }
        let length = digit_count(rest);
        if !(1..=2).contains(&length) {
            return None;
        }
        *field = number(&rest[..length]);
        rest = &rest[length..];
    }
    Some((fields[0], fields[1], fields[2]))
}

/// A number of `least` to `most` digits at the start of a token, followed by no further digit.
fn digits(token: &[u8], least: usize, most: usize) -> Option<i64> {
    let length = digit_count(token);
    (least..=most).contains(&length).then(|| number(&token[..length]))
}

/// How many digits the text starts with.
pub(super) fn digit_count(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The value of a short run of digits.
pub(super) fn number(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
}

/// The month, 1 to 12, that the first three letters name.
pub(super) fn month_of(token: &[u8]) -> Option<i64> {
    const MONTHS: [&[u8; 3]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let head = token.get(..3)?;
    let index = MONTHS.iter().position(|month| head.eq_ignore_ascii_case(*month))?;
    Some(index as i64 + 1)
}

/// Seconds since the epoch, or `None` where the calendar has no such moment.
fn timestamp(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=last).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(seconds(year, month, day, hour, minute, second))
}

/// Seconds since the epoch. What is too large for its field overflows into the next, months aside.
pub(super) fn seconds(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> i64 {
    // Days since 1970-01-01 in the proleptic Gregorian calendar, years starting in March.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    days * 86_400 + hour * 3600 + minute * 60 + second
}

/// A reader of positional dates.
struct Positional<'t> {
    rest: &'t [u8],
}

impl Positional<'_> {
    fn parse(mut self) -> Option<i64> {
        if self.rest.first().is_some_and(u8::is_ascii_alphabetic) {
            // A word first is the weekday.
            self.skip(u8::is_ascii_alphabetic);
            if self.rest.first() == Some(&b',') {
                self.rest = &self.rest[1..];
            }
            self.skip(u8::is_ascii_whitespace);
        }
        let (year, month, day, time);
        if self.rest.first().is_some_and(u8::is_ascii_alphabetic) {
            // As C's asctime writes it: month, day, time, year.
            month = self.month()?;
            day = self.number()?.0;
            self.skip(is_gap);
            time = self.time()?;
            year = self.year()?;
        } else {
            day = self.number()?.0;
            self.skip(is_gap);
            month = self.month()?;
            year = self.year()?;
            time = self.time()?;
        }
        let (hour, minute, second) = time;
        if !(1..=9999).contains(&year) {
            return None;
        }
        Some(timestamp(year, month, day, hour, minute, second)? - self.offset())
    }

    fn skip(&mut self, wanted: impl Fn(&u8) -> bool) {
        let length = self.rest.iter().take_while(|byte| wanted(byte)).count();
        self.rest = &self.rest[length..];
    }

    /// A number and how many digits it had. Longer ones than any field can hold are no number.
    fn number(&mut self) -> Option<(i64, usize)> {
        self.skip(u8::is_ascii_whitespace);
        let length = digit_count(self.rest);
        if !(1..=6).contains(&length) {
            return None;
        }
        let value = number(&self.rest[..length]);
        self.rest = &self.rest[length..];
        Some((value, length))
    }

    fn month(&mut self) -> Option<i64> {
        let month = month_of(self.rest)?;
        self.rest = &self.rest[3..];
        self.skip(is_gap);
        Some(month)
    }

    fn year(&mut self) -> Option<i64> {
        let (value, length) = self.number()?;
        self.skip(is_gap);
        Some(match length {
            2 if value < 70 => value + 2000,
            2 | 3 => value + 1900,
            _ => value,
        })
    }

    fn time(&mut self) -> Option<(i64, i64, i64)> {
        let hour = self.number()?.0;
        self.rest = self.rest.strip_prefix(b":")?;
        let minute = self.number()?.0;
        self.rest = self.rest.strip_prefix(b":")?;
        let second = self.number()?.0;
        self.skip(|&byte| byte == b' ');
        Some((hour, minute, second))
    }

    /// The offset from UTC in seconds. What cannot be read counts as UTC.
    ///
    /// American zones are meant to be five to eight hours behind and are taken for 0, 5, 10 and 15, less one in summer
    /// (measured 2026-11-28 in WebKitGTK 2.50.6, whose dates libsoup reads).
    fn offset(&self) -> i64 {
        const ZONES: &[u8] = b"ECMP";
        if let [zone, summer @ (b'D' | b'S'), b'T', ..] = self.rest
            && let Some(place) =
                (0i64..).zip(ZONES).find_map(|(place, known)| (known == zone).then_some(place))
        {
            return 3600 * (i64::from(*summer == b'D') - 5 * place);
        }
        let Some((&sign @ (b'+' | b'-'), rest)) = self.rest.split_first() else {
            return 0;
        };
        let length = digit_count(rest).min(4);
        let value = number(&rest[..length]);
        let minutes = if rest.get(length) == Some(&b':') {
            let tail = &rest[length + 1..];
            value * 60 + number(&tail[..digit_count(tail).min(2)])
        } else {
            value / 100 * 60 + value % 100
        };
        if sign == b'+' { minutes * 60 } else { -minutes * 60 }
    }
}

const fn is_gap(byte: &u8) -> bool {
    matches!(byte, b' ' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2037-08-07 08:04:19 UTC.
    const MOMENT: i64 = 2_133_245_059;

    fn tokens(text: &str) -> Option<i64> {
        DateGrammar::Tokens.parse(text.as_bytes())
    }

    fn positional(text: &str) -> Option<i64> {
        DateGrammar::Positional.parse(text.as_bytes())
    }

    #[test]
    fn american_zones_are_wrong_by_hours() {
        let behind = [
            ("EST", 0),
            ("EDT", -1),
            ("CDT", 4),
            ("MST", 10),
            ("PDTx", 14),
            ("PST", 15),
            ("pst", 0),
            ("(PST)", 0),
        ];
        for (zone, hours) in behind {
            let read = positional(&format!("Fri, 07 Aug 2037 08:04:19 {zone}"));
            assert_eq!(read, Some(MOMENT + hours * 3600), "{zone}");
        }
    }

    #[test]
    fn section_5_1_1_step_1_any_delimiters() {
        for text in [
            "Fri, 07 Aug 2037 08:04:19 GMT",
            "Fri, 07-Aug-2037 08:04:19 GMT",
            "2037/Aug/07~08:04:19",
            "\t08:04:19\t7 August 2037",
        ] {
            assert_eq!(tokens(text), Some(MOMENT), "{text}");
        }
    }

    #[test]
    fn section_5_1_1_step_2_1_time_may_have_a_tail_but_no_third_digit() {
        assert_eq!(tokens("07 Aug 2037 8:4:19pm"), Some(MOMENT));
        assert_eq!(tokens("07 Aug 2037 08:04:190"), None);
        assert_eq!(tokens("07 Aug 2037 08:04"), None);
    }

    #[test]
    fn section_5_1_1_step_2_2_the_first_short_number_is_the_day() {
        assert_eq!(tokens("07 37 Aug 08:04:19"), Some(MOMENT));
        assert_eq!(tokens("7th Aug 2037 08:04:19"), Some(MOMENT));
    }

    #[test]
    fn section_5_1_1_step_2_3_month_by_its_first_three_letters() {
        assert_eq!(tokens("07 AUGMENTED 2037 08:04:19"), Some(MOMENT));
        assert_eq!(tokens("07 Au 2037 08:04:19"), None);
    }

    #[test]
    fn section_5_1_1_step_2_4_year_has_two_to_four_digits() {
        assert_eq!(tokens("07 Aug 02037 08:04:19"), None);
        assert_eq!(tokens("07 Aug 2037AD 08:04:19"), Some(MOMENT));
    }

    #[test]
    fn section_5_1_1_steps_3_and_4_two_digit_years() {
        assert_eq!(tokens("01 Jan 70 00:00:00"), Some(0));
        assert_eq!(tokens("07 Aug 37 08:04:19"), Some(MOMENT));
        assert_eq!(tokens("07 Aug 69 08:04:19"), tokens("07 Aug 2069 08:04:19"));
    }

    #[test]
    fn section_5_1_1_step_5_ranges() {
        for text in [
            "",
            "00 Aug 2037 08:04:19",
            "32 Aug 2037 08:04:19",
            "07 Aug 1600 08:04:19",
            "07 Aug 2037 24:04:19",
            "07 Aug 2037 08:60:19",
            "07 Aug 2037 08:04:60",
            "07 Aug 2037",
        ] {
            assert_eq!(tokens(text), None, "{text}");
        }
        assert!(tokens("01 Jan 1601 00:00:00").is_some_and(|time| time < 0));
    }

    #[test]
    fn section_5_1_1_step_6_the_calendar_decides() {
        assert_eq!(tokens("31 Apr 2037 00:00:00"), None);
        assert_eq!(tokens("29 Feb 2037 00:00:00"), None);
        assert_eq!(tokens("29 Feb 2036 00:00:00"), Some(2_087_856_000));
        assert_eq!(tokens("29 Feb 2100 00:00:00"), None);
    }

    #[test]
    fn whole_tokens_take_no_tails_and_longer_years() {
        let whole = |text: &str| DateGrammar::WholeTokens.parse(text.as_bytes());
        for text in [
            "Fri, 07-Aug-2037 08:04:19 GMT",
            "7 Aug 37 8:4:19",
            "07 Aug 02037 008:04:19",
            "07 Aug 037 08:04:19",
            "7x 07 Augx 2037 08:04 08:04:19 9:9:9",
            "Aug 2037 07 08:04:19",
        ] {
            assert_eq!(whole(text), Some(MOMENT), "{text}");
        }
        for text in [
            "7th Aug 2037 08:04:19",
            "07 Aug 2037AD 08:04:19",
            "07 Aug 2037 08:04:19pm",
            "07 Aug 2037 08:04:19:11",
            "07 Aug 2037 08::19",
            "30 Feb 1500 00:00:00",
            "07 Aug 2037 24:04:19",
            "07 Aug 20370000 08:04:19",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
        assert!(whole("07 Aug 1600 08:04:19").is_some_and(|time| time < 0));
    }

    #[test]
    fn positional_dates_keep_their_order_and_their_zone() {
        assert_eq!(positional("Fri, 07 Aug 2037 08:04:19 GMT"), Some(MOMENT));
        assert_eq!(positional("Fri 07-Aug-37 08:04:19 GMT"), Some(MOMENT));
        assert_eq!(positional("Fri Aug  7 08:04:19 2037"), Some(MOMENT));
        assert_eq!(positional("Fri, 07 Aug 2037 08:04:19 +0200"), Some(MOMENT - 7200));
        assert_eq!(positional("Fri, 07 Aug 2037 08:04:19 -02:30"), Some(MOMENT + 9000));
        for text in ["2037 Aug 07 08:04:19", "07 August 2037 08:04:19", "07/Aug/2037 08:04:19", "", "Fri"] {
            assert_eq!(positional(text), None, "{text}");
        }
    }
}

//! Reading a `Set-Cookie` line: RFC 6265bis -22, section 5.6.
//!
//! The result borrows the line and says where each part stands in it, so that a message can put a
//! caret under the part at fault. What the browser ignores is kept, with the reason. Nothing here
//! decides whether the cookie is stored, beyond what the line alone decides.

use std::borrow::Cow;

use super::cookie::SameSite;
use super::engine::{BarePair, InnerTabs, Lifetime, MaxAgeGrammar, Nameless, Profile, Tokens};
use super::reason::Reason;

/// How many ignored parts are kept. A line of a megabyte of semicolons has as many.
const KEPT_IGNORED: usize = 64;

/// A range of bytes in a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// How many bytes it covers.
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it covers nothing.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// As a range, to slice with.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start..self.end
    }
}

/// A reason and the part of the line that is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Why the cookie was not stored.
    pub reason: Reason,
    /// The part of the line at fault; where something is missing, the part that wants it.
    pub span: Span,
}

/// An attribute that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name and value.
    pub span: Span,
    /// The value alone, without surrounding space; empty where there is none.
    pub value: Span,
}

/// The lifetime an attribute gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// `Expires`: at this moment, in seconds since the epoch.
    At(i64),
    /// `Max-Age`: this many seconds from now; none or fewer means at once.
    In(i64),
}

/// Why a part of the line does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// The attribute's name is unknown.
    Unknown,
    /// A later attribute of the same name counts.
    Overridden,
    /// The other one of `Max-Age` and `Expires` counts.
    Outranked,
    /// The value is longer than the browser reads.
    TooLong,
    /// The value cannot be read.
    Unreadable,
    /// The browser stopped reading the line before it.
    Unread,
}

/// A `Set-Cookie` line, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie<'l> {
    /// The line as it came, without the header's name.
    pub line: Cow<'l, [u8]>,
    /// The name, without surrounding space.
    pub name: Span,
    /// The value, without surrounding space.
    pub value: Span,
    /// Name and value with what stands between them.
    pub pair: Span,
    /// The `Max-Age` or `Expires` that counts, and what it gives.
    pub lifetime: Option<(Attribute, Expiry)>,
    /// The `Domain` that counts, and how it reads.
    pub domain: Option<Attribute>,
    /// The `Path` that counts.
    pub path: Option<Attribute>,
    /// `Secure`.
    pub secure: Option<Attribute>,
    /// `HttpOnly`.
    pub http_only: Option<Attribute>,
    /// The `SameSite` that counts, and how it reads.
    pub same_site: Option<(Attribute, SameSite)>,
    /// `Partitioned`.
    pub partitioned: Option<Attribute>,
    /// What speaks against the cookie from the line alone.
    pub faults: Vec<Fault>,
    /// What does not count, in the order it stands; at most 64 are kept.
    pub ignored: Vec<(Span, Ignored)>,
}

impl<'l> SetCookie<'l> {
    /// Reads a line as a browser of this profile does. Linear in the length of the line.
    pub fn parse(line: &'l [u8], profile: &Profile) -> Self {
        Parser::new(line, profile).parse()
    }

    /// The bytes of a span of this line.
    pub fn bytes(&self, span: Span) -> &[u8] {
        &self.line[span.range()]
    }

    /// The bytes of the name.
    pub fn name_bytes(&self) -> &[u8] {
        self.bytes(self.name)
    }

    /// The bytes of the value.
    pub fn value_bytes(&self) -> &[u8] {
        self.bytes(self.value)
    }

    /// The name as text; bytes that are no UTF-8 are replaced.
    pub fn name_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.name_bytes())
    }

    /// The value as text; bytes that are no UTF-8 are replaced.
    pub fn value_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.value_bytes())
    }

    /// The same-site-flag: RFC 6265bis -22, section 5.7, step 17.
    pub fn same_site_flag(&self) -> SameSite {
        self.same_site.map_or(SameSite::Unset, |(_, flag)| flag)
    }

    /// The same without borrowing the line.
    pub fn into_owned(self) -> SetCookie<'static> {
        SetCookie {
            line: Cow::Owned(self.line.into_owned()),
            name: self.name,
            value: self.value,
            pair: self.pair,
            lifetime: self.lifetime,
            domain: self.domain,
            path: self.path,
            secure: self.secure,
            http_only: self.http_only,
            same_site: self.same_site,
            partitioned: self.partitioned,
            faults: self.faults,
            ignored: self.ignored,
        }
    }
}

/// A name, and a value where there was a `=`.
struct Pair {
    name: Span,
    value: Option<Span>,
}

struct Parser<'l, 'p> {
    line: &'l [u8],
    profile: &'p Profile,
    position: usize,
    cookie: SetCookie<'l>,
    max_age: Option<(Attribute, i64)>,
    expires: Option<(Attribute, i64)>,
}

impl<'l, 'p> Parser<'l, 'p> {
    fn new(line: &'l [u8], profile: &'p Profile) -> Self {
        let cookie = SetCookie {
            line: Cow::Borrowed(line),
            name: Span::default(),
            value: Span::default(),
            pair: Span::default(),
            lifetime: None,
            domain: None,
            path: None,
            secure: None,
            http_only: None,
            same_site: None,
            partitioned: None,
            faults: Vec::new(),
            ignored: Vec::new(),
        };
        Self { line, profile, position: 0, cookie, max_age: None, expires: None }
    }

    fn parse(mut self) -> SetCookie<'l> {
        // 5.6, first algorithm, step 1.
        if self.profile.syntax.tokens == Tokens::Octets
            && let Some(at) = self.line.iter().position(|&byte| is_control(byte))
        {
            self.fault(Reason::InvalidCharacter, Span { start: at, end: at + 1 });
        }
        self.name_and_value();
        // 5.6, second algorithm, steps 1 and 8.
        while self.line.get(self.position) == Some(&b';') {
            // Step 2.
            self.position += 1;
            self.attribute();
        }
        if self.position < self.line.len() {
            self.ignore(Span { start: self.position, end: self.line.len() }, Ignored::Unread);
        }
        self.choose_lifetime();
        self.cookie
    }

    /// 5.6, first algorithm, steps 2 to 6.
    fn name_and_value(&mut self) {
        let start = self.position;
        // Steps 2 to 4.
        let pair = self.pair();
        match pair.value {
            Some(value) => (self.cookie.name, self.cookie.value) = (pair.name, value),
            None => {
                // Where there is no name, a comma is part of the value, and all is read again.
                self.position = start;
                let whole = self.token(|byte| byte == b';');
                let nothing = Span { start: whole.end, end: whole.end };
                (self.cookie.name, self.cookie.value) = match self.profile.syntax.bare_pair {
                    BarePair::Value => (Span { start: whole.start, end: whole.start }, whole),
                    BarePair::Name => (whole, nothing),
                };
            }
        }
        let (name, value) = (self.cookie.name, self.cookie.value);
        let pair = Span { start: name.start, end: value.end.max(name.end) };
        self.cookie.pair = pair;
        if self.profile.syntax.inner_tabs == InnerTabs::Refused {
            self.refuse_tab(name);
            self.refuse_tab(value);
        }
        // 5.7, step 2.
        if name.is_empty() && value.is_empty() {
            if !self.profile.syntax.stores_empty {
                self.fault(Reason::Empty, pair);
            }
        } else if name.is_empty() && !self.stores_nameless() {
            self.fault(Reason::Nameless, pair);
        }
        // Step 5.
        if name.len() + value.len() > self.profile.limits.max_name_value {
            self.fault(Reason::TooLarge, pair);
        }
    }

    fn stores_nameless(&self) -> bool {
        match self.profile.syntax.nameless {
            Nameless::All => true,
            Nameless::Unambiguous => !self.line[self.cookie.value.range()].contains(&b'='),
            Nameless::Nothing => false,
        }
    }

    /// 5.6, second algorithm, steps 3 to 7.
    fn attribute(&mut self) {
        // Steps 3 to 5.
        let Pair { name, value } = self.pair();
        let end = value.map_or(name.end, |value| value.end.max(name.end));
        let span = Span { start: name.start, end };
        let word = &self.line[name.range()];
        let has_equals = value.is_some();
        let value = value.unwrap_or(Span { start: name.end, end: name.end });
        if self.profile.syntax.inner_tabs == InnerTabs::Refused {
            self.refuse_tab(name);
            self.refuse_tab(value);
        }
        // Step 6.
        if value.len() > self.profile.syntax.max_attribute {
            return self.ignore(span, Ignored::TooLong);
        }
        let attribute = Attribute { span, value };
        // Step 7. Flags need no value.
        if word.eq_ignore_ascii_case(b"Secure") {
            return self.replace(attribute, |cookie| &mut cookie.secure);
        }
        if word.eq_ignore_ascii_case(b"HttpOnly") {
            return self.replace(attribute, |cookie| &mut cookie.http_only);
        }
        if word.eq_ignore_ascii_case(b"Partitioned") && self.profile.partitions.partitioned_attribute {
            return self.replace(attribute, |cookie| &mut cookie.partitioned);
        }
        if !has_equals && self.profile.syntax.attributes_need_equals {
            return self.ignore_unless_blank(span);
        }
        if word.eq_ignore_ascii_case(b"Domain") {
            self.replace(attribute, |cookie| &mut cookie.domain);
        } else if word.eq_ignore_ascii_case(b"Path") {
            if self.profile.syntax.inner_tabs == InnerTabs::RefusedInPath {
                self.refuse_tab(value);
            }
            self.replace(attribute, |cookie| &mut cookie.path);
        } else if word.eq_ignore_ascii_case(b"SameSite") {
            self.same_site(attribute);
        } else if word.eq_ignore_ascii_case(b"Max-Age") {
            self.max_age(attribute);
        } else if word.eq_ignore_ascii_case(b"Expires") {
            self.expires(attribute);
        } else {
            self.ignore_unless_blank(span);
        }
    }

    fn replace(
        &mut self,
        attribute: Attribute,
        slot: impl for<'s> Fn(&'s mut SetCookie<'l>) -> &'s mut Option<Attribute>,
    ) {
        if let Some(earlier) = slot(&mut self.cookie).replace(attribute) {
            self.ignore(earlier.span, Ignored::Overridden);
        }
    }

    /// 5.6.7.
    fn same_site(&mut self, attribute: Attribute) {
        let word = &self.line[attribute.value.range()];
        // Steps 1 to 4.
        let known = [(&b"None"[..], SameSite::None), (b"Strict", SameSite::Strict), (b"Lax", SameSite::Lax)];
        let flag = known.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|&(_, flag)| flag);
        if flag.is_none() {
            self.ignore(attribute.span, Ignored::Unreadable);
            if !self.profile.syntax.unknown_same_site_resets {
                return;
            }
        }
        let overrides = flag != Some(SameSite::None) || self.profile.syntax.none_overrides;
        if !overrides && self.cookie.same_site.is_some() {
            return self.ignore(attribute.span, Ignored::Overridden);
        }
        // Step 5.
        let flag = flag.unwrap_or(SameSite::Unset);
        if let Some((earlier, _)) = self.cookie.same_site.replace((attribute, flag)) {
            self.ignore(earlier.span, Ignored::Overridden);
        }
    }

    /// 5.6.2.
    fn max_age(&mut self, attribute: Attribute) {
        let grammar = self.profile.syntax.max_age;
        match delta_seconds(&self.line[attribute.value.range()], grammar) {
            // Until the end of the session.
            Some(-1) if grammar == MaxAgeGrammar::Strtol => {
                for earlier in [self.max_age.take(), self.expires.take()].into_iter().flatten() {
                    self.ignore(earlier.0.span, Ignored::Overridden);
                }
            }
            Some(delta) => {
                if let Some((earlier, _)) = self.max_age.replace((attribute, delta)) {
                    self.ignore(earlier.span, Ignored::Overridden);
                }
                if self.profile.syntax.lifetime == Lifetime::Last
                    && let Some((earlier, _)) = self.expires.take()
                {
                    self.ignore(earlier.span, Ignored::Overridden);
                }
            }
            // Steps 1 to 3.
            None => {
                self.ignore(attribute.span, Ignored::Unreadable);
                if self.profile.syntax.unreadable_shadows
                    && let Some((earlier, _)) = self.max_age.take()
                {
                    self.ignore(earlier.span, Ignored::Overridden);
                }
            }
        }
    }

    /// 5.6.1.
    fn expires(&mut self, attribute: Attribute) {
        // Step 1.
        let moment = self.profile.syntax.dates.parse(&self.line[attribute.value.range()]);
        // Step 2.
        if moment.is_none() {
            self.ignore(attribute.span, Ignored::Unreadable);
        }
        let last_wins = self.profile.syntax.lifetime == Lifetime::Last;
        if moment.is_some() || self.profile.syntax.unreadable_shadows || last_wins {
            let expires = moment.map(|moment| (attribute, moment));
            if let Some((earlier, _)) = std::mem::replace(&mut self.expires, expires) {
                self.ignore(earlier.span, Ignored::Overridden);
            }
        }
        if last_wins && let Some((earlier, _)) = self.max_age.take() {
            self.ignore(earlier.span, Ignored::Overridden);
        }
    }

    /// 5.7, step 6: what of the two counts.
    fn choose_lifetime(&mut self) {
        self.cookie.lifetime = match (self.max_age, self.expires) {
            (Some((attribute, delta)), expires) => {
                if let Some((outranked, _)) = expires {
                    self.ignore(outranked.span, Ignored::Outranked);
                }
                Some((attribute, Expiry::In(delta)))
            }
            (None, Some((attribute, moment))) => Some((attribute, Expiry::At(moment))),
            (None, None) => None,
        };
        self.cookie.ignored.sort_by_key(|(span, _)| span.start);
    }

    /// A name, and a value if the name ends at a `=`; the position is then where the value ends.
    fn pair(&mut self) -> Pair {
        let comma_ends = self.profile.syntax.tokens == Tokens::Ascii;
        let name = self.token(|byte| matches!(byte, b';' | b'=') || (byte == b',' && comma_ends));
        let value = (self.line.get(self.position) == Some(&b'=')).then(|| {
            self.position += 1;
            self.token(|byte| byte == b';')
        });
        Pair { name, value }
    }

    /// The bytes up to one that ends a token, without surrounding space.
    fn token(&mut self, ends: impl Fn(u8) -> bool) -> Span {
        let ascii_only = self.profile.syntax.tokens == Tokens::Ascii;
        let rest = &self.line[self.position..];
        let blank = rest.iter().take_while(|&&byte| is_space(byte)).count();
        let length = rest[blank..]
            .iter()
            .take_while(|&&byte| !ends(byte) && !(ascii_only && (byte < b' ' || !byte.is_ascii())))
            .count();
        let start = self.position + blank;
        self.position = start + length;
        let trailing = rest[blank..blank + length].iter().rev().take_while(|&&byte| is_space(byte)).count();
        Span { start, end: self.position - trailing }
    }

    /// One fault of this kind is enough: a hostile line may have as many tabs as bytes.
    fn refuse_tab(&mut self, span: Span) {
        let known = self.cookie.faults.iter().any(|fault| fault.reason == Reason::InvalidCharacter);
        if !known && let Some(at) = self.line[span.range()].iter().position(|&byte| byte == b'\t') {
            self.fault(Reason::InvalidCharacter, Span { start: span.start + at, end: span.start + at + 1 });
        }
    }

    fn fault(&mut self, reason: Reason, span: Span) {
        self.cookie.faults.push(Fault { reason, span });
    }

    /// An attribute of no name and no value is not worth a mention.
    fn ignore_unless_blank(&mut self, span: Span) {
        if !span.is_empty() {
            self.ignore(span, Ignored::Unknown);
        }
    }

    fn ignore(&mut self, span: Span, why: Ignored) {
        if self.cookie.ignored.len() < KEPT_IGNORED {
            self.cookie.ignored.push((span, why));
        }
    }
}

/// 5.6.2, steps 1 to 4: the seconds, saturating, or `None` where the value cannot be read.
fn delta_seconds(value: &[u8], grammar: MaxAgeGrammar) -> Option<i64> {
    if grammar == MaxAgeGrammar::Strtol && value.is_empty() {
        return Some(0);
    }
    let (sign, digits) = match value.split_first() {
        Some((b'-', rest)) => (-1, rest),
        Some((b'+', rest)) if matches!(grammar, MaxAgeGrammar::SignedDigits | MaxAgeGrammar::Strtol) => {
            (1, rest)
        }
        _ => (1, value),
    };
    if sign < 0 && grammar == MaxAgeGrammar::DigitsOrMinus {
        return Some(-1);
    }
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let magnitude = digits
        .iter()
        .fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    if grammar != MaxAgeGrammar::Strtol {
        return Some(sign * magnitude);
    }
    // What is negative is over; the low 32 bits of the rest are read as a number with a sign.
    const WRAP: i64 = 1 << 32;
    let low = magnitude.rem_euclid(WRAP);
    Some(match sign {
        -1 if magnitude > 0 => 0,
        _ if low >= WRAP / 2 => low - WRAP,
        _ => low,
    })
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

const fn is_control(byte: u8) -> bool {
    matches!(byte, 0x00..=0x08 | 0x0a..=0x1f | 0x7f)
}

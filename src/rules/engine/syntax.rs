//! Reading a `Set-Cookie` line.

use super::{Words, deviations};
use crate::rules::date::DateGrammar;

deviations! {
    /// How a browser reads a `Set-Cookie` line.
    Syntax

    /// What `foo`, without a `=`, is.
    bare_pair: BarePair = [BarePair::Value, BarePair::Value, BarePair::Name, BarePair::Value]
        => "`foo` without `=` is";
    /// Which cookies without a name are stored.
    nameless: Nameless = [Nameless::All, Nameless::Unambiguous, Nameless::Nothing, Nameless::All]
        => "a cookie without a name is stored";
    /// Whether a cookie with neither name nor value is stored. It is never sent, but takes the
    /// place of another nameless one.
    ///
    /// Specification, Chromium and Firefox: no (measured). WebKit: yes (measured).
    stores_empty: bool = [false, false, false, true] => "an empty cookie is stored";
    /// Where names and values end.
    tokens: Tokens = [Tokens::Octets, Tokens::Octets, Tokens::Octets, Tokens::Ascii] => "a control character";
    /// Whether a tab may stand inside a name or a value; around them it is space.
    inner_tabs: InnerTabs = [InnerTabs::Kept, InnerTabs::Refused, InnerTabs::RefusedInPath, InnerTabs::Kept]
        => "a tab inside a name or value";
    /// The most bytes an attribute's value may have before the attribute is ignored; `usize::MAX`
    /// for no limit.
    ///
    /// Specification, Chromium and Firefox: 1024. WebKit: none (measured on libsoup 3.2.3).
    max_attribute: usize = [1024, 1024, 1024, usize::MAX]
        => "longest value of an attribute, in bytes";
    /// Whether `Domain`, `Path`, `Expires`, `Max-Age` and `SameSite` without a `=` are ignored, and
    /// not read as if they had an empty value.
    ///
    /// WebKit: yes (measured on libsoup 3.2.3).
    attributes_need_equals: bool = [false, false, false, true]
        => "`Path` and its like without `=` are ignored";
    /// Whether an `Expires` or `Max-Age` that cannot be read takes the place of an earlier one that
    /// can.
    ///
    /// Specification: no. Chromium: yes (measured). Firefox: yes (documented).
    unreadable_shadows: bool = [false, true, true, false]
        => "an unreadable `Expires` takes the place of an earlier one";
    /// Whether `SameSite=None` takes the place of an earlier `SameSite`, as the other values do.
    ///
    /// Specification, Chromium and Firefox: yes. WebKit: no (measured 2026-11-21).
    none_overrides: bool = [true, true, true, false]
        => "`SameSite=None` takes the place of an earlier `SameSite`";
    /// Whether a `SameSite` of an unknown value takes the place of an earlier one.
    ///
    /// Specification, Chromium and Firefox: yes. WebKit: no (measured on libsoup 3.2.3).
    unknown_same_site_resets: bool = [true, true, true, false]
        => "an unknown `SameSite` takes the place of an earlier one";
    /// Which of `Max-Age` and `Expires` wins.
    lifetime: Lifetime = [Lifetime::MaxAge, Lifetime::MaxAge, Lifetime::MaxAge, Lifetime::Last]
        => "of `Max-Age` and `Expires` wins";
    /// What `Max-Age` may hold.
    max_age: MaxAgeGrammar = [
        MaxAgeGrammar::Digits,
        MaxAgeGrammar::SignedDigits,
        MaxAgeGrammar::DigitsOrMinus,
        MaxAgeGrammar::Strtol,
    ] => "`Max-Age` takes";
    /// What `Expires` may hold.
    dates: DateGrammar = [
        DateGrammar::Tokens,
        DateGrammar::WholeTokens,
        DateGrammar::Loose,
        DateGrammar::Positional,
    ] => "`Expires` takes";
}

/// What a pair without `=` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarePair {
    /// The value of a nameless cookie. Specification, Chromium, WebKit (measured).
    Value,
    /// The name of a cookie with an empty value. Firefox (measured; preference
    /// `network.cookie.valueless_cookie`).
    Name,
}

impl Words for BarePair {
    fn words(&self) -> String {
        match self {
            Self::Value => "a value without a name",
            Self::Name => "a name without a value",
        }
        .to_owned()
    }
}

/// Which cookies without a name are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nameless {
    /// All. Specification, WebKit (measured).
    All,
    /// Those whose value has no `=`: the others would be sent back looking like a named cookie.
    /// Chromium (measured; its word is `EXCLUDE_AMBIGUOUS_SERIALIZATION`).
    Unambiguous,
    /// None. Firefox (measured).
    Nothing,
}

impl Words for Nameless {
    fn words(&self) -> String {
        match self {
            Self::All => "yes",
            Self::Unambiguous => "unless its value has a `=`",
            Self::Nothing => "no",
        }
        .to_owned()
    }
}

/// Where names and values end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// At `=` and `;`. A control character anywhere spoils the whole line. Specification, Chromium,
    /// Firefox (measured).
    Octets,
    /// Names end at a comma too, and any token at a control character or a byte that is no ASCII.
    /// A token that ends at anything but `=` or `;` ends the reading of the line.
    ///
    /// WebKit (measured; also on libsoup 3.2.3 alone).
    Ascii,
}

impl Words for Tokens {
    fn words(&self) -> String {
        match self {
            Self::Octets => "spoils the line",
            Self::Ascii => "ends the token, as any byte beyond ASCII does",
        }
        .to_owned()
    }
}

/// Whether a tab may stand inside a name or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InnerTabs {
    /// Yes. Specification.
    Kept,
    /// No, neither in the pair nor in any attribute: the line is refused. Chromium (measured).
    Refused,
    /// Not in the `Path`: the line is refused. Firefox (documented).
    RefusedInPath,
}

impl Words for InnerTabs {
    fn words(&self) -> String {
        match self {
            Self::Kept => "is kept",
            Self::Refused => "spoils the line",
            Self::RefusedInPath => "spoils the line in `Path` alone",
        }
        .to_owned()
    }
}

/// Which of `Max-Age` and `Expires` wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// `Max-Age`, wherever it stands. Specification, Chromium, Firefox.
    MaxAge,
    /// The one that stands last; an `Expires` that cannot be read makes a session cookie. WebKit
    /// (measured on libsoup 3.2.3).
    Last,
}

impl Words for Lifetime {
    fn words(&self) -> String {
        match self {
            Self::MaxAge => "`Max-Age`",
            Self::Last => "the last",
        }
        .to_owned()
    }
}

/// What `Max-Age` may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxAgeGrammar {
    /// Digits, after an optional minus. Specification.
    Digits,
    /// Digits, after an optional sign. Chromium (measured).
    SignedDigits,
    /// Digits, or anything after a minus. Firefox (documented).
    DigitsOrMinus,
    /// What C's `strtol` consumes whole: an empty value is zero. What is not negative is kept as 32 bits with a
    /// sign, where -1 means until the end of the session. WebKit (measured on libsoup 3.2.3; the 32 bits
    /// 2026-11-21).
    Strtol,
}

impl Words for MaxAgeGrammar {
    fn words(&self) -> String {
        match self {
            Self::Digits => "digits, after an optional `-`",
            Self::SignedDigits => "digits, after an optional sign",
            Self::DigitsOrMinus => "digits, or anything after a `-`",
            Self::Strtol => "what C's `strtol` takes",
        }
        .to_owned()
    }
}

impl Words for DateGrammar {
    fn words(&self) -> String {
        match self {
            Self::Tokens => "tokens in any order",
            Self::WholeTokens => "whole tokens in any order",
            Self::Positional => "an HTTP date, in order",
            Self::Loose => "whatever looks like a date, the time left out or not",
        }
        .to_owned()
    }
}

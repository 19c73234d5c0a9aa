//! The attributes a matrix varies: `SameSite`, `Secure` and `Partitioned`.
//!
//! A handful of combinations, chosen so that each shows something the others do not. Everything else of a
//! line stays byte for byte as its author wrote it.

use std::fmt;

use crate::edit::cookie_line::{attribute, with, without};
use crate::plan::SameSite;

/// One choice of the three attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// `SameSite`.
    pub same_site: SameSite,
    /// Whether there is a `Secure`.
    pub secure: bool,
    /// Whether there is a `Partitioned`.
    pub partitioned: bool,
}

impl Attributes {
    const fn new(same_site: SameSite, secure: bool, partitioned: bool) -> Self {
        Self { same_site, secure, partitioned }
    }

    /// Those worth looking at, the narrowest first: where two work, the earlier is the safer.
    ///
    /// `Strict` and `Lax` without `Secure` differ from those with it over plain http alone. `Partitioned`
    /// makes a third party's cookie one for each top-level site, and so goes before the `None` that is one
    /// for all; of a first party's cookie it says nothing that `SameSite` does not.
    pub(super) fn sensible(plain_http: bool) -> Vec<Self> {
        let all = [
            (Self::new(SameSite::Strict, true, false), true),
            (Self::new(SameSite::Lax, true, false), true),
            (Self::new(SameSite::Unset, true, false), true),
            (Self::new(SameSite::Strict, false, false), plain_http),
            (Self::new(SameSite::Lax, false, false), plain_http),
            (Self::new(SameSite::Unset, false, false), true),
            (Self::new(SameSite::None, true, true), true),
            (Self::new(SameSite::None, true, false), true),
            (Self::new(SameSite::None, false, false), true),
        ];
        all.into_iter().filter(|(_, wanted)| *wanted).map(|(attributes, _)| attributes).collect()
    }

    /// How much they open up: where two work, the one with the lower number is the safer.
    pub(super) fn openness(self) -> usize {
        let place = Self::sensible(true).into_iter().position(|known| known == self);
        // What an author wrote and nobody would recommend: the rest of `SameSite=None` last.
        place.unwrap_or(if self.same_site == SameSite::None { 8 } else { 5 })
    }

    /// Those of a line.
    pub(super) fn of(line: &str) -> Self {
        let word = attribute(line, "SameSite").unwrap_or_default().to_ascii_lowercase();
        Self {
            same_site: match word.as_str() {
                "strict" => SameSite::Strict,
                "lax" => SameSite::Lax,
                "none" => SameSite::None,
                _ => SameSite::Unset,
            },
            secure: attribute(line, "Secure").is_some(),
            partitioned: attribute(line, "Partitioned").is_some(),
        }
    }

    /// The line with these. One that has them stays as it is.
    pub(super) fn put_on(self, line: &str) -> String {
        if Self::of(line) == self {
            return line.to_owned();
        }
        let flag = |line: String, name: &str, wanted: bool| match (wanted, attribute(&line, name).is_some()) {
            (true, false) => with(&line, name, None),
            (false, true) => without(&line, name),
            _ => line,
        };
        let line = match self.same_site {
            SameSite::Strict => with(line, "SameSite", Some("Strict")),
            SameSite::Lax => with(line, "SameSite", Some("Lax")),
            SameSite::None => with(line, "SameSite", Some("None")),
            SameSite::Unset => without(line, "SameSite"),
        };
        flag(flag(line, "Secure", self.secure), "Partitioned", self.partitioned)
    }

    /// As a `Set-Cookie` line spells them, with a word for where one is missing that matters.
    pub fn spelt(self) -> String {
        let same_site = match self.same_site {
            SameSite::Strict => "SameSite=Strict",
            SameSite::Lax => "SameSite=Lax",
            SameSite::None => "SameSite=None",
            SameSite::Unset => "no SameSite",
        };
        self.behind(same_site, ", no Secure")
    }

    fn behind(self, same_site: &str, insecure: &str) -> String {
        let secure = if self.secure { "; Secure" } else { insecure };
        let partitioned = if self.partitioned { "; Partitioned" } else { "" };
        format!("{same_site}{secure}{partitioned}")
    }
}

/// In few letters, for a table whose column says `SameSite`: `None; Secure`.
impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let same_site = match self.same_site {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
            SameSite::None => "None",
            SameSite::Unset => "(absent)",
        };
        f.write_str(&self.behind(same_site, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_attributes_and_keeps_the_rest_byte_for_byte() {
        let line = "a=1; Domain=.x.y; HttpOnly; samesite=none; Secure";
        for (attributes, expected) in [
            (Attributes::of(line), line),
            (Attributes::new(SameSite::Lax, true, false), "a=1; Domain=.x.y; HttpOnly; SameSite=Lax; Secure"),
            (Attributes::new(SameSite::Unset, false, false), "a=1; Domain=.x.y; HttpOnly"),
            (
                Attributes::new(SameSite::None, true, true),
                "a=1; Domain=.x.y; HttpOnly; SameSite=None; Secure; Partitioned",
            ),
        ] {
            assert_eq!(attributes.put_on(line), expected);
            assert_eq!(Attributes::of(expected), attributes);
        }
    }

    #[test]
    fn none_is_never_safer_than_a_narrower_word() {
        for attributes in Attributes::sensible(true) {
            let none = attributes.same_site == SameSite::None;
            assert_eq!(attributes.openness() >= 6, none, "{attributes}");
        }
    }
}

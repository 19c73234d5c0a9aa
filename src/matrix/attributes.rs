//! The attributes a matrix varies: `SameSite`, `Secure` and `Partitioned`.
//!
//! A handful of combinations, chosen so that each shows something the others do not. Everything else of a
//! line stays byte for byte as its author wrote it.

use std::fmt;

use crate::plan::SameSite;
use crate::rules::line::Line;

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

    /// Those worth looking at, in the order of the table.
    ///
    /// `Strict` and `Lax` without `Secure` differ from those with it over plain http alone. Of a first party's
    /// cookie `Partitioned` says nothing that `SameSite` does not, so it stands beside `None` alone.
    pub(super) fn sensible(plain_http: bool) -> Vec<Self> {
        let all = [
            (Self::new(SameSite::Strict, true, false), true),
            (Self::new(SameSite::Lax, true, false), true),
            (Self::new(SameSite::Strict, false, false), plain_http),
            (Self::new(SameSite::Lax, false, false), plain_http),
            (Self::new(SameSite::Unset, true, false), true),
            (Self::new(SameSite::Unset, false, false), true),
            (Self::new(SameSite::None, true, true), true),
            (Self::new(SameSite::None, true, false), true),
            (Self::new(SameSite::None, false, false), true),
        ];
        all.into_iter().filter(|(_, wanted)| *wanted).map(|(attributes, _)| attributes).collect()
    }

    /// How much they open up: where two work, the lower is the safer.
    ///
    /// `SameSite` first, and then `Secure`. Where there is no `SameSite` each browser does as it likes: what
    /// works so and not with `Lax` works as with `None`, or for two minutes, and so comes after what says
    /// `None` aloud. `Partitioned` makes that one cookie for each top-level site. What is `None` without
    /// `Secure` is the last of all.
    pub(super) fn openness(self) -> (u8, bool) {
        let same_site = match (self.same_site, self.secure, self.partitioned) {
            (SameSite::Strict, ..) => 0,
            (SameSite::Lax, ..) => 1,
            (SameSite::None, true, true) => 2,
            (SameSite::None, true, false) => 3,
            (SameSite::Unset, ..) => 4,
            (SameSite::None, false, _) => 5,
        };
        (same_site, !self.secure)
    }

    /// Where they stand in the table: what is not among the sensible stands before the first that is more open.
    pub(super) fn rank(self) -> usize {
        let sensible = Self::sensible(true);
        let place = |wanted: &dyn Fn(&Self) -> bool| sensible.iter().position(wanted);
        let known = place(&|known| *known == self);
        known.or_else(|| place(&|known| known.same_site == self.same_site)).unwrap_or(sensible.len())
    }

    /// Those of a line.
    pub(super) fn of(line: &str) -> Self {
        let word = Line(line).attribute("SameSite").unwrap_or_default().to_ascii_lowercase();
        Self {
            same_site: match word.as_str() {
                "strict" => SameSite::Strict,
                "lax" => SameSite::Lax,
                "none" => SameSite::None,
                _ => SameSite::Unset,
            },
            secure: Line(line).attribute("Secure").is_some(),
            partitioned: Line(line).attribute("Partitioned").is_some(),
        }
    }

    /// The line with these. One that has them stays as it is.
    pub(super) fn put_on(self, line: &str) -> String {
        if Self::of(line) == self {
            return line.to_owned();
        }
        let flag =
            |line: String, name: &str, wanted: bool| match (wanted, Line(&line).attribute(name).is_some()) {
                (true, false) => Line(&line).with(name, None),
                (false, true) => Line(&line).without(name),
                _ => line,
            };
        let line = match self.same_site {
            SameSite::Strict => Line(line).with("SameSite", Some("Strict")),
            SameSite::Lax => Line(line).with("SameSite", Some("Lax")),
            SameSite::None => Line(line).with("SameSite", Some("None")),
            SameSite::Unset => Line(line).without("SameSite"),
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
        let narrow =
            |attributes: &Attributes| matches!(attributes.same_site, SameSite::Strict | SameSite::Lax);
        let (narrow, open): (Vec<_>, Vec<_>) = Attributes::sensible(true).into_iter().partition(narrow);
        for one in &narrow {
            assert!(open.iter().all(|other| one.openness() < other.openness()), "{one}");
        }
    }
}

//! The text of a `Set-Cookie` line: its parts and where they stand, read and changed without loss.
//!
//! For everybody who looks at a line as its author does: a pair, then attributes, with `;` between them. What is not
//! changed stays byte for byte. What a browser makes of a line is another question: [`super::set_cookie`].

use super::engine::Profile;
use super::prefix::Prefix;
use super::set_cookie::{Expiry, SetCookie, Span};

/// What browsers strip around names and values.
const BLANK: [char; 2] = [' ', '\t'];

/// A line, without the header's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'l>(pub &'l str);

/// What stands between two semicolons of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'l> {
    /// As it stands, with the blanks around it.
    pub whole: &'l str,
    /// Where that begins in the line, in bytes.
    pub start: usize,
}

/// One change of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineEdit {
    /// An attribute gets this value, or is there where it has none.
    With(&'static str, Option<String>),
    /// An attribute goes.
    Without(&'static str),
    /// The attributes come that the name's prefix asks for.
    KeepPrefix,
    /// The cookie gets another name.
    Rename(String),
    /// The cookie gets another value.
    Value(&'static str),
}

impl<'l> Part<'l> {
    /// The part without the blanks around it.
    pub fn text(self) -> &'l str {
        self.whole.trim_matches(BLANK)
    }

    /// Where [`Part::text`] stands in the line.
    pub fn span(self) -> Span {
        let start = self.start + self.whole.len() - self.whole.trim_start_matches(BLANK).len();
        Span { start, end: start + self.text().len() }
    }

    /// What stands before the first `=`, or all of it, without blanks.
    pub fn name(self) -> &'l str {
        self.whole.split('=').next().unwrap_or_default().trim_matches(BLANK)
    }

    /// What stands after the first `=`, without blanks. `None` where there is no `=`.
    pub fn value(self) -> Option<&'l str> {
        self.whole.split_once('=').map(|(_, value)| value.trim_matches(BLANK))
    }

    /// Whether it is an attribute of this name.
    pub fn is(self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }
}

impl<'l> Line<'l> {
    /// The parts in order: the pair of name and value, then the attributes.
    pub fn parts(self) -> impl Iterator<Item = Part<'l>> {
        let mut next = 0;
        self.0.split(';').map(move |whole| {
            let start = next;
            next += whole.len() + 1;
            Part { whole, start }
        })
    }

    /// The first part: the cookie's name and value.
    pub fn pair(self) -> Part<'l> {
        Part { whole: self.0.split(';').next().unwrap_or_default(), start: 0 }
    }

    /// The parts after the pair.
    pub fn attributes(self) -> impl Iterator<Item = Part<'l>> {
        self.parts().skip(1)
    }

    /// The name the line gives its cookie; empty where it has none (RFC 6265bis -22, section 5.6, steps 2 to 4).
    pub fn name(self) -> &'l str {
        match self.pair() {
            pair if pair.value().is_some() => pair.name(),
            _ => "",
        }
    }

    /// The value of an attribute, empty for a flag; `None` where the line has no such attribute. The last one counts
    /// (RFC 6265bis -22, section 5.6).
    pub fn attribute(self, name: &str) -> Option<&'l str> {
        self.attributes().filter(|part| part.is(name)).last().map(|part| part.value().unwrap_or_default())
    }

    /// Whether the lifetime that the line gives is over, by a clock that says `now`, in seconds since the epoch: how
    /// servers delete a cookie.
    pub fn is_over(self, now: i64) -> bool {
        match SetCookie::parse(self.0.as_bytes(), &Profile::SPECIFICATION).lifetime {
            Some((_, Expiry::In(seconds))) => seconds <= 0,
            Some((_, Expiry::At(moment))) => moment <= now,
            None => false,
        }
    }

    /// The line, changed in this order. A flag that is there stays as it is written.
    pub fn edited(self, edits: &[LineEdit]) -> String {
        edits.iter().fold(self.0.to_owned(), |line, edit| match edit {
            LineEdit::With(name, None) if Line(&line).attribute(name).is_some() => line,
            LineEdit::With(name, value) => Line(&line).with(name, value.as_deref()),
            LineEdit::Without(name) => Line(&line).without(name),
            LineEdit::KeepPrefix => Line(&line).with_prefix_kept(),
            LineEdit::Rename(name) => Line(&line).renamed(name),
            LineEdit::Value(value) => Line(&line).with_value(value),
        })
    }

    /// The line with an attribute set: its last mention changed, others of the same name dropped, or put at the end.
    pub fn with(self, name: &str, value: Option<&str>) -> String {
        let attribute = value.map_or_else(|| name.to_owned(), |value| format!("{name}={value}"));
        let Some(last) = self.attributes().filter(|part| part.is(name)).last() else {
            let line = self.0.trim_end().trim_end_matches(';').trim_end();
            return format!("{line}; {attribute}");
        };
        let changed = format!(" {attribute}");
        let kept = self.parts().filter(|part| part.start == 0 || *part == last || !part.is(name));
        let kept: Vec<&str> =
            kept.map(|part| if part == last { changed.as_str() } else { part.whole }).collect();
        kept.join(";")
    }

    /// The line without an attribute.
    pub fn without(self, name: &str) -> String {
        let kept = self.parts().filter(|part| part.start == 0 || !part.is(name));
        kept.map(|part| part.whole).collect::<Vec<_>>().join(";")
    }

    /// The line with its cookie under another name.
    pub fn renamed(self, name: &str) -> String {
        match self.0.split_once('=') {
            Some((_, rest)) => format!("{name}={rest}"),
            None => self.0.to_owned(),
        }
    }

    /// The line with its cookie's value replaced.
    pub fn with_value(self, value: &str) -> String {
        let (pair, rest) = self.0.split_at(self.pair().whole.len());
        match pair.split_once('=') {
            Some((name, _)) => format!("{name}={value}{rest}"),
            None => format!("{value}{rest}"),
        }
    }

    /// The line with all that its name's prefix asks for.
    pub fn with_prefix_kept(self) -> String {
        let Some(prefix) = Prefix::of(self.name().as_bytes()) else { return self.0.to_owned() };
        let mut line = self.0.to_owned();
        if prefix.host {
            line = Line(&Line(&line).without("Domain")).with("Path", Some("/"));
        }
        for flag in prefix.http_only.then_some("HttpOnly").into_iter().chain(["Secure"]) {
            if Line(&line).attribute(flag).is_none() {
                line = Line(&line).with(flag, None);
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_changed_where_it_stands_and_else_put_at_the_end() {
        let with = |line, name, value| Line(line).with(name, value);
        assert_eq!(with("a=1; SameSite=Lax; Path=/", "SameSite", Some("None")), "a=1; SameSite=None; Path=/");
        assert_eq!(with("a=1;samesite=lax", "SameSite", Some("None")), "a=1; SameSite=None");
        assert_eq!(with("a=1; ", "Secure", None), "a=1; Secure");
        assert_eq!(with("a=1; Path=/x; Path=/y", "Path", Some("/")), "a=1; Path=/");
        assert_eq!(Line("Domain=1; Domain=x; Path=/").without("Domain"), "Domain=1; Path=/");
    }

    #[test]
    fn names_values_and_prefixes() {
        assert_eq!(Line(" a =1; b=2").name(), "a");
        assert_eq!(Line("bare").name(), "");
        assert_eq!(Line("a=1; HttpOnly; Path= /x ").attribute("path"), Some("/x"));
        assert_eq!(Line("a=1; HttpOnly").attribute("httponly"), Some(""));
        assert_eq!(Line("__Host-a=1; Path=/").renamed("a"), "a=1; Path=/");
        assert_eq!(Line("a=1; Path=/").with_value("2"), "a=2; Path=/");
        assert_eq!(Line("__host-a=1; Domain=x.y; Path=/z").with_prefix_kept(), "__host-a=1; Path=/; Secure");
        assert_eq!(Line("__Http-a=1; Secure").with_prefix_kept(), "__Http-a=1; Secure; HttpOnly");
        assert_eq!(Line("a=1").with_prefix_kept(), "a=1");
    }

    #[test]
    fn parts_know_where_they_stand() {
        let line = "a=1 ;\t Path = /x ;;Secure";
        let parts: Vec<_> = Line(line).parts().map(|part| &line[part.span().range()]).collect();
        assert_eq!(parts, ["a=1", "Path = /x", "", "Secure"]);
        assert_eq!(Line(line).attribute("Path"), Some("/x"));
    }

    #[test]
    fn a_lifetime_is_over_whatever_the_year() {
        let now = 1_795_132_800;
        for line in [
            "a=; Max-Age=0",
            "a=; max-age=-1; Expires=Wed, 01 Jan 2098 00:00:00 GMT",
            "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=; Expires=Fri, 01 Jan 1971 00:00:00 GMT",
            "a=; Expires=Wed, 18 Nov 2026 00:00:00 GMT",
        ] {
            assert!(Line(line).is_over(now), "{line}");
        }
        for line in [
            "a=1",
            "a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=1; Max-Age=x",
            "a=1; Expires=Fri, 20 Nov 2026 00:00:01 GMT",
        ] {
            assert!(!Line(line).is_over(now), "{line}");
        }
    }
}

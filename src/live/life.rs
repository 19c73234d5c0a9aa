//! How each cookie fared: when it was set, refused, sent, held back and deleted.
//!
//! So much of it is kept and no more, however long a world is up: of cookies those that were seen last, and of each what
//! came last.

use std::collections::{BTreeSet, VecDeque};

use crate::rules::domain::domain_match;
use crate::rules::reason::Reason;
use crate::text::codes;

/// How many cookies are kept, those that were seen last.
const MOST_COOKIES: usize = 200;

/// How many events of a cookie are kept, the last.
const MOST_EVENTS: usize = 50;

/// Cookies, and how each fared.
#[derive(Clone, Debug, Default)]
pub struct Lives(VecDeque<Life>);

/// One cookie, and how it fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Its name.
    pub name: String,
    /// The domain it was set for, or that of the host that set it.
    pub domain: String,
    /// What became of it, with the number of the exchange, in order: the last of them.
    pub events: VecDeque<(u64, Fate)>,
    /// How many events came before those.
    pub earlier: u64,
}

/// What became of a cookie in an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was stored.
    Stored,
    /// It was not, for these reasons; for none where there was no room.
    Refused(BTreeSet<Reason>),
    /// It was sent.
    Sent,
    /// It was not, for these reasons.
    Held(BTreeSet<Reason>),
    /// It was deleted.
    Deleted,
}

impl Lives {
    /// No cookie.
    pub(super) const NONE: Self = Self(VecDeque::new());

    /// The cookies, those that were seen last at the end.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Life> {
        self.0.iter()
    }

    /// The cookies that would go to a host and were refused when last set: names and domains.
    pub(super) fn refused_for<'l>(&'l self, host: &'l str) -> impl Iterator<Item = (&'l str, &'l str)> {
        let is_refused = move |life: &&Life| {
            let last = life.events.back().is_some_and(|(_, fate)| matches!(fate, Fate::Refused(_)));
            last && (life.domain == host || domain_match(host, &life.domain))
        };
        self.0.iter().filter(is_refused).map(|life| (life.name.as_str(), life.domain.as_str()))
    }

    /// Notes what became of a cookie.
    pub(super) fn note(&mut self, name: &str, domain: &str, exchange: u64, fate: Fate) {
        let known = self.0.iter().position(|life| life.name == name && life.domain == domain);
        let mut life = known.and_then(|at| self.0.remove(at)).unwrap_or_else(|| Life {
            name: name.to_owned(),
            domain: domain.to_owned(),
            events: VecDeque::new(),
            earlier: 0,
        });
        life.events.push_back((exchange, fate));
        if life.events.len() > MOST_EVENTS {
            life.events.pop_front();
            life.earlier += 1;
        }
        self.0.push_back(life);
        if self.0.len() > MOST_COOKIES {
            self.0.pop_front();
        }
    }
}

impl Fate {
    /// It in words.
    pub fn word(&self) -> String {
        let why = |word: &str, reasons: &BTreeSet<Reason>| match reasons.is_empty() {
            true => format!("{word} (there is no room)"),
            false => format!("{word} ({})", codes(reasons).join(", ")),
        };
        match self {
            Self::Stored => "stored".to_owned(),
            Self::Refused(reasons) => why("not stored", reasons),
            Self::Sent => "sent".to_owned(),
            Self::Held(reasons) => why("held back", reasons),
            Self::Deleted => "deleted".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_an_end() {
        let mut lives = Lives::default();
        for exchange in 0..1000 {
            lives.note("busy", "a.example", exchange, Fate::Sent);
            lives.note(&format!("c{exchange}"), "a.example", exchange, Fate::Stored);
        }
        assert_eq!(lives.iter().count(), MOST_COOKIES);
        let busy = lives.iter().find(|life| life.name == "busy").expect("it was seen last");
        assert_eq!((busy.events.len(), busy.earlier), (MOST_EVENTS, 950));
        assert_eq!(busy.events.back(), Some(&(999, Fate::Sent)));
    }
}

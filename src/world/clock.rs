//! The time in a world, by which its back ends issue and judge sessions and tokens.
//!
//! A world that people use runs on real time. One that is rehearsed stands still: a scenario runs twice
//! at once, in a real browser's world and in the model's beside it, and what both worlds answer must be
//! the same to the second, however long a browser takes. Both are given one instant, and only
//! [`Clock::advance`] moves it. No browser's clock is touched by any of this.

use std::sync::atomic::{AtomicI64, Ordering};

use time::{Duration, OffsetDateTime};

/// A world's clock.
#[derive(Debug, Default)]
pub struct Clock {
    /// Where it stands, if it does.
    stands_at: Option<OffsetDateTime>,
    /// By how many seconds it was moved.
    moved: AtomicI64,
}

impl Clock {
    /// Real time.
    pub fn running() -> Self {
        Self::default()
    }

    /// A clock that stands at an instant.
    pub fn standing(at: OffsetDateTime) -> Self {
        Self { stands_at: Some(at), moved: AtomicI64::new(0) }
    }

    /// The time in the world.
    pub fn now(&self) -> OffsetDateTime {
        self.moved_from(self.stands_at.unwrap_or_else(OffsetDateTime::now_utc))
    }

    /// What the `Date` of an answer says: real time, moved as the clock was. A browser reckons a lifetime
    /// that ends at a date from there.
    pub fn date(&self) -> OffsetDateTime {
        self.moved_from(OffsetDateTime::now_utc())
    }

    fn moved_from(&self, base: OffsetDateTime) -> OffsetDateTime {
        base.saturating_add(Duration::seconds(self.moved.load(Ordering::Relaxed)))
    }

    /// Moves it on.
    pub fn advance(&self, seconds: i64) {
        self.moved.fetch_add(seconds, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_only_when_it_is_moved() {
        let clock = Clock::standing(OffsetDateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), clock.now());
        clock.advance(90);
        assert_eq!(clock.now().unix_timestamp(), 90);
    }
}

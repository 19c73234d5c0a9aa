//! A set of reasons.
//!
//! Decisions are sets: a cookie is included when its set is empty. The set is one machine word, so
//! a retrieval that looks at thousands of cookies allocates nothing for it. It knows nothing of
//! what the reasons mean.

use super::reason::Reason;

/// A set of [`Reason`]s, iterated in the order of [`Reason::ALL`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Reasons(u64);

impl Reasons {
    /// The empty set: nothing speaks against it.
    pub const NONE: Self = Self(0);

    /// Adds a reason.
    pub const fn insert(&mut self, reason: Reason) {
        self.0 |= Self::bit(reason);
    }

    /// Adds a reason when the condition holds.
    pub const fn insert_if(&mut self, condition: bool, reason: Reason) {
        if condition {
            self.insert(reason);
        }
    }

    /// Whether the reason is in the set.
    pub const fn contains(self, reason: Reason) -> bool {
        self.0 & Self::bit(reason) != 0
    }

    /// Whether the set is empty, that is, whether the cookie was stored or sent, or the response
    /// is readable.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many reasons there are.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The reasons, in the order of [`Reason::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.iter().copied().filter(move |&reason| self.contains(reason))
    }

    const fn bit(reason: Reason) -> u64 {
        1 << reason as u32
    }
}

// One bit a reason.
const _: () = assert!(Reason::ALL.len() <= u64::BITS as usize);

impl FromIterator<Reason> for Reasons {
    fn from_iter<I: IntoIterator<Item = Reason>>(reasons: I) -> Self {
        let mut set = Self::NONE;
        for reason in reasons {
            set.insert(reason);
        }
        set
    }
}

impl<const N: usize> From<[Reason; N]> for Reasons {
    fn from(reasons: [Reason; N]) -> Self {
        reasons.into_iter().collect()
    }
}

impl std::fmt::Debug for Reasons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(Reason::code)).finish()
    }
}

impl std::fmt::Display for Reasons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, reason) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(reason.code())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_each_reason_once_in_order() {
        let set = Reasons::from([Reason::Expired, Reason::DomainMismatch, Reason::Expired]);
        assert_eq!(set.len(), 2);
        assert_eq!(set.to_string(), "domain-mismatch, expired");
        assert!(set.contains(Reason::Expired) && !set.contains(Reason::Empty));
        assert!(Reasons::NONE.is_empty());
    }

    #[test]
    fn every_reason_has_a_bit_of_its_own() {
        let all: Reasons = Reason::ALL.iter().copied().collect();
        assert_eq!(all.len(), Reason::ALL.len());
    }
}

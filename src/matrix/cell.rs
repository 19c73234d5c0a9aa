//! What became of a scenario's cookies in one browser: a cell of the table.
//!
//! Read off the observations of one run. What was sent is what crossed the wire; nothing here predicts.

use std::collections::BTreeSet;

use super::needs::{self, Need};
use crate::observe::Observation;
use crate::outcome::Run;
use crate::plan::Plan;
use crate::rules::reason::Reason;

/// What became of the cookies of a combination in one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Each cookie, in the order of the scenario's [`Need`]s.
    pub cookies: Vec<CookieCell>,
    /// Whether the page may read the answers; `None` where nothing is read.
    pub readable: Option<bool>,
    /// Why not: every reason.
    pub unreadable: BTreeSet<Reason>,
    /// Why the browser could not run the scenario to its end.
    pub error: Option<String>,
    /// Why there is no prediction.
    pub unpredicted: Option<String>,
    /// Where a prediction of this real browser went wrong: a bug of ours.
    pub disagreements: Vec<String>,
}

/// What became of one cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieCell {
    /// What became of it, in a word.
    pub fate: Fate,
    /// Whether it was stored; `None` where that cannot be told, or its answer never came.
    pub stored: Option<bool>,
    /// Why not: every reason.
    pub refused: BTreeSet<Reason>,
    /// Whether it went with every request that needs it; `None` where none does.
    pub sent: Option<bool>,
    /// Why not: every reason.
    pub withheld: BTreeSet<Reason>,
}

/// What became of a cookie, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Stored, and sent wherever it is needed.
    Sent,
    /// Stored, and no later request needs it.
    Stored,
    /// Not known.
    Unknown,
    /// Not sent; whether it was stored this browser does not show.
    Missing,
    /// Stored, and not sent.
    Kept,
    /// Not stored.
    Refused,
    /// The answer that sets it never came.
    Unreached,
}

impl Fate {
    /// The word of JSON documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Stored => "stored",
            Self::Unknown => "unknown",
            Self::Missing => "not-sent",
            Self::Kept => "stored-not-sent",
            Self::Refused => "not-stored",
            Self::Unreached => "never-set",
        }
    }

    /// In words.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Sent => "stored and sent",
            Self::Stored => "stored, and no later request needs it",
            Self::Unknown => "not known",
            Self::Missing => "not sent",
            Self::Kept => "stored, not sent",
            Self::Refused => "not stored",
            Self::Unreached => "never set: the answer did not come",
        }
    }
}

impl Cell {
    /// The cell of a run. `plan` is the scenario as written, whose steps the needs speak of.
    pub(super) fn of(run: Option<&Run>, plan: &Plan, needs: &[Need]) -> Self {
        let seen: Vec<Option<&Observation>> = match run {
            Some(run) => run.steps.iter().map(|step| step.observation.as_ref()).collect(),
            None => Vec::new(),
        };
        let at = |step: usize| seen.get(step).copied().flatten();
        let mut cell = Self {
            cookies: needs.iter().map(|need| CookieCell::of(need, &at)).collect(),
            readable: None,
            unreadable: BTreeSet::new(),
            error: match run {
                Some(run) => run.error.as_ref().map(ToString::to_string),
                None => Some("it was not run".to_owned()),
            },
            unpredicted: seen.iter().flatten().find_map(|seen| seen.unpredicted.clone()),
            disagreements: run.iter().flat_map(|run| &run.drift).map(ToString::to_string).collect(),
        };
        let steps = needs.iter().flat_map(|need| need.set_in.iter().chain(&need.wanted_in));
        for seen in steps.filter(|step| needs::is_call(plan, **step)).filter_map(|step| at(*step)) {
            let Some(readable) = seen.page.readable else { continue };
            cell.readable = Some(cell.readable.unwrap_or(true) && readable);
            cell.unreadable.extend(&seen.page.cors);
        }
        cell
    }

    /// Whether everything is as the services need it.
    pub fn works(&self) -> bool {
        self.error.is_none()
            && self.readable != Some(false)
            && self.cookies.iter().all(|cookie| matches!(cookie.fate, Fate::Sent | Fate::Stored))
    }

    /// Why nothing can be seen in it, where that is so.
    pub(super) fn shows_nothing(&self) -> Option<String> {
        let unknown = || self.cookies.iter().all(|cookie| cookie.fate == Fate::Unknown);
        match (&self.error, &self.unpredicted) {
            (Some(error), _) => Some(format!("it could not run: {error}")),
            (None, Some(why)) if unknown() => Some(format!("the model {why}")),
            _ => None,
        }
    }

    /// The worst fate of a cookie.
    pub fn fate(&self) -> Fate {
        self.cookies.iter().map(|cookie| cookie.fate).max().unwrap_or(Fate::Unknown)
    }

    /// What a real browser's cell has otherwise than that of its model: a bug of ours, in few words.
    pub(super) fn differs_from(&self, predicted: &Self, needs: &[Need]) -> Vec<String> {
        if self.error.is_some() || predicted.error.is_some() || predicted.unpredicted.is_some() {
            return Vec::new();
        }
        let open = |fate: Fate| matches!(fate, Fate::Unknown | Fate::Missing);
        let pairs = needs.iter().zip(self.cookies.iter().zip(&predicted.cookies));
        let cookies = pairs.filter(|(_, (seen, predicted))| {
            let stored = seen.stored.is_some() && seen.stored != predicted.stored;
            stored || seen.sent != predicted.sent || (!open(seen.fate) && seen.fate != predicted.fate)
        });
        let told = |(need, (seen, predicted)): (&Need, (&CookieCell, &CookieCell))| {
            format!(
                "`{}`: predicted {}, observed {}",
                need.name,
                predicted.fate.sentence(),
                seen.fate.sentence()
            )
        };
        let mut differences: Vec<String> = cookies.map(told).collect();
        if self.readable != predicted.readable {
            let word = |readable| match readable {
                Some(true) => "readable",
                Some(false) => "not readable",
                None => "never read",
            };
            let (predicted, seen) = (word(predicted.readable), word(self.readable));
            differences.push(format!("the answers: predicted {predicted}, observed {seen}"));
        }
        differences
    }
}

impl CookieCell {
    fn of<'o>(need: &Need, at: &impl Fn(usize) -> Option<&'o Observation>) -> Self {
        let set_in: Vec<&Observation> = need.set_in.iter().filter_map(|step| at(*step)).collect();
        let wanted_in: Vec<&Observation> = need.wanted_in.iter().filter_map(|step| at(*step)).collect();
        let complete = set_in.len() + wanted_in.len() == need.set_in.len() + need.wanted_in.len();
        let line = set_in.iter().rev().find_map(|seen| seen.lines(&need.name).next_back());
        let mut refused: BTreeSet<Reason> =
            line.iter().flat_map(|line| line.reasons.iter().copied()).collect();
        if line.is_none() {
            refused.extend(set_in.iter().flat_map(|seen| seen.page.cors.iter().copied()));
        }
        let carried = |seen: &&Observation| {
            seen.requests().any(|exchange| exchange.sent.iter().any(|(name, _)| *name == need.name))
        };
        let sent = (!wanted_in.is_empty()).then(|| wanted_in.iter().all(carried));
        let stored = match line.and_then(|line| line.stored) {
            // It cannot have been sent otherwise.
            None if line.is_some() && sent == Some(true) => Some(true),
            stored => stored,
        };
        let mut withheld = BTreeSet::new();
        for seen in wanted_in.iter().filter(|seen| !carried(seen)) {
            let cookies = seen.requests().flat_map(|exchange| &exchange.withheld);
            let own = cookies.filter(|cookie| cookie.name == need.name);
            withheld.extend(own.flat_map(|cookie| cookie.reasons.iter().copied()));
            if seen.requests().next().is_none() {
                withheld.extend(&seen.page.cors);
            }
        }
        if sent == Some(false) && (stored == Some(false) || line.is_none()) {
            withheld.insert(Reason::NotStored);
        }
        let doubt = set_in.iter().chain(&wanted_in).any(|seen| seen.unpredicted.is_some());
        let fate = match (stored, sent) {
            _ if doubt || !complete => Fate::Unknown,
            _ if line.is_none() => Fate::Unreached,
            (Some(true), Some(true)) => Fate::Sent,
            (Some(true), None) => Fate::Stored,
            (Some(true), Some(false)) => Fate::Kept,
            (Some(false), _) => Fate::Refused,
            (None, Some(false)) => Fate::Missing,
            (None, _) => Fate::Unknown,
        };
        Self { fate, stored, refused, sent, withheld }
    }
}

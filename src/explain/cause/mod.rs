//! Finding what stands in the way: the line that was refused, the cookie that stayed behind, the answer
//! that could not be read.
//!
//! A cause is a fact of an observation, with its reasons in each browser that has it. Effects of other
//! causes are left out: a cookie that was not sent because it was never stored has one cause, the refusal.
//!
//! - `seen` finds causes that one observation shows;
//! - `between` finds those that lie between two things: what a server asks for and what was set, what it says and what
//!   a proxy makes of it, what a line deletes and what is left;
//! - `claim` goes back from a claim that did not hold to the first of either.

mod between;
mod claim;
mod seen;

use std::collections::BTreeSet;

pub(crate) use between::sent_twice;
pub(super) use between::{redirect, required_cookie};
pub(super) use claim::of_claim;
pub(super) use seen::{hiding, script_page};

use super::goal::{is_sent, lines_that_count};
use crate::browser_name::BrowserName;
use crate::observe::{Cookie, Observation};
use crate::plan::Plan;
use crate::rules::reason::{Question, Reason};
use crate::world::wire;

/// What kind of thing stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The page may not read the answer, or there is none.
    Unreadable,
    /// The request of a script was led to a page for people.
    LoginPage,
    /// The server refused the request before it looked at what was asked.
    Rejected,
    /// An answer that looks like a login's sets no cookie.
    Silent,
    /// The server meant to set a cookie, and left it out.
    LeftOut,
    /// A reverse proxy took a line away.
    Dropped,
    /// A cookie stands in the line of another.
    Folded,
    /// A line was refused.
    Refused,
    /// A line was to delete a cookie, and was refused itself.
    Undeleted,
    /// A line was to delete a cookie, and there is none like it, but one like that.
    Survives,
    /// A line deleted a cookie, and another of its name is left.
    Remains,
    /// An answer deleted the cookie that is asked for.
    Deleted,
    /// Nothing sets the cookie that is asked for.
    Unset,
    /// A stored cookie stayed behind.
    Withheld,
    /// A stored cookie is not in `document.cookie`.
    Hidden,
    /// A request carried several cookies of one name.
    Twice,
}

impl Trouble {
    /// The question its reasons answer.
    pub const fn question(self) -> Question {
        match self {
            Self::Unreadable | Self::LoginPage | Self::Rejected => Question::Readable,
            Self::Refused
            | Self::Undeleted
            | Self::Survives
            | Self::Remains
            | Self::Silent
            | Self::LeftOut
            | Self::Dropped
            | Self::Folded => Question::Stored,
            Self::Withheld | Self::Hidden | Self::Deleted | Self::Unset | Self::Twice => Question::Sent,
        }
    }
}

/// Something that stands in the way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cause {
    /// What kind of thing.
    pub(super) trouble: Trouble,
    /// The step it happened in.
    pub(super) step: usize,
    /// The cookie's name; empty where it is about an answer.
    pub(super) name: String,
    /// The line that set the cookie, or was to.
    pub(super) line: Option<Vec<u8>>,
    /// The exchange it happened in or, for a cookie that stayed behind, that set it; where there was one.
    pub(super) exchange: Option<wire::Exchange>,
    /// The reasons, in each browser that has this cause.
    pub(super) by: Vec<(BrowserName, BTreeSet<Reason>)>,
    /// The browsers' own words.
    pub(super) native: BTreeSet<String>,
    /// The cookie that is there and was to be deleted.
    pub(super) survivor: Option<Cookie>,
    /// The other of two things that it lies between: the cookie whose line it stands in, the name that was set in place
    /// of the one asked for, the page that a script was led to, the proxy's name, the server's own sentence.
    pub(super) other: Option<String>,
    /// The request that asks for the cookie, where that is not the exchange.
    pub(super) asker: Option<wire::Exchange>,
    /// The line as the server behind a proxy sent it, where the proxy made another of it.
    pub(super) behind: Option<Vec<u8>>,
}

impl Cause {
    /// A cause of which no more is known than that it was seen in a browser.
    fn new(trouble: Trouble, step: usize, name: &str, browser: BrowserName) -> Self {
        Self {
            trouble,
            step,
            name: name.to_owned(),
            line: None,
            exchange: None,
            by: vec![(browser, BTreeSet::new())],
            native: BTreeSet::new(),
            survivor: None,
            other: None,
            asker: None,
            behind: None,
        }
    }

    /// Takes in the same cause of another browser, or of another claim.
    pub(super) fn add(&mut self, other: Self) {
        let new = |(browser, _): &(BrowserName, _)| self.by.iter().all(|(known, _)| known != browser);
        let by: Vec<_> = other.by.into_iter().filter(new).collect();
        self.by.extend(by);
        self.native.extend(other.native);
    }
}

/// Everything that stands in the way of storing, sending and reading, in these browsers: the same thing
/// in several browsers once.
pub(super) fn of_request(
    plan: &Plan,
    browsers: &[BrowserName],
    shown: &[Vec<Observation>],
    request: usize,
    again: usize,
    asks: Asks<'_>,
) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for (browser, seen) in browsers.iter().zip(shown) {
        let now = &seen[request];
        let until = &seen[..=request];
        let mut found: Vec<Cause> = between::login_page(plan, request, now, *browser).into_iter().collect();
        if found.is_empty() {
            found.extend(seen::unreadable(request, now, *browser));
        }
        found.extend(between::folded_away(request, now, *browser));
        if asks.sets && now.requests().all(|exchange| exchange.set_cookie.is_empty()) {
            let exchange = now.requests().next_back().map(|exchange| exchange.wire.clone());
            found.extend(exchange.map(|exchange| Cause {
                exchange: Some(exchange),
                ..Cause::new(Trouble::Silent, request, "", *browser)
            }));
        }
        for line in lines_that_count(now) {
            found.extend(seen::refused(request, until, line, false, *browser));
            if line.stored == Some(true) && !is_sent(&seen[again], &line.name) {
                found.extend(seen::withheld(again, seen, &line.name, *browser));
            }
        }
        for name in asks.carried.iter().filter(|name| !is_sent(now, name)) {
            let kept = seen::withheld(request, until, name, *browser);
            found.extend(kept.or_else(|| claim::never_stored(plan, request, until, name, *browser)));
        }
        if found.is_empty() {
            found.extend(seen::unreadable(again, &seen[again], *browser));
        }
        for cause in found {
            merge(&mut causes, cause);
        }
    }
    causes.sort_by_key(|cause| cause.trouble);
    causes
}

/// What is asked of a request beside what its answer says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asks<'q> {
    /// The cookies that were stored before, and are to go along.
    pub(super) carried: &'q [String],
    /// Whether the answer is to set a cookie at all.
    pub(super) sets: bool,
}

fn merge(causes: &mut Vec<Cause>, cause: Cause) {
    let same = |known: &&mut Cause| {
        known.trouble == cause.trouble
            && known.step == cause.step
            && known.name == cause.name
            && known.line == cause.line
    };
    match causes.iter_mut().find(same) {
        Some(known) => known.add(cause),
        None => causes.push(cause),
    }
}

//! Which of the possibilities it was: the one under which the rules send what was sent.
//!
//! Requests run at the same time, and the wire shows when each was answered and not when the browser looked into its
//! jar for it. So a request may have known the jar as it stood before any answer that came since what it comes from.

use std::iter;

use super::asked::Asked;
use crate::observe::{Exchange, SetCookie};
use crate::rules::context::Context;
use crate::rules::cookie_header::cookie_pairs;
use crate::rules::engine::Profile;
use crate::rules::jar::Jar;
use crate::suffixes::Names;

/// The jar as it stood before the exchange of the step with this index was answered.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) before: usize,
    pub(crate) jar: Jar,
}

/// A jar, the states that it had earlier in the step, and who looks into it.
pub(crate) struct Jars<'j> {
    pub(crate) profile: &'j Profile,
    pub(crate) now: i64,
    pub(crate) jar: &'j Jar,
    pub(crate) states: &'j [State],
}

/// What it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The index of the possibility.
    pub(crate) asked: usize,
    /// The index of the earlier state of the jar; `None` for the jar as it stands.
    pub(crate) state: Option<usize>,
}

impl Jars<'_> {
    /// The likeliest possibility under which these cookies were sent. Where several are, that under which the lines
    /// of the answer met the fate that was seen. `None` where it is none of them: then the rules are wrong, or
    /// something unseen has changed the jar.
    pub(crate) fn choose(&self, asked: &[Asked], seen: &Exchange) -> Option<Choice> {
        let mut best: Option<(usize, Choice)> = None;
        for (index, possibility) in asked.iter().enumerate() {
            let known = |state: &&State| possibility.cause.is_none_or(|cause| state.before > cause);
            let earlier = self.states.iter().enumerate().rev().filter(|(_, state)| known(state));
            let earlier = earlier.map(|(index, state)| (Some(index), &state.jar));
            let mut jars = iter::once((None, self.jar)).chain(earlier);
            let fits = |jar: &Jar| self.sends(jar, &possibility.context) == seen.sent;
            let Some((state, _)) = jars.find(|(_, jar)| fits(jar)) else { continue };
            let wrong = self.wrong_fates(&possibility.context, seen);
            if best.is_none_or(|(least, _)| wrong < least) {
                best = Some((wrong, Choice { asked: index, state }));
            }
        }
        best.map(|(_, choice)| choice)
    }

    fn sends(&self, jar: &Jar, context: &Context) -> Vec<(String, String)> {
        cookie_pairs(&jar.peek(self.profile, &Names, context, self.now).header)
    }

    /// How many lines of the answer meet another fate by the rules than was seen.
    fn wrong_fates(&self, context: &Context, seen: &Exchange) -> usize {
        if seen.set_cookie.iter().all(|line| line.stored.is_none()) {
            return 0;
        }
        let mut jar = self.jar.clone();
        let is_wrong = |line: &&SetCookie| {
            let decision = jar.store(self.profile, &Names, context, &line.line, self.now);
            line.stored.is_some_and(|stored| stored != decision.is_stored())
        };
        seen.set_cookie.iter().filter(is_wrong).count()
    }
}

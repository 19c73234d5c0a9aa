//! A fix tried on real servers, in rounds: what stands in the way behind it is fixed with it, and all is tried together.
//!
//! A login that CORS does not let through shows nothing of its cookie. Once the first fix is laid over the answers, the
//! servers answer more, and what then does not hold has a cause of its own. Nothing here runs anything: who can is asked.

use super::failure::{SearchPlan, further};
use super::remark;
use super::search::Fix;
use super::trial::{Trial, Tried};
use crate::browser_name::BrowserName;
use crate::edit::Change;
use crate::outcome::Run;
use crate::plan::Plan;

/// So often a fix is tried, each time with more of it.
const ROUNDS: usize = 4;

/// Tries a fix and what it takes besides, and tells in it what came of that.
pub(super) async fn try_out<F>(plan: &Plan, searched: &SearchPlan, fix: &mut Fix, mut run: F)
where
    F: AsyncFnMut(Plan, &[BrowserName]) -> Option<Vec<(Tried, Option<Run>)>>,
{
    let mut laid = match searched.laid(plan, fix) {
        Ok(laid) => laid,
        Err(why) => {
            fix.trial = Trial::NotPossible(why);
            return;
        }
    };
    let Some(mut tried) = run(laid.clone(), &fix.works_in).await else {
        fix.trial = Trial::Possible;
        return;
    };
    for _ in 1..ROUNDS {
        if left(&tried) == 0 {
            break;
        }
        let ran: Vec<Run> = tried.iter().filter_map(|(_, run)| run.clone()).collect();
        let Some((more, both)) = Box::pin(further(&laid, &ran, &fix.works_in)).await else { break };
        let Some(again) = run(both.clone(), &fix.works_in).await else { break };
        // What does not help is no part of it.
        if left(&again) >= left(&tried) {
            break;
        }
        add(fix, more);
        (laid, tried) = (both, again);
    }
    if tried.iter().any(|(tried, _)| tried.works()) {
        let is_guess = |remark: &String| {
            [remark::PLAYED, remark::NEVER_ASKED, remark::ON_THE_WAY].contains(&remark.as_str())
        };
        fix.remarks.retain(|remark| !is_guess(remark));
    }
    fix.trial = Trial::Done(tried.into_iter().map(|(tried, _)| tried).collect());
}

/// How much does not hold.
fn left(tried: &[(Tried, Option<Run>)]) -> usize {
    // A run that broke off may hide any number.
    let of = |tried: &Tried| tried.failed.len() + if tried.error.is_some() { 1000 } else { 0 };
    tried.iter().map(|(tried, _)| of(tried)).sum()
}

/// Adds to a fix what it takes besides.
fn add(fix: &mut Fix, more: Fix) {
    for change in more.changes {
        match fix.changes.iter_mut().find(|known| known.place == change.place) {
            Some(known) => go_on(known, change),
            None => fix.changes.push(change),
        }
    }
    for remark in more.remarks {
        if !fix.remarks.contains(&remark) {
            fix.remarks.push(remark);
        }
    }
}

/// Makes one change of two of the same place: a line that the first put there and the second takes away was never there.
fn go_on(change: &mut Change, more: Change) {
    for line in more.before {
        match change.after.iter().position(|put| *put == line) {
            Some(put) => drop(change.after.remove(put)),
            None => change.before.push(line),
        }
    }
    change.after.extend(more.after);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_changes_of_a_line_are_one() {
        let change = |before: &[&str], after: &[&str]| Change {
            place: "the answer".to_owned(),
            before: before.iter().map(|&line| line.to_owned()).collect(),
            after: after.iter().map(|&line| line.to_owned()).collect(),
        };
        let mut first = change(&["a", "x"], &["b", "y"]);
        go_on(&mut first, change(&["b", "z"], &["c"]));
        assert_eq!(first, change(&["a", "x", "z"], &["y", "c"]));
    }
}

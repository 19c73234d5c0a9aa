//! The search for the smallest safe fix.
//!
//! Sets of edits are tried from the cheapest on, each by rehearsing the edited plan in every browser that
//! is asked for; what a set leaves unsolved says which edits to add to it. So the first set that works
//! everywhere is the cheapest of all that the reasons lead to. Changes of topology cost more than
//! everything else together: before them stands the best that headers alone can do.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::goal::{Goal, Place};
use super::propose;
use super::rehearser::{Rehearser, Shown};
use super::remark;
use super::trial::Trial;
use crate::browser_name::BrowserName;
use crate::edit::{Change, CookieChange, Edit, Edits, MOST, Target, apply, lines};
use crate::observe::Observation;
use crate::plan::Plan;
use crate::rules::line::Line;
use crate::rules::prefix::unprefixed;
use crate::rules::reason::Reason;
use crate::world::WorldError;

/// No search tries more sets than this. Far more than any question seen so far has needed.
const PATIENCE: usize = 400;

/// What can be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedy {
    /// The smallest safe fix: for every browser asked for or, where `elsewhere` is not empty, for as many
    /// as a fix without a change of topology can reach.
    pub fix: Option<Fix>,
    /// The browsers that the fix cannot help, and what still stands against it there.
    pub elsewhere: Vec<(BrowserName, BTreeSet<Reason>)>,
    /// What works in every browser asked for, where the fix does not: a change of topology.
    pub everywhere: Option<Fix>,
}

/// A fix that was tried and works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The edits. See [`apply`].
    pub edits: Edits,
    /// What they change, as a diff.
    pub changes: Vec<Change>,
    /// What to know before making them: sentences.
    pub remarks: Vec<String>,
    /// The browsers it was tried in and works in, by prediction.
    pub works_in: Vec<BrowserName>,
    /// What came of laying it over real servers' answers.
    pub trial: Trial,
}

/// Searches for a remedy, from these edits on: what fixes something else, which is to stay fixed. Nothing is
/// found where the goal is met already.
///
/// # Errors
/// Where the plan as it stands cannot be rehearsed.
pub(super) async fn remedy(
    plan: &Plan,
    goal: &Goal,
    start: &Edits,
    rehearser: &mut Rehearser,
) -> Result<Remedy, WorldError> {
    let mut goal = Aim::new(plan, goal, rehearser).await?;
    let remedy = search(plan, &goal, start, rehearser).await;
    if remedy.fix.is_some() {
        return Ok(remedy);
    }
    // Nothing that keeps all other claims. What breaks one is told with it.
    goal.broken = None;
    Ok(search(plan, &goal, start, rehearser).await)
}

async fn search(plan: &Plan, goal: &Aim<'_>, start: &Edits, rehearser: &mut Rehearser) -> Remedy {
    let before = goal.passing(plan, rehearser.browsers(), &goal.before);
    if before.iter().all(|passes| *passes) {
        return Remedy::default();
    }
    let most = start.len() + MOST;
    let mut search = Search { plan, queue: BinaryHeap::new(), known: BTreeSet::new(), order: 0, most };
    search.push(start.clone());
    let mut best: Option<(Fix, Shown)> = None;
    for _ in 0..PATIENCE {
        let Some(edits) = search.pop() else { break };
        let Some((edited, changes)) = apply(plan, &edits) else { continue };
        // An edited world that cannot be is no fix.
        let Ok(shown) = rehearser.rehearse(&edited).await else { continue };
        let passing = goal.passing(&edited, rehearser.browsers(), &shown);
        let count = passing.iter().filter(|passes| **passes).count();
        let breaks_none = before.iter().zip(&passing).all(|(before, now)| *now || !before);
        let helped = before.iter().filter(|passes| **passes).count() < count;
        let all = count == passing.len();
        if !edits.is_empty() && helped && breaks_none && (all || !edits.iter().any(Edit::is_topology)) {
            let works_in = picked(rehearser.browsers(), &passing, true);
            if best.as_ref().is_none_or(|(best, _)| best.works_in.len() < works_in.len()) {
                let fix = Fix {
                    edits: edits.clone(),
                    changes,
                    remarks: Vec::new(),
                    works_in,
                    trial: Trial::default(),
                };
                if all {
                    return finish(plan, goal, rehearser, best, Some(fix)).await;
                }
                best = Some((fix, shown.clone()));
            }
        }
        let each = goal.before.iter().zip(&shown).zip(&passing);
        let failing: Vec<propose::BeforeAndNow<'_>> = each
            .filter(|(_, passes)| !**passes)
            .map(|((before, seen), _)| (before.as_slice(), seen.as_slice()))
            .collect();
        search.expand(&edits, propose::edits(plan, &edits, &failing, goal.goal));
    }
    finish(plan, goal, rehearser, best, None).await
}

/// A goal, and what a fix must not take away on the way there.
struct Aim<'g> {
    goal: &'g Goal,
    /// What was shown before any edit: what could be read and was stored then is to be so afterwards.
    before: Shown,
    /// In each browser, the claims that did not hold then: all others are to hold afterwards. `None` where that is
    /// given up.
    broken: Option<Vec<BTreeSet<Place>>>,
}

impl<'g> Aim<'g> {
    async fn new(plan: &Plan, goal: &'g Goal, rehearser: &mut Rehearser) -> Result<Self, WorldError> {
        let before = rehearser.rehearse(plan).await?;
        let each = rehearser.browsers().iter().zip(&before);
        let broken = each.map(|(browser, seen)| goal.broken(plan, *browser, seen)).collect();
        Ok(Self { goal, before, broken: Some(broken) })
    }

    /// In which browsers a plan that showed this has reached the goal, and lost nothing.
    fn passing(&self, plan: &Plan, browsers: &[BrowserName], shown: &Shown) -> Vec<bool> {
        let lost = |(before, now): (&Observation, &Observation)| {
            before.page.readable == Some(true) && now.page.readable == Some(false)
        };
        let each = browsers.iter().zip(shown.iter().zip(&self.before)).enumerate();
        each.map(|(index, (browser, (seen, before)))| {
            let is_kept = || {
                let broken = self.broken.as_ref().map(|broken| &broken[index]);
                broken.is_none_or(|broken| self.goal.broken(plan, *browser, seen).is_subset(broken))
            };
            self.goal.is_met(plan, *browser, seen)
                && !before.iter().zip(seen).any(lost)
                && stored(before).is_subset(&stored(seen))
                && is_kept()
        })
        .collect()
    }

    /// The claims that held and do not hold in a plan that showed this: their lines in the file.
    async fn lines_broken(&self, plan: &Plan, edited: &Plan, rehearser: &mut Rehearser) -> BTreeSet<usize> {
        let Ok(shown) = rehearser.rehearse(edited).await else { return BTreeSet::new() };
        let each = rehearser.browsers().iter().zip(shown.iter().zip(&self.before));
        let new = each.flat_map(|(browser, (seen, before))| {
            let known = self.goal.broken(plan, *browser, before);
            self.goal.broken(edited, *browser, seen).into_iter().filter(move |place| !known.contains(place))
        });
        new.map(|(_, start, end)| plan.source.line_column(&(start..end)).0).collect()
    }

    async fn is_met(&self, plan: &Plan, rehearser: &mut Rehearser) -> bool {
        let shown = rehearser.rehearse(plan).await;
        shown.is_ok_and(|shown| {
            self.passing(plan, rehearser.browsers(), &shown).into_iter().all(|passes| passes)
        })
    }

    /// The same for some of the browsers alone.
    fn of(&self, all: &[BrowserName], some: &[BrowserName]) -> Self {
        let of_some = |index: &usize| some.contains(&all[*index]);
        let chosen = || (0..all.len()).filter(of_some);
        let broken = self.broken.as_ref().map(|broken| chosen().map(|index| broken[index].clone()).collect());
        Self { goal: self.goal, before: chosen().map(|index| self.before[index].clone()).collect(), broken }
    }
}

/// The names of the cookies that were stored at any time, without their prefixes.
fn stored(seen: &[Observation]) -> BTreeSet<&str> {
    let lines = seen.iter().flat_map(|seen| {
        seen.exchanges.iter().flat_map(|exchange| &exchange.set_cookie).chain(&seen.written)
    });
    lines.filter(|line| line.stored == Some(true)).map(|line| unprefixed(&line.name)).collect()
}

/// A narrower `SameSite` for cookies that say `None` and need not: a fix of what is not broken.
pub(super) async fn needless_none(plan: &Plan, goal: &Goal, rehearser: &mut Rehearser) -> Option<Fix> {
    let of = saying_none(plan, goal);
    if of.is_empty() {
        return None;
    }
    let edits = Edits::from([Edit::Cookie { change: CookieChange::Lax, of }]);
    let (edited, changes) = apply(plan, &edits)?;
    let goal = Aim::new(plan, goal, rehearser).await.ok()?;
    let works = goal.is_met(&edited, rehearser).await;
    works.then(|| Fix {
        edits,
        changes,
        remarks: Vec::new(),
        works_in: rehearser.browsers().to_vec(),
        trial: Trial::default(),
    })
}

async fn finish(
    plan: &Plan,
    goal: &Aim<'_>,
    rehearser: &mut Rehearser,
    best: Option<(Fix, Shown)>,
    everywhere: Option<Fix>,
) -> Remedy {
    let mut remedy = Remedy::default();
    match (best, everywhere) {
        (None, everywhere) => remedy.fix = everywhere,
        // A fix for all that is no change of topology leaves nothing to tell of a lesser one.
        (Some(_), Some(all)) if !all.edits.iter().any(Edit::is_topology) => remedy.fix = Some(all),
        (Some((fix, shown)), everywhere) => {
            let left = rehearser
                .browsers()
                .iter()
                .zip(&shown)
                .filter(|(browser, _)| !fix.works_in.contains(browser));
            remedy.elsewhere = left.map(|(browser, seen)| (*browser, remaining(goal.goal, seen))).collect();
            remedy.fix = Some(fix);
            remedy.everywhere = everywhere;
        }
    }
    for fix in [&mut remedy.fix, &mut remedy.everywhere].into_iter().flatten() {
        drop_needless(
            plan,
            &goal.of(rehearser.browsers(), &fix.works_in),
            &mut rehearser.of(&fix.works_in),
            fix,
        )
        .await;
        fix.remarks = remark::remarks(fix);
        Box::pin(tighten_same_site(plan, goal, rehearser, fix)).await;
        if goal.broken.is_none()
            && let Some((edited, _)) = apply(plan, &fix.edits)
        {
            let lines = goal.lines_broken(plan, &edited, &mut rehearser.of(&fix.works_in)).await;
            fix.remarks.extend(remark::broken(&lines));
        }
    }
    remedy
}

/// Takes out of a fix what it works without: a header that was needed before something moved.
async fn drop_needless(plan: &Plan, goal: &Aim<'_>, rehearser: &mut Rehearser, fix: &mut Fix) {
    for edit in fix.edits.clone().iter().rev() {
        let mut fewer = fix.edits.clone();
        fewer.remove(edit);
        if let Some((without, changes)) = apply(plan, &fewer)
            && goal.is_met(&without, rehearser).await
        {
            (fix.edits, fix.changes) = (fewer, changes);
        }
    }
    // The same of each cookie that an edit is of.
    for edit in fix.edits.clone() {
        let Edit::Cookie { change, of } = &edit else { continue };
        let mut left = of.clone();
        for target in of.iter().filter(|_| of.len() > 1) {
            let mut fewer = left.clone();
            fewer.remove(target);
            let mut edits = fix.edits.clone();
            edits.remove(&Edit::Cookie { change: change.clone(), of: left.clone() });
            edits.insert(Edit::Cookie { change: change.clone(), of: fewer.clone() });
            if let Some((without, changes)) = apply(plan, &edits)
                && goal.is_met(&without, rehearser).await
            {
                (fix.edits, fix.changes, left) = (edits, changes, fewer);
            }
        }
    }
}

/// Makes `SameSite` as narrow as the fixed plan bears. Where the line changes anyway `None` becomes `Lax`; a
/// line that stays as it is, and `Strict`, are left to the developer, and said.
async fn tighten_same_site(plan: &Plan, goal: &Aim<'_>, rehearser: &mut Rehearser, fix: &mut Fix) {
    if fix.works_in.len() < rehearser.browsers().len() {
        return;
    }
    let lax = |edit: &Edit| matches!(edit, Edit::Cookie { change: CookieChange::Lax, .. });
    if !fix.edits.iter().any(lax) {
        let Some((edited, _)) = apply(plan, &fix.edits) else { return };
        // Those that have to say it say it by the fix.
        let widened = fix.edits.iter().filter_map(|edit| match edit {
            Edit::Cookie { change: CookieChange::None, of } => Some(of),
            _ => None,
        });
        let widened: BTreeSet<Target> = widened.flatten().cloned().collect();
        let of: BTreeSet<Target> = saying_none(&edited, goal.goal).difference(&widened).cloned().collect();
        // Of lines that stay as they are it is said, or the fix would be larger than it has to be.
        let size = |changes: &[Change]| -> usize {
            changes.iter().map(|change| change.before.len().max(change.after.len())).sum()
        };
        let changed = fix.edits.iter().filter_map(|edit| match edit {
            Edit::Cookie { of, .. } => Some(of),
            _ => None,
        });
        let changed: BTreeSet<Target> = changed.flatten().cloned().collect();
        let narrowed: BTreeSet<Target> = of.intersection(&changed).cloned().collect();
        if of.is_empty() {
            return;
        }
        let stays = narrowed.is_empty();
        let mut narrower = fix.edits.clone();
        let of = if stays { of } else { narrowed };
        narrower.insert(Edit::Cookie { change: CookieChange::Lax, of });
        let Some((edited, changes)) = apply(plan, &narrower) else { return };
        if !goal.is_met(&edited, rehearser).await {
            return;
        }
        if stays || size(&changes) > size(&fix.changes) {
            fix.remarks.push(remark::LAX_AS_WELL.to_owned());
            return;
        }
        (fix.edits, fix.changes) = (narrower, changes);
        fix.remarks = remark::remarks(fix);
    }
    let stricter = fix.edits.iter().cloned().map(|edit| match edit {
        Edit::Cookie { change: CookieChange::Lax, of } => Edit::Cookie { change: CookieChange::Strict, of },
        other => other,
    });
    let Some((stricter, _)) = apply(plan, &stricter.collect()) else { return };
    if goal.is_met(&stricter, rehearser).await {
        fix.remarks.push(remark::STRICT_AS_WELL.to_owned());
    }
}

/// The cookies the goal is about that say `SameSite=None`.
fn saying_none(plan: &Plan, goal: &Goal) -> BTreeSet<Target> {
    let lines = lines(plan).filter(|(_, _, line)| {
        let none = Line(line).attribute("SameSite").is_some_and(|word| word.eq_ignore_ascii_case("None"));
        none && goal.concerns(Line(line).name())
    });
    lines.map(|(origin, _, line)| Target { origin, name: Line(line).name().to_owned() }).collect()
}

/// The reasons that a browser still gives, after a fix that does not help it.
fn remaining(goal: &Goal, seen: &[Observation]) -> BTreeSet<Reason> {
    let seen = || goal.steps().map(|step| &seen[step]);
    let exchanges = || seen().flat_map(|seen| &seen.exchanges);
    let refused =
        exchanges().flat_map(|exchange| &exchange.set_cookie).filter(|line| goal.concerns(&line.name));
    let withheld =
        exchanges().flat_map(|exchange| &exchange.withheld).filter(|cookie| goal.concerns(&cookie.name));
    let mut reasons: BTreeSet<Reason> = refused.flat_map(|line| line.reasons.iter().copied()).collect();
    reasons.extend(withheld.flat_map(|cookie| cookie.reasons.iter().copied()));
    reasons.extend(seen().flat_map(|seen| seen.page.cors.iter().copied()));
    reasons
}

fn picked(browsers: &[BrowserName], passing: &[bool], which: bool) -> Vec<BrowserName> {
    browsers
        .iter()
        .zip(passing)
        .filter(|(_, passes)| **passes == which)
        .map(|(browser, _)| *browser)
        .collect()
}

/// Sets of edits, the cheapest first; of equals the smaller, and then the earlier found.
struct Search<'p> {
    plan: &'p Plan,
    queue: BinaryHeap<Reverse<(u32, usize, usize, Edits)>>,
    known: BTreeSet<Edits>,
    order: usize,
    /// No set is larger.
    most: usize,
}

impl Search<'_> {
    fn push(&mut self, edits: Edits) {
        if self.known.insert(edits.clone()) {
            let cost = edits.iter().map(|edit| edit.cost(self.plan)).sum();
            self.order += 1;
            self.queue.push(Reverse((cost, edits.len(), self.order, edits)));
        }
    }

    fn pop(&mut self) -> Option<Edits> {
        self.queue.pop().map(|Reverse((_, _, _, edits))| edits)
    }

    fn expand(&mut self, edits: &Edits, more: BTreeSet<Edit>) {
        if edits.len() == self.most {
            return;
        }
        for edit in more {
            if !edits.iter().any(|done| done.excludes(&edit)) {
                let mut next = edits.clone();
                next.insert(edit);
                self.push(next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser_name::{Engine, Policy};
    use crate::explain::question::{How, Question, answer};
    use crate::plan::Credentials;
    use url::Url;

    fn question(request: &str, line: &str, credentials: Credentials) -> Question {
        let url = |text: &str| Url::parse(text).expect("a URL");
        Question {
            page: Some(url("https://www.site.com")),
            request: url(request),
            method: "POST".to_owned(),
            how: How::Fetch,
            credentials,
            headers: Vec::new(),
            earlier: Vec::new(),
            earlier_from: None,
            response: None,
            preflight: None,
            set_cookie: vec![line.to_owned()],
            then: None,
            framework: None,
        }
    }

    #[tokio::test]
    async fn no_edit_of_a_fix_can_be_left_out() {
        let blocking =
            BrowserName { policy: Some(Policy::BlockThirdParty), ..BrowserName::shipped(Engine::Chromium) };
        let shipped = Engine::ALL.into_iter().map(BrowserName::shipped);
        let browsers: Vec<BrowserName> =
            shipped.chain([blocking]).map(|browser| browser.modelled()).collect();
        for (request, line, mode) in [
            ("https://other.example.net/login", "a=1; SameSite=Lax", Credentials::Include),
            ("https://other.example.net/login", "a=1", Credentials::SameOrigin),
            (
                "https://other.example.net/login",
                "__Host-a=1; Domain=example.net; SameSite=None",
                Credentials::Omit,
            ),
            ("https://api.site.com/login", "a=1; Domain=com", Credentials::Omit),
            ("https://api.site.com/login", "__Secure-a=1; Partitioned", Credentials::Include),
            ("https://api.site.com/login", "a=1; Path=/; Secure, b=2; Path=/; Secure", Credentials::Omit),
            ("http://api.site.com/login", "a=1; Secure; SameSite=Strict", Credentials::Include),
        ] {
            let answer = answer(&question(request, line, mode), &browsers).await.expect("an answer");
            let again = answer.plan.steps.len() - 1;
            let goal = Goal::Works { request: again - 1, again, carried: Vec::new() };
            let remedy = &answer.remedy;
            assert!(remedy.fix.is_some(), "{request} {line} {mode:?}");
            for fix in remedy.fix.iter().chain(&remedy.everywhere) {
                let mut rehearser = Rehearser::new(&fix.works_in);
                let before = rehearser.rehearse(&answer.plan).await.expect("it can be rehearsed");
                let goal = Aim { goal: &goal, before, broken: None };
                let (fixed, changes) = apply(&answer.plan, &fix.edits).expect("it can be applied");
                assert!(
                    goal.is_met(&fixed, &mut rehearser).await && !changes.is_empty(),
                    "{request} {line} {mode:?}"
                );
                let apart =
                    |edit: &Edit| fix.edits.iter().all(|other| edit == other || !edit.excludes(other));
                assert!(fix.edits.iter().all(apart), "{request} {line} {mode:?}: {:?}", fix.edits);
                // `Lax` may be there to narrow, and not to make it work.
                let narrows = |edit: &&Edit| matches!(edit, Edit::Cookie { change: CookieChange::Lax, .. });
                for edit in fix.edits.iter().filter(|edit| !narrows(edit)) {
                    let mut fewer = fix.edits.clone();
                    fewer.remove(edit);
                    if let Some((without, _)) = apply(&answer.plan, &fewer) {
                        let still = goal.is_met(&without, &mut rehearser).await;
                        assert!(!still, "{request} {line} {mode:?}: {edit:?} is not needed");
                    }
                }
            }
        }
    }
}

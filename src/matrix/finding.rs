//! What the table comes to: which combination works everywhere, and which of them is the safest.

use std::collections::BTreeSet;

use super::Matrix;
use super::place::Topology;
use crate::browser_name::BrowserName;
use crate::plan::SameSite;
use crate::rules::reason::Reason;

/// What a matrix comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The combinations that work in every browser, by index.
    pub everywhere: Vec<usize>,
    /// The safest of those that work in the most browsers; `None` where nothing works anywhere.
    pub safest: Option<usize>,
    /// The combination the scenario has.
    pub written: Option<usize>,
}

impl Finding {
    pub(super) fn of(matrix: &Matrix) -> Self {
        let combinations = matrix.draft.combinations.iter();
        let all = matrix.speaking().len();
        let count = |index: usize| matrix.works_in(index).count();
        let everywhere = (0..combinations.len()).filter(|index| all > 0 && count(*index) == all).collect();
        let most = (0..combinations.len()).map(count).max().unwrap_or(0);
        // Of equally safe ones the topology that is there already asks nothing of anybody.
        let risk = |index: &usize| {
            let combination = &matrix.draft.combinations[*index];
            let openness = combination.attributes.map_or((u8::MAX, true), |attributes| attributes.openness());
            (openness, !matrix.draft.places[combination.place].as_written, *index)
        };
        let safest =
            (0..combinations.len()).filter(|index| most > 0 && count(*index) == most).min_by_key(risk);
        let written = matrix.draft.combinations.iter().position(|combination| combination.as_written);
        Self { everywhere, safest, written }
    }

    /// The one sentence to read.
    pub fn headline(&self, matrix: &Matrix) -> String {
        let speaking = matrix.speaking();
        let all = speaking.len();
        let whom = match speaking.as_slice() {
            [] => return "No browser showed anything.".to_owned(),
            [one] => matrix.name(*one),
            _ => format!("all {all} browsers and policies"),
        };
        let combinations = matrix.draft.combinations.len();
        let Some(safest) = self.safest else {
            return format!(
                "None of {combinations} combinations works in {}.",
                whom.replace("all", "any of the")
            );
        };
        let (name, place) = self.described(matrix, safest);
        let count = match self.everywhere.len() {
            0 => {
                let works = matrix.works_in(safest).count();
                let failing = self.failing(matrix, safest);
                return format!(
                    "No combination works in {whom}; the safest of those that work in {works} is {name} {place}, which \
                     does not in {failing}."
                );
            }
            1 => format!("1 of {combinations} combinations works"),
            count => format!("{count} of {combinations} combinations work"),
        };
        format!("{count} in {whom}; the safest is {name} {place}.")
    }

    /// What the scenario itself does, in a sentence.
    pub fn as_written(&self, matrix: &Matrix) -> Option<String> {
        let written = self.written?;
        let (name, place) = self.described(matrix, written);
        let what = match matrix.draft.combinations[written].attributes {
            Some(_) => format!("{name} {place}"),
            None => place.to_owned(),
        };
        let works = matrix.works_in(written).count();
        let all = matrix.speaking().len();
        Some(match (all - works, works) {
            _ if all == 0 => return None,
            (0, 1) => format!("As written, {what}, it works."),
            (1, 0) if all == 1 => format!("As written, {what}, it does not work."),
            (0, _) => format!("As written, {what}, it works in all of them."),
            (_, 0) => format!("As written, {what}, it works in none of them."),
            _ => {
                format!("As written, {what}, it does not work in {}.", self.failing(matrix, written))
            }
        })
    }

    fn described(&self, matrix: &Matrix, combination: usize) -> (String, &'static str) {
        (matrix.draft.combinations[combination].spelt(), phrase(matrix.place_of(combination).topology))
    }

    /// The browsers a combination does not work in, listed.
    fn failing(&self, matrix: &Matrix, combination: usize) -> String {
        let works: Vec<BrowserName> = matrix.works_in(combination).collect();
        let speaking = matrix.speaking();
        let failing = speaking.iter().filter(|browser| !works.contains(browser));
        let names: Vec<String> = failing.map(|browser| matrix.name(*browser)).collect();
        match names.as_slice() {
            [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            names => names.concat(),
        }
    }

    /// What to know before taking the safest; where nothing works, what it is that is always in the way.
    pub fn remark(&self, matrix: &Matrix) -> Option<String> {
        let Some(safest) = self.safest else { return in_the_way(matrix) };
        let safest = matrix.draft.combinations[safest].attributes?;
        let remark = match safest.same_site {
            SameSite::Strict => {
                "With Strict a user who follows a link from another site arrives logged out; Lax lets those links in, \
                 and nothing else of other sites."
            }
            SameSite::None if safest.partitioned => {
                "With SameSite=None every site's page can make browsers send the cookie; Partitioned keeps one jar for \
                 each of those sites. Whatever changes something needs protection against CSRF."
            }
            SameSite::None => {
                "With SameSite=None every site's page can make browsers send the cookie: whatever changes something \
                 needs protection against CSRF."
            }
            SameSite::Unset => {
                "Without SameSite browsers do not agree: some take None, and some Lax, with two minutes in which other \
                 sites' forms still send it. Better say what is meant."
            }
            SameSite::Lax => return None,
        };
        Some(remark.to_owned())
    }
}

/// The reasons that every cell has.
fn in_the_way(matrix: &Matrix) -> Option<String> {
    let mut common: Option<BTreeSet<Reason>> = None;
    for cell in matrix.rows.iter().flatten() {
        let cookies = cell.cookies.iter().flat_map(|cookie| cookie.refused.iter().chain(&cookie.withheld));
        let reasons: BTreeSet<Reason> = cookies.chain(&cell.unreadable).copied().collect();
        common = Some(match common {
            Some(common) => common.intersection(&reasons).copied().collect(),
            None => reasons,
        });
    }
    let codes: Vec<&str> =
        common?.into_iter().filter(|reason| *reason != Reason::NotStored).map(Reason::code).collect();
    let what = codes.join(" and ");
    (!codes.is_empty()).then(|| {
        format!("In the way everywhere: {what}. No topology and no SameSite helps; `rehearsal run` says what does.")
    })
}

fn phrase(topology: Topology) -> &'static str {
    match topology {
        Topology::OneOrigin => "on one origin",
        Topology::Ports => "on ports of one host",
        Topology::Subdomains => "on subdomains of one site",
        Topology::OtherSite => "across two sites",
        Topology::AsWritten => "where the services are",
    }
}

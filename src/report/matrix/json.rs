//! The document of `rehearsal matrix --format json`.
//!
//! It has a version; keys are added and never renamed, and where `run --format json` has a word for
//! something, so has this.

use std::collections::BTreeSet;

use serde::Serialize;

use super::by_whom;
use crate::browser_name::{self, BrowserName};
use crate::matrix::{Attributes, Cell, Combination, CookieCell, Matrix, Need, Place};
use crate::rules::reason::{Question, Reason};

/// The document.
#[derive(Serialize)]
pub struct Document<'a> {
    version: u8,
    scenario: &'a str,
    title: &'a str,
    headline: String,
    as_written: Option<String>,
    remark: Option<String>,
    source: String,
    /// The safest combination that works in the most browsers.
    safest: Option<Safest<'a>>,
    /// How many combinations work in every browser.
    works_everywhere: usize,
    /// How many cells of real browsers the rules predicted otherwise.
    disagreements: usize,
    /// The browsers that show nothing at all.
    silent: Vec<SilentObject>,
    assumptions: Vec<String>,
    browsers: Vec<BrowserObject<'a>>,
    cookies: Vec<NeedObject<'a>>,
    topologies: Vec<PlaceObject<'a>>,
    impossible: Vec<ImpossibleObject<'a>>,
    combinations: Vec<CombinationObject<'a>>,
}

impl<'a> Document<'a> {
    /// The document of a matrix.
    pub fn of(matrix: &'a Matrix) -> Self {
        let finding = matrix.finding();
        let draft = &matrix.draft;
        Self {
            version: 1,
            scenario: &draft.plan.source.path,
            title: &draft.plan.title,
            headline: finding.headline(matrix),
            as_written: finding.as_written(matrix),
            remark: finding.remark(matrix),
            source: by_whom(matrix),
            safest: finding.safest.map(|safest| Safest {
                topology: matrix.place_of(safest).topology.as_str(),
                attributes: AttributesObject::of(&draft.combinations[safest]),
                works_in: browser_name::names(matrix.works_in(safest)),
                works_everywhere: finding.everywhere.contains(&safest),
            }),
            works_everywhere: finding.everywhere.len(),
            disagreements: matrix.disagreements(),
            silent: matrix
                .silent()
                .into_iter()
                .map(|(browser, why)| SilentObject { browser: browser.to_string(), why })
                .collect(),
            assumptions: super::assumed(matrix),
            browsers: matrix
                .browsers
                .iter()
                .zip(&matrix.versions)
                .map(|(browser, version)| BrowserObject::of(*browser, version))
                .collect(),
            cookies: draft.needs.iter().map(NeedObject::of).collect(),
            topologies: draft.places.iter().map(PlaceObject::of).collect(),
            impossible: draft
                .impossible
                .iter()
                .map(|(topology, why)| ImpossibleObject { topology: topology.as_str(), why })
                .collect(),
            combinations: (0..draft.combinations.len())
                .map(|index| CombinationObject::of(matrix, index, &finding.everywhere))
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct SilentObject {
    browser: String,
    why: String,
}

#[derive(Serialize)]
struct Safest<'a> {
    topology: &'static str,
    #[serde(flatten)]
    attributes: AttributesObject<'a>,
    works_in: Vec<String>,
    works_everywhere: bool,
}

#[derive(Serialize)]
struct AttributesObject<'a> {
    attributes: String,
    /// `none`, `lax`, `strict` or `unset`; nothing where each line has what its author wrote.
    same_site: Option<&'a str>,
    secure: Option<bool>,
    partitioned: Option<bool>,
}

impl AttributesObject<'_> {
    fn of(combination: &Combination) -> Self {
        let of = |get: fn(Attributes) -> bool| combination.attributes.map(get);
        Self {
            attributes: combination.spelt(),
            same_site: combination.attributes.map(|attributes| attributes.same_site.word()),
            secure: of(|attributes| attributes.secure),
            partitioned: of(|attributes| attributes.partitioned),
        }
    }
}

#[derive(Serialize)]
struct BrowserObject<'a> {
    browser: String,
    browser_version: &'a str,
    engine: &'static str,
    third_party: &'static str,
    predicted: bool,
}

impl<'a> BrowserObject<'a> {
    fn of(browser: BrowserName, version: &'a str) -> Self {
        Self {
            browser: browser.to_string(),
            browser_version: version,
            engine: browser.engine.as_str(),
            third_party: browser.third_party().as_str(),
            predicted: browser.model,
        }
    }
}

#[derive(Serialize)]
struct NeedObject<'a> {
    name: &'a str,
    /// The lines that set it, as written.
    lines: &'a [String],
    /// The steps that set it, by index.
    set_in: &'a [usize],
    /// The later steps it has to go with.
    wanted_in: &'a [usize],
}

impl<'a> NeedObject<'a> {
    fn of(need: &'a Need) -> Self {
        Self { name: &need.name, lines: &need.lines, set_in: &need.set_in, wanted_in: &need.wanted_in }
    }
}

#[derive(Serialize)]
struct PlaceObject<'a> {
    topology: &'static str,
    title: &'static str,
    relation: &'static str,
    as_written: bool,
    origins: Vec<OriginObject<'a>>,
    assumptions: &'a [String],
}

#[derive(Serialize)]
struct OriginObject<'a> {
    url: &'a str,
    /// The names of the services there.
    services: &'a [String],
}

impl<'a> PlaceObject<'a> {
    fn of(place: &'a Place) -> Self {
        Self {
            topology: place.topology.as_str(),
            title: place.topology.title(),
            relation: place.topology.relation(),
            as_written: place.as_written,
            origins: place.origins.iter().map(|(url, services)| OriginObject { url, services }).collect(),
            assumptions: &place.assumptions,
        }
    }
}

#[derive(Serialize)]
struct ImpossibleObject<'a> {
    topology: &'static str,
    why: &'a str,
}

#[derive(Serialize)]
struct CombinationObject<'a> {
    topology: &'static str,
    #[serde(flatten)]
    attributes: AttributesObject<'a>,
    as_written: bool,
    works_everywhere: bool,
    cells: Vec<CellObject<'a>>,
}

impl<'a> CombinationObject<'a> {
    fn of(matrix: &'a Matrix, index: usize, everywhere: &[usize]) -> Self {
        let combination = &matrix.draft.combinations[index];
        let cells = matrix.browsers.iter().zip(&matrix.rows[index]);
        Self {
            topology: matrix.place_of(index).topology.as_str(),
            attributes: AttributesObject::of(combination),
            as_written: combination.as_written,
            works_everywhere: everywhere.contains(&index),
            cells: cells.map(|(browser, cell)| CellObject::of(*browser, cell, &matrix.draft.needs)).collect(),
        }
    }
}

#[derive(Serialize)]
struct CellObject<'a> {
    browser: String,
    works: bool,
    cookies: Vec<CookieObject<'a>>,
    /// Whether the page may read the answers; nothing where none is read.
    readable: Option<bool>,
    cors: Vec<ReasonObject>,
    error: Option<&'a str>,
    unpredicted: Option<&'a str>,
    /// Where the rules predicted otherwise than this real browser did: a bug of ours.
    disagreements: &'a [String],
}

impl<'a> CellObject<'a> {
    fn of(browser: BrowserName, cell: &'a Cell, needs: &'a [Need]) -> Self {
        Self {
            browser: browser.to_string(),
            works: cell.works(),
            cookies: needs
                .iter()
                .zip(&cell.cookies)
                .map(|(need, cookie)| CookieObject::of(need, cookie))
                .collect(),
            readable: cell.readable,
            cors: ReasonObject::all(&cell.unreadable, Question::Readable),
            error: cell.error.as_deref(),
            unpredicted: cell.unpredicted.as_deref(),
            disagreements: &cell.disagreements,
        }
    }
}

#[derive(Serialize)]
struct CookieObject<'a> {
    name: &'a str,
    /// `sent`, `stored`, `stored-not-sent`, `not-stored`, `not-sent`, `never-set` or `unknown`.
    outcome: &'static str,
    stored: Option<bool>,
    reasons: Vec<ReasonObject>,
    sent: Option<bool>,
    withheld: Vec<ReasonObject>,
}

impl<'a> CookieObject<'a> {
    fn of(need: &'a Need, cookie: &CookieCell) -> Self {
        Self {
            name: &need.name,
            outcome: cookie.fate.as_str(),
            stored: cookie.stored,
            reasons: ReasonObject::all(&cookie.refused, Question::Stored),
            sent: cookie.sent,
            withheld: ReasonObject::all(&cookie.withheld, Question::Sent),
        }
    }
}

#[derive(Serialize)]
struct ReasonObject {
    reason: &'static str,
    sentence: &'static str,
    clause: &'static str,
}

impl ReasonObject {
    fn all(reasons: &BTreeSet<Reason>, question: Question) -> Vec<Self> {
        let object = |reason: &Reason| Self {
            reason: reason.code(),
            sentence: reason.sentence(question),
            clause: reason.clause(question),
        };
        reasons.iter().map(object).collect()
    }
}

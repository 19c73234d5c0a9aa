//! The report of `audit --report sarif=FILE`: findings as SARIF 2.1.0, for code scanning.
//!
//! The few objects of the format that a finding needs are written out here: the crate for it generates the whole
//! schema's types in a build script, which costs more time than this file has lines. A test holds what is written
//! against the schema.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Audited;
use crate::audit::{Check, Finding, Severity};
use crate::plan::Plan;
use crate::text::listed;

/// The log file: one run of this tool.
#[derive(Serialize)]
pub struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [RunObject<'a>; 1],
}

#[derive(Serialize)]
struct RunObject<'a> {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<ResultObject<'a>>,
    #[serde(rename = "columnKind")]
    column_kind: &'static str,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

/// Whether the audit came to its end, and where not, why.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultObject<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    properties: BTreeMap<&'static str, Vec<&'a str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
}

impl<'a> Log<'a> {
    /// The log of these scenarios.
    pub fn of(audited: &'a [Audited]) -> Self {
        let rules = Check::ALL.map(|check| Rule {
            id: check.code(),
            short_description: Message { text: check.question().to_owned() },
        });
        let results = audited.iter().flat_map(|audited| {
            audited.findings.iter().map(|finding| ResultObject::of(&audited.plan, finding))
        });
        let notifications: Vec<Notification> = audited.iter().flat_map(notifications).collect();
        Self {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [RunObject {
                tool: Tool {
                    driver: Driver {
                        name: "rehearsal",
                        semantic_version: env!("CARGO_PKG_VERSION"),
                        rules: rules.into(),
                    },
                },
                invocations: [Invocation {
                    execution_successful: notifications.is_empty(),
                    tool_execution_notifications: notifications,
                }],
                results: results.collect(),
                column_kind: "unicodeCodePoints",
            }],
        }
    }
}

/// What was not looked at: where something could not be run or was not judged, nothing found is no good news.
fn notifications(audited: &Audited) -> Vec<Notification> {
    let path = &audited.plan.source.path;
    let location = || vec![location(path, None)];
    let errors = audited.errors.iter().map(|error| Notification {
        level: "error",
        message: Message { text: format!("`{path}` could not be run: {error}") },
        locations: location(),
    });
    let unjudged = (audited.unjudged > 0).then(|| Notification {
        level: "warning",
        message: Message {
            text: format!(
                "`{path}`: {} of {} steps were not judged, and nothing is found there",
                audited.unjudged,
                audited.plan.steps.len()
            ),
        },
        locations: location(),
    });
    errors.chain(unjudged).collect()
}

impl<'a> ResultObject<'a> {
    fn of(plan: &Plan, finding: &'a Finding) -> Self {
        let source = &plan.source;
        let span = finding.evidence.span.as_ref();
        let (path, region) = match span {
            Some(span) => {
                let (start_line, start_column) = source.line_column(span);
                (source.part(span).path, Some(Region { start_line, start_column }))
            }
            None => (source.path.as_str(), None),
        };
        let browsers = listed(finding.browsers.iter().map(ToString::to_string));
        let seen = finding.evidence.seen.iter().map(String::as_str).collect();
        Self {
            rule_id: finding.check.code(),
            rule_index: Check::ALL.iter().position(|check| *check == finding.check).unwrap_or_default(),
            level: match finding.severity {
                Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low => "note",
            },
            message: Message { text: format!("{} (seen in {browsers}). {}", finding.headline, finding.fix) },
            locations: vec![location(path, region)],
            properties: BTreeMap::from([("evidence", seen)]),
        }
    }
}

fn location(path: &str, region: Option<Region>) -> Location {
    // A URI reference: what a path may hold and that may not is percent-encoded (RFC 3986, section 3.3).
    const PATH: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let uri = percent_encoding::utf8_percent_encode(path, PATH).to_string();
    Location { physical_location: PhysicalLocation { artifact_location: ArtifactLocation { uri }, region } }
}

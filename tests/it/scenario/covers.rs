//! Every claim of the five documents stands in some scenario: the list of them, and who covers what.

use crate::command;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rehearsal::scenario;

/// Each document: the folder its scenarios stand in, the letter of its claims, and how many there are.
const DOCUMENTS: &[(&str, char, u32)] = &[
    ("vercel-django-kong", 'A', 11),
    ("two-am-deploy", 'B', 16),
    ("jwt-cors", 'C', 8),
    ("topologies", 'D', 13),
    ("django-nextjs", 'E', 6),
];

/// Claims that no scenario covers, and why. A claim that is covered must not stand here.
const MISSING: &[(&str, &str)] = &[];

#[test]
fn every_claim_is_covered_or_known_to_be_missing() {
    let covered = covered();
    let missing: BTreeSet<&str> = MISSING.iter().map(|(claim, _)| *claim).collect();
    let claims: BTreeSet<String> = DOCUMENTS
        .iter()
        .flat_map(|(_, letter, last)| (1..=*last).map(move |number| format!("{letter}{number}")))
        .collect();
    for claim in &claims {
        match (covered.contains_key(claim), missing.contains(claim.as_str())) {
            (true, false) | (false, true) => {}
            (false, false) => panic!("no scenario covers {claim}"),
            (true, true) => panic!("{claim} is covered now: take it from MISSING"),
        }
    }
    for claim in covered.keys().map(String::as_str).chain(missing) {
        assert!(claims.contains(claim), "{claim} is no claim of the documents");
    }
}

#[test]
fn a_claim_is_covered_in_the_folder_of_its_document() {
    for (claim, paths) in covered() {
        let document = DOCUMENTS.iter().find(|(_, letter, _)| claim.starts_with(*letter));
        let (folder, ..) = document.expect("the claim is one of a document");
        for path in paths {
            let inside = Path::new(&path).strip_prefix(command::scenarios()).expect("a scenario of ours");
            assert!(inside.starts_with(folder), "{path} covers {claim}");
        }
    }
}

#[test]
fn every_document_has_its_story() {
    for (folder, ..) in DOCUMENTS {
        let folder = command::scenarios().join(folder);
        let story = std::fs::read_to_string(folder.join("README.md")).expect("a README.md in each folder");
        // Whoever reads the story finds each scenario of it.
        for plan in load().plans.iter().filter(|plan| Path::new(&plan.source.path).starts_with(&folder)) {
            let path = Path::new(&plan.source.path).strip_prefix(&folder).expect("it starts with the folder");
            assert!(
                story.contains(&format!("({})", path.display())),
                "the story does not link to {}",
                plan.source.path
            );
        }
    }
}

/// Each claim that is covered, and the files that cover it.
fn covered() -> BTreeMap<String, Vec<String>> {
    let mut covered: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for plan in load().plans {
        // What shows words of the format comes from no document.
        if plan.source.path.contains("scenarios/words/") {
            continue;
        }
        assert!(!plan.covers.is_empty(), "{} covers no claim", plan.source.path);
        for claim in plan.covers {
            covered.entry(claim).or_default().push(plan.source.path.clone());
        }
    }
    covered
}

fn load() -> scenario::Loaded {
    let loaded = scenario::load(&[command::scenarios()]);
    assert_eq!(loaded.errors(), 0, "every shipped scenario can be read");
    loaded
}

//! The manual, as it stands in `docs/`: shown offline by `rehearsal docs`.
//!
//! The page of reasons is written here from the codes themselves; a test keeps the file equal to it. Nothing
//! here prints.

use crate::rules::reason::{Question, Reason};

/// The pages, by the name users type: name, what it is about, text in Markdown.
pub const PAGES: &[(&str, &str, &str)] = &[
    ("symptoms", "find what you see, and the scenario for it", include_str!("../../docs/symptoms.md")),
    ("scenarios", "origins, routes, steps, expectations", include_str!("../../docs/scenarios.md")),
    ("own-servers", "your own servers under production's names", include_str!("../../docs/own-servers.md")),
    ("reasons", "every reason code", include_str!("../../docs/reasons.md")),
    ("commands", "commands and exit codes", include_str!("../../docs/commands.md")),
    ("browsers", "which there are, and where they deviate", include_str!("../../docs/browsers.md")),
    ("frameworks", "frameworks and proxies in their own settings", include_str!("../../docs/frameworks.md")),
    ("ci", "continuous integration, containers, many machines", include_str!("../../docs/ci.md")),
    ("install", "ways to install", include_str!("../../docs/install.md")),
    ("safety", "what is promised, and what is not", include_str!("../../docs/safety.md")),
    ("how-it-works", "the pipeline in one page", include_str!("../../docs/how-it-works.md")),
];

/// The text of a page; `None` where there is none of that name.
pub fn page(name: &str) -> Option<&'static str> {
    PAGES.iter().find(|(page, ..)| *page == name).map(|(.., text)| *text)
}

/// What the manual says of a reason code: a section of the page of reasons, in Markdown.
pub fn reason(reason: Reason) -> String {
    let mut section = format!("## {}\n", reason.code());
    for question in [Question::Stored, Question::Sent, Question::Readable] {
        if reason.answers(question) {
            let (sentence, clause) = (reason.sentence(question), reason.clause(question));
            section.push_str(&format!("\nNot {}: {sentence} ({clause}).\n", question.word()));
        }
    }
    section
}

/// The page of reasons, as `docs/reasons.md` has it.
pub fn reasons() -> String {
    let mut page = "# Reasons\n\nWhy a cookie was not stored, why it was not sent, or why the page may not read \
                    an answer. The codes are stable: scenario\nfiles name them, and reports and JSON print them. \
                    All that apply are given, not the first alone.\n\n`rehearsal docs CODE` shows one of \
                    these.\n"
        .to_owned();
    for code in Reason::ALL {
        page.push('\n');
        page.push_str(&reason(*code));
    }
    page
}

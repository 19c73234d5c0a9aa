//! `rehearsal docs`: the manual and its reason codes, offline.

use std::io::{self, Write};
use std::process::ExitCode;

use super::{HELD, WRONG, after_writing, complain};
use crate::cli::DocsArgs;
use crate::diagnostic::did_you_mean;
use crate::manual;
use crate::rules::reason::Reason;

/// Prints a page of the manual, what it says of a reason code, or the list of pages.
pub fn docs(args: &DocsArgs) -> ExitCode {
    let text = match &args.page {
        None => {
            let rows = manual::PAGES.iter().map(|(name, about, _)| format!("{name:14}{about}\n"));
            rows.collect::<String>()
        }
        Some(name) => match (manual::page(name), Reason::from_code(name)) {
            (Some(page), _) => page.to_owned(),
            (None, Some(reason)) => manual::reason(reason),
            (None, None) => {
                let pages = manual::PAGES.iter().map(|(page, ..)| *page);
                let help =
                    match did_you_mean(name, pages.chain(Reason::ALL.iter().map(|reason| reason.code()))) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => "`rehearsal docs` lists the pages".to_owned(),
                    };
                complain(format!("the manual has no page and no reason code `{name}`"), help);
                return ExitCode::from(WRONG);
            }
        },
    };
    after_writing(io::stdout().lock().write_all(text.as_bytes()), "the page", HELD)
}

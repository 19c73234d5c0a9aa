//! `rehearsal check`: reads scenarios and reports every mistake, running nothing.

use std::io::Write;
use std::process::ExitCode;

use crate::cli::{CheckArgs, Deny, Format};
use crate::report::check::Document;
use crate::scenario;
use crate::text::counted;

/// Runs the command.
pub fn check(arguments: &CheckArgs) -> ExitCode {
    let loaded = scenario::load(&arguments.paths);
    let (errors, warnings) = (loaded.errors(), loaded.warnings());
    let denied = arguments.deny == Some(Deny::Warnings) && warnings > 0;
    let code = if errors > 0 || denied { super::WRONG } else { super::HELD };
    if arguments.format == Format::Json {
        let document = Document::of(&loaded.plans, &loaded.diagnostics);
        return super::after_writing(super::write_json(&document), "the result", code);
    }
    super::print_diagnostics(&loaded.diagnostics);
    if errors > 0 {
        if loaded.files > 0 {
            let (mistakes, files) = (counted(errors, "mistake"), counted(loaded.files, "scenario"));
            super::complain(format!("{mistakes} in {files}"), "fix what is said above, and look again");
        }
        return ExitCode::from(code);
    }
    if denied {
        let message = format!("{} denied by `--deny warnings`", counted(warnings, "warning"));
        super::complain(message, "fix what is said above, or leave `--deny warnings` out");
        return ExitCode::from(code);
    }
    let steps: usize = loaded.plans.iter().map(|plan| plan.steps.len()).sum();
    let (scenarios, steps) = (counted(loaded.plans.len(), "scenario"), counted(steps, "step"));
    let found = if warnings > 0 { counted(warnings, "warning") } else { "no mistake found".to_owned() };
    let written = writeln!(anstream::stdout(), "{scenarios}, {steps}: {found}");
    super::after_writing(written, "the result", code)
}

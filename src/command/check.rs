//! `rehearsal check`: reads scenarios and reports every mistake, running nothing.

use std::io::Write;
use std::process::ExitCode;

use crate::cli::CheckArgs;
use crate::text::counted;

/// Runs the command.
pub fn check(arguments: &CheckArgs) -> ExitCode {
    match super::load(&arguments.paths) {
        Ok(plans) => {
            let steps: usize = plans.iter().map(|plan| plan.steps.len()).sum();
            let (scenarios, steps) = (counted(plans.len(), "scenario"), counted(steps, "step"));
            let written = writeln!(anstream::stdout(), "{scenarios}, {steps}: no mistake found");
            super::after_writing(written, "the result", super::HELD)
        }
        Err(code) => code,
    }
}

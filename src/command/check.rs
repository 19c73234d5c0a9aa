//! `rehearsal check`: reads scenarios and reports every mistake, running nothing.

use std::process::ExitCode;

use crate::cli::CheckArgs;

/// Runs the command.
pub fn check(arguments: &CheckArgs) -> ExitCode {
    match super::load(&arguments.paths) {
        Ok(plans) => {
            let steps: usize = plans.iter().map(|plan| plan.steps.len()).sum();
            let (scenarios, steps) = (super::counted(plans.len(), "scenario"), super::counted(steps, "step"));
            anstream::println!("{scenarios}, {steps}: no mistake found");
            ExitCode::from(super::HELD)
        }
        Err(code) => code,
    }
}

//! The `rehearsal` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == rehearsal::browser::guard::SUBCOMMAND) {
        return rehearsal::browser::guard::main(arguments);
    }
    ExitCode::SUCCESS
}

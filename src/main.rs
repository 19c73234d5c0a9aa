//! The `rehearsal` command.

use std::process::ExitCode;

use rehearsal::browser::guard;
use rehearsal::cli::{Cli, Command};
use rehearsal::command::{
    self, accompany, audit, browsers, check, docs, doctor, exec, explain, matrix, new, open, record, run,
    shell, trust, up,
};

fn main() -> ExitCode {
    let Cli { command } = Cli::read();
    if let Err(code) = command::prepare() {
        return code;
    }
    match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Matrix(arguments) => matrix::matrix(&arguments),
        Command::Audit(arguments) => audit::audit(&arguments),
        Command::Up(arguments) => up::up(&arguments),
        Command::Browsers(arguments) => browsers::browsers(&arguments),
        Command::Doctor(arguments) => doctor::doctor(&arguments),
        Command::Docs(arguments) => docs::docs(&arguments),
        Command::New(arguments) => new::new(&arguments),
        Command::Schema => shell::schema(),
        Command::Completions(arguments) => shell::completions(&arguments),
        Command::Man(arguments) => shell::man(&arguments),
        Command::Open(arguments) => open::open(&arguments),
        Command::Record(arguments) => record::record(&arguments),
        Command::Exec(arguments) => exec::exec(&arguments),
        Command::Trust(arguments) => trust::trust(&arguments),
        Command::Guard(arguments) => guard::main(arguments.rest),
        Command::Accompany(arguments) => accompany::accompany(arguments.rest),
    }
}

//! `rehearsal new`: a scenario from what a browser recorded or `curl` printed, or one to begin with.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{COULD_NOT_RUN, FAILED, HELD, WRONG, after_writing, block_on, complain, remark};
use crate::browser_name::{BrowserName, Engine};
use crate::cli::NewArgs;
use crate::diagnostic::Source;
use crate::import::{self, Recording, build};
use crate::run::{self, Options};
use crate::scenario::{self, START};
use crate::text::counted;

/// Runs the command. A file that is there already stays as it is.
pub fn new(arguments: &NewArgs) -> ExitCode {
    let Some(from) = &arguments.from else {
        return written(arguments.output.as_deref(), START, HELD);
    };
    let recording = match read(from) {
        Ok(recording) => recording,
        Err(code) => return code,
    };
    let source =
        from.file_name().map_or_else(|| "stdin".to_owned(), |name| name.to_string_lossy().into_owned());
    let source = if source == "-" { "stdin".to_owned() } else { source };
    let built = build::scenario(&recording, &source, arguments.keep_values);
    built.notes.iter().for_each(|note| remark(&format!("note: {note}")));
    let code = tried(&built.toml, recording.engine);
    written(arguments.output.as_deref(), &built.toml, code)
}

/// Reads a recording, or stdin where the path is `-`.
///
/// # Errors
/// [`WRONG`], where it is none or cannot be read; why has been said.
pub(super) fn read(path: &Path) -> Result<Recording, ExitCode> {
    let is_stdin = path == Path::new("-");
    let name = if is_stdin { "stdin".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let done = match is_stdin {
        true => io::stdin().lock().take(import::LARGEST + 1).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(import::LARGEST + 1).read_to_end(&mut bytes)),
    };
    let wrong = |message: String, help: String| {
        complain(message, help);
        ExitCode::from(WRONG)
    };
    match done {
        Err(error) => Err(wrong(
            format!("{name} cannot be read: {error}"),
            "give a HAR, or a file with a curl command and what it printed".to_owned(),
        )),
        Ok(_) => import::read(&name, &bytes).map_err(|error| wrong(error.message, error.help)),
    }
}

/// Tries a scenario in the model of the browser it comes from, and says what does not come out as recorded.
fn tried(toml: &str, engine: Option<Engine>) -> u8 {
    let browser = BrowserName::shipped(engine.unwrap_or(Engine::Chromium)).modelled();
    let (plan, diagnostics) = scenario::parse(Arc::new(Source::new("the scenario", toml)));
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    let errors: Vec<_> = errors.cloned().collect();
    super::print_diagnostics(&errors);
    let Some(plan) = plan else {
        remark("note: the scenario has the mistakes above: fix them, and run it");
        return FAILED;
    };
    let Ok(program) = super::this_program() else { return COULD_NOT_RUN };
    let options = Options::new(vec![browser], program);
    let plans = [Arc::new(plan)];
    let ran = block_on(run::run(&plans, &options, &CancellationToken::new(), |_| {}));
    let runs = match ran {
        Ok(runs) => runs,
        Err(error) => {
            remark(&format!("note: it could not be tried: {error}"));
            return FAILED;
        }
    };
    let mut differs = 0;
    for run in &runs {
        if let Some(error) = &run.error {
            remark(&format!("note: it could not be tried in {browser}: {error}"));
            differs += 1;
        }
        for (number, step) in run.steps.iter().enumerate() {
            for failed in &step.failures {
                remark(&format!(
                    "note: step {} does not come out as recorded: {}",
                    number + 1,
                    failed.failure.message
                ));
                differs += 1;
            }
        }
        match run.unjudged() {
            0 => {}
            steps => remark(&format!(
                "note: {} could not be predicted: run it in a browser",
                counted(steps, "step")
            )),
        }
    }
    if differs == 0 {
        remark(&format!("tried in {browser}: all comes out as recorded"));
        return HELD;
    }
    FAILED
}

/// Writes a scenario to a file or to stdout. `code` is the exit code where that goes well.
fn written(output: Option<&Path>, toml: &str, code: u8) -> ExitCode {
    let Some(path) = output else {
        return after_writing(io::stdout().lock().write_all(toml.as_bytes()), "the scenario", code);
    };
    let shown = path.display();
    match File::create_new(path).and_then(|mut file| file.write_all(toml.as_bytes())) {
        Ok(()) => {
            let next = format!("{shown} is written. Next: rehearsal run {shown}");
            after_writing(writeln!(anstream::stderr(), "{next}"), "what comes next", code)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            complain(format!("{shown} is there already"), "name another file, or remove it first");
            ExitCode::from(WRONG)
        }
        Err(error) => {
            complain(
                format!("{shown} cannot be written: {error}"),
                "name a file in a folder that you may write to",
            );
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

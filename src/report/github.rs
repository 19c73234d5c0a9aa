//! Annotations on GitHub: what failed, on its line in the pull request.
//!
//! Written where `GITHUB_ACTIONS` is set, to stderr, which the runner reads for workflow commands as it reads
//! stdout: so the report on stdout stays what it is everywhere else. The form is that of "Workflow commands for
//! GitHub Actions", in which `%`, line feeds, `:` and `,` are escaped.

use std::io::{self, Write};

use super::run::digest::Digest;
use crate::outcome::Run;
use crate::text::{listed, safe, safe_lines};

/// Whether this runs as a step of a workflow.
pub fn is_there() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some()
}

/// Writes an annotation for each claim of a scenario that did not hold, and for each run that could not be run.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut dyn Write, runs: &[Run], digest: &Digest<'_>) -> io::Result<()> {
    let Some(first) = runs.first() else { return Ok(()) };
    let source = &first.plan.source;
    for failing in &digest.failures {
        let failure = failing.failure;
        let (line, column) = source.line_column(&failure.span);
        let browsers = listed(failing.browsers.iter().map(ToString::to_string));
        let mut message = vec![format!("{} ({browsers})", failure.message)];
        message.extend(failing.notes.iter().map(ToString::to_string));
        if let Some(explained) = failing.why.explained() {
            message.push(format!("why: {}", explained.explanation.headline));
        }
        let path = source.part(&failure.span).path;
        command(out, path, Some((line, column)), &first.plan.title, &message.join("\n"))?;
    }
    for stopped in &digest.errors {
        let message = stopped.diagnostic().message;
        command(out, &source.path, None, &first.plan.title, &message)?;
    }
    Ok(())
}

fn command(
    out: &mut dyn Write,
    path: &str,
    place: Option<(usize, usize)>,
    title: &str,
    message: &str,
) -> io::Result<()> {
    let place = place.map(|(line, column)| format!(",line={line},col={column}")).unwrap_or_default();
    writeln!(
        out,
        "::error file={}{place},title={}::{}",
        property(&safe(path)),
        property(&safe(title)),
        data(&safe_lines(message))
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_ends_no_command_and_a_message_begins_no_other() {
        let mut out = Vec::new();
        command(&mut out, "a,b.toml", Some((3, 1)), "50%: no::error", "one\n::set-env name=x::y")
            .expect("a vector takes all");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "::error file=a%2Cb.toml,line=3,col=1,title=50%25%3A no%3A%3Aerror::one%0A::set-env name=x::y\n"
        );
    }
}

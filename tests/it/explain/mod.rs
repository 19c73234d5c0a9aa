//! `rehearsal explain`, as its reader sees it; and its fixes, in a real browser.
//!
//! Each question below has its answer beside it in `tests/explanations`. Look at the text as its reader
//! would: does it say what happened, why, and what to change?

mod lines;
mod questions;
mod runs;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use rehearsal::browser_name::BrowserName;
use rehearsal::cli::{Cli, Command};
use rehearsal::diagnostic::Span;
use rehearsal::edit::{Edits, apply};
use rehearsal::explain::Fix;
use rehearsal::explain::question::{Answer, answer};
use rehearsal::outcome::Outcome;
use rehearsal::plan::{Absent, Action, Claim, Plan, Readable, Sent, Stored};
use rehearsal::run;
use tokio_util::sync::CancellationToken;

use crate::command;

/// The document of a run in the model.
fn run(scenario: &str) -> serde_json::Value {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), scenario).expect("the scenario can be written");
    let output = command::rehearsal()
        .args(["run", "--browser=model", "--format=json"])
        .arg(file.path())
        .output()
        .expect("rehearsal can be started");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn explain(arguments: &[&str]) -> (i32, String, String) {
    let large = format!("--set-cookie=a={}; Path=/; Secure; SameSite=Lax", "x".repeat(4096));
    let arguments =
        arguments.iter().map(|argument| if argument.contains("=LARGE;") { &large } else { *argument });
    let output = command::rehearsal().arg("explain").args(arguments).env("NO_COLOR", "1").output();
    let output = output.expect("rehearsal can be started");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes UTF-8");
    (output.status.code().expect("it was not killed"), text(output.stdout), text(output.stderr))
}

/// The same with an answer that stands in a file.
fn explain_answer(answer: &str, arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("answer.http");
    std::fs::write(&path, answer).expect("the answer can be written");
    let response = format!("--response={}", path.display());
    let mut arguments = arguments.to_vec();
    arguments.push(&response);
    explain(&arguments)
}

/// Text without its line breaks and columns.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The answer to what the command line asks, without the command.
async fn asked(arguments: &[&str]) -> Answer {
    let cli = Cli::try_parse_from(["rehearsal", "explain"].iter().chain(arguments))
        .expect("the arguments are right");
    let Command::Explain(arguments) = cli.command else { unreachable!("it is that command") };
    let question = rehearsal::command::explain::question(&arguments).expect("it is a question");
    let browsers = rehearsal::command::explain::browsers(&arguments.browser);
    answer(&question, &browsers).await.expect("it can be rehearsed")
}

/// The plan as a scenario that expects what its author wanted: stored, sent and readable.
fn expecting(mut plan: Plan, title: &str, answer: &Answer) -> Plan {
    title.clone_into(&mut plan.title);
    let (request, again) = (plan.steps.len() - 2, plan.steps.len() - 1);
    let mut spans = 0..;
    let mut span = move || -> Span {
        let place = spans.next().expect("numbers do not end");
        place..place
    };
    for cookie in &answer.outcomes[0].cookies {
        let name = cookie.name.clone();
        if cookie.deletion {
            let absent = || Absent { name: name.clone(), reasons: Vec::new() };
            plan.steps[again].expect.not_sent.push(Claim { value: absent(), span: span() });
        } else {
            let stored = Stored { name: name.clone(), ..Stored::default() };
            plan.steps[request].expect.stored.push(Claim { value: stored, span: span() });
            plan.steps[again]
                .expect
                .sent
                .push(Claim { value: Sent { name, ..Sent::default() }, span: span() });
        }
    }
    for step in plan.steps.iter_mut().filter(|step| matches!(step.action, Action::Fetch(_) | Action::Xhr(_)))
    {
        step.expect.cors = Some(Claim { value: Readable::Yes, span: span() });
    }
    plan
}

fn approve(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../explanations");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

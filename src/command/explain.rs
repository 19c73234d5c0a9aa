//! `rehearsal explain`: one question, answered by the rules for every browser asked for; or all that a recording asks.

mod recording;

use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;

use crate::browser_name::{BrowserName, Engine, Policy};
use crate::cli::{CredentialsArg, ExplainArgs, Format, HowArg};
use crate::diagnostic::Diagnostic;
use crate::explain::question::{self, How, Question};
use crate::explain::response::{self, Response};
use crate::lookup;
use crate::plan::Credentials;
use crate::report::explain::{json, terminal};
use crate::rules::cors;

/// The most that is read of an answer: headers are rarely more than a few kilobytes.
const LARGEST: u64 = 1024 * 1024;

/// Runs the command.
pub fn explain(arguments: &ExplainArgs) -> ExitCode {
    if let Some(path) = &arguments.recording {
        return recording::explain(path, arguments);
    }
    let question = match question(arguments) {
        Ok(question) => question,
        Err(diagnostic) => return refuse(*diagnostic),
    };
    if let Err(diagnostic) = asks_something(&question) {
        return refuse(*diagnostic);
    }
    let browsers = browsers(&arguments.browser);
    let answer = match super::block_on(question::answer(&question, &browsers)) {
        Ok(answer) => answer,
        Err(error) => {
            return refuse(
                Diagnostic::error(error.to_string()).help("leave out what HTTP cannot carry, and ask again"),
            );
        }
    };
    let written = match arguments.format {
        Format::Terminal => terminal::write(&mut anstream::stdout(), &question, &answer, super::columns()),
        Format::Json => super::write_json(&json::Document::of(&question, &answer)),
    };
    let code = if answer.works() { super::HELD } else { super::FAILED };
    super::after_writing(written, "the answer", code)
}

fn refuse(diagnostic: Diagnostic) -> ExitCode {
    super::print_diagnostics(&[diagnostic]);
    ExitCode::from(super::WRONG)
}

/// The browsers asked for, each by its model, or the default.
pub fn browsers(asked: &[BrowserName]) -> Vec<BrowserName> {
    let blocking =
        BrowserName { policy: Some(Policy::BlockThirdParty), ..BrowserName::shipped(Engine::Chromium) };
    let default: Vec<BrowserName> =
        Engine::ALL.into_iter().map(BrowserName::shipped).chain(std::iter::once(blocking)).collect();
    let mut browsers = Vec::new();
    for browser in if asked.is_empty() { &default } else { asked } {
        let model = browser.modelled();
        if !browsers.contains(&model) {
            browsers.push(model);
        }
    }
    browsers
}

/// The question that arguments ask.
///
/// # Errors
/// With a message, where they contradict each other or an answer cannot be read.
pub fn question(arguments: &ExplainArgs) -> Result<Question, Box<Diagnostic>> {
    let method = cors::normalize_method(&arguments.method).into_owned();
    let how = match arguments.how {
        None | Some(HowArg::Fetch) => How::Fetch,
        Some(HowArg::Xhr) => How::Xhr,
        Some(HowArg::Navigation) => How::Navigation,
        Some(HowArg::Image) => How::Image,
        Some(HowArg::Iframe) => How::Iframe,
    };
    check(arguments, &method, how)?;
    let response = arguments.response.as_deref().map(read).transpose()?;
    let preflight = arguments.preflight.as_deref().map(read).transpose()?;
    Ok(Question {
        page: arguments.page.clone(),
        request: arguments.request.clone().expect("there is one where there is no recording"),
        method,
        how,
        credentials: match arguments.credentials {
            Some(CredentialsArg::Omit) => Credentials::Omit,
            None | Some(CredentialsArg::SameOrigin) => Credentials::SameOrigin,
            Some(CredentialsArg::Include) => Credentials::Include,
        },
        headers: arguments.header.clone(),
        earlier: arguments.before.iter().map(|line| bare(line)).collect(),
        earlier_from: None,
        response,
        preflight,
        set_cookie: arguments.set_cookie.iter().map(|line| bare(line)).collect(),
        then: arguments.then.clone(),
        framework: arguments.framework.as_deref().and_then(lookup::by_key),
    })
}

/// A question about an answer that nobody reads, that sets no cookie, and before which none was stored.
fn asks_something(question: &Question) -> Result<(), Box<Diagnostic>> {
    let is_call = question.page.is_some() && matches!(question.how, How::Fetch | How::Xhr);
    if is_call || question.is_login() || question.lines().next().is_some() || !question.earlier.is_empty() {
        return Ok(());
    }
    let message = "there is nothing to explain: the answer sets no cookie, and none was stored before";
    let help = "say what is stored with --before 'name=value; …', or ask about another answer";
    Err(Box::new(Diagnostic::error(message).help(help)))
}

/// Options that contradict each other, told before anything is read.
fn check(arguments: &ExplainArgs, method: &str, how: How) -> Result<(), Box<Diagnostic>> {
    let wrong = |message: &str, help: &str| Err(Box::new(Diagnostic::error(message).help(help)));
    if arguments.set_cookie.is_empty() && arguments.response.is_none() && arguments.before.is_empty() {
        let help = "give the answer, --set-cookie 'name=value; …' or --response FILE, or what is stored, --before \
                    'name=value; …'";
        return wrong("there is nothing to explain: no answer, and no cookie", help);
    }
    let is_stdin = |path: &Option<std::path::PathBuf>| path.as_deref() == Some(Path::new("-"));
    if is_stdin(&arguments.response) && is_stdin(&arguments.preflight) {
        return wrong(
            "--response and --preflight cannot both be read from stdin",
            "put one of them into a file",
        );
    }
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if method.is_empty() || !method.bytes().all(token) {
        return wrong(&format!("`{method}` is not a method"), "write GET, POST, PUT, PATCH or DELETE");
    }
    if ["CONNECT", "TRACE", "TRACK"].iter().any(|forbidden| method.eq_ignore_ascii_case(forbidden)) {
        return wrong(
            &format!("no page may make a {method} request"),
            "write GET, POST, PUT, PATCH or DELETE",
        );
    }
    let is_call = arguments.page.is_some() && matches!(how, How::Fetch | How::Xhr);
    if !is_call {
        for (given, option) in [
            (arguments.credentials.is_some(), "--credentials"),
            (!arguments.header.is_empty(), "--header"),
            (arguments.preflight.is_some(), "--preflight"),
        ] {
            if given {
                let help = match arguments.page {
                    None => "name the page whose script makes the call: --page URL",
                    Some(_) => "leave it out, or let a script make the call: --as fetch",
                };
                return wrong(&format!("{option} is for calls that a page's script makes"), help);
            }
        }
    }
    match (arguments.page.is_some(), how, method) {
        (false, ..) if arguments.how.is_some() => {
            wrong("--as says how a page makes the request, and there is no page", "name it: --page URL")
        }
        (false, _, "GET")
        | (true, How::Navigation, "GET" | "POST")
        | (true, How::Image | How::Iframe, "GET") => Ok(()),
        (false, ..) => wrong(
            &format!("nobody can type a {method} into the address bar"),
            "name the page that makes it: --page URL",
        ),
        (true, How::Navigation, _) => {
            wrong(&format!("no link or form makes a {method} request"), "use GET or POST, or --as fetch")
        }
        (true, How::Image | How::Iframe, _) => wrong(
            &format!("nothing on a page but a script makes a {method} request"),
            "use GET, or --as fetch",
        ),
        (true, How::Xhr, _) if arguments.credentials == Some(CredentialsArg::Omit) => {
            wrong("XMLHttpRequest has no mode `omit`", "without withCredentials it is `same-origin`")
        }
        (true, ..) => Ok(()),
    }
}

/// A line without the header's name, which people copy along.
fn bare(line: &str) -> String {
    let name = "set-cookie:";
    match line.get(..name.len()) {
        Some(head) if head.eq_ignore_ascii_case(name) => line[name.len()..].trim_start().to_owned(),
        _ => line.to_owned(),
    }
}

fn read(path: &Path) -> Result<Response, Box<Diagnostic>> {
    let is_stdin = path == Path::new("-");
    let name = if is_stdin { "stdin".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let done = if is_stdin {
        io::stdin().lock().take(LARGEST).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
    };
    match done {
        Ok(_) => response::read(&name, &bytes),
        Err(error) => {
            let message = format!("`{name}` cannot be read: {error}");
            Err(Box::new(
                Diagnostic::error(message).help("give a file with the headers of an answer, or - for stdin"),
            ))
        }
    }
}

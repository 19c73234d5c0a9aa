//! `rehearsal record`: a browser window inside a world, and what a person does there becomes a scenario.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::window::{self, Announcement, Window};
use super::{live, servers};
use crate::browser::failure::Failure;
use crate::browser::worker::Told as Message;
use crate::browser_name::{BrowserName, Engine};
use crate::cli::{Format, RecordArgs};
use crate::import::freeze::{self, Frozen};
use crate::live::Live;
use crate::plan::{Action, Expect, Plan, Step};
use crate::record::expect::Seen;
use crate::record::write::{Recording, written};
use crate::record::{Did, Doing, Taken, Text, Told, doings};
use crate::scenario::mapped;
use crate::servers::Servers;
use crate::text::{counted, safe};
use crate::world::wire;

/// Runs the command.
pub fn record(arguments: &RecordArgs) -> ExitCode {
    prepared(arguments).unwrap_or_else(|code| code)
}

fn prepared(arguments: &RecordArgs) -> Result<ExitCode, ExitCode> {
    let plan = servers::load_one(arguments.scenario.as_deref(), &arguments.servers)?;
    let browser = window::browser(&arguments.window)?;
    if browser.engine == Engine::Webkit {
        let message = "WebKit's driver tells nothing of what is done in its window";
        super::complain(message, "record in chromium or firefox; what is recorded runs in all three");
        return Err(ExitCode::from(super::WRONG));
    }
    let page = window::page(&arguments.window, &plan)?;
    let world = world(arguments, &plan)?;
    super::folders_of([arguments.output.as_path()])?;
    let real = servers::of(&arguments.servers)?;
    Ok(super::block_on(async {
        let code = recorded(&plan, &world, browser, &page, arguments, &real).await;
        real.end().await;
        code.unwrap_or_else(|code| code)
    }))
}

/// The text of the world, as its author wrote it.
fn world(arguments: &RecordArgs, plan: &Plan) -> Result<String, ExitCode> {
    let Some(path) = &arguments.scenario else {
        return Ok(mapped::source(&arguments.servers.map).text.clone());
    };
    let folder = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        std::fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        super::complain(format!("{} cannot be read: {error}", path.display()), "look at the file");
        ExitCode::from(super::WRONG)
    })?;
    // What is frozen names nothing beside itself.
    let names_files = text.lines().any(|line| line.trim_start().starts_with("include"))
        || plan.origins.iter().filter_map(|origin| origin.upstream()).any(|server| server.command.is_some());
    // What is frozen names nothing beside itself.
    let needs_its_folder = names_files && !arguments.freeze;
    if needs_its_folder && folder(path) != folder(&arguments.output) {
        let message = format!("what {} names counts from its own folder", path.display());
        super::complain(message, "have the recording written beside it: `-o` with a file in the same folder");
        return Err(ExitCode::from(super::WRONG));
    }
    Ok(text)
}

async fn recorded(
    plan: &Plan,
    world: &str,
    browser: BrowserName,
    page: &Url,
    arguments: &RecordArgs,
    real: &Servers,
) -> Result<ExitCode, ExitCode> {
    let cancelled = super::cancelled_by_signals();
    let _turn = servers::ready(plan, real, &cancelled).await?;
    let window = Window::start(plan, browser, &arguments.window, &cancelled).await?;
    let wire = window.world.wire().clone();
    let mut live = match live::LivePage::open(plan, Live::of([browser]), "record") {
        Ok(live) => live,
        Err(error) => {
            window.close().await;
            return Ok(live::not_served(&error));
        }
    };
    let url = live.url();
    let mut recorder = Recorder {
        window,
        plan,
        format: arguments.format,
        taken: Vec::new(),
        notes: Vec::new(),
        waiting: VecDeque::new(),
        overtaken: None,
        live: &url,
    };
    let ended = tokio::select! {
        ended = recorder.go_on(page, browser, arguments, &cancelled) => ended,
        () = live.follow(&wire, |_| ()) => Ok(()),
    };
    live.close().await;
    recorder.take_rest();
    let Recorder { window, taken, mut notes, .. } = recorder;
    let crossed = if arguments.freeze { wire.since(wire::Mark::default()) } else { Vec::new() };
    window.close().await;
    if let Err(code) = ended {
        return Ok(code);
    }
    let frozen = arguments.freeze.then(|| frozen(plan, &crossed));
    for note in frozen.iter().flat_map(|frozen| &frozen.notes) {
        super::remark(note);
        notes.push(note.clone());
    }
    let world = frozen.as_ref().map_or(world, |frozen| frozen.world.as_str());
    let is_frozen = frozen.is_some();
    let recording = Recording { world, plan, is_frozen, browser, steps: &taken, notes: &notes };
    if let Err(code) = super::write_file(&arguments.output, written(&recording).as_bytes()) {
        return Ok(ExitCode::from(code));
    }
    let file = arguments.output.display();
    super::remark(&format!("{} written to {file}", counted(taken.len(), "step")));
    super::remark(&format!("run it: rehearsal run {file} --browser {browser}"));
    for secret in crate::record::write::secrets(&taken) {
        super::remark(&format!(
            "`{secret}` is not in the file: REHEARSAL_{} holds it for a run",
            secret.to_ascii_uppercase()
        ));
    }
    Ok(ExitCode::from(super::HELD))
}

/// The servers' answers as routes.
fn frozen(plan: &Plan, crossed: &[wire::Exchange]) -> Frozen {
    let origins: Vec<(&str, &Url)> =
        plan.origins.iter().map(|origin| (origin.name.as_str(), &origin.url)).collect();
    let mut frozen = freeze::world(&origins, crossed);
    let looked = "Pages and answers are here as the servers gave them, without values of cookies: look through them before you pass \
                  this file on.";
    frozen.notes.insert(0, looked.to_owned());
    if !plan.records.is_empty() {
        frozen.notes.push("Names of the world that no origin has are left out: its DNS records.".to_owned());
    }
    frozen
}

/// What takes down what a person does.
struct Recorder<'a> {
    window: Window,
    plan: &'a Plan,
    format: Format,
    taken: Vec<Taken>,
    notes: Vec<String>,
    /// What was told and is not taken down yet.
    waiting: VecDeque<Message>,
    /// What was seen during a step that the next one overtook.
    overtaken: Option<Seen>,
    /// The address of the page that shows what happens.
    live: &'a str,
}

impl Recorder<'_> {
    /// Opens the page, says so, and takes down what is done until the window is closed or the user asks for the end.
    async fn go_on(
        &mut self,
        page: &Url,
        browser: BrowserName,
        arguments: &RecordArgs,
        cancelled: &CancellationToken,
    ) -> Result<(), ExitCode> {
        let ended = tokio::select! {
            ended = self.take_down(page, browser, arguments) => ended,
            () = cancelled.cancelled() => return Ok(()),
        };
        match ended {
            // The window was closed: that is how a recording ends.
            Err(Ended::Browser(Failure::Died { .. })) => Ok(()),
            Err(Ended::Browser(failure)) => Err(window::failed(&failure)),
            Err(Ended::Unheard(code)) => Err(code),
            Ok(never) => match never {},
        }
    }

    async fn take_down(
        &mut self,
        page: &Url,
        browser: BrowserName,
        arguments: &RecordArgs,
    ) -> Result<std::convert::Infallible, Ended> {
        self.window.worker.run_in_pages(doings()).await?;
        let visit = step(Action::Visit(page.clone()));
        let seen = self.window.worker.perform(&visit).await?;
        self.window.worker.told_by_now();
        let mut address = seen.page.url.clone();
        self.taken.push(Taken { did: Did::Visit(page.clone()), seen: Some(Seen::of(&seen, Some(page))) });
        let said =
            Announcement { format: arguments.format, browser, page, doing: "Recorded", live: self.live };
        let announced = window::announce(&mut self.window, &said).await;
        let announced = announced.and_then(|()| io::stdout().flush());
        if announced.is_err() {
            let code = super::after_writing(announced, "where the window is", super::HELD);
            return Err(Ended::Unheard(code));
        }
        loop {
            let message = match self.waiting.pop_front() {
                Some(message) => message,
                None => self.window.worker.told().await?,
            };
            self.take(&message, &mut address).await?;
        }
    }

    /// Takes down what one message tells.
    async fn take(&mut self, message: &Message, address: &mut Option<Url>) -> Result<(), Failure> {
        let Some(told) = Told::read(&message.text) else { return Ok(()) };
        let done = told.doings.iter().any(|doing| !matches!(doing, Doing::Page { .. }));
        if !message.in_tab {
            if done {
                let place = if told.is_top { "another window" } else { "a frame of the page" };
                self.note(format!(
                    "What was done in {place} ({}) is left out.",
                    told.url.origin().ascii_serialization()
                ));
            }
            return Ok(());
        }
        let mut did = told.did();
        for doing in &told.doings {
            if let Doing::Page { how, .. } = doing {
                did.extend(self.came(how, &told.url, address.as_ref()));
            }
        }
        let last = did.len();
        for (index, did) in did.into_iter().enumerate() {
            // What was told at once is one thing to the page: it is seen in the last step.
            if index + 1 < last {
                self.add(Taken { did, seen: Some(Seen::default()) });
                self.tell();
                continue;
            }
            self.add(Taken { did: did.clone(), seen: None });
            let seen = self.window.worker.witness(&step(action(&did))).await?;
            self.waiting.extend(self.window.worker.told_by_now());
            // A page that came within the step came by it.
            self.waiting.retain(|message| !is_page_alone(message));
            let is_over = self.waiting.is_empty();
            let mut expected = Seen::of(&seen, address.as_ref());
            if let Some(before) = self.overtaken.take() {
                expected = expected.after(before);
            }
            *address = seen.page.url.or(address.take());
            if let Some(taken) = self.taken.last_mut() {
                // What is typed asks for nothing, as a rule: it was what came next that asked.
                let is_typed = matches!(taken.did, Did::Fill(_));
                (taken.seen, self.overtaken) = match (is_over, is_typed) {
                    (true, _) => (Some(expected), None),
                    (false, true) => (Some(Seen::default()), Some(expected)),
                    (false, false) => (None, Some(expected.lasting())),
                };
            }
            self.tell();
        }
        Ok(())
    }

    /// How a page came that no step brought, if it is one.
    fn came(&self, how: &str, url: &Url, address: Option<&Url>) -> Option<Did> {
        match how {
            "reload" => return Some(Did::Reload),
            "back_forward" => return Some(Did::Back),
            _ => {}
        }
        let asked = self.window.worker.since_last_step();
        let document = asked.iter().rev().find(|exchange| exchange.url == *url);
        // A browser says of what was typed that no site led there (Fetch Metadata, section 2.3).
        let typed = match document.map(|exchange| exchange.request_header("sec-fetch-site")) {
            Some(Some(site)) => site == b"none",
            Some(None) => document.is_some_and(|exchange| exchange.request_header("referer").is_none()),
            None => true,
        };
        match typed {
            true => Some(Did::Visit(url.clone())),
            false => Some(Did::Wait(url.clone())).filter(|_| address != Some(url)),
        }
    }

    /// Adds a step. What was typed right after something was typed belongs to that.
    fn add(&mut self, taken: Taken) {
        let (Did::Fill(fields), Some(Taken { did: Did::Fill(before), seen })) =
            (&taken.did, self.taken.last_mut())
        else {
            self.taken.push(taken);
            return;
        };
        for (selector, text) in fields {
            put(before, selector, text);
        }
        *seen = taken.seen;
    }

    /// Takes down what was told and not seen before the end.
    fn take_rest(&mut self) {
        self.waiting.extend(self.window.worker.told_by_now());
        for message in std::mem::take(&mut self.waiting).into_iter().filter(|message| message.in_tab) {
            for did in Told::read(&message.text).iter().flat_map(Told::did) {
                self.add(Taken { did, seen: None });
                self.tell();
            }
        }
    }

    /// Says that the last step is taken down. Where nobody reads that, the recording goes on.
    fn tell(&self) {
        let Some(taken) = self.taken.last() else { return };
        let action = crate::record::write::action(&taken.did, self.plan);
        _ = match self.format {
            Format::Terminal => writeln!(anstream::stdout(), "  {}", safe(&action)),
            Format::Json => {
                super::write_json(&StepLine { version: 1, step: &action, over: taken.seen.is_some() })
            }
        };
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            super::remark(&note);
            self.notes.push(note);
        }
    }
}

/// The line of JSON that says that a step was taken down, version 1.
#[derive(Serialize)]
struct StepLine<'a> {
    version: u8,
    /// What was done, as a scenario has it.
    step: &'a str,
    /// Whether it was over before anything else was done, so that something is expected of it.
    over: bool,
}

/// How a recording ends that goes on by itself.
enum Ended {
    /// The browser failed, or is gone.
    Browser(Failure),
    /// Nobody has heard where the window is.
    Unheard(ExitCode),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Browser(failure)
    }
}

/// Sets what was typed into a field.
fn put(fields: &mut Vec<(String, Text)>, selector: &str, text: &Text) {
    match fields.iter_mut().find(|(field, _)| field == selector) {
        Some((_, typed)) => typed.clone_from(text),
        None => fields.push((selector.to_owned(), text.clone())),
    }
}

/// Whether a message tells that a page came, and no more.
fn is_page_alone(message: &Message) -> bool {
    Told::read(&message.text).is_none_or(|told| told.did().is_empty())
}

/// The step as a scenario has it. What was typed does not matter: it was typed already.
fn action(did: &Did) -> Action {
    match did {
        Did::Visit(url) | Did::Wait(url) => Action::Visit(url.clone()),
        Did::Reload => Action::Reload,
        Did::Back => Action::Back,
        Did::Click(selector) | Did::Submit(selector) => Action::Click(selector.clone()),
        Did::Fill(_) => Action::Fill(Vec::new()),
    }
}

fn step(action: Action) -> Step {
    Step { action, span: 0..0, inside: None, expect: Expect::default(), on: Vec::new() }
}

//! Real servers, made ready: looked for, started where that is allowed, and ended again.
//!
//! A scenario is data, and a stranger's must be harmless: a command is started only where whoever typed the command
//! line allows it. A server that answers already is used as it is. What is started is under guard, with its whole
//! process group, and ended when all is done. Nothing here asks a server for anything but what says that it is ready.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::browser::guard::{Guarded, private_folder};
use crate::plan::upstream::{Command, Place, Upstream};
use crate::plan::{Origin, Plan};
use crate::text::safe;
use crate::world::upstream::ready::{Found, look};

/// How often a server is looked at while it starts.
const LOOKS: Duration = Duration::from_millis(100);

/// How many of the last lines of a command are told.
const LINES: usize = 8;

/// How many characters of each of them.
const WIDTH: usize = 200;

/// The real servers of a run, and those of them that were started for it. By default none may be started.
#[derive(Debug, Default)]
pub struct Servers {
    /// The executable that guards processes: `rehearsal` itself.
    guard: PathBuf,
    /// Whether commands may be started.
    may_start: bool,
    known: Mutex<Vec<Known>>,
    turn: Arc<Mutex<()>>,
}

/// The turn of one plan at the servers that commands start: while it is held, nobody else's command takes their
/// places. A plan whose servers run already needs none.
#[derive(Debug)]
#[must_use = "another plan may have its own command take the place of a server once this is dropped"]
pub struct Turn {
    _held: Option<OwnedMutexGuard<()>>,
}

/// A server that was looked at, and how it stands.
#[derive(Debug)]
struct Known {
    place: Place,
    command: Option<Command>,
    process: Option<Guarded>,
    outcome: Result<(), NotReady>,
}

/// A server is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// Why: a lower-case fragment.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Servers {
    /// No server yet. `guard` is the `rehearsal` executable.
    pub fn new(guard: PathBuf, may_start: bool) -> Self {
        Self { guard, may_start, known: Mutex::default(), turn: Arc::default() }
    }

    /// Whether commands may be started.
    pub fn may_start(&self) -> bool {
        self.may_start
    }

    /// Makes every server of a plan ready. One that was ready before, for another plan, is not looked at again; one
    /// that was not is not waited for again. A server that was started here for another command, at the same place,
    /// is ended first: the two share nothing but their port. `tell` is told what is started and waited for.
    ///
    /// Plans with commands take turns: the returned turn is to be held for as long as the servers are used.
    ///
    /// # Errors
    /// The first server that is not ready, and why.
    pub async fn make_ready(&self, plan: &Plan, tell: impl Fn(String)) -> Result<Turn, NotReady> {
        let mut upstreams = plan.origins.iter().filter_map(Origin::upstream);
        let _held = match upstreams.any(|upstream| upstream.command.is_some()) {
            true => Some(Arc::clone(&self.turn).lock_owned().await),
            false => None,
        };
        for origin in &plan.origins {
            if let Some(upstream) = origin.upstream() {
                self.one(origin, upstream, &tell).await?;
            }
        }
        Ok(Turn { _held })
    }

    async fn one(
        &self,
        origin: &Origin,
        upstream: &Upstream,
        tell: &impl Fn(String),
    ) -> Result<(), NotReady> {
        let mut known = self.known.lock().await;
        let is_it = |known: &&Known| known.place == upstream.place && known.command == upstream.command;
        if let Some(known) = known.iter().find(is_it) {
            return known.outcome.clone();
        }
        let in_its_place = |known: &Known| known.place == upstream.place && known.process.is_some();
        if let Some(index) = known.iter().position(in_its_place)
            && let Some(process) = known.remove(index).process
        {
            process.end().await;
        }
        let mut process = None;
        let outcome = self.start(origin, upstream, &mut process, tell).await;
        if outcome.is_err()
            && let Some(process) = process.take()
        {
            process.end().await;
        }
        let (place, command) = (upstream.place.clone(), upstream.command.clone());
        known.push(Known { place, command, process, outcome: outcome.clone() });
        outcome
    }

    async fn start(
        &self,
        origin: &Origin,
        upstream: &Upstream,
        process: &mut Option<Guarded>,
        tell: &impl Fn(String),
    ) -> Result<(), NotReady> {
        let host = origin.url.authority();
        match (look(upstream, &origin.name, host).await, &upstream.command) {
            (Found::Ready, _) => return Ok(()),
            (Found::Nobody(message, hint), None) => return Err(NotReady { message, hint: hint.to_owned() }),
            (Found::Nobody(..), Some(command)) if !self.may_start => {
                return Err(not_allowed(origin, upstream, command));
            }
            (Found::Nobody(..), Some(command)) => {
                tell(format!("starting `{}` for `{}`", command.line, origin.name));
                *process = Some(self.spawn(command).map_err(|error| NotReady {
                    message: format!("`{}` could not be started: {error}", command.line),
                    hint: format!("see whether the folder {} is there", command.folder.display()),
                })?);
            }
            (Found::NotReady(_), _) => {
                tell(format!("waiting until `{}` is ready at {}", origin.name, upstream.place));
            }
        }
        wait(origin, upstream, process.as_mut()).await
    }

    #[cfg(unix)]
    fn spawn(&self, command: &Command) -> std::io::Result<Guarded> {
        Guarded::start_command(
            &self.guard,
            &private_folder(),
            &command.line,
            &command.folder,
            command.environment.iter().map(|(name, value)| (name.as_ref(), value.into())),
        )
    }

    #[cfg(not(unix))]
    fn spawn(&self, _: &Command) -> std::io::Result<Guarded> {
        Err(std::io::Error::other("commands are for the shell of a Unix system"))
    }

    /// Ends what was started, and returns when all of it is gone.
    pub async fn end(&self) {
        for known in self.known.lock().await.drain(..) {
            if let Some(process) = known.process {
                process.end().await;
            }
        }
    }
}

/// Waits until a server is ready, its process has ended, or its time is up.
async fn wait(
    origin: &Origin,
    upstream: &Upstream,
    mut process: Option<&mut Guarded>,
) -> Result<(), NotReady> {
    let deadline = Instant::now() + upstream.timeout;
    let mut last = String::from("nothing listens there");
    loop {
        match look(upstream, &origin.name, origin.url.authority()).await {
            Found::Ready => return Ok(()),
            Found::NotReady(why) => last = why,
            Found::Nobody(..) => {}
        }
        if Instant::now() >= deadline {
            let (name, limit) = (&origin.name, upstream.timeout.as_secs());
            let said = process.as_deref().map(last_words).unwrap_or_default();
            return Err(NotReady {
                message: format!("`{name}` was not ready within {limit} s: {last}{said}"),
                hint: "look at what it waits for, or give it longer: `timeout = \"120s\"`".to_owned(),
            });
        }
        match &mut process {
            Some(process) => tokio::select! {
                () = process.ended() => return Err(ended(upstream, process)),
                () = tokio::time::sleep(LOOKS) => {}
            },
            None => tokio::time::sleep(LOOKS).await,
        }
    }
}

fn ended(upstream: &Upstream, process: &Guarded) -> NotReady {
    let line = upstream.command.as_ref().map_or("", |command| command.line.as_str());
    NotReady {
        message: format!("`{line}` ended before the server was ready{}", last_words(process)),
        hint: "start it by hand and see; it has to go on running, at the port of the upstream's `url`"
            .to_owned(),
    }
}

/// What a command wrote last, on lines of their own.
fn last_words(process: &Guarded) -> String {
    let words = process.last_words();
    if words.is_empty() {
        return "; it wrote nothing".to_owned();
    }
    let line = |line: &String| format!("\n    {}", safe(&line.chars().take(WIDTH).collect::<String>()));
    let shown = words[words.len().saturating_sub(LINES)..].iter().map(line);
    format!("; it wrote last:{}", shown.collect::<String>())
}

/// A command that nobody has allowed.
fn not_allowed(origin: &Origin, upstream: &Upstream, command: &Command) -> NotReady {
    let folder = command.folder.display();
    NotReady {
        message: format!(
            "nothing answers at {}, where the server of `{}` is to be",
            upstream.place, origin.name
        ),
        hint: format!(
            "`--start` (or REHEARSAL_START=1) allows this scenario to start it: it would run `{}` in {folder}; or \
             start it yourself",
            command.line
        ),
    }
}

/// Whether the environment allows commands to be started: for CI, where nobody types.
pub fn allowed_by_environment() -> bool {
    std::env::var_os("REHEARSAL_START").is_some_and(|value| value == "1")
}

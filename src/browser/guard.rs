//! Ownership of processes: whatever happens to us, nothing that we started stays behind.
//!
//! A driver starts a browser, which starts a dozen processes, some of which detach themselves. A
//! destructor cannot end them when we are killed, so a second process does: the `rehearsal` binary
//! starts itself again as `rehearsal guard FOLDER PROGRAM ARGUMENT…`. That guard
//!
//! 1. makes the folder, private, and points `HOME`, `TMPDIR` and the `XDG_*` folders into it, so that
//!    the user's own profile is never touched; of our environment it gets what a browser needs, and nothing else;
//! 2. becomes the *child subreaper* (`prctl(2)`): every orphan below it becomes its child;
//! 3. starts the program, whose stdout and stderr are the guard's own;
//! 4. waits until its stdin ends (we closed it, or we are gone, however that came about), until it
//!    gets SIGTERM, or until the program exits;
//! 5. ends its children until none is left, and deletes the folder. A program that leaves things elsewhere
//!    unless it tidies up itself is asked by SIGTERM first, where its owner says so.
//!
//! It is in a process group of its own and deaf to SIGINT and SIGHUP, so a Ctrl-C in the terminal is
//! ours alone to handle. It goes by a name of its own too: who kills every `rehearsal` leaves the guards to do their
//! work. Where a guard was killed all the same, the next one deletes the folder that it left.
//!
//! It never ends a process that is not its own unreaped child, and never looks one up by name. A
//! child's id cannot be reused before it is reaped, and reaping and ending exclude one another, so
//! no stranger is ever hit.
//!
//! Elsewhere than on Linux there is no subreaper; there the program's process group is ended.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::ChildStdin;
use tokio::sync::watch;
use tokio::task::JoinHandle;

mod company;
mod environment;
mod folder;
#[cfg(not(target_os = "linux"))]
mod group;
mod running;
#[cfg(target_os = "linux")]
mod subreaper;

#[cfg(not(target_os = "linux"))]
use group as kin;
#[cfg(target_os = "linux")]
use subreaper as kin;

pub use company::accompany;
pub use folder::Folder;
pub(crate) use folder::private_folder;

/// The name of the hidden subcommand.
pub const SUBCOMMAND: &str = "guard";

/// How many of the last lines of a guarded program are kept.
const LAST_WORDS: usize = 20;

/// How many bytes of each of them.
const LAST_WORD_BYTES: usize = 500;

/// What comes before the folder where the program is to be asked to end before it is made to.
const ASK_FIRST: &str = "--ask-first";

/// What comes before it where the program is the user's own, and is to find the user's home.
const AT_HOME: &str = "--at-home";

/// How long a program that is asked to end is given for it. A display server takes some 10 ms.
const ASKING: Duration = Duration::from_secs(1);

/// How long the guard is given to end everything before it is given up, generous: killing a browser
/// takes some 50 ms.
const ENDING: Duration = Duration::from_secs(10);

/// A program under guard, as its owner sees it.
///
/// Dropping it ends the program and everything it started, shortly after; [`Guarded::end`] also
/// waits until that is done.
#[derive(Debug)]
pub struct Guarded {
    id: Option<u32>,
    /// Its end asks the guard to end everything.
    stdin: Option<ChildStdin>,
    /// Whether the guard has ended.
    gone: watch::Receiver<bool>,
    folder: PathBuf,
    words: Words,
    lines: watch::Receiver<usize>,
    listening: Vec<JoinHandle<()>>,
}

impl Guarded {
    /// Starts a program under guard.
    ///
    /// `executable` is the `rehearsal` binary, `folder` a path at which nothing is yet: the guard makes
    /// a folder there and deletes it in the end. `environment` is added to what a browser needs of ours.
    ///
    /// # Errors
    /// When the executable cannot be started. A program that cannot be started shows by [`Guarded::ended`]
    /// and its [`Guarded::last_words`].
    pub fn start<'a>(
        executable: &Path,
        folder: &Path,
        program: &Path,
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl IntoIterator<Item = (&'a OsStr, OsString)>,
    ) -> io::Result<Self> {
        Self::start_with(&[], executable, folder, None, program, arguments, environment)
    }

    /// The same for a line of a shell, as the user would type it: in this folder, with the user's own home, and
    /// asked before it is made to end.
    ///
    /// # Errors
    /// As [`Guarded::start`], and where there is no such folder.
    #[cfg(unix)]
    pub fn start_command<'a>(
        executable: &Path,
        folder: &Path,
        line: &str,
        within: &Path,
        environment: impl IntoIterator<Item = (&'a OsStr, OsString)>,
    ) -> io::Result<Self> {
        let arguments = ["-c", line].map(OsString::from);
        let flags = [ASK_FIRST, AT_HOME];
        Self::start_with(
            &flags,
            executable,
            folder,
            Some(within),
            Path::new("/bin/sh"),
            arguments,
            environment,
        )
    }

    /// The same for a program that tidies up when it gets SIGTERM: it is asked before it is made to end.
    ///
    /// # Errors
    /// As [`Guarded::start`].
    pub fn start_to_be_asked(
        executable: &Path,
        folder: &Path,
        program: &Path,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> io::Result<Self> {
        Self::start_with(&[ASK_FIRST], executable, folder, None, program, arguments, [])
    }

    fn start_with<'a>(
        flags: &[&str],
        executable: &Path,
        folder: &Path,
        within: Option<&Path>,
        program: &Path,
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl IntoIterator<Item = (&'a OsStr, OsString)>,
    ) -> io::Result<Self> {
        let mut command = tokio::process::Command::new(executable);
        command.arg(SUBCOMMAND).args(flags).arg(folder).arg(program).args(arguments);
        match within {
            // The user's own program gets the user's own environment.
            Some(within) => _ = command.current_dir(within),
            None => _ = command.env_clear().envs(environment::inherited()),
        }
        command.envs(environment);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
        let mut guard = command.spawn()?;

        let words = Words::default();
        let (count, lines) = watch::channel(0);
        let count = Arc::new(count);
        let mut listening = Vec::new();
        if let Some(stdout) = guard.stdout.take() {
            listening.push(tokio::spawn(listen(stdout, words.clone(), count.clone())));
        }
        if let Some(stderr) = guard.stderr.take() {
            listening.push(tokio::spawn(listen(stderr, words.clone(), count)));
        }
        let (id, stdin) = (guard.id(), guard.stdin.take());
        let (tell, gone) = watch::channel(false);
        let counted = running::Counted::new();
        tokio::spawn(async move {
            // An error means that there is no such child any more.
            _ = guard.wait().await;
            drop(counted);
            // An error means that nobody cares.
            _ = tell.send(true);
        });
        Ok(Self { id, stdin, gone, folder: folder.to_owned(), words, lines, listening })
    }

    /// The private folder. It exists from shortly after the start until everything has ended.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process id of the guard, while it is there.
    pub fn id(&self) -> Option<u32> {
        self.id.filter(|_| !*self.gone.borrow())
    }

    /// The last lines the program wrote, oldest first.
    pub fn last_words(&self) -> Vec<String> {
        self.words.list()
    }

    /// Forgets the lines so far: those of a start that went well explain nothing later.
    pub(super) fn forget_words(&self) {
        self.words.lock().clear();
    }

    /// A handle to the last lines that outlives this borrow.
    pub(super) fn words(&self) -> Words {
        self.words.clone()
    }

    /// Waits for a line that `wanted` makes something of; `None` once nothing more will be written.
    ///
    /// Looks at the lines kept, so call it early.
    pub async fn line<T>(&mut self, wanted: impl Fn(&str) -> Option<T>) -> Option<T> {
        loop {
            self.lines.mark_unchanged();
            if let Some(found) = self.words.list().iter().find_map(|line| wanted(line)) {
                return Some(found);
            }
            if self.lines.changed().await.is_err() {
                return self.words.list().iter().find_map(|line| wanted(line));
            }
        }
    }

    /// Waits until the guard has ended by itself, which it does when the program exits.
    pub async fn ended(&mut self) {
        // An error means that whoever waited for it is gone, as it is then.
        _ = self.gone.wait_for(|gone| *gone).await;
    }

    /// Ends the program and everything it started, and waits until that is done, the folder is deleted, and its
    /// last words have been heard. Answers whether it was, in time.
    pub async fn end(mut self) -> bool {
        drop(self.stdin.take());
        let ended = async {
            self.ended().await;
            for heard in std::mem::take(&mut self.listening) {
                // An error: it broke off, and there is no more to hear.
                _ = heard.await;
            }
        };
        tokio::time::timeout(ENDING, ended).await.is_ok()
    }
}

/// Waits until everything that was started under guard has ended, also what was dropped. Answers whether it has,
/// in time.
pub async fn all_ended() -> bool {
    running::none(ENDING).await
}

/// The last lines a program wrote.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(Arc<Mutex<VecDeque<String>>>);

impl Words {
    /// The lines, oldest first.
    pub(super) fn list(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn push(&self, line: String) {
        let mut words = self.lock();
        if words.len() == LAST_WORDS {
            words.pop_front();
        }
        words.push_back(line);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Reads lines until the pipe ends, so that the program never blocks on a full one. Of a line that is too long the
/// beginning is kept, however long it gets.
async fn listen(pipe: impl AsyncRead + Unpin, words: Words, count: Arc<watch::Sender<usize>>) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    let hear = |line: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        if !text.is_empty() {
            words.push(text);
            count.send_modify(|count| *count += 1);
        }
        line.clear();
    };
    while let Ok(read) = pipe.fill_buf().await
        && !read.is_empty()
    {
        let end = read.iter().position(|byte| *byte == b'\n');
        let part = &read[..end.unwrap_or(read.len())];
        line.extend_from_slice(&part[..part.len().min(LAST_WORD_BYTES - line.len())]);
        let used = end.map_or(read.len(), |end| end + 1);
        pipe.consume(used);
        if end.is_some() {
            hear(&mut line);
        }
    }
    hear(&mut line);
}

/// The processes whose parent this one is, where the system tells.
pub(super) fn children(process: u32) -> Vec<u32> {
    kin::children_of(process)
}

/// What wakes the guard.
enum Event {
    /// Its stdin ended: its owner asks it to end, or is gone.
    OwnerLeft,
    /// It was asked by SIGTERM.
    Asked,
    /// The program exited, by itself or because someone killed it.
    ProgramLeft(ExitCode),
    /// Some other descendant was reaped.
    Reaped,
}

/// The guard itself: `rehearsal guard [--ask-first] [--at-home] FOLDER PROGRAM ARGUMENT…`.
///
/// Exits with the program's own code if that exited first, 0 if it was asked to end, and 2 if it
/// could not start, having written why to stderr.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter().peekable();
    let ask = arguments.next_if(|argument| argument == ASK_FIRST).is_some();
    let at_home = arguments.next_if(|argument| argument == AT_HOME).is_some();
    let (Some(folder), Some(program)) = (arguments.next(), arguments.next()) else {
        return complain("a guard needs a folder and a program");
    };
    match watch_over(Path::new(&folder), Path::new(&program), arguments, ask, at_home) {
        Ok(code) => code,
        Err(message) => complain(&message),
    }
}

fn complain(message: &str) -> ExitCode {
    // Whoever would read it may have gone.
    _ = writeln!(io::stderr(), "{message}");
    ExitCode::from(2)
}

fn watch_over(
    folder: &Path,
    program: &Path,
    arguments: impl Iterator<Item = OsString>,
    ask: bool,
    at_home: bool,
) -> Result<ExitCode, String> {
    let (events, inbox) = channel();
    hear_signals(events.clone()).map_err(|error| format!("signals cannot be handled: {error}"))?;
    kin::go_by_another_name();
    kin::adopt().map_err(|error| format!("orphans cannot be adopted: {error}"))?;

    let folder = Folder::create(folder).and_then(|made| made.furnish().map(|()| made)).map_err(|error| {
        format!("the folder {} cannot be made: {error}; TMPDIR names where", folder.display())
    })?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    if !at_home {
        command.envs(folder.environment());
    }
    let started = kin::Kin::start(command, events.clone());
    let kin = started.map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
    std::thread::spawn(move || {
        // Nothing is ever sent: the end of the pipe is the message.
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        let _ = events.send(Event::OwnerLeft);
    });
    let own = folder.path().to_owned();
    // Nobody waits for it, and it may end with this process.
    std::thread::spawn(move || folder::sweep(&own));

    let code = loop {
        match inbox.recv() {
            Ok(Event::OwnerLeft | Event::Asked) | Err(_) => break ExitCode::SUCCESS,
            Ok(Event::ProgramLeft(code)) => break code,
            Ok(Event::Reaped) => {}
        }
    };
    if ask {
        kin.ask(&inbox, ASKING);
    }
    kin.end(&inbox);
    drop(folder);
    Ok(code)
}

/// Makes SIGTERM an event, and SIGINT and SIGHUP nothing at all.
#[cfg(unix)]
fn hear_signals(events: Sender<Event>) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut terminate, mut interrupt, mut hang_up) = {
        let _entered = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?)
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = terminate.recv() => if events.send(Event::Asked).is_err() { return },
                    _ = interrupt.recv() => {}
                    _ = hang_up.recv() => {}
                }
            }
        });
    });
    Ok(())
}

#[cfg(not(unix))]
fn hear_signals(_: Sender<Event>) -> io::Result<()> {
    Ok(())
}

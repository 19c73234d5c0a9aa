//! A display for a browser that needs one and is not to be seen: an Xvfb of our own, for one run.

use std::ffi::OsString;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::browser::driver::XVFB;
use crate::browser::failure::Failure;
use crate::browser::guard::{Guarded, private_folder};
use crate::browser::options::LaunchOptions;

/// Without it the server starts anew whenever its last client has left, as it does between two scenarios, and turns
/// away who comes just then: 105 to 342 of 1,500 clients that came one after the other, and with it none (measured
/// 2026-11-27, Xvfb 21.1.7).
const STAY: &str = "-noreset";

/// A display server under guard.
#[derive(Debug)]
pub(super) struct Display {
    /// What clients call it: `:1`.
    name: String,
    /// `None` once it was ended.
    guarded: Mutex<Option<Guarded>>,
    process: Option<u32>,
}

impl Display {
    /// Starts a display server on a number that is free.
    ///
    /// # Errors
    /// [`Failure::Missing`], [`Failure::NotStarted`] with its last words, [`Failure::TimedOut`].
    pub(super) async fn start(options: &LaunchOptions) -> Result<Self, Failure> {
        let program = XVFB.find()?;
        // It takes the first number that is free, and writes it to stdout once clients may come.
        let arguments = ["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "1280x800x24", STAY];
        let folder = private_folder();
        // It removes its socket and its lock, which stand outside the folder, only where it is asked to end.
        let guarded =
            Guarded::start_to_be_asked(&options.guard, &folder, &program, arguments.map(OsString::from));
        let mut guarded = guarded
            .map_err(|error| not_started(format!("{}: {error}", options.guard.display()), Vec::new()))?;
        let number = guarded.line(|line| line.parse::<u32>().ok());
        match tokio::time::timeout(options.timeout, number).await {
            Ok(Some(number)) => {
                let process = guarded.id();
                Ok(Self { name: format!(":{number}"), guarded: Mutex::new(Some(guarded)), process })
            }
            Ok(None) => {
                let words = guarded.words();
                guarded.end().await;
                Err(not_started("it exited before it had a display".to_owned(), words.list()))
            }
            Err(_) => {
                guarded.end().await;
                Err(Failure::TimedOut { command: format!("start of {}", XVFB.name), after: options.timeout })
            }
        }
    }

    /// What clients call it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The process that guards it.
    pub(super) fn process(&self) -> Option<u32> {
        self.process
    }

    /// Whether it is there.
    pub(super) async fn is_there(&self) -> bool {
        match &mut *self.guarded.lock().await {
            Some(guarded) => tokio::time::timeout(Duration::ZERO, guarded.ended()).await.is_err(),
            None => false,
        }
    }

    /// Ends it, and returns when it is gone. Does nothing the second time.
    pub(super) async fn close(&self) {
        if let Some(guarded) = self.guarded.lock().await.take() {
            guarded.end().await;
        }
    }
}

fn not_started(message: String, last_words: Vec<String>) -> Failure {
    Failure::NotStarted { program: XVFB.name.to_owned(), message, last_words }
}

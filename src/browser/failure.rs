//! Why a browser could not do what it was asked.
//!
//! A [`Failure`] is about the browser, its driver or the protocol between them, and ends a run of a
//! scenario as an error. What a *page* fails at (a refused connection, a thrown exception) is no
//! failure: it is part of the observation.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::cause;

/// Why a browser could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A program that is needed is not installed.
    Missing {
        /// The program's name: `chromium`, `chromedriver`.
        program: String,
        /// What to do about it.
        hint: String,
    },
    /// A program is installed and did not come up.
    NotStarted {
        /// The program's name.
        program: String,
        /// What went wrong.
        message: String,
        /// The last lines it wrote, oldest first.
        last_words: Vec<String>,
    },
    /// This machine lacks something that no program can bring along.
    Unprepared {
        /// What it lacks: a sentence without its end.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// The browser or its driver was there and is gone.
    Died {
        /// Which of the two, as far as that can be told: `the browser`, `the driver`.
        who: String,
        /// The last lines the driver wrote, oldest first.
        last_words: Vec<String>,
    },
    /// A command was not answered in time.
    TimedOut {
        /// The command, as the protocol names it, or what was waited for.
        command: String,
        /// How long was waited.
        after: Duration,
    },
    /// The browser broke requests off because this machine's network changed: an interface came or an
    /// address went, also one that no request goes by.
    NetworkChanged,
    /// This engine's driver has no way to do what a step asks.
    NotPossible {
        /// Why not.
        why: &'static str,
    },
    /// The driver answered with an error, or with something that is no answer.
    Protocol {
        /// The command, as the protocol names it.
        command: String,
        /// What was answered.
        message: String,
    },
}

impl Failure {
    /// What to do about it: a fragment, where there is something to do and it is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Missing { hint, .. } | Self::Unprepared { hint, .. } => Some(hint),
            Self::NotStarted { message, last_words, .. } => {
                cause::remedy(std::iter::once(message).chain(last_words))
            }
            Self::Died { last_words, .. } => cause::remedy(last_words),
            Self::Protocol { message, .. } => cause::remedy([message]),
            Self::NetworkChanged => Some("run it again when the network is quiet"),
            _ => None,
        }
    }

    /// Whether it is of the moment: the same may go well when it is done again.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::NetworkChanged)
    }

    /// Whether the browser can no longer be spoken to, so that a new one has to be launched.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Protocol { .. } | Self::NotPossible { .. })
    }

    /// Whether what is gone or does not answer may be had again elsewhere: another session of a Grid.
    pub(crate) fn is_loss(&self) -> bool {
        matches!(self, Self::Died { .. } | Self::TimedOut { .. } | Self::NotStarted { .. })
    }

    /// A machine that nobody named came to the gateway while the browser could not load something.
    pub(crate) fn stranger(from: IpAddr) -> Self {
        Self::Unprepared {
            message: format!("{from} came for the world and was refused: no browser is known to run there"),
            hint: format!("where it is a machine of yours with browsers, let it in: `--peer {from}`"),
        }
    }

    pub(crate) fn protocol(command: &str, message: impl fmt::Display) -> Self {
        Self::Protocol { command: command.to_owned(), message: message.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { program, .. } => write!(f, "{program} is not installed"),
            Self::NotStarted { program, message, last_words } => {
                write!(f, "{program} did not start: {message}")?;
                quote(f, last_words)
            }
            Self::Unprepared { message, .. } => f.write_str(message),
            Self::Died { who, last_words } => {
                write!(f, "{who} is gone")?;
                quote(f, last_words)
            }
            Self::TimedOut { command, after } => {
                write!(f, "no answer to `{command}` within {:.1} s", after.as_secs_f64())
            }
            Self::NetworkChanged => {
                f.write_str("this machine's network changed, and the browser broke its requests off")
            }
            Self::NotPossible { why } => f.write_str(why),
            Self::Protocol { command, message } => write!(f, "`{command}` failed: {message}"),
        }
    }
}

impl std::error::Error for Failure {}

fn quote(f: &mut fmt::Formatter<'_>, last_words: &[String]) -> fmt::Result {
    if last_words.is_empty() {
        return Ok(());
    }
    f.write_str("; its last words:")?;
    last_words.iter().try_for_each(|line| write!(f, "\n  {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_and_quotes_the_last_words() {
        let died = Failure::Died { who: "the browser".into(), last_words: vec!["one".into(), "two".into()] };
        assert_eq!(died.to_string(), "the browser is gone; its last words:\n  one\n  two");
        let late =
            Failure::TimedOut { command: "browsingContext.navigate".into(), after: Duration::from_secs(3) };
        assert_eq!(late.to_string(), "no answer to `browsingContext.navigate` within 3.0 s");
    }
}

//! Scenario files: what is read, what is a mistake, what a failed expectation says.

mod covers;
mod hostile;
mod messages;
mod strangers;
mod verdicts;

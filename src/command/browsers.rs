//! stub
use std::process::ExitCode;
use crate::browser::name::Engine;
use crate::cli::BrowsersArgs;
pub fn browsers(_: &BrowsersArgs) -> ExitCode { ExitCode::SUCCESS }
pub fn install(_: Engine) -> Result<(), ExitCode> { Ok(()) }

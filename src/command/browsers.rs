//! stub
use crate::browser::name::Engine;
use crate::cli::BrowsersArgs;
use std::process::ExitCode;
pub fn browsers(_: &BrowsersArgs) -> ExitCode {
    ExitCode::SUCCESS
}
pub fn install(_: Engine) -> Result<(), ExitCode> {
    Ok(())
}

//! What `rehearsal doctor` found: a block for each browser, for people, and one document of JSON.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::browser::install;
use crate::browser_name::BrowserName;
use crate::doctor::{Check, Finding};
use crate::outcome::Run;

/// The document of `doctor --format json`, version 1.
#[derive(Serialize)]
pub struct Document<'a> {
    version: u8,
    browsers: Vec<BrowserObject<'a>>,
}

#[derive(Serialize)]
struct BrowserObject<'a> {
    browser: String,
    /// Empty where it never came up.
    browser_version: &'a str,
    installed: bool,
    checks: &'a [Check],
    /// What to do where it is not installed.
    help: Option<String>,
}

impl<'a> Document<'a> {
    /// The document of these browsers, and of those that are not there.
    pub fn of(examined: &'a [(Run, Vec<Check>)], missing: &[BrowserName]) -> Self {
        let examined = examined.iter().map(|(run, checks)| BrowserObject {
            browser: run.browser.to_string(),
            browser_version: &run.browser_version,
            installed: true,
            checks,
            help: None,
        });
        let missing = missing.iter().map(|browser| BrowserObject {
            browser: browser.to_string(),
            browser_version: "",
            installed: false,
            checks: &[],
            help: install::missing_hint(browser.engine),
        });
        Self { version: 1, browsers: examined.chain(missing).collect() }
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let bold = Style::new().bold();
        for (index, browser) in self.browsers.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            writeln!(out, "{bold}{}{bold:#}", browser.browser)?;
            if let Some(help) = &browser.help {
                write_line(out, AnsiColor::Yellow, "missing", "", "it is not installed here")?;
                write_help(out, help)?;
            }
            for check in browser.checks {
                match &check.finding {
                    Finding::Works { seen } => {
                        write_line(out, AnsiColor::Green, "ok", check.subject, seen)?;
                    }
                    Finding::Absent { instead } => {
                        write_line(out, AnsiColor::Yellow, "absent", check.subject, instead)?;
                    }
                    Finding::Broken { seen, help } => {
                        write_line(out, AnsiColor::Red, "broken", check.subject, seen)?;
                        write_help(out, help)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn write_line(
    out: &mut dyn Write,
    color: AnsiColor,
    word: &str,
    subject: &str,
    text: &str,
) -> io::Result<()> {
    let style = Style::new().fg_color(Some(color.into()));
    writeln!(out, "  {style}{word:7}{style:#}  {subject:8} {text}")
}

fn write_help(out: &mut dyn Write, help: &str) -> io::Result<()> {
    writeln!(out, "           {:8} → {help}", "")
}

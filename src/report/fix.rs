//! A fix on the terminal: what works where, the diff, and its price.

use std::io::{self, Write};

use anstyle::AnsiColor;

use crate::browser_name::BrowserName;
use crate::edit::Change;
use crate::explain::{Fix, Remedy, listed};
use crate::rules::reason::Question;

/// No line is longer, but for those that are to be copied.
pub(super) const WIDTH: usize = 100;

/// Writes what to do. `browsers` are all that were asked for.
pub(super) fn write_remedy(out: &mut dyn Write, remedy: &Remedy, browsers: &[BrowserName]) -> io::Result<()> {
    let Some(fix) = &remedy.fix else { return Ok(()) };
    write_fix(out, &format!("fix, predicted to work in {}:", listed(&fix.works_in)), fix, &[])?;
    for (browser, reasons) in &remedy.elsewhere {
        let words: Vec<String> = reasons
            .iter()
            .map(|reason| {
                let question =
                    if reason.answers(Question::Stored) { Question::Stored } else { Question::Readable };
                format!("{reason}: {}", reason.sentence(question))
            })
            .collect();
        let words = words.join("; ");
        let sentence = format!(
            "It does not help {} ({words}): nothing safe in headers or the call does.",
            browser.real()
        );
        write_wrapped(out, "  ", &sentence)?;
    }
    if let Some(everywhere) = &remedy.everywhere {
        writeln!(out)?;
        let title = format!("predicted to work in {}:", listed(browsers));
        write_fix(out, &title, everywhere, &fix.remarks)?;
    } else if !remedy.elsewhere.is_empty() {
        write_wrapped(out, "  ", "Nothing that was tried works in every browser asked for.")?;
    }
    Ok(())
}

/// Writes one fix under a title, without the remarks that were made already.
pub(super) fn write_fix(out: &mut dyn Write, title: &str, fix: &Fix, made: &[String]) -> io::Result<()> {
    let style = AnsiColor::Green.on_default().bold();
    writeln!(out, "{style}{title}{style:#}")?;
    for change in &fix.changes {
        write_change(out, change)?;
    }
    for remark in fix.remarks.iter().filter(|remark| !made.contains(remark)) {
        let mut sentence = remark.clone();
        if let Some(first) = sentence.get(..1).map(str::to_uppercase) {
            sentence.replace_range(..1, &first);
        }
        write_wrapped(out, "  ", &format!("{sentence}."))?;
    }
    Ok(())
}

fn write_change(out: &mut dyn Write, change: &Change) -> io::Result<()> {
    writeln!(out, "  {}:", change.place)?;
    let (red, green) = (AnsiColor::Red.on_default(), AnsiColor::Green.on_default());
    let lines = change.before.iter().map(|line| ('-', line, red));
    for (mark, line, style) in lines.chain(change.after.iter().map(|line| ('+', line, green))) {
        writeln!(out, "    {style}{mark} {}{style:#}", elided(line))?;
    }
    Ok(())
}

/// A line with the middle of a cookie's long value left out, and no control characters.
fn elided(line: &str) -> String {
    const LONGEST: usize = 40;
    let line: String = line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let Some(rest) = line.strip_prefix("Set-Cookie: ") else { return line };
    let (pair, attributes) = rest.find(';').map_or((rest, ""), |end| rest.split_at(end));
    let value = pair.split_once('=').map_or(pair, |(_, value)| value);
    if value.chars().count() <= LONGEST || line.len() + 6 <= WIDTH {
        return line;
    }
    let name = &pair[..pair.len() - value.len()];
    let begin: String = value.chars().take(LONGEST / 2).collect();
    format!("Set-Cookie: {name}{begin}…{attributes}")
}

/// Writes text broken between words, each line indented.
pub(super) fn write_wrapped(out: &mut dyn Write, indent: &str, text: &str) -> io::Result<()> {
    write_hanging(out, indent, indent, text)
}

/// The same with a first line of its own.
pub(super) fn write_hanging(out: &mut dyn Write, first: &str, indent: &str, text: &str) -> io::Result<()> {
    write_filled(out, first, indent, text, WIDTH)
}

/// The same in lines of at most this many characters, but for longer words.
pub(super) fn write_filled(
    out: &mut dyn Write,
    first: &str,
    indent: &str,
    text: &str,
    width: usize,
) -> io::Result<()> {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
            writeln!(out, "{line}")?;
            indent.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    writeln!(out, "{line}")
}

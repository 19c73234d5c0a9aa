//! A fix for people: what works where, what changes, and its price. Which of it is said and in which order is
//! decided here, for every format.

use std::io::{self, Write};

use anstyle::AnsiColor;

use crate::browser_name::{BrowserName, listed};
use crate::edit::Change;
use crate::explain::{Fix, Remedy, Trial, Tried};
use crate::rules::reason::Question;
use crate::text::{PROSE, safe, wrapped};

/// One thing to do, under a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    /// What it does, and where it is predicted to work.
    pub(super) title: String,
    /// What changes.
    pub(super) changes: &'a [Change],
    /// What to know before doing it: whole sentences.
    pub(super) sentences: Vec<String>,
}

/// What to do, the smallest first; nothing where nothing was found. `browsers` are all that were asked for.
pub(super) fn blocks<'a>(remedy: &'a Remedy, browsers: &[BrowserName]) -> Vec<Block<'a>> {
    let Some(fix) = &remedy.fix else { return Vec::new() };
    let mut first = block(title(fix), fix, &[]);
    first.sentences.extend(trial(fix));
    for (browser, reasons) in &remedy.elsewhere {
        let words: Vec<String> = reasons
            .iter()
            .map(|reason| {
                let question =
                    if reason.answers(Question::Stored) { Question::Stored } else { Question::Readable };
                format!("{reason}: {}", reason.sentence(question))
            })
            .collect();
        first.sentences.push(format!(
            "It does not help {} ({}): nothing safe in headers or the call does.",
            browser.real(),
            words.join("; ")
        ));
    }
    match &remedy.everywhere {
        Some(everywhere) => {
            let title = format!("predicted to work in {}:", listed(browsers));
            let second = block(title, everywhere, &fix.remarks);
            vec![first, second]
        }
        None => {
            if !remedy.elsewhere.is_empty() {
                first.sentences.push("Nothing that was tried works in every browser asked for.".to_owned());
            }
            vec![first]
        }
    }
}

/// Where a fix works: as it was tried on real servers or, where it was not, as is predicted.
fn title(fix: &Fix) -> String {
    let tried = match &fix.trial {
        Trial::Done(tried) => tried.as_slice(),
        Trial::Needless | Trial::Possible | Trial::NotPossible(_) => &[],
    };
    let of = |works: bool| -> Vec<BrowserName> {
        tried.iter().filter(|tried| tried.works() == works).map(|tried| tried.browser).collect()
    };
    match (of(true).as_slice(), of(false).as_slice()) {
        (works @ [_, ..], []) => format!("fix, tried on your servers in {}: it works:", listed(works)),
        (works @ [_, ..], others) => {
            format!(
                "fix, tried on your servers: it works in {}, and not in {}:",
                listed(works),
                listed(others)
            )
        }
        ([], _) => format!("fix, predicted to work in {}:", listed(&fix.works_in)),
    }
}

/// What is to be said of trying a fix on real servers: whole sentences.
fn trial(fix: &Fix) -> Vec<String> {
    match &fix.trial {
        Trial::Needless => Vec::new(),
        Trial::Possible => vec![
            "With `--try` it is laid over your servers' answers, and the scenario runs once more: that asks them again."
                .to_owned(),
        ],
        Trial::NotPossible(why) => {
            vec![format!("It cannot be tried before the code is changed: {why}.")]
        }
        Trial::Done(tried) => tried
            .iter()
            .filter_map(|Tried { browser, failed, error }| match error {
                Some(error) => Some(format!("It could not be tried in {browser}: {error}.")),
                None if failed.is_empty() => None,
                None => Some(format!(
                    "Tried on your servers in {browser}, this does not hold yet: {}.",
                    failed.join("; ")
                )),
            })
            .collect(),
    }
}

/// One fix, without the remarks that were made already.
pub(super) fn block<'a>(title: String, fix: &'a Fix, made: &[String]) -> Block<'a> {
    let remarks = fix.remarks.iter().filter(|remark| !made.contains(remark));
    let sentences = remarks.map(|remark| {
        let mut sentence = remark.clone();
        if let Some(first) = sentence.get(..1).map(str::to_uppercase) {
            sentence.replace_range(..1, &first);
        }
        format!("{sentence}.")
    });
    Block { title, changes: &fix.changes, sentences: sentences.collect() }
}

/// Writes what to do.
pub(super) fn write_remedy(
    out: &mut dyn Write,
    remedy: &Remedy,
    browsers: &[BrowserName],
    columns: usize,
) -> io::Result<()> {
    for (index, block) in blocks(remedy, browsers).iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_block(out, block, columns)?;
    }
    Ok(())
}

/// Writes one thing to do.
pub(super) fn write_block(out: &mut dyn Write, block: &Block<'_>, columns: usize) -> io::Result<()> {
    let style = AnsiColor::Green.on_default().bold();
    writeln!(out, "{style}{}{style:#}", safe(&block.title))?;
    for change in block.changes {
        write_change(out, change)?;
    }
    for sentence in &block.sentences {
        write_hanging(out, "  ", "  ", sentence, columns.min(PROSE))?;
    }
    Ok(())
}

fn write_change(out: &mut dyn Write, change: &Change) -> io::Result<()> {
    writeln!(out, "  {}:", safe(&change.place))?;
    let (red, green) = (AnsiColor::Red.on_default(), AnsiColor::Green.on_default());
    let lines = change.before.iter().map(|line| ('-', line, red));
    for (mark, line, style) in lines.chain(change.after.iter().map(|line| ('+', line, green))) {
        writeln!(out, "    {style}{mark} {}{style:#}", elided(line))?;
    }
    Ok(())
}

/// A line fit to be shown, with the end of a cookie's long value left out.
pub(super) fn elided(line: &str) -> String {
    const LONGEST: usize = 40;
    let line = safe(line);
    let Some(rest) = line.strip_prefix("Set-Cookie: ") else { return line.into_owned() };
    let (pair, attributes) = rest.find(';').map_or((rest, ""), |end| rest.split_at(end));
    let value = pair.split_once('=').map_or(pair, |(_, value)| value);
    if value.chars().count() <= LONGEST || line.len() + 6 <= PROSE {
        return line.into_owned();
    }
    let name = &pair[..pair.len() - value.len()];
    let begin: String = value.chars().take(LONGEST / 2).collect();
    format!("Set-Cookie: {name}{begin}…{attributes}")
}

/// Writes text broken between words: one line that begins with `first`, and others with `rest`.
pub(super) fn write_hanging(
    out: &mut dyn Write,
    first: &str,
    rest: &str,
    text: &str,
    columns: usize,
) -> io::Result<()> {
    wrapped(first, rest, &safe(text), columns).iter().try_for_each(|line| writeln!(out, "{line}"))
}

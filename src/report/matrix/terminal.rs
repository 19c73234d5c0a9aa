//! The table for a terminal: one line a combination, one narrow column a browser.
//!
//! A cell is a word, and where something is wrong a letter that the notes below the table spell out. The
//! columns that a terminal is too narrow for stand in another table under the first.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{assumed, by_whom, policy, reasons, troubles, word};
use crate::browser_name::BrowserName;
use crate::matrix::{Cell, Fate, Finding, Matrix};
use crate::report::fix::write_hanging;
use crate::text::{safe, width as columns_of};

/// Writes a matrix for people, in lines of at most `width` characters wherever names allow it.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut dyn Write, matrix: &Matrix, width: usize) -> io::Result<()> {
    let finding = matrix.finding();
    let table = Table::of(matrix, &finding, width);
    write_head(out, matrix, &finding, width)?;
    for columns in table.chunks() {
        writeln!(out)?;
        table.write(out, columns)?;
    }
    writeln!(out)?;
    table.write_notes(out)?;
    writeln!(out)?;
    write_foot(out, matrix, width)
}

fn write_head(out: &mut dyn Write, matrix: &Matrix, finding: &Finding, width: usize) -> io::Result<()> {
    let plan = &matrix.draft.plan;
    writeln!(out, "{}", safe(&plan.source.path))?;
    write_hanging(out, "", "", &plan.title, width)?;
    writeln!(out)?;
    let bold = Style::new().bold();
    write!(out, "{bold}")?;
    write_hanging(out, "", "", &finding.headline(matrix), width)?;
    write!(out, "{bold:#}")?;
    for sentence in finding.as_written(matrix).into_iter().chain(finding.remark(matrix)) {
        write_hanging(out, "", "", &sentence, width)?;
    }
    let red = AnsiColor::Red.on_default().bold();
    for (browser, why) in matrix.silent() {
        writeln!(out)?;
        write!(out, "{red}")?;
        write_hanging(out, "", "", &format!("{browser} shows nothing: {}.", why), width)?;
        write!(out, "{red:#}")?;
    }
    let wrong = matrix.disagreements();
    if wrong > 0 {
        writeln!(out)?;
        let cells = if wrong == 1 { "1 cell was".to_owned() } else { format!("{wrong} cells were") };
        write!(out, "{red}")?;
        let text = format!(
            "DISAGREEMENT: {cells} predicted otherwise than a real browser did, each marked with !! and told below. \
             Each is a bug in rehearsal: please report it."
        );
        write_hanging(out, "", "", &text, width)?;
        write!(out, "{red:#}")?;
    }
    Ok(())
}

fn write_foot(out: &mut dyn Write, matrix: &Matrix, width: usize) -> io::Result<()> {
    let cookies: Vec<&str> = matrix.draft.needs.iter().map(|need| need.name.as_str()).collect();
    let noun = if cookies.len() == 1 { "cookie" } else { "cookies" };
    write_hanging(out, "", "  ", &format!("{noun}: {}", cookies.join(", ")), width)?;
    write_hanging(out, "assumed: ", "  ", &assumed(matrix).join(" "), width)?;
    for place in &matrix.draft.places {
        for assumption in &place.assumptions {
            write_hanging(out, "  ", "    ", &format!("{}: {}", place.topology.title(), assumption), width)?;
        }
    }
    for (topology, why) in &matrix.draft.impossible {
        write_hanging(out, "", "  ", &format!("not possible: {}: {}", topology.title(), why), width)?;
    }
    write_hanging(out, "", "  ", &by_whom(matrix), width)?;
    for (browser, version) in
        matrix.browsers.iter().zip(&matrix.versions).filter(|(browser, _)| !browser.model)
    {
        writeln!(out, "{browser} {version}: third-party cookies {}", browser.third_party().as_str())?;
    }
    Ok(())
}

/// The table, laid out.
struct Table<'m> {
    matrix: &'m Matrix,
    finding: &'m Finding,
    width: usize,
    /// What is wrong in cells, each once, in the order of the letters.
    notes: Vec<String>,
    label: usize,
    column: usize,
    /// Whether there is room for whole words in the heading.
    whole: bool,
}

impl<'m> Table<'m> {
    fn of(matrix: &'m Matrix, finding: &'m Finding, width: usize) -> Self {
        let mut notes: Vec<String> = Vec::new();
        for note in matrix.rows.iter().flatten().filter_map(|cell| note(matrix, cell)) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        let labels = matrix.draft.combinations.iter().map(|combination| columns_of(&combination.label()));
        let label = 2 + labels.max().unwrap_or(0) + 2;
        let mut table = Self { matrix, finding, width, notes, label, column: 0, whole: false };
        let texts = matrix.rows.iter().flatten().map(|cell| columns_of(&table.text(cell)) + 1);
        let columns = 0..matrix.browsers.len();
        // An engine's name stands over all its columns, and where the table is broken perhaps over one.
        let engines = columns.clone().map(|column| {
            let browser = matrix.browsers[column];
            let span = matrix.browsers.iter().filter(|other| is_same_group(**other, browser)).count();
            (group(browser).chars().count() + 1).div_ceil(span)
        });
        let least = texts.chain(engines).max().unwrap_or(0);
        let words = |whole: bool| {
            let words = matrix.browsers.iter().map(|browser| heading(*browser, whole).chars().count() + 1);
            words.max().unwrap_or(0).max(least)
        };
        table.whole = label + columns.len() * words(true) <= width;
        table.column = words(table.whole);
        // A little air, where there is room for it.
        if label + columns.len() * (table.column + 1) <= width {
            table.column += 1;
        }
        table
    }

    /// The columns, as many at a time as there is room for.
    fn chunks(&self) -> impl Iterator<Item = Vec<usize>> {
        let room = (self.width.saturating_sub(self.label) / self.column).max(1);
        let columns: Vec<usize> = (0..self.matrix.browsers.len()).collect();
        columns.chunks(room).map(<[usize]>::to_vec).collect::<Vec<_>>().into_iter()
    }

    fn write(&self, out: &mut dyn Write, columns: Vec<usize>) -> io::Result<()> {
        let browsers: Vec<BrowserName> = columns.iter().map(|column| self.matrix.browsers[*column]).collect();
        let mut engines = String::new();
        for group in browsers.chunk_by(|one, other| is_same_group(*one, *other)) {
            let width = self.column * group.len();
            engines += &format!("{:<width$.most$}", self::group(group[0]), most = width);
        }
        self.line(out, "", &engines)?;
        let policies: Vec<String> =
            browsers.iter().map(|browser| heading(*browser, self.whole).to_owned()).collect();
        self.line(out, "", "third-party cookies:")?;
        self.line(out, "  SameSite", &self.spread(&policies))?;
        for (index, place) in self.matrix.draft.places.iter().enumerate() {
            writeln!(out)?;
            let bold = Style::new().bold();
            let written = if place.as_written { "; as written" } else { "" };
            writeln!(
                out,
                "{bold}{}{bold:#} ({}{written})",
                place.topology.title(),
                place.topology.relation()
            )?;
            let origins: Vec<String> = place
                .origins
                .iter()
                .map(|(url, names)| format!("{} at {url}", names.join(" and ")))
                .collect();
            write_hanging(out, "  ", "  ", &origins.join(", "), self.width)?;
            let rows = self.matrix.draft.combinations.iter().enumerate();
            for (row, combination) in rows.filter(|(_, combination)| combination.place == index) {
                let mark = match (self.finding.safest == Some(row), combination.as_written) {
                    (true, _) => "*",
                    (_, true) => ">",
                    _ => " ",
                };
                let cells: String =
                    columns.iter().map(|column| self.cell(&self.matrix.rows[row][*column])).collect();
                self.line(out, &format!("{mark} {}", combination.label()), &cells)?;
            }
        }
        Ok(())
    }

    fn line(&self, out: &mut dyn Write, label: &str, cells: &str) -> io::Result<()> {
        let line = format!("{label:<width$}{cells}", width = self.label);
        writeln!(out, "{}", line.trim_end())
    }

    fn spread(&self, words: &[String]) -> String {
        words.iter().map(|word| format!("{word:<width$}", width = self.column)).collect()
    }

    fn cell(&self, cell: &Cell) -> String {
        let text = self.text(cell);
        let style = if !cell.disagreements.is_empty() {
            AnsiColor::Magenta.on_default().bold()
        } else if cell.works() {
            AnsiColor::Green.on_default()
        } else if cell.fate() == Fate::Kept {
            AnsiColor::Yellow.on_default()
        } else {
            AnsiColor::Red.on_default()
        };
        let padding = self.column.saturating_sub(columns_of(&text));
        format!("{style}{text}{style:#}{:padding$}", "")
    }

    fn text(&self, cell: &Cell) -> String {
        let letter =
            note(self.matrix, cell).and_then(|note| self.notes.iter().position(|known| *known == note));
        let letter = letter.map(|index| format!(" {}", letters(index))).unwrap_or_default();
        let mark = if cell.disagreements.is_empty() { "" } else { "!!" };
        format!("{}{letter}{mark}", word(cell))
    }

    fn write_notes(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.width;
        let fates = self.matrix.rows.iter().flatten().map(word);
        let fates: Vec<&str> = fates.collect();
        for (word, meaning) in [
            ("sent", "stored, and sent wherever a later step needs it"),
            ("stored", "stored, and no later step needs it"),
            ("kept", "stored, and not sent where it is needed"),
            ("no", "not stored, or not sent"),
            ("?", "not known"),
        ] {
            if fates.contains(&word) {
                write_hanging(out, &format!("{word:<8}"), "        ", meaning, width)?;
            }
        }
        if !self.notes.is_empty() {
            writeln!(out, "a b …   why not, or what is wrong all the same")?;
        }
        let safest = self.finding.safest.is_some_and(|safest| self.finding.everywhere.contains(&safest));
        let safest = if safest {
            "the safest that works everywhere"
        } else {
            "the safest of those that work in the most"
        };
        for (mark, meaning, there) in [
            ("*", safest, self.finding.safest.is_some()),
            (
                ">",
                "as written",
                self.finding.written.is_some() && self.finding.written != self.finding.safest,
            ),
        ] {
            if there {
                writeln!(out, "{mark:<8}{meaning}")?;
            }
        }
        writeln!(out)?;
        for (index, note) in self.notes.iter().enumerate() {
            write_hanging(out, &format!("{:<4}", letters(index)), "    ", note, width)?;
        }
        let reasons = reasons(self.matrix);
        if !reasons.is_empty() {
            writeln!(out)?;
        }
        for told in reasons {
            let (reason, sentence) = (told.reason, told.reason.sentence(told.question));
            let sentence = format!("{reason} (not {}): {sentence}", told.question.word());
            write_hanging(out, "", "    ", &sentence, width)?;
        }
        for (row, cells) in self.matrix.rows.iter().enumerate() {
            for (browser, cell) in self.matrix.browsers.iter().zip(cells) {
                for disagreement in &cell.disagreements {
                    let combination = &self.matrix.draft.combinations[row];
                    let place = self.matrix.place_of(row).topology.title();
                    let text = format!("!! {browser}, {place}, {}: {}", combination.spelt(), disagreement);
                    write_hanging(out, "", "   ", &text, width)?;
                }
            }
        }
        Ok(())
    }
}

/// All that is wrong in a cell, in a line.
fn note(matrix: &Matrix, cell: &Cell) -> Option<String> {
    let lines: Vec<String> = troubles(cell, &matrix.draft.needs).iter().map(super::Trouble::line).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

/// What stands over the columns of one engine.
fn group(browser: BrowserName) -> String {
    let model = if browser.model { "" } else { " (real)" };
    format!("{}{model}", browser.engine.as_str())
}

fn is_same_group(one: BrowserName, other: BrowserName) -> bool {
    one.engine == other.engine && one.model == other.model
}

fn heading(browser: BrowserName, whole: bool) -> &'static str {
    let (all, short) = policy(browser);
    if whole { all } else { short }
}

/// `a` to `z`, then `aa`.
fn letters(index: usize) -> String {
    let letter = |index: usize| char::from(b'a' + u8::try_from(index % 26).unwrap_or(0));
    match index {
        0..26 => letter(index).to_string(),
        _ => format!("{}{}", letter(index / 26 - 1), letter(index)),
    }
}

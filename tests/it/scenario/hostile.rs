//! Whatever the bytes of a scenario are, there is an answer, and it can be printed.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rehearsal::diagnostic::{Source, Style};
use rehearsal::scenario::{LARGEST, parse};

/// Reads a text and prints all that is said of it.
fn survive(text: &str) {
    let source = Arc::new(Source::new("x.toml", text));
    let (plan, diagnostics) = parse(source);
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    assert_eq!(plan.is_none(), errors > 0, "there is a plan or an error, never both: {text}");
    for diagnostic in &diagnostics {
        assert!(!diagnostic.render(Style::Plain).is_empty());
    }
}

/// A small generator of numbers (xorshift), so that every run tries the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

fn samples() -> Vec<String> {
    let mut samples = Vec::new();
    for folder in ["tests/messages", "tests/scenarios"] {
        let mut paths: Vec<_> = fs::read_dir(Path::new(folder))
            .expect("the folder is part of the project")
            .map(|entry| entry.expect("the folder can be listed").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        paths.sort();
        samples.extend(paths.iter().map(|path| fs::read_to_string(path).expect("it is text")));
    }
    samples.retain(|text| text.len() < 10_000);
    samples
}

#[test]
fn mutated_scenarios_never_panic() {
    const PIECES: [&str; 34] = [
        "\"",
        "'",
        "\"\"\"",
        "'''",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        ".",
        ",",
        "\n",
        "\r\n",
        "\r",
        "#",
        "\\",
        "\\u0000",
        "\\U0010ffff",
        "\u{0}",
        "\t",
        "ä",
        "名",
        "\u{feff}",
        "\u{202e}",
        "*",
        ":",
        "//",
        "@",
        "-> ",
        "99999999999999999999",
        "[[step]]\n",
        "expect.on.model.",
    ];
    let samples = samples();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for round in 0..4000 {
        let mut text = samples[numbers.below(samples.len())].clone();
        for _ in 0..=numbers.below(4) {
            let mut at = numbers.below(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let mut end = (at + numbers.below(12)).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            match numbers.below(4) {
                0 => text.replace_range(at..end, ""),
                1 => text.replace_range(at..end, PIECES[numbers.below(PIECES.len())]),
                2 => text.insert_str(at, PIECES[numbers.below(PIECES.len())]),
                _ => text.truncate(at),
            }
        }
        let result = std::panic::catch_unwind(|| survive(&text));
        assert!(result.is_ok(), "round {round}:\n{text}");
    }
}

#[test]
fn arbitrary_bytes_never_panic() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    for _ in 0..2000 {
        let length = numbers.below(200);
        let bytes: Vec<u8> = (0..length).map(|_| numbers.below(256) as u8).collect();
        survive(&String::from_utf8_lossy(&bytes));
        let ascii: String = (0..length).map(|_| char::from(9 + numbers.below(118) as u8)).collect();
        survive(&ascii);
    }
}

#[test]
fn a_file_at_the_limit_takes_seconds_at_most() {
    let limit = usize::try_from(LARGEST).expect("a megabyte fits");
    let fill = |piece: &str| piece.repeat(limit / piece.len());
    let head = "title = 'x'\norigins.web.url = 'https://www.example.com'\n";
    let numbered = |make: fn(usize) -> String| (0..20_000).map(make).collect::<String>();
    for (what, text) in [
        ("garbage", fill("a = \n")),
        ("the same key", fill("a = 1\n")),
        ("open brackets", fill("[")),
        ("open tables", format!("a = {}", fill("{a="))),
        ("one string", format!("title = \"{}\"", fill("x"))),
        ("unknown keys", format!("x = {{ {} }}", numbered(|n| format!("k{n} = 1, ")))),
        (
            "one name",
            format!(
                "{head}[[step]]\nvisit = 'web:/'\nexpect.sent = [{}]",
                fill("\"a\",").split_at(limit - 100).0
            ),
        ),
        (
            "many names",
            format!("{head}[[step]]\nvisit='web:/'\nexpect.sent = [{}]", numbered(|n| format!("'n{n}', "))),
        ),
        ("origins", numbered(|n| format!("origins.o{n}.url = 'http://h{n}'\n"))),
        ("steps", format!("{head}{}", numbered(|n| format!("[[step]]\nvisit = 'wbe:/{n}'\n")))),
    ] {
        let begun = Instant::now();
        survive(&text);
        let taken = begun.elapsed();
        assert!(taken < Duration::from_secs(30), "{what}: {taken:?}");
    }
}

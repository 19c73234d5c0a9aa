//! Whatever the bytes of a scenario are, there is an answer, and it can be printed.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rehearsal::diagnostic::{Source, Style};
use rehearsal::scenario::{LARGEST, parse};
use rustix::time::{ClockId, clock_gettime};

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

/// The processor time that this thread has taken, in seconds: what else runs on the machine does not count.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Four times the size takes about four times as long; sixteen times would be a reader that compares all with all.
#[test]
fn a_file_at_the_limit_takes_no_more_than_its_size() {
    let limit = usize::try_from(LARGEST).expect("a megabyte fits");
    let head = "title = 'x'\norigins.web.url = 'https://www.example.com'\n";
    let cases: [(&str, &dyn Fn(usize) -> String); 10] = [
        ("garbage", &|part| "a = \n".repeat(limit / part / 5)),
        ("the same key", &|part| "a = 1\n".repeat(limit / part / 6)),
        ("open brackets", &|part| "[".repeat(limit / part)),
        ("open tables", &|part| format!("a = {}", "{a=".repeat(limit / part / 3))),
        ("one string", &|part| format!("title = \"{}\"", "x".repeat(limit / part))),
        ("unknown keys", &|part| format!("x = {{ {} }}", numbered(part, |n| format!("k{n} = 1, ")))),
        ("one name", &|part| {
            let names = "\"a\",".repeat(limit / part / 4 - 30);
            format!("{head}[[step]]\nvisit = 'web:/'\nexpect.sent = [{names}]")
        }),
        ("many names", &|part| {
            let names = numbered(part, |n| format!("'n{n}', "));
            format!("{head}[[step]]\nvisit='web:/'\nexpect.sent = [{names}]")
        }),
        ("origins", &|part| numbered(part, |n| format!("origins.o{n}.url = 'http://h{n}'\n"))),
        ("steps", &|part| format!("{head}{}", numbered(part, |n| format!("[[step]]\nvisit = 'wbe:/{n}'\n")))),
    ];
    for (what, text) in cases {
        let [quarter, whole] = [4, 1].map(|part| {
            let text = text(part);
            let begun = processor_time();
            survive(&text);
            processor_time() - begun
        });
        // Tables that fit a processor's cache are read faster, and what takes no time is not measured.
        assert!(
            whole < quarter.mul_add(10.0, 0.2),
            "{what}: a quarter takes {quarter} s, the whole {whole} s"
        );
    }
}

/// 20,000 pieces, or that part of them.
fn numbered(part: usize, make: fn(usize) -> String) -> String {
    (0..20_000 / part).map(make).collect()
}

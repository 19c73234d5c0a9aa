//! The words of a command line, as a POSIX shell or Windows' command prompt takes it apart.
//!
//! Only what developer tools write when a request is copied is understood: quotes, escapes and lines that go on.
//! Nothing is expanded, and nothing is run.

/// The words of the command that a text begins with, how many bytes of the text it takes, and the quote that is not
/// closed, where one is not.
pub(super) fn words(text: &str) -> (Vec<String>, usize, Option<char>) {
    if is_of_windows(text) { of_windows(text) } else { of_posix(text) }
}

/// Whether it was copied for Windows: carets escape there, and a caret at its end goes on with a line.
fn is_of_windows(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default().trim_end();
    text.lines().next().is_some_and(|line| line.contains("^\"")) || first.ends_with('^')
}

/// Words as they are taken apart: an empty one in quotes is one, and blanks between two are none.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    word: String,
    is_word: bool,
}

impl Words {
    /// Adds a character to the word.
    fn push(&mut self, c: char) {
        self.word.push(c);
        self.is_word = true;
    }

    /// Ends the word, where there is one.
    fn end(&mut self) {
        if std::mem::take(&mut self.is_word) {
            self.done.push(std::mem::take(&mut self.word));
        }
    }
}

fn of_posix(text: &str) -> (Vec<String>, usize, Option<char>) {
    let (mut words, mut unclosed) = (Words::default(), None);
    let mut chars = text.char_indices().peekable();
    let mut end = text.len();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, '\n')) | None => {}
                Some((_, '\r')) => _ = chars.next_if(|(_, next)| *next == '\n'),
                Some((_, escaped)) => words.push(escaped),
            },
            '\'' => {
                words.is_word = true;
                unclosed = Some('\'');
                for (_, c) in chars.by_ref() {
                    if c == '\'' {
                        unclosed = None;
                        break;
                    }
                    words.word.push(c);
                }
            }
            '$' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                chars.next();
                words.is_word = true;
                unclosed = (!ansi(&mut chars, &mut words.word)).then_some('\'');
            }
            // Where a line goes on in PowerShell.
            '`' if chars.peek().is_some_and(|(_, next)| matches!(next, '\r' | '\n')) => {
                words.end();
                chars.next_if(|(_, next)| *next == '\r');
                chars.next_if(|(_, next)| *next == '\n');
            }
            '"' => {
                words.is_word = true;
                unclosed = Some('"');
                while let Some((_, c)) = chars.next() {
                    match c {
                        '"' => {
                            unclosed = None;
                            break;
                        }
                        '\\' => match chars.next() {
                            Some((_, '\n')) | None => {}
                            Some((_, escaped)) => {
                                if !matches!(escaped, '"' | '\\' | '$' | '`') {
                                    words.word.push('\\');
                                }
                                words.word.push(escaped);
                            }
                        },
                        c => words.word.push(c),
                    }
                }
            }
            '\n' => {
                end = at;
                break;
            }
            // An unquoted `&` in a URL is what people paste, and not a job in the background.
            ';' | '|' | '&' if !words.is_word => {
                end = at;
                break;
            }
            c if c.is_whitespace() => words.end(),
            c => words.push(c),
        }
    }
    words.end();
    (words.done, end, unclosed)
}

/// The rest of a `$'…'`; whether it is closed.
fn ansi(chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>, word: &mut String) -> bool {
    while let Some((_, c)) = chars.next() {
        match c {
            '\'' => return true,
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => word.push('\n'),
                Some('r') => word.push('\r'),
                Some('t') => word.push('\t'),
                Some(kind @ ('x' | 'u' | 'U')) => {
                    let most = match kind {
                        'x' => 2,
                        'u' => 4,
                        _ => 8,
                    };
                    let mut digits = String::new();
                    while digits.len() < most
                        && let Some((_, digit)) = chars.next_if(|(_, next)| next.is_ascii_hexdigit())
                    {
                        digits.push(digit);
                    }
                    let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                    word.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                Some(escaped) => word.push(escaped),
                None => return false,
            },
            c => word.push(c),
        }
    }
    false
}

fn of_windows(text: &str) -> (Vec<String>, usize, Option<char>) {
    let (mut words, mut is_quoted) = (Words::default(), false);
    let mut chars = text.char_indices().filter(|(_, c)| *c != '\r').peekable();
    let mut end = text.len();
    // Whether the character was escaped by a caret does not matter to the program that gets it.
    while let Some((at, c)) = chars.next() {
        let c = match c {
            '^' => match chars.next() {
                // The line goes on; a second line feed is meant.
                Some((_, '\n')) => match chars.next_if(|(_, next)| *next == '\n') {
                    Some(_) => '\n',
                    None => ' ',
                },
                Some((_, escaped)) => escaped,
                None => break,
            },
            '\n' if !is_quoted => {
                end = at;
                break;
            }
            '&' | '|' if !is_quoted && !words.is_word => {
                end = at;
                break;
            }
            c => c,
        };
        match c {
            '\\' => {
                // `\"` is a quote, also where a caret stands between the two.
                let escaped = |next: &(usize, char)| matches!(next.1, '"' | '^' | '\\');
                match chars.peek().copied().filter(escaped) {
                    Some((_, '\\')) => {
                        chars.next();
                        words.word.push('\\');
                    }
                    Some((_, '"')) => {
                        chars.next();
                        words.word.push('"');
                    }
                    Some(_) => {
                        chars.next();
                        match chars.next() {
                            Some((_, '"')) => words.word.push('"'),
                            Some((_, '\\')) => words.word.push('\\'),
                            Some((_, other)) => words.word.extend(['\\', other]),
                            None => words.word.push('\\'),
                        }
                    }
                    None => words.word.push('\\'),
                }
                words.is_word = true;
            }
            '"' => {
                is_quoted = !is_quoted;
                words.is_word = true;
            }
            c if c.is_whitespace() && !is_quoted => words.end(),
            c => words.push(c),
        }
    }
    words.end();
    (words.done, end, is_quoted.then_some('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_with_its_line_unless_that_goes_on() {
        let text = "curl 'https://a.example/x?a=1&b=2' \\\n  -H 'accept: */*' \\\n  --data-raw $'it\\'s\\n\\u0041'\nHTTP/2 200";
        let (words, end, _) = words(text);
        assert_eq!(
            words,
            ["curl", "https://a.example/x?a=1&b=2", "-H", "accept: */*", "--data-raw", "it's\nA"]
        );
        assert_eq!(&text[end..], "\nHTTP/2 200");
    }

    #[test]
    fn one_copied_for_windows_has_carets() {
        let text = "curl ^\"https://a.example/x?a=1^&b=2^\" ^\r\n  -H ^\"accept: */*^\" ^\r\n  --data-raw ^\"^{^\\^\"user^\\^\":^\\^\"a^%^b^\\^\"^}^\"\r\nnext";
        let (words, ..) = words(text);
        assert_eq!(
            words,
            ["curl", "https://a.example/x?a=1&b=2", "-H", "accept: */*", "--data-raw", "{\"user\":\"a%b\"}"]
        );
    }

    #[test]
    fn several_commands_are_taken_one_by_one() {
        let (first, end, _) = words("curl a.example ;\ncurl b.example");
        assert_eq!(first, ["curl", "a.example"]);
        assert_eq!(end, "curl a.example ".len());
    }
}

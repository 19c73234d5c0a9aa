//! What people give in place of a recording: a request copied for another program, an answer's request, another
//! encoding.
//!
//! Each is recognised by how it begins, and told with what to do. Nothing here reads a recording itself.

use super::Unreadable;

/// What to do with a request that was copied for another program.
const COPY: &str = "copy it as cURL: in the Network panel, right-click it, Copy, Copy as cURL (on Windows: Copy as cURL \
                    (bash) or (cmd))";

/// The text of UTF-16, with its byte order mark: what Windows PowerShell writes with `>`.
pub(super) fn of_utf16(bytes: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units: Vec<u16> = bytes[2..].as_chunks().0.iter().copied().map(unit).collect();
    Some(String::from_utf16_lossy(&units))
}

/// What a text is that is no recording, where it is known.
pub(super) fn told(path: &str, text: &str) -> Option<Unreadable> {
    let first = text.lines().next().unwrap_or_default().trim();
    let word = first.split_whitespace().next().unwrap_or_default();
    let is_of_http =
        |line: &str| line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0") || line.ends_with(" HTTP/2");
    let has = |part: &str| text.contains(part);
    let (what, help) = match () {
        () if first.is_empty() => {
            ("is empty", "give a HAR, or a curl command and below it what `curl -i` prints")
        }
        () if word == "curl" => {
            ("holds a curl command without a URL", "give the whole command, with what it prints below it")
        }
        () if first.starts_with("fetch(") || first.starts_with("await fetch(") => {
            ("is a request copied as a call of a script", COPY)
        }
        () if has("Invoke-WebRequest") || has("Invoke-RestMethod") => {
            ("is a request copied for PowerShell", COPY)
        }
        () if matches!(word, "http" | "https" | "xh" | "wget") && has("://") => (
            "is a command of another program than curl",
            "ask with `curl -i` instead, and give the command and what it prints",
        ),
        () if is_of_http(first) => (
            "holds a request as it goes over the wire, and no URL",
            "copy it as cURL, or give what `curl -v` prints: it marks requests with `>` and answers with `<`",
        ),
        () if word.starts_with("<!") || word.to_ascii_lowercase().starts_with("<html") => (
            "is a page, and no recording of requests",
            "save the requests: in the Network panel, \"Save all as HAR\"",
        ),
        () => return None,
    };
    Some(Unreadable::new(format!("{path} {what}"), help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_windows_writes_is_read() {
        let bytes = |text: &str| -> Vec<u8> {
            [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        };
        assert_eq!(of_utf16(&bytes("curl ü")).as_deref(), Some("curl ü"));
        assert_eq!(of_utf16(b"curl"), None);
    }

    #[test]
    fn what_was_copied_for_another_program_is_told() {
        for (text, said) in [
            ("", "is empty"),
            ("curl\n", "without a URL"),
            ("$session = New-Object X\nInvoke-WebRequest -Uri \"https://a.example\"", "PowerShell"),
            ("wget https://a.example/", "another program"),
            ("http POST https://a.example/ a=b", "another program"),
            ("POST /login HTTP/1.1\nHost: a.example\n", "over the wire"),
            ("<!doctype html>", "a page"),
        ] {
            let unreadable = told("x", text).expect("it is known");
            assert!(unreadable.message.contains(said), "{text}: {}", unreadable.message);
        }
        assert_eq!(told("x", "{\"log\": {}}"), None);
    }
}

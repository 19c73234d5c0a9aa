//! `curl` command lines as developer tools copy them, with or without what they print.
//!
//! A text may hold several commands, each with what it printed below (`-i` or `-v`). Options that say nothing of the
//! request are passed over, and what a command takes from a file is told to be missing.

use url::Url;

use super::printed::{self, Printed};
use super::shell::words;
use super::{Came, Exchange, Kind, Recording, Unreadable, engine_of_user_agent, kind_of};

/// What to paste.
const PASTE: &str =
    "paste the command that developer tools copy (\"Copy as cURL\"), and below it what `curl -i` prints";

/// Options with a value that say nothing of the request (curl's manual, 8.17).
const PASSED_OVER: &str = "-C -c -D -E -K -m -o -P -Q -r -t -w -x -Y -y -z -U \
    --abstract-unix-socket --alt-svc --aws-sigv4 --cacert --capath --cert --cert-type --ciphers --config --connect-timeout \
    --connect-to --continue-at --cookie-jar --create-file-mode --crlfile --curves --delegation --dns-interface \
    --dns-ipv4-addr --dns-ipv6-addr --dns-servers --doh-url --dump-header --ech --engine --etag-compare --etag-save \
    --expect100-timeout --happy-eyeballs-timeout-ms --haproxy-clientip --hsts --interface --ip-tos --ipfs-gateway \
    --keepalive-cnt --keepalive-time --key --key-type --libcurl --limit-rate --local-port --max-filesize --max-redirs \
    --max-time --netrc-file --noproxy --output --output-dir --parallel-max --pass --pinnedpubkey --preproxy --proto \
    --proto-default --proto-redir --proxy --proxy-cacert --proxy-cert --proxy-header --proxy-key --proxy-pass --proxy-user \
    --proxy1.0 --pubkey --range --rate --request-target --resolve --retry --retry-delay --retry-max-time --socks4 --socks4a \
    --socks5 --socks5-hostname --speed-limit --speed-time --stderr --time-cond --tls-max --tls13-ciphers --trace \
    --trace-ascii --trace-config --unix-socket --upload-flags --url-query --variable --vlan-priority --write-out";

/// Where the first command of a text begins: with it, behind a prompt or comments.
pub(super) fn beginning(text: &str) -> Option<&str> {
    let is_talk = |line: &str| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line.starts_with("//") || line.starts_with("REM ")
    };
    let mut rest = text;
    while !rest.is_empty() {
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        match command(line) {
            Some(_) => return Some(rest),
            None if is_talk(line) => rest = &rest[line.len()..],
            None => return None,
        }
    }
    None
}

/// The part of a line that is a command: what is behind a prompt such as `me@laptop:~$`, `C:\\>` or `#`.
fn command(line: &str) -> Option<&str> {
    let is_curl = |text: &str| {
        let rest = text.strip_prefix("curl.exe").or_else(|| text.strip_prefix("curl"));
        rest.is_some_and(|rest| rest.starts_with([' ', '\t', '\\', '^']))
    };
    let at = line.match_indices("curl").map(|(at, _)| at).find(|at| is_curl(&line[*at..]))?;
    let before = line[..at].trim_end_matches("/usr/bin/").trim();
    let before = ["sudo", "time"].into_iter().fold(before, |text, word| {
        let cut = text.strip_suffix(word).unwrap_or(text);
        if cut.is_empty() || cut.ends_with(' ') { cut.trim_end() } else { text }
    });
    let is_prompt =
        before.ends_with(['$', '%', '#', '>', '❯', '➜']) && !before.contains(['\'', '"', '<', '=']);
    (before.is_empty() || is_prompt).then_some(&line[at..])
}

/// Reads commands and what they print. `path` is how messages name the text.
///
/// # Errors
/// Where there is none, or it has no URL.
pub fn read(path: &str, text: &str) -> Result<Recording, Unreadable> {
    let mut recording = Recording::default();
    let mut rest = text;
    let mut asked: Option<Exchange> = None;
    let mut output = String::new();
    while !rest.is_empty() {
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        match command(line) {
            Some(found) => {
                finish(path, asked.take(), &output, &mut recording)?;
                output.clear();
                let start = line.len() - found.len();
                let (words, length, unclosed) = words(&rest[start..]);
                if let Some(quote) = unclosed {
                    return Err(Unreadable::new(
                        format!("a curl command in {path} has a quote that is not closed: {quote}"),
                        "copy the whole command again, or close the quote where what it holds ends",
                    ));
                }
                asked = Some(request(path, &words, &mut recording)?);
                rest = rest[start + length..].trim_start_matches([';', '&', '|', ' ', '\r']);
                rest = rest.strip_prefix('\n').unwrap_or(rest);
            }
            None => {
                output.push_str(line);
                rest = &rest[line.len()..];
            }
        }
    }
    finish(path, asked, &output, &mut recording)?;
    if recording.exchanges.is_empty() {
        return Err(Unreadable::new(format!("{path} holds no curl command and no answer"), PASTE));
    }
    let agents = || recording.exchanges.iter().filter_map(|exchange| exchange.header("user-agent"));
    recording.engine = agents().find_map(engine_of_user_agent);
    if recording.exchanges.iter().any(|exchange| exchange.came == Came::Unknown) {
        recording.notes.push(
            "a command does not have the answer: paste what `curl -i` prints below it, and its cookies are \
             looked at"
                .to_owned(),
        );
    }
    let is_pageless = |exchange: &Exchange| exchange.kind == Kind::Call && exchange.asker().is_none();
    if recording.exchanges.iter().any(is_pageless) {
        recording.notes.push(
            "a command without `Origin` and `Referer` does not say which page asks: it is taken to be one of the same \
             origin. Add -H 'Origin: https://…' where it is another"
                .to_owned(),
        );
    }
    Ok(recording)
}

/// What a command asked for, and what was printed below it.
fn finish(
    path: &str,
    asked: Option<Exchange>,
    output: &str,
    recording: &mut Recording,
) -> Result<(), Unreadable> {
    let printed = printed::read(output);
    let Some(mut next) = asked else {
        return bare(path, printed, recording);
    };
    if printed.is_empty() {
        recording.exchanges.push(next);
        return Ok(());
    }
    for (index, answer) in printed.into_iter().enumerate() {
        if index > 0 && answer.asked.is_none() {
            // `curl -L`: the answer to what the one before led to.
            let Some(led) =
                recording.exchanges.last().and_then(|before| before.redirect().map(|to| (before, to)))
            else {
                break;
            };
            let (before, to) = led;
            let kind = before.kind;
            let keeps = matches!(before.status, 307 | 308);
            next = Exchange {
                method: if keeps { before.method.clone() } else { "GET".to_owned() },
                url: to,
                body: before.body.clone().filter(|_| keeps),
                ..before.clone()
            };
            next.kind = kind;
        }
        if let Some((method, url)) = answer.asked.clone().filter(|_| index > 0) {
            (next.method, next.url) = (method, url);
        }
        recording.exchanges.push(answered(next.clone(), answer));
    }
    Ok(())
}

/// Answers without a command: `-v` says what was asked.
fn bare(path: &str, printed: Vec<Printed>, recording: &mut Recording) -> Result<(), Unreadable> {
    for answer in printed {
        let Some((method, url)) = answer.asked.clone() else {
            return Err(Unreadable::new(
                format!("{path} holds an answer, and does not say to what"),
                "put the command above it, or what `curl -v` prints; or explain it by itself: \
                 `rehearsal explain --request URL --response FILE`",
            ));
        };
        let exchange = Exchange {
            method,
            url,
            kind: Kind::Document,
            headers: answer.request.clone(),
            body: None,
            came: Came::Unknown,
            status: 0,
            answer: Vec::new(),
            set_cookie: Vec::new(),
            text: None,
        };
        let mut exchange = answered(exchange, answer);
        exchange.kind = kind(&exchange);
        recording.exchanges.push(exchange);
    }
    Ok(())
}

fn answered(asked: Exchange, answer: Printed) -> Exchange {
    Exchange {
        came: Came::Answered,
        status: answer.status,
        answer: answer.headers,
        set_cookie: answer.set_cookie,
        text: Some(answer.body).filter(|body| !body.is_empty()),
        ..asked
    }
}

/// What asks: as the fields say, or somebody in the address bar.
fn kind(exchange: &Exchange) -> Kind {
    match kind_of(exchange, "", "") {
        Kind::Asset if exchange.header("sec-fetch-dest").is_none() => Kind::Document,
        kind => kind,
    }
}

/// The request of a command.
fn request(path: &str, words: &[String], recording: &mut Recording) -> Result<Exchange, Unreadable> {
    let (mut urls, mut method, mut headers) = (Vec::new(), None, Vec::new());
    let (mut data, mut is_json, mut is_head, mut is_get) = (Vec::new(), false, false, false);
    let mut left_out: Vec<String> = Vec::new();
    let mut words = unbundled(&words[1..]).into_iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_default();
        match word.as_str() {
            "-X" | "--request" => method = Some(value().to_ascii_uppercase()),
            "--url" => urls.push(value()),
            "-H" | "--header" => {
                let field = value();
                let (name, text) = field.split_once(':').unwrap_or((field.trim_end_matches(';'), ""));
                headers.push((name.trim().to_owned(), text.trim().to_owned()));
            }
            "-b" | "--cookie" => match value() {
                cookies if cookies.contains('=') => headers.push(("cookie".to_owned(), cookies)),
                file => left_out.push(format!("the cookies in {file}")),
            },
            "-A" | "--user-agent" => headers.push(("user-agent".to_owned(), value())),
            "-e" | "--referer" => headers.push(("referer".to_owned(), value())),
            "-u" | "--user" => {
                _ = value();
                headers.push(("authorization".to_owned(), "Basic redacted".to_owned()));
            }
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" | "--data-urlencode"
            | "--json" => {
                let text = value();
                is_json |= word == "--json";
                match text.strip_prefix('@').filter(|_| word != "--data-raw") {
                    Some(file) => left_out.push(format!("what is in {file}")),
                    None => data.push(text),
                }
            }
            "-F" | "--form" | "--form-string" => {
                _ = value();
                left_out.push("the parts of a multipart form".to_owned());
                method.get_or_insert_with(|| "POST".to_owned());
            }
            "-I" | "--head" => is_head = true,
            "-G" | "--get" => is_get = true,
            "--oauth2-bearer" => {
                _ = value();
                headers.push(("authorization".to_owned(), "Bearer redacted".to_owned()));
            }
            "-T" | "--upload-file" => {
                left_out.push(format!("what is in {}", value()));
                method.get_or_insert_with(|| "PUT".to_owned());
            }
            "-:" | "--next" => {
                return Err(Unreadable::new(
                    format!("a curl command in {path} asks for several things, with `{word}`"),
                    "write each as a command of its own, with what it prints below it",
                ));
            }
            other if PASSED_OVER.split_whitespace().any(|known| known == other) => _ = value(),
            other if other.starts_with('-') && other.len() > 1 => {}
            other => urls.push(other.to_owned()),
        }
    }
    if !left_out.is_empty() {
        recording.notes.push(format!("left out: {}", left_out.join(", ")));
    }
    let [written] = urls.as_slice() else {
        if let [first, second, ..] = urls.as_slice() {
            return Err(Unreadable::new(
                format!("a curl command in {path} has several URLs: `{first}` and `{second}`"),
                "give each URL a command of its own, with what it prints below it; what belongs together and has blanks \
                 in it goes in quotes",
            ));
        }
        return Err(Unreadable::new(format!("a curl command in {path} has no URL"), PASTE));
    };
    let whole = if written.contains("://") { written.clone() } else { format!("http://{written}") };
    let host = whole.split("://").nth(1).unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
    if host.contains(['$', '{', '<', '%']) {
        return Err(Unreadable::new(
            format!("the host of `{written}` in {path} is a variable or a placeholder"),
            "write the host itself in its place, such as `api.example.com`: nothing is filled in here",
        ));
    }
    let parsed = Url::parse(&whole).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(mut url) = parsed else {
        return Err(Unreadable::new(
            format!("`{written}` in {path} is not a URL of http or https"),
            "copy the command again: the URL is its first word",
        ));
    };
    let mut body = (!data.is_empty()).then(|| data.join("&"));
    if is_get && let Some(query) = body.take() {
        url.set_query(Some(&query));
    }
    if is_json {
        headers.push(("accept".to_owned(), "application/json".to_owned()));
    }
    let has_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if body.is_some() && !has_type {
        let essence = if is_json { "application/json" } else { "application/x-www-form-urlencoded" };
        headers.push(("content-type".to_owned(), essence.to_owned()));
    }
    let default = match (is_head, body.is_some()) {
        (true, _) => "HEAD",
        (_, true) => "POST",
        _ => "GET",
    };
    let mut exchange = Exchange {
        method: method.unwrap_or_else(|| default.to_owned()),
        url,
        kind: Kind::Document,
        headers,
        body,
        came: Came::Unknown,
        status: 0,
        answer: Vec::new(),
        set_cookie: Vec::new(),
        text: None,
    };
    exchange.kind = kind(&exchange);
    Ok(exchange)
}

/// The words with `-XPOST` and `-sSi` taken apart, and `--name=value`.
fn unbundled(words: &[String]) -> Vec<String> {
    /// Short options with a value.
    const WITH_VALUE: &str = "XHbAeudFomxEwcDCKPQrtTUyYz";
    let mut all = Vec::new();
    for word in words {
        let bundle = word.strip_prefix('-').filter(|rest| !rest.starts_with('-') && rest.len() > 1);
        match (bundle, word.split_once('=')) {
            (Some(bundle), _) => {
                for (at, option) in bundle.char_indices() {
                    all.push(format!("-{option}"));
                    let value = &bundle[at + option.len_utf8()..];
                    if WITH_VALUE.contains(option) {
                        if !value.is_empty() {
                            all.push(value.to_owned());
                        }
                        break;
                    }
                }
            }
            (None, Some((name, value))) if name.starts_with("--") => {
                all.extend([name.to_owned(), value.to_owned()]);
            }
            _ => all.push(word.clone()),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_command_is_read_with_what_it_printed() {
        let text = "$ curl -si 'https://api.example.net/login' \\\n  -H 'origin: https://app.example.com' \\\n  -H 'content-type: application/json' \\\n  -b 'old=1; b=2' --data-raw '{\"user\":\"ada\"}' --compressed\nHTTP/2 200 \r\nset-cookie: sid=s3cret; Path=/\r\ncontent-type: application/json\r\n\r\n{\"ok\":true}\n$ curl https://api.example.net/me\n";
        let recording = read("x", text).expect("it can be read");
        let [login, me] = recording.exchanges.as_slice() else { panic!("two requests: {recording:?}") };
        assert_eq!((login.method.as_str(), login.kind, login.status), ("POST", Kind::Call, 200));
        assert_eq!(login.sent(), ["old", "b"]);
        assert_eq!(login.set_cookie, ["sid=s3cret; Path=/"]);
        assert_eq!(login.text.as_deref(), Some("{\"ok\":true}\n"));
        assert_eq!((me.kind, me.came), (Kind::Document, Came::Unknown));
    }

    #[test]
    fn options_are_taken_apart() {
        let words = ["-XPUT", "-sSLi", "--max-time=3", "-Hx: y", "a"].map(str::to_owned);
        assert_eq!(
            unbundled(&words),
            ["-X", "PUT", "-s", "-S", "-L", "-i", "--max-time", "3", "-H", "x: y", "a"]
        );
    }

    #[test]
    fn a_command_is_found_behind_prompts_and_comments() {
        for text in [
            "curl -i https://a.example/",
            "me@curlbox:~/src$ curl -i https://a.example/",
            "C:\\Users\\ada> curl -i https://a.example/",
            "PS C:\\> curl.exe -i https://a.example/",
            "# log in first\n\n$ sudo curl -i https://a.example/",
            "time /usr/bin/curl -i https://a.example/",
        ] {
            let begin = beginning(text).unwrap_or_else(|| panic!("{text}"));
            let recording = read("x", begin).expect("it can be read");
            assert_eq!(recording.exchanges[0].url.as_str(), "https://a.example/", "{text}");
        }
        for text in
            ["<p> curl is a program", "echo 'x' | curl -d @- https://a.example/", "title = \"curl it\"", "{"]
        {
            assert_eq!(beginning(text), None, "{text}");
        }
    }

    #[test]
    fn values_of_options_are_no_urls() {
        let text =
            "curl https://a.example/up -U user:pw --noproxy '*' -T f.bin -r 0-10 --dns-servers 1.1.1.1";
        let recording = read("x", text).expect("it can be read");
        assert_eq!(recording.exchanges[0].url.as_str(), "https://a.example/up");
        assert_eq!(recording.exchanges[0].method, "PUT");
        assert_eq!(recording.notes[0], "left out: what is in f.bin");
    }

    #[test]
    fn what_would_be_guessed_wrongly_is_refused() {
        for (text, said) in [
            ("curl -i https://a.example/1 https://b.example/2", "several URLs"),
            ("curl https://a.example/ -H Accept: */*", "several URLs"),
            ("curl https://a.example/ --next https://b.example/", "several things"),
            ("curl 'https://a.example/login -H 'origin: https://b.example'", "quote that is not closed: '"),
            ("curl \"$API/login\"", "a variable or a placeholder"),
            ("curl https://{{host}}/login", "a variable or a placeholder"),
        ] {
            let wrong = read("x", text).expect_err(text);
            assert!(wrong.message.contains(said), "{text}: {}", wrong.message);
        }
    }

    #[test]
    fn what_has_no_url_is_refused() {
        assert!(read("x", "curl -i -H 'a: b'").is_err());
        assert!(
            read("x", "HTTP/1.1 200 OK\nset-cookie: a=1\n\n")
                .expect_err("no URL")
                .message
                .contains("to what")
        );
    }
}

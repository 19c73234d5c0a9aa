//! A person in a browser, as a test plays one: plain WebDriver, spoken to the browser's own driver.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a page may take to show what a person waits for. A machine that is busy is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// What WebDriver calls the key that names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A session of a driver.
#[derive(Debug)]
pub struct Session {
    host: String,
    path: String,
}

impl Session {
    /// The session that a line of JSON of `open` or `record` names.
    pub fn of(line: &Value) -> Self {
        let text = |key: &str| line[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {line}"));
        let host = text("driver").trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { host, path: format!("/session/{}", text("session")) }
    }

    /// A command: what its answer holds, or the driver's word for what went wrong.
    pub fn ask(&self, method: &str, command: &str, body: Option<Value>) -> Result<Value, String> {
        let ask = || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect(&self.host)?;
            let body = body.map(|body| body.to_string()).unwrap_or_default();
            write!(
                stream,
                "{method} {}{command} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json; charset=utf-8\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                self.path,
                self.host,
                body.len()
            )?;
            let mut stream = BufReader::new(stream);
            let (mut length, mut line) = (0, String::new());
            while stream.read_line(&mut line)? > 0 && line.trim() != "" {
                let lower = line.to_ascii_lowercase();
                length =
                    lower.strip_prefix("content-length:").map_or(length, |n| n.trim().parse().unwrap_or(0));
                line.clear();
            }
            let mut answer = vec![0; length];
            stream.read_exact(&mut answer)?;
            Ok(answer)
        };
        let answer = ask().map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
        match answer["value"]["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", answer["value"]["message"])),
            None => Ok(answer["value"].clone()),
        }
    }

    /// The address bar.
    pub fn address(&self) -> String {
        self.ask("GET", "/url", None).expect("an address").as_str().unwrap_or_default().to_owned()
    }

    /// Types an address.
    pub fn visit(&self, url: &str) {
        self.ask("POST", "/url", Some(json!({ "url": url }))).expect("the page loads");
    }

    /// Clicks what a selector finds, once it is there.
    pub fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.ask("POST", &format!("/element/{element}/click"), Some(json!({}))).expect("it can be clicked");
    }

    /// Types a text into what a selector finds.
    pub fn type_into(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        let keys = json!({ "text": text });
        self.ask("POST", &format!("/element/{element}/value"), Some(keys)).expect("it can be typed into");
    }

    /// What a script of the page says.
    pub fn eval(&self, script: &str) -> Value {
        self.ask("POST", "/execute/sync", Some(json!({ "script": script, "args": [] }))).expect("a value")
    }

    /// Waits until a script of the page says what is true.
    pub fn wait_until(&self, script: &str) {
        let started = Instant::now();
        let said = || self.ask("POST", "/execute/sync", Some(json!({ "script": script, "args": [] }))).ok();
        while said() != Some(Value::Bool(true)) {
            assert!(started.elapsed() < PATIENCE, "`{script}` did not come true");
            std::thread::yield_now();
        }
    }

    /// Closes the window, with which a browser may go before it answers.
    pub fn close_window(&self) {
        _ = self.ask("DELETE", "/window", None);
    }

    fn find(&self, selector: &str) -> String {
        let started = Instant::now();
        let wanted = json!({ "using": "css selector", "value": selector });
        loop {
            match self.ask("POST", "/element", Some(wanted.clone())) {
                Ok(found) => return found[ELEMENT].as_str().expect("an element's id").to_owned(),
                Err(why) => assert!(started.elapsed() < PATIENCE, "{selector}: {why}"),
            }
        }
    }
}

//! From answers to routes. Where one path was answered in two ways, and a cookie tells them apart, the route asks for it.

use std::collections::HashMap;

use serde_json::Value;
use url::Url;

use super::build::{Builder, is_a_strangers};
use super::cors::{self, Cors};
use super::{Came, Exchange, Kind, write};
use crate::recording::apart;
use crate::text::counted;

/// A page without anything on it, not even the icon that browsers ask for by themselves.
const PAGE: &str = "html = '<!doctype html><link rel=\"icon\" href=\"data:,\"><title>page</title>'\n";

impl Builder<'_> {
    /// The routes of an origin. One that has pages alone, and sets no cookie, has none: its built-in page answers.
    pub(super) fn routes(&self, origin: &Url, cors: &Cors) -> Vec<String> {
        let all: Vec<(usize, &Exchange)> = self
            .recording
            .exchanges
            .iter()
            .enumerate()
            .filter(|(_, exchange)| is_route(exchange, origin, cors))
            .collect();
        let before: Vec<String> = self
            .cookies
            .before
            .iter()
            .filter(|before| before.url.origin() == origin.origin())
            .map(|before| self.values.line(&before.line))
            .collect();
        let is_page = |exchange: &Exchange| {
            matches!(exchange.kind, Kind::Document | Kind::Frame)
                && exchange.method == "GET"
                && exchange.came != Came::Unknown
                && exchange.answered() == 200
                && exchange.set_cookie.is_empty()
        };
        if before.is_empty() && all.iter().all(|(_, exchange)| is_page(exchange)) {
            return Vec::new();
        }
        let path = |url: &Url| self.values.url(url).path().to_owned();
        // The answers by method and path, in the order in which each was first asked for.
        let mut groups: Vec<Vec<(usize, &Exchange)>> = Vec::new();
        let mut places: HashMap<(String, String), usize> = HashMap::new();
        for (index, exchange) in all {
            let key = (exchange.method.clone(), path(&exchange.url));
            let place = *places.entry(key).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Vec::new());
            }
            groups[place].push((index, exchange));
        }
        let mut routes = Vec::new();
        if !before.is_empty() {
            routes.push(format!(
                "# Guessed: these cookies were there before the recording began, and it does not say with which attributes.\n\
                 at = \"GET {BEFORE}\"\nset_cookie = {}\n{PAGE}",
                write::list(&before)
            ));
        }
        routes.extend(groups.iter().map(|same| {
            let first = same[0].1;
            let at = write::string(&format!("{} {}", first.method, path(&first.url)));
            let (comments, text) = self.route(same, cors);
            format!(
                "{}at = {at}\n{text}",
                comments.iter().map(|comment| write::comment(comment)).collect::<String>()
            )
        }));
        for page in self.pages.iter().filter(|page| page.origin() == origin.origin()) {
            let own = path(page);
            let next = places.len();
            if *places.entry(("GET".to_owned(), own.clone())).or_insert(next) == next {
                routes.push(format!("at = {}\n{PAGE}", write::string(&format!("GET {own}"))));
            }
        }
        routes
    }

    /// What a route answers, from all answers that the recording has of it, and the comments above it.
    fn route(&self, same: &[(usize, &Exchange)], cors: &Cors) -> (Vec<String>, String) {
        let first = same[0].1;
        if let Some((name, without, with)) = apart::told_apart(same) {
            let comment = format!(
                "Guessed: the cookie {name} makes the difference, for it was sent with one of the answers."
            );
            let required = match self.is_bare_refusal(without) {
                true => write::string(&name),
                false => {
                    let lines = self.said(without, cors);
                    let members: Vec<&str> = lines.lines().collect();
                    format!("{{ name = {}, else = {{ {} }} }}", write::string(&name), members.join(", "))
                }
            };
            return (vec![comment], format!("require_cookie = {required}\n{}", self.said(with, cors)));
        }
        if first.came == Came::Unknown {
            let comment = "A command does not have the answer: put it here, with `set_cookie`, or paste it below the command.";
            return (vec![comment.to_owned()], String::new());
        }
        let is_one = same.iter().all(|(_, other)| apart::signature(other) == apart::signature(first));
        if is_one && let Some(name) = apart::missing(&self.cookies, same[0].0, first) {
            let comments = vec![
                "Guessed: it is answered so without this cookie. The recording does not have what is answered with it."
                    .to_owned(),
            ];
            let text = match self.is_bare_refusal(first) {
                true => format!("require_cookie = {}\n", write::string(&name)),
                false => {
                    let lines = self.said(first, cors);
                    let members: Vec<&str> = lines.lines().collect();
                    format!(
                        "require_cookie = {{ name = {}, else = {{ {} }} }}\n",
                        write::string(&name),
                        members.join(", ")
                    )
                }
            };
            let body = if first.kind == Kind::Call { String::new() } else { PAGE.to_owned() };
            return (comments, text + &body);
        }
        let comments = match is_one {
            true => Vec::new(),
            false => vec![format!(
                "The recording has {} here, and this is the first.",
                counted(same.len(), "answer")
            )],
        };
        (comments, self.said(first, cors))
    }

    /// Whether an answer is a 401 with nothing in it that matters.
    fn is_bare_refusal(&self, exchange: &Exchange) -> bool {
        exchange.status == 401 && exchange.set_cookie.is_empty()
    }

    /// What an answer says, as the lines of a route.
    fn said(&self, shown: &Exchange, cors: &Cors) -> String {
        let mut text = String::new();
        let (status, redirect) = (shown.answered(), shown.redirect());
        let is_socket = shown.kind == Kind::WebSocket && status == 101;
        let default = match () {
            () if redirect.is_some() => 302,
            () if is_socket => 101,
            () => 200,
        };
        if status != default {
            text.push_str(&format!("status = {status}\n"));
        }
        let fields = if *cors == Cors::Each { cors::fields(shown) } else { Vec::new() };
        if !fields.is_empty() {
            let fields: Vec<(String, String)> =
                fields.into_iter().map(|(name, value)| (name, write::string(&value))).collect();
            text.push_str(&format!("headers = {}\n", write::table(&fields)));
        }
        if !shown.set_cookie.is_empty() {
            let lines: Vec<String> = shown.set_cookie.iter().map(|line| self.values.line(line)).collect();
            text.push_str(&format!("set_cookie = {}\n", write::list(&lines)));
        }
        let has_body = !matches!(status, 204 | 205);
        let json = shown.text.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        let json = json.filter(|value| value.is_object() || value.is_array());
        if let Some(to) = redirect {
            text.push_str(&format!("redirect = {}\n", self.address(&to)));
        } else if is_socket {
            text.push_str("websocket = true\n");
        } else if matches!(shown.kind, Kind::Document | Kind::Frame) && has_body {
            text.push_str(PAGE);
        } else if let Some(json) = json.filter(|_| has_body) {
            let json = write::json(&self.values.json(&json)).unwrap_or_else(|| "{}".to_owned());
            text.push_str(&format!("json = {json}\n"));
        }
        text
    }
}

/// The path of the page that sets what was there before the recording began.
pub(super) const BEFORE: &str = "/before-the-recording";

/// Whether an exchange is answered by a route of an origin.
fn is_route(exchange: &Exchange, origin: &Url, cors: &Cors) -> bool {
    let counts = match exchange.kind {
        Kind::Asset | Kind::Script => !exchange.set_cookie.is_empty(),
        Kind::Preflight => *cors == Cors::Each,
        _ => true,
    };
    exchange.url.origin() == origin.origin()
        && exchange.came != Came::Nothing
        && counts
        && !is_a_strangers(exchange)
}

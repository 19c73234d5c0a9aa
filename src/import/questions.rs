//! From a recording to the questions of `rehearsal explain`: one for each answer that sets cookies, one for each request
//! that went without a cookie of its host, and one for each call of another origin's page whose answer matters.

use url::Url;

use super::redact::Values;
use super::steps::headers_set;
use super::{Came, Exchange, Kind, Recording};
use crate::explain::question::{How, Question};
use crate::explain::response::Response;
use crate::plan::Credentials;
use crate::recording::cookies::Cookies;
use crate::rules::line::Line;

/// A question, and what the recording shows of it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// Each cookie that the answer sets, with what the recording shows: to how many of the later requests to hosts that it
    /// is for it went, and how many there were.
    pub went: Vec<(String, usize, usize)>,
    /// The cookies that were set for the host and did not go with the request, where that is what is asked.
    pub missed: Vec<String>,
}

impl Asked {
    /// Whether it is asked only because the page may not be able to read the answer.
    pub fn is_about_reading(&self) -> bool {
        self.went.is_empty() && self.missed.is_empty()
    }
}

/// The questions of a recording, in its order, each once. Values are left out unless they are to be kept.
pub fn of(recording: &Recording, keep_values: bool) -> Vec<Asked> {
    let values = Values::new(keep_values);
    let cookies = Cookies::of(recording);
    let all = &recording.exchanges;
    let roots = roots(recording);
    let mut asked: Vec<Asked> = Vec::new();
    for at in 0..all.len() {
        if is_dead_end(all, at) {
            before_call(&all[at], &values).into_iter().for_each(|question| {
                add(&mut asked, Asked { question, went: Vec::new(), missed: Vec::new() });
            });
        }
        for one in at_exchange(recording, &cookies, at, &all[roots[at]], &values) {
            add(&mut asked, one);
        }
    }
    asked
}

/// What one exchange of a recording asks, by what came before it: nothing where nothing can be wrong with it. Values
/// are left out.
pub fn about(recording: &Recording, at: usize) -> Vec<Asked> {
    let Some(exchange) = recording.exchanges.get(at) else { return Vec::new() };
    let values = Values::new(false);
    let root = &recording.exchanges[roots(recording)[at]];
    if exchange.kind == Kind::Preflight {
        let question = before_call(exchange, &values);
        return question
            .into_iter()
            .map(|question| Asked { question, went: Vec::new(), missed: Vec::new() })
            .collect();
    }
    at_exchange(recording, &Cookies::of(recording), at, root, &values)
}

/// Whether a request is a preflight after which the call itself got no answer.
fn is_dead_end(all: &[Exchange], at: usize) -> bool {
    let preflight = &all[at];
    // Recordings put a preflight before or after its call.
    let answered = |other: &Exchange| {
        other.kind == Kind::Call && other.came == Came::Answered && other.plain_url() == preflight.plain_url()
    };
    preflight.kind == Kind::Preflight && preflight.came == Came::Answered && !all.iter().any(answered)
}

/// The question of a call that a preflight asks leave for. It is not known whether it is to have credentials: such calls
/// have, as a rule, where something goes wrong.
fn before_call(preflight: &Exchange, values: &Values) -> Option<Question> {
    let names = preflight.header("access-control-request-headers").unwrap_or_default();
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let value = |name: &str| match name {
        "content-type" => "application/json".to_owned(),
        _ => "x".to_owned(),
    };
    Some(Question {
        page: Some(values.url(&preflight.asker()?)),
        request: values.url(&preflight.url),
        method: preflight.header("access-control-request-method")?.to_owned(),
        how: How::Fetch,
        credentials: Credentials::Include,
        headers: names.map(|name| (name.to_owned(), value(name))).collect(),
        earlier: Vec::new(),
        earlier_from: None,
        response: None,
        preflight: Some(response(preflight, values)),
        set_cookie: Vec::new(),
        then: None,
        framework: None,
    })
}

/// What one exchange asks. `root` is what was asked first, where redirects led to it.
fn at_exchange(
    recording: &Recording,
    cookies: &Cookies,
    at: usize,
    root: &Exchange,
    values: &Values,
) -> Vec<Asked> {
    let all = &recording.exchanges;
    let exchange = &all[at];
    let mut asked = Vec::new();
    if exchange.came != Came::Answered || exchange.kind == Kind::Preflight {
        return asked;
    }
    let reads =
        exchange.is_cross_origin_call() && exchange.answer("access-control-allow-origin") != Some("*");
    let is_about_reading = exchange.set_cookie.is_empty();
    let missed = missed(cookies, at, exchange);
    if !missed.is_empty() {
        let mut question = question(recording, at, root, None, values);
        let lines = missed.iter().filter_map(|(set_at, name)| {
            all[*set_at].set_cookie.iter().rev().find(|line| Line(line).name() == *name)
        });
        question.earlier_from = missed.first().map(|(set_at, _)| values.url(&all[*set_at].url));
        question.earlier = lines.map(|line| values.line(line)).collect();
        if let Some(response) = &mut question.response {
            response.set_cookie.clear();
        }
        let missed = missed.into_iter().map(|(_, name)| name.to_owned()).collect();
        asked.push(Asked { question, went: Vec::new(), missed });
    }
    if is_about_reading && !reads {
        return asked;
    }
    let set: Vec<_> = cookies.set.iter().filter(|set| set.at == Some(at)).collect();
    let later = |name: &str| {
        let set = set.iter().rev().find(|set| set.name == name);
        all.iter().enumerate().skip(at + 1).filter(move |(_, other)| {
            let host = other.url.host_str().unwrap_or_default();
            other.kind != Kind::Preflight
                && other.came == Came::Answered
                && set.is_some_and(|set| set.reaches(host))
        })
    };
    let mut went: Vec<(String, usize, usize)> = Vec::new();
    for line in &exchange.set_cookie {
        let name = Line(line).name();
        if went.iter().all(|(known, ..)| known != name) {
            let carried = later(name).filter(|(_, other)| other.sent().contains(&name)).count();
            went.push((name.to_owned(), carried, later(name).count()));
        }
    }
    let next = all.iter().skip(at + 1).find(|other| is_next(exchange, other));
    let question = question(recording, at, root, next, values);
    asked.push(Asked { question, went, missed: Vec::new() });
    asked
}

/// Adds a question that has not been asked yet.
fn add(asked: &mut Vec<Asked>, new: Asked) {
    let bare = |url: &Url| (url.origin(), url.path().to_owned());
    let page = |asked: &Asked| asked.question.page.as_ref().map(Url::origin);
    let is_known = asked.iter().any(|known| {
        bare(&known.question.request) == bare(&new.question.request)
            && known.question.method == new.question.method
            && page(known) == page(&new)
            && known.missed == new.missed
            && known.question.lines().eq(new.question.lines())
    });
    if !is_known {
        asked.push(new);
    }
}

/// The cookies that answers of the recording set for the host of a request, and that did not go with it: each with the
/// exchange that set it.
fn missed<'c>(cookies: &'c Cookies, at: usize, exchange: &Exchange) -> Vec<(usize, &'c str)> {
    let host = exchange.url.host_str().unwrap_or_default();
    let carried = exchange.sent();
    let alive = cookies.alive(host, at).into_iter();
    let missed = alive.filter(|set| !carried.contains(&set.name.as_str()));
    missed.filter_map(|set| Some((set.at?, set.name.as_str()))).collect()
}

/// For each exchange the first one of the redirects that led to it: itself where there was none.
fn roots(recording: &Recording) -> Vec<usize> {
    let all = &recording.exchanges;
    let mut roots: Vec<usize> = Vec::new();
    let mut followed = vec![false; all.len()];
    for (at, exchange) in all.iter().enumerate() {
        let leads = |before: &usize| {
            !followed[*before]
                && all[*before].kind == exchange.kind
                && all[*before].redirect().as_ref() == Some(&exchange.plain_url())
        };
        let before = (0..at).rev().find(leads);
        if let Some(before) = before {
            followed[before] = true;
        }
        roots.push(before.map_or(at, |before| roots[before]));
    }
    roots
}

/// Whether a request is the next that the same page makes in the same way, of another address on the same host.
fn is_next(exchange: &Exchange, other: &Exchange) -> bool {
    let asker = |exchange: &Exchange| exchange.asker().map(|asker| asker.origin());
    other.kind == exchange.kind
        && other.method == "GET"
        && other.came == Came::Answered
        && other.url.origin() == exchange.url.origin()
        && other.url.path() != exchange.url.path()
        && (exchange.kind != Kind::Document || asker(other).is_some() == asker(exchange).is_some())
        && (exchange.kind != Kind::Call || asker(other) == asker(exchange))
}

/// The question of an exchange. `root` is what was asked first, where redirects led to it: its page asks.
fn question(
    recording: &Recording,
    at: usize,
    root: &Exchange,
    next: Option<&Exchange>,
    values: &Values,
) -> Question {
    let exchange = &recording.exchanges[at];
    let is_typed = root.kind == Kind::Document && root.is_typed() && root.method == "GET";
    let page = match is_typed {
        true => None,
        // Who asks without saying so is a page of the same origin.
        false => root.asker().or_else(|| root.url.join("/").ok()),
    };
    let is_cross = page.as_ref().is_some_and(|page| page.origin() != exchange.url.origin());
    let preflight = recording.exchanges[..at].iter().rev().find(|other| {
        other.kind == Kind::Preflight && other.url == exchange.url && exchange.kind == Kind::Call
    });
    let allows = |other: &Exchange| other.answer("access-control-allow-credentials") == Some("true");
    let includes =
        is_cross && (!exchange.sent().is_empty() || allows(exchange) || preflight.is_some_and(allows));
    let mut headers: Vec<(String, String)> = headers_set(exchange)
        .into_iter()
        .map(|(name, value)| (name, if values.keep { value } else { values.text(&value) }))
        .collect();
    let content_type = exchange.header("content-type").filter(|_| exchange.kind == Kind::Call);
    headers.extend(content_type.map(|kind| ("content-type".to_owned(), kind.to_owned())));
    Question {
        page: page.map(|page| values.url(&page)),
        request: values.url(&exchange.url),
        method: exchange.method.clone(),
        how: match exchange.kind {
            Kind::Document => How::Navigation,
            Kind::Frame => How::Iframe,
            Kind::Asset | Kind::Script | Kind::WebSocket => How::Image,
            Kind::Call | Kind::Beacon | Kind::Preflight => How::Fetch,
        },
        credentials: if includes { Credentials::Include } else { Credentials::SameOrigin },
        headers: if exchange.kind == Kind::Call { headers } else { Vec::new() },
        earlier: Vec::new(),
        earlier_from: None,
        response: Some(response(exchange, values)),
        preflight: preflight.map(|preflight| response(preflight, values)),
        set_cookie: Vec::new(),
        then: next.map(|next| values.url(&next.url)),
        framework: None,
    }
}

fn response(exchange: &Exchange, values: &Values) -> Response {
    let counts = |(name, _): &&(String, String)| {
        let name = name.to_ascii_lowercase();
        name.starts_with("access-control-") || name == "location" || name == "date"
    };
    let header = |(name, value): &(String, String)| {
        let to = exchange.redirect().filter(|_| name.eq_ignore_ascii_case("location"));
        (name.clone(), to.map_or_else(|| value.clone(), |to| values.url(&to).to_string()))
    };
    Response {
        status: exchange.answered(),
        has_status: true,
        headers: exchange.answer.iter().filter(counts).map(header).collect(),
        set_cookie: exchange.set_cookie.iter().map(|line| values.line(line)).collect(),
        answers: 1,
    }
}

//! How the requests of a tab ended, as BiDi tells it.
//!
//! Cookies are not its affair: BiDi says nothing of what was held back.

use std::collections::HashMap;

use serde_json::Value;
use url::Url;

use crate::browser::request::{is_at, without_fragment};

/// The requests of a step.
#[derive(Debug, Default)]
pub(super) struct Record {
    requests: HashMap<String, Request>,
    /// How many requests were seen, to keep their order.
    count: usize,
}

/// One request with its redirects.
#[derive(Debug)]
struct Request {
    order: usize,
    method: String,
    /// Where it went first.
    first: Url,
    /// Where it went last.
    last: Url,
    /// The id of the navigation that it is part of.
    navigation: Option<String>,
    state: State,
}

#[derive(Debug, PartialEq)]
enum State {
    /// It is on its way.
    Open,
    /// It was answered with a redirect, which may be followed or not.
    Redirected,
    /// It was answered.
    Answered,
    /// It ended badly: `NS_ERROR_…`.
    Failed(String),
}

/// How a request ended that ended badly, in Firefox's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// The URL it failed at, after redirects.
    pub(super) url: Url,
    /// `NS_ERROR_…`.
    pub(super) error: String,
}

impl Record {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.requests.clear();
    }

    /// Takes in an event of the module network: its name without the module, and its parameters.
    pub(super) fn take(&mut self, name: &str, params: &Value) {
        let text = |pointer: &str| params.pointer(pointer).and_then(Value::as_str);
        let Some(id) = text("/request/request") else { return };
        if name == "beforeRequestSent" {
            let Some(url) = text("/request/url").and_then(|url| Url::parse(url).ok()) else { return };
            let url = without_fragment(&url);
            let order = self.count;
            self.count += 1;
            let request = self.requests.entry(id.to_owned()).or_insert_with(|| Request {
                order,
                method: text("/request/method").unwrap_or("GET").to_owned(),
                first: url.clone(),
                last: url.clone(),
                navigation: text("/navigation").map(str::to_owned),
                state: State::Open,
            });
            (request.last, request.state) = (url, State::Open);
            return;
        }
        let Some(request) = self.requests.get_mut(id) else { return };
        request.state = match name {
            "fetchError" => State::Failed(text("/errorText").unwrap_or_default().to_owned()),
            _ if is_redirect(params) => State::Redirected,
            _ => State::Answered,
        };
    }

    /// How many requests have been begun and have not ended.
    pub(super) fn open(&self) -> usize {
        let is_open = |request: &&Request| matches!(request.state, State::Open | State::Redirected);
        self.requests.values().filter(is_open).count()
    }

    /// Whether every request that was begun has ended.
    pub(super) fn is_quiet(&self) -> bool {
        self.open() == 0
    }

    /// Whether every request was at least answered, be it with a redirect.
    pub(super) fn is_answered(&self) -> bool {
        self.requests.values().all(|request| request.state != State::Open)
    }

    /// Whether a request for a URL was begun.
    pub(super) fn asked_for(&self, url: &Url) -> bool {
        let url = without_fragment(url);
        self.requests.values().any(|request| request.first == url)
    }

    /// Whether something was asked for at this host and port.
    pub(super) fn asked_at(&self, asked: &str) -> bool {
        self.requests.values().any(|request| is_at(&request.first, asked) || is_at(&request.last, asked))
    }

    /// How the last request for a URL failed; `None` if it did not. Redirects count for the URL they
    /// began with.
    pub(super) fn ending(&self, method: &str, url: &Url) -> Option<Ending> {
        let url = without_fragment(url);
        let same = |request: &&Request| request.method == method && request.first == url;
        self.requests.values().filter(same).max_by_key(|request| request.order)?.ending()
    }

    /// Whether the request of this navigation was answered.
    pub(super) fn is_navigation_answered(&self, id: &str) -> bool {
        let is_its = |request: &&Request| request.navigation.as_deref() == Some(id);
        self.requests.values().find(is_its).is_some_and(|request| request.state == State::Answered)
    }

    /// How the last navigation of these failed, if it did.
    pub(super) fn navigation(&self, ids: &[String]) -> Option<Ending> {
        let is_one = |request: &&Request| request.navigation.as_ref().is_some_and(|id| ids.contains(id));
        self.requests.values().filter(is_one).max_by_key(|request| request.order)?.ending()
    }
}

impl Request {
    fn ending(&self) -> Option<Ending> {
        match &self.state {
            State::Failed(error) => Some(Ending { url: self.last.clone(), error: error.clone() }),
            _ => None,
        }
    }
}

fn is_redirect(params: &Value) -> bool {
    let status = params.pointer("/response/status").and_then(Value::as_u64).unwrap_or_default();
    let headers = params.pointer("/response/headers").and_then(Value::as_array).into_iter().flatten();
    let name = |header: &Value| header.get("name").and_then(Value::as_str).map(str::to_ascii_lowercase);
    (300..400).contains(&status) && headers.filter_map(name).any(|name| name == "location")
}

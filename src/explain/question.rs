//! A single question, answered without a scenario: will this cookie be stored and sent, and can the page
//! read the answer?
//!
//! The question becomes a plan like any other: the page's origin with the built-in page, the origin that
//! is asked with one route that answers as stated, and three steps: open the page, make the request, make
//! it again. What the question leaves open is assumed in favour of the server, and said.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::cause;
use super::goal::{self, Goal};
use super::note;
use super::response::Response;
use super::search::{self, Fix, Remedy};
use super::stage::{Shown, Stage};
use super::told::Explanation;
use crate::browser_name::BrowserName;
use crate::diagnostic::Source;
use crate::edit::Edits;
use crate::plan::{
    Action, Body, Certificate, Cors, Credentials, Expect, Fetch, Form, Origin, Plan, Route, Service, Step,
    Xhr,
};
use crate::rules::cors;
use crate::rules::reason::Reason;
use crate::world::WorldError;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The page that makes the request; `None` where the URL is typed into the address bar.
    pub page: Option<Url>,
    /// What is requested.
    pub request: Url,
    /// The method.
    pub method: String,
    /// How the request is made. Without a page it is typed, whatever this says.
    pub how: How,
    /// The credentials mode of `fetch`, or what comes closest to it.
    pub credentials: Credentials,
    /// Header fields that the page sets.
    pub headers: Vec<(String, String)>,
    /// The `Set-Cookie` lines of an answer that came before, in the same way from the same place.
    pub earlier: Vec<String>,
    /// The answer to the request, where it is known; else only its cookies are.
    pub response: Option<Response>,
    /// The answer to the preflight, where it is known.
    pub preflight: Option<Response>,
    /// `Set-Cookie` lines of the answer, after those of `response`.
    pub set_cookie: Vec<String>,
    /// What is requested next, instead of the same again.
    pub then: Option<Url>,
}

/// How a page makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By `fetch()`.
    Fetch,
    /// By `XMLHttpRequest`, Axios among others.
    Xhr,
    /// By leaving for it: a link, or a form that is submitted.
    Navigation,
    /// By an image.
    Image,
    /// By a frame.
    Iframe,
}

/// The answer to a question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The browsers, in the order asked.
    pub browsers: Vec<BrowserName>,
    /// What happens in each of them.
    pub outcomes: Vec<Outcome>,
    /// Everything that stands in the way.
    pub explanations: Vec<Explanation>,
    /// What to do about it.
    pub remedy: Remedy,
    /// Where all works: a narrower `SameSite` that works as well.
    pub advice: Option<Fix>,
    /// What was assumed, each a sentence.
    pub assumptions: Vec<String>,
    /// What to know besides, each a sentence.
    pub notes: Vec<String>,
    /// What the answer for one of the browsers should not be taken for, a sentence.
    pub caveat: Option<String>,
    /// The plan that was rehearsed.
    pub plan: Plan,
}

/// What happens in one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The browser.
    pub browser: BrowserName,
    /// Each cookie of the answer.
    pub cookies: Vec<CookieOutcome>,
    /// Whether the page may read the answer; `None` where nothing is to be read.
    pub readable: Option<bool>,
    /// Why it may not, or why there is no answer.
    pub reasons: BTreeSet<Reason>,
    /// Whether all is as it should be.
    pub works: bool,
}

/// What happens to one cookie in one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieOutcome {
    /// Its name.
    pub name: String,
    /// The line that counts.
    pub line: Vec<u8>,
    /// Whether the line deletes a cookie instead of setting one.
    pub deletion: bool,
    /// Whether it is stored; for a deletion, whether the cookie is gone.
    pub done: bool,
    /// Why it is not stored.
    pub reasons: BTreeSet<Reason>,
    /// Whether it goes with the next request.
    pub sent: bool,
    /// Why it does not, although it is stored.
    pub withheld: BTreeSet<Reason>,
}

impl Answer {
    /// Whether all is as it should be in every browser.
    pub fn works(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.works)
    }
}

/// Answers a question for these browsers, by the rules.
///
/// # Errors
/// Where what is stated cannot be served: a control character in a header, a host that is none.
pub async fn answer(question: &Question, browsers: &[BrowserName]) -> Result<Answer, WorldError> {
    let Asked { plan, request, again, assumptions } = ask(question);
    let mut stage = Stage::new(browsers);
    let shown = stage.rehearse(&plan).await?;
    let goal = Goal::Works { request, again };
    let outcomes = outcomes(&plan, browsers, &shown, &goal, request, again);
    let causes = cause::of_request(browsers, &shown, request, again);
    let explanations = causes.iter().map(|cause| Explanation::of(cause, &plan, browsers)).collect();
    let works = outcomes.iter().all(|outcome| outcome.works);
    let remedy = if works {
        Remedy::default()
    } else {
        search::remedy(&plan, &goal, &Edits::new(), &mut stage).await?
    };
    let advice = if works { search::needless_none(&plan, &goal, &mut stage).await } else { None };
    let notes = note::notes(question, &plan.steps[again], &outcomes);
    let caveat = note::caveat(&outcomes);
    let browsers = browsers.to_vec();
    Ok(Answer { browsers, outcomes, explanations, remedy, advice, assumptions, notes, caveat, plan })
}

fn outcomes(
    plan: &Plan,
    browsers: &[BrowserName],
    shown: &Shown,
    goal: &Goal,
    request: usize,
    again: usize,
) -> Vec<Outcome> {
    let each = browsers.iter().zip(shown);
    each.map(|(browser, seen)| {
        let (asked, next) = (&seen[request], &seen[again]);
        let cookies = goal::lines_that_count(asked).into_iter().map(|line| {
            let name = &line.name;
            let deletion = goal::is_deletion(line);
            let withheld =
                next.requests().flat_map(|exchange| &exchange.withheld).filter(|cookie| cookie.name == *name);
            let withheld = withheld.flat_map(|cookie| cookie.reasons.iter().copied()).collect();
            CookieOutcome {
                name: name.clone(),
                line: line.line.clone(),
                deletion,
                done: if deletion { !goal::survives(asked, line) } else { line.stored == Some(true) },
                reasons: line.reasons.clone(),
                sent: goal::is_sent(next, name),
                withheld,
            }
        });
        Outcome {
            browser: *browser,
            cookies: cookies.collect(),
            readable: asked.page.readable,
            reasons: asked.page.cors.clone(),
            works: goal.is_met(plan, *browser, seen),
        }
    })
    .collect()
}

/// A question as a plan.
struct Asked {
    plan: Plan,
    request: usize,
    again: usize,
    assumptions: Vec<String>,
}

fn ask(question: &Question) -> Asked {
    let mut assumptions = Vec::new();
    let mut origins = Origins::default();
    let mut steps = Vec::new();
    if let Some(page) = &question.page {
        let page = page_url(page, question);
        origins.page(&page);
        steps.push(Action::Visit(page));
    }
    let call_headers: &[(String, String)] = if is_call(question) { &question.headers } else { &[] };
    let mut cors = settings(question, call_headers, &mut assumptions);
    // Settings answer preflights themselves. Where that answer is stated, what they say of others is said by routes.
    let assumed =
        cors.take_if(|_| question.preflight.is_some()).map(|cors| headers_of(&cors)).unwrap_or_default();
    if !question.earlier.is_empty() {
        let earlier = beside(&question.request);
        let route = route("GET", &earlier, 200, &assumed, &question.earlier);
        origins.add("api", &earlier, route, cors.clone());
        let before = Question { method: "GET".to_owned(), headers: Vec::new(), ..question.clone() };
        steps.push(action(&before, &earlier));
    }
    let headers: Vec<_> = question.response.iter().flat_map(Response::cors).cloned().chain(assumed).collect();
    let stated = question.response.as_ref().map_or(&[][..], |response| &response.set_cookie);
    let lines: Vec<String> = stated.iter().chain(&question.set_cookie).cloned().collect();
    let status = status(question, &mut assumptions);
    let api = &question.request;
    origins.add("api", api, route(&question.method, api, status, &headers, &lines), cors.clone());
    if cors.is_none() && is_call(question) {
        origins.add("api", api, preflight(question, &mut assumptions), None);
    }
    back(question, &mut steps);
    let request = steps.len();
    steps.push(action(question, api));
    back(question, &mut steps);
    match &question.then {
        None => steps.push(action(question, api)),
        Some(then) => {
            origins.add("next", then, route("GET", then, 200, &headers, &[]), cors);
            steps.push(action(&Question { method: "GET".to_owned(), ..question.clone() }, then));
        }
    }
    let again = steps.len() - 1;
    let step = |action| Step { action, span: 0..0, inside: None, expect: Expect::default(), on: Vec::new() };
    let plan = Plan {
        source: Arc::new(Source::new("the question", "")),
        title: String::new(),
        covers: Vec::new(),
        tags: Vec::new(),
        records: Vec::new(),
        origins: origins.all,
        steps: steps.into_iter().map(step).collect(),
    };
    Asked { plan, request, again, assumptions }
}

/// Opens the page again where a step has left it.
fn back(question: &Question, steps: &mut Vec<Action>) {
    if question.how == How::Navigation
        && steps.len() > 1
        && let Some(page) = &question.page
    {
        steps.push(Action::Visit(page_url(page, question)));
    }
}

fn is_call(question: &Question) -> bool {
    question.page.is_some() && matches!(question.how, How::Fetch | How::Xhr)
}

fn is_cross_origin(question: &Question) -> bool {
    question.page.as_ref().is_some_and(|page| page.origin() != question.request.origin())
}

/// The CORS settings where the answer's own headers are not known: those the call needs.
fn settings(
    question: &Question,
    headers: &[(String, String)],
    assumptions: &mut Vec<String>,
) -> Option<Cors> {
    let page = question.page.as_ref()?;
    if question.response.is_some() || !is_call(question) || !is_cross_origin(question) {
        return None;
    }
    let of_preflights = if question.preflight.is_some() { "" } else { ", and that to a preflight," };
    assumptions.push(format!(
        "no --response was given, so the answer{of_preflights} is taken to have the CORS headers the call needs"
    ));
    Some(Cors {
        allow_origins: vec![page.origin().ascii_serialization()],
        allow_credentials: true,
        allow_headers: cors::unsafe_header_names(headers),
        allow_methods: Some(question.method.clone())
            .filter(|method| !cors::is_safelisted_method(method))
            .into_iter()
            .collect(),
        expose_headers: Vec::new(),
        max_age: None,
    })
}

/// What these settings add to an answer that is no preflight's.
fn headers_of(cors: &Cors) -> Vec<(String, String)> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let origins = cors.allow_origins.iter().map(|origin| header("Access-Control-Allow-Origin", origin));
    let credentials = cors.allow_credentials.then(|| header("Access-Control-Allow-Credentials", "true"));
    origins.chain(credentials).collect()
}

/// What answers a preflight: what was stated, else what the answer itself says.
fn preflight(question: &Question, assumptions: &mut Vec<String>) -> Route {
    let api = &question.request;
    if let Some(stated) = &question.preflight {
        if stated.answers > 1 {
            assumptions.push(format!("--preflight has {}", first_of(stated)));
        }
        let headers: Vec<_> = stated.cors().cloned().collect();
        return route("OPTIONS", api, stated.status, &headers, &[]);
    }
    let mut headers: Vec<(String, String)> =
        question.response.iter().flat_map(Response::cors).cloned().collect();
    let unsafe_names = cors::unsafe_header_names(&question.headers);
    let asks = !unsafe_names.is_empty() || !cors::is_safelisted_method(&question.method);
    if asks && is_cross_origin(question) {
        let states = |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let methods = (!states("Access-Control-Allow-Methods"))
            .then(|| ("Access-Control-Allow-Methods".to_owned(), question.method.clone()));
        let names = (!states("Access-Control-Allow-Headers") && !unsafe_names.is_empty())
            .then(|| ("Access-Control-Allow-Headers".to_owned(), unsafe_names.join(", ")));
        headers.extend(methods.into_iter().chain(names));
        assumptions.push(
            "the preflight (OPTIONS) is taken to be answered 204 with the CORS headers of the answer, and to allow the \
             method and the headers of the call; state its answer with --preflight FILE"
                .to_owned(),
        );
    }
    route("OPTIONS", api, 204, &headers, &[])
}

fn status(question: &Question, assumptions: &mut Vec<String>) -> u16 {
    let Some(response) = &question.response else { return 200 };
    let location = response.header("location").filter(|_| (300..400).contains(&response.status));
    if response.answers > 1 {
        let next = match location.and_then(|location| question.request.join(location).ok()) {
            Some(next) => format!("ask about the next with --request {next}"),
            None => "ask about each of the others on its own".to_owned(),
        };
        assumptions.push(format!("the response has {}: {next}", first_of(response)));
    } else if location.is_some() {
        assumptions.push(format!(
            "the redirect ({}) is not followed: ask about the place it leads to on its own",
            response.status
        ));
    }
    if location.is_some() { 200 } else { response.status }
}

/// That of several answers the first is looked at.
fn first_of(response: &Response) -> String {
    let which = match response.has_status {
        true => format!("the first, HTTP {},", response.status),
        false => "the first".to_owned(),
    };
    format!("{} answers; {which} is looked at", response.answers)
}

fn action(question: &Question, url: &Url) -> Action {
    let url = url.clone();
    let (method, headers) = (question.method.clone(), question.headers.clone());
    if question.page.is_none() {
        return Action::Visit(url);
    }
    match question.how {
        How::Fetch => {
            Action::Fetch(Fetch { url, method, credentials: question.credentials, headers, body: None })
        }
        How::Xhr => {
            let with_credentials = question.credentials == Credentials::Include;
            Action::Xhr(Xhr { url, method, with_credentials, headers, body: None })
        }
        How::Navigation if method == "GET" => Action::Link(url),
        How::Navigation => Action::Form(Form { url, method, fields: Vec::new() }),
        How::Image => Action::Image(url),
        How::Iframe => Action::Iframe(url),
    }
}

/// Where the page is opened: at another path where its own is the one that is asked.
fn page_url(page: &Url, question: &Question) -> Url {
    let mut page = page.clone();
    let paths = [Some(&question.request), question.then.as_ref()];
    if paths.into_iter().flatten().any(|url| url.origin() == page.origin() && url.path() == page.path()) {
        page.set_path(&format!("{}rehearsal-page", folder(&page)));
    }
    page
}

/// Another path in the same folder, so that a cookie set there has the same default path.
fn beside(url: &Url) -> Url {
    let mut beside = url.clone();
    beside.set_path(&format!("{}rehearsal-earlier", folder(url)));
    beside.set_query(None);
    beside
}

fn folder(url: &Url) -> &str {
    let path = url.path();
    &path[..=path.rfind('/').unwrap_or(0)]
}

fn route(method: &str, url: &Url, status: u16, headers: &[(String, String)], set_cookie: &[String]) -> Route {
    Route {
        method: method.to_owned(),
        path: url.path().to_owned(),
        status,
        headers: headers.to_vec(),
        set_cookie: set_cookie.to_vec(),
        body: Body::Empty,
        require_cookie: None,
        sign_jwt: None,
        require_jwt: None,
    }
}

/// The origins of a question, each once.
#[derive(Default)]
struct Origins {
    all: Vec<Origin>,
}

impl Origins {
    fn page(&mut self, url: &Url) {
        self.all.push(origin("page", url, Service::Page));
    }

    /// Adds a route. A path that is declared stays as it is.
    fn add(&mut self, name: &str, url: &Url, route: Route, cors: Option<Cors>) {
        let known = self.all.iter().position(|origin| origin.url.origin() == url.origin());
        let index = known.unwrap_or_else(|| {
            self.all.push(origin(name, url, Service::Routes(Vec::new())));
            self.all.len() - 1
        });
        let origin = &mut self.all[index];
        if origin.cors.is_none() {
            origin.cors = cors;
        }
        if let Service::Page = origin.service {
            let mut page = self::route("GET", url, 200, &[], &[]);
            page.path = "/*".to_owned();
            page.body = Body::Html(
                "<!doctype html><link rel=\"icon\" href=\"data:,\"><title>page</title>".to_owned(),
            );
            origin.service = Service::Routes(vec![page]);
        }
        if let Service::Routes(routes) = &mut origin.service
            && !routes.iter().any(|own| own.method == route.method && own.path == route.path)
        {
            routes.push(route);
        }
    }
}

fn origin(name: &str, url: &Url, service: Service) -> Origin {
    let mut base = url.clone();
    base.set_path("/");
    base.set_query(None);
    base.set_fragment(None);
    Origin {
        name: name.to_owned(),
        url: base,
        certificate: Certificate::Good,
        service,
        cors: None,
        edge: None,
    }
}

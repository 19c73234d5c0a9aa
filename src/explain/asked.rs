//! A question as a plan: the page's origin with the built-in page, the origin that is asked with one route that answers
//! as stated, and the steps that open the page, make the request and make the next.
//!
//! What the question leaves open is assumed in favour of the server, and said.

use std::sync::Arc;

use url::Url;

use super::question::{How, Question};
use super::response::Response;
use crate::diagnostic::Source;
use crate::looks;
use crate::plan::{
    Action, Body, Certificate, Cors, Credentials, Expect, Fetch, FetchOptions, Form, Origin, Plan, Route,
    Service, Step, Xhr,
};
use crate::rules::cors;
use crate::rules::line::Line;

/// A question as a plan.
pub(super) struct Asked {
    pub(super) plan: Plan,
    /// The step that makes the request.
    pub(super) request: usize,
    /// The step that makes the next one.
    pub(super) again: usize,
    /// What was assumed, each a sentence.
    pub(super) assumptions: Vec<String>,
    /// The cookies that were stored before, where the answer sets none: then it is asked whether they go along.
    pub(super) carried: Vec<String>,
}

/// The plan of a question.
pub(super) fn ask(question: &Question) -> Asked {
    let mut assumptions = Vec::new();
    let carried: Vec<String> = match question.lines().next() {
        None => question.earlier.iter().map(|line| Line(line).name().to_owned()).collect(),
        Some(_) => Vec::new(),
    };
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
        let of_others = |url: &Url| {
            let taken = [Some(&question.request), question.then.as_ref(), question.page.as_ref()];
            !taken
                .into_iter()
                .flatten()
                .any(|other| other.origin() == url.origin() && other.path() == url.path())
        };
        let known = question.earlier_from.clone().filter(of_others);
        let earlier = known.unwrap_or_else(|| beside(&question.request));
        let route = route("GET", &earlier, 200, &assumed, &question.earlier);
        origins.add("api", &earlier, route, cors.clone());
        let before = Question { method: "GET".to_owned(), headers: Vec::new(), ..question.clone() };
        if carried.is_empty() || question.page.is_none() {
            steps.push(action(&before, &earlier));
        } else {
            // What is asked is whether the cookies go along, and not whether that page could have had them set.
            assumptions.push(format!(
                "the cookies of --before were set by a visit to {}, in a tab of its own",
                question.request.origin().ascii_serialization()
            ));
            steps.insert(0, Action::Visit(earlier));
        }
    }
    let dated = question.response.iter().flat_map(Response::dated).cloned();
    let headers: Vec<_> =
        question.response.iter().flat_map(Response::cors).cloned().chain(assumed).chain(dated).collect();
    let lines: Vec<String> = question.lines().cloned().collect();
    let login = login_page(question);
    let status = status(question, login.is_some(), &mut assumptions);
    let api = &question.request;
    let mut answer = route(&question.method, api, status, &headers, &lines);
    if let Some(to) = &login {
        answer.body = Body::Redirect(to.to_string());
        let page = route("GET", to, 200, &[], &[]);
        origins.add("login", to, Route { body: Body::Html(PAGE.to_owned()), ..page }, None);
    }
    origins.add("api", api, answer, cors.clone());
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
            // A request of its own: a GET, without the headers of the call before.
            origins.add("next", then, route("GET", then, 200, &headers, &[]), cors);
            let next = Question { method: "GET".to_owned(), headers: Vec::new(), ..question.clone() };
            steps.push(action(&next, then));
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
    Asked { plan, request, again, assumptions, carried }
}

/// Opens the page again where a step has left it.
fn back(question: &Question, steps: &mut Vec<Action>) {
    let has_left = steps
        .last()
        .is_some_and(|step| !matches!(step, Action::Visit(url) if question.page.as_ref() == Some(url)));
    if question.how == How::Navigation
        && has_left
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

/// Where a script is led that asks and is not logged in.
fn login_page(question: &Question) -> Option<Url> {
    let response = question.response.as_ref().filter(|_| is_call(question))?;
    let location = response.header("location").filter(|_| (300..400).contains(&response.status))?;
    let to = question.request.join(location).ok()?;
    (looks::is_login_page(&to) && to != question.request).then_some(to)
}

fn status(question: &Question, is_followed: bool, assumptions: &mut Vec<String>) -> u16 {
    let Some(response) = &question.response else { return 200 };
    if is_followed {
        assumptions
            .push("the page that it leads to is taken to be answered 200, without CORS headers".to_owned());
        return response.status;
    }
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
            let (credentials, options) = (question.credentials, FetchOptions::default());
            Action::Fetch(Fetch { url, method, credentials, headers, body: None, options })
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
        require_header: None,
        sign_jwt: None,
        require_jwt: None,
    }
}

/// A page that asks for nothing.
const PAGE: &str = "<!doctype html><link rel=\"icon\" href=\"data:,\"><title>page</title>";

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
            page.body = Body::Html(PAGE.to_owned());
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

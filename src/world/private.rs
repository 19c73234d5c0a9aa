//! A page for one person, on the loopback interface: what it shows, it is told as it happens.
//!
//! Its address has a token in it that nobody else knows, so that other users of the machine and pages of other sites get
//! nothing. A request whose `Host` is not the address itself is refused, whatever its token: a name that a stranger
//! points at 127.0.0.1 (DNS rebinding) leads nowhere. Only `GET` is answered, nothing is ever changed by a request, and
//! what it serves may load nothing from anywhere else. So many who watch are served and no more, and of what was told so
//! much is kept and no more.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::accept;
use super::reply::PLAIN;
use super::serve::HEAD;
use super::tasks::Tasks;

/// How many events are kept for whoever comes later, the last.
pub const KEPT_EVENTS: usize = 256;

/// How many connections there may be at once; more wait their turn. A tab that watches has one.
const MAX_CONNECTIONS: usize = 32;

/// After how long of nothing a line is sent that says nothing, so that a watcher that is gone is noticed.
const STILL_THERE: Duration = Duration::from_secs(15);

/// How many bytes of randomness a token has.
const TOKEN: usize = 24;

/// Answers what is asked below the page's address: the path and its query, in, and HTML out; nothing where there is none.
pub type Answers = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Option<String>> + Send>> + Send + Sync>;

/// What is served.
#[derive(Clone)]
pub struct Content {
    /// The page.
    pub page: String,
    /// Its Content-Security-Policy.
    pub policy: String,
    /// What answers its questions.
    pub answers: Answers,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("page", &self.page.len()).field("policy", &self.policy).finish()
    }
}

/// The page, served. Dropped, it is closed.
#[derive(Debug)]
pub struct PrivatePage {
    address: SocketAddr,
    token: String,
    shared: Arc<Shared>,
    tasks: Tasks,
}

#[derive(Debug)]
struct Shared {
    content: Content,
    /// `127.0.0.1:PORT`: what the `Host` of every request has to be.
    host: String,
    /// The hash of the path that the page is at. A comparison of hashes takes as long whatever they are of.
    path: [u8; 32],
    events: Mutex<Events>,
    /// The number of the last event.
    newest: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Events {
    /// Each with its number, from 1.
    kept: VecDeque<(u64, String)>,
    /// What is true now: of each kind the last alone, with its number.
    states: Vec<(&'static str, u64, String)>,
    count: u64,
}

impl PrivatePage {
    /// Serves a page at a port that the system chooses. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// Where no port or no randomness can be had.
    pub fn bind(content: Content) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let mut random = [0; TOKEN];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| io::Error::other("the system has no random bytes"))?;
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let shared = Arc::new(Shared {
            content,
            host: address.to_string(),
            path: Sha256::digest(format!("/{token}/")).into(),
            events: Mutex::default(),
            newest: watch::Sender::new(0),
        });
        let tasks = Tasks::default();
        tasks.spawn(accept(listener, shared.clone(), tasks.clone()));
        Ok(Self { address, token, shared, tasks })
    }

    /// Where it is: an address that whoever knows it may watch by.
    pub fn url(&self) -> String {
        format!("http://{}/{}/", self.address, self.token)
    }

    /// Tells everybody who watches, and whoever comes later, as long as it is among the last.
    pub fn tell(&self, kind: &'static str, data: &serde_json::Value) {
        self.add(|events, number| {
            events.kept.push_back((number, event(number, kind, data)));
            if events.kept.len() > KEPT_EVENTS {
                events.kept.pop_front();
            }
        });
    }

    /// Tells everybody what is true now. Of what was told of that kind before, nothing is kept.
    pub fn state(&self, kind: &'static str, data: &serde_json::Value) {
        self.add(|events, number| {
            events.states.retain(|(known, ..)| *known != kind);
            events.states.push((kind, number, event(number, kind, data)));
        });
    }

    fn add(&self, add: impl FnOnce(&mut Events, u64)) {
        let count = {
            let mut events = self.shared.events();
            events.count += 1;
            let count = events.count;
            add(&mut events, count);
            count
        };
        self.shared.newest.send_replace(count);
    }

    /// Closes the port and every connection, and returns when they are closed.
    pub async fn close(self) {
        self.tasks.cut_and_wait().await;
    }
}

impl Drop for PrivatePage {
    fn drop(&mut self) {
        self.tasks.cut();
    }
}

/// An event as server-sent events have it (HTML, section 9.2.5). JSON has no line breaks.
fn event(number: u64, kind: &str, data: &serde_json::Value) -> String {
    format!("id: {number}\nevent: {kind}\ndata: {data}\n\n")
}

impl Shared {
    fn events(&self) -> MutexGuard<'_, Events> {
        // A panic elsewhere leaves it whole: each of its fields is changed in one go.
        self.events.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What was told after an event, in order, and the number of the last of it.
    fn after(&self, last: u64) -> (u64, String) {
        let events = self.events();
        let kept = events.kept.iter().map(|(number, text)| (*number, text));
        let states = events.states.iter().map(|(_, number, text)| (*number, text));
        let mut new: Vec<(u64, &String)> = kept.chain(states).filter(|(number, _)| *number > last).collect();
        new.sort_unstable_by_key(|(number, _)| *number);
        (events.count, new.into_iter().map(|(_, text)| text.as_str()).collect())
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, tasks: Tasks) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (stream, _) = accept::next(&listener).await;
        _ = stream.set_nodelay(true);
        let shared = shared.clone();
        tasks.spawn(async move {
            let service = service_fn(|request| {
                let shared = shared.clone();
                async move { Ok::<_, Infallible>(answer(shared, request).await) }
            });
            // A client that errs or goes away concerns nobody else.
            _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(place);
        });
    }
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let host = request.headers().get_all(HOST).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
    let is_here = request.uri().authority().is_none_or(|authority| authority.as_str() == shared.host);
    if host != [shared.host.as_bytes()] || !is_here {
        return sentence(StatusCode::MISDIRECTED_REQUEST, "rehearsal: this page has no name\n");
    }
    let path = request.uri().path();
    let end = path.get(1..).and_then(|path| path.find('/')).map_or(path.len(), |at| at + 2);
    let (token, rest) = path.split_at(end);
    let hash: [u8; 32] = Sha256::digest(token).into();
    if hash != shared.path {
        return sentence(
            StatusCode::NOT_FOUND,
            "rehearsal: nothing is here\nhint: open the address as it was printed, all of it\n",
        );
    }
    // No other site's page has any business here, should it know the address.
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    if !matches!(site, None | Some(b"none" | b"same-origin")) {
        return sentence(StatusCode::FORBIDDEN, "rehearsal: no other site may ask for this page\n");
    }
    if request.method() != Method::GET {
        let mut refused = sentence(StatusCode::METHOD_NOT_ALLOWED, "rehearsal: this page can only be read\n");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return refused;
    }
    match rest {
        "" => html(&shared, shared.content.page.clone()),
        "events" => {
            let last = request.headers().get("last-event-id").and_then(|last| last.to_str().ok());
            let last = last.and_then(|last| last.parse().ok()).unwrap_or(0);
            stream(shared, last)
        }
        _ => {
            let asked = match request.uri().query() {
                Some(query) => format!("{rest}?{query}"),
                None => rest.to_owned(),
            };
            match (shared.content.answers)(asked).await {
                Some(text) => html(&shared, text),
                None => sentence(StatusCode::NOT_FOUND, "rehearsal: nothing is known of that any more\n"),
            }
        }
    }
}

fn html(shared: &Shared, text: String) -> Response<Body> {
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let mut response = whole(StatusCode::OK, kind, text);
    // Beside what the page says itself: in no frame, which only a header can say (CSP level 3, section 6.4.2).
    let policy = format!("{}; frame-ancestors 'none'", shared.content.policy);
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn sentence(status: StatusCode, text: &str) -> Response<Body> {
    whole(status, PLAIN, text.to_owned())
}

fn whole(status: StatusCode, kind: HeaderValue, text: String) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(text)).boxed_unsync());
    *response.status_mut() = status;
    guard(&mut response, kind);
    response
}

/// What every answer has: nobody keeps it, guesses what it is, frames it, embeds it or is told where it was.
fn guard(response: &mut Response<Body>, kind: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    for name in ["cross-origin-resource-policy", "cross-origin-opener-policy"] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static("same-origin"));
    }
}

/// What was told since an event, and what is told from now on.
fn stream(shared: Arc<Shared>, last: u64) -> Response<Body> {
    let newest = shared.newest.subscribe();
    let body = StreamBody::new(events(shared, newest, last));
    let mut response = Response::new(body.boxed_unsync());
    guard(&mut response, HeaderValue::from_static("text/event-stream"));
    response
}

fn events(
    shared: Arc<Shared>,
    newest: watch::Receiver<u64>,
    last: u64,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send {
    futures_util::stream::unfold((shared, newest, last), |(shared, mut newest, last)| async move {
        loop {
            let told = *newest.borrow_and_update();
            // A number of another page's, from before this one was there, tells nothing.
            let last = if last > told { 0 } else { last };
            let (count, text) = shared.after(last);
            if !text.is_empty() {
                return Some((Ok(Frame::data(Bytes::from(text))), (shared, newest, count)));
            }
            match tokio::time::timeout(STILL_THERE, newest.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => {
                    return Some((Ok(Frame::data(Bytes::from_static(b":\n\n"))), (shared, newest, last)));
                }
            }
        }
    })
}

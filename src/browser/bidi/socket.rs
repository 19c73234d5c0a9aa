//! WebDriver BiDi: commands, their answers, and events, over one socket.
//!
//! A thin client: it matches answers to commands, hands out events, and lets nothing wait for
//! ever. It knows the envelope of a message (<https://w3c.github.io/webdriver-bidi/#transport>) and no
//! command by name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use crate::browser::failure::Failure;
use crate::browser::guard::Words;

/// The longest message read, in bytes: a page's body may be in one.
const LONGEST: usize = 256 << 20;

/// An event, as the browser sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name: `log.entryAdded`, `goog:cdp.Network.loadingFailed`.
    pub method: String,
    /// Its parameters.
    pub params: Value,
}

/// A connection. Clones are handles to the same one; it is closed with the last.
#[derive(Clone, Debug)]
pub struct Bidi {
    shared: Arc<Shared>,
    limit: Duration,
}

#[derive(Debug)]
struct Shared {
    outbox: mpsc::UnboundedSender<Message>,
    state: Mutex<State>,
    gone: watch::Sender<bool>,
    words: Words,
}

#[derive(Debug, Default)]
struct State {
    /// The id of the last command.
    last: u64,
    pending: HashMap<u64, oneshot::Sender<Result<Value, String>>>,
    listeners: Vec<mpsc::UnboundedSender<Arc<Event>>>,
    /// Who is gone, once someone is.
    gone: Option<String>,
}

impl State {
    fn next_id(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

impl Bidi {
    /// Connects to the socket a session named. `limit` holds for the connection and for each command.
    ///
    /// # Errors
    /// [`Failure::Protocol`] or [`Failure::TimedOut`].
    pub(in crate::browser) async fn connect(
        url: &str,
        limit: Duration,
        words: Words,
    ) -> Result<Self, Failure> {
        let command = "BiDi connection";
        let connecting = async {
            let request = url.into_client_request().map_err(|error| Failure::protocol(command, error))?;
            let address = request.uri().authority().map(|authority| authority.as_str().to_owned());
            let address = address.ok_or_else(|| Failure::protocol(command, "the URL has no host"))?;
            let stream =
                TcpStream::connect(&address).await.map_err(|error| Failure::protocol(command, error))?;
            // Commands are small and each is waited for.
            stream.set_nodelay(true).map_err(|error| Failure::protocol(command, error))?;
            let config =
                WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
            let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config))
                .await
                .map_err(|error| Failure::protocol(command, error))?;
            Ok(socket)
        };
        let socket = tokio::time::timeout(limit, connecting)
            .await
            .map_err(|_| Failure::TimedOut { command: command.to_owned(), after: limit })??;

        let prompt = Prompt::of(socket.get_ref());
        let (outbox, mut outgoing) = mpsc::unbounded_channel();
        let shared =
            Arc::new(Shared { outbox, state: Mutex::default(), gone: watch::Sender::new(false), words });
        let (mut sink, mut stream) = socket.split();
        tokio::spawn(async move {
            while let Some(message) = outgoing.recv().await {
                if sink.send(message).await.is_err() {
                    return;
                }
            }
        });
        // Weak, so that the last handle that is dropped ends both tasks.
        let reader = Arc::downgrade(&shared);
        let mut gone = shared.gone.subscribe();
        tokio::spawn(async move {
            loop {
                let message = tokio::select! {
                    message = stream.next() => message,
                    _ = gone.wait_for(|gone| *gone) => None,
                };
                prompt.acknowledge();
                let Some(shared) = reader.upgrade() else { return };
                match message {
                    Some(Ok(Message::Text(text))) => shared.take(&text),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return shared.give_up("the browser"),
                    Some(Ok(_)) => {}
                }
            }
        });
        Ok(Self { shared, limit })
    }

    /// Sends a command and waits for its answer: the `result` of the answer.
    ///
    /// # Errors
    /// [`Failure::Protocol`] when the answer is an error, [`Failure::TimedOut`], [`Failure::Died`].
    pub async fn command(&self, method: &str, params: Value) -> Result<Value, Failure> {
        self.command_within(method, params, self.limit).await
    }

    /// [`Bidi::command`] with another limit.
    ///
    /// # Errors
    /// The same.
    pub async fn command_within(
        &self,
        method: &str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, Failure> {
        let (answer, answered) = oneshot::channel();
        let id = {
            let mut state = self.shared.state();
            if let Some(who) = state.gone.clone() {
                drop(state);
                return Err(self.shared.died(who));
            }
            let id = state.next_id();
            state.pending.insert(id, answer);
            id
        };
        self.shared.send(id, method, &params);
        match tokio::time::timeout(limit, answered).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(message))) => Err(Failure::protocol(described(method, &params).as_str(), message)),
            Ok(Err(_)) => Err(self.gone_failure()),
            Err(_) => {
                self.shared.state().pending.remove(&id);
                Err(Failure::TimedOut { command: described(method, &params), after: limit })
            }
        }
    }

    /// Sends a command whose answer does not matter.
    pub(in crate::browser) fn send(&self, method: &str, params: Value) {
        let id = self.shared.state().next_id();
        self.shared.send(id, method, &params);
    }

    /// Events from now on, of every name that is subscribed to. Ends when the browser is gone.
    pub fn events(&self) -> mpsc::UnboundedReceiver<Arc<Event>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.shared.state();
        if state.gone.is_none() {
            state.listeners.push(sender);
        }
        receiver
    }

    /// Declares that nobody answers any more: every command, now and later, fails with [`Failure::Died`].
    pub fn give_up(&self, who: &str) {
        self.shared.give_up(who);
    }

    /// Waits until nobody answers any more.
    pub async fn gone(&self) {
        // The sender lives as long as this handle.
        let _ = self.shared.gone.subscribe().wait_for(|gone| *gone).await;
    }

    /// The last words of the driver.
    pub(in crate::browser) fn words(&self) -> Words {
        self.shared.words.clone()
    }

    /// The limit of each command.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Whether nobody answers any more.
    pub fn is_gone(&self) -> bool {
        self.shared.state().gone.is_some()
    }

    /// Who is gone, as a failure.
    pub(in crate::browser) fn gone_failure(&self) -> Failure {
        let who = self.shared.state().gone.clone();
        self.shared.died(who.unwrap_or_else(|| "the browser".to_owned()))
    }
}

/// Has what arrives acknowledged at once.
///
/// Firefox holds a message back until the one before it is acknowledged (Nagle's algorithm), and Linux waits
/// 40 ms with that: the time of a step, several times over (measured 2026-11-21, Firefox 153.7.0esr).
#[cfg(target_os = "linux")]
struct Prompt(Option<std::os::fd::OwnedFd>);

#[cfg(target_os = "linux")]
impl Prompt {
    fn of(stream: &TcpStream) -> Self {
        let prompt = Self(std::os::fd::AsFd::as_fd(stream).try_clone_to_owned().ok());
        prompt.acknowledge();
        prompt
    }

    /// The kernel forgets that it was asked (tcp(7), `TCP_QUICKACK`), so it is asked after every message.
    fn acknowledge(&self) {
        if let Some(socket) = &self.0 {
            // It is slower without, and no worse.
            let _ = rustix::net::sockopt::set_tcp_quickack(socket, true);
        }
    }
}

#[cfg(not(target_os = "linux"))]
struct Prompt;

#[cfg(not(target_os = "linux"))]
impl Prompt {
    fn of(_: &TcpStream) -> Self {
        Self
    }

    fn acknowledge(&self) {}
}

/// The command as a message names it: what is inside a CDP command says more than its envelope.
fn described(method: &str, params: &Value) -> String {
    match params.get("method").and_then(Value::as_str) {
        Some(inner) if method.starts_with("goog:cdp.") => inner.to_owned(),
        _ => method.to_owned(),
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn send(&self, id: u64, method: &str, params: &Value) {
        let command = json!({ "id": id, "method": method, "params": params }).to_string();
        // A send that fails is followed by the reader giving up, which ends every wait.
        let _ = self.outbox.send(Message::text(command));
    }

    /// Takes a message in. What is neither an answer nor an event is ignored, as the protocol may grow.
    fn take(&self, text: &str) {
        let Ok(Value::Object(mut message)) = serde_json::from_str(text) else { return };
        let mut state = self.state();
        if let Some(id) = message.get("id").and_then(Value::as_u64) {
            let Some(waiting) = state.pending.remove(&id) else { return };
            let answer = match message.remove("result") {
                Some(result) => Ok(result),
                None => {
                    let text = |key| message.get(key).and_then(Value::as_str).unwrap_or_default();
                    Err(format!("{}: {}", text("error"), text("message")))
                }
            };
            // The waiter may have gone away, which is its own affair.
            let _ = waiting.send(answer);
        } else if let Some(Value::String(method)) = message.remove("method") {
            let params = message.remove("params").unwrap_or_default();
            let event = Arc::new(Event { method, params });
            state.listeners.retain(|listener| listener.send(event.clone()).is_ok());
        }
    }

    fn give_up(&self, who: &str) {
        {
            let mut state = self.state();
            state.gone.get_or_insert_with(|| who.to_owned());
            state.pending.clear();
            state.listeners.clear();
        }
        self.gone.send_replace(true);
    }

    fn died(&self, who: String) -> Failure {
        Failure::Died { who, last_words: self.words.list() }
    }
}

//! A WebDriver session: opened with capabilities, which its engine chooses, and ended with its driver.

use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value};
use url::{Host, Url};

use super::failure::Failure;
use super::options::DriverSession;

/// A session that is open.
#[derive(Debug)]
pub(super) struct Session {
    /// Dropping it closes the session.
    client: Client,
    /// The capabilities that were granted.
    granted: Map<String, Value>,
}

impl Session {
    /// Starts the browser whose program is called so, by the driver at this URL. It may take as long as
    /// `limit` to come up.
    ///
    /// # Errors
    /// [`Failure::NotStarted`] with the driver's message, [`Failure::TimedOut`].
    pub(super) async fn open(
        program: &str,
        driver: &str,
        capabilities: Map<String, Value>,
        limit: Duration,
    ) -> Result<Self, Failure> {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = tokio::time::timeout(limit, builder.connect(driver))
            .await
            .map_err(|_| Failure::TimedOut { command: "new session".to_owned(), after: limit })?
            .map_err(|error| Failure::NotStarted {
                program: program.to_owned(),
                message: reason(&error.to_string()),
                last_words: Vec::new(),
            })?;
        let granted = client.capabilities().cloned().unwrap_or_default();
        Ok(Self { client, granted })
    }

    /// The address of the BiDi socket, as it is reached from here: a driver on another machine names itself
    /// as it is called there.
    ///
    /// # Errors
    /// [`Failure::Protocol`] where the driver offers none.
    pub(super) fn socket(&self, driver: &str) -> Result<String, Failure> {
        let socket = self.text("webSocketUrl")?;
        let (Ok(mut url), Ok(driver)) = (Url::parse(&socket), Url::parse(driver)) else { return Ok(socket) };
        let is_loopback = |url: &Url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if is_loopback(&url) && !is_loopback(&driver) {
            url.set_host(driver.host_str()).map_err(|error| Failure::protocol("new session", error))?;
        }
        Ok(url.into())
    }

    /// Ends the session, and with it the browser; the driver goes on. Gives up when that takes too long.
    pub(super) async fn close(&self, limit: Duration) {
        // A driver that is gone has no session left.
        let _ = tokio::time::timeout(limit, self.client.clone().close()).await;
    }

    /// The session as a driver has it that listens there.
    pub(super) async fn at(&self, driver: &str) -> Option<DriverSession> {
        let session = self.client.session_id().await.ok().flatten()?;
        Some(DriverSession { driver: driver.to_owned(), session })
    }

    /// The session itself, for classic WebDriver commands.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// What the driver calls it.
    pub(super) async fn id(&self) -> Option<String> {
        self.client.session_id().await.ok().flatten()
    }

    /// A text among the capabilities that were granted: `browserVersion`, `webSocketUrl`.
    ///
    /// # Errors
    /// [`Failure::Protocol`] where there is none.
    pub(super) fn text(&self, key: &str) -> Result<String, Failure> {
        let text = self.granted.get(key).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| Failure::protocol("new session", format!("the answer has no `{key}`")))
    }

    /// A number among the capabilities that were granted: a process id.
    pub(super) fn number(&self, key: &str) -> Option<u32> {
        self.granted.get(key).and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok())
    }
}

/// What a driver says of a start that failed, without the trace of its own stack.
fn reason(message: &str) -> String {
    let lines = message.lines().map(str::trim).take_while(|line| !line.starts_with("#0"));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_all_the_lines_but_the_stack() {
        let said =
            "session not created\nfrom disconnected: unable to connect to renderer\n#0 0x5581 <unknown>\n#1";
        assert_eq!(reason(said), "session not created; from disconnected: unable to connect to renderer");
    }
}

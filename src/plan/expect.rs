//! What a scenario claims of a step, each claim with where it stands. Whether it holds `verdict` says.

use url::Url;

use super::SameSite;
use crate::diagnostic::Span;
use crate::rules::reason::Reason;

/// A value and where the scenario states it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim<T> {
    /// What is claimed.
    pub value: T,
    /// Where it is claimed: what a failure points at.
    pub span: Span,
}

/// A header field's lower-case name and its value; `None` is that there is no such field.
pub type HeaderClaim = (String, Option<String>);

/// What is expected of one step. What is absent is not asserted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// Method and URL of every request of the step as it arrived, in order, preflights included.
    pub requests: Option<Claim<Vec<(String, Url)>>>,
    /// Header fields that one and the same request of the step had or had not, preflights aside.
    pub request_headers: Option<Claim<Vec<HeaderClaim>>>,
    /// The status the step's own request was answered with on the wire, after redirects.
    pub status: Option<Claim<u16>>,
    /// Cookies the jar holds after the step; where a line of the step sets the name, the last one was taken.
    pub stored: Vec<Claim<Stored>>,
    /// Cookies that the jar does not hold. With a reason: whose last line in the step was refused for it, whatever
    /// the jar held before.
    pub not_stored: Vec<Claim<Absent>>,
    /// Cookies that went with at least one request of the step.
    pub sent: Vec<Claim<Sent>>,
    /// Cookies that went with no request of the step.
    pub not_sent: Vec<Claim<Absent>>,
    /// Names of cookies that scripts of the page see after the step: exactly these.
    pub document_cookie: Option<Claim<Vec<String>>>,
    /// Whether the page may read the answer.
    pub cors: Option<Claim<Readable>>,
    /// The address bar after the step: a whole URL.
    pub url: Option<Claim<Url>>,
    /// What the page could read, as JSON. An expected object may leave keys of the actual one out.
    pub json: Option<Claim<serde_json::Value>>,
}

impl Expect {
    /// Whether nothing is claimed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These claims, where `on` does not say otherwise.
    pub(super) fn overlaid_by(mut self, on: &Self) -> Self {
        let stored = on.stored.iter().map(|claim| &claim.value.name);
        let storing: Vec<_> = stored.chain(on.not_stored.iter().map(|claim| &claim.value.name)).collect();
        self.stored.retain(|claim| !storing.contains(&&claim.value.name));
        self.not_stored.retain(|claim| !storing.contains(&&claim.value.name));
        self.stored.extend_from_slice(&on.stored);
        self.not_stored.extend_from_slice(&on.not_stored);

        let sent = on.sent.iter().map(|claim| &claim.value.name);
        let sending: Vec<_> = sent.chain(on.not_sent.iter().map(|claim| &claim.value.name)).collect();
        self.sent.retain(|claim| !sending.contains(&&claim.value.name));
        self.not_sent.retain(|claim| !sending.contains(&&claim.value.name));
        self.sent.extend_from_slice(&on.sent);
        self.not_sent.extend_from_slice(&on.not_sent);

        Self {
            requests: on.requests.clone().or(self.requests),
            request_headers: on.request_headers.clone().or(self.request_headers),
            status: on.status.clone().or(self.status),
            document_cookie: on.document_cookie.clone().or(self.document_cookie),
            cors: on.cors.clone().or(self.cors),
            url: on.url.clone().or(self.url),
            json: on.json.clone().or(self.json),
            ..self
        }
    }
}

/// A cookie expected in the jar, with the attributes that matter. `None` is not asserted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The cookie's name.
    pub name: String,
    /// How many cookies of this name the jar holds.
    pub count: Option<usize>,
    /// Its value.
    pub value: Option<String>,
    /// The domain it belongs to, without a leading dot.
    pub domain: Option<String>,
    /// Whether it goes to exactly that host.
    pub host_only: Option<bool>,
    /// Its path.
    pub path: Option<String>,
    /// Whether it is Secure.
    pub secure: Option<bool>,
    /// Whether it is HttpOnly.
    pub http_only: Option<bool>,
    /// Its SameSite.
    pub same_site: Option<SameSite>,
    /// Whether it ends with the session (has no expiry).
    pub session: Option<bool>,
    /// Whether it is kept in a partition.
    pub partitioned: Option<bool>,
    /// The top-level site of its partition, as `https://site`.
    pub partition: Option<String>,
}

/// A cookie expected not to be stored, or not to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absent {
    /// The cookie's name.
    pub name: String,
    /// The reasons that must be among those given; empty asserts no reason.
    pub reasons: Vec<Reason>,
}

/// A cookie expected to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The cookie's name.
    pub name: String,
    /// Its value, where that matters.
    pub value: Option<String>,
    /// The values of all cookies of this name in one request, in their order, where that matters.
    pub values: Option<Vec<String>>,
}

/// Whether a page may read an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readable {
    /// It may.
    Yes,
    /// It may not, and this is among the reasons.
    No(Reason),
}

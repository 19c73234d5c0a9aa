//! Why a cookie was not stored, not sent, or a response not readable.
//!
//! A [`Reason`] is a stable code. Scenario files name it, reports and JSON print it, and the rules
//! return it. A decision is a *set* of reasons: included means the set is empty. This file holds
//! the codes, their sentences and their clauses, and never decides anything.

/// The question a reason answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Question {
    /// Why was a `Set-Cookie` line, or a script's write, not stored?
    Stored,
    /// Why was a cookie not attached to a request, or not shown to a script?
    Sent,
    /// Why may the page not read the response?
    Readable,
}

impl Question {
    /// The participle that reports and messages use: "not *stored*", "not *sent*", "not *readable*".
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Sent => "sent",
            Self::Readable => "readable",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal [$($question:ident: $sentence:literal, $clause:literal;)+])+) => {
        /// Why a cookie was not stored or not sent, or why a response was not readable.
        ///
        /// The codes are stable: they may be added to, and are never renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            /// Every reason, in the order reports list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable code, as scenario files and JSON spell it.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The sentence for people and the clause it comes from, or `None` where this reason
            /// cannot answer the question.
            const fn answer(self, question: Question) -> Option<(&'static str, &'static str)> {
                match (self, question) {
                    $($((Self::$variant, Question::$question) => Some(($sentence, $clause)),)+)+
                    _ => None,
                }
            }
        }
    };
}

reasons! {
    /// The request was made without credentials.
    CredentialsOmitted = "credentials-omitted" [
        Stored: "the request was made without credentials, and then the browser ignores Set-Cookie", "Fetch, HTTP-network-or-cache fetch, step on includeCredentials";
        Sent: "the request was made without credentials, so no cookie goes with it", "Fetch, HTTP-network-or-cache fetch, step on includeCredentials";
    ]
    /// The `Domain` attribute, or the cookie's domain, does not cover the host.
    DomainMismatch = "domain-mismatch" [
        Stored: "the Domain attribute names a domain that the responding host does not belong to", "RFC 6265bis -22, section 5.7, step 10";
        Sent: "the cookie belongs to another domain than the request goes to", "RFC 6265bis -22, section 5.8.3, step 3";
    ]
    /// The cookie has no `Domain`, and the request goes to another host than the one that set it.
    HostOnly = "host-only" [
        Sent: "the cookie was set without Domain, so it goes to exactly the host that set it and to no other", "RFC 6265bis -22, section 5.8.3, step 3";
    ]
    /// The `Domain` attribute names a public suffix.
    PublicSuffix = "public-suffix" [
        Stored: "the cookie would belong to a public suffix, under which strangers register names", "RFC 6265bis -22, section 5.7, step 9";
    ]
    /// The request path is outside the cookie's path.
    PathMismatch = "path-mismatch" [
        Sent: "the request's path is outside the cookie's Path", "RFC 6265bis -22, section 5.8.3, step 3";
    ]
    /// A `Secure` cookie, and a connection that is not secure.
    SecureRequired = "secure-required" [
        Stored: "the cookie is Secure and the connection is not", "RFC 6265bis -22, section 5.7, step 13";
        Sent: "the cookie is Secure and the connection is not", "RFC 6265bis -22, section 5.8.3, step 3";
    ]
    /// A cookie without `Secure`, over an insecure connection, that would overlay a Secure one.
    OverwritesSecure = "overwrites-secure" [
        Stored: "a Secure cookie of this name exists, and an insecure connection may not overlay it", "RFC 6265bis -22, section 5.7, step 16";
    ]
    /// `SameSite=Strict` in a cross-site context.
    SameSiteStrict = "same-site-strict" [
        Stored: "the cookie is SameSite=Strict and the response came in a cross-site context", "RFC 6265bis -22, section 5.7, step 18";
        Sent: "the cookie is SameSite=Strict and the request is cross-site", "RFC 6265bis -22, section 5.8.3, step 3";
    ]
    /// `SameSite=Lax` in a cross-site context.
    SameSiteLax = "same-site-lax" [
        Stored: "the cookie is SameSite=Lax and the response came in a cross-site context", "RFC 6265bis -22, section 5.7, step 18";
        Sent: "the cookie is SameSite=Lax and the request is cross-site and not a top-level navigation with a safe method", "RFC 6265bis -22, section 5.8.3, step 3";
    ]
    /// No `SameSite` attribute, treated as Lax, in a cross-site context.
    SameSiteDefaultLax = "same-site-default-lax" [
        Stored: "the cookie has no SameSite attribute, this browser then takes Lax, and the response came in a cross-site context", "RFC 6265bis -22, section 5.7, step 18";
        Sent: "the cookie has no SameSite attribute, this browser then takes Lax, and the request is cross-site and not a top-level navigation with a safe method", "RFC 6265bis -22, section 5.8.3, step 3";
    ]
    /// `SameSite=None` without `Secure`.
    SameSiteNoneInsecure = "same-site-none-insecure" [
        Stored: "SameSite=None is accepted only together with Secure", "RFC 6265bis -22, section 5.7, step 19";
    ]
    /// The rules of a name prefix are not met.
    InvalidPrefix = "invalid-prefix" [
        Stored: "the name begins with a prefix whose conditions the cookie does not meet", "RFC 6265bis -22, section 5.7, steps 20 to 22; layered cookies, section 5.4.3";
    ]
    /// `Partitioned` without `Secure`.
    PartitionedInsecure = "partitioned-insecure" [
        Stored: "Partitioned is accepted only together with Secure", "CHIPS, draft-cutler-httpbis-partitioned-cookies-01, section 2.3";
    ]
    /// The browser blocks cookies of third parties.
    ThirdPartyBlocked = "third-party-blocked" [
        Stored: "this browser, with this policy, stores no cookie for a third party", "RFC 6265bis -22, section 7.1";
        Sent: "this browser, with this policy, sends no cookie to a third party", "RFC 6265bis -22, section 7.1";
    ]
    /// The cookie is kept in another partition than the request looks at.
    OtherPartition = "other-partition" [
        Sent: "the cookie is kept in another partition: of another top-level site, or of frames with other sites above them", "CHIPS, draft-cutler-httpbis-partitioned-cookies-01";
    ]
    /// A script tried to write an `HttpOnly` cookie.
    HttpOnlyFromScript = "http-only-from-script" [
        Stored: "a script may not set an HttpOnly cookie", "RFC 6265bis -22, section 5.7, step 15";
    ]
    /// A script tried to replace an `HttpOnly` cookie.
    OverwritesHttpOnly = "overwrites-http-only" [
        Stored: "an HttpOnly cookie of this name exists, and a script may not replace it", "RFC 6265bis -22, section 5.7, step 23";
    ]
    /// An `HttpOnly` cookie, asked for by a script.
    HttpOnly = "http-only" [
        Sent: "the cookie is HttpOnly, so no script can read it", "RFC 6265bis -22, section 5.8.3, step 3";
    ]
    /// Name and value, or the whole line, are over the browser's limit.
    TooLarge = "too-large" [
        Stored: "name and value together are longer than 4096 bytes", "RFC 6265bis -22, section 5.7, step 4";
    ]
    /// A control character where none may stand.
    InvalidCharacter = "invalid-character" [
        Stored: "the line contains a character that no cookie may contain", "RFC 6265bis -22, section 5.6, step 1, and section 5.7, steps 3 and 8";
    ]
    /// Neither a name nor a value.
    Empty = "empty" [
        Stored: "the cookie has neither a name nor a value", "RFC 6265bis -22, section 5.7, step 2";
    ]
    /// No name, in a browser that wants one.
    Nameless = "nameless" [
        Stored: "the cookie has no name, and this browser stores no nameless cookie that could be taken for another", "RFC 6265bis -22, section 5.7, step 1";
    ]
    /// The answer to a WebSocket's handshake did not accept it.
    HandshakeRefused = "handshake-refused" [
        Stored: "the answer refuses a WebSocket's handshake, and this browser keeps no cookie of such an answer", "WHATWG WebSockets, section 2; RFC 6455, section 4.1";
    ]
    /// The browser takes an answer of this status for a failure.
    AnswerDiscarded = "answer-discarded" [
        Stored: "the browser takes an answer of this status for a failure of the connection or of a proxy, and keeps no cookie of it", "RFC 9110, sections 15.5.8 and 15.5.9";
    ]
    /// The cookie's lifetime is over.
    Expired = "expired" [
        Stored: "the cookie's lifetime was already over when it arrived: this is how a server deletes a cookie", "RFC 6265bis -22, section 5.7";
        Sent: "the cookie was stored and its lifetime is over", "RFC 6265bis -22, section 5.7";
    ]
    /// The jar holds no such cookie.
    NotStored = "not-stored" [
        Sent: "the browser has no such cookie", "RFC 6265bis -22, section 5.8.3, step 3";
    ]
    /// The response has no `Access-Control-Allow-Origin`.
    CorsNoAllowOrigin = "cors-no-allow-origin" [
        Readable: "the response has no Access-Control-Allow-Origin header", "Fetch, CORS check, step 2";
    ]
    /// `Access-Control-Allow-Origin` names another origin.
    CorsOriginMismatch = "cors-origin-mismatch" [
        Readable: "Access-Control-Allow-Origin is not the very `Origin` that asks", "Fetch, CORS check, step 4";
    ]
    /// `Access-Control-Allow-Origin: *` on a request with credentials.
    CorsWildcardWithCredentials = "cors-wildcard-with-credentials" [
        Readable: "Access-Control-Allow-Origin is * and the request carries credentials, for which the origin must be named", "Fetch, CORS check, steps 3 and 4";
    ]
    /// `Access-Control-Allow-Credentials: true` is missing.
    CorsCredentialsNotAllowed = "cors-credentials-not-allowed" [
        Readable: "the request carries credentials and the response has no Access-Control-Allow-Credentials: true", "Fetch, CORS check, steps 6 to 8";
    ]
    /// The preflight was answered with a status that is not 200 to 299.
    CorsPreflightStatus = "cors-preflight-status" [
        Readable: "the preflight (OPTIONS) was not answered with a status from 200 to 299, so the request itself was never made", "Fetch, CORS-preflight fetch, step 7";
    ]
    /// The preflight does not allow the method.
    CorsPreflightMethod = "cors-preflight-method" [
        Readable: "the preflight's Access-Control-Allow-Methods does not name the method, so the request itself was never made", "Fetch, CORS-preflight fetch, step 7.5";
    ]
    /// The preflight does not allow a header.
    CorsPreflightHeader = "cors-preflight-header" [
        Readable: "the preflight's Access-Control-Allow-Headers does not name a header the request has, so the request itself was never made", "Fetch, CORS-preflight fetch, step 7.6 and 7.7";
    ]
    /// An `https` page asked for an `http` resource.
    MixedContent = "mixed-content" [
        Readable: "the page is https and the request http, which browsers block", "Mixed Content, section 4.4";
    ]
    /// The call is made in mode `same-origin`, and the address is of another origin.
    SameOriginMode = "same-origin-mode" [
        Readable: "the call's mode is `same-origin`, and the address, or one it is redirected to, is of another origin", "Fetch, main fetch, the step on mode `same-origin`";
    ]
    /// The call takes a redirect for an error.
    RedirectRefused = "redirect-refused" [
        Readable: "the call says `redirect: \"error\"`, and the answer is a redirect", "Fetch, HTTP fetch, the step on redirect mode `error`";
    ]
    /// The answer is opaque: no script reads it.
    Opaque = "opaque" [
        Readable: "the call asks for an answer that no script can read: its mode is `no-cors`, or it does not follow redirects", "Fetch, section 2.2.6, opaque filtered response and opaque-redirect filtered response";
    ]
    /// There was no response at all.
    Network = "network" [
        Readable: "there was no response: the name, the connection, the certificate or the protocol failed", "Fetch, network error";
    ]
}

impl Reason {
    /// The reason with this code, if there is one.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }

    /// Whether this reason can answer the question.
    pub const fn answers(self, question: Question) -> bool {
        self.answer(question).is_some()
    }

    /// A sentence for people: a lower-case fragment without a full stop.
    ///
    /// Where the reason cannot answer this question, the sentence of the question it does answer.
    pub fn sentence(self, question: Question) -> &'static str {
        self.fact(question).0
    }

    /// The clause of the specification the reason comes from.
    pub fn clause(self, question: Question) -> &'static str {
        self.fact(question).1
    }

    fn fact(self, question: Question) -> (&'static str, &'static str) {
        [question, Question::Stored, Question::Sent, Question::Readable]
            .into_iter()
            .find_map(|question| self.answer(question))
            .unwrap_or(("", ""))
    }

    /// The codes that can answer a question, for messages that list what is possible.
    pub fn codes(question: Question) -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().filter(move |reason| reason.answers(question)).map(|reason| reason.code())
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_found_again() {
        for &reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(Reason::from_code("same-site"), None);
    }

    #[test]
    fn every_reason_answers_a_question_in_a_fragment_with_a_clause() {
        for &reason in Reason::ALL {
            let questions = [Question::Stored, Question::Sent, Question::Readable];
            let mut answered =
                questions.into_iter().filter_map(|question| reason.answer(question)).peekable();
            assert!(answered.peek().is_some(), "{reason} answers nothing");
            for (sentence, clause) in answered {
                assert!(!sentence.is_empty() && !sentence.ends_with('.') && !clause.is_empty(), "{reason}");
            }
        }
    }
}

//! Firefox's own words for why, and our reasons for them.
//!
//! The words are those of its console (`necko.properties` and `security.properties`, English, which it is
//! told to speak). A message that says less than a reason of ours does, or that is not known here, gives
//! none: it is shown as it is, and nothing is invented. Seen in Firefox 153.7.0esr.

use url::Url;

use crate::rules::cookie::SameSite;
use crate::rules::domain::domain_match;
use crate::rules::prefix::Prefix;
use crate::rules::reason::Reason;
use crate::rules::set_cookie::SetCookie;
use crate::suffixes::suffixes;

/// A message that says that a cookie was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal<'m> {
    /// The cookie's name.
    pub(super) name: &'m str,
    word: Word,
}

/// What such a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    NoneInsecure,
    TooLarge,
    InvalidName,
    InvalidCharacter,
    InvalidDomain,
    InvalidPrefix,
    HttpOnly,
    SecureRequired,
    ThirdParty,
    OverSecure,
    CrossSite,
    PartitionedInsecure,
}

/// What follows the name.
const WORDS: &[(&str, Word)] = &[
    (" rejected because it has the “SameSite=None” attribute but is missing", Word::NoneInsecure),
    (" is invalid because its size is too big", Word::TooLarge),
    (" has been rejected for invalid characters in the name", Word::InvalidName),
    (" has been rejected for invalid characters in the value", Word::InvalidCharacter),
    (" has been rejected for invalid characters in the attributes", Word::InvalidCharacter),
    (" has been rejected for invalid path", Word::InvalidCharacter),
    (" has been rejected for invalid domain", Word::InvalidDomain),
    (" has been rejected for invalid prefix", Word::InvalidPrefix),
    (" has been rejected because there is already an HTTP-Only cookie", Word::HttpOnly),
    (" has been rejected because a non-HTTPS cookie can’t be set as “secure”", Word::SecureRequired),
    (" has been rejected as third-party", Word::ThirdParty),
    (" has been rejected because it is foreign and does not have the “Partitioned“", Word::ThirdParty),
    (" has been rejected because there is an existing “secure” cookie", Word::OverSecure),
    (" has been rejected because it is in a cross-site context", Word::CrossSite),
    (
        " has been rejected because it has the “Partitioned” attribute but is missing",
        Word::PartitionedInsecure,
    ),
];

/// A message about a cookie that was refused; `None` for any other.
pub(super) fn refusal(message: &str) -> Option<Refusal<'_>> {
    let rest = message.strip_prefix("Cookie “")?;
    // A name may have quotes in it: the last that is followed by known words ends it.
    WORDS.iter().find_map(|(words, word)| {
        let at = rest.rfind(words)?;
        let name = rest[..at].strip_suffix('”')?;
        Some(Refusal { name, word: *word })
    })
}

/// The address whose cookies were neither taken nor sent because it is a third party's.
pub(super) fn blocked(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("Request to access cookie or storage on “")?;
    let (url, why) = rest.split_once("” was blocked because ")?;
    why.starts_with("we are blocking all third-party storage access requests").then_some(url)
}

/// The name of a cookie that was not sent because a redirect came from another site.
pub(super) fn omitted_by_redirect(message: &str) -> Option<&str> {
    message
        .strip_prefix("Cookie “")?
        .strip_suffix("” with the “SameSite” attribute value “Lax” or “Strict” was omitted because of a cross-site redirect.")
}

impl Refusal<'_> {
    /// Whether only a line that a script wrote is refused so.
    pub(super) fn is_of_scripts(&self) -> bool {
        self.word == Word::HttpOnly
    }

    /// Why the line was refused, where this address answered with it; `None` where the message does not fit it,
    /// which then is about another line for a cookie of that name.
    pub(super) fn reason(&self, line: &SetCookie<'_>, url: &Url, domain: Option<&str>) -> Option<Reason> {
        let host = url.host_str().unwrap_or_default();
        let name = line.name_text();
        if name != self.name {
            return None;
        }
        let fits = |fits: bool, reason| fits.then_some(reason);
        match self.word {
            Word::NoneInsecure => fits(
                line.same_site_flag() == SameSite::None && line.secure.is_none(),
                Reason::SameSiteNoneInsecure,
            ),
            Word::TooLarge => {
                let is_large = line.faults.iter().any(|fault| fault.reason == Reason::TooLarge);
                fits(is_large, Reason::TooLarge)
            }
            // A cookie that has no name has no valid one.
            Word::InvalidName if name.is_empty() => Some(Reason::Nameless),
            Word::InvalidName | Word::InvalidCharacter => Some(Reason::InvalidCharacter),
            // One word for a foreign domain and a public suffix, and the names themselves decide.
            Word::InvalidDomain => match domain {
                Some(domain) if !domain_match(host, domain) => Some(Reason::DomainMismatch),
                Some(domain) => fits(domain != host && suffixes(domain).name == domain, Reason::PublicSuffix),
                None => None,
            },
            Word::InvalidPrefix => {
                let asked = Prefix::of(name.as_bytes());
                fits(asked.is_some_and(|prefix| !keeps(line, prefix, url)), Reason::InvalidPrefix)
            }
            // One word for two things of which the line shows the one.
            Word::HttpOnly if line.http_only.is_some() => Some(Reason::HttpOnlyFromScript),
            Word::HttpOnly => Some(Reason::OverwritesHttpOnly),
            Word::SecureRequired => fits(line.secure.is_some(), Reason::SecureRequired),
            Word::ThirdParty => Some(Reason::ThirdPartyBlocked),
            Word::OverSecure => fits(line.secure.is_none(), Reason::OverwritesSecure),
            Word::CrossSite => match line.same_site_flag() {
                SameSite::Strict => Some(Reason::SameSiteStrict),
                SameSite::Lax => Some(Reason::SameSiteLax),
                // `network.cookie.sameSite.laxByDefault` is made sure of: none is treated as Lax.
                SameSite::Unset | SameSite::None => None,
            },
            Word::PartitionedInsecure => {
                fits(line.partitioned.is_some() && line.secure.is_none(), Reason::PartitionedInsecure)
            }
        }
    }
}

/// Whether a line is seen to keep all that the prefix of its name asks for. What it leaves to the address, such as a
/// path of its own, does not tell.
fn keeps(line: &SetCookie<'_>, prefix: Prefix, url: &Url) -> bool {
    let path = line.path.map(|path| line.bytes(path.value));
    let has_domain = line.domain.is_some_and(|domain| !domain.value.is_empty());
    url.scheme() == "https"
        && line.secure.is_some()
        && (!prefix.host || (path == Some(b"/") && !has_domain))
        && (!prefix.http_only || line.http_only.is_some())
}

/// What a message says of an answer that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotReadable {
    /// For this reason.
    For(Reason),
    /// For one that has no code of ours.
    Otherwise,
}

/// Why a response could not be read; `None` for a message about something else.
pub(super) fn not_readable(message: &str) -> Option<NotReadable> {
    if message.starts_with("Blocked loading mixed active content") {
        return Some(NotReadable::For(Reason::MixedContent));
    }
    if !message.starts_with("Cross-Origin Request Blocked:") {
        return None;
    }
    let (_, why) = message.split_once("(Reason: ")?;
    Some(match why {
        // It follows upon every other, and alone says that nothing was answered.
        _ if why.starts_with("CORS request did not succeed") => NotReadable::For(Reason::Network),
        _ if why.starts_with("CORS header ‘Access-Control-Allow-Origin’ missing") => {
            NotReadable::For(Reason::CorsNoAllowOrigin)
        }
        _ if why.starts_with("Multiple CORS header ‘Access-Control-Allow-Origin’")
            || why.starts_with("CORS header ‘Access-Control-Allow-Origin’ does not match") =>
        {
            NotReadable::For(Reason::CorsOriginMismatch)
        }
        _ if why.starts_with("Credential is not supported if the CORS header") => {
            NotReadable::For(Reason::CorsWildcardWithCredentials)
        }
        _ if why.starts_with("expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’") => {
            NotReadable::For(Reason::CorsCredentialsNotAllowed)
        }
        _ if why.starts_with("CORS preflight response did not succeed") => {
            NotReadable::For(Reason::CorsPreflightStatus)
        }
        _ if why.starts_with("Did not find method in CORS header")
            || why.contains("in CORS header ‘Access-Control-Allow-Methods’") =>
        {
            NotReadable::For(Reason::CorsPreflightMethod)
        }
        _ if why.contains("‘Access-Control-Allow-Headers’") => {
            NotReadable::For(Reason::CorsPreflightHeader)
        }
        _ => NotReadable::Otherwise,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::engine::Profile;
    use crate::rules::reason::Question;

    fn reason(message: &str, line: &str) -> Option<Reason> {
        let line = SetCookie::parse(line.as_bytes(), &Profile::FIREFOX);
        refusal(message)?.reason(&line, &Url::parse("https://a.vercel.app/").ok()?, Some("vercel.app"))
    }

    #[test]
    fn words_become_reasons_of_the_right_question() {
        let large = format!("a={}", "x".repeat(5000));
        let said = [
            (
                "Cookie “a” rejected because it has the “SameSite=None” attribute but is missing the “secure” attribute.",
                "a=1; SameSite=None",
            ),
            (
                "Cookie “a” has been rejected because it is in a cross-site context and its “SameSite” is “Lax” or “Strict”.",
                "a=1; SameSite=Lax",
            ),
            ("Cookie “a” has been rejected for invalid domain.", "a=1; Domain=vercel.app"),
            ("Cookie “a” is invalid because its size is too big. Max size is 4096 B.", &large),
            ("Cookie “a” has been rejected as third-party.", "a=1"),
        ];
        for (message, line) in said {
            let reason = reason(message, line).expect(message);
            assert!(reason.answers(Question::Stored), "{message}");
        }
    }

    #[test]
    fn a_message_about_another_line_gives_no_reason() {
        let lax = "Cookie “a” has been rejected because it is in a cross-site context and its “SameSite” is “Lax” or “Strict”.";
        assert_eq!(reason(lax, "a=1; SameSite=None; Secure"), None);
        assert_eq!(reason(lax, "b=1; SameSite=Lax"), None);
        assert_eq!(refusal("Cookie “a” will soon be rejected because it is foreign."), None);
        assert_eq!(refusal("something else"), None);
    }

    #[test]
    fn names_may_hold_quotes() {
        let message = "Cookie “a” has been” has been rejected for invalid prefix.";
        assert_eq!(refusal(message).map(|refusal| refusal.name), Some("a” has been"));
    }

    #[test]
    fn what_a_page_may_not_read() {
        let blocked = |why: &str| {
            not_readable(&format!(
                "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://a.example/. (Reason: {why})."
            ))
        };
        let read = [
            ("CORS header ‘Access-Control-Allow-Origin’ missing", Reason::CorsNoAllowOrigin),
            (
                "Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’",
                Reason::CorsWildcardWithCredentials,
            ),
            (
                "header ‘x-a’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response",
                Reason::CorsPreflightHeader,
            ),
            ("CORS request did not succeed", Reason::Network),
        ];
        for (why, reason) in read {
            assert_eq!(blocked(why), Some(NotReadable::For(reason)), "{why}");
        }
        assert_eq!(blocked("something new"), Some(NotReadable::Otherwise));
        assert_eq!(not_readable("something else"), None);
    }
}

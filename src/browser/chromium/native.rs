//! Chromium's own words for why, and our reasons for them.
//!
//! The words are those of the Chrome DevTools Protocol's domain Network
//! (<https://chromedevtools.github.io/devtools-protocol/tot/Network/>). A word that says less than a reason
//! of ours does (`UnknownError`), or that is not known here, gives none: it is shown as it is, and nothing
//! is invented. All that were seen came from Chromium 156.0.8078.79.

use crate::rules::domain::domain_match;
use crate::rules::reason::Reason;
use crate::rules::set_cookie::SetCookie;

/// Why a Set-Cookie line was not stored: a word of `Network.SetCookieBlockedReason`.
///
/// `host` answered with the line, and `domain` is its Domain attribute: Chromium has one word for a
/// foreign domain and a public suffix, and between those two the names themselves decide.
pub(super) fn not_stored(word: &str, host: &str, domain: Option<&str>) -> Option<Reason> {
    Some(match word {
        "SecureOnly" => Reason::SecureRequired,
        "SameSiteStrict" | "SchemefulSameSiteStrict" => Reason::SameSiteStrict,
        // A plain cross-site refusal from https to https comes as the "schemeful" word (measured 2026-11-20).
        "SameSiteLax" | "SchemefulSameSiteLax" => Reason::SameSiteLax,
        "SameSiteUnspecifiedTreatedAsLax" | "SchemefulSameSiteUnspecifiedTreatedAsLax" => {
            Reason::SameSiteDefaultLax
        }
        "SameSiteNoneInsecure" => Reason::SameSiteNoneInsecure,
        "UserPreferences" | "ThirdPartyPhaseout" | "ThirdPartyBlockedInFirstPartySet" => {
            Reason::ThirdPartyBlocked
        }
        "OverwriteSecure" => Reason::OverwritesSecure,
        "InvalidDomain" => match domain {
            Some(domain) if domain_match(host, domain) => Reason::PublicSuffix,
            _ => Reason::DomainMismatch,
        },
        "InvalidPrefix" => Reason::InvalidPrefix,
        "NameValuePairExceedsMaxSize" => Reason::TooLarge,
        "DisallowedCharacter" => Reason::InvalidCharacter,
        "NoCookieContent" => Reason::Empty,
        _ => return None,
    })
}

/// Why Chromium refuses a line of which it says nothing at all: its refusal has no word in the protocol
/// (measured 2026-11-20, Chromium 156.0.8078.79: `EXCLUDE_INVALID_PARTITIONED`; 2026-11-27:
/// `EXCLUDE_AMBIGUOUS_SERIALIZATION`).
pub(super) fn refused_in_silence(line: &SetCookie<'_>) -> Option<Reason> {
    let is_nameless = line.faults.iter().any(|fault| fault.reason == Reason::Nameless);
    let is_insecure = line.partitioned.is_some() && line.secure.is_none();
    is_nameless.then_some(Reason::Nameless).or_else(|| is_insecure.then_some(Reason::PartitionedInsecure))
}

/// Why a cookie was not sent: a word of `Network.CookieBlockedReason`.
///
/// `host` is where the request went, `domain` the cookie's domain as Chromium writes it: with a leading
/// dot unless the cookie is host-only.
pub(super) fn not_sent(word: &str, host: &str, domain: &str) -> Option<Reason> {
    Some(match word {
        "SecureOnly" => Reason::SecureRequired,
        "NotOnPath" => Reason::PathMismatch,
        "DomainMismatch" if !domain.starts_with('.') && domain_match(host, domain) => Reason::HostOnly,
        "DomainMismatch" => Reason::DomainMismatch,
        "SameSiteStrict" | "SchemefulSameSiteStrict" => Reason::SameSiteStrict,
        "SameSiteLax" | "SchemefulSameSiteLax" => Reason::SameSiteLax,
        "SameSiteUnspecifiedTreatedAsLax" | "SchemefulSameSiteUnspecifiedTreatedAsLax" => {
            Reason::SameSiteDefaultLax
        }
        "UserPreferences" | "ThirdPartyPhaseout" | "ThirdPartyBlockedInFirstPartySet" => {
            Reason::ThirdPartyBlocked
        }
        "AnonymousContext" => Reason::CredentialsOmitted,
        _ => return None,
    })
}

/// Why a response could not be read: a word of `Network.CorsError`.
pub(super) fn not_readable(word: &str) -> Option<Reason> {
    Some(match word {
        "MissingAllowOriginHeader" | "PreflightMissingAllowOriginHeader" => Reason::CorsNoAllowOrigin,
        "AllowOriginMismatch"
        | "PreflightAllowOriginMismatch"
        | "MultipleAllowOriginValues"
        | "PreflightMultipleAllowOriginValues"
        | "InvalidAllowOriginValue"
        | "PreflightInvalidAllowOriginValue" => Reason::CorsOriginMismatch,
        "WildcardOriginNotAllowed" | "PreflightWildcardOriginNotAllowed" => {
            Reason::CorsWildcardWithCredentials
        }
        "InvalidAllowCredentials" | "PreflightInvalidAllowCredentials" => Reason::CorsCredentialsNotAllowed,
        "PreflightInvalidStatus" | "PreflightDisallowedRedirect" => Reason::CorsPreflightStatus,
        "MethodDisallowedByPreflightResponse" | "InvalidAllowMethodsPreflightResponse" => {
            Reason::CorsPreflightMethod
        }
        "HeaderDisallowedByPreflightResponse" | "InvalidAllowHeadersPreflightResponse" => {
            Reason::CorsPreflightHeader
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reason::Question;

    #[test]
    fn words_become_reasons_of_the_right_question() {
        for word in
            ["SecureOnly", "SchemefulSameSiteLax", "UserPreferences", "InvalidDomain", "OverwriteSecure"]
        {
            let reason = not_stored(word, "api.example.com", None).expect(word);
            assert!(reason.answers(Question::Stored), "{word}");
        }
        for word in ["SecureOnly", "NotOnPath", "DomainMismatch", "SameSiteStrict", "ThirdPartyPhaseout"] {
            let reason = not_sent(word, "api.example.com", "example.com").expect(word);
            assert!(reason.answers(Question::Sent), "{word}");
        }
        for word in ["MissingAllowOriginHeader", "PreflightInvalidStatus", "InvalidAllowCredentials"] {
            assert!(not_readable(word).expect(word).answers(Question::Readable), "{word}");
        }
    }

    #[test]
    fn an_unknown_word_gives_no_reason() {
        assert_eq!(not_stored("UnknownError", "a.example", None), None);
        assert_eq!(not_sent("SomethingNew", "a.example", "a.example"), None);
        assert_eq!(not_readable("SomethingNew"), None);
    }

    #[test]
    fn names_decide_between_two_reasons_of_one_word() {
        let stored = |host, domain| not_stored("InvalidDomain", host, Some(domain));
        assert_eq!(stored("a.vercel.app", "vercel.app"), Some(Reason::PublicSuffix));
        assert_eq!(stored("a.example", "vercel.app"), Some(Reason::DomainMismatch));
        let sent = |host, domain| not_sent("DomainMismatch", host, domain);
        assert_eq!(sent("api.example.com", "example.com"), Some(Reason::HostOnly));
        assert_eq!(sent("api.example.com", "www.example.com"), Some(Reason::DomainMismatch));
    }
}

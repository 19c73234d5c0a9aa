//! The preferences that what is known of Firefox rests on: read at the start, and never assumed.
//!
//! A build, a distribution or an administrator's policy may ship others. Then this is not the browser that
//! was measured, and what is said of it would be wrong: it is not used, and the message names the preference.

use serde_json::{Value, json};

use super::privileged::Privileged;
use crate::browser::failure::Failure;
use crate::browser_name::ThirdParty;

/// What Firefox does with the cookies of third parties: 0 allows, 1 blocks, 5 partitions.
pub(super) const COOKIE_BEHAVIOR: &str = "network.cookie.cookieBehavior";

/// What ships, but for [`COOKIE_BEHAVIOR`] (measured 2026-11-21, Firefox 153.7.0esr). The profile
/// [`crate::rules::engine::Profile::FIREFOX`] is what Firefox does with these.
const SHIPPED: &[(&str, Shipped)] = &[
    ("network.cookie.sameSite.laxByDefault", Shipped::Is(false)),
    ("network.cookie.sameSite.noneRequiresSecure", Shipped::Is(true)),
    ("network.cookie.sameSite.schemeful", Shipped::Is(false)),
    ("network.cookie.sameSite.crossSiteIframeSetCheck", Shipped::Is(true)),
    ("network.cookie.CHIPS.enabled", Shipped::Is(true)),
    ("network.cookie.cookieBehavior.optInPartitioning", Shipped::Is(false)),
    ("network.cookie.valueless_cookie", Shipped::Is(true)),
    ("network.cookie.maxNumber", Shipped::Number(3000)),
    ("network.cookie.maxPerHost", Shipped::Number(180)),
    ("network.cookie.quotaPerHost", Shipped::Number(150)),
    ("network.cookie.maxageCap", Shipped::Number(400 * 86_400)),
    ("network.cors_preflight.authorization_covered_by_wildcard", Shipped::Is(true)),
    ("security.mixed_content.block_active_content", Shipped::Is(true)),
    ("security.mixed_content.upgrade_display_content", Shipped::Is(true)),
    ("privacy.dynamic_firstparty.limitForeign", Shipped::Is(false)),
    ("privacy.restrict3rdpartystorage.heuristic.redirect", Shipped::Is(false)),
];

#[derive(Clone, Copy)]
enum Shipped {
    Is(bool),
    Number(i64),
}

/// What the cookie behaviour is set to for a policy; `None` for the policy that ships, which is only
/// looked for.
pub(super) fn asked_for(third_party: ThirdParty) -> Option<i64> {
    match third_party {
        ThirdParty::Allowed => Some(0),
        ThirdParty::Blocked => Some(1),
        ThirdParty::Partitioned => None,
    }
}

/// Makes sure that the policy is in force, and that the preferences are those that were measured.
///
/// # Errors
/// [`Failure::NotStarted`] with what is otherwise.
pub(super) async fn verify(privileged: &Privileged, third_party: ThirdParty) -> Result<(), Failure> {
    let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
    let read = privileged.preferences(&names).await?;
    let behavior = privileged.cookie_behavior().await?;
    match otherwise(&read, behavior, third_party) {
        None => Ok(()),
        Some(message) => {
            Err(Failure::NotStarted { program: "firefox".to_owned(), message, last_words: Vec::new() })
        }
    }
}

/// The first thing that is not as it must be.
fn otherwise(read: &Value, behavior: i64, third_party: ThirdParty) -> Option<String> {
    let wanted = asked_for(third_party).unwrap_or(5);
    if behavior != wanted {
        let policy = third_party.as_str();
        return Some(format!(
            "third parties' cookies are to be {policy}: `{COOKIE_BEHAVIOR}` {wanted}, and it is {behavior}; \
             a policy of this machine may lock it"
        ));
    }
    SHIPPED.iter().find_map(|(name, shipped)| {
        let shipped = match shipped {
            Shipped::Is(flag) => json!(flag),
            Shipped::Number(number) => json!(number),
        };
        let value = &read[*name];
        (*value != shipped).then(|| {
            format!(
                "the preference `{name}` ships as {shipped}, and here it is {value}: what is known of Firefox \
                 does not hold for this one"
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_shipped() -> Value {
        SHIPPED
            .iter()
            .map(|(name, shipped)| {
                let value = match shipped {
                    Shipped::Is(flag) => json!(flag),
                    Shipped::Number(number) => json!(number),
                };
                ((*name).to_owned(), value)
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    #[test]
    fn what_ships_is_taken() {
        assert_eq!(otherwise(&as_shipped(), 5, ThirdParty::Partitioned), None);
        assert_eq!(otherwise(&as_shipped(), 1, ThirdParty::Blocked), None);
        assert_eq!(otherwise(&as_shipped(), 0, ThirdParty::Allowed), None);
    }

    #[test]
    fn another_policy_or_preference_is_named() {
        let said = otherwise(&as_shipped(), 5, ThirdParty::Blocked).expect("it is not blocked");
        assert!(said.contains("network.cookie.cookieBehavior` 1, and it is 5"), "{said}");
        let mut read = as_shipped();
        read["network.cookie.sameSite.laxByDefault"] = json!(true);
        let said = otherwise(&read, 5, ThirdParty::Partitioned).expect("it is another");
        assert!(said.contains("`network.cookie.sameSite.laxByDefault` ships as false"), "{said}");
    }
}

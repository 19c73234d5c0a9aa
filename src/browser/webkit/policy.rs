//! What WebKit does with cookies of third parties: the arguments for it, and the proof that they are in force.
//!
//! MiniBrowser without arguments is like no browser that anybody uses: it refuses to store a third party's
//! cookie and sends one that was stored before (measured 2026-11-20, WebKitGTK 2.50.6). So the policy is never
//! assumed.

use std::sync::Arc;

use serde_json::json;
use url::Url;

use super::Kit;
use super::automation::Automation;
use crate::browser::failure::Failure;
use crate::browser_name::ThirdParty;
use crate::diagnostic::Source;
use crate::plan::{Action, Body, Certificate, Expect, Origin, Plan, Route, Service, Step};
use crate::world::{Authority, World, hosts};

/// The arguments for a policy.
pub(super) const fn arguments(third_party: ThirdParty) -> &'static [&'static str] {
    match third_party {
        ThirdParty::Allowed => &["--cookies-policy=always"],
        // Intelligent Tracking Prevention, as Safari has it. WebKit has no policy that partitions.
        ThirdParty::Blocked | ThirdParty::Partitioned => &["--enable-itp"],
    }
}

/// Proves in a session of its own that the policy is in force. Answers the browser's version.
///
/// # Errors
/// [`Failure::NotStarted`] where it is not, and whatever the browser fails at.
pub(super) async fn prove(kit: &Kit) -> Result<String, Failure> {
    let plan = plan();
    let broken = |error: &dyn std::fmt::Display| Failure::protocol("proof of the policy", error);
    let authority = Authority::new(hosts(&plan)).map_err(|error| broken(&error))?;
    let world = World::start(&plan, &authority).map_err(|error| broken(&error))?;
    let gateway = kit.options.gateway()?;
    gateway.show(&world);
    let automation = Automation::open(kit, gateway.address()).await?;
    let seen = experiment(&automation, &plan, &world).await;
    let version = automation.version();
    automation.close().await;
    gateway.close().await;
    let (seen, wanted) = (seen?, kit.options.third_party);
    if Seen::under(wanted) == seen {
        return version;
    }
    Err(Failure::NotStarted {
        program: "MiniBrowser".to_owned(),
        message: format!(
            "third parties' cookies were to be {}, and it {} one that was there before and {} a new one",
            wanted.as_str(),
            if seen.sends { "sends" } else { "does not send" },
            if seen.stores { "stores" } else { "does not store" },
        ),
        last_words: Vec::new(),
    })
}

/// What was seen of a third party's cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    /// Whether a cookie goes that was stored when its site was the first party.
    sends: bool,
    /// Whether a cookie is stored and goes that was set by a third party.
    stores: bool,
}

impl Seen {
    const fn under(policy: ThirdParty) -> Self {
        let allowed = matches!(policy, ThirdParty::Allowed);
        Self { sends: allowed, stores: allowed }
    }
}

/// Visits the third party, then has a page of another site ask it for a cookie, and once more.
async fn experiment(automation: &Automation, plan: &Plan, world: &World) -> Result<Seen, Failure> {
    let [first, third] = plan.origins.as_slice() else {
        return Err(Failure::protocol("proof", "no origins"));
    };
    automation.go(&third.url).await?;
    automation.go(&first.url).await?;
    let ask = "async url => {
        for (let time = 0; time < 2; time += 1)
            await fetch(JSON.parse(url), { method: 'POST', mode: 'no-cors', credentials: 'include' });
    }";
    let mark = world.wire().mark();
    let asked = automation.run(ask, &json!(third.url.as_str())).await?;
    let exchanges = world.wire().since(mark);
    if let Err(error) = asked {
        return Err(Failure::protocol("proof of the policy", error));
    }
    let has = |name: &[u8]| {
        let cookie = exchanges.last().and_then(|exchange| exchange.cookie()).unwrap_or_default();
        cookie.windows(name.len()).any(|window| window == name)
    };
    Ok(Seen { sends: has(b"first=1"), stores: has(b"third=1") })
}

/// Two sites. The third party sets one cookie when it is visited, another when it is asked by a page.
fn plan() -> Plan {
    let origin = |name: &str, url: &str, service| Origin {
        name: name.to_owned(),
        url: Url::parse(url).expect("the literal is a URL"),
        certificate: Certificate::Good,
        service,
        cors: None,
        edge: None,
    };
    let route = |method: &str, set_cookie: &str| Route {
        method: method.to_owned(),
        path: "/".to_owned(),
        status: 200,
        headers: Vec::new(),
        set_cookie: vec![set_cookie.to_owned()],
        body: Body::Html("<!doctype html><title>rehearsal</title>".to_owned()),
        require_cookie: None,
        require_header: None,
        sign_jwt: None,
        require_jwt: None,
    };
    let routes = vec![
        route("GET", "first=1; Secure; SameSite=None; Path=/"),
        route("POST", "third=1; Secure; SameSite=None; Path=/"),
    ];
    let first = origin("first", "https://first.example", Service::Page);
    let step =
        Step { action: Action::Reload, inside: None, span: 0..0, expect: Expect::default(), on: Vec::new() };
    Plan {
        source: Arc::new(Source::new("", "")),
        title: String::new(),
        covers: Vec::new(),
        tags: Vec::new(),
        records: Vec::new(),
        origins: vec![first, origin("third", "https://third.example", Service::Routes(routes))],
        steps: vec![step],
    }
}

//! The third-party policy in force, and the reasons Chromium gives, in real Chromium.

use crate::browsing::*;
use std::sync::Arc;

use crate::support::*;
use rehearsal::browser::chromium::Chromium;
use rehearsal::browser_name::ThirdParty;
use rehearsal::plan::{Cors, Plan, Route, SameSite};
use rehearsal::rules::reason::Reason;
use rehearsal::world::{Authority, World, hosts};

const WEB: &str = "https://cat-therapist-hub.com";
const API: &str = "https://totally-different-api.com";

fn open_cors() -> Cors {
    Cors {
        allow_origins: vec![WEB.to_owned()],
        allow_credentials: true,
        allow_headers: vec!["x-tenant".to_owned()],
        allow_methods: vec!["GET".to_owned(), "POST".to_owned()],
        ..Cors::default()
    }
}

fn setting(at: &str, lines: &[&str]) -> Route {
    Route { set_cookie: lines.iter().map(|&line| line.to_owned()).collect(), ..route(at) }
}

fn world() -> Plan {
    let routes = [
        setting(
            "POST /login",
            &[
                "none=1; SameSite=None; Secure; HttpOnly",
                "lax=1; SameSite=Lax; Secure",
                "strict=1; SameSite=Strict; Secure",
                "unset=1; Secure",
                "insecure=1; SameSite=None",
                "chips=1; SameSite=None; Secure; Partitioned",
                "alien=1; SameSite=None; Secure; Domain=vercel.app",
                "__Host-bad=1; SameSite=None; Secure; Path=/x",
                "gone=1; SameSite=None; Secure; Max-Age=0",
                "none=2; SameSite=None; Secure; HttpOnly",
            ],
        ),
        route("GET /me"),
    ];
    plan([page("web", WEB), with_cors(mock("api", API, routes), open_cors())])
}

#[tokio::test(flavor = "multi_thread")]
async fn third_party_cookies_are_stored_where_they_are_allowed() {
    if !installed() {
        return;
    }
    let mut rig = Rig::new(&world(), ThirdParty::Allowed).await;
    let seen = rig.act(visit(&format!("{WEB}/"))).await;
    assert_eq!(seen.page.status, Some(200));
    assert_eq!(seen.page.url.as_ref().map(|url| url.as_str()), Some("https://cat-therapist-hub.com/"));
    assert_eq!((seen.page.error.as_deref(), seen.exchanges.len()), (None, 1));

    let seen = rig.act(fetch("POST", &format!("{API}/login"))).await;
    assert_eq!(seen.page.readable, Some(true));
    assert_eq!(seen.page.body.as_deref(), Some("POST /login"));
    let exchange = seen.exchanges.last().expect("an exchange");
    let became: Vec<_> = exchange
        .set_cookie
        .iter()
        .map(|line| (line.name.as_str(), line.stored, line.reasons.iter().copied().collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        became,
        [
            ("none", Some(true), vec![]),
            ("lax", Some(false), vec![Reason::SameSiteLax]),
            ("strict", Some(false), vec![Reason::SameSiteStrict]),
            ("unset", Some(false), vec![Reason::SameSiteDefaultLax]),
            ("insecure", Some(false), vec![Reason::SameSiteNoneInsecure]),
            ("chips", Some(true), vec![]),
            ("alien", Some(false), vec![Reason::DomainMismatch]),
            ("__Host-bad", Some(false), vec![Reason::InvalidPrefix]),
            ("gone", Some(false), vec![Reason::Expired]),
            ("none", Some(true), vec![]),
        ]
    );
    assert_eq!(exchange.set_cookie[1].native, ["SchemefulSameSiteLax"]);
    assert_eq!(names(&seen), ["chips", "none"]);
    let none = jar(&seen).iter().find(|cookie| cookie.name == "none").expect("stored");
    assert_eq!((none.value.as_str(), none.host_only, none.same_site), ("2", true, SameSite::None));
    assert!(none.secure && none.http_only && none.expires.is_none() && none.partition.is_none());
    let chips = jar(&seen).iter().find(|cookie| cookie.name == "chips").expect("stored");
    let partition = chips.partition.as_ref().expect("a partition");
    assert_eq!((partition.site.as_str(), partition.cross_site_ancestor), (WEB, true));

    let seen = rig.act(fetch("GET", &format!("{API}/me"))).await;
    let mut sent: Vec<_> = seen.exchanges[0].sent.iter().map(|(name, _)| name.as_str()).collect();
    sent.sort_unstable();
    assert_eq!(sent, ["chips", "none"]);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn third_party_cookies_are_not_stored_where_they_are_blocked() {
    if !installed() {
        return;
    }
    let mut rig = Rig::new(&world(), ThirdParty::Blocked).await;
    // First as the first party, so that there is something to withhold.
    rig.act(visit(&format!("{API}/me"))).await;
    rig.act(fetch("POST", &format!("{API}/login"))).await;
    rig.act(visit(&format!("{WEB}/"))).await;
    let seen = rig.act(fetch("POST", &format!("{API}/login"))).await;
    let exchange = seen.exchanges.last().expect("an exchange");
    let none = &exchange.set_cookie[0];
    assert_eq!((none.stored, none.native.as_slice()), (Some(false), &["UserPreferences".to_owned()][..]));
    assert!(none.reasons.contains(&Reason::ThirdPartyBlocked));
    let withheld = exchange.withheld.iter().find(|cookie| cookie.name == "none").expect("withheld");
    assert_eq!(withheld.domain, "totally-different-api.com");
    assert!(withheld.reasons.contains(&Reason::ThirdPartyBlocked), "{withheld:?}");
    assert!(!exchange.sent.iter().any(|(name, _)| name == "none"));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_workers_see_four_worlds_at_once() {
    if !installed() {
        return;
    }
    let world_of = |number: usize| {
        let setting = Route { set_cookie: vec![format!("mine={number}; Secure")], ..route("GET /set") };
        plan([mock("web", "https://web.example.com", [setting, route("GET /read")])])
    };
    let plan = world_of(0);
    let authority = Authority::new(hosts(&plan)).expect("an authority");
    let chromium = Chromium::launch(options(&authority, ThirdParty::Allowed)).await.expect("chromium starts");
    let chromium = Arc::new(chromium);
    let authority = Arc::new(authority);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=4 {
        let (chromium, authority) = (chromium.clone(), authority.clone());
        tasks.spawn(async move {
            let mut worker = chromium.worker().await.expect("a worker");
            for round in 0..3 {
                let world = World::start(&world_of(number * 10 + round), &authority).expect("a world");
                worker.enter(&world).await.expect("the worker enters");
                worker.perform(&step(visit("https://web.example.com/set"))).await.expect("a visit");
                let seen = worker
                    .perform(&step(fetch("GET", "https://web.example.com/read")))
                    .await
                    .expect("a fetch");
                assert_eq!(seen.exchanges.len(), 1);
                let value = format!("{}", number * 10 + round);
                assert_eq!(seen.exchanges[0].sent, [("mine".to_owned(), value)]);
                worker.reset().await.expect("a reset");
            }
            worker.close().await;
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no worker fails");
    }
    chromium.close().await;
}

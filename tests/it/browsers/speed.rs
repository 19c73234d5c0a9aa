//! What browsers cost: prints numbers, and asserts nothing but that all works.

#![allow(clippy::print_stderr, reason = "tests talk to people")]

use std::time::Instant;

use crate::browsing::*;
use crate::support::*;
use rehearsal::browser_name::ThirdParty;
use rehearsal::plan::{Cors, Route};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_and_two_fetches() {
    let cors = Cors {
        allow_origins: vec!["https://web.example.com".to_owned()],
        allow_credentials: true,
        ..Cors::default()
    };
    let login = Route { set_cookie: vec!["s=1; SameSite=None; Secure".to_owned()], ..route("POST /login") };
    let plan = plan([
        page("web", "https://web.example.com"),
        with_cors(mock("api", "https://api.other.net", [login, route("GET /me")]), cors),
    ]);
    for engine in engines() {
        let started = Instant::now();
        let mut rig = Rig::of(engine, &plan, ThirdParty::Allowed).await;
        eprintln!("{}: launch and worker: {:?}", engine.as_str(), started.elapsed());
        let mut total = 0.0;
        for round in 0..12 {
            let begun = Instant::now();
            rig.act(visit("https://web.example.com/")).await;
            let visited = begun.elapsed();
            rig.act(fetch("POST", "https://api.other.net/login")).await;
            let one = begun.elapsed();
            rig.act(fetch("GET", "https://api.other.net/me")).await;
            let two = begun.elapsed();
            rig.next(&plan).await;
            let all = begun.elapsed();
            eprintln!(
                "visit {visited:?} fetch {:?} fetch {:?} reset {:?} all {all:?}",
                one - visited,
                two - one,
                all - two
            );
            if round > 1 {
                total += all.as_secs_f64();
            }
        }
        eprintln!("{}: a scenario: {:.1} ms", engine.as_str(), total * 100.0);
        rig.close().await;
    }
}

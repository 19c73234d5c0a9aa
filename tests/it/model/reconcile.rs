//! A prediction held against an observation: each kind of drift, and what is added where they agree.

use crate::predicting::*;
use rehearsal::observe::{Observation, SetCookie, Withheld};
use rehearsal::reconcile::{Question, compare, enrich};
use rehearsal::rules::reason::Reason;

const SCENARIO: &str = r#"
[origins.page]
url = "https://www.a-site.com"
[origins.far]
url = "https://far.example"
[origins.far.cors]
allow_origins = ["*"]
[[origins.far.routes]]
at = "GET /"
set_cookie = ["none=1; SameSite=None; Secure", "lax=1; SameSite=Lax; Secure", "strict=1; SameSite=Strict; Secure"]
html = "<!doctype html><title>far</title>"
[[step]]
visit = "far:/"
[[step]]
visit = "page:/"
[[step]]
fetch = { url = "far:/", credentials = "include" }
[[step]]
document_cookie = "js=1"
"#;

async fn steps() -> Vec<Observation> {
    predict("model", SCENARIO).await
}

/// As a browser tells it that gives no reasons of its own and does not mention what it held back.
fn taciturn(predicted: &Observation) -> Observation {
    let mut seen = predicted.clone();
    let lines =
        seen.exchanges.iter_mut().flat_map(|exchange| &mut exchange.set_cookie).chain(&mut seen.written);
    lines.for_each(|line| line.reasons.clear());
    seen.exchanges.iter_mut().for_each(|exchange| exchange.withheld.clear());
    seen.page.cors.clear();
    seen
}

/// The one difference: its question, what was predicted and what was observed.
fn only(predicted: &Observation, observed: &Observation) -> (Question, String, String) {
    let drift = compare(7, predicted, observed);
    let [drift] = drift.as_slice() else { panic!("{drift:?}") };
    assert_eq!(drift.step, 7);
    (drift.question, drift.predicted.clone(), drift.observed.clone())
}

#[tokio::test]
async fn what_agrees_is_no_drift_whatever_the_browser_keeps_to_itself() {
    for predicted in steps().await {
        assert_eq!(compare(0, &predicted, &predicted), []);
        assert_eq!(compare(0, &predicted, &taciturn(&predicted)), []);
    }
}

#[tokio::test]
async fn where_they_agree_the_browser_gets_every_reason() {
    for predicted in steps().await {
        let mut observed = taciturn(&predicted);
        enrich(&predicted, &mut observed);
        assert_eq!(observed, predicted);
    }
}

#[tokio::test]
async fn the_browsers_own_words_and_reasons_stay() {
    let predicted = &steps().await[2];
    let mut observed = taciturn(predicted);
    let line = &mut observed.exchanges[0].set_cookie[1];
    line.native = vec!["SchemefulSameSiteLax".to_owned()];
    line.reasons.insert(Reason::ThirdPartyBlocked);
    enrich(predicted, &mut observed);
    let line = &observed.exchanges[0].set_cookie[1];
    assert_eq!(line.native, ["SchemefulSameSiteLax"]);
    assert_eq!(codes(&line.reasons), "same-site-lax third-party-blocked");
}

#[tokio::test]
async fn a_request_too_many_or_too_few() {
    let predicted = &steps().await[2];
    let mut observed = predicted.clone();
    let extra = observed.exchanges[0].clone();
    observed.exchanges.push(extra);
    assert_eq!(only(predicted, &observed), (Question::Requests, "not made".to_owned(), "made".to_owned()));
    assert_eq!(only(&observed, predicted), (Question::Requests, "made".to_owned(), "not made".to_owned()));
}

#[tokio::test]
async fn requests_may_arrive_in_any_order() {
    let mut predicted = steps().await[2].clone();
    let mut other = predicted.exchanges[0].clone();
    other.wire.url.set_path("/other");
    other.sent.clear();
    predicted.exchanges.push(other);
    let mut observed = predicted.clone();
    observed.exchanges.reverse();
    assert_eq!(compare(0, &predicted, &observed), []);
}

#[tokio::test]
async fn cookies_sent_are_compared_by_name_value_and_order() {
    let predicted = &steps().await[2];
    let mut observed = predicted.clone();
    observed.exchanges[0].sent[0].1 = "2".to_owned();
    assert_eq!(only(predicted, &observed), (Question::Sent, "`none=1`".to_owned(), "`none=2`".to_owned()));
    observed.exchanges[0].sent.clear();
    assert_eq!(only(predicted, &observed), (Question::Sent, "`none=1`".to_owned(), "no cookie".to_owned()));
}

#[tokio::test]
async fn lines_stored_or_not_and_why() {
    let predicted = &steps().await[2];
    let mut observed = predicted.clone();
    let stored =
        SetCookie { stored: Some(true), reasons: [].into(), ..predicted.exchanges[0].set_cookie[1].clone() };
    observed.exchanges[0].set_cookie[1] = stored;
    let refused = "not stored (same-site-lax)".to_owned();
    assert_eq!(only(predicted, &observed), (Question::Stored, refused, "stored".to_owned()));
    enrich(predicted, &mut observed);
    assert_eq!(
        codes(&observed.exchanges[0].set_cookie[1].reasons),
        "",
        "where they disagree nothing is added"
    );

    let mut observed = predicted.clone();
    observed.exchanges[0].set_cookie[1].reasons = [Reason::TooLarge].into();
    let told = (Question::Reason, "same-site-lax".to_owned(), "too-large".to_owned());
    assert_eq!(only(predicted, &observed), told);
}

#[tokio::test]
async fn a_line_for_a_cookie_the_jar_held_before_is_as_predicted_where_the_jars_agree() {
    let predicted = &steps().await[2];
    let mut observed = taciturn(predicted);
    observed.exchanges[0].set_cookie[0].stored = None;
    assert_eq!(compare(0, predicted, &observed), []);
    let mut other = observed.clone();
    enrich(predicted, &mut observed);
    assert_eq!(observed.exchanges[0].set_cookie[0].stored, Some(true));
    other.jar = Some(Vec::new());
    enrich(predicted, &mut other);
    assert_eq!(other.exchanges[0].set_cookie[0].stored, None);
}

#[tokio::test]
async fn a_cookie_held_back_for_a_reason_nobody_foresaw() {
    let predicted = &steps().await[2];
    let mut observed = taciturn(predicted);
    observed.exchanges[0].withheld.push(Withheld {
        name: "lax".to_owned(),
        domain: "far.example".to_owned(),
        reasons: [Reason::PathMismatch].into(),
        native: vec!["NotOnPath".to_owned()],
    });
    let told = (Question::Reason, "same-site-lax".to_owned(), "path-mismatch".to_owned());
    assert_eq!(only(predicted, &observed), told);
}

#[tokio::test]
async fn the_jar_is_compared_cookie_by_cookie() {
    let predicted = &steps().await[0];
    let mut observed = predicted.clone();
    let jar = observed.jar.as_mut().expect("a jar");
    jar[0].secure = false;
    let told = only(predicted, &observed);
    assert_eq!(told.0, Question::Jar);
    assert_eq!(told.1, "`1`, Secure, session, SameSite none");
    assert_eq!(told.2, "`1`, session, SameSite none");
    observed.jar.as_mut().expect("a jar").remove(0);
    assert_eq!(only(predicted, &observed).2, "not in the jar");
    assert_eq!(only(&observed, predicted).1, "not in the jar");
    observed.jar = None;
    assert_eq!(compare(0, predicted, &observed), [], "a jar that is not shown is not compared");
}

#[tokio::test]
async fn what_the_page_reads() {
    let predicted = &steps().await[2];
    assert_eq!(predicted.page.readable, Some(false));
    let mut observed = predicted.clone();
    observed.page.readable = Some(true);
    observed.page.cors.clear();
    let (question, foreseen, seen) = only(predicted, &observed);
    assert_eq!((question, seen.as_str()), (Question::Readable, "readable"));
    assert!(foreseen.starts_with("not readable (cors-"), "{foreseen}");

    let predicted = &steps().await[3];
    let mut observed = predicted.clone();
    observed.page.document_cookie = Some("js=2".to_owned());
    let told = (Question::DocumentCookie, "`js=1`".to_owned(), "`js=2`".to_owned());
    assert_eq!(only(predicted, &observed), told);
}

#[tokio::test]
async fn no_prediction_no_drift() {
    let observed = &steps().await[2];
    let predicted = Observation { unpredicted: Some("a script".to_owned()), ..Observation::default() };
    assert_eq!(compare(0, &predicted, observed), []);
    let mut enriched = observed.clone();
    enrich(&predicted, &mut enriched);
    assert_eq!(&enriched, observed);
}

//! Scripts that tell something: run in every page before its own, with a channel to here.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::json;

use super::pump::{Connection, EventSink};
use super::socket::Event;
use crate::browser::failure::Failure;
use crate::browser::user_agent::Told;

/// The name of the channel, and of the world that the script runs in.
const NAME: &str = "rehearsal";

/// The event by which something arrives.
const MESSAGE: &str = "script.message";

/// How long is waited for what a person does next.
const AGES: Duration = Duration::from_secs(3600);

/// A sink that keeps what such scripts tell.
pub(in crate::browser) trait Hears: EventSink {
    /// What was told and nobody has heard yet, in order.
    fn unheard(&mut self) -> &mut VecDeque<Told>;

    /// Whether there is any of it.
    fn has_unheard(&self) -> bool;
}

/// Where such a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::browser) enum World {
    /// In a world of its own, in which no page sees it.
    Own,
    /// Among the page's own scripts, before them.
    Pages,
}

/// Has a function run in every page from now on, with what it tells by as its argument.
pub(in crate::browser) async fn run_in_pages(
    connection: &mut Connection,
    sink: &mut impl EventSink,
    function: &str,
    world: World,
) -> Result<(), Failure> {
    connection.call(sink, "session.subscribe", json!({ "events": [MESSAGE] })).await?;
    let mut script = json!({
        "functionDeclaration": function,
        "arguments": [{ "type": "channel", "value": { "channel": NAME } }],
    });
    if world == World::Own {
        script["sandbox"] = json!(NAME);
    }
    connection.call(sink, "script.addPreloadScript", script).await.map(drop)
}

/// What is told next, however long that takes.
pub(in crate::browser) async fn next<H: Hears>(
    connection: &mut Connection,
    sink: &mut H,
) -> Result<Told, Failure> {
    loop {
        connection.wait_for(sink, AGES, H::has_unheard).await?;
        if let Some(told) = sink.unheard().pop_front() {
            return Ok(told);
        }
    }
}

/// What was told by now.
pub(in crate::browser) fn by_now(connection: &mut Connection, sink: &mut impl Hears) -> Vec<Told> {
    // What is wrong with the tab shows at the next step.
    _ = connection.drain(sink);
    sink.unheard().drain(..).collect()
}

/// What an event tells, where it is such a message.
pub(in crate::browser) fn told(event: &Event, tab: &str) -> Option<Told> {
    let text = |pointer: &str| event.params.pointer(pointer).and_then(serde_json::Value::as_str);
    if event.method != MESSAGE || text("/channel") != Some(NAME) {
        return None;
    }
    let in_tab = text("/source/context") == Some(tab);
    Some(Told { in_tab, text: text("/data/value")?.to_owned() })
}

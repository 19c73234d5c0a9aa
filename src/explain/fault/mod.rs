//! Where in a header the fault lies: the lines to show, and the parts of them to point at.
//!
//! `line` is about a `Set-Cookie` line, `cors` about the headers that let a page read an answer, `wire` about other lines
//! of a request and its answer.

mod cors;
mod line;
mod wire;

pub use line::parts_at_fault;

use std::sync::Arc;

use super::cause::{Cause, Trouble};
use crate::diagnostic::{Source, Span};
use crate::plan::Plan;
use crate::world::wire::Exchange;

/// The lines to show for a cause, and its parts at fault, the main one first.
pub(super) fn of(cause: &Cause, plan: &Plan) -> (Option<Arc<Source>>, Vec<(Span, String)>) {
    match cause.trouble {
        Trouble::Unreadable => cors::of(cause),
        Trouble::LoginPage
        | Trouble::Rejected
        | Trouble::Silent
        | Trouble::LeftOut
        | Trouble::Unset
        | Trouble::Twice => wire::of(cause, plan),
        _ => line::of(cause),
    }
}

/// Text that grows by lines, and knows where each stands.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(line);
        let span = start..self.text.len();
        self.text.push('\n');
        span
    }

    /// The first line of this name, where there is one.
    fn header(&mut self, exchange: &Exchange, request: bool, name: &str) -> Option<Span> {
        self.headers(exchange, request, name).into_iter().next()
    }

    /// Every line of this name.
    fn headers(&mut self, exchange: &Exchange, request: bool, name: &str) -> Vec<Span> {
        let all = if request { &exchange.request_headers } else { &exchange.response_headers };
        let values = all.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let texts = values.map(|value| String::from_utf8_lossy(value).replace(char::is_control, "\u{fffd}"));
        let lines: Vec<String> = texts.map(|value| format!("{name}: {value}")).collect();
        lines.iter().map(|line| self.line(line)).collect()
    }
}

//! Why it did not work, and the smallest safe fix.
//!
//! ```text
//! question ─► a plan ─┐
//!                     ├─► cause ─► explanation    one paragraph, reasons, carets
//! a failed claim ─────┘     │
//!                           └─► search ─► remedy  edits of the plan, tried in the model
//! ```
//!
//! - `cause` finds what stands in the way, `told` says it, `detail` says what a reason means here, and `fault` points
//!   at it;
//! - `propose` is the one table from reasons to edits ([`crate::edit`]), and `search` tries them from the
//!   cheapest on;
//! - `question` answers what was asked on the command line, `asked` makes a plan of it, `response` reads an answer for
//!   it, and `note` has what to know besides;
//! - `failure` is the same for a claim that did not hold in a run, and `by_hand` makes of its plan one without scripts,
//!   in which `played` answers for real servers; `trial` is what came of trying the fix on those.
//!
//! A fix is only ever shown after it was tried: the edited plan is rehearsed by the rules in every browser
//! that is asked for. What is deliberately absent: no fix opens more than the question needs, so none
//! says `SameSite=None` where a narrower word works, none takes `Secure` or `HttpOnly` off, and none
//! answers with whatever origin asks. Nothing here prints.

mod asked;
mod by_hand;
mod cause;
mod detail;
pub mod failure;
mod fault;
mod goal;
mod note;
mod played;
mod propose;
pub mod question;
mod rehearser;
mod remark;
pub mod response;
mod rounds;
mod search;
mod told;
mod trial;

pub use cause::Trouble;
pub(crate) use cause::sent_twice;
pub use fault::parts_at_fault;
pub use goal::Goal;
pub use search::{Fix, Remedy};
pub use told::{Explanation, Why};
pub use trial::{Trial, Tried};

//! Why something did not work, and what to do about it.

use maud::{Markup, html};

use crate::explain::Explanation;
use crate::report::fix::{self, Block};
use crate::report::page::{prose, snippet};
use crate::text::safe;

/// An explanation: what happened, the part at fault with carets below it, and these notes.
pub(in crate::report) fn why(explanation: &Explanation, notes: &[String]) -> Markup {
    html! {
        div.why {
            h4 { "Why: " (prose(&explanation.headline)) }
            @if let Some(source) = &explanation.source {
                p.of { (safe(&source.path)) }
                (snippet(source, &explanation.labels))
            }
            @for note in notes { p { (prose(note)) } }
        }
    }
}

/// A thing to do: where it works, what changes, and its price.
pub(in crate::report) fn fix(block: &Block<'_>) -> Markup {
    html! {
        article.fix {
            h3 { (prose(&block.title)) }
            @for change in block.changes {
                p.of { (prose(&change.place)) }
                pre.snippet.diff tabindex="0" {
                    @for line in &change.before { del { "- " (fix::elided(line)) } "\n" }
                    @for line in &change.after { ins { "+ " (fix::elided(line)) } "\n" }
                }
            }
            @for sentence in &block.sentences { p { (prose(sentence)) } }
        }
    }
}

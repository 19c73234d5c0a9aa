//! The documents that may ask for something: those of the tab, of frames and of windows, as the wire shows them.
//!
//! A document is known from the answer that brought it, and where the engine tells, from the frame that shows it. Where
//! it does not, which of two frames of one origin asks cannot be told; each is a possibility, and what was sent decides
//! between them.

use url::Url;

use crate::observe::Frame;
use crate::rules::site::Origin;

/// A document that an answer brought.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Where it is shown, where the engine tells.
    pub(crate) frame: Option<Frame>,
    /// The origins from the top-level document down to this one.
    pub(crate) chain: Vec<Origin>,
    /// Its address.
    pub(crate) url: Url,
    /// The index of the exchange of this step that brought it; `None` where an earlier step did.
    pub(crate) since: Option<usize>,
}

/// The documents that there are, and those that were left in this step: they may still have asked for something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Documents {
    tab: Vec<Known>,
    windows: Vec<Known>,
    left: Vec<Known>,
}

impl Known {
    fn is_in(&self, id: &str) -> bool {
        self.frame.as_ref().is_some_and(|frame| frame.id == id)
    }
}

impl Documents {
    /// A step begins: what was left is gone, and the windows of the last step are closed.
    pub(crate) fn begin(&mut self) {
        self.left.clear();
        self.windows.clear();
        self.tab.iter_mut().for_each(|known| known.since = None);
    }

    /// The tab shows another document.
    pub(crate) fn turn(&mut self, page: Known) {
        self.left.append(&mut self.tab);
        self.tab.push(page);
    }

    /// A frame shows a document, or a window does, whose chain is that document alone.
    pub(crate) fn add(&mut self, document: Known) {
        if let Some(frame) = &document.frame {
            self.leave(&frame.id);
        }
        let of_tab = self.tab.first().is_some_and(|page| page.chain.first() == document.chain.first());
        match of_tab && document.chain.len() > 1 {
            true => self.tab.push(document),
            false => self.windows.push(document),
        }
    }

    /// What a frame shows is gone, and all that is in it.
    fn leave(&mut self, id: &str) {
        let gone: Vec<Known> = self.tab.extract_if(.., |known| known.is_in(id)).collect();
        self.left.extend(gone);
        let is_below = |known: &Known| {
            known
                .frame
                .as_ref()
                .filter(|frame| frame.parent.as_deref() == Some(id))
                .map(|frame| frame.id.clone())
        };
        let below: Vec<String> = self.tab.iter().filter_map(is_below).collect();
        below.iter().for_each(|id| self.leave(id));
    }

    /// The document that the tab shows.
    pub(crate) fn page(&self) -> Option<&Known> {
        self.tab.first()
    }

    /// All of them, those of the tab first and what was left last.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Known> {
        self.tab.iter().chain(&self.windows).chain(&self.left)
    }

    /// Those that a frame shows or has shown, the last first.
    pub(crate) fn of<'d>(&'d self, id: &'d str) -> impl Iterator<Item = &'d Known> {
        let shown = self.tab.iter().chain(&self.windows);
        shown.chain(self.left.iter().rev()).filter(|known| known.is_in(id))
    }
}

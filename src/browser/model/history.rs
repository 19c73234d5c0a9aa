//! The tab's history, and going back in it: HTML, session history, as far as cookies see it.

use super::UserAgent;
use super::document::{Document, Done, Navigation};
use super::fetch::Failed;

/// The entries of a tab, the one shown last.
#[derive(Debug, Default)]
pub(super) struct History {
    entries: Vec<Entry>,
    documents: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    navigation: Navigation,
    /// Which document it is of: entries that differ in their fragment alone share one.
    document: u64,
    /// What a frame showed before, where it was a frame that went elsewhere.
    frame: Option<FrameEntry>,
    /// Whether it could not be loaded when it was asked for.
    failed: bool,
}

/// What a frame showed before it went elsewhere.
#[derive(Clone, Debug)]
pub(super) struct FrameEntry {
    pub(super) id: u64,
    pub(super) before: Navigation,
    /// Whether it was scrolled, and no more.
    pub(super) scrolled: bool,
}

impl History {
    /// A document is shown.
    pub(super) fn load(&mut self, navigation: Navigation, entered: Entered) {
        let forgotten = match entered {
            Entered::Next => 0,
            Entered::InPlace | Entered::Again => 1,
            Entered::Back => 2,
        };
        let gone = self.entries.split_off(self.entries.len().saturating_sub(forgotten));
        // An entry that is shown again is of the same document as those it shared one with.
        let document = match (entered, gone.first()) {
            (Entered::Again | Entered::Back, Some(entry)) => entry.document,
            _ => {
                self.documents += 1;
                self.documents
            }
        };
        self.entries.push(Entry { navigation, document, frame: None, failed: false });
    }

    /// What is shown could not be loaded.
    pub(super) fn note_failed(&mut self, failed: bool) {
        if let Some(shown) = self.entries.last_mut() {
            shown.failed = failed;
        }
    }

    /// A frame goes elsewhere: an entry of the page that is shown.
    pub(super) fn load_frame(&mut self, frame: FrameEntry) {
        let Some(shown) = self.entries.last().cloned() else { return };
        self.entries.push(Entry { frame: Some(frame), ..shown });
    }

    /// The page is scrolled to a fragment.
    pub(super) fn scroll(&mut self, navigation: Navigation) {
        let Some(shown) = self.entries.last_mut() else { return };
        if shown.navigation.url == navigation.url {
            return;
        }
        let (document, failed) = (shown.document, shown.failed);
        self.entries.push(Entry { navigation, document, frame: None, failed });
    }
}

impl UserAgent {
    /// One entry back.
    pub(super) async fn back(&mut self) -> Done {
        let entries = &self.history.entries;
        if self.profile.navigation.empty_page_is_an_entry && entries.len() == 1 {
            self.history.entries.clear();
            self.turn(Document::blank());
            return Done::default();
        }
        let [.., before, shown] = entries.as_slice() else {
            let not_done = Some("there is no page to go back to".to_owned());
            return Done { not_done, ..Done::default() };
        };
        if let Some(frame) = shown.frame.clone() {
            self.history.entries.pop();
            return self.back_in_frame(frame).await;
        }
        let (before, scrolls) = (before.clone(), before.document == shown.document);
        if scrolls {
            self.history.entries.pop();
            self.page.url = before.navigation.url.clone();
            self.page.again = before.navigation;
            return Done::default();
        }
        if self.profile.navigation.back_is_of_the_page_left {
            // What redirects led to is asked for by itself: they count for a reload alone.
            let (initiator, redirects) = (Some(self.page.origin.clone()), Vec::new());
            return self
                .navigate(Navigation { initiator, redirects, ..before.navigation }, Entered::Back)
                .await;
        }
        let is_repeated = before.failed && self.profile.navigation.failed_posts_are_repeated;
        if before.navigation.method == "POST" && !is_repeated {
            let failed = before.navigation.posted();
            let done = self.show_error(before.navigation, failed, Entered::Back);
            self.history.note_failed(before.failed);
            return done;
        }
        self.navigate(before.navigation, Entered::Back).await
    }
}

impl Navigation {
    /// The failure to go back to what was posted to: it is not posted again unasked.
    pub(super) fn posted(&self) -> Failed {
        Failed::new([], format!("{} was posted to, and is not asked for again", self.url))
    }
}

/// How a document comes into the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entered {
    /// After the one shown, or in its place where it is the same.
    Next,
    /// In the place of the one shown, as another.
    InPlace,
    /// As the one shown, loaded again.
    Again,
    /// As the one before the one shown, which is forgotten.
    Back,
}

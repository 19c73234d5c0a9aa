//! The frames that steps added to the page, to act in.
//!
//! A frame is found by the URL its step asked for, whatever it shows since then. It goes with the document
//! it is in. Frames that a page has by its own HTML are loaded and not remembered.

use url::Url;

use super::UserAgent;
use super::document::{Document, Done, Navigation};
use super::fetch::Failed;
use super::history::FrameEntry;
use super::view::Shown;
use crate::rules::context::{Context, Destination, Kind};
use crate::rules::engine::Viewer;
use crate::rules::site::Origin;

/// A frame that a step added.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    id: u64,
    /// The frame it is in; `None` for the page.
    parent: Option<u64>,
    asked: Url,
    /// The origins from the tab's document down to its parent's.
    above: Vec<Origin>,
    /// Whether a sandbox leaves what it shows without an origin.
    sandboxed: bool,
    /// What it shows. `None` where that is no document of its own: the answer had none, or failed.
    document: Option<Document>,
}

impl UserAgent {
    /// The document in which the step is taken. `None` where the frame shows none of its own.
    pub(super) fn here(&self) -> Option<&Document> {
        match self.inside {
            None => Some(&self.page),
            Some(id) => self.frame(id)?.document.as_ref(),
        }
    }

    /// The origins from the tab's document down to the one in which the step is taken.
    pub(super) fn documents(&self) -> Vec<Origin> {
        let above = self.inside.and_then(|id| self.frame(id)).map(|frame| frame.above.clone());
        let mut documents = above.unwrap_or_default();
        documents.extend(self.here().map(|document| document.origin.clone()));
        documents
    }

    /// The last frame for which this URL was asked.
    pub(super) fn frame_of(&self, asked: &Url) -> Option<u64> {
        self.frames.iter().rev().find(|frame| frame.asked == *asked).map(|frame| frame.id)
    }

    /// A frame added to the document in which the step is taken.
    pub(super) async fn add_frame(&mut self, url: &Url, sandboxed: bool) -> Done {
        let id = self.next_frame;
        self.next_frame += 1;
        let above = self.documents();
        let navigation = self.navigation(url.clone());
        // It is there, also on a page that loads nothing into it.
        // What is in a sandbox is in it with all its frames.
        let sandboxed = sandboxed || self.here().is_some_and(|document| document.sandboxed);
        let (parent, asked) = (self.inside, url.clone());
        let frame = Frame { id, parent, asked, above, sandboxed, document: None };
        self.frames.push(frame);
        if !self.loads(Destination::Iframe) {
            return self.not_asked().into();
        }
        self.navigate_frame(id, navigation).await
    }

    /// A navigation of a frame by its own document, which the tab's history remembers.
    pub(super) async fn go_in_frame(&mut self, id: u64, navigation: Navigation) -> Done {
        let Some(shown) = self.frame(id).and_then(|frame| frame.document.clone()) else {
            return Done::default();
        };
        let scrolled = shown.scrolls_to(&navigation);
        let is_same = navigation.url == shown.url && navigation.body.is_none();
        let entry = FrameEntry { id, before: shown.again.clone(), scrolled };
        if scrolled {
            if let Some(document) = self.frame_mut(id).and_then(|frame| frame.document.as_mut()) {
                document.url.set_fragment(navigation.url.fragment());
                document.again.url = document.url.clone();
            }
            if !is_same {
                self.history.load_frame(entry);
            }
            return Done::default();
        }
        let done = self.navigate_frame(id, navigation).await;
        if !is_same && !matches!(done.status, Some(204 | 205)) {
            self.history.load_frame(entry);
        }
        done
    }

    /// A frame goes back to what it showed before.
    pub(super) async fn back_in_frame(&mut self, entry: FrameEntry) -> Done {
        let FrameEntry { id, before, scrolled } = entry;
        if self.frame(id).is_none() {
            self.doubt("what going back does for a frame that is gone".to_owned());
            return Done::default();
        }
        if scrolled {
            if let Some(document) = self.frame_mut(id).and_then(|frame| frame.document.as_mut()) {
                document.url = before.url.clone();
                document.again = before;
            }
            return Done::default();
        }
        if before.method == "POST" {
            self.forget_frames_in(Some(id));
            if let Some(frame) = self.frame_mut(id) {
                frame.document = None;
            }
            return before.posted().into();
        }
        self.navigate_frame(id, before).await
    }

    /// Loads a document into a frame.
    pub(super) async fn navigate_frame(&mut self, id: u64, navigation: Navigation) -> Done {
        let Some(frame) = self.frame(id) else { return Done::default() };
        let (above, sandboxed) = (frame.above.clone(), frame.sandboxed);
        let Some(mut request) = navigation.request() else { return Failed::no_host().into() };
        request.context = Context {
            kind: Kind::FrameNavigation,
            destination: Destination::Iframe,
            documents: above.clone(),
            ..request.context
        };
        let fetched = self.fetch(request).await;
        let shown = fetched.as_ref().ok().map(|response| self.shown(response, false));
        if shown == Some(Shown::Nothing) {
            return fetched.map_or_else(Done::from, Done::from);
        }
        self.forget_frames_in(Some(id));
        // The browser's own page is no document to act in.
        let is_own = shown == Some(Shown::OwnPage);
        let document = fetched.as_ref().ok().filter(|_| !is_own);
        let document = document.map(|response| {
            let document = Document::of(response, navigation, Viewer::Page);
            if sandboxed { document.in_sandbox() } else { document }
        });
        if let Some(frame) = self.frame_mut(id) {
            frame.document = document;
        }
        match fetched {
            Ok(response) if is_own => response.into(),
            Ok(response) => {
                let mut documents = above;
                let origin = response.request.context.url.origin.clone();
                documents.push(if sandboxed { Origin::opaque() } else { origin });
                if shown == Some(Shown::Document(Viewer::AsksAgain)) {
                    self.ask_again(documents.clone(), &response).await;
                }
                self.load(documents, &response).await;
                response.into()
            }
            Err(failed) => failed.into(),
        }
    }

    /// Forgets the frames in a frame, or in the page, and those in them.
    pub(super) fn forget_frames_in(&mut self, parent: Option<u64>) {
        let gone: Vec<u64> =
            self.frames.iter().filter(|frame| frame.parent == parent).map(|frame| frame.id).collect();
        self.frames.retain(|frame| frame.parent != parent);
        for id in gone {
            self.forget_frames_in(Some(id));
        }
    }

    fn frame_mut(&mut self, id: u64) -> Option<&mut Frame> {
        self.frames.iter_mut().find(|frame| frame.id == id)
    }

    fn frame(&self, id: u64) -> Option<&Frame> {
        self.frames.iter().find(|frame| frame.id == id)
    }
}

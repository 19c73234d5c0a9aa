//! The frames that steps made, and acting in them.
//!
//! A frame is remembered by the URL its step asked for, and known again by a mark on its element; where it has gone
//! since then is its own affair. The driver acts in whichever document it was turned to last.

use serde_json::{Value, json};
use url::Url;

use super::place::Place;
use super::worker::Worker;
use crate::browser::failure::Failure;

/// Marks the last frame of the page, and notes when it has loaded.
pub(super) const MARK: &str = "mark => {
    const frame = [...document.querySelectorAll('iframe')].pop();
    frame[Symbol.for('rehearsal mark')] = mark;
    frame.addEventListener('load', () => { frame[Symbol.for('rehearsal loaded')] = true });
}";

/// The place of the frame with a mark among those of the page, or -1.
const FIND: &str = "json => [...document.querySelectorAll('iframe')]
    .findIndex(frame => frame[Symbol.for('rehearsal mark')] === JSON.parse(json).mark)";

/// The address of a document.
const ADDRESS: &str = "() => document.URL";

/// A frame that a step made.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    asked: Url,
    /// The marks of the frames it is in, the outermost first, and then its own.
    path: Vec<usize>,
}

impl Worker {
    /// Turns the driver to a frame that a step loaded from this URL, the last one first. Answers whether it is
    /// there; where it is not, the driver is turned to the page.
    pub(super) async fn turn_to(&mut self, place: &Place, inside: &Url) -> Result<bool, Failure> {
        let frames: Vec<Vec<usize>> = self
            .frames
            .iter()
            .rev()
            .filter(|frame| frame.asked == *inside)
            .map(|frame| frame.path.clone())
            .collect();
        for path in frames {
            place.leave_frames().await?;
            if descend(place, &path).await? {
                self.within = path;
                return Ok(true);
            }
        }
        place.leave_frames().await?;
        Ok(false)
    }

    /// The mark of the next frame of the document that the driver is turned to.
    pub(super) fn note_frame(&mut self, url: &Url) -> usize {
        let mark = self.frames.len();
        let path = self.within.iter().copied().chain([mark]).collect();
        self.frames.push(Frame { asked: url.clone(), path });
        mark
    }
}

/// Turns the driver to a frame, from the page on. Answers whether it is there.
async fn descend(place: &Place, path: &[usize]) -> Result<bool, Failure> {
    for mark in path {
        let found = match place.run(FIND, &json!({ "mark": mark })).await {
            Ok(Ok(index)) => index.as_u64().and_then(|index| u16::try_from(index).ok()),
            Ok(Err(_)) | Err(Failure::Protocol { .. }) => None,
            Err(failure) => return Err(failure),
        };
        let Some(index) = found else { return Ok(false) };
        match place.enter_frame(index).await {
            Ok(()) => {}
            Err(Failure::Protocol { .. }) => return Ok(false),
            Err(failure) => return Err(failure),
        }
    }
    Ok(true)
}

/// The address of the document that the driver is turned to, unless it has none that matters.
pub(super) async fn address(place: &Place) -> Result<Option<Url>, Failure> {
    match place.run(ADDRESS, &Value::Null).await {
        Ok(Ok(url)) => Ok(url.as_str().and_then(|url| Url::parse(url).ok()).filter(Url::has_host)),
        Ok(Err(_)) | Err(Failure::Protocol { .. }) => Ok(None),
        Err(failure) => Err(failure),
    }
}

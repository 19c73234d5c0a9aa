//! The frames that steps made, and acting in them.
//!
//! A frame is known again by a mark on its element. The driver acts in whichever document it was turned to last.

use std::time::Instant;

use serde_json::{Value, json};
use url::Url;

use super::agent::Agent;
use super::automation::Automation;
use super::waiting::NOTHING;
use crate::browser::failure::Failure;
use crate::browser::request::status;
use crate::browser::scripts;
use crate::browser::user_agent::Turned;
use crate::observe::Exchange;

/// Marks the last frame of the page, and notes when it has loaded.
const MARK: &str = "mark => {
    const frame = [...document.querySelectorAll('iframe')].pop();
    frame[Symbol.for('rehearsal mark')] = mark;
    frame.addEventListener('load', () => { frame[Symbol.for('rehearsal loaded')] = true });
}";

/// The place of the frame with a mark among those of the page, or -1.
const FIND: &str = "json => [...document.querySelectorAll('iframe')]
    .findIndex(frame => frame[Symbol.for('rehearsal mark')] === JSON.parse(json).mark)";

/// The address of a document.
const ADDRESS: &str = "() => document.URL";

/// Whether the last frame of the page has loaded, or does within a moment.
const FRAME_LOADED: &str = "() => new Promise(done => {
    const frame = [...document.querySelectorAll('iframe')].pop();
    if (frame[Symbol.for('rehearsal loaded')]) return done(true);
    frame.addEventListener('load', () => done(true));
    setTimeout(() => done(false), 20);
})";

impl Agent {
    /// Turns the driver to a frame by its name, or to the page. Where the frame is gone, it is turned to the page.
    pub(super) async fn turn(&mut self, frame: Option<&str>) -> Result<Turned, Failure> {
        let automation = self.automation()?;
        let number = frame.and_then(|name| name.parse().ok());
        if frame.is_some() || self.target.is_some() {
            automation.leave_frames().await?;
        }
        let turned = match number {
            None => Turned::To(None),
            Some(number) if descend(automation, &self.path(number)).await? => {
                Turned::To(address(automation).await?)
            }
            Some(_) => {
                automation.leave_frames().await?;
                Turned::Gone
            }
        };
        self.target = number.filter(|_| matches!(turned, Turned::To(_)));
        Ok(turned)
    }

    /// The numbers of the frames that a frame is in, the outermost first, and then its own.
    fn path(&self, number: usize) -> Vec<usize> {
        let outer = |&number: &usize| self.frames.get(number).copied().flatten();
        let mut path: Vec<usize> = std::iter::successors(Some(number), outer).collect();
        path.reverse();
        path
    }

    /// A frame, added to where the step acts. It says when it has loaded; of one that was refused or has no content
    /// the gateway and the wire tell.
    pub(super) async fn frame(
        &mut self,
        url: &Url,
        sandbox: Option<&str>,
    ) -> Result<(Option<String>, Option<String>), Failure> {
        let number = self.frames.len();
        self.frames.push(self.target);
        let add = format!("json => {{ ({})(json); ({MARK})({number}) }}", scripts::FRAME);
        let automation = self.automation()?;
        let error = automation.run(&add, &scripts::frame_argument(url, sandbox)).await?.err();
        let (mut news, mut since) = (self.start.mark, Instant::now());
        while error.is_none() && since.elapsed() < NOTHING {
            match automation.run(FRAME_LOADED, &Value::Null).await {
                Ok(Ok(Value::Bool(false))) => {}
                // Where the page is gone there is no frame to wait for.
                Ok(_) | Err(Failure::Protocol { .. }) => break,
                Err(failure) => return Err(failure),
            }
            let exchanges = self.wire.since(self.start.mark).into_iter().map(Exchange::from_wire);
            let exchanges: Vec<Exchange> = exchanges.collect();
            if self.refusals.any() || matches!(status(None, url, &exchanges), Some(204 | 205)) {
                break;
            }
            if self.wire.mark() != news {
                (news, since) = (self.wire.mark(), Instant::now());
            }
        }
        Ok((Some(number.to_string()), error))
    }
}

/// Turns the driver to a frame, from the page on. Answers whether it is there.
async fn descend(automation: &Automation, path: &[usize]) -> Result<bool, Failure> {
    for mark in path {
        let found = match automation.run(FIND, &json!({ "mark": mark })).await {
            Ok(Ok(index)) => index.as_u64().and_then(|index| u16::try_from(index).ok()),
            Ok(Err(_)) | Err(Failure::Protocol { .. }) => None,
            Err(failure) => return Err(failure),
        };
        let Some(index) = found else { return Ok(false) };
        match automation.enter_frame(index).await {
            Ok(()) => {}
            Err(Failure::Protocol { .. }) => return Ok(false),
            Err(failure) => return Err(failure),
        }
    }
    Ok(true)
}

/// The address of the document that the driver is turned to, unless it has none that matters.
pub(super) async fn address(automation: &Automation) -> Result<Option<Url>, Failure> {
    match automation.run(ADDRESS, &Value::Null).await {
        Ok(Ok(url)) => Ok(url.as_str().and_then(|url| Url::parse(url).ok()).filter(Url::has_host)),
        Ok(Err(_)) | Err(Failure::Protocol { .. }) => Ok(None),
        Err(failure) => Err(failure),
    }
}

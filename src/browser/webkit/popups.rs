//! Windows that a step opens: each is loaded like the page, and closed again.
//!
//! WebKit opens none for a script alone, so a button is put on the page and clicked as a user does.

use std::time::Instant;

use serde_json::json;
use url::Url;

use super::place::Place;
use super::steps::{NOTHING, turns};
use super::worker::Worker;
use crate::browser::failure::Failure;
use crate::observe::Page;

/// A button that opens a window, above all else on the page.
const BUTTON: &str = "json => {
    const { url, id } = JSON.parse(json);
    const button = document.createElement('button');
    button.id = id;
    button.style.cssText = 'position: fixed; inset: 0; width: 100%; height: 100%; z-index: 2147483647';
    button.onclick = () => { button.remove(); window.open(url); };
    (document.body ?? document.documentElement).append(button);
}";

/// What the button is called.
const ID: &str = "rehearsal-popup";

impl Worker {
    /// Opens a window, waits until it has loaded, and closes it.
    pub(super) async fn popup(&mut self, place: &Place, url: &Url) -> Result<Page, Failure> {
        let added = place.run(BUTTON, &json!({ "url": url.as_str(), "id": ID })).await?;
        if let Err(error) = added {
            return Ok(Page { error: Some(error), ..Page::default() });
        }
        place.click(&format!("#{ID}")).await?;
        let since = Instant::now();
        let opened = loop {
            let opened = place.opened().await?;
            if !opened.is_empty() {
                break opened;
            }
            if since.elapsed() > NOTHING {
                let error = "the browser opened no window".to_owned();
                return Ok(Page { error: Some(error), ..Page::default() });
            }
            turns(place).await?;
        };
        for window in opened {
            place.look_at(&window).await?;
            let wire = self.wire.clone();
            self.settle(place, &wire).await?;
            place.close_window().await?;
        }
        place.look_back().await?;
        Ok(Page::default())
    }
}

//! Windows that a step opens: each is loaded like the page, and closed again.
//!
//! WebKit opens none for a script alone, so a button is put on the page and clicked as a user does.

use std::time::Instant;

use serde_json::json;
use url::Url;

use super::agent::Agent;
use super::waiting::{NOTHING, turns};
use crate::browser::failure::Failure;
use crate::observe::Page;

/// A button that opens a window, above all else on the page: HTML's in a page of XML too.
const BUTTON: &str = "json => {
    const { url, id } = JSON.parse(json);
    const button = document.createElementNS('http://www.w3.org/1999/xhtml', 'button');
    button.id = id;
    button.style.cssText = 'position: fixed; inset: 0; width: 100%; height: 100%; z-index: 2147483647';
    button.onclick = () => { button.remove(); window.open(url); };
    (document.body ?? document.documentElement).append(button);
}";

/// What the button is called.
const ID: &str = "rehearsal-popup";

impl Agent {
    /// Opens a window, waits until it has loaded, and closes it.
    pub(super) async fn popup(&self, url: &Url) -> Result<Page, Failure> {
        let automation = self.automation()?;
        let added = automation.run(BUTTON, &json!({ "url": url.as_str(), "id": ID })).await?;
        if let Err(error) = added {
            return Ok(Page { error: Some(error), ..Page::default() });
        }
        automation.click(&format!("#{ID}")).await?;
        let since = Instant::now();
        let opened = loop {
            let opened = automation.opened().await?;
            if !opened.is_empty() {
                break opened;
            }
            if since.elapsed() > NOTHING {
                let error = "the browser opened no window".to_owned();
                return Ok(Page { error: Some(error), ..Page::default() });
            }
            turns(automation).await?;
        };
        for window in opened {
            automation.look_at(&window).await?;
            self.settle_window().await?;
            automation.close_window().await?;
        }
        automation.look_back().await?;
        Ok(Page::default())
    }
}

//! `rehearsal open`: a throw-away browser window inside the world of a scenario.

use std::io::{self, Write};
use std::process::ExitCode;

use url::Url;

use super::window::{self, Announcement, Window};
use super::{live, servers};
use crate::browser_name::BrowserName;
use crate::cli::OpenArgs;
use crate::live::Live;
use crate::plan::Plan;
use crate::servers::Servers;

/// Runs the command.
pub fn open(arguments: &OpenArgs) -> ExitCode {
    prepared(arguments).unwrap_or_else(|code| code)
}

fn prepared(arguments: &OpenArgs) -> Result<ExitCode, ExitCode> {
    let plan = servers::load_one(arguments.scenario.as_deref(), &arguments.servers)?;
    let browser = window::browser(&arguments.window)?;
    let page = window::page(&arguments.window, &plan)?;
    let real = servers::of(&arguments.servers)?;
    Ok(super::block_on(async {
        let code = opened(&plan, browser, &page, arguments, &real).await;
        real.end().await;
        code.unwrap_or_else(|code| code)
    }))
}

async fn opened(
    plan: &Plan,
    browser: BrowserName,
    page: &Url,
    arguments: &OpenArgs,
    real: &Servers,
) -> Result<ExitCode, ExitCode> {
    let cancelled = super::cancelled_by_signals();
    let _turn = servers::ready(plan, real, &cancelled).await?;
    let mut window = Window::start(plan, browser, &arguments.window, &cancelled).await?;
    // Somebody may act in it for days: of its record what is new is read, and no more is kept.
    let wire = window.world.wire().clone();
    wire.keep(live::KEPT);
    let code = match live::LivePage::open(plan, Live::of([browser]), "open") {
        Err(error) => live::not_served(&error),
        Ok(mut live) => {
            let url = live.url();
            let code = tokio::select! {
                code = shown(&mut window, browser, page, &url, arguments) => code,
                () = live.follow(&wire, |_| ()) => super::interrupted(),
                () = cancelled.cancelled() => super::interrupted(),
            };
            live.close().await;
            code
        }
    };
    window.close().await;
    Ok(code)
}

/// Shows the page, says so, and waits until the window is closed.
async fn shown(
    window: &mut Window,
    browser: BrowserName,
    page: &Url,
    live: &str,
    arguments: &OpenArgs,
) -> ExitCode {
    let (word, gone) = match window.worker.hand_over(page).await {
        Ok(handed) => handed,
        Err(failure) => return window::failed(&failure),
    };
    if let Some(word) = word {
        servers::warn(&format!("{page} did not load: {word}"), "look at what the window says");
    }
    let announced = window::announce(
        window,
        &Announcement { format: arguments.format, browser, page, doing: "Open", live },
    )
    .await;
    let announced = announced.and_then(|()| io::stdout().flush());
    if announced.is_ok() {
        gone.await;
    }
    super::after_writing(announced, "where the window is", super::HELD)
}

//! The page of a world that is up: what `up`, `open` and `record` show of it, as it happens.

use std::collections::VecDeque;
use std::io;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard};

use time::OffsetDateTime;
use tokio::sync::Semaphore;

use crate::browser_name::BrowserName;
use crate::explain::question;
use crate::import::questions;
use crate::live::{Crossed, Live};
use crate::observe::Cookie;
use crate::plan::Plan;
use crate::recording::{Exchange, Recording};
use crate::report::live;
use crate::world::private::{Answers, Content, KEPT_EVENTS, PrivatePage};
use crate::world::wire::{self, Wire};

/// How many exchanges of a world that is up are kept until they are told of.
pub(super) const KEPT: usize = 256;

/// What to do where it cannot be served.
const HINT: &str = "look whether this machine has a free port at 127.0.0.1";

/// Says that it cannot be served.
pub(super) fn not_served(error: &io::Error) -> ExitCode {
    super::complain(format!("the page that shows what happens cannot be served: {error}"), HINT);
    ExitCode::from(super::COULD_NOT_RUN)
}

/// The page, and what it is told by.
pub(super) struct LivePage {
    plan: Arc<Plan>,
    page: PrivatePage,
    live: Live,
    asked: Arc<Mutex<Kept>>,
}

/// The last exchanges, for whoever asks why.
#[derive(Debug, Default)]
struct Kept {
    /// The number of the first, where there is one.
    first: u64,
    exchanges: VecDeque<Exchange>,
}

impl LivePage {
    /// Serves the page, by the rules of these browsers. `doing` is the command.
    pub(super) fn open(plan: &Plan, live: Live, doing: &str) -> io::Result<Self> {
        let browsers: Vec<BrowserName> = live.browsers().collect();
        let (page, policy) = live::page(plan, &browsers, doing);
        let asked = Arc::new(Mutex::new(Kept { first: 1, exchanges: VecDeque::new() }));
        let answers = answers(asked.clone(), browsers);
        let page = PrivatePage::bind(Content { page, policy, answers })?;
        Ok(Self { plan: Arc::new(plan.clone()), page, live, asked })
    }

    /// Where it is, for this user alone.
    pub(super) fn url(&self) -> String {
        self.page.url()
    }

    /// Shows what crosses a wire from now on, and tells of each exchange. Goes on for ever.
    pub(super) async fn follow(&mut self, wire: &Wire, mut tell: impl FnMut(&Crossed)) {
        let mut mark = wire::Mark::default();
        loop {
            let exchanges = wire.take_since(&mut mark);
            for exchange in &exchanges {
                if let Some(crossed) = self.take(exchange) {
                    tell(&crossed);
                }
            }
            wire.grown(mark).await;
        }
    }

    fn take(&mut self, exchange: &wire::Exchange) -> Option<Crossed> {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let browsers: Vec<BrowserName> = self.live.browsers().collect();
        let before: Vec<Vec<Cookie>> = browsers.iter().map(|browser| self.live.jar(*browser, now)).collect();
        let crossed = self.live.take(exchange, now)?;
        lock(&self.asked).push(exchange);
        self.page.tell("exchange", &live::exchange(&self.plan, &crossed));
        if !crossed.crossings.is_empty() || crossed.is_troubled() {
            self.page.state("lives", &live::lives(&self.live));
        }
        let jars: Vec<_> = browsers
            .into_iter()
            .zip(before)
            .map(|(browser, before)| (browser, before, self.live.jar(browser, now)))
            .collect();
        if jars.iter().any(|(_, before, now)| before != now) {
            self.page.state("jars", &live::jars(&self.plan, &jars));
        }
        Some(crossed)
    }

    /// Closes it, and returns when nobody is connected any more.
    pub(super) async fn close(self) {
        self.page.close().await;
    }
}

impl Kept {
    fn push(&mut self, exchange: &wire::Exchange) {
        // No question has to do with bodies.
        let exchange = Exchange { body: None, text: None, ..Exchange::from(exchange) };
        self.exchanges.push_back(exchange);
        if self.exchanges.len() > KEPT_EVENTS {
            self.exchanges.pop_front();
            self.first += 1;
        }
    }

    /// An exchange with all before it, and its place among them.
    fn up_to(&self, number: u64) -> Option<(Recording, usize)> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let exchanges = self.exchanges.iter().take(at + 1).cloned().collect::<Vec<_>>();
        (exchanges.len() == at + 1).then(|| (Recording { exchanges, ..Recording::default() }, at))
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    // A panic elsewhere leaves it whole.
    kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Why something went wrong at an exchange, by the rules: one question at a time, so that who asks much slows nothing
/// down but the answers.
fn answers(asked: Arc<Mutex<Kept>>, browsers: Vec<BrowserName>) -> Answers {
    let turn = Arc::new(Semaphore::new(1));
    let browsers: Arc<Vec<BrowserName>> =
        Arc::new(browsers.iter().map(|browser| browser.modelled()).collect());
    Arc::new(move |path| {
        let number = path.strip_prefix(live::WHY).and_then(|number| number.parse().ok());
        let found = number.and_then(|number| lock(&asked).up_to(number));
        let (turn, browsers) = (turn.clone(), browsers.clone());
        Box::pin(async move {
            let (recording, at) = found?;
            let _turn = turn.acquire().await.ok()?;
            let mut answers = Vec::new();
            for asked in questions::about(&recording, at) {
                answers.push(question::answer(&asked.question, &browsers).await.ok()?);
            }
            Some(live::why(&answers))
        })
    })
}
